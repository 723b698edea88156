"""Writes botocore's models of requests, with which the lab validates every request: one JSON file per service.

    models.py DIRECTORY    prints the directory with the files

They are written once for each release of botocore and of this file, into the virtual environment, or into DIRECTORY if it is
read-only.

Patterns are rewritten for an engine without look-around and Unicode classes: a pattern becomes conditions, each an
expression that must be found, or must not. One that can't be rewritten is in the service's `unchecked`.
"""

import gzip
import hashlib
import importlib.util
import json
import os
import pathlib
import re
import sys
import tempfile
import unicodedata

# Signing name, as in calls, and botocore's name.
SERVICES = {
    "application-autoscaling": "application-autoscaling",
    "autoscaling": "autoscaling",
    "backup": "backup",
    "cloudformation": "cloudformation",
    "dynamodb": "dynamodb",
    "ecs": "ecs",
    "elasticfilesystem": "efs",
    "kms": "kms",
    "lambda": "lambda",
    "rds": "rds",
    "scheduler": "scheduler",
    "secretsmanager": "secretsmanager",
    "sns": "sns",
    "sqs": "sqs",
    "ssm": "ssm",
    "states": "stepfunctions",
    "sts": "sts",
    "tagging": "resourcegroupstaggingapi",
}

CONSTRAINTS = ("min", "max", "enum", "union", "sensitive", "document", "flattened", "payload", "required")


# Patterns with a look-around in their middle, as equivalent expressions that must match, and that must not match.
REWRITTEN = {
    # RDS: no two hyphens, nor dots, in a row.
    r"[A-Za-z](?!.*--)[0-9A-Za-z-]*[^-]|^default(?!.*--)(?!.*\.\.)[0-9A-Za-z-.]*[^-]": (
        r"[A-Za-z][0-9A-Za-z-]*[^-]|default[0-9A-Za-z-.]*[^-]",
        r"--|\.\.",
    ),
    # EFS: no directory's name begins with a dot.
    r"^(\/|(\/(?!\.)+[^$#<>;`|&?{}^*/\n]+){1,4})$": (
        r"\/|(\/[^.$#<>;`|&?{}^*/\n][^$#<>;`|&?{}^*/\n]*){1,4}",
        None,
    ),
    # Lambda: a version is a number or $LATEST, an alias is not a number; no key begins with "system.".
    r"((?!^\d+$)^[0-9a-zA-Z-_]+$)": (r"[0-9a-zA-Z-_]+", r"^[0-9]+$"),
    r"(^(?!(system\x2e)))(^[_a-zA-Z0-9])([^$]*)": (r"[_a-zA-Z0-9][^$]*", r"^system\."),
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]{1,64})(:((?!\d+$)[0-9a-zA-Z-_]+))?": (
        r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-[0-9]:)?([0-9]{12}:)?(function:)?([a-zA-Z0-9-_]{1,64})(:[0-9]*[a-zA-Z-_][0-9a-zA-Z-_]*)?",
        None,
    ),
    # Scheduler: not in AWS's own namespace.
    r"^(?=[/\.\-_A-Za-z0-9]+)((?!aws\.).*)|(\$(\.[\w_-]+(\[(\d+|\*)\])*)*)$": (
        r"[/\.\-_A-Za-z0-9].*|\$(\.[\w_-]+(\[(\d+|\*)\])*)*",
        r"^aws\.",
    ),
}


class Unsupported(Exception):
    pass


def ranges(matches):
    """The ranges of a class: all characters whose general category begins with one of these letters."""
    found, start = [], None
    for code in range(sys.maxunicode + 2):
        within = code <= sys.maxunicode and unicodedata.category(chr(code))[0] in matches
        if within and start is None:
            start = code
        elif not within and start is not None:
            found.append(span(start, code - 1))
            start = None
    return "".join(found)


def span(first, last):
    return rf"\x{{{first:X}}}" if first == last else rf"\x{{{first:X}}}-\x{{{last:X}}}"


NAMED = {
    "Print": r"\x20-\x7E",
    "Graph": r"\x21-\x7E",
    "ASCII": r"\x00-\x7F",
    "Alnum": "0-9A-Za-z",
    "Alpha": "A-Za-z",
    "Digit": "0-9",
}
_unicode = {}


def named(name):
    if name in NAMED:
        return NAMED[name]
    if name not in ("L", "Z", "N", "P", "M", "S"):
        raise Unsupported(name)
    if name not in _unicode:
        _unicode[name] = ranges(name)
    return _unicode[name]


ONE = re.compile(r"\\p\{(\w+)\}|\\u([0-9A-Fa-f]{4})|\\x([0-9A-Fa-f]{2})|\\(.)|(.)", re.DOTALL)
CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "e": "\x1b"}


def characters(pattern, at):
    """A class from its bracket on, in plain ranges, and where it ends."""
    end, items, negated = at + 1, [], ""
    if pattern[end] == "^":
        negated, end = "^", end + 1
    while pattern[end] != "]":
        if pattern[end] == "[" or pattern.startswith("&&", end):
            raise Unsupported("a class within a class")
        part = ONE.match(pattern, end)
        end = part.end()
        name, four, two, escaped, plain = part.groups()
        if name:
            items.append(named(name))
        elif escaped and escaped in "dws":
            items.append({"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\x0B\f\r\x20"}[escaped])
        elif escaped == "S":
            items.append(r"\x00-\x08\x0E-\x1F\x21-\x{10FFFF}")
        elif escaped and escaped.isalnum() and escaped not in CONTROLS:
            raise Unsupported("\\" + escaped)
        else:
            code = int(four or two, 16) if four or two else ord(CONTROLS.get(escaped, escaped) if escaped else plain)
            if 0xD800 <= code < 0xDC00 and (low := re.compile(r"\\u([0-9A-Fa-f]{4})").match(pattern, end)):
                code = 0x10000 + (code - 0xD800 << 10) + int(low[1], 16) - 0xDC00
                end = low.end()
            # An escaped hyphen is literal, and not a range.
            items.append(span(code, code) if escaped == "-" else code)
    written, number = [], 0
    while number < len(items):
        item = items[number]
        dash = number + 2 < len(items) and items[number + 1] == ord("-")
        if isinstance(item, int) and dash and isinstance(items[number + 2], int):
            written.append(without_surrogates(item, items[number + 2]))
            number += 3
        else:
            written.append(span(item, item) if isinstance(item, int) else item)
            number += 1
    return "[" + negated + "".join(written) + "]", end + 1


def without_surrogates(first, last):
    if first <= 0xD7FF < last:
        return span(first, 0xD7FF) + (span(0xE000, last) if last >= 0xE000 else "")
    return span(first, last)


def plain(pattern):
    """The pattern without constructs that the engine does not support."""
    written, at = [], 0
    while at < len(pattern):
        if pattern[at] == "[":
            text, at = characters(pattern, at)
        elif pattern.startswith("(?", at) and not pattern.startswith(("(?:", "(?i)"), at):
            raise Unsupported(pattern[at : at + 4])
        else:
            part = ONE.match(pattern, at)
            name, four, two, escaped, _ = part.groups()
            at = part.end()
            if name:
                text = "[" + named(name) + "]"
            elif four or two:
                text = span(int(four or two, 16), int(four or two, 16))
            elif escaped and (escaped.isdigit() or escaped in "kQEGZzA"):
                raise Unsupported("\\" + escaped)
            else:
                text = part[0]
        written.append(text)
    return "".join(written)


def group(pattern, at):
    """The end of the group that begins here."""
    depth = 0
    while at < len(pattern):
        if pattern[at] == "\\":
            at += 1
        elif pattern[at] == "[":
            _, at = characters(pattern, at)
            continue
        elif pattern[at] == "(":
            depth += 1
        elif pattern[at] == ")":
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    raise Unsupported("an open group")


def conditions(pattern):
    """The pattern as conditions. AWS matches a whole value with a pattern; look-around becomes a condition of its own at
    the pattern's beginning or end."""
    if pattern in REWRITTEN:
        whole, never = REWRITTEN[pattern]
        parts = [{"not": False, "expression": f"^(?:{plain(whole)})$"}]
        return parts + ([{"not": True, "expression": plain(never)}] if never else [])
    found = []
    rest = pattern
    while (ahead := re.match(r"\^?\(\?([=!])", rest)) is not None:
        start = rest.index("(")
        end = group(rest, start)
        found.append({"not": ahead[1] == "!", "expression": f"^(?:{plain(rest[start + 3 : end - 1])})"})
        rest = rest[end:]
    while rest.endswith(")") and (behind := rest.rfind("(?<!")) >= 0 and group(rest, behind) == len(rest):
        found.append({"not": True, "expression": f"(?:{plain(rest[behind + 4 : -1])})$"})
        rest = rest[:behind]
    flags = "(?i)" if rest.startswith("(?i)") else ""
    return [*found, {"not": False, "expression": f"{flags}^(?:{plain(rest.removeprefix('(?i)'))})$"}]


def shape_of(shape, unchecked):
    said = {"type": shape["type"], **{key: shape[key] for key in CONSTRAINTS if key in shape}}
    # A maximum is an IEEE number in some models.
    for key in ("min", "max"):
        if key in said and abs(said[key]) > 2**62:
            del said[key]
    if "pattern" in shape:
        try:
            said["conditions"] = conditions(shape["pattern"])
            said["pattern"] = shape["pattern"]
        except Unsupported:
            unchecked.add(shape["pattern"])
    if shape["type"] == "structure":
        said["members"] = {
            name: {
                "shape": member["shape"],
                "wire": member.get("locationName", name),
                **({"location": member["location"]} if "location" in member else {}),
            }
            for name, member in shape.get("members", {}).items()
        }
    for part in ("member", "key", "value"):
        if part in shape:
            said[part] = {"shape": shape[part]["shape"], "wire": shape[part].get("locationName", part)}
    return said


def service(model):
    shapes, unchecked = {}, set()

    def add(name):
        if name in shapes:
            return
        shapes[name] = said = shape_of(model["shapes"][name], unchecked)
        for part in (*said.get("members", {}).values(), *(said[p] for p in ("member", "key", "value") if p in said)):
            add(part["shape"])

    operations = {}
    for name, operation in model["operations"].items():
        operations[name] = operation.get("input", {}).get("shape")
        if operations[name]:
            add(operations[name])
    return {"operations": operations, "shapes": shapes, "unchecked": sorted(unchecked)}


def place():
    """Where they are stored: in the virtual environment, if it is writable."""
    kept = pathlib.Path(sys.prefix, ".lab-models")
    try:
        if sys.prefix == sys.base_prefix:
            raise PermissionError("not in the machine's own Python")
        kept.mkdir(exist_ok=True)
    except OSError:
        kept = pathlib.Path(sys.argv[1])
    return kept


def main():
    parent = place()
    package = pathlib.Path(importlib.util.find_spec("botocore").origin)
    release = hashlib.sha256(package.read_bytes() + pathlib.Path(__file__).read_bytes()).hexdigest()[:16]
    made = parent / release
    if not made.is_dir():
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=parent) as making:
            written = pathlib.Path(making, "models")
            written.mkdir()
            for signing, name in SERVICES.items():
                newest = max((package.parent / "data" / name).iterdir())
                with gzip.open(newest / "service-2.json.gz") as file:
                    said = service(json.load(file))
                (written / f"{signing}.json").write_text(json.dumps(said, separators=(",", ":")))
            try:
                os.rename(written, made)
            except OSError:
                if not made.is_dir():  # otherwise another lab was faster
                    raise
    print(made)


if __name__ == "__main__":
    main()
