#!/usr/bin/env python3
"""Refuses forms that read as if translated: in comments, messages, help texts, templates and documentation.

wording.txt has each form, a regular expression, and after a tab what to say instead. The names of tests are sentences of their
own, and are not checked. Exit code 1 and a line for each fault.

    wording.py [PATH ...]    the whole repository, or the files below some paths
"""

import re
import subprocess
import sys
from pathlib import Path

FORMS = Path(__file__).with_name("wording.txt")
READ = {".rs", ".py", ".sh", ".md", ".yaml", ".yml", ".json", ".toml", ".txt", ".html", ""}
# The forms themselves; third-party files; and the seeds of generated tests.
NOT_READ = ("tests/lint/wording.txt", "tests/lint/tests/test_wording.py", "Cargo.lock", "LICENSE", "tests/requirements", "tests/validators/package", "proptest-regressions")


def forms(text):
    """Each form with what to say instead."""
    for line in text.splitlines():
        form, instead = line.split("\t")
        yield re.compile(form), instead


def faults(text, banned):
    """Each banned form of a text, as (line, the form, what to say instead)."""
    for number, line in enumerate(text.splitlines(), 1):
        for form, instead in banned:
            for found in form.finditer(line):
                yield number, found.group(0), instead


def files(root, below):
    """The files of the repository that people read."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *below], cwd=root, check=True, stdout=subprocess.PIPE)
    for name in listed.stdout.decode().split("\0"):
        if name and Path(name).suffix in READ and not any(part in name for part in NOT_READ) and (root / name).is_file():
            yield name


def main(root, below):
    banned = list(forms(FORMS.read_text(encoding="utf-8")))
    read = found = 0
    for name in files(root, below):
        read += 1
        for number, said, instead in faults((root / name).read_text(encoding="utf-8"), banned):
            found += 1
            print(f"{name}:{number}: `{said}`: {instead}", file=sys.stderr)
    print(f"{read} files, {len(banned)} forms: {found or 'no'} faults")
    return 1 if found or not read else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[2], sys.argv[1:]))
