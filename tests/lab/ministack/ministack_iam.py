"""Corrects MiniStack 1.5.33's IAM where it differs from AWS's in a way that matters to Holdfast.

- A DynamoDB call that names its table, backup or export by its ARN is authorized by that ARN, and a restore to a
  point in time by the table that it reads.
- RunTask is authorized by its task definition, with the cluster as a condition; what names a task, by that task.
- GetLayerVersionByArn is the action GetLayerVersion, on the version.
- The lab's port represents AWS's TLS endpoints: `aws:SecureTransport` is true.
"""

import json

from ministack import app
from ministack.core import iam_actions
from ministack.services import ecs


def _judge_dynamodb_by_arn():
    by_table = iam_actions.dynamodb_resource_arns

    def resource_arns(body, region, account_id):
        try:
            request = json.loads(body or b"{}")
        except ValueError:
            return by_table(body, region, account_id)
        named = [request[key] for key in ("BackupArn", "ExportArn", "ResourceArn", "TableArn") if isinstance(request.get(key), str)]
        source = request.get("SourceTableName")
        if not named and isinstance(source, str):
            named = [f"arn:aws:dynamodb:{region}:{account_id}:table/{source}"]
        return named or by_table(body, region, account_id)

    iam_actions.dynamodb_resource_arns = resource_arns


def _judge_tasks():
    by_cluster, conditions = iam_actions.extract_resource_arn, iam_actions.request_tag_context

    def resource_arn(service, method, path, headers, body, parameters, region, account):
        named = _of_task(service, headers, body)
        if named:
            kind, name = named
            return name if name.startswith("arn:") else f"arn:aws:ecs:{region}:{account}:{kind}/{name}"
        return by_cluster(service, method, path, headers, body, parameters, region, account)

    def context(service, action, body, parameters):
        found = conditions(service, action, body, parameters)
        if service == "ecs":
            cluster = ecs._clusters.get(ecs._resolve_cluster_name(json.loads(body or b"{}").get("cluster")))
            found = {**found, "ecs:cluster": cluster["clusterArn"]} if cluster else found
        return found

    iam_actions.extract_resource_arn = resource_arn
    iam_actions.request_tag_context = context


def _of_task(service, headers, body):
    """The kind and the name of the resource by which ECS authorizes a call about tasks; none for its other calls."""
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    if service != "ecs" or action not in ("RunTask", "StopTask", "DescribeTasks"):
        return None
    request = json.loads(body or b"{}")
    if action == "RunTask":
        return "task-definition", ecs._resolve_td_key(request["taskDefinition"])
    task = request["task"] if action == "StopTask" else request["tasks"][0]
    return "task", f"{ecs._resolve_cluster_name(request.get('cluster'))}/{task.rpartition('/')[2]}"


def _judge_layers():
    by_path, by_service = iam_actions.extract_iam_action, iam_actions.extract_resource_arn

    def version(service, path, parameters):
        """The version that GetLayerVersionByArn asks for; none for other calls."""
        one = lambda name: (parameters.get(name) or [""])[0] if isinstance(parameters.get(name), list) else parameters.get(name)
        return one("Arn") if service == "lambda" and path.rstrip("/").endswith("/layers") and one("find") == "LayerVersion" else None

    def action(service, method, path, headers, body, parameters):
        return "lambda:GetLayerVersion" if version(service, path, parameters) else by_path(service, method, path, headers, body, parameters)

    def resource_arn(service, method, path, headers, body, parameters, *place):
        return version(service, path, parameters) or by_service(service, method, path, headers, body, parameters, *place)

    iam_actions.extract_iam_action = action
    iam_actions.extract_resource_arn = resource_arn


def _stand_for_tls():
    pin = app.pin_request_origin
    app.pin_request_origin = lambda address, _secure: pin(address, True)


def apply():
    _judge_dynamodb_by_arn()
    _judge_tasks()
    _judge_layers()
    _stand_for_tls()
