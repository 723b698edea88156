"""`make deploy` prints the warnings of `holdfast` about the deployed stack."""

import subprocess
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


if __name__ == "__main__":
    unittest.main()
