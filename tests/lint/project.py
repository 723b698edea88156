"""Consistency of the state machines with the registry of the steps, our errors, and the template's functions."""

import json
import re

import asl
import template
from template import Call

# Steps that no state machine runs: EventBridge does.
BY_EVENT = {"clean-up"}
# Steps that other steps call.
BY_STEPS = {"archive-access", "database-access"}
# Machines that run every night, so that their functions are never inactive for long.
AT_NIGHT = {"backup", "nightly"}
# Functions in stacks of their own, not in template.yaml: other steps call them.
OWN_STACKS = {"efs-access": "infra/efs-access.yaml"}


# The registry of the steps; and the code of each program, by the registry's list of its steps. A path is relative to the file of a
# function.
REGISTRY = "functions/src/steps/mod.rs"
CODE = {
    "steps": {"../target/lambda/functions/", "../../target/lambda/functions/"},
    "transfers": {"../target/lambda/transfers/", "../../target/lambda/transfers/"},
}


def registered(source):
    """The names of the steps, each with the list that it is in, from their registry."""
    found = {}
    for name, lines in re.findall(r"^(\w+)! \{\n(.*?)^\}", source, re.DOTALL | re.MULTILINE):
        found.update(dict.fromkeys(re.findall(r'^    "([\w-]+)" => [\w:]+,$', lines, re.MULTILINE), name))
    return found


def kebab(name):
    """`PollStatus` as `poll-status`."""
    return re.sub(r"(?<!^)([A-Z])", r"-\1", name).lower()


def pascal(name):
    """`poll-status` as `PollStatus`."""
    return "".join(word.capitalize() for word in name.split("-"))


def error_classes(source):
    """The names of our errors by class, from functions/src/error.rs."""
    classes = {"Transient": set(), "Waiting": set()}
    for arms, name in re.findall(r"((?:Error::\w+\(_\)[\s|]*)+)=>\s*Class::(\w+)", source):
        classes.setdefault(name, set()).update(re.findall(r"Error::(\w+)", arms))
    return classes


def named(step):
    """The name of a step's function."""
    return Call("Sub", f"${{AWS::StackName}}-{step}")


STACK = Call("Ref", "AWS::StackName")


def invoked(machine):
    """The steps whose functions a machine invokes."""
    return set(re.findall(r'"\$\{StackName\}-([\w-]+)"', json.dumps(machine)))


class Project:
    """The files that the state machines depend on."""

    def __init__(self, root):
        self.errors = error_classes((root / "functions/src/error.rs").read_text())
        self.programs = registered((root / REGISTRY).read_text())
        self.steps = set(self.programs)
        self.template = template.Template(root / "infra/template.yaml")
        self.dashboard = template.Template(root / "infra/alarms.yaml").properties("Dashboard")["DashboardBody"]
        self.own_stacks = {step: root / file for step, file in OWN_STACKS.items() if step in self.steps}

    def faults(self, machines):
        """Disagreements, as (where, fault). `machines`: name to definition."""
        yield from self._functions(machines)
        for name, machine in machines.items():
            yield from self._substitutions(name, machine)
            yield from self._timeouts(name, machine)
        yield from self._sleepers(machines)

    def _sleepers(self, machines):
        """Functions that no nightly run uses, or in a VPC, are invoked every week: Lambda makes unused ones inactive."""
        used = {name: invoked(machine) for name, machine in machines.items()}
        at_night = set().union(*(used.get(name, set()) for name in AT_NIGHT))
        sleepers = set().union(*used.values()) - at_night | BY_EVENT & self.steps
        sleepers |= {kebab(name.removesuffix("Function")) for name, function in self._deployed().items() if "VpcConfig" in function}
        may = {str(one) for statement in self.template.statements("WakeRole") for one in template.listed(statement["Resource"])}
        for step in sorted(sleepers):
            if not wakes(self.template.function(f"{pascal(step)}Function"), named(f"wake-{step}")):
                yield "template", f"{step} sleeps, and no schedule wakes it"
            if not any(one.endswith(f":function:${{AWS::StackName}}-{step}") for one in may):
                yield "template", f"{step} sleeps, and WakeRole may not call it"
        for step, file in self.own_stacks.items():
            function = self._own_function(step)
            if function and not wakes(function, Call("Sub", "holdfast-wake-efs-${FileSystemId}")):
                yield OWN_STACKS[step], f"{step} sleeps, and no schedule wakes it"

    def _deployed(self):
        """The properties of the template's functions, by logical id."""
        return {name: self.template.function(name) for name in self.template.of_type("AWS::Serverless::Function")}

    def _own_function(self, step):
        """The properties of a step's function in a stack of its own; empty if there is no such stack."""
        file = self.own_stacks[step]
        return template.Template(file).function(f"{pascal(step)}Function") if file.exists() else {}

    def _functions(self, machines):
        run = set().union(*map(invoked, machines.values()))
        for step in self.own_stacks:
            if not self._serves(self._own_function(step), step):
                yield OWN_STACKS[step], f"no function with the program's code and Handler {step}"
        for step in sorted(self.steps - OWN_STACKS.keys()):
            function = self.template.function(f"{pascal(step)}Function")
            if not self._serves(function, step):
                yield "template", f"no {pascal(step)}Function with the program's code and Handler {step}"
            if function.get("FunctionName") != named(step):
                yield "template", f"{pascal(step)}Function is not named ${{AWS::StackName}}-{step}"
            if step not in BY_EVENT | BY_STEPS and step not in run:
                yield REGISTRY, f"no state machine runs {step}"
        yield from self._watched()
        deployed = {function["Handler"] for function in self._deployed().values()}
        for step in sorted(deployed - self.steps):
            yield "template", f"deploys {step}, which {REGISTRY} does not name"
        for step in sorted(deployed & OWN_STACKS.keys()):
            yield "template", f"deploys {step}, which {OWN_STACKS[step]} deploys"

    def _serves(self, function, step):
        """Whether a function has the step's program as its code, and the step as its handler."""
        return function.get("CodeUri") in CODE.get(self.programs[step], ()) and function.get("Handler") == step

    def _watched(self):
        """The dashboard shows the errors and durations of each deployed function."""
        body, values = self.dashboard.argument
        names = re.compile(r'"\$\{Stack\}-([\w-]+)"')
        others = set(names.findall(values["OtherFunctions"].argument))
        for metric in ("Errors", "Duration"):
            own = re.search(rf'"{metric}", "FunctionName", "\$\{{Stack\}}-([\w-]+)"\],\s*\$\{{OtherFunctions\}}', body)
            shown = others | {own.group(1)} if own else set()
            for step in sorted(shown ^ (self.steps - OWN_STACKS.keys())):
                yield "infra/alarms.yaml", f"{metric} of {step}: " + ("shown, and no step" if step in shown else "not shown")

    def _substitutions(self, name, machine):
        here = f"../../state-machines/{name}.asl.json"
        machines = map(self.template.properties, self.template.of_type("AWS::Serverless::StateMachine"))
        deployed = next((machine for machine in machines if machine["DefinitionUri"] == here), None)
        if deployed is None:
            yield "template", f"does not deploy state-machines/{name}.asl.json"
            return
        given = deployed.get("DefinitionSubstitutions", {})
        role = f"{pascal(name)}StateMachineRole"
        allowed = [one for statement in self.template.statements(role) for one in template.listed(statement["Resource"])]
        used = set(re.findall(r"\$\{(\w+)\}", json.dumps(machine)))
        for missing in sorted(used - given.keys()):
            yield "template", f"{name}: ${{{missing}}} is not substituted"
        for idle in sorted(given.keys() - used):
            yield "template", f"{name}: {idle} is substituted but not used"
        if given.get("StackName") != STACK:
            yield "template", f"{name}: StackName is {given.get('StackName')}"
        for step in sorted(invoked(machine)):
            if Call("GetAtt", f"{pascal(step)}Function.Arn") not in allowed:
                yield "template", f"{name}: its role may not invoke {step}"

    def _timeouts(self, name, machine):
        """A function's timeout is below its state's: otherwise its work would continue after the state has failed."""
        for path, state_name, state, _ in asl.states(machine):
            timeout = self.template.properties(f"{state_name}Function").get("Timeout")
            if timeout is not None and timeout >= state.get("TimeoutSeconds", 0):
                yield f"{name}: {path}", f"TimeoutSeconds is not above its function's {timeout} s"


def wakes(function, schedule):
    """Whether a schedule of this name invokes a function to keep it active."""
    wake = function.get("Events", {}).get("Wake", {}).get("Properties", {})
    return wake.get("Name") == schedule and wake.get("Input") == '{"wake": true}'
