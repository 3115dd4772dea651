# SPDX-License-Identifier: Apache-2.0
"""Traffic to home systems, with a network of a host of its own that is home or pretends to be: a witness that proves it by its key, an impostor, a real
tunnel; what other programs send in plain, what the device itself says, and roles that are gone."""
import contextlib
import hashlib
import ipaddress
import json
import os
import shutil
import signal
import socket
import subprocess

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from harness import Client, local, unb64, wait_for
from test_fetch import SPKI
from test_firewall import HOSTS, NFT, enforce, hosts_of, run, setting, state, table
from test_tasks import confirm, ended
from world import program

from server import PEM, Authority, key_pem, name_of, new_key

HOSTS.setdefault("home", ("10.77.3.1", "10.77.3.2"))
DEVICE, HOME = HOSTS["home"]
SYSTEMS, PLAIN, WITNESS, OTHER = "10.77.3.0/24", 47001, 47002, 47003
pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="needs namespaces"), pytest.mark.skipif(not NFT, reason="needs nftables")]


@pytest.fixture(scope="module")
def hosts():
    with hosts_of("manager", "home") as made:
        yield made


@pytest.fixture(scope="module")
def unit(world, hosts):
    one = world.device("home")
    one.address, loopback = f"0.0.0.0:{one.port}", one.address
    one.start()
    one.address = loopback
    one.take_over()
    one.address = f"0.0.0.0:{one.port}"
    confirm(one)
    enforce(one, hosts["manager"])
    yield one
    one.stop()


@contextlib.contextmanager
def within(host, *words):
    """A program in the host's namespace, for a while."""
    child = subprocess.Popen(["nsenter", f"--net=/proc/{host.holder.pid}/ns/net", *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True)
    try:
        yield child
    finally:
        child.kill()
        child.wait()


class Server:
    """OpenSSL's own server in the host's namespace, which asks for a certificate or does not."""

    def __init__(self, folder, name, asks=True):
        self.root, self.key, self.asks = Authority(), new_key(), asks
        own = self.root.issue(name_of(name), self.key.public_key(), [x509.IPAddress(ipaddress.ip_address(HOME))], ExtendedKeyUsageOID.SERVER_AUTH)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(key_pem(self.key) + own.public_bytes(PEM))
        self.digest = hashlib.sha256(self.key.public_key().public_bytes(*SPKI)).hexdigest()

    @contextlib.contextmanager
    def at(self, host, port):
        with within(host, "openssl", "s_server", "-accept", f"{HOME}:{port}", "-cert", self.file, "-www", *(["-Verify", "1"] if self.asks else [])) as child:
            next(line for line in child.stdout if line.startswith("ACCEPT"))
            yield

    def url(self, port):
        return f"https://{HOME}:{port}/"


def home(unit):
    return local(unit, "GET", "/api/v1/home").json


def is_at(unit, where):
    now = home(unit)
    return now["holds"] and now["at"] == where


def goes(host=HOME, port=PLAIN):
    """Does a packet of some program's reach a home system? Its answer, that nobody is there, came back then."""
    try:
        socket.create_connection((host, port), timeout=0.2).close()
    except TimeoutError:
        return False
    except ConnectionRefusedError:
        pass
    return True


def change(unit, key, value):
    done = setting(unit, key, value, "--confirm")
    assert done.returncode == 0, done.stderr + unit.said()


def told(unit):
    events = [r.get("event") for r in reversed(local(unit, "GET", "/api/v1/log?limit=200").json["records"])]
    return [event for event in events if event in ("home.arrived", "home.left")]


def element(unit):
    return next(r for r in local(unit, "GET", "/api/v1/capabilities?limit=300").json["elements"] if r["id"] == "LA.EC.5")


@pytest.fixture(scope="module")
def owner(unit):
    client = Client(unit, certificate=False)
    client.context.load_cert_chain(unit.owner / "owner.crt", unit.owner / "owner.key")
    return client


def verdict(owner, server, port, certificate):
    begun = owner.ask("POST", "/api/v1/outside-trials", {"url": server.url(port), "anchors": server.root.pem(), "certificate": certificate})
    assert begun.status == 202, begun.body
    return ended(owner, begun.headers["location"])["result"]["verdict"]


@pytest.fixture
def plain_again(unit):
    yield
    for key in ("home.systems", "home.tunnel", "home.witness"):
        change(unit, key, "")


# @nist LA.EC.5: away from home nothing of any program's goes to home systems, and the device's own as mutual TLS alone
def test_abroad_only_mutual_tls_goes(unit, owner, hosts, tmp_path, plain_again):
    asking, silent = Server(tmp_path, "asking"), Server(tmp_path, "silent", asks=False)
    assert element(unit)["status"] == "off by policy" and home(unit)["at"] == "unknown"
    assert goes() and not told(unit)
    change(unit, "home.systems", SYSTEMS)
    wait_for(lambda: is_at(unit, "abroad"))
    assert not goes() and "drop" in table() and element(unit)["status"] == "provided"
    with asking.at(hosts["home"], WITNESS), silent.at(hosts["home"], OTHER):
        assert verdict(owner, asking, WITNESS, False) == "fetch.home"
        assert verdict(owner, silent, OTHER, True) == "fetch.home"
        assert verdict(owner, asking, WITNESS, True) == "met"
    assert told(unit) == ["home.left"]
    # Who administrates is answered, wherever he is; nobody else is.
    assert hosts["home"].reaches(unit.port) is False, "firewall.management does not name it"
    hosts["home"].run("ping", "-c1", "-W1", DEVICE, ok=False)
    # Somebody empties it, and the role dies.
    run(NFT, "flush", "chain", "inet", "thingward", "home")
    wait_for(lambda: is_at(unit, "abroad") and not goes())
    os.kill(unit.role_pids()["firewall"], signal.SIGKILL)
    assert not goes()
    wait_for(lambda: is_at(unit, "abroad"))


# @nist LA.EC.5: home is where its witness proves it by its key, on that link and for as long
def test_home_is_proven_and_ends(unit, hosts, tmp_path, plain_again):
    witness, impostor = Server(tmp_path, "witness"), Server(tmp_path, "impostor")
    before = len(told(unit))
    assert setting(unit, "home.period", "5").returncode == 0
    change(unit, "home.witness", f"w-home {HOME}:{WITNESS} {witness.digest}")
    change(unit, "home.systems", SYSTEMS)
    assert not goes()
    with witness.at(hosts["home"], WITNESS):
        wait_for(lambda: is_at(unit, "home"))
        assert goes() and "athome" in table() and told(unit)[before:] == ["home.left", "home.arrived"]
        # The link goes down and comes up: until it is proven anew, nothing goes.
        run("ip", "link", "set", "w-home", "down")
        wait_for(lambda: home(unit)["at"] != "home")
        run("ip", "link", "set", "w-home", "up")
        wait_for(lambda: is_at(unit, "home") and goes(), timeout_s=30)
    # Whoever has its address, and another key, does not prove it.
    with impostor.at(hosts["home"], WITNESS):
        wait_for(lambda: is_at(unit, "abroad"), timeout_s=20)
        assert not goes() and "none of the keys" in home(unit)["why"]
    with witness.at(hosts["home"], WITNESS):
        wait_for(lambda: is_at(unit, "home"), timeout_s=20)
        # Core dies: what it knew is asked anew.
        os.kill(unit.role_pids()["core"], signal.SIGKILL)
        wait_for(lambda: is_at(unit, "home") and goes(), timeout_s=20)


# @nist LA.EC.5: a device that is gone keeps nothing open
@pytest.mark.skipif("TW_DEEP" not in os.environ, reason="takes half a minute: TW_DEEP=1")
def test_the_kernel_forgets_that_it_is_home(unit, hosts, tmp_path, plain_again):
    witness = Server(tmp_path, "witness")
    change(unit, "home.witness", f"w-home {HOME}:{WITNESS} {witness.digest}")
    change(unit, "home.systems", SYSTEMS)
    with witness.at(hosts["home"], WITNESS):
        wait_for(lambda: is_at(unit, "home"), timeout_s=20)
        unit.stop()
        assert goes()
        wait_for(lambda: not goes(), timeout_s=30)
        unit.start()
        wait_for(lambda: is_at(unit, "home") and goes(), timeout_s=30)


WG = shutil.which("wireguard-go") and shutil.which("wg")
INNER = "10.77.9.2"


def tunnel_key(folder, name):
    private = subprocess.run(["wg", "genkey"], capture_output=True, text=True, check=True).stdout
    (folder / name).write_text(private)
    return folder / name, subprocess.run(["wg", "pubkey"], input=private, capture_output=True, text=True, check=True).stdout.strip()


@contextlib.contextmanager
def tunnel(host, folder):
    """WireGuard between the device (wg-unit, .1) and a gateway of its home (wg-home, .2), over the network of that host."""
    (ours, our_public), (theirs, their_public) = tunnel_key(folder, "unit"), tunnel_key(folder, "gateway")
    here = subprocess.Popen(["wireguard-go", "--foreground", "wg-unit"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with within(host, "wireguard-go", "--foreground", "wg-home"):
        try:
            wait_for(lambda: subprocess.run(["wg", "show", "wg-unit"], capture_output=True, check=False).returncode == 0)
            wait_for(lambda: host.run("wg", "show", "wg-home", ok=False).returncode == 0)
            host.run("wg", "set", "wg-home", "private-key", theirs, "listen-port", 51820, "peer", our_public, "allowed-ips", "10.77.9.1/32")
            host.run("ip", "addr", "add", f"{INNER}/24", "dev", "wg-home")
            host.run("ip", "link", "set", "wg-home", "up")
            run("wg", "set", "wg-unit", "private-key", ours, "peer", their_public, "allowed-ips", "10.77.9.0/24", "endpoint", f"{host.address}:51820")
            run("ip", "addr", "add", "10.77.9.1/24", "dev", "wg-unit")
            run("ip", "link", "set", "wg-unit", "up")
            yield
        finally:
            here.kill()
            here.wait()


# @nist LA.EC.5: by the tunnel it goes, and beside it nothing does
@pytest.mark.skipif(not WG, reason="needs wireguard-go and wg")
def test_by_the_tunnel_alone(unit, owner, hosts, tmp_path, plain_again):
    host, asking = hosts["manager"], Server(tmp_path, "asking")
    host.run("ip", "addr", "add", f"{INNER}/32", "dev", "lo")
    change(unit, "home.tunnel", "wg-unit")
    change(unit, "home.systems", "10.77.9.0/24")
    wait_for(lambda: is_at(unit, "abroad"))
    with tunnel(host, tmp_path):
        wait_for(lambda: goes(INNER), timeout_s=20)
        assert "by the tunnel alone" in element(unit)["reason"]
    # The tunnel is gone, and another way leads to the same address.
    run("ip", "route", "replace", "10.77.9.0/24", "via", host.address)
    assert not goes(INNER)
    assert verdict(owner, asking, PLAIN, True) != "met"
    change(unit, "home.systems", "")
    assert goes(INNER), "it is the rules that kept it"


PROBE = "LA.EC.5/keeps-from-home"
ADDRESS = "203.0.113.9"


@pytest.fixture
def somewhere(hosts):
    """An address of the manager's host, to which the device has a way."""
    run("ip", "route", "replace", ADDRESS, "dev", "w-manager")
    hosts["manager"].run("ip", "addr", "replace", f"{ADDRESS}/32", "dev", "wire")


def assessed(unit, manager, folder, *more):
    out = folder / f"evidence{len(list(folder.iterdir()))}.json"
    known = unit.owner / "devices" / "unit.json"
    about = json.loads(known.read_text()) | {"address": f"{manager.device_address}:{unit.port}"}
    known.with_name("far.json").write_text(json.dumps(about))
    manager.run(program("thingward"), "assess", "--device", "far", "--owner", unit.owner, "--product", unit.world.product, "--out", out, "--element",
                PROBE, *more, ok=False)
    ((_, verdict, reason),) = [(row["probe"], row["verdict"], row["reason"]) for row in json.loads(unb64(json.loads(out.read_text())["payload"]))["results"]]
    return verdict, reason


# @nist LA.EC.5
# @turns LA.EC.5: what the device's programs send to home systems is not kept from them
def test_the_probe_passes_and_fails_when_nothing_keeps_it(unit, hosts, tmp_path, somewhere):
    manager = hosts["manager"]
    assert assessed(unit, manager, tmp_path)[0] == "inconclusive"
    verdict, reason = assessed(unit, manager, tmp_path, "--home-from", ADDRESS)
    assert verdict == "pass", reason
    wait_for(lambda: home(unit)["systems"] == "" and state(unit)["holds"])
    os.kill(unit.role_pids()["firewall"], signal.SIGSTOP)
    try:
        verdict, reason = assessed(unit, manager, tmp_path, "--home-from", ADDRESS)
    finally:
        os.kill(unit.role_pids()["firewall"], signal.SIGCONT)
    assert verdict == "fail" and "in plain" in reason, reason


# @turns LA.EC.5: what is named as the tunnel is the foreign network itself
@pytest.mark.skipif("TW_DEEP" not in os.environ, reason="another five seconds: TW_DEEP=1")
def test_the_probe_fails_when_the_tunnel_is_none(unit, hosts, tmp_path, somewhere, plain_again):
    change(unit, "home.tunnel", "w-manager")
    verdict, reason = assessed(unit, hosts["manager"], tmp_path, "--home-from", ADDRESS)
    assert verdict == "fail" and "in plain" in reason, reason
    change(unit, "home.tunnel", "wg-none")
    verdict, reason = assessed(unit, hosts["manager"], tmp_path, "--home-from", ADDRESS)
    assert verdict == "pass" and "beside its tunnel" in reason, reason
