# SPDX-License-Identifier: Apache-2.0
"""What builds write of themselves, as `thingward triage` reads it. Documents are made up, in the form of Yocto's and Buildroot's; those with an official schema are held against it."""
import json
import os
import pathlib

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


def test_an_inventory_among_the_feeds_counts_for_what_it_says(tmp_path):
    """VEX beside a release that another program described: of the same names and versions."""
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds/vex.json").write_text(json.dumps(spdx3()))
    (tmp_path / "sbom.json").write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [
        {"type": "library", "name": "curl", "version": "8.5.0", "cpe": "cpe:2.3:*:haxx:curl:8.5.0:*:*:*:*:*:*:*"}]}))
    assert check(tmp_path, tmp_path / "sbom.json", RECORDS) == {("CVE-2026-0001", "curl"): "stated", ("CVE-2026-0002", "curl"): "stated", ("CVE-2026-0003", "curl"): "open"}


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
    wrong = {**SHOW_INFO, "busybox": {**SHOW_INFO["busybox"], "ignore_cves": "CVE-2026-0006"}}
    (tmp_path / "show-info.json").write_text(json.dumps(wrong))
    done = run("check", tmp_path, "--release", tmp_path / "show-info.json", "--feeds", tmp_path / "feeds")
    assert done.returncode == 2 and "/busybox/ignore_cves: is no list" in done.stderr


def test_buildroot_by_cyclonedx(tmp_path):
    document = cyclonedx()
    validate(document, "cyclonedx/bom-1.6.schema.json")
    (tmp_path / "sbom.json").write_text(json.dumps(document))
    assert check(tmp_path, tmp_path / "sbom.json", OF_BUILDROOT) == WANTED


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
