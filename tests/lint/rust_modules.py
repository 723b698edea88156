"""The modules of a Rust crate, read from its sources: which file each is, and which file of the crate uses which.

Tests are left out: inline `#[cfg(test)]` items, the files that such an item declares, and all files below them.
"""

import re
import tomllib
from pathlib import Path

# Comments, and literals whose contents could look like code.
COMMENT = r"//[^\n]*|/\*.*?\*/"
LITERAL = r'r(#*)".*?"\1|"(?:\\.|[^"\\])*"|\'(?:\\[^\n]+?|[^\'\\\n])\''
DEFINED = re.compile(r"\b(?:fn|struct|enum|trait|type|const(?!\s+(?:async\s+)?fn)|static|union|macro_rules!)\s+(\w+)")
USE = re.compile(r"(\bpub(?:\([^)]*\))?\s+)?\buse\s+([^;]+);")
MOD = re.compile(r"\bmod\s+(\w+)\s*;")
PATH = re.compile(r"(?<![\w:.])\w+(?:\s*::\s*\w+)+")
WORD = re.compile(r"(?<![\w:.])[A-Za-z_]\w*")


def without_comments(source):
    """The source without comments, and without the insides of literals."""

    def kept(found):
        return " " if found.group(0).startswith(("//", "/*")) else '""'

    return re.sub(f"{COMMENT}|{LITERAL}", kept, source, flags=re.DOTALL)


def closing(text, opening):
    """The index after the brace that closes the one at `opening`. Literals are skipped."""
    depth = 0
    for token in re.compile(f"{LITERAL}|[{{}}]", re.DOTALL).finditer(text, opening):
        depth += {"{": 1, "}": -1}.get(token.group(0), 0)
        if depth == 0:
            return token.end()
    return len(text)


def without_tests(text):
    """The source without the items that are compiled for tests only."""
    kept, at = [], 0
    for found in re.finditer(r"#\[cfg\(test\)\]\s*", text):
        if found.start() < at:
            continue
        kept.append(text[at : found.start()])
        item = re.compile(r"(?:#\[(?:[^\[\]]|\[[^\]]*\])*\]\s*)*").match(text, found.end()).end()
        flat = re.compile(r"(?:pub(?:\([^)]*\))?\s+)?(?:use\b|mod\s+\w+\s*;|const\s+(?!fn\b)|static\b|type\b)").match(text, item)
        end = text.find(";", item) if flat else text.find("{", item)
        if end < 0:
            at = len(text)
        else:
            at = end + 1 if flat else closing(text, end)
    kept.append(text[at:])
    return "".join(kept)


def at_top(text):
    """The text outside all braces."""
    kept, at = [], 0
    while (opening := text.find("{", at)) >= 0:
        kept.append(text[at:opening])
        at = closing(text, opening)
    return " ".join([*kept, text[at:]])


def leaves(tree, before=()):
    """The imports of a `use`: pairs of the path and the local name; `*` for a glob."""
    tree = tree.strip()
    opening = tree.find("{")
    if opening >= 0:
        head = [word.strip() for word in tree[:opening].split("::") if word.strip()]
        inside, start, depth = tree[opening + 1 : closing(tree, opening) - 1], 0, 0
        for at, character in enumerate(inside + ","):
            depth += {"{": 1, "}": -1}.get(character, 0)
            if character == "," and depth == 0:
                if inside[start:at].strip():
                    yield from leaves(inside[start:at], (*before, *head))
                start = at + 1
        return
    path, _, alias = re.sub(r"\s+", " ", tree).partition(" as ")
    words = (*before, *(word.strip() for word in path.split("::") if word.strip()))
    if words[-1] == "self" and len(words) > 1:
        words = words[:-1]
    yield words, alias or words[-1]


class Module:
    """A file: its declarations, definitions, imports and paths."""

    def __init__(self, file, parent, source):
        self.file, self.parent, self.children = file, parent, {}
        code = without_tests(without_comments(source))
        self.declared = MOD.findall(code)
        self.body = USE.sub(" ", code)
        self.defined = set(DEFINED.findall(at_top(self.body)))
        self.imports, self.globs, self.private = {}, [], set()
        for public, tree in USE.findall(code):
            for words, name in leaves(tree):
                if name == "*":
                    self.globs.append((words[:-1], bool(public)))
                    continue
                self.imports[name] = words
                if not public:
                    self.private.add(name)

    @property
    def root(self):
        return self.parent.root if self.parent else self

    def find(self, words, seen=frozenset()):
        """The module of a path's item, and whether the path is the module itself; None outside the crate."""
        first, rest = words[0], words[1:]
        start = {"crate": self.root, "self": self, "super": self.parent}.get(first)
        if start:
            return start._below(rest, seen)
        if first in self.children or first in self.imports:
            return self._below(words, seen)
        return None

    def _below(self, words, seen):
        if not words:
            return self, True
        first, rest = words[0], words[1:]
        if first in ("super", "self"):
            return (self.parent if first == "super" else self)._below(rest, seen)
        if first in self.children:
            return self.children[first]._below(rest, seen)
        if first in self.defined:
            return self, False
        if (id(self), first) in seen:
            return None
        seen = seen | {(id(self), first)}
        if first in self.imports:
            return self.find((*self.imports[first], *rest), seen)
        for path, _ in self.globs:
            found = self.find(path, seen)
            if found and found[1] and (first in found[0].defined or first in found[0].imports or first in found[0].children):
                return found[0]._below(words, seen)
        # Created by a macro.
        return self, False

    def uses(self):
        """Pairs of a module whose items this one uses, and the path of the use."""
        named = set(WORD.findall(self.body))
        # A re-export is not a use.
        paths = [self.imports[name] for name in self.imports if name in self.private or name in named]
        paths += [tuple(re.split(r"\s*::\s*", path)) for path in PATH.findall(self.body)]
        for glob, public in self.globs:
            module = None if public else self.find(glob)
            if module and module[1]:
                known = module[0].defined | set(module[0].imports) | set(module[0].children)
                paths += [(*glob, name) for name in sorted(named & known)]
        for path in paths:
            found = self.find(path)
            if found and not found[1] and found[0] is not self:
                yield found[0], "::".join(path)


def crates(root):
    """The root file of every crate of the workspace: libraries, programs and test suites."""
    for member in tomllib.loads((root / "Cargo.toml").read_text())["workspace"]["members"]:
        folder = root / member
        manifest = tomllib.loads((folder / "Cargo.toml").read_text())
        targets = [manifest.get("lib", {}), *manifest.get("bin", []), *manifest.get("test", [])]
        named = {folder / target["path"] for target in targets if "path" in target}
        usual = {folder / "src/lib.rs", folder / "src/main.rs", *folder.glob("src/bin/*.rs")}
        yield from sorted(named | {file for file in usual if file.is_file()})


def modules(root):
    """Every module of the crate whose root file is this one, tests left out."""

    def read(file, parent, folder):
        module = Module(file, parent, file.read_text(encoding="utf-8"))
        found = [module]
        for name in module.declared:
            places = [folder / f"{name}.rs", folder / name / "mod.rs"]
            below = next((place for place in places if place.is_file()), None)
            if below:
                here = below.parent if below.name == "mod.rs" else below.parent / below.stem
                children = read(below, module, here)
                module.children[name] = children[0]
                found += children
        return found

    root = Path(root)
    return read(root, None, root.parent)


def uses(crate):
    """The files that each file uses, each with one path."""
    graph = {}
    for module in crate:
        named = graph.setdefault(module.file, {})
        for other, path in module.uses():
            named.setdefault(other.file, path)
    return graph
