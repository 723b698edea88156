"""Corrects MiniStack 1.5.33's EC2 Auto Scaling where a cut-over relies on it.

- An instance refresh is Pending, InProgress, and Successful after the lab's `instance_refresh` seconds; meanwhile it replaces the group's
  instances by new ones, one after the other. With SkipMatching, it replaces none that has the group's launch template.
- A group has one refresh at a time; another one is refused with InstanceRefreshInProgress.
- An instance that is protected from scale in, or in standby, holds it up, and after an hour it fails; unless it is ignored or replaced,
  as the request says: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RefreshPreferences.html.
- A refresh that is cancelled is Cancelling first, and what it has replaced stays.
- DescribeInstanceRefreshes returns 50 at most, the newest first, with their preferences.
- A `job_failed` fault at StartInstanceRefresh lets it fail at half, `job_stuck` keeps it in progress for ever.
- A group has something to launch instances from.
"""

import contextvars
import time

from ministack.core.responses import new_uuid, now_iso
from ministack.services import autoscaling

SHORTEST_SECONDS = 0.05
# The share of its time for which a refresh is pending.
PENDING = 0.1
PATIENCE_SECONDS = 3600
ENDED = ("Successful", "Failed", "Cancelled")
PAGE = 50
LAUNCHES_FROM = ("LaunchConfigurationName", "LaunchTemplate.LaunchTemplateId", "LaunchTemplate.LaunchTemplateName", "InstanceId")
PREFERENCES = {
    "MinHealthyPercentage": "90",
    "InstanceWarmup": None,
    "SkipMatching": "false",
    "ScaleInProtectedInstances": "Wait",
    "StandbyInstances": "Wait",
}

# The front door's instructions for a refresh that a call starts: {"seconds", "job"}.
ORDER = contextvars.ContextVar("order", default=None)


def _is_protected(instance):
    return instance["ProtectedFromScaleIn"]


def _is_in_standby(instance):
    return instance["LifecycleState"] in ("Standby", "EnteringStandby")


def _to_replace(group, preferences):
    """The ids of the instances that a refresh replaces."""
    matching = group.get("LaunchTemplate") if preferences["SkipMatching"] == "true" else None
    return [
        instance["InstanceId"]
        for instance in group["Instances"]
        if not (matching and instance.get("LaunchTemplate") == matching)
        and not (_is_protected(instance) and preferences["ScaleInProtectedInstances"] == "Ignore")
        and not (_is_in_standby(instance) and preferences["StandbyInstances"] == "Ignore")
    ]


def _holds(instance, preferences):
    protected = _is_protected(instance) and preferences["ScaleInProtectedInstances"] == "Wait"
    return protected or (_is_in_standby(instance) and preferences["StandbyInstances"] == "Wait")


def _end(refresh, status, reason=None):
    refresh.update(Status=status, EndTime=now_iso())
    refresh.pop("StatusReason", None)
    if reason:
        refresh["StatusReason"] = reason


def _replace(group, ids):
    group["Instances"][:] = [instance for instance in group["Instances"] if instance["InstanceId"] not in ids]
    autoscaling._reconcile_instances(group)


def _advance(group, refresh):
    """Brings a refresh, and the group's instances, to where they are by now."""
    if refresh["Status"] == "Cancelling":
        return _end(refresh, "Cancelled", "Cancelled due to user request.")
    order, elapsed = refresh["_order"], time.time() - refresh["_begun"]
    share = min(elapsed / max(order.get("seconds", 0.0), SHORTEST_SECONDS), 1.0)
    if share < PENDING:
        return None
    refresh["Status"] = "InProgress"
    refresh.setdefault("StartTime", now_iso())
    all_of_them, preferences = refresh["_replaces"], refresh["Preferences"]
    live = {instance["InstanceId"]: instance for instance in group["Instances"]}
    # Those that were ended meanwhile need no replacement.
    left = [name for name in all_of_them if name in live]
    job = order.get("job", "")
    due = int(share * len(all_of_them))
    if job == "job_failed":
        due = min(due, len(all_of_them) // 2)
    elif job == "job_stuck":
        due = min(due, len(all_of_them) - 1)
    free = [name for name in left if not _holds(live[name], preferences)]
    now = free[: max(due - (len(all_of_them) - len(left)), 0)]
    _replace(group, now)
    left = [name for name in left if name not in now]
    refresh["InstancesToUpdate"] = len(left)
    refresh["PercentageComplete"] = 100 * (len(all_of_them) - len(left)) // len(all_of_them) if all_of_them else 100
    if job == "job_failed" and share >= 0.5:
        return _end(refresh, "Failed", "The lab was asked to fail it.")
    if left and len(free) < len(left) + len(now) and share == 1.0:
        refresh["StatusReason"] = "Waiting for instances that are protected from scale in, or in standby."
        if elapsed > PATIENCE_SECONDS:
            return _end(refresh, "Failed", "Instances were protected from scale in, or in standby, for an hour.")
    elif not left and share == 1.0 and job != "job_stuck":
        return _end(refresh, "Successful")
    return None


def _active(group):
    return next((refresh for refresh in group.get("InstanceRefreshes", []) if refresh["Status"] not in ENDED), None)


def _start(request):
    name = autoscaling._p(request, "AutoScalingGroupName")
    group = autoscaling._asgs.get(name)
    if not group:
        return autoscaling._error("ValidationError", f"AutoScalingGroup name not found - AutoScalingGroup {name} not found")
    if _active(group):
        words = "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh."
        return autoscaling._error("InstanceRefreshInProgress", words)
    preferences = {
        member: autoscaling._p(request, f"Preferences.{member}") or default for member, default in PREFERENCES.items()
    }
    preferences["InstanceWarmup"] = preferences["InstanceWarmup"] or str(group["HealthCheckGracePeriod"])
    replaces = _to_replace(group, preferences)
    refresh = {
        "InstanceRefreshId": new_uuid(),
        "AutoScalingGroupName": name,
        "Status": "Pending",
        "PercentageComplete": 0,
        "InstancesToUpdate": len(replaces),
        "Preferences": preferences,
        "_begun": time.time(),
        "_order": ORDER.get() or {},
        "_replaces": replaces,
    }
    group.setdefault("InstanceRefreshes", []).insert(0, refresh)
    inner = f"<InstanceRefreshId>{refresh['InstanceRefreshId']}</InstanceRefreshId>"
    return autoscaling._xml(200, "StartInstanceRefreshResponse", f"<StartInstanceRefreshResult>{inner}</StartInstanceRefreshResult>")


def _describe(request):
    name = autoscaling._p(request, "AutoScalingGroupName")
    group = autoscaling._asgs.get(name)
    if not group:
        return autoscaling._error("ValidationError", f"AutoScalingGroup name not found - AutoScalingGroup {name} not found")
    wanted = autoscaling._parse_member_list(request, "InstanceRefreshIds")
    listed = [one for one in group.get("InstanceRefreshes", []) if not wanted or one["InstanceRefreshId"] in wanted]
    begin = int(autoscaling._p(request, "NextToken") or 0)
    end = begin + int(autoscaling._p(request, "MaxRecords") or PAGE)
    shown = [{member: value for member, value in one.items() if not member.startswith("_")} for one in listed[begin:end]]
    members = "".join(f"<member>{autoscaling._member_xml(one)}</member>" for one in shown)
    token = f"<NextToken>{end}</NextToken>" if end < len(listed) else ""
    inner = f"<InstanceRefreshes>{members}</InstanceRefreshes>{token}"
    result = f"<DescribeInstanceRefreshesResult>{inner}</DescribeInstanceRefreshesResult>"
    return autoscaling._xml(200, "DescribeInstanceRefreshesResponse", result)


def _cancel(request):
    group = autoscaling._asgs.get(autoscaling._p(request, "AutoScalingGroupName"))
    active = group and _active(group)
    if not active:
        words = "No in progress or pending Instance Refresh found for Auto Scaling group."
        return autoscaling._error("ActiveInstanceRefreshNotFound", words)
    active["Status"] = "Cancelling"
    inner = f"<InstanceRefreshId>{active['InstanceRefreshId']}</InstanceRefreshId>"
    result = f"<CancelInstanceRefreshResult>{inner}</CancelInstanceRefreshResult>"
    return autoscaling._xml(200, "CancelInstanceRefreshResponse", result)


def apply():
    create, hear = autoscaling._ACTION_MAP["CreateAutoScalingGroup"], autoscaling.handle_request

    def create_group(request):
        if not any(autoscaling._p(request, member) for member in LAUNCHES_FROM):
            words = "Valid requests must contain either launchTemplate, launchConfigurationName, or InstanceId parameter"
            return autoscaling._error("ValidationError", words)
        return create(request)

    async def handle_request(method, path, headers, body, query):
        ORDER.set({"seconds": float(headers.get("x-lab-seconds", 0)), "job": headers.get("x-lab-job", "")})
        for group in list(autoscaling._asgs.values()):
            active = _active(group)
            if active:
                _advance(group, active)
        return await hear(method, path, headers, body, query)

    autoscaling._ACTION_MAP.update(
        CreateAutoScalingGroup=create_group,
        StartInstanceRefresh=_start,
        DescribeInstanceRefreshes=_describe,
        CancelInstanceRefresh=_cancel,
    )
    autoscaling.handle_request = handle_request
