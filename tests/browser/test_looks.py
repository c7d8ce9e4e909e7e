"""Every page of the app in Django's own admin: within reach, readable, and seen in pictures."""

import pytest

from tests.browser import BROWSER
from timp_orders.testing import CancellationFactory, OrderItemFactory

pytestmark = BROWSER

ITEMS = "/admin/timp_orders/orderitem/"
CANCELLATIONS = "/admin/timp_orders/cancellation/"
AWAITING = f"{ITEMS}?awaiting=yes"


@pytest.fixture
def items(order, supplier):
    """Four items that await a decision; the last is shipped."""
    items = [
        OrderItemFactory(
            order=order,
            supplier=supplier,
            sku_name="Linen table runner with fringes, sand",
            quantity_ordered=2,
            status=status,
        )
        for status in ("Allocated", "Backordered", "Unallocated", "HasTracking")
    ]
    for item in items:
        CancellationFactory(order_item=item, reason="customer_request", note="W" * 300)
    return items


def pages(window, items):
    """Name pages, with what their headings say and how they are reached."""

    def select_all():
        window.open(AWAITING)
        window.tick(*items)
        window.take("confirm")

    def reject_without_a_reason():
        window.open(f"{ITEMS}{items[0].pk}/cancellation/reject/")
        window.click("#cancellation-form [type=submit]")
        window.find(".errorlist")

    cancellation = items[0].cancellations.get()
    yield "list", "Select order item", lambda: window.open(AWAITING)
    yield "confirmation", "Confirm cancellation", select_all
    yield "form-error", "Reject cancellation", reject_without_a_reason
    yield "item", "Change order item", lambda: window.open(f"{ITEMS}{items[0].pk}/change/")
    yield "cancellations", "Select cancellation", lambda: window.open(CANCELLATIONS)
    path = f"{CANCELLATIONS}{cancellation.pk}/change/"
    yield "cancellation", "View cancellation", lambda: window.open(path)
    yield "overview", "Overview of cancellations", lambda: window.open(f"{CANCELLATIONS}overview/")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_each_control_is_within_reach_and_each_text_readable(
    signed_in, items, width, theme, settings
):
    from tests.browser.looks import out_of_reach, unreadable

    settings.TIMP_ORDERS = {"REJECTION_NEEDS_REASON": True, "PARTIAL_QUANTITIES": True}
    signed_in.resize(width)
    signed_in.prefer(theme)
    problems = []
    for name, heading, opens in pages(signed_in, items):
        opens()
        signed_in.shoot(f"looks-{name}-{width}-{theme}")
        found = [*out_of_reach(signed_in, heading), *unreadable(signed_in, ["#content"])]
        problems += [f"{name}: {problem}" for problem in found]
    assert problems == []


def test_what_is_out_of_reach_or_cannot_be_read_is_found(signed_in, items):
    """The checks themselves: each is shown what it is there for."""
    from tests.browser.looks import out_of_reach, unreadable

    def found_after(change):
        signed_in.open(f"{ITEMS}{items[0].pk}/cancellation/confirm/")
        signed_in.run(f"document.querySelector('.cancellation-submit').style = '{change}'")
        return " ".join([*out_of_reach(signed_in, "Confirm"), *unreadable(signed_in)])

    assert found_after("") == ""
    assert "has no size" in found_after("display: none")
    assert "is not visible" in found_after("visibility: hidden")
    assert "wider than the window" in found_after("margin-left: 2000px")
    assert "beside the window" in found_after("position: absolute; left: -900px")
    assert "insufficient color contrast" in found_after("color: #0c4b33")
    assert "is covered by" in found_after("position: relative; z-index: -1")
    signed_in.open(f"{ITEMS}{items[0].pk}/cancellation/confirm/")
    assert out_of_reach(signed_in, "Reject") == ['no heading "Reject" is visible']
