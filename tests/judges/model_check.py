"""Holds everything that went over the wire against AWS's service models.

    ORG_EXIT_GUARD_WIRE_LOG=DIR cargo nextest run     # and whatever else is to be judged
    python model_check.py DIR

Requests: those of the program must follow the model; those that others sent on purpose to
break it must have been refused. Answers: all must follow it, but those that a test's fault
spoilt. Mistakes that are known stand in `known_model_mistakes.json`, each with whose it is
and why; others fail, and so do listed ones that nobody makes any more.
"""

import argparse
import json
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path
from urllib.parse import parse_qsl

from models import Checker, known_mistakes, service_model, wire_name

SCOPE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([a-z0-9-]+)/")
SERVICES = ("athena", "organizations", "cloudtrail", "iam", "sts", "account", "cloudformation", "events", "logs")
NO_SUCH = re.compile("UnknownOperationException|<Code>InvalidAction<")
# What the program may write, in any test whatever: the contract. All else must be a read.
WRITES = {
    # A query writes its result to S3, and nothing else.
    "athena": {"StartQueryExecution", "StopQueryExecution"},
    "organizations": {
        "AcceptHandshake",
        "AttachPolicy",
        "CancelHandshake",
        "CreatePolicy",
        "DeletePolicy",
        "DetachPolicy",
        "EnablePolicyType",
        "InviteAccountToOrganization",
        "MoveAccount",
        "TagResource",
        "UntagResource",
    },
    "sts": {"AssumeRole"},
}
READS = ("Describe", "Get", "List", "Lookup", "Simulate")
# The program, by the name that it gives the AWS SDK.
OURS = "app/org-exit-guard"


def nested(form, shape, prefix=""):
    """Members of an awsQuery form as the JSON protocols would have them; takes what it reads."""
    members = {}
    for name, member in shape.members.items():
        value = nested_value(form, member, prefix + wire_name(name, member))
        if value is not None:
            members[wire_name(name, member)] = value
    return members


def nested_value(form, shape, key):
    if shape.type_name == "structure":
        return nested(form, shape, key + ".") or None
    if shape.type_name == "list":
        item = shape.member.serialization.get("name", "member")
        items = []
        while True:
            at = f"{key}.{item}.{len(items) + 1}"
            value = nested_value(form, shape.member, at)
            if value is None:
                return items or None
            items.append(value)
    text = form.pop(key, None)
    if text is None:
        return None
    if shape.type_name in ("integer", "long") and re.fullmatch(r"-?\d+", text):
        return int(text)
    if shape.type_name == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


def named(exchange):
    """Service and operation of a request; an operation that the model lacks is None."""
    headers, body = exchange["headers"], exchange["body"]
    scope = SCOPE.search(headers.get("authorization", ""))
    service = scope[1] if scope else "unsigned"
    if service not in SERVICES:
        return service, None
    model = service_model(service)
    protocol = model.metadata["protocol"]
    name = None
    if protocol == "json":
        prefix, _, operation = headers.get("x-amz-target", "").rpartition(".")
        # The SDKs for Rust and Java leave out the namespace before the service's own prefix.
        whole = model.metadata["targetPrefix"]
        name = operation if prefix in (whole, whole.rpartition(".")[2]) else None
    elif protocol == "query":
        name = dict(parse_qsl(body)).get("Action")
    else:
        paths = {model.operation_model(n).http["requestUri"]: n for n in model.operation_names}
        name = paths.get(exchange["path"])
    return service, name if name in model.operation_names else None


def check_request(checker, operation, exchange):
    headers, body = exchange["headers"], exchange["body"]
    if checker.protocol == "query":
        form = dict(parse_qsl(body, keep_blank_values=True))
        form.pop("Action", None)
        version = form.pop("Version", None)
        if version != checker.model.metadata["apiVersion"]:
            checker.add(operation, "header", "request.Version", version)
        shape = checker.operation(operation).input_shape
        members = nested(form, shape) if shape else {}
        members.update(form)  # what the model has no place for
        checker.request(operation, members)
        return
    content_type = headers.get("content-type", "")
    if checker.protocol == "json" and content_type != "application/x-amz-json-1.1":
        checker.add(operation, "header", "request.Content-Type", content_type)
    members = checker.json_document(operation, body or "{}")
    if members is not None:
        checker.request(operation, members)


class Judgement:
    """What was read so far: messages by kind, findings, known mistakes that occurred."""

    def __init__(self):
        self.counts, self.excused = Counter(), Counter()
        self.findings = defaultdict(list)  # (from, service, operation, direction) -> findings
        self.seen = set()

    def exchange(self, exchange):
        service, operation = named(exchange)
        source = exchange["from"]
        self.counts[f"{source}: exchanges"] += 1
        refused = (exchange["status"] or 500) >= 400
        if operation is None:
            self.counts[f"{source}: no operation of a simulated service"] += 1
            key = (source, service, "?", "request")
            self.seen.add(key)
            if not refused:
                what = exchange["headers"].get("x-amz-target") or exchange["body"][:100]
                self.findings[key].append({"kind": "answered", "at": exchange["path"], "what": what})
            return
        if refused and NO_SUCH.search(f"{exchange['answer']} {exchange['answer_headers']}"):
            self.counts[f"{source}: operations that it does not have, asked on purpose"] += 1
            return
        checker = Checker(service, source)
        check_request(checker, operation, exchange)
        strict = OURS in exchange["headers"].get("user-agent", "")
        wrong = checker.findings
        if strict:
            self.counts[f"{source}: calls of the program, held to the contract"] += 1
            if not operation.startswith(READS) and operation not in WRITES.get(service, ()):
                wrong.append({"kind": "outside-the-contract", "at": "request", "what": operation})
        if wrong and refused and not strict:
            self.counts[f"{source}: bad requests, refused"] += 1
            wrong = []
        self.note((source, service, operation, "request"), wrong, checker)
        if exchange["answer"] is None:
            self.counts[f"{source}: answers lost to a fault"] += 1
            return
        if exchange["spoilt"]:
            self.counts[f"{source}: answers spoilt by a fault"] += 1
            return
        checker = Checker(service, source)
        body = exchange["answer"].encode()
        checker.answer(operation, exchange["status"], body, exchange["answer_headers"])
        if "on purpose" in exchange["answer"]:
            # The fault matrix answers every call with every error, to see what is made of it.
            self.counts[f"{source}: errors that a fault answered"] += 1
            checker.findings = [one for one in checker.findings if one["kind"] != "undeclared-error"]
        self.note((source, service, operation, "answer"), checker.findings, checker)

    def note(self, key, findings, checker):
        self.seen.add(key)
        self.counts[f"{key[0]}: {key[3]}s checked"] += 1
        self.findings[key] += findings
        self.excused.update(checker.excused)

    def read(self, folder):
        for path in sorted(Path(folder).glob("*.jsonl")):
            with path.open(encoding="utf-8") as lines:
                for line in lines:
                    self.exchange(json.loads(line))


def report(judged, whole):
    """Prints; returns how many checks held and failed. A check is one operation's messages in
    one direction, on one side; and each known mistake, which has to occur in a whole run."""
    passed = failed = 0
    for key in sorted(judged.seen):
        kinds = {(f["kind"], re.sub(r"\d{6,}", "N", f["at"])): f for f in judged.findings[key]}
        if not kinds:
            passed += 1
            continue
        failed += 1
        print(f"FAIL  {' '.join(key)}")
        for finding in kinds.values():
            print(f"      {finding['kind']} at {finding['at']}: {finding['what']}")
    for mistake in known_mistakes():
        count = judged.excused[mistake["id"]]
        if count or not whole:
            passed += 1
            print(f"known {mistake['id']}: {count} times")
        else:
            failed += 1
            print(f"FAIL  known mistake {mistake['id']} does not occur")
    for what, count in sorted(judged.counts.items()):
        print(f"      {what}: {count}")
    return passed, failed


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--part", action="store_true", help="known mistakes need not occur")
    wanted = arguments.parse_args()
    judged = Judgement()
    judged.read(wanted.folder)
    passed, failed = report(judged, not wanted.part)
    if not judged.seen:
        print(f"FAIL  nothing was recorded in {wanted.folder}")
        failed += 1
    print(f"model_check: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
