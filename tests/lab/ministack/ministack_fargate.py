"""What Fargate refuses, with AWS's codes and words: of a task definition when it is registered, of RunTask when it is called.

Sources: the errors of https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html, the limits of its `overrides`, and the
sizes of https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html.
"""

import json

from ministack.core.responses import error_response_json
from ministack.services import ecs
from ministack.services.cloudformation import provisioners

LONGEST_OVERRIDES = 8192
MOST_TASKS = 10
GIB = 1024
# The memory of each number of CPU units, in MiB.
SIZES = {
    "256": {512, 1 * GIB, 2 * GIB},
    "512": {n * GIB for n in range(1, 5)},
    "1024": {n * GIB for n in range(2, 9)},
    "2048": {n * GIB for n in range(4, 17)},
    "4096": {n * GIB for n in range(8, 31)},
    "8192": {n * GIB for n in range(16, 61, 4)},
    "16384": {n * GIB for n in range(32, 121, 8)},
}


def unfit(definition):
    """Why a task definition for Fargate cannot be registered; None if it can, or is not for Fargate."""
    if "FARGATE" not in definition.get("requiresCompatibilities", []):
        return None
    cpu, memory = str(definition.get("cpu", "")), str(definition.get("memory", ""))
    if definition.get("networkMode") != "awsvpc":
        return "Fargate only supports network mode 'awsvpc'."
    if not cpu or not memory:
        return f"Fargate requires that '{'memory' if cpu else 'cpu'}' be defined at the task level."
    if not memory.isdecimal() or int(memory) not in SIZES.get(cpu, ()):
        return "No Fargate configuration exists for given values."
    for container in definition.get("containerDefinitions", []):
        driver = (container.get("logConfiguration") or {}).get("logDriver")
        if driver == "awslogs" and not definition.get("executionRoleArn"):
            return "Fargate requires task definition to have execution role ARN to support log driver awslogs."
    return None


def refusal(request):
    """The code and the words with which RunTask refuses a request; None if it does not."""
    cluster = ecs._resolve_cluster_name(request.get("cluster", "default"))
    if cluster not in ecs._clusters or ecs._clusters[cluster].get("status") == "INACTIVE":
        return "ClusterNotFoundException", "Cluster not found."
    definition = ecs._task_defs.get(ecs._resolve_td_key(request["taskDefinition"]))
    if definition is None:
        return "ClientException", "TaskDefinition not found."
    if definition["status"] == "INACTIVE":
        return "ClientException", "TaskDefinition is inactive"
    fault = _launch(request, definition) or _network(request) or _overrides(request.get("overrides", {}), definition)
    return fault and ("InvalidParameterException", fault)


def _launch(request, definition):
    if not 1 <= request.get("count", 1) <= MOST_TASKS:
        return f"count must be between 1 and {MOST_TASKS}."
    if request.get("launchType") != "FARGATE":
        return "No Container Instances were found in your cluster."
    if "FARGATE" not in definition.get("requiresCompatibilities", []):
        return "Task definition does not support launch_type FARGATE."
    return None


def _network(request):
    vpc = request.get("networkConfiguration", {}).get("awsvpcConfiguration")
    if not vpc:
        return "Network Configuration must be provided when networkMode 'awsvpc' is specified."
    if not vpc.get("subnets"):
        return "subnets can not be empty."
    for subnet in vpc["subnets"]:
        if not subnet.startswith("subnet-"):
            why = f"The subnet ID '{subnet}' does not exist (ErrorCode: InvalidSubnetID.NotFound)"
            return f"Error retrieving subnet information for [{subnet}]: {why}"
    return None


def _overrides(overrides, definition):
    if len(json.dumps(overrides, separators=(",", ":"), ensure_ascii=False)) > LONGEST_OVERRIDES:
        return f"Container Overrides length must be at most {LONGEST_OVERRIDES}"
    known = {container["name"] for container in definition["containerDefinitions"]}
    for override in overrides.get("containerOverrides", []):
        if override.get("name") not in known:
            return f"Override for container named {override.get('name')} is not a container in the TaskDefinition."
    return None


def apply():
    """Installs the rules for definitions, whether the API or CloudFormation registers them."""
    register = ecs._ACTION_MAP["RegisterTaskDefinition"]

    def register_task_definition(data):
        fault = unfit(data)
        return error_response_json("ClientException", fault, 400) if fault else register(data)

    ecs._ACTION_MAP["RegisterTaskDefinition"] = register_task_definition
    create = provisioners._ecs_task_def_create

    def create_from_template(name, properties, stack):
        made = create(name, properties, stack)
        fault = unfit(ecs._task_defs[ecs._resolve_td_key(made[0])])
        if fault:
            raise ValueError(f"AWS::ECS::TaskDefinition {name}: {fault} (Service: AmazonECS; Error Code: ClientException)")
        return made

    provisioners._ecs_task_def_create = create_from_template
    provisioners._RESOURCE_HANDLERS["AWS::ECS::TaskDefinition"]["create"] = create_from_template
