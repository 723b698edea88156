#!/usr/bin/env python3
"""Combines the files that people edit into the one template that is deployed.

    assemble.py [--archives FOLDER] [--clients PATH] TEMPLATE OUTPUT

TEMPLATE is a file of this folder. The parts of template.yaml are in the folders next to it, each with Resources and Outputs
of its own, which are added to the template's. CloudFormation's own means do not fit: a nested stack would have to
take over resources that a deployed stack already has, under the same names, and AWS::Include needs each part in S3.

A path in a file is relative to that file, and becomes relative to OUTPUT. `!File name` is replaced by the text of that file. FOLDER, if
given, has each program as an archive, `functions.zip` for `target/lambda/functions/`, which replaces the functions' code; PATH replaces
the content of the layer of Postgres clients. If OUTPUT ends with .json it is written as JSON: the SAM CLI reads its template ten times, and
takes a second and a half for each as YAML. Needs PyYAML, which is in .venv-sam.
"""

import argparse
import json
import os
import sys
from pathlib import Path

import yaml

# The sections that a part may have. All others are the template's, so that parameters are declared in one place.
SECTIONS = ("Resources", "Outputs")
# The properties that are local paths until the SAM CLI has uploaded the files.
CODE = "CodeUri"
LAYER = "ContentUri"
PATHS = (CODE, LAYER, "DefinitionUri", "TemplateURL")
# The tag of a text that is in a file of its own.
TEXT = "!File"


class Fault(Exception):
    """Why the files cannot be combined."""


def parts(template):
    """The files that belong to a template, itself first."""
    return [template, *(sorted(template.parent.glob("*/*.yaml")) if template.name == "template.yaml" else [])]


def assemble(template, output, archives=None, clients=None):
    """The text of the one template."""
    whole, *others = (composed(file) for file in parts(template))
    for node in (whole, *others):
        folder = Path(node.start_mark.name).parent
        insert_texts(node, folder)
        move_paths(node, lambda key, path: os.path.relpath(replacement(key, path, archives, clients) or folder / path, output.parent))
    sections = {key.value: entries.value for key, entries in whole.value if key.value in SECTIONS}
    for node in others:
        for key, entries in node.value:
            if key.value not in SECTIONS:
                raise Fault(f"{place(key)}: {key.value} of a part; only template.yaml has more than {' and '.join(SECTIONS)}")
            sections[key.value] += entries.value
    for entries in sections.values():
        refuse_duplicates(entries)
    return yaml.serialize(whole, width=1000, allow_unicode=True)


class LongForm(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Reads `!GetAtt A.B` as {"Fn::GetAtt": ["A", "B"]}, and likewise every other intrinsic function."""


def long_form(loader, name, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        value = value.split(".", 1) if name == "GetAtt" else value
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


LongForm.add_multi_constructor("!", long_form)


def as_json(text):
    """A template as JSON."""
    return json.dumps(yaml.load(text, Loader=LongForm), indent=1, ensure_ascii=False, default=str)


def composed(file):
    """A file as nodes, which keep their tags, styles and positions."""
    with file.open(encoding="utf-8") as stream:
        return yaml.compose(stream, Loader=getattr(yaml, "CLoader", yaml.Loader))


def place(node):
    return f"{node.start_mark.name}:{node.start_mark.line + 1}"


def refuse_duplicates(entries):
    seen = {}
    for key, _ in entries:
        if key.value in seen:
            raise Fault(f"{place(key)}: {key.value} is at {place(seen[key.value])}, too")
        seen[key.value] = key


def replacement(key, path, archives, clients):
    """What is deployed instead of a path, if something is."""
    if key == CODE:
        return archives and archives / f"{Path(path).name}.zip"
    return clients if key == LAYER else None


def move_paths(node, move):
    """Rewrites the paths below a node; `move` gets each with its key."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value in PATHS and isinstance(value, yaml.ScalarNode):
                value.value = move(key.value, value.value)
            else:
                move_paths(value, move)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            move_paths(value, move)


def insert_texts(node, folder):
    """Replaces what is in a file of its own by the file's text."""
    if isinstance(node, yaml.ScalarNode):
        if node.tag == TEXT:
            node.value, node.tag, node.style = (folder / node.value).read_text(encoding="utf-8"), "tag:yaml.org,2002:str", "|"
    else:
        for entry in node.value:
            for below in entry if isinstance(node, yaml.MappingNode) else (entry,):
                insert_texts(below, folder)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--archives", type=Path)
    arguments.add_argument("--clients", type=Path)
    arguments.add_argument("template", type=Path)
    arguments.add_argument("output", type=Path)
    given = arguments.parse_args()
    try:
        text = assemble(given.template, given.output, given.archives, given.clients)
        given.output.write_text(as_json(text) if given.output.suffix == ".json" else text, encoding="utf-8")
    except Fault as fault:
        sys.exit(f"assemble.py: {fault}")


if __name__ == "__main__":
    main()
