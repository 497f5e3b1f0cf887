"""Draws SCP stacks and requests that meet often enough to be interesting.

Everything comes from the random generator handed in: equal seeds, equal stacks.
Policy values are drawn from the values that the requests carry, then blunted
with wildcards or swapped for values that no request has.
"""

ACCOUNT = "111122223333"
OTHER = "444455556666"
ORGANIZATION = "o-exampleorg1"
UNIT = f"{ORGANIZATION}/r-ab12/ou-ab12-11111111/"

ACTIONS = [
    "organizations:LeaveOrganization",
    "organizations:AcceptHandshake",
    "account:CloseAccount",
    "iam:UpdateAccessKey",
    "s3:ListAllMyBuckets",
]
HANDSHAKES = [
    f"arn:aws:organizations::{ACCOUNT}:handshake/{ORGANIZATION}/invite/h-examplehandshakeid1",
    f"arn:aws:organizations::{OTHER}:handshake/o-foreignorg1/invite/h-examplehandshakeid2",
]
PRINCIPALS = [
    ("Account", f"arn:aws:iam::{ACCOUNT}:root"),
    ("User", f"arn:aws:iam::{ACCOUNT}:user/alice"),
    ("User", f"arn:aws:iam::{ACCOUNT}:user/role/BreakGlass"),
    ("AssumedRole", f"arn:aws:iam::{ACCOUNT}:role/BreakGlass"),
    ("AssumedRole", f"arn:aws:iam::{ACCOUNT}:role/platform/Deploy"),
    ("AssumedRole", f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef"),
]
# Keys that a policy may name, and the values that requests give them; "" = absent.
OPTIONAL = {
    "aws:PrincipalTag/team": ["", "", "platform", "Platform", "plat*", "sales"],
    "aws:MultiFactorAuthPresent": ["", "", "true", "false"],
    "aws:MultiFactorAuthAge": ["", "60", "3600", "7200"],
    "aws:SourceIp": ["192.0.2.10", "198.51.100.7", "10.1.2.3", "2001:db8::5"],
    "aws:SourceVpce": ["", "", "vpce-1a2b3c4d"],
    "aws:UserAgent": ["aws-cli/2.31", "Boto3/1.44"],
    "aws:TokenIssueTime": ["", "2026-11-24T00:00:00Z", "2026-11-20T00:00:00Z"],
    "aws:RequestedRegion": ["us-east-1", "eu-central-1"],
    "aws:ViaAWSService": ["false", "false", "true"],
}


def draw_request(random):
    action = random.choice([*ACTIONS, *ACTIONS[:2]])
    kind, principal = random.choice(PRINCIPALS)
    context = {
        "aws:PrincipalArn": principal,
        "aws:PrincipalAccount": ACCOUNT,
        "aws:PrincipalOrgID": ORGANIZATION,
        "aws:PrincipalOrgPaths": [UNIT],
        "aws:PrincipalType": kind,
        "aws:PrincipalIsAWSService": "false",
        "aws:SecureTransport": "true",
        "aws:CurrentTime": random.choice(["2026-11-24T10:00:00Z", "2027-01-01T00:00:00Z"]),
    }
    if kind == "User":
        context["aws:username"] = principal.rsplit("/", 1)[-1]
    for key, values in OPTIONAL.items():
        value = random.choice(values)
        if value:
            context[key] = value
    resource = {
        "organizations:AcceptHandshake": random.choice(HANDSHAKES),
        "account:CloseAccount": f"arn:aws:account::{ACCOUNT}:account",
        "iam:UpdateAccessKey": f"arn:aws:iam::{ACCOUNT}:user/alice",
    }.get(action, "*")
    return {"principal": principal, "action": action, "resource": resource, "context": context}


def blunt(random, text, first=0):
    """The text with a run of characters after `first` replaced by `*`, or one by `?`."""
    if len(text) <= first + 1:
        return text
    start = random.randrange(first, len(text))
    if random.random() < 0.3:
        return text[:start] + "?" + text[start + 1 :]
    return text[:start] + "*" + text[random.randrange(start, len(text) + 1) :]


def other_case(random, text):
    return random.choice([text, text, text.lower(), text.upper(), text.swapcase()])


def draw_action(random):
    if random.random() < 0.12:
        return "*"
    name = random.choice([*ACTIONS, "ec2:RunInstances", "organizations:Describe*"])
    service, operation = name.split(":")
    if random.random() < 0.35:
        operation = random.choice(["*", blunt(random, operation)])
    return f"{service}:{other_case(random, operation)}"


def blunt_arn(random, arn):
    """Wildcards in the account, or behind the resource type, only: iam-simulate matches none
    in the type, and what an ARN of fewer than six parts matches is not documented."""
    parts = arn.split(":", 5)
    if random.random() < 0.3:
        parts[4] = random.choice(["*", OTHER, blunt(random, parts[4])])
    if random.random() < 0.6 and "/" in parts[5]:
        parts[5] = blunt(random, parts[5], parts[5].index("/") + 1)
    return ":".join(parts)


def draw_resource(random):
    pool = [*HANDSHAKES, f"arn:aws:iam::{ACCOUNT}:user/alice", f"arn:aws:account::{ACCOUNT}:account"]
    return blunt_arn(random, random.choice(pool))


def some(random, draw, most=3):
    values = [draw(random) for _ in range(random.randint(1, most))]
    return values[0] if len(values) == 1 and random.random() < 0.5 else values


def arn_condition(random):
    def value(random):
        if random.random() < 0.08:
            return "arn:aws:iam::${aws:PrincipalAccount}:role/*"
        return blunt_arn(random, random.choice(PRINCIPALS)[1])

    operator = random.choice(["ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals"])
    return operator, "aws:PrincipalArn", some(random, value)


def text_condition(random):
    key = random.choice(
        ["aws:PrincipalTag/team", "aws:PrincipalArn", "aws:PrincipalType", "aws:SourceVpce",
         "aws:UserAgent", "aws:RequestedRegion", "aws:PrincipalAccount", "aws:username"]
    )
    pool = {
        "aws:PrincipalArn": [arn for _, arn in PRINCIPALS],
        "aws:PrincipalType": ["Account", "User", "AssumedRole"],
        "aws:PrincipalAccount": [ACCOUNT, OTHER],
        "aws:username": ["alice", "BreakGlass"],
    }.get(key) or [value for value in OPTIONAL[key] if value]
    operator = random.choice(
        ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike",
         "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"]
    )

    def value(random):
        if random.random() < 0.05:
            return "${aws:username}"
        text = random.choice(pool)
        return blunt(random, text) if random.random() < 0.4 else other_case(random, text)

    return operator, key, some(random, value)


def paths_condition(random):
    operator = random.choice(["StringLike", "StringEquals", "StringNotLike", "StringNotEquals"])
    prefix = random.choice(["ForAnyValue:", "ForAllValues:"])
    values = [UNIT, f"{ORGANIZATION}/r-ab12/*", f"{ORGANIZATION}/*", "o-foreignorg1/*"]
    return prefix + operator, "aws:PrincipalOrgPaths", some(random, lambda r: r.choice(values), 2)


def other_condition(random):
    return random.choice(
        [
            (random.choice(["Bool", "BoolIfExists"]), "aws:MultiFactorAuthPresent", random.choice(["true", "false"])),
            ("Bool", random.choice(["aws:ViaAWSService", "aws:SecureTransport", "aws:PrincipalIsAWSService"]),
             random.choice(["true", "false"])),
            (random.choice(["Null"]), random.choice(["aws:SourceVpce", "aws:TokenIssueTime", "aws:username"]),
             random.choice(["true", "false"])),
            (random.choice(["NumericLessThan", "NumericGreaterThan", "NumericEquals", "NumericLessThanEquals",
                            "NumericGreaterThanIfExists"]), "aws:MultiFactorAuthAge", random.choice(["60", "3600"])),
            (random.choice(["DateLessThan", "DateGreaterThan", "DateLessThanEquals"]),
             random.choice(["aws:CurrentTime", "aws:TokenIssueTime"]), "2026-11-24T10:00:00Z"),
            (random.choice(["IpAddress", "NotIpAddress"]), "aws:SourceIp",
             some(random, lambda r: r.choice(["192.0.2.0/24", "10.0.0.0/8", "198.51.100.7/32", "192.0.2.10",
                                              "2001:db8::/32", "0.0.0.0/0"]), 2)),
            (random.choice(["StringEquals", "StringNotEquals", "StringEqualsIfExists", "StringNotEqualsIfExists"]),
             "aws:PrincipalOrgID", random.choice([ORGANIZATION, "o-foreignorg1"])),
        ]
    )


def draw_condition(random):
    condition = {}
    for _ in range(random.choice([1, 1, 1, 2])):
        kind = random.choice([arn_condition, arn_condition, text_condition, text_condition,
                              other_condition, other_condition, paths_condition])
        operator, key, values = kind(random)
        if random.random() < 0.1:
            key = key.upper() if "/" not in key else key
        condition.setdefault(operator, {})[key] = values
    return condition


def draw_statement(random, effect):
    statement = {"Effect": effect}
    member = "NotAction" if random.random() < 0.2 else "Action"
    statement[member] = some(random, draw_action)
    chance = random.random()
    if chance < 0.7:
        statement["Resource"] = random.choice(["*", ["*"]])
    else:
        statement["NotResource" if chance > 0.9 else "Resource"] = some(random, draw_resource, 2)
    if random.random() < 0.6:
        statement["Condition"] = draw_condition(random)
    return statement


FULL_ACCESS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


def draw_policy(random):
    effect = "Allow" if random.random() < 0.2 else "Deny"
    statements = [draw_statement(random, effect) for _ in range(random.choice([1, 1, 2, 3]))]
    version = "2008-10-17" if random.random() < 0.04 else "2012-10-17"
    return {"Version": version, "Statement": statements}


def draw_stack(random):
    """Two to five levels; FullAWSAccess hangs on most, at most three SCPs on each."""
    levels = []
    for _ in range(random.randint(2, 5)):
        level = [FULL_ACCESS] if random.random() < 0.9 else []
        level += [draw_policy(random) for _ in range(random.choice([0, 0, 1, 1, 2]))]
        levels.append(level or [draw_policy(random)])
    return levels
