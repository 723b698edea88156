"""Corrects MiniStack 1.5.33's IAM where it differs from AWS's in a way that matters to Holdfast.

- A DynamoDB call that names its table or backup by ResourceArn or BackupArn is authorized by that ARN, and a restore to a
  point in time by the table that it reads.
- The lab's port represents AWS's TLS endpoints: `aws:SecureTransport` is true.
"""

import json

from ministack import app
from ministack.core import iam_actions


def _judge_dynamodb_by_arn():
    by_table = iam_actions.dynamodb_resource_arns

    def resource_arns(body, region, account_id):
        try:
            request = json.loads(body or b"{}")
        except ValueError:
            return by_table(body, region, account_id)
        named = [request[key] for key in ("BackupArn", "ResourceArn") if isinstance(request.get(key), str)]
        source = request.get("SourceTableName")
        if not named and isinstance(source, str):
            named = [f"arn:aws:dynamodb:{region}:{account_id}:table/{source}"]
        return named or by_table(body, region, account_id)

    iam_actions.dynamodb_resource_arns = resource_arns


def _stand_for_tls():
    pin = app.pin_request_origin
    app.pin_request_origin = lambda address, _secure: pin(address, True)


def apply():
    _judge_dynamodb_by_arn()
    _stand_for_tls()
