"""The linter lets the project's own machines pass, and catches each way of breaking them."""

import copy
import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import project
import state_machines

ROOT = Path(__file__).resolve().parents[3]
ERRORS = project.error_classes((ROOT / "functions/src/error.rs").read_text())
BACKUP = json.loads((ROOT / "state-machines/backup.asl.json").read_text())
NIGHTLY = json.loads((ROOT / "state-machines/nightly.asl.json").read_text())
TRANSFER = json.loads((ROOT / "state-machines/transfer.asl.json").read_text())


class Everything:
    """The steps that represent `every step exists`."""

    def __contains__(self, _):
        return True


def faults(machine, steps=Everything()):
    name = "transfer" if machine.get("StartAt") == TRANSFER["StartAt"] else "m"
    return [f"{where}: {fault}" for where, fault in state_machines.check(name, machine, ERRORS, steps)]


def state(machine, name):
    found = [state for _, known, state, _ in state_machines.asl.states(machine) if known == name]
    return found[0]


class OurMachines(unittest.TestCase):
    def test_pass(self):
        self.assertEqual(faults(BACKUP), [])
        self.assertEqual(faults(NIGHTLY), [])
        self.assertEqual(faults(TRANSFER), [])

    def test_our_errors_are_read_from_the_source(self):
        self.assertEqual(ERRORS["Transient"], {"Throttled", "Unavailable"})
        self.assertEqual(ERRORS["Waiting"], {"NotReady", "QuotaExceeded"})


class Backup(unittest.TestCase):
    def test_whatever_happens_after_the_application_was_brought_to_rest_it_is_asked_whether_it_may_go_on(self):
        states = BACKUP["States"]
        self.assertEqual(states["ChooseLook"]["Choices"][0]["Next"], "Resume")
        without = {"StartAt": BACKUP["StartAt"], "States": {n: s for n, s in states.items() if n != "ChooseLook"}}
        for start in ("Quiesce", "TakeProbes", "StartBackups", "PollStatus"):
            reached = state_machines.asl.reachable(without, start)
            self.assertFalse(reached & {"SealSet", "EndRun", "Notify"}, start)
        # Once, whether or not it succeeded.
        resume = states["Resume"]
        self.assertEqual({a["at_rest"] for a in [resume["Assign"], *(c["Assign"] for c in resume["Catch"])]}, {False})


class Broken(unittest.TestCase):
    def caught(self, said, change, machine=BACKUP):
        broken = copy.deepcopy(machine)
        change(broken)
        found = faults(broken)
        self.assertTrue(any(said in fault for fault in found), f"{said!r} is not in {found}")

    def test_a_container_that_may_be_started_beside_another(self):
        for error in ("States.TaskFailed", "States.Timeout", "ECS.ServerException"):
            more = lambda m: state(m, "RunTransferTask")["Retry"][0]["ErrorEquals"].append(error)
            self.caught(f"does not retry {error}, after which a container may be running", more, TRANSFER)

    def test_a_job_that_hides_its_steps_error(self):
        caught = {"ErrorEquals": ["States.ALL"], "Next": "UnknownJob"}
        self.caught("catches none of its errors", lambda m: state(m, "WriteDump").__setitem__("Catch", [caught]), TRANSFER)

    def test_a_job_that_loses_what_its_task_failed_with(self):
        self.caught("passing on $of_task", lambda m: state(m, "LoadDump")["Arguments"].__setitem__("Payload", "{% $job.input %}"), TRANSFER)

    def set(self, said, name, field, value):
        self.caught(said, lambda m: state(m, name).__setitem__(field, value))

    def drop(self, said, name, field):
        self.caught(said, lambda m: state(m, name).pop(field))

    def test_a_start_that_is_no_state(self):
        self.caught("StartAt names 'Nowhere'", lambda m: m.update(StartAt="Nowhere"))

    def test_a_way_to_nowhere(self):
        self.set("EndRun: goes to 'Nowhere'", "EndRun", "Next", "Nowhere")

    def test_a_state_that_nothing_reaches(self):
        self.caught("PruneMore: cannot be reached", lambda m: m["States"].update(PruneMore={"Type": "Succeed"}))

    def test_a_state_without_a_way_on(self):
        self.drop("WaitForJobs: has either a Next or an End", "WaitForJobs", "Next")

    def test_a_misspelled_field(self):
        self.set("a Task has no field TimeoutSecond", "Notify", "TimeoutSecond", 5)

    def test_an_unknown_type(self):
        self.set("Type 'Sleep' does not exist", "WaitForJobs", "Type", "Sleep")

    def test_names_that_are_not_verb_noun(self):
        def rename(machine, new):
            machine["States"][new] = machine["States"].pop("PruneSets")
            state(machine, "SealSet")["Next"] = new

        self.caught("is Verb-Noun in PascalCase", lambda m: rename(m, "prune_sets"))
        self.caught("is Verb-Noun in PascalCase", lambda m: rename(m, "Prune"))
        self.caught("SetsPrune: Sets is none of the known verbs", lambda m: rename(m, "SetsPrune"))

    def test_one_name_for_two_states(self):
        def twice(machine):
            scope = state(machine, "TakeProbes")["ItemProcessor"]
            scope["States"]["JobsFailed"] = scope["States"].pop("ProbeFailed")
            text = json.dumps(machine).replace('"ProbeFailed"', '"JobsFailed"')
            machine.update(json.loads(text))

        self.caught("is named as", twice)

    def test_a_task_that_runs_another_step(self):
        self.caught(
            "a Task has the name of its step",
            lambda m: state(m, "PollStatus")["Arguments"].update(FunctionName="${StackName}-seal-set"),
        )

    def test_a_task_without_a_binary(self):
        self.assertIn("m: EndRun: functions/src/steps/mod.rs names no step end-run", faults(BACKUP, steps={"poll-status"}))

    def test_no_timeout(self):
        self.drop("PollStatus: a Task has TimeoutSeconds", "PollStatus", "TimeoutSeconds")
        self.set("PollStatus: a Task has TimeoutSeconds", "PollStatus", "TimeoutSeconds", "{% $run.timeout %}")
        self.caught("m: a machine has TimeoutSeconds", lambda m: m.pop("TimeoutSeconds"))

    def test_a_function_that_sleeps_is_waited_for_some_minutes(self):
        said = "PollStatus: waits less than 300 s in all for Lambda.ResourceNotReadyException"
        self.caught(said, lambda m: state(m, "PollStatus")["Retry"][0].update(MaxAttempts=3))
        self.caught("Quiesce: waits less than 300 s in all for NotReady", lambda m: state(m, "Quiesce")["Retry"][-1].update(MaxAttempts=1))

    def test_a_map_that_starts_all_tables_at_once(self):
        backups = lambda m: state(m, "StartBackups")
        self.caught("starts with a Wait for the turn", lambda m: backups(m)["ItemProcessor"].update(StartAt="ChooseKind") or backups(m)["ItemProcessor"]["States"].pop("WaitForTurn"))
        self.set("starts with a Wait for the turn", "WaitForTurn", "Seconds", 1)

    def test_a_distributed_map_whose_results_outgrow_a_state(self):
        self.caught("a distributed map has a ResultWriter", lambda m: state(m, "BackUpDeployments").pop("ResultWriter"), NIGHTLY)

    def test_a_resource_of_one_partition_only(self):
        resource = "arn:aws:states:::states:startExecution.sync:2"
        self.caught("its Resource follows the partition", lambda m: state(m, "BackUpDeployment").update(Resource=resource), NIGHTLY)

    def test_no_retry(self):
        self.drop("PollStatus: a Task has a Retry", "PollStatus", "Retry")

    def test_a_retry_that_forgets_or_exaggerates(self):
        def retry(machine):
            return state(machine, "PollStatus")["Retry"][1]

        self.caught("a Task retries Throttled", lambda m: retry(m)["ErrorEquals"].remove("Throttled"))
        self.caught("retries Lambda.Unknown", lambda m: retry(m)["ErrorEquals"].remove("Lambda.Unknown"))
        self.caught("a Task retries NotReady", lambda m: state(m, "PollStatus")["Retry"].pop())
        self.caught(
            "a Task retries Lambda.ResourceNotReadyException", lambda m: state(m, "PollStatus")["Retry"].pop(0)
        )
        self.caught("does not retry AccessDenied", lambda m: retry(m)["ErrorEquals"].append("AccessDenied"))
        self.caught("does not retry States.ALL", lambda m: retry(m)["ErrorEquals"].append("States.ALL"))
        self.caught("JitterStrategy FULL", lambda m: retry(m).pop("JitterStrategy"))
        self.caught("MaxDelaySeconds", lambda m: retry(m).pop("MaxDelaySeconds"))
        self.caught("MaxAttempts", lambda m: retry(m).pop("MaxAttempts"))

    def test_no_catch(self):
        self.drop("EndRun: a Task catches States.ALL last", "EndRun", "Catch")

    def test_states_all_in_company(self):
        def catchers(machine):
            return state(machine, "EndRun")["Catch"]

        self.caught("alone and last", lambda m: catchers(m)[0]["ErrorEquals"].append("NotFound"))
        self.caught(
            "alone and last", lambda m: catchers(m).append({"ErrorEquals": ["NotFound"], "Next": "Notify"})
        )

    def test_a_fail_without_words(self):
        self.drop("BackupFailed: a Fail has an Error and a Cause", "BackupFailed", "Cause")

    def test_loops_without_a_way_out(self):
        def arms(machine):
            return state(machine, "ChooseLook")["Choices"]

        def arm(machine, status):
            return next(arm for arm in arms(machine) if f"'{status}'" in arm["Condition"])

        self.caught("has an arm for failed", lambda m: arms(m).remove(arm(m, "failed")))
        self.caught("the arm for failed stays in", lambda m: arm(m, "failed").update(Next="WaitForJobs"))

        def give_up(machine):
            arm(machine, "in_progress")["Next"] = "SealSet"
            state(machine, "ChooseLook")["Default"] = "WaitForJobs"

        self.caught("the arm for in_progress leaves", give_up)
        self.caught("go different ways", lambda m: arm(m, "failed").update(Next="SealSet"))
        self.set("the Default leaves the loop", "ChooseLook", "Default", "WaitForJobs")

    def test_a_loop_that_does_not_wait(self):
        def hurry(machine):
            for wait, choice in (("WaitForJobs", "ChooseLook"), ("WaitForResume", "ChooseResumed")):
                again = machine["States"].pop(wait)["Next"]
                arms = machine["States"][choice]["Choices"]
                next(arm for arm in arms if arm["Next"] == wait)["Next"] = again

        self.caught("a loop waits", hurry)

    def test_jsonata_beyond_what_is_allowed(self):
        def output(text):
            return lambda m: state(m, "JobsFailed").update(Output=text)

        self.caught("function $now is not allowed", output("{% $now() %}"))
        self.caught("function $uuid is not allowed", output("{% $states.input.name & $uuid() %}"))
        self.caught("function $map is not allowed", output("{% $map($run, $states) %}"))
        self.caught("nothing assigns $nothing", output("{% $nothing.here %}"))
        self.caught("$states has", output("{% $states.inputs %}"))
        self.caught("none of the allowed constructs", output("{% $run.count + 1 %}"))
        self.caught("none of the allowed constructs", output("{% $run.a ? 1 : 2 %}"))
        self.caught("none of the allowed constructs", output("{% $run := 1 %}"))
        self.caught("the whole string", output("set {% $run.set %}"))
        self.caught("parentheses only call", output("{% (1) %}"))

    def test_jsonpath_outside_a_distributed_map(self):
        self.set("AWS refuses a JSONPath state in a JSONata machine", "ProbeFailed", "QueryLanguage", "JSONPath")
        self.caught("QueryLanguage is JSONata", lambda m: m.pop("QueryLanguage"))
        self.caught(
            "JSONPath is for distributed maps only",
            lambda m: state(m, "Notify").update(QueryLanguage="JSONPath"),
            NIGHTLY,
        )
        self.caught(
            "AWS refuses a JSONPath state",
            lambda m: (m.update(QueryLanguage="JSONata"), state(m, "BackUpDeployments").update(QueryLanguage="JSONPath")),
            NIGHTLY,
        )


if __name__ == "__main__":
    unittest.main()
