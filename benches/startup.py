#!/usr/bin/env python3
"""How long the program takes to start, and the demo to run, as whole processes,
beside `true` in the same run.

    python3 benches/startup.py [BINARY]      (default: target/release/org-exit-guard)
"""

import resource
import statistics
import subprocess
import sys
import time

binary = sys.argv[1] if len(sys.argv) > 1 else "target/release/org-exit-guard"


def median(command, runs):
    """Median and extremes of wall time in milliseconds."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times), min(times), max(times)


for name, command, runs in [
    ("true", ["true"], 50),
    ("--version", [binary, "--version"], 50),
    ("audit --demo", [binary, "audit", "--demo", "--no-progress"], 20),
]:
    middle, low, high = median(command, runs)
    print(f"{name:14} median {middle:7.1f} ms, {low:.1f} to {high:.1f} ms, {runs} runs")
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(f"largest process: {peak:.0f} MiB")
