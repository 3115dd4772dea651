# SPDX-License-Identifier: Apache-2.0
"""The man pages of this build: well formed, and complete against what the programs print when asked."""
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("TW_BUILD", ROOT / "build"))
PAGES = {name: BUILD / "packaging/manual" / name for name in ("thingward.1", "thingward-device.8", "thingward-support.8")}


def said(program, *args):
    return subprocess.run([BUILD / "src" / program, *args], capture_output=True, text=True, check=True).stdout


def shown(page):
    """The page as a reader sees it, in one line: with ASCII hyphens, without overstriking."""
    text = subprocess.run(["mandoc", "-Tascii", "-Owidth=500", PAGES[page]], capture_output=True, text=True, check=True).stdout
    return " ".join(re.sub(".\b", "", text).split())


@pytest.fixture(autouse=True)
def ready():
    if not shutil.which("mandoc"):
        pytest.skip("mandoc is not installed")
    if not PAGES["thingward.1"].exists():
        pytest.skip("no build")


@pytest.mark.parametrize("page", PAGES)
def test_well_formed(page):
    done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", PAGES[page]], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert not re.search(r"@[A-Z]+@", PAGES[page].read_text())


def test_every_command_with_its_options():
    text = shown("thingward.1")
    rows = json.loads(said("tool/thingward", "--json", "--help"))
    assert len(rows["commands"]) > 15
    heads = [" ".join(f"thingward {row['words']} {row['positional']}".split()) + " " + row["help"][:1].upper() + row["help"][1:]
             for row in rows["commands"]]
    places = [text.index(head) for head in heads] + [text.index("OPTIONS OF EVERY COMMAND")]
    for row, start, end in zip(rows["commands"], places, places[1:]):
        for one in row["options"]:
            section = text[places[-1]:] if one["name"] in ("json", "help") else text[start:end]
            assert f"--{one['name']}{' ' + one['argument'] if one['argument'] else ''} " in section, (row["words"], one["name"])
    for code, meaning in enumerate(rows["exits"]):
        assert f"{code} {meaning[:1].upper()}{meaning[1:]}" in text


def test_rows_are_what_help_prints():
    """The JSON and the text for people name the same options, command by command."""
    for row in json.loads(said("tool/thingward", "--json", "--help"))["commands"]:
        people = re.findall(r"^  --([a-z0-9_-]+)", said("tool/thingward", *row["words"].split(), "--help"), re.MULTILINE)
        assert people == [one["name"] for one in row["options"]], row["words"]


def test_every_option_of_the_daemon():
    text = shown("thingward-device.8")
    options = re.findall(r"^  (-\S+)", said("device/thingward-device", "--help"), re.MULTILINE)
    assert len(options) > 8
    for one in options:
        assert f" {one} " in text, one


def test_every_command_and_option_of_the_server():
    text = shown("thingward-support.8")
    rows = re.findall(r"^  (\S+(?: [a-z]+)?)", said("support/thingward-support", "--help"), re.MULTILINE)
    assert len(rows) > 12
    for one in rows:
        assert f" {one} " in text, one
