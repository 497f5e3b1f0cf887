"""AWS's own examples inside botocore (`examples-1.json`), parsed, and sent to the simulator.

    python examples.py --binary target/debug/org-exit-guard

Every example's input and output must parse by the service model. Then each is sent as AWS
wrote it, in a world made for it with AWS's ids, and the answer must have every member of AWS's
answer, however deep. `examples.json` says by whom and after what, or why an example is not sent.
"""

import argparse
import gzip
import json
import sys
from pathlib import Path

import botocore
from botocore import xform_name

from example_world import renamed, scenario
from models import Checker, service_model
from probe import Probes
from worlds import played

HERE = Path(__file__).parent
SERVICES = {"organizations": 42, "iam": 68, "sts": 9}


def examples(service):
    """(operation, example) pairs, from the newest API version that has some."""
    folder = Path(botocore.__file__).parent / "data" / service
    for name in ("examples-1.json", "examples-1.json.gz"):
        for path in sorted(folder.glob(f"*/{name}")):
            data = path.read_bytes()
            text = gzip.decompress(data) if path.suffix == ".gz" else data
            for operation, found in json.loads(text)["examples"].items():
                for example in found:
                    yield operation, example


def plain(shape, value):
    """Times as numbers: the examples write them as text, in several ways."""
    kind = shape.type_name if shape is not None else None
    if kind == "timestamp":
        return 0
    if kind == "structure" and isinstance(value, dict):
        return {k: plain(shape.members[k], v) if k in shape.members else v for k, v in value.items()}
    if kind == "list" and isinstance(value, list):
        return [plain(shape.member, item) for item in value]
    return value


def parse(service, operation, example):
    """What the model says against the example; patterns and lengths of its made-up ids aside."""
    checker = Checker(service)
    model = service_model(service).operation_model(operation)
    for side, shape in (("input", model.input_shape), ("output", model.output_shape)):
        value = example.get(side) or {}
        if shape is not None and value:
            checker.value(operation, shape, plain(shape, value), side)
    return [f for f in checker.findings if f["kind"] in ("unknown-member", "type", "enum")]


def places(value, at="$"):
    """The places of all members: those of a list's items together."""
    found = set()
    if isinstance(value, dict):
        for name, member in value.items():
            found |= {f"{at}.{name}"} | places(member, f"{at}.{name}")
    elif isinstance(value, list):
        for item in value:
            found |= places(item, f"{at}[]")
    return found


def replay(probe, name, binary, operation, example, how):
    """The answer has every member of AWS's, but those that `without` explains."""
    service = name.split(".")[0]
    try:
        with played(binary, scenario(how.get("world")), change=renamed) as world:
            caller = world(how.get("by", "Management"))
            for which, method, given in how.get("after", []):
                answer = getattr(getattr(caller, which), method)(**given)
            given = dict(example.get("input") or {})
            for member, path in how.get("with", {}).items():  # ids that only the server can make
                for part in path.split("."):
                    answer = answer[part]
                given[member] = answer
            answer = getattr(getattr(caller, service), xform_name(operation))(**given)
    except Exception as error:  # a refusal, or a world that cannot be made
        probe(f"{name}: answers", False, repr(error))
        return
    without = how.get("without", {})
    missing = places(example.get("output") or {}) - places(answer) - set(without)
    probe(f"{name}: answers with AWS's members", not missing, f"missing {sorted(missing)}")
    idle = set(without) & places(answer)
    probe(f"{name}: what is left out is left out", not idle, idle) if without else None


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--binary", type=Path, required=True)
    binary = arguments.parse_args().binary
    table = json.loads((HERE / "examples.json").read_text("utf-8"))
    probe, sent, names = Probes(), 0, set()
    for service, count in SERVICES.items():
        found = list(examples(service))
        probe(f"{service}: {count} examples", len(found) == count, len(found))
        for number, (operation, example) in enumerate(found):
            name = f"{service}.{number:02}.{operation}"
            names.add(name)
            wrong = parse(service, operation, example)
            probe(f"{name}: parses", not wrong, wrong)
            how, why = table["sent"].get(name), table["not_sent"].get(name)
            probe(f"{name}: is sent, or it is said why not", (how is None) != (why is None), (how, why))
            if how is not None:
                sent += 1
                replay(probe, name, binary, operation, example, how)
    unknown = (set(table["sent"]) | set(table["not_sent"])) - names
    probe("examples.json names no other examples", not unknown, unknown)
    print(f"      {len(names)} examples, {sent} sent, {len(names) - sent} with the reason why not")
    print(f"examples: {probe.passed} passed, {len(probe.failures)} failed")
    return 1 if probe.failures else 0


if __name__ == "__main__":
    sys.exit(main())
