"""An alarm is for what a person has to do something about."""

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What nobody retries any more: an execution that ended badly, a schedule that started none, an event that was given up.
WORTH_WAKING = {
    "AWS/States": {"ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted", "ExecutionsStarted"},
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible"},
}


class Alarms(unittest.TestCase):
    template = (ROOT / "infra/alarms.yaml").read_text()

    def test_none_counts_what_is_retried_by_design(self):
        """Fails at 8e363f8: 31 alarms counted the errors of functions, NotReady and Throttled among them."""
        found = re.findall(r"      Namespace: (.*)\n      MetricName: (.*)\n", self.template)
        self.assertEqual(len(found), self.template.count("Type: AWS::CloudWatch::Alarm\n"))
        for namespace, metric in found:
            self.assertIn(metric, WORTH_WAKING.get(namespace, set()), f"{namespace} {metric}")

    def test_every_machine_has_an_alarm_for_each_bad_end(self):
        for file in (ROOT / "state-machines").glob("*.asl.json"):
            for end in ("failed", "timed-out", "aborted"):
                self.assertIn(f"AlarmName: !Sub ${{Stack}}-{file.name.removesuffix('.asl.json')}-{end}\n", self.template)


if __name__ == "__main__":
    unittest.main()
