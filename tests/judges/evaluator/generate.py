"""Regenerates the frozen answers of another evaluator.

    python generate.py [--seed 3] [--stacks 640] [--requests 48]

Draws SCP stacks and requests from a seed, asks `@cloud-copilot/iam-simulate`
(npm, installed under target/, run as a process of its own) about every pair and
writes `tests/it/data/iam-simulate-answers.jsonl`: the requests on the first
line, then one stack a line with one letter a request (A allowed, D explicitly
denied, I implicitly denied, ? no answer) and the traits of the stack that meet
a known defect of that evaluator (`known-defects.json`). Only answers on our own
questions are kept. tests/it/oracle.rs compares `evaluate` with them.
"""

import argparse
import json
import random
import subprocess
from pathlib import Path

from stacks import draw_request, draw_stack

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
ANSWERS = ROOT / "tests/it/data/iam-simulate-answers.jsonl"
PACKAGE = "@cloud-copilot/iam-simulate@0.1.173"


def conditions(levels):
    """(policy version, effect, operator, key, values) of every condition of a stack."""
    for level in levels:
        for policy in level:
            for statement in policy["Statement"]:
                for operator, keys in statement.get("Condition", {}).items():
                    for key, values in keys.items():
                        values = values if isinstance(values, list) else [values]
                        yield policy["Version"], operator, key, values


def traits(levels):
    """The known defects of iam-simulate that this stack could meet, by id."""
    found = set()
    for version, operator, _, values in conditions(levels):
        variable = any("${" in value for value in values)
        if variable and version != "2012-10-17":
            found.add("variables-in-old-version")
        if variable and "Arn" in operator:
            found.add("variable-in-arn-operator")
        if variable and "Not" in operator:
            found.add("negated-operator-with-variable-without-value")
        if "IpAddress" in operator and "0.0.0.0/0" in values:
            found.add("range-of-all-ipv4")
        if operator == "NotIpAddress" and any("/" not in value for value in values):
            found.add("bare-ipv4-against-ipv6")
        if operator.startswith("Date") and any(value.isdigit() for value in values):
            found.add("seconds-since-1970")
        if operator.startswith("ForAnyValue:") and operator.endswith("IfExists"):
            found.add("any-value-if-exists")
    return sorted(found)


def ask(documents, folder):
    """The evaluator's letters, one line a stack; `oracle.mjs` says what the documents are."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["npm", "install", "--silent", "--no-save", "--ignore-scripts", PACKAGE],
        cwd=folder, check=True, stdout=subprocess.DEVNULL,
    )
    lines = [json.dumps(document) for document in documents]
    done = subprocess.run(
        ["node", str(HERE / "oracle.mjs")],
        cwd=folder, check=True, input="\n".join(lines) + "\n", text=True, stdout=subprocess.PIPE,
    )
    return done.stdout.split()


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seed", type=int, default=3)
    arguments.add_argument("--stacks", type=int, default=640)
    arguments.add_argument("--requests", type=int, default=48)
    wanted = arguments.parse_args()
    draw = random.Random(wanted.seed)
    requests = [draw_request(draw) for _ in range(wanted.requests)]
    stacks = [draw_stack(draw) for _ in range(wanted.stacks)]
    answers = ask(
        [{"requests": requests}, *({"levels": levels} for levels in stacks)],
        ROOT / "target/iam-simulate",
    )
    assert len(answers) == len(stacks), f"{len(answers)} answers to {len(stacks)} stacks"

    def line(document):
        return json.dumps(document, separators=(",", ":")) + "\n"

    with ANSWERS.open("w", encoding="utf-8") as file:
        file.write(line({"evaluator": PACKAGE, "seed": wanted.seed, "requests": requests}))
        for levels, letters in zip(stacks, answers, strict=True):
            file.write(line({"levels": levels, "answers": letters, "traits": traits(levels)}))
    letters = "".join(answers)
    counts = {letter: letters.count(letter) for letter in "ADI?"}
    print(f"{ANSWERS.relative_to(ROOT)}: {ANSWERS.stat().st_size} bytes, {counts}")


if __name__ == "__main__":
    main()
