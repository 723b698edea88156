#!/usr/bin/env python3
"""Checks the functions' roles in the template against the design's security rules, and lists each function's permissions.

    permissions.py          exit code 1 and a line for each fault
    permissions.py --json   {step: [{"actions": [...], "resources": [...], "unused": {action: why},
                            "conditional": bool}]}

`unused` are the actions that no test uses, with the reason from the template's comments. `conditional` statements depend on
condition keys that a simulation does not have.
"""

import json
import sys
from pathlib import Path

import project
import template

# Actions for which IAM knows no resource: "Actions, resources, and condition keys" of the Service Authorization Reference.
WITHOUT_RESOURCE = {
    "ecs:ListTasks",  # it knows container instances alone, which a service on Fargate has none of
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingPolicies",
    "application-autoscaling:DescribeScheduledActions",
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeInstanceRefreshes",
    "backup:DescribeBackupJob",
    "backup:DescribeRestoreJob",
    "backup:GetRestoreJobMetadata",
    "backup:ListBackupJobs",
    "backup:ListBackupPlans",
    "backup:ListRecoveryPointsByResource",
    "backup:ListRestoreJobs",
    "backup:StopBackupJob",
    "cloudwatch:GetMetricStatistics",
    "states:SendTaskFailure",
    "dynamodb:DescribeLimits",
    "dynamodb:ListBackups",
    "dynamodb:ListTables",
    "tag:GetResources",
    "ec2:DescribeNetworkInterfaceAttribute",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ecs:DescribeTaskDefinition",
    "ecs:ListClusters",
    "ecs:ListServices",
    "ecs:ListTaskDefinitions",
    "kms:ListAliases",
    "lambda:ListEventSourceMappings",
    "rds:DescribeAccountAttributes",
    "rds:DescribeDBEngineVersions",
    "rds:DescribeOrderableDBInstanceOptions",
    "route53:ListHostedZones",
    "ssm:DescribeParameters",
}
# What a restore may change and remove only with its own tag: it works next to the application's resources.
RESTORING = {"restore-cluster", "undo-restore"}
ONLY_OURS = {
    "elasticfilesystem:DeleteAccessPoint",
    "elasticfilesystem:DeleteFileSystem",
    "elasticfilesystem:DeleteMountTarget",
    "rds:AddRoleToDBCluster",
    "rds:DeleteDBClusterParameterGroup",
    "rds:DeleteDBInstance",
    "rds:DeleteDBParameterGroup",
    "rds:EnableHttpEndpoint",
    "rds:ModifyDBClusterParameterGroup",
    "rds:ModifyDBParameterGroup",
}
# Any resource.
ANY = "*"
# The stack's own resources, outside of every pattern: an operator's patterns cannot exclude them.
OWN_BESIDE = {
    "${BackupRolePattern}": "!GetAtt BackupRole.Arn",
    "${TopicPattern}": "!Ref OnCallTopic",
    "${VaultPattern}": "!GetAtt BackupVault.BackupVaultArn",
}


def statement(policy, written):
    """A statement of one of the template's policies, in the form for the rules and the suites."""
    actions = template.listed(written["Action"])
    return {
        "policy": policy,
        "effect": written["Effect"],
        "actions": actions,
        "resources": [str(resource) for resource in template.listed(written["Resource"])],
        "unused": {name: name.comment.removeprefix("unused: ") for name in actions if name.comment.startswith("unused: ")},
        "conditional": "Condition" in written,
        "condition": written.get("Condition", {}),
    }


def roles(layout):
    """Each step's statements."""
    return {
        project.kebab(name.removesuffix("Function")): [
            statement(policy, written)
            for policy, statements in layout.template.policies(name.replace("Function", "Role"))
            for written in statements
        ]
        for name in layout.template.of_type("AWS::Serverless::Function")
    }


def faults(all_roles):
    for step, allowed in all_roles.items():
        seen = set()
        for statement in allowed:
            if statement["effect"] != "Allow" or not statement["actions"] or not statement["resources"]:
                yield step, f"a statement that cannot be read: {statement}"
            for action in statement["actions"]:
                if "*" in action:
                    yield step, f"{action} is not one action"
                if ANY in statement["resources"] and action not in WITHOUT_RESOURCE:
                    yield step, f'{action} is allowed on "*", but IAM knows its resources'
                if ANY not in statement["resources"] and action in WITHOUT_RESOURCE:
                    yield step, f"{action} is allowed on a resource, but IAM knows none: the call would be denied"
                for resource in statement["resources"]:
                    # Permissions that two kinds need are in the policy of each.
                    if (statement["policy"], action, resource) in seen:
                        yield step, f"{action} is allowed twice on {resource}"
                    seen.add((statement["policy"], action, resource))
                if action == "iam:PassRole" and not statement["conditional"]:
                    yield step, "iam:PassRole is not bound by iam:PassedToService"
                if action in ONLY_OURS and not statement["conditional"] and step in RESTORING:
                    yield step, f"{action} is not bound by the tag holdfast:restore"
            for pattern, own in OWN_BESIDE.items():
                if any(pattern in resource for resource in statement["resources"]) and own not in statement["resources"]:
                    yield step, f"{pattern} can lock out the stack's own: add {own}"
            for action, why in statement["unused"].items():
                if len(why) < 10:
                    yield step, f"{action} is unused without a reason"
            if statement["actions"] != sorted(statement["actions"]):
                yield step, f"actions are sorted: {', '.join(statement['actions'])}"


def main(root, arguments):
    found = roles(project.Project(root))
    if "--json" in arguments:
        keys = ("actions", "resources", "unused", "conditional")
        print(json.dumps({step: [{key: s[key] for key in keys} for s in allowed] for step, allowed in found.items()}))
        return 0
    broken = list(faults(found))
    for step, fault in broken:
        print(f"infra: {step}: {fault}", file=sys.stderr)
    count = sum(len(statement["actions"]) for allowed in found.values() for statement in allowed)
    print(f"{len(found)} roles, {count} actions: {len(broken) or 'no'} faults")
    return 1 if broken or not found else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[2], sys.argv[1:]))
