"""Do the lab's Fargate tasks, and Step Functions' `ecs:runTask.sync`, behave like AWS's? Run with the environment of a running lab."""

import json
import os
import signal
import unittest
import uuid
from pathlib import Path

from botocore.exceptions import ClientError

from labkit import client, lab, until
from tasks_lab import ROLE, TaskCase

ENDED = ("SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT")


class Tasks(TaskCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.steps = client("stepfunctions")

    def refused(self, code, words, **given):
        with self.assertRaises(ClientError) as refused:
            self.run_task(**given)
        error = refused.exception.response["Error"]
        self.assertEqual(error["Code"], code)
        self.assertIn(words, error["Message"])

    def execute(self, **given):
        network = {"AwsvpcConfiguration": {"Subnets": ["subnet-0a1b2c3d"]}}
        arguments = {"Cluster": self.cluster, "TaskDefinition": self.family, "LaunchType": "FARGATE", "NetworkConfiguration": network}
        state = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Arguments": {**arguments, **given}, "End": True}
        definition = {"QueryLanguage": "JSONata", "StartAt": "Run", "States": {"Run": state}}
        machine = self.steps.create_state_machine(name=self.family, definition=json.dumps(definition), roleArn=ROLE)["stateMachineArn"]
        return self.steps.start_execution(stateMachineArn=machine)["executionArn"]

    def outcome(self, execution):
        ask = lambda: self.steps.describe_execution(executionArn=execution)
        return until(ask, lambda found: found["status"] in ENDED, f"{execution} ended")

    def test_a_container_runs_with_its_environment_and_the_task_stops_with_its_code(self):
        self.register("sh", "-c", 'echo "$A, $B"; pwd; ls; exit 3')
        before = self.run_task(overrides={"containerOverrides": [{"name": "step", "environment": [{"name": "B", "value": "of the call"}]}]})
        task = self.ended(before)
        self.assertEqual((task["stopCode"], task["stoppedReason"]), ("EssentialContainerExited", "Essential container in task exited"))
        self.assertEqual([container["exitCode"] for container in task["containers"]], [3])
        first, place, *files = self.said(before)
        self.assertEqual((first, files), ("of the definition, of the call", ["tmp"]))
        self.assertFalse(Path(place).exists(), "what a container wrote is gone with it")

    def test_a_container_is_its_role(self):
        output = ("--query", "Account", "--output", "text", "--endpoint-url", os.environ["AWS_ENDPOINT_URL"])
        self.register("aws", "sts", "get-caller-identity", *output)
        task = self.run_task()
        self.assertEqual(self.ended(task)["containers"][0]["exitCode"], 0, self.said(task))
        self.assertEqual(self.said(task), ["000000000000"])
        script = "import os, urllib.request; urllib.request.urlopen(os.environ['AWS_CONTAINER_CREDENTIALS_FULL_URI'])"
        self.register("python3", "-c", script)
        task = self.run_task()
        self.assertEqual(self.ended(task)["containers"][0]["exitCode"], 1)
        self.assertIn("403", self.said(task)[-1])

    def test_what_fargate_refuses(self):
        self.register("sh", "-c", "true")
        self.refused("ClusterNotFoundException", "Cluster not found", cluster="nowhere")
        self.refused("ClientException", "TaskDefinition not found", taskDefinition="nothing")
        self.refused("InvalidParameterException", "No Container Instances", launchType="EC2")
        self.refused("InvalidParameterException", "Network Configuration must be provided", networkConfiguration={})
        self.refused("InvalidParameterException", "subnets can not be empty", networkConfiguration={"awsvpcConfiguration": {"subnets": []}})
        self.refused("InvalidParameterException", "does not exist", networkConfiguration={"awsvpcConfiguration": {"subnets": [""]}})
        other = {"containerOverrides": [{"name": "other"}]}
        self.refused("InvalidParameterException", "container named other is not", overrides=other)
        long = lambda size: {"containerOverrides": [{"name": "step", "environment": [{"name": "A", "value": "x" * size}]}]}
        around = len(json.dumps(long(0), separators=(",", ":")))
        self.refused("InvalidParameterException", "must be at most 8192", overrides=long(8193 - around))
        self.ended(self.run_task(overrides=long(8192 - around)))

    def test_a_definition_that_does_not_fit_fargate(self):
        for given, words in (
            ({"memory": "1024"}, "No Fargate configuration"),
            ({"executionRoleArn": ""}, "execution role ARN"),
            ({"networkMode": "bridge"}, "only supports network mode"),
        ):
            with self.assertRaisesRegex(ClientError, words):
                self.register("sh", "-c", "true", **given)

    def test_nothing_outlives_the_first_process_of_a_container(self):
        self.register("sh", "-c", "sleep 60 & exit 0")
        self.assertEqual(self.ended(self.run_task())["containers"][0]["exitCode"], 0)

    def test_a_container_that_cannot_be_started(self):
        for command, group, words in (
            (("no-such-program", "x"), None, "executable file not found"),
            (("sh", "-c", "true"), "/aws/ecs/nowhere", "cannot find the Amazon CloudWatch log group"),
        ):
            self.register(*command, group=group)
            task = self.ended(self.run_task())
            self.assertEqual(task["stopCode"], "TaskFailedToStart")
            self.assertIn(words, task["stoppedReason"])
            self.assertNotIn("exitCode", task["containers"][0])

    def test_a_stopped_task_may_end_by_itself_and_is_killed_if_it_does_not(self):
        self.register("sh", "-c", "trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done")
        task = self.run_task()
        until(lambda: self.describe(task)["lastStatus"] == "RUNNING" and self.said(task), bool, "running")
        self.assertEqual(self.ecs.stop_task(cluster=self.cluster, task=task, reason="by hand")["task"]["desiredStatus"], "STOPPED")
        stopped = self.ended(task)
        self.assertEqual((stopped["stopCode"], stopped["stoppedReason"]), ("UserInitiated", "by hand"))
        self.assertEqual(stopped["containers"][0]["exitCode"], 5)

    def test_a_task_fails_sticks_and_is_lost_on_request(self):
        self.register("sleep", "60")
        fault = lambda kind: lab("POST", "/faults", {"service": "ecs", "action": "RunTask", "kind": kind, "nth": 1})
        fault("job_failed")
        self.assertIn("CannotPullContainerError", self.ended(self.run_task())["stoppedReason"])
        fault("job_aborted")
        lost = self.ended(self.run_task())
        self.assertEqual((lost["stopCode"], lost["containers"][0]["exitCode"]), ("TerminationNotice", 128 + signal.SIGKILL))
        fault("job_stuck")
        stuck = self.run_task()
        until(lambda: self.describe(stuck)["lastStatus"], lambda status: status == "PENDING", "pending")
        self.ecs.stop_task(cluster=self.cluster, task=stuck)
        self.ended(stuck)

    def test_step_functions_awaits_a_task_and_describes_it(self):
        self.register("sh", "-c", 'sleep 0.3; test "$B" = "{\\"a\\": 1}"')
        override = {"Name": "step", "Environment": [{"Name": "B", "Value": '{"a": 1}'}]}
        done = self.outcome(self.execute(Overrides={"ContainerOverrides": [override]}))
        self.assertEqual(done["status"], "SUCCEEDED", done)
        task = json.loads(done["output"])
        self.assertEqual((task["LastStatus"], task["StartedBy"], task["Containers"][0]["ExitCode"]), ("STOPPED", "AWS Step Functions", 0))
        self.assertIsInstance(task["StoppedAt"], int)
        self.assertEqual([call["caller"] for call in lab("GET", "/ledger") if call["action"] == "RunTask"][-1], "step-functions")

    def test_a_task_that_fails_fails_its_state_with_its_description(self):
        self.register("sh", "-c", "exit 7")
        failed = self.outcome(self.execute())
        self.assertEqual((failed["status"], failed["error"]), ("FAILED", "States.TaskFailed"))
        task = json.loads(failed["cause"])
        self.assertEqual((task["StopCode"], task["Containers"][0]["ExitCode"]), ("EssentialContainerExited", 7))

    def test_a_refused_task_fails_its_state_by_name(self):
        self.register("sh", "-c", "true")
        for given, kind, name in (
            ({"TaskDefinition": "nothing"}, None, "ECS.ClientException"),
            ({}, "throttle", "ECS.AmazonECSException"),
            ({}, "access_denied", "ECS.AccessDeniedException"),
            ({}, "error_500", "ECS.ServerException"),
            ({}, "cut_before", "ECS.SdkClientException"),
        ):
            self.family = f"family-{uuid.uuid4().hex[:8]}"
            self.register("sh", "-c", "true")
            if kind:
                lab("POST", "/faults", {"service": "ecs", "action": "RunTask", "kind": kind, "nth": 1})
            failed = self.outcome(self.execute(**given))
            self.assertEqual((failed["status"], failed["error"]), ("FAILED", name), failed)

    def test_a_stopped_execution_stops_its_task(self):
        self.register("sleep", "60")
        execution = self.execute()
        of_family = lambda: self.ecs.list_tasks(cluster=self.cluster, family=self.family)["taskArns"]
        [task] = until(of_family, bool, "a task")
        until(lambda: self.describe(task)["lastStatus"], lambda status: status == "RUNNING", "running")
        self.steps.stop_execution(executionArn=execution, error="Operator", cause="by hand")
        stopped = self.ended(task)
        self.assertEqual((stopped["stopCode"], stopped["containers"][0]["exitCode"]), ("UserInitiated", 128 + signal.SIGTERM))



if __name__ == "__main__":
    unittest.main()
