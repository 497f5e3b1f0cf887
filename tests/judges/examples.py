"""AWS's own examples inside botocore (`examples-1.json`), held against the models.

    python examples.py --binary target/debug/org-exit-guard

Every example's input and output must parse by the service model. Reads that need
no id of the example's own world are sent to the simulator as they are; the answer
must have the members of AWS's example. `examples.json` says for each operation
that is not sent why not.
"""

import argparse
import gzip
import json
import sys
from pathlib import Path

import botocore
from botocore.exceptions import ClientError

from models import Checker, service_model
from probe import Caller, Probes
from served import Served

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


def snake(name):
    from botocore import xform_name

    return xform_name(name)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--binary", type=Path, required=True)
    wanted = arguments.parse_args()
    table = json.loads((HERE / "examples.json").read_text("utf-8"))
    probe = Probes()
    with Served(wanted.binary) as served:
        admin = Caller(served.endpoint, served.key, served.secret)
        for service, count in SERVICES.items():
            found = list(examples(service))
            probe(f"{service}: {count} examples", len(found) == count, len(found))
            for number, (operation, example) in enumerate(found):
                name = f"{service}.{number:02}.{operation}"
                wrong = parse(service, operation, example)
                mistakes = table["mistakes"].get(name, [])
                wrong = [w for w in wrong if w["at"] not in mistakes]
                probe(f"{name}: parses", not wrong, wrong)
                if f"{service}.{operation}" in table["replayed"]:
                    replay(probe, name, admin, service, operation, example)
    print(f"examples: {probe.passed} passed, {len(probe.failures)} failed")
    return 1 if probe.failures else 0


def replay(probe, name, admin, service, operation, example):
    """The answer has the members of AWS's example, lists and optional tokens aside."""
    try:
        answer = getattr(getattr(admin, service), snake(operation))(**(example.get("input") or {}))
    except ClientError as error:
        probe(f"{name}: answers", False, error)
        return
    wanted = set(example.get("output") or {}) - {"NextToken"}
    missing = wanted - set(answer)
    probe(f"{name}: answers with AWS's members", not missing, f"missing {sorted(missing)}")


if __name__ == "__main__":
    sys.exit(main())
