#!/usr/bin/env python3
"""Runs parliament, an IAM linter that is not ours, over every policy of the templates' roles, and over their managed policies.
What is let through is in parliament_allowed.json: for each finding the policies (or `*`) and the reason.

Exit code 1 and a line for each fault. Run with the Python of .venv-sam.
"""

import json
import sys
import warnings
from collections import Counter
from pathlib import Path

TEMPLATES = ["template.yaml", "alarms.yaml", "efs-access.yaml"]


def findings(document):
    """What parliament says of a policy: pairs of the finding's name and what it is about, each once."""
    # Only told to those who develop setuptools.
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
    import parliament

    said = parliament.analyze_policy_string(json.dumps(document)).findings
    return whole([(finding.issue, detail) for finding in said for detail in about(finding.detail)], document)


def whole(found, document):
    """The findings that hold of the policy as a whole: parliament looks for all resources of an action in one statement, where
    IAM takes them from several."""
    kept = []
    for finding, times in Counter(found).items():
        issue, detail = finding
        action = detail.split(" on ")[0]
        if issue != "RESOURCE_MISMATCH" or times >= sum(action in actions(each) for each in document["Statement"]):
            kept.append(finding)
    return kept


def actions(statement):
    """The actions of a statement, as a list."""
    named = statement.get("Action", [])
    return [named] if isinstance(named, str) else named


def about(detail):
    """The actions that a finding is about, or its own words: one line each, however many there are."""
    found = set()
    for part in detail if isinstance(detail, list) else [detail]:
        if isinstance(part, dict):
            found.add(f"{part['action']} on {part['required_format']}")
        else:
            found.add(str(part).split(" for action ")[0])
    return sorted(found)


def faults(found, allowed):
    """What is wrong with findings by policy, those that are let through given."""
    met = set()
    for policy, said in found.items():
        for issue, detail in said:
            rule = next((at for at, rule in enumerate(allowed) if lets_through(rule, policy, issue, detail)), None)
            met.add(rule)
            if rule is None:
                yield f"{policy}: {issue}: {detail}"
    for at, rule in enumerate(allowed):
        if at not in met:
            yield f"parliament_allowed.json: nothing is found of this any more: {rule['finding']} {rule['about']}"
        if len(rule["reason"]) < 10:
            yield f"parliament_allowed.json: no reason for {rule['finding']} {rule['about']}"


def lets_through(rule, policy, issue, detail):
    """Whether a rule lets a finding through: it names the finding, the policies, and how its details begin."""
    return (
        rule["finding"] == issue
        and ("*" in rule["policies"] or policy in rule["policies"])
        and any(detail.startswith(about) for about in rule["about"])
    )


def main(root):
    import policies

    found = {}
    for name in TEMPLATES:
        for policy, document in policies.deployed(root / "infra" / name).policies():
            found[policy] = findings(document)
    allowed = json.loads((Path(__file__).parent / "parliament_allowed.json").read_text(encoding="utf-8"))
    said = list(faults(found, allowed))
    for fault in said:
        print(fault, file=sys.stderr)
    print(f"parliament: {len(found)} policies: {len(said) or 'no'} faults")
    return 1 if said or not found else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[2]))
