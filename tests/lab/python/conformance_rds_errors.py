"""Does the lab's RDS refuse calls as AWS's does? Every modelled error is caught as its modelled exception."""

import pathlib
import re
import unittest

import boto3
import botocore.exceptions

from labkit import lab
from rds_lab import ENGINE, PASSWORD, RdsTest, new_name

SOURCES = pathlib.Path(__file__).parent.parent / "src/rds"
UNMODELLED = {
    "InvalidAction", "InvalidParameterValue", "InvalidParameterCombination", "MissingParameter", "InternalFailure",
}


class Errors(RdsTest):
    def raises(self, exception, call, **arguments):
        """The call raises the modelled exception, which no subclass check can confuse with another."""
        with self.subTest(exception):
            with self.assertRaises(getattr(self.rds.exceptions, exception)) as caught:
                getattr(self.rds, call)(**arguments)
            self.assertTrue(caught.exception.response["Error"]["Message"])

    def refuses(self, code, call, **arguments):
        """The call returns a code that is not in the model."""
        with self.subTest(f"{call}: {code}"):
            with self.assertRaises(botocore.exceptions.ClientError) as caught:
                getattr(self.rds, call)(**arguments)
            error = caught.exception.response
            self.assertEqual((error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]), (code, 400))

    def test_what_is_not_there(self):
        no = "no-such-thing"
        arn = f"arn:aws:rds:us-east-1:000000000000:cluster:{no}"
        self.raises("DBClusterNotFoundFault", "describe_db_clusters", DBClusterIdentifier=no)
        self.raises("DBClusterNotFoundFault", "modify_db_cluster", DBClusterIdentifier=no)
        self.raises("DBClusterNotFoundFault", "delete_db_cluster", DBClusterIdentifier=no, SkipFinalSnapshot=True)
        self.raises("DBClusterNotFoundFault", "create_db_cluster_snapshot",
                    DBClusterIdentifier=no, DBClusterSnapshotIdentifier="a")
        self.raises("DBClusterNotFoundFault", "list_tags_for_resource", ResourceName=arn)
        self.raises("DBClusterNotFoundFault", "create_db_instance", DBInstanceIdentifier="a",
                    DBInstanceClass="db.r6g.large", Engine=ENGINE, DBClusterIdentifier=no)
        self.raises("DBClusterNotFoundFault", "restore_db_cluster_to_point_in_time", DBClusterIdentifier="a",
                    SourceDBClusterIdentifier=no, UseLatestRestorableTime=True)
        self.raises("DBClusterAutomatedBackupNotFoundFault", "restore_db_cluster_to_point_in_time",
                    DBClusterIdentifier="a", SourceDbClusterResourceId=no, UseLatestRestorableTime=True)
        self.raises("DBInstanceNotFoundFault", "describe_db_instances", DBInstanceIdentifier=no)
        self.raises("DBInstanceNotFoundFault", "delete_db_instance", DBInstanceIdentifier=no)
        self.raises("DBClusterSnapshotNotFoundFault", "describe_db_cluster_snapshots", DBClusterSnapshotIdentifier=no)
        self.raises("DBClusterSnapshotNotFoundFault", "delete_db_cluster_snapshot", DBClusterSnapshotIdentifier=no)
        self.raises("DBClusterSnapshotNotFoundFault", "copy_db_cluster_snapshot",
                    SourceDBClusterSnapshotIdentifier=no, TargetDBClusterSnapshotIdentifier="a")
        self.raises("DBClusterSnapshotNotFoundFault", "restore_db_cluster_from_snapshot",
                    DBClusterIdentifier="a", SnapshotIdentifier=no, Engine=ENGINE)
        self.raises("DBSnapshotNotFoundFault", "list_tags_for_resource",
                    ResourceName=arn.replace(":cluster:", ":cluster-snapshot:"))
        self.raises("DBSubnetGroupNotFoundFault", "describe_db_subnet_groups", DBSubnetGroupName=no)
        self.raises("DBSubnetGroupNotFoundFault", "delete_db_subnet_group", DBSubnetGroupName=no)
        for call in ("describe_db_cluster_parameter_groups", "describe_db_cluster_parameters",
                     "delete_db_cluster_parameter_group"):
            self.raises("DBParameterGroupNotFoundFault", call, DBClusterParameterGroupName=no)
        for call in ("describe_db_parameter_groups", "describe_db_parameters", "delete_db_parameter_group"):
            self.raises("DBParameterGroupNotFoundFault", call, DBParameterGroupName=no)
        self.raises("ResourceNotFoundFault", "enable_http_endpoint", ResourceArn=arn)

    def test_what_a_new_cluster_may_not_say(self):
        new = dict(DBClusterIdentifier=new_name("c"), Engine=ENGINE, MasterUsername="hubs", MasterUserPassword=PASSWORD)
        create = "create_db_cluster"
        self.raises("DBSubnetGroupNotFoundFault", create, **new, DBSubnetGroupName="no")
        self.raises("DBClusterParameterGroupNotFoundFault", create, **new, DBClusterParameterGroupName="no")
        self.raises("KMSKeyNotAccessibleFault", create, **new, StorageEncrypted=True, KmsKeyId="alias/no-such-key")
        for wrong in (dict(DBClusterIdentifier="1c"), dict(DBClusterIdentifier="a--b"), dict(Engine="mysql"),
                      dict(MasterUsername="rdsadmin"), dict(MasterUserPassword="short"), dict(DatabaseName="1db"),
                      dict(BackupRetentionPeriod=36), dict(VpcSecurityGroupIds=["default"]),
                      dict(Tags=[{"Key": "aws:x", "Value": ""}])):
            self.refuses("InvalidParameterValue", create, **(new | wrong))
        for wrong in (dict(EngineVersion="9.6"), dict(MasterUserPassword=""), dict(ManageMasterUserPassword=True),
                      dict(KmsKeyId="alias/aws/rds")):
            self.refuses("InvalidParameterCombination", create, **(new | wrong))
        self.refuses("InvalidAction", "describe_events")
        self.assertNotIn(new["DBClusterIdentifier"], [
            c["DBClusterIdentifier"] for c in self.rds.describe_db_clusters()["DBClusters"]])

    def test_what_a_cluster_refuses(self):
        name, other = self.new_cluster(), self.new_cluster(instance=False)
        instance = self.cluster(name)["DBClusterMembers"][0]["DBInstanceIdentifier"]
        new = dict(DBInstanceIdentifier=new_name("i"), DBInstanceClass="db.r6g.large", Engine=ENGINE,
                   DBClusterIdentifier=name)
        self.raises("DBClusterAlreadyExistsFault", "create_db_cluster", DBClusterIdentifier=name.upper(),
                    Engine=ENGINE, MasterUsername="hubs", MasterUserPassword=PASSWORD)
        self.raises("DBClusterAlreadyExistsFault", "modify_db_cluster",
                    DBClusterIdentifier=name, NewDBClusterIdentifier=other)
        self.raises("DBInstanceAlreadyExistsFault", "create_db_instance", **(new | dict(DBInstanceIdentifier=instance)))
        self.raises("InvalidDBClusterStateFault", "create_db_instance", **(new | dict(DBInstanceClass="db.serverless")))
        self.raises("CertificateNotFoundFault", "create_db_instance", **new, CACertificateIdentifier="no")
        self.raises("DBParameterGroupNotFoundFault", "create_db_instance", **new, DBParameterGroupName="no")
        self.refuses("InvalidParameterCombination", "create_db_instance", **new, MasterUserPassword=PASSWORD)
        self.refuses("InvalidParameterCombination", "delete_db_cluster", DBClusterIdentifier=other)
        at = dict(DBClusterIdentifier=new_name("p"), SourceDBClusterIdentifier=name)
        found = self.cluster(name)
        for moment in (found["EarliestRestorableTime"].replace(year=2020), found["LatestRestorableTime"].replace(year=2100)):
            self.refuses("InvalidParameterValue", "restore_db_cluster_to_point_in_time", **at, RestoreToTime=moment)
        self.refuses("InvalidParameterCombination", "restore_db_cluster_to_point_in_time", **at)
        lab("PUT", "/durations", {"instance_create": 3, "delete": 1})
        self.rds.reboot_db_instance(DBInstanceIdentifier=instance)
        self.raises("InvalidDBInstanceStateFault", "modify_db_instance", DBInstanceIdentifier=instance)
        self.rds.modify_db_cluster(DBClusterIdentifier=other, BackupRetentionPeriod=3)
        self.raises("InvalidDBClusterStateFault", "create_db_cluster_snapshot",
                    DBClusterIdentifier=other, DBClusterSnapshotIdentifier=new_name("s"))
        self.raises("InvalidDBClusterStateFault", "restore_db_cluster_to_point_in_time",
                    DBClusterIdentifier=new_name("p"), SourceDBClusterIdentifier=other, UseLatestRestorableTime=True)
        self.wait("db_cluster_available", DBClusterIdentifier=other)
        arn = self.cluster(other)["DBClusterArn"]
        self.rds.delete_db_cluster(DBClusterIdentifier=other, SkipFinalSnapshot=True)
        self.raises("InvalidResourceStateFault", "enable_http_endpoint", ResourceArn=arn)

    def test_what_snapshots_refuse(self):
        name = self.new_cluster(instance=False, StorageEncrypted=True)
        snap = self.take_snapshot(name)
        self.raises("DBClusterSnapshotAlreadyExistsFault", "create_db_cluster_snapshot",
                    DBClusterIdentifier=name, DBClusterSnapshotIdentifier=snap)
        self.raises("DBClusterSnapshotAlreadyExistsFault", "copy_db_cluster_snapshot",
                    SourceDBClusterSnapshotIdentifier=snap, TargetDBClusterSnapshotIdentifier=snap)
        share = dict(DBClusterSnapshotIdentifier=snap, AttributeName="restore")
        self.raises("InvalidDBClusterSnapshotStateFault", "modify_db_cluster_snapshot_attribute",
                    **share, ValuesToAdd=["111122223333"])
        key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
        copy = new_name("copy")
        self.rds.copy_db_cluster_snapshot(
            SourceDBClusterSnapshotIdentifier=snap, TargetDBClusterSnapshotIdentifier=copy, KmsKeyId=key)
        self.wait("db_cluster_snapshot_available", DBClusterSnapshotIdentifier=copy)
        self.assertEqual(self.snapshot(copy)["KmsKeyId"], key)
        self.raises("SharedSnapshotQuotaExceededFault", "modify_db_cluster_snapshot_attribute",
                    **(share | dict(DBClusterSnapshotIdentifier=copy)), ValuesToAdd=[f"{n:012}" for n in range(21)])
        lab("PUT", "/durations", {"cluster_snapshot": 2})
        slow = new_name("slow")
        self.rds.create_db_cluster_snapshot(DBClusterIdentifier=name, DBClusterSnapshotIdentifier=slow)
        self.raises("InvalidDBClusterSnapshotStateFault", "delete_db_cluster_snapshot", DBClusterSnapshotIdentifier=slow)
        restore = dict(DBClusterIdentifier=new_name("r"), Engine=ENGINE)
        self.raises("InvalidDBClusterSnapshotStateFault", "restore_db_cluster_from_snapshot",
                    **restore, SnapshotIdentifier=slow)
        self.refuses("InvalidParameterCombination", "restore_db_cluster_from_snapshot",
                     **restore, SnapshotIdentifier=snap, MonitoringInterval=60)
        self.raises("DBClusterAlreadyExistsFault", "restore_db_cluster_from_snapshot",
                    DBClusterIdentifier=name, Engine=ENGINE, SnapshotIdentifier=snap)
        resource = self.cluster(name)["DbClusterResourceId"]
        self.raises("InvalidDBClusterAutomatedBackupStateFault", "delete_db_cluster_automated_backup",
                    DbClusterResourceId=resource)

    def test_what_groups_and_roles_refuse(self):
        group = new_name("g")
        subnets = dict(DBSubnetGroupName=group, DBSubnetGroupDescription="g", SubnetIds=["subnet-a", "subnet-b"])
        self.rds.create_db_subnet_group(**subnets)
        self.raises("DBSubnetGroupAlreadyExistsFault", "create_db_subnet_group", **subnets)
        self.raises("InvalidSubnet", "create_db_subnet_group", **(subnets | dict(SubnetIds=["a", "b"])))
        self.raises("DBSubnetGroupDoesNotCoverEnoughAZs", "create_db_subnet_group",
                    **(subnets | dict(SubnetIds=["subnet-a"])))
        parameters = dict(DBClusterParameterGroupName=group, DBParameterGroupFamily="aurora-postgresql16", Description="g")
        self.rds.create_db_cluster_parameter_group(**parameters)
        self.raises("DBParameterGroupAlreadyExistsFault", "create_db_cluster_parameter_group", **parameters)
        name = self.new_cluster(instance=False, DBSubnetGroupName=group, DBClusterParameterGroupName=group)
        self.raises("InvalidDBSubnetGroupStateFault", "delete_db_subnet_group", DBSubnetGroupName=group)
        self.raises("InvalidDBParameterGroupStateFault", "delete_db_cluster_parameter_group",
                    DBClusterParameterGroupName=group)
        role = dict(DBClusterIdentifier=name, RoleArn="arn:aws:iam::000000000000:role/s3", FeatureName="s3Import")
        self.raises("DBClusterRoleNotFoundFault", "remove_role_from_db_cluster", **role)
        self.rds.add_role_to_db_cluster(**role)
        self.raises("DBClusterRoleAlreadyExistsFault", "add_role_to_db_cluster", **role)
        for n in range(4):
            self.rds.add_role_to_db_cluster(DBClusterIdentifier=name, RoleArn=f"{role['RoleArn']}{n}")
        self.raises("DBClusterRoleQuotaExceededFault", "add_role_to_db_cluster",
                    DBClusterIdentifier=name, RoleArn=f"{role['RoleArn']}x")
        self.assertEqual(len(self.cluster(name)["AssociatedRoles"]), 5)

    def test_quotas(self):
        group = dict(DBParameterGroupFamily="aurora-postgresql16", Description="g")
        with self.assertRaises(self.rds.exceptions.DBParameterGroupQuotaExceededFault):
            for _ in range(52):
                name = new_name("q")
                self.rds.create_db_cluster_parameter_group(DBClusterParameterGroupName=name, **group)
                self.addCleanup(self.rds.delete_db_cluster_parameter_group, DBClusterParameterGroupName=name)
        new = dict(DBInstanceClass="db.r6g.large", Engine=ENGINE, DBClusterIdentifier=self.new_cluster(instance=False))
        with self.assertRaises(self.rds.exceptions.InstanceQuotaExceededFault):
            for _ in range(42):
                self.rds.create_db_instance(DBInstanceIdentifier=new_name("i"), **new)
        quotas = {q["AccountQuotaName"]: q for q in self.rds.describe_account_attributes()["AccountQuotas"]}
        self.assertEqual(quotas["DBInstances"]["Used"], quotas["DBInstances"]["Max"])
        for member in self.cluster(new["DBClusterIdentifier"])["DBClusterMembers"]:
            self.wait("db_instance_available", DBInstanceIdentifier=member["DBInstanceIdentifier"])

    def test_every_code_in_the_source_is_modelled_with_its_status(self):
        modelled = {}
        for shape in self.rds.meta.service_model.error_shapes:
            error = shape.metadata["error"]
            modelled[error.get("code", shape.name)] = error["httpStatusCode"]
        sources = [path.read_text() for path in SOURCES.rglob("*.rs")]
        used = {code for text in sources for code in re.findall(r'Fault::new\(\s*"(\w+)"', text)}
        statuses = dict(re.findall(r'\("(\w+)", (4\d\d|5\d\d)\)', (SOURCES / "fault.rs").read_text()))
        self.assertGreater(len(used), 30)
        for code in used - UNMODELLED:
            with self.subTest(code):
                self.assertIn(code, modelled)
                self.assertEqual(int(statuses.get(code, 400)), modelled[code])


if __name__ == "__main__":
    unittest.main()
