#!/usr/bin/env python3
"""Runs parliament, an external IAM linter, over every policy of the templates' roles, and over their managed policies.
Allowed findings are in parliament_allowed.json: for each, the policies (or `*`) and the reason.

Exit code 1 and a line for each fault. Run with the Python of .venv-sam.
"""

import json
import sys
import warnings
from collections import Counter
from pathlib import Path

TEMPLATES = ["template.yaml", "alarms.yaml", "efs-access.yaml"]


def findings(document):
    """Parliament's findings for a policy: pairs of the finding's name and its subject, each once."""
    # For developers of setuptools only.
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
    import parliament

    said = parliament.analyze_policy_string(json.dumps(document)).findings
    return whole([(finding.issue, detail) for finding in said for detail in about(finding.detail)], document)


def whole(found, document):
    """The findings that apply to the policy as a whole: parliament expects all resources of an action in one statement, while
    IAM combines several."""
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
    """The actions of a finding, or its own text: one line each."""
    found = set()
    for part in detail if isinstance(detail, list) else [detail]:
        if isinstance(part, dict):
            found.add(f"{part['action']} on {part['required_format']}")
        else:
            found.add(str(part).split(" for action ")[0])
    return sorted(found)


def faults(found, allowed):
    """The faults in findings by policy, without the allowed ones."""
    met = set()
    for policy, said in found.items():
        for issue, detail in said:
            rule = next((at for at, rule in enumerate(allowed) if lets_through(rule, policy, issue, detail)), None)
            met.add(rule)
            if rule is None:
                yield f"{policy}: {issue}: {detail}"
    for at, rule in enumerate(allowed):
        if at not in met:
            yield f"parliament_allowed.json: parliament no longer reports this: {rule['finding']} {rule['about']}"
        if len(rule["reason"]) < 10:
            yield f"parliament_allowed.json: no reason for {rule['finding']} {rule['about']}"


def lets_through(rule, policy, issue, detail):
    """Whether a rule allows a finding: it has the finding's name, the policies, and the beginning of its details."""
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
