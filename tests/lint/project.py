"""What the state machines have to agree with: the registry of the steps, our errors, and the template's functions."""

import json
import re

import asl

# Steps that no state machine runs: EventBridge does.
BY_EVENT = {"clean-up"}
# Machines that run every night, so that what they call never sleeps for long.
AT_NIGHT = {"backup", "nightly"}
# Functions that template.yaml does not deploy, but a stack of their own: other steps call them.
OWN_STACKS = {"efs-access": "infra/efs-access.yaml"}


# Where every step has its line, and the one program that they all are.
REGISTRY = "functions/src/steps/mod.rs"
CODE = "CodeUri: ../target/lambda/functions/\n"


def registered(source):
    """The names of the steps, from their registry."""
    lines = source.split("\nsteps! {\n")[1]
    return set(re.findall(r'^    "([\w-]+)" => \w+,$', lines, re.MULTILINE))


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


def serves(function, step):
    """Whether a function's text gives it the program, and the step as its handler."""
    return CODE in function and f"Handler: {step}\n" in function


class Project:
    """The files around the state machines."""

    def __init__(self, root):
        self.errors = error_classes((root / "functions/src/error.rs").read_text())
        self.steps = registered((root / REGISTRY).read_text())
        self.template = (root / "infra/template.yaml").read_text()
        self.own_stacks = {step: root / file for step, file in OWN_STACKS.items() if step in self.steps}

    def resources(self):
        """The template's resources: logical id to its text."""
        body = self.template.split("\nResources:\n")[1].split("\nOutputs:\n")[0]
        parts = re.split(r"^  (\w+):\n", body, flags=re.MULTILINE)[1:]
        return dict(zip(parts[::2], parts[1::2]))

    def faults(self, machines):
        """Disagreements, as (where, fault). `machines`: name to definition."""
        resources = self.resources()
        yield from self._functions(resources, machines)
        for name, machine in machines.items():
            yield from self._substitutions(resources, name, json.dumps(machine))
            yield from self._timeouts(resources, name, machine)
        yield from self._sleepers(resources, machines)

    def _sleepers(self, resources, machines):
        """What no night uses, and what is in a VPC, is woken every week: Lambda lets a function sleep that nobody calls."""
        used = {name: set(re.findall(r"\$\{(\w+)FunctionArn\}", json.dumps(machine))) for name, machine in machines.items()}
        at_night = set().union(*(used.get(name, set()) for name in AT_NIGHT))
        sleepers = set().union(*used.values()) - at_night | {pascal(step) for step in BY_EVENT & self.steps}
        sleepers |= {name.removesuffix("Function") for name, text in resources.items() if "\n      VpcConfig:" in text}
        may = resources.get("WakeRole", "")
        for step in sorted(map(kebab, sleepers)):
            if f"Name: !Sub ${{AWS::StackName}}-wake-{step}\n" not in resources.get(f"{pascal(step)}Function", ""):
                yield "template", f"{step} sleeps, and no schedule wakes it"
            if f":function:${{AWS::StackName}}-{step}\n" not in may:
                yield "template", f"{step} sleeps, and WakeRole may not call it"
        for step, file in self.own_stacks.items():
            if file.exists() and "Input: '{\"wake\": true}'\n" not in file.read_text():
                yield OWN_STACKS[step], f"{step} sleeps, and no schedule wakes it"

    def _functions(self, resources, machines):
        everything = "".join(json.dumps(machine) for machine in machines.values())
        for step, file in self.own_stacks.items():
            if not file.exists() or not serves(file.read_text(), step):
                yield OWN_STACKS[step], f"no function with the program's code and Handler {step}"
        for step in sorted(self.steps - OWN_STACKS.keys()):
            function = resources.get(f"{pascal(step)}Function", "")
            if not serves(function, step):
                yield "template", f"no {pascal(step)}Function with the program's code and Handler {step}"
            if f"FunctionName: !Sub ${{AWS::StackName}}-{step}\n" not in function:
                yield "template", f"{pascal(step)}Function is not named ${{AWS::StackName}}-{step}"
            if step not in BY_EVENT and f"${{{pascal(step)}FunctionArn}}" not in everything:
                yield REGISTRY, f"no state machine runs {step}"
        deployed = set(re.findall(r"^ {6}Handler: ([\w-]+)$", self.template, re.MULTILINE))
        for step in sorted(deployed - self.steps):
            yield "template", f"deploys {step}, which {REGISTRY} does not name"
        for step in sorted(deployed & OWN_STACKS.keys()):
            yield "template", f"deploys {step}, which {OWN_STACKS[step]} deploys"

    def _substitutions(self, resources, name, definition):
        here = f"DefinitionUri: ../state-machines/{name}.asl.json\n"
        text = next((text for text in resources.values() if here in text), None)
        if text is None:
            yield "template", f"does not deploy state-machines/{name}.asl.json"
            return
        block = re.search(r"DefinitionSubstitutions:\n((?: {8}\S.*\n)*)", text)
        given = dict(re.findall(r"^ {8}(\w+): (.*)$", block.group(1) if block else "", re.MULTILINE))
        used = set(re.findall(r"\$\{(\w+)\}", definition))
        for missing in sorted(used - given.keys()):
            yield "template", f"{name}: ${{{missing}}} is not substituted"
        for idle in sorted(given.keys() - used):
            yield "template", f"{name}: {idle} is substituted but not used"
        for key, value in given.items():
            if key.endswith("FunctionArn") and value != f"!GetAtt {key.removesuffix('Arn')}.Arn":
                yield "template", f"{name}: {key} is {value}"
            if key in used and key.endswith("FunctionArn"):
                function = key.removesuffix("Arn")
                if f"!GetAtt {function}.Arn\n" not in resources.get(f"{pascal(name)}StateMachineRole", ""):
                    yield "template", f"{name}: its role may not invoke {function}"

    def _timeouts(self, resources, name, machine):
        """A function ends before its state gives up on it: else its work goes on unheard."""
        for path, state_name, state, _ in asl.states(machine):
            timeout = re.search(r"^ {6}Timeout: (\d+)$", resources.get(f"{state_name}Function", ""), re.MULTILINE)
            if timeout and int(timeout.group(1)) >= state.get("TimeoutSeconds", 0):
                yield f"{name}: {path}", f"TimeoutSeconds is not above its function's {timeout.group(1)} s"
