"""The linter finds each way in which a machine can lose the cause of a failure."""

import copy
import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import causes
import state_machines

MACHINES = {
    file.name.removesuffix(".asl.json"): json.loads(file.read_text())
    for file in sorted((Path(__file__).resolve().parents[3] / "state-machines").glob("*.asl.json"))
}


def state(machine, name):
    return next(state for _, known, state, _ in state_machines.asl.states(machine) if known == name)


class Ours(unittest.TestCase):
    def test_none_loses_a_cause(self):
        for name, machine in MACHINES.items():
            self.assertEqual(list(causes.check(machine)), [], name)


class Broken(unittest.TestCase):
    def caught(self, said, change, machine="restore"):
        broken = copy.deepcopy(MACHINES[machine])
        change(broken)
        found = [f"{where}: {fault}" for where, fault in causes.check(broken)]
        self.assertTrue(any(said in fault for fault in found), f"{said!r} is not in {found}")

    def test_a_catch_that_keeps_nothing_or_half(self):
        def catch(machine, name):
            return state(machine, name)["Catch"][0]

        keeps = "PlanRestore: a Catch keeps $states.errorOutput's Error and Cause"
        self.caught(keeps, lambda m: catch(m, "PlanRestore").pop("Assign"))
        self.caught(keeps, lambda m: catch(m, "PlanRestore")["Assign"]["failure"].pop("cause"))
        self.caught(keeps, lambda m: catch(m, "PlanRestore")["Assign"]["failure"].pop("error"))
        self.caught("RestoreCluster: a Catch keeps", lambda m: catch(m, "RestoreCluster")["Output"].pop("failure"))
        self.caught("BackUpDeployment: a Catch keeps", lambda m: catch(m, "BackUpDeployment").pop("ResultPath"), "nightly")

    def test_an_item_whose_failure_is_let_go(self):
        lost = "RestoreCluster: what its Catch keeps is lost in JobFailed"
        self.caught(lost, lambda m: state(m, "JobFailed").update(Output={}))
        self.caught(lost, lambda m: state(m, "JobFailed").update(Output={"status": "{% $states.input.status %}"}))
        self.caught(
            "lost in DeploymentFailed",
            lambda m: state(m, "DeploymentFailed").update(Parameters={"status": "failed"}),
            "nightly",
        )
        self.caught("CompareResources: a Map keeps the results of its items", lambda m: state(m, "CompareResources").pop("Assign"))

    def test_a_failed_answer_whose_reason_nobody_keeps(self):
        goes = "ChooseReturned: goes to SwitchesLeft when it failed, which keeps no $states.input.failure"
        self.caught(goes, lambda m: state(m, "SwitchesLeft").pop("Assign"), "undo-cut-over")
        self.caught("ChooseSwitched: goes to UndoCutOver", lambda m: state(m, "ChooseSwitched").update(Default="UndoCutOver"))
        self.caught("ChooseLook: goes to JobFailed", lambda m: state(m, "JobFailed").update(Output={}))

    def test_a_cause_that_another_covers_up(self):
        def forget(machine, name):
            state(machine, name)["Catch"][0]["Assign"]["failure"].pop("before")

        for name in ("UndoCutOver", "Resume", "UndoRestore", "EndRun", "Notify"):
            self.caught(f"{name}: assigns failure, which may hold what", lambda m, n=name: forget(m, n))
        self.caught(
            "SwitchesLeft: assigns failure", lambda m: state(m, "SwitchesLeft")["Assign"]["failure"].pop("before")
        )
        self.caught("Resume: assigns failure", lambda m: state(m, "Resume").update(Assign={"failure": None}))
        part = "{% $failure.cause %}"
        self.caught(
            "EndRun: assigns failure", lambda m: state(m, "EndRun")["Catch"][0]["Assign"]["failure"].update(before=part)
        )

    def test_a_cause_of_which_nobody_is_told(self):
        def untold(machine, name):
            state(machine, name)["Arguments"]["Payload"].pop("failure")

        self.caught("PlanRestore: a path from it ends in Notify without passing on", lambda m: untold(m, "Notify"))
        self.caught("PlanRestore: EndRun does not get $failure", lambda m: untold(m, "EndRun"))
        self.caught("UndoRestore: a path from it ends in Notify", lambda m: untold(m, "Notify"), "undo-restore")
        self.caught(
            "Notify: a path from it ends in NotifyFailed",
            lambda m: state(m, "NotifyFailed").update(Cause="{% $failure.cause %}"),
        )
        self.caught(
            "PollStatus: a path from it ends in",
            lambda m: state(m, "SealSet")["Arguments"]["Payload"].pop("look_failure"),
            "backup",
        )

    def test_a_fail_of_fixed_words(self):
        self.caught("NotifyFailed: a Fail says why", lambda m: state(m, "NotifyFailed").update(Cause="it failed"))


if __name__ == "__main__":
    unittest.main()
