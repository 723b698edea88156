#!/usr/bin/env python3
"""Limits files and folders to a readable size.

No file of production code has more than 350 lines, the tests in it included; no folder has more than 30 files on one level.
Exit code 1 and a line for each fault.
"""

import sys
from collections import Counter
from pathlib import Path

import rust_modules

MOST_LINES = 350
MOST_FILES = 30
# The tested code, and the lab.
PRODUCTION = ["functions/src/lib.rs", "transfer/src/lib.rs", "cli/src/main.rs", "tests/lab/src/lib.rs"]
FOLDERS = ["functions", "transfer", "cli", "tests", "infra", "state-machines", "docs"]


def faults(sizes, most, unit):
    """The faults of sizes by name."""
    for name, size in sorted(sizes.items()):
        if size > most:
            yield f"{name}: {size} {unit}, at most {most}: split it by topic"


def main(root):
    modules = [module for crate in PRODUCTION for module in rust_modules.modules(root / crate)]
    lines = {str(module.file.relative_to(root)): len(module.file.read_text(encoding="utf-8").splitlines()) for module in modules}
    files = Counter(
        str(file.parent.relative_to(root))
        for folder in FOLDERS
        for file in (root / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and "node_modules" not in file.parts
    )
    found = [*faults(lines, MOST_LINES, "lines"), *faults(files, MOST_FILES, "files")]
    for fault in found:
        print(fault, file=sys.stderr)
    print(f"{len(lines)} files, {len(files)} folders: {len(found) or 'no'} faults")
    return 1 if found or not lines else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[2]))
