# SPDX-License-Identifier: Apache-2.0
"""Somebody at the device: its button (the example program, reading lines where a kernel would report a key) and its console confirm what a browser asked
for, and nobody's word alone does anything."""
import os
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
import world as worlds
from harness import Client, local, wait_for

FOREIGN = 58732
# A press without having said who it is: what the example never does.
PRESS = """import ctypes, sys
lib = ctypes.CDLL(sys.argv[1])
lib.thingward_why.restype = ctypes.c_char_p
lib.thingward_why.argtypes = [ctypes.c_void_p]
lib.thingward_present.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32]
t = ctypes.c_void_p()
print("open", lib.thingward_open(sys.argv[2].encode(), ctypes.byref(t)))
print("present", lib.thingward_present(t, 5000, 0), lib.thingward_why(t).decode())
"""


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory() as one:
        os.chmod(one, 0o755)
        yield Path(one)


@pytest.fixture(scope="module")
def device(folder):
    """A product with a button, which nobody owns yet."""
    if os.geteuid() != 0:
        pytest.skip("a button runs as a user of its own: needs root")
    with worlds.World() as world:
        worlds.declare(world.product / "product.yaml", "--button")
        unit = world.device("PRESENCE").start()
        unit.button = worlds.Button(unit, folder)
        wait_for(lambda: "button: connected" in unit.button.said)
        yield unit


def browser(unit):
    return Client(unit, certificate=False)


def owned(unit):
    return browser(unit).ask("GET", "/api/v1/commissioning").json["owned"]


def records(unit):
    return local(unit, "GET", "/api/v1/log?limit=200").json["records"]


def events(unit, name):
    return [r["fields"] for r in records(unit) if r.get("event") == name]


def test_a_press_lets_a_browser_take_over(device):
    """Nothing by itself; then the one thing that waited."""
    assert "presence.nothing" in device.button.hold(100)
    one = browser(device)
    sent = one.proof()
    asked = one.ask("POST", "/api/v1/commissioning/browser", sent)
    what = {"request": asked.json["request"], "client_nonce": sent["client_nonce"]}
    assert one.ask("POST", "/api/v1/commissioning/claim", what).status == 202
    assert "confirmed" in device.button.hold(100)
    answer = one.ask("POST", "/api/v1/commissioning/claim", what)
    assert answer.status == 201
    one.token = answer.json["token"]
    assert one.ask("GET", "/api/v1/identity").status == 200
    taken = [r for r in records(device) if r.get("event") == "ownership.taken"][0]
    assert taken["fields"]["how"] == "secret+button"
    pressed = [r for r in records(device) if r.get("operation") == "presence.confirm"]
    assert {r["door"] for r in pressed} == {"button"} and {r["how"] for r in pressed} == {"simulated"}


def test_whose_press_it_is(device, folder):
    """Another user's, the application's, and one that has not said who it is: each refused by name, and recorded."""
    library = worlds.BUILD / "src/lib/libthingward.so"
    for user, said in ((worlds.ROLES["application"], "present -7 presence.user"), (worlds.BUTTON, "present -7 presence.user"), (FOREIGN, "present -4")):
        done = subprocess.run(["python3", "-c", PRESS, library, device.run / "events.sock"], user=user, group=user, extra_groups=[], capture_output=True,
                              text=True, timeout=20, check=False)
        assert said in done.stdout, done.stdout + done.stderr
    assert events(device, "provider.refused")[-1]["rule"] == "presence.user"
    second = worlds.Button(device, folder)
    wait_for(lambda: second.said)
    assert "provider.taken" in second.said[0]
    second.end()


def ask(unit):
    one = browser(unit)
    answer = one.ask("POST", "/api/v1/recovery")
    assert answer.status == 202, answer.json
    return one, answer.json


def code_of(said):
    return said.split("Type ")[1].split(" ")[0]


def state(unit, asked):
    return browser(unit).ask("POST", "/api/v1/recovery/state", {"request": asked["request"]}).json


def test_neither_alone_ends_ownership(device):
    assert "presence.nothing" in device.button.hold(5000)
    _, asked = ask(device)
    assert asked["button"] and asked["console"]
    assert (state(device, asked), owned(device)) == ({"state": "waiting"}, True)
    again = browser(device).ask("POST", "/api/v1/recovery")
    assert (again.status, again.json["rule"]) == (409, "recovery.pending")
    assert "presence.before" in device.button.hold(60000), "it went down before somebody asked"
    assert "presence.hold" in device.button.hold(10)
    assert owned(device)
    device.asked = asked


def test_a_held_button_recovers(device):
    """What was asked, and behind it a button held: ownership has ended, and the console alone tells a new secret, to whoever asks there."""
    device.at_console("", timeout_s=0.5)
    old = browser(device).listener()
    time.sleep(5)
    assert "confirmed" in device.button.hold(5000)
    said = device.at_console("", timeout_s=2)
    assert "Ownership was ended by the button; type recover for a new secret." in said and "shown only now" not in said
    assert state(device, device.asked) == {"state": "recovered"}
    secret = bytes.fromhex(device.at_console(code_of(device.at_console("recover"))).split("shown only now: ")[1][:32])
    assert not owned(device) and browser(device).listener() != old
    taker = Client(device)
    assert taker.take().status == 403, "the label's secret has ended"
    assert taker.take(secret=secret).status == 201
    taken = [r for r in taker.ask("GET", "/api/v1/log?limit=100").json["records"] if r.get("event")]
    assert [r["event"] for r in taken if r["event"].startswith("ownership.")][:4] == ["ownership.taken", "ownership.ended", "ownership.ended", "ownership.recovery-asked"]
    assert secret.hex().encode() not in b"".join(p.read_bytes() for p in (device.state / "log").iterdir())
    device.secret = secret


def test_the_console_recovers_for_a_browser(device):
    """It shows the browser's code and asks; anything else leaves all as it is."""
    one = Client(device, certificate=False, source="127.0.0.2")
    asked = one.ask("POST", "/api/v1/recovery").json
    said = device.at_console("recover")
    assert said.count(asked["code"]) >= 2 and f"Type {asked['code']}" in said
    assert "Nothing was changed" in device.at_console("000000" if asked["code"] != "000000" else "1")
    assert owned(device) and browser(device).ask("POST", "/api/v1/recovery/state", {"request": asked["request"]}).status == 404, "declined"
    asked = Client(device, certificate=False, source="127.0.0.3").ask("POST", "/api/v1/recovery").json
    assert f"Type {asked['code']}" in device.at_console("recover")
    said = device.at_console(asked["code"])
    assert "Ownership is ended. New secret" in said
    assert state(device, asked) == {"state": "recovered"} and not owned(device)
    assert device.stop() == 0
    device.start()
    wait_for(lambda: device.button.said.count("button: connected") > 1)
    assert not owned(device) and browser(device).ask("POST", "/api/v1/recovery").json["rule"] == "gate.not-owned"
