# SPDX-License-Identifier: Apache-2.0
"""Where a source can be made worse, by clang's own tree of it.

Kinds: a check that no longer refuses (`check`), a decision turned round (`negate`), one condition of several left out
(`operand`), a comparison off by one (`bound`) or turned round (`equal`), an error passed over (`ignore`), a call left out
(`call`), a sync that is not made (`sync`), a last check whose answer is always OK (`answer`).

Each mutant has the bytes it replaces and the worse text, for people, and what is put before and behind these bytes to have
both in one program, chosen by number while it runs. Code born in a macro's body is left alone; what stands in its arguments is not.
"""
import ctypes
import dataclasses
import hashlib
import pathlib
import re
import shlex
import subprocess

import clang.cindex as ci

FLIP = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
OTHER_WAY = {"<": "-", "<=": "+", ">": "+", ">=": "-"}  # the step of a bound that the flip does not make
TURN = {"==": "!=", "!=": "=="}
SYNCS = {"fsync", "fdatasync", "syncfs", "ftruncate", "flock", "sync_whole"}
OUR_SYNCS = {"tw_durable_sync", "tw_durable_sync_dir", "tw_durable_sync_all"}  # these answer a tw_err
# Words for people: no test reads them, and leaving one out changes nothing a device does. An ignored result changes nothing either.
IDLE = {"tw_debug", "tw_info", "tw_warn", "tw_error", "tw_log_err", "tw_ignore", "assert"}
TRY = re.compile(r"\bTW_TRY\(")
ENDS = ("RETURN_STMT", "BREAK_STMT", "CONTINUE_STMT", "GOTO_STMT")


@dataclasses.dataclass
class Mutant:
    file: str
    function: str
    kind: str
    start: int
    end: int
    text: str  # what stands there
    worse: str  # what would stand there
    before: str  # with @N@ for the number
    behind: str
    line: int = 0
    nth: int = 1  # of those with the same words in the same function
    id: str = ""

    def words(self):
        """One line that names it within its function, and stays the same while others change."""
        one = " ".join(self.worse.split())
        return f"{self.kind}: {' '.join(self.text.split())} => {one}" + (f" (no. {self.nth})" if self.nth > 1 else "")


def location(which, at):
    """File and offset of a place: clang_getFileLocation or clang_getSpellingLocation, which the bindings do not offer."""
    call = getattr(ci.conf.lib, which)
    call.argtypes = [ci.SourceLocation] + [ctypes.c_void_p] * 4
    call.restype = None
    file, line, column, offset = ctypes.c_void_p(), ctypes.c_uint(), ctypes.c_uint(), ctypes.c_uint()
    call(at, ctypes.byref(file), ctypes.byref(line), ctypes.byref(column), ctypes.byref(offset))
    return file.value, offset.value


def balanced(text):
    depth = 0
    for c in re.sub(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'', "", text):
        depth += (c in "([{") - (c in ")]}")
        if depth < 0:
            return False
    return depth == 0


class Finder:
    def __init__(self, name, text, unit):
        self.name, self.text, self.found, self.function = name, text, [], ""
        self.source = text.encode()
        self.main = None
        self.unit = unit
        self.macros = {}  # where the use of a macro begins, and ends
        for node in unit.cursor.get_children():
            if node.kind.name == "MACRO_INSTANTIATION" and str(node.location.file) == unit.spelling:
                self.macros[node.extent.start.offset] = node.extent.end.offset

    def span(self, node):
        """Where a node stands in this file; None when it is born in a macro or elsewhere."""
        file, start = location("clang_getFileLocation", node.extent.start)
        spelled = location("clang_getSpellingLocation", node.extent.start)
        end_file, end = location("clang_getFileLocation", node.extent.end)
        if spelled != (file, start) or end_file != file or file != self.main or end <= start:
            return None
        if end <= self.macros.get(start, 0):
            return None
        return (start, end) if balanced(self.cut(start, end)) else None

    def cut(self, start, end):
        return self.source[start:end].decode()

    def add(self, kind, span, worse, before, behind):
        text = self.cut(*span)
        self.found.append(Mutant(self.name, self.function, kind, *span, text, worse, before, behind,
                                 line=self.source[:span[0]].count(b"\n") + 1))

    # What each kind of node offers.

    def leaves(self, node):
        """Whether a branch does nothing but leave: the sign of a check."""
        if node.kind.name == "COMPOUND_STMT":
            children = list(node.get_children())
            return bool(children) and self.leaves(children[-1])
        return node.kind.name in ENDS

    def on_if(self, children):
        cond, then = children[0], children[1]
        span = self.span(cond)
        if not span:
            return
        if len(children) == 2 and self.leaves(then):
            self.add("check", span, "false", "(", ") && !TW_M(@N@)")
        else:
            self.negate(cond, span)

    def negate(self, cond, span):
        self.add("negate", span, f"!({self.cut(*span)})", "((", ") ? 1 : 0) != TW_M(@N@)")

    def operator(self, node):
        """The operator between the two operands, and their spans."""
        left, right = list(node.get_children())
        whole = self.span(node)
        if not whole:
            return None
        a, b = self.span(left), location("clang_getFileLocation", right.extent.start)[1]
        if not a or not whole[0] <= a[0] < a[1] <= b < whole[1]:
            return None
        return whole, a, (b, whole[1]), re.sub(r"/\*.*?\*/", "", self.cut(a[1], b)).strip(), left, right

    def on_binary(self, node, whole_condition):
        got = self.operator(node)
        if not got:
            return
        whole, a, b, op, left, right = got
        op = op.rstrip("(").strip()
        if op in ("&&", "||"):
            for side in (left, right):
                self.operand(side, op)
        elif op in FLIP:
            x, y = self.cut(*a), self.cut(*b)
            if (op, y) == ("<", "0"):  # of a result: -1 is the one value below, and 0 is never a descriptor of ours
                if not x.endswith("fd"):
                    self.add("bound", whole, f"{x} <= 0", f"(TW_M(@N@) ? (({x}) <= 0) : (", "))")
                return
            worse = f"{x} {FLIP[op]} {y}"
            self.add("bound", whole, worse, f"(TW_M(@N@) ? (({x}) {FLIP[op]} ({y})) : (", "))")
            if re.fullmatch(r"[A-Z][A-Z0-9_]*|\d\w*", y):
                step = f"{x} {op} {y} {OTHER_WAY[op]} 1"
                self.add("bound", whole, step, f"(TW_M(@N@) ? (({x}) {op} ({y}) {OTHER_WAY[op]} 1) : (", "))")
        elif op in TURN and not whole_condition:
            self.add("equal", whole, f"{self.cut(*a)} {TURN[op]} {self.cut(*b)}", "((", ") != TW_M(@N@))")

    def operand(self, node, op):
        span = self.span(node)
        if not span or (node.kind.name == "BINARY_OPERATOR" and (self.operator(node) or [""] * 4)[3] == op):
            return
        if op == "&&":
            self.add("operand", span, "true", "((", ") || TW_M(@N@))")
        else:
            self.add("operand", span, "false", "((", ") && !TW_M(@N@))")

    def on_statement(self, node):
        """An expression that stands as a statement: a call, with or without (void) before it."""
        call = node
        while call.kind.name in ("CSTYLE_CAST_EXPR", "UNEXPOSED_EXPR", "PAREN_EXPR"):
            call = list(call.get_children())[-1]
        span = self.span(node)
        if call.kind.name == "CALL_EXPR" and span and call.spelling not in IDLE:
            self.add("call", span, "(void)0", "(TW_M(@N@) ? (void)0 : (void)(", "))")

    def on_call(self, node):
        span = self.span(node)
        if span and node.spelling in SYNCS:
            self.add("sync", span, "0", "(TW_M(@N@) ? 0 : (", "))")
        elif span and node.spelling in OUR_SYNCS:
            self.add("sync", span, "TW_OK", "(TW_M(@N@) ? TW_OK : (", "))")

    def on_return(self, node):
        children = list(node.get_children())
        if len(children) != 1 or children[0].type.spelling != "tw_err":
            return
        inner = children[0]
        while inner.kind.name in ("UNEXPOSED_EXPR", "PAREN_EXPR"):
            inner = list(inner.get_children())[-1]
        span = self.span(inner)
        if span and inner.kind.name == "CALL_EXPR" and inner.spelling not in OUR_SYNCS and not self.cut(*span).startswith(("TW_RAISE", "tw_sure", "tw_raise")):
            self.add("answer", span, "TW_OK", "(TW_M(@N@) ? TW_OK : (", "))")

    def tries(self, start, end):
        """TW_TRY is a macro, so it is found by its name."""
        text = self.cut(start, end)
        blank = re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', lambda m: re.sub(r"[^\n]", " ", m[0]), text, flags=re.S)
        if len(text) != len(text.encode()):
            return
        for m in TRY.finditer(blank):
            depth, at = 1, m.end()
            while depth and at < len(blank):
                depth += (blank[at] == "(") - (blank[at] == ")")
                at += 1
            span = (start + m.start(), start + at)
            inner = self.cut(start + m.end(), start + at - 1)
            self.add("call", span, "(void)0", "do { if (!TW_M(@N@)) ", "; } while (0)")
            self.add("ignore", span, f"tw_ignore({inner})", f"do {{ if (TW_M(@N@)) tw_ignore({inner}); else ", "; } while (0)")

    def walk(self, node, statement=False, condition=False):
        children = list(node.get_children())
        kind = node.kind.name
        if statement:
            self.on_statement(node)
        if kind == "IF_STMT" and len(children) >= 2:
            if self.span(node):
                self.on_if(children)
        elif kind == "CONDITIONAL_OPERATOR" and self.span(node) and self.span(children[0]):
            self.negate(children[0], self.span(children[0]))
        elif kind == "BINARY_OPERATOR" and len(children) == 2:
            self.on_binary(node, condition)
        elif kind == "CALL_EXPR":
            self.on_call(node)
        elif kind == "RETURN_STMT":
            self.on_return(node)
        for i, child in enumerate(children):
            stands = child.kind.is_expression() and (kind == "COMPOUND_STMT" or (kind == "IF_STMT" and i > 0)
                     or (kind in ("FOR_STMT", "WHILE_STMT") and i == len(children) - 1) or (kind in ("CASE_STMT", "DEFAULT_STMT") and i == len(children) - 1))
            self.walk(child, stands, kind in ("IF_STMT", "CONDITIONAL_OPERATOR") and i == 0)

    def run(self):
        for node in self.unit.cursor.get_children():
            if node.kind.name != "FUNCTION_DECL" or not node.is_definition() or str(node.location.file) != self.unit.spelling:
                continue
            self.function = node.spelling
            body = [c for c in node.get_children() if c.kind.name == "COMPOUND_STMT"]
            if not body:
                continue
            self.main = location("clang_getFileLocation", node.extent.start)[0]
            span = self.span(body[0])
            if span:
                self.tries(*span)
                self.walk(body[0])
        return name_them(self.found)


def name_them(found):
    """Names that do not change when a line is added elsewhere, each only once."""
    seen, out = {}, []
    for m in sorted(found, key=lambda m: (m.start, -m.end, m.kind, m.worse)):
        key = (m.file, m.function, m.words())
        seen[key] = seen.get(key, 0) + 1
        m.nth = seen[key]
        m.id = hashlib.sha256("\0".join((m.file, m.function, m.words())).encode()).hexdigest()[:10]
        out.append(m)
    return out


def arguments(entry):
    """How a file is compiled, as libclang takes it."""
    words = shlex.split(entry["command"])[1:]
    at = words.index("-o")
    words = words[:at] + words[at + 2:]
    words = [w for i, w in enumerate(words) if w not in ("-MD", "-MQ", "-MF", "-c", "-Werror") and words[i - 1] not in ("-MQ", "-MF", "-c")]
    return [*words, "-working-directory", entry["directory"], "-w"]


def resource_dir():
    said = subprocess.run(["clang-14", "-print-resource-dir"], capture_output=True, text=True, check=True).stdout.strip()
    return ["-resource-dir", said]


def find(root, name, entry):
    ci.Config.library_file or ci.Config.set_library_file("libclang-14.so.1")
    path = (pathlib.Path(root) / name).resolve()
    unit = ci.Index.create().parse(str(path), args=[*arguments(entry), *resource_dir()], options=ci.TranslationUnit.PARSE_DETAILED_PROCESSING_RECORD)
    wrong = [d.spelling for d in unit.diagnostics if d.severity >= ci.Diagnostic.Error]
    if wrong:
        raise RuntimeError(f"{name}: clang cannot read it: {wrong[0]}")
    return Finder(name, path.read_text(), unit).run()
