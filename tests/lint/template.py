"""The stack's template, parsed, for every lint that reads it. It needs PyYAML, which .venv-sam has."""

import sys

from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "infra"))

import assemble


class Call(NamedTuple):
    """A CloudFormation function in its short form: `!GetAtt Catalog.Arn` is `Call("GetAtt", "Catalog.Arn")`."""

    function: str
    argument: object

    def __str__(self):
        return f"!{self.function} {self.argument}"

    __repr__ = __str__


class Text(str):
    """A string of the template, with the comment at the end of its line."""

    comment = ""


class Loader(yaml.SafeLoader):
    """Reads short forms as `Call`s and strings as `Text`s."""

    def __init__(self, source):
        super().__init__(source)
        self.lines = source.splitlines()

    def text(self, node):
        text = Text(self.construct_scalar(node))
        rest = self.lines[node.end_mark.line][node.end_mark.column :].strip() if node.end_mark.line < len(self.lines) else ""
        text.comment = rest.removeprefix("#").strip() if rest.startswith("#") else ""
        return text

    def call(self, suffix, node):
        if isinstance(node, yaml.ScalarNode):
            return Call(suffix, self.construct_scalar(node))
        if isinstance(node, yaml.SequenceNode):
            return Call(suffix, self.construct_sequence(node, deep=True))
        return Call(suffix, self.construct_mapping(node, deep=True))


Loader.add_constructor("tag:yaml.org,2002:str", Loader.text)
Loader.add_multi_constructor("!", Loader.call)


@cache
def parsed(source):
    """A template's document. It is shared by all callers with the same text, and never changed."""
    return yaml.load(source, Loader)


class Template:
    """The resources of a template, its parts' included."""

    def __init__(self, file):
        self.parts = {part: parsed(part.read_text(encoding="utf-8")) for part in assemble.parts(file)}
        self.resources = {name: resource for part in self.parts.values() for name, resource in part["Resources"].items()}
        self.of_every_function = self.parts[file].get("Globals", {}).get("Function", {})

    def of_type(self, kind):
        """The resources of a type, by logical id."""
        return {name: resource for name, resource in self.resources.items() if resource["Type"] == kind}

    def properties(self, name):
        """The properties of a resource; empty if it does not exist."""
        return self.resources.get(name, {}).get("Properties", {})

    def function(self, name):
        """The properties of a function, with those that every function has; empty if it does not exist."""
        properties = self.properties(name)
        return properties and {**self.of_every_function, **properties}

    def policies(self, role):
        """A role's permissions, as pairs of a policy's name and its statements: its own policies, and those attached to it."""
        attached = [policy["Properties"] for policy in self.of_type("AWS::IAM::Policy").values()]
        for policy in (*self.properties(role).get("Policies", []), *(one for one in attached if Call("Ref", role) in one["Roles"])):
            yield policy["PolicyName"], policy["PolicyDocument"]["Statement"]

    def statements(self, role):
        """Every statement of a role's policies, as it is written."""
        for _, statements in self.policies(role):
            yield from statements


def listed(value):
    """A value that IAM accepts as an item or as a list, as a list."""
    return value if isinstance(value, list) else [value]
