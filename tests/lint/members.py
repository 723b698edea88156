#!/usr/bin/env python3
"""Checks the table of members (what a restore does with each) against AWS's models, from the lab's botocore.

    members.py           exit code 1 and a line for each fault: a member that is not classified, one that no longer exists, a
                         setting without a test that shows its restore, a loss that is not captured and so not reported
    members.py --write   writes docs/not-covered.md from the table
"""

import gzip
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = "functions/src/domain/restore/members/table.txt"
DOCUMENT = "docs/not-covered.md"
CLASSES = {"given", "put-back", "asked", "kept", "inside", "differs", "status", "elsewhere", "not-covered", "remarked"}
BROUGHT_BACK = {"given", "put-back"}
LOST = {"not-covered", "remarked"}
# Every shape that a kind reads, with its service: all must be in the table.
READ = {
    "rds": {
        "DBCluster", "DBInstance", "DBClusterEndpoint", "DBSubnetGroup", "DBClusterParameterGroup", "DBParameterGroup",
        "Parameter",
    },
    "dynamodb": {
        "TableDescription", "TimeToLiveDescription", "ContinuousBackupsDescription", "KinesisDataStreamDestination",
        "DescribeContributorInsightsOutput", "Tag", "GetResourcePolicyOutput",
    },
    "application-autoscaling": {"ScalableTarget", "ScalingPolicy", "ScheduledAction"},
    "efs": {
        "FileSystemDescription", "MountTargetDescription", "DescribeMountTargetSecurityGroupsResponse",
        "AccessPointDescription", "LifecyclePolicy", "BackupPolicy", "FileSystemPolicyDescription",
        "ReplicationConfigurationDescription",
    },
    "secretsmanager": {"DescribeSecretResponse"},
    "ssm": {"ParameterMetadata"},
}  # fmt: skip
PROFILES = "functions/src/domain/kinds"
HEADER = """# What a restore does not cover

Generated from `functions/src/domain/restore/members/table.txt` by `python3 tests/lint/members.py --write`. The table has every
member of the AWS shapes of a resource that Holdfast reads; those that are not in this list are restored, or are a copy's own.
A plan reports each of these if it is set at the source, and no restore fails because of it.

In addition, dependents keep referring to the old resource: target groups of an RDS Proxy, event subscriptions, alarms by name,
event source mappings of a table's stream, selections of AWS Backup plans that name it, and Route 53 records of a cluster's
endpoints, which a plan lists if the resource is switched; zero-ETL integrations and DAX clusters, which it does not list.
Switch them to the copy yourself.
"""


class Section:
    """A shape's members: name to class, condition and text."""

    def __init__(self, service, shape, function, places):
        self.service, self.shape, self.function, self.places = service, shape, function, places
        self.members = {}


def parsed(table):
    sections = []
    for line in table.splitlines():
        if not line or line.startswith("#"):
            continue
        head = re.fullmatch(r"\[([\w-]+) (\w+)(?: (\w+))?\] (.+)", line)
        if head:
            places, kind = [], None
            for word in head[4].split():
                if word == "." or not word[0].islower():
                    places.append((kind, "" if word == "." else word))
                else:
                    kind = word
            sections.append(Section(head[1], head[2], head[3], places))
            continue
        row = re.fullmatch(r"([\w-]+) (\w+)(?: (unless|over) (\S+))?(?: @ (\w+))?(?:: (.+))?", line)
        if not row or not sections:
            raise SystemExit(f"{TABLE}: cannot be read: {line}")
        if row[2] in sections[-1].members:
            raise SystemExit(f"{TABLE}: {sections[-1].shape}.{row[2]} is there twice")
        sections[-1].members[row[2]] = {"class": row[1], "test": row[5], "words": row[6]}
    return sections


def models(root):
    """botocore's shapes by service, from the lab's environment."""
    found = {}
    data = next(iter(root.glob(".venv/lib/python3*/site-packages/botocore/data")), None)
    if data is None:
        raise SystemExit("members.py: no .venv with botocore: run `make setup` first")
    for service in READ:
        newest = max((data / service).glob("*/service-2.json.gz"))
        found[service] = json.loads(gzip.decompress(newest.read_bytes()))["shapes"]
    return found


def kinds(root):
    """The nouns of the kinds that are backed up and restored, by name, from their profiles; without those that AWS does not know."""
    found = {}
    for file in sorted((root / PROFILES).glob("*.rs")):
        text = file.read_text()
        noun = re.search(r'fn noun\(&self\) -> &\'static str \{\s*"([^"]+)"', text)
        unknown = re.search(r"fn arn\(&self\) -> Option<[^{]*> \{\s*None\s*\}", text)
        if noun and not unknown and re.search(r"^impl Stateful for ", text, re.MULTILINE):
            found[file.stem] = noun[1]
    return found


def structure(shapes, name):
    """The structure that a member is, or is a list of; None if it is neither."""
    while shapes[name]["type"] == "list":
        name = shapes[name]["member"]["shape"]
    return name if shapes[name]["type"] == "structure" else None


def described(root):
    """The attributes that each function of the kind aurora captures."""
    text = "".join((root / f"functions/src/kinds/aurora/{name}.rs").read_text() for name in ("describe", "parameter_groups"))
    bodies = re.findall(r"fn (\w+)(?:<T>)?\((.*?)^}", text, re.MULTILINE | re.DOTALL)
    return {name: set(re.findall(r'"(\w+)" =>', body)) for name, body in bodies}


class Tests:
    """The evidence that a setting is restored."""

    def __init__(self, root):
        suite = "".join(file.read_text() for file in sorted((root / "tests/suites/attributes").glob("*.rs")))
        self.suite = {part for pointer in re.findall(r'"(/[\w/]+)"', suite) for part in pointer.split("/")}
        self.units = {}
        for file in (root / "functions/src").rglob("*.rs"):
            text = file.read_text()
            beside = [*file.parent.glob("*.rs"), file.parent.with_suffix(".rs")]
            for name in re.findall(r"#\[(?:tokio::)?test\]\s+(?:async )?fn (\w+)", text):
                self.units[name] = beside

    def show(self, member, unit):
        if unit:
            files = [file for file in self.units.get(unit, ()) if file.exists()]
            return any(re.search(rf"\b{member}\b", file.read_text()) for file in files)
        return member in self.suite


def faults(sections, models, described, tests, kinds):
    """A line for each fault."""
    for kind in sorted(kinds.keys() - {kind for section in sections for kind, _ in section.places}):
        yield f"{kind}: is restored, and has no member in the table"
    seen = {(section.service, section.shape): section for section in sections}
    for service, shapes in READ.items():
        for shape in sorted(shapes):
            if (service, shape) not in seen:
                yield f"{service} {shape}: is read, and is not in the table"
    places = {(kind, place) for section in sections for kind, place in section.places}
    for section in sections:
        shapes = models[section.service]
        where = f"{section.service} {section.shape}"
        if section.shape not in shapes:
            yield f"{where}: is no longer in AWS's model"
            continue
        there = shapes[section.shape]["members"]
        for name in sorted(there.keys() - section.members.keys()):
            yield f"{where}.{name}: is not classified"
        for name, row in section.members.items():
            if name not in there:
                yield f"{where}.{name}: is no longer in AWS's model"
                continue
            kind = row["class"]
            if kind not in CLASSES:
                yield f"{where}.{name}: {kind} is no class"
            if (kind in LOST) != bool(row["words"]):
                yield f"{where}.{name}: a text is required if it is not covered, and only then"
            inner = structure(shapes, there[name]["shape"])
            if kind == "inside":
                for owner, place in section.places:
                    step = name + ".*" * (shapes[there[name]["shape"]]["type"] == "list")
                    path = f"{place}.{step}" if place else step
                    if inner is None or (owner, path) not in places:
                        yield f"{where}.{name}: no section has its members ({owner} {path})"
            elif inner and kind == "kept":
                yield f"{where}.{name}: is a structure: its members are classified each, as `inside`"
            if section.function and kind in {"given", "put-back", "asked", "kept", "inside"} | LOST:
                if name not in described.get(section.function, ()):
                    yield f"{where}.{name}: is not captured (fn {section.function} of the kind aurora)"
            if kind in BROUGHT_BACK and not tests.show(name, row["test"]):
                yield f"{where}.{name}: no test shows its restore ({row['test'] or 'the suite attributes'})"


def document(sections, kinds):
    text = HEADER
    for kind, noun in kinds.items():
        text += f"\n## A {noun} (`{kind}`)\n\n| member | what a plan says |\n|---|---|\n"
        for section in sections:
            for owner, place in section.places:
                for name, row in section.members.items():
                    if owner == kind and row["class"] in LOST:
                        path = f"{place}.{name}" if place else name
                        words = row["words"]
                        for mark, word in (("{source}", "the source"), ("{copy}", "the copy"), ("{value}", "(what it is)")):
                            words = words.replace(mark, word)
                        text += f"| `{path}` | {words} |\n"
    return text


def main():
    sections = parsed((ROOT / TABLE).read_text())
    text = document(sections, kinds(ROOT))
    if "--write" in sys.argv:
        (ROOT / DOCUMENT).parent.mkdir(exist_ok=True)
        (ROOT / DOCUMENT).write_text(text)
    found = list(faults(sections, models(ROOT), described(ROOT), Tests(ROOT), kinds(ROOT)))
    if not (ROOT / DOCUMENT).exists() or (ROOT / DOCUMENT).read_text() != text:
        found.append(f"{DOCUMENT}: differs from the table: run tests/lint/members.py --write")
    for fault in found:
        print(f"members: {fault}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
