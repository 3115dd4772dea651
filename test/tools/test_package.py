# SPDX-License-Identifier: Apache-2.0
"""test/package/run: what makes its tree leaves no mount behind, however it ends."""
import importlib.machinery
import importlib.util
import os
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Mounts as the real one does, and is killed.
KILLED = """#!/bin/sh
for last; do :; done
mkdir -p "$last/proc" && mount -t proc proc "$last/proc" && test -e "$last/proc/self" && touch "$last/mounted"
kill -KILL $$
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts")
def test_what_is_killed_leaves_no_mount(tmp_path, monkeypatch):
    loader = importlib.machinery.SourceFileLoader("package_run", str(ROOT / "test/package/run"))
    package = importlib.util.module_from_spec(importlib.util.spec_from_loader("package_run", loader))
    loader.exec_module(package)
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "mmdebstrap").write_text(KILLED)
    (bin_folder / "mmdebstrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_folder}:{os.environ['PATH']}")
    monkeypatch.setattr(package, "ROOT", tmp_path)
    seen = []
    monkeypatch.setattr(package.shutil, "rmtree", lambda tree, **_: seen.append((tree / "mounted").exists() and not os.path.ismount(tree / "proc")))
    (tmp_path / "build").mkdir()
    with pytest.raises(RuntimeError):
        package.base_tree(["nothing"])
    assert seen == [True]
    assert str(tmp_path) not in pathlib.Path("/proc/self/mounts").read_text()
