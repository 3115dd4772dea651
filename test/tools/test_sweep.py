# SPDX-License-Identifier: Apache-2.0
"""The fault sweep refuses words that name nothing, rather than finding nothing wrong with them."""
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SWEEP = pathlib.Path(os.environ.get("TW_BUILD", ROOT / "build")) / "test/faults/sweep"


@pytest.mark.skipif(not SWEEP.exists(), reason="no build")
@pytest.mark.parametrize("words,said", [
    (["typo"], 'FAILED no scenario "typo"; there are: first start, start, takeover,'),
    (["typo", "1", "EIO"], 'FAILED no scenario "typo"'),
    (["start", "1", "typo"], "FAILED no point: SCENARIO CALL KIND, of the kinds ENOMEM, EIO,"),
    (["start", "1"], "FAILED no point"),
    (["read", "99999", "EIO"], "struck nothing: the call was not made"),
])
def test_words_that_name_nothing(words, said):
    done = subprocess.run([SWEEP, *words], capture_output=True, text=True, timeout=30, check=False)
    assert said in done.stdout and done.stdout.endswith("\n0 passed, 1 failed, 0 skipped\n")
    assert done.returncode == 1
