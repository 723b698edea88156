"""The stack's template, parsed, for every lint that reads it. It needs PyYAML, which .venv-sam has."""

from functools import cache
from typing import NamedTuple

import yaml


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
    """A template's document. It is shared by all who ask for the same text: nobody changes it."""
    return yaml.load(source, Loader)


class Template:
    """The resources of a template."""

    def __init__(self, file):
        self.resources = parsed(file.read_text(encoding="utf-8"))["Resources"]

    def of_type(self, kind):
        """The resources of a type, by logical id."""
        return {name: resource for name, resource in self.resources.items() if resource["Type"] == kind}

    def properties(self, name):
        """The properties of a resource; none where it is not there."""
        return self.resources.get(name, {}).get("Properties", {})

    def statements(self, role):
        """Every statement of a role's policies, as it is written."""
        for policy in self.properties(role).get("Policies", []):
            yield from policy["PolicyDocument"]["Statement"]


def listed(value):
    """What IAM takes one of, or a list of, as a list."""
    return value if isinstance(value, list) else [value]
