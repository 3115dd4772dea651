# SPDX-License-Identifier: Apache-2.0
"""Evidence as other programs read it: each form is judged by its schema, the official ones from TW_SCHEMAS, and says what the evidence says."""
import json
import os
import re
import subprocess
from pathlib import Path

import jsonschema
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from harness import unb64
from test_tool_assess import tool

SPEC = Path(__file__).resolve().parents[2] / "doc/spec"
SCHEMAS = Path(os.environ.get("TW_SCHEMAS", Path(__file__).resolve().parents[3] / "shared" / "schemas"))
NODE = Path(__file__).resolve().parents[1] / "browser/node_modules"
AJV = """
import { createRequire } from 'module';
import { readFileSync } from 'fs';
const [folder, data, main, ...others] = process.argv.slice(2);
const require = createRequire(folder + '/x.js');
const Ajv = require('ajv').default, read = (path) => JSON.parse(readFileSync(path));
const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
require('ajv-formats').default(ajv);
for (const path of others) ajv.addSchema(read(path));
const judge = ajv.compile(read(main));
if (!judge(read(data))) { console.log(JSON.stringify(judge.errors.slice(0, 5))); process.exit(1); }
"""


@pytest.fixture(scope="module")
def evidence(world, tmp_path_factory):
    """A run in which something passes, fails and is left open, and its payload."""
    folder = tmp_path_factory.mktemp("forms")
    unit = world.device("forms").start()
    unit.take_over()
    unit.json("settings", "change", "identification.remote-read", "off")
    tool("assess", "--device", "unit", "--owner", unit.owner, "--product", world.product, "--out", folder / "e.json", "--sample", "S-7", "--hardware", "rev C", "--not-intrusive",
         *(word for element in ("DI.IMS.2", "DP.CCS.3", "LA.RSM.1") for word in ("--element", element)))
    unit.stop()
    payload = json.loads(unb64(json.loads((folder / "e.json").read_text())["payload"]))
    assert {row["verdict"] for row in payload["results"]} >= {"pass", "fail", "inconclusive"}
    return unit, folder / "e.json", payload


def form(evidence, kind, *more):
    _, path, _ = evidence
    out = path.parent / f"{kind}.json"
    done = tool("report", path, f"--{kind}", out, *more)
    assert done.returncode == 0, done.stderr
    assert "compliant" not in out.read_text().lower()
    return out


def official(data, main, *others):
    """By jsonschema always; by ajv too where test/browser has installed it."""
    if not (SCHEMAS / main).is_file():
        pytest.skip("the official schemas are not there (TW_SCHEMAS)")
    # Python's expressions know no \\p: letters and digits are said in their own way, which is the same for these.
    text = (SCHEMAS / main).read_text().replace("\\\\p{L}", "[^\\\\W\\\\d_]").replace("\\\\p{N}", "\\\\d")
    schema = json.loads(text)
    store = {}
    for name in others:
        other = json.loads((SCHEMAS / name).read_text())
        store[other["$id"]] = other
    formats = jsonschema.FormatChecker(())
    formats.checks("uri")(lambda value: re.match("[A-Za-z][A-Za-z0-9+.-]*:", value) is not None)  # an algorithm is a name or a URI, and not both
    judge = jsonschema.validators.validator_for(schema)
    resolver = jsonschema.RefResolver.from_schema(schema, store=store)
    assert not [error.message for error in judge(schema, resolver=resolver, format_checker=formats).iter_errors(json.loads(data.read_text()))]
    if NODE.is_dir():
        script = data.parent / "judge.mjs"
        script.write_text(AJV)
        done = subprocess.run(["node", script, NODE.parent, data, SCHEMAS / main, *(SCHEMAS / name for name in others)], capture_output=True, text=True, timeout=60,
                              check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_our_own_form_has_a_schema(evidence):
    _, _, payload = evidence
    schema = json.loads((SPEC / "evidence.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(payload, schema)
    for wrong in ({**payload, "format": 2}, {**payload, "more": 1}, {**payload, "results": [{**payload["results"][0], "verdict": "good"}]},
                  {key: value for key, value in payload.items() if key != "nonce"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_assessment_results(evidence):
    _, _, payload = evidence
    out = form(evidence, "oscal")
    official(out, "oscal-1.2.1/oscal_assessment-results_schema.json")
    (result,) = json.loads(out.read_text())["assessment-results"]["results"]
    seen = {}
    for observation in result["observations"]:
        props = {prop["name"]: prop["value"] for prop in observation["props"]}
        seen[props["element"], props["check"]] = props["verdict"], props["source"], observation["description"], observation["collected"]
    assert seen == {(row["element"], row["probe"]): (row["verdict"], row["source"], row["reason"], row["time"]) for row in payload["results"]}
    states = {finding["target"]["target-id"]: finding["target"]["status"] for finding in result["findings"]}
    assert states["DI.IMS.2"] == {"state": "not-satisfied", "reason": "fail"} and states["DP.CCS.3"] == {"state": "satisfied", "reason": "pass"}
    assert states["LA.RSM.1"]["reason"] == "other" and "could not be decided" in states["LA.RSM.1"]["remarks"]
    known = {observation["uuid"] for observation in result["observations"]}
    assert all(related["observation-uuid"] in known for finding in result["findings"] for related in finding["related-observations"])
    assert len(known) == len(payload["results"])
    assert form(evidence, "oscal").read_text() == out.read_text(), "the same evidence makes the same document"


def signed(document):
    """The JSON Signature Format: ES256 over the canonical document without the signature's value."""
    signature = dict(document["signature"])
    value = unb64(signature.pop("value"))
    key = signature["publicKey"]
    number = {name: int.from_bytes(unb64(key[name]), "big") for name in "xy"}
    text = json.dumps({**document, "signature": signature}, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    raw = utils.encode_dss_signature(int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big"))
    ec.EllipticCurvePublicNumbers(number["x"], number["y"], ec.SECP256R1()).public_key().verify(raw, text, ec.ECDSA(hashes.SHA256()))


def test_declarations(evidence):
    unit, _, payload = evidence
    out = form(evidence, "cyclonedx", "--owner", unit.owner)
    official(out, "cyclonedx/bom-1.6.schema.json", "cyclonedx/jsf-0.82.schema.json", "cyclonedx/spdx.schema.json")
    document = json.loads(out.read_text())
    signed(document)
    scores = {row["requirement"]: row["conformance"].get("score") for row in document["declarations"]["attestations"][0]["map"]}
    assert scores == {"requirement:DI.IMS.2": 0, "requirement:DP.CCS.3": 1, "requirement:LA.RSM.1": None}
    (against,) = [claim for claim in document["declarations"]["claims"] if claim["bom-ref"] == "claim:DI.IMS.2"]
    assert "evidence:DI.IMS.2:statement-holds" in against["counterEvidence"]
    kept = [json.loads(one["data"][0]["contents"]["attachment"]["content"]) for one in document["declarations"]["evidence"]]
    assert kept == payload["results"]
    references = re.findall(r'"bom-ref":"([^"]*)"', out.read_text())
    assert len(references) == len(set(references)), "each reference is one thing"


def test_a_changed_declaration_is_found(evidence):
    unit, path, _ = evidence
    document = json.loads(form(evidence, "cyclonedx", "--owner", unit.owner).read_text())
    document["declarations"]["attestations"][0]["map"][0]["conformance"]["score"] = 1 - document["declarations"]["attestations"][0]["map"][0]["conformance"]["score"]
    with pytest.raises(InvalidSignature):
        signed(document)
    assert "signature" not in json.loads(form(evidence, "cyclonedx").read_text())
    assert tool("report", path, "--cyclonedx", path.parent / "x.json", "--owner", path.parent / "nobody").returncode == 1
    assert not (path.parent / "x.json").exists()


def test_views_by_other_schemes(evidence):
    """The mapping read here from catalog/ on its own."""
    _, path, _ = evidence
    folder = SPEC.parents[1] / "catalog"
    baseline = {row["id"]: row["catalog"] for row in json.loads((folder / "core-baseline-8259a.json").read_text())["elements"]}
    joins = dict(line.split("\t")[::2][:2] for line in (folder / "crosswalk/joins.tsv").read_text().splitlines())
    pairs = [line.split("\t") for line in (folder / "crosswalk/crosswalk.tsv").read_text().splitlines()[1:]]
    for name, framework in (("en303645", "EN303645-3.1.3"), ("cra", "CRA-2024/2847")):
        view = json.loads(tool("report", path, "--view", name, "--json").stdout)
        wanted = {target for source, other, target, *_ in pairs if other == framework and "DP.CCS.3" in baseline.get(joins[source], ())}
        assert wanted and {row["provision"] for row in view["rows"] if "DP.CCS.3" in row["for"]} == wanted
        assert {row["provision"] for row in view["rows"]} == {target for _, other, target, *_ in pairs if other == framework}
    shown = tool("report", path, "--view", "8259a")
    assert shown.returncode == 0 and "does not say that it is fulfilled" in shown.stdout and "compliant" not in shown.stdout.lower()
    assert re.search(r"8259A\.DP\.1 +DP\.CCS\.3 ", shown.stdout)
    assert tool("report", path, "--view", "iso").returncode == 2
