# SPDX-License-Identifier: Apache-2.0
"""What the stories of the device and of the support service have in common: a life under `killer`, connections, and what the audit log has to say."""
import json
import os
import select
import shutil
import ssl
import subprocess
import sys
import time
from pathlib import Path

for folder in ("", "run", "est"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / folder))

import world as worlds  # noqa: E402
from verify_log import INTENT, OUTCOME, Fault, Verifier, read_directory  # noqa: E402


class Bad(Exception):
    """A promise was broken."""


class Interrupted(Exception):
    """An answer that did not come, or says that whoever was asked could not."""


def copy(source, to):
    """With owners and modes, which the device looks at."""
    shutil.rmtree(to, ignore_errors=True)
    subprocess.run(["cp", "-a", str(source), str(to)], check=True)


class Life:
    """One life of a device or server: of the program that starts the roles, from its start to its end."""

    def __init__(self, command, log, point):
        ours, theirs = os.pipe()
        words = [str(worlds.BUILD / "test/kill/killer"), str(theirs), *(point or ["nobody", "-", "0", "entry"]), "--", *command]
        self.report, self.text = ours, b""
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[theirs], start_new_session=True)
        os.close(theirs)
        self.pid = self.status = self.struck = None
        self.left, self.calls = [], []
        self.hear(5, lambda: self.pid)

    def hear(self, timeout_s=0.0, until=lambda: False):
        """Takes what has been reported; waits for until() to become true."""
        end = time.monotonic() + timeout_s
        while not until():
            if not select.select([self.report], [], [], max(0, end - time.monotonic()))[0]:
                return
            piece = os.read(self.report, 65536)
            if not piece:
                return
            *lines, self.text = (self.text + piece).split(b"\n")
            for line in lines:
                self.obey(line.decode().split())

    def obey(self, words):
        if words[0] == "device":
            self.pid = int(words[1])
        elif words[0] == "call":
            self.calls.append(words[1])
        elif words[0] == "killed":
            self.struck = " ".join(words[1:])
        elif words[0] == "left":
            self.left.append(int(words[1]))
        elif words[0] == "end":
            self.status = int(words[1])
        else:
            raise Bad(f"killer says {words}")

    def ended(self):
        self.hear()
        return self.status is not None

    def finish(self):
        """Of one that has been told to end, or was struck."""
        self.hear(15, lambda: self.status is not None)
        if self.status is None:
            raise Bad("it does not end")
        self.process.wait()
        os.close(self.report)
        if self.left:
            raise Bad("processes are left when it has ended")

    def abandon(self):
        if self.process.poll() is None:
            try:
                os.kill(self.pid, 9)
            except ProcessLookupError:
                pass
            self.hear(15, lambda: self.status is not None)
            self.process.kill()
            self.process.wait()


class Line:
    """A connection that stays open between requests."""

    def __init__(self, client):
        self.client, self.stream, self.refusals = client, None, []

    def close(self):
        if self.stream:
            self.stream.close()
        self.stream = None

    def ask(self, method, path, body=None, headers=(), token=None):
        """Status, object, headers. Interrupted when there is none, or one that says it could not be done."""
        text = b"" if body is None else json.dumps(body).encode()
        head = [f"{method} {path} HTTP/1.1", f"Host: {self.client.unit.address}", *headers]
        if token:
            head.append(f"Authorization: Bearer {token}")
        if body is not None:
            head += ["Content-Type: application/json", f"Content-Length: {len(text)}"]
        status, fields, answer = self.exchange(head, text)
        if status >= 500:
            self.refusals.append(json.loads(answer).get("rule"))
            raise Interrupted(f"{method} {path}: {status} {answer}")
        return status, json.loads(answer) if answer else None, fields

    def exchange(self, head, body=b""):
        """Status, headers, bytes."""
        try:
            if not self.stream:
                self.stream = self.client.connect()
            self.stream.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)
            status, fields, answer = self.read()
        except (OSError, ssl.SSLError) as failure:
            self.close()
            raise Interrupted(str(failure)) from failure
        if "close" in fields.get("connection", ""):
            self.close()
        return status, fields, answer

    def read(self):
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.stream.recv(65536)
            if not piece:
                raise OSError("closed before an answer")
            data += piece
        top, _, rest = data.partition(b"\r\n\r\n")
        first, *lines = top.decode("latin-1").split("\r\n")
        fields = {k.lower(): v.strip() for k, _, v in (f.partition(":") for f in lines)}
        size = int(fields.get("content-length", "0"))
        while len(rest) < size:
            piece = self.stream.recv(65536)
            if not piece:
                raise OSError("closed in an answer")
            rest += piece
        return int(first.split()[1]), fields, rest


class Recorder(Verifier):
    """Keeps what intents and outcomes say."""

    def __init__(self, **how):
        super().__init__(**how)
        self.asked, self.outcomes = {}, {}

    def read_all(self, folder):
        try:
            for name, data in read_directory(folder):
                self.segment(name, data)
        except Fault as fault:
            raise Bad(f"the log: {fault}") from fault

    def hold_against(self, acknowledged):
        """Each of these, in what was read, is an operation with an outcome of its own, and nothing is without one."""
        if self.torn:
            raise Bad(f"the log: {self.torn}")
        done = [name for seq, name in self.asked.items() if self.outcomes.get(seq) == "done"]
        for name in acknowledged:
            if name not in done:
                raise Bad(f"{name} was acknowledged and has no outcome 'done'")
            done.remove(name)
        if still := [name for seq, name in self.asked.items() if seq not in self.outcomes]:
            raise Bad(f"intents stay open: {still}")

    def body(self, kind, seq, data, before):
        super().body(kind, seq, data, before)
        if kind == INTENT:
            self.asked[seq] = json.loads(data)["operation"]
        elif kind == OUTCOME:
            body = json.loads(data)
            self.outcomes[body["intent"]] = body["result"]
