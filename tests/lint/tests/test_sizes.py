"""The sizes' lint: what is too large is a fault, and so is a line of its list that is no longer needed."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import sizes


class Sizes(unittest.TestCase):
    def said(self, found, known):
        return list(sizes.faults(found, 350, known, "lines"))

    def test_what_is_too_large(self):
        self.assertEqual(self.said({"a.rs": 350}, set()), [])
        self.assertIn("a.rs: 351 lines", self.said({"a.rs": 351}, set())[0])

    def test_the_list_only_shrinks(self):
        self.assertEqual(self.said({"a.rs": 351}, {"a.rs"}), [])
        self.assertIn("take it from the list", self.said({"a.rs": 350}, {"a.rs"})[0])
        self.assertIn("take it from the list", self.said({}, {"gone.rs"})[0])


if __name__ == "__main__":
    unittest.main()
