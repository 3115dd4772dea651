# SPDX-License-Identifier: Apache-2.0
"""Comparing secrets takes the same steps whatever they are: valgrind sees no branch and no address that depends on one."""
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("TW_BUILD", ROOT / "build"))
REPORTED = 9


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    if not shutil.which("valgrind"):
        pytest.skip("valgrind is not installed")
    if BUILD.name == "san":
        pytest.skip("valgrind does not run a program with sanitizers")
    out = tmp_path_factory.mktemp("ct") / "ct"
    if not (BUILD / "src/base/libtw-base.a").exists():
        pytest.skip("build it first")
    subprocess.run([ROOT / "fuzz/link", "cc", BUILD, out, ROOT / "test/ct/ct.c"], check=True)
    return out


def status(program, what):
    words = ["valgrind", "--quiet", f"--error-exitcode={REPORTED}", program, what]
    return subprocess.run(words, capture_output=True, timeout=60, check=False).returncode


def test_the_method_sees_a_leak(program):
    assert status(program, "leaky") == REPORTED


@pytest.mark.parametrize("what", ["equal", "takeover"])
def test_constant_time(program, what):
    assert status(program, what) == 0
