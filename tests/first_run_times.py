#!/usr/bin/env python3
"""How long first runs take: every stage with nothing built, downloaded or cached before.

    first_run_times.py [--commit COMMIT] [STAGE...]

Stages: `demo`, `test` (after the demo, in its clone), `build`, `ci`; all of them by default, one after the other. Each but
`test` begins with a clone of COMMIT (HEAD by default; uncommitted changes are not measured) in a temporary directory with a
target directory, a cargo home and caches of its own, all empty, and removes them at its end. The CPU time is that of all
processes that a stage started, including those that have lost their parents.
"""

import argparse
import ctypes
import os
import platform
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMANDS = {
    "demo": ["make", "demo"],
    "test": ["make", "test"],
    "build": ["make", "build"],
    "ci": ["bash", ".ci/run"],
}
NAMES = {"demo": "make demo", "test": "make test, after it", "build": "make build", "ci": ".ci/run"}
# Variables that would let a stage find earlier results, or differ from a fresh clone.
LEFT_OUT = re.compile(r"CARGO_(?!HTTP|NET|REGISTR)\w+|RUSTC\w*|RUSTFLAGS|SCCACHE_\w+|MAKEFLAGS|MAKELEVEL|MFLAGS|PIP_CACHE_DIR|VIRTUAL_ENV")
PR_SET_CHILD_SUBREAPER = 36


def repository():
    return Path(__file__).resolve().parents[1]


def git(*arguments):
    return subprocess.check_output(["git", "-C", repository(), *arguments], text=True).strip()


class Fresh:
    """A clone, and an environment without caches."""

    def __init__(self, commit):
        self.directory = Path(tempfile.mkdtemp(prefix="holdfast-first-run-"))
        # The lab runs PostgreSQL as another user, from the clone.
        self.directory.chmod(0o755)
        self.clone = self.directory / "holdfast"
        subprocess.check_call(["git", "clone", "--quiet", "--no-local", "--no-checkout", repository(), self.clone])
        subprocess.check_call(["git", "-C", self.clone, "checkout", "--quiet", "--detach", commit])
        places = {
            "CARGO_HOME": "cargo",
            "PIP_CACHE_DIR": "pip",
            "XDG_CACHE_HOME": "cache",
            "ZIG_GLOBAL_CACHE_DIR": "zig",
            "ZIG_LOCAL_CACHE_DIR": "zig",
            "TMPDIR": "tmp",
        }
        self.environment = {name: value for name, value in os.environ.items() if not LEFT_OUT.fullmatch(name)}
        for name, place in places.items():
            (self.directory / place).mkdir(exist_ok=True)
            self.environment[name] = str(self.directory / place)
        (self.directory / "tmp").chmod(0o1777)
        self._keep_cargo_settings()

    def _keep_cargo_settings(self):
        """The registry of this machine is not a cache."""
        home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
        for name in ("config.toml", "config", "credentials.toml"):
            if (home / name).is_file():
                shutil.copy(home / name, self.directory / "cargo" / name)

    def megabytes(self):
        return int(subprocess.run(["du", "-sm", self.directory], stdout=subprocess.PIPE, text=True).stdout.split()[0])

    def remove(self):
        shutil.rmtree(self.directory, ignore_errors=True)


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def reap():
    """Waits for orphaned processes, so that their time is counted; this process is their parent now."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.1)
        except ChildProcessError:
            return


def measure(stage, fresh):
    """Wall and CPU seconds of one stage, megabytes after it, and its exit code."""
    log = Path(tempfile.gettempdir()) / f"holdfast-first-run-{os.getpid()}-{stage}.log"
    print(f"{NAMES[stage]} (its output: {log})", flush=True)
    before, started = cpu_seconds(), time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            COMMANDS[stage],
            cwd=fresh.clone,
            env=fresh.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
            raise
    wall = time.monotonic() - started
    reap()
    last = log.read_text(errors="replace").rstrip().rpartition("\n")[2]
    print(f"   {clock(wall)}, ended with {code}: {last}", flush=True)
    return wall, cpu_seconds() - before, fresh.megabytes(), code


def clock(seconds):
    return f"{round(seconds) // 60}:{round(seconds) % 60:02}"


def machine():
    """Cores, memory, processor and compiler."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    info = Path("/proc/cpuinfo")
    models = re.findall(r"^model name\s*: (.*)$", info.read_text() if info.exists() else "", re.MULTILINE)
    rustc = subprocess.run(["rustc", "--version"], stdout=subprocess.PIPE, text=True).stdout.strip()
    load = os.getloadavg()[0]
    return (
        f"{len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB, {models[0] if models else platform.machine()}, {rustc}; "
        f"load before the start {load:.1f}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commit", default="HEAD")
    parser.add_argument("stages", nargs="*", metavar="STAGE")
    arguments = parser.parse_args()
    stages = arguments.stages or list(COMMANDS)
    if unknown := set(stages) - COMMANDS.keys():
        parser.error(f"no stage {', '.join(sorted(unknown))}; there are {', '.join(COMMANDS)}")
    if "test" in stages and "demo" not in stages:
        parser.error("`test` is measured after `demo`: name both")
    # In their own order, not that of the arguments.
    stages = [stage for stage in COMMANDS if stage in stages]
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    commit = git("log", "-1", "--format=%h %s", arguments.commit)
    title = f"{commit}\n{machine()}"
    print(title, flush=True)
    rows, fresh = [], None
    try:
        for stage in stages:
            if stage != "test":
                if fresh:
                    fresh.remove()
                fresh = Fresh(git("rev-parse", arguments.commit))
            rows.append((stage, *measure(stage, fresh)))
            if stage == "demo" and rows[-1][-1] and "test" in stages:
                break
    finally:
        if fresh:
            fresh.remove()
    print(f"\n{title}\n\n| from nothing | wall | CPU | on disk | |\n|---|---|---|---|---|")
    for stage, wall, cpu, megabytes, code in rows:
        ended = "" if code == 0 else f"failed with {code}"
        print(f"| {NAMES[stage]} | {clock(wall)} | {clock(cpu)} | {megabytes / 1024:.1f} GiB | {ended} |")
    return 1 if any(row[-1] for row in rows) or len(rows) < len(stages) else 0


if __name__ == "__main__":
    sys.exit(main())
