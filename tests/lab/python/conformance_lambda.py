"""Does the lab's Lambda behave like AWS's where a cut-over relies on it? Run with the environment of a running lab."""

import io
import unittest
import uuid
import zipfile

from botocore.exceptions import ClientError

from labkit import client


class Lambda(unittest.TestCase):
    def setUp(self):
        self.functions = client("lambda")
        self.name = f"function-{uuid.uuid4().hex[:8]}"
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as file:
            file.writestr("bootstrap", "#!/bin/sh")
        self.functions.create_function(
            FunctionName=self.name,
            Runtime="provided.al2023",
            Handler="bootstrap",
            Role="arn:aws:iam::000000000000:role/function",
            Code={"ZipFile": code.getvalue()},
            Environment={"Variables": {"TABLE": "one", "OTHER": "kept"}},
        )
        self.updated()

    def updated(self):
        self.functions.get_waiter("function_updated_v2").wait(FunctionName=self.name, WaiterConfig={"Delay": 1})

    def update(self, revision, table):
        environment = {"Variables": {"TABLE": table, "OTHER": "kept"}}
        return self.functions.update_function_configuration(
            FunctionName=self.name, Environment=environment, RevisionId=revision
        )

    def configuration(self, **version):
        return self.functions.get_function_configuration(FunctionName=self.name, **version)

    def refused(self, code, status, call, *given, **named):
        with self.assertRaises(ClientError) as refused:
            call(*given, **named)
        answer = refused.exception.response
        self.assertEqual((answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]), (code, status))

    def test_a_published_version_keeps_its_variables_and_is_published_once(self):
        first = self.functions.publish_version(FunctionName=self.name)["Version"]
        self.assertEqual(self.functions.publish_version(FunctionName=self.name)["Version"], first)
        self.update(self.configuration()["RevisionId"], "two")
        self.updated()
        self.assertEqual(self.configuration()["Environment"]["Variables"], {"TABLE": "two", "OTHER": "kept"})
        self.assertEqual(self.configuration(Qualifier=first)["Environment"]["Variables"]["TABLE"], "one")
        self.assertNotEqual(self.functions.publish_version(FunctionName=self.name)["Version"], first)

    def test_a_revision_from_before_a_change_is_refused(self):
        before = self.configuration()["RevisionId"]
        self.update(before, "two")
        self.updated()
        self.refused("PreconditionFailedException", 412, self.update, before, "three")

    def test_a_function_that_is_being_updated_is_neither_changed_nor_published(self):
        updating = self.update(self.configuration()["RevisionId"], "two")
        self.assertEqual(updating["LastUpdateStatus"], "InProgress")
        self.refused("ResourceConflictException", 409, self.update, updating["RevisionId"], "three")
        self.refused("ResourceConflictException", 409, self.functions.publish_version, FunctionName=self.name)
        self.updated()
        self.functions.publish_version(FunctionName=self.name)

    def test_a_version_that_does_not_exist_is_not_found(self):
        self.refused("ResourceNotFoundException", 404, self.configuration, Qualifier="7")


if __name__ == "__main__":
    unittest.main()
