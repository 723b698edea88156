"""Does the lab's Route 53 behave like AWS's where a cut-over relies on it? Run with the environment of a running lab."""

import unittest
import uuid

from botocore.exceptions import ClientError

from labkit import client


class Route53(unittest.TestCase):
    def setUp(self):
        self.route_53 = client("route53")
        self.domain = f"zone-{uuid.uuid4().hex[:8]}.example.org"
        zone = self.route_53.create_hosted_zone(Name=self.domain, CallerReference=self.domain)
        self.zone = zone["HostedZone"]["Id"].rsplit("/")[-1]
        self.name = f"db.{self.domain}"

    def record(self, value, ttl=60, name=None, **more):
        name = name or self.name
        return {"Name": name, "Type": "CNAME", "TTL": ttl, "ResourceRecords": [{"Value": value}], **more}

    def change(self, *changes):
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record} for action, record in changes]}
        return self.route_53.change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch=batch)["ChangeInfo"]

    def listed(self, name, most="2"):
        found = self.route_53.list_resource_record_sets(HostedZoneId=self.zone, StartRecordName=name, MaxItems=most)
        return [(record["Name"], record["Type"], record["ResourceRecords"][0]["Value"]) for record in found["ResourceRecordSets"]]

    def refused(self, code, status, call, *given, **named):
        with self.assertRaises(ClientError) as refused:
            call(*given, **named)
        answer = refused.exception.response
        self.assertEqual((answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]), (code, status))
        return answer["Error"]["Message"]

    def test_a_record_is_replaced_in_one_batch_that_propagates(self):
        self.change(("CREATE", self.record("one.example.org")))
        change = self.change(("DELETE", self.record("one.example.org")), ("CREATE", self.record("two.example.org")))
        self.assertEqual(change["Status"], "PENDING")
        # Also what has not propagated yet.
        self.assertEqual(self.listed(self.name)[0], (f"{self.name}.", "CNAME", "two.example.org"))
        waiter = self.route_53.get_waiter("resource_record_sets_changed")
        waiter.wait(Id=change["Id"], WaiterConfig={"Delay": 1})
        self.assertEqual(self.route_53.get_change(Id=change["Id"])["ChangeInfo"]["Status"], "INSYNC")

    def test_a_record_may_be_replaced_by_the_same(self):
        self.change(("CREATE", self.record("one.example.org")))
        self.change(("DELETE", self.record("one.example.org")), ("CREATE", self.record("one.example.org")))
        self.assertEqual(self.listed(self.name)[0][2], "one.example.org")

    def test_what_is_not_exactly_as_a_deletion_says_is_kept_whole(self):
        self.change(("CREATE", self.record("one.example.org")))
        for other in (self.record("two.example.org"), self.record("one.example.org", ttl=61)):
            words = self.refused(
                "InvalidChangeBatch", 400, self.change, ("DELETE", other), ("CREATE", self.record("three.example.org"))
            )
            self.assertIn("do not match the current values", words)
            self.assertTrue(words.startswith("[") and words.endswith("]"), words)
        self.assertEqual(self.listed(self.name)[0][2], "one.example.org")
        words = self.refused("InvalidChangeBatch", 400, self.change, ("DELETE", self.record("x", name=f"no.{self.domain}")))
        self.assertIn("not found", words)
        words = self.refused("InvalidChangeBatch", 400, self.change, ("CREATE", self.record("two.example.org")))
        self.assertIn("already exists", words)

    def test_a_cname_is_the_only_record_of_its_name(self):
        self.change(("CREATE", self.record("one.example.org")))
        address = {"Name": self.name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
        self.refused("InvalidChangeBatch", 400, self.change, ("CREATE", address))
        self.assertEqual(self.listed(self.name, "1"), [(f"{self.name}.", "CNAME", "one.example.org")])

    def test_records_are_listed_from_a_name_on_in_lower_case(self):
        self.change(("CREATE", self.record("one.example.org", name=f"DB.{self.domain}")))
        self.change(("CREATE", self.record("two.example.org", name=f"www.{self.domain}")))
        names = [name for name, _, _ in self.listed(self.name)]
        self.assertEqual(names, [f"{self.name}.", f"www.{self.domain}."])

    def test_a_record_without_a_ttl_is_refused(self):
        record = self.record("one.example.org")
        del record["TTL"]
        self.refused("InvalidChangeBatch", 400, self.change, ("CREATE", record))

    def test_what_does_not_exist_is_not_found(self):
        self.refused("NoSuchHostedZone", 404, self.route_53.list_resource_record_sets, HostedZoneId="Z0000000000000")
        self.refused("NoSuchChange", 404, self.route_53.get_change, Id="C0000000000000")


if __name__ == "__main__":
    unittest.main()
