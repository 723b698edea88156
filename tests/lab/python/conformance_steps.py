"""Does the lab's Step Functions behave like AWS's where Holdfast relies on it? Run with the environment of a running lab."""

import io
import json
import unittest
import uuid
import zipfile

import boto3

from labkit import CONFIG, lab, until

ROLE = "arn:aws:iam::000000000000:role/steps"
FUNCTION = """
import boto3
def handler(event, context):
    if 'count' in event:
        boto3.client('dynamodb').update_item(TableName=event['count'], Key={'id': {'S': 'calls'}},
            UpdateExpression='ADD n :one', ExpressionAttributeValues={':one': {'N': '1'}})
    return event
"""


class Steps(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.name = f"steps-{uuid.uuid4().hex[:8]}"
        cls.steps = boto3.client("stepfunctions", config=CONFIG)
        cls.dynamodb = boto3.client("dynamodb", config=CONFIG)
        cls.dynamodb.create_table(
            TableName=cls.name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("h.py", FUNCTION)
        functions = boto3.client("lambda", config=CONFIG)
        functions.create_function(
            FunctionName=cls.name,
            Runtime="python3.11",
            Role=ROLE,
            Handler="h.handler",
            Timeout=10,
            Code={"ZipFile": archive.getvalue()},
        )
        # Every change of an execution's status is written to a log by a function of its own.
        events = boto3.client("events", config=CONFIG)
        pattern = {"source": ["aws.states"], "detail-type": ["Step Functions Execution Status Change"]}
        events.put_rule(Name=cls.name, EventPattern=json.dumps(pattern))
        queues = boto3.client("sqs", config=CONFIG)
        cls.queue = queues.create_queue(QueueName=cls.name)["QueueUrl"]
        arn = queues.get_queue_attributes(QueueUrl=cls.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.put_targets(Rule=cls.name, Targets=[{"Id": "q", "Arn": arn}])
        cls.queues = queues

    def start(self, states, given=None, **machine):
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states} | machine
        arn = self.steps.create_state_machine(
            name=f"{self.name}-{uuid.uuid4().hex[:6]}", definition=json.dumps(definition), roleArn=ROLE
        )["stateMachineArn"]
        return self.steps.start_execution(stateMachineArn=arn, input=json.dumps(given or {}))["executionArn"]

    def ended(self, arn):
        return until(
            lambda: self.steps.describe_execution(executionArn=arn),
            lambda execution: execution["status"] != "RUNNING",
            "execution",
        )

    def output(self, states, given=None):
        ended = self.ended(self.start(states, given))
        self.assertEqual(ended["status"], "SUCCEEDED", ended.get("cause"))
        return json.loads(ended["output"])

    def calls(self):
        item = self.dynamodb.get_item(TableName=self.name, Key={"id": {"S": "calls"}}).get("Item", {})
        return int(item.get("n", {"N": "0"})["N"])

    def counting(self, **more):
        arguments = {"FunctionName": self.name, "Payload": {"count": self.name}}
        resource = "arn:aws:states:::lambda:invoke"
        return {"Type": "Task", "Resource": resource, "Arguments": arguments, "Output": {}} | more

    def forever(self):
        """A loop that counts and waits, inside a Map."""
        loop = {"Count": self.counting(Next="Wait"), "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Count"}}
        processor = {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "Count", "States": loop}
        return {"Loop": {"Type": "Map", "Items": [1], "ItemProcessor": processor, "End": True}}

    def statuses(self, arn):
        """The statuses that the rule's target received."""
        seen = []

        def look():
            answer = self.queues.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
            for message in answer.get("Messages", []):
                detail = json.loads(message["Body"])["detail"]
                if detail["executionArn"] == arn:
                    seen.append(detail["status"])
                self.queues.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
            return seen

        until(look, lambda found: len(found) >= 2, "status changes")
        look()
        return seen

    def test_a_parallel_state_has_arguments_output_and_assign(self):
        branch = {"StartAt": "See", "States": {"See": {"Type": "Pass", "End": True}}}
        states = {
            "Both": {
                "Type": "Parallel",
                "Arguments": {"n": "{% $states.input.n + 1 %}"},
                "Branches": [branch, branch],
                "Assign": {"first": "{% $states.result[0].n %}"},
                "Output": {"sum": "{% $sum($states.result.n) %}"},
                "Next": "Say",
            },
            "Say": {"Type": "Pass", "Output": {"sum": "{% $states.input.sum %}", "first": "{% $first %}"}, "End": True},
        }
        self.assertEqual(self.output(states, {"n": 1}), {"sum": 4, "first": 2})

    def test_an_expression_is_not_endless_because_the_clock_is_set_forward_meanwhile(self):
        states = {"Sum": {"Type": "Pass", "Output": "{% $sum([1..60000].($ * 2)) %}", "End": True}}
        arn = self.start(states)
        forward = 0
        while self.steps.describe_execution(executionArn=arn)["status"] == "RUNNING":
            lab("POST", "/clock", {"advance_seconds": 90})
            forward += 1
        self.assertGreater(forward, 0)
        ended = self.ended(arn)
        self.assertEqual((ended["status"], ended.get("output")), ("SUCCEEDED", "3600060000"), ended.get("cause"))

    def test_a_branch_s_variables_are_its_own(self):
        def branch(value):
            states = {
                "Set": {"Type": "Pass", "Assign": {"x": value}, "Next": "Get"},
                "Get": {"Type": "Pass", "Output": "{% $outer & $x %}", "End": True},
            }
            return {"StartAt": "Set", "States": states}

        states = {
            "Set0": {"Type": "Pass", "Assign": {"outer": "o", "x": "0"}, "Next": "Both"},
            "Both": {"Type": "Parallel", "Branches": [branch("1"), branch("2")], "Next": "Get0"},
            "Get0": {"Type": "Pass", "Output": {"in": "{% $states.input %}", "x": "{% $x %}"}, "End": True},
        }
        self.assertEqual(self.output(states), {"in": ["o1", "o2"], "x": "0"})

    def test_a_distributed_map_s_children_are_executions_of_their_own(self):
        look = {"Type": "Pass", "QueryLanguage": "JSONPath", "Parameters": {"id.$": "$$.Execution.Id"}, "End": True}
        processor = {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Look",
            "States": {"Look": look},
        }
        spread = {"Type": "Map", "QueryLanguage": "JSONPath", "ItemsPath": "$.items", "ItemProcessor": processor}
        arn = self.start({"Spread": spread | {"Label": "each", "End": True}}, {"items": [1, 2]})
        ids = [item["id"] for item in json.loads(self.ended(arn)["output"])]
        self.assertEqual(len(set(ids)), 2)
        self.assertTrue(all("/each:" in child and child != arn for child in ids), ids)

    def test_the_history_holds_the_states_of_a_map_s_iterations(self):
        each = {"Choose": {"Type": "Choice", "Choices": [{"Condition": "{% false %}", "Next": "See"}], "Default": "See"}, "See": {"Type": "Pass", "End": True}}
        processor = {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "Choose", "States": each}
        each_of_three = {"Type": "Map", "Items": [1, 2, 3], "ItemProcessor": processor, "End": True}
        arn = self.start({"All": each_of_three})
        self.ended(arn)
        events = self.steps.get_execution_history(executionArn=arn, maxResults=1000)["events"]
        entered = [event["stateEnteredEventDetails"]["name"] for event in events if event["type"].endswith("Entered")]
        self.assertEqual(sorted(entered), ["All"] + ["Choose"] * 3 + ["See"] * 3)
        self.assertEqual([event["id"] for event in events], list(range(1, len(events) + 1)))
        by_id = {event["id"]: event for event in events}
        before = [by_id[event["previousEventId"]] for event in events if event["type"] == "PassStateEntered"]
        self.assertEqual([event["type"] for event in before], ["ChoiceStateExited"] * 3)

    def test_an_aborted_execution_calls_nothing_any_more_and_stays_aborted(self):
        before = self.calls()
        arn = self.start(self.forever())
        until(self.calls, lambda calls: calls >= before + 2, "the loop's calls")
        self.steps.stop_execution(executionArn=arn, error="Operator", cause="by hand")
        # A call in flight may still end; after that there are none, for longer than several turns take.
        stopped = until(self.calls, self.settled(), "the calls' end")
        self.assertGreaterEqual(stopped, before + 2)
        self.assertEqual(self.ended(arn)["status"], "ABORTED")
        self.assertEqual(self.statuses(arn), ["RUNNING", "ABORTED"])

    def settled(self, looks=40):
        """A condition that holds when a value was the same in this many checks, one every 20 ms."""
        seen = []

        def same(value):
            seen.append(value)
            return len(seen) >= looks and len(set(seen[-looks:])) == 1

        return same

    def test_a_machine_s_timeout_ends_it_by_the_lab_s_clock(self):
        before = self.calls()
        arn = self.start(self.forever(), TimeoutSeconds=7200)
        until(self.calls, lambda calls: calls > before, "the loop's call")
        lab("POST", "/clock", {"advance_seconds": 3600})
        self.assertEqual(self.steps.describe_execution(executionArn=arn)["status"], "RUNNING")
        lab("POST", "/clock", {"advance_seconds": 3601})
        self.assertEqual(self.ended(arn)["status"], "TIMED_OUT")
        self.assertEqual(self.statuses(arn), ["RUNNING", "TIMED_OUT"])

    def test_the_same_start_again_answers_with_the_execution_that_runs(self):
        waiting = {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}
        first = self.start(waiting, {"a": 1})
        machine = self.steps.describe_execution(executionArn=first)["stateMachineArn"]
        same = {"stateMachineArn": machine, "name": first.rsplit(":", 1)[1]}
        again = self.steps.start_execution(**same, input=json.dumps({"a": 1}))
        self.assertEqual(again["executionArn"], first)
        with self.assertRaises(self.steps.exceptions.ExecutionAlreadyExists):
            self.steps.start_execution(**same, input=json.dumps({"a": 2}))
        self.steps.stop_execution(executionArn=first)
        with self.assertRaises(self.steps.exceptions.ExecutionAlreadyExists):
            self.steps.start_execution(**same, input=json.dumps({"a": 1}))


if __name__ == "__main__":
    unittest.main()
