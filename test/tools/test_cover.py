# SPDX-License-Identifier: Apache-2.0
"""tools/cover: what it makes of counts and floors, and that counters survive what a role does to itself."""
import importlib.machinery
import importlib.util
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOADER = importlib.machinery.SourceFileLoader("cover", str(ROOT / "tools/cover"))
cover = importlib.util.module_from_spec(importlib.util.spec_from_loader("cover", LOADER))
LOADER.exec_module(cover)
FOUND = {"src/a/x.c": (100, 90, 40, 20), "src/a/y.c": (100, 100, 0, 0), "src/b/z.c": (10, 1, 4, 4)}


def test_a_folder_is_the_sum_of_its_files():
    lines, low = cover.table(FOUND, {})
    assert low == []
    assert lines[1].split() == ["src/a", "200", "95.0", "-", "40", "50.0", "-", "x.c", "90"]
    assert lines[-1].split()[:7] == ["in", "all", "210", "91.0", "-", "44", "54.5"]


@pytest.mark.parametrize("floors,words", [
    ({"src/a": ("95", "50")}, []),
    ({"src/a": ("95.1", "50")}, ["src/a: 95.0 % of lines run, floor 95.1"]),
    ({"src/a": ("95", "50.5")}, ["src/a: 50.0 % of branches run, floor 50.5"]),
    ({"src/b": ("11", "-")}, ["src/b: 10.0 % of lines run, floor 11"]),
    ({"in all": ("92", "-")}, ["in all: 91.0 % of lines run, floor 92"]),
    ({"src/gone": ("1", "1")}, ["src/gone: has a floor and no source"]),
    ({"src/gone": ("-", "-")}, []),
])
def test_floors(floors, words):
    assert cover.table(FOUND, floors)[1] == words


@pytest.mark.parametrize("text,words", [
    ("src/a\t1\t1\t-\nsrc/b\t1\t1\t-", []),
    ("src/a\t1\t1\t-", ["src/b: has no row in test/floors.tsv"]),
    ("src/a\t1\t1\t-\nsrc/b\t-\t1\t-", ["src/b: has no floor and no reason"]),
    ("# folder\tlines\nsrc/a\t1\t-\t-\nsrc/b\t1\t1\t-", ["src/a: has no floor and no reason"]),
    ("src/a\t1\t1\t-\n# made by a program\nsrc/b\t-\t-\t-", []),
])
def test_a_folder_without_a_row(text, words):
    assert cover.forgotten({"src/a", "src/b"}, text.splitlines()) == words


def test_every_folder_has_a_row():
    assert cover.rowless() == []


def test_what_is_counted():
    assert cover.counted("src/sys/durable.c")
    for name in ("src/sys/test-durable.c", "src/sys/fake.c", "test/unit/unit.c", "build/src/device/rows.c"):
        assert not cover.counted(name)


def test_the_counters_outlive_a_role(tmp_path):
    """No environment, descriptors closed, ended by SIGKILL: as roles are."""
    if not shutil.which("clang") or not shutil.which("llvm-profdata-14"):
        pytest.skip("clang or llvm is not installed")
    (tmp_path / "a.c").write_text("#define _GNU_SOURCE\n#include <signal.h>\n#include <unistd.h>\n"
                                  "int main(int c, char **v) { close_range(0, ~0u, 0); return c > 5 ? 1 : raise(SIGKILL); }\n")
    flags = (ROOT / "tools/build").read_text().split("-Dc_args=\"[")[1].split("]\"")[0].replace("$PWD/build/cover-data", str(tmp_path))
    subprocess.run(["clang", *[f.strip("' ") for f in flags.split(",")], tmp_path / "a.c", "-o", tmp_path / "a"], check=True)
    for _ in range(2):
        assert subprocess.run([tmp_path / "a"], env={}, cwd=tmp_path).returncode == -9
    raw = list(tmp_path.glob("*.profraw"))
    subprocess.run(["llvm-profdata-14", "merge", *raw, "-o", tmp_path / "p"], check=True)
    shown = subprocess.run(["llvm-profdata-14", "show", "-all-functions", "-counts", tmp_path / "p"], capture_output=True, text=True).stdout
    assert "Function count: 2" in shown
