"""The recipe of CONTRIBUTING, "A new kind of resource", as edits: one for each place outside of the kind's own files.

recipe.txt has the places. A head line is `== FILE | SORT | CHECK`: SORT is `deployed` or `tests`; CHECK notices if the place is
forgotten, and runs first. Below, `after` or `before` and the lines of an anchor, which the file has exactly once; then `insert`
and the lines that the kind needs there, or a line `copy OLD NEW [OLD NEW ...]`, which inserts a copy of the anchor's block, up
to the first line that is indented as its first, with these words replaced; or `members`, the kind's part of the table of members.
"""

import re
from pathlib import Path
from typing import NamedTuple

import derived

FILE = Path(__file__).with_name("recipe.txt")
SORTS = ("deployed", "tests")


class Fault(Exception):
    """Why the recipe cannot be followed."""


class Place(NamedTuple):
    """One place: the file, its sort, what notices that it is missing, and the edit."""

    file: str
    sort: str
    check: str
    side: str
    anchor: str
    action: str
    text: str

    @property
    def name(self):
        """The file, and the first words that are inserted."""
        lines = (self.text or self.action).splitlines()
        words = next(line for line in lines if re.search(r"\w", line)).strip()
        return f"{self.file}: {words if len(words) < 60 else words[:57] + '...'}"

    def applied(self, text):
        """The file's text with this place."""
        if text.count(self.anchor) != 1:
            raise Fault(f"{self.file}: has {text.count(self.anchor)} of this anchor, not one:\n{self.anchor}")
        at = text.index(self.anchor) + (len(self.anchor) if self.side == "after" else 0)
        return text[:at] + self.inserted(text) + text[at:]

    def inserted(self, text):
        if self.action == "insert":
            return self.text
        if self.action == "members":
            return derived.members(text) + "\n"
        words = self.action.split()[1:]
        block = copied(text, self.anchor)
        for old, new in zip(words[::2], words[1::2], strict=True):
            block = block.replace(old, new)
        return block


def copied(text, anchor):
    """The lines from the anchor to the first that is indented as the anchor's first line and is no longer part of its opening."""
    start = text.index(anchor)
    indent = re.match(r" *", anchor)[0]
    end = re.compile(rf"^{indent}[^ \n].*\n", re.MULTILINE).search(text, start + len(anchor))
    if not end:
        raise Fault(f"the block does not end:\n{anchor}")
    return text[start : end.end()]


def places(source):
    """The places of a recipe."""
    found = []
    for block in re.split(r"^== ", source, flags=re.MULTILINE)[1:]:
        head, _, rest = block.partition("\n")
        file, sort, check = (part.strip() for part in head.split("|"))
        parsed = re.fullmatch(r"(after|before)\n(.*?\n)(insert|copy [^\n]+|members)\n(.*)", rest.rstrip("\n") + "\n", re.DOTALL)
        if not parsed or sort not in SORTS:
            raise Fault(f"recipe.txt: cannot be read: {head}")
        found.append(Place(file, sort, check, *parsed.groups()))
    return found


def read():
    return places(FILE.read_text(encoding="utf-8"))


def followed(root, chosen):
    """Path to text of every file that the recipe changes or adds, with the chosen places only."""
    texts = derived.files(root)
    for place in chosen:
        before = texts.get(place.file) or (root / place.file).read_text(encoding="utf-8")
        texts[place.file] = place.applied(before)
    return texts
