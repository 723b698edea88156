"""The lint finds what names a single kind in a step, and nothing else."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import single_kinds

KINDS = {"aurora": "Aurora", "efs": "Efs"}


class SingleKinds(unittest.TestCase):
    def found(self, expected, source):
        self.assertEqual(single_kinds.names(source, KINDS), expected, source)

    def test_a_variant(self):
        self.found(["Target::Aurora"], "fn f() { matches!(t, Target::Aurora { .. }) }")
        self.found(["Destination::Cluster"], "fn f() { if let Destination::Cluster { .. } = d {} }")

    def test_a_module_or_a_type(self):
        self.found(["domain::kinds::aurora"], "use crate::domain::kinds::{self, aurora};")
        self.found(["kinds::Efs"], "use crate::kinds::{Efs, Kinds};")
        self.found(["kinds::aurora::cluster"], "fn f() { kinds::aurora::cluster(t) }")

    def test_what_is_of_no_single_kind(self):
        self.found([], "use crate::domain::kinds::{self, Stateful};\nuse crate::kinds::Kinds;")
        self.found([], "fn f() { destination != Destination::Nothing }")
        self.found([], "fn f() { Target::kind(t); kinds::of(t) }")

    def test_tests_and_comments_do_not_count(self):
        self.found([], "#[cfg(test)]\nmod tests { fn f() { Target::Aurora { cluster } } }")
        self.found([], "// Target::Aurora\nconst A: &str = \"Target::Aurora\";")

    def test_a_step_of_one_kind(self):
        self.assertEqual(single_kinds.own_steps(["a:\n      Handler: set-password\n"]), {"set_password"})


if __name__ == "__main__":
    unittest.main()
