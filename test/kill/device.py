# SPDX-License-Identifier: Apache-2.0
"""A device whose states are copies of one prepared tree, run under `killer`, with an owner, an application and a person who come back
after each interruption. What they were told is remembered, and held against the device."""
import os
import re
import shutil
import ssl
import time
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

from lives import Bad, Interrupted, Life, Line, Recorder, copy, worlds  # first: it says where the rest is
import keystore
from harness import Client, b64, report_well, spki
from server import Server
from test_files import Disk
from test_keys import check_proof
from test_tokens import Token
from verdicts import SECRET, Verdicts

FILES, LOCAL = "/api/v1/inventory/check", "/api/v1/local-identity"
SETTING = "/api/v1/settings/application.target"
KEYS = "/api/v1/keys"
ROLES = ("hands", "core", "front", "keys", "scan", "fetch", "hash", "ask")
WITH_TOKEN = ("token", "library")  # what stands between keys and a token: the supervisor, and its worker, which loads the library
GOOD = "nine quiet herons wade"
BACK_S = 12  # a device that was struck is there again after this at the latest, on a busy machine too
BOOT = Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", "")
ALLOWED = re.compile(r"core/store\.db(-wal)?|log/(\d{20}\.twlog|spare)|boot/confirmed|keys/(identity\.(crt|key)|listener\.pem|log\.(epoch|master)|takeover\.secret|keystore\.(a|b|root)|pkcs11\.[ab]|(listener|takeover|log)\.sealed)")


class Unit:
    """What Client wants of a device, and the tree it lives in."""

    def __init__(self, template, folder):
        self.template, self.folder = template, folder
        folder.mkdir()
        folder.chmod(0o755)
        self.port = worlds.free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.state, self.run, self.label, self.config = folder / "state", folder / "run", template.label, template.config
        self.said = folder / "said"
        self.identifier = f"urn:dev:ops:32473-thermostat-{template.serial}"
        self.first_key = self.key_in(template.state)
        self.disk = Disk(self)
        self.token = None

    @staticmethod
    def key_in(state):
        """SHA-256 of the listener's key that keys would use."""
        pem = re.search(rb"-----BEGIN CERT.*-----END CERTIFICATE-----\n", keystore.listener(state / "keys"), re.S)
        return spki(x509.load_pem_x509_certificate(pem[0]).public_bytes(Encoding.DER))

    def fresh(self, role=None):
        """As it left the factory; for a role beside keys with an empty token to keep its keys in."""
        copy(self.template.state, self.state)
        shutil.rmtree(self.folder / "softhsm", ignore_errors=True)
        self.token = Token(self, self.folder) if role in WITH_TOKEN else None
        shutil.rmtree(self.run, ignore_errors=True)
        self.run.mkdir(mode=0o755)
        self.said.write_bytes(b"")

    def token_is_lost(self):
        """SoftHSM writes its token's file anew in place: ended in between, it has no token any more, whoever asks."""
        return bool(self.token) and any(f.stat().st_size == 0 for f in self.token.files.rglob("token.object"))

    def roles(self):
        """Without the roles that core begins by itself: which process is born when has to be the same each time. They hold nothing that a kill
        could lose, and what follows their end is test/run/test_interfaces.py's and test_firewall.py's."""
        lines = self.template.world.roles.read_text().splitlines(keepends=True)
        mine = self.folder / "roles.tab"
        mine.write_text("".join(one for one in lines if one.split()[0] not in ("watch", "firewall")))
        return mine

    def start(self, point=None):
        command = [str(w) for w in [worlds.program("thingward-device"), "-f", "--role-program", worlds.program("thingward-role"), "--state", self.state, "--run", self.run,
                                    "--config", self.config, "--listen", self.address, "--roles", self.roles(),
                                    "--packages", f"debian:{self.disk.database}", "--inventory-root", self.disk.root,
                                    *(self.token.words if self.token else ())]]
        with open(self.said, "ab") as log:
            return Life(command, log, point)

    def leftovers(self):
        names = [str(p.relative_to(self.state)) for p in self.state.rglob("*") if p.is_file()]
        return sorted(n for n in names if not ALLOWED.fullmatch(n))


class Stand:
    """Where one worker tries points: a unit of its own and an owner's key."""

    def __init__(self, template, folder):
        self.unit = Unit(template, folder)
        self.client = Client(self.unit)

    def try_point(self, point):
        """(what was struck or None, what went wrong or None) of one life."""
        self.unit.fresh(point[0])
        witness = Witness(self.unit, self.client)
        wrong = None
        try:
            witness.story([str(word) for word in point])
            witness.judge_remains()
        except (Bad, Interrupted) as failure:
            wrong = str(failure)
        finally:
            if witness.life:
                witness.life.abandon()
        return witness.struck or (witness.life and witness.life.struck), wrong

    def list_calls(self, role):
        """The names of all calls of one role, in order, of a story that nothing ends."""
        self.unit.fresh(role)
        witness = Witness(self.unit, self.client)
        witness.story([role, "list", "0", "entry"])
        witness.judge_remains()
        return witness.first.calls

    def lost(self, point):
        return point[0] == "library" and self.unit.token_is_lost()

    def said(self):
        return self.unit.said.read_text(errors="replace")


class Witness:
    """Owner, application and person in one. The steps of the story may be taken again after an interruption."""

    def __init__(self, unit, client):
        self.unit, self.line = unit, Line(client)
        self.nobody = Line(Client(unit, certificate=False))
        self.life = self.first = None
        self.taken = self.new_key = self.changed = self.token = self.password = None  # acknowledged
        self.tried_take = self.well = False
        self.key = None  # that was made for the owner
        self.acknowledged = []  # operations, in order
        self.struck = None

    # ---- being there ----

    def start(self, point=None):
        self.life = self.unit.start(point)
        self.come_back()

    def was_struck(self):
        self.life.hear()
        return self.struck or self.life.struck

    def close(self):
        self.line.close()
        self.nobody.close()

    def note_end(self):
        """Hands has ended: only because it was struck. The service manager starts it again."""
        life = self.life
        self.struck = self.struck or life.struck
        if not life.struck:
            raise Bad(f"hands ended by itself with {life.status}")
        life.finish()
        self.life = self.unit.start()

    def come_back(self):
        until = time.monotonic() + BACK_S
        self.well = False
        self.close()
        while time.monotonic() < until:
            if self.life.ended():
                self.note_end()
            try:
                if self.nobody.ask("GET", "/api/v1/health")[0] == 200:
                    return
            except Interrupted:
                time.sleep(0.01)
        raise Bad("it does not come back by itself")

    def step(self, what):
        last, until = None, time.monotonic() + 2 * BACK_S
        while time.monotonic() < until:
            try:
                return what()
            except Interrupted as failure:
                last = failure
                if not self.was_struck():
                    raise Bad(f"interrupted though nothing was struck: {failure}") from failure
                time.sleep(0.05)
                self.come_back()
        raise Bad(f"it never gets through: {last}")

    # ---- the story ----

    def take_over(self):
        owned = self.nobody.ask("GET", "/api/v1/commissioning")[1]["owned"]
        if owned and not self.tried_take:
            raise Bad("owned, though nobody took it")
        if owned:
            return
        if self.taken:
            raise Bad("an owned device looks unowned")
        self.tried_take = True
        try:
            answer = self.line.client.take()
        except (OSError, ssl.SSLError, IndexError, ValueError, KeyError) as failure:
            raise Interrupted(str(failure)) from failure
        if answer.status >= 500 or (answer.status == 409 and answer.json["rule"] == "commissioning.challenge" and self.was_struck()):
            raise Interrupted(str(answer.body))  # a challenge lives no longer than the process that gave it
        if answer.status != 201:
            raise Bad(f"take-over: {answer.status} {answer.body}")
        self.taken, self.new_key = True, answer.json["listener"]
        self.acknowledged.append("commissioning.take")
        self.close()

    def report_health(self):
        """As the application, by the kernel's word: the boot is confirmed, and hands writes that down."""
        if self.well:
            return
        try:
            report_well(self.unit)
        except OSError as failure:
            raise Interrupted(str(failure)) from failure
        self.well = True

    def wait_confirmed(self):
        until = time.monotonic() + 3
        mark = self.unit.state / "boot/confirmed"
        while not mark.exists() or list(mark.parent.glob("*.new")):
            if time.monotonic() > until:
                raise Interrupted("the boot is not confirmed")
            time.sleep(0.005)
        if mark.read_text() != BOOT:
            raise Bad(f"confirmed is a boot {mark.read_text()}")

    def change(self):
        status, now, fields = self.line.ask("GET", SETTING)
        if status != 200:
            raise Bad(f"the owner reads a setting: {status} {now}")
        if self.changed and now["value"] != "23":
            raise Bad(f"an acknowledged change is not there: {now}")
        if now["value"] == "23":
            return
        status, answer, _ = self.line.ask("PUT", SETTING, {"value": "23"}, [f"If-Match: {fields['etag']}"])
        if status != 200:
            raise Bad(f"the owner changes a setting: {status} {answer}")
        self.changed = True
        self.acknowledged.append("settings.change")

    def read(self):
        status, answer, _ = self.line.ask("GET", "/api/v1/identity")
        if status != 200 or answer["identifier"] != self.unit.identifier:
            raise Bad(f"identity: {status} {answer}")

    def session(self):
        if not self.token:
            status, answer, _ = self.line.ask("POST", "/api/v1/session-codes")
            if status not in (200, 201):
                raise Bad(f"a code: {status} {answer}")
            self.acknowledged.append("session.code")
            status, answer, _ = self.nobody.ask("POST", "/api/v1/sessions", {"code": answer["code"]})
            if status != 201:
                raise Bad(f"a session: {status} {answer}")
            self.token = answer["token"]
            self.acknowledged.append("session.open")
        status, answer, _ = self.nobody.ask("GET", "/api/v1/identity", token=self.token)
        if status != 200:
            raise Bad(f"an acknowledged session: {status} {answer}")

    def migrated(self):
        """Tasks are in the newer form of the store, which comes a moment after the boot is confirmed."""
        until = time.monotonic() + BACK_S
        while not any(r.get("event") == "store.migrated" for r in self.line.ask("GET", "/api/v1/log?limit=200")[1]["records"]):
            if time.monotonic() > until:
                raise Bad("the store stays in its older form")
            time.sleep(0.01)

    def ask_calmly(self, *words):
        """Nothing but a role on demand was struck, so everybody else answers."""
        try:
            return self.line.ask(*words)
        except Interrupted as failure:
            raise Bad(f"another role was taken along: {failure}") from failure

    def work(self, name, path, body=None):
        """What another role does for core, on demand. Struck, it fails as a task, and may be asked for again."""
        status, answer, fields = self.ask_calmly("POST", path, body)
        if status != 202:
            raise Bad(f"{name}: {status} {answer}")
        until = time.monotonic() + BACK_S
        task = {"state": "waiting"}
        while task["state"] in ("waiting", "running"):
            if time.monotonic() > until:
                raise Bad(f"{name} does not end: {task}")
            time.sleep(0.01)
            task = self.ask_calmly("GET", fields["location"])[1]
        if task["state"] != "done":
            raise Interrupted(f"{name}: {task}")
        self.acknowledged.append(name)
        return task

    def check_files(self):
        """By scan: one package, and every file as it was installed."""
        verdict = self.work("inventory.check", FILES)["result"]["verdict"]
        if verdict != "as-installed":
            raise Bad(f"a disk as it was installed is {verdict}")

    def enrol(self):
        """By fetch: an authority of the owner's names the device."""
        self.work("local-identity.enrol", LOCAL, {"url": self.server.url(), "anchors": self.server.root.pem(), "secret": "unit:s3cret"})
        if not self.ask_calmly("GET", LOCAL)[1]["enrolled"]:
            raise Bad("enrolled, and it is not")

    def ask_about_a_password(self, line, method, path, body):
        """Of hash, and of ask behind it: struck, they refuse this and nothing else."""
        before = len(line.refusals)
        try:
            return line.ask(method, path, body)
        except Interrupted as failure:
            if line.refusals[before:] == ["access.hash"]:
                raise
            raise Bad(f"another role was taken along: {failure}") from failure

    def set_password(self):
        """By hash: the owner's own."""
        if self.password:
            return
        status, answer, _ = self.ask_about_a_password(self.line, "PUT", "/api/v1/password", {"password": GOOD})
        if status != 204:
            raise Bad(f"a password: {status} {answer}")
        self.password, self.token = True, None  # his sessions have ended with the password that he had not
        self.acknowledged.append("password.change")

    def log_in(self, name):
        """By hash, and of an account whose password a server judges, by ask."""
        status, answer, _ = self.ask_about_a_password(self.nobody, "POST", "/api/v1/logins", {"account": name, "password": GOOD})
        if status != 201:
            raise Bad(f"a login: {status} {answer}")
        self.acknowledged.append("login.open")
        token = answer["token"]
        status, answer, _ = self.nobody.ask("DELETE", "/api/v1/sessions/current", token=token)
        if status != 204:
            raise Bad(f"the session of a login: {status} {answer}")
        self.acknowledged.append("session.close")

    def log_in_as_owner(self):
        self.log_in(self.ask_calmly("GET", "/api/v1/accounts")[1]["accounts"][0]["name"])

    def log_in_by_verdict(self):
        self.log_in("robin")

    def delegate(self, server):
        """An account whose password a server judges. Nothing of it takes a role on demand."""
        status, made, _ = self.ask_calmly("POST", "/api/v1/accounts", {"name": "robin", "kind": "person"})
        if status != 201:
            raise Bad(f"an account: {status} {made}")
        for method, path, body, version, good in (("PUT", "/api/v1/settings/logical-access.radius-server", {"value": server.place}, ['If-Match: "0"'], 200),
                                                  ("PUT", "/api/v1/radius-secret", {"secret": SECRET}, [], 204),
                                                  ("PUT", f"/api/v1/server-passwords/{made['account']}", {}, [], 204)):
            status, answer, _ = self.ask_calmly(method, path, body, version)
            if status != good:
                raise Bad(f"{method} {path}: {status} {answer}")

    def use_keys(self):
        """By token: once its own keys are in there too, one is made for the owner, kept, and signs."""
        until = time.monotonic() + BACK_S
        while not self.line.ask("GET", "/api/v1/keystore")[1]["taken_over"]:
            if time.monotonic() > until:
                raise Bad("its own keys do not get into the token")
            self.well = False  # they go in once this life of core has heard from the application; the one before may have taken its word with it
            self.report_health()
            time.sleep(0.05)
        there = self.line.ask("GET", KEYS)[1]["keys"]
        if self.key and self.key not in there:
            raise Bad(f"an acknowledged key is not there: {there}")
        if not there:
            status, self.key, _ = self.line.ask("POST", KEYS, {"name": "web"})
            if status != 201:
                raise Bad(f"a key: {status} {self.key}")
            self.acknowledged.append("keys.create")
        made = self.key or there[0]
        nonce = os.urandom(32)
        status, answer, _ = self.line.ask("POST", "/api/v1/key-proofs", {"name": "web", "fingerprint": made["fingerprint"], "nonce": b64(nonce)})
        if status != 200:
            raise Bad(f"a key does not sign: {status} {answer}")
        try:
            check_proof(made, "web", nonce, answer["signature"])
        except (InvalidSignature, AssertionError) as failure:
            raise Bad(f"a key signs wrongly: {answer}") from failure

    def end(self):
        """SIGTERM; whether something was struck only then. An unharmed device ends with 0."""
        self.close()
        if self.life.ended():
            self.note_end()
            self.come_back()
        os.kill(self.life.pid, 15)
        self.life.finish()
        late = self.life.struck and not self.struck
        self.struck = self.struck or self.life.struck
        if self.life.status != 0 and not late and self.struck is None:
            raise Bad(f"it ends with {self.life.status}")
        return late

    def story(self, point):
        """A role on demand is the first that is demanded when the story is its own."""
        self.start(point)
        self.first = self.life
        for step in (self.take_over, self.report_health, self.change, self.read, self.session):
            self.step(step)
        self.step(self.settle)
        if point[0] == "scan":
            self.step(self.migrated)
            self.step(self.check_files)
        elif point[0] == "fetch":
            self.step(self.migrated)
            with Server() as self.server:
                self.step(self.enrol)
        elif point[0] == "hash":
            self.step(self.set_password)
            self.step(self.log_in_as_owner)
        elif point[0] == "ask":
            with Verdicts() as server:
                self.delegate(server)
                self.step(self.log_in_by_verdict)
        elif point[0] in WITH_TOKEN:
            self.step(self.use_keys)
        if self.end() or self.key:
            self.start()
            self.step(self.settle)
            if self.key:
                self.step(self.use_keys)
            self.end()

    # ---- what must be so ----

    def settle(self):
        """Everything once more, in one incarnation."""
        for again in (self.take_over, self.report_health, self.change, self.read, self.session, self.wait_confirmed):
            again()
        shown = self.line.client.listener() if not self.line.stream else spki(self.line.stream.getpeercert(binary_form=True))
        if shown == self.unit.first_key:
            owed = (self.was_struck() or "").endswith("EIO")  # made up for, once the disk is well again
            raise (Interrupted if owed else Bad)("an owned device shows the key of the label")
        if not self.unit.token and shown != self.unit.key_in(self.unit.state):  # what a token keeps nobody else reads
            raise Bad("two listener keys: the one shown is not the one kept")
        if self.new_key and shown.hex() != self.new_key:
            raise Bad("the listener key is not the one that the taker was told")

    def judge_remains(self):
        if left := self.unit.leftovers():
            raise Bad(f"left behind: {' '.join(left)}")
        recorder = Recorder()
        recorder.read_all(self.unit.state / "log")
        recorder.hold_against(self.acknowledged)
        said = worlds.run(worlds.program("thingward"), "log", "verify", self.unit.state / "log", "--device-cert", self.unit.state / "keys/identity.crt", "--anchor",
                          self.unit.config / "manufacturer.crt", "--json", ok=None)
        if said.returncode != 0:
            raise Bad(f"thingward log verify: {said.stdout}{said.stderr}")
