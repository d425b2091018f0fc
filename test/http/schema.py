"""Does an answer fit what /openapi.json says of it?"""

import jsonschema

REFERENCE = "#/components/schemas/"
SHARED = "#/components/responses/"


def operation_of(document, route):
    return document["paths"][route.path][route.method.lower()]


def check(document, schema, value):
    """Does the value fit the schema, and has it no field that the schema does not name?"""
    root = {**schema, "components": document["components"]}
    jsonschema.Draft202012Validator(root, format_checker=jsonschema.FormatChecker()).validate(value)
    undocumented(document, schema, value)


def resolve(document, schema):
    """Its properties, those of the schemas that it refers to too; None when it has none."""
    if "$ref" in schema:
        return resolve(document, document["components"]["schemas"][schema["$ref"].removeprefix(REFERENCE)])
    parts = [resolve(document, part) or {} for part in schema.get("allOf", [])] + [schema.get("properties", {})]
    return {name: part for properties in parts for name, part in properties.items()} or None


def undocumented(document, schema, value, where=""):
    if isinstance(value, list):
        for element in value:
            undocumented(document, schema.get("items", {}), element, f"{where}[]")
    if not isinstance(value, dict):
        return
    for choice in schema.get("anyOf", []):
        if choice.get("type") != "null":
            schema = choice
    properties = resolve(document, schema)
    if properties is None:
        return
    assert set(value) <= set(properties), (where, set(value) - set(properties))
    for name, part in properties.items():
        undocumented(document, part, value.get(name), f"{where}.{name}")


def responses_of(document, operation):
    """By status; those that operations share are referred to."""
    shared = document["components"]["responses"]
    return {
        status: shared[response["$ref"].removeprefix(SHARED)] if "$ref" in response else response
        for status, response in operation["responses"].items()
    }


def check_refusal(document, operation, answer):
    """Is an error one that the operation is documented to answer, in its form?"""
    responses = responses_of(document, operation)
    assert str(answer.status) in responses, f"status {answer.status} is not documented"
    codes = codes_of(document, operation, answer.status)
    assert answer.code in codes, f"{answer.code} is not documented: {list(codes)}"
    check(document, responses[str(answer.status)]["content"]["application/json"]["schema"], answer.json)


def codes_of(document, operation, status):
    """The codes with which it is documented to answer this status."""
    response = responses_of(document, operation).get(str(status), {})
    return response.get("content", {}).get("application/json", {}).get("examples", {})


def undocumented_refusals(document, lines):
    """What was refused, by the lines of a log, where the document does not say so: route, status and code. 499 is nobody's answer."""
    refused = {
        (line["method"], line["route"], line["status"], line["code"])
        for line in lines
        if line.get("status", 0) >= 400 and line["status"] != 499 and line.get("route") in document["paths"]
    }
    return {refusal for refusal in refused if not is_documented(document, *refusal)}


def is_documented(document, method, route, status, code):
    operation = document["paths"][route]["get" if method == "HEAD" else method.lower()]
    return code in codes_of(document, operation, status)
