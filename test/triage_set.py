#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A made-up product, its feeds and its kernel, for tests and figures of triage: nothing in it is a real record. Always the same.

    test/triage_set.py DIR [RECORDS]

What it assumes, and so what a figure made with it means:
- 300 packages of a distribution with package URLs and versions, a quarter with a CPE name of the upstream project too; and one kernel, as its CNA writes
  records of it (two entries, versions and files).
- 3,000 CVE records of the kernel. 70 in 100 lie in drivers, file systems or protocols that one option switches on alone, which is off in nine of ten of these
  folders (a device's configuration has few of a kernel's drivers); of the rest 97 in 100 were corrected in a release before the product's, for most records are older
  than a kernel that is kept up to date. What is left is in files that are compiled, in a version that is affected.
- For each package some records of its distribution, nearly all corrected in the version that is installed; and upstream's own records beside every third one, whose ranges
  do not know that the distribution corrected the same in an older version.
- A VEX document by the packages' maker, and a list of what is installed, which lacks ten of the inventory's packages.
- RECORDS fills up with records of packages that the product does not have: a real feed is nearly nothing else.
"""
import json
import pathlib
import random
import sys

FOLDERS = [f"{top}/{name}" for top, names in {
    "drivers/net/ethernet": 40, "drivers/gpu/drm": 40, "drivers/media/usb": 20, "drivers/usb/serial": 20, "drivers/scsi": 40, "fs": 40, "net": 40, "sound/pci": 40,
}.items() for name in [f"part{i:02}" for i in range(names)]]
CORE = ["kernel/fork.c", "mm/mmap.c", "net/core.c", "fs/inode.c", "drivers/base.c", "lib/string.c"]


def option(folder):
    return "PART_" + folder.replace("/", "_").upper()


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")


def cve(number, affected, title):
    return {"dataType": "CVE_RECORD", "dataVersion": "5.1", "cveMetadata": {"cveId": number, "state": "PUBLISHED"},
            "containers": {"cna": {"title": title, "affected": affected, "descriptions": [{"lang": "en", "value": title + ". " + "Made up. " * 40}]}}}


def kernel_source(root, dice):
    """Makefiles as the kernel's are: a folder is descended into when its option is on."""
    lines = {"": ["obj-y += kernel/ mm/ net/ fs/ drivers/ lib/ sound/"], "kernel": ["obj-y += fork.o"], "mm": ["obj-y += mmap.o"], "net": ["obj-y += core.o"],
             "fs": ["obj-y += inode.o"], "drivers": ["obj-y += base.o"], "lib": ["obj-y += string.o"]}
    config, off = ["# Linux/arm64 6.6.40 Kernel Configuration", "CONFIG_NET=y"], set()
    for folder in FOLDERS:
        parts = folder.split("/")
        for i in range(1, len(parts) - 1):
            lines.setdefault("/".join(parts[:i]), []).append(f"obj-y += {parts[i]}/")
        lines.setdefault("/".join(parts[:-1]), []).append(f"obj-$(CONFIG_{option(folder)}) += {parts[-1]}/")
        lines[folder] = [f"obj-$(CONFIG_{option(folder)}) += made.o", "made-objs := main.o \\", "\tmore.o"]
        if dice.random() < 0.9:
            off.add(folder)
            config.append(f"# CONFIG_{option(folder)} is not set")
        else:
            config.append(f"CONFIG_{option(folder)}={dice.choice('ym')}")
    for folder, text in lines.items():
        write(root / "linux" / folder / "Makefile", "\n".join(dict.fromkeys(text)) + "\n")
    write(root / "config", "\n".join(config) + "\n")
    return off


def kernel_records(root, dice, count):
    for i in range(count):
        ours = dice.random() < 0.70
        file = f"{dice.choice(FOLDERS)}/{dice.choice(['main', 'more'])}.c" if ours else dice.choice(CORE)
        corrected = dice.random() < 0.97
        fixed = dice.randrange(5, 40) if corrected else dice.randrange(41, 60)
        affected = [{"product": "Linux", "vendor": "Linux", "defaultStatus": "unaffected", "programFiles": [file],
                     "versions": [{"version": "1da177e4c3f4", "lessThan": f"{dice.randrange(16**12):012x}", "status": "affected", "versionType": "git"}]},
                    {"product": "Linux", "vendor": "Linux", "defaultStatus": "affected", "programFiles": [file], "versions": [
                        {"version": "2.6.12", "status": "affected"}, {"version": "0", "lessThan": "2.6.12", "status": "unaffected", "versionType": "semver"},
                        {"version": f"6.6.{fixed}", "lessThanOrEqual": "6.6.*", "status": "unaffected", "versionType": "semver"}]}]
        write(root / f"feeds/cve/CVE-2025-{10000 + i}.json", cve(f"CVE-2025-{10000 + i}", affected, f"{file}: made up"))


def packages(root, dice):
    parts, gone, stated = [], [], []
    for i in range(300):
        name, version = f"package{i:03}", f"{dice.randrange(1, 9)}.{dice.randrange(20)}.{dice.randrange(9)}-{dice.randrange(1, 4)}"
        part = {"type": "library", "bom-ref": name, "name": name, "version": version, "purl": f"pkg:deb/debian/{name}@{version}?arch=arm64&distro=debian-12"}
        upstream = i % 4 == 0
        if upstream:
            part["cpe"] = f"cpe:2.3:a:maker{i:03}:{name}:{version.split('-')[0]}:*:*:*:*:*:*:*"
        parts.append(part)
        if i % 30 == 7:
            gone.append(name)
        for k in range(dice.randrange(4, 14)):
            number = f"CVE-2024-{20000 + 20 * i + k}"
            major = int(version.split(".")[0])
            newer = dice.random() < 0.008
            events = [{"introduced": "0"}, {"fixed": f"{major + 1}.0-1" if newer else f"{version}~"}]
            write(root / f"feeds/osv/DEBIAN-{number}.json", {
                "id": f"DEBIAN-{number}", "schema_version": "1.7.0", "modified": "2026-01-02T03:04:05Z", "upstream": [number],
                "affected": [{"package": {"ecosystem": "Debian:12", "name": name}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}]})
            if upstream and k % 3 == 0:
                write(root / f"feeds/cve/{number}.json", cve(number, [{
                    "vendor": f"maker{i:03}", "product": name, "cpes": [f"cpe:2.3:a:maker{i:03}:{name}:*:*:*:*:*:*:*:*"],
                    "versions": [{"version": "0", "lessThan": f"{major + 1}.0", "status": "affected", "versionType": "custom"}]}], f"{name}: made up"))
            if newer and dice.random() < 0.4:
                stated.append({"vulnerability": {"name": number}, "products": [{"@id": f"pkg:deb/debian/{name}@{version}"}],
                               "status": "not_affected", "justification": "vulnerable_code_not_present"})
    parts.append({"type": "operating-system", "bom-ref": "linux", "name": "linux", "version": "6.6.40", "cpe": "cpe:2.3:o:linux:linux_kernel:6.6.40:*:*:*:*:*:*:*"})
    write(root / "sbom.json", {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": parts})
    write(root / "installed", "".join(f"{part['name']} {part['version']}\n" for part in parts if part["name"] not in gone))
    write(root / "feeds/maker.openvex.json", {"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://maker.example/1", "author": "Maker",
                                              "timestamp": "2026-01-02T03:04:05Z", "version": 1, "statements": stated})


def lists(root):
    known = sorted(path.stem.removeprefix("DEBIAN-") for path in (root / "feeds").glob("*/*CVE-*.json"))
    known = sorted(set(known))
    rows = [{"cveID": one, "vendorProject": "Made", "product": "Up", "vulnerabilityName": "x", "dateAdded": "2026-01-02", "shortDescription": "x",
             "requiredAction": "x", "dueDate": "2026-01-23", "knownRansomwareCampaignUse": "Unknown"} for one in known[::150]]
    write(root / "feeds/kev.json", {"title": "Made up", "catalogVersion": "2026.01.02", "dateReleased": "2026-01-02T00:00:00Z", "count": len(rows), "vulnerabilities": rows})
    dice = random.Random(3)
    write(root / "feeds/epss.csv", "cve,epss,percentile\n" + "".join(f"{one},{dice.random() ** 6:.5f},0.5\n" for one in known))


def fill(root, count):
    for i in range(count):
        name = f"stranger{i % 5000}"
        write(root / f"feeds/more/{i // 1000:03}/GHSA-{i:06}.json", {
            "id": f"GHSA-{i:06}", "schema_version": "1.7.0", "modified": "2026-01-02T03:04:05Z", "aliases": [f"CVE-2023-{100000 + i}"], "summary": "Made up", "details": "Made up. " * 60,
            "affected": [{"package": {"ecosystem": "npm", "name": name}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.2.3"}]}]}]})


def make(root, records=0, kernel=3000):
    root = pathlib.Path(root)
    dice = random.Random(20261123)
    kernel_source(root, dice)
    kernel_records(root, dice, kernel)
    packages(root, dice)
    lists(root)
    there = sum(1 for _ in (root / "feeds").glob("*/*.json"))
    fill(root, max(0, records - there))
    return root


if __name__ == "__main__":
    make(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
