# SPDX-License-Identifier: Apache-2.0
"""tools/mutate: what it finds in a source, that one program holds all of it, and that a weak test is told from a strong one."""
import importlib.machinery
import importlib.util
import pathlib
import subprocess
import sys
import types

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
pytest.importorskip("clang.cindex", reason="python3-clang-14 is not installed")
from mutation import find, trial, weave  # noqa: E402

SOURCE = """#include "base/err.h"
#define MAX 9
#define CHECKED(x) do { if ((x) < 0) return -1; } while (0)
int first(int n);
int second(int a, int b);
tw_err third(int n);
tw_err fourth(int fd);
tw_err tw_durable_sync(int fd);
void wipe(void);
int fsync(int fd);
static tw_err low(int n) { return n < 0 ? TW_RAISE(LIMIT, "100%% of %d", n) : TW_OK; }
int first(int n)
{
	if (n > MAX)
		return -1;
	CHECKED(n);
	return n;
}
int second(int a, int b)
{
	if (a == 1 && b == 2)
		wipe();
	(void)fsync(a);
	return a != b;
}
tw_err third(int n)
{
	TW_TRY(low(n));
	return low(n - 1);
}
tw_err fourth(int fd)
{
	TW_TRY(tw_durable_sync(fd));
	return tw_durable_sync(fd);
}
"""
WANTED = {
    ("first", "check: n > MAX => false"),
    ("first", "bound: n > MAX => n >= MAX"),
    ("first", "bound: n > MAX => n > MAX + 1"),
    ("low", "negate: n < 0 => !(n < 0)"),
    ("low", "bound: n < 0 => n <= 0"),
    ("second", "negate: a == 1 && b == 2 => !(a == 1 && b == 2)"),
    ("second", "operand: a == 1 => true"),
    ("second", "operand: b == 2 => true"),
    ("second", "equal: a == 1 => a != 1"),
    ("second", "equal: b == 2 => b != 2"),
    ("second", "equal: a != b => a == b"),
    ("second", "call: wipe() => (void)0"),
    ("second", "call: (void)fsync(a) => (void)0"),
    ("second", "sync: fsync(a) => 0"),
    ("third", "call: TW_TRY(low(n)) => (void)0"),
    ("third", "ignore: TW_TRY(low(n)) => tw_ignore(low(n))"),
    ("third", "answer: low(n - 1) => TW_OK"),
    ("fourth", "call: TW_TRY(tw_durable_sync(fd)) => (void)0"),
    ("fourth", "ignore: TW_TRY(tw_durable_sync(fd)) => tw_ignore(tw_durable_sync(fd))"),
    ("fourth", "sync: tw_durable_sync(fd) => TW_OK"),
    ("fourth", "sync: tw_durable_sync(fd) => TW_OK (no. 2)"),
}
MAIN = """
int wiped;
void wipe(void) { wiped++; }
int fsync(int fd) { return 0; }
int synced;
tw_err tw_durable_sync(int fd) { return ++synced == fd ? (tw_err){ TW_CODE_IO } : (tw_err){ 0 }; }
(tw_raise)
int main(int c, char **v)
{
	if (first(5) != 5 || first(10) != -1 || first(9) != 9)
		return 1;
	if (c > 1 && (second(1, 2) != 1 || wiped != 1 || second(1, 3) != 1 || wiped != 1 || second(4, 2) != 1 || second(3, 3) != 0 || wiped != 1))
		return 2;
	if (c > 1 && (!tw_failed(third(-1)) || !tw_failed(third(0)) || tw_failed(third(1))))
		return 3;
	if (c > 1 && (!tw_failed(fourth(1)) || synced != 1 || !tw_failed(fourth(3)) || synced != 3))
		return 4;
	return 0;
}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The sample, its mutants, and one program of all of them."""
    folder = tmp_path_factory.mktemp("mutants")
    (folder / "a.c").write_text(SOURCE)
    entry = {"directory": str(folder), "command": f"cc -D_GNU_SOURCE -std=gnu17 -I{ROOT / 'src'} -o a.o -c a.c"}
    mutants = find.find(folder, "a.c", entry)
    number = {m.id: i for i, m in enumerate(mutants)}
    (folder / "tw-mutants.h").write_text(weave.HEAD)
    raised = "tw_err (tw_raise)(enum tw_code code, const char *f, int l, const char *m, ...) { return (tw_err){ code }; }"
    (folder / "woven.c").write_text('#include "tw-mutants.h"\n#line 1 "a.c"\n' + weave.woven(SOURCE, mutants, number) + MAIN.replace("(tw_raise)", raised))
    subprocess.run(["cc", "-D_GNU_SOURCE", "-std=gnu17", "-w", f"-I{ROOT / 'src'}", f"-I{folder}", "-fno-builtin", folder / "woven.c", "-o", folder / "woven"], check=True)
    return folder, mutants, number


def test_finds_what_it_should_and_nothing_born_in_a_macro(made):
    assert {(m.function, m.words()) for m in made[1]} == WANTED


def test_every_name_is_its_own(made):
    assert len({m.id for m in made[1]}) == len(made[1])


def sample_tests(folder, *words):
    test = trial.Test({"name": "sample", "cmd": [str(folder / "woven"), *words], "env": {}, "workdir": str(folder)}, folder)
    test.measure()
    return [test]


def survivors(made, *words):
    folder, mutants, number = made
    tests = sample_tests(folder, *words)
    return {(m.function, m.words()) for m in mutants if not trial.tried(tests, number[m.id], m.file)}


def test_asleep_they_change_nothing(made):
    assert subprocess.run([made[0] / "woven", "all"]).returncode == 0


def test_a_strong_test_leaves_only_what_cannot_be_noticed(made):
    assert survivors(made, "all") == {
        ("second", "call: (void)fsync(a) => (void)0"), ("second", "sync: fsync(a) => 0"),  # nobody looks at the disk
        ("third", "call: TW_TRY(low(n)) => (void)0"), ("third", "ignore: TW_TRY(low(n)) => tw_ignore(low(n))"),  # the second look refuses as well
    }


def test_a_weak_test_leaves_more(made):
    left = survivors(made)
    assert all(m in left for m in WANTED if m[0] != "first")
    assert not any(m[0] == "first" for m in left)


def test_only_tests_that_come_by_are_asked(made):
    folder, mutants, number = made
    weak, = sample_tests(folder)
    reached = {m.function for m in mutants if number[m.id] in weak.reaches}
    assert reached == {"first"}


def test_one_that_hangs_is_found_out(made):
    folder, *_ = made
    test = trial.Test({"name": "slow", "cmd": ["/bin/sleep", "60"], "env": {}, "workdir": str(folder)}, folder)
    assert "took over" in test.run(0.3)[0]


def test_late_on_a_busy_machine_is_not_noticed(made, monkeypatch):
    folder, *_ = made
    monkeypatch.setattr(trial, "LATE_S", 0.2)
    busy = trial.Test({"name": "busy", "cmd": ["/bin/sleep", "0.5"], "env": {}, "workdir": str(folder)}, folder)
    assert trial.asked(busy, 0) == ""
    hangs = trial.Test({"name": "hangs", "cmd": ["/bin/sh", "-c", '[ "$TW_MUTANT" != 7 ] || sleep 60'], "env": {}, "workdir": str(folder)}, folder)
    assert "took over" in trial.asked(hangs, 7) and trial.asked(hangs, 8) == ""


def program(name, whole_s, **functions):
    """A program and its functions, each with its seconds, all of which come by mutant 3."""
    row = {"name": name, "cmd": ["true"], "env": {}, "workdir": "/"}
    tests = []
    for only, seconds in {"": whole_s, **functions}.items():
        test = trial.Test(row, "/", only)
        test.seconds, test.reaches = seconds, frozenset({3})
        tests.append(test)
    return tests


def test_what_noticed_a_neighbour_comes_first_and_then_what_is_cheapest():
    tests = [*program("many", 0.2, a=0.1, b=0.15), *program("crypto-few", 0.4, c=0.3), *program("slow", 9, d=2.0)]
    assert [t.name for t in trial.reaching(tests, 3, "src/crypto/x.c")] == ["crypto-few c", "many", "slow d"]
    assert [t.name for t in trial.reaching(tests, 3, "src/crypto/x.c", {"slow d": 1, "many b": 2})] == ["many b", "slow d", "crypto-few c", "many"]
    assert trial.reaching(tests, 4) == []


def test_a_change_of_one_file_leaves_the_numbers_of_others():
    tool = the_tool()
    commands = dict.fromkeys(["src/b.c", "src/a.c", "src/test-a.c", "test/x.c"])
    few = {"src/a.c": [types.SimpleNamespace(id="1")], "src/b.c": [types.SimpleNamespace(id="3")]}
    more = {**few, "src/a.c": [*few["src/a.c"], types.SimpleNamespace(id="2")]}
    assert tool.numbered(few, commands)["3"] == tool.numbered(more, commands)["3"] != tool.numbered(more, commands)["2"]


@pytest.mark.parametrize("body", ["void *volatile p = malloc(9); p = 0;", "char *volatile p = malloc(9); char c = p[9]; free(p); return c * 0;"])
def test_a_leak_and_a_byte_behind_the_end_are_found_out(tmp_path, body):
    (tmp_path / "a.c").write_text("#include <stdlib.h>\nint main(void) { %s return 0; }\n" % body)
    subprocess.run(["clang", "-fsanitize=address", "-o", tmp_path / "a", tmp_path / "a.c"], check=True)
    assert trial.Test({"name": "a", "cmd": [str(tmp_path / "a")], "env": {}, "workdir": str(tmp_path)}, tmp_path).run(20)[0]


def test_lines_stay_where_they_were(made):
    folder, mutants, number = made
    assert weave.woven(SOURCE, mutants, number).count("\n") == SOURCE.count("\n")


def test_the_files_it_goes_by():
    for name in ("test/mutation/explained.tsv", "test/floors.tsv"):
        for line in (ROOT / name).read_text().splitlines():
            assert line.startswith("#") or (line.count("\t") == 3 and all(line.split("\t"))), f"{name}: {line}"


def the_tool():
    loader = importlib.machinery.SourceFileLoader("mutate", str(ROOT / "tools/mutate"))
    tool = importlib.util.module_from_spec(importlib.util.spec_from_loader("mutate", loader))
    loader.exec_module(tool)
    return tool


def of_a_class(words, results, tried=("src/a.c",), dropped=()):
    """What an explanation with stars explains of a file with two removed wipes and a check, and whether it is refused."""
    tool = the_tool()
    sample = [("one", "call", "tw_wipe(a)", "(void)0"), ("two", "call", "tw_wipe(*b)", "(void)0"), ("two", "check", "n > 1", "false")]
    mutants = [find.Mutant("src/a.c", f, kind, 0, 1, text, worse, "", "", id=str(i)) for i, (f, kind, text, worse) in enumerate(sample)]
    run = types.SimpleNamespace(commands={"src/a.c": {}, "src/b.c": {}}, by_file={n: mutants if n == "src/a.c" else [] for n in tried},
                                results=dict(results), weaver=types.SimpleNamespace(dropped=dict.fromkeys(dropped)))
    given = {}
    return tool.explain_class(run, given, ("src/*.c" if len(tried) > 1 else "src/a.c", "*", words), "why"), given


def test_a_class_is_explained_by_one_row():
    wipes = "call: tw_wipe(*) => (void)0"
    assert of_a_class(wipes, {"0": "", "1": "killed", "2": ""}) == ([], {"0": "why"})
    assert of_a_class("check: * => false", {"0": "", "1": "", "2": ""}) == ([], {"2": "why"})
    assert of_a_class("call: tw_wipe(*b) => (void)0", {"0": "", "1": "", "2": ""}) == ([], {"1": "why"})


def test_a_class_without_a_survivor_is_refused():
    wipes = "call: tw_wipe(*) => (void)0"
    assert of_a_class(wipes, {"0": "killed", "1": "killed", "2": ""})[0]
    assert of_a_class("call: other() => (void)0", {"0": "", "1": "", "2": ""})[0]
    assert not of_a_class(wipes, {"0": "killed", "2": ""})[0]  # one of them was not tried
    assert of_a_class(wipes, {"0": "killed", "2": ""}, dropped=["1"])[0]
    assert of_a_class(wipes, {"0": "killed", "1": "killed", "2": ""}, tried=("src/a.c", "src/b.c"))[0]


@pytest.mark.parametrize("kind,explained,folder,told", [
    ("check", False, "src/sys", True), ("operand", False, "src/sys", True), ("equal", False, "src/sys", True), ("sync", False, "src/sys", True),
    ("check", True, "src/sys", False),  # it is said why nobody can notice
    ("bound", False, "src/sys", False),  # only counted
    ("check", False, "src/base", False),  # its folder has no floor
])
def test_a_guard_that_can_go_unnoticed_is_told(tmp_path, monkeypatch, kind, explained, folder, told):
    tool = the_tool()
    monkeypatch.setattr(tool, "WORK", tmp_path)
    m = find.Mutant("src/sys/durable.c", "write_all", kind, 0, 1, "n > 1", "false", "", "", id="0")
    run = types.SimpleNamespace(all=[m], results={"0": ""}, floors={folder: 0.0}, tests=[], number={"0": 0})
    _, low = tool.report(run, {"0": "why"} if explained else {})
    assert [name for name, _ in low] == (["src/sys/durable.c"] if told else [])


def test_every_test_is_asked_about_a_guard_that_none_noticed(monkeypatch):
    tool = the_tool()
    mutants = [find.Mutant("src/sys/durable.c", "write_all", kind, 0, 1, "n > 1", "false", "", "", id=str(i))
               for i, kind in enumerate(["check", "check", "check", "bound"])]
    slow = program("sys-durable", 99.0, test_slow=99.0)
    run = types.SimpleNamespace(all=mutants, results={str(i): "" for i in range(4)}, floors={"src/sys": 0.0}, tests=slow, number={str(i): i for i in range(4)},
                                cache={}, key=lambda m: m.id, seen_by=lambda m, how: "seen", keep=lambda: None)
    monkeypatch.setattr(tool.trial, "reaching", lambda tests, number: tests)
    monkeypatch.setattr(tool.trial, "asked", lambda test, number: f"{test.name} noticed" if number == 0 and test.name.endswith("test_slow") else "")
    tool.look_again(run, {"2": "why"}, 1)
    assert run.results == {"0": "sys-durable test_slow noticed", "1": "", "2": "", "3": ""}
    assert sorted(run.cache) == ["0", "1"]  # not what is explained, nor what is only counted


def test_lines_that_are_new_since_a_commit(tmp_path, monkeypatch):
    tool = the_tool()
    monkeypatch.setattr(tool, "ROOT", tmp_path)

    def git(*words):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *words], cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.c").write_text("one\ntwo\nthree\nfour\nfive\n")
    (tmp_path / "src/b.c").write_text("one\n")
    git("init")
    git("add", ".")
    git("commit", "-m", "before")
    (tmp_path / "src/a.c").write_text("one\nother\nthree\nfive\nsix\nseven\n")
    (tmp_path / "src/new.c").write_text("a\nb\n")
    git("add", ".")
    lines = tool.new_lines("HEAD")
    assert {name: sorted(numbers) for name, numbers in lines.items() if numbers} == {"src/a.c": [2, 5, 6], "src/new.c": [1, 2]}


def test_the_tool_lists_what_it_would_change():
    if not (ROOT / "build/compile_commands.json").exists():
        pytest.skip("no build")
    run = subprocess.run([ROOT / "tools/mutate", "--list", "src/sys/durable.c"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "src/sys/durable.c:" in run.stdout
