# SPDX-License-Identifier: Apache-2.0
"""test/arm64/run: a program passes by its rows, its plan and how it ended together."""
import importlib.machinery
import importlib.util
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def arm64(tmp_path, monkeypatch):
    loader = importlib.machinery.SourceFileLoader("arm64_run", str(ROOT / "test/arm64/run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("arm64_run", loader))
    loader.exec_module(module)
    monkeypatch.setattr(module, "BUILD", tmp_path)
    monkeypatch.setattr(module, "PRELOAD", tmp_path / "libopenat2.so")
    module.PRELOAD.touch()
    return module


def judged(arm64, tmp_path, monkeypatch, text, name="base-json"):
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n" + text)
    program.chmod(0o755)
    whole = arm64.command
    monkeypatch.setattr(arm64, "command", lambda *words: [program])
    said = arm64.run(program)
    monkeypatch.setattr(arm64, "command", whole)
    count = arm64.Count()
    count.judge(name, "PROGRAM", said)
    return count.passed, count.failed, count.skipped


TWO = "echo 1..2; echo 'ok 1 - test_a'; echo 'ok 2 - test_b'\n"


def test_what_is_well_is_counted(arm64, tmp_path, monkeypatch):
    assert judged(arm64, tmp_path, monkeypatch, TWO) == (2, 0, 0)
    assert judged(arm64, tmp_path, monkeypatch, TWO + TWO) == (4, 0, 0)
    assert judged(arm64, tmp_path, monkeypatch, "echo 1..2; echo 'ok 1 - test_a'; echo 'ok 2 - test_b # SKIP not here'\n") == (1, 0, 1)


@pytest.mark.parametrize("text, passed, why", [
    ("echo 1..2; echo 'ok 1 - test_a'; kill -ABRT $$\n", 1, "it was killed by SIGABRT after 1 of 2 tests"),
    (TWO + "kill -SEGV $$\n", 2, "it was killed by SIGSEGV after 2 of 2 tests"),
    ("echo 1..2; echo 'ok 1 - test_a'\n", 1, "it says 1 tests and planned 2; it ended with 0"),
    ("echo 'ok 1 - test_a'\n", 1, "it says 1 tests and planned 0; it ended with 0"),
    (TWO + "exit 3\n", 2, "it ended with 3, though no test failed"),
    ("echo 1..0\n", 0, "it says 0 tests and planned 0; it ended with 0"),
    ("", 0, "it says 0 tests and planned 0; it ended with 0"),
    ("exec sleep 20\n", 0, "it did not end"),
])
def test_whoever_breaks_off_has_failed(arm64, tmp_path, monkeypatch, capsys, text, passed, why):
    monkeypatch.setattr(arm64, "PATIENCE_S", 2)
    assert judged(arm64, tmp_path, monkeypatch, text) == (passed, 1, 0)
    assert f"FAILED arm64: base-json: {why}\n  repeat: qemu-aarch64 " in capsys.readouterr().out


def test_a_failed_test_is_repeated_alone(arm64, tmp_path, monkeypatch, capsys):
    assert judged(arm64, tmp_path, monkeypatch, "echo 1..2; echo 'not ok 1 - test_a'; echo 'ok 2 - test_b'; exit 1\n") == (1, 1, 0)
    repeat = capsys.readouterr().out.splitlines()[1]
    assert repeat.startswith("  repeat: qemu-aarch64 ")
    assert repeat.endswith(" -E CMOCKA_TEST_FILTER=test_a PROGRAM")


def test_what_the_emulator_cannot_is_a_skip_and_must_not_work(arm64, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(arm64, "CANNOT", {"base-json test_a": "why"})
    assert judged(arm64, tmp_path, monkeypatch, "echo 1..2; echo 'not ok 1 - test_a'; echo 'ok 2 - test_b'; exit 1\n") == (1, 0, 1)
    assert judged(arm64, tmp_path, monkeypatch, TWO) == (1, 1, 0)
    assert "base-json test_a works: take it off the list" in capsys.readouterr().out


def test_a_build_that_is_not_finished_is_one_failure(arm64, tmp_path, monkeypatch, capsys):
    there = tmp_path / "there"
    there.touch()
    wanted = [("a", str(there)), ("b", str(tmp_path / "b")), ("c", str(tmp_path / "c"))]
    monkeypatch.setattr(arm64, "why_not", lambda: None)
    monkeypatch.setattr(arm64, "tests", lambda: wanted)
    assert arm64.main() == 1
    out = capsys.readouterr().out.splitlines()
    assert out == [f"FAILED arm64: the build is not finished: 2 files are missing, {tmp_path}/b the first", "  repeat: tools/build arm64", "0 passed, 1 failed, 0 skipped"]
    assert arm64.not_built(wanted[:1]) == []
