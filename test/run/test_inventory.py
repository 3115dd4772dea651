# SPDX-License-Identifier: Apache-2.0
"""The element: what is installed, keyed to the unit.

@nist DI.ABI.3: names and versions equal the package database; a changed, a hidden and an invented package are noticed by the probe
"""
import base64
import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

import liar as liars
import world as worlds
from harness import Client, local, unb64

DPKG = Path("/var/lib/dpkg/status")


def stanza(name, version="1.0-1", state="installed", architecture="arm64", more=""):
    return f"Package: {name}\nStatus: install ok {state}\nMaintainer: Some One <some@example.org>\nArchitecture: {architecture}\nVersion: {version}\n{more}\n"


def plant(folder, text, name="status"):
    """As a package manager does: another file takes the name."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    (folder / "new").write_text(text)
    (folder / "new").chmod(0o644)
    (folder / "new").replace(folder / name)
    return folder / name


@pytest.fixture
def planted(new_unit):
    def start(text, kind="debian", name="status"):
        unit = new_unit("P")
        unit.database = unit.folder / "packages"
        plant(unit.database, text, name)
        unit.start("--packages", f"{kind}:{unit.database}")
        unit.take_over()
        return unit
    return start


def listed(unit):
    return {(p["name"], p["architecture"]): p["version"] for p in unit.json("inventory", "read")["packages"]}


def status(unit):
    return next(e for e in unit.json("capabilities", "read")["elements"] if e["id"] == "DI.ABI.3")


def canonical(document):
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def test_equals_the_database_whenever_it_is_asked(planted):
    unit = planted(stanza("zsh", "5.9-4+b1") + stanza("curl", "1:8.0~rc1-1") + stanza("curl", "8.0-1", architecture="armhf") + stanza("gone", state="config-files"))
    assert listed(unit) == {("curl", "arm64"): "1:8.0~rc1-1", ("curl", "armhf"): "8.0-1", ("zsh", "arm64"): "5.9-4+b1"}
    answer = unit.json("inventory", "read")
    assert answer["count"] == 3 and answer["database"] == "debian"
    assert answer["identifier"] == unit.json("identity", "read")["identifier"]
    assert status(unit)["status"] == "provided" and "3 installed packages" in status(unit)["reason"]
    plant(unit.database, stanza("zsh", "6.0"))
    assert listed(unit) == {("zsh", "arm64"): "6.0"}, "the file was replaced, as package managers do"
    assert "1 installed packages" in status(unit)["reason"]


@pytest.mark.skipif(not DPKG.exists(), reason="no dpkg here")
def test_equals_what_dpkg_itself_says(owned):
    said = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package} ${Architecture} ${Version}\n"], capture_output=True, text=True, check=True)
    wanted = {}
    for state, name, architecture, version in (line.split() for line in said.stdout.splitlines()):
        if state not in ("config-files", "not-installed"):
            wanted[name, architecture] = version
    assert listed(owned) == wanted


def test_pages_miss_nothing(planted):
    unit = planted("".join(stanza(f"p{i:03}", architecture=a) for i in range(120) for a in ("arm64", "armhf")))
    assert len(listed(unit)) == 240
    for limit in (1, 7, 299):
        seen, cursor = [], ""
        while cursor is not None:
            page = local(unit, "GET", f"/api/v1/inventory?limit={limit}{cursor}").json
            seen += [(p["name"], p["architecture"]) for p in page["packages"]]
            cursor = f"&cursor={page['next']}" if "next" in page else None
        assert len(seen) == 240 and seen == sorted(set(seen))


def test_apk_and_opkg(planted, new_unit):
    unit = planted("C:Q1=\nP:musl\nV:1.2.4-r2\nA:aarch64\nL:MIT\nF:lib\nR:l.so\n\n", "alpine", "installed")
    one = unit.json("inventory", "read")["packages"]
    assert one == [{"name": "musl", "version": "1.2.4-r2", "architecture": "aarch64", "licence": "MIT", "purl": "pkg:apk/alpine/musl@1.2.4-r2?arch=aarch64"}]
    assert unit.stop() == 0
    plant(unit.database, "Package: busybox\nVersion: 1.36-r0\nStatus: install user installed\nArchitecture: all\n")
    unit.start("--packages", f"opkg:{unit.database}")
    assert listed(unit) == {("busybox", "all"): "1.36-r0"}
    assert unit.json("inventory", "sbom")["sbom"]["components"][0]["purl"] == "pkg:opkg/busybox@1.36-r0?arch=all"


@pytest.mark.parametrize("text", [stanza("a") + stanza("a"), stanza("a")[:-3], "Package: a\n\n", stanza("a", state="borrowed"), stanza("a", "1 2")],
                         ids=["twice", "cut", "incomplete", "state", "version"])
def test_damaged_database_is_no_inventory(planted, text):
    unit = planted(text)
    assert status(unit)["status"] == "not provided"
    for path in ("/api/v1/inventory", "/api/v1/inventory/sbom"):
        answer = local(unit, "GET", path)
        assert answer.status == 503 and answer.json["rule"] == "DI.ABI.3"
    plant(unit.database, stanza("a"))
    assert status(unit)["status"] == "provided" and len(listed(unit)) == 1


def test_without_a_database(new_unit):
    unit = new_unit("N")
    empty = unit.folder / "empty"
    empty.mkdir(mode=0o755)
    unit.start("--packages", f"debian:{empty}")
    unit.take_over()
    assert status(unit)["status"] == "not provided"
    assert unit.stop() == 0
    unit.start("--packages", f"rpm:{empty}")
    assert "'rpm' are not read" in status(unit)["reason"]
    assert unit.stop() == 0
    for wrong in (f"debian:{empty}/none", "debian", ":x"):
        done = worlds.run(*unit.command("-n", "--packages", wrong), ok=None)
        assert done.returncode != 0, wrong


def test_nobody_else_and_off(owned):
    for path in ("/api/v1/inventory", "/api/v1/inventory/sbom"):
        assert Client(owned).ask("GET", path).status == 401
    owned.json("settings", "change", "identification.remote-read", "off")
    assert status(owned)["status"] == "off by policy"
    for words in (("inventory", "read"), ("inventory", "sbom")):
        refused = owned.tool("device", *words, "--device", "unit", "--owner", owned.owner, ok=(3,))
        assert "Reading the identity remotely is switched off" in refused.stderr
    owned.json("settings", "change", "identification.remote-read", "on")
    assert status(owned)["status"] == "provided"


def test_document_verifies_elsewhere(planted):
    unit = planted(stanza("curl", more="Depends: libc6 (>= 2), libc6 (<< 3), nothing\n") + stanza("libc6", "2.36-9+deb12u4"))
    answer = unit.json("inventory", "sbom")
    document, jws = answer["sbom"], answer["signature"]
    header, claims = (json.loads(unb64(jws[part])) for part in ("protected", "payload"))
    certificate = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0]))
    raw = unb64(jws["signature"])
    certificate.public_key().verify(encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")),
                                    f"{jws['protected']}.{jws['payload']}".encode(), ec.ECDSA(hashes.SHA256()))
    mine = unit.json("identity", "read")
    assert certificate.public_bytes(serialization.Encoding.PEM).decode() == mine["certificate"]
    assert header["typ"] == "thingward-inventory+jws" and claims["sub"] == mine["identifier"]
    assert claims["sbom_sha256"] == hashlib.sha256(canonical(document)).hexdigest()
    assert claims["sbom_serial"] == document["serialNumber"]
    assert {"name": "thingward:device-identifier", "value": mine["identifier"]} in document["metadata"]["properties"]
    assert document["metadata"]["component"]["version"] == mine["product_version"] == claims["thingward_product_version"]
    assert document["dependencies"] == [{"ref": "curl:arm64", "dependsOn": ["libc6:arm64"]}]
    assert document["components"][1]["purl"] == "pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=arm64"
    assert unit.json("inventory", "sbom")["sbom"]["serialNumber"] != document["serialNumber"]


def assess(unit, tmp_path, *more, device="unit"):
    out = tmp_path / "evidence.json"
    worlds.run(worlds.program("thingward"), "assess", "--device", device, "--owner", unit.owner, "--product", unit.world.product, "--out", out, "--json", "--element", "DI.ABI.3", *more, ok=(0, 1))
    payload = json.loads(unb64(json.loads(out.read_text())["payload"]))
    return {row["probe"]: row["verdict"] for row in payload["results"] if row["element"] == "DI.ABI.3"}


# @turns DI.ABI.3: what is installed is told to nobody
def test_probe_passes_and_fails_when_the_feature_is_off(planted, tmp_path):
    unit = planted(stanza("a") + stanza("b"))
    assert assess(unit, tmp_path)["equals-database"] == "inconclusive", "there is nothing to compare with"
    file = unit.database / "status"
    assert assess(unit, tmp_path, "--packages", file) == {"live-status": "pass", "signed-by-unit": "pass", "equals-database": "pass", "tells-planted": "inconclusive"}
    unit.json("settings", "change", "identification.remote-read", "off")
    assert assess(unit, tmp_path, "--packages", file) == {"live-status": "fail", "signed-by-unit": "fail", "equals-database": "fail", "tells-planted": "fail"}


@pytest.mark.parametrize("text", [stanza("a") + stanza("b", "1.0-2"), stanza("a"), stanza("a") + stanza("b") + stanza("c"), stanza("a") + stanza("b", architecture="all")],
                         ids=["version", "invented", "hidden", "architecture"])
def test_probe_notices_what_differs(planted, tmp_path, text):
    unit = planted(stanza("a") + stanza("b"))
    truth = tmp_path / "status"
    truth.write_text(text)
    assert assess(unit, tmp_path, "--packages", truth)["equals-database"] == "fail"


def test_probe_notices_what_is_not_signed(planted, tmp_path):
    """A server in the device's place that changes one version in list and document alike."""
    unit = planted(stanza("a") + stanza("b"))
    read, sbom, identity = (local(unit, "GET", path).json for path in ("/api/v1/inventory", "/api/v1/inventory/sbom", "/api/v1/identity"))
    with liars.beside(unit, tmp_path):
        liars.Liar.answers = {"/api/v1/inventory?limit=300": (200, read), "/api/v1/inventory/sbom": (200, sbom), "/api/v1/identity": (200, identity)}
        assert assess(unit, tmp_path, device="liar")["signed-by-unit"] == "pass", "a copy of the true word is still true"
        sbom["sbom"]["components"][0]["version"] = read["packages"][0]["version"] = "9"
        (tmp_path / "status").write_text(stanza("a", "9") + stanza("b"))
        seen = assess(unit, tmp_path, "--packages", tmp_path / "status", device="liar")
        assert seen["signed-by-unit"] == seen["equals-database"] == "fail"
