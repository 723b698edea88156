"""Corrects MiniStack 1.5.33's Step Functions where they differ from AWS's in a way that matters to Holdfast.

- A Parallel state in JSONata honours its Arguments, Output and Assign.
- A Catch is in the language of its state, also where that is not the machine's.
- A branch and an item have their own variables; a Distributed Map's children see none of the parent's.
- A Distributed Map's child is an execution with its own context object.
- An execution that has ended starts no further task, and its status never changes again.
- TimeoutSeconds of a state machine ends its executions as TIMED_OUT, by the lab's clock.
- StartExecution with the name and the input of a running execution returns that execution.
- A Distributed Map with a ResultWriter writes its children to S3, and its output says where.
- The time limit of an expression is of real time, not of the lab's clock, and allows for a busy machine.
- The history holds the states of a Map's iterations and of a Parallel's branches too, each event with the previous one.
"""

import contextvars
import copy
import functools
import json
import threading
import time

from jsonata import timebox
from jsonata.jexception import JException
from ministack.core.responses import json_response, set_request_account_id, set_request_region
from ministack.services import s3
from ministack.services import stepfunctions as steps

WATCH_SECONDS = 0.25
EXPRESSION_MILLISECONDS = 60_000


def _honour_parallel():
    branches_alone = steps._run_parallel_branches

    def run_parallel(state, given, execution, context):
        if steps._state_query_language(state, context) != "JSONata":
            return branches_alone(state, given, execution, context)
        bare = {key: value for key, value in state.items() if key not in ("Arguments", "Output", "Assign")}
        arguments = steps._apply_jsonata_arguments(state, given, context)
        results, following = branches_alone(bare, arguments, execution, context)
        output = steps._apply_jsonata_output(state, given, context, result=results, default=results)
        steps._apply_state_assign(state, given, context, result=results)
        return output, following

    steps._run_parallel_branches = run_parallel


def _catch_in_the_states_language():
    apply_catcher = steps._apply_catcher

    def apply(catcher, given, context, query_language, error_output):
        return apply_catcher({**catcher, "QueryLanguage": query_language}, given, context, query_language, error_output)

    steps._apply_catcher = apply


def _separate_variables():
    def run_sub_machine(states, start_at, given, execution, context):
        context = copy.deepcopy(context)
        if "mapRunArn" in execution and "_entered" not in execution:
            execution["_entered"] = True
            context["variables"] = {}
            context["Execution"] = {
                "Id": execution["executionArn"],
                "Input": copy.deepcopy(given),
                "Name": execution["name"],
                "StartTime": execution["startDate"],
            }
        return _walk(states, start_at, copy.deepcopy(given), execution, context)

    steps._run_sub_machine = run_sub_machine


def _walk(states, name, given, execution, context):
    """From the first state of an iteration or a branch to its end; each state that is entered or left is an event."""
    while name:
        state = states.get(name)
        if state is None:
            raise steps._ExecutionError("States.Runtime", f"State '{name}' not found")
        kind = state["Type"]
        context["State"] = {"Name": name, "EnteredTime": steps.now_iso(), "RetryCount": 0}
        entered = {"name": name, "input": json.dumps(given)}
        steps._add_event(execution, f"{kind}StateEntered", {"stateEnteredEventDetails": entered})
        if kind == "Fail":
            raise steps._ExecutionError(*steps._fail_state_error(state, given, context))
        if kind == "Succeed":
            given = steps._apply_input_path(state, given, context)
            given, following = steps._apply_output_path(state, given, context), None
        elif kind in ("Task", "Parallel", "Map"):
            given, following = getattr(steps, f"_execute_{kind.lower()}")(state, given, execution, context)
        else:
            given, following = getattr(steps, f"_execute_{kind.lower()}")(state, given, context)
        left = {"name": name, "output": json.dumps(given)}
        steps._add_event(execution, f"{kind}StateExited", {"stateExitedEventDetails": left})
        name = following
    return given


def _number_events():
    """Iterations write into one history at once: each event has a number of its own, and names the previous one."""
    lock, add = threading.Lock(), steps._add_event
    last = contextvars.ContextVar("last", default=(None, 0))

    def add_event(execution, *event):
        with lock:
            added = add(execution, *event)
        of, before = last.get()
        added["previousEventId"] = before if of == execution["executionArn"] else added["id"] - 1
        last.set((execution["executionArn"], added["id"]))
        return added

    steps._add_event = add_event


def _runs(execution):
    """Whether an execution, and the one whose Distributed Map it belongs to, still runs."""
    if execution["status"] != "RUNNING":
        return False
    run = steps._map_runs.get(execution.get("mapRunArn", ""))
    parent = steps._executions.get(run["executionArn"]) if run else None
    return parent is None or _runs(parent)


def _stop_what_has_ended():
    for name in ("_execute_task", "_execute_parallel", "_execute_map"):

        def only_while_it_runs(state, given, execution, context, go_on=getattr(steps, name)):
            if not _runs(execution):
                raise steps._ExecutionError("States.Runtime", "the execution has ended")
            return go_on(state, given, execution, context)

        setattr(steps, name, only_while_it_runs)

    fail = steps._fail_execution

    def fail_execution(execution, error, cause):
        if execution["status"] == "RUNNING":
            fail(execution, error, cause)

    steps._fail_execution = fail_execution


def _write_results():
    run = steps._run_distributed_map
    around = ("ResultWriter", "ResultSelector", "ResultPath", "OutputPath")

    def run_distributed_map(state, given, effective, iterator, execution, context):
        if "ResultWriter" not in state:
            return run(state, given, effective, iterator, execution, context)
        before = set(steps._map_runs)
        bare = {key: value for key, value in state.items() if key not in around}
        _, following = run(bare, given, effective, iterator, execution, context)
        mine = [
            arn
            for arn, map_run in steps._map_runs.items()
            if arn not in before and map_run["executionArn"] == execution["executionArn"]
        ]
        written = _written(state["ResultWriter"]["Parameters"], mine[0])
        output = steps._apply_result_path(state, given, steps._apply_result_selector(state, written))
        return steps._apply_output_path(state, output, context), following

    steps._run_distributed_map = run_distributed_map


def _written(place, arn):
    """A file of the children by how they ended, and the manifest that names it."""
    bucket, folder = place["Bucket"], f"{place.get('Prefix', '')}/{arn.rpartition(':')[2]}".strip("/")
    files = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
    children = [child for child in steps._executions.values() if child.get("mapRunArn") == arn]
    names = ("executionArn", "input", "name", "output", "error", "cause", "startDate", "stateMachineArn", "status", "stopDate")
    for status in ("FAILED", "SUCCEEDED"):
        entries = [
            {f"{name[0].upper()}{name[1:]}": child[name] for name in names if child.get(name) is not None}
            for child in children
            if child["status"] == status
        ]
        if entries:
            key = f"{folder}/{status}_0.json"
            files[status].append({"Key": key, "Size": _put(bucket, key, entries)})
    manifest = f"{folder}/manifest.json"
    _put(bucket, manifest, {"DestinationBucket": bucket, "MapRunArn": arn, "ResultFiles": files})
    return {"MapRunArn": arn, "ResultWriterDetails": {"Bucket": bucket, "Key": manifest}}


def _put(bucket, key, content):
    body = json.dumps(content).encode()
    status, *_ = s3._put_object(bucket, key, body, {"content-type": "application/json"})
    if status != 200:
        raise steps._ExecutionError("States.ResultWriterFailed", f"writing {key} to {bucket}: {status}")
    return len(body)


@functools.lru_cache
def _limit(definition):
    return json.loads(definition).get("TimeoutSeconds")


def _time_out(key, execution):
    account, region, _ = key
    machine = steps._state_machines._data.get((account, region, execution["stateMachineArn"]))
    limit = _limit(machine["definition"]) if machine else None
    started = steps._iso_to_epoch_ms(execution["startDate"]) / 1000
    if limit is None or time.time() - started < limit or execution["status"] != "RUNNING":
        return
    execution.update(status="TIMED_OUT", stopDate=steps.now_iso(), error="States.Timeout", cause=None)
    steps._add_event(execution, "ExecutionTimedOut", {"executionTimedOutEventDetails": {"error": "States.Timeout"}})
    set_request_account_id(account)
    set_request_region(region)
    steps._emit_execution_status_event(execution)


def _watch_timeouts():
    while True:
        time.sleep(WATCH_SECONDS)
        for key, execution in list(steps._executions._data.items()):
            if execution["status"] == "RUNNING" and "mapRunArn" not in execution:
                try:
                    _time_out(key, execution)
                except Exception:  # an error in one execution must not end the watch over the others
                    steps.logger.exception("watching the time of %s", key)


def _answer_again():
    start = steps._start_execution

    def start_execution(request):
        machine = steps._resolve_state_machine_arn(request.get("stateMachineArn", "").split("#")[0])
        if machine and request.get("name"):
            arn = machine.replace(":stateMachine:", ":execution:", 1) + ":" + request["name"]
            earlier = steps._executions.get(arn)
            if earlier and earlier["status"] == "RUNNING" and earlier["input"] == request.get("input", "{}"):
                return json_response({"executionArn": arn, "startDate": earlier["startDate"]})
        return start(request)

    steps._start_execution = start_execution


class _RealTimebox(timebox.Timebox):
    """Measures by a monotonic clock: the original takes a lab's clock that is set forward for an endless expression."""

    def __init__(self, frame, timeout=None, max_depth=None):
        self.began, self.limit = time.monotonic(), timeout
        super().__init__(frame, None, max_depth)

    def check_runaway(self):
        super().check_runaway()
        if self.limit is not None and (time.monotonic() - self.began) * 1000 > self.limit:
            raise JException("D1012", -1, self.limit)


def _give_time():
    timebox.Timebox = _RealTimebox
    expression = steps.jsonata.Jsonata.jsonata

    def patient(text, **bounds):
        # The limit of one second may be too short on a shared machine; an endless expression is still stopped.
        return expression(text, **{**bounds, "timeout": EXPRESSION_MILLISECONDS} if "timeout" in bounds else bounds)

    steps.jsonata.Jsonata.jsonata = staticmethod(patient)


def apply():
    """Installs all corrections; fails if MiniStack's internals differ from the version that they were written for."""
    _number_events()
    _give_time()
    _honour_parallel()
    _catch_in_the_states_language()
    _separate_variables()
    _write_results()
    _stop_what_has_ended()
    _answer_again()
    threading.Thread(target=_watch_timeouts, daemon=True).start()
