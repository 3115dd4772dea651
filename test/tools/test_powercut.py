# SPDX-License-Identifier: Apache-2.0
"""test/powercut/run: states that were not tried fail it, whatever was found in the others."""
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def powercut(tmp_path, first, last, status=0, asked="50"):
    """The last lines of a run whose model says these; it has nothing for the part on a disk."""
    folder = tmp_path / "test/powercut"
    folder.mkdir(parents=True)
    model = folder / "powercut-model"
    model.write_text(f'#!/bin/sh\ncase "$*" in *-x*) echo "21 faults planted, 0 not found out, 1.0 s"; exit 0 ;; esac\necho "{first}"\necho "{last}"\nexit {status}\n')
    model.chmod(0o755)
    run = subprocess.run([ROOT / "test/powercut/run"], capture_output=True, text=True,
                         env={**os.environ, "TW_BUILD": str(tmp_path), "TW_CUT_STATES": asked, "TW_SEED": "1"})
    return run.returncode, run.stdout.splitlines()


def last_line(states, twice, bad=0):
    return f"900 points, {states} states, {twice} of them cut twice, {bad} bad, 1.0 s, 70 states/s"


def test_as_many_as_asked_for(tmp_path):
    code, out = powercut(tmp_path, "50 different states to judge", last_line(70, 20))
    assert (code, out[-1]) == (0, "91 passed, 0 failed, 1 skipped")


@pytest.mark.parametrize("first, last, status, why", [
    ("50 different states to judge", last_line(69, 20), 0, "49 tried, 50 asked for"),
    ("49 different states to judge", last_line(69, 20), 0, "49 tried, 50 asked for"),
    ("1 different states to judge", last_line(1, 0), 0, "1 tried, 50 asked for"),
    ("50 different states to judge", last_line(50, 0), 0, "no state was cut twice"),
    ("50 different states to judge", last_line(70, 20, 2), 1, "2 of 70 states"),
    ("50 different states to judge", last_line(70, 20, 2), 0, "it ended early"),
    ("50 different states to judge", last_line(70, 20), 1, "it ended early"),
    ("50 different states to judge", last_line(70, 20), 2, "it ended early"),
    ("50 different states to judge", "place 20 of 50", 0, "it ended early"),
    ("", "", 0, "it ended early"),
])
def test_what_was_not_tried_is_a_failure(tmp_path, first, last, status, why):
    code, out = powercut(tmp_path, first, last, status)
    assert code == 1
    at = out.index(f"FAILED power cuts in memory: {why}")
    assert out[at + 1] == "  repeat: TW_SEED=1 TW_CUT_STATES=50 test/powercut/run"
