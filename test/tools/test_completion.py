# SPDX-License-Identifier: Apache-2.0
"""The completions of this build, loaded in the shells themselves."""
import json
import os
import pathlib
import shlex
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("TW_BUILD", ROOT / "build"))
HERE = BUILD / "packaging/completions"
# What was typed, what is offered among others, what is not.
CASES = (
    ("", {"device", "product", "assess"}, {"settings", "--json"}),
    ("dev", {"device"}, {"assess"}),
    ("device ", {"settings", "takeover", "identity"}, {"confirm", "product"}),
    ("device settings ", {"change", "read", "list"}, {"takeover"}),
    ("device settings ch", {"change"}, {"read"}),
    ("device settings change ", {"identification.remote-read"}, {"change"}),
    ("device settings change --", {"--device", "--owner", "--local", "--value", "--json", "--help"}, {"--label"}),
    ("product compile --o", {"--out"}, {"--ca"}),
)


def lines(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20, **more)
    assert done.stderr == ""
    return {line.split("\t")[0] for line in done.stdout.splitlines()}


def bash(typed, cwd=None):
    words = ["thingward", *typed.split(" ")]
    script = ('. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); $(complete -p thingward | sed "s/.*-F \\([^ ]*\\).*/\\1/") '
              '&& printf "%s\\n" "${COMPREPLY[@]}"')
    return lines(["bash", "--norc", "-c", script, HERE / "thingward", *words], cwd=cwd)


def fish(typed, cwd=None):
    return lines(["fish", "--no-config", "-c", f'source {shlex.quote(str(HERE))}/thingward.fish; complete -C "thingward {typed}"'], cwd=cwd)


@pytest.fixture(autouse=True)
def ready(request):
    if not (HERE / "thingward").exists():
        pytest.skip("no build")
    if (shell := request.node.callspec.params.get("shell")) and not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")


@pytest.mark.parametrize("shell", ["bash", "fish"])
@pytest.mark.parametrize("typed, wanted, unwanted", CASES)
def test_offers(shell, typed, wanted, unwanted):
    found = {"bash": bash, "fish": fish}[shell](typed)
    assert wanted <= found and not unwanted & found, found


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_offers_files_where_a_path_is_wanted(shell, tmp_path):
    (tmp_path / "label.json").touch()
    offer = {"bash": bash, "fish": fish}[shell]
    assert "label.json" in offer("device takeover --label ", cwd=tmp_path)
    assert "label.json" in offer("evidence verify ", cwd=tmp_path)
    assert "label.json" not in offer("provision --serial ", cwd=tmp_path)


def commands():
    said = subprocess.run([BUILD / "src/tool/thingward", "--json", "--help"], capture_output=True, text=True, check=True).stdout
    return {row["words"]: {"--" + one["name"] for one in row["options"]} for row in json.loads(said)["commands"]}


@pytest.mark.parametrize("shell", ["bash"])
def test_offers_every_command_with_its_options(shell):
    for words, options in commands().items():
        assert bash(words + " --") == options, words


# fish is asked for all of them in one life; zsh, whose line editor is stood in for, for CASES alone.
@pytest.mark.parametrize("shell", ["fish"])
def test_fish_offers_every_command_with_its_options(shell):
    wanted = commands()
    script = "source $argv[1]/thingward.fish; for words in $argv[2..-1]; echo \"? $words\"; complete -C \"thingward $words --\"; end"
    said = subprocess.run(["fish", "--no-config", "-c", script, HERE, *wanted], capture_output=True, text=True, check=True, timeout=120).stdout
    found = {}
    for line in said.splitlines():
        if line.startswith("? "):
            offered = found.setdefault(line[2:], set())
        else:
            offered.add(line.split("\t")[0])
    assert found == wanted


# zsh completes only inside its line editor: its helpers are stood in for by ones that print what they are given.
ZSH = """
compdef() { :; }
_describe() { local name=${@[-1]}; print -rl -- ${(P)name%%:*}; }
_files() { print -r -- FILES; }
file=$1; shift; words=("$@"); CURRENT=$#; PREFIX=${@[-1]}
. $file
"""


@pytest.mark.parametrize("shell", ["zsh"])
@pytest.mark.parametrize("typed, wanted, unwanted", CASES + (("device takeover --label ", {"FILES"}, set()), ("evidence verify ", {"FILES"}, set())))
def test_zsh_offers(shell, typed, wanted, unwanted):
    found = lines(["zsh", "-f", "-c", ZSH, "zsh", HERE / "_thingward", "thingward", *typed.split(" ")])
    typed_so_far = typed.split(" ")[-1]
    found = {one for one in found if one == "FILES" or one.startswith(typed_so_far)}
    assert wanted <= found and not unwanted & found, found
