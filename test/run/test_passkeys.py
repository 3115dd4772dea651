# SPDX-License-Identifier: Apache-2.0
"""Passkeys on a real device, whose role judges them by libfido2: the token is played here, by another library, over TLS under the device's name."""
import datetime
import hashlib
import json
import os
import struct

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from harness import Client, b64, local
from peers import DAY, Authority, name_of

NAME, GOOD = "pump.example", "nine quiet herons wade"


class Named(Client):
    """Whoever asks under the device's name."""

    def head(self, method, path, body, headers=()):
        return super().head(method, path, body, headers).replace(f"Host: {self.unit.address}".encode(), f"Host: {NAME}:{self.unit.port}".encode())


class Token:
    """A hardware token. It signs whatever it is told to."""

    def __init__(self, ed=False):
        self.key = ed25519.Ed25519PrivateKey.generate() if ed else ec.generate_private_key(ec.SECP256R1())
        self.ed, self.id, self.count = ed, os.urandom(48), 0

    def data(self, flags=1, site=NAME):
        self.count += 1
        return hashlib.sha256(site.encode()).digest() + bytes([flags]) + struct.pack(">I", self.count)

    def made(self):
        public = self.key.public_key()
        if self.ed:
            cose = b"\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20" + public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        else:
            n = public.public_numbers()
            cose = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20" + n.x.to_bytes(32, "big") + b"\x22\x58\x20" + n.y.to_bytes(32, "big")
        return self.data(0x41) + bytes(16) + struct.pack(">H", len(self.id)) + self.id + cose

    def signs(self, data, client):
        said = data + hashlib.sha256(client).digest()
        return self.key.sign(said) if self.ed else self.key.sign(said, ec.ECDSA(hashes.SHA256()))


def client_data(owner, kind, challenge):
    return json.dumps({"type": kind, "challenge": challenge, "origin": f"https://{NAME}:{owner.unit.port}", "crossOrigin": False}).encode()


def enrol(owner, token):
    offer = owner.ask("POST", "/api/v1/passkey-challenges")
    assert offer.status == 201 and offer.json["site"] == NAME, offer.body
    client = client_data(owner, "webauthn.create", offer.json["challenge"])
    return owner.ask("POST", "/api/v1/passkeys", {"label": "a key", "client_data": b64(client), "authenticator_data": b64(token.made())})


def begin(person):
    said = person.ask("POST", "/api/v1/logins", {"account": "bob", "password": GOOD})
    assert (said.status, said.json["needed"]) == (200, ["passkey"]), said.body
    return said.json["login"]


def challenged(person, login):
    said = person.ask("POST", "/api/v1/logins", {"login": login, "factor": "passkey"})
    assert said.status == 200, said.body
    return said.json["passkey"]["challenge"]


def shown(person, login, challenge, token, by=None):
    client, data = client_data(person, "webauthn.get", challenge), token.data()
    return {"login": login, "factor": "passkey", "passkey": {"credential": b64(token.id), "client_data": b64(client), "authenticator_data": b64(data),
            "signature": b64((by or token).signs(data, client))}}


@pytest.fixture(scope="module")
def owner(world):
    unit = world.device("PASSKEY").start()
    one = Named(unit)
    first = Client(unit)
    first.context, first.key, first.pem = one.context, one.key, one.pem
    assert first.take().status == 201
    listener = x509.load_pem_x509_certificate(first.ask("GET", "/api/v1/names").json["listener"].encode())
    authority, now = Authority("works"), datetime.datetime.utcnow()
    leaf = (x509.CertificateBuilder().subject_name(name_of(NAME)).issuer_name(authority.name).public_key(listener.public_key()).serial_number(7)
            .not_valid_before(now - DAY).not_valid_after(now + DAY).add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), False)
            .sign(authority.key, hashes.SHA256()))
    assert first.ask("PUT", "/api/v1/names", {"certificate": leaf.public_bytes(serialization.Encoding.PEM).decode()}).status == 204
    assert first.ask("PUT", "/api/v1/password", {"password": GOOD}).status == 204
    yield one
    unit.stop()


@pytest.mark.parametrize("ed", [False, True])
def test_a_token_signs_the_challenge(owner, ed):
    """The token that was enrolled opens by its signature, once; a replayed one and one of another key open nothing."""
    token, person = Token(ed), Named(owner.unit, certificate=False)
    added = enrol(owner, token)
    assert added.status == 201, added.body
    login = begin(person)
    refused = person.ask("POST", "/api/v1/logins", shown(person, login, challenged(person, login), token, by=Token(ed)))
    assert (refused.status, refused.json["rule"]) == (403, "access.passkey"), refused.body
    right = shown(person, login, challenged(person, login), token)
    opened = person.ask("POST", "/api/v1/logins", right)
    assert opened.status == 201, opened.body
    assert person.ask("GET", "/api/v1/identity", headers=[f"Authorization: Bearer {opened.json['token']}"]).status == 200
    login = begin(person)
    challenged(person, login)
    assert person.ask("POST", "/api/v1/logins", {**right, "login": login}).status == 403
    assert owner.ask("DELETE", f"/api/v1/passkeys/{added.json['credential']}").status == 204
    assert "password+passkey" in local(owner.unit, "GET", "/api/v1/log?limit=200").body.decode()


def test_by_address_there_are_none(owner):
    by_address = Client(owner.unit, certificate=False)
    by_address.context = owner.context
    said = by_address.ask("POST", "/api/v1/passkey-challenges")
    assert (said.status, said.json["rule"]) == (409, "passkey.name") and NAME in said.body.decode()


def test_what_is_no_passkey_is_refused_and_the_device_goes_on(owner):
    token = Token()
    offer = owner.ask("POST", "/api/v1/passkey-challenges").json
    client = client_data(owner, "webauthn.create", offer["challenge"])
    for data in (token.made()[:-1],):
        said = owner.ask("POST", "/api/v1/passkeys", {"label": "a key", "client_data": b64(client), "authenticator_data": b64(data)})
        assert (said.status, said.json["rule"]) == (403, "access.passkey"), said.body
    assert enrol(owner, token).status == 201
