#!/usr/bin/env python3
"""Refuses an arm for "any other" in a `match` over an enum of kinds: a new kind would compile, and be treated like another.

Exempt are the registry, which lists all kinds, and a kind's own files. Exit code 1 and a line for each fault.
"""

import re
import sys
from pathlib import Path

import rust_modules

# The enums with a variant, or several, for each kind.
ENUMS = ["Target", "CreatedResource", "Destination", "RecoveryPoint", "Source"]
REGISTRY = "functions/src/kinds/registry.rs"
OPENING, CLOSING = "([{", ")]}"


def end_of(text, at, stops):
    """The index of the first of these characters, or of `=>`, outside all brackets."""
    depth = 0
    while at < len(text):
        if depth == 0 and (text[at] in stops or ("=>" in stops and text.startswith("=>", at))):
            return at
        depth += (text[at] in OPENING) - (text[at] in CLOSING)
        if depth < 0:
            return at
        at += 1
    return at


def arms(body):
    """The patterns of the arms of a `match`, without their guards."""
    at = 0
    while at < len(body):
        arrow = end_of(body, at, ["=>"])
        if arrow >= len(body):
            return
        yield re.split(r"\bif\b", body[at:arrow])[0].strip(), bool(re.search(r"\bif\b", body[at:arrow]))
        at = arrow + 2
        block = re.compile(r"\s*\{").match(body, at)
        at = rust_modules.closing(body, block.end() - 1) if block else end_of(body, at, [","])
        at = re.compile(r"[\s,]*").match(body, at).end()


def takes_all(pattern):
    """Whether a pattern matches everything: `_`, a plain name, or a tuple of such."""
    bare = re.sub(r"\b(?:Some|Ok|Err)\((&?(?:_|[a-z]\w*))\)", r"\1", pattern)
    parts = [part.strip() for part in bare.strip("()").split(",") if part.strip()]
    return all(re.fullmatch(r"&?(?:_|[a-z]\w*)(?:\s*@\s*_)?|\.\.", part) for part in parts)


def wildcards(source, enums=ENUMS):
    """The lines, from 1, on which a `match` over one of the enums begins that has an arm for any other."""
    text = rust_modules.without_comments(source)
    # Within an `impl`, the enum's own name is `Self`; as many characters, so that the lines stay.
    for found in re.finditer(rf"\bimpl(?:\s+[\w:<>]+\s+for)?\s+({'|'.join(enums)})\s*\{{", text):
        end = rust_modules.closing(text, found.end() - 1)
        inside = re.sub(r"\bSelf::", f"{found.group(1)}::", text[found.end() : end])
        text = text[: found.end()] + inside + text[end:]
    text = rust_modules.without_tests(text)
    named = re.compile(rf"\b(?:{'|'.join(enums)})::[A-Z]")
    for found in re.finditer(r"\bmatch\b", text):
        opening = end_of(text, found.end(), ["{"])
        if opening >= len(text) or text[opening] != "{":
            continue
        patterns = list(arms(text[opening + 1 : rust_modules.closing(text, opening) - 1]))
        if any(named.search(pattern) for pattern, _ in patterns):
            if any(takes_all(pattern) and not guarded for pattern, guarded in patterns):
                yield re.sub(r"\s+", " ", text[found.start() : opening].strip())


def faults(found):
    """The faults of wildcards by file."""
    for file, places in sorted(found.items()):
        said = "; ".join(f"`{place}`" for place in places)
        yield f"{file}: an arm for any other kind in {said}: name every variant, or make it a method of the kind"


def is_a_kinds_own(file, kinds):
    """Whether a file belongs to a single kind, by its path."""
    parts = Path(file).with_suffix("").parts
    return any(pair[0] == "kinds" and pair[1] in kinds for pair in zip(parts, parts[1:]))


def main(root):
    kinds = re.findall(r"^    (\w+): Target::", (root / REGISTRY).read_text(encoding="utf-8"), re.MULTILINE)
    found = {}
    for crate in ("functions/src/lib.rs", "cli/src/main.rs"):
        for module in rust_modules.modules(root / crate):
            file = str(module.file.relative_to(root))
            places = list(wildcards(module.file.read_text(encoding="utf-8")))
            if places and file != REGISTRY and not is_a_kinds_own(file, kinds):
                found[file] = places
    said = list(faults(found))
    for fault in said:
        print(fault, file=sys.stderr)
    print(f"{sum(map(len, found.values()))} wildcards over kinds: {len(said) or 'no'} faults")
    return 1 if said or not kinds else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[2]))
