"""Does the script with which Holdfast's tasks start, as it is deployed, run what Lambda has? Run with the environment of a running lab."""

import io
import signal
import unittest
import zipfile
from pathlib import Path

import boto3

from labkit import CONFIG
from tasks_lab import ROLE, TaskCase

START_TASK = (Path(__file__).resolve().parents[3] / "infra/start_task.py").read_text()


class StartTask(TaskCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.functions = boto3.client("lambda", config=CONFIG)

    def publish(self, program):
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr("bootstrap", program)
        self.functions.create_function(
            FunctionName=self.family, Runtime="provided.al2023", Handler="x", Role=ROLE, Code={"ZipFile": archive.getvalue()}
        )
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as packed:
            entry = zipfile.ZipInfo("postgres/17/bin/pg_dump")
            entry.external_attr = 0o755 << 16
            packed.writestr(entry, "#!/bin/sh\necho dumping\n")
        layer = self.functions.publish_layer_version(LayerName=self.family, Content={"ZipFile": content.getvalue()})
        return layer["LayerVersionArn"]

    def start(self, layer, seconds="60", script=START_TASK):
        settings = {"FUNCTION": self.family, "CLIENTS_LAYER": layer, "TASK_SECONDS": seconds, "_HANDLER": "write-dump"}
        self.register("python3", "-c", script)
        environment = [{"name": name, "value": value} for name, value in settings.items()]
        task = self.run_task(overrides={"containerOverrides": [{"name": "step", "environment": environment}]})
        return self.ended(task)["containers"][0]["exitCode"], self.said(task)

    def test_it_runs_the_functions_program_with_the_layers_clients(self):
        layer = self.publish('#!/bin/sh\necho "$_HANDLER"; "$CLIENTS_ROOT/postgres/17/bin/pg_dump"; exit 4\n')
        self.assertEqual(self.start(layer), (4, ["write-dump", "dumping"]))

    def test_it_runs_nothing_that_lambda_does_not_vouch_for(self):
        layer = self.publish("#!/bin/sh\necho started\n")
        script = START_TASK.replace('["CodeSha256"], here / "program"', '["CodeSha256"][::-1], here / "program"')
        self.assertNotEqual(script, START_TASK)
        code, said = self.start(layer, script=script)
        self.assertEqual(code, 1)
        self.assertIn("program: its SHA-256 is", said[-1])
        self.assertNotIn("started", said)

    def test_it_ends_with_its_time(self):
        layer = self.publish("#!/bin/sh\nexec sleep 60\n")
        self.assertEqual(self.start(layer, "1"), (128 + signal.SIGALRM, []))


if __name__ == "__main__":
    unittest.main()
