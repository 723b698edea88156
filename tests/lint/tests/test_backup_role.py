"""The lint of AWS Backup's role finds missing and restricted statements."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import backup_role
import template

TEMPLATE = (Path(__file__).resolve().parents[3] / "infra/template.yaml").read_text()


def faults(text=TEMPLATE):
    return list(backup_role.faults(template.parsed(text)["Resources"]["BackupRole"]["Properties"]))


class BackupRole(unittest.TestCase):
    def lacks(self, old, new, said):
        self.assertIn(old, TEMPLATE)
        found = faults(TEMPLATE.replace(old, new))
        self.assertTrue(any(said in fault for fault in found), f"{said!r} is not in {found}")

    def test_ours_grants_what_awss_policies_do(self):
        """Fails at 8e363f8: kms:DescribeKey hung on a service, and a restore could not make grants."""
        self.assertEqual(faults(), [])

    def test_an_action_that_is_gone(self):
        self.lacks("elasticfilesystem:Restore\n", "elasticfilesystem:Other\n", "restore: elasticfilesystem:Restore on file-system/*")

    def test_a_condition_that_aws_does_not_make(self):
        plain = '                Action: kms:DescribeKey\n                Resource: "*"\n'
        hedged = plain + '                Condition: {StringLike: {kms:ViaService: backup.*.amazonaws.com}}\n'
        self.lacks(plain, hedged, "back-up: kms:DescribeKey on * without a condition")

    def test_a_resource_that_is_less(self):
        plain = "Action: kms:CreateGrant\n                Resource: \"*\"\n"
        self.lacks(plain, plain.replace('"*"', "!Sub arn:aws:kms:eu-west-1:1:key/*"), "restore: kms:CreateGrant on *")


if __name__ == "__main__":
    unittest.main()
