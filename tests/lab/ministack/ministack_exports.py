"""DynamoDB's exports to S3, which MiniStack 1.5.33 only records: it asks for no point-in-time recovery, and writes no file.

- A table without point-in-time recovery, and a moment outside of its window, are refused.
- The same token returns the same export for eight hours, and is refused with other parameters.
- An export is IN_PROGRESS for as long as exports take. Then its files are in the bucket: the items as of the moment, in a gzip file for
  each of a few partitions, empty ones too, and the manifests that name them; or it is FAILED, and says why.

Source: Developer Guide, "DynamoDB table export output format". Not here: incremental exports, Ion, and the permissions in S3 of whoever
asks for an export.
"""

import base64
import copy
import gzip
import hashlib
import json
import time
import zlib
from datetime import datetime, timezone

import ministack_dynamodb as tables
from ministack.core.responses import error_response_json
from ministack.services import dynamodb, s3

PARTITIONS = 3
TOKEN_SECONDS = 8 * 3600
# What identifies a request, besides its token.
PARAMETERS = ("TableArn", "S3Bucket", "S3Prefix", "ExportTime", "ExportFormat", "ExportType", "S3SseAlgorithm", "S3SseKmsKeyId")
REQUEST, ITEMS, READY_AT = "_lab_request", "_lab_items", "_lab_ready_at"

tables.durations["table_export"] = 1.0


def _described(export):
    return dynamodb.json_response({"ExportDescription": {name: export[name] for name in export if not name.startswith("_lab")}})


def _same_token(request):
    """The response to a token that was used before; None for a new one."""
    token = request.get("ClientToken")
    for export in dynamodb._exports.values():
        if token and export.get("ClientToken") == token and time.time() < export["StartTime"] + TOKEN_SECONDS:
            if export[REQUEST] == {name: request.get(name) for name in PARAMETERS}:
                return _described(export)
            return error_response_json("ExportConflictException", "There was a conflict when writing to the specified S3 bucket.", 400)
    return None


def export_table_to_point_in_time(request, checked):
    """`checked` is MiniStack's own, which checks what is required and records the export."""
    name = dynamodb._table_name_from_arn(request.get("TableArn") or "")
    table = dynamodb._tables.get(name) if name else None
    if table is None:
        return error_response_json("TableNotFoundException", f"Table not found: {request.get('TableArn')}", 400)
    again = _same_token(request)
    if again is not None:
        return again
    if request.get("ExportFormat", "DYNAMODB_JSON") != "DYNAMODB_JSON" or request.get("ExportType", "FULL_EXPORT") != "FULL_EXPORT":
        return error_response_json("ValidationException", "The lab exports whole tables as DYNAMODB_JSON only", 400)
    if not dynamodb._pitr_settings.get(name) or name not in tables._since:
        message = f"Point in time recovery is not enabled for table '{name}'"
        return error_response_json("PointInTimeRecoveryUnavailableException", message, 400)
    earliest, latest = tables._window(name)
    moment = request.get("ExportTime", latest)
    if not earliest <= moment <= latest:
        return error_response_json("InvalidExportTimeException", f"The export time must be from {earliest} to {latest}", 400)
    # MiniStack would find the export of an old token, whatever it was for.
    answer = checked({key: value for key, value in request.items() if key != "ClientToken"})
    if answer[0] != 200:
        return answer
    export = dynamodb._exports[tables._body(answer)["ExportDescription"]["ExportArn"]]
    if request.get("ClientToken"):
        export["ClientToken"] = request["ClientToken"]
    export["ExportTime"] = moment
    export[REQUEST] = {name: request.get(name) for name in PARAMETERS}
    export[ITEMS] = [copy.deepcopy(item) for by_sk in tables._items_at(table, moment).values() for item in by_sk.values()]
    export[READY_AT] = time.time() + tables.durations["table_export"]
    return _described(export)


def describe_export(request, describe):
    export = dynamodb._exports.get(request.get("ExportArn"))
    if export is None or READY_AT not in export:
        return describe(request)
    if export["ExportStatus"] == "IN_PROGRESS" and time.time() >= export[READY_AT]:
        _write(export)
    return _described(export)


def _write(export):
    """Ends an export, with its files or with why there are none."""
    folder = "/".join(part for part in (export.get("S3Prefix"), "AWSDynamoDB", export["ExportArn"].rsplit("/", 1)[-1]) if part)
    items = export.pop(ITEMS)
    try:
        _put(export, f"{folder}/_started", b"")
        files, size = [], 0
        for partition in range(PARTITIONS):
            lines = [_line(item) for item in items if _partition(export, item) == partition]
            content = gzip.compress(b"".join(lines), mtime=0)
            key = f"{folder}/data/{hashlib.sha256(f'{folder}{partition}'.encode()).hexdigest()[:26]}.json.gz"
            digest = hashlib.md5(content)
            _put(export, key, content)
            size += sum(map(len, lines))
            md5 = base64.b64encode(digest.digest()).decode()
            files.append({"itemCount": len(lines), "md5Checksum": md5, "etag": f"{digest.hexdigest()}-1", "dataFileS3Key": key})
        _put_manifest(export, f"{folder}/manifest-files", "".join(json.dumps(file) + "\n" for file in files))
        export.update(ExportStatus="COMPLETED", EndTime=time.time(), ItemCount=len(items), BilledSizeBytes=size)
        export["ExportManifest"] = f"{folder}/manifest-summary.json"
        _put_manifest(export, f"{folder}/manifest-summary", json.dumps(_summary(export, folder)))
    except OSError as error:
        code, message = error.args
        export.update(ExportStatus="FAILED", EndTime=time.time(), FailureCode=code, FailureMessage=message)


def _summary(export, folder):
    def at(seconds):
        return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    return {
        "version": "2020-06-30",
        "exportArn": export["ExportArn"],
        "startTime": at(export["StartTime"]),
        "endTime": at(export["EndTime"]),
        "tableArn": export["TableArn"],
        "tableId": export["TableId"],
        "exportTime": at(export["ExportTime"]),
        "s3Bucket": export["S3Bucket"],
        "s3Prefix": export.get("S3Prefix"),
        "s3SseAlgorithm": export.get("S3SseAlgorithm", "AES256"),
        "s3SseKmsKeyId": export.get("S3SseKmsKeyId"),
        "manifestFilesS3Key": f"{folder}/manifest-files.json",
        "billedSizeBytes": export["BilledSizeBytes"],
        "itemCount": export["ItemCount"],
        "outputFormat": "DYNAMODB_JSON",
    }


def _line(item):
    return json.dumps({"Item": item}, separators=(",", ":")).encode() + b"\n"


def _partition(export, item):
    """By the key, so that items of one key are in one file."""
    table = dynamodb._tables.get(dynamodb._table_name_from_arn(export["TableArn"]), {})
    key = next((one["AttributeName"] for one in table.get("KeySchema", []) if one["KeyType"] == "HASH"), None)
    return zlib.crc32(json.dumps(item.get(key), sort_keys=True).encode()) % PARTITIONS


def _put_manifest(export, name, text):
    content = text.encode()
    _put(export, f"{name}.json", content)
    _put(export, f"{name}.checksum", base64.b64encode(hashlib.md5(content).digest()))


def _put(export, key, content):
    answer = s3._put_object(export["S3Bucket"], key, content, {"content-type": "application/octet-stream"})
    if answer[0] >= 300:
        raise OSError("S3NoSuchBucket" if answer[0] == 404 else "S3AccessDenied", f"{export['S3Bucket']}: HTTP {answer[0]}")


def apply():
    """Installs the calls; fails if MiniStack's internals differ from the version that they were written for."""
    checked, describe = dynamodb._export_table_to_point_in_time, dynamodb._describe_export
    dynamodb._export_table_to_point_in_time = lambda request: export_table_to_point_in_time(request, checked)
    dynamodb._describe_export = lambda request: describe_export(request, describe)
