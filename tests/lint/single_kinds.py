#!/usr/bin/env python3
"""Refuses knowledge of a single kind in the steps, in what they share, and in the domain: they know kinds only through the traits.

Exempt are the steps that only one kind needs, by their functions in infra/kinds/, and the files of the kinds and switches. Exit code 1 and a line for each fault.
"""

import re
import sys
from pathlib import Path

import rust_modules
from wildcards import ENUMS, REGISTRY

LAYERS = ("steps", "runs", "domain")
# Folders of the domain with a file for each kind and switch.
OWN = {"kinds", "switches"}
# The variants of no single kind.
SHARED = {"Nothing", "Versions"}
VARIANT = re.compile(rf"\b(?:{'|'.join(ENUMS)})::(?!(?:{'|'.join(SHARED)})\b)[A-Z]\w*")


def names(source, kinds):
    """What of single kinds the code names: variants, modules and types. `kinds`: module name to type name."""
    text = rust_modules.without_tests(rust_modules.without_comments(source))
    found = set(VARIANT.findall(text))
    for tree in re.findall(r"\buse\s+([^;]+);", text):
        for words, _ in rust_modules.leaves(tree):
            if words[:2] == ("crate", "kinds") and words[-1] in kinds.values():
                found.add("::".join(words[1:]))
            if words[:3] == ("crate", "domain", "kinds") and set(words[3:4]) & kinds.keys():
                found.add("::".join(words[1:]))
    return sorted(found | set(re.findall(rf"\bkinds::(?:{'|'.join(kinds)})::\w+", text)))


def own_steps(templates):
    """The module names of the steps that only one kind needs."""
    return {step.replace("-", "_") for text in templates for step in re.findall(r"^      Handler: ([\w-]+)$", text, re.MULTILINE)}


def main(root):
    registry = (root / REGISTRY).read_text(encoding="utf-8")
    kinds = dict(re.findall(r"^    (\w+): Target::.* => (\w+)::from_config", registry, re.MULTILINE))
    own = own_steps(file.read_text(encoding="utf-8") for file in (root / "infra/kinds").glob("*.yaml"))
    faults, count = [], 0
    for module in rust_modules.modules(root / "functions/src/lib.rs"):
        parts = module.file.relative_to(root / "functions/src").with_suffix("").parts
        if parts[0] not in LAYERS or (own | OWN) & set(parts):
            continue
        count += 1
        found = names(module.file.read_text(encoding="utf-8"), kinds)
        if found:
            faults.append(f"{module.file.relative_to(root)}: {', '.join(found)}: make it a method of the kind")
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{count} files of {' and '.join(LAYERS)}: {len(faults) or 'no'} faults")
    return 1 if faults or not kinds or not count else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[2]))
