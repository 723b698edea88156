#!/usr/bin/env python3
"""Compares the parts of the template with the code's registries, so that a kind, a switch, a hook, a step or a machine that is
missing in one of them is a fault. So is a parameter that no group shows, and a kind of which the suites have no resource. Exit code
1 and a line for each fault."""

import re
import sys
from pathlib import Path

import template
from project import kebab, pascal
from template import Call

KINDS = "functions/src/kinds/registry.rs"
SWITCHES = "functions/src/switches"
HOOKS = "functions/src/hooks"
MACHINES = "functions/src/domain/machine.rs"
DATASET = "tests/support/dataset.rs"
# The prefix of the policies that a part attaches to the roles of steps, by folder; the part's own name follows.
ATTACHED = {"kinds": "", "switches": "switch-", "hooks": "hook-"}


def kinds(source):
    """The names of the kinds, from their registry."""
    return set(re.findall(r"^    (\w+): Target::", source.partition("\nkinds! {\n")[2], re.MULTILINE))


def implementing(trait, folder):
    """The modules of a folder that implement a trait."""
    return {file.stem for file in folder.glob("*.rs") if re.search(rf"^impl {trait} for ", file.read_text(), re.MULTILINE)}


def machines(source):
    """The names of the machines of runs, each with the setting of clean-up that holds its ARN; None if there is none."""
    found = {}
    for facts in re.findall(r": MachineFacts \{(.*?)^    \},", source, re.DOTALL | re.MULTILINE):
        setting = re.search(r'setting: Some\("(\w+)"\)', facts)
        found[re.search(r'name: "([\w-]+)"', facts).group(1)] = setting and setting.group(1)
    return found


def jobs(source):
    """The names of the machines whose executions are jobs of runs."""
    return set(re.findall(r'"([\w-]+)"', source.partition("\npub const JOBS: &[&str] = &[")[2].partition("];")[0]))


class Parts:
    """The parts of the template, and their names in the code."""

    def __init__(self, root):
        self.root = root
        self.infra = root / "infra"
        self.template = template.Template(self.infra / "template.yaml")
        self.machines = machines((root / MACHINES).read_text())
        self.jobs = jobs((root / MACHINES).read_text())
        self.dataset = (root / DATASET).read_text()
        self.names = {
            "kinds": (kinds((root / KINDS).read_text()), KINDS),
            "switches": (implementing("SwitchDriver", root / SWITCHES), SWITCHES),
            "hooks": (implementing("HookDriver", root / HOOKS), HOOKS),
            "machines": (self.machines.keys() | self.jobs, MACHINES),
        }

    def faults(self):
        """Everything that is missing or superfluous, as (where, fault)."""
        for folder, (names, source) in self.names.items():
            files = {file.stem for file in (self.infra / folder).glob("*.yaml")}
            yield from differences(names, files, source, f"infra/{folder}/{{}}.yaml")
        files = {file.name.removesuffix(".asl.json") for file in (self.root / "state-machines").iterdir()}
        yield from differences(self.machines.keys() | self.jobs, files, MACHINES, "state-machines/{}.asl.json")
        for name, setting in self.machines.items():
            yield from self._machine(name)
            yield from self._reported(name, setting)
        for name in sorted(self.jobs):
            yield from self._machine(name)
            yield from self._unreported(name)
        for part, document in self.template.parts.items():
            yield from self._functions(part, document["Resources"])
            yield from self._attached(part, document["Resources"])
        yield from self._overwritten()
        yield from self._grouped()
        for kind in sorted(self.names["kinds"][0]):
            if f'"kind": "{kind}"' not in self.dataset:
                yield DATASET, f"no resource of kind {kind}: no suite would cover it"

    def _part(self, name):
        """A machine's part of the template; none if it is missing."""
        return self.template.parts.get(self.infra / f"machines/{name}.yaml")

    def _machine(self, name):
        machine = f"{pascal(name)}StateMachine"
        where = f"infra/machines/{name}.yaml"
        part = self._part(name)
        if part is None:
            return
        if part["Resources"].get(machine, {}).get("Type") != "AWS::Serverless::StateMachine":
            yield where, f"no state machine {machine}"
        if part.get("Outputs", {}).get(f"{machine}Arn", {}).get("Value") != Call("Ref", machine):
            yield where, f"no output {machine}Arn"

    def _watched(self):
        """The machines of whose lost executions clean-up is notified."""
        return self.template.properties("LostExecutions")["EventPattern"]["detail"]["stateMachineArn"]

    def _reported(self, name, setting):
        """On-call learns of every execution of a machine of runs, however it ends."""
        machine = f"{pascal(name)}StateMachine"
        if self._part(name) is None:
            return
        if Call("Ref", machine) not in self._watched():
            yield "infra", f"LostExecutions does not name {machine}: clean-up would not be notified of its lost executions"
        if self.template.properties("Alarms")["Parameters"].get(machine) != Call("Ref", machine):
            yield "infra", f"Alarms does not get {machine}"
        if setting:
            yield from self._started(setting, f"stateMachine:${{AWS::StackName}}-{name}")

    def _unreported(self, name):
        """The run that started a job reports how it ended: nothing else notifies on-call of it."""
        machine = Call("Ref", f"{pascal(name)}StateMachine")
        if machine in self._watched() or machine in self.template.properties("Alarms")["Parameters"].values():
            yield "infra", f"{name} is a job: LostExecutions and Alarms leave it to the run that started it"

    def _started(self, setting, machine):
        """A machine that rolls a restore back is started by clean-up."""
        settings = self.template.properties("CleanUpFunction").get("Environment", {}).get("Variables", {})
        if not str(settings.get(setting)).endswith(machine):
            yield "infra", f"clean-up has no {setting}"
        starts = [one for one in self.template.statements("CleanUpRole") if "states:StartExecution" in one["Action"]]
        if not any(str(one).endswith(machine) for statement in starts for one in template.listed(statement["Resource"])):
            yield "infra", f"CleanUpRole may not start {machine}"

    def _functions(self, part, resources):
        """A step's function is in a file of its own, or in that of the only kind that needs it."""
        for name, resource in resources.items():
            step = kebab(name.removesuffix("Function"))
            at_home = part == self.infra / f"steps/{step}.yaml" or part.parent.name == "kinds"
            if resource["Type"] == "AWS::Serverless::Function" and not at_home:
                yield self._where(part), f"{name} must be in steps/{step}.yaml, or in the file of a kind"
        if part.parent.name == "steps" and f"{pascal(part.stem)}Function" not in resources:
            yield self._where(part), f"no {pascal(part.stem)}Function"

    def _attached(self, part, resources):
        """An attached policy is named after its part, and attached to existing roles."""
        prefix = ATTACHED.get(part.parent.name)
        for name, resource in resources.items():
            if resource["Type"] != "AWS::IAM::Policy":
                continue
            if prefix is None:
                yield self._where(part), f"{name}: a role's own policies must be in the role"
            elif resource["Properties"]["PolicyName"] != prefix + part.stem.replace("_", "-"):
                yield self._where(part), f"{name} is called {prefix}{part.stem.replace('_', '-')}"
            for role in resource["Properties"]["Roles"]:
                if self.template.resources.get(role.argument, {}).get("Type") != "AWS::IAM::Role":
                    yield self._where(part), f"{name} is attached to {role.argument}, which is no role"

    def _overwritten(self):
        """IAM keeps one policy of a name in a role: a second would silently replace the first."""
        for role in self.template.of_type("AWS::IAM::Role"):
            names = [name for name, _ in self.template.policies(role)]
            for name in sorted({name for name in names if names.count(name) > 1}):
                yield "infra", f"{role} has two policies that are called {name}"

    def _grouped(self):
        """The console shows the parameters by groups, and one of no group last."""
        whole = self.template.parts[self.infra / "template.yaml"]
        groups = whole["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        shown = [name for group in groups for name in group["Parameters"]]
        for name in sorted(whole["Parameters"].keys() - set(shown)):
            yield "infra/template.yaml", f"the parameter {name} is in no group"
        for name in sorted(set(shown) - whole["Parameters"].keys()):
            yield "infra/template.yaml", f"a group shows {name}, which is no parameter"

    def _where(self, part):
        return str(part.relative_to(self.root))


def differences(names, files, source, file):
    """What is in the code without a file, and vice versa."""
    if not names:
        yield source, "no name can be read there"
    for name in sorted(names - files):
        yield file.format(name), f"is missing: {source} has {name}"
    for name in sorted(files - names):
        yield file.format(name), f"belongs to nothing in {source}"


def main(root):
    parts = Parts(root)
    found = list(parts.faults())
    for where, fault in found:
        print(f"{where}: {fault}", file=sys.stderr)
    print(f"{len(parts.template.parts)} parts of the template: {len(found) or 'no'} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[2]))
