# SPDX-License-Identifier: Apache-2.0
"""Somebody between the tool and a device, who passes on what each of them says, but for one thing: so it is a device with that one thing wrong."""
import fnmatch
import ssl
from contextlib import contextmanager
from dataclasses import dataclass

import liar as liars
from harness import Client

PASSED = ("Authorization", "If-Match", "Thingward-Step-Up")


@dataclass
class Asked:
    """A question on its way, and as whom it is passed on: as the owner, when it came with his certificate, or as nobody."""
    client: Client
    method: str
    path: str
    said: dict
    headers: list
    by_owner: bool
    owner: Client

    def answer(self, **other):
        """What the unit answers it, where this is said instead; None: it is not said."""
        said = {key: value for key, value in {**self.said, **other}.items() if value is not None} if other else self.said
        got = self.client.ask(self.method, self.path, said, self.headers)
        return got.status, got.json if got.body else {}, {"ETag": got.headers["etag"]} if "etag" in got.headers else {}

    def owner_reads(self, path):
        return self.owner.ask("GET", f"/api/v1/{path}").json


class Through:
    """The unit, where `spoil` makes the answer to what is asked with a method and at a path like these."""

    def __init__(self, unit, method, path, spoil):
        self.method, self.path, self.spoil = method, f"/api/v1/{path}", spoil
        self.owner, self.nobody = Client(unit, certificate=False), Client(unit, certificate=False)
        self.owner.context.load_cert_chain(unit.owner / "owner.crt", unit.owner / "owner.key")

    def told(self, method, path, said, headers):
        passed = [f"{name}: {headers[name]}" for name in PASSED if name in headers]
        by_owner = "X-Owner" in headers
        asked = Asked(self.owner if by_owner else self.nobody, method, path, said, passed, by_owner, self.owner)
        return self.spoil(asked) if fnmatch.fnmatch(method, self.method) and fnmatch.fnmatch(path, self.path) else asked.answer()


class Between(liars.Liar):
    """Knows the owner by his certificate."""

    @staticmethod
    def prepare(context, unit):
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(unit.owner / "owner.crt")

    def parse_request(self):
        well = super().parse_request()
        if well and self.connection.getpeercert():
            self.headers["X-Owner"] = "yes"
        return well


@contextmanager
def spoiled(unit, folder, method, path, spoil, name="spoiled"):
    """A device of this name in the owner's directory: the unit with that one thing wrong."""
    handler = type("Spoiled", (Between,), {"answers": Through(unit, method, path, spoil)})
    with liars.beside(unit, folder, handler, name):
        yield name
