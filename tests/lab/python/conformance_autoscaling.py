"""Does the lab's EC2 Auto Scaling behave like AWS's where a cut-over relies on it? Run with the environment of a running lab."""

import unittest
import uuid

from botocore.exceptions import ClientError

from labkit import client, lab, until

ACTIVE = ("Pending", "InProgress")


class AutoScaling(unittest.TestCase):
    def setUp(self):
        lab("DELETE", "/faults")
        lab("PUT", "/durations", {"instance_refresh": 1.0})
        self.auto_scaling = client("autoscaling")
        self.name = f"group-{uuid.uuid4().hex[:8]}"
        template = client("ec2").create_launch_template(
            LaunchTemplateName=self.name, LaunchTemplateData={"ImageId": "ami-0123456789abcdef0", "InstanceType": "t4g.small"}
        )
        self.template = {"LaunchTemplateId": template["LaunchTemplate"]["LaunchTemplateId"], "Version": "1"}

    def create(self, size=4, **more):
        self.auto_scaling.create_auto_scaling_group(
            AutoScalingGroupName=self.name,
            LaunchTemplate=self.template,
            MinSize=0,
            MaxSize=size,
            DesiredCapacity=size,
            AvailabilityZones=["us-east-1a"],
            **more,
        )

    def instances(self):
        [group] = self.auto_scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])["AutoScalingGroups"]
        return [instance["InstanceId"] for instance in group["Instances"]]

    def start(self, **preferences):
        more = {"Preferences": preferences} if preferences else {}
        return self.auto_scaling.start_instance_refresh(AutoScalingGroupName=self.name, **more)["InstanceRefreshId"]

    def refreshes(self, **more):
        listed = self.auto_scaling.describe_instance_refreshes(AutoScalingGroupName=self.name, **more)
        return listed["InstanceRefreshes"]

    def refresh(self, name):
        [found] = self.refreshes(InstanceRefreshIds=[name])
        return found

    def ended(self, name):
        return until(lambda: self.refresh(name), lambda found: found["Status"] not in ACTIVE, f"{name} ended")

    def refused(self, code, call, **named):
        with self.assertRaises(ClientError) as refused:
            call(**named)
        answer = refused.exception.response
        self.assertEqual((answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]), (code, 400))
        return refused.exception

    def test_a_refresh_replaces_the_instances_one_after_the_other(self):
        self.create()
        before = set(self.instances())
        name = self.start()
        first = self.refresh(name)
        self.assertEqual((first["Status"], first["PercentageComplete"], first["InstancesToUpdate"]), ("Pending", 0, 4))
        self.assertNotIn("EndTime", first)
        self.assertEqual((first["Preferences"]["MinHealthyPercentage"], first["Preferences"]["SkipMatching"]), (90, False))
        half = until(lambda: self.refresh(name), lambda found: found["PercentageComplete"] >= 50, "half")
        if half["Status"] in ACTIVE:
            self.assertEqual(half["Status"], "InProgress")
            self.assertGreater(half["InstancesToUpdate"], 0)
        last = self.ended(name)
        self.assertEqual((last["Status"], last["PercentageComplete"], last["InstancesToUpdate"]), ("Successful", 100, 0))
        self.assertLess(last["StartTime"], last["EndTime"])
        after = set(self.instances())
        self.assertEqual((len(after), after & before), (4, set()))

    def test_a_group_has_one_refresh_at_a_time(self):
        self.create()
        first = self.start()
        error = self.refused(
            "InstanceRefreshInProgress", self.auto_scaling.start_instance_refresh, AutoScalingGroupName=self.name
        )
        self.assertIsInstance(error, self.auto_scaling.exceptions.InstanceRefreshInProgressFault)
        self.ended(first)
        second = self.start()
        self.assertEqual([one["InstanceRefreshId"] for one in self.refreshes()], [second, first])
        self.assertEqual([one["InstanceRefreshId"] for one in self.refreshes(MaxRecords=1)], [second])
        self.assertEqual(self.ended(second)["Status"], "Successful")

    def test_instances_that_match_are_skipped_only_on_request(self):
        self.create()
        before = self.instances()
        self.assertEqual(self.ended(self.start(SkipMatching=True))["Status"], "Successful")
        self.assertEqual(self.instances(), before)

    def test_protected_instances_hold_a_refresh_up_for_an_hour(self):
        self.create(NewInstancesProtectedFromScaleIn=True)
        before = self.instances()
        self.assertEqual(self.ended(self.start(ScaleInProtectedInstances="Ignore"))["Status"], "Successful")
        self.assertEqual(self.instances(), before)
        name = self.start()
        waits = until(lambda: self.refresh(name), lambda found: "StatusReason" in found, "waits")
        self.assertEqual((waits["Status"], waits["InstancesToUpdate"]), ("InProgress", 4))
        lab("POST", "/clock", {"advance_seconds": 3700})
        self.assertEqual(self.ended(name)["Status"], "Failed")
        self.assertEqual(self.instances(), before)
        self.assertEqual(self.ended(self.start(ScaleInProtectedInstances="Refresh"))["Status"], "Successful")

    def test_a_refresh_can_be_cancelled_and_keeps_what_it_has_replaced(self):
        self.create()
        lab("PUT", "/durations", {"instance_refresh": 600.0})
        name = self.start()
        lab("POST", "/clock", {"advance_seconds": 330})
        cancelled = self.auto_scaling.cancel_instance_refresh(AutoScalingGroupName=self.name)
        self.assertEqual(cancelled["InstanceRefreshId"], name)
        self.assertEqual(self.ended(name)["Status"], "Cancelled")
        self.assertEqual(self.refresh(name)["InstancesToUpdate"], 2)
        self.refused(
            "ActiveInstanceRefreshNotFound", self.auto_scaling.cancel_instance_refresh, AutoScalingGroupName=self.name
        )

    def test_a_refresh_can_fail_and_says_why(self):
        self.create()
        lab("POST", "/faults", {"service": "autoscaling", "action": "StartInstanceRefresh", "kind": "job_failed", "times": 1})
        before = set(self.instances())
        failed = self.ended(self.start())
        self.assertEqual((failed["Status"], failed["PercentageComplete"]), ("Failed", 50))
        self.assertIn("StatusReason", failed)
        self.assertEqual(len(set(self.instances()) & before), 2)

    def test_a_group_needs_something_to_launch(self):
        self.refused(
            "ValidationError",
            self.auto_scaling.create_auto_scaling_group,
            AutoScalingGroupName=self.name,
            MinSize=0,
            MaxSize=1,
            AvailabilityZones=["us-east-1a"],
        )

    def test_what_does_not_exist_is_refused_or_not_listed(self):
        self.refused("ValidationError", self.auto_scaling.start_instance_refresh, AutoScalingGroupName=self.name)
        self.refused("ValidationError", self.auto_scaling.describe_instance_refreshes, AutoScalingGroupName=self.name)
        found = self.auto_scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])
        self.assertEqual(found["AutoScalingGroups"], [])


if __name__ == "__main__":
    unittest.main()
