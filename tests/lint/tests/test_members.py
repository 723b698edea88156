"""The linter finds every member that is not classified, and every setting that is not restored, captured or reported."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import members

TABLE = (members.ROOT / members.TABLE).read_text()
MODELS = members.models(members.ROOT)
DESCRIBED = members.described(members.ROOT)
TESTS = members.Tests(members.ROOT)
KINDS = members.kinds(members.ROOT)


def faults(table=TABLE, models=MODELS, described=DESCRIBED, tests=TESTS, kinds=KINDS):
    return list(members.faults(members.parsed(table), models, described, tests, kinds))


class TheTable(unittest.TestCase):
    def test_is_as_it_should_be(self):
        self.assertEqual(faults(), [])
        self.assertEqual((members.ROOT / members.DOCUMENT).read_text(), members.document(members.parsed(TABLE), KINDS))

    def test_misses_a_kind_without_members(self):
        self.assertEqual(list(KINDS), ["aurora", "dynamodb", "efs"])
        self.assertEqual(faults(kinds={**KINDS, "dump": "dump"}), ["dump: is restored, and has no member in the table"])

    def test_misses_a_member_that_aws_added(self):
        for service, shape in (("rds", "DBCluster"), ("dynamodb", "Projection"), ("application-autoscaling", "ScheduledAction")):
            shapes = MODELS[service]
            there = {**shapes[shape], "members": {**shapes[shape]["members"], "Brandnew": {"shape": "String"}}}
            found = faults(models={**MODELS, service: {**shapes, shape: there}})
            self.assertEqual(found, [f"{service} {shape}.Brandnew: is not classified"])

    def test_misses_a_member_that_is_not_classified_any_more(self):
        found = faults(TABLE.replace("\nput-back BackupRetentionPeriod", "", 1))
        self.assertEqual(found, ["rds DBCluster.BackupRetentionPeriod: is not classified"])

    def test_knows_a_member_that_is_gone(self):
        found = faults(TABLE.replace("given Port\n", "given Port\ngiven Harbour @ x\n", 1))
        self.assertEqual(found, ["rds DBCluster.Harbour: is no longer in AWS's model"])

    def test_has_every_shape_that_is_read(self):
        found = faults(TABLE.replace("[application-autoscaling ScheduledAction]", "[application-autoscaling Alarm]", 1))
        self.assertIn("application-autoscaling ScheduledAction: is read, and is not in the table", found)

    def test_looks_inside_structures(self):
        found = faults(TABLE.replace("inside VpcSecurityGroups", "kept VpcSecurityGroups", 1))
        self.assertIn("is a structure", found[0])
        found = faults(TABLE.replace("aurora DBCluster.AssociatedRoles.*", "aurora DBCluster.Elsewhere", 1))
        self.assertEqual(
            found, ["rds DBCluster.AssociatedRoles: no section has its members (aurora DBCluster.AssociatedRoles.*)"]
        )

    def test_believes_no_setting_to_be_brought_back_that_no_test_shows(self):
        for row in ("put-back Schedule\n", "given BacktrackWindow @ what_only_some_clusters_have_is_asked_for_too\n"):
            other = row.split(" @ ")[0].strip() + " @ there_is_no_such_test\n"
            self.assertIn("no test shows its restore", faults(TABLE.replace(row, other, 1))[0])

    def test_believes_no_loss_to_be_said_that_is_not_captured(self):
        cluster = DESCRIBED["cluster"] - {"DomainMemberships"}
        found = faults(described={**DESCRIBED, "cluster": cluster})
        self.assertEqual(found, ["rds DBCluster.DomainMemberships: is not captured (fn cluster of the kind aurora)"])

    def test_has_words_for_what_is_lost(self):
        found = faults(TABLE.replace("not-covered Replicas: {copy} is", "not-covered Replicas\n# {copy} is", 1))
        self.assertIn("dynamodb TableDescription.Replicas: a text is required if it is not covered", found[0])


if __name__ == "__main__":
    unittest.main()
