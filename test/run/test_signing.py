# SPDX-License-Identifier: Apache-2.0
"""OpenPGP signatures of advisories by the server's own role and by a person elsewhere: real gpg, and a role that is killed at every moment."""
import json
import os
import random
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

import support_staff as staff
import world as worlds
from harness import wait_for
from test_advisories import TREE, approved, published
from test_desk import TOOL
from test_support import DESK, ROOT_ONLY, Service

SIGN = worlds.BUILD / "src/support/thingward-sign"
ROLE_ID = 64506
pytestmark = [ROOT_ONLY, pytest.mark.skipif(not shutil.which("gpg-agent"), reason="needs gpg")]


def gpg(home, *words, text=None):
    p = subprocess.run(["gpg", "--homedir", home, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "", *words],
                       input=text, capture_output=True, timeout=30)
    assert p.returncode == 0, p.stderr.decode()
    return p.stdout


@pytest.fixture(scope="module")
def short():
    """A folder with a short name: the socket of gpg's agent has to fit into 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        yield Path(folder)


def new_key(home):
    """A home with a key in it, and its fingerprint."""
    home.mkdir(mode=0o700)
    try:
        gpg(home, "--quick-generate-key", "Example Works PSIRT <psirt@example.com>", "ed25519", "sign", "never")
        return [line.split(":")[9] for line in gpg(home, "--with-colons", "--list-keys").decode().splitlines() if line.startswith("fpr")][0]
    finally:
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], timeout=10)


@pytest.fixture(scope="module")
def key(short):
    return short / "h", new_key(short / "h"), gpg(short / "h", "--armor", "--export")


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

    def has_failed(self):
        return 'class="mark late"' in self.page("/desk/advisories")

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

    def people_again(self):
        for one in (self.ann, self.max, self.pia):
            assert one.ask("GET", "/api/v1/advisories")[0] == 200 or one.login()[0] == 201

    def publish(self, name):
        status, said = self.pia.ask("POST", f"/api/v1/advisory-publications/{name}")
        assert status == 200, said
        return said["state"]

    def read(self, name):
        return self.ann.ask("GET", f"/api/v1/advisories/{name}")[1]

    def page(self, path):
        r, text = self.ask(path, headers={"Authorization": f"Bearer {self.pia.token}"})
        assert r.status == 200, text
        return text

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


def check_tree(s):
    """Every file of it against its document, and every signature, by the tool, whose OpenPGP is gpgme's."""
    p = subprocess.run([TOOL, "csaf", "tree", "check", s.dir / "app/csaf", "--openpgp-program", worlds.BUILD / "src/tool/thingward-openpgp"],
                       capture_output=True, text=True, timeout=30)
    assert p.returncode == 0, p.stdout + p.stderr


def check_signature(s, name, short):
    """As anybody does, with another gpg that knows the published key alone."""
    home = short / f"other-{random.getrandbits(32)}"
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


def test_the_role_signs_what_two_persons_approved(desk, short):
    desk.say("role")
    desk.start().people()
    name = approved(desk, desk.ann, desk.max)
    assert desk.publish(name) == "publishing"  # the role has no key yet
    wait_for(lambda: "secret key" in desk.read(name).get("signing", ""), 10)
    assert published(desk, name) is None and desk.ask(f"{TREE}/provider-metadata.json")[0].status == 404
    assert "secret key" in desk.page("/desk/advisories")
    desk.give_secret()
    assert desk.publish(name) == "publishing"  # now, and not when it would have been tried again
    wait_for(lambda: desk.is_signed(name), 10)
    check_tree(desk)
    check_signature(desk, name, short)
    assert [x["what"] for x in desk.ann.ask("GET", f"/api/v1/advisory-history/{name}?limit=200")[1]["steps"]][-2:] == ["publish", "published"]
    page = desk.page("/desk/advisories?lang=de")
    assert desk.key[1] in page and "Signiert" in page and name in page


def sign(key, text, *more):
    try:
        return gpg(key[0], "--armor", "--detach-sign", *more, text=text.encode()).decode()
    finally:
        subprocess.run(["gpgconf", "--homedir", key[0], "--kill", "all"], timeout=10)


def test_a_person_signs_elsewhere_and_all_get_theirs(desk, short):
    """Published without signatures first: the provider is trusted once every document has one, and from then on none goes out without."""
    desk.say(None)
    desk.start().people()
    first = approved(desk, desk.ann, desk.max)
    assert desk.publish(first) == "published" and desk.read(first)["signature"] == "none"
    desk.stop()
    desk.say("person")
    desk.start()
    desk.people_again()
    name = approved(desk, desk.ann, desk.max)
    assert desk.publish(name) == "publishing" and published(desk, name) is None
    for_signer = desk.pia.ask("GET", f"/api/v1/advisory-unsigned/{name}")[1]
    assert for_signer["file"] == f"{name.lower()}.json" and for_signer["key"] == desk.key[1]
    good = sign(desk.key, for_signer["document"])

    def offer(who, signature, of=name):
        return who.ask("POST", f"/api/v1/advisory-signatures/{of}", {"signature": signature})

    assert offer(desk.ann, good)[0] == 403
    assert offer(desk.pia, "x" + good)[1]["rule"] == "advisory.signature"
    stranger = short / "s"
    bad = {"another text": sign(desk.key, for_signer["document"] + " "),
           "another key": sign((stranger, new_key(stranger)), for_signer["document"]),
           "no longer stands": sign(desk.key, for_signer["document"], "--digest-algo", "SHA1")}
    for words, signature in bad.items():
        assert offer(desk.pia, signature)[0] == 202
        wait_for(lambda words=words: words in desk.read(name).get("signing", ""), 10)
        assert published(desk, name) is None
    assert "no longer stands" in desk.page("/desk/advisories")
    assert offer(desk.pia, good)[0] == 202
    wait_for(lambda: published(desk, name), 10)
    assert desk.provider()["role"] == "csaf_provider"  # the first one has none
    old = desk.pia.ask("GET", f"/api/v1/advisory-unsigned/{first}")[1]["document"]
    assert offer(desk.pia, sign(desk.key, old), first)[0] == 202
    wait_for(lambda: desk.is_signed(first), 10)
    wait_for(lambda: desk.provider()["role"] == "csaf_trusted_provider", 10)
    check_tree(desk)
    for one in (first, name):
        check_signature(desk, one, short)
    assert offer(desk.pia, good)[1]["rule"] == "advisory.unsigned"
    desk.stop()
    later = desk.key[2].replace(b"\n\n", b"\nComment: it lives longer\n\n", 1)  # the same key with another text
    (desk.dir / "app/signing-key.asc").write_bytes(later)
    desk.start()
    wait_for(lambda: desk.ask(desk.provider()["public_openpgp_keys"][0]["url"].split("example.com")[1])[1] == later.decode(), 10)  # the tree is settled a second later
    desk.stop()
    shutil.rmtree(desk.dir / "app/csaf")
    desk.say(None)
    desk.start()
    desk.people_again()
    wait_for(lambda: (desk.dir / "app/csaf/provider-metadata.json").exists(), 10)
    check_tree(desk)
    check_signature(desk, first, short)
    assert desk.pia.ask("POST", f"/api/v1/advisory-publications/{approved(desk, desk.ann, desk.max)}")[1]["rule"] == "advisory.signing"


def test_nothing_is_half_published_by_a_kill_of_the_signer(desk, short):
    """The role is killed at any moment while it signs: the advisory waits, is signed by the next one, and stands with its signature or not at all."""
    desk.say("role")
    desk.start()
    desk.give_secret()
    desk.people()
    chance, names = random.Random(4), []
    until = time.monotonic() + 3
    while time.monotonic() < until or len(names) < 3:
        names.append(approved(desk, desk.ann, desk.max))
        desk.publish(names[-1])
        time.sleep(chance.uniform(0, 0.15))  # the moment is what is tried
        pid = desk.roles().get("sign")
        if pid:
            os.kill(pid, 9)
        r, _ = desk.ask(f"{TREE}/provider-metadata.json")
        if r.status == 200:
            assert desk.provider()["role"] == "csaf_trusted_provider"
            check_tree(desk)
        if not desk.is_signed(names[-1]):
            wait_for(lambda: desk.read(names[-1]).get("signing") or desk.is_signed(names[-1]), 10)
            desk.pia.ask("POST", f"/api/v1/advisory-publications/{names[-1]}")
        wait_for(lambda: desk.is_signed(names[-1]), 20)
    check_tree(desk)
    check_signature(desk, names[-1], short)
    wait_for(lambda: not [p for p in os.listdir("/proc") if p.isdigit() and agent_of(p)], 2)  # the secret key is in no process


def test_what_is_signed_goes_out_when_the_tree_can_be_written_again(desk):
    """Nobody asks once more: the signature is there, and the exchange is tried again by itself."""
    desk.say("role")
    desk.start()
    desk.give_secret()
    desk.people()
    name = approved(desk, desk.ann, desk.max)
    (desk.dir / "app").chmod(0o500)
    desk.publish(name)
    wait_for(desk.has_failed, 10)
    said = desk.read(name)
    assert published(desk, name) is None and said["signature"] == "signed" and "csaf" in said["signing"] and name not in said["signing"]
    text = desk.page("/desk/advisories")
    assert "Signed; waits until its files can be written" in text and "Waits for its signature" not in text
    (desk.dir / "app").chmod(0o700)
    wait_for(lambda: published(desk, name), 15)
    wait_for(lambda: not desk.has_failed(), 3)


def agent_of(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            return f"\nUid:\t{ROLE_ID}\t" in (text := status.read()) and "Name:\tgpg-agent" in text and "State:\tZ" not in text
    except OSError:
        return False
