#!/usr/bin/env python3
"""Reads the blocks of `holdfast infrastructure --terraform` beside a state file (version 4), and says what `terraform plan` makes of them
once the resource blocks are renamed as their comment says: a line for each resource, `forget ADDRESS ID` or `import ADDRESS ID`. The source
has a block for what is in the state; where the state has lost it since, in a state file from before.

Exit code 1 and a line for each fault: what Terraform refuses, and what would add, replace or destroy. Arguments are not compared, only
addresses. Run with the Python of .venv-sam: terraform_plan.py STATE BLOCKS [BEFORE].

Sources: https://developer.hashicorp.com/terraform/language/block/import, https://developer.hashicorp.com/terraform/language/block/removed
"""

import json
import sys
from pathlib import Path


def tracked(state):
    """The id of each resource instance of a state, by its address."""
    found = {}
    for resource in state["resources"]:
        if resource["mode"] == "managed":
            label = ".".join(filter(None, [resource.get("module"), resource["type"], resource["name"]]))
            for instance in resource["instances"]:
                key = instance.get("index_key")
                found[label if key is None else f"{label}[{json.dumps(key)}]"] = instance["attributes"]["id"]
    return found


def split(address):
    """An address without the key at its end, and that key; an empty one if there is none."""
    label, bracket, key = address.rpartition("[")
    return (label, key.removesuffix("]")) if bracket and address.endswith("]") else (address, "")


def bare(expression):
    """An address or a text, as the parser writes it."""
    return expression.removeprefix("${").removesuffix("}").removeprefix('"').removesuffix('"')


def plan(state, blocks, before=None):
    """The lines and the faults of a plan."""
    known = tracked(state)
    source = tracked(before or state)
    labels = {split(address)[0] for address in known}
    removed = {bare(block["from"]): block for block in blocks.get("removed", [])}
    imported = {bare(block["to"]): bare(block["id"]) for block in blocks.get("import", [])}
    faults = [f"{label}: it is not in the state" for label in removed if label not in labels]
    for label, block in removed.items():
        if block.get("lifecycle", [{}])[0].get("destroy") is not False:
            faults.append(f"{label}: it would be destroyed")
    forgotten = {address: name for address, name in known.items() if split(address)[0] in removed}
    # As long as the state has it, an import has no effect.
    imported = {address: name for address, name in imported.items() if known.get(address) != name}
    for address, name in imported.items():
        if address in known:
            faults.append(f"{address}: it is in the state already")
        if name in known.values():
            faults.append(f"{address}: {name} is in the state already")
    faults += [f"{address}: it would be added" for address in source if address not in known and address not in imported]
    faults += renamed(removed, forgotten, {address: name for address, name in imported.items() if address not in source})
    lines = [f"forget {address} {name}" for address, name in forgotten.items()]
    return lines + [f"import {address} {name}" for address, name in imported.items()], faults


def renamed(removed, forgotten, imported):
    """The faults of a source in which each removed label is renamed: it has as many instances as before, each with its key."""
    new = {split(address)[0] for address in imported}
    for label in removed:
        of = [other for other in new if other.startswith(f"{label}_") or other == label]
        if len(of) != 1:
            yield f"{label}: {len(of)} labels are imported in its place, of {sorted(new)}"
            continue
        new.remove(of[0])
        before = {split(address)[1] for address in forgotten if split(address)[0] == label}
        after = {split(address)[1] for address in imported if split(address)[0] == of[0]}
        yield from (f"{of[0]}[{key}]: it would be added" for key in sorted(before - after))
        yield from (f"{of[0]}[{key}]: no resource block has this key" for key in sorted(after - before))
    yield from (f"{label}: nothing is renamed to it" for label in sorted(new))


def main(state, blocks, before=None):
    import hcl2

    states = [json.loads(Path(file).read_text(encoding="utf-8")) if file else None for file in (state, before)]
    lines, faults = plan(states[0], hcl2.loads(Path(blocks).read_text(encoding="utf-8")), states[1])
    print("\n".join(lines))
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults or not lines else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
