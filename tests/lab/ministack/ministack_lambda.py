"""Corrects MiniStack 1.5.33's Lambda where a cut-over relies on it.

- A function that is being updated is not changed, and no version of it is published:
  https://github.com/Optum/dce/issues/418 and https://github.com/rackerlabs/lambda-uploader/pull/169 have AWS's words, and
  https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html the status. CloudFormation waits, so that
  changes of a stack are not refused.
- A function that is updated stays active, and can be invoked meanwhile:
  https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html.
- What has no reason has no member for it: AWS's model has no empty reason codes.
"""

import json
import re

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc

CHANGES = re.compile(r"/2015-03-31/functions/([^/:]+)/(?:configuration|code|versions)/?$")
DESCRIBES = re.compile(r"/2015-03-31/functions(?:/[^/]+(?:/(?:configuration|code|versions))?)?/?$")
ACTIVE = {"State": "Active", "StateReason": "", "StateReasonCode": ""}
REASONS = ("StateReason", "StateReasonCode", "LastUpdateStatusReason", "LastUpdateStatusReasonCode")


def _without_empty_reasons(value):
    if isinstance(value, list):
        return [_without_empty_reasons(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: _without_empty_reasons(one) for name, one in value.items() if not (name in REASONS and one == "")}


def apply():
    hear = lambda_svc.handle_request

    async def handle_request(method, path, headers, body, query):
        named = CHANGES.match(path) if method in ("PUT", "POST") else None
        function = named and lambda_svc._functions.get(named[1])
        if function and function["config"].get("LastUpdateStatus") == "InProgress":
            arn = function["config"]["FunctionArn"]
            words = f"The operation cannot be performed at this time. An update is in progress for resource: {arn}"
            return error_response_json("ResourceConflictException", words, 409)
        was_active = method == "PUT" and function and function["config"].get("State") == "Active"
        status, sent, answer = await hear(method, path, headers, body, query)
        if status < 300 and answer and DESCRIBES.match(path):
            described = json.loads(answer)
            if was_active:
                function["config"].update(ACTIVE)
                described.update(ACTIVE)
            answer = json.dumps(_without_empty_reasons(described)).encode()
        return status, sent, answer

    lambda_svc.handle_request = handle_request
