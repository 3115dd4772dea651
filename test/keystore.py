# SPDX-License-Identifier: Apache-2.0
"""A second reader of the keystore in a sealed file, written from its description (src/service/keys/vault.c): for tests that have to know
what a device would use, and that a copy of the disk with the root secret beside opens indeed."""
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY, STORAGE = 1, 2


def opened(key, sealed, aad):
    return AESGCM(key).decrypt(sealed[:12], sealed[12:], aad)


def vault(folder, root=None):
    """{(kind, name): bytes} of the newest copy."""
    root = root or (folder / "keystore.root").read_bytes()
    best = (-1, None)
    for copy in ("a", "b"):
        path = folder / f"keystore.{copy}"
        if not path.exists():
            continue
        text = path.read_bytes()
        head, body = text[:33], text[33:]
        key = HKDF(hashes.SHA256(), 32, None, b"thingward-vault-1\0" + head[17:33]).derive(root)
        best = max(best, (struct.unpack(">Q", head[9:17])[0], opened(key, body, head + b"keystore")))
    entries, at, payload = {}, 0, best[1]
    while at < len(payload):
        kind, size = payload[at], payload[at + 1]
        name = payload[at + 2:at + 2 + size].decode()
        at += 2 + size
        (size,) = struct.unpack(">H", payload[at:at + 2])
        entries[kind, name] = payload[at + 2:at + 2 + size]
        at += 2 + size
    return entries


def secret(folder, name):
    """The content of NAME.sealed."""
    sealed = (folder / f"{name}.sealed").read_bytes()
    key = vault(folder)[STORAGE, str(struct.unpack(">I", sealed[1:5])[0])]
    return opened(key, sealed[5:], sealed[:5] + f"{name}.sealed".encode())


def listener(folder):
    """The listener's file, as the role would read it: plain as long as identity.key is there."""
    if (folder / "identity.key").exists():
        try:
            return (folder / "listener.pem").read_bytes()
        except FileNotFoundError:  # it was sealed meanwhile
            pass
    return secret(folder, "listener")
