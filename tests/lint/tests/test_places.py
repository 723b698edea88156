"""The places of a new kind, hook, switch or machine are those that all of its sort have outside of their own files."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import places

ROOT = Path(__file__).resolve().parents[3]


class Taken(unittest.TestCase):
    def test_what_only_some_have_is_not_counted(self):
        one = {"a": [("x.rs", 1, ""), ("x.rs", 9, ""), ("y.rs", 1, "")], "b": [("x.rs", 5, ""), ("z.rs", 1, "")]}
        self.assertEqual(places.taken(one), 1)
        self.assertEqual(places.taken({"a": one["a"]}), 3)
        self.assertEqual(places.taken({}), 0)


class Places(unittest.TestCase):
    def setUp(self):
        self.sources = places.Sources.__new__(places.Sources)

    def found(self, text, file="a.rs"):
        self.sources.texts = {file: text, "own.rs": "Target::Dump"}
        return [number for _, number, _ in self.sources.places(r"Target::Dump\b", {"own.rs"})]

    def test_neighbouring_lines_are_one_place(self):
        self.assertEqual(self.found("Target::Dump\n\n\nTarget::Dump"), [1])
        self.assertEqual(self.found("Target::Dump\n\n\n\nTarget::Dump"), [1, 5])

    def test_comments_and_other_names_are_none(self):
        self.assertEqual(self.found("// Target::Dump\nTarget::Dumped"), [])

    def test_every_sort_is_found_in_the_code(self):
        sources = places.Sources(ROOT)
        found = {(sort, name) for sort, name, _ in places.costs(sources)}
        for one in [("kind", "dynamodb"), ("switch", "rds_proxy"), ("hook", "lambda"), ("machine", "undo-restore")]:
            self.assertIn(one, found)
        self.assertTrue(places.has_data(sources, "efs") and not places.has_data(sources, "secret"))


if __name__ == "__main__":
    unittest.main()
