"""Wait states and retry delays by the lab's clock, for a lab whose clock is advanced whenever the lab is idle.

A strand is an execution, or one iteration of a Map. It is busy, or it waits until a time of the lab's clock; a strand that
waits for its own iterations or for a nested execution is neither. `state()` returns how many are busy and in how many
seconds the next one wakes: while none is busy, the clock can jump there and nothing is missed. Only a Parallel state
keeps its strand busy, and so the clock from moving.
"""

import contextvars
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as futures_wait

from ministack.services import stepfunctions as steps

LOOK_SECONDS = 0.01

_lock = threading.Lock()
_busy = 0
_waits = {}
# Whether the running code belongs to a strand: what it calls, including a nested execution, is the same strand.
_in_strand = contextvars.ContextVar("in_strand", default=False)


def state():
    """How many strands are busy, including those that are due to wake, and the seconds until the next one wakes."""
    with _lock:
        left = [due - time.time() for due in _waits.values()]
        resumed = sum(1 for seconds in left if seconds <= 0)
        return {"busy": _busy + resumed, "next_seconds": min(left, default=None)}


def _change(by):
    global _busy
    _busy += by


def _sleep(seconds):
    if seconds <= 0:
        return
    key, due = object(), time.time() + seconds
    with _lock:
        _waits[key] = due
        _change(-1)
    while time.time() < due:
        time.sleep(LOOK_SECONDS)
    with _lock:
        del _waits[key]
        _change(1)


class _Iterations(ThreadPoolExecutor):
    """As many strands as concurrent iterations. The last one to end hands over to the strand that waits for them all."""

    def __init__(self, max_workers):
        super().__init__(max_workers)
        self.most, self.left, self.awaited = max_workers, 0, False

    def _count(self, by):
        before = min(self.left, self.most)
        self.left += by
        _change(min(self.left, self.most) - before)

    def submit(self, *call):
        def run():
            try:
                return call[0](*call[1:])
            finally:
                with _lock:
                    self._count(-1)
                    if self.left == 0 and self.awaited:
                        _change(1)

        with _lock:
            self._count(1)
        future = super().submit(run)
        future.iterations = self
        return future


def _await_all(futures):
    iterations = futures[0].iterations if futures else None
    with _lock:
        if iterations and iterations.left:
            iterations.awaited = True
            _change(-1)
    return futures_wait(futures)


def _count_iterations():
    # A task with a timeout runs in a pool of its own, as the same strand.
    timed = threading.local()
    run_timed = steps._invoke_resource_with_timeout

    def invoke_resource_with_timeout(*call):
        timed.call = True
        return run_timed(*call)

    def pool(max_workers):
        if getattr(timed, "call", False):
            timed.call = False
            return ThreadPoolExecutor(max_workers)
        return _Iterations(max_workers)

    steps._invoke_resource_with_timeout = invoke_resource_with_timeout
    steps.ThreadPoolExecutor = pool
    steps.futures_wait = _await_all


def _count_executions():
    start, run = steps._start_execution, steps._run_execution

    def start_execution(request):
        with _lock:
            _change(1)
        # The execution is a strand of its own, for any caller.
        outside = _in_strand.set(False)
        try:
            answer = start(request)
        finally:
            _in_strand.reset(outside)
        if answer[0] != 200:
            with _lock:
                _change(-1)
        return answer

    def run_execution(arn):
        if _in_strand.get():
            return run(arn)
        _in_strand.set(True)
        try:
            return run(arn)
        finally:
            with _lock:
                _change(-1)

    steps._start_execution, steps._run_execution = start_execution, run_execution


def apply():
    """Installs it; must come before any wrapper that handles StartExecution without starting an execution."""
    steps._scaled_sleep = _sleep
    _count_iterations()
    _count_executions()
