# SPDX-License-Identifier: Apache-2.0
"""The oracle's rows, and what they imply. Shared by the gate's matrix (run) and the daemon's (test_daemon.py)."""
import pathlib

# Which doors can have which kind of subject behind them at all.
DOORS = {
    "https": {"anyone", "owner", "peer", "account"},
    "local": {"anyone", "owner", "local", "application", "account"},
    "console": {"console"},
    "event": {"anyone", "application"},
    "internal": {"device"},
}


def rows():
    """operation -> (state, {kinds})"""
    found = {}
    for line in (pathlib.Path(__file__).parent / "oracle.tsv").read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        operation, state, who = line.split("\t")
        assert operation not in found, f"{operation} stands twice"
        assert state in ("owned", "unowned", "always"), line
        found[operation] = (state, set(who.split()))
    return found


def verdict(row, kind, door, state):
    """What the gate has to say. row None: an operation that nobody was granted."""
    if door not in DOORS or kind not in DOORS[door]:
        return "deny-permission"
    when, who = row or ("always", set())
    if when == "owned" and state == "unowned":
        return "deny-unowned"
    if when == "unowned" and state == "owned":
        return "deny-owned"
    if kind in who:
        return "allow"
    return "deny-anonymous" if kind == "anyone" else "deny-permission"
