# SPDX-License-Identifier: Apache-2.0
"""What builds write of themselves, as `thingward triage` reads it. Documents are made up, in the form of Yocto's and Buildroot's; those with an official schema are held against it."""
import gzip
import hashlib
import io
import json
import lzma
import os
import pathlib
import re
import subprocess
import tarfile

import jsonschema
import pytest
from test_triage import run

SCHEMAS = pathlib.Path(os.environ.get("TW_SCHEMAS", pathlib.Path(__file__).resolve().parents[3] / "shared" / "schemas"))


def validate(document, name):
    """By the official schema; skipped where that is not."""
    path = SCHEMAS / name
    if not path.is_file():
        pytest.skip("the official schemas are not there (TW_SCHEMAS)")
    store = {one.name: json.loads(one.read_text(encoding="utf-8")) for one in path.parent.glob("*.json")}
    store.update({schema["$id"]: schema for schema in store.values() if "$id" in schema})
    schema = store[path.name]
    jsonschema.validators.validator_for(schema)(schema, resolver=jsonschema.RefResolver.from_schema(schema, store=store)).validate(document)


def cve(number, vendor, product, fixed):
    return {"dataType": "CVE_RECORD", "dataVersion": "5.1", "cveMetadata": {"cveId": number, "state": "PUBLISHED"}, "containers": {"cna": {"title": "T", "affected": [
        {"vendor": vendor, "product": product, "defaultStatus": "unaffected", "versions": [{"version": "0", "lessThan": fixed, "status": "affected", "versionType": "custom"}]}]}}}


def check(folder, release, records, *words):
    """Items by vulnerability and component: state, or the rule that took it."""
    feeds = folder / "feeds"
    feeds.mkdir(exist_ok=True)
    for record in records:
        (feeds / f"{record['cveMetadata']['cveId']}.json").write_text(json.dumps(record))
    done = run("check", folder, "--release", release, "--feeds", feeds, "--json", "--settled", *words)
    assert done.returncode in (0, 1), done.stderr
    answer = json.loads(done.stdout)
    assert not answer["unread"] and not answer["problems"]
    return {(item["vulnerability"], item["name"]): item.get("rule", item["state"]) for item in answer["items"]}


# SPDX 3.0

BASE = "http://spdxdocs.org/openembedded/"


def package(name, version=None, purpose="install", cpe=None):
    made = {"type": "software_Package", "spdxId": BASE + "package/" + name, "creationInfo": "_:info", "name": name, "software_primaryPurpose": purpose}
    if version:
        made["software_packageVersion"] = version
    if cpe:
        made["externalIdentifier"] = [{"type": "ExternalIdentifier", "externalIdentifierType": "cpe23", "identifier": cpe}]
    return made


def relationship(number, kind, come_from, to, form="Relationship", **more):
    return {"type": form, "spdxId": f"{BASE}relationship/{number}", "creationInfo": "_:info", "relationshipType": kind, "from": come_from, "to": to, **more}


def vulnerability(number):
    return {"type": "security_Vulnerability", "spdxId": BASE + "vulnerability/" + number, "creationInfo": "_:info", "externalIdentifier": [
        {"type": "ExternalIdentifier", "externalIdentifierType": "cve", "identifier": number, "identifierLocator": ["https://www.cve.org/CVERecord?id=" + number]}]}


def build(name):
    return {"type": "build_Build", "spdxId": BASE + "build/" + name, "creationInfo": "_:info", "build_buildType": "http://openembedded.org/bitbake/do_create_spdx/recipe"}


def vex(number, kind, form, of, to, **more):
    return relationship(number, kind, BASE + "vulnerability/" + of, [BASE + "package/" + to], f"security_Vex{form}VulnAssessmentRelationship", security_vexVersion="1.0.0", **more)


def spdx3():
    """As Yocto's create-spdx-3.0 writes an image: packages, what they were built from, the image itself, and what cve-check knows."""
    graph = [
        {"type": "CreationInfo", "@id": "_:info", "created": "2026-11-02T03:04:05Z", "createdBy": [BASE + "agent"], "specVersion": "3.0.1"},
        {"type": "Organization", "spdxId": BASE + "agent", "creationInfo": "_:info", "name": "Acme"},
        {"type": "SpdxDocument", "spdxId": BASE + "document", "creationInfo": "_:info", "name": "image", "rootElement": [BASE + "package/acme-image"], "profileConformance": ["core", "security", "software"]},
        package("curl", "8.5.0", cpe="cpe:2.3:*:haxx:curl:8.5.0:*:*:*:*:*:*:*"), package("busybox", "1.36.1", cpe="cpe:2.3:*:*:busybox:1.36.1:*:*:*:*:*:*:*"),
        package("libz1", "1.3", cpe="cpe:2.3:*:*:zlib:1.3:*:*:*:*:*:*:*"),
        package("curl-8.5.0.tar.xz", purpose="source"), package("acme-image", purpose="archive"), build("curl"), build("rootfs"),
        relationship(1, "hasInput", BASE + "build/curl", [BASE + "package/curl-8.5.0.tar.xz"], "LifecycleScopedRelationship", scope="build"),
        relationship(2, "hasOutput", BASE + "build/curl", [BASE + "package/curl"], "LifecycleScopedRelationship", scope="build"),
        relationship(3, "hasInput", BASE + "build/rootfs", [BASE + "package/curl", BASE + "package/busybox"], "LifecycleScopedRelationship", scope="build"),
        relationship(4, "hasOutput", BASE + "build/rootfs", [BASE + "package/acme-image"], "LifecycleScopedRelationship", scope="build"),
        relationship(5, "hasInput", BASE + "build/rootfs", [BASE + "package/acme-image"], "LifecycleScopedRelationship", scope="build"),
        vulnerability("CVE-2026-0001"), vulnerability("CVE-2026-0002"), vulnerability("CVE-2026-0003"), vulnerability("CVE-2026-0004"), vulnerability("CVE-2026-0005"),
        vex(6, "fixedIn", "Fixed", "CVE-2026-0001", "curl"),
        vex(7, "doesNotAffect", "NotAffected", "CVE-2026-0002", "curl", security_impactStatement="Not built", security_justificationType="vulnerableCodeNotPresent"),
        vex(8, "doesNotAffect", "NotAffected", "CVE-2026-0003", "curl", security_impactStatement="upstream-wontfix"),
        vex(9, "affects", "Affected", "CVE-2026-0004", "busybox", security_actionStatement="Mitigation action unknown"),
        vex(10, "underInvestigationFor", "UnderInvestigation", "CVE-2026-0005", "busybox"),
    ]
    return {"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": graph}


RECORDS = [cve(f"CVE-2026-000{i}", "haxx", "curl", "9.0") for i in (1, 2, 3)]


def test_an_image_of_yocto_as_spdx_3(tmp_path):
    document = spdx3()
    validate(document, "spdx/spdx-3.0.1.schema.json")
    (tmp_path / "image.spdx.json").write_text(json.dumps(document))
    found = check(tmp_path, tmp_path / "image.spdx.json", [*RECORDS, cve("CVE-2026-0006", "x", "busybox", "1.37"), cve("CVE-2026-0007", "haxx", "curl", "8.5.0"), cve("CVE-2026-0008", "zlib", "zlib", "1.4")])
    assert found == {
        ("CVE-2026-0001", "curl"): "stated", ("CVE-2026-0002", "curl"): "stated", ("CVE-2026-0003", "curl"): "open", ("CVE-2026-0004", "busybox"): "open",
        ("CVE-2026-0005", "busybox"): "open", ("CVE-2026-0006", "busybox"): "open", ("CVE-2026-0007", "curl"): "outside-range", ("CVE-2026-0008", "libz1"): "open"}
    words = ("check", tmp_path, "--release", tmp_path / "image.spdx.json", "--feeds", tmp_path / "feeds")
    assert "2 packages that builds took in" in run(*words).stdout and json.loads(run(*words, "--json").stdout)["counts"]["left-out"] == 2
    # A source with a name of its own is a component: what it was built into may have another name.
    document["@graph"].append(package("zlib-src", "1.3", "source", cpe="cpe:2.3:*:zlib:zlib:1.3:*:*:*:*:*:*:*"))
    document["@graph"].append(relationship(11, "hasInput", BASE + "build/curl", [BASE + "package/zlib-src"]))
    (tmp_path / "image.spdx.json").write_text(json.dumps(document))
    assert ("CVE-2026-0008", "zlib-src") in check(tmp_path, tmp_path / "image.spdx.json", [])


def test_spdx_3_that_is_not_whole(tmp_path):
    (tmp_path / "feeds").mkdir()
    document = spdx3()
    for change, words in ((lambda d: d.update({"@context": "https://spdx.org/rdf/3.1.0/x"}), "SPDX '3.1.0', read is 3.0"), (lambda d: d["@graph"].append(1), "/@graph/25: an object is wanted"),
                          (lambda d: d["@graph"][3].pop("spdxId"), "/@graph/3: 'spdxId' is missing"), (lambda d: d["@graph"][10]["to"].append({}), "/@graph/10/to/1: an element within another")):
        wrong = json.loads(json.dumps(document))
        change(wrong)
        (tmp_path / "image.spdx.json").write_text(json.dumps(wrong))
        done = run("check", tmp_path, "--release", tmp_path / "image.spdx.json", "--feeds", tmp_path / "feeds")
        assert done.returncode == 2 and words in done.stderr, done.stderr


def test_an_inventory_among_the_feeds_takes_nothing_away(tmp_path):
    """It is another product's, with components of the same names and versions: patched there, and not here. What it calls affected comes along."""
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds/vex.json").write_text(json.dumps(spdx3()))
    (tmp_path / "sbom.json").write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [
        {"type": "library", "name": "curl", "version": "8.5.0", "cpe": "cpe:2.3:*:haxx:curl:8.5.0:*:*:*:*:*:*:*"},
        {"type": "library", "name": "busybox", "version": "1.36.1", "cpe": "cpe:2.3:*:*:busybox:1.36.1:*:*:*:*:*:*:*"}]}))
    wanted = {**{("CVE-2026-000" + number, "curl"): "open" for number in "123"}, **{("CVE-2026-000" + number, "busybox"): "open" for number in "45"}}
    assert check(tmp_path, tmp_path / "sbom.json", RECORDS) == wanted
    (tmp_path / "sbom.json").write_text((tmp_path / "sbom.json").read_text().replace('"name": "curl"', '"name": "libcurl"'))
    for other in (SHOW_INFO, cyclonedx()):
        (tmp_path / "feeds/vex.json").write_text(json.dumps(other))
        assert check(tmp_path, tmp_path / "sbom.json", RECORDS) == {("CVE-2026-000" + number, "libcurl"): "open" for number in "123"}


# Buildroot

BUSYBOX, CURL = "cpe:2.3:a:busybox:busybox:1.36.1:*:*:*:*:*:*:*", "cpe:2.3:a:haxx:curl:8.5.0:*:*:*:*:*:*:*"
SHOW_INFO = {
    "busybox": {"type": "target", "virtual": False, "name": "busybox", "version": "1.36.1", "licenses": "GPL-2.0, bzip2-1.0.4", "dependencies": ["host-cmake"], "cpe-id": BUSYBOX,
                "ignore_cves": ["CVE-2026-0006"], "stamp_dir": "build/busybox-1.36.1", "install_target": True},
    "libcurl": {"type": "target", "virtual": False, "name": "libcurl", "version": "8.5.0", "licenses": "curl", "dependencies": [], "cpe-id": CURL, "ignore_cves": ["CVE-2026-0001"]},
    "host-cmake": {"type": "host", "virtual": False, "name": "cmake", "version": "3.28", "licenses": "BSD-3-Clause", "dependencies": [], "cpe-id": "cpe:2.3:a:cmake_project:cmake:3.28:*:*:*:*:*:*:*"},
    "jpeg": {"type": "target", "virtual": True, "name": "jpeg", "dependencies": []},
    "rootfs-ext2": {"type": "rootfs", "image_name": "rootfs.ext2", "dependencies": ["busybox"]}}
OF_BUILDROOT = [cve("CVE-2026-0001", "haxx", "curl", "9.0"), cve("CVE-2026-0002", "haxx", "curl", "9.0"), cve("CVE-2026-0006", "busybox", "busybox", "1.37"),
                cve("CVE-2026-0009", "cmake_project", "cmake", "4.0"), cve("CVE-2026-0010", "x", "jpeg", "4.0")]
WANTED = {("CVE-2026-0001", "libcurl"): "stated", ("CVE-2026-0002", "libcurl"): "open", ("CVE-2026-0006", "busybox"): "stated"}


def cyclonedx():
    """As utils/generate-cyclonedx makes it of that: what a patch names as corrected has a pedigree, the rest of IGNORE_CVES is in triage."""
    packages = {name: one for name, one in SHOW_INFO.items() if one.get("virtual") is False}
    return {
        "bomFormat": "CycloneDX", "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "specVersion": "1.6",
        "metadata": {"component": {"bom-ref": "buildroot", "name": "buildroot", "version": "2026.08", "type": "firmware"},
                     "tools": {"components": [{"type": "application", "name": "Buildroot generate-cyclonedx", "version": "2026.08", "licenses": [{"license": {"id": "GPL-2.0"}}]}]}},
        "components": [{"bom-ref": name, "type": "library", "name": one["name"], "version": one["version"], "licenses": [{"license": {"name": one["licenses"]}}], "cpe": one["cpe-id"],
                        "properties": [{"name": "BR_TYPE", "value": one["type"]}]} for name, one in packages.items()],
        "dependencies": [{"ref": "buildroot", "dependsOn": ["busybox", "libcurl"]}],
        "vulnerabilities": [{"id": number, "source": {"name": "NVD", "url": "https://nvd.nist.gov/vuln/detail/" + number},
                             "analysis": {"state": "resolved_with_pedigree" if name == "libcurl" else "in_triage", "detail": f"The CVE '{number}' has been marked as ignored by Buildroot"},
                             "affects": [{"ref": name}]} for name, one in packages.items() for number in one.get("ignore_cves", [])]}


def test_buildroot_by_show_info(tmp_path):
    (tmp_path / "show-info.json").write_text(json.dumps(SHOW_INFO))
    assert check(tmp_path, tmp_path / "show-info.json", OF_BUILDROOT) == WANTED
    assert "which are not on the device: 1." in run("check", tmp_path, "--release", tmp_path / "show-info.json", "--feeds", tmp_path / "feeds").stdout
    wrong = {**SHOW_INFO, "busybox": {**SHOW_INFO["busybox"], "ignore_cves": "CVE-2026-0006"}}
    (tmp_path / "show-info.json").write_text(json.dumps(wrong))
    done = run("check", tmp_path, "--release", tmp_path / "show-info.json", "--feeds", tmp_path / "feeds")
    assert done.returncode == 2 and "/busybox/ignore_cves: is no list" in done.stderr


def test_buildroot_by_cyclonedx(tmp_path):
    document = cyclonedx()
    validate(document, "cyclonedx/bom-1.6.schema.json")
    (tmp_path / "sbom.json").write_text(json.dumps(document))
    assert check(tmp_path, tmp_path / "sbom.json", OF_BUILDROOT) == WANTED


def legal_info(folder):
    """As `make legal-info` writes it: every field quoted, Buildroot itself first of what is for the machine that builds."""
    folder.mkdir()
    head = ["PACKAGE", "VERSION", "LICENSE", "LICENSE FILES", "SOURCE ARCHIVE", "SOURCE SITE", "DEPENDENCIES WITH LICENSES"]
    rows = {"manifest.csv": [["busybox", "1.36.1", "GPL-2.0, bzip2-1.0.4", "LICENSE", "busybox-1.36.1.tar.bz2", "https://www.busybox.net/downloads", "skeleton [unknown] toolchain [unknown]"],
                             ["libcurl", "8.5.0", "curl", "COPYING", "curl-8.5.0.tar.xz", "https://curl.se/download", ""], ["skeleton", "", "unknown", "not saved", "not saved", "not saved", ""]],
            "host-manifest.csv": [["buildroot", "2024.02.3", "GPL-2.0+", "COPYING", "not saved", "not saved", ""],
                                  ["cmake", "3.28", "BSD-3-Clause", "Copyright.txt", "cmake-3.28.tar.gz", "https://cmake.org/files/v3.28", "host-pkgconf [pkgconf license]"]]}
    for name, lines in rows.items():
        (folder / name).write_text("".join(",".join(f'"{field}"' for field in line) + "\n" for line in [head, *lines]))


def test_buildroot_by_legal_info(tmp_path):
    """The same packages by name alone; what is of the machine that builds is told, and is no component."""
    legal_info(tmp_path / "legal-info")
    records = [cve("CVE-2026-0002", "haxx", "libcurl", "9.0"), cve("CVE-2026-0003", "haxx", "libcurl", "8.5.0"), cve("CVE-2026-0006", "busybox", "busybox", "1.37"),
               cve("CVE-2026-0009", "cmake_project", "cmake", "4.0"), cve("CVE-2026-0010", "x", "buildroot", "2030.01")]
    wanted = {("CVE-2026-0002", "libcurl"): "open", ("CVE-2026-0003", "libcurl"): "outside-range", ("CVE-2026-0006", "busybox"): "open"}
    assert check(tmp_path, tmp_path / "legal-info", records) == wanted
    assert check(tmp_path, tmp_path / "legal-info/manifest.csv", records) == wanted
    words = ("check", tmp_path, "--feeds", tmp_path / "feeds", "--release")
    assert "Packages of the machine that builds, which are not on the device: 2.\n" in run(*words, tmp_path / "legal-info").stdout
    counts = [json.loads(run(*words, tmp_path / name, "--json").stdout)["counts"] for name in ("legal-info", "legal-info/manifest.csv")]
    assert [(one["components"], one["of-host"]) for one in counts] == [(3, 2), (3, 0)]
    # Its name alone, or a list that is not whole.
    done = run(*words, tmp_path / "legal-info/host-manifest.csv")
    assert done.returncode == 2 and "lists nothing that was built for the device" in done.stderr
    with (tmp_path / "legal-info/host-manifest.csv").open("a") as file:
        file.write('"bison","3.8\n')
    done = run(*words, tmp_path / "legal-info")
    assert done.returncode == 2 and "host-manifest.csv: line 4: a quote that nothing closes" in done.stderr
    (tmp_path / "legal-info/host-manifest.csv").unlink()
    assert check(tmp_path, tmp_path / "legal-info", records) == wanted


# BOM-Link

def test_what_another_document_says_of_our_components_by_bom_link(tmp_path):
    """A VEX of its own settles what it says of exactly this release, and nothing of another version of it; what it names that is not given is told."""
    serial = "3e671687-395b-41f5-a30f-a58921a69b79"
    release = {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": "urn:uuid:" + serial, "version": 2, "components": [
        {"type": "library", "bom-ref": "pkg:generic/curl@8.5.0", "name": "curl", "version": "8.5.0", "cpe": CURL},
        {"type": "library", "bom-ref": "busybox", "name": "busybox", "version": "1.36.1", "cpe": BUSYBOX}]}

    def vex(*affects):
        return {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": "urn:uuid:11111111-395b-41f5-a30f-a58921a69b79", "version": 1, "vulnerabilities": [
            {"id": number, "analysis": {"state": "not_affected", "justification": "code_not_present"}, "affects": [{"ref": ref}]} for number, ref in affects]}
    validate(release, "cyclonedx/bom-1.6.schema.json")
    (tmp_path / "release.json").write_text(json.dumps(release))
    (tmp_path / "feeds").mkdir()
    records = [*RECORDS, cve("CVE-2026-0006", "busybox", "busybox", "1.37")]
    every = {("CVE-2026-000" + number, "curl"): "open" for number in "123"} | {("CVE-2026-0006", "busybox"): "open"}
    said = vex(("CVE-2026-0001", f"urn:cdx:{serial}/2#pkg%3Ageneric%2Fcurl%408.5.0"), ("CVE-2026-0006", f"urn:cdx:{serial.upper()}/2#busybox"))
    validate(said, "cyclonedx/bom-1.6.schema.json")
    (tmp_path / "feeds/vex.cdx.json").write_text(json.dumps(said))
    assert check(tmp_path, tmp_path / "release.json", records) == {**every, ("CVE-2026-0001", "curl"): "stated", ("CVE-2026-0006", "busybox"): "stated"}
    words = ("check", tmp_path, "--release", tmp_path / "release.json", "--feeds", tmp_path / "feeds", "--json", "--settled")
    # Of the version before, and of something else: nothing is settled, and each document is named once.
    (tmp_path / "feeds/vex.cdx.json").write_text(json.dumps(vex(*((f"CVE-2026-000{n}", f"urn:cdx:{serial}/1#pkg%3Ageneric%2Fcurl%408.5.0") for n in (1, 2)), ("CVE-2026-0006", f"urn:cdx:{serial}/0#busybox"))))
    answer = json.loads(run(*words).stdout)
    assert {(item["vulnerability"], item["name"]): item.get("rule", item["state"]) for item in answer["items"]} == every
    assert answer["problems"] == [f"vex.cdx.json: /vulnerabilities/0/affects/0: the inventory that urn:cdx:{serial}/1#pkg%3Ageneric%2Fcurl%408.5.0 names is not given",
                                  f"vex.cdx.json: /vulnerabilities/2/affects/0: 'urn:cdx:{serial}/0#busybox' is no BOM-Link: its version is none"]
    # A component whose own inventory is elsewhere.
    (tmp_path / "feeds/vex.cdx.json").unlink()
    release["components"][1]["externalReferences"] = [{"type": "bom", "url": f"urn:cdx:{serial}/9"}]
    (tmp_path / "release.json").write_text(json.dumps(release))
    done = run("check", tmp_path, "--release", tmp_path / "release.json", "--feeds", tmp_path / "feeds")
    assert done.returncode == 1 and f"release.json: /components/1/externalReferences/0: the inventory that urn:cdx:{serial}/9 names is not given" in done.stdout


# Packed inventories

PACKERS = {"gz": gzip.compress, "xz": lzma.compress, "zst": lambda text: subprocess.run(["zstd", "-19", "-c", "-q"], input=text, stdout=subprocess.PIPE, check=True).stdout}


def packed_image(folder, ending, leave=(), more=()):
    """IMAGE.spdx.tar.ENDING, as Yocto's create-spdx-2.2 packs it: the documents and their index beside each other, by nobody."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path in [*sorted((folder / "spdx").iterdir()), *more]:
            if path.name not in leave:
                archive.add(path, path.name if path.parent.name == "spdx" else str(path.relative_to(folder)), recursive=False)
    path = folder / f"acme-image.spdx.tar.{ending}"
    path.write_bytes(PACKERS[ending](packed.getvalue()))
    return path


def test_packed_inventories(tmp_path):
    """What is packed is as if nobody had: the same items, and of one file the same hash."""
    yocto(tmp_path / "spdx")
    for ending in PACKERS:
        assert check(tmp_path, packed_image(tmp_path, ending), OF_YOCTO) == WANTED_OF_YOCTO
    (tmp_path / "image.json").write_text(json.dumps(cyclonedx()))
    words = ("--feeds", tmp_path / "feeds")
    assert run("import", tmp_path, "--release", tmp_path / "image.json", *words).returncode == 0
    plain = (tmp_path / "triage.yaml").read_text().split("items:")[0]
    for ending, pack in PACKERS.items():
        (tmp_path / f"image.json.{ending}").write_bytes(pack(json.dumps(cyclonedx()).encode()))
        assert run("import", tmp_path, "--release", tmp_path / f"image.json.{ending}", *words).returncode == 0
        assert (tmp_path / "triage.yaml").read_text().split("items:")[0] == plain and "sbom" in plain
    (tmp_path / "image.spdx.json.gz").write_bytes(gzip.compress(json.dumps(spdx3()).encode()))
    assert ("CVE-2026-0002", "curl") in check(tmp_path, tmp_path / "image.spdx.json.gz", [])


def test_packed_inventories_that_are_refused(tmp_path):
    yocto(tmp_path / "spdx")
    (tmp_path / "feeds").mkdir()
    (tmp_path / "spdx/link.spdx.json").symlink_to("/etc/passwd")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.json").write_text("{}")

    def refused(path, words):
        done = run("check", tmp_path, "--release", path, "--feeds", tmp_path / "feeds")
        assert done.returncode == 2 and words in done.stderr and path.name in done.stderr, done.stderr
    refused(packed_image(tmp_path, "zst"), "'link.spdx.json' is a link or no file")
    (tmp_path / "spdx/link.spdx.json").unlink()
    refused(packed_image(tmp_path, "gz", more=[tmp_path / "in/a.json"]), "'in/a.json' is no name of a file at its top")
    refused(packed_image(tmp_path, "xz", leave=["index.json"]), "has 6 files, and no index.json")
    refused(packed_image(tmp_path, "gz", leave=["recipe-curl.spdx.json"]), "has no recipe-curl.spdx.json")
    whole = packed_image(tmp_path, "zst")
    whole.write_bytes(whole.read_bytes()[:-40])
    refused(whole, "cannot be unpacked")
    # Two bombs: 512 MiB of spaces in half a megabyte, and in less.
    for ending in ("gz", "zst"):
        bomb = tmp_path / f"image.json.{ending}"
        bomb.write_bytes(PACKERS[ending](b" " * (512 << 20)) if ending == "zst" else gzip.compress(b" " * (512 << 20), 1))
        refused(bomb, "becomes more than 2")


# cpeApplicability of CVE records

def applies(number, *matches, **more):
    return {"dataType": "CVE_RECORD", "dataVersion": "5.1", "cveMetadata": {"cveId": number, "state": "PUBLISHED"}, "containers": {"cna": {"title": "T", "affected": [], "cpeApplicability": [
        {"nodes": [{"operator": "OR", "negate": False, "cpeMatch": [{"vulnerable": True, "criteria": name, **bounds} for name, bounds in matches]}], **more}]}}}


def test_records_that_say_by_cpe_names_what_they_apply_to(tmp_path):
    kernel, curl = "cpe:2.3:o:linux:linux_kernel:*:*:*:*:*:*:*:*", "cpe:2.3:a:haxx:curl:*:*:*:*:*:*:*:*"
    document = spdx3()
    document["@graph"].append(package("kernel-image-6.6.40", "6.6.40", cpe="cpe:2.3:*:linux:linux_kernel:6.6.40:*:*:*:*:*:*:*"))
    (tmp_path / "image.spdx.json").write_text(json.dumps(document))
    found = check(tmp_path, tmp_path / "image.spdx.json", [
        applies("CVE-2026-0011", (kernel, {"versionStartIncluding": "5.11", "versionEndExcluding": "6.1.99"}), (kernel, {"versionStartIncluding": "6.2", "versionEndExcluding": "6.6.50"})),
        applies("CVE-2026-0012", (kernel, {"versionStartIncluding": "5.11", "versionEndExcluding": "6.6.40"})), applies("CVE-2026-0013", (curl, {"versionEndExcluding": "9"}), negate=True),
        applies("CVE-2026-0014", ("cpe:2.3:a:other:curl:*:*:*:*:*:*:*:*", {}))])
    assert {key: value for key, value in found.items() if key[0] > "CVE-2026-0010"} == {
        ("CVE-2026-0011", "kernel-image-6.6.40"): "open", ("CVE-2026-0012", "kernel-image-6.6.40"): "outside-range", ("CVE-2026-0013", "curl"): "open"}


# Yocto's SPDX 2.2: an image and, beside it, a document of each package and recipe

SPACE = "http://spdx.org/spdxdoc/"


def spdx2(name, packages, refs=(), relationships=()):
    return {"spdxVersion": "SPDX-2.2", "SPDXID": "SPDXRef-DOCUMENT", "name": name, "documentNamespace": SPACE + name, "dataLicense": "CC0-1.0",
            "creationInfo": {"created": "2026-11-02T03:04:05Z", "creators": ["Tool: OpenEmbedded Core create-spdx.bbclass"]}, "packages": list(packages),
            "externalDocumentRefs": [{"externalDocumentId": "DocumentRef-" + one["name"], "spdxDocument": one["documentNamespace"],
                                      "checksum": {"algorithm": "SHA1", "checksumValue": hashlib.sha1(json.dumps(one).encode(), usedforsecurity=False).hexdigest()}} for one in refs],
            "relationships": [{"spdxElementId": come_from, "relationshipType": kind, "relatedSpdxElement": to} for come_from, kind, to in relationships]}


def spdx2_package(name, version="8.5.0", **more):
    return {"SPDXID": "SPDXRef-" + name, "name": name.removeprefix("Recipe-"), "versionInfo": version, "downloadLocation": "NOASSERTION", **more}


def yocto(folder):
    """curl and libcurl4 of one recipe, which a patch corrects CVE-2026-0001 in; busybox of another."""
    def recipe(name, product, version, **more):
        return spdx2("recipe-" + name, [spdx2_package("Recipe-" + name, version, externalRefs=[
            {"referenceCategory": "SECURITY", "referenceType": "http://spdx.org/rdf/references/cpe23Type", "referenceLocator": f"cpe:2.3:*:{product}:{version}:*:*:*:*:*:*:*"}], **more)])
    recipes = {"curl": recipe("curl", "haxx:curl", "8.5.0", sourceInfo="CVEs fixed: CVE-2026-0001"), "busybox": recipe("busybox", "busybox:busybox", "1.36.1")}
    packages = [spdx2(name, [spdx2_package(name)], [recipes[of]], [("SPDXRef-" + name, "GENERATED_FROM", f"DocumentRef-recipe-{of}:SPDXRef-Recipe-{of}")])
                for name, of in (("curl", "curl"), ("libcurl4", "curl"), ("busybox", "busybox"))]
    image = spdx2("acme-image", [spdx2_package("Image-acme", "1.0")], packages, [("SPDXRef-Image-acme", "CONTAINS", f"DocumentRef-{one['name']}:SPDXRef-{one['name']}") for one in packages])
    documents = [image, *packages, *recipes.values()]
    folder.mkdir(exist_ok=True)
    for one in documents:
        (folder / f"{one['name']}.spdx.json").write_text(json.dumps(one))
    (folder / "index.json").write_text(json.dumps({"documents": [{"filename": f"{one['name']}.spdx.json", "documentNamespace": one["documentNamespace"], "sha1": ""} for one in documents]}))
    return documents


OF_YOCTO = [cve("CVE-2026-0001", "haxx", "curl", "9.0"), cve("CVE-2026-0002", "haxx", "curl", "9.0"), cve("CVE-2026-0006", "busybox", "busybox", "1.36.1")]
WANTED_OF_YOCTO = {("CVE-2026-0001", "curl"): "stated", ("CVE-2026-0002", "curl"): "open", ("CVE-2026-0006", "busybox"): "outside-range"}


def test_an_image_of_yocto_in_many_documents(tmp_path):
    for one in yocto(tmp_path / "spdx"):
        if not one["name"].startswith("acme"):  # the schema is of 2.3, which has all of it
            validate({**one, "spdxVersion": "SPDX-2.3"}, "spdx/spdx-2.3.schema.json")
    assert check(tmp_path, tmp_path / "spdx", OF_YOCTO) == WANTED_OF_YOCTO
    assert check(tmp_path, tmp_path / "spdx/acme-image.spdx.json", OF_YOCTO) == WANTED_OF_YOCTO
    done = run("import", tmp_path, "--release", tmp_path / "spdx", "--feeds", tmp_path / "feeds")
    assert done.returncode == 0, done.stderr
    first = (tmp_path / "triage.yaml").read_text()
    assert '"file":"spdx","justification":"","place":"/packages/0/sourceInfo"' in first and str(tmp_path) not in first
    assert run("import", tmp_path, "--release", tmp_path / "spdx/acme-image.spdx.json", "--feeds", tmp_path / "feeds").returncode == 0
    sbom = re.compile('"sbom":"[0-9a-f]{64}"')
    assert sbom.findall((tmp_path / "triage.yaml").read_text()) == sbom.findall(first) != []
    # Names of packages would take recipes away.
    (tmp_path / "manifest").write_text("libcurl4 cortexa57 8.5.0\n")
    done = run("check", tmp_path, "--release", tmp_path / "spdx", "--feeds", tmp_path / "feeds", "--installed", tmp_path / "manifest")
    assert done.returncode == 2 and "says itself what is on it" in done.stderr


def test_documents_of_yocto_that_are_missing_or_others(tmp_path):
    (tmp_path / "feeds").mkdir()
    folder = tmp_path / "spdx"

    def refused(words, release=folder, code=2):
        done = run("check", tmp_path, "--release", release, "--feeds", tmp_path / "feeds")
        assert done.returncode == code and words in " ".join(done.stderr.split()), done.stderr
        yocto(folder)
    yocto(folder)
    (folder / "recipe-curl.spdx.json").unlink()
    refused("refers to DocumentRef-recipe-curl (http://spdx.org/spdxdoc/recipe-curl)", folder / "acme-image.spdx.json")
    (folder / "recipe-curl.spdx.json").unlink()
    refused("recipe-curl.spdx.json")
    (folder / "recipe-curl.spdx.json").write_text((folder / "recipe-curl.spdx.json").read_text() + " ")
    refused("recipe-curl.spdx.json: its SHA-1 is")
    (folder / "recipe-curl.spdx.json").rename(tmp_path / "outside.json")
    (folder / "recipe-curl.spdx.json").symlink_to("../outside.json")
    refused("opening recipe-curl.spdx.json: Too many levels of symbolic links", folder / "acme-image.spdx.json", code=1)
    (folder / "recipe-curl.spdx.json").unlink()
    index = json.loads((folder / "index.json").read_text())
    index["documents"][1]["filename"] = "../outside.json"
    (folder / "index.json").write_text(json.dumps(index))
    refused("index.json: /documents/1: '../outside.json' is no name of a file beside it")
    index = json.loads((folder / "index.json").read_text())
    index["documents"] = index["documents"][1:]
    (folder / "index.json").write_text(json.dumps(index))
    refused("no document of index.json contains packages of the others")
    (folder / "index.json").unlink()
    refused("index.json is not there")
    index["documents"] = [one for one in index["documents"] if one["filename"] != "busybox.spdx.json"]
    (folder / "index.json").write_text(json.dumps(index))
    refused("acme-image refers to DocumentRef-busybox (http://spdx.org/spdxdoc/busybox): index.json has no document of that namespace", folder / "acme-image.spdx.json")
