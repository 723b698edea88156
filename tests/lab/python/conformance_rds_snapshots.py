"""Does the lab's RDS behave like AWS's? Snapshots have the data as of their start, and restores restore no more than AWS's do."""

import threading
import time
import unittest

import botocore.exceptions

from labkit import lab
from rds_lab import ENGINE, RdsTest, new_name


class Snapshots(RdsTest):
    def test_a_snapshot_holds_the_data_of_its_moment(self):
        name = self.new_cluster()
        self.sql(name, "create table t as select generate_series(1, 562) as v")
        snap = new_name("snap")
        lab("PUT", "/durations", {"cluster_snapshot": 1.5})
        made = self.rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier=snap.upper(), DBClusterIdentifier=name)
        self.assertEqual(made["DBClusterSnapshot"]["Status"], "creating")
        self.assertEqual(made["DBClusterSnapshot"]["DBClusterSnapshotIdentifier"], snap)
        self.sql(name, "insert into t values (563); delete from t where v = 1")
        seen = []
        while not seen or seen[-1][0] == "creating":
            found = self.snapshot(snap)
            seen.append((found["Status"], found["PercentProgress"]))
            time.sleep(0.05)
        percents = [percent for _, percent in seen]
        self.assertEqual(percents, sorted(percents))
        self.assertGreater(len(set(percents)), 5)
        self.assertEqual(seen[-1], ("available", 100))
        restored = self.restored(snap)
        self.assert_refused(restored)
        self.open(restored)
        self.assertEqual(self.sql(restored, "select count(*), min(v), max(v) from t"), ["562|1|562"])

    def test_a_snapshot_taken_while_others_write_holds_a_prefix_of_their_commits(self):
        name = self.new_cluster()
        self.sql(name, "create table t (v int)")
        committed, stop = [0], threading.Event()

        def write():
            while not stop.is_set():
                self.sql(name, f"insert into t values ({committed[0] + 1})")
                committed[0] += 1

        writer = threading.Thread(target=write)
        writer.start()
        try:
            while committed[0] < 5:
                time.sleep(0.01)
            least, snap = committed[0], new_name("snap")
            self.rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier=snap, DBClusterIdentifier=name)
            most = committed[0] + 1
        finally:
            stop.set()
            writer.join()
        self.wait("db_cluster_snapshot_available", DBClusterSnapshotIdentifier=snap)
        restored = self.restored(snap)
        self.open(restored)
        rows = [int(row) for row in self.sql(restored, "select v from t order by v")]
        self.assertEqual(rows, list(range(1, len(rows) + 1)))
        self.assertTrue(least <= len(rows) <= most, (least, len(rows), most))

    def test_a_restore_falls_back_to_the_defaults_of_the_account(self):
        group = new_name("prod")
        self.rds.create_db_subnet_group(
            DBSubnetGroupName=group, DBSubnetGroupDescription="prod", SubnetIds=["subnet-a", "subnet-b"]
        )
        self.rds.create_db_cluster_parameter_group(
            DBClusterParameterGroupName=group, DBParameterGroupFamily="aurora-postgresql16", Description="prod"
        )
        name = self.new_cluster(
            instance=False, DBSubnetGroupName=group, DBClusterParameterGroupName=group, DeletionProtection=True,
            VpcSecurityGroupIds=["sg-prod"], EnableCloudwatchLogsExports=["postgresql"], StorageType="aurora-iopt1",
            EnableIAMDatabaseAuthentication=True, CopyTagsToSnapshot=True, BackupRetentionPeriod=7,
            Tags=[{"Key": "stack", "Value": "prod"}],
            ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 4},
        )
        snap = self.take_snapshot(name)
        self.assertEqual(self.snapshot(snap)["TagList"], [{"Key": "stack", "Value": "prod"}])
        restored = self.cluster(self.restored(snap))
        self.assertEqual(restored["DBSubnetGroup"], "default")
        self.assertNotIn("sg-prod", [g["VpcSecurityGroupId"] for g in restored["VpcSecurityGroups"]])
        self.assertEqual(restored["DBClusterParameterGroup"], "default.aurora-postgresql16")
        default = self.rds.describe_db_engine_versions(Engine=ENGINE, DefaultOnly=True)["DBEngineVersions"][0]
        self.assertEqual(restored["EngineVersion"], default["EngineVersion"])
        self.assertNotEqual(restored["EngineVersion"], self.snapshot(snap)["EngineVersion"])
        for off in ("DeletionProtection", "IAMDatabaseAuthenticationEnabled", "CopyTagsToSnapshot"):
            self.assertIs(restored[off], False, off)
        for absent in ("EnabledCloudwatchLogsExports", "ServerlessV2ScalingConfiguration", "StorageType"):
            self.assertNotIn(absent, restored)
        self.assertEqual((restored["TagList"], restored["DBClusterMembers"], restored["AssociatedRoles"]), ([], [], []))
        self.assertEqual((restored["MasterUsername"], restored["BackupRetentionPeriod"]), ("hubs", 7))

    def test_what_a_restore_is_told_it_does(self):
        name = self.new_cluster(instance=False, Port=5444, StorageEncrypted=True)
        source = self.cluster(name)
        restored = self.cluster(self.restored(
            self.take_snapshot(name), EngineVersion="16.8", Port=5445, DeletionProtection=True,
            VpcSecurityGroupIds=["sg-1", "sg-2"], EnableCloudwatchLogsExports=["postgresql"], StorageType="aurora-iopt1",
            EnableIAMDatabaseAuthentication=True, Tags=[{"Key": "holdfast:restore", "Value": "r1"}],
            ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 4},
        ))
        self.assertEqual((restored["EngineVersion"], restored["Port"]), ("16.8", 5445))
        self.assertEqual([g["VpcSecurityGroupId"] for g in restored["VpcSecurityGroups"]], ["sg-1", "sg-2"])
        self.assertEqual(restored["ServerlessV2ScalingConfiguration"], {"MinCapacity": 0.5, "MaxCapacity": 4.0})
        self.assertEqual((restored["StorageType"], restored["DeletionProtection"]), ("aurora-iopt1", True))
        self.assertEqual(restored["KmsKeyId"], source["KmsKeyId"])
        self.assertEqual(restored["TagList"], [{"Key": "holdfast:restore", "Value": "r1"}])

    def test_jobs_fail_or_hang_on_request(self):
        name = self.new_cluster(instance=False)
        for kind, last in (("job_failed", "failed"), ("job_stuck", "creating")):
            lab("POST", "/faults", {"service": "rds", "action": "CreateDBClusterSnapshot", "nth": 1, "kind": kind})
            snap = new_name("snap")
            self.rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier=snap, DBClusterIdentifier=name)
            waiter = self.rds.get_waiter("db_cluster_snapshot_available")
            with self.assertRaises(botocore.exceptions.WaiterError):
                waiter.wait(DBClusterSnapshotIdentifier=snap, WaiterConfig={"Delay": 0.1, "MaxAttempts": 15})
            self.assertEqual(self.snapshot(snap)["Status"], last)

    def test_a_restore_and_an_instance_can_fail(self):
        snap = self.take_snapshot(self.new_cluster(instance=False))
        for action in ("RestoreDBClusterFromSnapshot", "CreateDBInstance"):
            lab("POST", "/faults", {"service": "rds", "action": action, "nth": 1, "kind": "job_failed"})
        with self.assertRaisesRegex(botocore.exceptions.WaiterError, "incompatible-restore"):
            self.restored(snap)
        restored = self.restored(snap)
        with self.assertRaisesRegex(botocore.exceptions.WaiterError, "failed"):
            self.open(restored)
        self.assert_refused(restored)
        self.open(restored)
        self.assertEqual(self.sql(restored, "select 1"), ["1"])

    def test_a_copy_outlives_its_source(self):
        name = self.new_cluster()
        self.sql(name, "create table t as select 5 as v")
        snap, copy = self.take_snapshot(name, Tags=[{"Key": "k", "Value": "v"}]), new_name("copy")
        self.rds.copy_db_cluster_snapshot(
            SourceDBClusterSnapshotIdentifier=snap, TargetDBClusterSnapshotIdentifier=copy, CopyTags=True
        )
        self.wait("db_cluster_snapshot_available", DBClusterSnapshotIdentifier=copy)
        self.rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=snap)
        self.wait("db_cluster_snapshot_deleted", DBClusterSnapshotIdentifier=snap)
        self.assertEqual(self.snapshot(copy)["TagList"], [{"Key": "k", "Value": "v"}])
        restored = self.restored(copy)
        self.open(restored)
        self.assertEqual(self.sql(restored, "select v from t"), ["5"])

    def test_snapshots_are_listed_by_cluster_type_and_page(self):
        name = self.new_cluster(instance=False)
        made = {self.take_snapshot(name) for _ in range(22)}
        pages = self.rds.get_paginator("describe_db_cluster_snapshots").paginate(
            DBClusterIdentifier=name, SnapshotType="manual", PaginationConfig={"PageSize": 20}
        )
        listed = [[s["DBClusterSnapshotIdentifier"] for s in page["DBClusterSnapshots"]] for page in pages]
        self.assertEqual([len(page) for page in listed], [20, 2])
        self.assertEqual(set(sum(listed, [])), made)
        arn = self.cluster(name)["DBClusterArn"]
        filters = [{"Name": "db-cluster-id", "Values": [arn]}, {"Name": "snapshot-type", "Values": ["automated"]}]
        automated = self.rds.describe_db_cluster_snapshots(Filters=filters)["DBClusterSnapshots"]
        self.assertEqual([s["SnapshotType"] for s in automated], ["automated"])
        with self.assertRaises(self.rds.exceptions.InvalidDBClusterSnapshotStateFault):
            self.rds.delete_db_cluster_snapshot(
                DBClusterSnapshotIdentifier=automated[0]["DBClusterSnapshotIdentifier"]
            )

    def test_a_snapshot_is_shared_and_unshared(self):
        snap = self.take_snapshot(self.new_cluster(instance=False))
        modify = self.rds.modify_db_cluster_snapshot_attribute
        modify(DBClusterSnapshotIdentifier=snap, AttributeName="restore", ValuesToAdd=["111122223333", "444455556666"])
        modify(DBClusterSnapshotIdentifier=snap, AttributeName="restore", ValuesToRemove=["111122223333"])
        result = self.rds.describe_db_cluster_snapshot_attributes(DBClusterSnapshotIdentifier=snap)
        [attribute] = result["DBClusterSnapshotAttributesResult"]["DBClusterSnapshotAttributes"]
        self.assertEqual(attribute, {"AttributeName": "restore", "AttributeValues": ["444455556666"]})


if __name__ == "__main__":
    unittest.main()
