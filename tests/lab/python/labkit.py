"""Shared by the conformance tests: the lab's control API, clients that check each response, and waiting."""

import datetime
import json
import os
import time
import urllib.request

import boto3
import botocore.model
from botocore.config import Config

CONFIG = Config(user_agent_appid="conformance", retries={"mode": "standard", "total_max_attempts": 1})


def lab(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(os.environ["HOLDFAST_LAB"] + path, data=data, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def fits(value, shape, where):
    """Fails unless `value` matches `shape`: required members, types, enums."""
    kinds = {
        "string": str,
        "integer": int,
        "long": int,
        "double": (int, float),
        "float": (int, float),
        "boolean": bool,
        "timestamp": datetime.datetime,
        "structure": dict,
        "list": list,
        "map": dict,
    }
    kind = kinds[shape.type_name]
    assert isinstance(value, kind), f"{where} is {value!r}, not a {shape.type_name}"
    if isinstance(shape, botocore.model.StringShape) and shape.enum:
        assert value in shape.enum, f"{where} is {value!r}, not one of {shape.enum}"
    if shape.type_name == "structure":
        for name in shape.required_members:
            assert name in value, f"{where}.{name} is missing"
        for name, member in value.items():
            if name != "ResponseMetadata":
                fits(member, shape.members[name], f"{where}.{name}")
    elif shape.type_name == "list":
        for number, item in enumerate(value):
            fits(item, shape.member, f"{where}[{number}]")
    elif shape.type_name == "map":
        for key, item in value.items():
            fits(item, shape.value, f"{where}.{key}")


def client(service):
    """A client that checks each response against the service's model."""
    made = boto3.client(service, config=CONFIG)

    def check(parsed, model, **_):
        if parsed["ResponseMetadata"]["HTTPStatusCode"] < 300 and model.output_shape:
            fits(parsed, model.output_shape, model.name)

    made.meta.events.register(f"after-call.{made.meta.service_model.service_id.hyphenize()}", check)
    return made


def until(ask, done, what, seconds=30):
    """The first result of `ask` that is `done`; fails if there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if done(answer):
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: still {answer}")
        time.sleep(0.02)
