"""The same program against moto and against the simulator, answer by answer.

    python beside_moto.py --binary target/debug/org-exit-guard [--print]

Answers are compared after ids were renamed in the order of their first appearance and times
and secrets dropped; errors by their code. `differences.json` lists every difference with the
side that AWS's documentation supports and the page. One that is not listed fails, and so does
a listed one that is not found any more. `--print` prints what is not listed as JSON.
"""

import argparse
import datetime
import json
import re
import sys
import tempfile
from pathlib import Path

from botocore.exceptions import ClientError

from probe import Caller, Probes
from recorder import Recorder
from served import Served
from together import STEPS

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "moto"))
from run import Moto  # noqa: E402

# Longer patterns first: an id within an ARN is renamed with the rest of its kind.
IDS = re.compile(
    r"\b(?:car-[a-z0-9]{8,32}|ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|o-[a-z0-9]{10,32}|r-[a-z0-9]{4,32}\b"
    r"|p-[a-z0-9]{8,128}|A(?:KIA|SIA|ROA|IDA|GPA|NPA)[A-Z0-9]{16,17}|\d{12})\b"
)
SECRET = {"SecretAccessKey", "SessionToken", "NextToken", "Marker", "Base32StringSeed", "QRCodePNG", "ResponseMetadata"}


class Side:
    """One server: what it answers, with ids renamed."""

    def __init__(self, caller):
        self.caller, self.kept, self.renamed = caller, {}, {}

    def rename(self, text):
        def new(match):
            found = match.group()
            kind = re.match(r"[a-z]+-|[A-Z]{4}|", found)[0] or "account"
            return self.renamed.setdefault(found, f"{kind}#{sum(k.startswith(kind) for k in self.renamed.values())}")

        return IDS.sub(new, text)

    def plain(self, value):
        if isinstance(value, dict):
            return {k: self.plain(v) for k, v in value.items() if k not in SECRET}
        if isinstance(value, list):
            return [self.plain(item) for item in value]
        if isinstance(value, datetime.datetime):
            return "TIME"
        return self.rename(value) if isinstance(value, str) else value

    def ask(self, call):
        """("ok", answer) or ("error", code and reason)."""
        try:
            return "ok", self.plain(call(self.caller, self.kept))
        except ClientError as error:
            return "error", error.response["Error"]["Code"]
        except Exception as error:  # an HTML page, or an answer without what a later step needs
            return "error", type(error).__name__


def flat(value):
    """A sort key: the renamed id of an item, or all of it."""
    names = ("TargetId", "Id", "AccessKeyId", "UserName", "GroupName", "SerialNumber")
    found = [value[name] for name in names if isinstance(value, dict) and name in value]
    return found[0] if found else json.dumps(value, sort_keys=True)


def differ(ours, theirs, at="$"):
    """(kind, place, ours, theirs) of each difference, list indices left out."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in sorted(set(ours) | set(theirs)):
            if name not in theirs:
                yield "only-simulator", f"{at}.{name}", ours[name], None
            elif name not in ours:
                yield "only-moto", f"{at}.{name}", None, theirs[name]
            else:
                yield from differ(ours[name], theirs[name], f"{at}.{name}")
    elif isinstance(ours, list) and isinstance(theirs, list):
        one, other = sorted(ours, key=flat), sorted(theirs, key=flat)
        if [flat(i) for i in one] == [flat(i) for i in other] and list(map(flat, ours)) != list(map(flat, theirs)):
            yield "order", at, [flat(i) for i in ours], [flat(i) for i in theirs]
        if len(ours) != len(theirs):
            yield "length", at, len(ours), len(theirs)
        else:
            for pair in zip(one, other):
                yield from differ(*pair, f"{at}[]")
    elif ours != theirs:
        yield "value", at, ours, theirs


def compare(ours, theirs):
    """The differences of two outcomes."""
    if ours[0] != theirs[0] or ours[0] == "error":
        if ours != theirs:
            shown = [o[1] if o[0] == "error" else "ok" for o in (ours, theirs)]
            yield "outcome", "$", *shown
        return
    seen = set()
    for kind, at, one, other in differ(ours[1], theirs[1]):
        if (kind, at) not in seen:
            seen.add((kind, at))
            yield kind, at, one, other


def listed(table, step, difference):
    kind, at, one, other = difference
    for row in table:
        if row["kind"] == kind and re.fullmatch(row["at"], at) and re.fullmatch(row["step"], step):
            if kind != "outcome" or [one, other] == [row["simulator"], row["moto"]]:
                return row
    return None


def run(probe, binary, scratch, show):
    table = json.loads((HERE / "differences.json").read_text("utf-8"))["differences"]
    used, unlisted = set(), []
    with Served(binary, "--empty") as served, Moto(scratch) as moto, Recorder(moto.endpoint) as wire:
        sides = Side(Caller(served.endpoint, served.key, served.secret)), Side(Caller(wire.endpoint, "testing", "testing"))
        equal = 0
        for name, call in STEPS:
            found = list(compare(*(side.ask(call) for side in sides)))
            equal += not found
            for difference in found:
                row = listed(table, name, difference)
                if row:
                    used.add(table.index(row))
                else:
                    unlisted.append((name, *difference))
            missing = [entry[1:] for entry in unlisted if entry[0] == name]
            probe(name, not missing, missing)
    for number, row in enumerate(table):
        # An order that nobody promises may agree by chance: moto draws its ids anew each time.
        there = number in used or (row["kind"] == "order" and row["aws"] == "not said")
        probe(f"difference {number:02}: {row['kind']} {row['step']} {row['at']} still there", there, row)
        probe(f"difference {number:02}: has a page and a side", row["aws"] in ("simulator", "moto", "neither", "both", "not said")
              and row["page"].startswith("https://docs.aws.amazon.com/") and row["why"], row)
    print(f"      {len(STEPS)} steps, {equal} with equal answers, {len(table)} listed differences")
    if show:
        for name, kind, at, one, other in unlisted:
            row = {"step": name, "kind": kind, "at": at, "simulator": one, "moto": other}
            print(json.dumps(row, default=str)[:400])


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--binary", type=Path, required=True)
    arguments.add_argument("--print", action="store_true", dest="show")
    wanted = arguments.parse_args()
    probe = Probes()
    with tempfile.TemporaryDirectory(prefix="org-exit-guard-beside-") as name:
        run(probe, wanted.binary, Path(name), wanted.show)
    print(f"beside_moto: {probe.passed} passed, {len(probe.failures)} failed")
    return 1 if probe.failures else 0


if __name__ == "__main__":
    sys.exit(main())
