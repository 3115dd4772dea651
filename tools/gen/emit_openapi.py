# SPDX-License-Identifier: Apache-2.0
"""Rows -> OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0)."""
import re

TYPES = {"text": "string", "int": "integer", "bool": "boolean", "object": "object", "array": "array"}
PROBLEM = "application/problem+json"
PROBLEM_SCHEMA = {
    "type": "object",
    "description": "RFC 9457. A refusal names its rule and says what to do next.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "urn:thingward:problem:KIND, stable"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "rule": {"type": "string", "description": "what refused: a rule of the gate or a catalog element"},
        "next": {"type": "string", "description": "what to do now"},
        "see": {"type": "string", "description": "the path that says more"},
    },
}
PROBLEMS = {
    "400": "Not well formed, or not of the operation's shape.",
    "401": "Nothing proves who asks.",
    "403": "Who asks lacks the permission, or the device is not in the state for it.",
    "404": "No such thing.",
    "409": "Not possible in the present state.",
    "412": "If-Match names a version that is not the present one.",
    "413": "The body is longer than allowed.",
    "428": "If-Match is missing.",
    "429": "Too many requests; Retry-After says when to come back.",
    "500": "A fault of the device; the detail refers to its log.",
    "503": "Not ready, or draining.",
}


def schema_of(field):
    """One field row -> JSON Schema."""
    kind = field["kind"]
    out = {} if kind == "any" else {"type": TYPES[kind]}
    if field.get("help"):
        out["description"] = str(field["help"])
    if "choices" in field:
        out["enum"] = field["choices"].split("|")
    low, high = field.get("min"), field.get("max")
    if kind == "text":
        out.update({k: int(v) for k, v in (("minLength", low), ("maxLength", high)) if v is not None})
    if kind == "int":
        out.update({k: int(v) for k, v in (("minimum", low), ("maximum", high)) if v is not None})
    if kind == "array":
        if "items" in field:
            out["items"] = object_of(field["items"])
        else:
            of = field.get("of", "any")
            out["items"] = {} if of == "any" else {"type": TYPES[of]}
    if kind == "object" and "items" in field:
        out.update(object_of(field["items"]))
    return out


def object_of(fields, strict=False):
    """Fields -> object schema. Requests are strict: an unknown key is an error. Responses may grow."""
    named = [f for f in fields if f["key"] != "*"]
    out = {"type": "object", "properties": {str(f["key"]): schema_of(f) for f in named}}
    required = [str(f["key"]) for f in named if f.get("required", "no") == "yes"]
    if required:
        out["required"] = required
    if strict and len(named) == len(fields):
        out["additionalProperties"] = False
    return out


def _problems(row, has_parameter, anyone):
    codes = ["429", "500", "503"]
    if row["input"] or row.get("query"):
        codes.append("400")
    if row["input"]:
        codes.append("413")
    if not anyone:
        codes.append("401")
    if not anyone or row["when"] != "always":
        codes.append("403")
    if has_parameter:
        codes.append("404")
    if row["audit"] == "change":
        codes.append("409")
    if row.get("if_match") == "yes":
        codes += ["412", "428"]
    return {code: {"$ref": f"#/components/responses/Problem{code}"} for code in sorted(set(codes))}


def _success(row):
    out = {}
    codes = row.get("status", "200").split()
    for code in codes:
        response = {"description": str(row["help"])}
        if code != "204" and row["output"]:
            response["content"] = {"application/json": {"schema": object_of(row["output"])}}
        if code != "204" and row.get("media"):
            response["content"] = {str(row["media"]): {}}
        if "task" in row:
            response["headers"] = {"Location": {"description": "where the task is read", "schema": {"type": "string"}}}
        if row.get("if_match") == "yes":
            response.setdefault("headers", {})["ETag"] = {"$ref": "#/components/headers/ETag"}
        out[code] = response
    return out


FORM = "application/x-www-form-urlencoded"


def operation_of(row, capability, granted):
    anyone = "anyone" in granted[row["permission"]]
    parameters = []
    for name in re.findall(r"\{([a-z_]+)\*?\}", row["path"]):
        parameters.append({"name": name, "in": "path", "required": True, "schema": {"type": "string"}})
    for field in row.get("query", []):
        parameters.append({"name": str(field["key"]), "in": "query", "required": field.get("required") == "yes",
                           "schema": schema_of(field)})
    has_parameter = bool(re.search(r"\{", row["path"]))
    if row.get("if_match") == "yes":
        parameters.append({"$ref": "#/components/parameters/IfMatch"})
    out = {
        "operationId": str(row["name"]),
        "summary": str(row["help"]),
        "tags": [str(capability["name"])],
        "x-thingward-permission": str(row["permission"]),
        "x-thingward-when": str(row["when"]),
        "x-thingward-audit": str(row["audit"]),
        **({"x-thingward-step-up": True} if row.get("step_up") == "yes" else {}),
        "x-nist-elements": [str(e) for e in row["elements"]],
        "security": [] if anyone else [{"mutualTLS": []}, {"bearer": []}],
        "responses": {**_success(row), **_problems(row, has_parameter, anyone)},
    }
    if parameters:
        out["parameters"] = parameters
    if "task" in row:
        out["x-thingward-task-result"] = object_of(row["result"])
    if "list" in row:
        out["x-thingward-list"] = str(row["list"])
        next(p for p in parameters if p["name"] == "limit")["schema"]["default"] = int(row["page"])
    if row["input"]:
        out["requestBody"] = {"required": True, "content": {FORM if row.get("form") == "yes" else "application/json": {"schema": object_of(row["input"], strict=True)}}}
    if "files" in row:
        fields = object_of(row["input"], strict=True)
        fields["properties"] = {**fields["properties"], str(row["files"]): {"type": "array", "items": {"type": "string", "format": "binary"}}}
        out["requestBody"]["content"]["multipart/form-data"] = {"schema": fields}
    return out


def document(capabilities, granted, version):
    paths = {}
    for c in capabilities:
        for row in c["operations"]:
            if row["path"]:
                paths.setdefault(str(row["path"]).replace("*}", "}"), {})[row["method"].lower()] = operation_of(row, c, granted)
    problem = {"content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Thingward device API",
            "version": version,
            "summary": "What a device answers on its HTTPS listener and, on the device, on its local socket.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
        "servers": [{"url": "/", "description": "the device itself"}],
        "tags": [{"name": str(c["name"])} for c in capabilities if c["operations"]],
        "paths": {p: paths[p] for p in sorted(paths)},
        "components": {
            "schemas": {"Problem": PROBLEM_SCHEMA},
            "responses": {f"Problem{code}": {"description": why, **problem} for code, why in PROBLEMS.items()},
            "parameters": {"IfMatch": {"name": "If-Match", "in": "header", "required": True, "schema": {"type": "string"},
                                       "description": "The ETag of the version that is to be changed."}},
            "headers": {"ETag": {"description": "Names this version; send it back as If-Match.", "schema": {"type": "string"}}},
            "securitySchemes": {
                "mutualTLS": {"type": "mutualTLS", "description": "A client certificate whose key the owner has enrolled."},
                "bearer": {"type": "http", "scheme": "bearer", "description": "A session's token. Never a cookie."},
            },
        },
    }
