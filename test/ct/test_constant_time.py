# SPDX-License-Identifier: Apache-2.0
"""Comparing secrets takes the same steps whatever they are: valgrind sees no branch and no address that depends on one.

What is compared is listed in comparisons.tsv, which tools/check-secrets holds against the sources; its cases are run here as each compiler
makes them with optimization, for speed and for size as we ship them, for what one leaves alone another may turn into a branch."""
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("TW_BUILD", ROOT / "build"))
HERE = ROOT / "test/ct"
REPORTED = 9
ROWS = [line.split("\t") for line in (HERE / "comparisons.tsv").read_text().splitlines() if line and not line.startswith("#")]
CASES = sorted({case for _, _, _, case, _ in ROWS if case != "public"})
# What compares, and what computes the secrets; src/tool has a main of its own and does what `takeover` does.
SOURCES = sorted({"src/base/text.c", "src/crypto/hash.c", "src/crypto/aead.c", "src/formats/takeover.c"}
                 | {file for file, _, _, case, _ in ROWS if case != "public" and not file.startswith("src/tool/")})


def compiler_named(name):
    found = shutil.which(name) or next((path for path in (shutil.which(f"{name}-{number}") for number in (19, 16, 14)) if path), None)
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.fixture(scope="module", params=[("gcc", "-Os"), ("gcc", "-O2"), ("clang", "-O2")], ids=" ".join)
def program(request, tmp_path_factory):
    if not shutil.which("valgrind"):
        pytest.skip("valgrind is not installed")
    if BUILD.name == "san":
        pytest.skip("valgrind does not run a program with sanitizers")
    if not (BUILD / "src/base/libtw-base.a").exists():
        pytest.skip("build it first")
    compiler, level = request.param
    out = tmp_path_factory.mktemp("ct") / "ct"
    subprocess.run([ROOT / "fuzz/link", compiler_named(compiler), BUILD, out, HERE / "ct.c", *(ROOT / source for source in SOURCES), "--", level,
                    "-gdwarf-4",  # Debian 12's valgrind does not read what clang writes by default
                    "-Wl,--wrap=tw_equal_secret,--wrap=tw_access_throttle"], check=True)
    return out


def status(program, what):
    words = ["valgrind", "--quiet", f"--error-exitcode={REPORTED}", f"--suppressions={HERE / 'verdict.supp'}", program, what]
    return subprocess.run(words, capture_output=True, timeout=100, check=False).returncode


def test_the_method_sees_a_leak(program):
    assert status(program, "leaky") == REPORTED


@pytest.mark.parametrize("what", CASES)
def test_constant_time(program, what):
    assert status(program, what) == 0


def listed(root):
    done = subprocess.run([ROOT / "tools/check-secrets", root], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@pytest.fixture
def tree(tmp_path):
    """The sources, and the list, to change."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("*.h", "*.yaml", "*.md"))
    shutil.copytree(HERE, tmp_path / "test/ct", ignore=shutil.ignore_patterns("__pycache__"))
    assert listed(tmp_path) == (0, "")
    return tmp_path


@pytest.mark.parametrize("line, said", [
    ("return tw_equal_secret(a, b, 32);", "new_one compares by tw_equal_secret"),
    ("return memcmp(session->token, b, 32) == 0;", "new_one compares by memcmp"),
    ("return !strcmp(a, o->code);", "new_one compares by strcmp"),
    ("return !strcmp(a, o->reset_code);", "new_one compares by strcmp"),
    ("return !strcmp(a, codes_left[0]);", "new_one compares by strcmp"),
    ("return !strcmp(a, o->pins[0]);", "new_one compares by strcmp"),
    ("return !memcmp(a, macs[0], 32);", "new_one compares by memcmp"),
    ("return tw_slice_is(sessions[0], b);", "new_one compares by tw_slice_is"),
])
def test_a_new_comparison_must_be_listed(tree, line, said):
    with open(tree / "src/crypto/hash.c", "a", encoding="utf-8") as source:
        source.write(f"\nbool new_one(const char *a, const char *b)\n{{\n\t{line}\n}}\n")
    code, words = listed(tree)
    assert code == 1 and said in words and len(words.splitlines()) == 1


@pytest.mark.parametrize("line", ["return !strcmp(a, o->codec);", "return !strcmp(a, decoded);"])
def test_words_that_only_sound_alike_need_no_row(tree, line):
    with open(tree / "src/crypto/hash.c", "a", encoding="utf-8") as source:
        source.write(f"\nbool new_one(const char *a, const char *b)\n{{\n\t{line}\n}}\n")
    assert listed(tree) == (0, "")


def test_the_list_holds_nothing_else(tree):
    table = tree / "test/ct/comparisons.tsv"
    good = table.read_text()
    for row, said in (("src/base/text.c\tno_such\ttw_equal_secret\tequal\twhy", "does not compare"), ("src/base/text.c\tx\tmemcmp\tequal\twhy", "use tw_equal_secret"),
                      ("src/base/text.c\tx\ttw_equal_secret\tnone\twhy", "no case 'none'"), ("src/base/text.c\tx\tmemcmp\tpublic\t", "say what is compared")):
        table.write_text(good + row + "\n")
        code, words = listed(tree)
        assert code == 1 and said in words
