#!/usr/bin/env python3
"""Counts the places that a new kind, hook, switch or machine needs outside of its own files.

A place is a run of lines that name one of them, in the code that is deployed; its own files are those with its name. A new
one needs the places that all of its sort have in a file; the others are specific to some. Exit code 1 and a line for
each sort that needs more places than the limit in MOST.

    places.py           how many a new one needs, and how many each of them has
    places.py NAME      the places of one of them, each by its first line
"""

import re
import sys
from collections import Counter
from pathlib import Path

import rust_modules

MOST = {"kind": 15, "kind with data": 15, "switch": 5, "hook": 5, "machine": 8}
CRATES = ["functions/src/lib.rs", "cli/src/main.rs"]
FOLDERS = {"infra": "*.yaml", "state-machines": "*.json"}
# The number of other lines within one place: a resource of a template, and a state, name it only on some lines.
GAP = {".rs": 2, ".yaml": 16, ".json": 30}
# A variant of a kind; and the variants of no kind.
VARIANT = r"\b(?:Target|RecoveryPoint|Source|Destination|CreatedResource)::([A-Z]\w*)\b"
SHARED = {"Nothing", "Versions"}


def pascal(name):
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[-_]", name))


class Sources:
    """The deployed files, without tests and comments: path to text."""

    def __init__(self, root):
        self.texts = {}
        for crate in CRATES:
            for module in rust_modules.modules(root / crate):
                self.add(root, module.file, rust_modules.without_tests)
        for folder, pattern in FOLDERS.items():
            for file in sorted((root / folder).rglob(pattern)):
                self.add(root, file, str)

    def add(self, root, file, read):
        self.texts[str(file.relative_to(root))] = read(file.read_text(encoding="utf-8"))

    def under(self, *own):
        """The paths of one's own files: a file, or those in the folder of the same name."""
        return {file for file in self.texts for one in own if file == one or file.startswith(one.split(".")[0] + "/")}

    def read(self, pattern, file):
        return re.findall(pattern, self.texts.get(file, ""), re.MULTILINE | re.DOTALL)

    def places(self, needle, own):
        """The first line of each place, as (file, number, line)."""
        needle = re.compile(needle, re.MULTILINE)
        for file in sorted(self.texts.keys() - own):
            if not needle.search(self.texts[file]):
                continue
            last = None
            for number, line in enumerate(self.texts[file].splitlines(), 1):
                if line.lstrip().startswith(("//", "#")) or not needle.search(line):
                    continue
                if last is None or number - last > GAP[Path(file).suffix] + 1:
                    yield file, number, line.strip()
                last = number


def kinds(sources):
    for name, targets in sources.read(r"^    (\w+): (Target::[^=]*?) =>", "functions/src/kinds/registry.rs"):
        template = f"infra/kinds/{name}.yaml"
        steps = sorted(set(sources.read(r"^      Handler: ([\w-]+)$", template)))
        files = [step.replace("-", "_") for step in steps]
        homes = ("functions/src/steps", *(f"functions/src/steps/{folder}" for folder in ("backup", "restore", "transfer")))
        own = sources.under(
            f"functions/src/domain/kinds/{name}.rs",
            f"functions/src/kinds/{name}.rs",
            template,
            *(f"{home}/{file}.rs" for home in homes for file in files),
        )
        variants = set(re.findall(VARIANT, targets + "".join(sources.texts[file] for file in own))) - SHARED
        named = [rf"\b{name}(?:::\w|: Target::|;)", rf'"{name}"', VARIANT.replace(r"([A-Z]\w*)", f"(?:{'|'.join(variants)})"), rf"^ {{4}}(?:{'|'.join(variants)}) \{{"]
        named += [rf"\b(?:{file}|{step}|{pascal(step)}\w*)\b" for step, file in zip(steps, files)]
        yield name, "|".join(named), own


def variants(sources, sort, folder, enum):
    """Hooks, and switches: a file of a folder, and a variant of an enum."""
    for file in sorted(sources.texts):
        name = Path(file).stem
        if str(Path(file).parent) == f"functions/src/{folder}" and f"infra/{folder}/{name}.yaml" in sources.texts:
            own = sources.under(file, f"functions/src/domain/{folder}/{name}.rs", f"infra/{folder}/{name}.yaml")
            yield name, rf"\b{enum}::{pascal(name)}\b|\b{name}(?:::\w|;)|^ +{pascal(name)}(?: \{{|,)", own


def machines(sources):
    for machine, name in sources.read(r'^    (\w+): MachineFacts \{\s*name: "([\w-]+)"', "functions/src/domain/machine.rs"):
        own = sources.under(f"infra/machines/{name}.yaml", f"state-machines/{name}.asl.json")
        yield name, rf"\b(?:Machine::)?{machine}(?:: MachineFacts|StateMachine\w*)?\b(?<!\b{machine})|\bMachine::{machine}\b|-{name}$", own


def has_data(sources, name):
    """Whether a kind is backed up and restored, and not only compared."""
    return bool(sources.read(r"^impl Stateful for ", f"functions/src/domain/kinds/{name}.rs"))


def costs(sources):
    """Each of them as (sort, name, places)."""
    for sort, found in {
        "kind": kinds(sources),
        "switch": variants(sources, "switch", "switches", "SwitchAction"),
        "hook": variants(sources, "hook", "hooks", "HookAction"),
        "machine": machines(sources),
    }.items():
        for name, needle, own in found:
            yield sort, name, list(sources.places(needle, own))


def taken(each):
    """How many places all of these have in common: by file, the smallest count."""
    counts = [Counter(file for file, _, _ in places) for places in each.values()]
    return sum(min(count[file] for count in counts) for file in set().union(*counts)) if counts else 0


def main(root, only):
    sources = Sources(root)
    found = {}
    for sort, name, places in costs(sources):
        found.setdefault(sort, {})[name] = places
    found["kind with data"] = {name: places for name, places in found["kind"].items() if has_data(sources, name)}
    wrong = []
    for sort, most in MOST.items():
        each = found.get(sort, {})
        cost = taken(each)
        print(f"a new {sort}: {cost} places of at most {most}; " + ", ".join(f"{name} has {len(each[name])}" for name in sorted(each)))
        if not cost or cost > most:
            wrong.append(f"a new {sort} takes {cost} places outside of its own files, and {most} are promised")
    for file, number, line in dict(pair for each in found.values() for pair in each.items()).get(only, ()):
        print(f"{file}:{number}: {line}")
    for fault in wrong:
        print(fault, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[2], sys.argv[1] if sys.argv[1:] else None))
