"""The lint of the roles reads every statement, and finds each way of allowing too much."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import permissions
import project
import template

ROOT = Path(__file__).resolve().parents[3]

ROLE = """
              Statement:
              - Effect: Allow
                Action:
                  - logs:CreateLogStream # unused: Lambda itself writes the logs
                  - logs:PutLogEvents
                Resource: !GetAtt EndRunLogs.Arn
              - Effect: Allow
                Action:
                  - iam:PassRole
                Resource:
                  - !GetAtt BackupRole.Arn
                  - !Sub arn:${AWS::Partition}:iam::${AWS::AccountId}:role/x # why
                Condition:
                  StringEquals: {iam:PassedToService: backup.amazonaws.com}
"""


def read(text):
    return [permissions.statement("end-run", written) for written in template.parsed(text)["Statement"]]


class Roles(unittest.TestCase):
    def faults(self, old="", new=""):
        self.assertIn(old, ROLE)
        return [fault for _, fault in permissions.faults({"end-run": read(ROLE.replace(old, new))})]

    def bad(self, old, new, said):
        found = self.faults(old, new)
        self.assertTrue(any(said in fault for fault in found), f"{said!r} is not in {found}")

    def test_statements_are_read(self):
        logs, role = read(ROLE)
        self.assertEqual(logs["actions"], ["logs:CreateLogStream", "logs:PutLogEvents"])
        self.assertEqual(logs["resources"], ["!GetAtt EndRunLogs.Arn"])
        self.assertEqual(logs["unused"], {"logs:CreateLogStream": "Lambda itself writes the logs"})
        self.assertEqual(role["resources"][1], "!Sub arn:${AWS::Partition}:iam::${AWS::AccountId}:role/x")
        self.assertEqual(self.faults(), [])

    def test_every_function_of_the_template_has_a_role_of_its_own(self):
        found = permissions.roles(project.Project(ROOT))
        self.assertEqual(len(found), 39)
        for step, statements in found.items():
            with self.subTest(step):
                self.assertEqual(statements[0]["resources"], [f"!GetAtt {project.pascal(step)}Logs.Arn"])
                self.assertEqual(list(permissions.faults({step: statements})), [])

    def test_a_star(self):
        self.bad("!GetAtt EndRunLogs.Arn", '"*"', "but IAM knows its resources")
        self.bad("logs:PutLogEvents", "logs:*", "logs:* is not one action")

    def test_a_resource_that_iam_does_not_know(self):
        self.bad("logs:PutLogEvents", "dynamodb:ListTables", "the call would be denied")

    def test_a_role_passed_to_anybody(self):
        self.bad("                Condition:\n                  StringEquals: {iam:PassedToService: backup.amazonaws.com}\n", "", "not bound")

    def test_a_restore_that_may_change_what_is_not_its_own(self):
        role = ROLE.replace("iam:PassRole", "rds:DeleteDBInstance")
        unbound = role[: role.index("                Condition:")]
        of = lambda step, text: [fault for _, fault in permissions.faults({step: read(text)})]
        self.assertEqual(of("undo-restore", role), [])
        self.assertEqual(of("undo-restore", unbound), ["rds:DeleteDBInstance is not bound by the tag holdfast:restore"])
        self.assertEqual(of("end-run", unbound), [])

    def test_a_pattern_that_locks_out_the_stacks_own(self):
        topics = "!Sub arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:${TopicPattern}"
        own = "\n                  - !Ref OnCallTopic\n                  - "
        self.assertEqual(self.faults("!GetAtt EndRunLogs.Arn", own + topics), [])
        self.bad("!GetAtt EndRunLogs.Arn", topics, "can lock out the stack's own: add !Ref OnCallTopic")

    def test_an_excuse_without_a_reason(self):
        self.bad("unused: Lambda itself writes the logs", "unused: no", "unused without a reason")

    def test_the_same_twice_and_out_of_order(self):
        self.bad("logs:PutLogEvents", "logs:CreateLogStream", "allowed twice")
        self.bad("logs:PutLogEvents", "aaa:Do", "actions are sorted")


if __name__ == "__main__":
    unittest.main()
