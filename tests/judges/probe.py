"""Probes: named calls, each with the answer that AWS's reference documents."""

from botocore.exceptions import ClientError

from served import ROLE, client


class Probes:
    """Prints one line a probe and remembers how many held."""

    def __init__(self):
        self.passed, self.failures, self.names = 0, [], set()

    def __call__(self, name, holds, detail=""):
        assert name not in self.names, f"two probes are named {name}"
        self.names.add(name)
        if holds:
            self.passed += 1
            print(f"ok    {name}", flush=True)
        else:
            self.failures.append((name, str(detail)[:300]))
            print(f"FAIL  {name}\n      {str(detail)[:300]}", flush=True)

    def gives(self, name, call, holds=lambda answer: True):
        """The call succeeds, and its answer is as documented. Returns the answer or {}."""
        try:
            answer = call()
            self(name, holds(answer), answer)
            return answer
        except Exception as error:  # a probe that cannot run has failed
            self(name, False, repr(error))
            return {}

    def refused(self, name, call, code, reason=None, words=None):
        """The call is refused with that code, `Reason` and part of the message."""
        try:
            self(name, False, f"answered {call()}, wanted {code}")
        except ClientError as error:
            found = error.response["Error"]["Code"]
            why = error.response.get("Reason")
            text = error.response["Error"].get("Message") or error.response.get("Message", "")
            holds = found == code and reason in (None, why) and (words or "") in text
            self(name, holds, f"{found} {why}: {text}; wanted {code} {reason or ''} {words or ''}")
        except Exception as error:
            self(name, False, repr(error))


class Caller:
    """Clients with one set of keys."""

    def __init__(self, endpoint, key, secret, token=None):
        self.credentials = (endpoint, key, secret, token)
        self.clients = {}

    def __getattr__(self, service):
        if service not in self.clients:
            self.clients[service] = client(service, *self.credentials)
        return self.clients[service]

    def become(self, account, role=ROLE, **more):
        """A session of a role, by default the one that Organizations makes in members."""
        arn = f"arn:aws:iam::{account}:role/{role}"
        made = self.sts.assume_role(RoleArn=arn, RoleSessionName="probe", **more)["Credentials"]
        keys = (made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
        return Caller(self.credentials[0], *keys)
