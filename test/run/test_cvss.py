# SPDX-License-Identifier: Apache-2.0
"""`thingward cvss`: scores, severities and words for people, an advisory's CVSS object for programs, and the place of what is wrong."""
import json
import os
import pathlib
import subprocess

import jsonschema
import pytest

import world as worlds

V2 = "AV:N/AC:L/Au:N/C:P/I:P/A:P"
V31 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
V4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"


def cvss(*words):
    return subprocess.run([str(worlds.program("thingward")), "cvss", *words], capture_output=True, timeout=60, check=False)


def lines(answer):
    return [" ".join(line.split()) for line in answer.stdout.decode().splitlines()]


def test_scores_severities_and_words():
    answer = cvss("CVSS:3.1/E:P/A:H/I:H/C:H/S:U/UI:N/PR:N/AC:L/AV:N/RC:X/MPR:H", V2 + "/RL:OF", V4 + "/MSA:S/U:Red")
    assert answer.returncode == 0 and not answer.stderr
    three, two, four = "\n".join(lines(answer)).split("\n\n")
    assert three.split("\n")[:4] == [V31 + "/E:P/MPR:H", "base score 9.8, critical", "temporal score 9.3, critical",
                                     "environmental score 6.8, medium"]
    assert "AV:N attack vector network" in three and "E:P maturity of exploit code proof of concept" in three
    assert "RC:X report confidence not defined" in three, "what the vector gives is said, also that it says nothing"
    assert two.split("\n")[:3] == [V2 + "/RL:OF", "base score 7.5", "temporal score 6.5"], "no severities; nothing of the environment is said"
    assert four.split("\n")[1] == "CVSS-BE 10.0, critical" and "score" not in four
    assert "MSA:S modified impact on availability of subsequent systems safety" in four


def test_json_is_the_object_of_an_advisory():
    folder = pathlib.Path(os.environ.get("TW_SCHEMAS", pathlib.Path(__file__).resolve().parents[3] / "shared" / "schemas")) / "csaf-2.0"
    answer = cvss("--json", V2 + "/E:POC/CDP:LM", V31, "CVSS:3.0" + V31[8:] + "/E:P/RL:O/RC:R/CR:L/MAV:A/MS:C", V4 + "/E:A")
    assert answer.returncode == 0
    answers = json.loads(answer.stdout)
    assert [a["cvss"]["version"] for a in answers] == ["2.0", "3.1", "3.0", "4.0"]
    assert answers[1]["cvss"] == {
        "version": "3.1", "vectorString": V31, "baseScore": 9.8, "baseSeverity": "CRITICAL", "attackVector": "NETWORK", "attackComplexity": "LOW",
        "privilegesRequired": "NONE", "userInteraction": "NONE", "scope": "UNCHANGED", "confidentialityImpact": "HIGH", "integrityImpact": "HIGH",
        "availabilityImpact": "HIGH"}
    assert answers[3]["nomenclature"] == "CVSS-BT" and answers[3]["cvss"]["exploitMaturity"] == "ATTACKED"
    assert "temporalScore" not in answers[3]["cvss"], "4.0 has one score"
    assert {"temporalScore", "environmentalScore"} <= answers[0]["cvss"].keys() and "baseSeverity" not in answers[0]["cvss"]
    if not folder.is_dir():
        pytest.skip("the official schemas are not there (TW_SCHEMAS)")
    for a in answers[:3]:
        schema = json.loads((folder / f"cvss-v{a['cvss']['version']}_strict.json").read_text(encoding="utf-8"))
        jsonschema.validate(a["cvss"], schema)


@pytest.mark.parametrize("vector, why", [
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:Q", "character 44: A has no value 'Q'"),
    ("CVSS:4.0/AC:L/AV:N", "character 15: AV comes before AC in CVSS 4.0"),
    ("AV:N", "character 5: the vector ends without AC"),
    ("CVSS:3.1/\x1b[31m", "character 10: a blank, or no character of a vector"),
    ("x" * 5000, "a vector has at most 256 characters"),
])
def test_what_is_no_vector(vector, why):
    answer = cvss(vector)
    assert answer.returncode == 1
    assert why.encode() in answer.stderr and b"Try: " in answer.stderr
    assert b"\x1b" not in answer.stdout + answer.stderr, "nothing from outside acts on the terminal"
    assert len(answer.stdout + answer.stderr) < 2000


def test_one_that_is_none_among_others():
    answer = cvss(V31, b"\xff", V4)
    assert answer.returncode == 1 and b"no vector: character 1: a blank" in answer.stdout
    assert b"base score 9.8" in answer.stdout and b"CVSS-B 9.3" in answer.stdout, "the others are told all the same"
    answer = cvss("--json", V31, b"\xff", V4)
    assert answer.returncode == 1
    told = json.loads(answer.stdout)
    assert [sorted(a) for a in told] == [["cvss", "given"], ["error", "given"], ["cvss", "given", "nomenclature"]]
    assert told[1] == {"given": "\\xff", "error": "character 1: a blank, or no character of a vector"}


def test_usage():
    assert cvss().returncode == 2
    assert cvss("--frobnicate", V31).returncode == 2
    assert b"VECTOR..." in cvss("--help").stdout
