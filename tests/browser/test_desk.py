"""The example's page for a supplier's people, by mouse and by keyboard."""

import pytest
from django.contrib.auth.hashers import make_password

from tests.browser import BROWSER
from timp_orders.models import Cancellation
from timp_orders.testing import CancellationFactory, UserFactory

pytestmark = BROWSER


@pytest.fixture
def waiting(order, supplier):
    user = UserFactory(username="sam", password=make_password("open sesame"))
    supplier.members.add(user)
    return [
        CancellationFactory(
            order_item__order=order,
            order_item__supplier=supplier,
            order_item__sku_id=f"HHG-{number}",
            order_item__sku_name=name,
            order_item__quantity_ordered=2,
            note="Found it elsewhere." if number == 1 else "",
        )
        for number, name in enumerate(["Linen table runner", "Oak cutting board", "Gas stove"])
    ]


@pytest.fixture
def desk(window, waiting):
    window.open("/desk/")
    window.type("#id_username", "sam")
    window.type("#id_password", "open sesame")
    window.click("main button")
    window.find("table")
    return window


def status(cancellation):
    return Cancellation.objects.get(pk=cancellation.pk).status


def test_a_supplier_decides_without_being_staff(desk, waiting):
    assert len(desk.texts("tbody tr")) == 3
    desk.shoot("desk")
    desk.type(f"#note-{waiting[0].order_item.pk}", "Back on the shelf.")
    desk.click("[aria-label='Confirm HHG-0']")
    desk.find("[role=status] li.success")
    assert desk.texts("[role=status] li") == ["HHG-0: confirmed."]
    desk.click("[aria-label='Reject HHG-1']")
    desk.find("[aria-label='Reject HHG-2']")
    assert len(desk.texts("tbody tr")) == 1
    desk.shoot("desk-decided")
    assert [status(it) for it in waiting] == ["confirmed", "rejected", "requested"]


def test_the_keyboard_is_enough(desk, waiting):
    """Tab from field to field: the note, then the two buttons of each row."""
    found = desk.run(
        "return [...document.querySelectorAll('main input:not([type=hidden]), main button')]"
        ".map(it => it.getAttribute('aria-label') || it.labels[0].textContent)"
    )
    assert found[:3] == ["Note on HHG-0", "Confirm HHG-0", "Reject HHG-0"]
    # Enter takes the first button.
    desk.type(f"#note-{waiting[2].order_item.pk}", "\n")
    desk.find("[role=status] li.success")
    assert status(waiting[2]) == "confirmed"


@pytest.mark.parametrize(("width", "theme"), [(390, "light"), (1280, "dark")])
def test_it_fits_small_windows_and_dark_themes(desk, width, theme):
    desk.resize(width)
    desk.prefer(theme)
    desk.shoot(f"desk-{width}-{theme}")
    assert desk.run("return document.documentElement.scrollWidth") <= width


def test_each_control_has_a_name_and_each_cell_a_heading(desk):
    unnamed = desk.run(
        "return [...document.querySelectorAll('input:not([type=hidden]), button, a')]"
        ".filter(it => !(it.textContent.trim() || it.getAttribute('aria-label')"
        " || (it.labels && it.labels.length))).length"
    )
    assert unnamed == 0
    assert desk.run("return document.querySelectorAll('thead th[scope=col]').length") == 5
    assert desk.run("return document.querySelectorAll('tbody th[scope=row]').length") == 3
    assert desk.run("return document.documentElement.lang") == "en"
    assert desk.run("return document.querySelectorAll('h1').length") == 1
