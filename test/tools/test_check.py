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


def command(tmp_path, rows, name="t"):
    parts = tmp_path / "parts.tsv"
    parts.write_text("".join("\t".join(str(c) for c in row) + "\n" for row in rows))
    return [ROOT / "tools/check", name, "--parts", parts, "--logs", tmp_path / "logs"]


def check(tmp_path, *rows, more=(), name="t"):
    run = subprocess.run([*command(tmp_path, rows, name), *more], capture_output=True, text=True, errors="replace")
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
    ("echo half; kill -9 $$\n", "was killed by SIGKILL and no count; its last line: half"),
    ("echo '1 passed, 0 failed'; kill -11 $$\n", "was killed by SIGSEGV, though nothing was reported"),
    ("head -c 300000 /dev/zero; printf '\\033[2J\\377\\n'\n", "no count"),
    ("echo '3 of 4 passed, none failed'\n", "no count"),
])
def test_silence_is_failure(tmp_path, text, words):
    code, out = check(tmp_path, ("a", 9, "t", script(tmp_path, "a", text)))
    assert code == 1
    assert words in out[-3]
    assert out[-1].endswith("1 failed")


def test_more_failures_named_than_counted(tmp_path):
    code, out = check(tmp_path, ("a", 9, "t", script(tmp_path, "a", "echo 'FAILED x'; echo '  repeat: y'; echo '1 passed, 0 failed'\n")))
    assert (code, out[-1]) == (1, "1 passed, 2 failed")
    assert out[-5:-3] == ["a: x", "  repeat: y"]
    assert "names 1 failures and counts 0" in out[-3]


def test_a_program_that_is_not_there(tmp_path):
    code, out = check(tmp_path, ("a", 9, "t", tmp_path / "none"), ("b", 9, "t", script(tmp_path, "b", "echo '1 passed, 0 failed'\n")))
    assert (code, out[-1]) == (1, "1 passed, 1 failed")
    assert "could not be started" in out[-3]


def test_a_set_may_have_a_ceiling_in_all(tmp_path):
    a = script(tmp_path, "a", "sleep 1.7; echo '1 passed, 0 failed'\n")
    start = time.monotonic()
    code, out = check(tmp_path, ("a", 9, "t", a), ("b", 9, "t", a), ("c", 9, "t", a), more=("--all-s", "4"))
    assert time.monotonic() - start < 15
    assert code == 1
    assert any("not run: 't' may take 4 s in all" in line for line in out)
    assert out[-1].endswith("1 failed") or out[-1].endswith("2 failed")


def test_a_part_may_use_what_those_before_it_left(tmp_path):
    quick = script(tmp_path, "a", "echo '1 passed, 0 failed'\n")
    slow = script(tmp_path, "b", "sleep 2.2; echo '1 passed, 0 failed'\n")
    code, out = check(tmp_path, ("a", 9, "check", quick), ("b", 1, "check", slow), name="check")
    assert (code, out[-1]) == (0, "2 passed, 0 failed")
    assert any(line.startswith("note: b took 2 s, more than its own 1 s") for line in out)
    code, out = check(tmp_path, ("a", 2, "check", slow), ("b", 1, "check", slow), name="check")
    assert (code, out[-1]) == (1, "0 passed, 2 failed")
    code, out = check(tmp_path, ("a", 9, "t", quick), ("b", 1, "t", slow))
    assert (code, out[-1]) == (1, "1 passed, 1 failed")


def test_the_inner_loop_has_ninety_seconds(tmp_path):
    code, out = check(tmp_path, ("a", 200, "quick", script(tmp_path, "a", "echo '1 passed, 0 failed'\n")), name="quick")
    assert code == 0
    assert out[0].startswith(("== a (at most 90 s)", "== a (at most 89 s)"))


def test_a_silent_part_is_said_to_be_running(tmp_path):
    a = script(tmp_path, "a", "echo at the beginning; sleep 2; echo '1 passed, 0 failed'\n")
    code, out = check(tmp_path, ("a", 9, "t", a), more=("--silent-s", "0.4"))
    assert code == 0
    said = [line for line in out if line.startswith(".. a: still running after ") and line.endswith("; last: at the beginning")]
    assert len(said) >= 2
    assert any(" s, at sleep 2; " in line for line in said)


def test_an_interrupt_ends_everything_and_still_adds_up(tmp_path):
    mark = tmp_path / "pid"
    a = script(tmp_path, "a", f"setsid sleep 600 & echo $! >{mark}; sleep 600\n")
    run = subprocess.Popen(command(tmp_path, [("a", 90, "t", a), ("b", 9, "t", a)]), stdout=subprocess.PIPE, text=True)
    for _ in range(200):
        if mark.exists() and mark.read_text().strip():
            break
        time.sleep(0.05)
    run.terminate()
    out = run.communicate(timeout=20)[0].splitlines()
    assert (run.returncode, out[-1]) == (1, "0 passed, 1 failed")
    assert "interrupted" in out[-3]
    assert not pathlib.Path(f"/proc/{mark.read_text().strip()}").exists()


def test_deep_says_so_to_its_parts_and_in_its_repeat_commands(tmp_path):
    a = script(tmp_path, "a", "echo 'FAILED x'; echo '  repeat: y'; echo \"$TW_DEEP passed, 1 failed\"; exit 1\n")
    code, out = check(tmp_path, ("a", 9, "deep", a), name="deep")
    assert (code, out[-3:]) == (1, ["a: x", "  repeat: TW_DEEP=1 y", "1 passed, 1 failed"])


def test_the_sets_are_listed():
    out = subprocess.run([ROOT / "tools/check"], capture_output=True, text=True).stdout.splitlines()
    heads = [line.split(":")[0] for line in out if not line.startswith(" ")]
    assert heads == ["check", "deep", "quick", "san"]
    assert "quick: at most 90 s" in out


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


def test_what_rests_on_a_failed_part_is_not_run_and_everything_else_is(tmp_path):
    bad = script(tmp_path, "bad", "echo 'FAILED build arm64'; echo '0 passed, 1 failed'; exit 1\n")
    good = script(tmp_path, "good", "echo '1 passed, 0 failed'\n")
    code, out = check(tmp_path, ("arm64-build", 9, "t", bad), ("arm64", 9, "t", good), ("b", 9, "t", good))
    assert (code, out[-1]) == (1, "1 passed, 1 failed")
    assert not any(line.startswith("== arm64 (") for line in out)
    assert f"{'arm64':16} not run: arm64-build failed" in out
    code, out = check(tmp_path, ("arm64-build", 9, "t", good), ("arm64", 9, "t", good), ("b", 9, "t", good))
    assert (code, out[-1]) == (0, "3 passed, 0 failed")


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


def test_two_directories_at_a_time(tmp_path):
    for name, other in (("x", "y"), ("y", "x")):  # each waits for the other
        (tmp_path / "test" / name).mkdir(parents=True)
        script(tmp_path / "test" / name, "run", f'touch here; for i in $(seq 300); do [ -e ../{other}/here ] && break; sleep 0.1; done\n'
               .replace("touch here", 'cd "$(dirname "$0")"; touch here') + f"[ -e ../{other}/here ] || exit 3\necho 'FAILED {name}'; echo '3 passed, 1 failed, 1 skipped'; exit 1\n")
    (tmp_path / "test/z").mkdir()
    script(tmp_path / "test/z", "run", "kill -9 $PPID\n")
    code, out = run_tests(tmp_path, "beside", "test/x", "test/y", "test/z")
    assert (code, out[-1]) == (1, "6 passed, 3 failed, 2 skipped")
    assert {"FAILED x", "  repeat: test/x/run", "FAILED y", "FAILED test/z: it ended without a count", "  repeat: tools/run-tests dirs test/z"} <= set(out)


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


def test_a_file_pytest_cannot_read_is_repeatable(tmp_path):
    (tmp_path / "test/x").mkdir(parents=True)
    (tmp_path / "test/x/test_it.py").write_text("import nothing_of_the_kind\n")
    code, out = run_tests(tmp_path, "dirs", "test/x")
    assert (code, out[-1]) == (1, "0 passed, 1 failed, 0 skipped")
    assert "  repeat: /usr/bin/python3 -m pytest test/x/test_it.py" in out


def test_every_failure_of_a_program_has_a_command(tmp_path):
    (tmp_path / "test/x").mkdir(parents=True)
    script(tmp_path / "test/x", "run", "echo 'FAILED a'; echo 'FAILED b'; echo '  repeat: only b'; echo 'FAILED c'; echo '0 passed, 3 failed'; exit 1\n")
    code, out = run_tests(tmp_path, "dirs", "test/x")
    assert (code, out[:6]) == (1, ["FAILED a", "  repeat: test/x/run", "FAILED b", "  repeat: only b", "FAILED c", "  repeat: test/x/run"])


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
