# SPDX-License-Identifier: Apache-2.0
"""The oracle's rows, and what they imply. Shared by the gate's matrix (run) and the daemon's (test_daemon.py)."""
import pathlib

# Which doors can have which kind of subject behind them at all.
DOORS = {
    "https": {"anyone", "owner", "peer", "account"},
    "local": {"anyone", "owner", "local", "application", "account"},
    "console": {"console"},
    "event": {"anyone", "application", "provider"},
    "internal": {"device"},
    "button": {"button"},
}


# What an account can be assigned; the last two are the example product's.
ROLES = ("owner", "guest", "user", "operator", "admin", "auditor", "emergency", "supporting-party", "application.resident", "application.installer")
# Whoever uses the product: of the device itself, he may what a user may.
USERS = {"application.resident", "application.installer"}


def lines(name):
    """The words of each line between tabs, comments left out."""
    for line in (pathlib.Path(__file__).parent / name).read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.split("\t")


def shared():
    """{operations} that no session of a shared account does"""
    found = [operation for operation, in lines("shared.tsv")]
    assert len(found) == len(set(found))
    return set(found)


def methods():
    """method -> {what may be asked for of which it is enough}"""
    found = {method: set(enough.split()) for method, enough in lines("methods.tsv")}
    assert all(enough <= {"any", "two-factors", "certificate"} for enough in found.values())
    return found


def roles():
    """operation -> {roles}"""
    found = {}
    for line in (pathlib.Path(__file__).parent / "roles.tsv").read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        operation, who = line.split("\t")
        assert operation not in found, f"{operation} stands twice"
        assert set(who.split()) <= set(ROLES) - {"owner"}, line
        found[operation] = set(who.split())
    return found


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


def verdict(row, kind, door, state, held=frozenset()):
    """What the gate has to say. row None: an operation that nobody was granted. kind "account:admin+auditor": an account with these roles,
    held being those of accounts that may do it."""
    kind, _, assigned = kind.partition(":")
    if door not in DOORS or kind not in DOORS[door]:
        return "deny-permission"
    when, who = row or ("always", set())
    if when == "owned" and state == "unowned":
        return "deny-unowned"
    if when == "unowned" and state == "owned":
        return "deny-owned"
    assigned = set(assigned.split("+")) - {""}
    assert assigned <= set(ROLES)
    if assigned & USERS:
        assigned.add("user")
    if kind in who or assigned & held or ("owner" in assigned and "owner" in who):
        return "allow"
    return "deny-anonymous" if kind == "anyone" else "deny-permission"
