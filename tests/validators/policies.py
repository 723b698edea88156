"""The IAM policies of a template's roles, as documents: as CloudFormation would resolve them, with sample names for values
that only a deployment has."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/lint"), str(ROOT / "infra")]

import assemble
import template

SAMPLES = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "holdfast",
    "AWS::StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/holdfast/0a1b2c",
    "AWS::URLSuffix": "amazonaws.com",
}
HERE = "us-east-1:123456789012"
# The ARN of a resource of each type that a policy names.
ARNS = {
    "AWS::Backup::BackupVault": f"arn:aws:backup:{HERE}:backup-vault:name",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{HERE}:table/name",
    "AWS::ECS::Cluster": f"arn:aws:ecs:{HERE}:cluster/name",
    "AWS::EFS::AccessPoint": f"arn:aws:elasticfilesystem:{HERE}:access-point/fsap-0a1b2c3d4e5f60718",
    "AWS::IAM::Role": "arn:aws:iam::123456789012:role/name",
    "AWS::KMS::Key": f"arn:aws:kms:{HERE}:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{HERE}:log-group:name:*",
    "AWS::S3::Bucket": "arn:aws:s3:::name",
    "AWS::SNS::Topic": f"arn:aws:sns:{HERE}:name",
    "AWS::SQS::Queue": f"arn:aws:sqs:{HERE}:name",
    "AWS::Serverless::Function": f"arn:aws:lambda:{HERE}:function:name",
    "AWS::Serverless::LayerVersion": f"arn:aws:lambda:{HERE}:layer:name:1",
    "AWS::Serverless::StateMachine": f"arn:aws:states:{HERE}:stateMachine:name",
}
NOTHING = object()


def deployed(file):
    """A template as it is deployed, with its parts."""
    return Template(assemble.assemble(file, file))


class Template:
    """A template, and the values of its expressions."""

    def __init__(self, text):
        document = template.parsed(text)
        self.parameters = document.get("Parameters", {})
        self.resources = document["Resources"]

    def resolve(self, value):
        """A value without CloudFormation's functions: of an `If` the first branch, `NOTHING` for `AWS::NoValue`."""
        if isinstance(value, dict):
            found = {key: self.resolve(inner) for key, inner in value.items()}
            return {key: inner for key, inner in found.items() if inner is not NOTHING}
        if isinstance(value, list):
            return [inner for inner in map(self.resolve, value) if inner is not NOTHING]
        if not isinstance(value, template.Call):
            return value
        function, argument = value
        if function == "Ref":
            return NOTHING if argument == "AWS::NoValue" else self.named(argument)
        if function == "GetAtt":
            return self.named((argument if isinstance(argument, str) else ".".join(argument)))
        if function == "Sub":
            text, given = (argument, {}) if isinstance(argument, str) else argument
            given = {name: self.resolve(inner) for name, inner in given.items()}
            name = lambda found: str(given.get(found.group(1)) or self.named(found.group(1)))
            return re.sub(r"\$\{([\w:.]+)\}", name, text)
        if function == "If":
            return self.resolve(argument[1])
        if function == "Join":
            return argument[0].join(self.resolve(argument[1]))
        raise ValueError(f"{function} is not known to policies.py")

    def named(self, name):
        """The value of a parameter, a pseudo parameter, or a resource or its attribute."""
        if name in SAMPLES:
            return SAMPLES[name]
        resource, _, attribute = name.partition(".")
        if resource in self.parameters:
            return self.parameters[resource].get("Default") or "name"
        kind = self.resources[resource]["Type"]
        by_ref = ("AWS::SNS::Topic", "AWS::Serverless::LayerVersion", "AWS::Serverless::StateMachine")
        named_by_arn = attribute.endswith("Arn") or kind in by_ref
        return ARNS[kind] if named_by_arn else "name"

    def policies(self):
        """Pairs of a policy's name and its document: those of roles, those attached to roles, and managed ones."""
        for name, resource in self.resources.items():
            properties = resource.get("Properties", {})
            if resource["Type"] in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"):
                yield name, self.resolve(properties["PolicyDocument"])
            if resource["Type"] == "AWS::IAM::Role":
                for policy in self.resolve(properties.get("Policies", [])):
                    yield f"{name} {policy['PolicyName']}", policy["PolicyDocument"]
