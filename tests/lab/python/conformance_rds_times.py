"""Does the lab's RDS behave like AWS's? Restores to a point in time give exactly the rows that were committed by then."""

import datetime
import time
import unittest

from labkit import lab
from rds_lab import RdsTest


def lab_now():
    return datetime.datetime.fromisoformat(lab("GET", "/clock")["now"])


class PointInTime(RdsTest):
    def wait_until_restorable(self, name, time_):
        deadline = time.monotonic() + 30
        while self.cluster(name)["LatestRestorableTime"] <= time_:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def test_a_time_between_two_inserts_gives_exactly_the_rows_before_it(self):
        name = self.new_cluster(Tags=[{"Key": "k", "Value": "v"}])
        self.sql(name, "create table t (v int); insert into t values (1)")
        between = lab_now()
        self.sql(name, "insert into t values (2)")
        self.wait_until_restorable(name, between)
        earlier = self.restored_to(SourceDBClusterIdentifier=name, RestoreToTime=between)
        self.assertEqual(self.sql(earlier, "select v from t order by v"), ["1"])
        latest = self.restored_to(SourceDBClusterIdentifier=name, UseLatestRestorableTime=True)
        self.assertEqual(self.sql(latest, "select v from t order by v"), ["1", "2"])
        self.assertEqual(self.cluster(latest)["TagList"], [{"Key": "k", "Value": "v"}])
        self.assertEqual(self.cluster(latest)["EngineVersion"], "16.8")
        # A restored cluster has backups of its own.
        self.sql(earlier, "insert into t values (3)")
        again = self.restored_to(SourceDBClusterIdentifier=earlier, UseLatestRestorableTime=True)
        self.assertEqual(self.sql(again, "select v from t order by v"), ["1", "3"])

    def test_times_of_the_labs_clock_are_found_across_an_advance(self):
        name = self.new_cluster()
        self.sql(name, "create table t (v int); insert into t values (1)")
        lab("POST", "/clock", {"advance_seconds": 3600})
        between = lab_now() - datetime.timedelta(minutes=30)
        self.sql(name, "insert into t values (2)")
        middle = lab_now()
        self.sql(name, "insert into t values (3)")
        self.wait_until_restorable(name, middle)
        for moment, rows in ((between, ["1"]), (middle, ["1", "2"])):
            restored = self.restored_to(SourceDBClusterIdentifier=name, RestoreToTime=moment)
            self.assertEqual(self.sql(restored, "select v from t order by v"), rows)

    def test_the_backups_of_a_deleted_cluster_can_be_kept(self):
        name = self.new_cluster()
        self.sql(name, "create table t as select 9 as v")
        found = self.cluster(name)
        resource = found["DbClusterResourceId"]
        self.rds.delete_db_instance(DBInstanceIdentifier=found["DBClusterMembers"][0]["DBInstanceIdentifier"])
        self.rds.delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=True, DeleteAutomatedBackups=False)
        self.wait("db_cluster_deleted", DBClusterIdentifier=name)
        backups = self.rds.describe_db_cluster_automated_backups(DbClusterResourceId=resource)
        [backup] = backups["DBClusterAutomatedBackups"]
        self.assertEqual((backup["Status"], backup["DBClusterIdentifier"]), ("retained", name))
        restored = self.restored_to(SourceDbClusterResourceId=resource, UseLatestRestorableTime=True)
        self.assertEqual(self.sql(restored, "select v from t"), ["9"])
        self.rds.delete_db_cluster_automated_backup(DbClusterResourceId=resource)
        with self.assertRaises(self.rds.exceptions.DBClusterAutomatedBackupNotFoundFault):
            self.rds.describe_db_cluster_automated_backups(DbClusterResourceId=resource)


if __name__ == "__main__":
    unittest.main()
