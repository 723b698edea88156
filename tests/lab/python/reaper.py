"""Ends a lab's processes when the lab has ended: at the end of standard input, for any reason.

Lines: `watch PID`, `forget PID`, `remove DIRECTORY`. Arguments: name and value of the environment variable that marks
the lab's processes.
"""

import os
import shutil
import signal
import sys
import time


def processes():
    """{pid: (parent, start time)} of all processes except zombies."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stat:
                fields = stat.read().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            found[int(name)] = (int(fields[1]), fields[19])
    return found


def marked(pid, mark):
    try:
        with open(f"/proc/{pid}/environ", "rb") as environ:
            return mark in environ.read().split(b"\0")
    except OSError:
        return False


def doomed(watched, mark):
    running = processes()
    chosen = {pid for pid, start in watched.items() if running.get(pid, (0, None))[1] == start}
    chosen |= {pid for pid in running if marked(pid, mark)}
    size = -1
    while size != len(chosen):
        size = len(chosen)
        chosen |= {pid for pid, (parent, _) in running.items() if parent in chosen}
    return chosen - {os.getpid()}


def main():
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    mark = f"{sys.argv[1]}={sys.argv[2]}".encode()
    watched, directories = {}, []
    for line in sys.stdin:
        word, _, rest = line.rstrip("\n").partition(" ")
        if word == "watch":
            watched[int(rest)] = processes().get(int(rest), (0, None))[1]
        elif word == "forget":
            watched.pop(int(rest), None)
        elif word == "remove":
            directories.append(rest)
    deadline = time.monotonic() + 10
    while (left := doomed(watched, mark)) and time.monotonic() < deadline:
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        time.sleep(0.05)
    for directory in directories:
        shutil.rmtree(directory, ignore_errors=True)


main()
