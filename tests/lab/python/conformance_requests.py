"""A request that AWS refuses is refused by the lab, as that service does: botocore's own checks are off."""

import unittest

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from labkit import CONFIG, lab

UNCHECKED = CONFIG.merge(Config(parameter_validation=False))


def client(service):
    return boto3.client(service, config=UNCHECKED)


class Requests(unittest.TestCase):
    def refused(self, service, operation, code, says, **members):
        """The operation is refused with this code and message, and does not pass the front door."""
        with self.assertRaises(ClientError) as refused:
            getattr(client(service), operation)(**members)
        error = refused.exception.response["Error"]
        self.assertEqual((error["Code"], refused.exception.response["ResponseMetadata"]["HTTPStatusCode"]), (code, 400))
        self.assertIn(says, error["Message"])
        modelled = getattr(client(service).exceptions, code, None)
        if modelled:
            self.assertIsInstance(refused.exception, modelled)

    def test_dynamodb(self):
        code = "ValidationException"
        null = "Value null at 'backupName' failed to satisfy constraint: Member must not be null"
        self.refused("dynamodb", "create_backup", code, null, TableName="t")
        many = "Member must have length less than or equal to 255"
        self.refused("dynamodb", "create_backup", code, many, TableName="t", BackupName="b" * 256)
        pattern = "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
        self.refused("dynamodb", "create_backup", code, pattern, TableName="t", BackupName="a backup")
        mode = {"TargetTableName": "target", "BackupArn": "arn:aws:dynamodb:us-east-1:000000000000:table/t/backup/0"}
        known = "Member must satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]"
        self.refused("dynamodb", "restore_table_from_backup", code, known, BillingModeOverride="FREE", **mode)
        self.refused("dynamodb", "list_backups", "SerializationException", "'limit'", Limit="three")
        two = "2 validation errors detected"
        self.refused("dynamodb", "tag_resource", code, two)

    def test_rds(self):
        missing = "The request must contain the parameter DBClusterSnapshotIdentifier"
        self.refused("rds", "create_db_cluster_snapshot", "MissingParameter", missing, DBClusterIdentifier="c")
        number = "at 'maxRecords'"
        self.refused("rds", "describe_db_clusters", "InvalidParameterValue", number, MaxRecords="many")
        values = "The request must contain the parameter Filters.1.member.values"
        self.refused("rds", "describe_db_clusters", "MissingParameter", values, Filters=[{"Name": "engine"}])

    def test_backup(self):
        pattern = "Member must satisfy regular expression pattern"
        self.refused(
            "backup", "create_backup_vault", "InvalidParameterValueException", pattern, BackupVaultName="a vault"
        )
        self.refused(
            "backup", "start_backup_job", "MissingParameterValueException", "'iamRoleArn'",
            BackupVaultName="v", ResourceArn="arn:aws:elasticfilesystem:us-east-1:000000000000:file-system/fs-1",
        )
        self.refused("backup", "list_backup_jobs", "InvalidParameterValueException", "'maxResults'", MaxResults=1001)
        self.refused("backup", "list_backup_jobs", "InvalidParameterValueException", "enum value set", ByState="GONE")

    def test_efs(self):
        known = "Member must satisfy enum value set: [generalPurpose, maxIO]"
        self.refused("efs", "create_file_system", "BadRequest", known, CreationToken="t", PerformanceMode="fast")
        self.refused(
            "efs", "create_access_point", "BadRequest", "'rootDirectory.path'",
            ClientToken="t", FileSystemId="fs-0123456789abcdef0", RootDirectory={"Path": "relative"},
        )
        self.refused("efs", "describe_file_systems", "BadRequest", "'fileSystemId'", FileSystemId="not one")
        self.refused("efs", "describe_file_systems", "BadRequest", "'maxItems'", MaxItems=0)

    def test_what_ministack_answers(self):
        secret = "Value at 'secretString'"
        self.refused(
            "secretsmanager", "put_secret_value", "ValidationException", secret, SecretId="s", SecretString="x" * 65537
        )
        name = "Member must have length less than or equal to 2048"
        self.refused("ssm", "get_parameter", "ValidationException", name, Name="n" * 2049)
        self.refused("ssm", "get_parameters", "ValidationException", "'names'", Names=[f"n{n}" for n in range(11)])
        self.refused("ecs", "update_service", "InvalidParameterException", "'service'", cluster="c")
        self.refused("stepfunctions", "start_execution", "ValidationException", "'stateMachineArn'", name="n")
        self.refused(
            "stepfunctions", "start_execution", "ValidationException", "length less than or equal to 80",
            stateMachineArn="arn:aws:states:us-east-1:000000000000:stateMachine:m", name="n" * 81,
        )
        self.refused("sns", "publish", "InvalidParameter", "'message'", TopicArn="arn:aws:sns:us-east-1:0:t")
        self.refused("kms", "describe_key", "ValidationException", "'keyId'", KeyId="k" * 2049)
        self.refused("lambda", "get_function", "ValidationException", "'functionName'", FunctionName="no such name")
        self.refused("cloudformation", "describe_change_set", "ValidationError", "'changeSetName'", ChangeSetName="")
        self.refused(
            "resourcegroupstaggingapi", "get_resources", "InvalidParameterException", "'tagFilters.1.member.key'",
            TagFilters=[{"Key": ""}],
        )
        self.refused(
            "application-autoscaling", "describe_scalable_targets", "ValidationException", "'serviceNamespace'",
            ServiceNamespace="tables",
        )

    def test_a_member_that_no_model_has(self):
        """AWS ignores it. The lab refuses it: it is sent for a reason."""
        backup = boto3.client("backup", config=UNCHECKED)
        backup.meta.events.register("before-call.backup.CreateBackupVault", add_member)
        with self.assertRaises(backup.exceptions.InvalidParameterValueException) as refused:
            backup.create_backup_vault(BackupVaultName="vault")
        self.assertIn("'encryptionKey'", refused.exception.response["Error"]["Message"])

    def test_a_refusal_reaches_nobody(self):
        lab("DELETE", "/ledger")
        self.refused("dynamodb", "create_table", "ValidationException", "'tableName'", TableName="no such name")
        self.assertEqual(client("dynamodb").list_tables()["TableNames"], [])
        called = lab("GET", "/ledger")
        refusal = next(call for call in called if call["action"] == "CreateTable")
        self.assertEqual((refusal["status"], refusal["error"]), (400, "ValidationException"))


def add_member(params, **_):
    params["body"] = b'{"EncryptionKey": "k"}'


if __name__ == "__main__":
    unittest.main()
