#!/usr/bin/env python3
"""Follows the recipe for a new kind in a copy of the project, and shows that every place that is left out is noticed.

    run.py           the whole must build and lint without faults; then each place in turn is left out, and a compiler's error or
                     a linter's fault must be the result. Exit code 1 if one is not noticed, or if there are too many places
    run.py --quick   only the linters, and no place is left out

The copy is in the build's directory and stays there, so that the next run builds only what changed; dependencies are those of
the project's own build. Needs PyYAML, which .venv-sam has.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import recipe

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
MOST = 15
CLIPPY = {"CLIPPY_ARGS": "-Dwarnings", "RUSTC_WORKSPACE_WRAPPER": "clippy-driver", "CARGO_TARGET_DIR": str(TARGET)}
CARGO = [os.environ.get("CARGO", "cargo"), "test", "--locked", "--profile", "lab", "--workspace"]
# The library, the command line and the bench, with their unit tests; no program that tests or people run is replaced.
BUILD = [*CARGO, "--lib", "--bin", "holdfast", "--bin", "bench", "--no-run"]
# Tests of what the kinds have in common, and the dummy's own.
TESTS = [*CARGO, "--lib", "--bin", "holdfast", "--bin", "bench", "--", "kinds::registry", "kinds::dummy", "descriptor::tests", "events", "classify"]
# From the cheapest to the most expensive.
LINTERS = ["members", "parts", "state_machines", "permissions", "single_kinds", "layers", "sizes", "wildcards", "circles", "places"]
STACK = "target/stack.yaml"
# What the copy has besides the project's files: links to the virtual environments, and what the checks make.
ENVIRONMENTS = (".venv", ".venv-sam")
BESIDE = {*ENVIRONMENTS, "target"}


class Copy:
    """The copy of the project, to which the recipe is applied."""

    def __init__(self, root, folder):
        self.folder = folder
        self.files = project(root)
        for file in self.present() - self.files.keys():
            (folder / file).unlink()
        for file, content in self.files.items():
            self.write(file, content)
        for environment in ENVIRONMENTS:
            if (root / environment).exists() and not (folder / environment).exists():
                (folder / environment).symlink_to(root / environment)
        (folder / STACK).parent.mkdir(exist_ok=True)

    def present(self):
        """The files of the last run."""
        found = (place.relative_to(self.folder) for place in self.folder.rglob("*") if place.is_file())
        return {str(file) for file in found if file.parts[0] not in BESIDE and "__pycache__" not in file.parts}

    def write(self, file, content):
        """Writes what differs: the build is by times."""
        place = self.folder / file
        if not place.exists() or place.read_bytes() != content:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)

    def follow(self, places):
        """Applies these places only, and generates what is generated."""
        texts = recipe.followed(ROOT, places)
        for file in {place.file for place in recipe.read()} - texts.keys():
            self.write(file, self.files[file])
        for file, text in texts.items():
            self.write(file, text.encode())
        self.run([sys.executable, "tests/lint/members.py", "--write"])

    def run(self, command, **environment):
        """The exit code and what was said."""
        done = subprocess.run(command, cwd=self.folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr + done.stdout

    def check(self, name):
        """What a check says; None if it finds no fault."""
        if name == "cargo":
            code, said = self.run(BUILD, **CLIPPY)
        elif name == "template":
            code, said = self.run([sys.executable, "infra/assemble.py", "infra/template.yaml", STACK])
        elif name == "cfn-lint":
            linter = [str(ROOT / ".venv-sam/bin/cfn-lint"), "--config-file", "tests/validators/cfn_lint.yaml", "--"]
            code, said = self.run([*linter, STACK, "infra/alarms.yaml"], AWS_DEFAULT_REGION="us-east-1")
        else:
            code, said = self.run([sys.executable, f"tests/lint/{name}.py"])
        return said if code else None


def project(root):
    """Path to content of the tracked files, and of those that will be."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root, capture_output=True, check=True)
    files = [file for file in listed.stdout.decode().split("\0") if file and (root / file).is_file()]
    return {file: (root / file).read_bytes() for file in files}


def reason(check, said):
    """The line that names the fault."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error")] if check == "cargo" else lines
    return next(iter(errors), "(nothing said)")


def noticed(copy, first, checks):
    """The check that finds a fault, and the fault; None if none does."""
    for check in [first, *(other for other in checks if other != first)]:
        said = copy.check(check)
        if said is not None:
            return check, reason(check, said)
    return None


def whole(copy, places, checks):
    """The faults of the project with every place."""
    copy.follow(places)
    for check in checks:
        said = copy.check(check)
        if said is not None:
            yield f"{check}: {said}"


def omissions(places):
    """What is left out, with its name: each place, and all places of a file that has several."""
    for number, place in enumerate(places, 1):
        yield f"{number:2} {place.sort:8} {place.name}", [place]
    for file in dict.fromkeys(place.file for place in places):
        of_file = [place for place in places if place.file == file]
        if len(of_file) > 1:
            yield f"   together {file}: {len(of_file)} places", of_file


def main(quick):
    began = time.monotonic()
    places = recipe.read()
    checks = ["template", *LINTERS] if quick else ["template", *LINTERS, "cfn-lint", "cargo"]
    copy = Copy(ROOT, TARGET / "new-kind")
    faults = list(whole(copy, places, checks))
    if not quick and not faults:
        code, said = copy.run(TESTS, **CLIPPY)
        faults = [said] if code else []
    if not faults and not quick:
        for name, forgotten in omissions(places):
            copy.follow([place for place in places if place not in forgotten])
            found = noticed(copy, forgotten[0].check, checks)
            print(f"{name}\n    -> {': '.join(found) if found else 'NOT NOTICED'}", flush=True)
            if not found:
                faults.append(f"{name}: nothing notices that it is missing")
    counts = ", ".join(f"{sum(place.sort == sort for place in places)} {sort}" for sort in recipe.SORTS)
    print(f"a new kind with data: {len(places)} places of at most {MOST} ({counts}), {time.monotonic() - began:.0f} s")
    if len(places) > MOST:
        faults.append(f"{len(places)} places, and {MOST} are promised")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    try:
        sys.exit(main("--quick" in sys.argv))
    except recipe.Fault as fault:
        sys.exit(f"new_kind: {fault}")
