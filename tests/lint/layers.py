#!/usr/bin/env python3
"""Enforces the layers of the Rust sources: a module uses only lower layers, and a step never calls a step.

Exit code 1 and a line for each fault.
"""

import re
import sys
from pathlib import Path

import project

# What each module of functions/src may use besides itself. `lib.rs` only names them.
MAY_USE = {
    "error": set(),
    "domain": {"error"},
    "aws": {"error"},
    # Access to file systems, for restores and switches.
    "access": {"error", "domain", "aws"},
    # Jobs that move data, and the functions that reach databases and the archive.
    "transfers": {"error", "domain", "aws"},
    "kinds": {"error", "domain", "aws", "access", "transfers"},
    "hooks": {"error", "domain", "aws", "transfers"},
    "switches": {"error", "domain", "aws", "access", "transfers"},
    "catalog": {"error", "domain", "aws"},
    "catalog_rebuild": {"error", "domain", "aws", "kinds", "catalog"},
    # Who uses the copies of restores.
    "usage": {"error", "domain", "aws", "switches", "catalog"},
    "runtime": {"error", "domain", "aws", "transfers", "kinds", "hooks", "switches", "catalog"},
    # Shared by the steps.
    "runs": {"error", "domain", "aws", "kinds", "hooks", "switches", "catalog", "runtime"},
    "steps": {"error", "domain", "aws", "kinds", "hooks", "switches", "catalog", "runtime", "runs", "usage"},
    "bin": {"error", "domain", "aws", "kinds", "hooks", "switches", "catalog", "runtime", "steps"},
    # For tests alone, as the compiler ensures: of any layer.
    "testing": {"error", "domain", "aws", "access", "transfers", "kinds", "hooks", "switches", "catalog", "runtime", "runs", "steps", "usage"},
    # The CLI is on the layer of the steps.
    "cli": {"error", "domain", "aws", "transfers", "kinds", "hooks", "switches", "catalog", "catalog_rebuild", "runtime", "usage"},
}
# The crates of the domain: no AWS, no async, no network.
DOMAIN_CRATES = {"std", "core", "alloc", "crate", "self", "super", "jiff", "serde", "serde_json", "sha2", "strsim", "textwrap", "proptest"}


def code(source):
    """The source without comments and the insides of strings."""
    source = re.sub(r'r(#*)".*?"\1|"(?:\\.|[^"\\])*"', '""', source, flags=re.DOTALL)
    source = re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)
    return re.sub(r"//[^\n]*", "", source)


def paths(source, root):
    """Every path below `root`, such as `crate`, in the code, as a list of words."""
    for found in re.finditer(rf"\b{root}::", source):
        yield from _tree(source, found.end(), [])


def _tree(source, at, before):
    word = re.compile(r"\s*(\w+|\*)").match(source, at)
    if word:
        here = [*before, word.group(1)]
        below = re.compile(r"\s*::\s*").match(source, word.end())
        if below and re.compile(r"\w|\{|\*").match(source, below.end()):
            yield from _tree(source, below.end(), here)
        else:
            yield here
        return
    group = re.compile(r"\s*\{").match(source, at)
    if not group:
        yield before
        return
    depth, start = 0, group.end()
    for end in range(group.end(), len(source)):
        if source[end] == "{":
            depth += 1
        if depth == 0 and source[end] in ",}":
            if source[start:end].strip():
                yield from _tree(source, start, before)
            if source[end] == "}":
                return
            start = end + 1
        if source[end] == "}":
            depth -= 1


def floor(path):
    """The module to which a file of functions/src belongs."""
    return path.parts[0].removesuffix(".rs")


def resolved(module, names):
    """The full path of `super::` and these words in a module."""
    while names[:1] == ["super"]:
        module, names = module[:-1], names[1:]
    return [*module[:-1], *names]


def step_of(module, steps):
    """The step of a module's path, if there is one."""
    return next((name for name in module[1:] if module[0] == "steps" and name in steps), None)


def faults(path, source, steps):
    """Forbidden uses in one file of functions/src (by its path there). `steps`: module names of the steps."""
    here, text = floor(path), code(source)
    if here in ("lib", "main"):
        return
    if here not in MAY_USE:
        yield f"{here} has no layer: add it to MAY_USE"
        return
    used = [["crate", *names] for names in paths(text, "holdfast" if here == "bin" else "crate")]
    depth = len(path.parts) - (path.name == "mod.rs")
    # From a module at the top, `super` is the crate itself (an inline test module's `super` is the module).
    if depth == 1:
        outside = re.split(r"#\[cfg\(test\)\]\s*mod \w+ \{", text)[0]
        used += [["crate", *names] for names in paths(outside, r"(?<!::)super") if names != ["*"]]
    for names in used:
        if "testing" in names[1:3]:
            continue
        if names[1:] and names[1] not in MAY_USE[here] | {here} and names[1] in MAY_USE:
            yield f"{here} uses {names[1]} ({'::'.join(names)})"
    if here == "steps":
        module = [*path.parent.parts, *([] if path.name == "mod.rs" else [path.stem])]
        named = [names[1:] for names in used] + [resolved(module, names) for names in paths(text, r"(?<!::)super")]
        own = step_of(module, steps)
        for step in sorted({step_of(names, steps) for names in named} - {own, None}):
            yield f"a step never calls a step: {own} uses {step}"
    if here == "domain":
        for crate in sorted(set(re.findall(r"(?<![\w:])([a-z_]\w*)::", text)) & EXTERNAL - DOMAIN_CRATES):
            yield f"the domain is pure, but uses {crate}"
        if re.search(r"\basync\b|\.await\b", text):
            yield "the domain is pure, but is async"


def cli_faults(source):
    """Forbidden uses of the library in a file of the CLI."""
    for names in paths(code(source), "holdfast"):
        if names[0] in MAY_USE and names[0] not in MAY_USE["cli"]:
            yield f"the CLI uses {names[0]} (holdfast::{'::'.join(names)})"


EXTERNAL = set()


def externals(manifest):
    """The crates that a package depends on, from the text of its Cargo.toml."""
    tables = re.findall(r"^\[(?:dev-)?dependencies\]\n(.*?)(?=^\[|\Z)", manifest, re.DOTALL | re.MULTILINE)
    return {name.replace("-", "_") for table in tables for name in re.findall(r"^([\w-]+)", table, re.MULTILINE)}


def main(root):
    sources = root / "functions/src"
    EXTERNAL.update(externals((root / "functions/Cargo.toml").read_text()))
    steps = {step.replace("-", "_") for step in project.registered((sources / "steps/mod.rs").read_text())}
    found, count = [], 0
    for file in sorted(sources.rglob("*.rs")):
        count += 1
        found += [(file, fault) for fault in faults(file.relative_to(sources), file.read_text(), steps)]
    for file in sorted((root / "cli/src").rglob("*.rs")):
        count += 1
        found += [(file, fault) for fault in cli_faults(file.read_text())]
    for file, fault in found:
        print(f"{file.relative_to(root)}: {fault}", file=sys.stderr)
    print(f"{count} Rust files: {len(found) or 'no'} faults")
    return 1 if found or not count else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[2]))
