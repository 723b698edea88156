"""What Terraform would refuse, and what would add, replace or destroy."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import terraform_plan

BLOCKS = """
removed {
  from = module.rds.aws_rds_cluster.main

  lifecycle {
    destroy = false
  }
}

import {
  to = module.rds.aws_rds_cluster.main_r1
  id = "new"
}

removed {
  from = module.rds.aws_rds_cluster_instance.main

  lifecycle {
    destroy = false
  }
}

import {
  to = module.rds.aws_rds_cluster_instance.main_r1[0]
  id = "new-1"
}
"""


def resource(kind, *instances):
    instances = [{"attributes": {"id": name}} | ({} if key is None else {"index_key": key}) for key, name in instances]
    return {"mode": "managed", "module": "module.rds", "type": kind, "name": "main", "instances": instances}


STATE = {"resources": [resource("aws_rds_cluster", (None, "old")), resource("aws_rds_cluster_instance", (0, "old-1"))]}


def planned(blocks=BLOCKS, state=STATE, before=None):
    import hcl2

    return terraform_plan.plan(state, hcl2.loads(blocks), before)


class Plans(unittest.TestCase):
    def test_what_was_replaced_is_forgotten_and_the_copies_are_imported(self):
        lines, faults = planned()
        self.assertEqual(faults, [])
        self.assertEqual(
            lines,
            [
                "forget module.rds.aws_rds_cluster.main old",
                "forget module.rds.aws_rds_cluster_instance.main[0] old-1",
                "import module.rds.aws_rds_cluster.main_r1 new",
                "import module.rds.aws_rds_cluster_instance.main_r1[0] new-1",
            ],
        )

    def test_what_has_its_own_name_again_is_imported_only_into_a_state_that_has_lost_it(self):
        tables = resource("aws_dynamodb_table", ("a", "rooms"), ("b", "users"))
        to = 'import {\n  to = module.rds.aws_dynamodb_table.main["%s"]\n  id = "%s"\n}\n'
        blocks = to % ("a", "rooms") + to % ("b", "users")
        self.assertEqual(planned(blocks, {"resources": [tables]}), ([], []))
        lost, before = {"resources": []}, {"resources": [tables]}
        address = "module.rds.aws_dynamodb_table.main"
        lines = [f'import {address}["a"] rooms', f'import {address}["b"] users']
        self.assertEqual(planned(blocks, lost, before), (lines, []))
        self.assertEqual(planned(to % ("a", "rooms"), lost, before)[1], [f'{address}["b"]: it would be added'])
        self.assertEqual(planned(to % ("c", "rooms"), {"resources": [tables]})[1][0], f'{address}["c"]: rooms is in the state already')

    def test_every_fault_is_found(self):
        for change, fault in [
            (("destroy = false", "destroy = true"), "module.rds.aws_rds_cluster.main: it would be destroyed"),
            (("from = module.rds.aws_rds_cluster.main", "from = aws_rds_cluster.main"), "it is not in the state"),
            (("main_r1\n", "main\n"), "module.rds.aws_rds_cluster.main: it is in the state already"),
            (('"new"', '"old"'), "old is in the state already"),
            (("main_r1[0]", "main_r1[1]"), "main_r1[0]: it would be added"),
            (("main_r1[0]", "other[0]"), "nothing is renamed to it"),
        ]:
            with self.subTest(change):
                _, faults = planned(BLOCKS.replace(*change))
                self.assertTrue(any(fault in found for found in faults), faults)

    def test_an_instance_that_the_blocks_leave_out_would_be_added(self):
        two = resource("aws_rds_cluster_instance", (0, "old-1"), (1, "old-2"))
        _, faults = planned(state={"resources": [STATE["resources"][0], two]})
        self.assertEqual(faults, ["module.rds.aws_rds_cluster_instance.main_r1[1]: it would be added"])


if __name__ == "__main__":
    unittest.main()
