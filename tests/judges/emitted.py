"""Plans as code, judged by others: CloudFormation by cfn-lint, Terraform by its own parser.

    python emitted.py --binary target/debug/org-exit-guard

`terraform validate` needs the provider's schema and so the network; `terraform providers` parses
every expression and block without it. Where there is no terraform, only the JSON is judged.
Ends with the number of checks that held and failed; exit code 0 if none failed.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SCP_LIMIT = 10_240


class Checks:
    """Counts what held, and prints what did not."""

    def __init__(self):
        self.passed = self.failed = 0

    def __call__(self, name, holds, detail=""):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {name}: {detail}")


def emitted(binary, home, language):
    """What the program prints for the demo's plan, an invitation included."""
    command = [binary, "remediate", "--demo", "--emit", language]
    environment = {"PATH": os.defpath, "HOME": str(home)}
    run = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=home)
    return run.returncode, run.stdout, run.stderr


def cloudformation(check, home, text):
    template = home / "template.json"
    template.write_text(text)
    parsed = json.loads(text)
    policies = parsed["Resources"].values()
    check("a policy is in the template", len(policies) == 1, text)
    for policy in policies:
        properties = policy["Properties"]
        check("it is an SCP", properties["Type"] == "SERVICE_CONTROL_POLICY", properties)
        check("it hangs on the root", properties["TargetIds"][0].startswith("r-"), properties)
        size = len(json.dumps(properties["Content"]))
        check("it fits", size < SCP_LIMIT, size)
    program = Path(sys.executable).with_name("cfn-lint")
    lint = [str(program), "--include-checks", "I", "--", str(template)]
    run = subprocess.run(lint, capture_output=True, text=True)
    check("cfn-lint finds nothing", run.returncode == 0, run.stdout + run.stderr)
    broken = home / "broken.json"
    broken.write_text(text.replace('"TargetIds"', '"Targets"'))
    run = subprocess.run([*lint[:-1], str(broken)], capture_output=True, text=True)
    check("cfn-lint would find a wrong property", run.returncode != 0, run.stdout)


def terraform(check, home, text):
    parsed = json.loads(text)
    resources = parsed["resource"]
    (label, policy), = resources["aws_organizations_policy"].items()
    (attachment,) = resources["aws_organizations_policy_attachment"].values()
    reference = "${aws_organizations_policy.%s.id}" % label
    check("the attachment follows the policy", attachment["policy_id"] == reference, attachment)
    check("it hangs on the root", attachment["target_id"].startswith("r-"), attachment)
    content = json.loads(policy["content"])
    check("the text is a policy", content["Version"] == "2012-10-17", content)
    program = shutil.which("terraform")
    if program is None:
        print("terraform is not here: only the JSON was judged")
        return

    def parse(name, text):
        folder = home / name
        folder.mkdir()
        (folder / "main.tf.json").write_text(text)
        return subprocess.run(
            [program, "providers"],
            cwd=folder,
            capture_output=True,
            text=True,
            env={"PATH": os.defpath, "HOME": str(home), "CHECKPOINT_DISABLE": "1"},
        )

    run = parse("sound", text)
    found = "hashicorp/aws" in run.stdout and run.returncode == 0
    check("terraform parses it", found, run.stdout + run.stderr)
    run = parse("broken", text.replace('"resource"', '"resorce"'))
    check("terraform would find a wrong block", run.returncode != 0, run.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True, type=Path)
    binary = parser.parse_args().binary.resolve()
    check = Checks()
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        for language, judge in (("cloudformation", cloudformation), ("terraform", terraform)):
            code, out, err = emitted(binary, home, language)
            check(f"{language} is printed", code == 0, err)
            judge(check, home, out)
    print(f"emitted: {check.passed} passed, {check.failed} failed")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
