"""Six tasks of a morning at the desk: how many clicks and pages each takes.

Counted from the admin's index; what is typed, chosen from a menu or ticked is no click but a
press of a button or a link. docs/admin.rst has the table.
"""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.browser import BROWSER
from tests.servers import ROOT
from timp_orders.models import Cancellation
from timp_orders.testing import CancellationFactory, OrderItemFactory

pytestmark = BROWSER

PAGE = "return document.readyState === 'complete' ? performance.timeOrigin : null"
"""When the page that is shown was begun; nothing before all of it is there."""


class Morning:
    """Counts what a member of staff presses, and the pages that this brings."""

    def __init__(self, window):
        self.window = window
        self.clicks = self.pages = 0
        window.open("/admin/")

    def press(self, css):
        """Press a button, a link or a box; what leads to another page is waited for."""
        pressed = self.window.find(css)
        leads = pressed.tag_name == "a" or pressed.get_attribute("type") == "submit"
        before = self.window.run("return performance.timeOrigin")
        pressed.click()
        self.clicks += 1
        if leads:
            self.window.wait(lambda: self.window.run(PAGE) not in (before, None))
            self.pages += 1

    def follow(self, address):
        self.press(f'a[href*="{address}"]')

    def search(self, term):
        self.window.type("#searchbar", term)
        self.press("#changelist-search [type=submit]")

    def take(self, action):
        from selenium.webdriver.support.ui import Select

        Select(self.window.find("[name=action]")).select_by_value(f"{action}_cancellation")
        self.press(".actions button[name=index]")
        self.window.find("body.cancellation-action")

    @property
    def cost(self):
        return f"{self.clicks} / {self.pages}"


def told(task):
    """What the table of the documentation says that a task takes now."""
    text = (ROOT / "docs" / "admin.rst").read_text()
    line = next(line for line in text.splitlines() if line.startswith(task))
    return line.split("  ")[-1].strip()


@pytest.fixture
def morning(signed_in):
    return Morning(signed_in)


@pytest.fixture
def waiting(order, supplier):
    """Sixty that wait, forty of them for one supplier; the last one the longest."""
    now = timezone.now()
    harbor = OrderItemFactory.create_batch(40, order=order, supplier=supplier)
    others = OrderItemFactory.create_batch(20, supplier__name="Nordic Oak")
    for number, item in enumerate([*harbor, *others]):
        CancellationFactory(order_item=item, requested_at=now - timedelta(hours=number))
    return harbor, others


def test_the_oldest_first(morning, waiting):
    morning.follow("/admin/timp_orders/cancellation/")
    morning.follow("/overview/")
    morning.follow("?awaiting=yes")
    first = morning.window.find("#result_list tbody tr [name=_selected_action]")
    assert first.get_attribute("value") == str(waiting[1][-1].pk)
    assert morning.cost == told("See what has been waiting longest")


def test_decide_the_forty_of_one_supplier(morning, waiting, supplier):
    morning.follow("/admin/timp_orders/cancellation/")
    morning.follow("/overview/")
    morning.follow(f"?awaiting=yes&supplier__id__exact={supplier.pk}")
    morning.press("#action-toggle")
    morning.take("confirm")
    morning.press("#cancellation-form [type=submit]")
    morning.window.find(".messagelist")
    confirmed = Cancellation.objects.filter(status="confirmed")
    assert confirmed.count() == 40
    assert {it.order_item.supplier for it in confirmed} == {supplier}
    assert morning.cost == told("Decide the 40 of one supplier")


def test_reject_five_with_notes_of_their_own(morning, waiting):
    morning.follow("/admin/timp_orders/orderitem/")
    morning.follow("?awaiting=yes")
    morning.press("#result_list tbody tr th a")
    morning.press(".cancellation-reject")
    for number in range(5):
        morning.window.type("#id_note", f"Packed {number}.")
        morning.press("[name=_next]" if number < 4 else ".cancellation-buttons :not([name])")
        morning.window.find(".messagelist")
    notes = Cancellation.objects.filter(status="rejected").values_list("decision_note", flat=True)
    assert sorted(notes) == [f"Packed {number}." for number in range(5)]
    assert morning.cost == told("Reject five, each with a note of its own")


def test_look_up_a_po_number(morning, waiting, order):
    morning.follow("/admin/timp_orders/orderitem/")
    morning.search(order.po_number)
    assert len(morning.window.texts("#result_list tbody tr")) == 40
    assert morning.cost == told("Look up a PO number")


def test_what_happened_with_an_item(morning, waiting):
    item = waiting[0][7]
    morning.follow("/admin/timp_orders/orderitem/")
    morning.search(str(item.uuid)[:8])
    morning.press("#result_list tbody tr th a")
    assert "requested" in morning.window.read("#cancellation-trail")
    assert morning.cost == told("See what happened with an item")


def test_which_supplier_is_slow(morning, waiting):
    morning.follow("/admin/timp_orders/cancellation/")
    morning.follow("/overview/")
    assert "Nordic Oak" in morning.window.read()
    assert morning.cost == told("See which supplier is slow")
