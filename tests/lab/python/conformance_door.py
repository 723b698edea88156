"""The front door: what passes through it, faults in every protocol, the ledger, the clock, and Application Auto
Scaling. Run with the environment of a running lab."""

import concurrent.futures
import datetime
import io
import json
import time
import unittest
import urllib.error
import urllib.request
import uuid
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from labkit import CONFIG, client, lab, until


class Door(unittest.TestCase):
    def setUp(self):
        lab("DELETE", "/faults")
        self.name = f"door-{uuid.uuid4().hex[:8]}"

    def tearDown(self):
        lab("DELETE", "/faults")

    def entries(self, **wanted):
        entries = lab("GET", "/ledger")
        return [entry for entry in entries if all(entry.get(key) == value for key, value in wanted.items())]

    def table(self):
        dynamodb = boto3.client("dynamodb", config=CONFIG)
        dynamodb.create_table(
            TableName=self.name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        return dynamodb


class PassedOn(Door):
    def test_objects_pass_byte_for_byte(self):
        s3 = boto3.client("s3", config=CONFIG)
        body = bytes(range(256)) * 20_000
        s3.create_bucket(Bucket=self.name)
        s3.put_object(Bucket=self.name, Key="a dir/é+key", Body=body)
        s3.upload_fileobj(io.BytesIO(body * 3), self.name, "large")
        self.assertEqual(s3.get_object(Bucket=self.name, Key="a dir/é+key")["Body"].read(), body)
        self.assertEqual(s3.head_object(Bucket=self.name, Key="large")["ContentLength"], len(body) * 3)
        url = s3.generate_presigned_url("get_object", Params={"Bucket": self.name, "Key": "large"})
        with urllib.request.urlopen(url) as answer:
            self.assertEqual(len(answer.read()), len(body) * 3)
        actions = {entry["action"] for entry in self.entries(service="s3") if self.name in entry["resource"]}
        self.assertLessEqual({"CreateBucket", "PutObject", "GetObject", "HeadObject"}, actions)

    def test_the_ledger_knows_caller_service_action_and_resource(self):
        dynamodb = self.table()
        dynamodb.put_item(TableName=self.name, Item={"id": {"S": "do-not-log-me"}})
        [entry] = self.entries(action="PutItem", resource=self.name)
        self.assertEqual((entry["service"], entry["caller"], entry["status"]), ("dynamodb", "conformance", 200))
        self.assertNotIn("do-not-log-me", json.dumps(entry))
        with self.assertRaises(dynamodb.exceptions.ResourceNotFoundException):
            dynamodb.describe_table(TableName=self.name + "-not")
        [entry] = self.entries(action="DescribeTable", resource=self.name + "-not")
        self.assertEqual((entry["status"], entry["error"]), (400, "ResourceNotFoundException"))
        last = lab("GET", "/ledger")[-1]["seq"]
        self.assertEqual(lab("GET", f"/ledger?since={last}"), [])


class Faults(Door):
    def test_throttling_is_retried_in_every_protocol(self):
        patient = Config(retries={"mode": "standard", "total_max_attempts": 3})
        calls = [
            ("dynamodb", "ListTables", "list_tables"),
            ("stepfunctions", "ListStateMachines", "list_state_machines"),
            ("sns", "ListTopics", "list_topics"),
            ("rds", "DescribeDBClusters", "describe_db_clusters"),
            ("lambda", "ListFunctions", "list_functions"),
            ("efs", "DescribeFileSystems", "describe_file_systems"),
            ("backup", "ListBackupJobs", "list_backup_jobs"),
            ("secretsmanager", "ListSecrets", "list_secrets"),
        ]
        clients = {service: boto3.client(service, config=patient) for service, _, _ in calls}

        def retried(service, action, method, kind):
            lab("POST", "/faults", {"action": action, "nth": 1, "kind": kind})
            return getattr(clients[service], method)()["ResponseMetadata"]["RetryAttempts"]

        for kind in ("throttle", "error_500", "error_503", "cut_before"):
            with concurrent.futures.ThreadPoolExecutor() as pool:
                asked = {call[0]: pool.submit(retried, *call, kind) for call in calls}
            for service, answer in asked.items():
                with self.subTest(service=service, kind=kind):
                    self.assertEqual(answer.result(), 1)

    def test_denied_is_not_retried(self):
        lab("POST", "/faults", {"service": "sns", "kind": "access_denied"})
        with self.assertRaises(ClientError) as caught:
            boto3.client("sns", config=Config(retries={"total_max_attempts": 3})).list_topics()
        self.assertEqual(caught.exception.response["Error"]["Code"], "AccessDenied")
        self.assertEqual(caught.exception.response["ResponseMetadata"]["RetryAttempts"], 0)

    def test_a_call_cut_after_its_effect_took_effect_once(self):
        dynamodb = self.table()
        lab("POST", "/faults", {"service": "dynamodb", "action": "CreateBackup", "nth": 1, "kind": "cut_after"})
        with self.assertRaises(ConnectionClosedError):
            dynamodb.create_backup(TableName=self.name, BackupName=self.name)
        backups = dynamodb.list_backups(TableName=self.name)["BackupSummaries"]
        self.assertEqual([backup["BackupName"] for backup in backups], [self.name])
        [entry] = self.entries(action="CreateBackup", resource=self.name)
        self.assertEqual((entry["fault"], entry["status"]), ("cut_after", 200))

    def test_slow_is_slow(self):
        lab("POST", "/faults", {"action": "ListTables", "nth": 1, "kind": "slow", "milliseconds": 300})
        before = time.monotonic()
        boto3.client("dynamodb", config=CONFIG).list_tables()
        self.assertGreaterEqual(time.monotonic() - before, 0.3)

    def test_a_function_that_calls_can_be_killed_and_others_can_not(self):
        dynamodb = self.table()
        lab("POST", "/faults", {"action": "ListTables", "nth": 1, "kind": "kill_caller_before"})
        with self.assertRaises(ConnectionClosedError):
            dynamodb.list_tables()  # this process is not a descendant of MiniStack: it only loses its connection
        source = (
            "import boto3, os\n"
            "def handler(event, context):\n"
            "    if event.get('who'): return os.getpid()\n"
            "    boto3.client('dynamodb').put_item(TableName=event['table'], Item={'id': {'S': 'once'}})\n"
        )
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("h.py", source)
        functions = boto3.client("lambda", config=Config(read_timeout=30, retries={"total_max_attempts": 1}))
        functions.create_function(
            FunctionName=self.name,
            Runtime="python3.11",
            Role="arn:aws:iam::000000000000:role/f",
            Handler="h.handler",
            Timeout=10,
            Code={"ZipFile": archive.getvalue()},
        )
        ask = json.dumps({"who": True})
        first = json.load(functions.invoke(FunctionName=self.name, Payload=ask)["Payload"])
        lab("POST", "/faults", {"action": "PutItem", "resource": self.name, "nth": 1, "kind": "kill_caller_after"})
        answer = functions.invoke(FunctionName=self.name, Payload=json.dumps({"table": self.name}))
        self.assertIn("FunctionError", answer)
        self.assertEqual(len(dynamodb.scan(TableName=self.name)["Items"]), 1)
        second = json.load(functions.invoke(FunctionName=self.name, Payload=ask)["Payload"])
        self.assertNotEqual(first, second, "the process was another one")

    def test_the_control_api_says_what_is_wrong(self):
        for method, path, body, word in [
            ("POST", "/faults", {"kind": "coffee"}, "coffee"),
            ("POST", "/faults", {"kind": "throttle", "nht": 1}, "nht"),
            ("PUT", "/durations", {"coffee": 1}, "coffee"),
            ("POST", "/clock", {"advance_seconds": -1}, "advance_seconds"),
            ("DELETE", "/faults/99999", None, "99999"),
            ("GET", "/ledger?since=x", None, "since"),
            ("GET", "/coffee", None, "coffee"),
        ]:
            with self.assertRaises(urllib.error.HTTPError) as caught:
                lab(method, path, body)
            self.assertIn(word, json.load(caught.exception)["error"])


class Clock(Door):
    def test_all_of_the_lab_is_on_one_clock(self):
        before = datetime.datetime.fromisoformat(lab("GET", "/clock")["now"])
        lab("POST", "/clock", {"advance_seconds": 86_400})
        now = datetime.datetime.fromisoformat(lab("GET", "/clock")["now"])
        self.assertGreaterEqual((now - before).total_seconds(), 86_400)
        dynamodb = self.table()
        made = dynamodb.create_backup(TableName=self.name, BackupName=self.name)["BackupDetails"]
        machine = boto3.client("stepfunctions", config=CONFIG)
        look = "{% [$states.context.Execution.StartTime, $states.context.State.EnteredTime] %}"
        states = {"Look": {"Type": "Pass", "Output": look, "End": True}}
        definition = {"QueryLanguage": "JSONata", "StartAt": "Look", "States": states}
        arn = machine.create_state_machine(
            name=self.name, definition=json.dumps(definition), roleArn="arn:aws:iam::000000000000:role/r"
        )["stateMachineArn"]
        run = machine.start_execution(stateMachineArn=arn)["executionArn"]
        done = until(
            lambda: machine.describe_execution(executionArn=run),
            lambda execution: execution["status"] == "SUCCEEDED",
            "execution",
        )
        times = [datetime.datetime.fromisoformat(time) for time in json.loads(done["output"])]
        for seen in [made["BackupCreationDateTime"], done["startDate"], *times]:
            self.assertLess(abs((seen - now).total_seconds()), 60)

    def test_a_schedule_of_the_next_day_fires_when_the_clock_gets_there(self):
        machine = boto3.client("stepfunctions", config=CONFIG)
        definition = {"StartAt": "Go", "States": {"Go": {"Type": "Pass", "End": True}}}
        role = "arn:aws:iam::000000000000:role/r"
        arn = machine.create_state_machine(name=self.name, definition=json.dumps(definition), roleArn=role)
        arn = arn["stateMachineArn"]
        boto3.client("scheduler", config=CONFIG).create_schedule(
            Name=self.name,
            ScheduleExpression="rate(1 day)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": arn, "RoleArn": role, "Input": "{}"},
        )

        def runs():
            return machine.list_executions(stateMachineArn=arn)["executions"]

        self.assertEqual(runs(), [])
        lab("POST", "/clock", {"advance_seconds": 86_401})
        until(runs, lambda found: len(found) == 1, "the schedule's execution", seconds=40)


class Autoscaling(Door):
    def test_targets_and_policies_are_remembered(self):
        scaling = client("application-autoscaling")
        about = {
            "ServiceNamespace": "dynamodb",
            "ResourceId": f"table/{self.name}",
            "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
        }
        with self.assertRaises(scaling.exceptions.ObjectNotFoundException):
            scaling.put_scaling_policy(PolicyName="p", **about)
        arn = scaling.register_scalable_target(MinCapacity=5, MaxCapacity=50, **about)["ScalableTargetARN"]
        scaling.register_scalable_target(MaxCapacity=60, **about)
        tracking = {
            "TargetValue": 70.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"},
        }
        scaling.put_scaling_policy(
            PolicyName="p",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=tracking,
            **about,
        )
        [target] = scaling.describe_scalable_targets(
            ServiceNamespace="dynamodb", ResourceIds=[about["ResourceId"]]
        )["ScalableTargets"]
        self.assertEqual((target["MinCapacity"], target["MaxCapacity"]), (5, 60))
        self.assertEqual(target["ScalableTargetARN"], arn)
        [policy] = scaling.describe_scaling_policies(**about)["ScalingPolicies"]
        self.assertEqual(policy["TargetTrackingScalingPolicyConfiguration"], tracking)
        action = {"ScheduledActionName": "s", "ScalableTargetAction": {"MinCapacity": 6}}
        with self.assertRaises(scaling.exceptions.ValidationException):
            scaling.put_scheduled_action(**action, **about)
        scaling.put_scheduled_action(Schedule="cron(0 6 * * ? *)", Timezone="Europe/Berlin", **action, **about)
        scaling.put_scheduled_action(Schedule="rate(1 day)", **action, **about)
        [found] = scaling.describe_scheduled_actions(**about)["ScheduledActions"]
        self.assertEqual((found["Schedule"], found["Timezone"]), ("rate(1 day)", "Europe/Berlin"))
        scaling.delete_scheduled_action(ScheduledActionName="s", **about)
        with self.assertRaises(scaling.exceptions.ObjectNotFoundException):
            scaling.delete_scheduled_action(ScheduledActionName="s", **about)
        scaling.delete_scaling_policy(PolicyName="p", **about)
        with self.assertRaises(scaling.exceptions.ObjectNotFoundException):
            scaling.delete_scaling_policy(PolicyName="p", **about)
        with self.assertRaises(scaling.exceptions.ValidationException):
            scaling.register_scalable_target(MinCapacity=9, MaxCapacity=1, **about)
        scaling.deregister_scalable_target(**about)
        found = scaling.describe_scalable_targets(ServiceNamespace="dynamodb", ResourceIds=[about["ResourceId"]])
        self.assertEqual(found["ScalableTargets"], [])


class Tags(Door):
    def test_what_the_lab_answers_itself_is_found_by_tag_too(self):
        efs = boto3.client("efs", config=CONFIG)
        tags = [{"Key": "app", "Value": self.name}]
        fs = efs.create_file_system(CreationToken=self.name, Tags=tags)["FileSystemArn"]
        rds = boto3.client("rds", config=CONFIG)
        cluster = rds.create_db_cluster(
            DBClusterIdentifier=self.name,
            Engine="aurora-postgresql",
            MasterUsername="hubs",
            MasterUserPassword="not-secret",
            Tags=tags,
        )["DBCluster"]["DBClusterArn"]
        dynamodb = self.table()
        table = dynamodb.describe_table(TableName=self.name)["Table"]["TableArn"]
        dynamodb.tag_resource(ResourceArn=table, Tags=tags)
        pages = client("resourcegroupstaggingapi").get_paginator("get_resources")

        def found(**options):
            filters = [{"Key": "app", "Values": [self.name]}]
            resources = pages.paginate(TagFilters=filters, PaginationConfig={"PageSize": 1}, **options)
            return sorted(item["ResourceARN"] for page in resources for item in page["ResourceTagMappingList"])

        self.assertEqual(found(), sorted([fs, cluster, table]))
        self.assertEqual(found(ResourceTypeFilters=["elasticfilesystem"]), [fs])
        self.assertEqual(found(ResourceTypeFilters=["rds:cluster", "dynamodb:table"]), sorted([cluster, table]))
        rds.get_waiter("db_cluster_available").wait(DBClusterIdentifier=self.name, WaiterConfig={"Delay": 1})
        rds.delete_db_cluster(DBClusterIdentifier=self.name, SkipFinalSnapshot=True)


if __name__ == "__main__":
    unittest.main()
