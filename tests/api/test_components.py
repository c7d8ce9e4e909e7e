"""The schema's components: fit for generators, and for a host that has components of its own."""

import json

import jsonschema
import pytest
from django.db.models import CharField, DecimalField, IntegerField, TextField
from django.urls import include, path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import patched_settings
from rest_framework import generics, serializers
from rest_framework.authentication import BasicAuthentication, TokenAuthentication

from tests.servers import ROOT
from timp_orders.api.components import page_of, value_at
from timp_orders.api.list_views import CancellationsView
from timp_orders.api.serializers import ListedCancellationSerializer
from timp_orders.api.views import ConfirmCancellationView
from timp_orders.models import Order, OrderItem
from timp_orders.states import Action, CancellationStatus

TIMP = path("timp/", include("timp_orders.urls"))


def generate(*patterns, **spectacular):
    with patched_settings(spectacular):
        return SchemaGenerator(patterns=patterns).get_schema(public=True)


@pytest.fixture(scope="module", params=["3.0.3", "3.1.0"])
def schema(request):
    return generate(TIMP, OAS_VERSION=request.param)


@pytest.fixture(scope="module")
def components(schema):
    return schema["components"]["schemas"]


def parts(value):
    """Yield every object within the schema."""
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from parts(inner)


def plain(value):
    """Return OpenAPI 3.0 as JSON Schema, which has no ``nullable``."""
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    inner = {key: plain(entry) for key, entry in value.items() if key != "nullable"}
    return {"anyOf": [inner, {"type": "null"}]} if value.get("nullable") is True else inner


class TestGenerators:
    def test_every_component_has_the_apps_prefix(self, components):
        assert {name for name in components if not name.startswith("Timp")} == set()

    def test_a_list_of_values_is_a_component_with_a_type(self, components):
        named = {name for name, component in components.items() if "enum" in component}
        assert named == {
            "TimpAction",
            *(f"Timp{action.title()}Action" for action in Action.values),
            "TimpCancellationStatus",
            "TimpParty",
            "TimpProblemCode",
            "TimpReason",
            "TimpRejectionReason",
            "TimpVia",
        }
        for component in components.values():
            for part in parts(component.get("properties", {})):
                assert part.get("enum", [None]) == [None]
        assert all("type" in components[name] for name in named)

    def test_null_stands_beside_a_type_and_nothing_else(self, components):
        for part in parts(components):
            assert "allOf" not in part
            if part.get("nullable") is True:
                assert "type" in part
                assert not {"$ref", "oneOf", "anyOf"} & set(part)

    def test_a_note_is_plain_text(self, components):
        note = components["TimpDecision"]["properties"]["note"]
        assert {"oneOf", "anyOf", "allOf", "$ref"} & set(note) == set()
        assert "string" in note["type"]

    def test_a_body_takes_no_other_fields(self, components):
        assert components["TimpDecision"]["additionalProperties"] is False

    def test_an_answer_always_has_all_of_its_fields(self, components):
        item = components["TimpItem"]
        assert set(item["required"]) == set(item["properties"])

    def test_a_code_is_one_of_those_that_there_are(self, components):
        for name in ("TimpProblem", "TimpOutcomeProblem", "TimpRefusal"):
            reference = {"$ref": "#/components/schemas/TimpProblemCode"}
            assert components[name]["properties"]["code"] == reference

    def test_every_example_fits_its_schema(self, schema):
        checked = 0
        definitions = plain(json.loads(json.dumps(schema["components"], default=str)))
        for part in parts(schema["paths"]):
            for example in part.get("examples", {}).values() if "schema" in part else []:
                told = {**plain(part["schema"]), "components": definitions}
                jsonschema.validate(json.loads(json.dumps(example["value"])), told)
                checked += 1
        assert checked > 100

    def test_the_lists_example_is_a_page_of_this_list(self, schema):
        operation = schema["paths"]["/timp/orders/items/cancel/"]["get"]
        content = operation["responses"]["200"]["content"]["application/json"]
        page = content["examples"]["Success"]["value"]
        assert "/timp/orders/items/cancel/?cursor=after-" in page["next"]
        assert [set(row) >= {"uuid", "order_item"} for row in page["results"]] == [True]

    def test_the_security_schemes_say_what_to_send(self, schema):
        schemes = schema["components"]["securitySchemes"]
        assert "Authorization: Token <" in schemes["tokenAuth"]["description"]
        assert "X-CSRFTOKEN" in schemes["cookieAuth"]["description"]


class ProblemSerializer(serializers.Serializer):
    code = serializers.ChoiceField(choices=["a", "b"])


class ItemSerializer(serializers.ModelSerializer):
    status = serializers.ChoiceField(choices=["10", "20"])
    reason = serializers.ChoiceField(choices=["late", "lost"], allow_blank=True, allow_null=True)
    problem = ProblemSerializer()

    class Meta:
        model = Order
        fields = ["uuid", "status", "reason", "problem"]


class ItemsView(generics.ListCreateAPIView):
    serializer_class = ItemSerializer
    queryset = Order.objects.all()


CONFIRM = path("<uuid:order_item_uuid>/", ConfirmCancellationView.as_view())
HOST = path("items/", ItemsView.as_view())


class TestHosts:
    @pytest.mark.parametrize(
        "settings",
        [
            {},
            {"OAS_VERSION": "3.1.0"},
            {"COMPONENT_SPLIT_REQUEST": True, "COMPONENT_SPLIT_PATCH": True},
            {"COMPONENT_NO_READ_ONLY_REQUIRED": True, "POSTPROCESSING_HOOKS": []},
            {"ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False, "ENUM_SUFFIX": ""},
        ],
    )
    def test_its_schema_has_no_warning_because_of_this_app(self, settings, capsys):
        alone = generate(HOST, **settings)
        together = generate(HOST, TIMP, **settings)
        assert capsys.readouterr().err == ""
        expected = alone["components"]["schemas"]
        found = together["components"]["schemas"]
        assert {name: found.get(name) for name in expected} == expected
        item = found["TimpItem"]
        assert set(item["required"]) == set(item["properties"])

    @pytest.mark.parametrize(
        ("version", "null"),
        [
            ("3.0.3", {"type": "string", "nullable": True, "enum": [None]}),
            ("3.1.0", {"type": "null"}),
        ],
    )
    def test_a_serializer_derived_from_ours_has_the_hosts_name(self, version, null):
        class OwnItemSerializer(ConfirmCancellationView.serializer_class):
            warehouse = serializers.CharField()
            code = serializers.CharField()
            size = serializers.ChoiceField(choices=["S", "L"])
            former = serializers.ChoiceField(CancellationStatus.choices, allow_null=True)

        class Own(ConfirmCancellationView):
            serializer_class = OwnItemSerializer

        route = path("own/<uuid:order_item_uuid>/", Own.as_view())
        schemas = generate(route, OAS_VERSION=version)["components"]["schemas"]
        own = schemas["OwnItem"]["properties"]
        assert own["supported_actions"]["items"] == {"$ref": "#/components/schemas/TimpAction"}
        assert own["size"] == {"$ref": "#/components/schemas/SizeEnum"}
        status = {"$ref": "#/components/schemas/TimpCancellationStatus"}
        assert own["former"] == {"oneOf": [status, null]}
        assert own["warehouse"] == own["code"] == {"type": "string"}

    @pytest.mark.parametrize(
        ("path_of_it", "column", "expected"),
        [
            ("quantity_ordered", None, {"type": "integer"}),
            ("", None, {"type": "integer", "nullable": True}),
            ("quantity_ordered", DecimalField(), {"type": "number"}),
            ("quantity_ordered", IntegerField(null=True), {"type": "integer", "nullable": True}),
        ],
    )
    def test_a_quantity_is_what_its_column_holds(self, monkeypatch, path_of_it, column, expected):
        monkeypatch.setattr(OrderItem, "QUANTITY_FIELD", path_of_it)
        if column:
            found = OrderItem._meta.get_field
            columns = {"quantity_ordered": column}
            monkeypatch.setattr(
                OrderItem._meta, "get_field", lambda name: columns.get(name) or found(name)
            )
        schemas = generate(CONFIRM)["components"]["schemas"]
        assert schemas["TimpItem"]["properties"]["quantity_ordered"] == expected

    @pytest.mark.parametrize(
        ("column", "expected"),
        [
            (CharField(max_length=72), {"type": "string", "maxLength": 72}),
            (TextField(), {"type": "string"}),
            (IntegerField(), {"type": "integer"}),
        ],
    )
    def test_a_filter_takes_what_its_column_holds(self, monkeypatch, column, expected):
        monkeypatch.setattr(OrderItem, "SKU_ID_FIELD", "quantity_ordered")
        monkeypatch.setattr(OrderItem._meta, "get_field", lambda name: column)
        described = value_at("sku_id")
        assert {key: described.get(key) for key in expected} == expected
        assert ("maxLength" in described) == ("maxLength" in expected)

    def test_an_order_without_a_uuid_has_null(self, monkeypatch):
        schemas = generate(CONFIRM)["components"]["schemas"]
        uuid = {"type": "string", "format": "uuid"}
        assert schemas["TimpItem"]["properties"]["order_uuid"] == uuid
        monkeypatch.setattr(OrderItem, "ORDER_UUID_FIELD", "")
        schemas = generate(CONFIRM)["components"]["schemas"]
        assert schemas["TimpItem"]["properties"]["order_uuid"] == {**uuid, "nullable": True}

    def test_a_list_with_pages_of_its_own_has_its_own_shape(self):
        class Own(CancellationsView):
            pagination_class = None

        (methods,) = generate(path("own/", Own.as_view()))["paths"].values()
        answer = methods["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        assert answer["type"] == "array"

    def test_another_authentication_is_described_as_the_host_has_it(self):
        class Bearer(TokenAuthentication):
            keyword = "Bearer"

        class Own(ConfirmCancellationView):
            authentication_classes = [Bearer, BasicAuthentication]

        schema = generate(path("own/<uuid:order_item_uuid>/", Own.as_view()))
        schemes = schema["components"]["securitySchemes"]
        assert schemes["tokenAuth"] == {"type": "http", "scheme": "bearer"}
        assert schemes["basicAuth"] == {"type": "http", "scheme": "basic"}

    def test_an_authentication_that_it_leaves_out_is_left_out(self):
        schema = generate(TIMP, AUTHENTICATION_WHITELIST=[])
        assert "securitySchemes" not in schema["components"]

    def test_a_page_is_described_once(self):
        assert page_of(ListedCancellationSerializer) is page_of(ListedCancellationSerializer)


def test_the_readme_and_the_documents_name_every_code(components):
    for name in ("README.rst", "docs/http.rst"):
        text = (ROOT / name).read_text()
        missing = {code for code in components["TimpProblemCode"]["enum"] if code not in text}
        assert missing == set(), name
