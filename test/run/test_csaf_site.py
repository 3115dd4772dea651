# SPDX-License-Identifier: Apache-2.0
"""`thingward csaf publish`, `withdraw` and `tree check`: the tree that comes out is held against the official schemas, jing, sha256sum and gpg; one byte
changed anywhere in it is found; and what may not be published changes nothing."""
import copy
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess

import jsonschema
import pytest

import test_csaf
import world as worlds

URL = "https://lamps.example/.well-known/csaf"
SCHEMAS = pathlib.Path(os.environ.get("TW_SCHEMAS", pathlib.Path(__file__).resolve().parents[3] / "shared" / "schemas"))


def run(*words, **environment):
    return subprocess.run([str(worlds.program("thingward")), "csaf", *map(str, words)], capture_output=True, text=True, timeout=60, check=False,
                          env={**os.environ, **environment})


def good(*words, **environment):
    done = run(*words, **environment)
    assert done.returncode == 0, done.stderr
    return done


def document(number=1, version=1, label="WHITE", **tracking):
    made = copy.deepcopy(test_csaf.GOOD)
    dates = [f"2026-01-{v:02}T10:00:00Z" for v in range(1, version + 1)]
    made["document"].update(title=f"Lamp & <lamp> {number}", distribution={"tlp": {"label": label}}, notes=[{"category": "summary", "text": "It <shines>"}])
    made["document"]["tracking"].update(
        id=f"LAMPS: {number}", version=str(version), current_release_date=dates[-1],
        revision_history=[{"date": d, "number": str(v), "summary": "s"} for v, d in enumerate(dates, 1)], **tracking)
    return made


def write(folder, name, what):
    path = folder / name
    path.write_text(json.dumps(what, ensure_ascii=False), encoding="utf-8")
    return path


def files(tree):
    return {str(p.relative_to(tree)): p.read_bytes() for p in sorted(tree.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A gpg of its own with a key that needs no passphrase."""
    if not shutil.which("gpg"):
        pytest.skip("gpg is not there")
    folder = tmp_path_factory.mktemp("gpg")
    folder.chmod(0o700)
    gpg = ["gpg", "--homedir", str(folder), "--batch", "--quiet"]
    for who in ("psirt@lamps.example", "other@lamps.example"):
        subprocess.run([*gpg, "--passphrase", "", "--quick-gen-key", who, "ed25519", "sign", "never"], check=True, capture_output=True, timeout=60)
    listed = subprocess.run([*gpg, "--list-keys", "--with-colons"], check=True, capture_output=True, text=True, timeout=60).stdout
    yield folder, re.findall(r"^pub.*\n(?:.*\n)*?fpr:+([0-9A-F]{40}):", listed, re.M)
    subprocess.run(["gpgconf", "--homedir", str(folder), "--kill", "all"], check=False, timeout=60)


@pytest.fixture
def signer():
    return ["--openpgp-program", worlds.program("thingward").parent / "thingward-openpgp"]


def judge(tree):
    """By the official schemas, and RFC 4287's."""
    if not (SCHEMAS / "csaf-2.0").is_dir():
        pytest.skip("the official schemas are not there (TW_SCHEMAS)")
    schemas = {name: json.loads((SCHEMAS / "csaf-2.0" / name).read_text(encoding="utf-8")) for name in
               ("provider_json_schema.json", "ROLIE_feed_json_schema.json", "csaf_json_schema.json", "cvss-v2.0.json", "cvss-v3.0.json", "cvss-v3.1.json")}
    store = {schema.get("$id", schema.get("id")): schema for schema in schemas.values()}
    for version in ("2.0", "3.0", "3.1"):
        store[f"https://www.first.org/cvss/cvss-v{version}.json"] = schemas[f"cvss-v{version}.json"]
    checker = jsonschema.FormatChecker()
    for name, path in (("provider_json_schema.json", "provider-metadata.json"), ("ROLIE_feed_json_schema.json", "white/csaf-feed-tlp-white.json")):
        resolver = jsonschema.RefResolver.from_schema(schemas[name], store=store)
        jsonschema.Draft202012Validator(schemas[name], resolver=resolver, format_checker=checker).validate(json.loads((tree / path).read_text(encoding="utf-8")))
    if not shutil.which("jing"):
        pytest.skip("jing is not there")
    done = subprocess.run(["jing", str(SCHEMAS / "atom" / "atom.rng"), str(tree / "white/atom.xml")], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


def test_a_tree_without_signatures(tmp_path):
    tree = tmp_path / "tree"
    done = run("publish", tree, write(tmp_path, "a.json", document()))
    assert done.returncode == 2 and "--url" in done.stderr and not tree.exists()
    good("publish", tree, write(tmp_path, "a.json", document()), write(tmp_path, "b.json", document(2, 2)), "--url", URL, "--contact", "mailto:psirt@lamps.example")
    names = files(tree)
    assert names["white/index.txt"] == b"2026/lamps_2.json\n2026/lamps_1.json\n"
    assert names["white/changes.csv"] == b'"2026/lamps_2.json","2026-01-02T10:00:00Z"\n"2026/lamps_1.json","2026-01-01T10:00:00Z"\n'
    assert names["white/2026/lamps_1.json"] == (tmp_path / "a.json").read_bytes()
    for algorithm in ("sha256", "sha512"):
        wanted = hashlib.new(algorithm, names["white/2026/lamps_1.json"]).hexdigest()
        assert names[f"white/2026/lamps_1.json.{algorithm}"].decode() == f"{wanted}  lamps_1.json\n"
    assert json.loads(names["provider-metadata.json"])["role"] == "csaf_provider"
    assert b"CSAF: " + URL.encode() + b"/provider-metadata.json\r\n" in names["security.txt"]
    page = names["white/2026/lamps_1.html"].decode()
    assert "Lamp &amp; &lt;lamp&gt; 1" in page and "<lamp>" not in page and "<script" not in page
    good("tree", "check", tree)
    judge(tree)


def test_what_may_not_be_published_changes_nothing(tmp_path):
    tree = tmp_path / "tree"
    good("publish", tree, write(tmp_path, "a.json", document(1, 2)), "--url", URL)
    draft = document(2, status="draft")
    draft["document"]["tracking"].update(version="0", revision_history=[{"date": "2026-01-01T10:00:00Z", "number": "0", "summary": "s"}])
    before, good_one = files(tree), write(tmp_path, "good.json", document(3))
    for rule, bad in (("7.1.4", document(2, label="AMBER")), ("7.1.4", document(2, label="GREEN")), ("3.1.11", document(1, 1)), ("no valid", {"document": {}}),
                      ("3.2.1.12.7", draft), ("of this run", document(3, 2))):
        done = run("publish", tree, good_one, write(tmp_path, "bad.json", bad))
        assert done.returncode == 1 and rule in done.stderr and "bad.json" in done.stderr, done.stderr
        assert files(tree) == before and not (tmp_path / "tree.new").exists()
    done = run("publish", tree, write(tmp_path, "same.json", document(1, 2)))
    assert done.returncode == 0 and "0 of 1" in done.stdout
    good("publish", tree, write(tmp_path, "next.json", document(1, 3)))
    assert files(tree)["white/2026/lamps_1.json"] == (tmp_path / "next.json").read_bytes()


def test_every_change_is_found(tmp_path):
    tree = tmp_path / "tree"
    good("publish", tree, write(tmp_path, "a.json", document()), "--url", URL, "--contact", "mailto:psirt@lamps.example")
    for path, content in files(tree).items():
        at = tree / path
        at.write_bytes(content[:-2] + b"!" + content[-1:])
        done = run("tree", "check", tree)
        assert done.returncode == 1 and path.split("/")[-1].split(".")[0] in done.stdout + done.stderr, path
        at.unlink()
        if path != "security.txt":  # a site may do without it
            assert run("tree", "check", tree).returncode == 1, path
        at.write_bytes(content)
    good("tree", "check", tree)
    (tree / "white" / "stray.txt").write_text("x")
    done = run("tree", "check", "--json", tree)
    assert json.loads(done.stdout)["findings"] == [{"path": "white/stray.txt", "message": "belongs to nothing that is published"}]


def test_signed_here_and_signed_elsewhere(tmp_path, home, signer):
    gnupg, (key, other) = home
    tree, out = tmp_path / "tree", tmp_path / "out"
    here = {"GNUPGHOME": str(gnupg)}
    good("publish", tree, write(tmp_path, "a.json", document()), "--url", URL, "--key", key, *signer, **here)
    signature = tree / "white/2026/lamps_1.json.asc"
    subprocess.run(["gpg", "--homedir", gnupg, "--verify", signature, tree / "white/2026/lamps_1.json"], check=True, capture_output=True, timeout=60)
    provider = json.loads((tree / "provider-metadata.json").read_text(encoding="utf-8"))
    assert provider["role"] == "csaf_trusted_provider" and provider["public_openpgp_keys"] == [{"fingerprint": key, "url": f"{URL}/openpgp/{key}.asc"}]
    done = run("publish", tree, write(tmp_path, "b.json", document(2)))
    assert done.returncode == 1 and "7.1.19" in done.stderr

    # The key is on another machine: this one has no gpg home at all.
    away = {"GNUPGHOME": str(tmp_path / "none")}
    kept, before = signature.read_bytes(), files(tree)
    good("publish", tree, tmp_path / "b.json", "--unsigned", out, **away)
    assert files(tree) == before and [p.name for p in out.iterdir()] == ["lamps_2.json"]
    done = run("publish", tree, out / "lamps_2.json", "--signatures", out, *signer, **away)
    assert done.returncode == 1 and "lamps_2.json.asc" in done.stderr
    for who, code in ((other, 1), (key, 0)):
        subprocess.run(["gpg", "--homedir", gnupg, "--batch", "--yes", "--local-user", who, "--armor", "--detach-sign", out / "lamps_2.json"], check=True, timeout=60)
        done = run("publish", tree, out / "lamps_2.json", "--signatures", out, *signer, **away)
        assert done.returncode == code, done.stderr
        assert code or signature.read_bytes() == kept, "what was signed before keeps its signature"
    good("tree", "check", tree, *signer, **away)
    signature.write_bytes((tree / "white/2026/lamps_2.json.asc").read_bytes())
    done = run("tree", "check", tree, *signer, **away)
    assert done.returncode == 1 and done.stdout == "white/2026/lamps_1.json.asc: is no good signature of the document\n"
    judge(tree)


def test_withdrawn(tmp_path):
    tree = tmp_path / "tree"
    good("publish", tree, write(tmp_path, "a.json", document()), "--url", URL)
    done = run("withdraw", tree, "LAMPS: 9", "--reason", "x")
    assert done.returncode == 1 and "LAMPS: 9" in done.stderr
    good("withdraw", tree, "LAMPS: 1", "--reason", "It was <another> lamp.")
    made = json.loads((tree / "white/2026/lamps_1.json").read_text(encoding="utf-8"))
    assert "vulnerabilities" not in made and made["document"]["tracking"]["version"] == "2" and made["document"]["title"].startswith("Withdrawn: ")
    good("validate", tree / "white/2026/lamps_1.json")
    good("tree", "check", tree)
    assert run("publish", tree, tmp_path / "a.json").returncode == 1


def test_drafts(tmp_path):
    product = pathlib.Path(__file__).resolve().parents[2] / "examples" / "thermostat"
    drafts, tree = tmp_path / "drafts", tmp_path / "tree"
    for number, profile in enumerate(("csaf_security_advisory", "csaf_vex", "csaf_informational_advisory", "csaf_security_incident_response", "csaf_base"), 1):
        done = good("new", drafts, "--product", product, "--profile", profile, "--title", "Heat", "--cve", "CVE-2026-0001", "--json")
        made = pathlib.Path(json.loads(done.stdout)["wrote"])
        assert re.fullmatch(rf"thermostat-20\d\d-{number:04}\.json", made.name)
        good("validate", "--strict", made)
        assert made.stem.upper() == json.loads(made.read_text(encoding="utf-8"))["document"]["tracking"]["id"]
    done = run("publish", tree, made, "--url", URL)
    assert done.returncode == 1 and "AMBER" in done.stderr and not tree.exists()
    done = run("new", drafts, "--product", product, "--profile", "csaf_vex", "--title", "Heat", "--cve", "CVE-1")
    assert done.returncode == 1 and "/vulnerabilities/0/cve" in done.stderr and len(list(drafts.iterdir())) == 5
