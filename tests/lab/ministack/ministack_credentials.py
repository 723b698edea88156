"""Credentials of roles for what MiniStack 1.5.33 runs without any: the containers of tasks, which fetch theirs from an address, and Step
Functions' calls. Without `--auth` they are the account's, as its functions have them."""

import datetime
import hashlib
import json
import os
import secrets

from ministack import app
from ministack.core.responses import get_account_id, json_response
from ministack.services import imds, sts

# As long as those of ECS. Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
HOURS = 6
PATH = "/v2/credentials/"
# The role, session and account by the address's last part, each with the token that has to come with the request.
OFFERED = {}


def of_role(role, session, account):
    """Access key, secret and token of a role's session."""
    if not app.AUTH:
        return account, os.environ["AWS_SECRET_ACCESS_KEY"], ""
    digest = hashlib.sha256(f"{role}:{session}".encode()).hexdigest()
    key, secret, token = f"ASIA{digest[:16].upper()}", digest, hashlib.sha256(digest.encode()).hexdigest()
    name = role.rpartition("/")[2]
    sts.register_session(key, {
        "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
        "UserId": f"{name}:{session}",
        "SecretAccessKey": secret,
        "SessionToken": token,
    })
    return key, secret, token


def offered(role, session):
    """The environment variables that let a container fetch the credentials of its role; none if it has no role."""
    if not role:
        return {}
    token = secrets.token_urlsafe(16)
    OFFERED[session] = (role, token, get_account_id())
    return {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}{PATH}{session}",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": token,
    }


def _fetched(session, headers):
    found = OFFERED.get(session)
    if not found:
        return json_response({"code": "InvalidIdInRequest", "message": "CredentialsV2Request: Credentials not found"}, 400)
    role, token, account = found
    if headers.get("authorization") != token:
        return json_response({"code": "AccessDeniedException", "message": "the authorization token is another"}, 403)
    key, secret, session_token = of_role(role, session, account)
    ends = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=HOURS)
    fetched = {"RoleArn": role, "AccessKeyId": key, "SecretAccessKey": secret, "Token": session_token}
    return 200, {"Content-Type": "application/json"}, json.dumps(fetched | {"Expiration": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}).encode()


def apply():
    """Installs the address of a container's credentials."""
    answer = imds.handle_request

    async def handle_request(method, path, headers, body, query):
        session = path.removeprefix(PATH)
        if method == "GET" and session != path:
            return _fetched(session, headers)
        return await answer(method, path, headers, body, query)

    imds.handle_request = handle_request
