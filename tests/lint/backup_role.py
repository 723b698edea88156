#!/usr/bin/env python3
"""Holds the role under which AWS Backup works to AWS's own managed policies. Exit code 1 and a line for each statement that
it lacks, or that it hedges in more than AWS does: AWS Backup calls services in ways that no page tells."""

import re
import sys
from pathlib import Path

import permissions
import project

# What AWS's policies of 2026-08 grant for EFS (the other services' statements left out): actions, resource, key of the condition.
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSBackupServiceRolePolicyForBackup.html and ...ForRestores.html
FILES, VAULTS, ANY = "file-system/*", "backup-vault:*", "*"
BACK_UP = [
    ({"elasticfilesystem:Backup", "elasticfilesystem:DescribeTags"}, FILES, None),
    ({"backup:DescribeBackupVault", "backup:CopyIntoBackupVault"}, VAULTS, None),
    ({"backup:CopyFromBackupVault"}, ANY, None),
    ({"kms:DescribeKey"}, ANY, None),
    ({"kms:CreateGrant"}, ANY, "kms:GrantIsForAWSResource"),
    ({"tag:GetResources"}, ANY, None),
]
RESTORE = [
    (
        {f"elasticfilesystem:{action}" for action in ("Restore", "TagResource")}
        | {f"elasticfilesystem:{action}" for action in ("CreateFileSystem", "DescribeFileSystems", "DeleteFileSystem")},
        FILES,
        None,
    ),
    ({"kms:DescribeKey"}, ANY, None),
    (
        {f"kms:{action}" for action in ("Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext")}
        | {"kms:ReEncryptFrom", "kms:ReEncryptTo"},
        ANY,
        "kms:ViaService: elasticfilesystem.*.amazonaws.com",
    ),
    ({"kms:CreateGrant"}, ANY, "kms:GrantIsForAWSResource"),
]
# Where ours is narrower on purpose: the operator says what may be backed up.
NARROWED = {FILES: "file-system/${FileSystemPattern}"}


def faults(role):
    """Every statement of AWS's that the role, by its text in the template, does not grant."""
    parts = dict(zip(*[iter(re.split(r"- PolicyName: (\S+)\n", role)[1:])] * 2))
    for name, wanted in (("back-up", BACK_UP), ("restore", RESTORE)):
        ours = list(permissions.statements(parts.get(name, "")))
        for actions, resource, condition in wanted:
            for action in sorted(actions):
                if not any(_grants(statement, action, resource, condition) for statement in ours):
                    yield f"{name}: {action} on {resource} {f'if {condition}' if condition else 'without a condition'}"


def _grants(ours, action, resource, condition):
    ends = (resource, NARROWED.get(resource, resource))
    where = any(one.strip('"').endswith(ends) and (resource != ANY or one == '"*"') for one in ours["resources"])
    hedged = ours["condition"] if condition is None else ours["condition"].replace(condition, "", 1) == ours["condition"]
    return action in ours["actions"] and where and not hedged


def main(root):
    found = list(faults(project.Project(root).resources()["BackupRole"]))
    for fault in found:
        print(f"infra/template.yaml: BackupRole lacks {fault}", file=sys.stderr)
    count = len(BACK_UP) + len(RESTORE)
    print(f"{count} statements of AWS Backup's managed policies: {len(found) or 'no'} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[2]))
