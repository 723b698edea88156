"""Corrects MiniStack 1.5.33's Route 53 where a cut-over relies on it.

- Names are stored in lower case, and a CNAME record is the only record of its name: "DNS domain name format" and "CNAME record type" in
  https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html and ResourceRecordTypes.html.
- A record that is no alias has a TTL and at least one value:
  https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html.
- A new hosted zone has a location: https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHostedZone.html.
- The messages of a refused batch are a list in brackets, as boto3 shows them, such as that of a CNAME record
  beside another one: https://github.com/ansible-collections/amazon.aws/issues/2694.
"""

import re

from ministack.services import route53


def _conflict(records):
    names = {}
    for record in records:
        names.setdefault(record["Name"], set()).add(record["Type"])
    return next((name for name, types in names.items() if "CNAME" in types and len(types) > 1), None)


def _incomplete(records):
    plain = (record for record in records if not record.get("AliasTarget"))
    return next((record["Name"] for record in plain if not record.get("TTL") or not record.get("ResourceRecords")), None)


def apply():
    parse, change, error = route53._parse_record_set, route53._change_resource_record_sets, route53._error_response
    create = route53._create_hosted_zone

    def create_hosted_zone(body, query):
        status, headers, answer = create(body, query)
        made = re.search(rb"<Id>/(hostedzone/\w+)</Id>", answer)
        if made:
            headers = {**headers, "Location": f"https://route53.amazonaws.com/{route53.API_VERSION}/{made[1].decode()}"}
        return status, headers, answer

    def parse_record_set(element):
        record = parse(element)
        record["Name"] = record["Name"].lower()
        return record

    def error_response(code, message, status=400):
        return error(code, f"[{message}]" if code == "InvalidChangeBatch" else message, status)

    def change_resource_record_sets(zone, body):
        before = list(route53._records.get(zone, []))
        answer = change(zone, body)
        if answer[0] == 200:
            after = route53._records[zone]
            conflict, incomplete = _conflict(after), _incomplete(after)
            words = None
            if conflict:
                words = (
                    f"RRSet of type CNAME with DNS name {conflict} is not permitted as it conflicts with other records with the same "
                    "DNS name"
                )
            elif incomplete:
                words = f"Missing field 'TTL' or 'ResourceRecords' in RRSet with DNS name {incomplete}"
            if words:
                route53._records[zone] = before
                change_id = re.search(rb"/change/(\w+)", answer[2])
                route53._changes.pop(change_id[1].decode(), None)
                return error_response("InvalidChangeBatch", words)
        return answer

    route53._create_hosted_zone = create_hosted_zone
    route53._parse_record_set = parse_record_set
    route53._change_resource_record_sets = change_resource_record_sets
    route53._error_response = error_response
