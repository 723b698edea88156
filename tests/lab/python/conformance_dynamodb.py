"""Do the lab's restores and exports of tables behave like AWS's where Holdfast relies on them? Run with the environment of a running lab."""

import base64
import gzip
import hashlib
import json
import unittest
import uuid

import boto3
from botocore.exceptions import ClientError

from labkit import CONFIG, client, lab, until

KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"


def refused(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


class Restores(unittest.TestCase):
    def setUp(self):
        self.dynamodb = client("dynamodb")
        self.name = f"rooms-{uuid.uuid4().hex[:8]}"
        self.dynamodb.create_table(
            TableName=self.name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("id", "owner")],
            BillingMode="PROVISIONED",
            ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by-owner",
                    "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                    "ProvisionedThroughput": {"ReadCapacityUnits": 2, "WriteCapacityUnits": 2},
                }
            ],
            SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY},
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
            DeletionProtectionEnabled=False,
        )
        self.target = f"{self.name}-r1"

    def put(self, id, text="x"):
        self.dynamodb.put_item(TableName=self.name, Item={"id": {"S": id}, "text": {"S": text}})

    def table(self, name):
        return self.dynamodb.describe_table(TableName=name)["Table"]

    def items(self, name):
        return {item["id"]["S"]: item["text"]["S"] for item in self.dynamodb.scan(TableName=name)["Items"]}

    def backup(self):
        return self.dynamodb.create_backup(TableName=self.name, BackupName="nightly")["BackupDetails"]["BackupArn"]

    def restored(self, name):
        return until(lambda: self.table(name), lambda table: table["TableStatus"] == "ACTIVE", name)

    def test_sizes_are_measured_every_six_hours(self):
        def seen(arn):
            described = self.dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]
            table = self.dynamodb.describe_table(TableName=self.name)["Table"]
            return described["BackupDetails"]["BackupSizeBytes"], table["ItemCount"], table["TableSizeBytes"]

        self.dynamodb.put_item(TableName=self.name, Item={"id": {"S": "measured"}})
        arn = self.backup()
        self.assertEqual(seen(arn), (0, 0, 0))
        lab("POST", "/clock", {"advance_seconds": 6 * 3600 + 1})
        self.assertTrue(all(number > 0 for number in seen(arn)), seen(arn))
        self.dynamodb.delete_backup(BackupArn=arn)

    def test_a_backup_may_take_time_and_is_not_to_be_used_meanwhile(self):
        lab("PUT", "/durations", {"table_backup": 600})
        arn = self.backup()
        lab("PUT", "/durations", {"table_backup": 0})

        def status():
            described = self.dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupStatus"]
            listed = self.dynamodb.list_backups(TableName=self.name)["BackupSummaries"][0]["BackupStatus"]
            self.assertEqual(described, listed)
            return described

        self.assertEqual(status(), "CREATING")
        restore = refused(self.dynamodb.restore_table_from_backup, TargetTableName=self.target, BackupArn=arn)
        self.assertEqual(restore, "BackupInUseException")
        self.assertEqual(refused(self.dynamodb.delete_backup, BackupArn=arn), "BackupInUseException")
        lab("POST", "/clock", {"advance_seconds": 601})
        self.assertEqual(status(), "AVAILABLE")
        self.dynamodb.delete_backup(BackupArn=arn)

    def test_a_restore_takes_time_and_says_from_what_it_is(self):
        self.put("a")
        arn = self.backup()
        made = self.dynamodb.restore_table_from_backup(
            TargetTableName=self.target,
            BackupArn=arn,
            ProvisionedThroughputOverride={"ReadCapacityUnits": 7, "WriteCapacityUnits": 3},
        )["TableDescription"]
        self.assertEqual(made["TableStatus"], "CREATING")
        self.assertTrue(self.table(self.target)["RestoreSummary"]["RestoreInProgress"])
        self.assertEqual(refused(self.dynamodb.scan, TableName=self.target), "ResourceNotFoundException")
        self.assertEqual(refused(self.dynamodb.delete_table, TableName=self.target), "ResourceInUseException")
        again = refused(self.dynamodb.restore_table_from_backup, TargetTableName=self.target, BackupArn=arn)
        self.assertEqual(again, "TableAlreadyExistsException")
        table = self.restored(self.target)
        summary = table["RestoreSummary"]
        self.assertEqual((summary["SourceBackupArn"], summary["RestoreInProgress"]), (arn, False))
        self.assertEqual(summary["SourceTableArn"], self.table(self.name)["TableArn"])
        self.assertEqual(self.items(self.target), {"a": "x"})
        self.assertEqual(table["ProvisionedThroughput"]["ReadCapacityUnits"], 7)
        self.assertEqual(table["GlobalSecondaryIndexes"][0]["IndexName"], "by-owner")
        self.assertEqual(table["SSEDescription"]["KMSMasterKeyArn"], KEY)
        self.assertNotIn("StreamSpecification", table)
        ttl = self.dynamodb.describe_time_to_live(TableName=self.target)["TimeToLiveDescription"]
        self.assertEqual(ttl["TimeToLiveStatus"], "DISABLED")
        self.assertEqual(self.dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"], [])

    def test_an_update_of_a_restored_table_keeps_others_out_for_a_moment(self):
        self.dynamodb.restore_table_from_backup(TargetTableName=self.target, BackupArn=self.backup())
        self.restored(self.target)
        stream = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
        self.dynamodb.update_table(TableName=self.target, StreamSpecification=stream)
        change = {"TableName": self.target, "DeletionProtectionEnabled": True}
        self.assertEqual(refused(self.dynamodb.update_table, **change), "ResourceInUseException")
        self.restored(self.target)
        self.dynamodb.update_table(**change)
        self.assertEqual(refused(self.dynamodb.delete_table, TableName=self.target), "ValidationException")

    def test_a_moment_is_restored_exactly_and_only_inside_the_window(self):
        source = {"SourceTableName": self.name, "TargetTableName": self.target}
        code = refused(self.dynamodb.restore_table_to_point_in_time, **source, UseLatestRestorableTime=True)
        self.assertEqual(code, "PointInTimeRecoveryUnavailableException")
        self.put("before")
        specification = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 14}
        self.dynamodb.update_continuous_backups(TableName=self.name, PointInTimeRecoverySpecification=specification)
        self.put("a", "first")
        moment = lab("POST", "/_lab/clock", {"advance_seconds": 3})["now"]  # sent in whole seconds
        lab("POST", "/_lab/clock", {"advance_seconds": 3})
        self.put("a", "second")
        self.put("b")
        self.dynamodb.delete_item(TableName=self.name, Key={"id": {"S": "before"}})
        lab("POST", "/_lab/clock", {"advance_seconds": 5})
        described = self.dynamodb.describe_continuous_backups(TableName=self.name)["ContinuousBackupsDescription"]
        recovery = described["PointInTimeRecoveryDescription"]
        self.assertEqual(recovery["RecoveryPeriodInDays"], 14)
        self.assertLess(recovery["EarliestRestorableDateTime"], recovery["LatestRestorableDateTime"])
        restore = self.dynamodb.restore_table_to_point_in_time
        for outside in ("2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"):
            self.assertEqual(refused(restore, **source, RestoreDateTime=outside), "InvalidRestoreTimeException")
        restore(**source, RestoreDateTime=moment)
        table = self.restored(self.target)
        self.assertEqual(self.items(self.target), {"before": "x", "a": "first"})
        self.assertEqual(table["RestoreSummary"]["SourceTableArn"], self.table(self.name)["TableArn"])
        self.assertEqual(self.items(self.name), {"a": "second", "b": "x"})

    def test_a_deleted_table_leaves_a_system_backup_where_it_had_recovery(self):
        self.put("a")
        specification = {"PointInTimeRecoveryEnabled": True}
        self.dynamodb.update_continuous_backups(TableName=self.name, PointInTimeRecoverySpecification=specification)
        self.dynamodb.delete_table(TableName=self.name)
        listed = lambda **kind: self.dynamodb.list_backups(TableName=self.name, **kind)["BackupSummaries"]
        self.assertEqual(listed(), [])
        (backup,) = listed(BackupType="SYSTEM")
        self.assertEqual(backup["BackupName"], f"{self.name}$DeletedTableBackup")
        self.assertIn("BackupExpiryDateTime", backup)
        self.dynamodb.restore_table_from_backup(TargetTableName=self.target, BackupArn=backup["BackupArn"])
        self.restored(self.target)
        self.assertEqual(self.items(self.target), {"a": "x"})


class Exports(unittest.TestCase):
    def setUp(self):
        self.dynamodb, self.s3 = client("dynamodb"), boto3.client("s3", config=CONFIG)
        self.name, self.bucket = f"exported-{uuid.uuid4().hex[:8]}", f"bucket-{uuid.uuid4().hex[:8]}"
        made = self.dynamodb.create_table(
            TableName=self.name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.arn = made["TableDescription"]["TableArn"]
        self.s3.create_bucket(Bucket=self.bucket)

    def put(self, *ids):
        for name in ids:
            self.dynamodb.put_item(TableName=self.name, Item={"id": {"S": name}, "n": {"N": "1.5"}})

    def recover(self):
        self.dynamodb.update_continuous_backups(
            TableName=self.name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )

    def export(self, **more):
        made = self.dynamodb.export_table_to_point_in_time(TableArn=self.arn, S3Bucket=self.bucket, **more)
        return made["ExportDescription"]

    def ended(self, export):
        for _ in range(100):
            found = self.dynamodb.describe_export(ExportArn=export["ExportArn"])["ExportDescription"]
            if found["ExportStatus"] != "IN_PROGRESS":
                return found
            lab("POST", "/_lab/clock", {"advance_seconds": 1})
        self.fail("the export does not end")

    def read(self, key):
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def test_only_a_table_with_point_in_time_recovery_is_exported_and_only_within_its_window(self):
        request = {"TableArn": self.arn, "S3Bucket": self.bucket}
        export = self.dynamodb.export_table_to_point_in_time
        self.assertEqual(refused(export, **request), "PointInTimeRecoveryUnavailableException")
        self.assertEqual(refused(export, **{**request, "TableArn": self.arn + "x"}), "TableNotFoundException")
        self.recover()
        for moment in ("2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"):
            self.assertEqual(refused(export, **request, ExportTime=moment), "InvalidExportTimeException")

    def test_the_files_have_the_items_as_of_the_moment_and_the_manifests_name_them(self):
        self.recover()
        self.put("a", "b", "c")
        lab("POST", "/_lab/clock", {"advance_seconds": 3})
        moment = lab("POST", "/_lab/clock", {"advance_seconds": 3})["now"]
        lab("POST", "/_lab/clock", {"advance_seconds": 3})
        self.put("later")
        lab("POST", "/_lab/clock", {"advance_seconds": 3})
        export = self.export(ExportTime=moment, S3Prefix="tables/one", ClientToken="token-1")
        self.assertEqual(export["ExportStatus"], "IN_PROGRESS")
        again = self.export(ExportTime=moment, S3Prefix="tables/one", ClientToken="token-1")
        self.assertEqual(again["ExportArn"], export["ExportArn"])
        other = {"TableArn": self.arn, "S3Bucket": self.bucket, "ClientToken": "token-1", "S3Prefix": "tables/two"}
        self.assertEqual(refused(self.dynamodb.export_table_to_point_in_time, **other), "ExportConflictException")
        ended = self.ended(export)
        self.assertEqual((ended["ExportStatus"], ended["ItemCount"]), ("COMPLETED", 3))
        folder = f"tables/one/AWSDynamoDB/{export['ExportArn'].rsplit('/', 1)[-1]}"
        self.assertEqual(ended["ExportManifest"], f"{folder}/manifest-summary.json")
        summary = json.loads(self.read(ended["ExportManifest"]))
        self.assertEqual((summary["itemCount"], summary["outputFormat"]), (3, "DYNAMODB_JSON"))
        self.assertEqual(summary["manifestFilesS3Key"], f"{folder}/manifest-files.json")
        found = []
        for line in self.read(summary["manifestFilesS3Key"]).splitlines():
            file = json.loads(line)
            content = self.read(file["dataFileS3Key"])
            self.assertEqual(base64.b64encode(hashlib.md5(content).digest()).decode(), file["md5Checksum"])
            items = [json.loads(item)["Item"] for item in gzip.decompress(content).splitlines()]
            self.assertEqual(len(items), file["itemCount"])
            found += items
        self.assertEqual(sorted(item["id"]["S"] for item in found), ["a", "b", "c"])
        self.assertEqual(found[0]["n"], {"N": "1.5"})

    def test_an_export_into_a_bucket_that_does_not_exist_fails_and_says_so(self):
        self.recover()
        lab("POST", "/_lab/clock", {"advance_seconds": 2})
        export = self.dynamodb.export_table_to_point_in_time(TableArn=self.arn, S3Bucket=f"{self.bucket}-none")
        ended = self.ended(export["ExportDescription"])
        self.assertEqual((ended["ExportStatus"], ended["FailureCode"]), ("FAILED", "S3NoSuchBucket"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
