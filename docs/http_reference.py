"""The directive ``http-reference``: every call, out of the OpenAPI schema."""

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from drf_spectacular.generators import SchemaGenerator


def heading(text, mark):
    return [text, mark * len(text), ""]


def described(schema, method, path, operation):
    yield from heading(f"{method.upper()} {path}", "~")
    yield from [operation["description"], ""]
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "query":
            kind = parameter["schema"].get("format") or parameter["schema"]["type"]
            yield f":{parameter['name']}: {kind}. {parameter.get('description', '')}"
    yield ""
    body = operation.get("requestBody")
    if body:
        name = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        yield from ["The body, required:" if body["required"] else "The body, optional:", ""]
        for field, kind in schema["components"]["schemas"][name]["properties"].items():
            text = " ".join(kind.get("description", kind.get("format", "")).split())
            yield f":{field}: {text}"
        yield ""
    yield from [".. list-table::", "   :widths: 10 90", ""]
    for status, response in operation["responses"].items():
        yield f"   * - {status}"
        yield f"     - {response['description']}"
    yield ""


class HTTPReference(Directive):
    def run(self):
        schema = SchemaGenerator().get_schema(public=True)
        lines = [
            line
            for path, methods in schema["paths"].items()
            for method, operation in methods.items()
            for line in described(schema, method, path, operation)
        ]
        section = nodes.section()
        section.document = self.state.document
        self.state.nested_parse(StringList(lines, "openapi"), 0, section, match_titles=True)
        return section.children


def setup(app):
    app.add_directive("http-reference", HTTPReference)
    return {"parallel_read_safe": True}
