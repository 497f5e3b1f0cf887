#!/usr/bin/env python3
"""Asks z3 whether verdicts that claim every request hold: `blocked` and `open`.

    python tests/judges/z3_check.py [--sample target/judges/verdict-sample.jsonl]
                                    [--limit 120] [--seconds 20]

The sample is what the test `drawn_stacks_0` wrote: one stack a line, with our
verdict for organizations:LeaveOrganization in account 111122223333. The encoding
here is written from AWS's pages, not from the Rust code:

* evaluation logic of SCPs, level by level
  https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
* operators, negation and missing keys
  https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
* several keys and values
  https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
* what each key holds, for each kind of principal
  https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
* variables
  https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html

For `blocked` it asks for a request that gets through, for `open` for one that
does not; for `conditional` it asks for both. unsat confirms, sat refutes, no
answer in time is counted and excuses nobody. Exit code 1 if anything is refuted.
"""

import argparse
import ipaddress
import json
import re
import sys
from datetime import datetime, timezone
from pathlib import Path

import z3

ACCOUNT = "111122223333"
ACTION = "organizations:leaveorganization"
CONSTANT = {
    "aws:principalaccount": ACCOUNT,
    "aws:principalorgid": "o-exampleorg1",
    "aws:requestedregion": "us-east-1",
    "aws:securetransport": "true",
}
PATHS = ["o-exampleorg1/r-ab12/ou-ab12-11111111/"]
NOW = int(datetime(2026, 11, 24, tzinfo=timezone.utc).timestamp())
KINDS = {
    "root": "Account", "user": "User", "user/": "User",
    "role": "AssumedRole", "role/": "AssumedRole", "federated": "FederatedUser",
}  # fmt: skip
PRINTABLE = z3.Range("!", "~")
NAME = z3.Union(
    z3.Range("a", "z"), z3.Range("A", "Z"), z3.Range("0", "9"),
    *[z3.Re(c) for c in "_+=,.@-"],
)  # fmt: skip
ANY = z3.Full(z3.ReSort(z3.StringSort()))
ONE = z3.AllChar(z3.ReSort(z3.StringSort()))
NO_COLON = z3.Union(z3.Range("\x00", "9"), z3.Range(";", "\U0002ffff"))


def listed(value):
    """A string, number or boolean, or a list of them, as texts."""
    items = value if isinstance(value, list) else [value]
    return [("true" if one else "false") if isinstance(one, bool) else str(one) for one in items]


class Request:
    """The unknowns of one request by one kind of principal."""

    def __init__(self, kind):
        self.kind = kind
        self.facts = []
        self.texts = {}
        self.present = {}
        name = z3.String("name")
        self.facts.append(z3.InRe(name, z3.Plus(NAME)))
        base = f"arn:aws:iam::{ACCOUNT}:"
        path = z3.String("path")
        self.facts.append(z3.InRe(path, z3.Concat(z3.Plus(PRINTABLE), z3.Re("/"))))
        if kind == "root":
            arn = z3.StringVal(base + "root")
        elif kind == "federated":
            arn = z3.Concat(z3.StringVal(f"arn:aws:sts::{ACCOUNT}:federated-user/"), name)
        elif kind.endswith("/"):
            arn = z3.Concat(z3.StringVal(base + kind), path, name)
        else:
            arn = z3.Concat(z3.StringVal(f"{base}{kind}/"), name)
        self.fixed("aws:principalarn", arn)
        self.fixed("aws:principaltype", z3.StringVal(KINDS[kind]))
        if kind.startswith("user"):
            self.fixed("aws:username", name)
        else:
            self.absent("aws:username")
        for key, value in CONSTANT.items():
            self.fixed(key, z3.StringVal(value))
        via = z3.String("via")
        self.facts.append(z3.Or(via == "true", via == "false"))
        self.fixed("aws:viaawsservice", via)
        mfa = z3.String("mfa")
        self.facts.append(z3.Or(mfa == "true", mfa == "false"))
        self.texts["aws:multifactorauthpresent"] = mfa
        self.present["aws:multifactorauthpresent"] = z3.Bool("has mfa")
        # Numbers, times and addresses are never compared as text in the sample.
        self.age, self.has_age = z3.Real("age"), z3.Bool("has age")
        self.facts.append(self.age >= 0)
        self.now = z3.Real("now")
        self.facts.append(self.now >= NOW)
        self.issued, self.has_issued = z3.Real("issued"), z3.Bool("has issued")
        self.v4, self.is_v4 = z3.BitVec("v4", 32), z3.Bool("is v4")
        self.v6, self.has_ip = z3.BitVec("v6", 128), z3.Bool("has ip")

    def fixed(self, key, value):
        self.texts[key], self.present[key] = value, z3.BoolVal(True)

    def absent(self, key):
        self.texts[key], self.present[key] = z3.StringVal(""), z3.BoolVal(False)

    def text(self, key):
        """A key with free text, made when it is first named."""
        if key not in self.texts:
            if key.startswith("aws:principaltag/") and self.kind == "root":
                self.absent(key)
            else:
                self.texts[key], self.present[key] = z3.String(key), z3.Bool("has " + key)
        return self.texts[key], self.present[key]


def pieces(text, version):
    """Policy text as literals, wildcards and variables."""
    found = []
    pattern = r"\$\{([^}]*)\}" if version == "2012-10-17" else r"(?!)"
    at = 0
    for match in re.finditer(pattern, text):
        found += [("text", c) for c in text[at:match.start()]]
        found.append(("variable", match.group(1)))
        at = match.end()
    return found + [("text", c) for c in text[at:]]


def resolve(request, name):
    """The value of a variable and whether it has one."""
    if name in ("*", "?", "$"):
        return z3.StringVal(name), z3.BoolVal(True)
    key, _, default = name.partition(",")
    value, has = request.text(key.strip().lower())
    if default:
        default = z3.StringVal(default.strip().strip("'"))
        return z3.If(has, value, default), z3.BoolVal(True)
    return value, has


def like(request, subject, parts, wild, any_run, any_one, fold=False):
    """Does the subject match the parts, from end to end? Variables are plain text."""
    if not any(kind == "variable" for kind, _ in parts):
        regex = [z3.Re("")]
        for _, c in parts:
            if wild and c in "*?":
                regex.append(any_run if c == "*" else any_one)
            elif fold and c.lower() != c.upper():
                regex.append(z3.Union(z3.Re(c.lower()), z3.Re(c.upper())))
            else:
                regex.append(z3.Re(c))
        return z3.InRe(subject, z3.Concat(*regex) if len(regex) > 1 else regex[0])
    rows, needs = [], []
    for number, (kind, value) in enumerate(parts):
        if kind == "variable":
            text, has = resolve(request, value)
            rows.append(text)
            needs.append(has)
        elif wild and value in "*?":
            gap = z3.FreshConst(z3.StringSort(), "gap")
            needs.append(z3.InRe(gap, any_run if value == "*" else any_one))
            rows.append(gap)
        else:
            rows.append(z3.StringVal(value))
    whole = z3.Concat(*rows) if len(rows) > 1 else rows[0]
    gaps = [row for row in rows if z3.is_const(row) and row.decl().name().startswith("gap")]
    formula = z3.And(subject == whole, *needs)
    return z3.Exists(gaps, formula) if gaps else formula


def split_arn(parts):
    """Six parts at the first five colons that stand outside variables."""
    rows = [[]]
    for part in parts:
        if part == ("text", ":") and len(rows) < 6:
            rows.append([])
        else:
            rows[-1].append(part)
    return rows


def arn_like(request, subject, parts):
    """Part by part: a wildcard of the first five does not cross a colon."""
    rows = split_arn(parts)
    if len(rows) != 6:
        raise ValueError("an ARN pattern of fewer than six parts")
    joined_regex, variables = [], any(kind == "variable" for kind, _ in parts)
    if variables:
        # Substituted first: the account is a constant, a user's name holds no colon.
        flat = []
        for kind, value in parts:
            if kind == "variable" and value.lower() in CONSTANT:
                flat += [("text", c) for c in CONSTANT[value.lower()]]
            else:
                flat.append((kind, value))
        if any(kind == "variable" for kind, _ in flat):
            head = flat[: len(flat) - 1]
            if any(kind == "variable" for kind, _ in head):
                raise ValueError("a variable inside an ARN")
            value, has = resolve(request, flat[-1][1])
            head_regex = arn_regex(split_arn(head))
            prefix = z3.FreshConst(z3.StringSort(), "gap")
            found = z3.And(subject == z3.Concat(prefix, value), z3.InRe(prefix, head_regex), has)
            return z3.Exists([prefix], found)
        rows = split_arn(flat)
    joined_regex = arn_regex(rows)
    return z3.InRe(subject, joined_regex)


def arn_regex(rows):
    regex = []
    for number, row in enumerate(rows):
        if number:
            regex.append(z3.Re(":"))
        for _, c in row:
            if c == "*":
                regex.append(z3.Star(NO_COLON) if number < 5 else ANY)
            elif c == "?":
                regex.append(NO_COLON if number < 5 else ONE)
            else:
                regex.append(z3.Re(c))
    return z3.Concat(*regex)


def moment(text):
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    text = text.replace("Z", "+00:00")
    found = datetime.fromisoformat(text)
    return int(found.replace(tzinfo=found.tzinfo or timezone.utc).timestamp())


def ordered(order, value, others):
    compare = {
        "Equals": lambda a, b: a == b, "LessThan": lambda a, b: a < b,
        "LessThanEquals": lambda a, b: a <= b, "GreaterThan": lambda a, b: a > b,
        "GreaterThanEquals": lambda a, b: a >= b,
    }[order]  # fmt: skip
    return z3.Or(*[compare(value, z3.RealVal(other)) for other in others])


def in_range(request, text):
    network = ipaddress.ip_network(text, strict=False)
    value, width = (request.v4, 32) if network.version == 4 else (request.v6, 128)
    mask = z3.BitVecVal(int(network.netmask), width)
    inside = (value & mask) == z3.BitVecVal(int(network.network_address), width)
    return z3.And(request.is_v4 if network.version == 4 else z3.Not(request.is_v4), inside)


def positive(request, base, key, values, version):
    """The comparison without negation, and whether the key is there."""
    if base.startswith("Numeric"):
        numbers = [float(value) for value in values]
        return ordered(base[len("Numeric"):], request.age, numbers), request.has_age
    if base.startswith("Date"):
        times = [moment(value) for value in values]
        if key == "aws:tokenissuetime":
            return ordered(base[len("Date"):], request.issued, times), request.has_issued
        return ordered(base[len("Date"):], request.now, times), z3.BoolVal(True)
    if base == "IpAddress":
        return z3.Or(*[in_range(request, value) for value in values]), request.has_ip
    subject, has = request.text(key)
    found = []
    for value in values:
        parts = pieces(value, version)
        if base in ("ArnLike", "ArnEquals"):
            found.append(arn_like(request, subject, parts))
        elif base == "Bool":
            found.append(like(request, subject, pieces(value, ""), False, ANY, ONE, fold=True))
        else:
            fold = base == "StringEqualsIgnoreCase"
            if fold and any(kind == "variable" for kind, _ in parts):
                raise ValueError("a variable compared without regard to case")
            found.append(like(request, subject, parts, base == "StringLike", ANY, ONE, fold))
    return z3.Or(*found), has


def glob(pattern, text):
    regex = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch(regex, text, re.S) is not None


def condition(request, operator, key, values, version):
    key = key.lower()
    if operator == "Null":
        present = {
            "aws:multifactorauthage": request.has_age, "aws:sourceip": request.has_ip,
        }.get(key)  # fmt: skip
        present = request.text(key)[1] if present is None else present
        return z3.Or(*[z3.Not(present) if value == "true" else present for value in values])
    prefix, _, rest = operator.rpartition(":")
    exists = rest.endswith("IfExists")
    rest = rest[: -len("IfExists")] if exists else rest
    negated = rest.replace("Not", "", 1) in {
        "StringEquals", "StringEqualsIgnoreCase", "StringLike", "NumericEquals", "DateEquals",
        "IpAddress", "ArnEquals", "ArnLike",
    } and "Not" in rest  # fmt: skip
    base = rest.replace("Not", "", 1) if negated else rest
    if key == "aws:principalorgpaths":
        # One value, the same in every request.
        match = [any(glob(value, path) for value in values) != negated for path in PATHS]
        return z3.BoolVal(all(match) if prefix == "ForAllValues" else any(match))
    holds, has = positive(request, base, key, values, version)
    if negated:
        holds = z3.Not(holds)
    if prefix == "ForAllValues":
        return z3.Or(z3.Not(has), holds)
    if prefix == "ForAnyValue":
        return z3.Or(z3.Not(has), holds) if exists else z3.And(has, holds)
    return z3.Or(z3.Not(has), holds) if exists or negated else z3.And(has, holds)


def statement(request, body, version):
    patterns = listed(body.get("Action", body.get("NotAction")))
    named = any(glob(pattern.lower(), ACTION) for pattern in patterns)
    if named == ("NotAction" in body) or "*" not in listed(body["Resource"]):
        return z3.BoolVal(False)
    parts = [
        condition(request, operator, key, listed(values), version)
        for operator, keys in body.get("Condition", {}).items()
        for key, values in keys.items()
    ]
    return z3.And(*parts) if parts else z3.BoolVal(True)


def allowed(request, levels):
    denies, every = [], []
    for level in levels:
        allows = []
        for policy in level:
            for body in policy["Statement"]:
                applies = statement(request, body, policy["Version"])
                (allows if body["Effect"] == "Allow" else denies).append(applies)
        every.append(z3.Or(*allows) if allows else z3.BoolVal(False))
    return z3.And(*every, *[z3.Not(one) for one in denies])


def search(levels, wanted, seconds):
    """sat if some kind of principal has such a request, unsat if none has, else unknown."""
    result = "unsat"
    for kind in KINDS:
        request = Request(kind)
        goal = allowed(request, levels)
        solver = z3.Solver()
        solver.set("timeout", int(seconds * 1000))
        solver.add(*request.facts, goal if wanted else z3.Not(goal))
        answer = str(solver.check())
        if answer == "sat":
            return "sat"
        result = "unknown" if answer == "unknown" else result
    return result


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    root = Path(__file__).resolve().parents[2]
    arguments.add_argument("--sample", type=Path, default=root / "target/judges/verdict-sample.jsonl")
    arguments.add_argument("--limit", type=int, default=120)
    arguments.add_argument("--seconds", type=float, default=20)
    wanted = arguments.parse_args()
    expected = {
        "blocked": {True: "unsat"},
        "open": {False: "unsat"},
        "conditional": {True: "sat", False: "sat"},
    }
    confirmed = refuted = unknown = skipped = 0
    for number, line in enumerate(wanted.sample.read_text().splitlines()):
        if confirmed + refuted + unknown >= wanted.limit:
            break
        case = json.loads(line)
        questions = expected.get(case["verdict"])
        if questions is None:
            skipped += 1
            continue
        try:
            found = {side: search(case["levels"], side, wanted.seconds) for side in questions}
        except ValueError as reason:
            skipped += 1
            print(f"stack {number + 1} left out: {reason}")
            continue
        if any(found[side] not in (questions[side], "unknown") for side in found):
            refuted += 1
            print(f"stack {number + 1}: {case['verdict']}, z3 says {found}\n  {line}")
        elif "unknown" in found.values():
            unknown += 1
        else:
            confirmed += 1
    print(f"z3: {confirmed} passed, {refuted} failed, {unknown} without an answer, {skipped} left out")
    return 1 if refuted or not confirmed else 0


if __name__ == "__main__":
    sys.exit(main())
