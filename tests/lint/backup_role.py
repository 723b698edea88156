#!/usr/bin/env python3
"""Compares the role that AWS Backup uses with AWS's own managed policies. Exit code 1 and a line for each statement that
it lacks, or restricts more than AWS does: AWS Backup calls services in undocumented ways."""

import sys
from pathlib import Path

import permissions
import project

# What AWS's policies of 2026-08 grant for EFS (the other services' statements left out): actions, resource, condition.
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSBackupServiceRolePolicyForBackup.html and ...ForRestores.html
FILES, VAULTS, ANY = "file-system/*", "backup-vault:*", "*"
FOR_AWS = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
BY_WAY_OF_EFS = {"StringLike": {"kms:ViaService": "elasticfilesystem.*.amazonaws.com"}}
BACK_UP = [
    ({"elasticfilesystem:Backup", "elasticfilesystem:DescribeTags"}, FILES, {}),
    ({"backup:DescribeBackupVault", "backup:CopyIntoBackupVault"}, VAULTS, {}),
    ({"backup:CopyFromBackupVault"}, ANY, {}),
    ({"kms:DescribeKey"}, ANY, {}),
    ({"kms:CreateGrant"}, ANY, FOR_AWS),
    ({"tag:GetResources"}, ANY, {}),
]
RESTORE = [
    (
        {f"elasticfilesystem:{action}" for action in ("Restore", "TagResource")}
        | {f"elasticfilesystem:{action}" for action in ("CreateFileSystem", "DescribeFileSystems", "DeleteFileSystem")},
        FILES,
        {},
    ),
    ({"kms:DescribeKey"}, ANY, {}),
    (
        {f"kms:{action}" for action in ("Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext")}
        | {"kms:ReEncryptFrom", "kms:ReEncryptTo"},
        ANY,
        BY_WAY_OF_EFS,
    ),
    ({"kms:CreateGrant"}, ANY, FOR_AWS),
]
# Where ours is narrower on purpose: the operator decides what may be backed up.
NARROWED = {FILES: "file-system/${FileSystemPattern}"}


def faults(role):
    """AWS's statements that the role does not grant, by its properties in the template."""
    policies = {policy["PolicyName"]: policy["PolicyDocument"]["Statement"] for policy in role["Policies"]}
    for name, wanted in (("back-up", BACK_UP), ("restore", RESTORE)):
        ours = [permissions.statement(name, written) for written in policies.get(name, [])]
        for actions, resource, condition in wanted:
            for action in sorted(actions):
                if not any(_grants(statement, action, resource, condition) for statement in ours):
                    yield f"{name}: {action} on {resource} {f'if {condition}' if condition else 'without a condition'}"


def _grants(ours, action, resource, condition):
    ends = (resource, NARROWED.get(resource, resource))
    where = any(one.endswith(ends) and (resource != ANY or one == ANY) for one in ours["resources"])
    return action in ours["actions"] and where and ours["condition"] == condition


def main(root):
    found = list(faults(project.Project(root).template.properties("BackupRole")))
    for fault in found:
        print(f"infra/template.yaml: BackupRole lacks {fault}", file=sys.stderr)
    count = len(BACK_UP) + len(RESTORE)
    print(f"{count} statements of AWS Backup's managed policies: {len(found) or 'no'} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[2]))
