"""Does a lab leave anything running? Starts labs of its own (HOLDFAST_LAB_BIN, default target/lab/holdfast-lab)
with this interpreter, gives them servers and functions to run, ends them in every way, and checks."""

import io
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest
import zipfile

import boto3
import psutil
from botocore.config import Config

from labkit import until

REPOSITORY = pathlib.Path(__file__).parents[3]
PROGRAM = os.environ.get("HOLDFAST_LAB_BIN", str(REPOSITORY / "target/lab/holdfast-lab"))


def start(directory, *arguments):
    command = [PROGRAM, "--dir", directory, "--python", sys.executable, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def alive(processes):
    return [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def busy(endpoint):
    """Makes the lab run a process of a function, a database server, and a container with a process of its own."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    options = {"endpoint_url": endpoint, "config": Config(retries={"total_max_attempts": 1}), **keys}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("h.py", "import os\ndef handler(event, context): return os.getpid()\n")
    functions = boto3.client("lambda", **options)
    functions.create_function(
        FunctionName="busy",
        Runtime="python3.11",
        Role="arn:aws:iam::000000000000:role/f",
        Handler="h.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    pid = json.load(functions.invoke(FunctionName="busy", Payload="{}")["Payload"])
    rds = boto3.client("rds", **options)
    rds.create_db_cluster(
        DBClusterIdentifier="busy", Engine="aurora-postgresql", MasterUsername="hubs", MasterUserPassword="not-secret"
    )
    waiter = {"Delay": 1, "MaxAttempts": 60}
    rds.get_waiter("db_cluster_available").wait(DBClusterIdentifier="busy", WaiterConfig=waiter)
    ecs = boto3.client("ecs", **options)
    ecs.create_cluster(clusterName="busy")
    ecs.register_task_definition(
        family="busy",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "busy", "image": "none", "entryPoint": ["sh", "-c", "sleep 60 & wait"]}],
    )
    network = {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d"]}}
    [task] = ecs.run_task(cluster="busy", taskDefinition="busy", launchType="FARGATE", networkConfiguration=network)["tasks"]
    ecs.get_waiter("tasks_running").wait(cluster="busy", tasks=[task["taskArn"]], WaiterConfig=waiter)
    return pid


class Shutdown(unittest.TestCase):
    def end(self, number, code):
        with tempfile.TemporaryDirectory() as directory:
            lab = start(directory)
            with lab.stdout, lab.stderr:
                ready = lab.stdout.readline().split()
                self.assertEqual(ready[0], "ready", lab.stderr.read() if lab.poll() is not None else "")
                function = busy(ready[1])
                started = psutil.Process(lab.pid).children(recursive=True)
                self.assertIn(function, [process.pid for process in started])
                for name in ("postgres", "sleep"):
                    self.assertTrue([process for process in started if process.name().startswith(name)], name)
                lab.send_signal(number)
                self.assertEqual(lab.wait(timeout=30), code)
            left = until(lambda: alive(started), lambda left: not left, "processes of the lab", seconds=15)
            self.assertEqual(left, [])

    def test_terminated(self):
        self.end(signal.SIGTERM, 0)

    def test_interrupted(self):
        self.end(signal.SIGINT, 0)

    def test_killed(self):
        self.end(signal.SIGKILL, -signal.SIGKILL)

    def test_a_start_that_fails_says_why_and_leaves_nothing(self):
        with tempfile.TemporaryDirectory() as directory:
            pathlib.Path(directory, "somebody-s.txt").write_text("precious")
            lab = start(directory)
            _, said = lab.communicate(timeout=30)
            self.assertEqual(lab.returncode, 1)
            self.assertIn("is not empty", said)
            self.assertEqual(pathlib.Path(directory, "somebody-s.txt").read_text(), "precious")

    def test_two_labs_do_not_share_a_directory(self):
        with tempfile.TemporaryDirectory() as directory:
            first = start(directory)
            with first.stdout, first.stderr:
                self.assertTrue(first.stdout.readline().startswith("ready"))
                second = start(directory)
                _, said = second.communicate(timeout=30)
                self.assertEqual(second.returncode, 1)
                self.assertIn("a lab is running", said)
                children = psutil.Process(first.pid).children(recursive=True)
                first.terminate()
                first.wait(timeout=30)
                until(lambda: alive(children), lambda left: not left, "processes of the lab", seconds=15)


if __name__ == "__main__":
    unittest.main()
