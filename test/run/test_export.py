# SPDX-License-Identifier: Apache-2.0
"""The audit log taken home over HTTPS: the very bytes that lie on the device, by the owner alone, and good enough to verify there."""
import subprocess

import pytest

from harness import Client, local


@pytest.fixture
def owner(unit):
    client = Client(unit)
    assert client.take().status == 201
    return client


def on_disk(unit):
    return {int(path.name.split(".")[0]): path for path in (unit.state / "log").glob("*.twlog")}


def test_segments_are_the_files(owner):
    for _ in range(3):
        assert owner.ask("POST", "/api/v1/log/keys").status == 200  # each ends a segment
    listed = owner.ask("GET", "/api/v1/log/segments").json["segments"]
    assert [one["first"] for one in listed] == sorted(on_disk(owner.unit))
    assert [one["open"] for one in listed] == [False] * (len(listed) - 1) + [True]
    for one in listed:
        answer = owner.ask("GET", f"/api/v1/log/segments/{one['first']}")
        assert answer.status == 200 and answer.headers["content-type"] == "application/octet-stream"
        assert int(answer.headers["content-length"]) == len(answer.body) > 512
        file = on_disk(owner.unit)[one["first"]].read_bytes()
        assert file.startswith(answer.body)
        assert one["open"] or file == answer.body


def test_they_come_in_pages(owner):
    for _ in range(4):
        owner.ask("POST", "/api/v1/log/keys")
    whole = owner.ask("GET", "/api/v1/log/segments").json
    assert "next" not in whole
    seen, cursor = [], ""
    while True:
        page = owner.ask("GET", f"/api/v1/log/segments?limit=2{cursor}").json
        assert 1 <= len(page["segments"]) <= 2
        seen += page["segments"]
        if "next" not in page:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == whole["segments"]
    for wrong in ("limit=0", "limit=201", "cursor=x", "cursor=", "other=1"):
        assert owner.ask("GET", f"/api/v1/log/segments?{wrong}").status == 400, wrong


def test_what_is_not_there(owner):
    for name in ("0", "999999", "x", "1x", "-1", "99999999999999999999"):
        answer = owner.ask("GET", f"/api/v1/log/segments/{name}")
        assert (answer.status, answer.json["rule"]) == (404, "log.segment"), name


def test_it_is_recorded_and_for_the_owner_alone(owner):
    first = owner.ask("GET", "/api/v1/log/segments").json["segments"][0]["first"]
    path = f"/api/v1/log/segments/{first}"
    assert owner.ask("GET", path).status == 200
    assert Client(owner.unit, certificate=False).ask("GET", path).status == 401
    assert local(owner.unit, "GET", path).status == 403
    found = [r for r in local(owner.unit, "GET", "/api/v1/log").json["records"] if r.get("operation") == "log.segment" and r["type"] == "read"]
    assert found and found[0]["parameter"] == str(first) and found[0]["subject"] == "owner:bob"
