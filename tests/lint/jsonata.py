"""The JSONata that a state machine may use: paths, literals, comparisons, `&`, and a few functions. (`$split` is for lists that the
template substitutes.)

Names, times and decisions come from Rust, where they are tested.
"""

import re

FUNCTIONS = {"$exists", "$merge", "$not", "$split", "$string"}
WORDS = {"and", "or", "in", "true", "false", "null"}
ROOTS = {"input", "result", "errorOutput", "context"}

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>'[^']*'|"[^"]*")
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<call>\$[A-Za-z_]\w*)(?=\s*\()
    | (?P<variable>\$[A-Za-z_]\w*)
    | (?P<name>[A-Za-z_]\w*)
    | (?P<operator>!=|<=|>=|:(?!=)|[=<>&.,()\[\]{}])
    )""",
    re.VERBOSE,
)


def expressions(value):
    """Every string below `value` with an expression or a part of one."""
    if isinstance(value, str):
        if "{%" in value or "%}" in value:
            yield value
    elif isinstance(value, dict):
        for key, below in value.items():
            # A nested state is checked separately.
            if key not in ("States", "Branches", "ItemProcessor"):
                yield from expressions(below)
    elif isinstance(value, list):
        for below in value:
            yield from expressions(below)


def faults(text, variables):
    """The faults of one expression; `variables` are the names that the machine assigns."""
    whole = re.fullmatch(r"\{%(.*)%\}", text, re.DOTALL)
    if not whole:
        yield f"{text!r}: an expression is the whole string, from {{% to %}}"
        return
    body, at, before = whole.group(1).rstrip(), 0, None
    while at < len(body):
        token = _TOKEN.match(body, at)
        if not token:
            yield f"{text!r}: {body[at:].strip()[:12]!r} is none of the allowed constructs"
            return
        kind, word = token.lastgroup, token.group(token.lastgroup)
        if kind == "call" and word not in FUNCTIONS:
            yield f"{text!r}: function {word} is not allowed, only {', '.join(sorted(FUNCTIONS))}"
        elif kind == "variable" and word == "$states":
            root = re.match(r"\.(\w+)", body[token.end() :])
            if not root or root.group(1) not in ROOTS:
                yield f"{text!r}: $states has {', '.join(sorted(ROOTS))} only"
        elif kind == "variable" and word[1:] not in variables:
            yield f"{text!r}: nothing assigns {word}"
        elif kind == "operator" and word == "(" and (before or "")[:1] != "$":
            yield f"{text!r}: parentheses only call a function"
        before, at = word, token.end()
