"""An alarm is for conditions that need a person's action."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import state_machines
import template

ROOT = Path(__file__).resolve().parents[3]
# Conditions without further retries: a failed execution, a schedule that started none, a discarded event.
WORTH_WAKING = {
    "AWS/States": {"ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted", "ExecutionsStarted"},
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible"},
}


class Alarms(unittest.TestCase):
    alarms = [
        resource["Properties"]
        for resource in template.Template(ROOT / "infra/alarms.yaml").of_type("AWS::CloudWatch::Alarm").values()
    ]

    def test_none_counts_what_is_retried_by_design(self):
        """Fails at 8e363f8: 31 alarms counted the errors of functions, NotReady and Throttled among them."""
        for alarm in self.alarms:
            self.assertIn(alarm["MetricName"], WORTH_WAKING.get(alarm["Namespace"], set()), alarm["AlarmName"])

    def test_every_machine_has_an_alarm_for_each_bad_end(self):
        names = {alarm["AlarmName"] for alarm in self.alarms}
        for file in (ROOT / "state-machines").glob("*.asl.json"):
            name = file.name.removesuffix(".asl.json")
            # The run that started a job reports it.
            check = self.assertNotIn if name in state_machines.JOBS else self.assertIn
            for end in ("failed", "timed-out", "aborted"):
                check(template.Call("Sub", f"${{Stack}}-{name}-{end}"), names)


if __name__ == "__main__":
    unittest.main()
