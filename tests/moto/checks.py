"""Counts checks, and the few helpers that more than one of them needs."""

import json
import re
import unicodedata

# Values that may differ between two runs over equal facts: when they ran, and
# the id that the server gave each of its answers.
VOLATILE = re.compile(r'"(taken_at|from|until|request_id)"(\s*:\s*)"[^"]*"')


class Checks:
    """Prints one line for each check, and remembers how many held."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def __call__(self, what, holds, detail=""):
        if holds:
            self.passed += 1
            print(f"ok    {what}", flush=True)
        else:
            self.failed += 1
            print(f"FAIL  {what}", flush=True)
            for line in str(detail).splitlines()[:12]:
                print(f"      {line[:400]}", flush=True)
        return holds

    def equal(self, what, found, wanted):
        return self(what, found == wanted, f"found  {found}\nwanted {wanted}")


def settled(report):
    """A report's text with what differs from run to run taken out."""
    return VOLATILE.sub(r'"\1"\2"-"', report)


def parse(check, what, text):
    """The document on standard output; an empty one, and a failed check, if it is none."""
    try:
        document = json.loads(text)
    except ValueError as error:
        check(f"{what}: standard output is one JSON document", False, f"{error}\n{text}")
        return {}
    check(f"{what}: standard output is one JSON document", isinstance(document, dict), text)
    return document if isinstance(document, dict) else {}


def width(line):
    """Columns that a terminal gives to a line."""
    columns = 0
    for character in line:
        if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
            continue
        columns += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return columns


def control_characters(text):
    """Characters that a terminal would obey rather than show."""
    return sorted({repr(c) for c in text if unicodedata.category(c) == "Cc" and c not in "\n\t"})


def cut_ids(text, known):
    """OU ids in a text that are not whole ids of the organization."""
    return sorted(set(re.findall(r"\bou-[0-9a-z]*(?:-[0-9a-z]*)?", text)) - set(known))
