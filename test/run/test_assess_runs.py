# SPDX-License-Identifier: Apache-2.0
"""A run of an assessment as its assessor needs it: what each check did is kept beside it, one check is tried again, a run that was cut
off is gone on with, and nothing is changed that was not to be."""
import hashlib
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
import world as worlds
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from harness import b64, unb64
from test_tool_assess import tool

ROWS = json.loads((worlds.BUILD / "src/formats/device.json").read_text())
CHANGES = [(row["method"], re.compile(re.sub(r"\{[^}]*\}", "[^/]+", row["path"]) + "$"))
           for capability in ROWS["capabilities"] for row in capability["operations"] if row["audit"] == "change"]


@pytest.fixture(scope="module")
def device(world):
    """One for all tests here: each leaves it as it was."""
    one = world.device("run").start()
    one.take_over()
    yield one
    one.stop()


def assess(unit, out, *more):
    return tool("assess", "--device", "unit", "--owner", unit.owner, "--product", unit.world.product, "--out", out, "--json", *more)


def payload_of(path):
    return json.loads(unb64(json.loads(path.read_text())["payload"]))


def transcript_of(path):
    return [json.loads(line) for line in Path(f"{path}.transcript").read_text().splitlines()]


def by_name(rows):
    return {(row["element"], row["probe"]): row for row in rows}


def changes(call):
    return any(call["method"] == method and path.match(call["path"].split("?")[0]) for method, path in CHANGES)


QUICK = ("DP.CKM.1", "DI.IMS.3", "LA.RSM.1", "LA.SUN.1", "DP.CCS.3")


def some(*elements):
    return [word for element in elements for word in ("--element", element)]


def test_what_each_check_did_is_kept(device, tmp_path):
    """Its line is bound to its result; what changes something on the device says that it does; what opens something is in no line."""
    out = tmp_path / "e.json"
    assess(device, out, *some(*QUICK))
    payload, lines = payload_of(out), by_name(transcript_of(out))
    results = by_name(payload["results"])
    text = Path(f"{out}.transcript").read_text()
    digests = {name: hashlib.sha256(line.encode()).hexdigest() for name, line in zip(lines, text.splitlines())}
    assert digests == {name: row["transcript"] for name, row in results.items() if "transcript" in row} and len(digests) >= len(QUICK)
    for name, line in lines.items():
        assert len(line["calls"]) + line["left_out"] == results[name]["calls"]
        assert results[name]["intrusive"] == any(changes(call) for call in line["calls"]), name
    assert any(row["intrusive"] for row in results.values()) and not all(row["intrusive"] for row in results.values())
    assert any(call.get("sent", {}).get("name") for line in lines.values() for call in line["calls"]), "what was sent is there"
    assert os.stat(f"{out}.transcript").st_mode & 0o777 == 0o600
    assert not re.search(r'"(password|token|secret)":"(?!\(left out\))', text)


def test_nothing_is_changed_that_was_not_to_be(device, tmp_path):
    out = tmp_path / "e.json"
    left_out = ("DI.IMS.3", "DI.DAS.2", "DP.CKM.1", "DP.CKM.3", "LA.AC.1", "LA.AS.2.1.1", "LA.RSM.1", "LA.RSM.6.3.2", "LA.SUN.1", "LA.X.1")
    assess(device, out, "--not-intrusive", *some("DI.IMS.2", *left_out))
    payload = payload_of(out)
    assert "Checks that change something on the device for a moment were not allowed." in payload["notes"]
    assert not [call for line in transcript_of(out) for call in line["calls"] if changes(call)]
    left = [row for row in payload["results"] if row["reason"].startswith("Not tried: it changes something")]
    assert {row["element"] for row in left} == set(left_out) and {row["verdict"] for row in left} == {"inconclusive"} and not any(row["intrusive"] for row in payload["results"])
    assert by_name(payload["results"])["DI.IMS.2", "statement-holds"]["verdict"] == "pass"


def test_nothing_waits_that_was_not_to(device, tmp_path):
    out = tmp_path / "e.json"
    left_out = ("LA.AC.1.1", "LA.AC.1.4.1", "LA.RSM.5.4")
    assess(device, out, "--no-waiting", *some("DI.IMS.2", *left_out))
    payload = payload_of(out)
    assert "Checks that wait for time to go by were left out." in payload["notes"]
    left = [row for row in payload["results"] if row["reason"].startswith("Not tried: time has to go by")]
    assert {row["element"] for row in left} == set(left_out) and {row["verdict"] for row in left} == {"inconclusive"} and not any("calls" in row for row in left)


def verify(device, path, *more):
    return tool("evidence", "verify", path, "--anchor", device.config / "manufacturer.crt", "--json", *more)


def test_one_check_is_tried_again_into_a_run(device, tmp_path):
    first, second = tmp_path / "1.json", tmp_path / "2.json"
    assess(device, first, *some("DP.CCS.3", "DI.IMS.2"), "--sample", "S-7", "--hardware", "rev C", "--firmware", "ab" * 32, "--setup", "on the bench")
    assert assess(device, second, "--into", first, "--element", "DP.CCS.3/signatures-judged").returncode == 0
    one, two = payload_of(first), payload_of(second)
    assert one["setup"] == {"source": "stated by person", "sample": "S-7", "hardware": "rev C", "firmware_sha256": "ab" * 32, "words": "on the bench"}
    assert two["setup"] == one["setup"] and by_name(one["results"]).keys() == by_name(two["results"]).keys() and two["notes"] == one["notes"]
    assert {name for name, row in by_name(two["results"]).items() if "run" not in row} == {("DP.CCS.3", "signatures-judged")}
    assert {row["run"] for row in two["results"] if "run" in row} == {one["nonce"]} and one["nonce"] != two["nonce"]
    assert two["earlier"][0]["statement"] == one["device"]["statement"]
    said = json.loads(verify(device, second, "--transcript", f"{second}.transcript", "--nonce", two["nonce"], "--device", two["device"]["identifier"]).stdout)
    assert "verified" in said["statement"] and said["setup"]["sample"] == "S-7"
    for wrong in (("--nonce", one["nonce"]), ("--device", "urn:dev:ops:1-a-b"), ("--transcript", f"{first}.transcript"), ("--transcript", first)):
        assert verify(device, second, *wrong).returncode == 1
    assert assess(device, second, "--into", first).returncode == 2, "which check?"
    stranger = tmp_path / "stranger"
    subprocess.run(["cp", "-r", device.owner, stranger], check=True)
    for name in ("owner.key", "owner.crt"):
        (stranger / name).unlink()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=eve", "-days", "30",
                    "-keyout", stranger / "owner.key", "-out", stranger / "owner.crt"], check=True, capture_output=True)
    (stranger / "owner.key").chmod(0o600)
    refused = tool("assess", "--device", "unit", "--owner", stranger, "--product", device.world.product, "--out", tmp_path / "3.json", "--into", first,
                   "--element", "DI.IMS.2")
    assert refused.returncode != 0 and not (tmp_path / "3.json").exists(), "nobody signs what somebody else saw"


def test_a_run_that_was_cut_off_is_gone_on_with(device, tmp_path):
    out, part = tmp_path / "e.json", tmp_path / "e.json.part"
    elements = ("DP.CCS.3", "DP.CCS.4", "LA.RSM.1", "LA.RSM.2", "LA.SUN.1")
    words = [str(worlds.program("thingward")), "assess", "--device", "unit", "--owner", device.owner, "--product", device.world.product, "--out", out, "--json"]
    with subprocess.Popen([str(word) for word in (*words, *some(*elements))], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        until = time.monotonic() + 60
        while not part.exists() and time.monotonic() < until:
            time.sleep(0.002)
        run.send_signal(signal.SIGKILL)
    assert not out.exists()
    cut = payload_of(part)
    assert "The run was not finished: what is missing was not tried." in cut["notes"]
    assert assess(device, out, "--resume", *some(*elements)).returncode == 0
    whole = payload_of(out)
    assert {row["element"] for row in whole["results"]} == set(elements) and not part.exists() and not Path(f"{part}.transcript").exists()
    kept = {name for name, row in by_name(whole["results"]).items() if "run" in row}
    assert kept == set(by_name(cut["results"])) and kept < set(by_name(whole["results"]))
    assert "The run was not finished: what is missing was not tried." not in whole["notes"]
    assert verify(device, out, "--transcript", f"{out}.transcript").returncode == 0
    assert assess(device, tmp_path / "none.json", "--resume").returncode == 1, "there is nothing to go on with"


def flipped(data, every):
    for at in range(0, len(data), every):
        yield at, data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def test_a_changed_byte_anywhere_is_found(device, tmp_path):
    """A well-spread sample with the program; the unit tests of the format change every one."""
    out, changed = tmp_path / "e.json", tmp_path / "changed.json"
    assess(device, out, *some("DP.CCS.3"))
    data = out.read_bytes().rstrip(b"\n")
    for at, other in flipped(data, len(data) // 23):
        changed.write_bytes(other)
        assert tool("evidence", "verify", changed).returncode == 1, f"byte {at} of {len(data)}"


POLICY = """format: 1
may-be-partial: yes
rules:
  - name: identity is shown
    elements: [DI.IMS.2]
    verdicts: [pass]
  - name: nothing gets worse
    elements: ["*"]
    may-get-worse: no
"""


def forged(device, like, out, payload):
    """What the owner could sign: the envelope of `like` with another payload, by his own key."""
    jws = json.loads(like.read_text())
    jws["payload"] = b64(json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())
    key = serialization.load_pem_private_key((device.owner / "owner.key").read_bytes(), None)
    r, s = utils.decode_dss_signature(key.sign(f"{jws['protected']}.{jws['payload']}".encode(), ec.ECDSA(hashes.SHA256())))
    jws["signature"] = b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    out.write_text(json.dumps(jws, sort_keys=True, separators=(",", ":")) + "\n")
    return out


def test_the_devices_own_word(device, tmp_path):
    """Who names the manufacturer wants the device's statement, and what stands beside it has to be what it says."""
    out, other = tmp_path / "e.json", tmp_path / "other.json"
    assess(device, out, *some("DP.CCS.3"))
    payload = payload_of(out)
    assert verify(device, forged(device, out, other, payload)).returncode == 0
    for member in ("model", "software", "product_version", "identifier"):
        lied = {**payload, "device": {**payload["device"], member: "x"}}
        said = verify(device, forged(device, out, other, lied))
        assert said.returncode == 1 and (member == "identifier" or member in said.stderr), member
        assert tool("evidence", "verify", other).returncode == 0
    none = {**payload, "device": {key: value for key, value in payload["device"].items() if key != "statement"}}
    said = verify(device, forged(device, out, other, none))
    assert said.returncode == 1 and "there is no statement inside" in said.stderr


def test_whose_evidence_the_gate_takes(device, tmp_path):
    out, other, policy = tmp_path / "e.json", tmp_path / "other.json", tmp_path / "policy.yaml"
    policy.write_text('format: 1\nmay-be-partial: yes\nrules:\n  - name: r\n    elements: ["*"]\n    verdicts: [pass]\n')
    assess(device, out, *some("DP.CCS.3"))
    payload, ours, anchor = payload_of(out), ("--signer", device.owner / "owner.crt"), device.config / "manufacturer.crt"
    gate = ("assess", "gate", out, "--policy", policy)
    assert tool(*gate, *ours, "--anchor", anchor, "--nonce", payload["nonce"], "--device", payload["device"]["identifier"]).returncode == 0
    asked = tool(*gate)
    assert asked.returncode == 2 and "--signer" in asked.stderr
    assert tool("assess", "compare", out, out, "--gate", policy).returncode == 2
    for wrong in (("--signer", anchor), (*ours, "--nonce", "AAAA"), (*ours, "--device", "urn:dev:ops:1-a-b"), (*ours, "--anchor", device.owner / "owner.crt")):
        refused = tool(*gate, *wrong)
        assert refused.returncode == 1 and "Every rule" not in refused.stdout, wrong
    forged(device, out, other, {**payload, "device": {**payload["device"], "identifier": "urn:dev:ops:1-a-b"}})
    assert "of another device" in tool(*gate, *ours, "--before", other).stderr
    refused = tool("assess", "compare", other, out)
    assert refused.returncode == 1 and "of another device" in refused.stderr and "--other-device" in refused.stderr
    told = tool("assess", "compare", other, out, "--other-device")
    assert told.returncode == 0 and "Two devices: urn:dev:ops:1-a-b and" in told.stdout


def test_two_runs_and_a_gate(device, tmp_path):
    good, bad, policy = tmp_path / "good.json", tmp_path / "bad.json", tmp_path / "policy.yaml"
    ours = ("--signer", device.owner / "owner.crt")
    policy.write_text(POLICY)
    device.json("settings", "change", "identification.remote-read", "on")
    assess(device, good, *some("DI.IMS.2", "DP.CCS.3"), "--local", device.run / "admin.sock")
    device.json("settings", "change", "identification.remote-read", "off")
    assess(device, bad, *some("DI.IMS.2", "DP.CCS.4"), "--local", device.run / "admin.sock")
    device.json("settings", "change", "identification.remote-read", "on")
    answer = tool("assess", "compare", good, bad, "--json")
    assert answer.returncode == 0
    assert {row["element"]: row["change"] for row in json.loads(answer.stdout)["changes"]} == {"DI.IMS.2": "worse", "DP.CCS.3": "gone", "DP.CCS.4": "new"}
    answer = tool("assess", "compare", bad, good, "--json")
    assert {row["element"]: row["change"] for row in json.loads(answer.stdout)["changes"]}["DI.IMS.2"] == "better"
    refused = tool("assess", "compare", good, bad, "--gate", policy, *ours)
    assert refused.returncode == 1 and "identity is shown" in refused.stdout and "nothing gets worse" in refused.stdout
    assert tool("assess", "gate", good, "--policy", policy, *ours, "--before", good).returncode == 0
    alone = tool("assess", "gate", good, "--policy", policy, *ours, "--json")
    assert alone.returncode == 1 and [row["rule"] for row in json.loads(alone.stdout)] == ["nothing gets worse"]
    policy.write_text(POLICY.replace("may-be-partial: yes\n", ""))
    part = tool("assess", "gate", good, "--policy", policy, *ours, "--before", good, "--json")
    assert part.returncode == 1 and {(row["rule"], row["why"]) for row in json.loads(part.stdout)} == {
        ("may-be-partial", f"Only a part was tried: {element}.") for element in ("DI.IMS.2", "DP.CCS.3")}
    policy.write_text(POLICY.replace("[pass]", "[good]"))
    wrong = tool("assess", "gate", good, "--policy", policy, *ours)
    assert wrong.returncode == 2 and f"{policy}:6:" in wrong.stderr and "'good' is no verdict" in wrong.stderr
