# SPDX-License-Identifier: Apache-2.0
"""The manufacturer's certificate authority: its keys lie encrypted, and a plain one of before still opens.

What OpenSSL's own program says of the files is the second opinion.
"""
import os
import pty
import re
import select
import subprocess
import termios
import time

import pytest

import world as worlds

WORDS = "several words that nobody else puts together"


def tool(*words):
    """Without a terminal."""
    return subprocess.run([str(worlds.program("thingward")), *map(str, words)], capture_output=True, text=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL, start_new_session=True)


def openssl(*words, **options):
    return subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, timeout=60, check=False, **options)


@pytest.fixture
def place(tmp_path):
    assert tool("product", "init", "--example", tmp_path / "product").returncode == 0
    (tmp_path / "words").write_text(WORDS + "\n")
    (tmp_path / "wrong").write_text("several other words\n")
    (tmp_path / "newer").write_text("quite another passphrase")
    return tmp_path


def manifest(place, *more):
    return tool("product", "compile", place / "product", "--ca", place / "ca", "--out", place / "m", *more)


def opens(place, passphrase):
    return all(openssl("pkey", "-in", place / "ca" / name, "-passin", f"pass:{passphrase}", "-noout").returncode == 0 for name in ("ca.key", "manifest.key"))


def fingerprints(place, passphrase):
    return [openssl("pkey", "-in", place / "ca" / name, "-passin", f"pass:{passphrase}", "-pubout").stdout for name in ("ca.key", "manifest.key")]


def test_keys_lie_encrypted(place):
    assert tool("ca", "init", place / "ca", "--passphrase-file", place / "words").returncode == 0
    for name in ("ca.key", "manifest.key"):
        assert (place / "ca" / name).read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
        assert (place / "ca" / name).stat().st_mode & 0o77 == 0
        parsed = openssl("asn1parse", "-in", place / "ca" / name).stdout
        assert ":PBES2" in parsed and re.search(r":(id-)?scrypt\b", parsed) and ":aes-256-cbc" in parsed
    assert opens(place, WORDS) and not opens(place, "several other words")
    done = manifest(place, "--passphrase-file", place / "words")
    assert done.returncode == 0 and "Warning" not in done.stderr
    done = manifest(place, "--passphrase-file", place / "wrong")
    assert done.returncode == 1 and "passphrase is wrong" in done.stderr and "Traceback" not in done.stderr
    done = manifest(place)
    assert done.returncode == 2 and "no terminal" in done.stderr and "--passphrase-file" in done.stderr


def test_a_plain_key_of_before_opens_with_a_warning_and_is_encrypted_by_protect(place):
    assert tool("ca", "init", place / "ca", "--unprotected").returncode == 0
    before = fingerprints(place, "")
    done = manifest(place)
    assert done.returncode == 0 and done.stderr.count("not encrypted") == 1 and "thingward ca protect" in done.stderr
    assert tool("ca", "protect", place / "ca", "--passphrase-file", place / "words").returncode == 0
    assert opens(place, WORDS) and fingerprints(place, WORDS) == before
    assert manifest(place).returncode == 2
    # Another passphrase; the old one has to be known.
    done = tool("ca", "protect", place / "ca", "--passphrase-file", place / "newer", "--old-passphrase-file", place / "wrong")
    assert done.returncode == 1 and "wrong" in done.stderr and opens(place, WORDS)
    assert tool("ca", "protect", place / "ca", "--passphrase-file", place / "newer", "--old-passphrase-file", place / "words").returncode == 0
    assert opens(place, "quite another passphrase") and fingerprints(place, "quite another passphrase") == before


def test_protect_that_was_cut_off_between_the_keys_is_finished(place):
    assert tool("ca", "init", place / "ca", "--passphrase-file", place / "words").returncode == 0
    half = (place / "ca/manifest.key").read_bytes()
    assert tool("ca", "protect", place / "ca", "--passphrase-file", place / "newer", "--old-passphrase-file", place / "words").returncode == 0
    (place / "ca/manifest.key").write_bytes(half)
    assert manifest(place, "--passphrase-file", place / "newer").returncode == 1
    assert tool("ca", "protect", place / "ca", "--passphrase-file", place / "newer", "--old-passphrase-file", place / "words").returncode == 0
    assert opens(place, "quite another passphrase") and manifest(place, "--passphrase-file", place / "newer").returncode == 0


def test_what_a_cut_run_left_of_a_root_in_a_token_is_not_believed(place):
    """A new root in a file is the one that signs, and is encrypted by protect."""
    (place / "ca").mkdir()
    (place / "ca/ca.token").write_text("pkcs11:module=/nowhere.so;token=ca\n" + "00" * 8 + "\n" + "00" * 8 + "\n")
    assert tool("ca", "init", place / "ca", "--unprotected").returncode == 0
    assert not (place / "ca/ca.token").exists()
    assert tool("ca", "protect", place / "ca", "--passphrase-file", place / "words").returncode == 0 and opens(place, WORDS)
    done = tool("ca", "crl", place / "ca", "--out", place / "list", "--passphrase-file", place / "words")
    assert done.returncode == 0, done.stderr
    assert "OK" in openssl("crl", "-in", place / "list", "-CAfile", place / "ca/ca.crt", "-noout").stderr


@pytest.mark.parametrize("content", [b"", b"\n", b"two\nlines\n", b"short\n", b"with\0zero byte\n", b"x" * 2000])
def test_a_passphrase_file_that_is_none(place, content):
    (place / "odd").write_bytes(content)
    done = tool("ca", "init", place / "ca", "--passphrase-file", place / "odd")
    assert done.returncode in (1, 2) and "odd" in done.stderr or "passphrase" in done.stderr
    assert done.returncode and not (place / "ca/ca.crt").exists() and not (place / "ca/ca.key").exists()


def test_asked_for(place):
    """Nobody is asked where there is nobody; plain keys are made only when they are asked for."""
    done = tool("ca", "init", place / "ca")
    assert done.returncode == 2 and "--passphrase-file" in done.stderr and not (place / "ca/ca.key").exists()
    assert tool("ca", "init", place / "ca", "--unprotected", "--passphrase-file", place / "words").returncode == 2
    assert tool("ca", "init", place / "ca", "--passphrase-file", place / "absent").returncode == 1


def at_terminal(answers, *words):
    """Types each answer when a question stands there; returns what was shown and the exit code."""
    pid, end = pty.fork()
    if pid == 0:
        os.execv(str(worlds.program("thingward")), ["thingward", *map(str, words)])
    shown, until, left = b"", time.monotonic() + 30, list(answers)
    while time.monotonic() < until:
        if select.select([end], [], [], 0.1)[0]:
            try:
                piece = os.read(end, 4096)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        # The question stands there a moment before the terminal stops echoing; a person is slower than that.
        if left and shown.rstrip(b" ").endswith(b":") and not termios.tcgetattr(end)[3] & termios.ECHO:
            shown += b"<typed>"
            os.write(end, left.pop(0).encode() + b"\n")
    os.close(end)
    return shown.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_at_the_terminal(place):
    shown, code = at_terminal([WORDS, WORDS], "ca", "init", place / "ca")
    assert code == 0 and WORDS not in shown and "New passphrase" in shown and opens(place, WORDS), shown
    shown, code = at_terminal([WORDS], "product", "compile", place / "product", "--ca", place / "ca", "--out", place / "m")
    assert code == 0 and WORDS not in shown and shown.count("<typed>") == 1, shown
    shown, code = at_terminal(["something else"], "product", "compile", place / "product", "--ca", place / "ca", "--out", place / "m")
    assert code == 1 and "passphrase is wrong" in shown, shown
    shown, code = at_terminal([WORDS, "not the same"], "ca", "init", place / "other")
    assert code == 1 and not (place / "other/ca.key").exists(), shown


def test_the_key_of_another_certificate_signs_nothing(place):
    for name in ("ca", "other"):
        assert tool("ca", "init", place / name, "--unprotected").returncode == 0
    (place / "ca/manifest.key").write_bytes((place / "other/manifest.key").read_bytes())
    done = manifest(place)
    assert done.returncode == 1 and "manifest.key is not the key of the certificate beside it" in done.stderr and not (place / "m").exists()


@pytest.mark.parametrize("change", ["absent", "trailing", "oversized", "cut", "another key"])
def test_a_key_file_that_is_none(place, change):
    assert tool("ca", "init", place / "ca", "--passphrase-file", place / "words").returncode == 0
    path = place / "ca/manifest.key"
    text = path.read_text()
    path.write_text({"absent": text, "trailing": text + "x", "oversized": "#" * 5000 + "\n" + text, "cut": text[:200], "another key": text}[change])
    if change == "absent":
        path.unlink()
    if change == "another key":
        openssl("genpkey", "-algorithm", "RSA", "-aes256", "-pass", f"pass:{WORDS}", "-out", path)
    done = manifest(place, "--passphrase-file", place / "words")
    assert done.returncode == 1 and "manifest.key" in done.stderr and not (place / "m").exists(), done.stderr
