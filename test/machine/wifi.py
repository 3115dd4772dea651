#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Wi-Fi on radios that the kernel simulates: a unit joins networks of hostapd's through wpa_supplicant. A part of guest.py; as a program it does this alone.

The access point is in a network namespace of its own, so that what passes between the two went through the air.
"""
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import world as worlds  # noqa: E402
from guest import check, judged, told, within  # noqa: E402

PLACE = Path("/run/wifi")
AIR = "ap"
SSID = "upper deck"
DOMAIN = "radius.example.net"

SAE = f"""interface=wlan0
driver=nl80211
ssid={SSID}
channel=1
hw_mode=g
wpa=2
wpa_key_mgmt=SAE
rsn_pairwise=CCMP
ieee80211w=2
sae_password=correct horse battery
"""
EAP = f"""interface=wlan0
driver=nl80211
ssid={SSID}
channel=1
hw_mode=g
wpa=2
wpa_key_mgmt=WPA-EAP
rsn_pairwise=CCMP
ieee8021x=1
eap_server=1
eap_user_file={PLACE}/users
ca_cert={PLACE}/clients.crt
server_cert={PLACE}/server.crt
private_key={PLACE}/server.key
"""
USERS = '"unit-7" TLS\n"stranger" TLS\n"anonymous" PEAP\n"user" MSCHAPV2 "pass word" [2]\n'


def do(*words, **options):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise worlds.Failed(f"{' '.join(str(word) for word in words)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def authority(name):
    do("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-days", "30", "-keyout", PLACE / f"{name}.key", "-out", PLACE / f"{name}.crt")
    return (PLACE / f"{name}.crt").read_text()


def certified(by, request, name, extensions):
    """A request in a file NAME.csr, certified by an authority of ours: its PEM."""
    (PLACE / f"{name}.csr").write_text(request)
    (PLACE / f"{name}.ext").write_text(extensions)
    do("openssl", "x509", "-req", "-in", PLACE / f"{name}.csr", "-CA", PLACE / f"{by}.crt", "-CAkey", PLACE / f"{by}.key", "-set_serial", str(abs(hash(name)) % 10**9 + 1), "-days", "20", "-sha256", "-extfile", PLACE / f"{name}.ext", "-out", PLACE / f"{name}.crt")
    return (PLACE / f"{name}.crt").read_text()


class Air:
    """wlan0 as an access point, wlan1 as ours with its wpa_supplicant."""

    def __init__(self):
        PLACE.mkdir()
        self.ap = None
        phy = next(entry.name for entry in Path("/sys/class/ieee80211").iterdir() if (entry / "device/net/wlan0").exists())
        do("ip", "netns", "add", AIR)
        do("iw", "phy", phy, "set", "netns", "name", AIR)
        do("ip", "-n", AIR, "link", "set", "lo", "up")
        self.ours = None
        self.supplicant()

    def supplicant(self):
        log = (PLACE / "wpa.log").open("ab")
        self.ours = subprocess.Popen(["wpa_supplicant", "-i", "wlan1", "-D", "nl80211", "-C", "/run/wpa_supplicant"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if not within(10, lambda: Path("/run/wpa_supplicant/wlan1").exists()):
            raise worlds.Failed(f"wpa_supplicant does not begin\n{self.said()}")

    def sends(self, what):
        if self.ap:
            self.ap.terminate()
            self.ap.wait(10)
        (PLACE / "hostapd.conf").write_text(what)
        log = (PLACE / "hostapd.log").open("ab")
        self.ap = subprocess.Popen(["ip", "netns", "exec", AIR, "hostapd", PLACE / "hostapd.conf"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        do("ip", "-n", AIR, "address", "replace", "192.0.2.1/24", "dev", "wlan0")

    def said(self):
        return "".join(f"--- {name}\n{(PLACE / name).read_text()[-3000:]}" for name in ("wpa.log", "hostapd.log") if (PLACE / name).exists())

    def ends(self):
        for one in (self.ap, self.ours):
            if one:
                one.terminate()
                one.wait(10)


ECHO = """import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("192.0.2.1", 7007))
print("ready", flush=True)
what, who = s.recvfrom(100)
s.sendto(what[::-1], who)
"""
ASK = """import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1)
s.bind(("192.0.2.2", 0))
for _ in range(5):
    s.sendto(b"over the air", ("192.0.2.1", 7007))
    try:
        print(s.recv(100).decode())
        break
    except TimeoutError:
        pass
"""


def passes():
    """A datagram to the access point and its answer."""
    do("ip", "address", "replace", "192.0.2.2/24", "dev", "wlan1")
    echo = subprocess.Popen(["ip", "netns", "exec", AIR, sys.executable, "-c", ECHO], stdout=subprocess.PIPE, text=True)
    echo.stdout.readline()
    try:
        return do(sys.executable, "-c", ASK).strip()
    finally:
        echo.kill()
        echo.wait()


class Networks:
    def __init__(self, unit, air):
        self.unit, self.air = unit, air

    def wifi(self):
        return self.unit.json("wifi", "read")

    def add(self, name, kind, secret, *more):
        word = self.unit.folder / "secret"
        word.write_text(secret + "\n")
        said = self.unit.json("wifi", "add", "--name", name, "--kind", kind, "--ssid", SSID, "--secret-file", word, *more)
        check(f"{name}: the secret is not read back", secret not in str(said) and secret not in str(self.wifi()), said)

    def enrol(self, name, identity, by, server):
        request = self.unit.json("wifi", "enrol", "--name", name, "--ssid", SSID, "--identity", identity, "--authority", server, "--domain", DOMAIN)["request"]
        self.unit.json("wifi", "certify", name, "--certificate", certified(by, request, name, "extendedKeyUsage=clientAuth\n"))

    def joins(self, name, within_s=30):
        """Chosen, joined, and confirmed: which it cannot be before it is joined."""
        done = self.unit.tool("device", "settings", "change", "wifi.network", name, "--confirm", "--device", "unit", "--owner", self.unit.owner, ok=None, timeout=within_s + 30)
        said = self.wifi()
        check(f"{name} is joined", done.returncode == 0 and said["joined"] and said["network"] == name, f"{done.stdout}{done.stderr}\n{said}\n{self.air.said()}")
        return said

    def is_refused(self, name, words):
        """Chosen, not joined, said why, and taken back."""
        self.unit.tool("device", "settings", "change", "wifi.network", name, "--device", "unit", "--owner", self.unit.owner)
        good = within(20, lambda: any(one["network"] == name and words in one["why"] for one in told(self.unit, "wifi.refused")))
        said = self.wifi()
        check(f"{name} is refused", good and not said["joined"], f"{said}\n{told(self.unit, 'wifi.refused')}\n{self.air.said()}")
        self.unit.json("change", "revert")
        check(f"{name} is taken back", self.wifi()["network"] != name)


# @nist LA.IC.14.1: a WPA3 network is joined on a simulated radio, and passes traffic; a wrong passphrase is refused
# @turns LA.IC.14.1: the network is not to be joined any more, and is not
def joins_wpa3(unit, air, networks):
    air.sends(SAE)
    unit.tool("device", "settings", "change", "wifi.link", "wlan1", "--confirm", "--device", "unit", "--owner", unit.owner)
    networks.add("deck", "wpa3-sae", "correct horse battery")
    networks.add("mistyped", "wpa3-sae", "correct horse battory")
    networks.is_refused("mistyped", "passphrase may be wrong")
    said = networks.joins("deck")
    check("by WPA3, with management frames protected", (said["authentication"], said["cipher"], said["management_frames"]) == ("SAE", "CCMP", "protected"), said)
    check("it passes traffic", passes() == "ria eht revo", air.said())
    link = next(one for one in unit.json("interfaces", "list")["interfaces"] if one["name"] == "wlan1")
    check("the link says so", link["network"] == "deck" and link["bssid"] == said["bssid"] and link["signal"] < 0, link)
    (found,) = judged(unit, {"LA.IC.14.1": "joins-a-network"}, "none")
    check("the probe passes", found[0] == "pass", found)
    unit.tool("device", "settings", "change", "wifi.network", "", "--confirm", "--device", "unit", "--owner", unit.owner)
    check("it is left", within(5, lambda: not networks.wifi()["joined"]), networks.wifi())
    (found,) = judged(unit, {"LA.IC.14.1": "joins-a-network"}, "none")
    check("the probe fails", found[0] == "fail", found)


def follows_its_link(unit, air, networks):
    """Another link is to have the network: this one leaves it, and has it again when that is taken back."""
    air.sends(SAE)
    networks.joins("deck")
    unit.tool("device", "settings", "change", "wifi.link", "wlan0", "--device", "unit", "--owner", unit.owner)
    check("the link before is left", within(10, lambda: "Not connected" in do("iw", "dev", "wlan1", "link")), air.said())
    check("which is told", within(5, lambda: any(one["link"] == "wlan1" for one in told(unit, "wifi.lost"))), told(unit, "wifi.lost"))
    unit.json("change", "revert")
    said = networks.wifi()
    check("taken back, it is joined again", within(40, lambda: networks.wifi()["joined"]) and "Connected" in do("iw", "dev", "wlan1", "link"), f"{said}\n{air.said()}")
    unit.tool("device", "settings", "change", "wifi.network", "", "--confirm", "--device", "unit", "--owner", unit.owner)


def outlives_ends(unit, air, networks):
    """An end of the software, and of wpa_supplicant."""
    air.sends(SAE)
    networks.joins("deck")
    before = (PLACE / "wpa.log").read_text().count("CTRL-EVENT-CONNECTED")
    since = len(told(unit, "wifi.joined"))
    unit.stop()
    unit.start()
    check("a start of the software cuts nobody off", within(15, lambda: networks.wifi()["joined"]) and (PLACE / "wpa.log").read_text().count("CTRL-EVENT-CONNECTED") == before, air.said())
    air.ours.terminate()
    air.ours.wait(10)
    check("without wpa_supplicant it is not joined", within(15, lambda: not networks.wifi()["joined"]), networks.wifi())
    check("which is told", within(5, lambda: told(unit, "wifi.lost")), told(unit, "wifi.lost"))
    air.supplicant()
    check("with it it is again", within(40, lambda: networks.wifi()["joined"]) and len(told(unit, "wifi.joined")) > since, (networks.wifi(), air.said()))
    unit.tool("device", "settings", "change", "wifi.network", "", "--confirm", "--device", "unit", "--owner", unit.owner)


# @nist LA.IC.15: EAP-TLS with the right certificate joins and with another authority's fails, PEAP by its password; a server of another authority is refused
# @turns LA.IC.15: the network is not to be joined any more, and is not
def joins_eap(unit, air, networks):
    clients, server, _ = authority("clients"), authority("servers"), authority("others")
    do("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={DOMAIN}", "-keyout", PLACE / "server.key", "-out", PLACE / "server.csr")
    certified("servers", (PLACE / "server.csr").read_text(), "server", f"subjectAltName=DNS:{DOMAIN}\nextendedKeyUsage=serverAuth\n")
    (PLACE / "users").write_text(USERS)
    air.sends(EAP)
    peap = ("--identity", "user", "--outer", "anonymous", "--domain", DOMAIN)
    networks.enrol("tls", "unit-7", "clients", server)
    networks.enrol("tls-other", "stranger", "others", server)
    networks.enrol("tls-server", "unit-7", "clients", clients)
    networks.add("peap", "peap", "pass word", *peap, "--authority", server)
    networks.add("peap-wrong", "peap", "pass wird", *peap, "--authority", server)

    networks.is_refused("tls-other", "EAP authentication failed")
    networks.is_refused("tls-server", "no authority of its is trusted")
    said = networks.joins("tls")
    check("by EAP", "EAP" in said["authentication"] and said["cipher"] == "CCMP", said)
    check("it passes traffic by EAP-TLS", passes() == "ria eht revo", air.said())
    check("no key lies in a file of its", not list(Path("/run/wpa_supplicant").rglob("*key*")), air.said())
    (found,) = judged(unit, {"LA.IC.15": "is-configured"}, "none")
    check("the probe of settings passes", found[0] == "pass", found)
    networks.is_refused("peap-wrong", "EAP authentication failed")
    networks.joins("peap")
    unit.tool("device", "settings", "change", "wifi.network", "", "--confirm", "--device", "unit", "--owner", unit.owner)
    (found,) = judged(unit, {"LA.IC.15": "is-configured"}, "none")
    check("the probe of settings fails", found[0] == "fail", found)


def joins(unit, parts):
    air = Air()
    networks = Networks(unit, air)
    try:
        for part in parts:
            begun = time.monotonic()
            part(unit, air, networks)
            print(f"{part.__name__}: {time.monotonic() - begun:.0f} s", flush=True)
    finally:
        air.ends()


def main():
    with worlds.World() as world:
        unit = world.device("RADIO-1")
        unit.start()
        unit.take_over()
        try:
            joins(unit, (joins_wpa3, joins_eap, follows_its_link, outlives_ends))
        except worlds.Failed as failure:
            check("goes on", False, f"{failure}\n{unit.said()}")
    print("end")


if __name__ == "__main__":
    main()
