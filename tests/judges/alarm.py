#!/usr/bin/env python3
"""The code that `emit alarm` prints, and what `alarm` says of rules, beside what others wrote.

    python tests/judges/alarm.py --binary target/debug/org-exit-guard

* cfn-lint reads the CloudFormation template.
* moto's matcher of EventBridge patterns is asked about each event of the catalog for random
  patterns, and for the emitted one; `alarm` has to give the same answers. The envelopes are
  written here from AWS's pages:
  https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from moto.events.models import EventPattern

SEED = 20261124
PATTERNS = 300
SERVICE_EVENTS = {"AccountDepartedOrganization", "AccountJoinedOrganization", "CloseAccountResult"}


def envelope(source, name, in_member):
    account = "222222222222" if in_member else "111111111111"
    kind, detail_type = "AwsApiCall", "AWS API Call via CloudTrail"
    if name in SERVICE_EVENTS:
        kind, detail_type = "AwsServiceEvent", "AWS Service Event via CloudTrail"
    elif source == "signin.amazonaws.com":
        kind, detail_type = "AwsConsoleSignIn", "AWS Console Sign In via CloudTrail"
    return {
        "version": "0", "id": "00000000-0000-0000-0000-000000000000",
        "detail-type": detail_type, "source": "aws." + source.split(".")[0], "account": account,
        "time": "2026-11-24T02:00:00Z", "region": "us-east-1", "resources": [],
        "detail": {
            "eventVersion": "1.11", "eventSource": source, "eventName": name, "eventType": kind,
            "awsRegion": "us-east-1", "recipientAccountId": account, "readOnly": False,
            "managementEvent": True, "eventCategory": "Management",
        },
    }  # fmt: skip


def leaf(rng, values):
    value = rng.choice(values)
    cut = rng.randrange(1, len(value))
    return rng.choice([
        value, value, value, "nothing",
        {"prefix": value[:cut]}, {"suffix": value[cut:]}, {"prefix": {"equals-ignore-case": value[:cut].upper()}},
        {"equals-ignore-case": value.upper()}, {"wildcard": value[:cut] + "*"}, {"wildcard": "*" + value[cut:]},
        {"anything-but": value}, {"anything-but": [value, rng.choice(values)]}, {"anything-but": {"prefix": value[:cut]}},
        {"exists": True}, {"exists": False},
    ])  # fmt: skip


def drawn(rng, events):
    sources = sorted({event["source"] for event in events})
    names = sorted({event["name"] for event in events})

    def leaves(values):
        return [leaf(rng, values) for _ in range(rng.randrange(1, 5))]

    fields = {
        "source": lambda: leaves(["aws." + source.split(".")[0] for source in sources]),
        "detail-type": lambda: leaves(["AWS API Call via CloudTrail", "AWS Service Event via CloudTrail"]),
        "account": lambda: leaves(["111111111111", "222222222222"]),
        "detail": lambda: {
            name: make()
            for name, make in {
                "eventSource": lambda: leaves(sources),
                "eventName": lambda: leaves(names) + rng.sample(names, 5),
                "errorCode": lambda: [rng.choice(["AccessDenied", {"exists": False}, {"exists": True}])],
                "readOnly": lambda: [rng.choice([True, False])],
            }.items()
            if rng.random() < 0.5
        } or {"eventName": leaves(names)},
    }
    pattern = {name: make() for name, make in fields.items() if rng.random() < 0.5}
    if rng.random() < 0.2:
        pattern["$or"] = [{"account": leaves(["111111111111"])}, {"detail": fields["detail"]()}]
    return pattern or {"detail": fields["detail"]()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    binary = Path(parser.parse_args().binary).resolve()
    passed, failures = 0, []

    def check(name, holds, detail=""):
        nonlocal passed
        if holds:
            passed += 1
        else:
            failures.append(name)
            print(f"FAIL  {name}\n      {str(detail)[:600]}")

    def told(*arguments):
        run = subprocess.run([binary, "alarm", *arguments, "--format", "json"], capture_output=True, text=True)
        return json.loads(run.stdout)["events"] if run.stdout else run.stderr

    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "alarm.json"
        text = subprocess.run([binary, "emit", "alarm", "--format", "cloudformation"], capture_output=True, text=True)
        file.write_text(text.stdout)
        lint = subprocess.run([Path(sys.executable).parent / "cfn-lint", str(file)], capture_output=True, text=True)
        check("cfn-lint finds nothing", lint.returncode == 0, lint.stdout + lint.stderr)
        events = told(str(file))
        check("the emitted alarm fires for everything", all(one["fires"] == "yes" for one in events), events)

        rule = json.loads(text.stdout)["Resources"]["ExitRule"]
        emitted = rule["Properties"]["EventPattern"]
        rng = random.Random(SEED)
        matched = 0
        for number in range(PATTERNS + 1):
            pattern = emitted if number == 0 else drawn(rng, events)
            rule["Properties"]["EventPattern"] = pattern
            file.write_text(json.dumps({"Resources": {"Rule": rule}}))
            theirs = EventPattern.load(json.dumps(pattern))
            answers = told(str(file), "--members", str(file))
            wrong = []
            for one in answers:
                in_member = "member's own" in one["delivered"]
                wanted = theirs.matches_event(envelope(one["source"], one["name"], in_member))
                matched += wanted
                if one["fires"] != ("yes" if wanted else "no"):
                    wrong.append((one["source"], one["name"], one["fires"], wanted))
            check(f"pattern {number} as moto matches it", not wrong, f"{json.dumps(pattern)} {wrong}")
        check("patterns of both kinds were drawn", 0 < matched < PATTERNS * len(events), matched)
    print(f"alarm: {passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
