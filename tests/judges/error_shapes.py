"""The errors that AWS's service models list for every operation that the program calls.

    python error_shapes.py [--binary IGNORED] [--write]

Compares them with tests/it/data/error-shapes.json, which a Rust test holds the program's own
classes to; --write writes it anew. A new error in a newer botocore fails here first.
"""

import argparse
import json
import re
import sys
from pathlib import Path

import botocore.session

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests/it/data/error-shapes.json"
TABLE = ROOT / "src/model/operations.rs"


def listed():
    names = re.findall(r'"((?:athena|organizations|iam|sts|cloudtrail|cloudformation|events|logs):[A-Z]\w+)"', TABLE.read_text("utf-8"))
    session = botocore.session.get_session()
    models = {}
    errors = {}
    for name in sorted(set(names)):
        service, operation = name.split(":")
        model = models.setdefault(service, session.get_service_model(service))
        shapes = model.operation_model(operation).error_shapes
        # The wire carries the code, which is not always the shape's name.
        codes = [(shape.metadata.get("error") or {}).get("code", shape.name) for shape in shapes]
        errors[name] = sorted(set(codes))
    return errors


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    found = listed()
    text = json.dumps(found, indent=1, sort_keys=True) + "\n"
    if arguments.write:
        DATA.write_text(text, "utf-8")
    stored = json.loads(DATA.read_text("utf-8"))
    failed = 0
    for name in sorted(found.keys() | stored.keys()):
        if found.get(name) != stored.get(name):
            failed += 1
            print(f"FAILED {name}: models {found.get(name)}, stored {stored.get(name)}")
    print(f"error_shapes: {len(found) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
