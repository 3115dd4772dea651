# SPDX-License-Identifier: Apache-2.0
"""What may stand in an answer of the manufacturer's server, whatever anybody stored or asked: read by parsers, never searched."""
import csv
import html.parser
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

from corpus import MARK

ROOT = Path(__file__).resolve().parents[2]
HEADER = (ROOT / "src/formats/html.h").read_text()


def listed(macro):
    """The names that src/formats/html.h can write."""
    text = re.search(rf"#define {macro}\(X\)(.*?)(?<!\\)\n", HEADER, re.S)[1]
    return set(re.findall(r'"([^"]+)"', text))


ELEMENTS, ATTRIBUTES = listed("TW_HTML_ELEMENTS"), listed("TW_HTML_ATTRIBUTES") | {"href", "action"}
SCRIPT = [("src", "/passkey.js"), ("defer", "")]
POLICY = "default-src 'none'; {}style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
VOID = {"meta", "link", "input"}
SAYS = {"value", "aria-label", "content", "href", "action"}  # attributes in which somebody's words may stand, as words or as part of an address
HEADERS = {"content-type", "content-length", "content-security-policy", "cache-control", "x-content-type-options", "referrer-policy", "strict-transport-security", "connection", "location", "etag", "retry-after",
           "set-cookie", "allow", "x-frame-options", "cross-origin-opener-policy", "cross-origin-resource-policy", "www-authenticate", "content-language", "vary", "permissions-policy", "date", "link", "last-modified",
           "accept", "keep-alive", "content-disposition", "x-robots-tag", "cross-origin-embedder-policy", "server", "transfer-encoding", "accept-ranges"}
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Strict(html.parser.HTMLParser):
    """Every element is closed where it was opened, which text that became markup cannot know; each is one that the writer has, with attributes that it has."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.wrong, self.tags, self.said, self.scripts = [], [], [], [], 0

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "script" and attrs == SCRIPT:  # the one that we have; that there is nothing in it, handle_data says
            self.scripts += 1
            self.open.append(tag)
            return
        if tag not in ELEMENTS:
            self.wrong.append(f"element <{tag}>")
        names = [name for name, _ in attrs]
        if len(set(names)) != len(names):
            self.wrong.append(f"<{tag}> says an attribute twice: {names}")
        for name, value in attrs:
            value = value or ""
            if name not in ATTRIBUTES:
                self.wrong.append(f"attribute {name} of <{tag}>")
            if MARK in value.lower() and name not in SAYS:
                self.wrong.append(f"{name}=\"{value}\" of <{tag}>")
            if name in ("href", "action") and not re.match(r"(/(?!/)|#|https://|mailto:|tel:)[^\s<>\"\\]*$", value):
                self.wrong.append(f"address {value!r} of <{tag}>")
            if (name == "action" or (name == "href" and tag == "link")) and not re.match(r"/(?!/)", value):
                self.wrong.append(f"<{tag}> leads away: {value!r}")
            if name in SAYS:
                self.said.append(value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.wrong.append(f"</{tag}> within {self.open[-3:]}")
        else:
            self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.wrong.append(f"a script: {data[:60]!r}")
        self.said.append(data)

    def handle_comment(self, data):
        self.wrong.append(f"comment {data[:60]!r}")

    def handle_pi(self, data):
        self.wrong.append(f"instruction {data[:60]!r}")

    def unknown_decl(self, data):
        self.wrong.append(f"declaration {data[:60]!r}")

    def handle_decl(self, decl):
        if decl.lower() != "doctype html" or self.tags:
            self.wrong.append(f"declaration {decl[:60]!r}")


def judge_html(text):
    reader = Strict()
    reader.feed(text)
    reader.close()
    wrong = reader.wrong + [f"<{tag}> stays open" for tag in reader.open]
    if CONTROL.search(text):
        wrong.append("control characters")
    return wrong, " ".join(reader.said), reader.tags, reader.scripts


def said_by(value):
    """All texts of a JSON value, names of members too."""
    if isinstance(value, dict):
        return " ".join(f"{k} {said_by(v)}" for k, v in value.items())
    if isinstance(value, list):
        return " ".join(said_by(v) for v in value)
    return value + (" " + said_by(json.loads(value)) if value[:1] == "{" and value[-1:] == "}" and is_json(value) else "") if isinstance(value, str) else ""


def is_json(text):
    try:
        json.loads(text)
        return True
    except ValueError:
        return False


def judge_csv(text):
    return [f"formula in a cell: {cell!r}" for row in csv.reader(text.splitlines()) for cell in row if re.match(r"[=+\-@\t\r]", cell)]


def judge_head(r):
    wrong = []
    for name, value in r.getheaders():
        if name.lower() not in HEADERS:
            wrong.append(f"header {name!r}")
        if MARK in value.lower() and name.lower() not in ("location", "content-disposition"):
            wrong.append(f"header {name}: {value!r}")
        if name.lower() == "location" and not re.fullmatch(r"(https://[^/\"<>\s]+)?/(?!/)[^\s<>\"'\\]*", value):
            wrong.append(f"leads to {value!r}")
        if name.lower() == "content-disposition" and not re.fullmatch(r"attachment; filename=\"[\w.~-]*\"; filename\*=UTF-8''[\w.~%-]*", value):
            wrong.append(f"disposition {value!r}")
        if name.lower() == "set-cookie" and not re.match(r"__Host-(session|client)=[\w-]{0,43}; ", value):
            wrong.append(f"cookie {value!r}")
    if r.getheader("X-Content-Type-Options") != "nosniff":
        wrong.append("no nosniff")
    return wrong


def judge(r, body):
    """(what is wrong, what it says, the names of its elements). body: bytes."""
    kind = (r.getheader("Content-Type") or "").split(";")[0]
    wrong, said, tags = judge_head(r), "", []
    if r.status == 500 or r.status > 503:
        wrong.append(f"status {r.status}")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        return [*wrong, str(error)], "", []
    if not body:
        return wrong, "", []
    if kind == "text/html":
        policy = r.getheader("Content-Security-Policy") or ""
        more, said, tags, scripts = judge_html(text)
        if scripts > 1 or policy != POLICY.format("script-src 'self'; require-trusted-types-for 'script'; " if scripts else ""):
            wrong.append(f"policy {policy!r} with {scripts} scripts")
        wrong += more
    elif kind in ("application/json", "application/problem+json"):
        said = said_by(json.loads(text))  # which refuses what is no JSON
    elif kind == "application/atom+xml":
        root = ET.fromstring(text)
        names = {one.tag for one in root.iter()}
        wrong += [f"XML element {name}" for name in names if not name.startswith("{http://www.w3.org/2005/Atom}")]
        wrong += [f"XML attribute {one.attrib}" for one in root.iter() for name in one.attrib if name not in ("href", "rel", "type", "src", "term", "scheme", "label", "{http://www.w3.org/XML/1998/namespace}lang")]
        wrong += [f"XML link {one.get('href')}" for one in root.iter() if one.get("href") and not one.get("href").startswith("https://security.example.com/")]
        said = " ".join(root.itertext())
    elif kind == "text/csv":
        wrong += judge_csv(text)
        said = text
    elif kind in ("text/plain", "application/octet-stream", "text/css"):
        said = text if kind == "text/plain" else ""
    else:
        wrong.append(f"content type {kind!r}")
    if "root:x:" in text or "SQLite format" in text or "PRIVATE KEY" in text:
        wrong.append("a file of the machine's")
    return wrong, said, tags
