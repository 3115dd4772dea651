# SPDX-License-Identifier: Apache-2.0
"""The mark on the housing: drawn by the tool, read back by somebody else's scanner, and the same in label, record and API.

@nist DI.PI.1: the scanned code's value equals the physical identifier of the API and of the provisioning record
"""
import hashlib
import json
import re
import shutil
import subprocess

import pytest

import world as worlds
from harness import Client, b64, local
from liar import Liar

PIL = pytest.importorskip("PIL.Image", reason="python3-pil turns and scales the pictures")
for program in ("zbarimg", "rsvg-convert"):
    if not shutil.which(program):
        pytest.skip(f"{program} is not there", allow_module_level=True)


def tool(*words, stdin=""):
    return subprocess.run([str(worlds.program("thingward")), *map(str, words)], capture_output=True, text=True, input=stdin, timeout=60, check=False)


def scan(picture):
    """What zbar reads; one line for each code."""
    done = subprocess.run(["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", str(picture)], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.splitlines()


def render(svg, dpi, folder):
    out = folder / f"{svg.stem}-{dpi}.png"
    subprocess.run(["rsvg-convert", "--dpi-x", str(dpi), "--dpi-y", str(dpi), "-o", str(out), str(svg)], check=True, timeout=60)
    return out


def turned(picture, angle, folder):
    out = folder / f"turned-{angle}.png"
    with PIL.open(picture) as image:
        image.convert("L").rotate(angle, expand=True, fillcolor=255, resample=PIL.BICUBIC).save(out)
    return out


def checked(text):
    return text + hashlib.sha256(text.encode()).hexdigest()[:8].upper()


def code_of(unit, sealed=False):
    """By the words of doc/spec/label.md, without our C code."""
    label = json.loads(unit.label.read_text())
    text = f"TW1:32473-thermostat-{unit.serial}:"
    if sealed:
        text += f"{b64(bytes.fromhex(label['listener_sha256']))}:{b64(bytes.fromhex(label['secret']))}:"
    return checked(text)


def physical_id(identifier):
    """ISO 7064 MOD 37,36, the other way round than the device: the digit for which the whole number checks."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

    def total(text):
        check = 18
        for c in text.upper():
            if c in digits:
                check = ((check or 36) * 2 % 37 + digits.index(c)) % 36
        return check
    body = identifier.removeprefix("urn:dev:ops:")
    good, = [d for d in digits if total(body + d) == 1]
    return f"{body.split('-', 2)[2]}/{good}"


def draw(unit, out, *more):
    return unit.tool("label", "--label", unit.label, "--out", out, *more)


def results(path, probe):
    import base64
    payload = json.loads(path.read_text())["payload"]
    payload = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return {row["probe"]: row["verdict"] for row in payload["results"] if row["element"] == "DI.PI.1"}[probe]


def assess(unit, out, *more):
    tool("assess", "--device", "unit", "--owner", unit.owner, "--product", unit.world.product, "--out", out, "--element", "DI.PI.1", *more)
    return results(out, "label-agrees")


def status(unit):
    return {e["id"]: e for e in unit.json("capabilities", "read")["elements"]}["DI.PI.1"]


@pytest.mark.parametrize("size", ["45x18", "60x25", "90x40"])
def test_read_back_at_each_size_resolution_and_angle(new_unit, tmp_path, size):
    unit = new_unit()
    out = tmp_path / "labels"
    draw(unit, out, "--size", size, *([] if size == "45x18" else ["--with-secret"]))
    wanted = {f"{unit.serial}.svg": code_of(unit), **({} if size == "45x18" else {f"{unit.serial}-sealed.svg": code_of(unit, sealed=True)})}
    assert {p.name for p in out.iterdir()} == set(wanted)
    for name, code in wanted.items():
        for dpi in (203, 300, 600):
            assert scan(render(out / name, dpi, tmp_path)) == [code], (name, dpi)
        for angle in (90, 180, 270, 7, 33, 45):
            assert scan(turned(tmp_path / f"{name[:-4]}-300.png", angle, tmp_path)) == [code], (name, angle)


def test_png_for_label_printers(new_unit, tmp_path):
    unit = new_unit()
    for dpi in (150, 203, 300, 600):
        out = tmp_path / str(dpi)
        draw(unit, out, "--png", dpi, "--with-secret")
        assert scan(out / f"{unit.serial}.png") == [code_of(unit)]
        assert scan(out / f"{unit.serial}-sealed.png") == [code_of(unit, sealed=True)]
        with PIL.open(out / f"{unit.serial}.png") as image:
            dark = image.convert("1", dither=0).point(lambda v: 255 - v).getbbox()
            module = (dark[2] - dark[0]) // (25 + 4 * 1)  # version 3
            assert image.width == image.height and dark[0] == dark[1] == 4 * module, "four modules of quiet zone"
    assert scan(turned(tmp_path / "300" / f"{unit.serial}.png", 30, tmp_path)) == [code_of(unit)]


def test_the_public_label_gives_nothing_away(new_unit, tmp_path):
    unit = new_unit()
    label = json.loads(unit.label.read_text())
    draw(unit, tmp_path / "out", "--png", 300)
    assert not list((tmp_path / "out").glob("*sealed*"))
    text = (tmp_path / "out" / f"{unit.serial}.svg").read_text()
    people = re.findall(r"<text[^>]*>([^<]*)</text>", text)
    assert people == [label["model"], f"ID {physical_id(label['identifier'])}", label["identifier"]]
    draw(unit, tmp_path / "both", "--with-secret")
    sealed = (tmp_path / "both" / f"{unit.serial}-sealed.svg").read_text()
    shown = "".join(re.findall(r"<text[^>]*>([^<]*)</text>", sealed)).replace(" ", "")
    assert label["secret"] in shown.replace("key", "").replace("secret", "") and (tmp_path / "both" / f"{unit.serial}-sealed.svg").stat().st_mode & 0o77 == 0


def test_sheets_from_the_registry(world, new_unit, tmp_path):
    units = [new_unit(name) for name in "XYZ"]
    words = [word for unit in units for word in ("--serial", unit.serial)]
    units[0].tool("label", "--ca", world.ca, "--out", tmp_path / "a4", "--sheet", "a4", *words)
    page, = (tmp_path / "a4").iterdir()
    assert sorted(scan(render(page, 200, tmp_path))) == sorted(map(code_of, units))
    lines = [json.loads(line) for line in (world.ca / "units.jsonl").read_text().splitlines()]
    for unit in units:
        of = {line["state"]: line for line in lines if line["serial"] == unit.serial}
        assert of["complete"]["physical_id"] == of["labelled"]["physical_id"] == physical_id(of["complete"]["identifier"])
    units[0].tool("label", "--ca", world.ca, "--out", tmp_path / "big", "--sheet", "letter", "--size", "120x90", *words)
    assert [p.name for p in sorted((tmp_path / "big").iterdir())] == ["sheet-01.svg", "sheet-02.svg"]
    again = tool("provision", "--ca", world.ca, "--product", world.product, "--serial", units[0].serial, "--state", tmp_path / "s", "--config", tmp_path / "c",
                 "--label", tmp_path / "l.json", "--roles", world.roles)
    assert again.returncode == 1 and "was given to a unit" in again.stderr


def test_what_could_not_be_read_is_not_drawn(new_unit, tmp_path):
    unit = new_unit()
    for words in (("--size", "20x8"), ("--size", "25x15"), ("--png", "72", "--size", "45x18", "--sheet", "a4")):
        refused = tool("label", "--label", unit.label, "--out", tmp_path / "o", *words)
        assert refused.returncode == 1 and "need" in refused.stderr, words
    for words in (("--size", "wide"), ("--size", "30x30"), ("--size", "500x100"), ("--png", "5"), ("--sheet", "a5"), ("--sheet", "a4", "--size", "200x30"), ("--ca", unit.world.ca)):
        assert tool("label", "--label", unit.label, "--out", tmp_path / "o", *words).returncode == 2, words
    assert tool("label", "--ca", unit.world.ca, "--with-secret", "--out", tmp_path / "o").returncode == 2
    assert tool("label", "--ca", unit.world.ca, "--serial", "NONE", "--out", tmp_path / "o").returncode == 1


def test_label_device_and_record_agree(owned, tmp_path):
    draw(owned, tmp_path / "out", "--png", 300)
    scanned, = scan(tmp_path / "out" / f"{owned.serial}.png")
    identity = owned.json("identity", "read")
    record, = [line for line in map(json.loads, (owned.world.ca / "units.jsonl").read_text().splitlines())
               if line["serial"] == owned.serial and line["state"] == "complete"]
    assert identity["physical_id"] == record["physical_id"] == physical_id(identity["identifier"])
    ca, out = ("--ca", owned.world.ca), tmp_path / "e.json"
    assert assess(owned, out, *ca) == "inconclusive", "it needs a person"
    assert assess(owned, out, "--label-scan", scanned) == "inconclusive", "and the record"
    assert assess(owned, out, "--label-scan", scanned, *ca) == "pass"
    (tmp_path / "scan.txt").write_text(scanned + "\n")
    assert assess(owned, out, "--label-scan", tmp_path / "scan.txt", *ca) == "pass"
    assert assess(owned, out, "--label-scan", code_of(owned, sealed=True), *ca) == "pass"
    secret = json.loads(owned.label.read_text())["secret"]
    assert secret not in out.read_text() and b64(bytes.fromhex(secret)) not in out.read_text()


def test_another_label_fails(owned, tmp_path):
    ca, out = ("--ca", owned.world.ca), tmp_path / "e.json"
    other = checked("TW1:32473-thermostat-OTHER:")
    wrong_check = code_of(owned)[:-1] + ("0" if code_of(owned)[-1] != "0" else "1")
    for scanned in (other, wrong_check, checked(f"TW1:32473-lamp-{owned.serial}:"), "TW1:nothing"):
        assert assess(owned, out, "--label-scan", scanned, *ca) == "fail", scanned


def test_a_record_that_says_otherwise_fails(owned, tmp_path):
    shutil.copytree(owned.world.ca, tmp_path / "ca")
    registry = tmp_path / "ca" / "units.jsonl"
    right = registry.read_text()
    physical = owned.json("identity", "read")["physical_id"]
    registry.write_text(right.replace(f'"physical_id":"{physical}"', '"physical_id":"0000/0"'))
    assert registry.read_text() != right
    assert assess(owned, tmp_path / "e.json", "--label-scan", code_of(owned), "--ca", tmp_path / "ca") == "fail"


# @turns DI.PI.1: the device says that another label is its own
def test_a_device_that_says_otherwise_fails(liar, tmp_path):
    identity, capabilities = liar.json("identity", "read"), liar.json("capabilities", "read")
    for said, wanted in ((identity["physical_id"], "pass"), ("0000/0", "fail"), ("", "fail")):
        Liar.answers = {"/api/v1/identity": (200, {**identity, "physical_id": said}), "/api/v1/capabilities": (200, capabilities)}
        tool("assess", "--device", "liar", "--owner", liar.owner, "--product", liar.world.product, "--out", tmp_path / "l.json", "--ca", liar.world.ca,
             "--label-scan", code_of(liar))
        assert results(tmp_path / "l.json", "label-agrees") == wanted, said


@pytest.mark.smoke
def test_the_device_says_so_once_it_was_shown_its_label(owned, tmp_path):
    before = status(owned)
    assert before["status"] == "needs a part" and "scan the label" in before["reason"]
    for wrong, answer in ((checked("TW1:32473-thermostat-OTHER:"), 409), (code_of(owned)[:-1], 400), (code_of(owned, sealed=True), 400), ("TW1:12345678", 400), ("x", 400)):
        assert local(owned, "POST", "/api/v1/identity/label", {"code": wrong}).status == answer, wrong
    assert status(owned)["status"] == "needs a part"
    records = local(owned, "GET", "/api/v1/log?limit=200").json["records"]
    assert [r["fields"]["scanned"] for r in records if r.get("event") == "identity.label-mismatch"] == [physical_id("urn:dev:ops:32473-thermostat-OTHER")]
    assert Client(owned).ask("POST", "/api/v1/identity/label", {"code": code_of(owned)}).status == 401
    shown = owned.json("label", "check", code_of(owned))
    assert shown["physical_id"] == owned.json("identity", "read")["physical_id"]
    after = status(owned)
    assert after["status"] == "provided" and shown["checked"] in after["reason"]
    owned.stop()
    owned.start()
    assert status(owned)["reason"] == after["reason"]
    owned.json("settings", "change", "identification.remote-read", "off")
    assert status(owned)["status"] == "off by policy"
    assert json.loads(owned.label.read_text())["secret"] not in json.dumps(records)


def test_taken_over_by_what_the_scanner_read(unit, tmp_path):
    words = ["device", "takeover", "--owner", unit.owner, "--device", unit.address, "--as", "unit", "--name", "alice", "--anchor", unit.config / "manufacturer.crt"]
    assert tool(*words, "--label", code_of(unit)).returncode == 1, "the public label has no secret"
    wrong = code_of(unit, sealed=True).replace("_", "-") if "_" in code_of(unit, sealed=True) else code_of(unit, sealed=True)[:-1] + "x"
    assert "check does not fit" in tool(*words, "--label", "-", stdin=wrong + "\n").stderr
    done = tool(*words, "--label", "-", stdin=code_of(unit, sealed=True) + "\n")
    assert done.returncode == 0 and "is yours" in done.stdout, done.stderr
    assert unit.json("identity", "read")["identifier"].endswith(unit.serial)
    assert status(unit)["status"] == "provided", "whoever scanned it has shown it"
    assert json.loads(unit.label.read_text())["secret"] not in done.stdout + done.stderr
