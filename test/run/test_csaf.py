# SPDX-License-Identifier: Apache-2.0
"""`thingward csaf validate`: verdict, place and advice for people; the library's fields for programs; and nothing of a document reaches the terminal as it is."""
import copy
import json
import subprocess

import world as worlds


def run(*words, stdin=""):
    return subprocess.run([str(worlds.program("thingward")), "csaf", "validate", *map(str, words)], capture_output=True, text=True, input=stdin, timeout=60, check=False)


GOOD = {
    "document": {
        "category": "csaf_vex", "csaf_version": "2.0", "title": "A lamp", "publisher": {"category": "vendor", "name": "Lamps", "namespace": "https://lamps.example"},
        "tracking": {"id": "LAMPS-1", "status": "final", "version": "1", "current_release_date": "2026-01-01T10:00:00Z",
                     "initial_release_date": "2026-01-01T10:00:00Z", "revision_history": [{"date": "2026-01-01T10:00:00Z", "number": "1", "summary": "First"}]}},
    "product_tree": {"full_product_names": [{"name": "Lamp", "product_id": "P1"}]},
    "vulnerabilities": [{"cve": "CVE-2026-0001", "notes": [{"category": "description", "text": "d"}], "product_status": {"fixed": ["P1"]},
                         "scores": [{"products": ["P1"], "cvss_v2": {"version": "2.0", "vectorString": "AV:N/AC:L/Au:N/C:C/I:C/A:C", "baseScore": 10}}]}]}


def changed(**parts):
    document = copy.deepcopy(GOOD)
    document.update(parts)
    return document


def write(folder, name, document):
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def test_verdicts_and_exit_codes(tmp_path):
    good = write(tmp_path, "good.json", GOOD)
    bad = write(tmp_path, "bad.json", changed(product_tree={"full_product_names": [{"name": "Lamp", "product_id": "P2"}]}))
    broken = write(tmp_path, "broken.json", "{")
    done = run(good)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{good}: valid\n", "")
    done = run("-", stdin=json.dumps(GOOD))
    assert (done.returncode, done.stdout) == (0, "-: valid\n")
    done = run(good, bad)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[:2] == [f"{good}: valid", f"{bad}: not valid"]
    assert lines[2] == "  6.1.1  /vulnerabilities/0/product_status/fixed/0: no product of the tree has the id 'P1'"
    assert lines[-1].strip() == "Define the product in product_tree, or correct the reference." and "1 of 2 documents are not valid" in done.stderr
    done = run(bad, broken, good)
    assert done.returncode == 2 and "cannot be read: line 1 column 2" in done.stdout and f"{good}: valid" in done.stdout
    done = run(tmp_path / "none.json")
    assert done.returncode == 2 and "there is no file" in done.stdout
    assert run().returncode == 2


def test_cvss_is_told_once(tmp_path):
    document = copy.deepcopy(GOOD)
    document["vulnerabilities"][0]["scores"][0]["cvss_v2"]["baseScore"] = 11
    done = run(write(tmp_path, "a.json", document))
    assert done.returncode == 1 and done.stdout.count("  6.1.8  ") == 1 and "  schema  " not in done.stdout


def test_strict(tmp_path):
    more = write(tmp_path, "more.json", changed(more=1))
    assert run(more).returncode == 0
    done = run("--strict", more)
    assert done.returncode == 1 and "  schema  /more: " in done.stdout


def test_json_has_the_librarys_fields(tmp_path):
    bad = write(tmp_path, "bad.json", changed(product_tree={"full_product_names": [{"name": "Lamp", "product_id": "P2"}]}))
    broken = write(tmp_path, "broken.json", "[1")
    done = run("--json", bad, broken)
    answer = json.loads(done.stdout)
    assert done.returncode == 2 and answer["isValid"] is False
    first, second = answer["documents"]
    assert second == {"file": str(broken), "isValid": False, "error": second["error"]} and second["error"]
    assert first["file"] == str(bad) and len(first["tests"]) == 44
    names = [one["name"] for one in first["tests"]]
    assert names[:2] == ["csaf_2_0", "mandatoryTest_6_1_1"] and names[-1] == "mandatoryTest_6_1_33" and "mandatoryTest_6_1_27_11" in names
    assert [one["name"] for one in first["tests"] if not one["isValid"]] == ["mandatoryTest_6_1_1"]
    assert all(set(one) == {"name", "isValid", "errors", "warnings", "infos"} for one in first["tests"])
    assert first["tests"][1]["errors"][0] == {"instancePath": "/vulnerabilities/0/product_status/fixed/0",
                                              "message": "no product of the tree has the id 'P1'"}
    strict = json.loads(run("--json", "--strict", bad).stdout)
    assert strict["documents"][0]["tests"][0]["name"] == "csaf_2_0_strict"


def test_nothing_of_a_document_steers_the_terminal(tmp_path):
    document = copy.deepcopy(GOOD)
    document["document"]["category"] = "csaf_\x1b]0;owned\x07\nthingward: all valid\u009b2J"
    document["vulnerabilities"][0]["product_status"]["fixed"] = ["\x1b[2J\r\nP1"]
    document["\x1b[31m\nkey"] = 1
    done = run("--strict", write(tmp_path, "a.json", document))
    assert done.returncode == 1 and "6.1.1" in done.stdout and "6.1.26" in done.stdout
    assert not [c for c in done.stdout + done.stderr if (ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160]
    assert "thingward: all valid" not in done.stdout.splitlines()


def test_more_findings_than_are_told(tmp_path):
    document = copy.deepcopy(GOOD)
    document["vulnerabilities"][0]["product_status"]["fixed"] = [f"X{i}" for i in range(250)]
    done = run(write(tmp_path, "a.json", document))
    assert done.returncode == 1 and done.stdout.count("no product of the tree") == 100 and "6.1.1  and 150 more" in done.stdout
