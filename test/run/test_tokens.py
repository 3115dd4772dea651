# SPDX-License-Identifier: Apache-2.0
"""Keys in a token: the real device with SoftHSM and with swtpm, which stand for hardware.

@nist DP.CKM.1: the token makes the keys
@nist DP.CKM.2: neither the device's own keys nor the owner's lie on its disk, and a wrong PIN is said once
@nist DP.CKM.3: keys and the storage key are replaced in the token; what was sealed before still opens
"""
import os
import pathlib
import shutil
import subprocess

import pytest
from harness import b64, wait_for
import world as worlds
from test_keys import confirmed, found_on_disk, owner_asks, proof_holds, rewraps_only, secrets_of, status

PIN = "314159"
SOFTHSM = pathlib.Path("/usr/lib/softhsm/libsofthsm2.so")


class Token:
    """A SoftHSM token, that the owner of STATE/keys may use when a unit is given."""

    def __init__(self, unit, folder, label="unit"):
        self.folder, self.pin = folder / "softhsm", folder / "pin"
        self.files, self.conf = self.folder / "tokens", self.folder / "conf"
        self.files.mkdir(parents=True)
        self.conf.write_text(f"directories.tokendir = {self.files}\nobjectstore.backend = file\nlog.level = ERROR\n")
        self.pin.write_text(PIN + "\n")
        self.pin.chmod(0o600)
        subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "2718281", "--pin", PIN], check=True,
                       capture_output=True, env={**os.environ, "SOFTHSM2_CONF": str(self.conf)})
        owner = (unit.state / "keys" if unit else folder).stat()
        for path in [self.files, *self.files.rglob("*")]:
            os.chown(path, owner.st_uid, owner.st_gid)
        self.words = ("--keystore", f"pkcs11:module={SOFTHSM};token={label};files={self.files};reads={self.conf};env=SOFTHSM2_CONF={self.conf}",
                      "--keystore-pin", self.pin)


@pytest.fixture
def held(new_unit):
    """A unit not started yet, and its token."""
    if not SOFTHSM.exists():
        pytest.skip("softhsm2 is not installed")
    unit = new_unit()
    return unit, Token(unit, unit.folder)


def test_keys_live_in_a_pkcs11_token(held):
    unit, token = held
    secrets = secrets_of(unit)
    unit.start(*token.words)
    unit.take_over()
    confirmed(unit)
    assert found_on_disk(unit, secrets) == []
    state = unit.json("keystore", "read")
    assert state["kind"] == "pkcs11" and "unit" in state["detail"] and not state["hardware"]
    made = unit.json("keys", "create", "web")
    proof_holds(unit, made)
    rotated = unit.json("keys", "rotate", "web")
    assert rotated["fingerprint"] != made["fingerprint"]
    sealed = unit.json("crypto", "seal", "--data", b64(b"text"))["sealed"]
    assert rewraps_only(unit, "pkcs11") == state["generation"] + 1
    assert unit.json("crypto", "unseal", "--sealed", sealed)["data"] == b64(b"text")
    assert "pkcs11" in status(unit, "DP.CKM.1")["reason"]
    assert status(unit)["status"] == ("needs a part" if os.geteuid() == 0 else "not provided"), "SoftHSM is no hardware"
    assert unit.stop() == 0
    unit.start(*token.words)
    proof_holds(unit, rotated)
    # Taken out in use: a rule of its own, and the status says so; put back, it goes on.
    away = token.files.with_name("away")
    token.files.rename(away)
    code, answer = owner_asks(unit, "POST", "/api/v1/keys", {"name": "more"})
    assert (code, answer["rule"]) == (503, "keys.keystore"), answer
    assert owner_asks(unit, "GET", "/api/v1/keystore")[0] == 503
    assert status(unit, "DP.CKM.1")["status"] == "not provided"
    away.rename(token.files)
    assert unit.json("keys", "create", "more")["name"] == "more"
    # In the token its own keys are needed from the start: a wrong PIN stops it, and is said once for all the starts.
    assert unit.stop() == 0
    token.pin.write_text("999999\n")
    unit.start(*token.words, wait=False)
    wait_for(lambda: "the PIN is wrong" in unit.said() and "not tried again" in unit.said())
    unit.stop()
    token.pin.write_text(PIN)
    unit.start(*token.words)
    proof_holds(unit, rotated)


@pytest.fixture
def swtpm(new_unit):
    """A unit not started yet, the words that name its TPM, and the TPM."""
    if not shutil.which("swtpm"):
        pytest.skip("swtpm is not installed")
    unit = new_unit()
    folder = unit.folder / "tpm"
    folder.mkdir()
    process = subprocess.Popen(["swtpm", "socket", "--tpm2", "--server", f"type=unixio,path={folder}/sock", "--tpmstate", f"dir={folder}", "--flags",
                                "not-need-init,startup-clear"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for((folder / "sock").exists)
    yield unit, ("--keystore", f"tpm:swtpm:path={folder}/sock"), process
    process.kill()
    process.wait()


def test_keys_live_in_a_tpm(swtpm):
    unit, words, process = swtpm
    secrets = secrets_of(unit)
    unit.start(*words)
    unit.take_over()
    confirmed(unit)
    assert found_on_disk(unit, secrets) == []
    state = unit.json("keystore", "read")
    assert state["kind"] == "tpm" and "TPM 2.0" in state["detail"] and not state["hardware"]
    made = unit.json("keys", "create", "web")
    rotated = unit.json("keys", "rotate", "web")
    assert rotated["fingerprint"] != made["fingerprint"]
    sealed = unit.json("crypto", "seal", "--data", b64(b"text"))["sealed"]
    assert rewraps_only(unit, "tpm") == state["generation"] + 1
    assert "tpm" in status(unit, "DP.CKM.1")["reason"]
    assert unit.stop() == 0
    unit.start(*words)
    proof_holds(unit, rotated)
    assert unit.json("crypto", "unseal", "--sealed", sealed)["data"] == b64(b"text")
    process.kill()
    process.wait()
    code, answer = owner_asks(unit, "POST", "/api/v1/keys", {"name": "more"})
    assert (code, answer["rule"]) == (503, "keys.keystore"), answer
    assert status(unit, "DP.CKM.1")["status"] == "not provided"
    unit.stop()
    unit.start(*words, wait=False)
    wait_for(lambda: "reaching the TPM" in unit.said())


def test_a_unit_with_plain_keys_serves_without_its_token(held):
    unit, token = held
    token.words = (token.words[0], token.words[1].replace("token=unit", "token=none"), *token.words[2:])
    unit.start(*token.words)
    unit.take_over()
    code, answer = owner_asks(unit, "POST", "/api/v1/keys", {"name": "web"})
    assert (code, answer["rule"]) == (503, "keys.keystore"), answer
    assert unit.stop() == 0
    token.pin.chmod(0o644)
    with pytest.raises(Exception):
        unit.start(*token.words)
    assert "only root may read a token's PIN" in unit.said()


def test_the_root_of_an_authority_in_a_token(tmp_path, monkeypatch):
    if not SOFTHSM.exists():
        pytest.skip("softhsm2 is not installed")
    token = Token(None, tmp_path, "ca")
    monkeypatch.setenv("SOFTHSM2_CONF", str(token.conf))
    ca, bad = tmp_path / "ca", tmp_path / "bad"
    bad.write_text("999999\n")
    pin = ("--pin-file", token.pin)

    def tool(*words, ok=(0,)):
        return worlds.run(worlds.program("thingward"), *words, ok=ok)

    def provision(serial, *more, ok=(0,)):
        roles = ["--roles", tmp_path / "roles.tab"] if os.geteuid() == 0 else []
        return tool("provision", "--ca", ca, "--product", tmp_path / "product", "--serial", serial, "--state", tmp_path / serial, "--config",
                    tmp_path / f"{serial}-config", "--label", tmp_path / f"{serial}.json", "--address", "127.0.0.1:1", *roles, *more, ok=ok)

    (tmp_path / "roles.tab").write_text("".join(f"{name} {uid} {uid}\n" for name, uid in worlds.ROLES.items()))
    tool("product", "init", "--example", tmp_path / "product")
    words = f"module={SOFTHSM};token=ca"
    assert "PIN is wrong" in tool("ca", "init", ca, "--unprotected", "--pkcs11", words, "--pin-file", bad, ok=(1,)).stderr
    tool("ca", "init", ca, "--unprotected", "--pkcs11", words, *pin)
    assert not (ca / "ca.key").exists()
    provision("A-1", *pin)
    for cert in (ca / "manifest.crt", tmp_path / "A-1/keys/identity.crt"):
        assert "OK" in subprocess.run(["openssl", "verify", "-CAfile", ca / "ca.crt", cert], check=True, capture_output=True, text=True).stdout
    assert "PIN is wrong" in provision("A-2", "--pin-file", bad, ok=(1,)).stderr
    lines = (ca / "ca.token").read_text().splitlines()
    for wrong in (lines[:2], [*lines, "more"], ["file", *lines[1:]], [lines[0], "0g" * 8, lines[2]], [*lines[:2], ""], [*lines[:2], "00" * 65]):
        (ca / "ca.token").write_text("\n".join(wrong) + "\n")
        assert provision("A-4", *pin, ok=(1,)).stderr
    (ca / "ca.token").write_text("\n".join(lines) + "\n")
    away = token.files.with_name("away")
    token.files.rename(away)
    assert "put the token in" in provision("A-5", *pin, ok=(1,)).stderr
    away.rename(token.files)
    (tmp_path / "passphrase").write_text("a long enough passphrase\n")
    tool("ca", "protect", ca, "--passphrase-file", tmp_path / "passphrase")
    provision("A-3", *pin, "--passphrase-file", tmp_path / "passphrase")
    # The certificate of another key beside the token: nothing that it signs is given out.
    tool("ca", "init", tmp_path / "other", "--unprotected")
    (ca / "ca.crt").write_bytes((tmp_path / "other/ca.crt").read_bytes())
    assert provision("A-6", *pin, "--passphrase-file", tmp_path / "passphrase", ok=(1,)).stderr
    assert not any('"complete"' in line and "A-6" in line for line in (ca / "units.jsonl").read_text().splitlines())
