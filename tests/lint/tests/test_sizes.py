"""The sizes' lint: too large files and folders are faults."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import sizes


class Sizes(unittest.TestCase):
    def test_what_is_too_large(self):
        (fault,) = sizes.faults({"a.rs": 351, "b.rs": 350}, 350, "lines")
        self.assertIn("a.rs: 351 lines", fault)


if __name__ == "__main__":
    unittest.main()
