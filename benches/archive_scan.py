#!/usr/bin/env python3
"""What a scan of an archive costs, beside bare inflation of the same files and beside others.

    python3 benches/archive_scan.py [--megabytes N] [--rounds N]     (default: 1500, 5)

Builds the benchmark, installs DuckDB and orjson under target/peers-scan, makes a seeded archive
under target/archive-scan, and asks everybody for the same records in every file of it: event source
and name at the top level of a record. Rounds are interleaved, and medians shown. jq is used if it
is installed. Prints the tables of docs/benchmarks.md.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PEERS = TARGET / "peers-scan"
PACKAGES = ["duckdb==2.0.0", "orjson==3.13.0"]
SOURCE = "organizations.amazonaws.com"
SEED = 20261124

DUCKDB = """
import sys, duckdb
duckdb.sql("SET enable_progress_bar = false")
root, names = sys.argv[1], sys.argv[2].split(",")
listed = ", ".join(f"'{name}'" for name in names)
rows = duckdb.sql(f'''
    SELECT json_extract_string(r, '$.eventID') FROM (
        SELECT unnest(json_extract(json, '$.Records[*]')) AS r
        FROM read_json_objects('{root}/**/*.json.gz', format='unstructured'))
    WHERE json_extract_string(r, '$.eventSource') = '%s'
      AND json_extract_string(r, '$.eventName') IN ({listed})''').fetchall()
print("\\n".join(row[0] for row in rows))
""" % SOURCE

ORJSON = """
import gzip, os, sys, orjson
root, names = sys.argv[1], set(sys.argv[2].split(","))
for folder, _, files in os.walk(root):
    for name in files:
        with gzip.open(os.path.join(folder, name)) as file:
            for record in orjson.loads(file.read())["Records"]:
                if record["eventSource"] == "%s" and record["eventName"] in names:
                    print(record["eventID"])
""" % SOURCE


def built():
    """Path of the benchmark's program."""
    command = ["cargo", "bench", "--locked", "--no-run", "--bench", "archive_scan", "--quiet",
               "--message-format=json"]  # fmt: skip
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    rows = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    return [row["executable"] for row in rows
            if row.get("target", {}).get("name") == "archive_scan" and row.get("executable")][-1]  # fmt: skip


def peers():
    """A Python with DuckDB and orjson."""
    python = PEERS / "bin" / "python"
    if not python.exists() or subprocess.run(
        [python, "-c", "import duckdb, orjson"], check=False, capture_output=True
    ).returncode:
        subprocess.run([sys.executable, "-m", "venv", "--clear", PEERS], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet",
                        "--disable-pip-version-check", *PACKAGES], check=True)  # fmt: skip
    return str(python)


def run(command):
    """Wall seconds, processor seconds, peak memory in MiB and output of a command with its children."""
    with tempfile.TemporaryFile("w+") as output:
        start = time.monotonic()
        child = subprocess.Popen(command, stdout=output)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - start
        output.seek(0)
        text = output.read()
    return {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss / 1024,
            "text": text, "code": child.returncode}  # fmt: skip


def table(heads, rows):
    print(f"| {' | '.join(heads)} |")
    print(f"|{'---|' * len(heads)}")
    for row in rows:
        print(f"| {' | '.join(str(cell) for cell in row)} |")
    print(flush=True)


def ours(result):
    """The program tells its own peak: a child's begins with its parent's."""
    told = json.loads(result["text"])
    return {**result, "peak": told["peak_kib"] / 1024, "told": told}


def made(program, *arguments):
    """The directory that the program fills, kept from run to run, and what it said of it."""
    place = TARGET / "archive-scan" / "-".join(arguments)
    truth = place.with_suffix(".truth.json")
    if not truth.exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        mode, *rest = arguments
        told = subprocess.run([program, mode, place, *rest], check=True, capture_output=True, text=True)
        truth.write_text(told.stdout)
    return str(place), json.loads(truth.read_text())


def compared(program, python, place, truth, rounds):
    wanted = run([program, "names"])["text"].strip()
    listed = " or ".join(f'.eventName == "{name}"' for name in wanted.split(","))
    query = f'.Records[] | select(.eventSource == "{SOURCE}" and ({listed})) | .eventID'
    jq = f"find '{place}' -name '*.json.gz' -print0 | xargs -0 zcat | jq -r '{query}'"
    commands = {
        "libdeflate alone, 1 thread": [program, "inflate", place, "1"],
        "scan, 1 worker": [program, "scan", place, "1"],
        "libdeflate alone, 2 threads": [program, "inflate", place, "2"],
        "scan, 2 workers": [program, "scan", place, "2"],
        "DuckDB, read_json_objects": [python, "-c", DUCKDB, place, wanted],
        "Python, gzip and orjson": [python, "-c", ORJSON, place, wanted],
    }
    if shutil.which("jq"):
        commands["zcat and jq"] = ["sh", "-c", jq]
    results = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, command in commands.items():
            slow = command[0] not in (program,)
            # The first round warms the page cache; the others' figures hardly vary.
            if (slow and turn > 2) or (turn == 0 and slow):
                continue
            result = run(command)
            if turn:
                results[name].append(ours(result) if not slow else result)
    rows, median = [], {}
    for name, runs in results.items():
        middle = {key: statistics.median(one[key] for one in runs) for key in ("cpu", "wall", "peak")}
        median[name] = middle
        bare = median["libdeflate alone, 2 threads" if "2 " in name else "libdeflate alone, 1 thread"]
        found = ""
        if "told" not in runs[0] or "ids" in runs[0]["told"]:
            ids = runs[0]["told"]["ids"] if "told" in runs[0] else runs[0]["text"].split()
            right = set(ids) & set(truth["needles"])
            found = f"{len(right)}/{len(truth['needles'])}, {len(ids) - len(right)} false"
            if runs[0]["code"]:
                found += f", exit {runs[0]['code']}"
        rows.append([name, f"{middle['cpu']:.2f}", f"{middle['cpu'] / bare['cpu']:.2f}",
                     f"{middle['wall']:.2f}", f"{middle['peak']:.0f}", found])  # fmt: skip
    table(["what", "CPU s", "× libdeflate alone", "wall s", "peak MiB", "found"], rows)
    one, two = median["scan, 1 worker"], median["scan, 2 workers"]
    print(f"Two workers: {one['wall'] / two['wall']:.2f} times as fast as one "
          f"(bare inflation: {median['libdeflate alone, 1 thread']['wall'] / median['libdeflate alone, 2 threads']['wall']:.2f}).")  # fmt: skip
    for name in list(commands)[4:]:
        print(f"{name}: {median[name]['cpu'] / one['cpu']:.1f} times the scan's CPU.")
    print()


def pruned(program, place):
    rows = []
    for what, mode in [("everything", "all"), ("one region", "region"),
                       ("one region, one day and its margin", "days"), ("the same, one account", "account")]:  # fmt: skip
        runs = [ours(run([program, "scan", place, "1", mode])) for _ in range(3)]
        cpu = statistics.median(one["cpu"] for one in runs)
        rows.append([what, f"{runs[0]['told']['searched']:,}", f"{cpu:.3f}"])
    table(["pruned to", "files searched", "CPU s"], rows)


def memory(program):
    rows = []
    for what, arguments in [("four files of 100 MB and one record of 100 MB", ["large"]),
                            ("120,000 near-empty files", ["tree", "120000"])]:  # fmt: skip
        place, truth = made(program, *arguments)
        result = ours(run([program, "scan", place, "2"]))
        found = set(result["told"]["ids"]) & set(truth["needles"])
        rows.append([what, f"{result['cpu']:.2f}", f"{result['wall']:.2f}", f"{result['peak']:.0f}",
                     f"{len(found)}/{len(truth['needles'])}"])  # fmt: skip
    table(["two workers on", "CPU s", "wall s", "peak MiB", "found"], rows)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    arguments.add_argument("--megabytes", type=int, default=1500)
    arguments.add_argument("--rounds", type=int, default=5)
    given = arguments.parse_args()
    program, python = built(), peers()
    place, truth = made(program, "generate", str(given.megabytes), str(SEED))
    print(f"{truth['files']:,} files, {truth['gzip'] / 1e6:.0f} MB of gzip, {truth['json'] / 1e6:,.0f} MB of JSON; "
          f"{truth['holding']} files ({100 * truth['holding'] / truth['files']:.2f} %) hold a match\n")  # fmt: skip
    compared(program, python, place, truth, given.rounds)
    pruned(program, place)
    memory(program)


if __name__ == "__main__":
    main()
