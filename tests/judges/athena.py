#!/usr/bin/env python3
"""`detect --source athena:`, its query run by another engine and its calls answered by moto.

    python tests/judges/athena.py --binary target/debug/org-exit-guard

sqlglot reads the table of `emit athena-table` and the query of `--print-query` as Athena's SQL and
writes both for DuckDB, which runs the query over the same files that `detect --source archive:`
searches, with the partitions that the folders name. Both have to find the same records. DuckDB's rows
are then queued in moto as the results of Athena, and `detect --source athena:` has to tell the same
events, in every field, as the local scanner.
"""

import argparse
import gzip
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import date, timedelta
from pathlib import Path

import duckdb
import sqlglot

sys.path.insert(0, str(Path(__file__).parent.parent / "moto"))
from recorder import Recorder  # noqa: E402
from run import Moto  # noqa: E402
from seed import client  # noqa: E402

SEED = 20261124
MANAGEMENT = "123456789012"  # moto's
REGIONS = ["us-east-1", "eu-central-1"]
DAYS = [f"2026/11/{day:02}" for day in range(1, 11)]
FOUND, INCOMPLETE, INTERRUPTED = 3, 4, 130
# Rows that hold JSON as text, as CloudTrailInputFormat hands them over.
DOCUMENTS = ("requestParameters", "responseElements", "serviceEventDetails")


def identity(rng, account):
    session = {"sessionIssuer": {"type": "Role", "arn": f"arn:aws:iam::{account}:role/Admin", "userName": "Admin"},
               "attributes": {"mfaAuthenticated": rng.choice(["true", "false"]), "creationDate": "2026-11-01T00:00:00Z"},
               "sourceIdentity": "it's, \"me\""}  # fmt: skip
    return rng.choice([
        {"type": "IAMUser", "arn": f"arn:aws:iam::{account}:user/it's", "accountId": account, "accessKeyId": "AKIAEXAMPLE"},
        {"type": "Root", "arn": f"arn:aws:iam::{account}:root", "accountId": account},
        {"type": "AWSService", "invokedBy": "organizations.amazonaws.com"},
        {"type": "AssumedRole", "arn": f"arn:aws:sts::{account}:assumed-role/Admin/a=b", "accountId": account,
         "sessionContext": session},
    ])  # fmt: skip


def record(rng, events, number, account, region, folder):
    # Delivered up to two days after it happened.
    day = (date(*map(int, folder.split("/"))) - timedelta(days=rng.choice([0, 0, 0, 1, 2]))).isoformat()
    # One of four has a source and a name of the catalog, one the name with another source.
    event = rng.choice(events)
    source, name = rng.choice([
        (event["source"], event["name"]), (event["source"], "ListAccounts"),
        ("ec2.amazonaws.com", event["name"]), ("ec2.amazonaws.com", "RunInstances"),
    ])  # fmt: skip
    made = {
        "eventVersion": "1.11", "eventID": f"e{number}", "eventName": name, "eventSource": source,
        "eventTime": f"{day}T{rng.randrange(24):02}:{rng.randrange(60):02}:{number % 60:02}Z",
        "awsRegion": region, "recipientAccountId": account, "eventType": "AwsApiCall",
        "userIdentity": identity(rng, account), "sourceIPAddress": "192.0.2.10",
        "userAgent": rng.choice(["aws-cli", "a, {b=c}; 'd' \"e\" é\\"]), "responseElements": None,
        "requestParameters": {"accountId": account, "policyId": "p-11111111", "note": "x, y=z"},
    }  # fmt: skip
    if rng.random() < 0.3:
        made |= {"errorCode": "AccessDenied", "errorMessage": "with an explicit deny in a service control policy"}
    if name.startswith("Account"):
        made |= {"eventType": "AwsServiceEvent", "serviceEventDetails": {"accountId": account, "departedMethod": "LEFT"}}
    return made


def archive(rng, root, events, organization, accounts):
    number = 0
    for account in accounts:
        for region in REGIONS:
            for day in DAYS:
                folder = root / "AWSLogs" / organization / account / "CloudTrail" / region / day
                folder.mkdir(parents=True)
                for part in range(2):
                    records = [record(rng, events, number + at, account, region, day) for at in range(8)]
                    number += 8
                    records += rng.choices(records, k=rng.choice([0, 0, 1]))  # delivered twice
                    name = f"{account}_CloudTrail_{region}_{day.replace('/', '')}T{12 + part}00Z_{part:016}.json.gz"
                    (folder / name).write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))


def lower(value):
    return {key.lower(): lower(one) for key, one in value.items()} if isinstance(value, dict) else value


def table(root, organization, ddl):
    """A table of the types of the DDL, with the partitions of the folders."""
    schema = sqlglot.parse_one(ddl, read="athena").this
    types = {one.name: one.kind.sql("duckdb") for one in schema.expressions if one.kind}
    types |= {"account": "TEXT", "region": "TEXT", "day": "TEXT"}
    rows = root / "rows.jsonl"
    with rows.open("w") as out:
        for file in sorted(root.rglob("*.json.gz")):
            account, _, region, *day = file.relative_to(root / "AWSLogs" / organization).parts[:6]
            for one in json.loads(gzip.decompress(file.read_bytes()))["Records"]:
                texts = {key: json.dumps(one[key]) for key in DOCUMENTS if one.get(key) is not None}
                row = lower({**one, **dict.fromkeys(DOCUMENTS), **texts})
                out.write(json.dumps({**row, "account": account, "region": region, "day": "/".join(day)}) + "\n")
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA logs")
    connection.execute(f"CREATE TABLE logs.trail AS FROM read_json('{rows}', format='newline_delimited', columns={types})")
    return connection


def answer(connection, sql):
    """Names of the columns and rows of an Athena query."""
    rows = connection.execute(sqlglot.transpile(sql, read="athena", write="duckdb")[0])
    return [column[0] for column in rows.description], rows.fetchall()


class Judge:
    def __init__(self, binary, home):
        self.binary, self.passed, self.failed = binary, 0, 0
        self.environment = {
            "PATH": os.defpath, "HOME": str(home), "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing", "AWS_EC2_METADATA_DISABLED": "true",
        }  # fmt: skip

    def check(self, name, holds, detail=""):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAIL  {name}\n      {str(detail)[:1200]}")

    def ask(self, *arguments):
        return subprocess.run([self.binary, *arguments], capture_output=True, text=True, env=self.environment)

    def run(self, *arguments):
        done = self.ask(*arguments)
        assert done.returncode in (0, FOUND, INCOMPLETE), done.stderr
        return done.stdout


def queries(judge, rng, connection, logs, accounts):
    """The query finds what the scanner finds."""
    found_some = 0
    for number in range(30):
        first = rng.randrange(1, 9)
        window = ["--since", f"2026-11-{first:02}", "--until", f"2026-11-{rng.randrange(first, 11):02}"]
        # The table takes its accounts from the query, so each names some.
        named = [word for one in rng.sample(accounts, rng.randrange(1, 4)) for word in ("--account", one)]
        window += ["--margin", str(rng.choice([0, 24, 48]))]
        sql = judge.run("detect", "--source", "athena:logs.trail", "--print-query", *window, *named)
        local = judge.run("detect", "--source", logs, "--format", "json", *window, *named)
        local = {one["event_id"] for one in json.loads(local)["detections"]}
        columns, rows = answer(connection, sql)
        theirs = {row[columns.index("eventid")] for row in rows}
        found_some += len(theirs)
        judge.check(f"query {number}", theirs == local, (window, named, theirs ^ local))
        judge.check(f"query {number} names its partitions", "account IN (" in sql and "region = '" in sql, sql)
    whole = ["detect", "--source", "athena:logs.trail", "--print-query", "--since", "2026-11-01"]
    anybody = judge.ask(*whole)
    told = "names no account" in anybody.stderr and "account IN" not in anybody.stdout
    judge.check("a query of nobody is warned of", told and anybody.returncode == 0, anybody.stderr)
    judge.check("there was something to find", found_some > 100, found_some)


class Athena:
    """Moto's, with results that are queued and states that come when they are told to."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.client = client("athena", endpoint)

    def post(self, path, body):
        request = urllib.request.Request(self.endpoint + path, json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})  # fmt: skip
        urllib.request.urlopen(request).read()

    def queue(self, columns, rows):
        cells = [[{"VarCharValue": value} if value is not None else {} for value in row] for row in [columns, *rows]]
        result = {"rows": [{"Data": row} for row in cells], "column_info": []}
        self.post("/moto-api/static/athena/query-results", {"results": [result]})

    def pace(self, **how):
        self.post("/moto-api/state-manager/set-transition", {"model_name": "athena::execution", "transition": how})

    def executions(self):
        ids = self.client.list_query_executions()["QueryExecutionIds"]
        return [self.client.get_query_execution(QueryExecutionId=one)["QueryExecution"] for one in ids]


def events_of(text):
    """What is told of the events, but for the files and tables in which their records stand."""
    document = json.loads(text)
    ids = [[record["event_id"] for record in one.pop("records")] for one in document["detections"]]
    return document["detections"], ids, document["stories"]


def flow(judge, athena, recorder, connection, logs, accounts, organization):
    """The same events from Athena's rows as from the files."""
    asked = ["detect", "--source", "athena:logs.trail", "--endpoint-url", recorder.endpoint,
             "--athena-output", "s3://results/", "--organization", organization]  # fmt: skip
    athena.pace(progression="manual", times=1)
    for first, last, named in [(1, 10, accounts), (3, 5, accounts[:1]), (9, 10, accounts[1:])]:
        window = ["--since", f"2026-11-{first:02}", "--until", f"2026-11-{last:02}"]
        only = [word for one in named for word in ("--account", one)]
        sql = judge.run("detect", "--source", "athena:logs.trail", "--print-query", *window, *only)
        athena.queue(*answer(connection, sql))
        theirs = judge.ask(*asked, *window, *only, "--format", "json")
        local = judge.run("detect", "--source", logs, "--organization", organization, *window, *only, "--format", "json")
        judge.check(f"flow.{first}-{last}.exit", theirs.returncode == FOUND, (theirs.returncode, theirs.stderr))
        judge.check(f"flow.{first}-{last}.events", events_of(theirs.stdout) == events_of(local), theirs.stdout[:600])
        looked = json.loads(theirs.stdout)["coverage"]["tables"][0]
        judge.check(f"flow.{first}-{last}.coverage", looked["accounts"] == sorted(named) and looked["queries"] == 1, looked)
        judge.check(f"flow.{first}-{last}.sent", athena.executions()[-1]["Query"] == sql, athena.executions()[-1]["Query"])
    some = json.loads(theirs.stdout)["detections"][0]["records"][0]
    judge.check("flow.record-names-its-table", some["tables"] == ["logs.trail"], some)
    athena.queue(answer(connection, sql)[0], [])
    page = judge.ask(*asked, "--account", accounts[0]).stdout
    judge.check("flow.page", "1 query, 0 rows, 0.0 MB scanned" in page and "no event found" in page, page)


def own_accounts(judge, athena, recorder, state, former):
    """Without --account: all that are listed, and those of an earlier run."""
    asked = ["detect", "--source", "athena:logs.trail", "--endpoint-url", recorder.endpoint, "--athena-output", "s3://r/",
             "--state-dir", str(state), "--since", "2026-11-01", "--format", "json"]  # fmt: skip
    orgs = client("organizations", athena.endpoint)
    judge.run("audit", "--endpoint-url", athena.endpoint, "--state-dir", str(state), "--format", "json")
    orgs.remove_account_from_organization(AccountId=former)
    listed = {one["Id"] for one in orgs.list_accounts()["Accounts"]}
    columns = ["eventid"]
    athena.queue(columns, [])
    done = judge.ask(*asked)
    document = json.loads(done.stdout)
    sql = athena.executions()[-1]["Query"]
    named = set(re.findall(r"\d{12}", sql.split("account IN")[1].split(")")[0]))
    judge.check("accounts.former-one-is-asked-about", named == listed | {former}, (named, listed, former))
    judge.check("accounts.one-departed", former not in listed)
    gaps = [gap["operation"] for gap in document["coverage"]["gaps"]]
    # moto has no event history; and the header is not that of the query.
    judge.check("accounts.gaps", {"cloudtrail:LookupEvents", "athena:GetQueryResults"} <= set(gaps), gaps)
    judge.check("accounts.incomplete", done.returncode == INCOMPLETE, done.returncode)


def troubles(judge, athena, recorder, connection, accounts, organization):
    asked = ["detect", "--source", "athena:logs.trail", "--endpoint-url", recorder.endpoint, "--account", accounts[0],
             "--organization", organization, "--since", "2026-11-01", "--format", "json"]  # fmt: skip
    sql = judge.run("detect", "--source", "athena:logs.trail", "--print-query", "--account", accounts[0], "--since", "2026-11-01")
    columns, rows = answer(connection, sql)
    spoilt = [list(row) for row in rows]
    spoilt[0][columns.index("requestparameters")] = "{type=AssumedRole}"
    athena.queue(columns, spoilt)
    done = judge.ask(*asked)
    unparsed = json.loads(done.stdout)["coverage"]["tables"][0]["unparsed"]
    event = rows[0][columns.index("eventid")]
    judge.check("trouble.row", len(unparsed) == 1 and f"row 1 of logs.trail, event `{event}`" in unparsed[0], unparsed)
    judge.check("trouble.row.exit", done.returncode == INCOMPLETE, done.returncode)
    others = {row[columns.index("eventid")] for row in rows[1:]}
    told = {one["event_id"] for one in json.loads(done.stdout)["detections"]}
    judge.check("trouble.row.others", told == others, told ^ others)

    done = judge.ask(*asked, "--athena-workgroup", "none-such")
    gaps = json.loads(done.stdout)["coverage"]["gaps"]
    told = [gap["operation"] for gap in gaps]
    judge.check("trouble.workgroup", told == ["athena:StartQueryExecution"] and done.returncode == INCOMPLETE, gaps)

    athena.pace(progression="time", seconds=3600)
    process = subprocess.Popen([judge.binary, *asked], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env=judge.environment)  # fmt: skip
    before = len(athena.executions())
    deadline = time.monotonic() + 30
    while len(athena.executions()) == before and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    judge.check("interrupted.exit", process.returncode == INTERRUPTED and not out, (process.returncode, out, err))
    judge.check("interrupted.stopped", athena.executions()[-1]["Status"]["State"] == "CANCELLED", athena.executions()[-1])
    judge.check("interrupted.told", "the query was stopped" in err, err)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    binary, rng = Path(parser.parse_args().binary).resolve(), random.Random(SEED)
    with tempfile.TemporaryDirectory() as place, Moto(Path(place)) as moto, Recorder(moto.endpoint) as recorder:
        root, home = Path(place) / "archive", Path(place) / "home"
        root.mkdir()
        home.mkdir()
        judge = Judge(binary, home)
        orgs = client("organizations", moto.endpoint)
        organization = orgs.create_organization(FeatureSet="ALL")["Organization"]["Id"]
        made = [orgs.create_account(AccountName=name, Email=f"{name}@example.com") for name in ("app", "gone")]
        accounts = [MANAGEMENT, *(one["CreateAccountStatus"]["AccountId"] for one in made)]

        code = root / "alarm.json"
        code.write_text(judge.run("emit", "alarm", "--format", "cloudformation"))
        events = json.loads(judge.run("alarm", str(code), "--format", "json"))["events"]
        archive(rng, root, events, organization, accounts)
        logs = f"archive:{root / 'AWSLogs'}"

        ddl = judge.run("emit", "athena-table", "logs.trail", "--bucket", "b", "--organization", organization)
        template = re.search(r"'storage.location.template' = '(.*)'", ddl)[1]
        folder = template.replace("${account}", MANAGEMENT).replace("${region}", REGIONS[0]).replace("${day}", DAYS[0])
        judge.check("the template leads to a folder", (root / folder.removeprefix("s3://b/")).is_dir(), template)
        connection = table(root, organization, ddl)

        queries(judge, rng, connection, logs, accounts)
        athena = Athena(moto.endpoint)
        flow(judge, athena, recorder, connection, logs, accounts, organization)
        own_accounts(judge, athena, recorder, Path(place) / "state", accounts[2])
        troubles(judge, athena, recorder, connection, accounts, organization)
    print(f"athena: {judge.passed} passed, {judge.failed} failed")
    return 1 if judge.failed else 0


if __name__ == "__main__":
    sys.exit(main())
