# SPDX-License-Identifier: Apache-2.0
"""An owner who keeps count of what was acknowledged."""
import os
import ssl

import world as worlds
from harness import Client, wait_for

SETTING = "/api/v1/settings/application.target"
NAMED = {"audit.space", "audit.broken", "store.space", "store.broken"}


class Owner:
    """Changes a setting and remembers what was acknowledged."""

    def __init__(self, unit):
        self.client, self.version, self.value = Client(unit), 0, None
        self.rules = set()

    def change(self):
        """True: acknowledged. False: refused by name, and the device as before."""
        now = self.client.ask("GET", SETTING)
        assert now.status == 200, f"reads go on: {now.status} {now.body}"
        assert int(now.headers["etag"].strip('"')) >= self.version, "an acknowledged change is lost"
        self.version = int(now.headers["etag"].strip('"'))
        value = str(5 + self.version % 26)
        answer = self.client.ask("PUT", SETTING, {"value": value}, [f"If-Match: {now.headers['etag']}"])
        if answer.status == 200:
            self.version += 1
            return True
        assert answer.status == 503 and answer.json["rule"] in NAMED and answer.json["next"], answer.body
        self.rules.add(answer.json["rule"])
        return False

    def new_epoch(self):
        answer = self.client.ask("POST", "/api/v1/log/keys")
        if answer.status != 200:
            assert answer.status == 503 and answer.json["rule"] in NAMED and answer.json["next"], answer.body
            self.rules.add(answer.json["rule"])


def whole(unit):
    said = worlds.run(worlds.program("thingward"), "log", "verify", unit.state / "log", "--device-cert", unit.state / "keys/identity.crt", "--anchor", unit.config / "manufacturer.crt",
                      "--json", ok=None)
    assert said.returncode == 0, said.stdout + said.stderr


class Patient(Owner):
    """Takes any failure for an answer, and none for a loss."""

    def attempt(self):
        """What became of a change, a new epoch, a look at the log and the identity: statuses, 0 for a connection that ended."""
        return [self.one("GET", "/api/v1/log?limit=200"), self.change_if_it_goes(), self.one("POST", "/api/v1/log/keys"), self.one("GET", "/api/v1/identity")]

    def one(self, method, path):
        try:
            return self.client.ask(method, path).status
        except (OSError, ssl.SSLError, IndexError, ValueError):
            return 0

    def change_if_it_goes(self):
        try:
            now = self.client.ask("GET", SETTING)
            if now.status != 200:
                return now.status
            tag = int(now.headers["etag"].strip('"'))
            assert tag >= self.version, "an acknowledged change is lost"
            self.version = tag
            answer = self.client.ask("PUT", SETTING, {"value": str(5 + tag % 26)}, [f"If-Match: {now.headers['etag']}"])
            self.version += answer.status == 200
            return answer.status
        except (OSError, ssl.SSLError, IndexError, ValueError):
            return 0

    def back(self, timeout_s=25):
        """All goes again, by itself; what was acknowledged is there."""
        unit = self.client.unit
        wait_for(lambda: self.attempt() == [200, 200, 200, 200], timeout_s, 0.1)
        assert self.client.ask("GET", "/api/v1/commissioning").json["owned"] is True
        assert unit.stop() == 0
        whole(unit)
        assert not [p for p in unit.state.rglob("*") if ".new" in p.name or ".aside" in p.name or p.name == "trial"]


def settled(statuses):
    """Each was done, refused for want of something, or left without an answer."""
    return all(status == 0 or status == 200 or status >= 500 for status in statuses)


def memory_of(pid, field):
    """In bytes, of /proc/PID/status."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(field + ":"))


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))
