#!/usr/bin/env python3
"""Runs the external asl-validator over the state machines: each as CloudFormation substitutes its file, with sample names
and ARNs. Allowed messages are in asl_validator_allowed.json, each with a reason.

Exit code 1 and a line for each fault. Without Node it is skipped, and says so.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SAMPLES = {"Partition": "aws", "StackName": "holdfast", "ResultsBucket": "holdfast-results"}
HERE = "us-east-1:123456789012"


def sample(name):
    """A sample value for a substitution of the template."""
    if name in SAMPLES:
        return SAMPLES[name]
    return f"arn:aws:states:{HERE}:stateMachine:{name}"


def substituted(text):
    """A machine's file with every `${Name}` of the template replaced."""
    return re.sub(r"\$\{(\w+)\}", lambda found: sample(found.group(1)), text)


def messages(output):
    """The validator's output for one machine: one message per line, after the one with the file's name."""
    return [line.strip() for line in output.splitlines() if re.match(r"\s*[A-Z_]{4,}: ", line)]


def validated(program, text):
    """The validator's messages about one machine."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "machine.json")
        file.write_text(text, encoding="utf-8")
        done = subprocess.run([program, "--json-path", file], capture_output=True, text=True)
    said = done.stdout + done.stderr
    return [] if done.returncode == 0 else messages(said) or [said.strip() or f"exit code {done.returncode}"]


def faults(found, allowed):
    """The faults in the messages of each machine; `allowed` maps messages to reasons."""
    for machine, said in found.items():
        yield from (f"{machine}: {message}" for message in said if message not in allowed)
    for message, reason in allowed.items():
        if not any(message in said for said in found.values()):
            yield f"asl_validator_allowed.json: the validator no longer reports this: {message}"
        if len(reason) < 10:
            yield f"asl_validator_allowed.json: no reason for {message}"


def main(root):
    program = root / "tests/validators/node_modules/.bin/asl-validator"
    if not program.exists() or not shutil.which("node"):
        print("asl-validator is skipped, it needs Node: install Node 20 or newer with npm, then `make lint` again")
        return 0
    machines = sorted((root / "state-machines").glob("*.asl.json"))
    found = {file.name: validated(program, substituted(file.read_text(encoding="utf-8"))) for file in machines}
    allowed = json.loads((Path(__file__).parent / "asl_validator_allowed.json").read_text(encoding="utf-8"))
    said = list(faults(found, allowed))
    for fault in said:
        print(fault, file=sys.stderr)
    print(f"asl-validator: {len(machines)} state machines: {len(said) or 'no'} faults")
    return 1 if said or not machines else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[2]))
