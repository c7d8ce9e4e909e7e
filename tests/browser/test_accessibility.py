"""The app's pages have no finding of axe's that Django's own pages have not."""

from datetime import timedelta

import pytest
from django.contrib.auth.admin import UserAdmin
from django.utils import timezone

from tests.browser import BROWSER
from timp_orders.testing import CancellationFactory, OrderItemFactory

pytestmark = BROWSER

LIST = "/admin/timp_orders/orderitem/"
CANCELLATIONS = "/admin/timp_orders/cancellation/"


@pytest.fixture
def items(order, supplier, settings):
    settings.TIMP_ORDERS = {
        "PARTIAL_QUANTITIES": True,
        "RESPOND_WITHIN": timedelta(days=2),
        "REJECTION_NEEDS_REASON": True,
    }
    now = timezone.now()
    items = OrderItemFactory.create_batch(4, order=order, supplier=supplier, quantity_ordered=3)
    for number, item in enumerate(items[:3]):
        CancellationFactory(
            order_item=item,
            reason="customer_request",
            note="Found it elsewhere. " * 20,
            requested_at=now - timedelta(days=number),
            respond_by=now + timedelta(days=1 - number),
        )
    for status in ("confirmed", "rejected"):
        CancellationFactory(order_item=items[3], status=status, decided_at=now)
    return items


@pytest.fixture
def allowed(signed_in, admin, monkeypatch):
    """The rules that Django's own pages break."""
    monkeypatch.setattr(UserAdmin, "search_help_text", "By name.")  # as a list may have one
    rules = set()
    for path in (
        "/admin/",
        "/admin/auth/user/",
        "/admin/auth/user/?is_staff__exact=1",
        f"/admin/auth/user/{admin.pk}/change/",
        f"/admin/auth/user/{admin.pk}/history/",
        f"/admin/auth/user/{admin.pk}/delete/",
        "/admin/auth/group/add/",
    ):
        signed_in.open(path)
        rules |= signed_in.findings().keys()
    return rules


OURS = ".cancellation-table, .cancellation-search, #cancellation-form"


def broken(window, allowed):
    """What axe finds: rules that Django keeps, and any within what is the app's own."""
    found = {}
    for rule, elements in window.findings().items():
        inside = window.run(
            f"return {elements}.filter(it => document.querySelector(it).closest('{OURS}'))"
        )
        if rule not in allowed:
            found[rule] = elements
        elif inside:
            found[rule] = inside
    return found


def test_every_page(signed_in, items, allowed):
    cancellation = items[0].cancellations.get()
    pages = [
        "/admin/timp_orders/",
        f"{LIST}?awaiting=yes",
        f"{LIST}?search_supplier=a",
        f"{LIST}{items[0].pk}/change/",
        f"{LIST}{items[3].pk}/change/",
        f"{LIST}{items[0].pk}/history/",
        f"{LIST}{items[0].pk}/cancellation/confirm/",
        CANCELLATIONS,
        f"{CANCELLATIONS}{cancellation.pk}/change/",
        f"{CANCELLATIONS}overview/",
        "/admin/timp_orders/organization/",
        f"/admin/timp_orders/order/{items[0].order_id}/change/",
    ]
    found = {}

    def look(page):
        for width, theme in ((1280, "light"), (390, "dark")):
            signed_in.resize(width)
            signed_in.prefer(theme)
            found[page, width, theme] = broken(signed_in, allowed)

    for path in pages:
        signed_in.open(path)
        look(path)
    signed_in.resize(1280)
    signed_in.open(f"{LIST}?awaiting=yes")
    signed_in.tick(*items[:3])
    signed_in.take("reject")
    look("confirmation")
    signed_in.click("#cancellation-form [type=submit]")
    signed_in.find(".cancellation-errors")
    look("error")
    assert {page: rules for page, rules in found.items() if rules} == {}


def test_an_error_has_the_focus_and_stands_in_the_title(signed_in, items):
    signed_in.open(f"{LIST}{items[0].pk}/cancellation/reject/")
    signed_in.click("#cancellation-form [type=submit]")
    signed_in.find(".cancellation-errors")
    assert signed_in.driver.title.startswith("Error:")
    assert signed_in.run("return document.activeElement.id") == "id_reason"


def test_tables_that_scroll_can_be_reached_by_keyboard(signed_in, items):
    signed_in.resize(390)
    signed_in.open(f"{LIST}{items[0].pk}/change/")
    unreachable = signed_in.run(
        "return [...document.querySelectorAll('#content *')].filter(it =>"
        " it.scrollWidth > it.clientWidth + 1 && it.clientWidth &&"
        " ['auto', 'scroll'].includes(getComputedStyle(it).overflowX) && it.tabIndex < 0)"
        ".map(it => it.outerHTML.slice(0, 80))"
    )
    assert unreachable == []
