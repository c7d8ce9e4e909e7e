"""Every address that the pages show leads on: on a second site, and behind a sub-path."""

import re
from html import unescape
from urllib.parse import urljoin, urlsplit

import pytest
from django.urls import set_script_prefix

from timp_orders.testing import CancellationFactory, OrderItemFactory

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.admin.hosts")]


@pytest.fixture
def items(order, supplier):
    items = OrderItemFactory.create_batch(3, order=order, supplier=supplier)
    for item in items[:2]:
        CancellationFactory(order_item=item, note="Late")
    CancellationFactory(order_item=items[2], status="rejected")
    return items


def addresses(response, path):
    """The addresses of a page's links and forms, each as a whole path."""
    content = response.content.decode()
    found = re.findall(r'<(?:a|form)\b[^>]*? (?:href|action)="([^"]*)"', content)
    return {urljoin(path, unescape(url)) for url in found if not url.startswith("#")}


def crawl(client, start, within):
    """Follow every link that is within this path; what was seen, and the addresses that are not."""
    outside, seen, left = {}, set(), [start]
    while left:
        path = left.pop()
        plain = urlsplit(path).path
        if plain in seen or "/logout/" in plain or "/delete/" in plain:
            continue
        seen.add(plain)
        response = client.get(path, follow=True)
        assert response.status_code == 200, path
        if response.streaming or response["Content-Type"] != "text/html; charset=utf-8":
            continue
        for url in addresses(response, path):
            if urlsplit(url).path.startswith(within):
                left.append(url)
            else:
                outside.setdefault(url, path)
    return seen, outside


def test_pages_of_a_second_site_lead_to_no_other_site(superuser, desk_of, items):
    desk = desk_of(superuser, site="second")
    seen, outside = crawl(desk.client, "/second/timp_orders/", "/second/")
    assert {url for url in outside if not url.startswith("/static/")} <= {"/"}
    for part in ("overview/", "cancellation/confirm/", "history/", "order/", "organization/"):
        assert any(part in path for path in seen), part


@pytest.mark.parametrize(
    "permissions",
    [
        ("cancel_order",),
        ("cancel_order", "change_orderitem"),
        ("view_any_order",),
        ("cancel_any_order",),
        ("view_cancellation",),
    ],
)
def test_no_link_is_dead_whoever_reads(staff, supplier, desk_of, items, permissions):
    user = staff(*permissions)
    supplier.members.add(user)
    start = "/admin/timp_orders/"
    seen, _outside = crawl(desk_of(user).client, start, "/admin/timp_orders/")
    assert any("/change/" in path for path in seen)


def test_a_decision_on_a_second_site_stays_there(superuser, desk_of, items):
    desk = desk_of(superuser, site="second")
    page = desk.announce("confirm", *items[:2])
    outside = {url for url in addresses(page, "/second/x/") if not url.startswith("/second/")}
    assert outside <= {"/"}
    assert desk.decide(page).redirect_chain == [("/second/timp_orders/orderitem/", 302)]


@pytest.mark.parametrize("site", ["admin", "second"])
def test_behind_a_sub_path_every_address_has_it(superuser, desk_of, items, site):
    desk = desk_of(superuser, site=site)
    # As a server behind a proxy says it: SCRIPT_NAME, and the path without it.
    set_script_prefix("/shop/")
    try:
        outside = {}
        for path in (
            "",
            "orderitem/",
            f"orderitem/{items[0].pk}/change/",
            f"orderitem/{items[0].pk}/cancellation/reject/",
            "cancellation/",
            "cancellation/overview/",
            f"cancellation/{items[0].cancellations.get().pk}/change/",
            f"order/{items[0].order_id}/change/",
        ):
            path = f"/{site}/timp_orders/{path}"
            response = desk.client.get(path, SCRIPT_NAME="/shop")
            assert response.status_code == 200
            found = addresses(response, f"/shop{path}")
            outside |= {url: path for url in found if not url.startswith(f"/shop/{site}/")}
        assert outside.keys() <= {"/shop"}  # to the host's own pages
        page = desk.client.get(
            f"/{site}/timp_orders/orderitem/{items[0].pk}/cancellation/confirm/",
            SCRIPT_NAME="/shop",
        )
        assert page.context["back"].startswith(f"/shop/{site}/")
        assert page.context["decide_url"].startswith(f"/shop/{site}/")
    finally:
        set_script_prefix("/")


def test_the_list_s_own_address_has_the_sub_path_too(superuser, desk_of, items):
    client = desk_of(superuser).client
    data = {"action": "confirm_cancellation", "_selected_action": [items[0].pk], "index": "0"}
    page = client.post("/admin/timp_orders/orderitem/", data, SCRIPT_NAME="/shop")
    assert page.context["back"].startswith("/shop/admin/timp_orders/orderitem/")
    data = {"selection": page.context["selection"], "note": ""}
    path = page.context["decide_url"].removeprefix("/shop")
    response = client.post(path, data, SCRIPT_NAME="/shop")
    assert response["Location"] == "/shop/admin/timp_orders/orderitem/"
