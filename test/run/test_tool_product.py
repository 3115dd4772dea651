# SPDX-License-Identifier: Apache-2.0
"""What the tool does at the manufacturer's desk: products, the certificate authority, provisioning, pages, exit codes."""
import json
import os
import stat
import subprocess

import pytest

import world as worlds


def tool(*words, cwd=None):
    return subprocess.run([str(worlds.program("thingward")), *map(str, words)], capture_output=True, text=True, cwd=cwd, stdin=subprocess.DEVNULL, timeout=60,
                          check=False)


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


@pytest.fixture
def desk(tmp_path, world):
    """An example product, a CA, and the words that provision a unit."""
    assert tool("product", "init", tmp_path / "product", "--example").returncode == 0
    assert tool("ca", "init", tmp_path / "ca", "--unprotected").returncode == 0
    roles = ["--roles", world.roles] if os.geteuid() == 0 else []

    def provision(serial, **paths):
        folder = tmp_path / paths.get("folder", serial)
        folder.mkdir(exist_ok=True)
        return tool("provision", "--ca", tmp_path / paths.get("ca", "ca"), "--product", tmp_path / "product", "--serial", serial, "--state", folder / "state",
                    "--config", folder / "config", "--label", folder / "label.json", *roles)

    return tmp_path, provision


def test_every_command_has_help():
    listed = tool("--help").stdout
    for words in ("product init", "product check", "product compile", "product export-support", "ca init", "provision", "assess", "evidence verify", "report", "docs", "log verify", "cvss"):
        assert words in listed
        answer = tool(*words.split(), "--help")
        assert answer.returncode == 0 and f"thingward {words}" in answer.stdout


def test_device_words_come_from_the_rows():
    listed = tool("device", "--help").stdout
    for words in ("identity read", "identity statement", "settings change", "session code", "takeover"):
        assert words in listed
    assert "commissioning take" not in listed, "secrets would stand on the command line"


def test_usage_errors_say_what_to_try():
    for words in (["frobnicate"], ["product"], ["product", "check"], ["provision"], ["device", "identity"], ["device", "identity", "read"],
                  ["device", "settings", "change", "a"], ["report", "x"], ["log", "verify", "--keys"]):
        answer = tool(*words)
        assert answer.returncode == 2, words
        assert answer.stderr.splitlines()[-1].startswith("Try: "), words


def test_a_first_word_alone_is_a_question():
    answer = tool("product", "--help")
    assert answer.returncode == 0 and "product compile" in answer.stdout and "provision" not in answer.stdout
    assert tool("product").stderr.splitlines()[-1] == "Try: thingward product --help"
    answer = tool("device", "settings", "--help")
    assert answer.returncode == 0 and "settings change" in answer.stdout and "log read" not in answer.stdout
    assert tool("device", "settings").stderr.splitlines()[-1] == "Try: thingward device settings --help"
    assert tool("device", "frob", "--help").returncode == 2
    assert "thingward device settings change KEY VALUE [options]" in tool("device", "settings", "change", "--help").stdout


def test_check_names_every_mistake_with_its_place(tmp_path):
    assert tool("product", "init", tmp_path / "p").returncode == 0
    answer = tool("product", "check", tmp_path / "p")
    assert answer.returncode == 1
    lines = [line for line in answer.stdout.splitlines() if "product.yaml:" in line]
    assert len(lines) > 5
    assert all(part.isdigit() for line in lines for part in line.split(":")[1:3])
    rows = json.loads(tool("product", "check", tmp_path / "p", "--json").stdout)
    assert len(rows) == len(lines) and all(row["line"] > 0 and row["wanted"] for row in rows)


def test_init_keeps_what_is_there(tmp_path):
    assert tool("product", "init", tmp_path / "p").returncode == 0
    assert tool("product", "init", tmp_path / "p", "--example").returncode == 1
    assert tool("ca", "init", tmp_path / "ca", "--unprotected").returncode == 0
    before = (tmp_path / "ca" / "ca.key").read_bytes()
    assert tool("ca", "init", tmp_path / "ca", "--unprotected").returncode == 1
    assert (tmp_path / "ca" / "ca.key").read_bytes() == before


def test_secrets_are_private_and_in_one_place(desk):
    folder, provision = desk
    assert provision("A-1").returncode == 0
    for name in ("ca/ca.key", "ca/manifest.key", "ca/units.jsonl", "A-1/label.json", "A-1/state/keys/identity.key", "A-1/state/keys/takeover.secret"):
        assert mode(folder / name) == 0o600, name
    assert mode(folder / "A-1/state/keys") == 0o700
    label = json.loads((folder / "A-1/label.json").read_text())
    assert bytes.fromhex(label["secret"]) == (folder / "A-1/state/keys/takeover.secret").read_bytes()
    assert label["secret"] not in (folder / "ca/units.jsonl").read_text()


def test_a_serial_number_is_given_out_once(desk):
    """@nist DI.IMS.1"""
    folder, provision = desk
    assert provision("A-1").returncode == 0
    again = provision("A-1", folder="elsewhere")
    assert again.returncode == 1 and "was given to a unit" in again.stderr
    assert not (folder / "elsewhere/state/keys").exists()
    other = provision("A-2", folder="A-1")
    assert other.returncode == 1 and "is provisioned already" in other.stderr


def test_a_label_is_not_overwritten(desk):
    folder, provision = desk
    assert provision("A-1").returncode == 0
    before = (folder / "A-1/label.json").read_text()
    (folder / "A-2").mkdir()
    (folder / "A-2/label.json").write_text(before)
    answer = provision("A-2")
    assert answer.returncode == 1 and "thermostat-A-1" in answer.stderr
    assert (folder / "A-2/label.json").read_text() == before
    assert "A-2" not in (folder / "ca/units.jsonl").read_text()


def test_half_a_unit_is_made_anew(desk):
    folder, provision = desk
    assert provision("A-1").returncode == 0
    lines = (folder / "ca/units.jsonl").read_text().splitlines(keepends=True)
    (folder / "ca/units.jsonl").write_text(lines[0] + lines[1][:20])  # the cut came before "complete"
    first = (folder / "A-1/state/keys/identity.key").read_bytes()
    answer = provision("A-1")
    assert answer.returncode == 0 and "cut off" in answer.stdout
    assert (folder / "A-1/state/keys/identity.key").read_bytes() != first
    assert [json.loads(line)["state"] for line in (folder / "ca/units.jsonl").read_text().splitlines()] == ["begun", "begun", "complete"]


def test_serial_numbers_that_no_urn_can_hold(desk):
    _, provision = desk
    for serial in ("a_b", "a:b", "a b", "a/b", "é", "x" * 65):
        answer = provision(serial, folder="bad")
        assert answer.returncode == 2, serial
        assert answer.stderr.splitlines()[-1].startswith("Try: ")


def test_pages_for_customers(desk):
    folder, _ = desk
    assert tool("docs", folder / "product", "--out", folder / "pages").returncode == 0
    index, page = ((folder / "pages" / name).read_text() for name in ("index.html", "identification.html"))
    assert "security@example.com" in index and "2033-11-02" in index
    assert "urn:dev:ops:32473-thermostat-SERIAL" in page and "identification.remote-read" in page
    for text in (index, page):
        assert "{{" not in text and "<script" not in text
    path = folder / "product/product.yaml"
    whole = path.read_text()
    assert not (folder / "pages/query-reception.html").exists()  # nothing is promised that nobody claims
    path.write_text(whole + "\nsupport-claims: [QR.1.a.1.2]\n")
    assert tool("docs", folder / "product", "--out", folder / "pages").returncode == 0
    path.write_text(whole)
    page = (folder / "pages/query-reception.html").read_text()
    assert "Questions and reports" in (folder / "pages/index.html").read_text() and "security@example.com" in page and "{{" not in page


def test_a_product_cannot_break_its_pages(desk):
    folder, _ = desk
    path = folder / "product/product.yaml"
    path.write_text(path.read_text().replace("name: Example Smart Thermostat", "name: '<script>alert(1)</script>[x](https://e)'"))
    assert tool("docs", folder / "product", "--out", folder / "pages").returncode == 0
    for name in ("index.html", "identification.html"):
        text = (folder / "pages" / name).read_text()
        assert "<script" not in text and "&lt;script&gt;" in text and 'href="https://e"' not in text


def test_nobody_there():
    port = worlds.free_port()
    answer = tool("device", "health", "read", "--local", f"/nonexistent/{port}.sock")
    assert answer.returncode == 4 and answer.stderr.splitlines()[-1].startswith("Try: ")
