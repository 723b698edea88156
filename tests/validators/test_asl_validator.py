"""The input of asl-validator, and the evaluation of its output."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import asl_validator


class AslValidator(unittest.TestCase):
    def test_substitutions_become_samples(self):
        text = asl_validator.substituted('"${StackName}-plan-backup" "arn:${Partition}:states" "${BackupStateMachineArn}"')
        self.assertIn('"holdfast-plan-backup"', text)
        self.assertIn('"arn:aws:states"', text)
        self.assertIn(":stateMachine:BackupStateMachineArn", text)

    def test_messages_are_told_from_the_verdict(self):
        said = '✕ State machine definition "x" is invalid:\n SCHEMA_VALIDATION_FAILED: a\nMISSING_TRANSITION_TARGET: b\n'
        self.assertEqual(asl_validator.messages(said), ["SCHEMA_VALIDATION_FAILED: a", "MISSING_TRANSITION_TARGET: b"])

    def test_only_what_is_listed_with_a_reason_is_let_through(self):
        faults = lambda said, allowed: list(asl_validator.faults({"backup.asl.json": said}, allowed))
        self.assertEqual(faults([], {}), [])
        self.assertEqual(faults(["A: b"], {}), ["backup.asl.json: A: b"])
        self.assertEqual(faults(["A: b"], {"A: b": "the service takes it"}), [])
        self.assertEqual(len(faults(["A: b"], {"A: b": "why"})), 1)
        self.assertEqual(len(faults([], {"A: b": "the service takes it"})), 1)


if __name__ == "__main__":
    unittest.main()
