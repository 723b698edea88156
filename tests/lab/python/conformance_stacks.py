"""Does the lab's CloudFormation find the stack of a resource like AWS's? Run with the environment of a running lab."""

import json
import unittest
import uuid

import boto3
from botocore.exceptions import ClientError

from labkit import CONFIG


class Stacks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.name = f"stack-{uuid.uuid4().hex[:8]}"
        cls.cloudformation = boto3.client("cloudformation", config=CONFIG)
        table = {
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        }
        resources = {
            logical: {"Type": "AWS::DynamoDB::Table", "Properties": {**table, "TableName": f"{cls.name}-{logical}"}} for logical in ("one", "other")
        }
        cls.cloudformation.create_stack(StackName=cls.name, TemplateBody=json.dumps({"Resources": resources}))
        cls.cloudformation.get_waiter("stack_create_complete").wait(StackName=cls.name, WaiterConfig={"Delay": 1})

    def test_a_physical_id_finds_all_resources_of_its_stack(self):
        found = self.cloudformation.describe_stack_resources(PhysicalResourceId=f"{self.name}-one")["StackResources"]
        self.assertEqual({resource["StackName"] for resource in found}, {self.name})
        self.assertEqual({resource["PhysicalResourceId"] for resource in found}, {f"{self.name}-one", f"{self.name}-other"})

    def test_a_logical_id_selects_one_of_them(self):
        found = self.cloudformation.describe_stack_resources(PhysicalResourceId=f"{self.name}-one", LogicalResourceId="other")
        self.assertEqual([resource["PhysicalResourceId"] for resource in found["StackResources"]], [f"{self.name}-other"])

    def test_a_resource_of_no_stack_is_a_validation_error(self):
        with self.assertRaises(ClientError) as raised:
            self.cloudformation.describe_stack_resources(PhysicalResourceId="of-no-stack")
        error = raised.exception.response["Error"]
        self.assertEqual((error["Code"], error["Message"]), ("ValidationError", "Stack for of-no-stack does not exist"))

    def test_a_name_and_a_physical_id_together_are_a_validation_error(self):
        with self.assertRaises(ClientError) as raised:
            self.cloudformation.describe_stack_resources(StackName=self.name, PhysicalResourceId=f"{self.name}-one")
        self.assertEqual(raised.exception.response["Error"]["Code"], "ValidationError")


if __name__ == "__main__":
    unittest.main()
