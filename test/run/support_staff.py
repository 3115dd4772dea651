# SPDX-License-Identifier: Apache-2.0
"""People of the manufacturer's staff, for tests: each with his password and his authenticator."""
import base64
import hashlib
import hmac
import json
import re
import struct
import time
from urllib.parse import parse_qs, urlsplit

SOON = 8  # seconds
PASSWORD = "tall fences, quiet geese"


def totp(secret, step):
    mac = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7FFFFFFF) % 1000000:06}"


class Person:
    def __init__(self, service):
        self.service, self.token, self.secret, self.name, self.id, self.step, self.client = service, None, None, None, None, 0, None

    def ask(self, method, path, body=None):
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        r, text = self.service.ask(path, method, headers, None if body is None else json.dumps(body))
        return r.status, json.loads(text) if text else {}

    def join(self, code, password=PASSWORD):
        status, said = self.ask("POST", "/api/v1/staff-joins", {"code": code, "password": password})
        if status == 201:
            self.name, self.id = said["name"], said["account"]
            secret = parse_qs(urlsplit(said["uri"]).query)["secret"][0]
            assert re.fullmatch(r"[A-Z2-7]{32}", secret)
            self.secret = base64.b32decode(secret)
        return status, said

    def code(self):
        """One that was not used yet: of a step around now, the oldest first that will not be over at once."""
        self.step = max(self.step + 1, (int(time.time()) + SOON) // 30 - 1)
        while self.step > int(time.time()) // 30 + 1:
            time.sleep(0.2)
        return totp(self.secret, self.step)

    def login(self, password=PASSWORD, code=None):
        self.token = None
        body = {"account": self.name, "password": password, "code": code or self.code()}
        said = self.ask("POST", "/api/v1/logins", body if self.client is None else {**body, "client": self.client})
        self.token, self.client = said[1].get("token"), said[1].get("client", self.client)
        return said


def administrator(service):
    one = Person(service)
    assert one.join((service.dir / "app/setup-code").read_text())[0] == 201
    assert one.login()[0] == 201
    return one


def colleague(admin, name, role):
    one = Person(admin.service)
    status, said = admin.ask("POST", "/api/v1/staff", {"name": name, "role": role})
    assert status == 201, said
    assert one.join(said["code"])[0] == 201
    assert one.login()[0] == 201
    return one
