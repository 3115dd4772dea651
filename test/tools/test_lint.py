# SPDX-License-Identifier: Apache-2.0
"""The checks of tools/lint fail on each planted fault, and accept the tree as it is."""
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"


def tree(tmp_path, files):
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def run(tool, *args):
    done = subprocess.run([ROOT / "tools" / tool, *args], capture_output=True, text=True)
    return done.returncode, done.stdout


CAPABILITIES = {"src/device/identification/capability.yaml": "", "src/device/logical-access/capability.yaml": "",
                "src/device/platform/capability.yaml": ""}
ARROWS = [
    ("src/base/a.c", '"sys/real.h"', "base may not include sys"),
    ("src/sys/a.c", '"crypto/key.h"', "sys may not include crypto"),
    ("src/crypto/a.c", '"formats/jws.h"', "crypto may not include formats"),
    ("src/formats/a.c", '"sys/durable.h"', "formats may not include sys"),
    ("src/service/a.c", '"device/platform/modes.h"', "service may not include device"),
    ("src/service/a.c", '"product/product.h"', "service may not include product"),
    ("src/product/a.c", '"service/path/path.h"', "product may not include service"),
    ("src/device/platform/a.c", '"tool/run.h"', "device may not include tool"),
    ("src/device/platform/a.c", '"support/x.h"', "device may not include support"),
    ("src/support/documentation/a.c", '"device/platform/x.h"', "support may not include device"),
    ("src/tool/a.c", '"device/platform/x.h"', "tool may not include device"),
    ("src/tool/a.c", '"service/path/path.h"', "tool may not include service"),
    ("src/lib/a.c", '"formats/jws.h"', "lib may not include formats"),
    ("src/device/identification/a.c", '"device/logical-access/session.h"', "identification may not include the capability logical-access"),
    ("src/device/identification/a.c", '"device/rows-logical-access.h"', "identification may not include the capability logical-access"),
    ("src/device/platform/core.c", '"device/identification/identity.h"', "device may not include the capability identification"),
    ("src/formats/a.c", '"sys/fake.h"', "for tests only"),
    ("src/base/a.h", '"err.h"', "has no layer"),
    ("src/formats/a.c", "<openssl/evp.h>", "belongs behind a header of ours"),
    ("src/device/platform/a.c", "<sqlite3.h>", "belongs behind a header of ours"),
    ("src/tool/a.c", "<event2/event.h>", "belongs behind a header of ours"),
    ("src/other/a.c", '"base/err.h"', "is no layer"),
    ("include/thingward/x.h", '"base/err.h"', "includes nothing of src"),
]


@pytest.mark.parametrize("name,header,words", ARROWS, ids=[f"{a[0]}-{a[1]}" for a in ARROWS])
def test_wrong_arrows_are_refused(tmp_path, name, header, words):
    code, out = run("check-layers", tree(tmp_path, {**CAPABILITIES, name: f"{SPDX}\n#include {header}\n"}))
    assert code == 1
    assert words in out
    assert f"{name}:3:" in out or "is no layer" in out


@pytest.mark.parametrize("name,header", [
    ("src/sys/a.c", '"base/err.h"'), ("src/formats/a.c", '"crypto/key.h"'), ("src/service/a.c", '"formats/jws.h"'),
    ("src/tool/a.c", '"crypto/key.h"'), ("src/device/identification/a.c", '"device/platform/modes.h"'),
    ("src/device/identification/a.c", '"device/rows-identification.h"'), ("src/formats/test-a.c", '"sys/fake.h"'),
    ("src/device/platform/capabilities.c", '"device/rows-identification.h"'), ("src/base/test-a.c", '"check.h"'),
])
def test_right_arrows_are_accepted(tmp_path, name, header):
    assert run("check-layers", tree(tmp_path, {**CAPABILITIES, name: f"{SPDX}#include {header}\n"})) == (0, "")


def c(*lines):
    return SPDX + "\n".join(lines) + "\n"


TEXTS = [
    ("src/base/a.c", "int x;\n", "SPDX line is missing"),
    ("tools/a", "#!/bin/sh\ntrue\n", "SPDX line is missing"),
    ("src/base/a.c", c("static int f(int d) { return fsync(d); }"), "fsync() belongs behind struct tw_sys"),
    ("src/formats/a.c", c("\trename(a, b);"), "rename() belongs behind"),
    ("src/service/a.c", c("\tp = malloc(3);"), "malloc() belongs behind"),
    ("src/service/a.c", c('\texecvp("x", v);'), "starts a shell"),
    ("src/tool/a.c", c('\tstart("/bin/sh", v);'), "starts a shell"),
    ("src/base/a.c", c("/* TODO: later */"), "a gap stands under"),
    ("src/base/a.c", c("#if 0", "#endif"), "deleted"),
    ("src/base/a.c", c("/* x = 1; */"), "commented-out"),
    ("src/base/a.c", c("\tgoto out;"), "cleanup instead of goto"),
    ("src/base/a.c", c("int x; "), "blanks at the end"),
    ("src/base/a.c", c("int x;\r"), "CR"),
    ("src/base/a.c", SPDX + "int x;", "no newline"),
    ("doc/a.md", "See /home/ann/tree for it.\n", "path of somebody's machine"),
    ("doc/a.md", "As issue 12 asks.\n", "somebody's tracker"),
    ("doc/a.md", "Fixes #31.\n", "somebody's tracker"),
]


@pytest.mark.parametrize("name,text,words", TEXTS, ids=[f"{t[0]}-{t[2]}" for t in TEXTS])
def test_texts_are_refused(tmp_path, name, text, words):
    code, out = run("check-text", tree(tmp_path, {name: text}))
    assert code == 1
    assert words in out


@pytest.mark.parametrize("name,text", [
    ("src/base/a.c", c("\treturn sys->rename(sys, d, a, d, b);", "\ts.read(&s);", "/* write (2) may be short */")),
    ("src/sys/a.c", c("\treturn fsync(d);")),
    ("src/base/test-a.c", c("\tmalloc(3);")),
    ("src/base/a.c", c('\treturn TW_RAISE(IO, "rename(%s)", a);')),
    ("src/base/a.c", c("/* why; and limits */", "struct x {", "\tint (*read)(void *self);", "};")),
    ("doc/a.css", "/* SPDX-License-Identifier: Apache-2.0 */\na { color: #123456; }\n"),
])
def test_texts_are_accepted(tmp_path, name, text):
    assert run("check-text", tree(tmp_path, {name: text})) == (0, "")


def function(lines=0, branches=0, nesting=0):
    out = ["int f(int a);", "int f(int a)", "{"]
    out += ["\ta++;"] * lines + ["\tif (a)", "\t\ta++;"] * branches
    out += ["\t" * (i + 1) + "if (a) {" for i in range(nesting)] + ["\t" * (i + 1) + "}" for i in reversed(range(nesting))]
    return c(*out, "\treturn a;", "}")


LIMITS = [
    ("a.c", function(lines=101), "lines, at most 100"),
    ("a.c", function(branches=26), "complexity 27, at most 25"),
    ("a.c", function(nesting=6), "nested 6 deep"),
    ("a.c", c("int f(int a, int b, int c, int d, int e, int g, int h);"), "7 parameters, at most 6"),
    ("a.c", SPDX + "\n" * 1001, "lines, at most 1000"),
    ("a.c", c("int " + "x" * 160 + ";"), "columns, at most 160"),
    ("a.c", function(lines=61), "longer than 60 lines"),
]


@pytest.mark.parametrize("name,text,words", LIMITS, ids=[t[2] for t in LIMITS])
def test_limits_stop(tmp_path, name, text, words):
    code, out = run("check-limits", tree(tmp_path, {f"src/base/{name}": text}))
    assert code == 1
    assert words in out


def test_limits_accept(tmp_path):
    text = function(lines=10, branches=5, nesting=3) + "int g(int (*visit)(int, int, int), int b, int c, int d, int e, int h);\n"
    assert run("check-limits", tree(tmp_path, {"src/base/a.c": text})) == (0, "")


def test_an_exception_needs_a_reason(tmp_path):
    files = {"src/base/a.c": c("int f(int a, int b, int c, int d, int e, int g, int h);"), "tools/lint-exceptions.tsv": "parameters\tf\tit must\n"}
    assert run("check-limits", tree(tmp_path, files))[0] == 0
    (tmp_path / "tools/lint-exceptions.tsv").write_text("parameters\tf\t\n")
    assert run("check-limits", tmp_path)[0] == 1


def test_symbols(tmp_path):
    tree(tmp_path, {"src/base/a.h": "int tw_declared(void);\nextern int tw_table;\n",
                    "a.c": "int tw_declared(void){return 0;}\nint tw_table=1;\nint tw_secretly(void){return 0;}\nint stray;\nstatic int s(void){return 0;}\n"
                           "int (*use)(void)=s;\nint main(void){return 0;}\n"})
    (tmp_path / "build/src").mkdir(parents=True)
    subprocess.run(["cc", "-c", tmp_path / "a.c", "-o", tmp_path / "build/src/a.o"], check=True)
    code, out = run("check-symbols", tmp_path / "build", tmp_path)
    assert code == 1
    assert "tw_secretly is declared in no header" in out
    assert "stray does not begin with tw_" in out
    assert "tw_declared" not in out and "tw_table" not in out and "main" not in out and " s " not in out


BANNED = ["strcpy(a, b)", "sprintf(a, b)", "strtok(a, b)", "atoi(a)", "strtol(a, 0, 10)", "gmtime(0)", "system(a)", "popen(a, b)", "mktemp(a)"]


@pytest.mark.parametrize("call", BANNED)
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_banned_calls_do_not_compile(tmp_path, call, compiler):
    (tmp_path / "a.c").write_text(f"void f(char *a, char *b);\nvoid f(char *a, char *b) {{ (void){call}; }}\n")
    done = subprocess.run([compiler, "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Werror", f"-I{ROOT / 'src'}", "-include", "base/banned.h",
                           "-fsyntax-only", tmp_path / "a.c"], capture_output=True, text=True)
    assert done.returncode != 0
    assert "_use_" in done.stderr or "_there_are_no_" in done.stderr
