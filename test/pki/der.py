# SPDX-License-Identifier: Apache-2.0
"""DER as a tree whose every node can be left out, doubled, given another type, made too large, or followed by something."""
import copy

EDITS = ("absent", "doubled", "mistyped", "oversized", "trailing")
LARGE = 40000  # more than anything here may have


class Node:
    """A value: parts when it is constructed, or a string of bytes that holds DER itself (the value of an extension)."""

    def __init__(self, tag, content=b"", parts=None, wrapped=False):
        self.tag, self.content, self.parts, self.wrapped = tag, content, parts, wrapped

    def encode(self):
        body = self.content if self.parts is None else b"".join(p.encode() for p in self.parts)
        size = len(body)
        length = bytes([size]) if size < 128 else (lambda n: bytes([128 + len(n)]) + n)(size.to_bytes((size.bit_length() + 7) // 8, "big"))
        return bytes([self.tag]) + length + body

    def walk(self, path=()):
        yield path, self
        for i, part in enumerate(self.parts or ()):
            yield from part.walk(path + (i,))

    def at(self, path):
        return self if not path else self.parts[path[0]].at(path[1:])


def head(data):
    size, at = data[1], 2
    if size >= 128:
        at = 2 + (size & 127)
        size = int.from_bytes(data[2:at], "big")
    return at, at + size


def parse(data):
    """The tree of one value. Octet strings that are DER to the last byte are opened."""
    at, end = head(data)
    if data[0] & 0x20:
        return Node(data[0], parts=split(data[at:end]))
    if data[0] == 4 and end - at > 1 and data[at] in (0x02, 0x03, 0x04, 0x0A, 0x30):
        try:
            if head(data[at:])[1] == end - at:
                return Node(4, parts=split(data[at:end]), wrapped=True)
        except (IndexError, ValueError):
            pass
    return Node(data[0], data[at:end])


def split(data):
    parts = []
    while data:
        end = head(data)[1]
        if end > len(data):
            raise ValueError
        parts.append(parse(data[:end]))
        data = data[end:]
    return parts


def edited(tree, path, edit):
    """A copy with one change; None where there is nothing to change so."""
    new = copy.deepcopy(tree)
    node, parent = new.at(path), new.at(path[:-1]) if path else None
    if edit == "absent":
        if parent is None:
            return Node(0x30, parts=[])
        del parent.parts[path[-1]]
    elif edit == "doubled":
        if parent is None:
            return None
        parent.parts.insert(path[-1], copy.deepcopy(node))
    elif edit == "mistyped":
        node.tag = {0x30: 0x31, 0x31: 0x30, 0x04: 0x0C}.get(node.tag, node.tag ^ 1 if node.tag & 0x80 else 0x04)
        if node.parts is not None and node.tag == 0x0C:
            node.content, node.parts = b"".join(p.encode() for p in node.parts), None
    elif edit == "oversized":
        more = Node(0x04, b"A" * LARGE)
        if node.parts is not None:
            node.parts.append(more)
        else:
            node.content += b"A" * LARGE
    else:
        if node.parts is not None:
            node.parts.append(Node(0x05))
        else:
            node.content += b"\0"
    return new
