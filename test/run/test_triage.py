# SPDX-License-Identifier: Apache-2.0
"""`thingward triage`: a first import of a made-up product comes down to what people can read, decisions hold and come back, and no feed ends a run."""
import hashlib
import json
import subprocess

import pytest
import triage_set
import world as worlds


def run(*words):
    return subprocess.run([str(worlds.program("thingward")), "triage", *map(str, words)], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return triage_set.make(tmp_path_factory.mktemp("set"))


def inputs(made):
    return ["--release", made / "sbom.json", "--feeds", made / "feeds", "--kernel-config", made / "config", "--kernel-source", made / "linux", "--installed", made / "installed"]


def test_first_import_comes_down_to_what_people_can_read(made, tmp_path):
    done = run("check", tmp_path, *inputs(made), "--json", "--settled")
    assert done.returncode == 1, done.stderr
    answer = json.loads(done.stdout)
    counts = answer["counts"]
    of_kernel = [item for item in answer["items"] if item["name"] == "linux"]
    assert len(of_kernel) == 3000 and counts["components"] == 301 and counts["matches"] == len(answer["items"]) > 5000
    assert 0 < counts["open"] <= 50 and counts["new"] == counts["open"] and not answer["unread"] and not answer["problems"]
    assert set(answer["rules"]) == {"outside-range", "not-compiled", "corrected", "stated", "not-present"}
    assert counts["matches"] == counts["open"] + sum(answer["rules"].values())
    for item in answer["items"]:
        assert item["state"] == "open" or (item["because"] and item["evidence"]), item
    # Nothing that is in a file that is compiled, and in a version that is affected, was taken away.
    for item in of_kernel:
        affected = any(record["verdict"] != "unaffected" for record in item["records"])
        assert item["state"] == "open" or item["rule"] == "not-compiled" or not affected


def test_without_a_configuration_nothing_is_said_of_files(made, tmp_path):
    done = run("check", tmp_path, "--release", made / "sbom.json", "--feeds", made / "feeds", "--json")
    answer = json.loads(done.stdout)
    assert set(answer["rules"]) == {"outside-range", "corrected", "stated"} and answer["counts"]["open"] > 50


def small(folder, fixed="8.0-2", version="8.0-1"):
    (folder / "feeds").mkdir(exist_ok=True)
    (folder / "sbom.json").write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [
        {"type": "library", "name": "curl", "version": version, "purl": f"pkg:deb/debian/curl@{version}?distro=debian-12"}]}))
    (folder / "feeds/a.json").write_text(json.dumps({"id": "DEBIAN-CVE-2026-0001", "upstream": ["CVE-2026-0001"], "modified": "2026-01-02T03:04:05Z", "affected": [
        {"package": {"ecosystem": "Debian:12", "name": "curl"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}]}]}))
    return [folder, "--release", folder / "sbom.json", "--feeds", folder / "feeds"]


def test_new_decided_and_decided_on_other_facts(tmp_path):
    words = small(tmp_path)
    done = run("check", *words)
    assert done.returncode == 1 and "CVE-2026-0001" in done.stdout and "1 are new for people" in done.stderr and not (tmp_path / "triage.yaml").exists()
    assert run("decide", tmp_path, "CVE-2026-0001", "curl", "--status", "fixed", "--by", "J", "--reason", "r").returncode == 1
    done = run("import", *words)
    assert done.returncode == 0 and "CVE-2026-0001" in done.stdout and all(len(line) <= 80 for line in done.stdout.splitlines() if str(tmp_path) not in line)
    done = run("check", *words)
    assert done.returncode == 0 and "CVE-2026-0001" not in done.stdout and "1  for people, 0 of them new" in done.stdout
    assert run("check", *words, "--all").returncode == 1
    decide = ["decide", tmp_path, "CVE-2026-0001", "curl", "--by", 'Jane "J" Doe', "--reason", "The command is not there: no code of it is called"]
    done = run(*decide, "--status", "not_affected")
    assert done.returncode == 2 and "needs to say why" in done.stdout and not (tmp_path / "decisions.yaml").exists()
    assert run(*decide, "--status", "not_affected", "--justification", "vulnerable_code_not_in_execute_path").returncode == 0
    done = run("check", *words, "--all")
    assert done.returncode == 0 and "1  decided" in done.stdout
    assert json.loads(run("check", *words, "--settled", "--json").stdout)["items"][0]["decision"]["by"] == 'Jane "J" Doe'
    # The next release has another version, and so the decision comes back.
    done = run("check", *small(tmp_path, version="8.0-1.1"))
    assert done.returncode == 1 and "decided before on other facts" in " ".join(done.stdout.split())
    # One that a rule takes needs nobody.
    assert run("check", *small(tmp_path, version="8.0-2"), "--all").returncode == 0
    # A mistake in the decisions is told with its place, and nothing else is done.
    (tmp_path / "decisions.yaml").write_text("format: 1\ndecisions:\n- vulnerability: x\n")
    done = run("check", *words)
    assert done.returncode == 2 and "decisions.yaml:3:3: 'component' is missing" in done.stdout


def test_feeds_that_cannot_be_read_are_told_and_cost_no_other(tmp_path):
    words = small(tmp_path, fixed="8.0-1")
    feeds = tmp_path / "feeds"
    assert run("check", *words).returncode == 0
    (feeds / "cut.json").write_text('{"id": "X", "modified": "2026')
    (feeds / "deep.json").write_text("[" * 100000)
    (feeds / "odd.json").write_text("{}")
    (feeds / "packed.json.gz").write_bytes(b"\x1f\x8b")
    (feeds / "epss.csv").write_text("cve,epss,percentile\nCVE-1,2,3\n")
    (feeds / "kev.json").write_text(json.dumps({"catalogVersion": "1", "count": 2, "vulnerabilities": []}))
    (feeds / "link.json").symlink_to("a.json")
    (feeds / "bad\x1b[31m.json").write_text("{}")
    (feeds / "delta.json").write_text("{}")
    (feeds / "README.md").write_text("x")
    done = run("check", *words)
    assert done.returncode == 1 and "8 files of the feeds were not read" in done.stderr
    for name in ("cut.json", "deep.json", "odd.json", "packed.json.gz", "epss.csv", "kev.json", "link.json"):
        assert f"  {name}: " in done.stdout
    assert "\x1b" not in done.stdout and "1  taken by the rule outside-range" in done.stdout


def test_vex_of_a_release(tmp_path):
    product = tmp_path / "product"
    tool = str(worlds.program("thingward"))
    subprocess.run([tool, "product", "init", "--example", product], check=True, capture_output=True)
    (product / "feeds").mkdir()
    words = small(product)
    out = tmp_path / "vex.json"
    assert "triage import first" in run("vex", product, "--out", out).stderr
    assert run("import", *words).returncode == 0
    assert run("vex", product, "--out", out).returncode == 0
    first = json.loads(out.read_text())
    assert first["vulnerabilities"][0]["product_status"] == {"under_investigation": ["P:C1"]} and first["document"]["category"] == "csaf_vex"
    # What is decided after the import is in it, and the document is carried on.
    assert run("decide", product, "CVE-2026-0001", "curl", "--status", "affected", "--action", "Update.", "--by", "J", "--reason", "r").returncode == 0
    assert run("vex", product, "--out", out).returncode == 0
    second = json.loads(out.read_text())
    assert second["vulnerabilities"][0]["remediations"][0]["details"] == "Update." and second["document"]["tracking"]["version"] == "2"
    assert subprocess.run([tool, "csaf", "validate", "--strict", out], capture_output=True, check=False).returncode == 0
    # What was imported is of one release, and no other is spoken of with it.
    assert "of another release" in run("vex", product, "--out", out, "--version", "99").stderr and json.loads(out.read_text()) == second
    assert f'"sbom":"{hashlib.sha256((product / "sbom.json").read_bytes()).hexdigest()}"' in (product / "triage.yaml").read_text()
    assert run("import", *words, "--version", "99").returncode == 0
    assert "of another release" in run("vex", product, "--out", out).stderr
    assert "another" in run("vex", product, "--out", out, "--version", "99").stderr and json.loads(out.read_text()) == second
    assert run("import", *words).returncode == 0
    assert run("vex", product, "--out", tmp_path / "open.json", "--format", "openvex").returncode == 0
    assert json.loads((tmp_path / "open.json").read_text())["statements"][0]["status"] == "affected"
    assert run("vex", product, "--out", out, "--format", "xml").returncode == 2


def test_wrong_usage(tmp_path):
    words = small(tmp_path)
    assert run("check", tmp_path, "--release", tmp_path / "sbom.json").returncode == 2
    assert "without a configuration" in run("check", *words, "--kernel-source", tmp_path).stderr
    assert "there is no directory" in run("check", tmp_path, "--release", tmp_path / "sbom.json", "--feeds", tmp_path / "none").stderr
    (tmp_path / "empty").write_text("\n")
    assert "names nothing" in run("check", *words, "--installed", tmp_path / "empty").stderr
    # Forms in which the first word is no name.
    (tmp_path / "dpkg").write_text("ii  curl  8.0-1  arm64  x\n")
    done = run("check", *words, "--installed", tmp_path / "dpkg")
    assert done.returncode == 2 and "names none of the 1 components" in done.stderr and "first word" in done.stderr
    (tmp_path / "dpkg").write_text("curl:arm64\t8.0-1\n")
    assert "0 of 1 components are not named" in run("check", *words, "--installed", tmp_path / "dpkg").stdout
    (tmp_path / "built").write_text("fs/a.o\n")
    assert "no source file" in run("check", *words, "--build-files", tmp_path / "built").stderr
    # A component of which a name could not be read is as much as a feed that was not.
    (tmp_path / "odd.json").write_text((tmp_path / "sbom.json").read_text().replace("pkg:", "kg:"))
    (tmp_path / "none-yet").mkdir()
    done = run("check", tmp_path, "--release", tmp_path / "odd.json", "--feeds", tmp_path / "none-yet")
    assert done.returncode == 1 and "1 names of components were not read" in done.stderr
    (tmp_path / "other").write_text("{}")
    assert run("check", tmp_path, "--release", tmp_path / "other", "--feeds", tmp_path / "feeds").returncode == 2
    (tmp_path / "triage.yaml").write_text("format: 2\n")
    assert "no file of a triage" in run("check", *words).stderr
