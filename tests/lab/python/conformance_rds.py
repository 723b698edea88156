"""Does the lab's RDS behave like AWS's? Clusters and instances, driven by boto3 and botocore's waiters, with SQL as the proof."""

import contextlib
import json
import socket
import struct
import unittest

import boto3
import botocore.exceptions

from rds_lab import ENGINE, RdsTest, new_name, tls


class Clusters(RdsTest):
    def test_a_cluster_without_an_instance_refuses_and_with_one_serves(self):
        name = self.new_cluster(instance=False)
        self.assert_refused(name)
        instance = self.open(name)
        self.assertEqual(self.sql(name, "select 40 + 2"), ["42"])
        member = self.cluster(name)["DBClusterMembers"][0]
        self.assertEqual((member["DBInstanceIdentifier"], member["IsClusterWriter"]), (instance, True))
        found = self.cluster(name)
        with socket.create_connection((found["Endpoint"], found["Port"]), 30) as held:
            self.rds.delete_db_instance(DBInstanceIdentifier=instance)
            # Open connections are closed, with or without a message.
            with contextlib.suppress(ConnectionResetError):
                self.assertEqual(held.recv(1), b"")
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

    def test_an_instances_parameter_group_tells_its_family_and_what_was_changed_in_it(self):
        group = new_name("tuned")
        self.rds.create_db_parameter_group(
            DBParameterGroupName=group, DBParameterGroupFamily="aurora-postgresql16", Description="tuned for hubs"
        )
        self.addCleanup(self.rds.delete_db_parameter_group, DBParameterGroupName=group)
        [described] = self.rds.describe_db_parameter_groups(DBParameterGroupName=group)["DBParameterGroups"]
        self.assertEqual(described["DBParameterGroupFamily"], "aurora-postgresql16")
        self.assertEqual(described["Description"], "tuned for hubs")
        self.assertEqual(self.rds.describe_db_parameters(DBParameterGroupName=group, Source="user")["Parameters"], [])
        changed = [{"ParameterName": "work_mem", "ParameterValue": "65536", "ApplyMethod": "pending-reboot"}]
        self.rds.modify_db_parameter_group(DBParameterGroupName=group, Parameters=changed)
        parameters = self.rds.describe_db_parameters(DBParameterGroupName=group)["Parameters"]
        self.assertGreater(len(parameters), 1)
        user = self.rds.describe_db_parameters(DBParameterGroupName=group, Source="user")["Parameters"]
        self.assertEqual([{key: p[key] for key in changed[0]} for p in user], changed)
        self.assertEqual([p for p in parameters if p["Source"] == "user"], user)
        with self.assertRaisesRegex(botocore.exceptions.ClientError, "InvalidParameterValue"):
            self.rds.modify_db_parameter_group(DBParameterGroupName="default.aurora-postgresql16", Parameters=changed)

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
        self.assertNotIn("DatabaseName", self.cluster(restored))
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

    def test_every_setting_that_a_restore_loses_is_set_again_by_a_modification(self):
        name = self.new_cluster(instance=False)
        self.rds.modify_db_cluster(
            DBClusterIdentifier=name, BackupRetentionPeriod=14, PreferredBackupWindow="01:00-01:30",
            PreferredMaintenanceWindow="Mon:02:00-Mon:02:30", VpcSecurityGroupIds=["sg-9"], DeletionProtection=True,
            CloudwatchLogsExportConfiguration={"EnableLogTypes": ["postgresql"]}, CopyTagsToSnapshot=True,
            EnableIAMDatabaseAuthentication=True, StorageType="aurora-iopt1", AutoMinorVersionUpgrade=False,
            DatabaseInsightsMode="standard", Port=5440,
            ServerlessV2ScalingConfiguration={"MinCapacity": 0, "MaxCapacity": 8, "SecondsUntilAutoPause": 600},
        )
        self.wait("db_cluster_available", DBClusterIdentifier=name)
        self.rds.enable_http_endpoint(ResourceArn=self.cluster(name)["DBClusterArn"])
        role = "arn:aws:iam::000000000000:role/import"
        self.rds.add_role_to_db_cluster(DBClusterIdentifier=name, RoleArn=role, FeatureName="s3Import")
        found = self.cluster(name)
        expected = {
            "BackupRetentionPeriod": 14, "PreferredBackupWindow": "01:00-01:30", "HttpEndpointEnabled": True,
            "PreferredMaintenanceWindow": "mon:02:00-mon:02:30", "DeletionProtection": True, "Port": 5440,
            "EnabledCloudwatchLogsExports": ["postgresql"], "CopyTagsToSnapshot": True, "AutoMinorVersionUpgrade": False,
            "IAMDatabaseAuthenticationEnabled": True, "StorageType": "aurora-iopt1",
            "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-9", "Status": "active"}],
            "AssociatedRoles": [{"RoleArn": role, "Status": "ACTIVE", "FeatureName": "s3Import"}],
            "ServerlessV2ScalingConfiguration": {"MinCapacity": 0, "MaxCapacity": 8, "SecondsUntilAutoPause": 600},
        }
        self.assertEqual({key: found.get(key) for key in expected}, expected)
        instance = new_name("i")
        described = {
            "DBInstanceClass": "db.serverless", "PromotionTier": 3, "AvailabilityZone": "us-east-1c",
            "MonitoringInterval": 60, "MonitoringRoleArn": role, "CACertificateIdentifier": "rds-ca-rsa4096-g1",
            "PubliclyAccessible": True, "AutoMinorVersionUpgrade": False,
        }
        self.rds.create_db_instance(
            DBInstanceIdentifier=instance, Engine=ENGINE, DBClusterIdentifier=name, EnablePerformanceInsights=True,
            PerformanceInsightsRetentionPeriod=31, **described
        )
        self.wait("db_instance_available", DBInstanceIdentifier=instance)
        filters = [{"Name": "db-cluster-id", "Values": [name]}]
        [listed] = self.rds.describe_db_instances(Filters=filters)["DBInstances"]
        self.assertEqual({key: listed[key] for key in described}, described)
        self.assertEqual((listed["PerformanceInsightsEnabled"], listed["Endpoint"]["Port"]), (True, 5440))
        self.assertEqual(self.sql(name, "select 1"), ["1"])

    def test_what_aurora_is_not_known_to_take_is_accepted_and_not_shown(self):
        name = self.new_cluster(instance=False)
        before = self.cluster(name)
        self.rds.modify_db_cluster(
            DBClusterIdentifier=name, MonitoringInterval=30, MonitoringRoleArn="arn:aws:iam::000000000000:role/m",
            CACertificateIdentifier="rds-ca-ecc384-g1",
        )
        self.wait("db_cluster_available", DBClusterIdentifier=name)
        for shown in ("MonitoringInterval", "MonitoringRoleArn", "CertificateDetails"):
            self.assertEqual(self.cluster(name).get(shown), before.get(shown))
        self.assertEqual(len(before["AvailabilityZones"]), 3)

    def test_a_zone_without_a_subnet_is_not_offered(self):
        group = new_name("group")
        self.rds.create_db_subnet_group(
            DBSubnetGroupName=group, DBSubnetGroupDescription=group, SubnetIds=["subnet-1", "subnet-2"]
        )
        with self.assertRaises(self.rds.exceptions.InvalidVPCNetworkStateFault):
            self.rds.create_db_cluster(
                DBClusterIdentifier=new_name("c"), Engine=ENGINE, MasterUsername="hubs", MasterUserPassword="not-secret",
                DBSubnetGroupName=group, AvailabilityZones=["us-east-1a", "us-east-1b", "us-east-1d"],
            )

    def test_a_password_waits_for_the_maintenance_window_or_is_applied_immediately(self):
        name = self.new_cluster()
        change = {"DBClusterIdentifier": name, "MasterUserPassword": "new-password"}
        pending = self.rds.modify_db_cluster(**change)["DBCluster"]["PendingModifiedValues"]
        self.assertEqual(pending, {"MasterUserPassword": "****"})
        self.wait("db_cluster_available", DBClusterIdentifier=name)
        self.assertEqual(self.sql(name, "select 1"), ["1"])
        self.rds.modify_db_cluster(**change, ApplyImmediately=True)
        self.wait("db_cluster_available", DBClusterIdentifier=name)
        self.assertNotIn("PendingModifiedValues", self.cluster(name))
        self.assertEqual(self.sql(name, "select 1", password="new-password"), ["1"])

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
        self.wait("db_cluster_available", DBClusterIdentifier=name)
        restored = self.restored(self.take_snapshot(name))
        self.assertNotIn("MasterUserSecret", self.cluster(restored))
        self.rds.modify_db_cluster(DBClusterIdentifier=restored, ManageMasterUserPassword=True, ApplyImmediately=True)
        self.wait("db_cluster_available", DBClusterIdentifier=restored)
        self.open(restored)
        own = self.cluster(restored)["MasterUserSecret"]["SecretArn"]
        third = json.loads(secrets.get_secret_value(SecretId=own)["SecretString"])
        self.assertEqual(self.sql(restored, "select 1", password=third["password"]), ["1"])
        self.remove_cluster(name)
        with self.assertRaises(secrets.exceptions.ResourceNotFoundException):
            secrets.get_secret_value(SecretId=arn)


if __name__ == "__main__":
    unittest.main()
