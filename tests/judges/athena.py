#!/usr/bin/env python3
"""The query of `detect --print-query`, run by another engine over an archive.

    python tests/judges/athena.py --binary target/debug/org-exit-guard

sqlglot reads the query as Athena's SQL and writes it for DuckDB, which runs it over the same files
that `detect --source archive:` searches, with the partitions that the folders name. Both have to
find the same records. The table of `emit athena-table` has to have every column of the query, and
its location template has to lead to the folders of the archive.
"""

import argparse
import gzip
import json
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import sqlglot

SEED = 20261124
ORGANIZATION = "o-exampleorg1"
ACCOUNTS = ["111111111111", "222222222222", "333333333333"]
REGIONS = ["us-east-1", "eu-central-1"]
DAYS = [f"2026/11/{day:02}" for day in range(1, 11)]


def record(rng, events, number, account, region, day):
    # One of four has a source and a name of the catalog, one the name with another source.
    event = rng.choice(events)
    source, name = rng.choice([
        (event["source"], event["name"]), (event["source"], "ListAccounts"),
        ("ec2.amazonaws.com", event["name"]), ("ec2.amazonaws.com", "RunInstances"),
    ])  # fmt: skip
    return {
        "eventVersion": "1.11", "eventID": f"e{number}", "eventName": name, "eventSource": source,
        "eventTime": f"{day.replace('/', '-')}T{rng.randrange(24):02}:{rng.randrange(60):02}:00Z",
        "awsRegion": region, "recipientAccountId": account, "eventType": "AwsApiCall",
        "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::{account}:user/it's"},
        "requestParameters": {"accountId": account}, "responseElements": None,
        "sourceIPAddress": "192.0.2.10", "userAgent": "aws-cli",
    }  # fmt: skip


def archive(rng, root, events):
    number = 0
    for account in ACCOUNTS:
        for region in REGIONS:
            for day in DAYS:
                folder = root / "AWSLogs" / ORGANIZATION / account / "CloudTrail" / region / day
                folder.mkdir(parents=True)
                for part in range(2):
                    records = [record(rng, events, number + at, account, region, day) for at in range(8)]
                    number += 8
                    name = f"{account}_CloudTrail_{region}_{day.replace('/', '')}T{12 + part}00Z_{part:016}.json.gz"
                    (folder / name).write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))


def table(root, columns):
    """A table with the columns of the DDL and the partitions of the folders."""
    connection = duckdb.connect()
    rows = []
    for file in sorted(root.rglob("*.json.gz")):
        account, _, region, year, month, day = file.relative_to(root / "AWSLogs" / ORGANIZATION).parts[:6]
        for one in json.loads(gzip.decompress(file.read_bytes()))["Records"]:
            lower = {key.lower(): value for key, value in one.items()}
            values = [lower.get(column) for column in columns]
            values = [json.dumps(value) if isinstance(value, dict) else value for value in values]
            rows.append([*values, account, region, f"{year}/{month}/{day}"])
    names = [*columns, "account", "region", "day"]
    connection.execute("CREATE SCHEMA logs")
    connection.execute(f"CREATE TABLE logs.trail ({', '.join(name + ' VARCHAR' for name in names)})")
    connection.executemany(f"INSERT INTO logs.trail VALUES ({', '.join('?' * len(names))})", rows)
    return connection


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    binary = Path(parser.parse_args().binary).resolve()
    passed, failed = 0, 0

    def check(name, holds, detail=""):
        nonlocal passed, failed
        if holds:
            passed += 1
        else:
            failed += 1
            print(f"FAIL  {name}\n      {str(detail)[:800]}")

    def run(*arguments):
        done = subprocess.run([binary, *arguments], capture_output=True, text=True)
        assert done.returncode in (0, 3, 4), done.stderr
        return done.stdout

    rng = random.Random(SEED)
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        code = root / "alarm.json"
        code.write_text(run("emit", "alarm", "--format", "cloudformation"))
        archive(rng, root, json.loads(run("alarm", str(code), "--format", "json"))["events"])

        ddl = run(
            "emit", "athena-table", "logs.trail", "--bucket", "b", "--organization", ORGANIZATION, "--account", ACCOUNTS[0]
        )
        body = ddl[ddl.index("(") + 1 : ddl.index("PARTITIONED BY")]
        columns = re.findall(r"^  (\w+) \w", body, re.M)
        template = re.search(r"'storage.location.template' = '(.*)'", ddl)[1]
        folder = template.replace("${account}", ACCOUNTS[0]).replace("${region}", REGIONS[0]).replace("${day}", DAYS[0])
        check("the template leads to a folder", (root / folder.removeprefix("s3://b/")).is_dir(), template)
        check("sqlglot reads the table as Athena's", sqlglot.parse_one(ddl, read="athena") is not None, ddl)

        connection = table(root, columns)
        found_some = 0
        for number in range(30):
            first = rng.randrange(1, 9)
            window = ["--since", f"2026-11-{first:02}", "--until", f"2026-11-{rng.randrange(first, 11):02}"]
            accounts = [word for one in rng.sample(ACCOUNTS, rng.randrange(3)) for word in ("--account", one)]
            sql = run("detect", "--source", "athena:logs.trail", "--print-query", *window, *accounts)
            local = run("detect", "--source", f"archive:{root / 'AWSLogs'}", "--format", "json", *window, *accounts)
            local = {one["event_id"] for one in json.loads(local)["detections"]}
            translated = sqlglot.transpile(sql, read="athena", write="duckdb")[0]
            rows = connection.execute(translated)
            at = [column[0] for column in rows.description].index("eventid")
            theirs = [row[at] for row in rows.fetchall()]
            found_some += len(theirs)
            check(f"query {number}", sorted(theirs) == sorted(local), (window, accounts, set(theirs) ^ local))
        check("there was something to find", found_some > 100, found_some)
    print(f"athena: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
