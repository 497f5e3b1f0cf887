"""The world in which AWS's examples play: their ids, and what each of them finds there."""

import json

# AWS wrote the examples before `State` took the place of `Status`: they need both.
SCENARIO = """
ous = ["ExampleOU"]
[switches]
status = true
[organization]
{settings}
[[account]]
name = "Beta"
[[account]]
name = "Gamma"
{place}
[[account]]
name = "Delta"
[[scp]]
name = "AllowAllS3Actions"
deny = ["s3:*"]
attached = [{attached}]
[[standalone]]
name = "Juan"
[[standalone]]
name = "Founder"
[[invitation]]
account = "Juan"
"""
# Ids of the scenario's dump and what they are called in the examples.
ACCOUNTS = {
    "200000000001": "333333333333", "200000000002": "444444444444", "200000000003": "555555555555",
    "300000000001": "222222222222", "300000000002": "777777777777",
}  # fmt: skip


def scenario(variant):
    """The scenario's text; a variant is a word of `examples.json`."""
    settings = {
        "scps-off": "scps = false", "billing-only": 'feature_set = "CONSOLIDATED_BILLING"\nscps = false',
    }.get(variant, "")  # fmt: skip
    place = "" if variant == "empty-unit" else 'ou = "ExampleOU"'
    attached = '"ExampleOU"' if variant == "attached" else ""
    return SCENARIO.format(settings=settings, place=place, attached=attached)


def renamed(world):
    """The same world with the ids of AWS's examples."""
    [organization] = world["organizations"].values()
    [unit] = organization["units"]
    policy = next(p["id"] for p in organization["policies"].values() if not p["aws_managed"])
    names = {
        organization["id"]: "o-exampleorgid", unit: "ou-examplerootid111-exampleouid111",
        organization["root"]: "r-examplerootid111", policy: "p-examplepolicyid111",
        next(iter(world["handshakes"])): "h-examplehandshakeid111", **ACCOUNTS,
    }  # fmt: skip
    text = json.dumps(world)
    for old, new in names.items():
        text = text.replace(old, new)
    again = json.loads(text)
    now = again["now"]
    for state, id in {"SUCCEEDED": "exampleaccountcreationrequestid", "IN_PROGRESS": "exampleaccountcreationrequest2"}.items():
        made = {"completed_at": now, "account": "333333333333"} if state == "SUCCEEDED" else {}
        again["requests"][f"car-{id}"] = {
            "id": f"car-{id}", "organization": "o-exampleorgid", "name": "Beta", "email": "beta@example.com",
            "role": "OrganizationAccountAccessRole", "requested_at": now, **made,
        }  # fmt: skip
    world.clear()
    world.update(again)
    return world
