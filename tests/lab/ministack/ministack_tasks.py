"""Runs the tasks of MiniStack 1.5.33's ECS that RunTask starts as processes of this machine: the lab has no Docker, and no images.

- RunTask refuses what AWS refuses on Fargate (`ministack_fargate.py`).
- A container is its command, run in an empty directory of its own with the container's environment, the credentials of the task's role,
  and the programs that the lab has under the names of the image: `aws`, `python3`.
- Its output goes to the log group of its awslogs, which has to exist.
- The task stops with the exit code of its container. StopTask sends SIGTERM, and SIGKILL after the container's `stopTimeout`.
- A fault at RunTask: with `job_failed` the image cannot be pulled, with `job_stuck` the task stays PENDING, and with `job_aborted` AWS
  takes the task's machine away, which kills the container.
"""

import contextvars
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import ministack_credentials
import ministack_ecs
import ministack_fargate
from ministack.core.responses import error_response_json, json_response, request_scope
from ministack.services import ecs

STOP_SECONDS = 30
PAUSE_SECONDS = 0.02
# Why a task stopped, and the code for it.
EXITED = ("Essential container in task exited", "EssentialContainerExited")
LOST = ("Task stopped because of a failure of the underlying infrastructure.", "TerminationNotice")
# Why a container was not started, in AWS's words, before what it is about.
NOT_PULLED = "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref "
NO_LOG_GROUP = "ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log group "

# RunTask holds it until the instructions of its tasks are in ORDERS, by ARN.
STARTED = threading.Lock()
ORDERS = {}
# The processes of running containers, and why a task was asked to stop, by the task's ARN.
PROCESSES = {}
REASONS = {}


class NotStarted(Exception):
    """Why a task's container cannot be started."""


def _run_task(data):
    refused = ministack_fargate.refusal(data)
    if refused:
        return error_response_json(*refused, 400)
    family = ecs._task_defs[ecs._resolve_td_key(data["taskDefinition"])]["family"]
    with STARTED:
        _, _, body = ecs._run_task({"group": f"family:{family}", **data})
        started = [ecs._tasks[task["taskArn"]] for task in json.loads(body)["tasks"]]
        for task in started:
            ORDERS[task["taskArn"]] = ministack_ecs.ORDER.get() or {}
            # AWS omits what is not known yet, and a task of Fargate has no instance.
            task.update({name: None for name, value in task.items() if value == "" or name == "containerInstanceArn"})
    return json_response({"tasks": [ecs._sanitize(task) for task in started], "failures": []})


def _work(task, definition, overrides, docker, account, region):
    """A task's life, in a thread of its own."""
    with STARTED:
        order = ORDERS.pop(task["taskArn"], {})
    with request_scope(account, region):
        try:
            _carry_out(task, definition, overrides, order)
        except NotStarted as why:
            ecs._fail_task_start(task, docker, str(why))


def _carry_out(task, definition, overrides, order):
    arn, job = task["taskArn"], order.get("job")
    ecs._mark_task_pending(arn, task)
    begun, seconds = time.monotonic(), order.get("seconds", 0.0)
    while job == "job_stuck" or time.monotonic() - begun < seconds:
        if not ecs._task_is_active(arn, task):
            return
        time.sleep(PAUSE_SECONDS)
    ecs._mark_task_activating(arn, task)
    try:
        [container] = definition["containerDefinitions"]
    except ValueError:
        raise NotStarted("the lab runs tasks of one container") from None
    if job == "job_failed":
        raise NotStarted(NOT_PULLED + container["image"])
    # Short, since the path of a socket below it has at most 107 characters.
    place = Path(tempfile.mkdtemp(prefix="t"))
    try:
        process = _start(arn, container, ecs._container_override_for(overrides, container["name"]), definition, place)
        PROCESSES[arn] = process
        for one in task["containers"]:
            one["lastStatus"] = "RUNNING"
        if not ecs._mark_task_running(arn, task) or job == "job_aborted":
            process.kill()
        # Nothing in a container outlives its first process, or keeps its output open.
        reader = threading.Thread(target=contextvars.copy_context().run, args=(_log, process, container, arn))
        reader.start()
        code = process.wait()
        _end_group(process)
        reader.join()
    finally:
        PROCESSES.pop(arn, None)
        shutil.rmtree(place, ignore_errors=True)
    reason, stop = REASONS.pop(arn, LOST if job == "job_aborted" else EXITED)
    ecs._mark_task_stopped(arn, task, reason, stop, exit_code=code if code >= 0 else 128 - code)


def _start(arn, container, override, definition, place):
    command = [*container.get("entryPoint", []), *(override.get("command") or container.get("command", []))]
    if not command:
        raise NotStarted("CannotStartContainerError: the lab has no images, so a container needs an entryPoint or a command")
    logs = ecs._awslogs_config(container, arn.rpartition("/")[2], arn)
    if logs and not ecs._ensure_awslogs_stream(logs):
        raise NotStarted(NO_LOG_GROUP + logs["group"])
    environment = _environment(arn, container, override, definition, place)
    program = shutil.which(command[0], path=environment["PATH"])
    if program is None:
        raise NotStarted(f'CannotStartContainerError: failed to create task: exec: "{command[0]}": executable file not found in $PATH')
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL}
    return subprocess.Popen([program, *command[1:]], cwd=place, env=environment, start_new_session=True, **output)


def _environment(arn, container, override, definition, place):
    """What Fargate sets, what the container's definition and the override set, and what makes the lab's AWS the container's."""
    named = lambda entries: {entry["name"]: entry["value"] for entry in entries}
    temporary = place / "tmp"
    temporary.mkdir()
    lab = {name: value for name, value in os.environ.items() if name.startswith(("AWS_ENDPOINT_URL", "HOLDFAST_LAB"))}
    region = os.environ["AWS_REGION"]
    return {
        **lab,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(place),
        "TMPDIR": str(temporary),
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        **ministack_credentials.offered(definition.get("taskRoleArn"), arn.rpartition("/")[2]),
        **named(container.get("environment", [])),
        **ecs._resolve_container_secrets(container),
        **named(override.get("environment", [])),
    }


def _log(process, container, arn):
    """Copies the output until its end."""
    logs = ecs._awslogs_config(container, arn.rpartition("/")[2], arn)
    for line in process.stdout:
        if logs:
            ecs._emit_awslogs_event(logs, line.decode(errors="replace").rstrip("\n"))


def _end_group(process):
    """Kills what a process started and left."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _stop_task(data):
    cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
    task = ecs._resolve_task(data.get("task", ""), cluster) if cluster in ecs._clusters else None
    process = task and PROCESSES.get(task["taskArn"])
    if not process:
        return ecs._stop_task(data)
    REASONS.setdefault(task["taskArn"], (data.get("reason", "Task stopped by user"), "UserInitiated"))
    definition = ecs._task_defs[ecs._resolve_td_key(task["taskDefinitionArn"])]
    process.terminate()
    threading.Timer(definition["containerDefinitions"][0].get("stopTimeout", STOP_SECONDS), process.kill).start()
    return json_response({"task": ecs._sanitize(task) | {"desiredStatus": "STOPPED"}})


def apply():
    """After `ministack_ecs.apply`, whose tasks are those of services."""
    of_services = ecs._run_task_worker

    def worker(task, *rest):
        return (of_services if task.get("group", "").startswith("service:") else _work)(task, *rest)

    ecs._run_task_worker = worker
    ecs._ACTION_MAP["RunTask"] = _run_task
    ecs._ACTION_MAP["StopTask"] = _stop_task
    ministack_fargate.apply()
