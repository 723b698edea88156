"""Is the lab's AWS Backup and EFS AWS? Driven by boto3, an independent client: every response is parsed by botocore's models
and checked against them, and every modelled error is caught as its modelled exception.

Run with the environment of a running lab: `. .lab/env && python tests/lab/python/conformance_backup.py`.
"""

import datetime
import json
import os
import pathlib
import re
import unittest
import uuid

import boto3
import botocore.exceptions
from botocore.config import Config

from labkit import CONFIG, client, lab, until

ROLE = "arn:aws:iam::000000000000:role/backup"
QUICK = {"backup_job": 0.1, "restore_job": 0.1, "copy_job": 0.1, "delete": 0.1, "file_system_create": 0.1}


def tree(root):
    """{relative name: bytes, link target or None for a directory} of everything below a directory."""
    found = {}
    for path in sorted(pathlib.Path(root).rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = ("link", os.readlink(path))
        elif path.is_file():
            found[name] = (oct(path.stat().st_mode), path.read_bytes())
        else:
            found[name] = None
    return found


class Case(unittest.TestCase):
    """A vault, a file system with some files, and quick jobs."""

    def setUp(self):
        self.backup = client("backup")
        self.efs = client("efs")
        lab("DELETE", "/faults")
        lab("PUT", "/durations", QUICK)
        self.vault = f"vault-{uuid.uuid4().hex[:8]}"
        self.backup.create_backup_vault(BackupVaultName=self.vault, BackupVaultTags={"team": "ops"})
        self.fs, self.root = self.file_system(Tags=[{"Key": "Name", "Value": "hubs"}])
        self.arn = self.efs.describe_file_systems(FileSystemId=self.fs)["FileSystems"][0]["FileSystemArn"]
        (self.root / "project/x").mkdir(parents=True)
        (self.root / "project/x/a.txt").write_bytes(b"first\0bytes")
        (self.root / "project/ü b.bin").write_bytes(os.urandom(200_000))
        (self.root / "project/x/a.txt").chmod(0o640)
        (self.root / "latest").symlink_to("project/x/a.txt")

    def tearDown(self):
        lab("DELETE", "/faults")

    def file_system(self, **options):
        made = self.efs.create_file_system(CreationToken=uuid.uuid4().hex, **options)
        until(
            lambda: self.efs.describe_file_systems(FileSystemId=made["FileSystemId"])["FileSystems"][0],
            lambda fs: fs["LifeCycleState"] == "available",
            "file system",
        )
        return made["FileSystemId"], pathlib.Path(lab("GET", "/efs")[made["FileSystemId"]])

    def start(self, **options):
        options = {"BackupVaultName": self.vault, "ResourceArn": self.arn, "IamRoleArn": ROLE} | options
        return self.backup.start_backup_job(**options)

    def job(self, started, *states):
        return until(
            lambda: self.backup.describe_backup_job(BackupJobId=started["BackupJobId"]),
            lambda job: job["State"] in states,
            f"backup job until {states}",
        )

    def completed(self, **options):
        started = self.start(**options)
        self.job(started, "COMPLETED")
        return started["RecoveryPointArn"]

    def point(self, arn, vault=None):
        return self.backup.describe_recovery_point(
            BackupVaultName=vault or self.vault, RecoveryPointArn=arn
        )

    def restore(self, arn, **metadata):
        metadata = {"file-system-id": self.fs, "newFileSystem": "false", "CreationToken": uuid.uuid4().hex} | {
            key.replace("_", "-") if key == "file_system_id" else key: value for key, value in metadata.items()
        }
        metadata = {key: value for key, value in metadata.items() if value is not None}
        started = self.backup.start_restore_job(RecoveryPointArn=arn, Metadata=metadata, IamRoleArn=ROLE)
        return until(
            lambda: self.backup.describe_restore_job(RestoreJobId=started["RestoreJobId"]),
            lambda job: job["Status"] in ("COMPLETED", "FAILED", "ABORTED"),
            "restore job",
        )

    def restored(self, root, kind="restore"):
        """The directories that restores have created."""
        pattern = rf"^aws-backup-{kind}_\d{{4}}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{{3,9}}Z$"
        return sorted(path for path in root.iterdir() if re.match(pattern, path.name))


class Efs(Case):
    def test_a_file_system_is_created_once_per_token(self):
        token = uuid.uuid4().hex
        made = self.efs.create_file_system(
            CreationToken=token,
            PerformanceMode="generalPurpose",
            Encrypted=True,
            ThroughputMode="provisioned",
            ProvisionedThroughputInMibps=12.5,
            Backup=True,
            Tags=[{"Key": "Name", "Value": "n"}, {"Key": "a", "Value": ""}],
        )
        self.assertRegex(made["FileSystemId"], r"^fs-[0-9a-f]{17}$")
        self.assertEqual(made["LifeCycleState"], "creating")
        self.assertEqual(made["Name"], "n")
        with self.assertRaises(self.efs.exceptions.FileSystemAlreadyExists) as caught:
            self.efs.create_file_system(CreationToken=token)
        self.assertEqual(caught.exception.response["FileSystemId"], made["FileSystemId"])
        found = self.efs.describe_file_systems(CreationToken=token)["FileSystems"]
        self.assertEqual([fs["FileSystemId"] for fs in found], [made["FileSystemId"]])
        self.assertEqual(found[0]["ProvisionedThroughputInMibps"], 12.5)
        policy = self.efs.describe_backup_policy(FileSystemId=made["FileSystemId"])
        self.assertEqual(policy["BackupPolicy"]["Status"], "ENABLED")

    def test_a_new_file_system_takes_its_time(self):
        lab("PUT", "/durations", {"file_system_create": 3600})
        fs = self.efs.create_file_system(CreationToken=uuid.uuid4().hex)["FileSystemId"]
        with self.assertRaises(self.efs.exceptions.IncorrectFileSystemLifeCycleState):
            self.efs.create_access_point(ClientToken=uuid.uuid4().hex, FileSystemId=fs)
        lab("POST", "/clock", {"advance_seconds": 3601})
        found = self.efs.describe_file_systems(FileSystemId=fs)["FileSystems"][0]
        self.assertEqual(found["LifeCycleState"], "available")

    def test_what_does_not_exist_is_said_in_the_model_s_words(self):
        errors, none = self.efs.exceptions, "fs-00000000000000000"
        nowhere = {"FileSystemId": self.fs, "SubnetId": "subnet-0000000000000000a"}
        for error, call in [
            (errors.FileSystemNotFound, lambda: self.efs.describe_file_systems(FileSystemId=none)),
            (errors.FileSystemNotFound, lambda: self.efs.delete_file_system(FileSystemId=none)),
            (errors.FileSystemNotFound, lambda: self.efs.describe_file_system_policy(FileSystemId=none)),
            (errors.FileSystemNotFound, lambda: self.efs.describe_mount_targets(FileSystemId=none)),
            (errors.FileSystemNotFound, lambda: self.efs.list_tags_for_resource(ResourceId=none)),
            (errors.MountTargetNotFound, lambda: self.efs.delete_mount_target(MountTargetId="fsmt-00000000")),
            (errors.MountTargetNotFound, lambda: self.efs.describe_mount_targets(MountTargetId="fsmt-00000000")),
            (errors.AccessPointNotFound, lambda: self.efs.delete_access_point(AccessPointId="fsap-00000000")),
            (errors.AccessPointNotFound, lambda: self.efs.list_tags_for_resource(ResourceId="fsap-00000000")),
            (errors.PolicyNotFound, lambda: self.efs.describe_file_system_policy(FileSystemId=self.fs)),
            (errors.ReplicationNotFound, lambda: self.efs.describe_replication_configurations(FileSystemId=self.fs)),
            (errors.BadRequest, lambda: self.efs.describe_mount_targets()),
            (errors.InvalidPolicyException, lambda: self.efs.put_file_system_policy(FileSystemId=self.fs, Policy="{")),
            (errors.SubnetNotFound, lambda: self.efs.create_mount_target(**nowhere)),
        ]:
            with self.subTest(error=error.__name__):
                with self.assertRaises(error) as caught:
                    call()
                self.assertEqual(caught.exception.response["ErrorCode"], error.__name__)

    def test_mount_targets_are_one_per_zone_and_hold_the_file_system(self):
        subnet = boto3.client("ec2", config=CONFIG).describe_subnets()["Subnets"][0]
        made = self.efs.create_mount_target(
            FileSystemId=self.fs, SubnetId=subnet["SubnetId"], SecurityGroups=["sg-00000001", "sg-00000002"]
        )
        self.assertEqual(made["AvailabilityZoneName"], subnet["AvailabilityZone"])
        self.assertEqual(made["VpcId"], subnet["VpcId"])
        groups = self.efs.describe_mount_target_security_groups(MountTargetId=made["MountTargetId"])
        self.assertEqual(groups["SecurityGroups"], ["sg-00000001", "sg-00000002"])
        one = {"MountTargetId": made["MountTargetId"], "SecurityGroups": ["sg-00000003"]}
        self.efs.modify_mount_target_security_groups(**one)
        groups = self.efs.describe_mount_target_security_groups(MountTargetId=made["MountTargetId"])
        self.assertEqual(groups["SecurityGroups"], ["sg-00000003"])
        with self.assertRaises(self.efs.exceptions.MountTargetConflict):
            self.efs.create_mount_target(FileSystemId=self.fs, SubnetId=subnet["SubnetId"])
        with self.assertRaises(self.efs.exceptions.SecurityGroupLimitExceeded):
            six = {"SubnetId": subnet["SubnetId"], "SecurityGroups": ["sg-00000001"] * 6}
            self.efs.create_mount_target(FileSystemId=self.fs, **six)
        with self.assertRaises(self.efs.exceptions.FileSystemInUse):
            self.efs.delete_file_system(FileSystemId=self.fs)
        found = self.efs.describe_mount_targets(FileSystemId=self.fs)["MountTargets"]
        self.assertEqual([target["MountTargetId"] for target in found], [made["MountTargetId"]])
        counted = self.efs.describe_file_systems(FileSystemId=self.fs)["FileSystems"][0]
        self.assertEqual(counted["NumberOfMountTargets"], 1)
        self.efs.delete_mount_target(MountTargetId=made["MountTargetId"])
        self.efs.delete_file_system(FileSystemId=self.fs)
        self.assertFalse(self.root.exists())

    def test_access_points_make_their_root_and_are_created_once_per_token(self):
        token = uuid.uuid4().hex
        made = self.efs.create_access_point(
            ClientToken=token,
            FileSystemId=self.fs,
            PosixUser={"Uid": 1000, "Gid": 1000},
            RootDirectory={"Path": "/app/data", "CreationInfo": {"OwnerUid": 0, "OwnerGid": 0, "Permissions": "0750"}},
            Tags=[{"Key": "Name", "Value": "app"}],
        )
        self.assertEqual((self.root / "app/data").stat().st_mode & 0o777, 0o750)
        with self.assertRaises(self.efs.exceptions.AccessPointAlreadyExists) as caught:
            self.efs.create_access_point(ClientToken=token, FileSystemId=self.fs)
        self.assertEqual(caught.exception.response["AccessPointId"], made["AccessPointId"])
        found = self.efs.describe_access_points(FileSystemId=self.fs)["AccessPoints"]
        self.assertEqual(found[0]["PosixUser"], {"Uid": 1000, "Gid": 1000})
        self.efs.tag_resource(ResourceId=made["AccessPointId"], Tags=[{"Key": "k", "Value": "v"}])
        tags = self.efs.list_tags_for_resource(ResourceId=made["AccessPointId"])["Tags"]
        self.assertIn({"Key": "k", "Value": "v"}, tags)
        self.efs.delete_access_point(AccessPointId=made["AccessPointId"])
        self.assertEqual(self.efs.describe_access_points(FileSystemId=self.fs)["AccessPoints"], [])

    def test_settings_are_kept_as_they_were_put(self):
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*"}]})
        self.efs.put_file_system_policy(FileSystemId=self.fs, Policy=policy)
        self.assertEqual(self.efs.describe_file_system_policy(FileSystemId=self.fs)["Policy"], policy)
        self.efs.delete_file_system_policy(FileSystemId=self.fs)
        rules = [{"TransitionToIA": "AFTER_30_DAYS"}, {"TransitionToPrimaryStorageClass": "AFTER_1_ACCESS"}]
        self.efs.put_lifecycle_configuration(FileSystemId=self.fs, LifecyclePolicies=rules)
        found = self.efs.describe_lifecycle_configuration(FileSystemId=self.fs)
        self.assertCountEqual(found["LifecyclePolicies"], rules)
        self.efs.put_backup_policy(FileSystemId=self.fs, BackupPolicy={"Status": "ENABLED"})
        found = self.efs.describe_backup_policy(FileSystemId=self.fs)
        self.assertEqual(found["BackupPolicy"]["Status"], "ENABLED")
        self.assertEqual(self.efs.describe_replication_configurations()["Replications"], [])
        updated = self.efs.update_file_system(FileSystemId=self.fs, ThroughputMode="elastic")
        self.assertEqual(updated["ThroughputMode"], "elastic")

    def test_tags_are_merged_and_removed_and_lists_come_in_pages(self):
        self.efs.tag_resource(ResourceId=self.fs, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
        self.efs.untag_resource(ResourceId=self.arn, TagKeys=["a", "Name"])
        tags = self.efs.list_tags_for_resource(ResourceId=self.fs)["Tags"]
        self.assertEqual(tags, [{"Key": "b", "Value": "2"}])
        self.file_system()
        pages = list(self.efs.get_paginator("describe_file_systems").paginate(PaginationConfig={"PageSize": 1}))
        ids = [fs["FileSystemId"] for page in pages for fs in page["FileSystems"]]
        self.assertEqual(sorted(ids), sorted(lab("GET", "/efs")))
        self.assertTrue(all(len(page["FileSystems"]) == 1 for page in pages))


class Vaults(Case):
    def test_a_vault_is_created_described_listed_and_deleted(self):
        found = self.backup.describe_backup_vault(BackupVaultName=self.vault)
        self.assertEqual(found["NumberOfRecoveryPoints"], 0)
        self.assertEqual(self.backup.list_tags(ResourceArn=found["BackupVaultArn"])["Tags"], {"team": "ops"})
        names = [vault["BackupVaultName"] for vault in self.backup.list_backup_vaults()["BackupVaultList"]]
        self.assertIn(self.vault, names)
        with self.assertRaises(self.backup.exceptions.AlreadyExistsException):
            self.backup.create_backup_vault(BackupVaultName=self.vault)
        with self.assertRaises(self.backup.exceptions.InvalidParameterValueException):
            self.backup.create_backup_vault(BackupVaultName="a b")
        point = self.completed()
        with self.assertRaises(self.backup.exceptions.InvalidRequestException):
            self.backup.delete_backup_vault(BackupVaultName=self.vault)
        self.delete(point)
        self.backup.delete_backup_vault(BackupVaultName=self.vault)
        with self.assertRaises(self.backup.exceptions.ResourceNotFoundException):
            self.backup.describe_backup_vault(BackupVaultName=self.vault)

    def delete(self, arn):
        self.backup.delete_recovery_point(BackupVaultName=self.vault, RecoveryPointArn=arn)
        until(lambda: lab("GET", "/recovery-points"), lambda points: arn not in points, "deletion")

    def test_a_vault_that_a_stack_made_is_there(self):
        name = f"stack-{uuid.uuid4().hex[:8]}"
        properties = {"BackupVaultName": name}
        template = {"Resources": {"Vault": {"Type": "AWS::Backup::BackupVault", "Properties": properties}}}
        stacks = boto3.client("cloudformation", config=CONFIG)
        stacks.create_stack(StackName=name, TemplateBody=json.dumps(template))
        stacks.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
        names = [vault["BackupVaultName"] for vault in self.backup.list_backup_vaults()["BackupVaultList"]]
        self.assertIn(name, names)
        started = self.start(BackupVaultName=name)
        self.job(started, "COMPLETED")
        self.assertEqual(self.backup.describe_backup_vault(BackupVaultName=name)["NumberOfRecoveryPoints"], 1)
        arn = self.backup.describe_backup_vault(BackupVaultName=name)["BackupVaultArn"]
        self.backup.tag_resource(ResourceArn=arn, Tags={"k": "v"})
        self.assertEqual(self.backup.list_tags(ResourceArn=arn)["Tags"]["k"], "v")


class BackupJobs(Case):
    def test_a_job_grows_and_its_recovery_point_holds_the_files(self):
        lab("PUT", "/durations", {"backup_job": 1000})
        started = self.start(RecoveryPointTags={"holdfast:set": "s-1"}, Lifecycle={"DeleteAfterDays": 35})
        arn = started["RecoveryPointArn"]
        self.assertEqual(self.point(arn)["Status"], "CREATING")
        running = self.job(started, "RUNNING")
        self.assertNotIn("CompletionDate", running)
        self.assertNotIn("MessageCategory", running)
        percents = [float(running["PercentDone"])]
        for _ in range(3):
            lab("POST", "/clock", {"advance_seconds": 250})
            percents.append(float(self.backup.describe_backup_job(BackupJobId=started["BackupJobId"])["PercentDone"]))
        self.assertEqual(percents, sorted(set(percents)), "it grows")
        before = tree(self.root)
        lab("POST", "/clock", {"advance_seconds": 251})
        done = self.job(started, "COMPLETED")
        self.assertEqual((done["PercentDone"], done["MessageCategory"]), ("100.0", "SUCCESS"))
        self.assertEqual(done["BackupSizeInBytes"], 200_011)
        self.assertEqual(done["RecoveryPointArn"], arn)
        (self.root / "project/x/a.txt").write_bytes(b"written after the capture")
        self.assertEqual(tree(lab("GET", "/recovery-points")[arn]), before)
        point = self.point(arn)
        self.assertEqual((point["Status"], point["BackupSizeInBytes"]), ("COMPLETED", 200_011))
        self.assertEqual(point["ResourceArn"], self.arn)
        self.assertEqual((point["CalculatedLifecycle"]["DeleteAt"] - point["CreationDate"]).days, 35)
        tags = self.backup.list_tags(ResourceArn=arn)["Tags"]
        self.assertEqual(tags, {"Name": "hubs", "holdfast:set": "s-1"})

    def test_a_token_starts_one_job(self):
        first = self.start(IdempotencyToken="t-" + self.vault)
        again = self.start(IdempotencyToken="t-" + self.vault)
        other = self.start(IdempotencyToken="u-" + self.vault)
        for name in ("BackupJobId", "RecoveryPointArn", "CreationDate"):
            self.assertEqual(first[name], again[name])
        self.assertNotEqual(first["BackupJobId"], other["BackupJobId"])
        self.job(other, "COMPLETED")
        after = self.start(IdempotencyToken="t-" + self.vault)
        self.assertEqual(after["BackupJobId"], first["BackupJobId"], "also when the job is over")
        jobs = self.backup.list_backup_jobs(ByResourceArn=self.arn)["BackupJobs"]
        self.assertCountEqual([job["BackupJobId"] for job in jobs], [other["BackupJobId"], first["BackupJobId"]])

    def test_one_job_at_a_time_runs_per_resource(self):
        lab("PUT", "/durations", {"backup_job": 500})
        first, second = self.start(), self.start()
        other_fs, _ = self.file_system()
        elsewhere = self.start(ResourceArn=self.arn.replace(self.fs, other_fs))
        self.job(first, "RUNNING")
        self.job(elsewhere, "RUNNING")
        waiting = self.backup.describe_backup_job(BackupJobId=second["BackupJobId"])
        self.assertEqual((waiting["State"], waiting["PercentDone"]), ("CREATED", "0.0"))
        lab("POST", "/clock", {"advance_seconds": 501})
        self.job(first, "COMPLETED")
        self.job(second, "RUNNING")
        self.backup.stop_backup_job(BackupJobId=second["BackupJobId"])
        self.job(second, "ABORTED")

    def test_a_job_that_does_not_get_its_turn_in_its_window_expires(self):
        lab("PUT", "/durations", {"backup_job": 7200})
        first, second = self.start(), self.start(StartWindowMinutes=60)
        self.job(first, "RUNNING")
        lab("POST", "/clock", {"advance_seconds": 3601})
        self.job(second, "EXPIRED")
        self.assertEqual(self.backup.describe_backup_job(BackupJobId=first["BackupJobId"])["State"], "RUNNING")
        self.backup.stop_backup_job(BackupJobId=first["BackupJobId"])
        self.job(first, "ABORTED")

    def test_a_job_that_takes_longer_than_its_window_is_aborted(self):
        lab("PUT", "/durations", {"backup_job": 7200})
        started = self.start(StartWindowMinutes=60, CompleteWindowMinutes=90)
        self.job(started, "RUNNING")
        lab("POST", "/clock", {"advance_seconds": 5401})
        self.job(started, "ABORTED")

    def test_a_stopped_job_ends_aborted_without_a_recovery_point(self):
        lab("PUT", "/durations", {"backup_job": 500})
        started = self.start()
        self.job(started, "RUNNING")
        self.backup.stop_backup_job(BackupJobId=started["BackupJobId"])
        self.job(started, "ABORTED")
        with self.assertRaises(self.backup.exceptions.ResourceNotFoundException):
            self.point(started["RecoveryPointArn"])
        with self.assertRaises(self.backup.exceptions.InvalidRequestException):
            self.backup.stop_backup_job(BackupJobId=started["BackupJobId"])

    def test_every_injected_end_looks_like_aws_s(self):
        for kind, state, category, point in [
            ("job_failed", "FAILED", "AccessDenied", None),
            ("job_expired", "EXPIRED", "FAILURE", None),
            ("job_aborted", "ABORTED", "FAILURE", None),
            ("job_partial", "PARTIAL", "FAILURE", "PARTIAL"),
            ("job_completed_with_issues", "COMPLETED", "AccessDenied", "COMPLETED"),
            ("job_zero_bytes", "COMPLETED", "SUCCESS", "COMPLETED"),
        ]:
            with self.subTest(kind=kind):
                rule = {"action": "StartBackupJob", "resource": self.fs, "nth": 1, "kind": kind}
                fault = lab("POST", "/faults", rule)
                started = self.start()
                ended = self.job(started, state)
                self.assertEqual(ended["MessageCategory"], category)
                hits = {rule["id"]: rule["hits"] for rule in lab("GET", "/faults")}
                self.assertEqual(hits[fault["id"]], 1)
                if point is None:
                    self.assertTrue(ended["StatusMessage"])
                    with self.assertRaises(self.backup.exceptions.ResourceNotFoundException):
                        self.point(started["RecoveryPointArn"])
                else:
                    found = self.point(started["RecoveryPointArn"])
                    self.assertEqual(found["Status"], point)
                    self.assertEqual(found["BackupSizeInBytes"], ended["BackupSizeInBytes"])
                    whole = kind not in ("job_partial", "job_completed_with_issues", "job_zero_bytes")
                    self.assertEqual(ended["BackupSizeInBytes"] == 200_011, whole)

    def test_a_stuck_job_stays_running_until_it_is_stopped(self):
        lab("POST", "/faults", {"service": "backup", "nth": 1, "kind": "job_stuck"})
        started = self.start()
        self.job(started, "RUNNING")
        lab("POST", "/clock", {"advance_seconds": 86_400})
        stuck = self.backup.describe_backup_job(BackupJobId=started["BackupJobId"])
        self.assertEqual((stuck["State"], stuck["PercentDone"]), ("RUNNING", "42.0"))
        self.backup.stop_backup_job(BackupJobId=started["BackupJobId"])
        self.job(started, "ABORTED")

    def test_wrong_requests_get_modelled_errors(self):
        errors = self.backup.exceptions
        for error, call in [
            (errors.ResourceNotFoundException, lambda: self.start(BackupVaultName="no-such-vault")),
            (errors.ResourceNotFoundException, lambda: self.start(ResourceArn=self.arn[:-4] + "0000")),
            (errors.InvalidRequestException, lambda: self.start(ResourceArn="arn:aws:dynamodb:us-east-1:0:table/t")),
            (errors.InvalidParameterValueException, lambda: self.start(StartWindowMinutes=59)),
            (errors.InvalidParameterValueException, lambda: self.start(IamRoleArn="backup")),
            (errors.MissingParameterValueException, lambda: self.start(IamRoleArn="")),
            (
                errors.InvalidParameterValueException,
                lambda: self.start(Lifecycle={"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 60}),
            ),
            (errors.ResourceNotFoundException, lambda: self.backup.describe_backup_job(BackupJobId="x")),
            (errors.ResourceNotFoundException, lambda: self.backup.stop_backup_job(BackupJobId="x")),
            (errors.ResourceNotFoundException, lambda: self.point("arn:aws:backup:us-east-1:0:recovery-point:x")),
            (errors.ResourceNotFoundException, lambda: self.backup.list_tags(ResourceArn="arn:aws:backup:x")),
        ]:
            with self.assertRaises(error) as caught:
                call()
            self.assertTrue(caught.exception.response["Error"]["Message"])
        self.assertEqual(self.backup.list_backup_jobs(ByResourceArn=self.arn)["BackupJobs"], [])

    def test_injected_errors_of_calls_are_classified_by_botocore(self):
        for kind, code in [
            ("throttle", "ThrottlingException"),
            ("access_denied", "AccessDeniedException"),
            ("error_503", "ServiceUnavailableException"),
            ("error_500", "InternalFailure"),
        ]:
            with self.subTest(kind=kind):
                lab("POST", "/faults", {"action": "DescribeBackupVault", "nth": 1, "kind": kind})
                with self.assertRaises(self.backup.exceptions.ClientError) as caught:
                    self.backup.describe_backup_vault(BackupVaultName=self.vault)
                self.assertEqual(caught.exception.response["Error"]["Code"], code)
        lab("POST", "/faults", {"action": "DescribeBackupVault", "nth": 1, "kind": "throttle"})
        patient = boto3.client("backup", config=Config(retries={"mode": "standard", "total_max_attempts": 3}))
        found = patient.describe_backup_vault(BackupVaultName=self.vault)
        self.assertEqual(found["ResponseMetadata"]["RetryAttempts"], 1)

    def test_a_cut_before_has_no_effect_and_a_cut_after_has(self):
        for kind, jobs in [("cut_before", 0), ("cut_after", 1)]:
            lab("POST", "/faults", {"action": "StartBackupJob", "nth": 1, "kind": kind})
            token = f"{kind}-{self.vault}"
            with self.assertRaises(botocore.exceptions.ConnectionClosedError):
                self.start(IdempotencyToken=token)
            found = self.backup.list_backup_jobs(ByResourceArn=self.arn)["BackupJobs"]
            self.assertEqual(len(found), jobs, kind)
        again = self.start(IdempotencyToken=f"cut_after-{self.vault}")
        self.assertEqual(again["BackupJobId"], found[0]["BackupJobId"])
        ledger = [entry for entry in lab("GET", "/ledger") if entry.get("request", {}).get("ResourceArn") == self.arn]
        faults = [entry.get("fault") for entry in ledger if entry["action"] == "StartBackupJob"]
        self.assertEqual(faults, ["cut_before", "cut_after", None])
        self.assertEqual({entry["caller"] for entry in ledger}, {"conformance"})


class RecoveryPoints(Case):
    def test_they_are_listed_by_vault_and_by_resource_in_pages(self):
        arns = set()
        for _ in range(3):
            arns.add(self.completed())
            lab("POST", "/clock", {"advance_seconds": 60})
        by_vault = self.backup.get_paginator("list_recovery_points_by_backup_vault")
        pages = list(by_vault.paginate(BackupVaultName=self.vault, PaginationConfig={"PageSize": 2}))
        self.assertEqual([len(page["RecoveryPoints"]) for page in pages], [2, 1])
        self.assertEqual({point["RecoveryPointArn"] for page in pages for point in page["RecoveryPoints"]}, arns)
        by_resource = self.backup.list_recovery_points_by_resource(ResourceArn=self.arn)["RecoveryPoints"]
        self.assertEqual({point["RecoveryPointArn"] for point in by_resource}, arns)
        created = sorted((point["CreationDate"] for point in by_resource), reverse=True)
        after = created[1] + datetime.timedelta(seconds=30)
        later = self.backup.list_recovery_points_by_backup_vault(BackupVaultName=self.vault, ByCreatedAfter=after)
        self.assertEqual(len(later["RecoveryPoints"]), 1)

    def test_a_deleted_one_is_deleting_and_then_gone_with_its_files(self):
        lab("PUT", "/durations", {"delete": 500})
        arn = self.completed()
        place = pathlib.Path(lab("GET", "/recovery-points")[arn])
        self.assertTrue(place.is_dir())
        self.backup.delete_recovery_point(BackupVaultName=self.vault, RecoveryPointArn=arn)
        self.assertEqual(self.point(arn)["Status"], "DELETING")
        lab("POST", "/clock", {"advance_seconds": 501})
        until(lambda: place.exists(), lambda there: not there, "the files are gone")
        with self.assertRaises(self.backup.exceptions.ResourceNotFoundException):
            self.point(arn)
        with self.assertRaises(self.backup.exceptions.ResourceNotFoundException):
            self.backup.delete_recovery_point(BackupVaultName=self.vault, RecoveryPointArn=arn)

    def test_a_deletion_may_be_ignored(self):
        arn = self.completed()
        lab("POST", "/faults", {"action": "DeleteRecoveryPoint", "nth": 1, "kind": "delete_ignored"})
        answer = self.backup.delete_recovery_point(BackupVaultName=self.vault, RecoveryPointArn=arn)
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 200)
        self.assertEqual(self.point(arn)["Status"], "EXPIRED")
        self.backup.delete_recovery_point(BackupVaultName=self.vault, RecoveryPointArn=arn)
        until(lambda: lab("GET", "/recovery-points"), lambda points: arn not in points, "deletion")

    def test_one_that_is_being_created_can_not_be_deleted_or_restored(self):
        lab("PUT", "/durations", {"backup_job": 500})
        started = self.start()
        arn = started["RecoveryPointArn"]
        with self.assertRaises(self.backup.exceptions.InvalidResourceStateException):
            self.backup.delete_recovery_point(BackupVaultName=self.vault, RecoveryPointArn=arn)
        with self.assertRaises(self.backup.exceptions.InvalidRequestException):
            self.backup.start_restore_job(RecoveryPointArn=arn, Metadata={}, IamRoleArn=ROLE)
        self.backup.stop_backup_job(BackupJobId=started["BackupJobId"])
        self.job(started, "ABORTED")

    def test_its_lifecycle_is_changed_and_ends_it(self):
        arn = self.completed()
        changed = self.backup.update_recovery_point_lifecycle(
            BackupVaultName=self.vault, RecoveryPointArn=arn, Lifecycle={"DeleteAfterDays": 2}
        )
        self.assertIn("DeleteAt", changed["CalculatedLifecycle"])
        lab("POST", "/clock", {"advance_seconds": 2 * 86_400 + 1})
        with self.assertRaises(self.backup.exceptions.ResourceNotFoundException):
            self.point(arn)

    def test_its_tags_and_restore_metadata_are_there(self):
        arn = self.completed()
        self.backup.tag_resource(ResourceArn=arn, Tags={"a": "1", "b": "2"})
        self.backup.untag_resource(ResourceArn=arn, TagKeyList=["a"])
        self.assertEqual(self.backup.list_tags(ResourceArn=arn)["Tags"], {"Name": "hubs", "b": "2"})
        metadata = self.backup.get_recovery_point_restore_metadata(BackupVaultName=self.vault, RecoveryPointArn=arn)
        self.assertEqual(metadata["RestoreMetadata"]["file-system-id"], self.fs)


class Restores(Case):
    def test_into_the_same_file_system_beside_what_is_there(self):
        before = tree(self.root)
        arn = self.completed()
        (self.root / "project/x/a.txt").write_bytes(b"changed")
        job = self.restore(arn)
        self.assertEqual((job["Status"], job["CreatedResourceArn"]), ("COMPLETED", self.arn))
        self.assertEqual(job["SourceResourceArn"], self.arn)
        [directory] = self.restored(self.root)
        self.assertEqual(tree(directory), before)
        self.assertEqual((self.root / "project/x/a.txt").read_bytes(), b"changed")
        self.restore(arn)
        self.assertEqual(len(self.restored(self.root)), 2)
        self.assertIn("LastRestoreTime", self.point(arn))
        jobs = self.backup.list_restore_jobs(ByStatus="COMPLETED")["RestoreJobs"]
        self.assertIn(job["RestoreJobId"], [listed["RestoreJobId"] for listed in jobs])
        metadata = self.backup.get_restore_job_metadata(RestoreJobId=job["RestoreJobId"])["Metadata"]
        self.assertEqual(metadata["newFileSystem"], "false")

    def test_a_file_system_has_one_job_at_a_time_also_of_another_kind(self):
        arn = self.completed()
        lab("PUT", "/durations", {"backup_job": 500})
        backup = self.job(self.start(), "RUNNING")
        metadata = {"file-system-id": self.fs, "newFileSystem": "false", "CreationToken": uuid.uuid4().hex}
        started = self.backup.start_restore_job(RecoveryPointArn=arn, Metadata=metadata, IamRoleArn=ROLE)
        status = lambda: self.backup.describe_restore_job(RestoreJobId=started["RestoreJobId"])["Status"]
        self.assertEqual(self.backup.describe_backup_job(BackupJobId=backup["BackupJobId"])["State"], "RUNNING")
        self.assertEqual(status(), "PENDING")
        lab("POST", "/clock", {"advance_seconds": 501})
        until(status, lambda status: status != "PENDING", "the restore's turn")

    def test_into_a_new_file_system_also_when_the_old_one_is_gone(self):
        before = tree(self.root)
        arn = self.completed()
        self.efs.delete_file_system(FileSystemId=self.fs)
        job = self.restore(arn, newFileSystem="true", Encrypted="true", PerformanceMode="generalPurpose")
        self.assertEqual(job["Status"], "COMPLETED")
        new = job["CreatedResourceArn"].rsplit("/", 1)[1]
        self.assertNotEqual(new, self.fs)
        [directory] = self.restored(pathlib.Path(lab("GET", "/efs")[new]))
        self.assertEqual(tree(directory), before)
        self.assertTrue(self.efs.describe_file_systems(FileSystemId=new)["FileSystems"][0]["Encrypted"])

    def test_only_some_items(self):
        arn = self.completed()
        self.restore(arn, ItemsToRestore=json.dumps(["/project/x"]))
        [directory] = self.restored(self.root)
        self.assertEqual(set(tree(directory)), {"project", "project/x", "project/x/a.txt"})

    def test_wrong_metadata_is_accepted_and_fails_later(self):
        arn = self.completed()
        for wrong, named in [
            ({"CreationToken": None}, "CreationToken"),
            ({"file_system_id": None}, "file-system-id"),
            ({"newFileSystem": "maybe"}, "newFileSystem"),
            ({"KmsKeyId": "k"}, "Encrypted"),
            ({"file_system_id": "fs-00000000"}, "fs-00000000"),
            ({"ItemsToRestore": json.dumps(["/no/such/file"])}, "no/such/file"),
        ]:
            with self.subTest(named=named):
                job = self.restore(arn, **wrong)
                self.assertEqual(job["Status"], "FAILED")
                self.assertIn(named, job["StatusMessage"])
        self.assertEqual(self.restored(self.root), [])

    def test_a_failed_one_leaves_its_directory_under_another_name(self):
        arn = self.completed()
        for kind, status in [("job_failed", "FAILED"), ("job_partial", "FAILED"), ("job_aborted", "ABORTED")]:
            lab("POST", "/faults", {"action": "StartRestoreJob", "nth": 1, "kind": kind})
            self.assertEqual(self.restore(arn)["Status"], status)
        self.assertEqual(self.restored(self.root), [])
        self.assertEqual(len(self.restored(self.root, "failed-restore")), 3)

    def test_a_token_starts_one_and_unknown_points_are_refused(self):
        arn = self.completed()
        metadata = {"file-system-id": self.fs, "newFileSystem": "false", "CreationToken": "c"}
        options = {"RecoveryPointArn": arn, "Metadata": metadata, "IamRoleArn": ROLE, "IdempotencyToken": self.vault}
        first = self.backup.start_restore_job(**options)["RestoreJobId"]
        self.assertEqual(self.backup.start_restore_job(**options)["RestoreJobId"], first)
        errors = self.backup.exceptions
        with self.assertRaises(errors.ResourceNotFoundException):
            self.backup.start_restore_job(RecoveryPointArn=arn + "0", Metadata={}, IamRoleArn=ROLE)
        with self.assertRaises(errors.InvalidParameterValueException):
            self.backup.start_restore_job(RecoveryPointArn=arn, Metadata={}, ResourceType="DynamoDB")
        with self.assertRaises(errors.ResourceNotFoundException):
            self.backup.describe_restore_job(RestoreJobId="x")

    def test_progress_grows(self):
        arn = self.completed()
        lab("PUT", "/durations", {"restore_job": 1000})
        metadata = {"file-system-id": self.fs, "newFileSystem": "false", "CreationToken": "c"}
        started = self.backup.start_restore_job(RecoveryPointArn=arn, Metadata=metadata, IamRoleArn=ROLE)

        def ask():
            return self.backup.describe_restore_job(RestoreJobId=started["RestoreJobId"])

        percents = [float(until(ask, lambda job: job["Status"] == "RUNNING", "running")["PercentDone"].rstrip("%"))]
        for _ in range(2):
            lab("POST", "/clock", {"advance_seconds": 400})
            percents.append(float(ask()["PercentDone"].rstrip("%")))
        self.assertEqual(percents, sorted(set(percents)))
        lab("POST", "/clock", {"advance_seconds": 400})
        until(ask, lambda job: job["Status"] == "COMPLETED", "completed")


class Copies(Case):
    def test_a_copy_is_a_recovery_point_of_its_own(self):
        arn = self.completed()
        other = self.backup.create_backup_vault(BackupVaultName=self.vault + "-2")
        options = {
            "RecoveryPointArn": arn,
            "SourceBackupVaultName": self.vault,
            "DestinationBackupVaultArn": other["BackupVaultArn"],
            "IamRoleArn": ROLE,
            "IdempotencyToken": self.vault,
        }
        started = self.backup.start_copy_job(**options)
        self.assertEqual(self.backup.start_copy_job(**options)["CopyJobId"], started["CopyJobId"])

        def ask():
            return self.backup.describe_copy_job(CopyJobId=started["CopyJobId"])["CopyJob"]

        job = until(ask, lambda job: job["State"] == "COMPLETED", "copy job")
        copy = job["DestinationRecoveryPointArn"]
        point = self.point(copy, self.vault + "-2")
        self.assertEqual(point["Status"], "COMPLETED")
        self.assertTrue(point["SourceBackupVaultArn"].endswith(self.vault))
        places = lab("GET", "/recovery-points")
        self.assertEqual(tree(places[copy]), tree(places[arn]))
        jobs = self.backup.list_copy_jobs(ByResourceArn=self.arn)["CopyJobs"]
        self.assertEqual([listed["CopyJobId"] for listed in jobs], [started["CopyJobId"]])
        errors = self.backup.exceptions
        with self.assertRaises(errors.InvalidParameterValueException):
            self.backup.start_copy_job(**options | {"DestinationBackupVaultArn": "x", "IdempotencyToken": "1"})
        with self.assertRaises(errors.ResourceNotFoundException):
            self.backup.start_copy_job(**options | {"RecoveryPointArn": arn + "0", "IdempotencyToken": "2"})
        with self.assertRaises(errors.ResourceNotFoundException):
            self.backup.describe_copy_job(CopyJobId="x")
        lab("POST", "/faults", {"action": "StartCopyJob", "nth": 1, "kind": "job_failed"})
        started = self.backup.start_copy_job(**options | {"IdempotencyToken": "f" + self.vault})
        job = until(ask, lambda job: job["State"] == "FAILED", "copy job")
        self.assertTrue(job["StatusMessage"])


if __name__ == "__main__":
    unittest.main()
