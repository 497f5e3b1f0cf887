"""Runs the real program against moto and checks what it says and does.

moto answers on a loopback port; `seed.py` builds an organization in it; the
program reads and changes it through the AWS SDK; boto3 looks at the result.

    python run.py --binary target/debug/org-exit-guard

Ends with the number of checks that held and failed; exit code 0 if none failed.
"""

import argparse
import base64
import difflib
import json
import os
import re
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from alarms import check_alarms
from checks import Checks, control_characters, cut_ids, parse, settled, width
from seed import ACCEPT, CLOSE, LEAVE, SCP, client, expected, seed

sys.path.insert(0, str(Path(__file__).parent.parent / "judges"))
from recorder import Recorder  # noqa: E402

PATHS = ("leave", "direct-transfer", "self-closure")
# What moto does not have, of what an audit reads.
MISSING = {
    "cloudtrail:LookupEvents",
    "iam:ListOrganizationsFeatures",
    "organizations:DescribeResourcePolicy",
    "organizations:ListHandshakesForOrganization",
}
# Exit codes, as documented in the README.
DONE, FINDINGS, INCOMPLETE, REFUSED = 0, 3, 4, 6
# The rule that is about accounts whose leave verdict is `open`.
LEAVE_OPEN = "leave-organization-open"
# One run reads at half of AWS's published rates: DescribePolicy once a second.
PATIENCE = 300


class Moto:
    """A moto server on a free loopback port, for the length of a `with` block."""

    def __init__(self, scratch):
        self.log = scratch / "moto.log"
        self.recording = scratch / "moto-requests.jsonl"

    def __enter__(self):
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.log.parent,
                env={
                    **os.environ,
                    "MOTO_ENABLE_RECORDING": "true",
                    "MOTO_RECORDER_FILEPATH": str(self.recording),
                },
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            found = re.search(r"http://127\.0\.0\.1:\d+", self.log.read_text("utf-8"))
            if found:
                self.endpoint = found.group()
                return self
            time.sleep(0.05)
        self.__exit__()
        raise SystemExit("moto did not start:\n" + self.log.read_text("utf-8"))

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def calls(self, skip=0):
        """Requests so far, without the first `skip`, as (operation, body)."""
        calls = []
        for line in self.recording.read_text("utf-8").splitlines()[skip:]:
            entry = json.loads(line)
            body = base64.b64decode(entry["body"] or "").decode()
            target = {k.lower(): v for k, v in entry["headers"].items()}.get("x-amz-target")
            action = re.search(r"(?:^|&)Action=(\w+)", body)
            calls.append((target.split(".")[-1] if target else action and action[1], body))
        return calls


class Program:
    """The program under test, in an environment of its own."""

    def __init__(self, binary, endpoint, scratch, check):
        self.binary = binary
        self.check = check
        self.home = scratch / "home"
        # Nobody shares moto's buckets, so reading need not hold back.
        settings = self.home / ".config" / "org-exit-guard" / "org-exit-guard.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text("rate_share = 1.0\n")
        self.environment = {
            "PATH": os.defpath,
            "HOME": str(self.home),
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def run(self, *arguments, columns=80, offline=False):
        """Runs it to the end; that it neither panics nor hangs is checked every time."""
        environment = {**self.environment, "COLUMNS": str(columns)}
        if offline:
            environment = {k: v for k, v in environment.items() if "AWS" not in k}
            # Nothing listens here: whoever asks AWS after all fails at once.
            environment["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
        started = time.monotonic()
        try:
            done = subprocess.run(
                [self.binary, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env=environment,
                cwd=self.home,
                timeout=PATIENCE,
            )
            code, out, err = done.returncode, done.stdout, done.stderr
        except subprocess.TimeoutExpired as late:
            code, out, err = None, late.stdout or b"", late.stderr or b""
        out, err = out.decode("utf-8", "replace"), err.decode("utf-8", "replace")
        words = " ".join(arguments).replace(str(self.home.parent), "…")
        print(f"--    {words} ({time.monotonic() - started:.1f} s)", flush=True)
        clean = code is not None and code >= 0
        clean = clean and "panicked" not in out + err and not control_characters(err)
        self.check("ends by itself, without panic or control characters", clean, err)
        return code, out, err


def state(endpoint):
    """Everything in the organization that the program could have changed."""
    api = client("organizations", endpoint)

    def pages(operation, key, **arguments):
        pages = api.get_paginator(operation).paginate(**arguments)
        return [entry for page in pages for entry in page[key]]

    policies = {}
    for summary in pages("list_policies", "Policies", Filter=SCP):
        targets = pages("list_targets_for_policy", "Targets", PolicyId=summary["Id"])
        policies[summary["Id"]] = {
            "name": summary["Name"],
            "content": api.describe_policy(PolicyId=summary["Id"])["Policy"]["Content"],
            "targets": sorted(target["TargetId"] for target in targets),
        }
    accounts = pages("list_accounts", "Accounts")
    return {
        "policies": policies,
        "accounts": sorted((account["Id"], account["State"]) for account in accounts),
        "root": api.list_roots()["Roots"][0]["PolicyTypes"],
    }


def denied_everywhere(content):
    """Actions that the statements of a policy deny on every resource, in any case."""
    statements = json.loads(content)["Statement"]
    denied = set()
    for statement in statements if isinstance(statements, list) else [statements]:
        plain = set(statement) <= {"Sid", "Effect", "Action", "Resource"}
        if plain and statement["Effect"] == "Deny" and statement["Resource"] == "*":
            actions = statement["Action"]
            denied.update([actions] if isinstance(actions, str) else actions)
    return denied


def check_seed(check, endpoint, made, table):
    """The ground that everything else stands on; does not need the program."""
    check.equal("seed: accounts", len(made.accounts), 120)
    for group, row in table.items():
        if list(made.groups.values()).count(group) != row["accounts"]:
            check(f"seed: {group} has {row['accounts']} accounts", False)
    check.equal("seed: every group is in the table", set(made.groups.values()), set(table))
    found = state(endpoint)
    most = max(len(policy["targets"]) for policy in found["policies"].values())
    check(
        "seed: more than a page of SCPs and of targets", len(found["policies"]) > 20 and most > 20
    )
    probes = {
        "cloudtrail:LookupEvents": ("cloudtrail", "lookup_events"),
        "iam:ListOrganizationsFeatures": ("iam", "list_organizations_features"),
        "organizations:DescribeResourcePolicy": ("organizations", "describe_resource_policy"),
        "organizations:ListHandshakesForOrganization": (
            "organizations",
            "list_handshakes_for_organization",
        ),
        "organizations:ListDelegatedAdministrators": (
            "organizations",
            "list_delegated_administrators",
        ),
        "organizations:ListAWSServiceAccessForOrganization": (
            "organizations",
            "list_aws_service_access_for_organization",
        ),
    }
    missing = set()
    for action, (service, method) in probes.items():
        try:
            getattr(client(service, endpoint), method)()
        except Exception:  # whatever botocore makes of a page of HTML
            missing.add(action)
    check.equal("seed: moto still lacks exactly what this run expects it to", missing, MISSING)


def check_verdicts(check, when, report, made, wanted):
    """Every account once, in its place, with the verdict that `wanted(group)` gives."""
    rows = {row.get("id"): row for row in report.get("accounts", [])}
    check.equal(f"{when}: every account is listed", set(rows), set(made.accounts))
    lost = {
        name: rows[account].get("path")
        for account, name in made.accounts.items()
        if account in rows and rows[account].get("path") != made.paths[made.places[account]]
    }
    check(f"{when}: every account stands in its place", rows and not lost, lost)
    for group in dict.fromkeys(made.groups.values()):
        want = wanted(group)
        wrong = {
            made.accounts[account]: rows.get(account, {}).get("verdicts")
            for account, of in made.groups.items()
            if of == group and rows.get(account, {}).get("verdicts") != want
        }
        check(f"{when}: {group}: {' '.join(want.values())}", not wrong, f"{wrong}\nwanted {want}")


def check_calls(check, calls):
    """What an audit asked for, as moto recorded it."""
    asked = [operation for operation, _ in calls]
    reads = re.compile(r"(Describe|List|Get|Lookup)[A-Z]")
    other = [operation for operation in asked if not reads.match(str(operation))]
    check("audit: calls only operations that read", asked and not other, other)
    described = [body for operation, body in calls if operation == "DescribePolicy"]
    twice = len(described) - len(set(described))
    check("audit: describes no SCP twice", described and not twice, f"{twice} of {described}")


def check_audit(check, moto, program, made, table, report_file):
    """A live audit: verdicts, findings, gaps, exit code. Returns its JSON text."""
    before = len(moto.calls())
    code, text, _ = program.run(
        "audit", "--format", "json", "--no-progress", "--report", f"json={report_file}"
    )
    check_calls(check, moto.calls(before))
    check.equal("audit: exit code says that something could not be read", code, INCOMPLETE)
    report = parse(check, "audit", text)
    check.equal("audit: format version", report.get("format_version"), 1)
    check_verdicts(
        check, "audit", report, made, lambda group: {path: table[group][path] for path in PATHS}
    )
    gaps = report.get("gaps", [])
    check.equal("audit: gaps", {gap.get("operation") for gap in gaps}, MISSING)
    vague = [g for g in gaps if not g.get("reason") or "<" in g.get("message", "<")]
    check(
        "audit: each gap says why, in words, without the server's HTML", gaps and not vague, vague
    )
    named = {
        account if isinstance(account, str) else account.get("id")
        for finding in report.get("findings", [])
        if finding.get("rule") == LEAVE_OPEN
        for account in finding.get("accounts", [])
    }
    can_leave = {a for a, group in made.groups.items() if table[group]["leave"] == "open"}
    check.equal(f"audit: {LEAVE_OPEN} names who can leave", named, can_leave)
    counts = report.get("counts", {})
    check(
        "audit: counts are there and not zero",
        counts.get("failed", 0) > 0 and counts.get("could_not_tell", 0) > 0 and "waived" in counts,
        counts,
    )
    written = report_file.read_text("utf-8") if report_file.exists() else ""
    check("audit: --report writes what --format prints", written.strip() == text.strip(), written)
    return text


def check_snapshot(check, program, live, made, saved):
    """The facts in a file give the report of the live run, with no network at all."""
    code, _, err = program.run("snapshot", "--verdicts-only", "-o", str(saved))
    check("snapshot: written", code in (DONE, INCOMPLETE) and saved.exists(), f"{code}\n{err}")
    if not saved.exists():
        return
    check.equal("snapshot: file mode", oct(stat.S_IMODE(saved.stat().st_mode)), oct(0o600))
    again = ("audit", "--snapshot", str(saved))
    code, text, _ = program.run(*again, "--format", "json", offline=True)
    check.equal("snapshot: audit has the exit code of the live one", code, INCOMPLETE)
    differ = difflib.unified_diff(
        settled(live).splitlines(), settled(text).splitlines(), "live", "snapshot", n=1, lineterm=""
    )
    check("snapshot: report equals the live one", settled(live) == settled(text), "\n".join(differ))
    _, second, _ = program.run(*again, "--format", "json", offline=True)
    check("snapshot: the same file gives the same bytes", text and text == second)

    code, _, _ = program.run(*again, "--format", "json", "--allow-gaps", offline=True)
    check.equal("snapshot: --allow-gaps leaves the findings", code, FINDINGS)
    code, _, _ = program.run(
        *again, "--format", "json", "--allow-gaps", "--fail-on", "never", offline=True
    )
    check.equal("snapshot: --fail-on never leaves nothing", code, DONE)
    for columns in (80, 140):
        code, table, _ = program.run(*again, "--format", "table", columns=columns, offline=True)
        check.equal(f"table at {columns}: exit code as with json", code, INCOMPLETE)
        wide = [line for line in table.splitlines() if width(line) > columns]
        check(f"table at {columns}: no line is wider", table and not wide, "\n".join(wide))
        cut = cut_ids(table, made.units.values())
        check(f"table at {columns}: no OU id is cut", table and not cut, cut)
        obeyed = control_characters(table)
        check(f"table at {columns}: account names cannot steer the terminal", not obeyed, obeyed)
        last = (table.strip().splitlines() or [""])[-1].replace("-", " ")
        counts = all(word in last for word in ("failed", "could not tell", "waived"))
        check(f"table at {columns}: the last line counts", counts and re.search(r"\d", last), last)


def check_refusals(check, program, endpoint, made):
    """Nothing is written by a dry run, without the right words, or to an endpoint override."""
    before = state(endpoint)
    code, text, err = program.run("remediate")
    check.equal("remediate: a dry run succeeds", code, DONE)
    check("remediate: the plan names the root it attaches to", made.root in text, f"{text}\n{err}")
    check.equal("remediate: a dry run writes nothing", state(endpoint), before)
    apply = ("remediate", "--apply", "--allow-endpoint-override", "--reason", "test")
    refused = {
        "another organization": (*apply, "--confirm", "o-wrongorg00"),
        "no confirmation": apply,
        "no --allow-endpoint-override": (
            "remediate",
            "--apply",
            "--reason",
            "test",
            "--confirm",
            made.organization,
        ),
    }
    for why, arguments in refused.items():
        code, _, err = program.run(*arguments)
        check.equal(f"remediate: refused: {why}", code, REFUSED)
        check(f"remediate: refused: {why}: says so", err.strip() != "", err)
    check.equal("remediate: refusals write nothing", state(endpoint), before)
    return before


def check_apply(check, program, endpoint, made, table, before):
    """The guard, as boto3 finds it; a second run; and what an audit then says."""
    apply = (
        "remediate",
        "--apply",
        "--confirm",
        made.organization,
        "--reason",
        "test",
        "--allow-endpoint-override",
    )
    code, _, err = program.run(*apply)
    check("remediate: applied", code == DONE, f"exit code {code}\n{err}")
    after = state(endpoint)
    new = {k: v for k, v in after["policies"].items() if k not in before["policies"]}
    check.equal("remediate: one new SCP", len(new), 1)
    for guard in new.values():
        check.equal("remediate: it hangs on the root alone", guard["targets"], [made.root])
        denied = denied_everywhere(guard["content"])
        check.equal("remediate: it denies the three ways out", denied, {LEAVE, ACCEPT, CLOSE})
    rest = {**after, "policies": {k: v for k, v in after["policies"].items() if k not in new}}
    check.equal("remediate: nothing else changed", rest, before)

    code, _, err = program.run(*apply)
    check("remediate: a second run has nothing to do", code == DONE, f"exit code {code}\n{err}")
    check.equal("remediate: a second run writes nothing", state(endpoint), after)

    code, text, _ = program.run("audit", "--format", "json", "--no-progress")
    check.equal("audit afterwards: what moto lacks is still unknown", code, INCOMPLETE)
    report = parse(check, "audit afterwards", text)

    def wanted(group):
        own = table[group]["leave"]
        fixed = own if own in ("outside-scps", "not-acting") else "blocked"
        return dict.fromkeys(PATHS, fixed)

    check_verdicts(check, "audit afterwards", report, made, wanted)


def check_type_disabled(check, program, endpoint, made, saved):
    """The policy type is off, and the program ends: moto lists attachments all the same."""
    api = client("organizations", endpoint)
    code, _, err = program.run("snapshot", "-o", str(saved), "--allow-gaps", "--no-tags")
    check.equal("type disabled: a snapshot before", code, DONE)
    apply = (
        "remediate",
        "--enable-policy-type",
        "--apply",
        "--confirm",
        made.organization,
        "--reason",
        "test",
        "--allow-endpoint-override",
        "--max-changes",
        "1000",
    )
    before = state(endpoint)
    restore = ("--from-snapshot", str(saved))
    for what, more in {"the guard": (), "a restoration": restore}.items():
        api.disable_policy_type(RootId=made.root, PolicyType="SERVICE_CONTROL_POLICY")
        code, out, err = program.run(*apply, *more)
        check(f"type disabled: {what} ends", code == DONE, f"exit code {code}\n{out[-2000:]}{err}")
        (root,) = api.list_roots()["Roots"]
        types = [one["Status"] for one in root["PolicyTypes"]]
        check.equal(f"type disabled: {what} enables it", types, ["ENABLED"])
        check.equal(f"type disabled: {what} changes nothing else", state(endpoint), before)


def check_doctor(check, program, made):
    """Who calls, and what is missing."""
    code, text, err = program.run("doctor")
    check("doctor: runs", code in (DONE, INCOMPLETE), f"exit code {code}\n{err}")
    check("doctor: names the caller's account", made.management in text, text)
    unnamed = [action for action in sorted(MISSING) if action not in text]
    check("doctor: names each operation that does not answer", not unnamed, unnamed)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--binary", type=Path, help="left out: only the seed is checked")
    binary = arguments.parse_args().binary
    if binary and not binary.is_file():
        raise SystemExit(f"there is no program at {binary}: build it first")
    check = Checks()
    table = expected()
    with tempfile.TemporaryDirectory(prefix="org-exit-guard-moto-") as name:
        scratch = Path(name)
        # Everything passes a recorder, for the judge of what goes over the wire.
        with Moto(scratch) as moto, Recorder(moto.endpoint) as wire:
            made = seed(wire.endpoint)
            check_seed(check, wire.endpoint, made, table)
            if binary:
                program = Program(str(binary.resolve()), wire.endpoint, scratch, check)
                live = check_audit(check, moto, program, made, table, scratch / "report.json")
                check_snapshot(check, program, live, made, scratch / "facts.json")
                check_doctor(check, program, made)
                check_alarms(check, program, moto.endpoint, live)
                before = check_refusals(check, program, wire.endpoint, made)
                check_apply(check, program, wire.endpoint, made, table, before)
                later = scratch / "later.json"
                check_type_disabled(check, program, wire.endpoint, made, later)
    print(f"moto: {check.passed} passed, {check.failed} failed")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
