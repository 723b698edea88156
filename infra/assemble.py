#!/usr/bin/env python3
"""Combines the files that people edit into the one template that is deployed.

    assemble.py [--code PATH] TEMPLATE OUTPUT

TEMPLATE is a file of this folder. The parts of template.yaml are in the folders next to it, each with Resources and Outputs
of its own, which are added to the template's. CloudFormation's own means do not fit: a nested stack would have to
take over resources that a deployed stack already has, under the same names, and AWS::Include needs each part in S3.

A path in a file is relative to that file, and becomes relative to OUTPUT. PATH, if given, replaces the functions'
code. Needs PyYAML, which is in .venv-sam.
"""

import argparse
import os
import sys
from pathlib import Path

import yaml

# The sections that a part may have. All others are the template's, so that parameters are declared in one place.
SECTIONS = ("Resources", "Outputs")
# The properties that are local paths until the SAM CLI has uploaded the files.
CODE = "CodeUri"
PATHS = (CODE, "DefinitionUri", "TemplateURL")


class Fault(Exception):
    """Why the files cannot be combined."""


def parts(template):
    """The files that belong to a template, itself first."""
    return [template, *(sorted(template.parent.glob("*/*.yaml")) if template.name == "template.yaml" else [])]


def assemble(template, output, code=None):
    """The text of the one template."""
    whole, *others = (composed(file) for file in parts(template))
    for node in (whole, *others):
        move_paths(node, Path(node.start_mark.name).parent, output.parent, code)
    sections = {key.value: entries.value for key, entries in whole.value if key.value in SECTIONS}
    for node in others:
        for key, entries in node.value:
            if key.value not in SECTIONS:
                raise Fault(f"{place(key)}: {key.value} of a part; only template.yaml has more than {' and '.join(SECTIONS)}")
            sections[key.value] += entries.value
    for entries in sections.values():
        refuse_duplicates(entries)
    return yaml.serialize(whole, width=1000, allow_unicode=True)


def composed(file):
    """A file as nodes, which keep their tags, styles and positions."""
    with file.open(encoding="utf-8") as stream:
        return yaml.compose(stream)


def place(node):
    return f"{node.start_mark.name}:{node.start_mark.line + 1}"


def refuse_duplicates(entries):
    seen = {}
    for key, _ in entries:
        if key.value in seen:
            raise Fault(f"{place(key)}: {key.value} is at {place(seen[key.value])}, too")
        seen[key.value] = key


def move_paths(node, old, new, code):
    """Rewrites the paths below a node for a file of another folder."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value in PATHS and isinstance(value, yaml.ScalarNode):
                value.value = os.path.relpath(code if code and key.value == CODE else old / value.value, new)
            else:
                move_paths(value, old, new, code)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            move_paths(value, old, new, code)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--code", type=Path)
    arguments.add_argument("template", type=Path)
    arguments.add_argument("output", type=Path)
    given = arguments.parse_args()
    try:
        given.output.write_text(assemble(given.template, given.output, given.code), encoding="utf-8")
    except Fault as fault:
        sys.exit(f"assemble.py: {fault}")


if __name__ == "__main__":
    main()
