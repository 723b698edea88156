#!/usr/bin/env python3
"""Finds files that depend on each other in a circle: none of them can be read, moved or tested without all the others.

A file uses another when it names an item that is defined there. A parent that only declares its children, or re-exports their
items, does not use them. Exit code 1 and a line for each circle.
"""

import sys
from pathlib import Path

import rust_modules


def circles(graph):
    """The sets of files that reach each other, each of two files or more."""
    order, low, stack, found = {}, {}, [], []

    def visit(file):
        order[file] = low[file] = len(order)
        stack.append(file)
        for other in graph[file]:
            if other not in order:
                visit(other)
                low[file] = min(low[file], low[other])
            elif other in stack:
                low[file] = min(low[file], order[other])
        if low[file] == order[file]:
            at = stack.index(file)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    sys.setrecursionlimit(10_000)
    for file in sorted(graph):
        if file not in order:
            visit(file)
    return found


def shortest(graph, circle):
    """The shortest cycle within a circle, as files in the order of use."""
    best = None
    for start in circle:
        ways, seen = [[start]], {start}
        while ways:
            way = ways.pop(0)
            if best and len(way) >= len(best):
                break
            if start in graph[way[-1]]:
                best = way
                break
            for other in sorted(graph[way[-1]]):
                if other in circle and other not in seen:
                    seen.add(other)
                    ways.append([*way, other])
    return best


def faults(graph):
    """The faults of one crate's graph of files (paths as strings)."""
    for circle in circles(graph):
        way = shortest(graph, circle)
        pairs = zip(way, [*way[1:], way[0]])
        steps = "; ".join(f"{file} uses {other} ({graph[file][other]})" for file, other in pairs)
        more = f"; with them go round: {', '.join(file for file in circle if file not in way)}" if len(circle) > len(way) else ""
        yield f"a circle of {len(circle)} files: {steps}{more}"


def main(root):
    found, count = [], 0
    for crate in rust_modules.crates(root):
        graph = rust_modules.uses(rust_modules.modules(crate))
        names = {file: str(file.relative_to(root)) for file in graph}
        graph = {names[file]: {names[other]: path for other, path in others.items()} for file, others in graph.items()}
        count += len(graph)
        found += faults(graph)
    for fault in found:
        print(fault, file=sys.stderr)
    print(f"{count} files of production code: {len(found) or 'no'} faults")
    return 1 if found or not count else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[2]))
