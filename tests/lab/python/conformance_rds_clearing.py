"""Does the control API remove every database, with its server and its files, and can their names be used again?"""

import os
import unittest

from labkit import lab
from rds_lab import ENGINE, PASSWORD, RdsTest


class Clearing(RdsTest):
    def test_databases_are_gone_with_their_files_however_often(self):
        for _ in range(2):
            live, deleted = self.create("kept"), self.create("dropped")
            snapshot = self.take_snapshot(live)
            # Its automated backup and its snapshot outlive it.
            self.take_snapshot(deleted)
            self.rds.delete_db_cluster(DBClusterIdentifier=deleted, SkipFinalSnapshot=True, DeleteAutomatedBackups=False)
            self.wait("db_cluster_deleted", DBClusterIdentifier=deleted)
            # One whose server is still being started.
            self.rds.create_db_cluster(**described("begun"))
            page = lab("GET", "/rds")
            files = [page["clusters"][live]["data_dir"], *page["snapshots"].values()]
            self.assertIn(snapshot, page["snapshots"])
            backups = self.rds.describe_db_cluster_automated_backups()["DBClusterAutomatedBackups"]
            self.assertIn(deleted, [backup["DBClusterIdentifier"] for backup in backups])
            self.assertTrue(all(os.path.isdir(path) for path in files), files)

            lab("DELETE", "/databases")

            self.assertEqual([path for path in files if os.path.exists(path)], [])
            self.assertEqual(lab("GET", "/rds"), {"clusters": {}, "snapshots": {}})
            self.assertEqual(self.rds.describe_db_clusters()["DBClusters"], [])
            self.assertEqual(self.rds.describe_db_instances()["DBInstances"], [])
            self.assertEqual(self.rds.describe_db_cluster_snapshots()["DBClusterSnapshots"], [])
            self.assertEqual(self.rds.describe_db_cluster_automated_backups()["DBClusterAutomatedBackups"], [])

    def create(self, name):
        self.rds.create_db_cluster(**described(name))
        self.wait("db_cluster_available", DBClusterIdentifier=name)
        return name


def described(name):
    return {
        "DBClusterIdentifier": name, "Engine": ENGINE, "EngineVersion": "16.8", "MasterUsername": "hubs",
        "MasterUserPassword": PASSWORD, "BackupRetentionPeriod": 7,
    }


if __name__ == "__main__":
    unittest.main()
