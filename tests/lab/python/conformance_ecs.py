"""Does the lab's ECS behave like AWS's where a cut-over relies on it? Run with the environment of a running lab."""

import unittest
import uuid
from pathlib import Path

from botocore.exceptions import ClientError

from labkit import client, lab, until

TAGS = [{"key": "holdfast:restore", "value": "one"}]


class Ecs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ecs = client("ecs")
        cls.cluster = f"ecs-{uuid.uuid4().hex[:8]}"
        cls.ecs.create_cluster(clusterName=cls.cluster)
        efs = client("efs")
        cls.file_system = efs.create_file_system(CreationToken=cls.cluster)["FileSystemId"]
        cls.place = Path(lab("GET", "/efs")[cls.file_system])
        (cls.place / "hubs").mkdir()

    def setUp(self):
        lab("DELETE", "/faults")
        lab("PUT", "/durations", {"service_deployment": 0.3})
        self.family = f"family-{uuid.uuid4().hex[:8]}"

    def register(self, root="/hubs", **authorization):
        mount = {"fileSystemId": self.file_system, "rootDirectory": root, "transitEncryption": "ENABLED"}
        if authorization:
            mount["authorizationConfig"] = authorization
        registered = self.ecs.register_task_definition(
            family=self.family,
            containerDefinitions=[{"name": "web", "image": "hubs:1", "memory": 128}],
            volumes=[{"name": "storage", "efsVolumeConfiguration": mount}],
            tags=TAGS,
        )
        return registered["taskDefinition"]["taskDefinitionArn"]

    def create(self, definition, rollback=True):
        self.ecs.create_service(
            cluster=self.cluster,
            serviceName=self.family,
            taskDefinition=definition,
            desiredCount=2,
            deploymentConfiguration={"deploymentCircuitBreaker": {"enable": rollback, "rollback": rollback}},
        )
        self.stable(definition)

    def describe(self):
        [service] = self.ecs.describe_services(cluster=self.cluster, services=[self.family])["services"]
        return service

    def update(self, definition):
        self.ecs.update_service(cluster=self.cluster, service=self.family, taskDefinition=definition)

    def stable(self, definition):
        def is_stable(service):
            [*deployments] = service["deployments"]
            primary = next(d for d in deployments if d["status"] == "PRIMARY")
            return (
                service["taskDefinition"] == definition
                and primary["rolloutState"] == "COMPLETED"
                and service["runningCount"] == 2
                and all(d is primary or d["runningCount"] == 0 for d in deployments)
            )

        return until(self.describe, is_stable, f"{definition} stable")

    def test_a_deployment_takes_its_time_and_replaces_the_old_one(self):
        first = self.register()
        self.create(first)
        (self.place / "restored").mkdir(exist_ok=True)
        second = self.register("/restored")
        self.update(second)
        service = self.describe()
        [primary] = [d for d in service["deployments"] if d["status"] == "PRIMARY"]
        self.assertEqual((primary["taskDefinition"], primary["rolloutState"]), (second, "IN_PROGRESS"))
        self.assertEqual(service["runningCount"], 2)
        self.stable(second)
        self.update(first)
        self.stable(first)

    def test_a_forced_deployment_starts_other_tasks_with_the_same_revision(self):
        first = self.register()
        self.create(first)
        before = self.describe()["deployments"][0]["id"]
        tasks = set(self.running())
        forced = self.ecs.update_service(cluster=self.cluster, service=self.family, forceNewDeployment=True)["service"]
        [primary] = [d for d in forced["deployments"] if d["status"] == "PRIMARY"]
        self.assertNotEqual(primary["id"], before)
        self.assertEqual((primary["taskDefinition"], primary["rolloutState"]), (first, "IN_PROGRESS"))
        self.assertIn(before, [d["id"] for d in forced["deployments"] if d["status"] == "ACTIVE"])
        service = self.stable(first)
        self.assertEqual([d["id"] for d in service["deployments"] if d["status"] == "PRIMARY"], [primary["id"]])
        self.assertFalse(tasks & set(self.running()))

    def test_a_forced_deployment_that_fails_rolls_back_with_another_id(self):
        first = self.register()
        self.create(first)
        lab("POST", "/faults", {"service": "ecs", "action": "UpdateService", "kind": "job_failed", "nth": 1})
        forced = self.ecs.update_service(cluster=self.cluster, service=self.family, forceNewDeployment=True)["service"]
        ours = forced["deployments"][0]["id"]
        service = self.stable(first)
        [primary] = [d["id"] for d in service["deployments"] if d["status"] == "PRIMARY"]
        self.assertNotEqual(primary, ours)
        self.assertTrue(any("deployment failed" in event["message"] for event in service["events"]), service["events"])

    def running(self):
        return self.ecs.list_tasks(cluster=self.cluster, serviceName=self.family)["taskArns"]

    def test_a_directory_that_is_not_there_rolls_back(self):
        first = self.register()
        self.create(first)
        self.update(self.register("/nowhere"))
        service = self.stable(first)
        self.assertTrue(any("deployment failed" in event["message"] for event in service["events"]), service["events"])
        stopped = self.ecs.list_tasks(cluster=self.cluster, desiredStatus="STOPPED")["taskArns"]
        reasons = [
            task["stoppedReason"] for task in self.ecs.describe_tasks(cluster=self.cluster, tasks=stopped)["tasks"]
        ]
        self.assertTrue(any("No such file or directory" in reason for reason in reasons), reasons)

    def test_a_deployment_fails_or_sticks_on_request(self):
        first = self.register()
        self.create(first)
        lab("POST", "/faults", {"service": "ecs", "action": "UpdateService", "kind": "job_failed", "nth": 1})
        self.update(self.register())
        self.stable(first)
        lab("POST", "/faults", {"service": "ecs", "action": "UpdateService", "kind": "job_stuck", "nth": 1})
        stuck = self.register()
        self.update(stuck)
        until(self.describe, lambda s: s["taskDefinition"] == stuck and s["pendingCount"] == 2, "stuck")
        self.update(first)
        self.stable(first)

    def test_revisions_are_listed_newest_first_with_their_tags(self):
        first, second = self.register(), self.register()
        listed = self.ecs.list_task_definitions(familyPrefix=self.family, sort="DESC", maxResults=5)
        self.assertEqual(listed["taskDefinitionArns"], [second, first])
        self.assertEqual(self.ecs.describe_task_definition(taskDefinition=second, include=["TAGS"])["tags"], TAGS)
        self.assertNotIn("tags", self.ecs.describe_task_definition(taskDefinition=second))

    def test_an_access_point_excludes_a_root_directory(self):
        with self.assertRaises(ClientError) as refused:
            self.register("/hubs", accessPointId="fsap-0123456789abcdef0")
        self.assertEqual(refused.exception.response["Error"]["Code"], "ClientException")

    def test_a_service_that_is_not_there_is_missing(self):
        answer = self.ecs.describe_services(cluster=self.cluster, services=["nobody"])
        self.assertEqual([failure["reason"] for failure in answer["failures"]], ["MISSING"])


class Secrets(unittest.TestCase):
    def setUp(self):
        self.secrets = client("secretsmanager")
        self.name = f"secret-{uuid.uuid4().hex[:8]}"
        self.first = self.secrets.create_secret(Name=self.name, SecretString="one")["VersionId"]

    def put(self, token, value):
        self.secrets.put_secret_value(
            SecretId=self.name, ClientRequestToken=token, SecretString=value, VersionStages=["HOLDFAST"]
        )

    def move(self, source, target):
        self.secrets.update_secret_version_stage(
            SecretId=self.name, VersionStage="AWSCURRENT", RemoveFromVersionId=source, MoveToVersionId=target
        )

    def current(self):
        return self.secrets.get_secret_value(SecretId=self.name)["VersionId"]

    def test_a_version_is_put_once_and_the_label_moves_there_and_back(self):
        token = "a" * 64
        self.put(token, "two")
        self.assertEqual(self.current(), self.first)
        self.move(self.first, token)
        self.assertEqual(self.current(), token)
        self.put(token, "two")
        self.assertEqual(self.current(), token)
        with self.assertRaises(self.secrets.exceptions.ResourceExistsException):
            self.put(token, "three")
        self.move(token, self.first)
        self.assertEqual(self.current(), self.first)

    def test_the_label_moves_only_from_where_it_is(self):
        token = "b" * 64
        self.put(token, "two")
        self.secrets.put_secret_value(SecretId=self.name, SecretString="rotated")
        with self.assertRaises(self.secrets.exceptions.InvalidParameterException):
            self.move(self.first, token)


if __name__ == "__main__":
    unittest.main()
