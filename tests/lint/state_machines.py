#!/usr/bin/env python3
"""Checks every state-machines/*.asl.json against the rules of the design. Exit code 1 and a line for each fault."""

import json
import re
import sys
from pathlib import Path

import asl
import causes
import jsonata
import parts
import project

LAMBDA = "arn:${Partition}:states:::lambda:invoke"
# Lambda's own transient errors: https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html
LAMBDA_ERRORS = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
}
# Lambda returns these while it reactivates a function, or connects it to its subnets:
# https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html and the errors of Invoke in its API reference.
ASLEEP = {
    "Lambda.CodeArtifactUserPendingException",
    "Lambda.EC2ThrottledException",
    "Lambda.EC2UnexpectedException",
    "Lambda.ENILimitReachedException",
    "Lambda.ENINotReadyException",
    "Lambda.ResourceNotReadyException",
    "Lambda.SubnetIPAddressLimitReachedException",
}
# Steps that invoke functions themselves, and return NotReady while those are inactive.
CALLING = {
    "CompareResource", "CutOver", "PlanRestore", "Quiesce", "RestoreFileSystem", "Resume", "UndoCutOver", "UndoRestore",
}  # fmt: skip
# How long to wait for such a function, in seconds before jitter.
SOME_MINUTES = 300
# Steps that call DynamoDB for a table: ListBackups and TagResource are limited to five calls per second and account.
OF_TABLES = {"BackUpTable", "CompareResource", "RestoreTable"}
TURN = "{% $states.input.resource.turn %}"
# Steps for comparisons only must not keep an application quiesced.
ONLY_COMPARED = "TakeProbes/"
# What else a Retry may name: an invocation that ended without a response.
LOST_ANSWERS = {"Runtime.ExitError", "Sandbox.Timedout", "States.Timeout"}
# The first word of a state that does something. A Pass, Succeed or Fail is named after what has happened: JobFailed.
VERBS = set(
    "Ask Await Back Check Choose Clean Collect Compare Copy Count Cut Describe Dump End Export Follow List Load Notify Plan Poll Prune Quiesce "
    "Restore Resume Run Seal Set Snapshot Start Take Undo Verify Wait Write".split()
)
SINGLE = {"Quiesce", "Resume", "Notify"}
PART = "Part"
# Machines whose executions are jobs of a run.
JOBS = parts.jobs((Path(__file__).resolve().parents[2] / parts.MACHINES).read_text())
# Runs a container, and waits for its end.
CONTAINER = "arn:${Partition}:states:::ecs:runTask.sync"
# The errors of a container that has not been started: https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html for the
# first; Step Functions gives the second for throttling and a lack of capacity; the third is an invalid request, and EC2's throttling.
NOT_STARTED = {"AmazonECS.Unknown", "ECS.AmazonECSException", "ECS.InvalidParameterException"}
STATUSES = {"succeeded", "failed", "in_progress"}


def check(name, machine, errors, steps):
    """Every fault of one machine, as (path, fault). `errors`: our error names by class; `steps`: names of the steps."""
    found = list(asl.structure(machine))
    if not found:  # the rules below require a sound graph
        for rule in (names, queries, timeouts, retries, containers, failures, loops, turns, partitions, writers):
            found += rule(machine, errors)
        found += fails_as_its_step(machine) if name in JOBS else catches(machine)
        found += tasks(machine, steps)
        found += causes.check(machine)
    return [(f"{name}: {path}" if path else name, fault) for path, fault in found]


def names(machine, _errors):
    seen = {}
    for path, name, state, _ in asl.states(machine):
        words = re.findall(r"[A-Z][a-z0-9]*", name)
        if "".join(words) != name or (len(words) < 2 and name not in SINGLE):
            yield path, "a state's name is Verb-Noun in PascalCase"
        elif state["Type"] not in ("Pass", "Succeed", "Fail") and words[0] not in VERBS:
            yield path, f"{words[0]} is none of the known verbs (VERBS in {Path(__file__).name})"
        if name in seen:
            yield path, f"is named as {seen[name]} is"
        seen[name] = path


def tasks(machine, steps):
    for path, name, state, _ in asl.states(machine):
        if state.get("Resource") != LAMBDA:
            continue
        step = _step(name)
        wanted, found = f"${{StackName}}-{project.kebab(step)}", state.get("Arguments", {}).get("FunctionName")
        if found != wanted:
            yield path, f"FunctionName is {found!r}, but a Task has the name of its step: {wanted}"
        if project.kebab(step) not in steps:
            yield path, f"{project.REGISTRY} names no step {project.kebab(step)}"


def _step(name):
    """The step of a Task: its name, without the suffix of a second state of the same step (`NotifyOfWait` runs `notify`, and
    `ExportTableOfPart` runs `export-table` for an item of a map)."""
    verb, of, rest = name.partition("Of")
    return verb if of and (verb in SINGLE or rest == PART) else name


def timeouts(machine, _errors):
    if not _positive(machine.get("TimeoutSeconds")):
        yield "", "a machine has TimeoutSeconds"
    for path, _, state, _ in asl.states(machine):
        if state["Type"] == "Task" and not _positive(state.get("TimeoutSeconds")):
            yield path, "a Task has TimeoutSeconds, as a number"


def retries(machine, errors):
    for path, _, state, _ in asl.states(machine):
        if state["Type"] != "Task":
            continue
        retried = [error for retrier in state.get("Retry", []) for error in retrier["ErrorEquals"]]
        if not retried:
            yield path, "a Task has a Retry"
        for retrier in state.get("Retry", []):
            if retrier.get("JitterStrategy") != "FULL" or not _positive(retrier.get("MaxDelaySeconds")):
                yield path, "a retrier has JitterStrategy FULL and MaxDelaySeconds"
            if not _positive(retrier.get("MaxAttempts")) or not _positive(retrier.get("IntervalSeconds")):
                yield path, "a retrier has MaxAttempts and IntervalSeconds"
        if state.get("Resource") == LAMBDA:
            needed = LAMBDA_ERRORS | ASLEEP | errors["Transient"] | errors["Waiting"]
            for error in sorted(needed - set(retried)):
                yield path, f"a Task retries {error}"
            for error in sorted(set(retried) - needed - LOST_ANSWERS):
                yield path, f"a Task does not retry {error}, which is not transient"
            if not path.startswith(ONLY_COMPARED):
                patient = ASLEEP | ({"NotReady"} if path.split("/")[-1] in CALLING else set())
                for error in sorted(patient & set(retried)):
                    if _waits(state, error) < SOME_MINUTES:
                        yield path, f"waits less than {SOME_MINUTES} s in all for {error}"
        elif "States.ALL" in retried:
            yield path, "a Retry names its errors"


def _waits(state, error):
    """How long a state retries an error, in seconds before jitter."""
    retrier = next(retrier for retrier in state["Retry"] if error in retrier["ErrorEquals"])
    grown = (retrier["IntervalSeconds"] * retrier["BackoffRate"] ** attempt for attempt in range(retrier["MaxAttempts"]))
    return sum(min(delay, retrier["MaxDelaySeconds"]) for delay in grown)


def containers(machine, _errors):
    """No container is started while another of the same job may be running."""
    for path, _, state, _ in asl.states(machine):
        if state.get("Resource") != CONTAINER:
            continue
        for retrier in state.get("Retry", []):
            for error in sorted(set(retrier["ErrorEquals"]) - NOT_STARTED):
                yield path, f"does not retry {error}, after which a container may be running"


def fails_as_its_step(machine):
    """A job fails with the error of its step, which whoever polls it reports; it has no Notify of its own."""
    for path, name, state, scope in asl.states(machine):
        ends = state.get("End") or scope["States"].get(state.get("Next"), {}).get("Type") == "Choice"
        if state.get("Resource") == LAMBDA and (state.get("Catch") or not ends):
            yield path, "a job ends with its step or chooses by its result, and catches none of its errors"
        if project.kebab(_step(name)) == "notify":
            yield path, "a job notifies nobody: the run that started it does"


def catches(machine):
    for path, _, state, _ in asl.states(machine):
        catchers = state.get("Catch", [])
        if state["Type"] == "Task" and (not catchers or catchers[-1]["ErrorEquals"] != ["States.ALL"]):
            yield path, "a Task catches States.ALL last"
        for catcher in catchers:
            caught = catcher["ErrorEquals"]
            if "States.ALL" in caught and (caught != ["States.ALL"] or catcher is not catchers[-1]):
                yield path, "States.ALL is caught alone and last"


def failures(machine, _errors):
    for path, _, state, _ in asl.states(machine):
        if state["Type"] == "Fail" and not (state.get("Error") and state.get("Cause")):
            yield path, "a Fail has an Error and a Cause"


def loops(machine, _errors):
    for path, scope in asl.scopes(machine):
        for loop in asl.loops(scope):
            where = path + min(loop)
            inside = {name: scope["States"][name] for name in loop}
            if not any(state["Type"] == "Wait" for state in inside.values()):
                yield where, "a loop waits"
            choices = [state for state in inside.values() if state["Type"] == "Choice"]
            if not choices:
                yield where, "a loop has a Choice"
            polling = [choice for choice in choices if "status" in json.dumps(choice["Choices"])]
            for choice in polling or choices:
                yield from _arms(where, choice, loop)


def turns(machine, _errors):
    """A map over tables starts a limited number per second, for any number of tables and any duration."""
    for path, _, state, _ in asl.states(machine):
        inside = state.get("ItemProcessor", {}).get("States", {})
        if not OF_TABLES & inside.keys():
            continue
        first = inside[state["ItemProcessor"]["StartAt"]]
        if first["Type"] != "Wait" or first.get("Seconds") != TURN:
            yield path, f"a map over tables starts with a Wait for the turn that each was given: {TURN}"


def _arms(where, choice, loop):
    """A polling Choice leaves the loop on success, on failure and by default, and stays in it only while in progress."""
    arms = {}
    for arm in choice["Choices"]:
        compared = re.search(r"status = '(\w+)'", arm.get("Condition", ""))
        arms[compared.group(1) if compared else "?"] = arm["Next"]
    for status in sorted(STATUSES - arms.keys()):
        yield where, f"a polling Choice has an arm for {status}"
    for status, target in arms.items():
        if status in STATUSES and (target in loop) != (status == "in_progress"):
            yield where, f"the arm for {status} {'stays in' if target in loop else 'leaves'} the loop"
    if arms.get("succeeded") == arms.get("failed"):
        yield where, "success and failure go different ways"
    if choice["Default"] in loop:
        yield where, "the Default leaves the loop: an unknown status is not waited for"


def queries(machine, _errors):
    assigned = set()
    for _, _, state, _ in asl.states(machine):
        for holder in [state, *state.get("Catch", []), *state.get("Choices", [])]:
            assigned |= holder.get("Assign", {}).keys()
    for path, _, state, _ in asl.states(machine):
        for text in jsonata.expressions(state):
            for fault in jsonata.faults(text, assigned):
                yield path, fault
    # AWS refuses JSONPath states in a JSONata machine, and states inside a map have the machine's language, not the map's.
    # The local engine does not evaluate JSONata in a distributed map. So a machine is JSONata; or JSONPath for its
    # distributed map, and each state outside of that specifies JSONata.
    whole = machine.get("QueryLanguage", "JSONPath")
    for path, scope in asl.scopes(machine):
        distributed = scope.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED"
        for name, state in scope["States"].items():
            around = state.get("ItemProcessor", {}).get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED"
            language = state.get("QueryLanguage", whole)
            if whole == "JSONata" and language != "JSONata":
                yield f"{path}{name}", "AWS refuses a JSONPath state in a JSONata machine"
            if whole == "JSONPath" and language != "JSONata" and not (distributed or around):
                yield f"{path}{name}", "JSONPath is for distributed maps only: this state's QueryLanguage is JSONata"


def writers(machine, _errors):
    """The result of a distributed map grows with its input: it is written to S3, and kept in no state."""
    for path, _, state, _ in asl.states(machine):
        mode = state.get("ItemProcessor", {}).get("ProcessorConfig", {}).get("Mode")
        if mode == "DISTRIBUTED" and "ResultWriter" not in state:
            yield path, "a distributed map has a ResultWriter"


def partitions(machine, _errors):
    """The partition of the Region in which the machine is deployed: arn:aws does not exist in China and in GovCloud."""
    for path, _, state, _ in asl.states(machine):
        if not state.get("Resource", "arn:${Partition}:").startswith("arn:${Partition}:"):
            yield path, f"its Resource follows the partition: {state['Resource']}"


def _positive(value):
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def main(root):
    layout = project.Project(root)
    found = []
    machines = sorted((root / "state-machines").glob("*.asl.json"))
    for file in machines:
        name = file.name.removesuffix(".asl.json")
        found += check(name, json.loads(file.read_text()), layout.errors, layout.steps)
    found += layout.faults({file.name.removesuffix(".asl.json"): json.loads(file.read_text()) for file in machines})
    for where, fault in found:
        print(f"{where}: {fault}", file=sys.stderr)
    print(f"{len(machines)} state machines, {len(layout.steps)} steps: {len(found) or 'no'} faults")
    return 1 if found or not machines else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[2]))
