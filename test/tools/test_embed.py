# SPDX-License-Identifier: Apache-2.0
"""What tools/embed.py builds into the program: pages as they are, modules and styles without comments and indentation, in gzip where that is shorter; JSON without its white space; and never too much; every page of the folder, and none that is missing."""
import gzip
import hashlib
import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def embed(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    out = folder / "out.c"
    done = subprocess.run([sys.executable, ROOT / "tools/embed.py", out, f"/{name}={folder / name}"], capture_output=True, text=True, check=False)
    return done, out.read_text(encoding="utf-8") if done.returncode == 0 else ""


def bytes_in(c):
    """As they are sent, and what a browser makes of them."""
    sent = bytes(int(word) for word in re.findall(r"\d+", c.split("[] = {", 1)[1].split("};", 1)[0]))
    return sent, gzip.decompress(sent) if re.search(r", true \},", c) else sent


def test_json_loses_only_white_space(tmp_path):
    document = {"a": ["b c", 1.5, None, {"ä": "\n"}], "z": {}}
    _, c = embed(tmp_path, "some.json", json.dumps(document, indent="\t", ensure_ascii=False) + "\n")
    sent, built = bytes_in(c)
    assert sent == built, "programs read it, and have to ask for no coding"
    assert json.loads(built) == document
    assert built == '{"a":["b c",1.5,null,{"ä":"\\n"}],"z":{}}'.encode()
    assert hashlib.sha256(built).hexdigest()[:24] in c


def test_pages_stay_as_they_are(tmp_path):
    text = "<p>  two  blanks\n\n</p>\n"
    _, c = embed(tmp_path, "page.html", text)
    assert bytes_in(c) == (text.encode(), text.encode()), "too short to be worth packing"
    _, c = embed(tmp_path, "page.html", text * 99)
    sent, built = bytes_in(c)
    assert built == (text * 99).encode() and len(sent) < 200
    assert sent[:8] == b"\x1f\x8b\x08\0\0\0\0\0", "without a name and a time: the same page gives the same bytes"
    assert hashlib.sha256(sent).hexdigest()[:24] in c


def test_code_loses_comments_and_indentation(tmp_path):
    _, c = embed(tmp_path, "some.js", "// why\nconst a = 'https://x; // kept';\n\n\tif (a)\n\t\t// not\n\t\tb(`c\t // d`); // nor this\n")
    assert bytes_in(c)[1] == b"const a = 'https://x; // kept';\nif (a)\nb(`c\t // d`);\n"
    (tmp_path / "some.js").unlink()
    _, c = embed(tmp_path, "some.css", "/* why\n * and how */\na {\n\tcontent: \"/* b */\";\n}\n")
    assert bytes_in(c)[1] == b'a {\ncontent: "/* b */";\n}\n'


def test_the_pages_have_a_bound(tmp_path):
    assert embed(tmp_path, "page.html", "x" * 320000)[0].returncode == 0
    done, _ = embed(tmp_path, "page.html", "x" * 320001)
    assert done.returncode != 0 and "320001 bytes unpacked" in done.stderr
    noise = random.Random(1).choices([chr(code) for code in range(33, 127)], k=190000)
    done, _ = embed(tmp_path, "page.html", "".join(noise))
    assert done.returncode != 0 and re.search(r"15\d{4} bytes in the program, at most 150000", done.stderr), done.stderr
    assert embed(tmp_path, "page.html", "".join(noise[:170000]))[0].returncode == 0


@pytest.mark.parametrize("name, text", [("some.js", "a = `\n\tb`;\n"), ("some.json", "{"), ("page.html", ""), ("page.other", "x")])
def test_what_is_refused(tmp_path, name, text):
    done, _ = embed(tmp_path, name, text)
    assert done.returncode != 0


PAGES = ROOT / "web/device"


def listed():
    """What src/device/meson.build builds in."""
    return re.findall(r"'([^']+)'", re.search(r"page_files = \[(.*?)\]", (ROOT / "src/device/meson.build").read_text(encoding="utf-8"), re.DOTALL)[1])


def embed_listed(folder, out):
    words = [f"/{name}={folder / name}" for name in listed()]
    return subprocess.run([sys.executable, ROOT / "tools/embed.py", out, *words], capture_output=True, text=True, check=False)


def test_every_page_is_built_in(tmp_path):
    assert sorted(listed()) == sorted(one.name for one in PAGES.iterdir())
    done = embed_listed(PAGES, tmp_path / "out.c")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["unlisted.js", "unlisted.css", "unlisted.svg", "unlisted.html"])
def test_a_page_that_is_not_listed(tmp_path, name):
    folder = shutil.copytree(PAGES, tmp_path / "pages")
    (folder / name).write_text("<p>\n", encoding="utf-8")
    done = embed_listed(folder, tmp_path / "out.c")
    assert done.returncode != 0 and f"{name}: stands beside the pages and is not built in" in done.stderr, done.stderr
    assert not (tmp_path / "out.c").exists()


@pytest.mark.parametrize("name", ["log.js", "style.css"])
def test_a_page_that_is_not_there(tmp_path, name):
    folder = shutil.copytree(PAGES, tmp_path / "pages")
    (folder / name).unlink()
    done = embed_listed(folder, tmp_path / "out.c")
    assert done.returncode != 0 and name in done.stderr, done.stderr
