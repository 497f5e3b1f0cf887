"""A proxy on loopback that checks every request and answer by AWS's models.

    with ModelProxy("http://127.0.0.1:4566") as proxy:
        ...  # point a client at proxy.endpoint
    proxy.findings()

    python model_proxy.py --upstream http://127.0.0.1:PORT     # prints its endpoint
"""

import argparse
import http.client
import json
import re
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from model_check import Checker, service_model, wire_name

SCOPE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([a-z0-9-]+)/")
HOP = {"connection", "content-length", "transfer-encoding", "expect"}


def nested(form, shape, prefix=""):
    """Members of an awsQuery form as the JSON protocols would have them; takes what it reads."""
    members = {}
    for name, member in shape.members.items():
        value = nested_value(form, member, prefix + wire_name(name, member))
        if value is not None:
            members[wire_name(name, member)] = value
    return members


def nested_value(form, shape, key):
    if shape.type_name == "structure":
        return nested(form, shape, key + ".") or None
    if shape.type_name == "list":
        item = shape.member.serialization.get("name", "member")
        items = []
        while True:
            at = f"{key}.{item}.{len(items) + 1}"
            value = nested_value(form, shape.member, at)
            if value is None:
                return items or None
            items.append(value)
    text = form.pop(key, None)
    if text is None:
        return None
    if shape.type_name in ("integer", "long") and re.fullmatch(r"-?\d+", text):
        return int(text)
    if shape.type_name == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one write

    def log_message(self, *_):
        pass

    def do_POST(self):
        self.proxy = self.server.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        checker, operation = self.named(body)
        if checker:
            with self.proxy.lock:
                self.check_request(checker, operation, body)
        status, headers, answer = self.forward(body)
        if checker:
            with self.proxy.lock:
                lower = {name.lower(): value for name, value in headers}
                checker.answer(operation, status, answer, lower)
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        self.wfile.flush()

    def named(self, body):
        """The checker of the request's service, and its operation."""
        scope = SCOPE.search(self.headers.get("Authorization", ""))
        service = scope[1] if scope else "unsigned"
        try:
            model = service_model(service)
        except Exception:  # botocore knows no such service
            model = None
        operation = self.operation(model, body) if model else None
        with self.proxy.lock:
            self.proxy.calls[f"{service}:{operation}"] += 1
            if operation is None or operation not in model.operation_names:
                self.proxy.unmapped[f"{service} {operation or self.path}"] += 1
                return None, None
            return self.proxy.checkers.setdefault(service, Checker(service)), operation

    def operation(self, model, body):
        protocol = model.metadata["protocol"]
        if protocol == "json":
            prefix, _, name = self.headers.get("X-Amz-Target", "").rpartition(".")
            return name if prefix == model.metadata["targetPrefix"] else None
        if protocol == "query":
            return dict(parse_qsl(body.decode("utf-8", "replace"))).get("Action")
        for name in model.operation_names:
            if model.operation_model(name).http["requestUri"] == self.path:
                return name
        return None

    def check_request(self, checker, operation, body):
        if checker.protocol == "query":
            form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
            form.pop("Action", None)
            version = form.pop("Version", None)
            if version != checker.model.metadata["apiVersion"]:
                checker.add(operation, "header", "request.Version", version)
            shape = checker.operation(operation).input_shape
            members = nested(form, shape) if shape else {}
            members.update(form)  # what the model has no place for
            checker.request(operation, members)
            return
        content_type = self.headers.get("Content-Type", "")
        if checker.protocol == "json" and content_type != "application/x-amz-json-1.1":
            checker.add(operation, "header", "request.Content-Type", content_type)
        members = checker.json_document(operation, body or b"{}")
        if members is not None:
            checker.request(operation, members)

    def forward(self, body):
        headers = {n: v for n, v in self.headers.items() if n.lower() not in HOP}
        upstream = http.client.HTTPConnection(*self.proxy.upstream, timeout=60)
        try:
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            upstream.close()


class ModelProxy:
    """Runs in threads of this process for the length of a `with` block."""

    def __init__(self, upstream):
        parts = urlsplit(upstream)
        self.upstream = (parts.hostname, parts.port)
        self.lock = threading.Lock()
        self.checkers, self.calls, self.unmapped = {}, Counter(), Counter()

    def __enter__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.proxy = self
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def findings(self):
        with self.lock:
            return [finding for checker in self.checkers.values() for finding in checker.findings]


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--upstream", required=True)
    with ModelProxy(arguments.parse_args().upstream) as proxy:
        print(proxy.endpoint, flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass
    report = {"calls": dict(proxy.calls), "unmapped": dict(proxy.unmapped)}
    print(json.dumps({**report, "findings": proxy.findings()}, indent=1))


if __name__ == "__main__":
    main()
