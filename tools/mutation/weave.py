# SPDX-License-Identifier: Apache-2.0
"""Compiles every mutant of the given files into one build, each asleep until its number is in TW_MUTANT.

A copy of the tree is kept beside the build, so that only what changed is compiled again; a mutant's number says its file, so that
a change of one file leaves the others as they are. While a program runs it notes in the file named by TW_MUTANT_MAP, one byte per
mutant, whose place it came by: these are the mutants its tests can kill.

The build has the sanitizers for addresses, leaks and what C leaves undefined: a mutant that reads behind an array, or gives
something back twice or never, is found out by whatever comes by.
"""
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess

PER_FILE, ROOM = 1024, 1 << 20  # numbers of one file's mutants, and of all
MORE_MEMORY = 2 << 30  # than the sanitizer's shadow, which is terabytes of addresses
HEAD = """/* Made by tools/mutate. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#define TW_M_COUNT %d
static unsigned char *tw_m_map;
static int tw_m_chosen = -1;
/* /proc/self/statm: the sixth number is the pages of data, with the sanitizer's shadow among them. */
static void tw_m_bound(void)
{
	char text[200] = "", *at = text;
	unsigned long long pages = 0;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC), blanks = 0;
	if (fd >= 0 && read(fd, text, sizeof text - 1) > 0) {
		for (; *at && blanks < 5; at++)
			blanks += *at == ' ';
		for (; *at >= '0' && *at <= '9'; at++)
			pages = pages * 10 + (unsigned)(*at - '0');
		setrlimit(RLIMIT_DATA, &(struct rlimit){ pages * 4096 + %dULL, RLIM_INFINITY });
	}
	close(fd);
}
__attribute__((constructor)) static void tw_m_begin(void)
{
	const char *chosen = getenv("TW_MUTANT"), *map = getenv("TW_MUTANT_MAP");
	if (chosen)
		for (tw_m_chosen = 0; *chosen >= '0' && *chosen <= '9'; chosen++)
			tw_m_chosen = tw_m_chosen * 10 + (*chosen - '0');
	if (map) {
		int fd = open(map, O_RDWR | O_CLOEXEC);
		void *p = mmap(NULL, TW_M_COUNT, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (p != MAP_FAILED)
			tw_m_map = p;
		close(fd);
	}
	if (chosen)
		tw_m_bound();
}
static inline int tw_m(int n)
{
	if (tw_m_map)
		tw_m_map[n] = 1;
	return tw_m_chosen == n;
}
#define TW_M(n) (tw_m(n) != 0)
""" % (ROOM, MORE_MEMORY)
OPTIONS = ["-Dwerror=false", "-Doptimization=1", "-Ddebug=false", "-Db_sanitize=address", "-Db_lundef=false", "-Db_pie=false", "-Dc_args=-w -fsanitize=undefined -fsanitize-trap=undefined"]


def woven(text, mutants, number):
    """The source with all of its mutants in it. Edits nest, since they follow the tree."""
    source = text.encode()
    marks = []  # place, order at that place, what is put there
    for m in mutants:
        n = number[m.id]
        marks.append((m.start, 1, -(m.end - m.start), n, m.before.replace("@N@", str(n))))
        marks.append((m.end, 0, m.end - m.start, -n, m.behind.replace("@N@", str(n))))
    out, at = [], 0
    for place, *_, put in sorted(marks):
        out += [source[at:place].decode(), put]
        at = place
    out.append(source[at:].decode())
    return "".join(out)


def crossing(mutants):
    """Those whose bytes cross another's edge: they cannot be in one program."""
    bad = set()
    for a in mutants:
        for b in mutants:
            if a.start < b.start < a.end < b.end:
                bad.add(b.id)
    return bad


def put(path, data):
    """Writes only what changed, so that ninja builds only that."""
    if not path.exists() or path.read_bytes() != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return True
    return False


def tree_files(root):
    run = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"], capture_output=True)
    if run.returncode == 0:
        return [n for n in run.stdout.decode().split("\0") if n and (root / n).is_file() and not (root / n).is_symlink()]
    return [str(p.relative_to(root)) for p in root.rglob("*") if p.is_file() and p.relative_to(root).parts[0] != "build"]


class Weaver:
    def __init__(self, root, work):
        self.root, self.work = pathlib.Path(root), pathlib.Path(work)
        self.tree, self.build = self.work / "tree", self.work / "build"
        self.dropped = {}  # id -> why it could not be compiled
        self.files = {}  # of each chosen test: what is built for it

    def copy(self, woven_files):
        wanted = set()
        for name in tree_files(self.root):
            if name.startswith(("fuzz/corpus/", "doc/", "bench/")) and not name.endswith("meson.build"):
                continue
            wanted.add(name)
            if name not in woven_files:
                put(self.tree / name, (self.root / name).read_bytes())
                if os.access(self.root / name, os.X_OK):
                    (self.tree / name).chmod(0o755)
        for path in list(self.tree.rglob("*")):
            if path.is_file() and str(path.relative_to(self.tree)) not in wanted and path.name != "tw-mutants.h":
                path.unlink()

    def syntax(self, name, text, entry):
        """The lines of a woven file that do not compile."""
        words = shlex.split(entry["command"])
        at = words.index("-o")
        words = words[:at] + words[at + 2:]
        words = [w for i, w in enumerate(words) if w not in ("-MD", "-MQ", "-MF", "-c", "-Werror") and words[i - 1] not in ("-MQ", "-MF", "-c")]
        trial = self.work / "trial.c"
        trial.write_text(text)
        folder = (self.root / name).parent
        run = subprocess.run([*words, "-w", "-iquote", str(folder), "-fsyntax-only", "-fmax-errors=0", str(trial)], cwd=entry["directory"], capture_output=True, text=True)
        return [line for line in run.stderr.splitlines() if "error:" in line]

    def weave(self, name, mutants, number, entry):
        """Puts the woven file into the tree; mutants on lines that do not compile are left out and named."""
        text = (self.root / name).read_text()
        mutants = [m for m in mutants if m.id not in self.dropped]
        head = self.work / "tw-mutants.h"
        first = f'#include "{head}"\n#line 1 "{name}"\n'
        for bad in crossing(mutants):
            self.dropped[bad] = "its place crosses another's"
        for _ in range(8):
            mutants = [m for m in mutants if m.id not in self.dropped]
            whole = first + woven(text, mutants, number)
            if (self.tree / name).exists() and (self.tree / name).read_text() == whole:
                return
            errors = self.syntax(name, whole, entry)
            if not errors:
                put(self.tree / name, whole.encode())
                return
            lines = {int(w[1]) for w in (e.split(":") for e in errors) if len(w) > 2 and w[1].isdigit()}
            gone = [m for m in mutants if any(m.line <= line <= m.line + text.encode()[m.start:m.end].count(b"\n") for line in lines)]
            if not gone:
                raise RuntimeError(f"{name}: {errors[0]}")
            # The mutants that begin on such a line go together; the error's words say why.
            for m in gone:
                self.dropped[m.id] = errors[0].split("error: ")[1]
        raise RuntimeError(f"{name} does not compile with its mutants")

    def run(self, by_file, number, commands, chosen):
        """Builds the test programs whose names fit."""
        self.work.mkdir(parents=True, exist_ok=True)
        put(self.work / "tw-mutants.h", HEAD.encode())
        self.copy(set(by_file))
        for name, mutants in by_file.items():
            self.weave(name, mutants, number, commands[name])
        environment = {**os.environ, "SOURCE_DATE_EPOCH": "1795219200"}
        made_with = self.work / "options"
        if not (self.build / "build.ninja").exists() or not made_with.exists() or made_with.read_text() != " ".join(OPTIONS):
            shutil.rmtree(self.build, ignore_errors=True)
            subprocess.run(["meson", "setup", str(self.build), str(self.tree), *OPTIONS], env={**environment, "CC": "clang"}, check=True, stdout=subprocess.DEVNULL)
            made_with.write_text(" ".join(OPTIONS))
        subprocess.run(["ninja", "-C", str(self.build), "build.ninja"], env=environment, check=True, stdout=subprocess.DEVNULL)
        made = {t["id"]: t["filename"] for t in self.introspect("--targets")}
        self.files = {row["name"]: [row["cmd"][0], *(f for target in row["depends"] for f in made[target])]
                      for row in self.tests() if re.search(chosen, row["name"])}
        programs = sorted({os.path.relpath(f, self.build) for files in self.files.values() for f in files})
        done = subprocess.run(["nice", "ninja", "-C", str(self.build), *programs], env=environment, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError("the build with mutants failed:\n" + done.stdout[-3000:])

    def introspect(self, what):
        return json.loads(subprocess.run(["meson", "introspect", what, str(self.build)], capture_output=True, text=True, check=True).stdout)

    def tests(self):
        """The unit tests, and what only this tool runs in small pieces."""
        return [t for t in self.introspect("--tests") if any(s.endswith(("unit", "mutants")) for s in t["suite"])]

    def made_of(self, name):
        """Says whether a test program is the same as when it was last measured."""
        h = hashlib.sha256()
        for file in sorted(self.files[name]):
            h.update(pathlib.Path(file).read_bytes())
        return h.hexdigest()[:16]
