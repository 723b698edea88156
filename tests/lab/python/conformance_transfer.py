"""Does the machine `transfer`, as it is deployed, start one container for a job, and pass on how it ended? Its steps are stand-ins. Run
with the environment of a running lab."""

import io
import json
import re
import unittest
import uuid
import zipfile
from pathlib import Path

import boto3

from labkit import CONFIG, client, lab, until
from tasks_lab import ROLE, TaskCase

DEFINITION = (Path(__file__).resolve().parents[3] / "state-machines/transfer.asl.json").read_text()
ENDED = ("SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT")
# Returns its event, or fails with the error that the event asks for.
FUNCTION = """#!/usr/bin/env python3
import json, os, urllib.request
api = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
while True:
    with urllib.request.urlopen(f"{api}/next") as answer:
        request, event = answer.headers["Lambda-Runtime-Aws-Request-Id"], json.load(answer)
    said = {"errorType": event["error"], "errorMessage": "the step's own words"} if "error" in event else event
    path = f"{api}/{request}/{'error' if 'error' in event else 'response'}"
    urllib.request.urlopen(urllib.request.Request(path, data=json.dumps(said).encode(), method="POST")).read()
"""
# A container ends as its input asks for.
CONTAINER = """
import json, os, sys, time
given = json.loads(os.environ["TASK_INPUT"])
time.sleep(given.get("sleep", 0))
sys.exit(given["exit"])
"""


class Transfer(TaskCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.steps = client("stepfunctions")
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr("bootstrap", FUNCTION)
        code = {"ZipFile": archive.getvalue()}
        boto3.client("lambda", config=CONFIG).create_function(
            FunctionName=f"{cls.cluster}-write-dump", Runtime="provided.al2023", Handler="x", Role=ROLE, Code=code
        )

    def setUp(self):
        super().setUp()
        lab("DELETE", "/ledger")
        self.family = f"{self.cluster}-write-dump"
        self.register("python3", "-c", CONTAINER)

    def start(self, given, placement="task", step="write-dump", subnets="subnet-0a1b2c3d,subnet-1b2c3d4e"):
        values = {
            "Partition": "aws", "StackName": self.cluster, "Cluster": self.cluster, "SubnetIds": subnets,
            "SecurityGroupIds": "sg-0a1b2c3d", "AssignPublicIp": "DISABLED", "ResultsBucket": "results",
        }  # fmt: skip
        definition = re.sub(r"\$\{(\w+)\}", lambda found: values[found.group(1)], DEFINITION)
        name = f"transfer-{uuid.uuid4().hex[:8]}"
        machine = self.steps.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]
        given = json.dumps({"step": step, "placement": placement, "input": given})
        return self.steps.start_execution(stateMachineArn=machine, input=given)["executionArn"]

    def outcome(self, execution):
        ask = lambda: self.steps.describe_execution(executionArn=execution)
        return until(ask, lambda found: found["status"] in ENDED, f"{execution} ended", seconds=60)

    def failure(self, execution):
        """What the step was given as the failure of its task."""
        ended = self.outcome(execution)
        self.assertEqual(ended["status"], "SUCCEEDED", ended)
        return json.loads(ended["output"])["task"]["failed"]

    def calls(self):
        return [call for call in lab("GET", "/ledger") if call["action"] == "RunTask"]

    def inject(self, kind, **given):
        lab("POST", "/faults", {"service": "ecs", "action": "RunTask", "kind": kind, "nth": 1, **given})

    def test_a_function_gets_the_input_as_it_is(self):
        ended = self.outcome(self.start({"a": 1}, placement="function"))
        self.assertEqual(json.loads(ended["output"]), {"a": 1})
        self.assertEqual(self.calls(), [])

    def test_after_a_task_the_function_takes_over(self):
        ended = self.outcome(self.start({"exit": 0, "text": 'a "quoted" {% text %}'}))
        self.assertEqual(json.loads(ended["output"]), {"exit": 0, "text": 'a "quoted" {% text %}', "task": {"failed": None}})
        self.assertEqual(len(self.calls()), 1)

    def test_a_task_that_fails_is_not_started_again(self):
        failed = self.failure(self.start({"exit": 1}))
        self.assertEqual(failed["error"], "States.TaskFailed")
        self.assertEqual(json.loads(failed["cause"])["Containers"][0]["ExitCode"], 1)
        self.assertEqual(len(self.calls()), 1)

    def test_a_task_that_aws_takes_away_is_not_started_again(self):
        self.inject("job_aborted")
        failed = self.failure(self.start({"exit": 0, "sleep": 60}))
        self.assertEqual(json.loads(failed["cause"])["StopCode"], "TerminationNotice")
        self.assertEqual(len(self.calls()), 1)

    def test_what_started_nothing_is_tried_again(self):
        for kind in ("throttle", "no_capacity"):
            lab("DELETE", "/ledger")
            self.inject(kind, times=2)
            self.assertIsNone(self.failure(self.start({"exit": 0})))
            self.assertEqual(len(self.calls()), 3)

    def test_what_may_have_started_a_container_is_not(self):
        for kind, error in (("error_500", "ECS.ServerException"), ("cut_after", "ECS.SdkClientException")):
            lab("DELETE", "/ledger")
            self.inject(kind)
            self.assertEqual(self.failure(self.start({"exit": 0}))["error"], error)
            self.assertEqual(len(self.calls()), 1)

    def test_an_input_that_is_too_long_for_a_task(self):
        self.assertEqual(self.failure(self.start({"exit": 0, "text": "x" * 8192}))["error"], "ECS.InvalidParameterException")

    def test_a_job_fails_with_the_error_of_its_step(self):
        for placement in ("function", "task"):
            ended = self.outcome(self.start({"exit": 0, "error": "VerificationFailed"}, placement))
            self.assertEqual((ended["status"], ended["error"]), ("FAILED", "VerificationFailed"))
            self.assertIn("the step's own words", ended["cause"])

    def test_a_job_that_cannot_be(self):
        for given, words in (
            ({"step": "drop-database"}, "step is drop-database"),
            ({"placement": "elsewhere"}, "placement is elsewhere"),
            ({"subnets": ""}, "deploy the stack with VpcSubnetIds"),
        ):
            ended = self.outcome(self.start({"exit": 0}, **given))
            self.assertEqual((ended["status"], ended["error"]), ("FAILED", "InvalidInput"))
            self.assertIn(words, ended["cause"])
        self.assertEqual(self.calls(), [])

    def test_an_abandoned_job_stops_its_task(self):
        execution = self.start({"exit": 0, "sleep": 60})
        running = lambda: self.ecs.list_tasks(cluster=self.cluster, family=self.family, desiredStatus="RUNNING")["taskArns"]
        [task] = until(running, bool, "a task")
        until(lambda: self.describe(task)["lastStatus"], lambda status: status == "RUNNING", "running")
        self.steps.stop_execution(executionArn=execution)
        self.assertEqual(self.ended(task)["stopCode"], "UserInitiated")
        self.assertEqual(self.outcome(execution)["status"], "ABORTED")


if __name__ == "__main__":
    unittest.main()
