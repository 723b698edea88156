"""Is the lab's RDS AWS's? Clusters, snapshots and restores, driven by boto3 and botocore's waiters, with real data."""

import datetime
import json
import struct
import time
import unittest

import boto3
import botocore.exceptions

from rds_lab import ENGINE, PASSWORD, RdsTest, control, new_name, tls


def lab_now():
    return datetime.datetime.fromisoformat(control("clock")["now"])


class Clusters(RdsTest):
    def test_a_cluster_without_an_instance_refuses_and_with_one_serves(self):
        name = self.new_cluster(instance=False)
        self.assert_refused(name)
        instance = self.open(name)
        self.assertEqual(self.sql(name, "select 40 + 2"), ["42"])
        member = self.cluster(name)["DBClusterMembers"][0]
        self.assertEqual((member["DBInstanceIdentifier"], member["IsClusterWriter"]), (instance, True))
        self.rds.delete_db_instance(DBInstanceIdentifier=instance)
        self.wait("db_instance_deleted", DBInstanceIdentifier=instance)
        self.assertEqual(self.cluster(name)["Status"], "available")
        self.assert_refused(name)

    def test_endpoints_differ_and_speak_tls_with_a_certificate_of_the_lab(self):
        one, other = self.cluster(self.new_cluster()), self.cluster(self.new_cluster(instance=False))
        self.assertEqual(len({one["Endpoint"], one["ReaderEndpoint"], other["Endpoint"], other["ReaderEndpoint"]}), 4)
        for host in (one["Endpoint"], one["ReaderEndpoint"]):
            with tls(host, one["Port"]) as encrypted:
                start = struct.pack("!I", 196608) + b"user\0hubs\0database\0retdb\0\0"
                encrypted.sendall(struct.pack("!I", len(start) + 4) + start)
                # The server itself answers: an authentication request, SASL.
                kind, _, method = struct.unpack("!cII", encrypted.recv(9))
                self.assertEqual((kind, method), (b"R", 10))

    def test_a_parameter_group_can_force_tls(self):
        group = new_name("tls")
        self.rds.create_db_cluster_parameter_group(
            DBClusterParameterGroupName=group, DBParameterGroupFamily="aurora-postgresql16", Description="tls"
        )
        forced = [{"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"}]
        self.rds.modify_db_cluster_parameter_group(DBClusterParameterGroupName=group, Parameters=forced)
        user = self.rds.describe_db_cluster_parameters(DBClusterParameterGroupName=group, Source="user")["Parameters"]
        self.assertEqual([p["ParameterValue"] for p in user], ["1"])
        name = self.new_cluster(DBClusterParameterGroupName=group)
        with self.assertRaisesRegex(RuntimeError, "no encryption"):
            self.sql(name, "select 1")

    def test_a_wrong_password_and_the_administrator_are_not_let_in(self):
        name = self.new_cluster()
        with self.assertRaisesRegex(RuntimeError, "password authentication failed"):
            self.sql(name, "select 1", password="wrong-wrong")
        with self.assertRaisesRegex(RuntimeError, "password authentication failed"):
            self.sql(name, "select 1", user="rdsadmin")
        self.assertEqual(self.sql(name, "select rolsuper from pg_roles where rolname = 'hubs'"), ["f"])

    def test_deletion_is_refused_while_protected_or_in_use_and_leaves_a_final_snapshot(self):
        name = self.new_cluster(DeletionProtection=True)
        self.sql(name, "create table t as select 7 as v")
        with self.assertRaisesRegex(botocore.exceptions.ClientError, "InvalidParameterCombination"):
            self.rds.delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=True)
        self.rds.modify_db_cluster(DBClusterIdentifier=name, DeletionProtection=False)
        self.wait("db_cluster_available", DBClusterIdentifier=name)
        with self.assertRaises(self.rds.exceptions.InvalidDBClusterStateFault):
            self.rds.delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=True)
        instance = self.cluster(name)["DBClusterMembers"][0]["DBInstanceIdentifier"]
        self.rds.delete_db_instance(DBInstanceIdentifier=instance)
        final = new_name("final")
        self.rds.delete_db_cluster(DBClusterIdentifier=name, FinalDBSnapshotIdentifier=final)
        self.wait("db_cluster_deleted", DBClusterIdentifier=name)
        self.wait("db_cluster_snapshot_available", DBClusterSnapshotIdentifier=final)
        restored = self.restored(final)
        self.open(restored)
        self.assertEqual(self.sql(restored, "select v from t"), ["7"])

    def test_a_rename_takes_over_the_endpoint(self):
        live, restored = self.new_cluster(), self.new_cluster()
        self.sql(live, "create table t as select 'old' as v")
        self.sql(restored, "create table t as select 'new' as v")
        endpoint, retired = self.cluster(live)["Endpoint"], new_name("retired")
        self.rds.modify_db_cluster(DBClusterIdentifier=live, NewDBClusterIdentifier=retired, ApplyImmediately=True)
        self.addCleanup(self.remove_cluster, retired)
        self.wait("db_cluster_available", DBClusterIdentifier=retired)
        self.rds.modify_db_cluster(DBClusterIdentifier=restored, NewDBClusterIdentifier=live, ApplyImmediately=True)
        self.wait("db_cluster_available", DBClusterIdentifier=live)
        self.assertEqual(self.cluster(live)["Endpoint"], endpoint)
        self.assertEqual(self.sql(live, "select v from t"), ["new"])
        self.assertEqual(self.sql(retired, "select v from t"), ["old"])

    def test_a_managed_password_is_a_real_secret_that_rotates_and_goes_with_the_cluster(self):
        secrets = boto3.client("secretsmanager")
        name = self.new_cluster(MasterUserPassword="", ManageMasterUserPassword=True)
        arn = self.cluster(name)["MasterUserSecret"]["SecretArn"]
        first = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
        self.assertEqual(self.sql(name, "select 1", password=first["password"]), ["1"])
        self.rds.modify_db_cluster(DBClusterIdentifier=name, RotateMasterUserPassword=True, ApplyImmediately=True)
        second = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
        self.assertNotEqual(first, second)
        self.assertEqual(self.sql(name, "select 1", password=second["password"]), ["1"])
        self.remove_cluster(name)
        with self.assertRaises(secrets.exceptions.ResourceNotFoundException):
            secrets.get_secret_value(SecretId=arn)


class Snapshots(RdsTest):
    def test_a_snapshot_holds_the_data_of_its_moment(self):
        name = self.new_cluster()
        self.sql(name, "create table t as select generate_series(1, 562) as v")
        snap = new_name("snap")
        control("durations", "PUT", {"cluster_snapshot": 1.5})
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
            control("faults", "POST", {"service": "rds", "action": "CreateDBClusterSnapshot", "nth": 1, "kind": kind})
            snap = new_name("snap")
            self.rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier=snap, DBClusterIdentifier=name)
            waiter = self.rds.get_waiter("db_cluster_snapshot_available")
            with self.assertRaises(botocore.exceptions.WaiterError):
                waiter.wait(DBClusterSnapshotIdentifier=snap, WaiterConfig={"Delay": 0.1, "MaxAttempts": 15})
            self.assertEqual(self.snapshot(snap)["Status"], last)

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
        control("clock", "POST", {"advance_seconds": 3600})
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
