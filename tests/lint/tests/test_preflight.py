"""Missing requirements of a `make` are reported in one line, with what to install."""

import email
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# The script's own requirements; a test adds everything else to the PATH.
PLAIN = ["sh", "sed", "awk", "head", "find", "df", "dirname"]
HOST = "host: x86_64-unknown-linux-gnu"


class Machine:
    """A checkout, and a PATH with only what a test puts there."""

    def __init__(self, directory):
        self.root, self.bin = Path(directory) / "checkout", Path(directory) / "bin"
        for folder in (self.bin, self.root / "tests", Path(directory) / "cargo"):
            folder.mkdir(parents=True)
        for name in ("tests/preflight.sh", "tests/registries.py", "Cargo.toml", "Cargo.lock"):
            shutil.copy(ROOT / name, self.root / name)
        for name in ("lab", "sam"):
            (self.root / f"tests/requirements-{name}.txt").touch()
        for name in PLAIN:
            (self.bin / name).symlink_to(shutil.which(name))
        (self.bin / "python3").symlink_to(sys.executable)
        self.environment = {
            "PATH": str(self.bin),
            "HOME": directory,
            "TMPDIR": directory,
            "CARGO_HOME": f"{directory}/cargo",
            # Nothing listens there: a test that needs a response sets another address.
            "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
            "PREFLIGHT_MB": "1",
        }
        self.have("rustc", f"echo 'rustc 1.99.0 (0123 2026-01-01)'; echo '{HOST}'")
        self.have("cargo", "exit 0")
        self.have("cc", "exit 0")

    def have(self, name, script):
        (self.bin / name).unlink(missing_ok=True)
        (self.bin / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.bin / name).chmod(0o755)

    def lack(self, name):
        (self.bin / name).unlink()

    def built(self):
        """Everything was built, and the virtual environments were made."""
        for name in (".venv/bin/python", ".venv-sam/bin/python", "target/lab/demo", "target/lab/deps/suites-1"):
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text("")
            (self.root / name).chmod(0o755)
        for name in (".venv", ".venv-sam"):
            (self.root / name / ".installed").touch()

    def index(self, test):
        """An index that responds; all of cargo's crates are present."""
        server = subprocess.Popen(
            [sys.executable, "-m", "http.server", "--directory", str(self.root), "--bind", "127.0.0.1", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONUNBUFFERED": "1"},
            text=True,
        )
        test.addCleanup(lambda: (server.kill(), server.wait(), server.stdout.close()))
        port = re.search(r"port (\d+)", server.stdout.readline())[1]
        self.environment["PIP_INDEX_URL"] = f"http://127.0.0.1:{port}/simple"

    def run(self, *goals):
        return subprocess.run(
            ["sh", self.root / "tests/preflight.sh", *goals],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


class Preflight(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.machine = Machine(directory.name)

    def refused(self, said, goal="demo"):
        """Refused with one line, which begins with the command and contains this."""
        ended = self.machine.run(goal)
        self.assertEqual((ended.returncode, ended.stdout.count("\n")), (1, 1), ended.stdout)
        self.assertTrue(ended.stdout.startswith(f"make {goal}: "), ended.stdout)
        self.assertRegex(ended.stdout, said)

    def passes(self, goal="demo"):
        ended = self.machine.run(goal)
        self.assertEqual((ended.returncode, ended.stdout), (0, ""))

    def test_nothing_is_said_where_all_is_there(self):
        self.machine.index(self)
        self.passes()

    def test_what_is_built_needs_neither_room_nor_network(self):
        self.machine.built()
        self.machine.have("df", "echo; echo '/dev/vda 4096000 0 4096 100% /'")
        self.passes()
        self.passes("test")

    def test_no_rust(self):
        self.machine.lack("rustc")
        self.refused("no Rust, rustc is not there: install Rust 1.95 or newer with https://rustup.rs")
        self.refused("no Rust", "build")

    def test_no_cargo(self):
        self.machine.lack("cargo")
        self.refused("no Rust, cargo is not there: install Rust")

    def test_rustup_without_a_toolchain(self):
        self.machine.have("rustc", "echo 'error: no default toolchain is configured'; echo 'help: more'; exit 1")
        self.refused(r"\(error: no default toolchain is configured\): run `rustup default stable`")

    def test_old_rust(self):
        self.machine.have("rustc", f"echo 'rustc 1.94.1 (0123 2026-01-01)'; echo '{HOST}'")
        self.refused("Rust 1.94.1 is too old: run `rustup update stable`, or install Rust 1.95 or newer")
        self.machine.have("rustc", f"echo 'rustc 1.95.0-nightly (0123 2026-01-01)'; echo '{HOST}'")
        self.machine.index(self)
        self.passes()

    def test_no_c_compiler(self):
        self.machine.lack("cc")
        self.refused("no C compiler, cc is not there: install a C compiler .*apt-get install gcc libc6-dev")

    def test_a_c_compiler_without_the_c_library(self):
        self.machine.have("cc", "echo '<stdin>:1:10: fatal error: stdlib.h: No such file or directory' >&2; exit 1")
        self.refused(r"cc cannot build a program \(.*stdlib.h: No such file or directory\): install a C compiler")

    def test_no_clippy(self):
        self.machine.have("cargo", "[ \"$1\" != clippy ]")
        self.refused("no clippy or no rustfmt: run `rustup component add clippy rustfmt`", "lint")

    def test_no_python(self):
        self.machine.lack("python3")
        self.refused("no Python, python3 is not there: install Python 3.11 or newer with venv .*python3-venv")

    def test_old_python(self):
        self.machine.have("python3", "echo 3.9")
        self.refused("python3 is Python 3.9, one from 3.11 and below 3.15 is needed: .*make PYTHON=python3.13 demo$")

    def test_a_python_that_is_too_new(self):
        self.machine.have("python3", "echo 3.15")
        self.refused("python3 is Python 3.15, one from 3.11 and below 3.15 is needed")

    def test_python_without_venv(self):
        self.machine.have("python3", f'case $2 in *ensurepip*) exit 1 ;; esac; exec "{sys.executable}" "$@"')
        self.refused("python3 cannot make virtual environments: install venv .*apt-get install python3-venv")

    def test_a_virtual_environment_whose_python_is_gone(self):
        self.machine.built()
        (self.machine.root / ".venv/bin/python").unlink()
        self.refused("the Python that .venv was made with is gone: rm -rf .venv .venv-sam, and make them again")

    def test_no_room(self):
        self.machine.have("df", "echo; echo '/dev/vda 4096000 0 1048576 100% /'")
        self.refused(r"not enough disk, 1\.0 GB free where \S+ is, \d\.\d GB needed: free some, or .*CARGO_TARGET_DIR")

    def test_no_room_for_what_runs(self):
        self.machine.built()
        self.machine.environment["PREFLIGHT_MB"] = "99999999"
        self.refused(r"not enough disk, .* GB needed")

    def test_no_network_for_python(self):
        self.refused("no network, http://127.0.0.1:9/simple cannot be reached .*refused.*: connect this machine")

    def test_no_network_for_rust(self):
        self.machine.index(self)
        self.machine.have("cargo", "exit 101")
        config = '[source.crates-io]\nreplace-with = "near"\n[source.near]\nregistry = "sparse+http://127.0.0.1:9/index/"\n'
        (Path(self.machine.environment["CARGO_HOME"]) / "config.toml").write_text(config)
        self.refused("no network, http://127.0.0.1:9/index/config.json cannot be reached")

    def test_no_network_for_node(self):
        self.machine.built()
        self.machine.environment["npm_config_registry"] = "http://127.0.0.1:9/npm/"
        self.passes("lint")
        self.machine.have("npm", "exit 0")
        (self.machine.root / "tests/validators/node_modules").mkdir(parents=True)
        (self.machine.root / "tests/validators/package-lock.json").touch()
        self.refused("no network, http://127.0.0.1:9/npm/ cannot be reached", "lint")
        self.passes("demo")
        (self.machine.root / "tests/validators/node_modules/.installed").touch()
        self.passes("lint")

    def test_vendored_crates_need_no_network(self):
        self.machine.index(self)
        self.machine.have("cargo", "exit 101")
        config = '[source.crates-io]\nreplace-with = "here"\n[source.here]\ndirectory = "vendor"\n'
        (Path(self.machine.environment["CARGO_HOME"]) / "config.toml").write_text(config)
        self.passes()

    def test_the_pythons_that_will_do_are_those_of_all_that_is_installed(self):
        script = (ROOT / "tests/preflight.sh").read_text()
        from_, below = (re.search(rf"^python_{name}=3\.(\d+)$", script, re.MULTILINE)[1] for name in ("from", "below"))
        least, most = 0, 99
        for file in ROOT.glob(".venv*/lib/python3*/site-packages/*.dist-info/METADATA"):
            wanted = email.message_from_string(file.read_text(encoding="utf-8")).get("Requires-Python", "")
            least = max([least, *map(int, re.findall(r">=\s*3\.(\d+)", wanted))])
            most = min([most, *map(int, re.findall(r"<\s*3\.(\d+)", wanted))])
        if least:
            self.assertEqual((int(from_), int(below)), (least, most))


if __name__ == "__main__":
    unittest.main()
