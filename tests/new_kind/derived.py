"""The own files of the dummy kind, derived from those of the kind `dynamodb`, so that they follow every change of the traits.

The dummy has variants, a name, fields, steps and an IAM pattern of its own, and calls the same AWS service.
"""

import re
from pathlib import Path

KIND, MODEL = "dummy", "dynamodb"
CODE = [f"functions/src/{layer}/{MODEL}" for layer in ("domain/kinds", "kinds")]
TEMPLATE = f"infra/kinds/{MODEL}.yaml"
# Where the names of fields and the identity of the kind are.
PROFILE = {f"functions/src/domain/kinds/{MODEL}.rs", f"functions/src/domain/kinds/{MODEL}/archive.rs"}
REFUSED = f"functions/src/domain/kinds/{MODEL}/wrong.txt"
# A field that the descriptor reads, whatever the kind: two kinds have none in common.
SHARED = "protect"
# What only the model has: the functions that count a table's items and write them into files, and the machine that runs the second.
ONLY = r"CountItems|ExportTable|TransferStateMachine|export-table"


def own(path):
    """The path of the dummy's counterpart of a file; None if the file is not the model's own."""
    if path == TEMPLATE or any(path == f"{code}.rs" or path.startswith(f"{code}/") for code in CODE):
        return path.replace(f"/{MODEL}", f"/{KIND}", 1)
    return None


def renamed(text):
    """Variants, types and modules in Rust."""
    for variant, field, to in (("DynamoDb", "table", "Dummy"), ("DynamodbPrefix", "prefix", "DummyPrefix")):
        own_field = {"table": "dummy", "prefix": "dummy_prefix"}[field]
        text = re.sub(rf"\bTarget::{variant} \{{(\s*){field}:", rf"Target::{to} {{\1{own_field}:", text)
        text = re.sub(rf"\bTarget::{variant} \{{(\s*){field}\b", rf"Target::{to} {{\1{own_field}: {field}", text)
    for variant in ("TableBackup", "TableAt", "Table"):
        own_variant = variant.replace("Table", "Dummy")
        text = re.sub(rf"\b(RecoveryPoint|Source|Destination|CreatedResource)::{variant}\b", rf"\1::{own_variant}", text)
    text = re.sub(r"\bDynamodbPrefix\b", "DummyPrefix", text)
    text = re.sub(r"(?<!Namespace::)\bDynamoDb\b", "Dummy", text)
    text = text.replace(f'const KIND: &str = "{MODEL}"', f'const KIND: &str = "{KIND}"')
    return text.replace(f"kinds::{MODEL}::", f"kinds::{KIND}::")


def profile(text):
    """The identity of the kind: its name, its fields in a descriptor, its types in AWS."""
    fields = ("table", "dummy"), ("prefix", "dummy_prefix"), ("archive", "dummy_archive")
    quoted = [(f'"{old}"', f'"{new}"') for old, new in ((MODEL, KIND), *fields)]
    for old, new in (*quoted, ("AWS::DynamoDB::", "AWS::Dummy::"), (f', "{SHARED}"', "")):
        text = text.replace(old, new)
    return text


def refused(text):
    """The documents that the kind refuses."""
    text = "\n\n".join(case for case in text.split("\n\n") if f"/{SHARED} = " not in case)
    for model, field in (("table", "dummy"), ("prefix", "dummy_prefix"), ("archive", "dummy_archive")):
        text = re.sub(rf'"{model}":|(?<=[./]){model}\b(?=[: .])|(?<=expected a ){model}(?= that)', lambda found: found[0].replace(model, field), text)
    return text.replace(f'"{MODEL}"', f'"{KIND}"')


def template(text):
    """The functions, and the policies that are attached to the roles of the steps."""
    blocks = re.split(r"^(?=  \w+:$)", text, flags=re.MULTILINE)
    text = "".join(block for block in blocks if not re.match(rf"  (Dynamodb)?({ONLY})", block))
    text = re.sub(rf"^.*\b({ONLY}).*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"\b(BackUp|Restore)Table(?=Function|Logs|Role)", r"\1Dummy", text)
    text = re.sub(r"\b(back-up|restore)-table\b", r"\1-dummy", text)
    text = text.replace("${TablePattern}", "${DummyPattern}").replace("  Dynamodb", "  Dummy")
    return text.replace(f"PolicyName: {MODEL}\n", f"PolicyName: {KIND}\n")


def files(root):
    """Path to text of all own files. `root`: the project, a `Path`."""
    found = {}
    for place in [*(file for code in CODE for file in (root / code).rglob("*.*")), *(root / f"{code}.rs" for code in CODE), root / TEMPLATE]:
        path = place.relative_to(root).as_posix()
        text = place.read_text(encoding="utf-8")
        change = {TEMPLATE: template, REFUSED: refused}.get(path, renamed)
        text = change(text)
        found[own(path)] = profile(text) if path in PROFILE else text
    return found


def members(table):
    """The model's part of the table of members, for the dummy."""
    sections = re.split(r"^(?=\[)", table, flags=re.MULTILINE)[1:]
    kept = []
    for section in sections:
        head, _, rows = section.partition("\n")
        shape, _, places = head.partition("] ")
        of_kinds = re.split(r" ?\b(?=aurora |dynamodb |efs )", places)
        of_model = next((one for one in of_kinds if one.startswith(f"{MODEL} ")), None)
        if of_model:
            kept.append(f"{shape}] {KIND} {of_model.removeprefix(MODEL).strip()}\n{rows.strip()}\n")
    return "\n".join(kept)
