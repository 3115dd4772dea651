# SPDX-License-Identifier: Apache-2.0
"""A report from a program without an operating system: strangers read it, the tool verifies it, and it needs nothing but memcpy."""
import json
import os
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

import world as worlds
from harness import b64
from test_report import SCHEMA, read_cwt

FOLDER = Path(__file__).resolve().parents[2] / "examples/foreign"


@pytest.mark.parametrize("claims", ("few", "all"))
def test_a_foreign_report_verifies(world, new_unit, tmp_path, claims):
    unit, nonce = new_unit(), os.urandom(24)
    keys = unit.state / "keys"
    certificate = x509.load_pem_x509_certificate((keys / "identity.crt").read_bytes())
    (tmp_path / "der").write_bytes(certificate.public_bytes(serialization.Encoding.DER))
    name = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.UniformResourceIdentifier)[0]
    program = Path(worlds.program("thingward")).parents[2] / "examples/foreign/foreign"
    words = [program, keys / "identity.key", tmp_path / "der", name, nonce.hex()] + (["all"] if claims == "all" else [])
    report = subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout
    said, by = read_cwt(report)
    jsonschema.validate(said, SCHEMA)
    assert by == certificate and said["sub"] == name and said["eat_nonce"] == b64(nonce) and len(said) == (22 if claims == "all" else 9)
    (tmp_path / "report").write_bytes(report)
    verify = ("device", "report", "verify", tmp_path / "report", "--anchor", world.ca / "ca.crt", "--json")
    answer = json.loads(unit.tool(*verify, "--nonce", b64(nonce)).stdout)
    assert answer["claims"] == said and answer["device"] == name
    unit.tool(*verify, "--nonce", b64(os.urandom(24)), ok=(1,))


@pytest.mark.parametrize("compiler", (("cc",), ("clang", "--target=thumbv6m-none-eabi"), ("arm-none-eabi-gcc", "-mcpu=cortex-m0")), ids=lambda c: c[-1])
def test_it_stands_alone(tmp_path, compiler):
    program = shutil.which(compiler[0]) or shutil.which(compiler[0] + "-19") or shutil.which(compiler[0] + "-14")
    if not program:
        pytest.skip(f"no {compiler[0]} here")
    made = tmp_path / "report.o"
    # A bare compiler has no string.h; this is all that is wanted of it.
    (tmp_path / "string.h").write_text("#include <stddef.h>\nvoid *memcpy(void *, const void *, size_t);\n")
    subprocess.run([program, *compiler[1:], "-std=gnu17", "-Os", "-ffreestanding", "-fno-stack-protector", "-Wall", "-Wextra", "-Werror", "-isystem", tmp_path,
                    "-c", FOLDER / "report.c", "-o", made], check=True)
    read = subprocess.run(["readelf", "-sW", made], stdout=subprocess.PIPE, text=True, check=True).stdout
    symbols = [line.split() for line in read.splitlines()]
    wanted = {s[7].split("@")[0] for s in symbols if len(s) > 7 and s[6] == "UND"}
    # What begins with __aeabi_ comes with every compiler for ARM (libgcc), as shifts of 64 bits on a small core.
    assert {w for w in wanted if not w.startswith("__aeabi_")} <= {"memcpy", "memset", "_GLOBAL_OFFSET_TABLE_"}, wanted
    assert {s[7] for s in symbols if len(s) > 7 and s[4] == "GLOBAL" and s[6] != "UND"} == {"foreign_report_write"}
    lines = sum(len((FOLDER / name).read_text().splitlines()) for name in ("report.h", "report.c"))
    assert lines < 500
