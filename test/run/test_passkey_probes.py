# SPDX-License-Identifier: Apache-2.0
"""The probe of tokens: a sound device, whose role judges by libfido2, passes it and is left as it was; one that takes what is foreign, replayed or not
asked for fails, and so does one that forgets the password alone."""
import hashlib
import json
import os
import signal
import struct
import subprocess
import threading

import liar as liars
import pytest
import world as worlds
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from harness import b64, unb64
from liar import Liar
from peers import DAY, Authority, name_of
from test_login_probes import assess, command

ELEMENT = "LA.AS.2.1.5"
PROBE = f"{ELEMENT}/token-signs"


@pytest.fixture(scope="module")
def unit(world, tmp_path_factory):
    one = world.device("passkey-probes").start()
    one.take_over()
    with liars.beside(one, tmp_path_factory.mktemp("sham")):
        yield one
    one.stop()


def judged(unit, tmp_path, device="unit"):
    return assess(unit, tmp_path, {PROBE}, device)[(ELEMENT, "token-signs")]


def named(unit, name):
    """As an owner names it: by an authority of his."""
    listener = x509.load_pem_x509_certificate(unit.json("names", "read")["listener"].encode())
    authority = Authority("works")
    made = (x509.CertificateBuilder().subject_name(name_of(name)).issuer_name(authority.name).public_key(listener.public_key()).serial_number(7)
            .not_valid_before(listener.not_valid_before).not_valid_after(listener.not_valid_before + 36500 * DAY)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False).sign(authority.key, hashes.SHA256()))
    unit.json("names", "set", "--certificate", made.public_bytes(serialization.Encoding.PEM).decode())


def status(unit):
    return next(one for one in unit.json("capabilities", "read")["elements"] if one["id"] == ELEMENT)


# @nist LA.AS.2.1.5
def test_a_sound_device_passes_and_is_left_as_it_was(unit, tmp_path):
    assert judged(unit, tmp_path)[0] == "pass", judged(unit, tmp_path)
    assert unit.json("names", "read")["names"] == []
    assert [one["name"] for one in unit.json("accounts", "list")["accounts"]] == ["alice"]
    assert status(unit)["status"] == "needs a part"


def test_a_name_that_is_there_is_used_and_left(unit, tmp_path):
    named(unit, "pump.example")
    before = unit.json("names", "read")
    assert judged(unit, tmp_path)[0] == "pass"
    assert unit.json("names", "read") == before
    assert status(unit)["status"] == "provided"


class Sham:
    """Logins by password and token as a device has them, but for what is wrong."""

    def __init__(self, listener, *wrong):
        self.listener, self.wrong = listener, wrong
        self.names, self.named = [], threading.Event()
        self.password, self.given, self.key, self.count = "", False, None, 0
        self.challenge, self.challenges = "", set()

    def told(self, method, path, asked, headers):
        under = headers.get("Host", "").rpartition(":")[0]
        self.name = under if under in self.names else ""
        self.origin = f"https://{headers.get('Host')}"
        what = getattr(self, "on_" + path.removeprefix("/api/v1/").partition("/")[0].replace("-", "_"), None)
        return what(asked, method) if what else (201, {"account": "a2", "capabilities": []})

    def on_names(self, asked, method):
        if method == "DELETE":
            self.names = []
        if asked:
            made = x509.load_pem_x509_certificate(asked["certificate"].encode())
            assert made.public_key().public_numbers() == self.listener.public_key().public_numbers()
            self.names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
            self.named.set()
        return 200, {"names": self.names, "listener": self.listener.public_bytes(serialization.Encoding.PEM).decode()}

    def on_notice(self, _asked, _method):
        return 200, {"text": "", "notice": ""}

    def on_settings(self, _asked, _method):
        return 200, {"value": "any"}

    def on_passwords(self, asked, _method):
        self.password, self.given = asked["password"], True
        return 204, {}

    def on_passkey_challenges(self, _asked, _method):
        return (201, {"challenge": self.fresh(), "site": self.name}) if self.name else (409, {"rule": "passkey.name"})

    def fresh(self):
        self.challenge = b64(os.urandom(32))
        self.challenges.add(self.challenge)
        return self.challenge

    def client(self, asked, kind):
        """Whether it is what was asked for, on the page of this name."""
        said = json.loads(unb64(asked["client_data"]))
        mine = self.challenges if "replays open" in self.wrong else {self.challenge}
        self.challenge = ""
        return ((said["challenge"] in mine or "any challenge opens" in self.wrong) and said["type"] == kind and said["origin"] == self.origin and self.name)

    def on_passkeys(self, asked, _method):
        data = unb64(asked["authenticator_data"])
        size = struct.unpack(">H", data[53:55])[0]
        cose = data[55 + size:]
        assert cose[:10] == bytes.fromhex("a5010203262001215820") and cose[42:45] == b"\x22\x58\x20" and len(cose) == 77
        assert data[:32] == hashlib.sha256(self.name.encode()).digest() and data[32] == 0x41
        if not self.client(asked, "webauthn.create"):
            return 403, {"rule": "access.passkey"}
        numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(cose[10:42], "big"), int.from_bytes(cose[45:], "big"), ec.SECP256R1())
        self.key, self.id, self.count = numbers.public_key(), data[55:55 + size], struct.unpack(">I", data[33:37])[0]
        return 201, {"credential": "c1", "name": "x"}

    def on_logins(self, asked, _method):
        if "new_password" in asked:
            self.password, self.given = asked["new_password"], False
            return self.open()
        if "login" in asked:
            return self.judge(asked["passkey"]) if "passkey" in asked else (200, {"needed": ["passkey"], "passkey": {"challenge": self.fresh()}})
        if asked["password"] != self.password:
            return 403, {}
        if self.given:
            return 200, {"needed": ["new-password"], "login": "h" * 43}
        if not self.key or "the password is enough" in self.wrong:
            return self.open()
        return 200, {"needed": ["passkey"], "login": "h" * 43}

    def judge(self, shown):
        data, count = unb64(shown["authenticator_data"]), struct.unpack(">I", unb64(shown["authenticator_data"])[33:37])[0]
        good = self.client(shown, "webauthn.get") and unb64(shown["credential"]) == self.id and "no token opens" not in self.wrong
        try:
            self.key.verify(unb64(shown["signature"]), data + hashlib.sha256(unb64(shown["client_data"])).digest(), ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            good = good and "any signature opens" in self.wrong
        if not good or (count <= self.count and not {"counters stay", "replays open"} & set(self.wrong)):
            return 403, {"rule": "access.passkey"}
        self.count = count
        return self.open()

    def open(self):
        return 201, {"token": "t" * 43, "client": "k" * 43}


@pytest.fixture(scope="module")
def listener(unit):
    """A device's certificate for HTTPS; whose does not matter."""
    return x509.load_pem_x509_certificate(unit.json("names", "read")["listener"].encode())


# Each row: what is wrong, and how it is told. The first: nothing is, so that a row that fails does not fail for the sham's own sake.
@pytest.mark.parametrize("wrong, told", [
    ((), "With a token enrolled"),
    (("any signature opens",), "The signature of another key"),  # @turns LA.AS.2.1.5: what another key signed opens
    (("any challenge opens",), "A signature over another challenge"),
    (("replays open",), "What the token had signed for the login before"),
    (("counters stay",), "A counter that did not rise"),
    (("the password is enough",), "The password alone"),
    (("no token opens",), "The token's signature over the challenge"),
], ids=lambda one: "".join(one) or "nothing" if isinstance(one, tuple) else "")
def test_what_is_wrong_is_found_out(unit, listener, tmp_path, wrong, told):
    Liar.answers = Sham(listener, *wrong)
    verdict, reason = judged(unit, tmp_path, "liar")
    assert verdict == ("fail" if wrong else "pass") and reason.startswith(told), reason
    assert Liar.answers.named.is_set() and Liar.answers.names == []


def test_one_that_is_cut_short_has_its_name_taken_back(unit, listener, tmp_path):
    Liar.answers = Sham(listener)
    with subprocess.Popen(command(unit, tmp_path, (PROBE,), "liar"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as tool:
        assert Liar.answers.named.wait(60)
        tool.send_signal(signal.SIGTERM)
        assert tool.wait(60) == -signal.SIGTERM
    assert Liar.answers.names == []
