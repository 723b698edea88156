"""No machine loses the cause of a failure: a rule over Catch, Pass, Choice and Fail.

A cause is kept in a variable (a Catch or a Pass that assigns it) or, within a map, by the data that goes from state to state.
"""

import json
import re

import asl

# Records the cause, but may fail itself: the states after it get the cause too.
CLOSES = "EndRun"
NOTIFIES = "Notify"


def check(machine):
    """Every place that loses a cause, as (path, fault)."""
    for path, scope in asl.scopes(machine):
        holders = _holders(scope)
        for name, state in scope["States"].items():
            where = f"{path}{name}"
            yield from _catchers(where, state, scope)
            yield from _arms(where, name, state, scope)
            yield from _map(where, state)
            yield from _overwritten(where, name, state, scope, holders)
            if state["Type"] == "Fail" and "{%" not in state.get("Cause", ""):
                yield where, "a Fail says why in its Cause, by an expression: a fixed text has no cause"
        for holder in holders:
            yield from _passed_on(path, holder, scope)


def _catchers(where, state, scope):
    """A Catch keeps error and cause, in a variable or in the result of the map's item.

    Except for interim notifications: the same step notifies at the end, and there an unusable topic fails the execution.
    """
    if where.split("/")[-1].startswith(f"{NOTIFIES}Of"):
        return
    for catcher in state.get("Catch", []):
        if _held(catcher.get("Assign", {})):
            continue
        data = catcher.get("ResultPath", "").startswith("$.") or _holds(catcher.get("Output"))
        if not data:
            yield where, "a Catch keeps $states.errorOutput's Error and Cause: in a variable, or under failure in its Output"
            continue
        for lost in _data_lost(scope, catcher["Next"]):
            yield where, f"what its Catch keeps is lost in {lost}, which passes its input's failure to nobody"


def _holds(value):
    text = json.dumps(value)
    return "$states.errorOutput.Error" in text and bool(re.search(r"\$states\.errorOutput\b.*Cause", text))


def _held(assigned):
    return [name for name, value in assigned.items() if _holds(value)]


def _from_input(assigned):
    return [name for name, value in assigned.items() if "$states.input.failure" in json.dumps(value)]


def _data_lost(scope, start):
    """The states, from `start`, that drop what a Catch put into the data."""
    seen, todo = set(), [start]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        state = scope["States"][name]
        if _from_input(state.get("Assign", {})):
            continue
        given = [state[field] for field in ("Output", "Parameters", "Result") if field in state]
        kept = all(re.search(r"\$(states\.input)?\.failure|\$states\.input %", json.dumps(value)) for value in given)
        if state["Type"] in ("Task", "Map", "Parallel", "Fail") or not kept:
            yield name
        elif not state.get("End"):
            todo += asl.targets(state)


def _arms(where, name, state, scope):
    """A failed status, or an unknown one, goes to a state that keeps its failure."""
    if state["Type"] != "Choice" or "status = 'failed'" not in json.dumps(state["Choices"]):
        return
    polls = [other for other in scope["States"].values() if other.get("Next") == name]
    if any("$states.result" in json.dumps(other.get("Assign", {})) for other in polls):
        return
    failed = [arm["Next"] for arm in state["Choices"] if "status = 'failed'" in arm.get("Condition", "")]
    for target in sorted({*failed, state["Default"]}):
        after = scope["States"][target]
        passed = after["Type"] == "Pass" and after.get("End") and "Output" not in after
        if not passed and not (after["Type"] == "Pass" and _from_input(after.get("Assign", {}))):
            yield where, f"goes to {target} when it failed, which keeps no $states.input.failure"


def _map(where, state):
    if state["Type"] != "Map" or "ItemProcessor" not in state:
        return
    kept = "$states.result" in json.dumps(state.get("Assign", {}))
    if not kept and "Output" in state and "$states.result" not in json.dumps(state["Output"]):
        yield where, "a Map keeps the results of its items: their failures are in them"


def _holders(scope):
    """The states that assign a cause to a variable, as (state, variable, next state, the assigned value)."""
    found = []
    for name, state in scope["States"].items():
        for catcher in state.get("Catch", []):
            for variable in _held(catcher.get("Assign", {})):
                found.append((name, variable, catcher["Next"], catcher["Assign"][variable]))
        if "Next" in state:
            for variable in _from_input(state.get("Assign", {})):
                found.append((name, variable, state["Next"], state["Assign"][variable]))
    return found


def _overwritten(where, name, state, scope, holders):
    """An assignment to a variable that may have a cause already keeps that cause."""
    assigned = [holder.get("Assign", {}) for holder in [state, *state.get("Catch", []), *state.get("Choices", [])]]
    for assign in assigned:
        for variable, value in assign.items():
            earlier = {
                holder
                for holder, held, after, _ in holders
                if held == variable and name in asl.reachable(scope, after)
            }
            if earlier and not _reads(value, variable):
                first = min(earlier)
                yield where, f"assigns {variable}, which may hold what {first} came to, and does not keep ${variable} in it"


def _passed_on(path, holder, scope):
    """On every path from a kept cause, it is passed on before the machine ends."""
    name, variable, start, _ = holder
    seen, todo = set(), [start]
    while todo:
        at = todo.pop()
        if at in seen:
            continue
        seen.add(at)
        state = scope["States"][at]
        reads = _reads([state.get("Arguments"), state.get("Cause")], variable)
        if at == CLOSES and not reads:
            yield f"{path}{name}", f"{at} does not get ${variable}"
        if reads and at != CLOSES:
            continue
        if at == NOTIFIES or state["Type"] in asl.TERMINAL or state.get("End"):
            yield f"{path}{name}", f"a path from it ends in {at} without passing on ${variable}"
        else:
            todo += asl.targets(state)


def _reads(value, variable):
    """Whether an expression uses the whole variable: a part would drop the rest."""
    return bool(re.search(rf"\${variable}\b(?!\.)", json.dumps(value)))
