"""The simulator as `org-exit-guard demo serve` offers it, and clients for it."""

import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

import boto3
from botocore.config import Config

REGION = "us-east-1"
ROLE = "OrganizationAccountAccessRole"
# (service, operation) of every call so far, of all clients.
CALLED = set()


def wire_log():
    """Where the simulator is to write what passes, if this run asks for it (`model_check.py`)."""
    name = "ORG_EXIT_GUARD_WIRE_LOG"
    return {name: os.environ[name]} if name in os.environ else {}


class Served:
    """A simulator on a free loopback port, for the length of a `with` block."""

    def __init__(self, binary, *arguments):
        self.command = [str(Path(binary).resolve()), "demo", "serve", *arguments]

    def __enter__(self):
        self.output = tempfile.NamedTemporaryFile(prefix="org-exit-guard-served-")
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT,
            env={"PATH": os.defpath, "HOME": "/nonexistent", **wire_log()},
        )  # fmt: skip
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            text = Path(self.output.name).read_text("utf-8")
            found = re.search(
                r"ENDPOINT_URL=(\S+)[\s\S]*ACCESS_KEY_ID=(\S+)[\s\S]*SECRET_ACCESS_KEY=(\S+)\n", text
            )
            if found:
                self.endpoint, self.key, self.secret = found.groups()
                return self
            time.sleep(0.02)
        text = Path(self.output.name).read_text("utf-8")
        self.__exit__()
        raise SystemExit(f"the simulator did not start:\n{text}")

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.told = Path(self.output.name).read_text("utf-8")
        self.output.close()


def client(service, endpoint, key, secret, token=None):
    """A boto3 client that sends what it is told, once; the server does the validating."""
    made = boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(
            retries={"total_max_attempts": 1}, parameter_validation=False, read_timeout=30,
            inject_host_prefix=False,  # the host is the simulator's, whatever the operation
        ),
    )
    made.meta.events.register(
        "before-call", lambda model, **_: CALLED.add((service, model.name)), unique_id="called"
    )
    return made
