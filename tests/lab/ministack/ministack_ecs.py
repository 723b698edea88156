"""Corrects MiniStack 1.5.33's ECS (without Docker) and Secrets Manager where they differ from AWS's in a way that matters to
Holdfast.

- A service's task starts after the lab's `service_deployment` seconds, if it can mount its EFS volumes: their file systems
  are the lab's, and a `rootDirectory` has to exist. Otherwise it stops with AWS's ResourceInitializationError, is started
  again, and the deployment circuit breaker (MiniStack's own) counts it.
- A `job_failed` or `job_stuck` fault at CreateService or UpdateService applies to the deployment's tasks.
- A service is IN_PROGRESS until its tasks run, from its creation on; a new deployment ends the tasks that an earlier one has not
  started.
- DescribeServices counts a service's tasks: MiniStack's own count was seen to stay at 3 for 2, after a deployment on a busy machine.
- A task definition has no empty attributes, and returns its tags on request; an access point excludes a
  `rootDirectory`.
- PutSecretValue with the token of an existing version changes nothing; with another value it is refused.
"""

import contextvars
import json
import os
import posixpath
import threading
import time
import urllib.request
from pathlib import Path

from ministack.core.responses import error_response_json, json_response, request_scope
from ministack.services import ecs
from ministack.services import secretsmanager as secrets

PAUSE_SECONDS = 0.02
SHORTEST_SECONDS = 0.05

# The front door's instructions for a deployment that a call starts: {"seconds", "job"}.
ORDER = contextvars.ContextVar("order", default=None)
# The instructions by (service, task definition).
ORDERS = {}


class NoDocker:
    """Replaces MiniStack's Docker client, so that tasks take their time to start; it has no containers."""

    class containers:  # noqa: N801 - a Docker client's own name
        @staticmethod
        def list(**_):
            return []


def _places():
    with urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + "/_lab/efs", timeout=10) as answer:
        return json.load(answer)


def _mount_failure(definition):
    """Why a task of this definition cannot mount its volumes, in AWS's words; None if it can."""
    said = "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: "
    for volume in definition.get("volumes", []):
        mount = volume.get("efsVolumeConfiguration")
        if not mount:
            continue
        place = _places().get(mount["fileSystemId"])
        if place is None:
            return said + f'Failed to resolve "{mount["fileSystemId"]}.efs.us-east-1.amazonaws.com"'
        root = posixpath.normpath("/" + mount.get("rootDirectory", "/"))
        if not (Path(place) / root.lstrip("/")).is_dir():
            return said + f"mount.nfs4: mounting {mount['fileSystemId']}:{root} failed, reason given by server: " + (
                "No such file or directory"
            )
    return None


def _start(task, definition, _overrides, docker, account, region):
    with request_scope(account, region):
        arn, group = task["taskArn"], task.get("group", "")
        cluster = ecs._cluster_name_from_arn(task["clusterArn"])
        service = f"{cluster}/{group.removeprefix('service:')}" if group.startswith("service:") else None
        order = ORDERS.get((service, task["taskDefinitionArn"])) or {}
        ecs._mark_task_pending(arn, task)
        begun, seconds = time.time(), max(order.get("seconds", 0.0), SHORTEST_SECONDS)
        while time.time() - begun < seconds or order.get("job") == "job_stuck":
            if not ecs._task_is_active(arn, task):
                return
            time.sleep(PAUSE_SECONDS)
        why = "the lab was asked to fail it" if order.get("job") == "job_failed" else _mount_failure(definition)
        if why:
            ecs._fail_task_start(task, docker, why)
            return
        if not ecs._mark_task_running(arn, task):
            return
        for container in task.get("containers", []):
            container["lastStatus"] = "RUNNING"
        task["_startup_stable"] = True
        if service:
            ecs._record_service_task_healthy(service, task)
            ecs._reconcile_service_tasks(cluster, service)
            ecs._complete_service_deployment(cluster, service, task.get("_deployment_id"))


def _stop_superseded(cluster, key):
    """Ends the tasks of earlier deployments that have not started: they would replace the new one's."""
    service = ecs._services.get(key)
    primary = ecs._primary_deployment(service) if service else None
    if not primary:
        return
    late = [
        arn
        for arn, task in list(ecs._tasks.items())
        if task.get("group") == f"service:{service['serviceName']}"
        and task.get("clusterArn") == service["clusterArn"]
        and task.get("lastStatus") in ("PROVISIONING", "PENDING")
        and task.get("_deployment_id") != primary["id"]
    ]
    for arn in late:
        ecs._stop_task({"task": arn, "cluster": cluster, "reason": "Scaling activity initiated by deployment"})
    if late:
        ecs._reconcile_service_tasks(cluster, key)


def _count_tasks():
    describe = ecs._ACTION_MAP["DescribeServices"]

    def describe_services(data):
        for service in list(ecs._services.values()):
            states = [
                task.get("lastStatus")
                for task in list(ecs._tasks.values())
                if task.get("group") == f"service:{service['serviceName']}" and task.get("clusterArn") == service["clusterArn"]
            ]
            service["runningCount"] = states.count("RUNNING")
            service["pendingCount"] = states.count("PENDING") + states.count("PROVISIONING")
        return describe(data)

    ecs._ACTION_MAP["DescribeServices"] = describe_services


def _take_time():
    docker = NoDocker()
    ecs._get_docker = lambda: docker
    ecs._run_task_worker = _start
    ecs._ensure_ecs_reaper_thread = lambda: None
    ecs._deployment_needs_first_task = lambda *_: False
    make = ecs._make_deployment

    def make_deployment(*args, **named):
        deployment = make(*args, **named)
        deployment.update(rolloutState="IN_PROGRESS", rolloutStateReason="ECS deployment in progress.")
        return deployment

    ecs._make_deployment = make_deployment
    hear = ecs.handle_request

    async def handle_request(method, path, headers, body, query):
        ORDER.set({
            "seconds": float(headers.get("x-lab-seconds", 0)),
            "job": headers.get("x-lab-job", ""),
        })
        return await hear(method, path, headers, body, query)

    ecs.handle_request = handle_request

    def ordered(action):
        carry_out = ecs._ACTION_MAP[action]

        def run(data):
            cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
            named = data.get("serviceName") or (ecs._resolve_service_ref(data.get("service", "")) or [None])[0]
            service = f"{cluster}/{named}"
            wanted = data.get("taskDefinition") or (ecs._services.get(service) or {}).get("taskDefinition", "")
            definition = ecs._task_defs.get(ecs._resolve_td_key(wanted))
            if definition:
                ORDERS[(service, definition["taskDefinitionArn"])] = ORDER.get()
            answer = carry_out(data)
            _stop_superseded(cluster, service)
            return answer

        ecs._ACTION_MAP[action] = run

    ordered("CreateService")
    ordered("UpdateService")


def _judge_definitions():
    register, describe = ecs._ACTION_MAP["RegisterTaskDefinition"], ecs._ACTION_MAP["DescribeTaskDefinition"]

    def register_task_definition(data):
        for volume in data.get("volumes", []):
            mount = volume.get("efsVolumeConfiguration") or {}
            by_point = (mount.get("authorizationConfig") or {}).get("accessPointId")
            if by_point and mount.get("rootDirectory", "/") != "/":
                words = "EFS volume configuration: root directory must be omitted or / when an access point is specified."
                return error_response_json("ClientException", words, 400)
        status, headers, body = register(data)
        if status != 200:
            return status, headers, body
        answer = json.loads(body)
        arn = answer["taskDefinition"]["taskDefinitionArn"]
        held = ecs._task_defs[ecs._resolve_td_key(arn)]
        for name in [name for name, value in held.items() if value in ("", None)]:
            del held[name]
        return json_response({"taskDefinition": held, "tags": answer["tags"]})

    def describe_task_definition(data):
        status, headers, body = describe(data)
        if status == 200 and "TAGS" not in data.get("include", []):
            answer = json.loads(body)
            answer.pop("tags", None)
            return json_response(answer)
        return status, headers, body

    ecs._ACTION_MAP["RegisterTaskDefinition"] = register_task_definition
    ecs._ACTION_MAP["DescribeTaskDefinition"] = describe_task_definition


def _put_secrets_once():
    put = secrets._put_secret_value
    turn = threading.Lock()

    def put_secret_value(data):
        with turn:
            _, secret = secrets._resolve(data.get("SecretId"))
            held = secret and secret["Versions"].get(data.get("ClientRequestToken"))
            if not held:
                return put(data)
            if any(held.get(kind) != data.get(kind) for kind in ("SecretString", "SecretBinary")):
                words = "You can't modify an existing version, you can only create a new version."
                return error_response_json("ResourceExistsException", words, 400)
            return json_response({
                "ARN": secret["ARN"],
                "Name": secret["Name"],
                "VersionId": data["ClientRequestToken"],
                "VersionStages": list(held["Stages"]),
            })

    secrets._put_secret_value = put_secret_value


def apply():
    """Installs all corrections; fails if MiniStack's internals differ from the version that they were written for."""
    _count_tasks()
    _take_time()
    _judge_definitions()
    _put_secrets_once()
