"""What staff do in the admin, in a real browser."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.browser import BROWSER
from timp_orders.models import Cancellation
from timp_orders.testing import CancellationFactory, OrderItemFactory

pytestmark = BROWSER

LIST = "/admin/timp_orders/orderitem/"


@pytest.fixture
def items(order, supplier):
    """Three items that await a decision, and one that does not."""
    names = ["Linen table runner, sand", "Oak cutting board, large", "Folding gas stove"]
    waiting = [
        OrderItemFactory(order=order, supplier=supplier, sku_name=name, quantity_ordered=2)
        for name in names
    ]
    reasons = [("customer_request", "Found it\nelsewhere."), ("order_mistake", ""), ("", "Late")]
    for item, (reason, note) in zip(waiting, reasons, strict=True):
        CancellationFactory(
            order_item=item, reason=reason, note=note, requested_by_name="ruth", requested_via="api"
        )
    return [*waiting, OrderItemFactory(order=order, supplier=supplier)]


def test_a_decision_from_log_in_to_trail(window, admin, items):
    window.log_in("admin", "open sesame")
    window.follow("Order items")
    window.follow("Awaiting decision (3)")
    assert len(window.texts("#result_list tbody tr")) == 3
    window.tick(items[0], items[1])
    window.shoot("awaiting-decision")

    window.take("confirm")
    assert "2 items will be cancelled" in window.read()
    window.type("#id_note", "Agreed by phone.")
    window.shoot("confirm")
    assert window.confirm() == ["2 cancellations were confirmed."]
    window.shoot("messages")
    assert "Awaiting decision (1)" in window.read("#changelist-filter")

    window.open(f"{LIST}{items[0].pk}/change/")
    trail = window.read("#cancellation-trail")
    for text in ("confirmed", "ruth, via API", "Customer request", "admin, via admin", "Agreed by"):
        assert text in trail
    assert window.read(".field-status .readonly") == "Cancelled"
    window.shoot("trail")
    window.follow("HISTORY")
    assert "Changed cancellation (confirmed)." in window.read("#change-history")


def test_a_rejection_without_a_reason_is_asked_for_one(signed_in, items, settings):
    settings.TIMP_ORDERS = {"REJECTION_NEEDS_REASON": True}
    signed_in.open(f"{LIST}{items[0].pk}/change/")
    signed_in.follow("REJECT")
    signed_in.click("#cancellation-form [type=submit]")
    assert signed_in.read(".errorlist") == "A reason or a note is needed."
    signed_in.shoot("reason-required")
    assert signed_in.confirm("Already packed.") == ["1 cancellation was rejected."]
    assert "Already packed." in signed_in.read("#cancellation-trail")


def test_a_part_of_a_quantity_from_request_to_trail(signed_in, order, supplier, settings):
    settings.TIMP_ORDERS = {"PARTIAL_QUANTITIES": True}
    item = OrderItemFactory(order=order, supplier=supplier, quantity_ordered=3)
    signed_in.open(f"{LIST}{item.pk}/change/")
    signed_in.follow("REQUEST CANCELLATION")
    assert "3 of 3 left" in signed_in.read()
    signed_in.type("#id_quantity", "1")
    signed_in.shoot("part")
    assert signed_in.confirm() == ["1 cancellation was requested."]
    assert "Quantity: 1 of 3" in signed_in.read("#cancellation-trail")
    signed_in.follow("CANCEL NOW")
    signed_in.shoot("cancel-now")
    assert signed_in.confirm() == ["1 item was cancelled."]
    assert "Quantity: 2 of 2" in signed_in.read("#cancellation-trail")
    assert signed_in.read(".field-status .readonly") == "Cancelled"
    signed_in.shoot("part-trail")


def test_ten_rows_with_what_decides_are_seen_without_scrolling(
    signed_in, order, supplier, settings
):
    settings.TIMP_ORDERS = {"PARTIAL_QUANTITIES": True, "RESPOND_WITHIN": timedelta(days=2)}
    supplier.name = "Harbor Home Goods"
    supplier.save()
    now = timezone.now()
    for number in range(14):
        CancellationFactory(
            order_item=OrderItemFactory(
                order=order, supplier=supplier, sku_name="Linen table runner with fringes, sand"
            ),
            reason="undeliverable_address",
            requested_at=now - timedelta(days=number),
            respond_by=now + timedelta(days=2 - number),
        )
    signed_in.open(f"{LIST}?awaiting=yes")
    bottoms = signed_in.run(
        "return [...document.querySelectorAll('#result_list tbody tr')]"
        ".map(row => row.getBoundingClientRect().bottom)"
    )
    assert sum(bottom <= 900 for bottom in bottoms) >= 10
    for column in ("po_number", "sku", "supplier_name", "open_cancellation", "answer_by"):
        cell, list_of_results = signed_in.run(
            f"return ['.field-{column}', '#changelist-form .results']"
            ".map(found => document.querySelector(found).getBoundingClientRect().right)"
        )
        assert cell <= list_of_results, column


def test_back_changes_nothing(signed_in, items):
    signed_in.open(f"{LIST}?awaiting=yes")
    signed_in.tick(items[0])
    signed_in.take("confirm")
    signed_in.click(".cancellation-back")
    signed_in.find("#result_list")
    assert f"{LIST}?awaiting=yes&ticked={items[0].pk}" in signed_in.driver.current_url
    assert Cancellation.objects.filter(status="requested").count() == 3


def test_all_across_pages(signed_in, order, supplier):
    for item in OrderItemFactory.create_batch(120, order=order, supplier=supplier):
        CancellationFactory(order_item=item)
    signed_in.open(f"{LIST}?awaiting=yes")
    signed_in.click("#action-toggle")
    signed_in.click(".actions .question a")
    signed_in.shoot("across-pages")
    signed_in.take("confirm")
    assert "120 items will be cancelled" in signed_in.read()
    assert "… and 20 more." in signed_in.read()
    signed_in.shoot("across-pages-confirm")
    assert signed_in.confirm("All of them") == ["120 cancellations were confirmed."]
    assert Cancellation.objects.filter(decision_note="All of them").count() == 120


def test_two_windows_on_the_same_items(open_window, admin, items):
    first, second = open_window(), open_window()
    for window in (first, second):
        window.log_in("admin", "open sesame")
        window.open(f"{LIST}?awaiting=yes")
    first.tick(items[0])
    second.tick(items[0], items[1])
    first.take("confirm")
    second.take("reject")
    assert first.confirm() == ["1 cancellation was confirmed."]
    assert second.confirm("Too late.") == [
        "1 cancellation was rejected.",
        f"1 item was refused: The cancellation has already been confirmed. ({items[0].uuid})",
    ]
    second.shoot("decided-meanwhile")
    assert set(Cancellation.objects.values_list("order_item", "status")) == {
        (items[0].pk, "confirmed"),
        (items[1].pk, "rejected"),
        (items[2].pk, "requested"),
    }


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_page_fits_its_window_and_theme(signed_in, items, width, theme):
    signed_in.resize(width)
    signed_in.prefer(theme)
    cancellation = items[0].cancellations.get()
    pages = {
        "list": LIST,
        "item": f"{LIST}{items[0].pk}/change/",
        "between": f"{LIST}{items[0].pk}/cancellation/reject/",
        "cancellations": "/admin/timp_orders/cancellation/",
        "cancellation": f"/admin/timp_orders/cancellation/{cancellation.pk}/change/",
        "organizations": "/admin/timp_orders/organization/",
        "order": f"/admin/timp_orders/order/{items[0].order_id}/change/",
    }
    for name, path in pages.items():
        signed_in.open(path)
        assert signed_in.overflow() <= 0, name
        is_dark = signed_in.background() != "rgb(255, 255, 255)"
        assert is_dark == (theme == "dark"), name
        signed_in.shoot(f"{name}-{width}-{theme}")
