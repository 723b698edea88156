"""Step Functions' `ecs:runTask` and `ecs:runTask.sync`, which MiniStack 1.5.33 ends without looking at how the task ended.

- The call goes through the lab's front door, with the credentials of the state machine's role: the ledger has it, and faults hit it.
- A refused call fails the state with `ECS.` and the error's code, or with `ECS.AmazonECSException` if RunTask's model has no such error.
- `.sync` waits for the end of the task and returns its description; unless each of its containers ended with 0, the state fails with
  States.TaskFailed, and the description as its cause. Members are in PascalCase, times in milliseconds.
- A task is stopped with its execution, but not by the timeout of its state: AWS documents only the former.

Sources: https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html and connect-to-resource.html; for names and causes of
errors https://github.com/AllenInstitute/neuron_morphology/pull/155, https://github.com/wellcomecollection/catalogue-pipeline/pull/3554,
https://github.com/aws/copilot-cli/issues/3160, and a failed state's output that was published in 2024.
"""

import contextvars
import json
import os
import time
import urllib.error
import urllib.request
import uuid

import botocore.session
import ministack_credentials
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from ministack.services import ecs
from ministack.services import stepfunctions as steps

PAUSE_SECONDS = 0.05
TARGET = "AmazonEC2ContainerServiceV20141113"
# The execution whose state runs in this thread.
EXECUTION = contextvars.ContextVar("execution", default=None)


def _call(action, request, execution):
    """What ECS says to a call of Step Functions."""
    machine = steps._state_machines.get(execution["stateMachineArn"])
    account = execution["executionArn"].split(":")[4]
    key, secret, token = ministack_credentials.of_role(machine["roleArn"], execution["name"][:64], account)
    region = os.environ["AWS_REGION"]
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{TARGET}.{action}", "User-Agent": "app/step-functions"}
    signed = AWSRequest("POST", os.environ["AWS_ENDPOINT_URL"], data=json.dumps(request), headers=headers)
    SigV4Auth(Credentials(key, secret, token or None), "ecs", region).add_auth(signed)
    sent = urllib.request.Request(signed.url, data=signed.data.encode(), headers=dict(signed.headers), method="POST")
    with urllib.request.urlopen(sent) as answer:
        return json.load(answer)


def _modelled():
    model = botocore.session.get_session().get_service_model("ecs").operation_model("RunTask")
    return {shape.name for shape in model.error_shapes}


def _refused(error):
    """A refused call, as Step Functions reports it."""
    body = json.loads(error.read() or b"{}")
    code = body.get("__type", "").rpartition("#")[2]
    name = f"ECS.{code}" if code in _modelled() else "ECS.AmazonECSException"
    about = f"Service: AmazonECS; Status Code: {error.code}; Error Code: {code}; Request ID: {uuid.uuid4()}; Proxy: null"
    return steps._ExecutionError(name, f"{body.get('message', '')} ({about})")


def _pascal(value, name=""):
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: _pascal(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_pascal(inner) for inner in value]
    return int(value * 1000) if name.endswith("At") and isinstance(value, (int, float)) else value


def _described(cluster, arn):
    _, _, body = ecs._finalize_ecs_response(ecs._describe_tasks({"cluster": cluster, "tasks": [arn]}))
    return json.loads(body)["tasks"][0]


def _awaited(cluster, arn, execution):
    """The description of a task that has ended."""
    while True:
        task = _described(cluster, arn)
        if task["lastStatus"] == "STOPPED":
            return task
        if execution["status"] in ("ABORTED", "TIMED_OUT"):
            _call("StopTask", {"cluster": cluster, "task": arn, "reason": "Task stopped by AWS Step Functions"}, execution)
            raise steps._ExecutionError("States.Runtime", "the execution has ended")
        time.sleep(PAUSE_SECONDS)


def run_task(resource, given):
    execution = EXECUTION.get()
    request = {"startedBy": "AWS Step Functions", **steps._pascal_to_camel(given)}
    try:
        started = _call("RunTask", request, execution)
    except urllib.error.HTTPError as error:
        raise _refused(error) from None
    except OSError as error:
        raise steps._ExecutionError("ECS.SdkClientException", f"Unable to execute HTTP request: {error}") from None
    if not resource.endswith(".sync"):
        return _pascal(started)
    if started["failures"]:
        raise steps._ExecutionError("AmazonECS.Unknown", json.dumps(_pascal(started)))
    task = _awaited(request.get("cluster", "default"), started["tasks"][0]["taskArn"], execution)
    if any(container.get("exitCode") != 0 for container in task["containers"]):
        raise steps._ExecutionError("States.TaskFailed", json.dumps(_pascal(task)))
    return _pascal(task)


def apply():
    """Before `ministack_steps.apply`, which stops what belongs to an ended execution."""
    execute = steps._execute_task

    def execute_task(state, given, execution, context):
        EXECUTION.set(execution)
        return execute(state, given, execution, context)

    steps._execute_task = execute_task
    steps._SERVICE_DISPATCH["arn:aws:states:::ecs:runTask"] = run_task
