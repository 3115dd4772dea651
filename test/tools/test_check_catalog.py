# SPDX-License-Identifier: Apache-2.0
"""tools/check-catalog accepts the catalog as it is, and fails on each planted fault."""
import json
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(ROOT / "catalog", tmp_path / "catalog")
    return tmp_path / "catalog"


def run(folder):
    return subprocess.run([ROOT / "tools/check-catalog", folder], capture_output=True, text=True)


def edit(folder, name, change):
    path = folder / name
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def replace(folder, name, old, new):
    path = folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_accepts_the_catalog(copy):
    done = run(copy)
    assert (done.returncode, done.stderr) == (0, "")


def element(data, **change):
    data["elements"][0].update(change)


JSON_FAULTS = [
    ("id twice", "technical.json", lambda d: d["elements"][1].update(id="DI.IMS.1"), "DI.IMS.1 is used 2 times"),
    ("element dropped", "technical.json", lambda d: d["elements"].pop(), "253 technical elements"),
    ("long text", "technical.json", lambda d: element(d, text="word " * 23), "23 words, at most 22"),
    ("long check", "technical.json", lambda d: element(d, how_to_verify="word " * 29), "29 words, at most 28"),
    ("no check", "technical.json", lambda d: element(d, how_to_verify=" "), "text is empty"),
    ("related to nothing", "technical.json", lambda d: element(d, related=["LA.RSM.99"]), "names LA.RSM.99"),
    ("baseline of nothing", "technical.json", lambda d: element(d, core_baseline=["8259A.DI.9"]), "names 8259A.DI.9"),
    ("wrong parent", "technical.json", lambda d: element(d, parent="SU.UC"), "no prefix"),
    ("unknown kind", "technical.json", lambda d: element(d, kind="magic"), "unknown kind"),
    ("folded into nothing", "technical.json", lambda d: d["duplicates"][0].update(folded_into="LA.AS.99"), "LA.AS.99"),
    ("detail without question", "nontechnical.json",
     lambda d: d["capabilities"][0]["subcapabilities"][0]["topics"][0]["actions"][0]["details"][0].update(ask=""), "text is empty"),
    ("detail feeds nothing", "nontechnical.json",
     lambda d: d["capabilities"][0]["subcapabilities"][0]["topics"][0]["actions"][0]["details"][0].update(artifact="none-such"), "none-such"),
    ("unknown answer", "activities.json", lambda d: d["activities"][0]["lists"][0]["questions"][0].update(answer="poem"), "unknown answer"),
    ("feeds nothing", "activities.json", lambda d: d["activities"][0]["lists"][0]["questions"][0].update(feeds=["x"]), "names x"),
    ("artifact of no question", "activities.json", lambda d: d["artifacts"][0].update(fed_by_questions=["A9.9.9"]), "A9.9.9"),
    ("baseline row joins nothing", "core-baseline-8259a.json", lambda d: element(d, catalog=["DI.IMS.99"]), "DI.IMS.99"),
    ("none that joins", "core-baseline-8259a.json", lambda d: element(d, match="none"), "go together"),
    ("partial without reason", "core-baseline-8259a.json", lambda d: element(d, match="partial"), "must say what it lacks"),
    ("extra with a NIST id", "core-baseline-8259a.json", lambda d: d["suggested_extra"][0].update(id="SU.UC.77"), "carries .X."),
    ("extra covers nothing", "core-baseline-8259a.json", lambda d: d["suggested_extra"][0].update(covers="8259A.SU.9"), "8259A.SU.9"),
    ("row without edition", "nontechnical-baseline-8259b-final.json", lambda d: d["actions"][0].update(id="8259B.DO.1"), "name its edition"),
    ("file without edition", "nontechnical-baseline-8259b-final.json", lambda d: d.pop("edition"), "edition must be"),
    ("extras differ", "nontechnical-baseline-8259b.json", lambda d: d["suggested_extra"][0].update(text="Other."), "same extras"),
]


@pytest.mark.parametrize("name,change,words", [f[1:] for f in JSON_FAULTS], ids=[f[0] for f in JSON_FAULTS])
def test_refuses_data(copy, name, change, words):
    edit(copy, name, change)
    done = run(copy)
    assert done.returncode == 1
    assert words in done.stderr


JOIN = "B.D-1e\t8259B-2021\t8259B-2021.DO.1.e\t"
TSV_FAULTS = [
    ("join missing", "joins.tsv", JOIN + "\n", "", "B.D-1e has no row in joins.tsv"),
    ("join to the draft", "joins.tsv", JOIN, "B.D-1e\t8259B-2021\t8259B.DO.1.e\t", "not of edition 8259B-2021"),
    ("join to nothing", "joins.tsv", JOIN, "B.D-1e\t8259B-2021\t8259B-2021.DO.1.z\t", "does not exist"),
    ("join without edition", "joins.tsv", JOIN, "B.D-1e\t\t8259B-2021.DO.1.e\t", "unknown edition"),
    ("join twice", "joins.tsv", JOIN, JOIN + "\n" + JOIN, "joined twice"),
    ("join of no source", "joins.tsv", JOIN, JOIN + "\nB.D-9z\t8259B-2021\t8259B-2021.DO.1.e\t", "in no row of crosswalk.tsv"),
    ("none without reason", "joins.tsv", "\tnone\tthe catalog has no part for on-boarding", "\tnone\t", "must say why"),
    ("columns", "joins.tsv", JOIN, JOIN + "\tmore", "5 columns"),
    ("edition differs", "crosswalk.tsv", "A.DI-1\tEN303645-3.1.3\t5.4-2\tintersects-with\tM\t8259A-2020",
     "A.DI-1\tEN303645-3.1.3\t5.4-2\tintersects-with\tM\t8259B-2021", "joins.tsv says 8259A-2020"),
    ("unknown relation", "crosswalk.tsv", "intersects-with", "resembles", "unknown relationship"),
    ("pair twice", "crosswalk.tsv", "A.DI-1\tEN303645-3.1.3\t5.4-2\t", "A.DI-1\tEN303645-3.1.3\t5.3-16\t", "stands twice"),
    ("header", "crosswalk.tsv", "source\t", "sauce\t", "first line must be"),
]


@pytest.mark.parametrize("name,old,new,words", [f[1:] for f in TSV_FAULTS], ids=[f[0] for f in TSV_FAULTS])
def test_refuses_joins(copy, name, old, new, words):
    replace(copy / "crosswalk", name, old, new)
    done = run(copy)
    assert done.returncode == 1
    assert words in done.stderr


def test_refuses_a_key_that_stands_twice(copy):
    replace(copy, "technical.json", '"id": "DI.IMS.1"', '"id": "DI.IMS.1", "id": "DI.IMS.1"')
    done = run(copy)
    assert done.returncode == 1
    assert "stands twice" in done.stderr
