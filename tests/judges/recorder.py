"""A proxy on loopback that writes down what passes, for servers that cannot do it themselves.

    with Recorder("http://127.0.0.1:4566") as recorder:
        ...  # point a client at recorder.endpoint

It writes where the environment says (`ORG_EXIT_GUARD_WIRE_LOG`), in the form in which the
simulator writes too, and writes nothing if that is unset. `model_check.py` reads it.
"""

import http.client
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

WIRE_LOG = "ORG_EXIT_GUARD_WIRE_LOG"
HOP = {"connection", "content-length", "transfer-encoding", "expect"}
KEPT = ("authorization", "content-type", "user-agent", "x-amz-target", "x-amzn-errortype")


def kept(headers):
    lower = {name.lower(): value for name, value in headers}
    return {name: lower[name] for name in KEPT if name in lower}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one write

    def log_message(self, *_):
        pass

    def do_POST(self):
        recorder = self.server.recorder
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, headers, answer = self.forward(recorder, body)
        recorder.write({
            "from": recorder.name, "method": self.command, "path": self.path,
            "headers": kept(self.headers.items()), "body": body.decode("utf-8", "replace"),
            "outcome": "answer", "spoilt": False, "status": status,
            "answer_headers": kept(headers), "answer": answer.decode("utf-8", "replace"),
        })  # fmt: skip
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        self.wfile.flush()

    do_GET = do_POST

    def forward(self, recorder, body):
        headers = {n: v for n, v in self.headers.items() if n.lower() not in HOP}
        upstream = http.client.HTTPConnection(*recorder.upstream, timeout=60)
        try:
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            upstream.close()


class Recorder:
    """Runs in threads of this process for the length of a `with` block."""

    def __init__(self, upstream, name="moto"):
        parts = urlsplit(upstream)
        self.upstream, self.name = (parts.hostname, parts.port), name
        self.lock = threading.Lock()
        folder = os.environ.get(WIRE_LOG)
        self.file = Path(folder, f"{name}-{os.getpid()}.jsonl") if folder else None

    def write(self, exchange):
        if self.file:
            with self.lock, self.file.open("a", encoding="utf-8") as log:
                log.write(json.dumps(exchange) + "\n")

    def __enter__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.recorder = self
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
