# SPDX-License-Identifier: Apache-2.0
"""The strict part of YAML that people write here: the same rules as src/base/yaml.h.

No tags, anchors, aliases, merge keys, duplicate keys or several documents. Every scalar stays text, so `no` is "no" and the
schema decides what it means. Every node remembers its line, and every error names file and line.
"""
import yaml


class Refused(Exception):
    """Says file:line: why."""


class Text(str):
    line = 0


class Map(dict):
    line = 0
    lines = None  # key -> line


class List(list):
    line = 0


def _text(value, line):
    t = Text(value)
    t.line = line
    return t


def _build(node, name):
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        return _text(node.value, line)
    if isinstance(node, yaml.SequenceNode):
        out = List(_build(n, name) for n in node.value)
        out.line = line
        return out
    out = Map()
    out.line, out.lines = line, {}
    for key, value in node.value:
        at = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise Refused(f"{name}:{at}: a key must be text")
        if key.value == "<<":
            raise Refused(f"{name}:{at}: merge keys are not allowed")
        if key.value in out:
            raise Refused(f"{name}:{at}: key '{key.value}' stands twice, first in line {out.lines[key.value]}")
        out[key.value] = _build(value, name)
        out.lines[key.value] = at
    return out


def made(value, line):
    """A node that no file holds: what follows from one in that line."""
    if isinstance(value, dict):
        out = Map({_text(k, line): made(v, line) for k, v in value.items()})
        out.lines = dict.fromkeys(value, line)
    elif isinstance(value, list):
        out = List(made(v, line) for v in value)
    else:
        return _text(str(value), line)
    out.line = line
    return out


def parse(text, name):
    """Text of one document -> Map, List or Text."""
    try:
        for event in yaml.parse(text, Loader=yaml.BaseLoader):
            line = event.start_mark.line + 1
            if isinstance(event, yaml.AliasEvent):
                raise Refused(f"{name}:{line}: aliases are not allowed")
            if getattr(event, "anchor", None):
                raise Refused(f"{name}:{line}: anchors are not allowed")
            if getattr(event, "tag", None):
                raise Refused(f"{name}:{line}: tags are not allowed")
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as e:
        mark = e.problem_mark or e.context_mark
        raise Refused(f"{name}:{mark.line + 1 if mark else 1}: {e.problem or e.context}") from None
    except yaml.YAMLError as e:
        raise Refused(f"{name}:1: {e}") from None
    if node is None:
        raise Refused(f"{name}:1: the file is empty")
    return _build(node, name)


def load(path):
    with open(path, encoding="utf-8") as f:
        return parse(f.read(), str(path))
