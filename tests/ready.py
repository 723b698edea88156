#!/usr/bin/env python3
"""Prepares what the demo and the tests need: a cargo build and, at the same time, the virtual environments.

    ready.py [ANNOUNCEMENT] -- CARGO_COMMAND... [-- COMMAND...]...

The further commands run during the build. The first that fails stops the others, and its output is printed last.
One line shows how many crates are built, of how many: it is kept up to date on a terminal, and written twice a
minute elsewhere. If everything is ready, nothing is printed.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time

WRITE_EVERY = 30  # seconds, if a line can't be updated
QUIET_FOR = 3  # seconds: shorter steps need no line
PROGRESS = re.compile(r"Building \[[=> ]*\] (\d+)/(\d+)(?:: (.*))?")
# Cargo's progress messages; warnings and errors are others.
STATUS = re.compile(
    r"\s*(Compiling|Checking|Downloading|Downloaded|Updating|Locking|Blocking|Finished|Fetch|Building|Adding|Fresh|Dirty)\b"
)
COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def clock(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


class Run:
    """A command that runs in a process group of its own, so that it can be stopped with all that it started."""

    def __init__(self, command, environment=None):
        self.command = command
        self.said = []
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.lines():
            self.said.append(line)

    def lines(self):
        """Its output; cargo ends a line of progress with a carriage return."""
        left = b""
        while read := os.read(self.process.stdout.fileno(), 65536):
            *ended, left = re.split(rb"[\r\n]", left + read)
            yield from (line.decode(errors="replace") for line in ended)
        if left:
            yield left.decode(errors="replace")

    def code(self):
        """Its exit code, once it has ended and its output is read."""
        if self.process.poll() is None:
            return None
        self.reader.join(timeout=5)
        return self.process.returncode

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


class Build(Run):
    """A cargo build, which reports its progress."""

    def __init__(self, command):
        self.done, self.total, self.at = 0, 0, ""
        progress = {"CARGO_TERM_PROGRESS_WHEN": "always", "CARGO_TERM_PROGRESS_WIDTH": "200"}
        colour = {"CARGO_TERM_COLOR": "always"} if sys.stdout.isatty() else {}
        super().__init__(command, {**os.environ, **progress, **colour})

    def read(self):
        for line in self.lines():
            bare = COLOUR.sub("", line)
            if progress := PROGRESS.search(bare):
                self.done, self.total, self.at = int(progress[1]), int(progress[2]), (progress[3] or "").strip()
            elif bare.strip() and not STATUS.match(bare):
                self.said.append(line)


class Screen:
    """The one line of progress."""

    def __init__(self):
        self.started = time.monotonic()
        self.written = None
        self.line = ""
        self.live = sys.stdout.isatty()

    def show(self, build, beside):
        now = time.monotonic()
        since = self.started + QUIET_FOR - WRITE_EVERY if self.written is None else self.written
        if now - self.started < QUIET_FOR or (not self.live and now - since < WRITE_EVERY):
            return
        what = f"{build.done} of {build.total} crates" if build.total else "downloading"
        what += f", now {build.at}" if build.at else ""
        what += f"; beside it {beside}" if beside else ""
        line = f"   {clock(now - self.started)} {what}"
        if not self.live:
            print(line, flush=True)
        elif line != self.line:
            print(f"\r\x1b[K{line[: os.get_terminal_size().columns - 1]}", end="", flush=True)
        self.written, self.line = now, line

    def end(self, said):
        if self.written is not None and self.live:
            print("\r\x1b[K", end="")
        for line in said:
            print(line)
        sys.stdout.flush()


def run(build_command, further_commands):
    """The result: the exit code of the first failure, or 0."""
    screen = Screen()
    runs = []
    try:
        runs.append(build := Build(build_command))
        runs += [Run(command) for command in further_commands]
        while True:
            codes = [one.code() for one in runs]
            for one, code in zip(runs, codes):
                if code:
                    screen.end([*one.said, f"failed: {' '.join(one.command)}"])
                    return code
            if None not in codes:
                break
            left = [one.command[-1] for one, code in zip(runs[1:], codes[1:]) if code is None]
            screen.show(build, " and ".join(left))
            time.sleep(0.05)
    finally:
        for one in runs:
            one.stop()
    took = time.monotonic() - screen.started
    screen.end([line for one in runs for line in one.said])
    if screen.written is not None:
        print(f"   ready in {clock(took)}", flush=True)
    return 0


def main(arguments):
    commands = [[]]
    for argument in arguments:
        if argument == "--":
            commands.append([])
        else:
            commands[-1].append(argument)
    announcement, build, *further = commands
    if announcement:
        print(*announcement, flush=True)
    return run(build, further)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
