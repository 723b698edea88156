"""Starts a step in a container of AWS's own image, which has the AWS CLI and Python: Holdfast builds, stores and patches no image.
infra/assemble.py puts this text into the task definitions as the container's command.

The program and the Postgres clients are those of the step's function, as Lambda stores them: a task runs what is deployed. Both are
compared with the digests that Lambda reports. The step then takes this process's place, so that signals reach it, and ends with its
own exit code.

    FUNCTION        the step's function, whose code is the program
    CLIENTS_LAYER   the ARN of the layer of Postgres clients; empty for none
    TASK_SECONDS    how long the step may run. Then an alarm ends it, so that no task outlives the state that waits for it
"""

import base64
import hashlib
import json
import os
import signal
import subprocess
import urllib.request
import zipfile
from pathlib import Path

CHUNK = 1 << 20


def ask(*arguments):
    """What Lambda says."""
    said = subprocess.run(["aws", "lambda", *arguments, "--output", "json"], check=True, stdout=subprocess.PIPE)
    return json.loads(said.stdout)


def fetch(location, expected, folder):
    """Downloads an archive, and unpacks it if it has the expected digest: SHA-256 in Base64."""
    archive, digest = folder.with_suffix(".zip"), hashlib.sha256()
    with urllib.request.urlopen(location, timeout=60) as answer, archive.open("wb") as file:
        while chunk := answer.read(CHUNK):
            digest.update(chunk)
            file.write(chunk)
    found = base64.b64encode(digest.digest()).decode()
    if found != expected:
        raise SystemExit(f"{folder.name}: its SHA-256 is {found}, but Lambda says {expected}")
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
        for entry in packed.infolist():
            mode = entry.external_attr >> 16 & 0o777
            if mode:
                os.chmod(folder / entry.filename, mode)
    archive.unlink()


def main():
    here = Path.cwd()
    function = ask("get-function", "--function-name", os.environ["FUNCTION"])
    fetch(function["Code"]["Location"], function["Configuration"]["CodeSha256"], here / "program")
    if os.environ.get("CLIENTS_LAYER"):
        layer = ask("get-layer-version-by-arn", "--arn", os.environ["CLIENTS_LAYER"])["Content"]
        fetch(layer["Location"], layer["CodeSha256"], here / "clients")
        os.environ["CLIENTS_ROOT"] = str(here / "clients")
    program = here / "program" / "bootstrap"
    program.chmod(0o755)
    # An alarm outlives the change of program.
    signal.alarm(int(os.environ["TASK_SECONDS"]))
    os.execv(program, [str(program)])


if __name__ == "__main__":
    main()
