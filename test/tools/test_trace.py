# SPDX-License-Identifier: Apache-2.0
"""tools/trace counts only what has row, code, test, probe, document and turn, and fails on every broken thread."""
import json
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
WHOLE = {
    "src/device/identification/capability.yaml": "capability: DI\nelements:\n  - {id: DI.IMS.1, status: tw_s}\n",
    "src/device/identification/identity.c": "/* @nist DI.IMS.1: one name */\n",
    "src/device/identification/test-identity.c": "/* @nist DI.IMS.1 */\n",
    "src/tool/probes/identification.c": 'static const struct probe p = { "DI.IMS.1", run };\n',
    "src/device/identification/document.md": "# Identity\n\n## One name (DI.IMS.1)\n",
    "test/run/test_probes.py": "# @turns DI.IMS.1: it has no name\ndef test_it():\n    assert verdict() == 'fail'\n",
}


@pytest.fixture
def trace(tmp_path):
    shutil.copytree(ROOT / "catalog", tmp_path / "catalog")

    def run(files, *args):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run([ROOT / "tools/trace", "--tree", tmp_path, *args], capture_output=True, text=True)
        return done.returncode, done.stdout.splitlines(), done.stderr
    return run


def test_nothing_is_nothing(trace):
    assert trace({}) == (0, ["supporting: DO 0 of 116, QR 0 of 14, IN 0 of 21, ED 0 of 34", "0 of 0 claimed elements have a test that turns them", "0 of 258 device elements, 0 of 185 supporting details"], "")


def test_a_whole_thread_counts(trace, tmp_path):
    code, out, err = trace(WHOLE, "--json", tmp_path / "t.json")
    assert (code, err) == (0, "")
    assert out[-1] == "1 of 258 device elements, 0 of 185 supporting details"
    assert any("src/tool/probes/identification.c:1" in line for line in out)
    assert json.loads((tmp_path / "t.json").read_text())["elements"]["DI.IMS.1"]["code"] == ["src/device/identification/identity.c:1"]


def test_one_mark_may_name_several(trace):
    files = {**WHOLE, "src/device/identification/capability.yaml":
             "elements:\n  - {id: DI.IMS.1, status: tw_s}\n  - {id: DI.IMS.2, status: tw_t}\n",
             "src/device/identification/identity.c": "/* @nist DI.IMS.1, DI.IMS.2: both */\n",
             "test/run/test_identity.py": "# @nist DI.IMS.2\n",
             "src/tool/probes/identification.c": "/* @nist DI.IMS.1 DI.IMS.2 */\n",
             "src/device/identification/document.md": "<!-- @nist DI.IMS.1 DI.IMS.2 -->\n",
             "test/run/test_probes.py": "ROWS = [\n    (1, 2),  # @turns DI.IMS.1 DI.IMS.2: neither has a name\n]\n\n\n"
             "@parametrize('row', ROWS)\ndef test_rows(row):\n    assert verdict(row) == 'fail'\n"}
    code, out, err = trace(files)
    assert (code, err) == (0, "")
    assert out[-1].startswith("2 of 258")


@pytest.mark.parametrize("text", [
    "# @turns DI.IMS.1: it has no name\n",
    "# @turns DI.IMS.1: it has no name\ndef test_it():\n    assert verdict() == 'inconclusive'\n",
    "# @turns DI.IMS.1: it has no name\ndef test_it():\n    return verdict() == 'fail'\n",
    "def test_it():\n    assert verdict() == 'fail'\n\n\n# @turns DI.IMS.1: it has no name\nNAMES = []\n",
    "ROWS = [1]  # @turns DI.IMS.1: it has no name\n\n\ndef test_it():\n    assert verdict(ROWS) != 'pass'\n",
    "def test_it(:\n    # @turns DI.IMS.1: it has no name\n    assert verdict() == 'fail'\n",
    *(f"# @turns DI.IMS.1: it has no name\ndef test_it():\n    {line}\n" for line in (
        "assert verdict() != 'fail'", "assert not verdict() == 'fail'", "assert verdict() == 'pass', 'fail'", "assert verdict() == 'fail' or True",
        "assert not (verdict() == 'fail' and other())", "assert verdict() <= {'fail', 'inconclusive'}", "assert 'fail' in verdicts()",
        "assert 'pass' == verdict() != 'fail'", "assert [one for one in verdicts() if one == 'fail'] == []", "assert [one for one in verdicts() if one != 'fail']",
        "wanted = 'fail'\n    assert verdict() == 'pass'", "check('it fails', verdict() != 'fail')", "check('fail', verdict())", "check(verdict() == 'fail')",
        "for wanted in ('fail', 'pass'):\n        assert verdict() != wanted", "for wanted in ('fail', 'pass'):\n        assert verdict() == other")),
    "ROWS = [('x', 'fail')]  # @turns DI.IMS.1: it has no name\n\n\n@parametrize('row, wanted', ROWS)\ndef test_it(row, wanted):\n    assert verdict(row) != wanted\n",
    "ROWS = [('x', 'pass')]  # @turns DI.IMS.1: it has no name\n\n\n@parametrize('row, wanted', ROWS)\ndef test_it(row, wanted):\n    assert verdict(row) == wanted\n",
    "ROWS = [ROWS]  # @turns DI.IMS.1: it has no name\n\n\n@parametrize('row', ROWS)\ndef test_it(row):\n    assert verdict() == row\n"])
def test_a_mark_at_a_test_in_which_nothing_fails_turns_nothing(trace, text):
    code, _, err = trace({**WHOLE, "test/run/test_probes.py": text})
    assert code == 1 and "nothing fails in the test that DI.IMS.1 is marked as turned in" in err and "DI.IMS.1 has no turn" in err


@pytest.mark.parametrize("text", [
    *(f"# @turns DI.IMS.1: it has no name\ndef test_it():\n    {line}\n" for line in (
        "assert 'fail' == verdict()", "assert not verdict() != 'fail'", "assert verdict() == 'fail' and why()", "assert verdict() == other() == 'fail'",
        "assert verdicts() == ('pass', 'fail')", "assert verdicts() == {'x': 'fail'}", "assert verdict() == ('fail' if wrong else 'pass')",
        "assert [one for one in verdicts() if one != 'fail'] == []", "check('it fails', verdict() == 'fail', why())",
        "for said, wanted in (('x', 'pass'), ('', 'fail')):\n        assert verdict(said) == wanted")),
    "# @turns DI.IMS.1: it has no name\n@parametrize('said, wanted', [('', 'fail')])\ndef test_it(said, wanted):\n    assert verdict(said) == wanted\n",
    "ROWS = [\n    ('', 'fail')]  # @turns DI.IMS.1: it has no name\n\n\n@parametrize('said, wanted', ROWS)\ndef test_it(said, wanted):\n    assert verdict(said) == wanted\n"])
def test_a_mark_at_a_test_that_asserts_a_failure_turns(trace, text):
    code, out, err = trace({**WHOLE, "test/run/test_probes.py": text})
    assert (code, err) == (0, "") and out[-2] == "1 of 1 claimed elements have a test that turns them"


def test_a_supporting_detail_counts_apart(trace):
    files = {k.replace("device/identification", "support/documentation").replace("probes/identification", "probes/documentation"):
             v.replace("DI.IMS.1", "DO.1.a.1.1") for k, v in WHOLE.items()}
    assert trace(files)[1][-3:] == ["supporting: DO 1 of 116, QR 0 of 14, IN 0 of 21, ED 0 of 34", "1 of 1 claimed elements have a test that turns them", "0 of 258 device elements, 1 of 185 supporting details"]


def test_a_supporting_detail_needs_the_whole_thread_too(trace):
    files = {k.replace("device/identification", "support/documentation").replace("probes/identification", "probes/documentation"):
             v.replace("DI.IMS.1", "DO.1.a.1.1") for k, v in WHOLE.items()}
    for name in (name for name in files if not name.endswith("capability.yaml")):
        code, out, err = trace({**files, name: "\n"})
        assert code == 1 and "DO.1.a.1.1 has no " in err and out[-3].startswith("supporting: DO 0 of 116"), name


@pytest.mark.parametrize("name,kind", [
    ("src/device/identification/identity.c", "code"),
    ("src/device/identification/test-identity.c", "test"),
    ("src/tool/probes/identification.c", "probe"),
    ("src/device/identification/document.md", "document"),
    ("test/run/test_probes.py", "turn"),
])
def test_a_row_that_lacks_one_is_an_orphan(trace, name, kind):
    code, out, err = trace({**WHOLE, name: "\n"})
    assert code == 1
    assert f"capability.yaml:3: DI.IMS.1 has no {kind}" in err
    assert out[-1].startswith("0 of 258")


@pytest.mark.parametrize("name,text", [
    ("src/service/x.c", "/* @nist DI.IMS.99: x */\n"),
    ("src/service/test-x.c", "/* @nist ZZ.IMS.1 */\n"),
    ("test/run/test_x.py", "# @nist DI.IMS.99\n"),
    ("src/tool/probes/x.c", 'p = { "DI.IMS.99" };\n'),
    ("src/device/identification/document.md", "## One name (DI.IMS.1)\n## Two (DI.IMS.99)\n"),
    ("src/device/identification/capability.yaml", "elements:\n  - {id: DI.IMS.1}\n  - {id: DI.IMS.99}\n"),
])
def test_an_unknown_id_fails(trace, name, text):
    code, _, err = trace({**WHOLE, name: text})
    assert code == 1
    assert "is not in the catalog" in err
    assert f"{name}:" in err


@pytest.mark.parametrize("name", ["src/service/x.c", "src/service/test-x.c", "test/run/test_x.py", "web/device/x.js"])
def test_a_mark_no_row_claims_fails(trace, name):
    code, _, err = trace({**WHOLE, name: "// @nist SU.UC.5: x\n"})
    assert code == 1
    assert f"{name}:1: SU.UC.5 is marked, but no row" in err


def test_a_turn_is_no_test_of_the_feature(trace, tmp_path):
    code, out, err = trace({**WHOLE, "src/device/identification/test-identity.c": ""}, "--json", tmp_path / "t.json")
    assert code == 1 and "DI.IMS.1 has no test\n" in err and out[-2] == "1 of 1 claimed elements have a test that turns them"
    found = json.loads((tmp_path / "t.json").read_text())
    assert found["elements"]["DI.IMS.1"]["turn"] == ["test/run/test_probes.py:1"] and found["counts"]["turned"] == [1, 1]


def test_a_turn_that_turns_nothing_fails(trace):
    wrong = {"test/run/test_a.py": ("# @turns DI.IMS.99: x\n", "is not in the catalog"),
             "test/run/test_b.py": ("# @turns SU.UC.5: x\n", "no row of a capability.yaml claims it"),
             "test/run/test_c.py": ("# @turns DI.IMS.1\n", "says what is wrong"),
             "test/run/test_d.py": ("# @turns DI.IMS.1:\n", "says what is wrong"),
             "src/device/identification/test-x.c": ("/* @turns DI.IMS.1: x */\n", "is turned in test/"),
             "src/tool/probes/x.c": ("/* @turns DI.IMS.1: x */\n", "is turned in test/")}
    code, out, err = trace({**WHOLE, "test/run/test_probes.py": "", **{name: text for name, (text, _) in wrong.items()}})
    assert code == 1 and out[-2].startswith("0 of 1 ") and "DI.IMS.1 has no turn\n" in err
    for name, (_, why) in wrong.items():
        assert [why in line for line in err.splitlines() if line.startswith(f"{name}:1: ")] == [True], name
