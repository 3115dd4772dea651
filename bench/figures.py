# SPDX-License-Identifier: Apache-2.0
"""What tools/bench makes of the figures: the table it ends with, and with `save` a dated file in bench/results, the picture and the
part of README.md between its marks. All come from the same two files: build/bench.txt (lines of the programs here) and
build/bench-peers.json.

    python3 bench/figures.py show|save FAILED      FAILED: how many programs of bench/ did not end well
"""
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
from xml.sax.saxutils import escape

ROOT = pathlib.Path(__file__).resolve().parents[1]
LINES, PEERS = ROOT / "build/bench.txt", ROOT / "build/bench-peers.json"
README, PICTURE, RESULTS = ROOT / "bench/README.md", ROOT / "bench/peers.svg", ROOT / "bench/results"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
COMMAND = "BENCH_SAVE=1 make bench"
LOADED = 0.1  # of the processors, busy while all that is measured sleeps
OURS = "Thingward"
MB = 1e6


def limits():
    """(name, value, unit, goal, held) of each line that has a goal."""
    out = []
    for line in LINES.read_text().splitlines():
        fields = line.split("\t")
        if len(fields) == 5 and fields[3] != "-":
            out.append((fields[0], fields[1], fields[2], fields[3], fields[4] == "within"))
    return out


def machine():
    model = next((line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), platform.machine())
    debian = pathlib.Path("/etc/debian_version").read_text().strip()
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    return {"processor": model, "cores": os.cpu_count(), "kernel": platform.release(), "debian": debian, "commit": commit or "unknown",
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")}


def spread(values):
    return statistics.median(values), min(values), max(values)


def of_memory(row, state, what):
    return [one[what] / MB for one in row[state]]


# What is compared: title, unit, digits, value of a row or None. Less is better in all.
COMPARED = [
    ("PSS, idle", "MB", 1, lambda r: spread(of_memory(r, "idle", "pss"))),
    ("private, idle", "MB", 1, lambda r: spread(of_memory(r, "idle", "private"))),
    ("PSS, one client", "MB", 1, lambda r: spread(of_memory(r, "client", "pss")) if r["client"] else None),
    ("private, one client", "MB", 1, lambda r: spread(of_memory(r, "client", "private")) if r["client"] else None),
    ("ready after", "ms", 0, lambda r: spread(r["ready_ms"])),
    ("wakeups per minute", "", 0, lambda r: (r["wakeups_per_min"],) * 3),
    ("programs", "MB", 2, lambda r: (r["program_bytes"] / MB,) * 3),
    ("and their libraries", "MB", 1, lambda r: (r["with_libraries_bytes"] / MB,) * 3),
]


def cell(value, digits):
    if value is None:
        return "–"
    middle, low, high = (f"{one:.{digits}f}" for one in value)
    return middle if low == high else f"{middle} ({low}–{high})"


def table(head, rows):
    return ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)] + ["| " + " | ".join(row) + " |" for row in rows]


def costs(programs):
    head = ["program"] + [f"{title}, {unit}" if unit else title for title, unit, _, _ in COMPARED]
    return table(head, [[name] + [cell(value(row), digits) for _, _, digits, value in COMPARED] for name, row in programs.items()])


def confined(programs):
    head = ["program", "processes", "users", "with a system call filter", "with no_new_privs", "without any capability"]
    rows = []
    for name, row in programs.items():
        users = ", ".join("root" if user == 0 else str(user) for user in row["users"])
        rows.append([name, str(row["processes"]), users, *(f"{row[key]} of {row['processes']}" for key in ("filtered", "no_new_privs", "without_capabilities"))])
    return table(head, rows)


def verdicts(programs):
    """For each figure, who is below and who above: nobody has to take our word for which is which."""
    out = []
    for title, unit, digits, value in COMPARED:
        mine = value(programs[OURS])
        others = {name: value(row) for name, row in programs.items() if name != OURS and value(row) is not None}
        if not others:
            continue
        shown = lambda name, v=others, d=digits: f"{name} {v[name][0]:.{d}f}"  # noqa: E731
        less = [shown(name) for name in others if round(others[name][0], digits) < round(mine[0], digits)]
        more = [shown(name) for name in others if round(others[name][0], digits) > round(mine[0], digits)]
        same = [name for name in others if round(others[name][0], digits) == round(mine[0], digits)]
        parts = [f"{word}: {', '.join(names)}" for word, names in (("less", less), ("the same", same), ("more", more)) if names]
        out.append(f"- {title}: ours {mine[0]:.{digits}f}{' ' + unit if unit else ''}; {'; '.join(parts)}.")
    return out


# --- The picture: bars in four panels, in the reader's light or dark. ---

WIDTH, PANEL_WIDTH, NAME_WIDTH, BAR, GAP, TOP = 880, 420, 104, 16, 9, 74
STYLE = """
	svg { --paper: #ffffff; --ink: #1b1f24; --soft: #57606a; --ours: #0969da; --ours-soft: #8cc2f7; --other: #6e7781; --other-soft: #c4cad1; }
	@media (prefers-color-scheme: dark) {
		svg { --paper: #0d1117; --ink: #e6edf3; --soft: #9aa4af; --ours: #58a6ff; --ours-soft: #1f4f85; --other: #8b949e; --other-soft: #3d444d; }
	}
	.paper { fill: var(--paper); } text { fill: var(--ink); font: 13px system-ui, sans-serif; } .small { fill: var(--soft); font-size: 12px; }
	.title { font-size: 16px; font-weight: 600; } .panel { font-weight: 600; } .me { font-weight: 600; }
	.ours { fill: var(--ours); } .ours-soft { fill: var(--ours-soft); } .other { fill: var(--other); } .other-soft { fill: var(--other-soft); }
	.range { stroke: var(--ink); stroke-width: 1.5; }
"""
# title, unit, digits, whole bar, strong part of it or None
PANELS = [
    ("Memory when it is the only program (strong: private)", "MB", 1, lambda r: spread(of_memory(r, "idle", "pss")), lambda r: spread(of_memory(r, "idle", "private"))[0]),
    ("From exec to the first answer (line: fastest to slowest)", "ms", 0, lambda r: spread(r["ready_ms"]), None),
    ("On disk with libraries (strong: own programs)", "MB", 1, lambda r: (r["with_libraries_bytes"] / MB,) * 3, lambda r: r["program_bytes"] / MB),
    ("Wakeups per minute while idle", "", 0, lambda r: (r["wakeups_per_min"],) * 3, None),
]


def panel(programs, left, top, spec):
    title, unit, digits, value, strong = spec
    out = [f'<text class="panel" x="{left}" y="{top}">{escape(title)}</text>']
    widest = max(max(value(row)[0], value(row)[2]) for row in programs.values()) or 1
    room = PANEL_WIDTH - NAME_WIDTH - 74
    y = top + 14
    for name, row in programs.items():
        kind, (middle, low, high) = ("ours" if name == OURS else "other"), value(row)
        length, start = middle / widest * room, left + NAME_WIDTH
        out.append(f'<text class="{"me" if name == OURS else ""}" x="{start - 8}" y="{y + 13}" text-anchor="end">{escape(name)}</text>')
        out.append(f'<rect class="{kind}{"-soft" if strong else ""}" x="{start}" y="{y}" width="{max(length, 1):.1f}" height="{BAR}"/>')
        if strong:
            out.append(f'<rect class="{kind}" x="{start}" y="{y}" width="{max(strong(row) / widest * room, 1):.1f}" height="{BAR}"/>')
        end = length
        if high - low > widest / 50:  # less is no line but a speck
            end = max(length, high / widest * room)
            out.append(f'<line class="range" x1="{start + low / widest * room:.1f}" x2="{start + end:.1f}" y1="{y + BAR / 2}" y2="{y + BAR / 2}"/>')
        out.append(f'<text class="small" x="{start + end + 6:.1f}" y="{y + 13}">{middle:.{digits}f}{" " + unit if unit else ""}</text>')
        y += BAR + GAP
    return out


def picture(data):
    programs = data["programs"]
    panel_height = 14 + len(programs) * (BAR + GAP) + 34
    height = TOP + 2 * panel_height
    said = "; ".join(f"{name}: " + ", ".join(f"{title} {value(row)[0]:.{digits}f}{' ' + unit if unit else ''}" for title, unit, digits, value in COMPARED if value(row))
                     for name, row in programs.items())
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-labelledby="title desc">',
           "<title id=\"title\">What Thingward costs beside other programs on devices</title>", f'<desc id="desc">{escape(said)}</desc>', f"<style>{STYLE}</style>",
           f'<rect class="paper" width="{WIDTH}" height="{height}"/>', '<text class="title" x="16" y="26">What it costs while nothing happens, beside others</text>',
           f'<text class="small" x="16" y="44">{escape(where(data))}</text>', f'<text class="small" x="16" y="60">{escape(load(data))}</text>']
    for number, spec in enumerate(PANELS):
        out += panel(programs, 16 + number % 2 * (PANEL_WIDTH + 16), TOP + 22 + number // 2 * panel_height, spec)
    return "\n".join(out + ["</svg>"]) + "\n"


def where(data):
    m = data["machine"]
    return f"{m['date']}, release build of {m['commit']}, {m['processor']}, {m['cores']} cores, Linux {m['kernel']}, Debian {m['debian']}"


def load(data):
    busy = data["busy_elsewhere"]
    if busy < LOADED:
        return "nothing else running"
    return f"loaded machine: its processors were {busy:.0%} busy with other things, so times are too long and say little"


def section(data):
    programs = data["programs"]
    out = [BEGIN, "", f"Taken by `{COMMAND}`: {where(data)}; {load(data)}. All rounds: `results/{data['machine']['date']}.json`.", "", "### Our limits", ""]
    out += table(["figure", "value", "limit", ""], [[name, f"{value} {unit}", goal, "held" if held else "**over**"] for name, value, unit, goal, held in data["limits"]])
    out += ["", "### Beside others", "", "![Bars of memory, time until ready, size and wakeups for six programs; the table below has the same figures](peers.svg)", ""]
    out += [f"Median of {data['rounds']} rounds through all programs in turn, fastest and slowest in brackets.", ""] + costs(programs) + [""] + confined(programs)
    out += ["", "Better and worse, figure by figure:", ""] + verdicts(programs) + [""]
    out += table(["program", "version", "does", "does not", "ready is", "a client is"],
                 [[name, row["version"], row["does"], row["lacks"] or "install updates", row["ready_is"], row["client_is"] or "–"] for name, row in programs.items()])
    return "\n".join(out + ["", END])


def gather():
    data = {"command": COMMAND, "machine": machine(), **json.loads(PEERS.read_text())}
    data["limits"] = limits()
    return data


def save(data):
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{data['machine']['date']}.json").write_text(json.dumps(data, indent=1) + "\n")
    PICTURE.write_text(picture(data))
    text = README.read_text()
    before, rest = text.split(BEGIN)
    README.write_text(before + section(data) + rest.split(END)[1])


def show(failed):
    rows = limits()
    width = max((len(row[0]) for row in rows), default=0)
    print("\nlimit".ljust(width + 1) + "      value      limit")
    for name, value, unit, goal, held in rows:
        print(f"{name.ljust(width)} {value.rjust(10)} {goal.rjust(10)}  {'held' if held else 'OVER'}  {unit}")
    over = sum(not row[4] for row in rows)
    if PEERS.exists():
        print("\n" + "\n".join(costs(json.loads(PEERS.read_text())["programs"])))
    return rows, over, failed


def main():
    rows, over, failed = show(int(sys.argv[2]))
    if sys.argv[1] == "save":
        save(gather())
        print(f"\nsaved: {README.relative_to(ROOT)}, {PICTURE.relative_to(ROOT)}, bench/results")
    print(f"\nlimits: {len(rows) - over} held, {over} over; programs that failed: {failed}")
    return over + failed > 0


if __name__ == "__main__":
    sys.exit(main())
