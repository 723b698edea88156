"""The circles' lint follows every way in which one file names what another defines."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import circles
import rust_modules


class Circles(unittest.TestCase):
    def graph(self, **files):
        """Which file uses which; names are paths with `__` for a slash."""
        with tempfile.TemporaryDirectory() as folder:
            for name, source in files.items():
                file = Path(folder, name.replace("__", "/") + ".rs")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(source)
            graph = rust_modules.uses(rust_modules.modules(Path(folder, "lib.rs")))
            name = lambda file: str(file.relative_to(folder)).removesuffix(".rs")
            return {name(file): {name(other): path for other, path in others.items()} for file, others in graph.items()}

    def circle(self, *names, **files):
        self.assertEqual(circles.circles(self.graph(**files)), [sorted(names)] if names else [])

    def test_two_siblings(self):
        lib = "mod a;\nmod b;"
        self.circle("a", "b", lib=lib, a="use crate::b::B;\npub struct A;", b="use super::a::A;\npub struct B;")
        self.circle("a", "b", lib=lib, a="pub fn a() { crate::b::b() }", b="use crate::a;\npub fn b() { a::a() }")
        self.circle(lib=lib, a="use crate::b::B;\npub struct A;", b="pub struct B;")

    def test_a_longer_way_round_is_shown_in_order(self):
        graph = self.graph(
            lib="mod a;\nmod b;\nmod c;",
            a="use crate::b::B;\npub struct A;",
            b="use crate::{c::{C, D as E}};\npub struct B;",
            c="pub struct C;\npub struct D(crate::a::A);",
        )
        (fault,) = circles.faults(graph)
        self.assertIn("a uses b (crate::b::B); b uses c (crate::c::C); c uses a (crate::a::A)", fault)

    def test_a_parent_that_only_declares_its_children_uses_none(self):
        self.circle(lib="mod a;", a="mod b;\npub struct A;", a__b="use super::A;\npub struct B(A);")
        self.circle(lib="mod a;", a="mod b;\npub use b::B;\npub struct A;", a__b="use super::A;\npub struct B(A);")

    def test_a_child_that_uses_the_parent_that_uses_it(self):
        self.circle("a", "a/b", lib="mod a;", a="mod b;\npub struct A;\nfn f() { b::b() }", a__b="use super::A;\npub fn b() -> A {}")
        self.circle("a", "a/b", lib="mod a;", a="mod b;\nuse b::B;\npub struct A(B);", a__b="use super::*;\npub struct B(Box<A>);")
        self.circle("a/mod", "a/b", lib="mod a;", a__mod="mod b;\nuse self::b::B;\npub const A: B = B;", a__b="pub struct B;\nfn f() { super::A }")

    def test_what_a_parent_passes_on_is_the_childs_own(self):
        lib, parent = "mod a;", "mod b;\nmod c;\npub use b::B;\nfn f() { c::c() }"
        self.circle(lib=lib, a=parent, a__b="pub struct B;", a__c="use super::B;\npub fn c() -> B {}")
        self.circle("a/b", "a/c", lib=lib, a=parent, a__b="pub struct B;\nfn f() { super::c::c() }", a__c="use crate::a::B;\npub fn c() -> B {}")

    def test_tests_may_use_what_they_test(self):
        lib, a = "mod a;\nmod b;", "use crate::b::B;\npub struct A;"
        self.circle(lib=lib, a=a, b="pub struct B;\n#[cfg(test)]\nmod tests {\n    use crate::a::A;\n    fn f() { \"}\" }\n}")
        self.circle(lib=lib, a=a, b="pub struct B;\n#[cfg(test)]\nmod tests;", b__tests="use crate::a::A;")
        self.circle(lib=lib, a=a, b="pub struct B;\n#[cfg(test)]\nuse crate::a::A;")
        self.circle("a", "b", lib=lib, a=a, b="#[cfg(test)]\nmod tests {}\npub struct B(crate::a::A);")

    def test_words_in_comments_and_strings_do_not_count(self):
        self.circle(lib="mod a;\nmod b;", a="use crate::b::B;\npub struct A;", b="/// [`crate::a::A`]\npub const B: &str = \"crate::a::A // '\";")



if __name__ == "__main__":
    unittest.main()
