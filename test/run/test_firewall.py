# SPDX-License-Identifier: Apache-2.0
"""The packet filter and changes that wait to be confirmed, with hosts of their own behind veth pairs: a manager, whose network may reach
the management port, and a stranger, whose may not."""
import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys

import pytest

from harness import local, unb64, wait_for
from world import ROLES, program

NFT = shutil.which("nft", path="/usr/sbin:/usr/bin")
pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="needs namespaces"), pytest.mark.skipif(not NFT, reason="needs nftables")]

HOSTS = {"manager": ("10.77.1.1", "10.77.1.2"), "stranger": ("198.51.100.1", "198.51.100.2")}  # the device's address, the host's
MANAGEMENT = "10.77.1.0/24"
TRY = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=float(sys.argv[3])).close()"


def run(*words, ok=True):
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False)
    assert not ok or done.returncode == 0, done.stderr
    return done


class Host:
    """A network namespace of its own, held by a process, with one wire to the device."""

    def __init__(self, name):
        self.device_address, self.address = HOSTS[name]
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "600"])
        wait_for(lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != os.readlink("/proc/self/ns/net"))
        run("ip", "link", "add", f"w-{name}", "type", "veth", "peer", "name", "wire", "netns", self.holder.pid)
        run("ip", "addr", "add", f"{self.device_address}/24", "dev", f"w-{name}")
        run("ip", "link", "set", f"w-{name}", "up")
        self.run("ip", "addr", "add", f"{self.address}/24", "dev", "wire")
        self.run("ip", "link", "set", "wire", "up")

    def run(self, *words, ok=True):
        return run("nsenter", f"--net=/proc/{self.holder.pid}/ns/net", *words, ok=ok)

    def reaches(self, port, timeout_s=3):
        return self.run(sys.executable, "-S", "-c", TRY, self.device_address, port, timeout_s, ok=False).returncode == 0

    def is_kept_out(self, port):
        """The kernel itself answers a connection, in microseconds, whatever else the machine does."""
        return not self.reaches(port, 0.15)

    def end(self):
        self.holder.kill()
        self.holder.wait()


@contextlib.contextmanager
def hosts_of(*names):
    """One at a time, whatever else runs beside: the machine has one table of ours, and one link of each name."""
    with open("/tmp/thingward-test-filter.lock", "w", encoding="ascii") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        made = {name: Host(name) for name in names}
        yield made
        for host in made.values():
            host.end()
        subprocess.run([NFT, "destroy", "table", "inet", "thingward"], stderr=subprocess.DEVNULL, check=False)
        subprocess.run([NFT, "delete", "table", "inet", "thingward"], stderr=subprocess.DEVNULL, check=False)
        wait_for(lambda: not any(os.path.exists(f"/sys/class/net/w-{name}") for name in names))


@pytest.fixture(scope="module")
def hosts():
    with hosts_of("manager", "stranger") as made:
        yield made


@pytest.fixture
def far(new_unit, hosts):
    """An owned device whose HTTPS every host can reach, and which its owner reaches over the loopback."""
    unit = new_unit()
    unit.address, loopback = f"0.0.0.0:{unit.port}", unit.address
    unit.start()
    unit.address = loopback
    unit.take_over()
    unit.address = f"0.0.0.0:{unit.port}"
    yield unit
    subprocess.run([NFT, "delete", "table", "inet", "thingward"], stderr=subprocess.DEVNULL, check=False)


PANEL, OTHER, READINGS, CALLS = 48601, 48602, 48603, 61001
DECLARED = f"""  - {{name: lan, kind: ethernet, kernel: w-*, purpose: The network.}}
flows:
  - {{name: panel, interface: lan, direction: in, peer: panels, data: What it shows., personal: no, protection: none, protocol: tcp,
     ports: [{PANEL}], networks: [10.77.1.0/24]}}
  - {{name: readings, interface: lan, direction: out, peer: a recorder, data: Readings., personal: no, protection: none, protocol: tcp,
     ports: [{READINGS}-{READINGS + 1}], networks: [10.77.1.2, 'fd00::/8'], optional: yes}}
  - {{name: calls, interface: lan, direction: out, peer: whoever, data: Calls., personal: no, protection: none, protocol: tcp,
     ports: [{CALLS}-65535], networks: [10.77.1.2]}}
"""


@pytest.fixture
def declared(world, new_unit, hosts):
    """One whose product declares what may come and go."""
    product = world.product / "product.yaml"
    before = product.read_text()
    product.write_text(before.replace("flows:\n", DECLARED, 1))
    try:
        unit = new_unit()
    finally:
        product.write_text(before)
    unit.address, loopback = f"0.0.0.0:{unit.port}", unit.address
    unit.start()
    unit.address = loopback
    unit.take_over()
    unit.address = f"0.0.0.0:{unit.port}"
    yield unit
    subprocess.run([NFT, "delete", "table", "inet", "thingward"], stderr=subprocess.DEVNULL, check=False)


def listener(port):
    return socket.create_server(("0.0.0.0", port), backlog=20)


def goes_out(port, timeout_s=0.15):
    try:
        socket.create_connection((HOSTS["manager"][1], port), timeout=timeout_s).close()
    except TimeoutError:
        return False
    except ConnectionRefusedError:
        pass  # its answer came back, too
    return True


def setting(unit, key, value, *more):
    return unit.tool("device", "settings", "change", key, value, *more, "--device", "unit", "--owner", unit.owner, ok=None)


def value(unit, key):
    return local(unit, "GET", f"/api/v1/settings/{key}").json["value"]


def state(unit):
    return local(unit, "GET", "/api/v1/firewall").json


def table():
    return subprocess.run([NFT, "list", "table", "inet", "thingward"], capture_output=True, text=True, check=False).stdout


@contextlib.contextmanager
def without_role(world):
    before = world.roles.read_text()
    world.roles.write_text("".join(line + "\n" for line in before.splitlines() if not line.startswith("firewall")))
    yield
    world.roles.write_text(before)


def from_manager(unit, manager, *words):
    """As the owner, from the manager's namespace: through the rules, which let the loopback pass."""
    known = unit.owner / "devices" / "unit.json"
    about = json.loads(known.read_text()) | {"address": f"{manager.device_address}:{unit.port}"}
    known.with_name("far.json").write_text(json.dumps(about))
    return manager.run(program("thingward"), "device", *words, "--device", "far", "--owner", unit.owner, ok=False)


def enforce(unit, manager):
    for key, wanted in (("firewall.management", MANAGEMENT), ("firewall.mode", "enforce")):
        done = from_manager(unit, manager, "settings", "change", key, wanted, "--confirm")
        assert done.returncode == 0, done.stderr + unit.said()
        assert "Confirmed" in done.stderr


def test_who_may_reach_it_does_and_others_do_not(far, hosts):
    manager, stranger = hosts["manager"], hosts["stranger"]
    run(NFT, "add", "table", "inet", "others")
    run(NFT, "add", "chain", "inet", "others", "kept")
    assert manager.reaches(far.port) and stranger.reaches(far.port)
    enforce(far, manager)
    assert state(far)["holds"] and state(far)["ports"] == [far.port]
    with open(f"/proc/{far.role_pids()['firewall']}/status", encoding="ascii") as file:
        status = dict(line.split(":\t", 1) for line in file.read().splitlines())
    assert {status["CapEff"], status["CapBnd"]} == {f"{1 << 12:016x}"} and status["Seccomp"] == "2" and set(status["Uid"].split()) == {str(ROLES["firewall"])}
    assert manager.reaches(far.port) and stranger.is_kept_out(far.port)

    # Somebody empties it: seen at once, and put back.
    run(NFT, "flush", "chain", "inet", "thingward", "input")
    wait_for(lambda: "drop" in table() and state(far)["holds"])
    assert stranger.is_kept_out(far.port)
    run(NFT, "delete", "table", "inet", "thingward")
    wait_for(lambda: "drop" in table() and state(far)["holds"])
    assert stranger.is_kept_out(far.port) and manager.reaches(far.port)
    events = [r.get("event") or r.get("id") for r in local(far, "GET", "/api/v1/log?limit=200").json["records"]]
    assert [events.count("firewall." + word) for word in ("disturbed", "restored")] == [1, 1], events  # the second is counted

    # The role dies; core; the whole device: what stood stands all the while, and is looked at again.
    os.kill(far.role_pids()["firewall"], signal.SIGKILL)
    wait_for(lambda: "firewall" in far.role_pids() and state(far)["holds"])
    os.kill(far.role_pids()["core"], signal.SIGKILL)
    assert stranger.is_kept_out(far.port)
    wait_for(lambda: state(far)["holds"])
    assert stranger.is_kept_out(far.port) and manager.reaches(far.port)
    far.stop()
    assert "drop" in table()

    # A start that cannot put its rules: no host is answered by so much as the kernel, and who is at the device hears why.
    run(NFT, "delete", "table", "inet", "thingward")
    with without_role(far.world):
        far.start(wait=False)
        wait_for(lambda: state(far)["why"])
    assert state(far)["holds"] is False and not table()
    assert stranger.is_kept_out(far.port) and manager.is_kept_out(far.port)
    far.stop()
    far.start()
    assert state(far)["holds"] and stranger.is_kept_out(far.port) and manager.reaches(far.port)

    done = setting(far, "firewall.mode", "off", "--confirm")
    assert done.returncode == 0, done.stderr
    assert not table() and stranger.reaches(far.port)
    assert "kept" in run(NFT, "list", "table", "inet", "others").stdout
    run(NFT, "delete", "table", "inet", "others")


def assessed(unit, manager, folder, *more):
    """LA.IC.8, from the manager's host, which the device answers, and from another address there, which is in no network of the management."""
    out = folder / f"evidence{len(list(folder.iterdir()))}.json"
    known = unit.owner / "devices" / "unit.json"
    about = json.loads(known.read_text()) | {"address": f"{manager.device_address}:{unit.port}"}
    known.with_name("far.json").write_text(json.dumps(about))
    manager.run(program("thingward"), "assess", "--device", "far", "--owner", unit.owner, "--product", unit.world.product, "--out", out, "--element",
                "LA.IC.8", *more, ok=False)
    found = {row["probe"]: (row["verdict"], row["reason"]) for row in json.loads(unb64(json.loads(out.read_text())["payload"]))["results"]}
    return found["is-out-of-reach"], found["live-status"]


# @nist LA.IC.8
# @turns LA.IC.8: the packet filter is off, and the port of the management answers everybody
def test_the_probe_passes_from_outside_and_fails_when_nothing_is_kept_out(far, hosts, tmp_path):
    manager, outside = hosts["manager"], "203.0.113.9"
    run("ip", "route", "replace", outside, "dev", "w-manager")
    manager.run("ip", "addr", "replace", f"{outside}/32", "dev", "wire")
    enforce(far, manager)
    probe, status = assessed(far, manager, tmp_path, "--outside-from", outside)
    assert probe[0] == "pass" and "refuses" in probe[1] and status[0] == "pass", (probe, status)
    assert assessed(far, manager, tmp_path)[0][0] == "inconclusive"
    assert "in a network of the management" in assessed(far, manager, tmp_path, "--outside-from", manager.address)[0][1]
    assert setting(far, "firewall.mode", "off", "--confirm").returncode == 0
    probe, status = assessed(far, manager, tmp_path, "--outside-from", outside)
    assert probe[0] == "fail" and "answers" in probe[1] and status[0] == "fail", (probe, status)


def test_what_is_not_confirmed_is_taken_back(far, hosts):
    manager = hosts["manager"]
    enforce(far, manager)
    assert setting(far, "change.within", "5").returncode == 0
    done = setting(far, "firewall.management", "203.0.113.0/24")
    assert done.returncode == 0 and "takes it back in 5 s" in done.stderr
    wait_for(lambda: state(far)["holds"] and manager.is_kept_out(far.port))
    wait_for(lambda: value(far, "firewall.management") == MANAGEMENT and state(far)["holds"])
    assert manager.reaches(far.port)

    # A second change waits its turn; and each end of a part of the device brings the old value back.
    assert setting(far, "change.within", "600").returncode == 0
    for role in ("front", "core"):
        assert setting(far, "firewall.management", "203.0.113.0/24").returncode == 0
        assert "has to be confirmed" in setting(far, "firewall.mode", "off").stderr
        os.kill(far.role_pids()[role], signal.SIGKILL)
        wait_for(lambda: value(far, "firewall.management") == MANAGEMENT and state(far)["holds"])
    assert manager.reaches(far.port)
    # Made over the network, it is not confirmed at the device; nor by who has not heard that it holds.
    assert from_manager(far, manager, "settings", "change", "firewall.management", "203.0.113.0/24").returncode == 0
    wait_for(lambda: local(far, "GET", "/api/v1/change").json.get("holds"))
    word = local(far, "GET", "/api/v1/change").json["word"]
    assert local(far, "POST", "/api/v1/change/confirm", {"word": word}).status in (403, 409)
    over_loopback = far.tool("device", "change", "confirm", word, "--device", "unit", "--owner", far.owner, ok=None)
    assert over_loopback.returncode != 0 and "This door does not show" in over_loopback.stderr
    far.process.kill()
    far.process.wait()
    far.process = None
    far.start()
    assert value(far, "firewall.management") == MANAGEMENT and manager.reaches(far.port)


def test_what_is_not_declared_neither_comes_nor_goes(declared, hosts, new_unit):
    plain = new_unit()
    manager, stranger = hosts["manager"], hosts["stranger"]
    enforce(declared, manager)
    assert setting(declared, "firewall.period", "1").returncode == 0
    with listener(PANEL), listener(OTHER):
        assert stranger.reaches(PANEL) and manager.reaches(OTHER)
        undone = setting(declared, "firewall.ingress", "enforce")
        assert "takes it back in" in undone.stderr
        declared.tool("device", "change", "revert", "--device", "unit", "--owner", declared.owner)
        assert manager.reaches(OTHER)
        for key, wanted in (("firewall.ingress", "enforce"), ("firewall.egress", "report")):
            done = from_manager(declared, manager, "settings", "change", key, wanted, "--confirm")
            assert "Confirmed" in done.stderr, done.stderr
        assert manager.reaches(PANEL) and manager.reaches(declared.port)
        assert manager.is_kept_out(OTHER) and stranger.is_kept_out(PANEL) and stranger.is_kept_out(declared.port)
    assert goes_out(OTHER, 3)  # counted, and let go
    wait_for(lambda: state(declared)["dropped_in"] >= 3 and state(declared)["dropped_out"] >= 1)
    assert "Confirmed" in from_manager(declared, manager, "settings", "change", "firewall.egress", "enforce", "--confirm").stderr
    assert goes_out(READINGS, 3) and goes_out(READINGS + 1, 3) and not goes_out(OTHER)
    dropped = [r["fields"] for r in local(declared, "GET", "/api/v1/log?limit=200").json["records"] if r.get("event") == "firewall.dropped"]
    assert len(dropped) == 1 and dropped[0]["in"] + dropped[0]["out"] >= 1  # what came within the same minute waits

    # What it has and its product does not declare is known, once for each time it appears.
    def links():
        said = local(declared, "GET", "/api/v1/interfaces?limit=300").json
        return said["watched"] and {one["name"]: one["declared"] for one in said["interfaces"] if one["present"]}

    wait_for(lambda: links() and "w-manager" in links())
    run("ip", "link", "add", "x-plugged", "type", "veth", "peer", "name", "w-declared")
    wait_for(lambda: links().get("x-plugged") == "no")
    run("ip", "link", "delete", "x-plugged")
    assert (links()["lo"], links()["w-manager"], links()[f"tcp 0.0.0.0:{declared.port}"]) == ("its own", "lan", "its own")
    told = [r["fields"]["name"] for r in local(declared, "GET", "/api/v1/log?limit=200").json["records"] if r.get("event") == "interface.undeclared"]
    assert told.count("x-plugged") == 1 and "w-declared" not in told

    # The owner switches off what the product can do without, and nothing else; what is not declared cannot be named at all.
    assert "does not do without panel" in setting(declared, "firewall.declined", "panel").stderr
    assert "declares none that is 'ssh'" in setting(declared, "firewall.declined", "ssh").stderr
    undone = setting(declared, "firewall.declined", "readings")  # whoever comes by it would be cut off
    assert "takes it back in" in undone.stderr
    declared.tool("device", "change", "revert", "--device", "unit", "--owner", declared.owner)
    assert value(declared, "firewall.declined") == ""
    assert "Confirmed" in from_manager(declared, manager, "settings", "change", "firewall.declined", "readings", "--confirm").stderr
    wait_for(lambda: state(declared)["holds"] and "48603" not in table())
    assert not goes_out(READINGS)
    flows = {one["name"]: one for one in local(declared, "GET", "/api/v1/firewall/flows").json["flows"]}
    assert [(one["direction"], one["ports"], one["networks"], one["declined"]) for one in flows.values()] == [
        ("in", "48601", "10.77.1.0/24", False), ("out", "48603-48604", "10.77.1.2 fd00::/8", True),
        ("out", "61001-65535", "10.77.1.2", False)]


    # An update to a product that declares nothing: the rules for the management stand, and that the rest is not judged is said.
    declared.stop()
    shutil.copy(plain.config / "product.manifest", declared.config / "product.manifest")
    declared.start()
    wait_for(lambda: state(declared)["holds"])
    assert "declares no flows" in state(declared)["unjudged"] and value(declared, "firewall.ingress") == "enforce"
    assert manager.reaches(declared.port) and stranger.is_kept_out(declared.port)
    with listener(OTHER):
        assert manager.reaches(OTHER)
    records = local(declared, "GET", "/api/v1/log?limit=200").json["records"]
    assert [r["fields"]["why"] for r in records if r.get("event") == "firewall.unjudged"] == [state(declared)["unjudged"]]


FLOOD = "import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); [s.sendto(b'x', (sys.argv[1], int(sys.argv[2]))) for _ in range(1500)]"


AT_ONCE = """import select, socket, sys
made = [socket.socket() for _ in range(12)]
for i, one in enumerate(made):
    if sys.argv[3:]:
        one.bind(("", int(sys.argv[3]) + i))
    one.setblocking(False)
    one.connect_ex((sys.argv[1], int(sys.argv[2])))
select.select([], [], [], 0.3)
print(len(select.select([], made, [], 0)[1]))"""


def arrive(host, receiver):
    """How many of 1,500 datagrams, sent as fast as it goes, the device takes in."""
    host.run(sys.executable, "-S", "-c", FLOOD, host.device_address, receiver.getsockname()[1])
    count = 0
    with contextlib.suppress(BlockingIOError):
        while receiver.recv(16):
            count += 1
    return count


def rates(unit):
    return {one["what"]: one for one in state(unit)["rates"]}


def test_who_sends_too_much_is_held_to_the_rate_and_others_get_through(declared, hosts):
    manager, stranger = hosts["manager"], hosts["stranger"]
    link, each = "link:w-stranger:packets", f"tcp:{OTHER}:connections-each"
    enforce(declared, manager)
    assert setting(declared, "firewall.period", "1").returncode == 0
    assert setting(declared, "change.within", "60").returncode == 0

    def change(key, wanted):
        done = from_manager(declared, manager, "settings", "change", key, wanted, "--confirm")
        assert "Confirmed" in done.stderr, done.stderr + declared.said()

    # Nobody can be shut out by too little, by whatever name he comes; nor is there a limit of what the product does not declare.
    for words, why in ((f"tcp:{declared.port}:connections=4/10", "would cut off who administrates"), ("management:packets=10/200", "would cut off who"),
                       ("flow:ssh:packets=1/1", "declares no flow that is 'ssh'"), ("link:lo:packets=100/200", "has no limit"), ("eth0=5", "is not WHAT:UNIT")):
        assert why in setting(declared, "firewall.rates-normal", words).stderr, words
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver, listener(OTHER):
        receiver.setsockopt(socket.SOL_SOCKET, 33, 1 << 23)  # SO_RCVBUFFORCE: what does not arrive is not for want of room
        receiver.bind(("0.0.0.0", 0))
        receiver.setblocking(False)
        assert arrive(stranger, receiver) == arrive(manager, receiver) == 1500
        undone = setting(declared, "firewall.rates-normal", f"{link}=100/200")
        assert "takes it back in" in undone.stderr
        wait_for(lambda: state(declared)["holds"])
        assert arrive(stranger, receiver) < 700  # the burst, and so much a second
        declared.tool("device", "change", "revert", "--device", "unit", "--owner", declared.owner)
        wait_for(lambda: state(declared)["holds"] and not rates(declared))
        assert arrive(stranger, receiver) == 1500

        change("firewall.rates-normal", f"{link}=100/200 {each}=1/4 management:connections-each=5/10 flow:readings:packets-each=500/500")
        assert 200 <= arrive(stranger, receiver) < 700
        assert arrive(manager, receiver) == 1500
        assert 1 <= int(manager.run(sys.executable, "-S", "-c", AT_ONCE, manager.device_address, OTHER).stdout) <= 6  # of 12; a repeat comes after a second
        assert stranger.reaches(OTHER)
        assert manager.reaches(declared.port)
        wait_for(lambda: rates(declared)[link]["dropped"] >= 800 and rates(declared)[each]["dropped"] >= 3)
        assert rates(declared)["management:connections-each"] == {
            "what": "management:connections-each", "rate": 5, "burst": 10, "declared": True, "dropped": 0}

        # A flow to the ports that the administrator's own connections come from does not hold what the device answers them.
        change("firewall.rates-normal", f"{link}=100/200 {each}=1/4 management:connections-each=20/40 flow:calls:packets=1/1")
        assert int(manager.run(sys.executable, "-S", "-c", AT_ONCE, manager.device_address, declared.port, CALLS).stdout) == 12
        assert from_manager(declared, manager, "settings", "read", "firewall.mode").returncode == 0
        assert rates(declared)["flow:calls:packets"]["dropped"] == 0
        subprocess.run([sys.executable, "-S", "-c", AT_ONCE, manager.address, str(CALLS)], check=True, stdout=subprocess.DEVNULL, timeout=20)
        wait_for(lambda: rates(declared)["flow:calls:packets"]["dropped"] >= 8 and state(declared)["holds"])
        change("firewall.rates-normal", f"{link}=100/200 {each}=1/4 management:connections-each=5/10 flow:readings:packets-each=500/500")

        limited = [r["fields"] for r in local(declared, "GET", "/api/v1/log?limit=200").json["records"] if r.get("event") == "firewall.limited"]
        assert [one["what"] for one in limited].count(link) == 1 and len(limited) <= 3, limited

        # Somebody takes a limit away; the role dies; the device starts anew.
        run(NFT, "flush", "chain", "inet", "thingward", "rate0")
        wait_for(lambda: "100/second" in table() and state(declared)["holds"])
        os.kill(declared.role_pids()["firewall"], signal.SIGKILL)
        wait_for(lambda: "firewall" in declared.role_pids() and state(declared)["holds"])
        declared.stop()
        run(NFT, "delete", "table", "inet", "thingward")
        declared.start()
        wait_for(lambda: state(declared)["holds"])
        assert arrive(stranger, receiver) < 700 and arrive(manager, receiver) == 1500

        # Another mode has a list of its own.
        change("firewall.rates-maintenance", "link:w-manager:packets=100/200")
        assert arrive(manager, receiver) == 1500
        change("interfaces.mode", "maintenance")
        assert arrive(manager, receiver) < 1400 and arrive(stranger, receiver) == 1500 and list(rates(declared)) == ["link:w-manager:packets"]


def test_what_the_role_answers_late_counts_for_what_it_was_told(far, hosts):
    enforce(far, hosts["manager"])
    role = far.role_pids()["firewall"]
    os.kill(role, signal.SIGSTOP)
    assert setting(far, "firewall.management", "203.0.113.0/24").returncode == 0  # told, and not answered
    assert not state(far)["holds"]  # so nobody can confirm it yet: what stands is what stood before
    far.tool("device", "change", "revert", "--device", "unit", "--owner", far.owner)
    assert setting(far, "firewall.mode", "off").returncode == 0
    os.kill(role, signal.SIGCONT)
    wait_for(lambda: not table())
    assert hosts["stranger"].reaches(far.port)


def test_without_its_role_it_is_refused(world, new_unit):
    with without_role(world):
        unit = new_unit().start()
    unit.take_over()
    done = setting(unit, "firewall.mode", "enforce")
    assert done.returncode != 0 and "roles.tab has no line for firewall" in done.stderr
    assert "declares no flows" in setting(unit, "firewall.ingress", "enforce").stderr
    assert local(unit, "GET", "/api/v1/firewall/flows").json["declared"] is False
    assert "'lan'" in setting(unit, "firewall.management", "lan").stderr
