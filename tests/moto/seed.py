"""Builds one organization of 120 accounts in an endpoint that speaks AWS.

Everything goes through boto3, so neither the requests nor what the server keeps
were written by the authors of the program under test. What each group of
accounts should be judged as stands in `expected.json`, written by hand: nothing
here or there evaluates a policy.

    python seed.py --endpoint http://127.0.0.1:PORT
"""

import argparse
import json
from dataclasses import dataclass, field
from pathlib import Path

import boto3
from botocore.config import Config

LEAVE = "organizations:LeaveOrganization"
ACCEPT = "organizations:AcceptHandshake"
CLOSE = "account:CloseAccount"
FULL_ACCESS = "p-FullAWSAccess"
SCP = "SERVICE_CONTROL_POLICY"

# Text that an attacker may choose: wide characters, a terminal escape, a formula.
HOSTILE_NAMES = {
    "root-open-02": "口座 二番",
    "root-open-03": "\x1b[31mroot-open-03\x1b[0m",
    "root-open-04": '=HYPERLINK("http://example.com")',
}


def deny(actions, resource="*", **more):
    """A deny statement; `more` may replace parts of it."""
    return {"Effect": "Deny", "Action": actions, "Resource": resource, **more}


def deny_except(actions, **more):
    """A deny of everything but `actions`."""
    return {"Effect": "Deny", "NotAction": actions, "Resource": "*", **more}


def allow(actions):
    return {"Effect": "Allow", "Action": actions, "Resource": "*"}


BREAK_GLASS = {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/platform/BreakGlass"}}
NOT_RESOURCE = {
    "Effect": "Deny",
    "Action": LEAVE,
    "NotResource": ["arn:aws:organizations::*:account/o-*/111111111111"],
}

# One SCP for each team OU: the ways in which people write, or miswrite, the guard.
# A second value True means that FullAWSAccess is taken off that OU.
TEAMS = {
    "team-01": (deny(LEAVE), False),
    "team-02": ([deny([LEAVE, CLOSE])], False),
    "team-03": ([deny("organizations:*")], False),
    "team-04": ([deny("organizations:Leave*")], False),
    "team-05": ([deny("ORGANIZATIONS:leaveorganization")], False),
    "team-06": ([deny(["organizations:?eave*tion"])], False),
    "team-07": ([deny("*")], False),
    "team-08": ([deny_except(["s3:*", "ec2:*"])], False),
    "team-09": ([deny_except(["organizations:*", "iam:*"])], False),
    "team-10": ([deny_except(ACCEPT)], False),
    "team-11": ([deny(LEAVE, "arn:aws:organizations::*:account/o-*/*")], False),
    "team-12": ([deny(LEAVE, ["arn:aws:organizations::*:account/o-*/*", "*"])], False),
    "team-13": ([NOT_RESOURCE], False),
    "team-14": ([deny([LEAVE, ACCEPT, CLOSE], Condition=BREAK_GLASS)], False),
    "team-15": ([deny([LEAVE, ACCEPT, CLOSE], Condition=BREAK_GLASS)], False),
    "team-16": ([deny(LEAVE), deny(ACCEPT), deny(CLOSE)], False),
    "team-17": ([allow(["ec2:*", "s3:*", "iam:*"])], True),
    "team-18": ([allow(["ec2:*", "s3:*", "organizations:*"])], True),
    "team-19": ([{"Effect": "Allow", "NotAction": LEAVE, "Resource": "*"}], True),
    "team-20": (
        [
            deny_except(
                ["organizations:*", "account:*", "iam:*", "sts:*"],
                Condition={"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1"]}},
            )
        ],
        False,
    ),
    "team-21": ([deny(LEAVE), deny(ACCEPT, Condition=BREAK_GLASS)], False),
    "team-22": ([deny(ACCEPT)], False),
}


@dataclass
class Seeded:
    """What was built: enough to check every line of a report against."""

    organization: str = ""
    root: str = ""
    management: str = ""
    units: dict = field(default_factory=dict)  # "Workloads/team-01" -> ou id
    paths: dict = field(default_factory=dict)  # same key -> [root id, ou ids …]
    policies: dict = field(default_factory=dict)  # name -> policy id
    accounts: dict = field(default_factory=dict)  # account id -> name in the plan
    groups: dict = field(default_factory=dict)  # account id -> group in expected.json
    places: dict = field(default_factory=dict)  # account id -> key of `paths`


def client(service, endpoint):
    """A boto3 client that reads nothing from the environment or the home directory."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"total_max_attempts": 1}),
    )


class Builder:
    """Builds top down; every method is one or a few API calls."""

    def __init__(self, endpoint):
        self.api = client("organizations", endpoint)
        self.made = Seeded()

    def organization(self):
        made = self.api.create_organization(FeatureSet="ALL")["Organization"]
        self.made.organization = made["Id"]
        self.made.management = made["MasterAccountId"]
        self.made.root = self.api.list_roots()["Roots"][0]["Id"]
        self.api.enable_policy_type(RootId=self.made.root, PolicyType=SCP)
        self.made.paths["/"] = [self.made.root]
        self.remember(self.made.management, "management", "management", "/")

    def remember(self, account, name, group, place):
        self.made.accounts[account] = name
        self.made.groups[account] = group
        self.made.places[account] = place

    def unit(self, path):
        """An OU such as `Security/Logging`; its parent must exist."""
        parent, _, name = path.rpartition("/")
        above = self.made.paths[parent or "/"]
        made = self.api.create_organizational_unit(ParentId=above[-1], Name=name)
        self.made.units[path] = made["OrganizationalUnit"]["Id"]
        self.made.paths[path] = [*above, self.made.units[path]]

    def accounts(self, group, count, place="/"):
        """`count` accounts of one group in one place; returns their ids."""
        ids = []
        for number in range(1, count + 1):
            plan = f"{group}-{number:02}"
            status = self.api.create_account(
                Email=f"aws+{plan}@example.com",
                AccountName=HOSTILE_NAMES.get(plan, plan),
            )["CreateAccountStatus"]
            account = status["AccountId"]
            if place != "/":
                self.api.move_account(
                    AccountId=account,
                    SourceParentId=self.made.root,
                    DestinationParentId=self.made.paths[place][-1],
                )
            self.remember(account, plan, group, place)
            ids.append(account)
        return ids

    def policy(self, name, statement):
        content = json.dumps({"Version": "2012-10-17", "Statement": statement})
        made = self.api.create_policy(
            Name=name, Description=f"seed: {name}", Type=SCP, Content=content
        )
        self.made.policies[name] = made["Policy"]["PolicySummary"]["Id"]

    def attach(self, name, *targets):
        for target in targets:
            self.api.attach_policy(PolicyId=self.made.policies[name], TargetId=target)

    def replace_full_access(self, name, target):
        self.attach(name, target)
        self.api.detach_policy(PolicyId=FULL_ACCESS, TargetId=target)

    def node(self, place):
        return self.made.paths[place][-1]


def policies(build):
    """SCPs that are used in more than one place, and one that is used nowhere."""
    build.policy("baseline-root", [deny(["cloudtrail:StopLogging", "cloudtrail:DeleteTrail"])])
    build.policy("workload-baseline", [deny("config:DeleteConfigurationRecorder")])
    build.policy("full-guard", [deny([LEAVE, ACCEPT, CLOSE])])
    build.policy("leave-only", deny(LEAVE))
    build.policy("accept-only", [deny([ACCEPT])])
    build.policy("close-only", [deny(CLOSE)])
    build.policy("accept-and-close", [deny(ACCEPT), deny(CLOSE)])
    build.policy("storage-only", [allow("s3:*")])
    build.policy("forgotten-guard", [deny([LEAVE, ACCEPT, CLOSE])])


def upper_tree(build):
    """Accounts under the root, and the OUs whose guard sits above their accounts."""
    build.attach("baseline-root", build.made.root)
    build.accounts("root-open", 5)
    build.attach("full-guard", *build.accounts("root-guarded", 2))
    build.attach("leave-only", *build.accounts("root-leave-only", 1))
    closed = build.accounts("closed", 1)

    for path in ("Security", "Security/Logging", "Security/Logging/Archive"):
        build.unit(path)
    build.attach("full-guard", build.node("Security"))
    build.accounts("security", 2, "Security")
    build.accounts("security-logging", 3, "Security/Logging")
    build.accounts("security-archive", 2, "Security/Logging/Archive")

    for path in ("Infrastructure", "Infrastructure/Network", "Infrastructure/Network/Transit"):
        build.unit(path)
    build.attach("leave-only", build.node("Infrastructure"))
    build.attach("accept-only", build.node("Infrastructure/Network"))
    build.attach("close-only", build.node("Infrastructure/Network/Transit"))
    build.accounts("infrastructure", 4, "Infrastructure")
    build.accounts("network", 3, "Infrastructure/Network")
    build.accounts("transit", 2, "Infrastructure/Network/Transit")
    return closed


def lower_tree(build):
    """More than one page of accounts, OUs and targets, and guards on single accounts."""
    build.unit("Workloads")
    build.attach("workload-baseline", *build.accounts("workloads", 25, "Workloads"))
    for team, (statement, replaces) in TEAMS.items():
        place = f"Workloads/{team}"
        build.unit(place)
        build.policy(team, statement)
        if replaces:
            build.replace_full_access(team, build.node(place))
        else:
            build.attach(team, build.node(place))
        if team != "team-15":
            build.accounts(team, 2, place)
    build.accounts("team-15-condition", 1, "Workloads/team-15")
    build.attach("full-guard", *build.accounts("team-15-guarded", 1, "Workloads/team-15"))
    build.unit("Workloads/team-01/prod")
    build.attach(
        "accept-and-close",
        *build.accounts("team-01-prod", 1, "Workloads/team-01/prod"),
    )

    build.unit("Sandbox")
    build.accounts("sandbox-open", 12, "Sandbox")
    build.attach("full-guard", *build.accounts("sandbox-guarded", 6, "Sandbox"))
    for account in build.accounts("sandbox-storage", 6, "Sandbox"):
        build.replace_full_access("storage-only", account)


def seed(endpoint):
    """Builds the organization and returns what was built."""
    build = Builder(endpoint)
    build.organization()
    policies(build)
    closed = upper_tree(build)
    lower_tree(build)
    for account in closed:
        build.api.close_account(AccountId=account)
    return build.made


def expected():
    """Group -> what is expected of each of its accounts, as written down by hand."""
    text = (Path(__file__).parent / "expected.json").read_text(encoding="utf-8")
    return json.loads(text)["groups"]


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--endpoint", required=True)
    made = seed(arguments.parse_args().endpoint)
    print(
        f"{made.organization}: {len(made.accounts)} accounts,"
        f" {len(made.units)} OUs, {len(made.policies)} SCPs"
    )


if __name__ == "__main__":
    main()
