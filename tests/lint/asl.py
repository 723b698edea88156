"""Reading a state machine: its scopes, and where a state may go next."""

TERMINAL = {"Succeed", "Fail"}
_COMMON = {"Type", "Comment", "QueryLanguage", "Next", "End", "Assign", "Output"}
_JSONPATH = {"InputPath", "OutputPath", "Parameters", "ResultSelector", "ResultPath"}
FIELDS = {
    "Task": _COMMON | _JSONPATH | {"Resource", "Arguments", "TimeoutSeconds", "HeartbeatSeconds", "Retry", "Catch"},
    "Choice": {"Type", "Comment", "QueryLanguage", "Choices", "Default", "Assign", "Output"},
    "Wait": _COMMON | {"Seconds", "Timestamp"},
    "Pass": _COMMON | _JSONPATH | {"Result"},
    "Succeed": {"Type", "Comment", "QueryLanguage", "Output"},
    "Fail": {"Type", "Comment", "QueryLanguage", "Error", "Cause"},
    "Map": _COMMON
    | _JSONPATH
    | {"Items", "ItemsPath", "ItemSelector", "ItemProcessor", "MaxConcurrency", "Retry", "Catch", "Label"}
    | {"ToleratedFailurePercentage", "ToleratedFailureCount", "ItemBatcher", "ItemReader", "ResultWriter"},
    "Parallel": _COMMON | _JSONPATH | {"Arguments", "Branches", "Retry", "Catch"},
}


def scopes(machine, path=""):
    """Every graph of states, the machine's own first, as (path, scope)."""
    yield path, machine
    for name, state in machine.get("States", {}).items():
        inner = [state["ItemProcessor"]] if "ItemProcessor" in state else state.get("Branches", [])
        for scope in inner:
            yield from scopes(scope, f"{path}{name}/")


def states(machine):
    """Every state, as (path, name, state, scope)."""
    for path, scope in scopes(machine):
        for name, state in scope.get("States", {}).items():
            yield f"{path}{name}", name, state, scope


def targets(state):
    """The names of the states that may follow."""
    found = [state["Next"]] if "Next" in state else []
    found += [choice.get("Next") for choice in state.get("Choices", [])]
    found += [state["Default"]] if "Default" in state else []
    found += [catcher.get("Next") for catcher in state.get("Catch", [])]
    return found


def reachable(scope, start):
    """The states that can be reached from `start`, itself included."""
    seen, todo = set(), [start]
    while todo:
        name = todo.pop()
        if name not in seen and name in scope["States"]:
            seen.add(name)
            todo += targets(scope["States"][name])
    return seen


def loops(scope):
    """The sets of states that form a loop."""
    found = []
    for name, state in scope["States"].items():
        after = set().union(*(reachable(scope, target) for target in targets(state)), set())
        if name in after:
            loop = frozenset(other for other in after if name in reachable(scope, other))
            if loop not in found:
                found.append(loop)
    return found


def structure(machine):
    """The faults that make it an invalid state machine, as (path, fault)."""
    for path, scope in scopes(machine):
        here, known = path or "the machine", scope.get("States", {})
        start = scope.get("StartAt")
        if start not in known:
            yield here, f"StartAt names {start!r}, which is no state here"
            continue
        for name in known.keys() - reachable(scope, start):
            yield f"{path}{name}", "cannot be reached"
        if not any(state.get("End") or state.get("Type") in TERMINAL for state in known.values()):
            yield here, "never ends"
    for path, _, state, scope in states(machine):
        kind = state.get("Type")
        if kind not in FIELDS:
            yield path, f"Type {kind!r} does not exist"
            continue
        for field in sorted(state.keys() - FIELDS[kind]):
            yield path, f"a {kind} has no field {field}"
        for target in targets(state):
            if target not in scope.get("States", {}):
                yield path, f"goes to {target!r}, which is no state here"
        ways = ("Next" in state) + bool(state.get("End"))
        if kind == "Choice" and ("Default" not in state or not state.get("Choices")):
            yield path, "a Choice has Choices and a Default"
        elif kind not in TERMINAL | {"Choice"} and ways != 1:
            yield path, "has either a Next or an End"
