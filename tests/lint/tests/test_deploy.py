"""`make deploy` prints the warnings of `holdfast` about the deployed stack, and deploys the clients of its architecture."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def steps(*variables):
    """What `make deploy` would run, in order."""
    command = ["make", "--dry-run", "--no-print-directory", "deploy", *variables]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


class Deploy(unittest.TestCase):
    def test_the_command_line_looks_at_the_stack_after_the_deployment(self):
        for lab in ("", "HOLDFAST_LAB=http://127.0.0.1:1"):
            ran = steps("STACK=ops", "CARGO_TARGET_DIR=t", *filter(None, [lab]))
            at = {part: nth for nth, line in enumerate(ran) for part in ("--bin holdfast", "infra/deploy.sh ops ") if part in line}
            self.assertLess(at["--bin holdfast"], at["infra/deploy.sh ops "], ran)
            # Its warnings go to standard error; a deployment need not print the list itself.
            self.assertEqual(ran[-1], "t/lab/holdfast --stack ops deployments >/dev/null", ran)

    def test_a_stack_gets_the_postgres_clients_of_its_architecture(self):
        for given, machine in (("arm64", "aarch64"), ("x86_64", "x86_64")):
            ran = steps(f"ARCH={given}", "CARGO_TARGET_DIR=t")
            self.assertTrue(any(f"infra/postgres_clients.py {machine} t/postgres-clients/{machine}" in line for line in ran), ran)
            with tempfile.TemporaryDirectory() as made:
                sam = Path(made) / "sam"
                sam.write_text("#!/bin/sh\nwhile [ $1 != --template-file ]; do shift; done\ngrep ContentUri $2\n")
                sam.chmod(0o755)
                where = {name: value for name, value in os.environ.items() if name != "HOLDFAST_LAB"}
                where |= {"SAM": str(sam), "CARGO_TARGET_DIR": f"{made}/target"}
                command = [ROOT / "infra/deploy.sh", "ops", f"Architecture={given}"]
                done = subprocess.run(command, env=where, check=True, capture_output=True, text=True)
                self.assertIn(f"/postgres-clients/{machine}", done.stdout)


if __name__ == "__main__":
    unittest.main()
