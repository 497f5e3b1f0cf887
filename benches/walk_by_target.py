"""The plain way to learn which SCP hangs where: walk the OUs, ask every node, read each text once."""

import boto3
from botocore.config import Config

SCP = "SERVICE_CONTROL_POLICY"
organizations = boto3.client("organizations", config=Config(retries={"max_attempts": 1}))


def pages(operation, key, **arguments):
    for page in organizations.get_paginator(operation).paginate(**arguments):
        yield from page[key]


nodes = [organizations.list_roots()["Roots"][0]["Id"]]
accounts = []
for node in nodes:
    units = pages("list_organizational_units_for_parent", "OrganizationalUnits", ParentId=node)
    nodes.extend(unit["Id"] for unit in units)
    accounts.extend(row["Id"] for row in pages("list_accounts_for_parent", "Accounts", ParentId=node))
hanging = {
    target: [row["Id"] for row in pages("list_policies_for_target", "Policies", TargetId=target, Filter=SCP)]
    for target in nodes + accounts
}
for policy in {policy for row in hanging.values() for policy in row}:
    organizations.describe_policy(PolicyId=policy)
print(len(hanging))
