# SPDX-License-Identifier: Apache-2.0
"""Rows -> C tables (src/service/path/tables.h, src/formats/catalog.h)."""
from .rows import SUBJECTS

HEAD = "/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by tools/gen-catalog.py from {}; do not edit. */\n"


def string(text):
    """A C string literal, or NULL for an empty text."""
    if not text:
        return "NULL"
    out = []
    for byte in str(text).encode():
        c = chr(byte)
        out.append("\\" + c if c in '"\\' else c if 32 <= byte < 127 else f"\\{byte:03o}")
    return '"' + "".join(out).replace("??", "?\\?") + '"'


def text(value):
    return string(value) if value else '""'


def symbol(folder):
    return folder.replace("-", "_")


def side(source):
    """device or support: whose rows these are, by where they stand."""
    parts = source.split("/")
    return parts[1] if parts[0] == "src" else "device"


def _shape(name, fields):
    lines = [f"static const struct tw_shape {name}[] = {{"]
    for f in fields:
        required = "true" if f.get("required", "no") == "yes" else "false"
        kind = f["kind"].upper()
        lines.append(f"\t{{ {string(f['key'])}, TW_JSON_{kind}, {required}, {f.get('min', 0)}, {f.get('max', 0)} }},")
    return "\n".join(lines + ["\t{ .key = NULL },", "};", ""])


def _table(kind, rows, end):
    return "\n".join([f"static const struct tw_{kind}_row {kind}s[] = {{"] + rows + [f"\t{{ .{end} = NULL }},", "};", ""])


def _setting(r):
    low = r.get("min", 0)
    high = r.get("max", 511 if r["type"] == "text" else 0)
    return (f"\t{{ {string(r['key'])}, TW_SETTING_{r['type'].upper()}, {string(r.get('unit'))}, {low}, {high}, "
            f"{string(r.get('choices'))}, {text(r['default'])}, {text(r['baseline'])}, {string(r['permission'])}, "
            f"{r.get('apply') or 'NULL'}, {string(r['help'])}, {string(r.get('element'))}, {'true' if r.get('confirm') == 'yes' else 'false'} }},")


def _names(fields):
    """Of an answer's members, at whatever depth, each once."""
    names = {}
    for f in fields:
        names[str(f["key"])] = None
        names.update(dict.fromkeys(_names(f.get("items", []))))
    return list(names)


def _operation(i, r):
    return (f"\t{{ {string(r['name'])}, {string(r['method'])}, {text(r['path'])}, {string(r['permission'])}, "
            f"TW_WHEN_{r['when'].upper()}, TW_AUDIT_{r['audit'].upper()}, {f'input_{i}' if r['input'] else 'NULL'}, "
            f"{r['handler']}, {string(r['help'])}, {text(' '.join(r['elements']))}, {f'query_{i}' if r.get('query') else 'NULL'}, "
            f"{string(r.get('list'))}, {r.get('page', 0)}, "
            f"{'&' + r['task'] if 'task' in r else 'NULL'}, {r.get('body_max', 0)}, "
            f"{'true' if r.get('step_up') == 'yes' else 'false'}, {'true' if r.get('form') == 'yes' else 'false'}, {string(r.get('files'))}, {'true' if r.get('any_body') == 'yes' else 'false'}, "
            f"{text(' '.join(_names(r['output'] + r.get('result', []))))}, {string(' '.join(r['carries']) if 'carries' in r else None)} }},")


def _event(i, r):
    return (f"\t{{ {string(r['id'])}, TW_SEVERITY_{r['severity'].upper()}, fields_{i}, {string(r.get('element'))}, "
            f"{string(r['help'])} }},")


def rows_source(c, source):
    parts = [HEAD.format(source), f'#include "{side(source)}/rows-{c["folder"]}.h"\n', "#include <stddef.h>\n"]
    for i, r in enumerate(c["operations"]):
        if r["input"]:
            parts.append(_shape(f"input_{i}", r["input"]))
        if r.get("query"):
            parts.append(_shape(f"query_{i}", r["query"]))
    for i, r in enumerate(c["events"]):
        parts.append(_shape(f"fields_{i}", r["fields"]))
    parts.append(_table("setting", [_setting(r) for r in c["settings"]], "key"))
    parts.append(_table("operation", [_operation(i, r) for i, r in enumerate(c["operations"])], "name"))
    parts.append(_table("event", [_event(i, r) for i, r in enumerate(c["events"])], "id"))
    parts.append(_table("element", [f"\t{{ {string(r['id'])}, {r['status']}, {string(r.get('provider'))} }}," for r in c["elements"]], "id"))
    parts.append(_table("fact", [f"\t{{ {string(r['name'])}, TW_FACT_{r['type'].upper()}, {string(r.get('unit'))}, {r['read']}, "
                                 f"{string(r['help'])} }}," for r in c["facts"]], "name"))
    parts.append(_table("job", [f"\t{{ {string(r['name'])}, {r['period_ms']}, {string(r['watches'])}, "
                                f"{r['run']}, {r.get('due', 'NULL')} }}," for r in c["jobs"]], "name"))
    parts.append(f"const struct tw_capability tw_capability_{symbol(c['folder'])} = {{\n"
                 f"\t{string(c['capability'])}, {string(c['name'])}, {string(c['folder'])},\n"
                 "\tsettings, operations, events, elements, facts, jobs,\n};\n")
    return "\n".join(parts)


def rows_header(c, source):
    guard = f"TW_ROWS_{symbol(c['folder']).upper()}_H"
    parts = [HEAD.format(source), f"#ifndef {guard}\n#define {guard}\n", '#include "service/path/request.h"\n#include "service/path/tables.h"\n',
             f"extern const struct tw_capability tw_capability_{symbol(c['folder'])};\n"]
    once = set()

    def declare(name, arguments):
        if name and name not in once:
            once.add(name)
            parts.append(f"tw_err {name}({arguments});")
    for r in c["settings"]:
        declare(r.get("apply"), "struct tw_context *c, const char *value")
    for r in c["operations"]:
        declare(r["handler"], "struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp")
    for r in c["operations"]:
        if "task" in r and r["task"] not in once:
            once.add(r["task"])
            parts.append(f"extern const struct tw_task_kind {r['task']};")
    for r in c["elements"]:
        declare(r["status"], "struct tw_context *c, struct tw_element_status *ret")
    for r in c["facts"]:
        declare(r["read"], "struct tw_context *c, json_t **ret")
    for r in c["jobs"]:
        declare(r["run"], "struct tw_context *c")
        if "due" in r:
            parts.append(f"int64_t {r['due']}(struct tw_context *c);")
    return "\n".join(parts + ["\n#endif\n"])


def _bits(names, roles):
    """By number, in the order of the roles; the kinds of subjects by name, so that the two orders must agree."""
    order = list(roles)
    words = [f"1u << TW_SUBJECT_{n.upper()}" if n in SUBJECTS else f"1u << {order.index(n)}" for n in order if n in names]
    return " | ".join(words) or "0"


def grants_source(granted, source):
    roles = [f"\t{{ {string(name)}, {_bits(row.get('inherits', []), granted.roles)}, "
             f"{'true' if name not in SUBJECTS or name == 'owner' else 'false'}, {string(row['help'])} }},"
             for name, row in granted.roles.items()]
    rows = [f"\t{{ {string(permission)}, {_bits(listed, granted.roles)}, {'true' if permission in granted.unruled else 'false'}, "
            f"{'true' if permission in granted.free else 'false'} }},"
            for permission, listed in granted.listed.items()]
    return "\n".join([HEAD.format(source), f'#include "{side(source)}/grants.h"\n', '#include "service/path/request.h"\n', "#include <stddef.h>\n",
                      "const struct tw_built_in_role tw_built_in_roles[] = {"] + roles + ["\t{ .name = NULL },", "};",
                      "const struct tw_grant_row tw_grants[] = {"] + rows + ["\t{ .permission = NULL },", "};", ""])


def grants_header(source):
    return "\n".join([HEAD.format(source), "#ifndef TW_GRANTS_H\n#define TW_GRANTS_H\n", '#include "service/path/tables.h"\n',
                      "extern const struct tw_built_in_role tw_built_in_roles[]; /* ends with name NULL */",
                      "extern const struct tw_grant_row tw_grants[];             /* ends with permission NULL */\n", "#endif\n"])


def blob_source(data, name, header, source):
    """Bytes as a C array, for a program that must not look for a file."""
    lines = [HEAD.format(source), f'#include "{header}"\n', f"const unsigned char {name}[] = {{"]
    for i in range(0, len(data), 20):
        lines.append("\t" + ",".join(str(b) for b in data[i:i + 20]) + ",")
    return "\n".join(lines + ["\t0,", "};", f"const size_t {name}_size = sizeof({name}) - 1;", ""])


def blob_header(name, source, why):
    guard = name.upper() + "_H"
    return "\n".join([HEAD.format(source), f"#ifndef {guard}\n#define {guard}\n", "#include <stddef.h>\n", f"/* {why} */",
                      f"extern const unsigned char {name}[]; /* followed by a NUL that does not count */",
                      f"extern const size_t {name}_size;\n", "#endif\n"])


CATALOG_HEADER = """
#ifndef TW_FORMATS_CATALOG_H
#define TW_FORMATS_CATALOG_H
#include <stdbool.h>
#include <stddef.h>

/* What may be claimed of a device, sorted by id (strcmp). ours: an extra of this project, not an element of NIST's. */
struct tw_catalog_row {
	const char *id, *capability, *text;
	bool ours;
};
extern const struct tw_catalog_row tw_catalog[]; /* ends with id NULL */
extern const size_t tw_catalog_count;
const struct tw_catalog_row *tw_catalog_find(const char *id); /* NULL: no such element */
/* The check that a live device must pass; kept apart so that only programs that assess carry the words. NULL: no such element. */
const char *tw_catalog_check(const char *id);

/* The same of the supporting details, which a manufacturer may claim of his server; kept apart so that no device carries them. */
extern const struct tw_catalog_row tw_supporting[]; /* ends with id NULL */
extern const size_t tw_supporting_count;
const struct tw_catalog_row *tw_supporting_find(const char *id);
const char *tw_supporting_check(const char *id); /* what must be there, or the question that a document must answer */

#endif
"""

FIND = """
static int by_id(const void *key, const void *row)
{
	return strcmp(key, *(const char *const *)row);
}
"""


def catalog_header(source):
    return HEAD.format(source) + CATALOG_HEADER


INCLUDES = ['#include "formats/catalog.h"\n', "#include <stdlib.h>\n#include <string.h>\n"]


def _catalog(rows, name):
    """The rows and what finds one."""
    lines = [f"const struct tw_catalog_row {name}[] = {{"]
    lines += [f"\t{{ {string(e['id'])}, {string(e['capability'])}, {string(e['text'])}, {'true' if e['ours'] else 'false'} }}," for e in rows]
    return [*lines, "\t{ .id = NULL },", "};", f"const size_t {name}_count = {len(rows)};",
            f"const struct tw_catalog_row *{name}_find(const char *id)\n{{\n"
            f"\treturn bsearch(id, {name}, {name}_count, sizeof *{name}, by_id);\n}}\n"]


def _checks(rows, name):
    lines = ["static const struct check {\n\tconst char *id, *text;\n} checks[] = {"]
    lines += [f"\t{{ {string(e['id'])}, {string(e['check'])} }}," for e in rows]
    return [*lines, "};", f"const char *{name}_check(const char *id)\n{{\n"
            "\tconst struct check *c = bsearch(id, checks, sizeof checks / sizeof *checks, sizeof *checks, by_id);\n"
            "\treturn c ? c->text : NULL;\n}\n"]


def _sorted(elements):
    return sorted(elements, key=lambda e: e["id"])


def catalog_source(elements, source):
    return "\n".join([HEAD.format(source), *INCLUDES, FIND, *_catalog(_sorted(elements), "tw_catalog")])


def checks_source(elements, source):
    return "\n".join([HEAD.format(source), *INCLUDES, FIND, *_checks(_sorted(elements), "tw_catalog")])


def supporting_source(elements, source):
    rows = _sorted(elements)
    return "\n".join([HEAD.format(source), *INCLUDES, FIND, *_catalog(rows, "tw_supporting"), *_checks(rows, "tw_supporting")])
