"""Everything that is missing in the code or in the parts of the template is a fault."""

import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import parts

ROOT = Path(__file__).resolve().parents[3]
KIND = "    efs: Target::Efs { .. } =>"
MACHINE = """    Drill: MachineFacts {
        name: "drill",
        setting: None,
    },
"""


class Forgotten(unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.root = Path(made.name)
        for folder in ("infra", "state-machines", parts.SWITCHES, parts.HOOKS):
            shutil.copytree(ROOT / folder, self.root / folder)
        for file in (parts.KINDS, parts.MACHINES, parts.DATASET):
            (self.root / file).parent.mkdir(parents=True)
            shutil.copy(ROOT / file, self.root / file)

    def replace(self, file, old, new):
        text = (self.root / file).read_text()
        self.assertIn(old, text)
        (self.root / file).write_text(text.replace(old, new, 1))

    def add(self, file, text):
        (self.root / file).write_text(text)

    def found(self, *said):
        self.assertEqual([f"{where}: {fault}" for where, fault in parts.Parts(self.root).faults()], list(said))

    def test_nothing_is_forgotten(self):
        self.found()

    def test_a_kind_without_a_part_and_a_part_without_a_kind(self):
        self.replace(parts.KINDS, KIND, KIND.replace("efs", "redis"))
        self.found(
            f"infra/kinds/redis.yaml: is missing: {parts.KINDS} has redis",
            f"infra/kinds/efs.yaml: belongs to nothing in {parts.KINDS}",
            f"{parts.DATASET}: no resource of kind redis: no suite would cover it",
        )

    def test_a_job_without_a_part_and_one_that_is_reported_twice(self):
        self.replace(parts.MACHINES, 'JOBS: &[&str] = &["transfer"]', 'JOBS: &[&str] = &["transfer", "copy"]')
        self.replace("infra/steps/clean-up.yaml", "            - !Ref NightlyStateMachine\n", "            - !Ref NightlyStateMachine\n            - !Ref TransferStateMachine\n")
        self.found(
            f"infra/machines/copy.yaml: is missing: {parts.MACHINES} has copy",
            f"state-machines/copy.asl.json: is missing: {parts.MACHINES} has copy",
            "infra: transfer is a job: LostExecutions and Alarms leave it to the run that started it",
        )

    def test_a_parameter_that_no_group_shows_and_one_that_is_shown_and_does_not_exist(self):
        self.replace("infra/template.yaml", "          - TablePattern\n", "          - BucketPattern\n")
        self.found(
            "infra/template.yaml: the parameter TablePattern is in no group",
            "infra/template.yaml: a group shows BucketPattern, which is no parameter",
        )

    def test_a_registry_that_cannot_be_read(self):
        self.add(parts.KINDS, "")
        self.assertIn((parts.KINDS, "no name can be read there"), parts.Parts(self.root).faults())

    def test_a_switch_and_a_hook_without_a_part(self):
        self.add(f"{parts.SWITCHES}/alias.rs", "#[async_trait]\nimpl SwitchDriver for Alias {\n")
        self.add(f"{parts.HOOKS}/webhook.rs", "impl HookDriver for Webhook {\n")
        self.found(
            f"infra/switches/alias.yaml: is missing: {parts.SWITCHES} has alias",
            f"infra/hooks/webhook.yaml: is missing: {parts.HOOKS} has webhook",
        )

    def test_a_machine_without_its_part_and_its_definition(self):
        self.replace(parts.MACHINES, "    Nightly: MachineFacts", MACHINE + "    Nightly: MachineFacts")
        self.found(
            f"infra/machines/drill.yaml: is missing: {parts.MACHINES} has drill",
            f"state-machines/drill.asl.json: is missing: {parts.MACHINES} has drill",
        )

    def test_a_machine_that_is_not_watched(self):
        self.replace(parts.MACHINES, "    Nightly: MachineFacts", MACHINE + "    Nightly: MachineFacts")
        self.add("state-machines/drill.asl.json", "{}")
        self.add("infra/machines/drill.yaml", "Resources: {}\n")
        self.found(
            "infra/machines/drill.yaml: no state machine DrillStateMachine",
            "infra/machines/drill.yaml: no output DrillStateMachineArn",
            "infra: LostExecutions does not name DrillStateMachine: clean-up would not be notified of its lost executions",
            "infra: Alarms does not get DrillStateMachine",
        )

    def test_a_machine_that_clean_up_cannot_start(self):
        self.replace("infra/steps/clean-up.yaml", "UNDO_RESTORE_STATE_MACHINE_ARN:", "OTHER:")
        self.replace("infra/steps/clean-up.yaml", "${AWS::StackName}-undo-restore\n                  -", "nothing\n                  -")
        self.found(
            "infra: clean-up has no UNDO_RESTORE_STATE_MACHINE_ARN",
            "infra: CleanUpRole may not start stateMachine:${AWS::StackName}-undo-restore",
        )

    def test_a_function_in_the_file_of_another_step(self):
        shutil.move(self.root / "infra/steps/notify.yaml", self.root / "infra/steps/more.yaml")
        self.found(
            "infra/steps/more.yaml: NotifyFunction must be in steps/notify.yaml, or in the file of a kind",
            "infra/steps/more.yaml: no MoreFunction",
        )

    def test_a_policy_of_another_name_or_place(self):
        self.replace("infra/switches/rds_proxy.yaml", "PolicyName: switch-rds-proxy", "PolicyName: rds-proxy")
        more = "{PolicyName: more, Roles: [!Ref NotifyRole], PolicyDocument: {Statement: []}}"
        self.replace("infra/steps/notify.yaml", "Resources:\n", f"Resources:\n  More: {{Type: AWS::IAM::Policy, Properties: {more}}}\n")
        self.found(
            "infra/steps/notify.yaml: More: a role's own policies must be in the role",
            "infra/switches/rds_proxy.yaml: RdsProxySwitchReadPolicy is called switch-rds-proxy",
        )

    def test_a_policy_that_takes_the_place_of_another_or_of_none(self):
        self.replace("infra/kinds/aurora.yaml", "Roles: [!Ref PollStatusRole]", "Roles: [!Ref SealSetRole]")
        self.replace("infra/kinds/aurora.yaml", "Roles: [!Ref PruneSetsRole]", "Roles: [!Ref PruneSets]")
        self.found(
            "infra/kinds/aurora.yaml: AuroraPruneSetsPolicy is attached to PruneSets, which is no role",
            "infra: SealSetRole has two policies that are called aurora",
        )


if __name__ == "__main__":
    unittest.main()
