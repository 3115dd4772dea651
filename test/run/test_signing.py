# SPDX-License-Identifier: Apache-2.0
"""OpenPGP signatures of advisories by the server's own role and by a person elsewhere: real gpg, and a role that is killed at every moment."""
import json
import os
import random
import shutil
import signal
import subprocess
import time

import pytest

import support_staff as staff
import world as worlds
from harness import wait_for
from test_advisories import TREE, approved, check_tree, published
from test_support import DESK, IDS, ROOT_ONLY, Service

SIGN = worlds.BUILD / "src/support/thingward-sign"
ROLE_ID = 64506
pytestmark = [ROOT_ONLY, pytest.mark.skipif(not shutil.which("gpg-agent"), reason="needs gpg")]


def gpg(home, *words, text=None):
    p = subprocess.run(["gpg", "--homedir", home, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "", *words],
                       input=text, capture_output=True, timeout=30)
    assert p.returncode == 0, p.stderr.decode()
    return p.stdout


def new_key(home):
    """A home with a key in it, and its fingerprint."""
    home.mkdir(mode=0o700)
    try:
        gpg(home, "--quick-generate-key", "Example Works PSIRT <psirt@example.com>", "ed25519", "sign", "never")
        return [line.split(":")[9] for line in gpg(home, "--with-colons", "--list-keys").decode().splitlines() if line.startswith("fpr")][0]
    finally:
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], timeout=10)


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    home = tmp_path_factory.mktemp("key") / "h"
    return home, new_key(home), gpg(home, "--armor", "--export")


class Desk(Service):
    def __init__(self, folder, key):
        super().__init__(folder)
        self.key = key
        (self.programs / SIGN.name).symlink_to(SIGN)
        with open(self.dir / "roles.tab", "a") as tab:
            tab.write(f"sign {ROLE_ID} {ROLE_ID}\n")

    def say(self, by, fingerprint=None):
        text = json.loads(DESK) | {"prefix": "EW"} | ({"signing": {"key": fingerprint or self.key[1], "by": by}} if by else {})
        (self.dir / "app/desk.json").write_text(json.dumps(text))
        (self.dir / "app/signing-key.asc").write_bytes(self.key[2])

    def give_secret(self):
        """As the handbook says: the role's directory is gpg's home."""
        home = self.dir / "sign"
        shutil.copytree(self.key[0] / "private-keys-v1.d", home / "private-keys-v1.d", dirs_exist_ok=True)
        shutil.copy(self.key[0] / "pubring.kbx", home / "pubring.kbx")
        for path in [home / "pubring.kbx", home / "private-keys-v1.d", *(home / "private-keys-v1.d").iterdir()]:
            os.chown(path, ROLE_ID, ROLE_ID)

    def people(self):
        self.admin = staff.administrator(self)
        self.ann, self.max, self.pia = (staff.colleague(self.admin, n, r) for n, r in
                                        (("Ann", "analyst"), ("Max", "manager"), ("Pia", "publisher")))

    def publish(self, name):
        status, said = self.pia.ask("POST", f"/api/v1/advisory-publications/{name}")
        assert status == 200, said
        return said["state"]

    def read(self, name):
        return self.ann.ask("GET", f"/api/v1/advisories/{name}")[1]

    def provider(self):
        return json.loads(self.ask(f"{TREE}/provider-metadata.json")[1])

    def is_signed(self, name):
        return self.read(name)["signature"] == "signed"


@pytest.fixture
def desk(tmp_path, key):
    s = Desk(tmp_path, key).start()
    s.stop()
    yield s
    s.stop()


def check_signature(s, name, tmp_path):
    """As anybody does, with another gpg that knows the published key alone."""
    home = tmp_path / f"other-{random.getrandbits(32)}"
    home.mkdir(mode=0o700)
    file = f"{TREE}/white/{time.gmtime().tm_year}/{name.lower()}.json"
    for path, to in ((file, "d.json"), (f"{file}.asc", "d.json.asc")):
        r, text = s.ask(path)
        assert r.status == 200, path
        (home / to).write_text(text)
    provider = s.provider()
    assert provider["role"] == "csaf_trusted_provider" and provider["public_openpgp_keys"][0]["fingerprint"] == s.key[1]
    (home / "key.asc").write_text(s.ask(provider["public_openpgp_keys"][0]["url"].split("example.com")[1])[1])
    try:
        gpg(home, "--import", home / "key.asc")
        gpg(home, "--verify", home / "d.json.asc", home / "d.json")
    finally:
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], timeout=10)


def test_the_role_signs_what_two_persons_approved(desk, tmp_path):
    desk.say("role")
    desk.start().people()
    name = approved(desk, desk.ann, desk.max)
    assert desk.publish(name) == "publishing"  # the role has no key yet
    wait_for(lambda: "secret key" in desk.read(name).get("signing", ""), 10)
    assert published(desk, name) is None and desk.ask(f"{TREE}/provider-metadata.json")[0].status == 404
    assert "secret key" in desk.pia.page("/desk/advisories")[1]
    desk.give_secret()
    assert desk.publish(name) == "publishing"  # now, and not when it would have been tried again
    wait_for(lambda: desk.is_signed(name), 10)
    check_tree(desk)
    check_signature(desk, name, tmp_path)
    assert [x["what"] for x in desk.ann.ask("GET", f"/api/v1/advisory-history/{name}?limit=200")[1]["steps"]][-2:] == ["publish", "published"]
    page = desk.pia.page("/desk/advisories?lang=de")[1]
    assert desk.key[1] in page and "Signiert" in page and name in page
