"""The wildcards' lint finds an arm for any other kind, and nothing else."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import wildcards


class Wildcards(unittest.TestCase):
    def found(self, count, source):
        self.assertEqual(len(list(wildcards.wildcards(source))), count, source)

    def test_an_arm_for_any_other(self):
        self.found(1, "fn f() { match target { Target::Aurora { .. } => 1, _ => 2 } }")
        self.found(1, "fn f() { match &item.made { Some(CreatedResource::Table { name }) => { g(name) } other => h(other) } }")
        self.found(1, "fn f() { match (a, b) { (Target::Efs { .. }, Fact::Host) => { 1 }\n (_, _) => 2 } }")
        self.found(1, "impl Destination { fn f(&self) { match self { Self::Cluster(_) => 1, _ => 2 } } }")
        self.found(2, "fn f() { match t { Target::Efs { .. } => match u { Target::Efs { .. } => 1, _ => 2 }, _ => 3 } }")

    def test_what_names_every_variant(self):
        self.found(0, "fn f() { match target { Target::Aurora { .. } => 1, Target::Efs { .. } | Target::Secret { .. } => 2 } }")
        self.found(0, "fn f() { match target { Target::Efs { roots } => 1, Target::Aurora { .. } => x.map(|_| { 3 }) } }")

    def test_a_match_over_something_else(self):
        self.found(0, "fn f() { match status { Status::Running => Target::Aurora { cluster }, _ => other } }")
        self.found(0, "impl Other { fn f(&self) { match self { Self::A => 1, _ => 2 } } }")

    def test_an_arm_for_any_other_within_an_option_or_by_a_name(self):
        for other in ("Some(_)", "Some(other)", "&_", "other @ _"):
            self.found(1, f"fn f() {{ match t {{ Some(Target::Efs {{ .. }}) => 1, {other} => 2, None => 3 }} }}")

    def test_a_guarded_arm_leaves_the_rest_to_the_compiler(self):
        self.found(0, "fn f() { match t { Target::Efs { .. } => 1, _ if x => 2, Target::Aurora { .. } => 3 } }")

    def test_tests_and_comments_do_not_count(self):
        self.found(0, "#[cfg(test)]\nmod tests { fn f() { match t { Target::Efs { .. } => 1, _ => 2 } } }")
        self.found(0, "// match t { Target::Efs => 1, _ => 2 }\nconst A: &str = \"match t { Target::Efs => 1, _ => 2 }\";")

    def test_each_file_is_a_fault(self):
        self.assertEqual(list(wildcards.faults({})), [])
        self.assertEqual(len(list(wildcards.faults({"a.rs": ["match t"], "b.rs": ["match u"]}))), 2)

    def test_a_kinds_own_files(self):
        for file in ("functions/src/kinds/aurora.rs", "functions/src/kinds/aurora/restore.rs", "functions/src/domain/kinds/aurora.rs"):
            self.assertTrue(wildcards.is_a_kinds_own(file, ["aurora"]), file)
        for file in ("functions/src/kinds/shared.rs", "functions/src/steps/aurora.rs"):
            self.assertFalse(wildcards.is_a_kinds_own(file, ["aurora"]), file)


if __name__ == "__main__":
    unittest.main()
