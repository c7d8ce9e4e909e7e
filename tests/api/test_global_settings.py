"""The contract does not hang on what a host has set for REST framework and django-filter."""

import json
import runpy

import pytest
from django.test import override_settings
from django.urls import reverse

from tests.api import EVERY_CALL, arguments, error
from timp_orders.api import filter_sets
from timp_orders.models import Cancellation

pytestmark = pytest.mark.django_db

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.BrowsableAPIRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.FormParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "nonsense",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.AcceptHeaderVersioning",
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "DEFAULT_FILTER_BACKENDS": ["rest_framework.filters.SearchFilter"],
    "PAGE_SIZE": 1,
    "SEARCH_PARAM": "po_number",
    "ORDERING_PARAM": "sku_id",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
    "EXCEPTION_HANDLER": "nonsense",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": "status",
    "FORMAT_SUFFIX_KWARG": "order_item_uuid",
    "URL_FIELD_NAME": "uuid",
    "DATE_FORMAT": "%d/%m/%Y",
    "DATETIME_FORMAT": "%d/%m/%Y %H:%M",
    "TIME_FORMAT": "%H:%M",
    "DATETIME_INPUT_FORMATS": ["%d/%m/%Y"],
    "UNICODE_JSON": False,
    "COMPACT_JSON": False,
    "STRICT_JSON": False,
    "COERCE_DECIMAL_TO_STRING": False,
    "NON_FIELD_ERRORS_KEY": "note",
    "NUM_PROXIES": 1,
}
DJANGO = {
    "DATETIME_FORMAT": "d/m/Y",
    "USE_THOUSAND_SEPARATOR": True,
    "LANGUAGE_CODE": "de",
    "APPEND_SLASH": False,
}


def answers(call, world):
    """What each call answers, read calls first, and some that are wrong."""
    found = [
        call("cancellations", method="get", by=world.supplier),
        call(
            reverse("timp_orders:cancellations") + "?status=requested",
            method="get",
            by=world.supplier,
        ),
        call(
            reverse("timp_orders:cancellations") + "?po_number=o", method="get", by=world.supplier
        ),
        call(
            reverse("timp_orders:cancellations") + "?status=null", method="get", by=world.supplier
        ),
        call("confirm", world.item.uuid, by=world.supplier, data={"note": 7, "status": "x"}),
        call("confirm", world.item.uuid),
        call("confirm", world.item.uuid, method="post", by=world.supplier),
    ]
    for name, method, about in EVERY_CALL:
        args, kwargs = arguments(name, about, getattr(world, about).uuid if about else None)
        found.append(call(name, *args, method=method, by=world.operator, **kwargs))
    return [
        (response.status_code, json.loads(response.content) if response.content else None)
        for response in found
    ]


def without_decision(answer):
    """Moments and keys of what the calls themselves wrote differ from run to run."""
    text = json.dumps(answer, sort_keys=True)
    for cancellation in Cancellation.objects.all():
        text = text.replace(str(cancellation.uuid), "a cancellation")
        for moment in (cancellation.requested_at, cancellation.decided_at):
            if moment:
                text = text.replace(moment.isoformat().replace("+00:00", "Z"), "a moment")
    return text


@pytest.mark.parametrize(
    "changed",
    [
        *({"REST_FRAMEWORK": {key: value}} for key, value in REST_FRAMEWORK.items()),
        {"REST_FRAMEWORK": REST_FRAMEWORK},
        *({key: value} for key, value in DJANGO.items() if key != "LANGUAGE_CODE"),
    ],
    ids=lambda changed: "+".join(changed.get("REST_FRAMEWORK", changed))[:40],
)
def test_every_call_answers_the_same(call, world, django_db_blocker, changed):
    cancellations = list(Cancellation.objects.values())
    plain = without_decision(answers(call, world))
    # As it was before.
    Cancellation.unguarded.all().delete()
    type(world.item).objects.filter(pk=world.item.pk).update(status=world.item.status)
    for values in cancellations:
        values.pop("open")
        Cancellation.unguarded.create(**values)
    with override_settings(**changed):
        assert without_decision(answers(call, world)) == plain


@pytest.mark.parametrize(
    "changed",
    [
        {"FILTERS_DEFAULT_LOOKUP_EXPR": "icontains"},
        {"FILTERS_NULL_CHOICE_LABEL": "none", "FILTERS_NULL_CHOICE_VALUE": "null"},
        {"FILTERS_EMPTY_CHOICE_LABEL": None},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_the_filters_are_the_same_whatever_django_filter_is_told(changed, world):
    """They are made when the module is imported, so it is made anew."""
    with override_settings(**changed):
        made = runpy.run_path(filter_sets.__file__)["CancellationFilterSet"]
        part = world.order.po_number[:3]
        for query, is_valid in (({"po_number": part}, True), ({"status": "null"}, False)):
            filterset = made(query, Cancellation.objects.all())
            assert filterset.is_valid() is is_valid
            assert not filterset.is_valid() or not filterset.qs.exists()


def test_every_answer_forbids_caches_to_keep_it(call, world):
    responses = [
        call("confirm", world.item.uuid),
        call("confirm", world.item.uuid, by=world.stranger),
        call("confirm", world.item.uuid, method="post", by=world.supplier),
        call("/timp/orders/cancel/nonsense/", by=world.supplier),
        call("cancellations", method="get", by=world.supplier),
    ]
    for name, method, about in EVERY_CALL:
        args, kwargs = arguments(name, about, getattr(world, about).uuid if about else None)
        responses.append(call(name, *args, method=method, by=world.operator, **kwargs))
    for response in responses:
        assert response["Cache-Control"] == "private, no-store"


def test_a_cache_of_the_whole_site_keeps_no_answer(call, world, settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache = "django.middleware.cache."
    settings.MIDDLEWARE = [
        f"{cache}UpdateCacheMiddleware",
        *settings.MIDDLEWARE,
        f"{cache}FetchFromCacheMiddleware",
    ]
    path = reverse("timp_orders:cancellations")
    assert len(call(path, method="get", by=world.supplier).json()["results"]) == 1
    assert call(path, method="get").status_code == 401
    assert call(path, method="get", by=world.stranger).json()["results"] == []
    Cancellation.unguarded.all().delete()
    assert call(path, method="get", by=world.supplier).json()["results"] == []


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_a_path_that_is_no_call_is_404_as_a_problem(call, world, method):
    for path in ("cancel", "cancel/x/", "items/cancel", "items/cancel/x/confirm/"):
        response = call(f"/timp/orders/{path}", method=method, by=world.supplier)
        assert error(response) == (404, "not_found")
    assert call("/timp/orders/cancellations/", by=world.supplier)["Content-Type"].startswith("text")
