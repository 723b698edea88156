"""Shared by the conformance tests of tasks: a cluster, definitions, and how a task ended."""

import unittest
import uuid

from labkit import client, lab, until

ROLE = "arn:aws:iam::000000000000:role/conformance"
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d"], "securityGroups": ["sg-0a1b2c3d"]}}


class TaskCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ecs, cls.logs = client("ecs"), client("logs")
        cls.cluster = f"tasks-{uuid.uuid4().hex[:8]}"
        cls.ecs.create_cluster(clusterName=cls.cluster)
        cls.logs.create_log_group(logGroupName=f"/aws/ecs/{cls.cluster}")

    def setUp(self):
        lab("DELETE", "/faults")
        lab("PUT", "/durations", {"task_start": 0.1})
        self.family = f"family-{uuid.uuid4().hex[:8]}"

    def register(self, *command, group=None, **given):
        options = {"awslogs-group": group or f"/aws/ecs/{self.cluster}", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "step"}
        container = {
            "name": "step",
            "image": "public.ecr.aws/aws-cli/aws-cli:2",
            "entryPoint": list(command[:2]),
            "command": list(command[2:]),
            "environment": [{"name": "A", "value": "of the definition"}, {"name": "B", "value": "of the definition"}],
            "logConfiguration": {"logDriver": "awslogs", "options": options},
        }
        wanted = {"cpu": "1024", "memory": "2048", "executionRoleArn": ROLE, "taskRoleArn": ROLE, "networkMode": "awsvpc"}
        return self.ecs.register_task_definition(
            family=self.family, requiresCompatibilities=["FARGATE"], containerDefinitions=[container], **{**wanted, **given}
        )["taskDefinition"]

    def run_task(self, **given):
        wanted = {"cluster": self.cluster, "taskDefinition": self.family, "launchType": "FARGATE", "networkConfiguration": NETWORK}
        [task] = self.ecs.run_task(**{**wanted, **given})["tasks"]
        return task["taskArn"]

    def describe(self, task):
        return self.ecs.describe_tasks(cluster=self.cluster, tasks=[task])["tasks"][0]

    def ended(self, task):
        return until(lambda: self.describe(task), lambda found: found["lastStatus"] == "STOPPED", f"{task} stopped")

    def said(self, task):
        stream = f"step/step/{task.rpartition('/')[2]}"
        events = self.logs.get_log_events(logGroupName=f"/aws/ecs/{self.cluster}", logStreamName=stream)["events"]
        return [event["message"] for event in events]
