"""Lets MiniStack 1.5.33's DescribeStackResources find the stack of a resource by its physical id, as AWS's does: it returns the resources
of that stack (API reference, "DescribeStackResources"), or the ValidationError "Stack for ID does not exist"."""

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
