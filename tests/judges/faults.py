"""Faults that others wrote: microburst between the program and the simulator, and moto.

    python faults.py --binary target/debug/org-exit-guard

Throttling, 503, resets and latency (`faults.yml`): the audit must end
with the report of the run without them.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from probe import Probes
from recorder import Recorder
from served import Served

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "moto"))
from checks import settled  # noqa: E402
from run import Moto  # noqa: E402
from seed import seed  # noqa: E402


class Microburst:
    """microburst in front of an endpoint, for the length of a `with` block."""

    def __init__(self, upstream):
        self.upstream = upstream
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        self.process = subprocess.Popen(
            [str(Path(sys.executable).parent / "microburst"), "--upstream", self.upstream,
             "--host", "127.0.0.1", "--port", str(self.port), "--config", str(HERE / "faults.yml")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.get("health")
                return self
            except OSError:
                time.sleep(0.1)
        self.__exit__()
        raise SystemExit("microburst did not start")

    def get(self, what):
        with urllib.request.urlopen(f"{self.endpoint}/_microburst/{what}", timeout=5) as answer:
            return json.load(answer)

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def audit(binary, endpoint, key, secret, home):
    """Exit code and report of an audit, what differs from run to run taken out."""
    settings = home / ".config/org-exit-guard/org-exit-guard.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text("rate_share = 1.0\n")
    done = subprocess.run(
        [binary, "audit", "--format", "json", "--no-progress", "--no-baseline"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=home, timeout=240,
        env={"PATH": os.defpath, "HOME": str(home), "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1",
             "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_EC2_METADATA_DISABLED": "true"},
    )  # fmt: skip
    text = settled(done.stdout).replace(endpoint, "ENDPOINT")
    return done.returncode, text, done.stderr


def compare(probe, name, binary, endpoint, key, secret, home, accounts):
    code, report, errors = audit(binary, endpoint, key, secret, home)
    listed = json.loads(report).get("accounts", []) if report.startswith("{") else []
    probe(f"{name}: without faults, a report on every account", len(listed) == accounts, f"{len(listed)}, exit code {code}\n{errors}")
    with Microburst(endpoint) as burst:
        again, faulted, errors = audit(binary, burst.endpoint, key, secret, home)
        stats = burst.get("stats")
    hit = stats.get("requests", {}).get("faulted", 0)
    probe(f"{name}: faults struck", hit > 5, stats)
    probe(f"{name}: same exit code", again == code, f"{again}, without faults {code}\n{errors}")
    lines = [(a, b) for a, b in zip(report.splitlines(), faulted.splitlines()) if a != b]
    probe(f"{name}: same report", report == faulted, lines[:3])


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--binary", type=Path, required=True)
    binary = str(arguments.parse_args().binary.resolve())
    probe = Probes()
    with tempfile.TemporaryDirectory(prefix="org-exit-guard-faults-") as name:
        home = Path(name)
        with Served(binary) as served:
            compare(probe, "simulator", binary, served.endpoint, served.key, served.secret, home, 39)
        with Moto(home) as moto, Recorder(moto.endpoint) as wire:
            seed(wire.endpoint)
            compare(probe, "moto", binary, wire.endpoint, "testing", "testing", home, 120)
    print(f"faults: {probe.passed} passed, {len(probe.failures)} failed")
    return 1 if probe.failures else 0


if __name__ == "__main__":
    sys.exit(main())
