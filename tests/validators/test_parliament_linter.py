"""The input of parliament, and the evaluation of its findings."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import parliament_linter
import policies

TEMPLATE = """
Parameters:
  Pattern: {Type: String, Default: "*"}
Resources:
  Topic: {Type: AWS::SNS::Topic}
  Catalog: {Type: AWS::DynamoDB::Table}
  Role:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyName: step
          PolicyDocument:
            Statement:
              - Effect: Allow
                Action: [sns:Publish, !If [Traced, xray:PutTraceSegments, !Ref AWS::NoValue]]
                Resource: [!Ref Topic, !GetAtt Catalog.Arn, !Sub "arn:${AWS::Partition}:s3:::${Pattern}"]
        - !If [Traced, !Ref AWS::NoValue, {PolicyName: other}]
  Attached:
    Type: AWS::IAM::Policy
    Properties: {PolicyName: kind, Roles: [!Ref Role], PolicyDocument: {Statement: [{Action: sns:Publish}]}}
"""
MISMATCH = ("RESOURCE_MISMATCH", "rds:CreateDBInstance on arn:*:rds:*:*:db:*")
RULE = {"finding": "RESOURCE_STAR", "policies": ["Role step"], "about": ["kms:"], "reason": "nobody knows the key's name"}


class Parliament(unittest.TestCase):
    def test_a_policy_is_what_cloudformation_makes_of_it(self):
        (name, document), attached = policies.Template(TEMPLATE).policies()
        self.assertEqual(name, "Role step")
        self.assertEqual(attached, ("Attached", {"Statement": [{"Action": "sns:Publish"}]}))
        (statement,) = document["Statement"]
        self.assertEqual(statement["Action"], ["sns:Publish", "xray:PutTraceSegments"])
        here = "us-east-1:123456789012"
        self.assertEqual(statement["Resource"], [f"arn:aws:sns:{here}:name", f"arn:aws:dynamodb:{here}:table/name", "arn:aws:s3:::*"])

    def test_the_resources_of_an_action_may_stand_in_several_statements(self):
        statements = lambda count: {"Statement": [{"Action": "rds:CreateDBInstance"}] * count}
        self.assertEqual(parliament_linter.whole([MISMATCH], statements(2)), [])
        self.assertEqual(parliament_linter.whole([MISMATCH, MISMATCH], statements(2)), [MISMATCH])
        self.assertEqual(parliament_linter.whole([MISMATCH], statements(1)), [MISMATCH])

    def test_what_a_finding_is_about(self):
        self.assertEqual(parliament_linter.about(["kms:Decrypt"]), ["kms:Decrypt"])
        self.assertEqual(parliament_linter.about([{"action": "a:B", "required_format": "arn:*"}]), ["a:B on arn:*"])
        self.assertEqual(parliament_linter.about("Unknown condition x for action y"), ["Unknown condition x"])

    def test_only_what_is_listed_with_a_reason_is_let_through(self):
        faults = lambda found, rules: list(parliament_linter.faults(found, rules))
        star = {"Role step": [("RESOURCE_STAR", "kms:Decrypt")]}
        self.assertEqual(faults(star, [RULE]), [])
        self.assertEqual(faults(star, [{**RULE, "policies": ["*"]}]), [])
        self.assertEqual(len(faults(star, [])), 1)
        self.assertEqual(len(faults(star, [{**RULE, "policies": ["Other"]}])), 2)
        self.assertEqual(len(faults({}, [RULE])), 1)
        self.assertEqual(len(faults(star, [{**RULE, "reason": "so"}])), 1)


if __name__ == "__main__":
    unittest.main()
