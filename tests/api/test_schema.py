"""The OpenAPI schema: complete, valid, and the same as in the last review."""

import re
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from django.test import override_settings
from django.urls import path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.validation import validate_schema

from timp_orders.api.examples import answers
from timp_orders.api.views import ConfirmCancellationView, ItemCallView, ItemView
from timp_orders.urls import urlpatterns

GOLDEN = Path(__file__).with_name("openapi.yaml")
WRITES = {"400", "401", "403", "404", "406", "409", "411", "413", "415", "422", "429", "503"}
STATUSES = {
    "listCancellations": {"200", "400", "401", "403", "406", "429", "503"},
    "listItems": {"200", "400", "401", "403", "406", "429", "503"},
    "applyChanges": {"200"} | WRITES - {"404", "409"},
    "retrieveItem": {"200", "401", "403", "404", "406", "429", "503"},
    "requestCancellationByDelete": {"204"} | WRITES,
}


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    """The schema as a host would write it to a file; a warning fails."""
    path = tmp_path_factory.mktemp("schema") / "openapi.yaml"
    with override_settings(TIMP_ORDERS={"PARTIAL_QUANTITIES": True}):
        call_command("spectacular", file=str(path), validate=True, fail_on_warn=True)
    return yaml.safe_load(path.read_text())


@pytest.fixture
def operations(schema):
    return {
        operation["operationId"]: operation
        for path in schema["paths"].values()
        for operation in path.values()
    }


def test_it_is_the_one_that_was_reviewed(schema):
    """Changed on purpose? ``example_project/manage.py spectacular --file`` writes it anew."""
    assert schema == yaml.safe_load(GOLDEN.read_text())


def test_it_is_valid(schema):
    validate_schema(schema)


def test_it_has_every_path(schema):
    described = {re.sub(r"\{(\w+)\}", r"<uuid:\1>", path) for path in schema["paths"]}
    *calls, no_such_call = urlpatterns
    assert described == {f"/timp/{route.pattern}" for route in calls}
    assert no_such_call.name is None


def test_every_operation_has_its_statuses_and_examples(operations):
    assert len(operations) == 13
    for name, operation in operations.items():
        assert set(operation["responses"]) == STATUSES.get(name, {"200"} | WRITES), name
        for status, response in operation["responses"].items():
            if status == "204":
                continue
            kind = "application/json" if status == "200" else "application/problem+json"
            assert set(response["content"]) == {kind}
            assert response["content"][kind]["examples"]
        assert operation["security"] == [{"tokenAuth": []}, {"cookieAuth": []}]
        assert operation["summary"]
        assert operation["description"]


def test_every_link_leads_to_an_operation(operations):
    for operation in operations.values():
        for link in operation["responses"].get("200", {}).get("links", {}).values():
            target = operations[link["operationId"]]
            names = {parameter["name"] for parameter in target.get("parameters", [])}
            assert set(link.get("parameters", [])) <= names


def test_what_must_be_in_a_body_is_required(operations):
    bodies = {
        name: op["requestBody"]["required"]
        for name, op in operations.items()
        if "requestBody" in op
    }
    assert bodies.pop("requestOrderCancellation") is True
    assert bodies.pop("applyChanges") is True
    assert set(bodies.values()) == {False}


@pytest.mark.django_db
def test_the_examples_look_like_the_real_answers(call, world):
    def shape(value):
        if isinstance(value, dict):
            return {key: shape(entry) for key, entry in value.items()}
        return [shape(value[0])] if isinstance(value, list) and value else None

    def bare(value):
        """Without the lists' contents, which may be empty."""
        if isinstance(value, dict):
            return {key: bare(entry) for key, entry in value.items()}
        return None

    detail = call("item", world.item.uuid, method="get", by=world.supplier).json()
    listed = call("cancellations", method="get", by=world.supplier).json()
    confirmed = call("confirm", world.item.uuid, by=world.supplier).json()
    order = call("confirm-order", world.order.uuid, by=world.supplier).json()
    assert shape(detail) == shape(answers()["retrieveItem"])
    assert shape(listed) == shape(answers()["listCancellations"])
    assert shape(confirmed) == shape(answers()["confirmCancellation"])
    assert bare(order) == bare(answers()["confirmOrderCancellation"])


def test_the_limits_are_the_hosts(settings):
    settings.TIMP_ORDERS = {"NOTE_MAX_LENGTH": 7, "MAX_PAGE_SIZE": 9, "REASONS": {"x": "X"}}
    schema = SchemaGenerator().get_schema(public=True)
    components = schema["components"]["schemas"]
    assert components["TimpDecision"]["properties"]["note"]["maxLength"] == 7
    assert components["TimpReason"]["enum"] == ["x", ""]
    listed = schema["paths"]["/timp/orders/items/cancel/"]["get"]
    sizes = [p["schema"] for p in listed["parameters"] if p["name"] == "page_size"]
    assert sizes[0]["maximum"] == 9


class TestExample:
    def test_it_shows_the_schema_from_local_files(self, client):
        page = client.get("/schema/").content.decode()
        sources = re.findall(r'(?:src|href)="([^"]+)"', page)
        assert sources
        assert all(source.startswith("/static/") for source in sources)

    def test_it_serves_the_schema(self, client):
        response = client.get("/schema/openapi.yaml")
        assert yaml.safe_load(response.content)["info"]["title"] == "timp_orders"


class TestHosts:
    """A host's own routes."""

    @pytest.fixture
    def described(self):
        def described(view):
            patterns = [path("own/<uuid:order_item_uuid>/", view.as_view())]
            return SchemaGenerator(patterns=patterns).get_schema(public=True)["paths"]

        return described

    def test_a_view_derived_from_ours_is_the_same_operation(self, described):
        class Own(ConfirmCancellationView):
            """Confirms, and tells the warehouse."""

        (methods,) = described(Own).values()
        assert methods["patch"]["operationId"] == "confirmCancellation"
        assert methods["patch"]["description"] == "Confirms, and tells the warehouse."

    def test_a_view_of_its_own_gets_a_name_of_its_own(self, described):
        class Own(ItemCallView):
            """Something else."""

            def get(self, request, order_item_uuid):
                """Never called here."""

        (methods,) = described(Own).values()
        assert methods["get"]["operationId"] == "own_retrieve"

    def test_a_view_that_is_left_out_is_left_out(self, described):
        assert described(extend_schema(exclude=True)(type("Own", (ItemView,), {}))) == {}
