"""Corrects MiniStack 1.5.33's DynamoDB where it differs from AWS's in a way that matters to Holdfast.

- A backup may take time: it is CREATING, then AVAILABLE. (AWS's take seconds, for tables of any size.)
- A restore takes time: the table is CREATING and unusable, then ACTIVE; its RestoreSummary names its source.
- A restore honours its overrides of throughput and encryption, and takes the source's encryption without one.
- Point-in-time recovery has a window, keeps its RecoveryPeriodInDays, and restores the items as of the requested moment.
- Deleting a table with point-in-time recovery leaves a SYSTEM backup, and deletes the table's policy and insights.
- The number and size of a table's items, and the size of a backup, are measured every six hours: 0 at first.
- ListBackups lists USER backups by default, and filters by time range.
- A restored table is UPDATING for a moment after its stream or class was changed: nothing else can be changed meanwhile.
"""

import copy
import functools
import json
import time
from collections import defaultdict

from ministack.core.responses import error_response_json
from ministack.services import dynamodb

HISTORY = "_lab_history"
READY_AT = "_lab_ready_at"
STABLE_AT = "_lab_stable_at"
AVAILABLE_AT = "_lab_available_at"
MEASURED = "_lab_measured"
SIZE = "_lab_size"
MEASURED_EVERY = 6 * 3600
DAY = 24 * 3600
SYSTEM_BACKUP_DAYS = 35
UPDATE_SECONDS = 0.2

# Seconds of the lab's clock.
durations = {"table_restore": 1.0, "table_backup": 0.0}

# Since when each table's point-in-time recovery is enabled, and its period in days, stored like MiniStack's flag.
_since = dynamodb.AccountRegionScopedDict()


def _body(answer):
    return json.loads(answer[2])


def _table(request):
    return dynamodb._tables.get(dynamodb._normalize_table_name(request.get("TableName") or ""))


def _is_creating(table):
    return time.time() < table.get(READY_AT, 0)


def _in_use(name):
    return error_response_json(
        "ResourceInUseException", f"Attempt to change a resource which is still in use: Table: {name}", 400
    )


def _read_conditions_once():
    """For speed only: MiniStack parses a condition again for each item that it evaluates."""
    dynamodb._condition_syntax_error = functools.lru_cache(dynamodb._condition_syntax_error)
    tokenize = functools.lru_cache(dynamodb._tokenize)
    dynamodb._tokenize = lambda expression: list(tokenize(expression))


def _keep_history():
    """Records every change of an item of a table with point-in-time recovery, with the previous item."""
    store, remove, replaced = dynamodb._set_item, dynamodb._remove_item, dynamodb._items_replaced

    def note(table, pk, sk, before):
        if dynamodb._pitr_settings.get(table["TableName"]):
            table.setdefault(HISTORY, []).append((time.time(), pk, sk, copy.deepcopy(before)))

    def set_item(table, pk, sk, item):
        note(table, pk, sk, table["items"].get(pk, {}).get(sk))
        return store(table, pk, sk, item)

    def remove_item(table, pk, sk):
        note(table, pk, sk, table["items"].get(pk, {}).get(sk))
        return remove(table, pk, sk)

    def items_replaced(table):
        table.pop(HISTORY, None)
        replaced(table)

    dynamodb._set_item, dynamodb._remove_item, dynamodb._items_replaced = set_item, remove_item, items_replaced


def _items_at(table, moment):
    """The items as of the moment: later changes are reverted, the latest first."""
    items = copy.deepcopy({pk: dict(by_sk) for pk, by_sk in table["items"].items()})
    for at, pk, sk, before in reversed(table.get(HISTORY, [])):
        if at <= moment:
            break
        if before is None:
            items.get(pk, {}).pop(sk, None)
        else:
            items.setdefault(pk, {})[sk] = copy.deepcopy(before)
    return defaultdict(dict, {pk: by_sk for pk, by_sk in items.items() if by_sk})


def _window(name):
    """Earliest and latest restorable time: a second ago. (AWS is up to five minutes behind.)"""
    recovery = _since[name]
    earliest = max(recovery["since"], time.time() - recovery["days"] * DAY)
    return earliest, max(earliest, time.time() - 1)


def _open_windows():
    describe, update = dynamodb._describe_continuous_backups, dynamodb._update_continuous_backups

    def describe_continuous_backups(request):
        name = dynamodb._normalize_table_name(request.get("TableName") or "")
        if name not in dynamodb._tables:
            return error_response_json("TableNotFoundException", f"Table not found: {name}", 400)
        answer = describe(request)
        body = _body(answer)
        recovery = body["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        if recovery["PointInTimeRecoveryStatus"] == "ENABLED" and name in _since:
            earliest, latest = _window(name)
            recovery["EarliestRestorableDateTime"], recovery["LatestRestorableDateTime"] = earliest, latest
            recovery["RecoveryPeriodInDays"] = _since[name]["days"]
        return dynamodb.json_response(body)

    def update_continuous_backups(request):
        name = dynamodb._normalize_table_name(request.get("TableName") or "")
        answer = update(request)
        if answer[0] != 200:
            return answer
        wanted = request.get("PointInTimeRecoverySpecification", {})
        if wanted.get("PointInTimeRecoveryEnabled"):
            earlier = _since.get(name) or {"since": time.time(), "days": 35}
            _since[name] = {**earlier, "days": wanted.get("RecoveryPeriodInDays", earlier["days"])}
        else:
            _since.pop(name, None)
            dynamodb._tables[name].pop(HISTORY, None)
        return describe_continuous_backups(request)

    dynamodb._describe_continuous_backups = describe_continuous_backups
    dynamodb._update_continuous_backups = update_continuous_backups


def _finish(request, answer, source):
    """Adds what MiniStack left out of a table that it has just restored. `source`: the origin, the time, the encryption."""
    if answer[0] != 200:
        return answer
    name = request["TargetTableName"]
    table = dynamodb._tables[name]
    table[READY_AT] = time.time() + durations["table_restore"]
    table["RestoreSummary"] = {"RestoreInProgress": True, **source["summary"]}
    if table["BillingModeSummary"]["BillingMode"] == "PROVISIONED" and request.get("ProvisionedThroughputOverride"):
        table["ProvisionedThroughput"] = request["ProvisionedThroughputOverride"]
    limits = request.get("OnDemandThroughputOverride") or source.get("on_demand")
    if table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST" and limits:
        table["OnDemandThroughput"] = limits
    override = request.get("SSESpecificationOverride")
    table["SSEDescription"] = source["encryption"]
    if override is not None:
        table["SSEDescription"] = dynamodb._sse_description_from_spec(override) if override.get("Enabled") else None
    return dynamodb.json_response({"TableDescription": dynamodb._table_description(name)})


def _take_time():
    from_backup, to_time = dynamodb._restore_table_from_backup, dynamodb._restore_table_to_point_in_time
    describe = dynamodb._table_description

    def table_description(name):
        table = dynamodb._tables[name]
        described = describe(name)
        if "RestoreSummary" in table:
            described["RestoreSummary"] = {**table["RestoreSummary"], "RestoreInProgress": _is_creating(table)}
            if _is_creating(table):
                described["TableStatus"] = "CREATING"
            elif time.time() < table.get(STABLE_AT, 0):
                described["TableStatus"] = "UPDATING"
        return described

    def restore_table_from_backup(request):
        answer = from_backup(request)
        backup = dynamodb._backups.get(request.get("BackupArn")) or {}
        details, features = backup.get("SourceTableDetails", {}), backup.get("SourceTableFeatureDetails", {})
        summary = {
            "SourceBackupArn": request.get("BackupArn"),
            "SourceTableArn": details.get("TableArn"),
            "RestoreDateTime": backup.get("BackupDetails", {}).get("BackupCreationDateTime"),
        }
        return _finish(request, answer, {"summary": summary, "encryption": features.get("SSEDescription")})

    def restore_table_to_point_in_time(request):
        name = request.get("SourceTableName") or dynamodb._normalize_table_name(request.get("SourceTableArn") or "")
        table = dynamodb._tables.get(name)
        if table is None or request.get("TargetTableName") in dynamodb._tables:
            return to_time(request)
        if not dynamodb._pitr_settings.get(name) or name not in _since:
            return error_response_json(
                "PointInTimeRecoveryUnavailableException", f"Point in time recovery is not enabled for table: {name}", 400
            )
        earliest, latest = _window(name)
        moment = latest if request.get("UseLatestRestorableTime") else request.get("RestoreDateTime")
        if moment is None or not earliest <= moment <= latest:
            return error_response_json(
                "InvalidRestoreTimeException", f"The restore time must be from {earliest} to {latest}", 400
            )
        answer = to_time(request)
        if answer[0] == 200:
            target = dynamodb._tables[request["TargetTableName"]]
            target["items"] = _items_at(table, moment)
            dynamodb._items_replaced(target)
        source = {
            "summary": {"SourceTableArn": table["TableArn"], "RestoreDateTime": moment},
            "encryption": copy.deepcopy(table.get("SSEDescription")),
            "on_demand": table.get("OnDemandThroughput"),
        }
        return _finish(request, answer, source)

    dynamodb._table_description = table_description
    dynamodb._restore_table_from_backup = restore_table_from_backup
    dynamodb._restore_table_to_point_in_time = restore_table_to_point_in_time


def _measured(of, measure):
    """The last measurement and its time, stored by `of`. Empty for what is new."""
    last = of.setdefault(MEASURED, {"at": time.time()})
    if time.time() >= last["at"] + MEASURED_EVERY:
        last.update(measure(), at=time.time())
    return last


def _measure_late():
    describe, create = dynamodb._table_description, dynamodb._create_backup

    def measured(table):
        return _measured(table, lambda: {"items": table["ItemCount"], "bytes": table["TableSizeBytes"]})

    def table_description(name):
        described, last = describe(name), measured(dynamodb._tables[name])
        described["ItemCount"], described["TableSizeBytes"] = last.get("items", 0), last.get("bytes", 0)
        return described

    def create_backup(request):
        answer = create(request)
        if answer[0] != 200:
            return answer
        backup = dynamodb._backups[_body(answer)["BackupDetails"]["BackupArn"]]
        last, size = measured(_table(request)), backup["BackupDetails"]["BackupSizeBytes"]
        backup["SourceTableDetails"].update(ItemCount=last.get("items", 0), TableSizeBytes=last.get("bytes", 0))
        backup[SIZE], backup["BackupDetails"]["BackupSizeBytes"] = size, 0
        backup[MEASURED] = {"at": time.time()}
        return dynamodb.json_response({"BackupDetails": backup["BackupDetails"]})

    dynamodb._table_description, dynamodb._create_backup = table_description, create_backup


def _create_backups():
    """A backup is CREATING for as long as backups take, and AVAILABLE for later calls."""
    create = dynamodb._create_backup

    def create_backup(request):
        answer = create(request)
        if answer[0] != 200 or durations["table_backup"] <= 0:
            return answer
        backup = dynamodb._backups[_body(answer)["BackupDetails"]["BackupArn"]]
        backup["BackupDetails"]["BackupStatus"] = "CREATING"
        backup[AVAILABLE_AT] = time.time() + durations["table_backup"]
        return dynamodb.json_response({"BackupDetails": backup["BackupDetails"]})

    dynamodb._create_backup = create_backup
    for name in ("_describe_backup", "_list_backups", "_delete_backup", "_restore_table_from_backup"):

        def see(request, go_on=getattr(dynamodb, name), name=name):
            for backup in dynamodb._backups.values():
                last = _measured(backup, lambda backup=backup: {"bytes": backup.get(SIZE, 0)})
                backup["BackupDetails"]["BackupSizeBytes"] = last.get("bytes", 0)
                if time.time() >= backup.get(AVAILABLE_AT, 0):
                    backup["BackupDetails"]["BackupStatus"] = "AVAILABLE"
            backup = dynamodb._backups.get(request.get("BackupArn"), {})
            creating = backup.get("BackupDetails", {}).get("BackupStatus") == "CREATING"
            if creating and name in ("_delete_backup", "_restore_table_from_backup"):
                message = f"Backup is being created: {request['BackupArn']}"
                return error_response_json("BackupInUseException", message, 400)
            return go_on(request)

        setattr(dynamodb, name, see)


def _be_in_use():
    """A table that is being restored or updated can't be changed, and one that is being restored can't be read."""
    for name in ("_delete_table", "_update_table", "_update_ttl", "_enable_kinesis_streaming_destination", "_create_backup"):

        def change(request, go_on=getattr(dynamodb, name), name=name):
            table = _table(request)
            if table and (_is_creating(table) or (name != "_create_backup" and time.time() < table.get(STABLE_AT, 0))):
                return _in_use(request["TableName"])
            answer = go_on(request)
            if table and "RestoreSummary" in table and {"StreamSpecification", "TableClass"} & set(request):
                table[STABLE_AT] = time.time() + UPDATE_SECONDS
            return answer

        setattr(dynamodb, name, change)
    for name in ("_get_item", "_put_item", "_update_item", "_delete_item", "_scan", "_query"):

        def use(request, go_on=getattr(dynamodb, name)):
            table = _table(request)
            if table and _is_creating(table):
                return error_response_json("ResourceNotFoundException", "Requested resource not found", 400)
            return go_on(request)

        setattr(dynamodb, name, use)


def _leave_backups():
    delete = dynamodb._delete_table

    def delete_table(request):
        name = dynamodb._normalize_table_name(request.get("TableName") or "")
        table = dynamodb._tables.get(name)
        backup = None
        if table and dynamodb._pitr_settings.get(name):
            made = _body(dynamodb._create_backup({"TableName": name, "BackupName": f"{name}$DeletedTableBackup"}))
            backup = made.get("BackupDetails", {}).get("BackupArn")
        answer = delete(request)
        if answer[0] != 200:
            dynamodb._backups.pop(backup, None)
            return answer
        if backup:
            expires = time.time() + SYSTEM_BACKUP_DAYS * DAY
            dynamodb._backups[backup]["BackupDetails"].update(BackupType="SYSTEM", BackupExpiryDateTime=expires)
        _since.pop(name, None)
        dynamodb._resource_policies.pop(table["TableArn"], None)
        indexes = [index["IndexName"] for index in table.get("GlobalSecondaryIndexes") or []]
        for index in [None, *indexes]:
            dynamodb._contributor_insights.pop(dynamodb._ci_key(name, index), None)
        return answer

    def list_backups(request):
        """MiniStack's own, without its filters' gaps: everything, filtered, then split into pages."""
        table = dynamodb._normalize_table_name(request.get("TableName") or "")
        kind = request.get("BackupType", "USER")
        found = []
        for arn, backup in dynamodb._backups.items():
            source, details = backup["SourceTableDetails"], backup["BackupDetails"]
            made = details["BackupCreationDateTime"]
            if (
                (not table or source["TableName"] == table)
                and kind in ("ALL", details["BackupType"])
                and request.get("TimeRangeLowerBound", made) <= made
                and made < request.get("TimeRangeUpperBound", made + 1)
            ):
                named = {key: source.get(key) for key in ("TableName", "TableId", "TableArn")}
                found.append({**named, **details, "BackupArn": arn})
        arns = [one["BackupArn"] for one in found]
        after = request.get("ExclusiveStartBackupArn")
        start = arns.index(after) + 1 if after in arns else 0
        page = found[start : start + request.get("Limit", 100)]
        answer = {"BackupSummaries": page}
        if start + len(page) < len(found):
            answer["LastEvaluatedBackupArn"] = page[-1]["BackupArn"]
        return dynamodb.json_response(answer)

    dynamodb._delete_table, dynamodb._list_backups = delete_table, list_backups


def apply():
    """Installs all corrections; fails if MiniStack's internals differ from the version that they were written for."""
    _read_conditions_once()
    _keep_history()
    _open_windows()
    _take_time()
    _leave_backups()
    _measure_late()
    _create_backups()
    _be_in_use()
