"""Runs MiniStack on the lab's clock.

Each line on standard input is how many seconds the lab is ahead of the machine, or an object of durations; it is echoed
on standard output once MiniStack's `time` and `datetime`, or its jobs, use it. The response to the line "waits" is
`ministack_waits.state`. Monotonic clocks stay real, so that no running timer fires early. The end of standard input
means that the lab has ended: MiniStack then ends too.
"""

import datetime
import json
import os
import signal
import sys
import threading
import time

import time_machine
from time_machine import escape_hatch

REPLIES = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # MiniStack's output goes to its log


def follow(lines, traveller):
    ahead = 0.0
    for line in lines:
        said = json.loads(line)
        if isinstance(said, dict):
            import ministack_dynamodb

            ministack_dynamodb.durations.update(said)
        elif said == "waits":
            import ministack_waits

            line = json.dumps(ministack_waits.state()) + "\n"
        else:
            traveller.shift(said - ahead)
            ahead = said
        REPLIES.write(line)
    os.kill(os.getpid(), signal.SIGTERM)


def start():
    """Starts at the machine's time. On a busy machine, the time that was asked for has passed when the clock starts."""
    traveller = time_machine.travel(datetime.datetime.now(datetime.timezone.utc), tick=True).start()
    while True:
        before, shown, after = escape_hatch.time.time(), time.time(), escape_hatch.time.time()
        if after - before < 0.001:
            traveller.shift(before - shown)
            return traveller


def main():
    traveller = start()
    threading.Thread(target=follow, args=(sys.stdin, traveller), daemon=True).start()
    sys.argv = ["ministack"]
    # Only now: modules that read the clock at import must read the lab's.
    import ministack_autoscaling
    import ministack_credentials
    import ministack_dynamodb
    import ministack_ecs
    import ministack_exports
    import ministack_iam
    import ministack_lambda
    import ministack_layers
    import ministack_route53
    import ministack_run_task
    import ministack_stacks
    import ministack_steps
    import ministack_tasks
    import ministack_waits
    from ministack.app import main as run

    from ministack.services import scheduler

    scheduler._SCHEDULE_TICK_INTERVAL = 1  # instead of 10 s: a test waits for it
    ministack_autoscaling.apply()
    ministack_credentials.apply()
    ministack_dynamodb.apply()
    ministack_exports.apply()
    ministack_ecs.apply()
    ministack_tasks.apply()
    ministack_iam.apply()
    ministack_lambda.apply()
    ministack_layers.apply()
    ministack_route53.apply()
    ministack_run_task.apply()
    ministack_stacks.apply()
    if os.environ.get("LAB_WAITS") == "clock":
        ministack_waits.apply()
    ministack_steps.apply()
    run()


if __name__ == "__main__":
    main()
