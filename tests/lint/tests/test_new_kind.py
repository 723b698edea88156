"""The recipe for a new kind can be followed: each anchor is there once, and the result has no linter's fault.

`make new-kind` also builds it, and leaves out each place in turn.
"""

import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests/new_kind"), str(ROOT / "tests/lint")]

import derived
import recipe
import run

PLACES = """== a.rs | deployed | cargo
after
mod aurora;
insert
mod dummy;

== b.json | tests | parts
before
  "Old": {
copy Old New
"""


class Anchors(unittest.TestCase):
    def setUp(self):
        self.inserted, self.copied = recipe.places(PLACES)

    def test_a_place_is_inserted_beside_its_anchor(self):
        self.assertEqual(self.inserted.applied("mod aurora;\nmod efs;\n"), "mod aurora;\nmod dummy;\nmod efs;\n")
        old = '  "Old": {\n    "Name": "Old"\n  },\n  "Next": {\n'
        self.assertEqual(self.copied.applied(old), old.split('  "Next"')[0].replace("Old", "New") + old)

    def test_an_anchor_that_is_missing_or_ambiguous_is_refused(self):
        for text in ("mod efs;\n", "mod aurora;\nmod aurora;\n"):
            with self.assertRaisesRegex(recipe.Fault, "a.rs: has . of this anchor, not one"):
                self.inserted.applied(text)

    def test_a_recipe_that_cannot_be_read_is_refused(self):
        for wrong in (PLACES.replace("after", "beside"), PLACES.replace("| tests |", "| docs |")):
            with self.assertRaisesRegex(recipe.Fault, "cannot be read"):
                recipe.places(wrong)


class Derived(unittest.TestCase):
    def test_the_dummy_has_variants_and_fields_of_its_own(self):
        text = derived.renamed('Target::DynamoDb { table } | Target::DynamodbPrefix {\n prefix: "a" } Namespace::DynamoDb')
        self.assertEqual(text, 'Target::Dummy { dummy: table } | Target::DummyPrefix {\n dummy_prefix: "a" } Namespace::DynamoDb')

    def test_only_its_own_files_are_derived(self):
        self.assertEqual(derived.own("functions/src/kinds/dynamodb/backup.rs"), "functions/src/kinds/dummy/backup.rs")
        self.assertIsNone(derived.own("functions/src/kinds/registry.rs"))


class Followed(unittest.TestCase):
    def test_the_recipe_takes_no_more_places_than_promised_and_leaves_no_fault(self):
        places = recipe.read()
        self.assertLessEqual(len(places), run.MOST)
        with tempfile.TemporaryDirectory() as made:
            self.assertEqual(list(run.whole(run.Copy(ROOT, Path(made)), places, ["template", *run.LINTERS])), [])

    def test_a_forgotten_place_is_noticed(self):
        places = recipe.read()
        rest = [place for place in places if place.file != "infra/alarms.yaml"]
        self.assertEqual(len(rest), len(places) - 1)
        with tempfile.TemporaryDirectory() as made:
            copy = run.Copy(ROOT, Path(made))
            copy.follow(rest)
            self.assertIn("Errors of back-up-dummy: not shown", copy.check("state_machines"))


if __name__ == "__main__":
    unittest.main()
