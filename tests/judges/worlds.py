"""Simulated worlds for probes: from a scenario, with an administrator's keys in every account."""

import contextlib
import json
import tempfile
from pathlib import Path

from probe import Caller
from served import Served

USER = "Judge"
SECRET = "j" * 40


def key_of(account):
    """Access key ids have letters and digits of base 32 only."""
    return "AKIA" + "JUDG" + account.translate(str.maketrans("0189", "WXYZ"))


def prepare(binary, scenario, change, home):
    """The file of a world: the scenario, every account with a user that may do everything."""
    text, dumped, ready = home / "scenario.toml", home / "dumped.json", home / "world.json"
    text.write_text(scenario, "utf-8")
    with Served(binary, "--scenario", str(text), "--dump", str(dumped)):
        pass
    world = json.loads(dumped.read_text("utf-8"))
    for id, account in world["accounts"].items():
        account["users"][USER] = {
            "id": "AIDA" + key_of(id)[4:], "created_at": account["created_at"],
            "keys": {key_of(id): {"secret": SECRET, "active": True, "created_at": account["created_at"]}},
            "permissions": {"managed": ["arn:aws:iam::aws:policy/AdministratorAccess"]},
        }  # fmt: skip
    change(world)
    ready.write_text(json.dumps(world), "utf-8")
    return ready


class Played:
    """A served world and a caller for each account, by the account's name."""

    def __init__(self, served, world):
        self.served, self.world = served, world
        self.keys = {id: next(iter(a["users"][USER]["keys"])) for id, a in world["accounts"].items()}
        self.ids = {account["name"]: id for id, account in world["accounts"].items()}

    def __call__(self, name):
        return Caller(self.served.endpoint, self.keys[self.ids[name]], SECRET)

    @property
    def admin(self):
        return Caller(self.served.endpoint, self.keys[self.world["management"]], SECRET)


@contextlib.contextmanager
def played(binary, scenario, *arguments, change=lambda world: None):
    """Serves the scenario for the length of a `with` block."""
    with tempfile.TemporaryDirectory(prefix="org-exit-guard-world-") as folder:
        ready = prepare(binary, scenario, change, Path(folder))
        world = json.loads(ready.read_text("utf-8"))
        with Served(binary, "--scenario", str(ready), *arguments) as served:
            yield Played(served, world)


def events(caller, name):
    """The caller's CloudTrail records of that event name, newest first."""
    attributes = [{"AttributeKey": "EventName", "AttributeValue": name}]
    found = caller.cloudtrail.lookup_events(LookupAttributes=attributes)["Events"]
    return [json.loads(event["CloudTrailEvent"]) for event in found]
