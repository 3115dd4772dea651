#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A second verifier of the audit log, written from doc/spec/audit-log.md alone: numbers in comments are the page's.

    verify_log.py DIRECTORY [--device CERTIFICATE] [--keys FILE]

FILE is the JSON the device gives for closed epochs: {"epochs": [{"epoch": 1, "key": "hex"}]}. Prints a JSON report; 1 if it found a fault.
"""
import argparse
import base64
import hashlib
import hmac
import json
import re
import struct
import sys
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

HEADER = 512
ZERO = bytes(32)
INTENT, OUTCOME, CHECKPOINT, OPEN = 1, 2, 6, 7


class Fault(Exception):
    pass


def sha(data):
    return hashlib.sha256(data).digest()


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def need(condition, rule):
    if not condition:
        raise Fault(rule)


def no_double(pairs):
    need(len({k for k, _ in pairs}) == len(pairs), "3: a member twice")
    return dict(pairs)


class Header:
    def __init__(self, data):
        need(len(data) >= HEADER, "3: header cut short")
        magic, version, size, self.size = struct.unpack(">8sHHI", data[:16])
        need(magic == b"TWAUDIT\0" and version == 1 and size == HEADER, "15: magic, version or size")
        self.epoch, self.boots, self.first, self.index, self.created = struct.unpack(">5Q", data[16:56])
        self.boot, self.device, self.previous, self.check = data[56:72], data[72:104], data[104:136], data[136:168]
        need(not any(data[168:480]), "15: zeroes")
        self.start = data[480:512]
        need(self.start == sha(b"thingward-log-segment-1\0" + data[:480]), "15: start")
        need(self.first >= 1, "3: first seq")
        self.covered = data[:136]


class Verifier:
    def __init__(self, device_key=None, keys=None, device=None):
        self.device_key, self.keys, self.device = device_key, keys or {}, device
        self.header = self.key = None
        self.next, self.chain, self.index = 1, ZERO, 0
        self.opened = False
        self.intents = set()
        self.first = self.proven = self.records = self.segments = self.checkpoints = 0
        self.all_keys = True
        self.torn = None

    def enter(self, h):
        if self.device is None:
            self.device = h.device
        need(h.device == self.device, "15: another device")
        before, self.header = self.header, h
        new = before is None or h.epoch != before.epoch
        if before is None:
            self.first = h.first
            need(h.first > 1 or h.previous == ZERO, "16: previous of the first")
        else:
            need(self.torn is None, "22: torn in the middle")
            need(h.first == self.next and h.previous == self.chain, "7: does not follow")
            need(h.epoch >= before.epoch and h.boots >= before.boots, "16: falls")
            need((h.boot == before.boot) == (h.boots == before.boots), "16: boot id and count")
            need(new or h.boot == before.boot, "16: boot in one epoch")
            need(h.index == (0 if new else self.index), "16: key index")
        if new:
            self.opened = h.index > 0
            self.key = self.keys.get(h.epoch)
            for _ in range(h.index if self.key else 0):
                self.key = sha(b"thingward-log-key-1\0" + self.key)
        self.all_keys = self.all_keys and self.key is not None
        if self.key:
            need(h.check == mac(self.key, b"thingward-log-header-1\0" + h.covered), "14: key check")
        self.next, self.chain, self.index = h.first, h.start, h.index
        self.segments += 1

    def body(self, kind, seq, data, before):
        need(data[:1] == b"{" and data[-1:] == b"}", "3: body")
        try:
            body = json.loads(data.decode("utf-8"), object_pairs_hook=no_double)
        except (UnicodeDecodeError, ValueError) as e:
            raise Fault("3: body is no JSON") from e
        need((kind == OPEN) != self.opened, "18: open")
        self.opened = True
        if kind == INTENT:
            self.intents.add(seq)
        elif kind == OUTCOME:
            need(isinstance(body.get("intent"), int), "19: no intent")
            need(body["intent"] in self.intents or 0 < body["intent"] < self.first, "19: not an open intent")
            self.intents.discard(body["intent"])
        elif kind == CHECKPOINT:
            self.checkpoint(seq, body, before)

    def checkpoint(self, seq, body, before):
        need(set(body) == {"chain", "epoch", "seq", "signature"}, "9: members")
        need(body["seq"] == seq - 1 and body["epoch"] == self.header.epoch and body["chain"] == before.hex(), "9: names another")
        self.checkpoints += 1
        if not self.device_key:
            return
        signed = b"thingward-checkpoint-1\0" + self.device + struct.pack(">QQ", self.header.epoch, seq - 1) + before
        signature = base64.urlsafe_b64decode(body["signature"] + "==")
        need(len(signature) == 64 and len(signed) == 103, "10: form")
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        try:
            self.device_key.verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature as e:
            raise Fault("10: signature") from e
        self.proven = seq - 1

    def record(self, data, at):
        need(len(data) - at >= 112, "17: cut short")
        size, length, kind, seq, wall, boot = struct.unpack(">IHHQQQ", data[at:at + 32])
        need(size == 112 + length and 2 <= length <= 4096 and at + size <= len(data), "17: sizes")
        need(1 <= kind <= 7, "4: type")
        need(seq == self.next, "17: sequence number")
        salt, body = data[at + 32:at + 48], data[at + 48:at + 48 + length]
        chain = sha(self.chain + struct.pack(">QHQQ", seq, kind, wall, boot) + sha(salt + body))
        need(data[at + 48 + length:at + 80 + length] == chain, "6: chain")
        if self.key:
            need(data[at + 80 + length:at + size] == mac(self.key, chain), "13: mac")
            self.key = sha(b"thingward-log-key-1\0" + self.key)
        self.body(kind, seq, body, self.chain)
        self.chain, self.next, self.index, self.records = chain, seq + 1, self.index + 1, self.records + 1
        return at + size

    def looks_torn(self, data, at):
        used = len(data.rstrip(b"\0"))
        if used - at > 64 * 1024:
            return False
        stated = struct.unpack(">I", data[at:at + 4])[0] if len(data) - at >= 4 else 1 << 32
        if at + stated > len(data):
            return True
        end = at + stated if 114 <= stated <= 4352 else used
        edges = [at, *range(at // 512 * 512 + 512, end, 512), end]
        return any(not any(data[a:b]) and (a > at or b - a >= 4 or not 114 <= stated <= 4352) for a, b in zip(edges, edges[1:]))

    def segment(self, name, data):
        at = HEADER
        try:
            self.enter(Header(data))
            while any(data[at:at + 4]):
                at = self.record(data, at)
            need(not any(data[at:]), "5: bytes behind the end")
        except Fault as fault:
            if at > HEADER or self.header is not None and self.chain == self.header.start:
                if str(fault)[:2] not in ("18", "19", "9:", "10") and self.looks_torn(data, at):
                    self.torn = f"{name}, record {self.next} at byte {at}: torn"
                    return
            raise Fault(f"{name}, record {self.next} at byte {at}: {fault}") from fault

    def report(self, fault):
        return {"first": self.first, "last": self.next - 1, "records": self.records, "segments": self.segments, "proven": self.proven,
                "checkpoints": self.checkpoints, "open_intents": len(self.intents), "keys": self.all_keys, "fault": fault}


def verify(segments, **how):
    """segments: (name, bytes) in order. The report."""
    v = Verifier(**how)
    try:
        for name, data in segments:
            v.segment(name, data)
    except Fault as fault:
        return v.report(str(fault))
    return v.report(v.torn or "")


def read_directory(path):
    files = sorted(p for p in Path(path).iterdir() if re.fullmatch(r"\d{20}\.twlog", p.name))
    return [(p.name, p.read_bytes()) for p in files]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("directory")
    p.add_argument("--device")
    p.add_argument("--keys")
    a = p.parse_args()
    how = {}
    if a.device:
        how["device_key"] = x509.load_pem_x509_certificate(Path(a.device).read_bytes()).public_key()
        how["device"] = sha(how["device_key"].public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))
    if a.keys:
        how["keys"] = {e["epoch"]: bytes.fromhex(e["key"]) for e in json.loads(Path(a.keys).read_text())["epochs"]}
    report = verify(read_directory(a.directory), **how)
    print(json.dumps(report))
    return 1 if report["fault"] else 0


if __name__ == "__main__":
    sys.exit(main())
