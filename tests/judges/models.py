"""Compares requests and answers with AWS's service models, as botocore ships them.

    checker = Checker("organizations")
    checker.request("ListRoots", {...})                 # parsed input members
    checker.answer("ListRoots", status, body, headers)  # raw bytes off the wire
    checker.findings

A finding is one of: unknown-member, missing-member, null, type, enum, pattern,
length, undeclared-error, http-status, header. What the models themselves get
wrong is listed in `known_model_mistakes.json`; those findings are not kept.
"""

import functools
import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import botocore.session

HERE = Path(__file__).parent
# Errors of every AWS service, whether an operation declares them or not.
# https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
COMMON_ERRORS = {
    "AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException",
    "IncompleteSignature", "InternalFailure", "InternalServerError", "InvalidAction",
    "InvalidClientTokenId", "InvalidSignatureException", "MissingAuthenticationToken",
    "MissingAuthenticationTokenException", "NotAuthorized", "OptInRequired", "RequestExpired",
    "ServiceUnavailable", "SignatureDoesNotMatch", "Throttling", "ThrottlingException",
    "UnknownOperationException", "UnrecognizedClientException", "ValidationError",
    "ValidationException",
}  # fmt: skip
ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
TYPES = {
    "list": list, "map": dict, "structure": dict, "string": str, "character": str,
    "integer": int, "long": int, "float": (int, float), "double": (int, float), "boolean": bool,
}  # fmt: skip


@functools.cache
def service_model(service):
    return botocore.session.get_session().get_service_model(service)


@functools.cache
def known_mistakes():
    return json.loads((HERE / "known_model_mistakes.json").read_text("utf-8"))["mistakes"]


def wire_name(name, shape):
    return shape.serialization.get("name", name)


def tag(element):
    return element.tag.rpartition("}")[2]


class Checker:
    """Findings about one service. `whose`: the mistakes of whom are known, besides the models'."""

    def __init__(self, service, whose="simulator"):
        self.service = service
        self.model = service_model(service)
        self.protocol = self.model.metadata["protocol"]
        self.findings = []
        self.excused = Counter()
        self.mistakes = [
            m for m in known_mistakes() if m["service"] in ("*", service) and m["of"] in ("models", whose)
        ]

    def operation(self, name):
        return self.model.operation_model(name)

    def add(self, operation, kind, at, what):
        for mistake in self.mistakes:
            if mistake["kind"] == kind and re.fullmatch(mistake["at"], at) and (
                re.fullmatch(mistake["operation"], operation)
                and re.search(mistake.get("what", ""), str(what))
            ):
                self.excused[mistake["id"]] += 1
                return
        finding = {
            "service": self.service, "operation": operation, "kind": kind, "at": at,
            "what": str(what)[:200],
        }  # fmt: skip
        self.findings.append(finding)

    # Requests

    def request(self, operation, members):
        """Members of an input that was already parsed off the wire."""
        shape = self.operation(operation).input_shape
        if shape is None:
            if members:
                self.add(operation, "unknown-member", "request", sorted(members))
            return
        self.value(operation, shape, members, "request")

    # Answers

    def answer(self, operation, status, body, headers):
        if status >= 300:
            self.error(operation, status, body, headers)
            return
        shape = self.operation(operation).output_shape
        if self.protocol == "query":
            self.query_answer(operation, shape, body)
            return
        document = self.json_document(operation, body or b"{}")
        if document is None:
            return
        if shape is not None:
            self.value(operation, shape, document, "$")
        elif document:
            self.add(operation, "unknown-member", "$", sorted(document))

    def json_document(self, operation, body):
        try:
            document = json.loads(body)
        except ValueError as error:
            self.add(operation, "type", "$", f"not JSON: {error}")
            return None
        if not isinstance(document, dict):
            self.add(operation, "type", "$", "not an object")
            return None
        return document

    def query_answer(self, operation, shape, body):
        root = self.xml_document(operation, body)
        if root is None:
            return
        if tag(root) != f"{operation}Response":
            self.add(operation, "type", "$", f"<{tag(root)}>")
        if not any(tag(child) == "ResponseMetadata" for child in root):
            self.add(operation, "missing-member", "$.ResponseMetadata", "not there")
        if shape is None:
            return
        wrapper = shape.serialization.get("resultWrapper", f"{operation}Result")
        result = next((child for child in root if tag(child) == wrapper), None)
        if result is None:
            self.add(operation, "missing-member", "$", f"<{wrapper}>")
            return
        self.element(operation, shape, result, "$")

    def xml_document(self, operation, body):
        try:
            return ET.fromstring(body)
        except ET.ParseError as error:
            self.add(operation, "type", "$", f"not XML: {error}")
            return None

    def error(self, operation, status, body, headers):
        if self.protocol == "query":
            root = self.xml_document(operation, body)
            if root is None:
                return
            code = next((e.text for e in root.iter() if tag(e) == "Code"), "") or ""
            members = {}
        else:
            members = self.json_document(operation, body or b"{}")
            if members is None:
                return
            code = headers.get("x-amzn-errortype") or members.get("__type") or ""
            code = code.split(":")[0].split("#")[-1]
        declared = {}
        for shape in self.operation(operation).error_shapes:
            declared[shape.metadata.get("error", {}).get("code", shape.name)] = shape
        if code not in declared:
            if code not in COMMON_ERRORS:
                self.add(operation, "undeclared-error", "error", f"{code} (HTTP {status})")
            return
        shape = declared[code]
        wanted = shape.metadata.get("error", {}).get("httpStatusCode")
        if wanted and wanted != status:
            self.add(operation, "http-status", "error", f"{code}: {status}, not {wanted}")
        lower = {name.lower(): member for name, member in shape.members.items()}
        for name, value in members.items():
            if name == "__type" or name.lower() == "message":
                continue
            if name.lower() not in lower:
                self.add(operation, "unknown-member", f"error.{name}", value)
            else:
                self.value(operation, lower[name.lower()], value, f"error.{name}")

    # Values of parsed JSON (and of requests in any protocol)

    def value(self, operation, shape, value, at):
        kind = shape.type_name
        if value is None:
            self.add(operation, "null", at, "null instead of an absent member")
        elif kind == "timestamp":
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            text = isinstance(value, str) and ISO_TIME.fullmatch(value)
            if not (number if self.protocol == "json" else number or text):
                self.add(operation, "type", at, f"{value!r} is no timestamp")
        elif kind in TYPES and (
            not isinstance(value, TYPES[kind]) or (isinstance(value, bool) != (kind == "boolean"))
        ):
            self.add(operation, "type", at, f"{type(value).__name__}, not {kind}")
        elif kind == "structure":
            self.structure(operation, shape, value, at)
        elif kind == "list":
            for item in value:
                self.value(operation, shape.member, item, f"{at}[]")
            self.length(operation, shape, len(value), at)
        elif kind == "map":
            for item in value.values():
                self.value(operation, shape.value, item, f"{at}{{}}")
        elif kind == "string":
            self.text(operation, shape, value, at)
        elif kind in ("integer", "long"):
            self.length(operation, shape, value, at)

    def structure(self, operation, shape, value, at):
        members = {wire_name(name, member): member for name, member in shape.members.items()}
        for name, item in value.items():
            if name in members:
                self.value(operation, members[name], item, f"{at}.{name}")
            elif name != "__type":
                self.add(operation, "unknown-member", f"{at}.{name}", repr(item))
        self.required(operation, shape, set(value), at)

    def required(self, operation, shape, present, at):
        for name in shape.required_members:
            wire = wire_name(name, shape.members[name])
            if wire not in present:
                self.add(operation, "missing-member", f"{at}.{wire}", "the model requires it")

    def text(self, operation, shape, value, at):
        if shape.enum and value not in shape.enum:
            self.add(operation, "enum", at, f"{value!r} is none of {shape.enum[:6]}")
        pattern = shape.metadata.get("pattern")
        if pattern and not matches(pattern, value):
            self.add(operation, "pattern", at, f"{value!r} against {pattern}")
        self.length(operation, shape, len(value), at)

    def length(self, operation, shape, count, at):
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if (least is not None and count < least) or (most is not None and count > most):
            self.add(operation, "length", at, f"{count}, allowed {least} to {most}")

    # XML

    def element(self, operation, shape, node, at):
        kind, text = shape.type_name, node.text or ""
        if kind == "structure":
            members = {wire_name(name, member): member for name, member in shape.members.items()}
            for child in node:
                name = tag(child)
                if name in members:
                    self.element(operation, members[name], child, f"{at}.{name}")
                else:
                    self.add(operation, "unknown-member", f"{at}.{name}", child.text)
            self.required(operation, shape, {tag(child) for child in node}, at)
        elif kind == "list":
            item = shape.member.serialization.get("name", "member")
            for child in node:
                if tag(child) == item:
                    self.element(operation, shape.member, child, f"{at}[]")
                else:
                    self.add(operation, "unknown-member", f"{at}.{tag(child)}", f"not <{item}>")
            self.length(operation, shape, len(node), at)
        elif kind == "map":
            for entry in node:
                pair = {tag(child): child for child in entry}
                if tag(entry) != "entry" or set(pair) != {"key", "value"}:
                    self.add(operation, "unknown-member", f"{at}.{tag(entry)}", "not an entry")
                    continue
                self.element(operation, shape.key, pair["key"], f"{at}{{}}")
                self.element(operation, shape.value, pair["value"], f"{at}{{}}")
        elif kind == "string":
            self.text(operation, shape, text, at)
        elif kind in ("integer", "long") and not re.fullmatch(r"-?\d+", text):
            self.add(operation, "type", at, f"{text!r}, not {kind}")
        elif kind == "boolean" and text not in ("true", "false"):
            self.add(operation, "type", at, f"{text!r}, not {kind}")
        elif kind == "timestamp" and not ISO_TIME.fullmatch(text):
            self.add(operation, "type", at, f"{text!r}, not a timestamp")


@functools.cache
def matches(pattern, value):
    """AWS's patterns are Java's; the three classes that Python lacks are spelled out."""
    for java, python in {r"\p{L}": "a-zA-Z", r"\p{Z}": " ", r"\p{N}": "0-9"}.items():
        pattern = pattern.replace(java, python)
    try:
        return re.search(pattern, value, re.S) is not None
    except re.error:
        return True
