"""The linter finds every inconsistency between template, machines and the registry of the steps."""

import json
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import project

ROOT = Path(__file__).resolve().parents[3]
MACHINES = {
    file.name.removesuffix(".asl.json"): json.loads(file.read_text())
    for file in (ROOT / "state-machines").glob("*.asl.json")
}
STEPS = {
    "list-due-deployments", "plan-backup", "quiesce", "count-rows", "count-items", "snapshot-cluster",
    "back-up-file-system", "back-up-table", "check-secrets", "poll-status", "resume", "seal-set", "prune-sets",
    "end-run", "notify", "clean-up", "plan-restore", "restore-cluster", "restore-file-system", "restore-table",
    "list-probes", "compare-resource", "verify-restore", "ask-approval", "take-deployment", "cut-over", "undo-cut-over",
    "plan-undo-cut-over", "undo-restore", "check-login", "set-password", "dump-database", "restore-database", "follow-restore",
}  # fmt: skip
TRANSFERS = {"archive-access", "database-access", "export-table", "load-dump", "write-dump"}


def holding(old):
    """The file of the template that has this text."""
    return next(file.relative_to(ROOT) for file in sorted((ROOT / "infra").rglob("*.yaml")) if old in file.read_text())


def faults(replaced=(), steps=STEPS, machines=MACHINES, transfers=TRANSFERS):
    """The faults of the project after the first occurrence of each pair's first text is replaced by its second."""
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        (root / "functions/src/steps").mkdir(parents=True)
        shutil.copy(ROOT / "functions/src/error.rs", root / "functions/src/error.rs")
        shutil.copytree(ROOT / "infra", root / "infra")
        for old, new in replaced:
            file = root / holding(old)
            file.write_text(file.read_text().replace(old, new, 1))
        lists = (("steps", steps), ("transfers", transfers))
        lines = lambda names: "".join(f'    "{step}" => {step.replace("-", "_")},\n' for step in sorted(names))
        written = "".join(f"\n{name}! {{\n{lines(names)}}}\n" for name, names in lists)
        (root / project.REGISTRY).write_text(f"pub mod all;\n{written}")
        return [f"{where}: {fault}" for where, fault in project.Project(root).faults(machines)]


class Agreement(unittest.TestCase):
    def replaced(self, old, new, said):
        found = faults([(old, new)])
        self.assertTrue(any(said in fault for fault in found), f"{said!r} is not in {found}")

    def test_the_project_agrees_with_itself(self):
        self.assertEqual(faults(), [])

    def test_a_function_that_the_dashboard_does_not_show(self):
        self.replaced('["...", "${Stack}-back-up-table"],\n', "", "infra/alarms.yaml: Errors of back-up-table: not shown")
        self.replaced("${Stack}-back-up-table", "${Stack}-drop-table", "infra/alarms.yaml: Duration of drop-table: shown, and no step")

    def test_a_step_without_a_function_and_a_function_without_a_step(self):
        self.assertIn("template: deploys resume, which functions/src/steps/mod.rs does not name", faults(steps=STEPS - {"resume"}))
        found = faults(steps=STEPS | {"drill-set"})
        self.assertIn("template: no DrillSetFunction with the program's code and Handler drill-set", found)
        self.assertIn("functions/src/steps/mod.rs: no state machine runs drill-set", found)

    def test_a_function_with_a_stack_of_its_own(self):
        mounted = STEPS | {"efs-access"}
        said = "infra/efs-access.yaml: no function with the program's code and Handler efs-access"
        self.assertEqual(faults(steps=mounted), [])
        self.assertIn(said, faults([("  EfsAccessFunction:\n", "  OtherFunction:\n")], mounted))
        self.assertIn(said, faults([("Handler: efs-access\n", "Handler: efs-other\n")], mounted))
        found = faults([("Handler: end-run\n", "Handler: efs-access\n")], mounted)
        self.assertIn("template: deploys efs-access, which infra/efs-access.yaml deploys", found)

    def test_a_function_that_nothing_wakes(self):
        self.replaced("wake-check-login\n", "wake-other\n", "check-login sleeps, and no schedule wakes it")
        self.replaced("-count-rows\n                  - !Sub", "-other\n                  - !Sub", "count-rows sleeps, and WakeRole may not call it")
        self.replaced("wake-clean-up\n", "wake-other\n", "clean-up sleeps, and no schedule wakes it")
        found = faults([("Name: !Sub holdfast-wake-efs-", "Name: !Sub holdfast-other-")], STEPS | {"efs-access"})
        self.assertEqual(found, ["infra/efs-access.yaml: efs-access sleeps, and no schedule wakes it"])

    def test_a_function_with_another_steps_code_or_name(self):
        self.replaced("Handler: end-run\n", "Handler: notify\n", "no EndRunFunction with the program's code")
        self.replaced("Handler: end-run\n", "Handler: end-run\n      CodeUri: ../other/\n", "no EndRunFunction with")
        self.replaced("${AWS::StackName}-end-run\n", "endrun\n", "EndRunFunction is not named")

    def test_substitutions(self):
        given = "        StackName: !Ref AWS::StackName\n"
        self.replaced(given, "", "${StackName} is not substituted")
        self.replaced(given, "        StackName: !Ref Topic\n", "StackName is !Ref Topic")
        self.replaced(given, f"{given}        Other: !Ref Topic\n", "Other is substituted but not used")

    def test_a_step_of_the_second_program(self):
        self.replaced("CodeUri: ../../target/lambda/transfers/\n      Handler: write-dump", "Handler: write-dump", "no WriteDumpFunction with")
        found = faults(steps=STEPS | {"load-dump"}, transfers=TRANSFERS - {"load-dump"})
        self.assertIn("template: no LoadDumpFunction with the program's code and Handler load-dump", found)

    def test_a_machine_that_is_not_deployed(self):
        self.assertIn("template: does not deploy state-machines/more.asl.json", faults(machines=MACHINES | {"more": {}}))

    def test_a_role_that_may_not_invoke(self):
        self.replaced("                  - !GetAtt EndRunFunction.Arn\n", "", "its role may not invoke end-run")

    def test_a_function_that_outlives_its_state(self):
        self.replaced("Role: !GetAtt PollStatusRole.Arn\n      Timeout: 290", "Role: !GetAtt PollStatusRole.Arn\n      Timeout: 300", "TimeoutSeconds is not above its function's 300 s")


if __name__ == "__main__":
    unittest.main()
