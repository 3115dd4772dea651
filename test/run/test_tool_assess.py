# SPDX-License-Identifier: Apache-2.0
"""Assessment, evidence, report and log, with real devices and with ones that lie.

@nist DI.IMS.1 @nist DI.IMS.2 @nist DI.IMS.3: the probes pass on a sound device, fail when the feature is off, and fail when two devices share
one identifier or a recorded statement is shown.
"""
import base64
import hashlib
import json
import re
import shutil
import subprocess

import world as worlds
from harness import unb64
from liar import Liar

FEATURE = "identification.remote-read"


def tool(*words):
    return subprocess.run([str(worlds.program("thingward")), *map(str, words)], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=180,
                          check=False)


PART = [word for element in ("DI.IMS.1", "DI.IMS.2", "DI.IMS.3") for word in ("--element", element)]  # what these tests look at


def assess(unit, out, *more):
    if "--element" not in more:
        more = (*more, *PART)
    return tool("assess", "--device", "unit", "--owner", unit.owner, "--product", unit.world.product, "--out", out, "--json", *more)


def claims(answer):
    """Of identification: the other capabilities' probes have tests of their own."""
    return {row["element"]: row["claim"] for row in json.loads(answer.stdout) if row["element"].startswith("DI.IMS.")}


def results(path):
    payload = json.loads(unb64(json.loads(path.read_text())["payload"]))
    return payload, {(row["element"], row["probe"]): row["verdict"] for row in payload["results"]}


def test_a_sound_device_and_the_feature_switched_off(owned, tmp_path):
    local, ca = ("--local", owned.run / "admin.sock"), ("--ca", owned.world.ca)
    label = json.loads(owned.tool("label", "--label", owned.label, "--out", tmp_path / "labels", "--json").stdout)["units"][0]["code"]
    owned.json("label", "check", label)
    owned.json("settings", "change", "logical-access.place", "hall 3")  # without one, caps of a place are off
    first = assess(owned, tmp_path / "1.json", *local, *ca)
    assert first.returncode == 0
    assert claims(first) == {"DI.IMS.1": "not decided", "DI.IMS.2": "holds", "DI.IMS.3": "holds"}, "one moment cannot show that it survives a restart"

    owned.stop()
    owned.start()
    second = assess(owned, tmp_path / "2.json", *local, *ca, "--before", tmp_path / "1.json")
    assert second.returncode == 0
    assert claims(second) == dict.fromkeys(("DI.IMS.1", "DI.IMS.2", "DI.IMS.3"), "holds")

    # @turns DI.IMS.1 DI.IMS.2 DI.IMS.3: nobody reads the identity over the network
    owned.json("settings", "change", FEATURE, "off")
    third = assess(owned, tmp_path / "3.json", *local, *ca)
    assert third.returncode == 1
    assert claims(third) == dict.fromkeys(("DI.IMS.1", "DI.IMS.2", "DI.IMS.3"), "contradicted")
    _, seen = results(tmp_path / "3.json")
    assert seen["DI.IMS.1", "authorized-read"] == seen["DI.IMS.2", "statement-holds"] == seen["DI.IMS.3", "assignment-returned"] == "fail"
    assert seen["DI.IMS.1", "stranger-learns-nothing"] == "pass"
    owned.json("settings", "change", FEATURE, "on")


def test_one_element_or_one_check_alone(owned, tmp_path):
    """What was tried is all that the evidence holds, and it says that it is of a part."""
    assert assess(owned, tmp_path / "e.json", "--element", "DP.CCS.3", "--element", "DI.IMS.1/authorized-read").returncode == 0
    payload, seen = results(tmp_path / "e.json")
    assert set(seen) == {("DI.IMS.1", "authorized-read"), ("DP.CCS.3", "live-status"), ("DP.CCS.3", "signatures-judged")}
    assert payload["notes"] == ["Only a part was tried: DP.CCS.3.", "Only a part was tried: DI.IMS.1/authorized-read."]
    assert tool("report", tmp_path / "e.json", "--html", tmp_path / "r.html").returncode == 0
    assert "<p>Only a part was tried: DP.CCS.3.</p>" in (tmp_path / "r.html").read_text()
    assert json.loads(tool("evidence", "verify", tmp_path / "e.json", "--json").stdout)["notes"] == payload["notes"]
    for word in ("DP.CCS", "DP.CCS.3/", "DP.CCS.3/none", "/", "DP.CCS.33"):
        refused = assess(owned, tmp_path / "none.json", "--element", word)
        assert refused.returncode == 2 and f"no check is {word}" in refused.stderr and not (tmp_path / "none.json").exists()


# @turns DI.IMS.1: two devices share an identifier
def test_two_devices_that_share_an_identifier(world, tmp_path):
    """A maker who provisions one serial number twice, from a copied CA, gets found out."""
    copy = worlds.World.__new__(worlds.World)
    copy.__dict__ = dict(world.__dict__, folder=tmp_path / "copy", ca=tmp_path / "copy/ca", devices=[])
    copy.folder.mkdir()
    (tmp_path / "copy").chmod(0o755)
    for parent in [tmp_path, *tmp_path.parents][:3]:
        parent.chmod(parent.stat().st_mode | 0o111)
    shutil.copytree(world.ca, copy.ca)
    units = [world.device("TWIN-1"), copy.device("TWIN-1")]
    try:
        for name, unit in zip(("one", "other"), units):
            unit.start()
            unit.tool("device", "takeover", "--label", unit.label, "--owner", tmp_path / "owner", "--name", "alice", "--as", name)
        answer = tool("assess", "--device", "one", "--device", "other", "--owner", tmp_path / "owner", "--product", world.product, "--out", tmp_path / "e.json",
                      "--json", *PART)
        assert answer.returncode == 1
        assert claims(answer)["DI.IMS.1"] == "contradicted"
        assert results(tmp_path / "e.json")[1]["DI.IMS.1", "unlike-others"] == "fail"
    finally:
        for unit in units:
            unit.stop()


def test_evidence_cannot_be_changed(owned, tmp_path):
    path = tmp_path / "e.json"
    assess(owned, path)
    text = path.read_text()
    anchor = owned.config / "manufacturer.crt"
    whole = tool("evidence", "verify", path, "--anchor", anchor, "--signer", owned.owner / "owner.crt", "--json")
    assert whole.returncode == 0 and "verified" in json.loads(whole.stdout)["statement"]
    jws = json.loads(text)
    payload = json.loads(unb64(jws["payload"]))
    payload["results"][0]["verdict"] = "not applicable"
    forged = dict(jws, payload=base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=").decode())
    for wrong in (json.dumps(forged), text.replace(jws["signature"][:4], "AAAA"), text[:-20], text + " ", "", "{}"):
        path.write_text(wrong)
        assert tool("evidence", "verify", path).returncode == 1
        assert tool("report", path, "--html", tmp_path / "r.html").returncode == 1
    assert not (tmp_path / "r.html").exists()


def test_evidence_is_bound_to_device_tool_and_time(owned, tmp_path):
    assess(owned, tmp_path / "e.json")
    payload, _ = results(tmp_path / "e.json")
    statement = json.loads(unb64(payload["device"]["statement"]["payload"]))
    assert statement["eat_nonce"] == payload["nonce"]
    assert statement["sub"] == payload["device"]["identifier"] == f"urn:dev:ops:32473-thermostat-{owned.serial}"
    assert payload["tool"]["sha256"] == hashlib.sha256(worlds.program("thingward").read_bytes()).hexdigest()


def test_report_is_one_quiet_page(owned, tmp_path):
    assess(owned, tmp_path / "e.json")
    assert tool("report", tmp_path / "e.json", "--html", tmp_path / "r.html").returncode == 0
    page = (tmp_path / "r.html").read_text()
    assert "What is shown, what is not, what needs a person?" in page
    assert "evidence for" in page and "compliant" not in page
    data = json.loads(tool("report", tmp_path / "e.json", "--json").stdout)
    assert page.count("What the catalog wants to see: ") == len(data["elements"]), "each verdict beside the check it answers"
    assert not re.search(r"<script|<link|<img|\bsrc=|@import|url\(", page)
    assert 'role="img"' in page and "<title id=" in page and "@media print" in page
    assert {"DI.IMS.1", "DI.IMS.2", "DI.IMS.3"} <= {row["element"] for row in data["elements"]}
    assert page.index("<svg") < page.index('class="lead"'), "the picture comes first"
    rows = [row for element in data["elements"] for row in element["results"]]
    assert page.count("<h4>What it did</h4>") == page.count("<h4>What it saw</h4>") == len(rows)
    assert all(row["transcript"] in page for row in rows if "transcript" in row) and "<details>" not in page
    shown(tmp_path, rows)


def shown(folder, rows):
    """What was said is shown where its file is given, and only the file of this very evidence."""
    said, page = folder / "e.json.transcript", folder / "r.html"
    assert tool("report", folder / "e.json", "--html", page, "--transcript", said).returncode == 0
    assert page.read_text().count("<details>") == sum("transcript" in row for row in rows) > 0
    said.write_bytes(said.read_bytes().replace(b'"method":"', b'"method":"X', 1))
    page.unlink()
    refused = tool("report", folder / "e.json", "--html", page, "--transcript", said)
    assert refused.returncode == 1 and "line " in refused.stderr and not page.exists()
    assert tool("report", folder / "e.json", "--json", "--transcript", said).returncode == 2


def test_the_same_device_twice_proves_nothing(owned, tmp_path):
    answer = assess(owned, tmp_path / "e.json", "--device", "unit")
    assert answer.returncode == 2 and not (tmp_path / "e.json").exists()


def test_change_of_a_setting_somebody_else_changed(owned):
    """The tool reads first: the version it saw is the one it changes."""
    owned.json("settings", "change", FEATURE, "off")
    assert owned.json("settings", "read", FEATURE)["version"] == 1
    assert owned.json("settings", "change", FEATURE, "value=on")["value"] == "on"
    refused = tool("device", "settings", "change", FEATURE, "perhaps", "--device", "unit", "--owner", owned.owner)
    assert refused.returncode == 3 and refused.stderr.splitlines()[-1].startswith("Try: ")


def test_log_verifies_and_a_changed_byte_is_found(owned, tmp_path):
    (tmp_path / "device.crt").write_text(owned.json("identity", "read")["certificate"])
    (tmp_path / "keys.json").write_text(json.dumps(owned.json("log", "keys")))
    assert owned.stop() == 0
    shutil.copytree(owned.state / "log", tmp_path / "log")
    words = ["--device-cert", tmp_path / "device.crt", "--anchor", owned.config / "manufacturer.crt", "--keys", tmp_path / "keys.json", "--json"]
    whole = json.loads(tool("log", "verify", tmp_path / "log", *words).stdout)
    assert whole["verdict"] == "whole" and whole["proven_to"] > 0
    first = sorted((tmp_path / "log").glob("*.twlog"))[0]
    data = bytearray(first.read_bytes())
    data[900] ^= 1
    first.write_bytes(data)
    answer = tool("log", "verify", tmp_path / "log", *words)
    broken = json.loads(answer.stdout)
    assert answer.returncode == 1 and broken["verdict"] == "broken" and first.name in broken["fault"]


def test_a_label_by_a_pipe_instead_of_a_file(unit, tmp_path):
    """Whoever scans labels need not leave their secrets on a disk."""
    words = [str(worlds.program("thingward")), "device", "takeover", "--label", "-", "--owner", str(tmp_path / "owner"), "--as", "scanned"]
    done = subprocess.run(words, input=unit.label.read_text(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and "is yours" in done.stdout
    assert json.loads(unit.label.read_text())["secret"] not in done.stdout + done.stderr


def take(unit, owner):
    return tool("device", "takeover", "--label", unit.label, "--device", unit.address, "--owner", owner, "--as", "unit")


def test_a_takeover_whose_answer_was_lost_is_finished(owned, tmp_path):
    """The device has changed its key, the tool never heard of it: with the owner's key and the device's word it finds the way."""
    (owned.owner / "devices/unit.json").unlink()
    assert take(owned, owned.owner).returncode == 0
    assert owned.json("identity", "read")["identifier"].endswith(owned.serial)
    stranger = take(owned, tmp_path / "stranger")
    assert stranger.returncode == 4 and not (tmp_path / "stranger/devices").exists()


# ---- devices that lie ----


def test_what_a_device_says_cannot_touch_the_terminal(liar):
    nasty = "\x1b]0;owned\x07\x1b[2J\u009b31m\r\n"
    Liar.answers = {"/api/v1/health": (200, {"state": nasty, "list": [{nasty: nasty}], nasty: [{"b": 1}, {"c": nasty}], nasty + "x": nasty}),
                    "/api/v1/identity": (403, {"title": nasty, "detail": nasty, "next": nasty, "rule": nasty})}
    for words, status in ((("health", "read"), 0), (("identity", "read"), 3)):
        answer = tool("device", *words, "--device", "liar", "--owner", liar.owner)
        assert answer.returncode == status
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", answer.stdout + answer.stderr)


# @turns DI.IMS.2: the statement is a recorded one
def test_a_recorded_statement_convinces_nobody(liar, tmp_path):
    """Whoever stole the listener's key still lacks the device's: an old statement is all that is left to him."""
    assess(liar, tmp_path / "e.json")
    payload, _ = results(tmp_path / "e.json")
    Liar.answers = {"/api/v1/identity": (200, liar.json("identity", "read")), "/api/v1/capabilities": (200, liar.json("capabilities", "read")),
                    "/api/v1/identity/statement": (200, {"statement": payload["device"]["statement"]})}
    answer = tool("assess", "--device", "liar", "--owner", liar.owner, "--product", liar.world.product, "--out", tmp_path / "l.json", "--json", *PART)
    assert answer.returncode == 1
    _, seen = results(tmp_path / "l.json")
    assert seen["DI.IMS.2", "statement-holds"] == "fail"
    assert seen["DI.IMS.1", "stranger-learns-nothing"] == "fail", "it answers anybody"


def test_an_assignment_that_is_said_and_not_returned(liar, tmp_path):
    """@nist DI.IMS.3 @turns DI.IMS.3: a device that takes the assignment and gives it out without its identifier, or in one place only."""
    identity, capabilities = liar.json("identity", "read"), liar.json("capabilities", "read")
    to = {"kind": "person", "name": "Bob", "contact": "", "reference": "", "since": "2026-01-01T00:00:00.000Z", "by": "owner:alice"}
    told = {"identifier": identity["identifier"], "assigned": True, "assigned_to": to, "history": [to]}
    whole = {**identity, "assigned_to": to}
    for i, (query, read, wanted) in enumerate(((told, whole, "pass"), (told, identity, "fail"), (told, {**whole, "assigned_to": {**to, "name": "Eve"}}, "fail"),
                                               ({**told, "identifier": ""}, whole, "fail"))):
        out = tmp_path / f"{i}.json"  # one for each: what could not assess leaves none
        Liar.answers = {"/api/v1/identity": (200, read), "/api/v1/identity/assignment": (200, query), "/api/v1/capabilities": (200, capabilities)}
        answer = tool("assess", "--device", "liar", "--owner", liar.owner, "--product", liar.world.product, "--element", "DI.IMS.3/assignment-returned",
                      "--out", out, "--json")
        assert out.exists(), answer.stderr
        payload, seen = results(out)
        assert seen["DI.IMS.3", "assignment-returned"] == wanted, payload["results"]


def test_an_assignment_is_left_as_it_was(owned, tmp_path):
    owned.json("assignment", "change", "kind=person", "name=Bob")
    before = owned.json("assignment", "read")
    assess(owned, tmp_path / "e.json")
    assert results(tmp_path / "e.json")[1]["DI.IMS.3", "assignment-returned"] == "pass"
    assert owned.json("assignment", "read") == before
    owned.json("assignment", "clear")
    assess(owned, tmp_path / "e.json")
    assert results(tmp_path / "e.json")[1]["DI.IMS.3", "assignment-returned"] == "pass"
    assert not owned.json("assignment", "read")["assigned"]


def test_another_key_is_another_device(liar):
    known = json.loads((liar.owner / "devices/liar.json").read_text())
    known["listener_sha256"] = "00" * 32
    (liar.owner / "devices/liar.json").write_text(json.dumps(known))
    answer = tool("device", "health", "read", "--device", "liar", "--owner", liar.owner)
    assert answer.returncode == 4 and "does not hold the key that was pinned" in answer.stderr


def test_endless_answers_end(liar):
    Liar.answers = {"/api/v1/health": (200, {"state": "x" * (2 * 1024 * 1024)})}
    answer = tool("device", "health", "read", "--device", "liar", "--owner", liar.owner)
    assert answer.returncode == 1 and "too large" in answer.stderr


def test_a_liar_with_a_recorded_statement_is_not_taken_for_ours(liar, tmp_path):
    assess(liar, tmp_path / "e.json")
    payload, _ = results(tmp_path / "e.json")
    Liar.answers = {"/api/v1/identity/statement": (200, {"statement": payload["device"]["statement"]})}
    address = json.loads((liar.owner / "devices/liar.json").read_text())["address"]
    answer = tool("device", "takeover", "--label", liar.label, "--device", address, "--owner", liar.owner, "--as", "again")
    assert answer.returncode == 4 and not (liar.owner / "devices/again.json").exists()
