"""Lets MiniStack 1.5.33's DescribeStackResources find the stack of a resource by its physical id, as AWS's does: it returns the resources
of that stack (API reference, "DescribeStackResources"), or the ValidationError "Stack for ID does not exist"; and lets DescribeStacks name
the service role that a stack was created or updated with (API reference, "Stack", RoleARN)."""

import re

from ministack.services import cloudformation
from ministack.services.cloudformation import handlers


def apply():
    by_name = handlers._describe_stack_resources

    def describe_stack_resources(params):
        physical = handlers._p(params, "PhysicalResourceId")
        if not physical:
            return by_name(params)
        if handlers._p(params, "StackName"):
            return handlers._error("ValidationError", "You cannot specify both StackName and PhysicalResourceId")
        for name, stack in cloudformation._stacks.items():
            resources = stack.get("_resources", {}).values()
            has = any(resource.get("PhysicalResourceId") == physical for resource in resources)
            if has and stack.get("StackStatus") != "DELETE_COMPLETE":
                found = {key: value for key, value in params.items() if key != "PhysicalResourceId"}
                return by_name({**found, "StackName": [name]})
        return handlers._error("ValidationError", f"Stack for {physical} does not exist")

    handlers._ACTION_HANDLERS["DescribeStackResources"] = describe_stack_resources
    for action in ("CreateStack", "UpdateStack"):
        handlers._ACTION_HANDLERS[action] = _keeping_role(handlers._ACTION_HANDLERS[action])
    handlers._ACTION_HANDLERS["DescribeStacks"] = _naming_role(handlers._ACTION_HANDLERS["DescribeStacks"])


def _keeping_role(answer):
    def handler(params):
        answered = answer(params)
        role, name = handlers._p(params, "RoleARN"), handlers._p(params, "StackName")
        stack = handlers._resolve_stack(name)
        if answered[0] == 200 and role and stack:
            stack["RoleARN"] = role
        return answered

    return handler


def _naming_role(answer):
    def handler(params):
        status, headers, body = answer(params)

        def with_role(found):
            role = (cloudformation._stacks.get(found.group(1)) or {}).get("RoleARN")
            return found.group(0) + (f"<RoleARN>{handlers._esc(role)}</RoleARN>" if role else "")

        text = re.sub(r"<member><StackName>([^<]*)</StackName>", with_role, body.decode())
        return status, headers, text.encode()

    return handler
