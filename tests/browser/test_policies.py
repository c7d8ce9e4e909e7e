"""The pages work under strict content security policies, and without scripts."""

import pytest

from tests.browser import BROWSER
from timp_orders.models import Cancellation
from timp_orders.testing import CancellationFactory, OrderItemFactory

pytestmark = BROWSER

LIST = "/admin/timp_orders/orderitem/"
STRICT = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'"
)
"""Before Django 6.1 the admin's own scripts have no nonce, so that they do not run under this."""
OF_THE_SITE = STRICT.replace("script-src", "script-src 'self'")


@pytest.fixture
def items(order, supplier):
    items = OrderItemFactory.create_batch(3, order=order, supplier=supplier)
    for item in items:
        CancellationFactory(order_item=item, note="Late " * 60)
    return items


def visit(window, items):
    paths = ["/admin/timp_orders/", LIST, f"{LIST}{items[0].pk}/change/"]
    paths += [f"/admin/timp_orders/cancellation/{it}" for it in ("", "overview/")]
    paths += [f"/admin/timp_orders/order/{items[0].order_id}/change/"]
    for path in paths:
        window.open(path)


def visit_and_confirm_two(window, items):
    visit(window, items)
    window.open(f"{LIST}?awaiting=yes")
    window.tick(*items)
    window.take("confirm")
    window.click(f"[name=kept][value='{items[1].pk}']")
    button = window.find("#cancellation-form [type=submit]")
    assert button.get_attribute("value") == "Confirm 2 cancellations"  # by the app's own script
    assert window.confirm() == ["2 cancellations were confirmed."]


def test_of_scripts_and_styles_of_the_site_only(signed_in, items, settings):
    settings.CONTENT_SECURITY_POLICY = OF_THE_SITE
    visit_and_confirm_two(signed_in, items)
    assert signed_in.errors() == []
    assert Cancellation.objects.get(status="requested").order_item == items[1]


def test_of_scripts_with_a_nonce_only(signed_in, items, settings):
    settings.CONTENT_SECURITY_POLICY = STRICT
    visit_and_confirm_two(signed_in, items)
    # What is refused is Django's own, for want of a nonce.
    assert [error for error in signed_in.errors() if "timp_orders/confirmation.js" in error] == []


def test_of_no_script_at_all(signed_in, items, settings):
    settings.CONTENT_SECURITY_POLICY = "script-src 'none'"
    signed_in.open(f"{LIST}?awaiting=yes")
    signed_in.tick(*items[:2])
    signed_in.take("confirm")
    signed_in.click(f"[name=kept][value='{items[1].pk}']")
    assert signed_in.confirm() == ["1 cancellation was confirmed."]
    signed_in.errors()  # they are of every script
