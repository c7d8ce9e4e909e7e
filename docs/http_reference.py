"""Write the calls and their examples into ``docs/http.rst``: ``python docs/http_reference.py``.

They are taken out of the OpenAPI schema of the example project. They are written down, instead of
made by Sphinx, so that the page can be read in the repository too; a test compares the two.
"""

import json
import os
import sys
from pathlib import Path

PAGE = Path(__file__).with_name("http.rst")
BEGIN = ".. Written by docs/http_reference.py from here on.\n"
END = ".. Written by hand again from here on.\n"
WORDS = {"uuid": "UUID", "date-time": "timestamp (ISO 8601)"}
SHOWN = ("422", "400", "404")
"""The refusal that a call shows is the first of these that it has."""


def heading(text, mark):
    return [text, mark * len(text), ""]


def block(value):
    yield from [".. code-block:: json", ""]
    for line in json.dumps(value, indent=2, ensure_ascii=False, default=str).splitlines():
        yield f"    {line}"
    yield ""


class Reference:
    """The reference in reStructuredText.

    :param schema: of OpenAPI.
    :param codes: of problem details, by status.
    """

    def __init__(self, schema, codes):
        self.codes = codes
        self.paths = schema["paths"]
        self.components = schema["components"]["schemas"]

    def text(self):
        return "\n".join([*self.problems(), *self.calls()])

    def problems(self):
        """Every status with its problem details, as the calls on one item answer them."""
        operation = self.paths["/timp/orders/items/cancel/{order_item_uuid}/confirm/"]["patch"]
        yield from heading("Problem details", "-")
        yield from [
            "Of media type ``application/problem+json``: ``title`` repeats the status; ``detail``",
            "is for people, in their language; ``code`` is for programs; ``errors`` says what is",
            "wrong with each field. **405**, ``method_not_allowed``, answers all methods but those",
            "below, which its header ``Allow`` names.",
            "",
        ]
        for status, response in operation["responses"].items():
            if status != "200":
                codes = ", ".join(f"``{code}``" for code in self.codes[int(status)])
                yield from [f"**{status}**, {codes}: {response['description']}", ""]
                yield from self.example(response)

    def calls(self):
        yield from heading("The calls", "-")
        for path, methods in self.paths.items():
            for method, operation in methods.items():
                yield from heading(f"{method.upper()} {path}", "~")
                yield from self.call(operation)

    def call(self, operation):
        yield from [operation["description"], ""]
        if parameters := [it for it in operation.get("parameters", []) if it["in"] == "query"]:
            yield from ["Parameters:", ""]
            for parameter in parameters:
                text = self.kind(parameter["schema"], parameter.get("description", ""))
                yield f":{parameter['name']}: {text}"
            yield ""
        if body := operation.get("requestBody"):
            content = body["content"]["application/json"]
            yield from ["Body, required:" if body["required"] else "Body, optional:", ""]
            for name, field in self.resolve(content["schema"])["properties"].items():
                yield f":{name}: {self.kind(field, field.get('description', ''))}"
            yield ""
            yield from block(list(content["examples"].values())[-1]["value"])
        responses = dict(operation["responses"])
        success = "204" if "204" in responses else "200"
        shown = next(status for status in SHOWN if status in responses)
        for status in (success, shown):
            response = responses.pop(status)
            yield from [f"**{status}**: {response['description']}", ""]
            yield from self.example(response)
        yield from [f"Also {', '.join(responses)}: see `Problem details`_.", ""]

    def example(self, response):
        for content in response.get("content", {}).values():
            (example,) = content["examples"].values()
            yield from block(example["value"])

    def kind(self, schema, description):
        """Say what a value must be."""
        schema = self.resolve(schema)
        inner = self.resolve(schema.get("items", schema))
        parts = [WORDS.get(inner.get("format")) or inner["type"]]
        if "maxItems" in schema:
            parts = [f"list of {schema['minItems']} to {schema['maxItems']} objects"]
        if "enum" in inner:
            values = [f"``{value}``" for value in inner["enum"] if value]
            parts = [f"one of {', '.join(values)}"]
        if "maxLength" in inner:
            parts.append(f"at most {inner['maxLength']} characters")
        if "maximum" in inner:
            parts.append(f"{inner['minimum']} to {inner['maximum']}")
        text = ", ".join(parts)
        return f"{text}. {' '.join(description.split())}".rstrip()

    def resolve(self, schema):
        """Follow references; of alternatives take the first: the others are null, or like it."""
        while {"oneOf", "$ref"} & set(schema):
            schema = schema.get("oneOf", [schema])[0]
            if "$ref" in schema:
                schema = self.components[schema["$ref"].rpartition("/")[2]]
        return schema


def page(text):
    """Return the page with the reference as it should be.

    :param text: the page as it is.
    """
    from drf_spectacular.generators import SchemaGenerator

    from timp_orders.api.codes import codes_by_status

    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    reference = Reference(SchemaGenerator().get_schema(public=True), codes_by_status()).text()
    return f"{before}{BEGIN}\n{reference}\n{END}{after}"


def main():
    root = Path(__file__).resolve().parent.parent
    sys.path[:0] = [str(root), str(root / "example_project")]
    os.environ["DJANGO_SETTINGS_MODULE"] = "example.settings"

    import django

    django.setup()
    PAGE.write_text(page(PAGE.read_text()))


if __name__ == "__main__":
    main()
