# SPDX-License-Identifier: Apache-2.0
"""OpenID Connect providers over TLS on the loopback interface: the real one of npm with somebody's browser before it, and a played one that lies as it is told to."""
import base64
import hashlib
import html
import http.client
import http.cookiejar
import http.server
import ipaddress
import json
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.x509.oid import ExtendedKeyUsageOID

FOLDER = Path(__file__).resolve().parents[1] / "oidc"
sys.path.insert(0, str(FOLDER.parent / "est"))
from server import Authority, key_pem, name_of, new_key  # noqa: E402

SECRET = "s3cret of the device: 100%"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def program():
    """Node.js, where test/oidc/install has been run; None where there is none."""
    return shutil.which("node") if (FOLDER / "node_modules" / ".installed-lock").exists() else None


def certify(folder):
    """An authority, and the file of a server's key and certificate by it."""
    root, key = Authority("logins"), new_key()
    leaf = root.issue(name_of("provider"), key.public_key(), [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))], ExtendedKeyUsageOID.SERVER_AUTH)
    pem = Path(folder) / "provider.pem"
    pem.write_bytes(key_pem(key) + leaf.public_bytes(serialization.Encoding.PEM))
    return root, pem


@contextmanager
def provider(back):
    """The real one: its issuer, and its authority's certificate."""
    with tempfile.TemporaryDirectory() as folder:
        root, pem = certify(folder)
        process = subprocess.Popen([program(), FOLDER / "provider.js", pem, back], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)
        try:
            issuer = process.stdout.readline().strip()
            assert issuer, "the provider did not start"
            yield issuer, root.pem(), process
        finally:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()


class Stay(urllib.request.HTTPRedirectHandler):
    """Goes wherever it is sent but to the device."""
    def __init__(self, back):
        self.back, self.came = back, None

    def redirect_request(self, request, file, code, message, headers, to):
        if to.startswith(self.back):
            self.came = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(to).query))
            return None
        return super().redirect_request(request, file, code, message, headers, to)


def browse(location, back, name, anchors):
    """What a person does there: logs in as that name and agrees. What the browser comes back with."""
    stay = Stay(back)
    opener = urllib.request.build_opener(stay, urllib.request.HTTPSHandler(context=ssl.create_default_context(cadata=anchors)),
                                         urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    try:
        page = opener.open(location, timeout=20)
        for _ in range(4):
            text = page.read().decode()
            action = html.unescape(re.search(r'<form[^>]*action="([^"]+)"', text)[1])
            fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text))
            if "password" in text:
                fields |= {"login": name, "password": "x"}
            page = opener.open(urllib.parse.urljoin(page.url, action), urllib.parse.urlencode(fields).encode(), timeout=20)
    except urllib.error.HTTPError as refused:
        assert stay.came, (refused, refused.read()[:500])
    return stay.came


class Played:
    """Answers as it should, except in what `lies` says: header, claims, key, place or status."""
    def __init__(self, folder):
        self.root, pem = certify(folder)
        self.key, self.lies, self.asked, self.nonces = ec.generate_private_key(ec.SECP256R1()), {}, [], {}
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads, self.http.played = True, self
        self.http.handle_error = lambda *_: None  # a device that does not know it goes away
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        self.issuer = f"https://127.0.0.1:{self.http.server_address[1]}"

    def jwk(self):
        numbers = self.key.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "kid": "1", "x": b64(numbers.x.to_bytes(32, "big")), "y": b64(numbers.y.to_bytes(32, "big"))}

    def token(self, nonce):
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": "device", "sub": "u-bob", "nonce": nonce, "iat": now, "exp": now + 60, "auth_time": now} | self.lies.get("claims", {})
        said = ".".join(b64(json.dumps(part).encode()) for part in ({"alg": "ES256", "kid": "1"} | self.lies.get("header", {}), claims))
        r, s = utils.decode_dss_signature(self.lies.get("key", self.key).sign(said.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{said}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big')) if not self.lies.get('unsigned') else ''}"

    def place(self, name):
        return f"{self.issuer}/{name}"


class Handler(http.server.BaseHTTPRequestHandler):
    timeout = 20

    def answer(self, body):
        data = json.dumps(body).encode()
        self.send_response(self.server.played.lies.get("status", 200))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        played = self.server.played
        played.asked.append(self.path)
        if self.path == "/keys":
            self.answer({"keys": [played.jwk()]})
        else:
            self.answer({"issuer": played.issuer, "authorization_endpoint": played.place("login"), "token_endpoint": played.place("token"),
                         "jwks_uri": played.place("keys")} | played.lies.get("places", {}))

    def do_POST(self):
        played = self.server.played
        fields = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        nonce, challenge = played.nonces[fields["code"]]
        played.asked.append(self.path)
        assert b64(hashlib.sha256(fields["code_verifier"].encode()).digest()) == challenge
        self.answer({"id_token": played.token(nonce), "token_type": "Bearer", "access_token": "x"})

    def log_message(self, *_):
        pass


@contextmanager
def played():
    with tempfile.TemporaryDirectory() as folder:
        one = Played(folder)
        threading.Thread(target=one.http.serve_forever, daemon=True).start()
        try:
            yield one
        finally:
            one.http.shutdown()
            one.http.server_close()
