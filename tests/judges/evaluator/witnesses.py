"""Freezes another evaluator's answers to the witnesses of our own verdicts.

    cargo nextest run witnesses::are_written_down
    python witnesses.py

That test draws stacks and writes each verdict's witnesses to
`target/judges/witnesses.jsonl`: `levels`, `requests`, and in `expected` one letter
a request, A for one that gets through and D for one that does not. This asks
`@cloud-copilot/iam-simulate` (see generate.py) about each and writes
`tests/it/data/iam-simulate-witnesses.jsonl`, with its letters in `answers` and the
traits of the stack that meet a known defect. tests/it/witnesses.rs holds them.
"""

import json

from generate import PACKAGE, ROOT, ask, traits

WITNESSES = ROOT / "target/judges/witnesses.jsonl"
ANSWERS = ROOT / "tests/it/data/iam-simulate-witnesses.jsonl"


def main():
    stacks = [json.loads(line) for line in WITNESSES.read_text(encoding="utf-8").splitlines()]
    answers = ask(stacks, ROOT / "target/iam-simulate")
    assert len(answers) == len(stacks), f"{len(answers)} answers to {len(stacks)} stacks"
    different = 0
    with ANSWERS.open("w", encoding="utf-8") as file:
        for stack, letters in zip([{"evaluator": PACKAGE}, *stacks], ["", *answers], strict=True):
            if letters:
                stack |= {"answers": letters, "traits": traits(stack["levels"])}
                pairs = zip(stack["expected"], letters, strict=True)
                different += sum((one == "A") != (other == "A") for one, other in pairs)
            file.write(json.dumps(stack, separators=(",", ":")) + "\n")
    asked = sum(map(len, answers))
    print(f"{ANSWERS.relative_to(ROOT)}: {asked} witnesses of {len(stacks)} stacks, {different} differ")


if __name__ == "__main__":
    main()
