"""Forms that read as if translated are found, with what to say instead."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import wording

BANNED = list(wording.forms("(?i)\\bforesee\tpredict\n\\btells\\b\treports"))


class Wording(unittest.TestCase):
    def test_each_form_is_found_with_its_line(self):
        found = list(wording.faults("fine\nIt tells what it can Foresee.", BANNED))
        self.assertEqual(found, [(2, "Foresee", "predict"), (2, "tells", "reports")])

    def test_names_are_not_looked_at(self):
        self.assertEqual(list(wording.faults("fn who_tells_what() {}", BANNED)), [])

    def test_every_form_can_be_read(self):
        self.assertGreater(len(list(wording.forms(wording.FORMS.read_text()))), 30)


if __name__ == "__main__":
    unittest.main()
