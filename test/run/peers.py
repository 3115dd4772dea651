# SPDX-License-Identifier: Apache-2.0
"""Other devices as a test needs them: authorities, certificates that are right or wrong in one way, and what comes of showing them."""
import datetime
import hashlib
import itertools
import socket
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from harness import RAW, SPKI, Client

LAMP = "urn:dev:ops:32473-lamp-"
DAY = datetime.timedelta(days=1)
places = itertools.count()  # the log keeps ten refusals a minute of each address


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    def __init__(self, name="lamps", posing_as=None):
        """Key id included, `posing_as` is the authority that this one would pass for."""
        self.name, self.key, self.last = name_of(name), ec.generate_private_key(ec.SECP256R1()), 0x1000
        self.public = (posing_as or self).key.public_key()
        now = datetime.datetime.utcnow()
        self.certificate = (x509.CertificateBuilder().subject_name(self.name).issuer_name(self.name).public_key(self.key.public_key()).serial_number(1)
                            .not_valid_before(now - 30 * DAY).not_valid_after(now + 3650 * DAY).add_extension(x509.BasicConstraints(True, 0), True)
                            .add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), True)
                            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.public), False).sign(self.key, hashes.SHA256()))

    def revoked(self, *serials, number=1, start=-DAY, end=DAY, signer=None):
        """Its list of these serials (hex), in PEM."""
        now = datetime.datetime.utcnow()
        made = (x509.CertificateRevocationListBuilder().issuer_name(self.name).last_update(now + start).next_update(now + end)
                .add_extension(x509.CRLNumber(number), False)
                .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.public), False))
        for serial in serials:
            made = made.add_revoked_certificate(x509.RevokedCertificateBuilder().serial_number(int(serial, 16)).revocation_date(now + start).build())
        return made.sign(signer or self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()

    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


class Peer(Client):
    """A device with a key of its own and a certificate of `authority` (or of itself) that names it."""

    def __init__(self, unit, identifier, authority=None, *, start=-DAY, end=30 * DAY, purpose=ExtendedKeyUsageOID.CLIENT_AUTH, signer=None):
        super().__init__(unit, certificate=False)
        self.address = f"127.0.{1 + (place := next(places)) // 250}.{1 + place % 250}"
        self.identifier, own = identifier, ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.utcnow()
        if authority:
            authority.last += 1
        self.serial = f"{authority.last:04x}" if authority else "01"
        name = name_of("device")
        made = (x509.CertificateBuilder().subject_name(name).issuer_name(authority.name if authority else name).public_key(own.public_key())
                .serial_number(int(self.serial, 16)).not_valid_before(now + start).not_valid_after(now + end)
                .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(identifier)]), False)
                .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key((authority.key if authority else own).public_key()), False)
                .add_extension(x509.ExtendedKeyUsage([purpose]), False).sign(signer or (authority.key if authority else own), hashes.SHA256()))
        self.print = hashlib.sha256(own.public_key().public_bytes(RAW, SPKI)).hexdigest()
        with tempfile.NamedTemporaryFile("wb", suffix=".pem") as both:
            both.write(own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
            both.write(made.public_bytes(serialization.Encoding.PEM))
            both.flush()
            self.context.load_cert_chain(both.name)

    def connect(self):
        return self.context.wrap_socket(socket.create_connection(("127.0.0.1", self.unit.port), timeout=10, source_address=(self.address, 0)))

    def verdict(self, path="/api/v1/identity"):
        """Status and rule."""
        answer = self.ask("GET", path)
        return answer.status, answer.json.get("rule") if answer.status >= 400 else None


def as_owner(unit):
    """A client with the owner's certificate."""
    client = Client(unit, certificate=False)
    client.context.load_cert_chain(unit.owner / "owner.crt", unit.owner / "owner.key")
    return client


def trust(unit, authority, name="lamps"):
    answer = as_owner(unit).ask("POST", "/api/v1/peer-anchors", {"name": name, "certificate": authority.pem()})
    assert answer.status == 201, answer.body


def rule(unit, name, subject, operation="identity.read", effect="allow", **more):
    answer = as_owner(unit).ask("POST", "/api/v1/policies", {"name": name, "subject": subject, "operation": operation, "effect": effect, **more})
    assert answer.status == 201, answer.body


def records(unit, **wanted):
    """Records of the log that hold all of these, the newest first."""
    found = as_owner(unit).ask("GET", "/api/v1/log?limit=200").json["records"]
    return [r for r in found if all(r.get(key) == value for key, value in wanted.items())]


