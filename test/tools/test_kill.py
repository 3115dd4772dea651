# SPDX-License-Identifier: Apache-2.0
"""test/kill/kill.py: a point that was not reached has not passed."""
import pathlib
import sys
import types

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
POINT = ("core", "write", 3, "exit")
STRUCK = "write 17"


@pytest.fixture(scope="module")
def kill():
    before = sys.path[:]
    sys.path[:0] = [str(ROOT / "test/kill"), str(ROOT / "test")]
    try:
        yield pytest.importorskip("kill", reason="what speaks to devices is not installed")
    finally:
        sys.path[:] = before


@pytest.mark.parametrize("word", ["", "support "])
@pytest.mark.parametrize("outcome, kind, words", [
    ((POINT, STRUCK, None, None), "passed", ""),
    ((POINT, None, None, None), "skipped", "SKIPPED SIGKILL of core at exit of write 3: not reached, tried twice\n"),
    ((POINT, STRUCK, "it is mute", False), "failed", "FAILED SIGKILL of core at exit of write 3 (call write): it is mute\n  repeat: test/kill/run core write 3 exit\n"),
    ((POINT, None, "it is mute", False), "failed", "FAILED SIGKILL of core at exit of write 3 (call not): it is mute\n  repeat: test/kill/run core write 3 exit\n"),
    ((("core", "fsync", 1, "EIO"), None, None, None), "skipped", "SKIPPED EIO for core from fsync 1: not reached, tried twice\n"),
])
def test_each_outcome_is_counted_once(kill, capsys, word, outcome, kind, words):
    side = types.SimpleNamespace(word=word)
    assert dict(kill.tell(side, [outcome], False)) == {kind: 1}
    assert capsys.readouterr().out == words.replace(" core", f" {word}core")


@pytest.mark.parametrize("lives, result, tries", [
    ([(STRUCK, None)], (STRUCK, None), 1),
    ([(None, None), (STRUCK, None)], (STRUCK, None), 2),
    ([(None, None), (None, None)], (None, None), 2),
    ([(None, None), (STRUCK, "it is mute")], (STRUCK, "it is mute"), 2),
    ([(None, "it is mute")], (None, "it is mute"), 1),
    ([(STRUCK, "it is mute")], (STRUCK, "it is mute"), 1),
])
def test_what_was_not_reached_is_tried_once_more(kill, monkeypatch, lives, result, tries):
    asked = []
    monkeypatch.setitem(kill.here, "stand", types.SimpleNamespace(try_point=lambda point: asked.append(point) or lives[len(asked) - 1], lost=lambda point: False))
    assert kill.run_point(POINT)[:3] == (POINT, *result)
    assert asked == [POINT] * tries


@pytest.mark.parametrize("points, skipped, failed", [(100, 0, 0), (100, 5, 0), (100, 6, 1), (100, 100, 1), (20, 3, 0), (20, 4, 1)])
def test_one_in_twenty_may_be_missed(kill, capsys, points, skipped, failed):
    count = kill.Counter(skipped=skipped, passed=points - skipped)
    kill.bound(count, points)
    assert count["failed"] == failed
    out = capsys.readouterr().out
    assert out.startswith(f"{points} points, {skipped} skipped: not reached\n")
    assert ("FAILED SIGKILL at system calls: more than one point in twenty" in out) == bool(failed)
