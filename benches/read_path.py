#!/usr/bin/env python3
"""What an audit costs: calls, time and memory, beside the least that it can be and beside others.

    python3 benches/read_path.py [--largest N]     (default: 50000)

Builds the release and the benchmark, and installs PMapper and boto3 under target/peers. Virtual
time: against the simulator with AWS's published rates, everything at the full rate. Real time:
against `demo serve` on loopback, 30 ms an answer, no rates enforced; this program keeps to AWS's
rates all the same. Nothing but loopback is ever called. Prints the tables of docs/benchmarks.md.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PEERS = TARGET / "peers"
PACKAGES = ["principalmapper==1.1.5", "boto3==1.44.5"]
SIZES = [100, 1_000, 10_000, 50_000]
sys.path.insert(0, str(ROOT / "tests" / "judges"))


def built():
    """Paths of the release binary and of the benchmark's program."""
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet"], cwd=ROOT, check=True)
    command = ["cargo", "bench", "--locked", "--no-run", "--bench", "read_path", "--quiet",
               "--message-format=json"]  # fmt: skip
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    rows = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    program = [row["executable"] for row in rows
               if row.get("target", {}).get("name") == "read_path" and row.get("executable")]  # fmt: skip
    return TARGET / "release" / "org-exit-guard", program[-1]


def peers():
    """A Python with PMapper and boto3."""
    python = PEERS / "bin" / "python"
    found = python.exists() and subprocess.run(
        [python, "-m", "pip", "show", "--quiet", "boto3", "principalmapper"],
        check=False, capture_output=True,
    ).returncode == 0  # fmt: skip
    if not found:
        subprocess.run([sys.executable, "-m", "venv", "--clear", PEERS], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet",
                        "--disable-pip-version-check", *PACKAGES], check=True)  # fmt: skip
    return python


def table(heads, rows):
    print(f"| {' | '.join(heads)} |")
    print(f"|{'---|' * len(heads)}")
    for row in rows:
        print(f"| {' | '.join(str(cell) for cell in row)} |")
    print(flush=True)


def run_json(*command):
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(told)


def virtual(program, sizes):
    print("### Calls and time, in virtual time\n")
    rows, details = [], []
    for size in sizes:
        for guard in ["guarded", "open"]:
            one = run_json(program, "virtual", str(size), guard)
            calls, least = sum(one["calls"].values()), sum(one["minimum"].values())
            rows.append([
                f"{size:,}", "root" if guard == "guarded" else "half of the top OUs",
                f"{calls:,}", f"{least:,}", f"{calls / least:.3f}",
                f"{one['seconds']:.1f}", f"{one['floor_seconds']:.1f}",
                f"{one['seconds'] / one['floor_seconds']:.3f}",
                f"{100 * one['throttled'] / calls:.2f} %",
            ])  # fmt: skip
            if size == sizes[-1]:
                details.append((guard, one))
    table(["accounts", "guard at", "calls", "minimum", "ratio", "s", "floor, s", "ratio", "throttled"],
          rows)  # fmt: skip
    print(f"Calls by operation, {sizes[-1]:,} accounts (minimum in brackets where it differs):\n")
    names = sorted({name for _, one in details for name in one["calls"] | one["minimum"]})

    def cell(one, name):
        calls, least = one["calls"].get(name, 0), one["minimum"].get(name, 0)
        return f"{calls:,}" if calls == least else f"{calls:,} ({least:,})"

    table(["operation", *(f"guard at {'root' if guard == 'guarded' else 'half of the top OUs'}"
                          for guard, _ in details)],
          [[name, *(cell(one, name) for _, one in details)] for name in names])  # fmt: skip


def memory(binary, program, sizes):
    from served import Served

    print("### Processor time and peak memory, over loopback, as fast as it answers\n")
    rows = []
    for size in sizes:
        with Served(binary, "--accounts", str(size)) as served:
            one = run_json(program, "client", served.endpoint, served.key, served.secret)
        rows.append([f"{size:,}", f"{one['seconds']:.1f}", f"{one['cpu_seconds']:.1f}",
                     f"{one['peak_mib']} MiB", f"{one['report_bytes'] / 1e6:.1f} MB"])  # fmt: skip
    table(["accounts", "s", "CPU s", "peak memory", "reports written"], rows)


def timed(command, environment, directory):
    """Wall seconds, processor seconds and peak memory of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    log = directory / "peer.log"
    with log.open("w") as output:
        ended = subprocess.run(command, env=environment, cwd=directory, check=False,
                               stdout=output, stderr=subprocess.STDOUT)  # fmt: skip
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return ended.returncode, wall, cpu, log.read_text("utf-8", "replace")


SHIM = """import collections, collections.abc
for name in ("Mapping", "MutableMapping", "Sequence", "Set"):
    setattr(collections, name, getattr(collections.abc, name))
"""


def beside(binary, python, size):
    from served import Served

    print(f"### {size:,} accounts in real time, 30 ms an answer\n")
    rows = []
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        (place / "org-exit-guard.toml").write_text("rate_share = 1.0\n")
        # PMapper 1.1.5 imports names that Python 3.10 took out of `collections`.
        (place / "sitecustomize.py").write_text(SHIM)
        for name, command in [
            ("org-exit-guard audit", [binary, "audit", "--no-progress", "--fail-on", "never"]),
            ("walk by target, boto3", [python, HERE / "walk_by_target.py"]),
            ("PMapper 1.1.5 orgs create", [PEERS / "bin" / "pmapper", "orgs", "create"]),
        ]:
            with Served(binary, "--accounts", str(size), "--latency", "30") as served:
                environment = {
                    "PATH": os.defpath, "HOME": str(place), "PYTHONPATH": str(place),
                    "PMAPPER_STORAGE": str(place / "store"),
                    "AWS_ENDPOINT_URL": served.endpoint, "AWS_DEFAULT_REGION": "us-east-1",
                    "AWS_ACCESS_KEY_ID": served.key, "AWS_SECRET_ACCESS_KEY": served.secret,
                }  # fmt: skip
                code, wall, cpu, log = timed([str(part) for part in command], environment, place)
            calls = int(re.search(r"(\d+) calls answered", served.told)[1])
            if code != 0:
                raise SystemExit(f"{name} ended with {code}:\n{log[-2000:]}")
            rows.append([name, f"{calls:,}", f"{wall:.1f}", f"{cpu:.1f}"])
    table(["what", "calls", "s", "CPU s"], rows)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    arguments.add_argument("--largest", type=int, default=SIZES[-1])
    largest = arguments.parse_args().largest
    sizes = [size for size in SIZES if size <= largest]
    python = peers()
    if Path(sys.prefix).resolve() != PEERS.resolve():
        # `served` needs boto3.
        os.execv(python, [str(python), __file__, *sys.argv[1:]])
    binary, program = built()
    virtual(program, sizes)
    memory(binary, program, sizes)
    beside(binary, python, min(1_000, largest))


if __name__ == "__main__":
    main()
