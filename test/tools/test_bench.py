# SPDX-License-Identifier: Apache-2.0
"""What bench/figures.py makes of figures: limits that are over are said, nobody's figure is left out, the picture is one."""
import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINES = "# machine\nready after\t12.00\tms\t30\twithin\nsize of one\t1.00\tMB\t-\twithin\nprivate\t{}\tMB\t6\t{}\n"


def row(size, **more):
    memory = {"pss": size * 1_000_000, "private": 500_000}
    return {"ready_ms": [3.0, 9.0, 4.0], "idle": [memory], "client": [], "program_bytes": 2_000_000, "with_libraries_bytes": 3_000_000, "processes": 1,
            "users": [0], "filtered": 0, "no_new_privs": 0, "without_capabilities": 0, "wakeups_per_min": 0.0, "ready_is": "r", "does": "d", "lacks": "l",
            "client_is": "", "version": "1", **more}


def figures(tmp_path, *words, over=False, programs=None):
    """Runs a copy of the script in a tree of its own."""
    for folder in ("bench", "build"):
        (tmp_path / folder).mkdir()
    (tmp_path / "bench/figures.py").write_bytes((ROOT / "bench/figures.py").read_bytes())
    (tmp_path / "bench/README.md").write_text("before\n<!-- figures: begin -->\nold\n<!-- figures: end -->\nafter\n")
    (tmp_path / "build/bench.txt").write_text(LINES.format("7.00", "over") if over else LINES.format("5.00", "within"))
    programs = programs or {"Thingward": row(4), "larger": row(6), "smaller <&>": row(2)}
    (tmp_path / "build/bench-peers.json").write_text(json.dumps({"rounds": 1, "idle_s": 1, "busy_elsewhere": 0.5, "programs": programs}))
    return subprocess.run([sys.executable, tmp_path / "bench/figures.py", *words], capture_output=True, text=True, check=False)


def test_the_last_line_counts_the_limits(tmp_path):
    done = figures(tmp_path, "show", "0")
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "limits: 2 held, 0 over; programs that failed: 0"
    assert "size of one" not in done.stdout


def test_a_limit_that_is_over_fails(tmp_path):
    done = figures(tmp_path, "show", "0", over=True)
    assert done.returncode == 1 and done.stdout.splitlines()[-1] == "limits: 1 held, 1 over; programs that failed: 0" and "OVER" in done.stdout


def test_a_program_that_failed_fails(tmp_path):
    assert figures(tmp_path, "show", "1").returncode == 1


def test_saving(tmp_path):
    assert figures(tmp_path, "save", "0").returncode == 0
    text = (tmp_path / "bench/README.md").read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "\nold\n" not in text
    assert "- PSS, idle: ours 4.0 MB; less: smaller <&> 2.0; more: larger 6.0." in text
    assert "loaded machine" in text and "4 (3–9)" in text
    kept = list((tmp_path / "bench/results").glob("*.json"))
    assert len(kept) == 1 and json.loads(kept[0].read_text())["limits"][0][0] == "ready after"
    again = (tmp_path / "bench/peers.svg").read_text()
    picture = ElementTree.fromstring(again)
    names = [one.text for one in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert names.count("smaller <&>") == 4 and "prefers-color-scheme: dark" in again
    assert picture.find("{http://www.w3.org/2000/svg}title") is not None and "larger: PSS, idle 6.0 MB" in picture.find("{http://www.w3.org/2000/svg}desc").text
