# SPDX-License-Identifier: Apache-2.0
"""tools/check: it counts what parts say, names skips, and fails on failures, overruns and silence."""
import pathlib
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def script(tmp_path, name, text):
    path = tmp_path / name
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


def check(tmp_path, *rows):
    parts = tmp_path / "parts.tsv"
    parts.write_text("".join("\t".join(str(c) for c in row) + "\n" for row in rows))
    run = subprocess.run([ROOT / "tools/check", "t", "--parts", parts, "--logs", tmp_path / "logs"], capture_output=True, text=True)
    return run.returncode, run.stdout.splitlines()


def test_adds_up(tmp_path):
    a = script(tmp_path, "a", "echo '40 passed, 0 failed'\n")
    b = script(tmp_path, "b", "echo 'SKIPPED b/x: no kernel for it'; echo '2 passed, 0 failed, 1 skipped'\n")
    code, out = check(tmp_path, ("a", 9, "t", a), ("b", 9, "t", b))
    assert code == 0
    assert out[-1] == "42 passed, 0 failed, 1 skipped"
    assert "b: b/x: no kernel for it" in out


def test_no_skips_no_word_of_them(tmp_path):
    code, out = check(tmp_path, ("a", 9, "t", script(tmp_path, "a", "echo '412 passed, 0 failed'\n")))
    assert (code, out[-1]) == (0, "412 passed, 0 failed")


def test_names_failures_and_how_to_repeat_them(tmp_path):
    a = script(tmp_path, "a", "echo 'FAILED the thing'; echo '  repeat: run the thing'; echo '3 passed, 1 failed'; exit 1\n")
    code, out = check(tmp_path, ("a", 9, "t", a), ("b", 9, "t", script(tmp_path, "b", "echo '1 passed, 0 failed'\n")))
    assert code == 1
    assert out[-3:] == ["a: the thing", "  repeat: run the thing", "4 passed, 1 failed"]


@pytest.mark.parametrize("text,words", [
    ("echo fine\n", "no count"),
    ("echo '1 passed, 0 failed'; exit 3\n", "ended with 3"),
    ("exit 1\n", "no count"),
])
def test_silence_is_failure(tmp_path, text, words):
    code, out = check(tmp_path, ("a", 9, "t", script(tmp_path, "a", text)))
    assert code == 1
    assert words in out[-3]
    assert out[-1].endswith("1 failed")


def test_overrun_fails_and_everything_is_ended(tmp_path):
    mark = tmp_path / "pid"
    a = script(tmp_path, "a", f"echo '1 passed, 0 failed'\nsetsid sleep 600 & echo $! >{mark}; sleep 600\n")
    start = time.monotonic()
    code, out = check(tmp_path, ("a", 1, "t", a))
    assert time.monotonic() - start < 20
    assert code == 1
    assert "over its ceiling of 1 s" in out[-3]
    assert not pathlib.Path(f"/proc/{mark.read_text().strip()}").exists()


def test_what_a_part_leaves_running_is_ended(tmp_path):
    mark = tmp_path / "pid"
    a = script(tmp_path, "a", f"setsid sleep 600 >/dev/null 2>&1 & echo $! >{mark}; echo '1 passed, 0 failed'\n")
    code, out = check(tmp_path, ("a", 9, "t", a))
    assert code == 0
    assert not pathlib.Path(f"/proc/{mark.read_text().strip()}").exists()


def test_a_failed_build_ends_it(tmp_path):
    bad = script(tmp_path, "bad", "echo 'FAILED build dev'; echo '0 passed, 1 failed'; exit 1\n")
    code, out = check(tmp_path, ("build", 9, "t", bad), ("b", 9, "t", script(tmp_path, "b", "echo '1 passed, 0 failed'\n")))
    assert (code, out[-1]) == (1, "0 passed, 1 failed")


def test_the_ceilings_fit_into_forty_minutes():
    sys.path.insert(0, str(ROOT / "tools"))
    rows = [r.split("\t") for r in (ROOT / "test/parts.tsv").read_text().splitlines() if r and not r.startswith("#")]
    assert sum(int(r[1]) for r in rows if "check" in r[2].split(",")) <= 2400
    assert sum(int(r[1]) for r in rows if "quick" in r[2].split(",")) <= 240


def run_tests(folder, *steps):
    """tools/run-tests looks beside itself, so the trial tree gets a copy."""
    (folder / "tools").mkdir(exist_ok=True)
    copy = folder / "tools/run-tests"
    copy.write_text((ROOT / "tools/run-tests").read_text())
    copy.chmod(0o755)
    run = subprocess.run([copy, *steps], capture_output=True, text=True, cwd=folder)
    return run.returncode, run.stdout.splitlines()


def test_a_directory_without_tests_is_a_skip(tmp_path):
    (tmp_path / "test/empty").mkdir(parents=True)
    code, out = run_tests(tmp_path, "dirs", "test/empty", "test/absent")
    assert code == 0
    assert out == ["SKIPPED test/empty: no tests", "SKIPPED test/absent: no tests", "0 passed, 0 failed, 2 skipped"]


def test_pytest_is_counted_and_repeatable(tmp_path):
    (tmp_path / "test/x").mkdir(parents=True)
    (tmp_path / "test/x/test_it.py").write_text(
        "import pytest\ndef test_good():\n    pass\ndef test_bad():\n    assert 0\n@pytest.mark.skip(reason='not here')\ndef test_not():\n    pass\n")
    code, out = run_tests(tmp_path, "dirs", "test/x")
    assert code == 1
    assert out[-1] == "1 passed, 1 failed, 1 skipped"
    assert "FAILED test/x/test_it.py::test_bad" in out
    assert "  repeat: /usr/bin/python3 -m pytest test/x/test_it.py::test_bad" in out
    assert any(line.startswith("SKIPPED test/x/test_it.py::test_not: not here") for line in out)


def test_a_program_that_counts_itself(tmp_path):
    (tmp_path / "test/x").mkdir(parents=True)
    script(tmp_path / "test/x", "run", "echo '7 passed, 0 failed, 2 skipped'\n")
    assert run_tests(tmp_path, "dirs", "test/x") == (0, ["7 passed, 0 failed, 2 skipped"])
    script(tmp_path / "test/x", "run", "echo '7 passed, 0 failed'; exit 9\n")
    code, out = run_tests(tmp_path, "dirs", "test/x")
    assert (code, out[-1]) == (1, "7 passed, 1 failed, 0 skipped")
    script(tmp_path / "test/x", "run", "echo nothing\n")
    code, out = run_tests(tmp_path, "dirs", "test/x")
    assert (code, out[-1]) == (1, "0 passed, 1 failed, 0 skipped")
