"""An item's own page: its trail, its buttons and its history."""

import re
from unittest.mock import Mock
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.contrib.admin import site
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext, isolate_apps
from django.utils import timezone, translation

from timp_orders import services
from timp_orders.admin import OrderItemAdmin
from timp_orders.models import Cancellation, OrderItem
from timp_orders.services import SYSTEM
from timp_orders.services.caller import Caller
from timp_orders.states import Action
from timp_orders.testing import CancellationFactory, OrderItemFactory, UserFactory

pytestmark = pytest.mark.django_db

SCRIPT = "<script>alert(1)</script>"


def page_of(desk, item):
    return desk.client.get(desk.url("change", item.pk))


def buttons(response):
    return [action for action, _wording, _url in response.context["cancellation_buttons"]]


def test_the_trail_tells_all_newest_first(desk, item, named, retailer_user, supplier_user):
    services.request_cancellation(
        named(item), by=retailer_user, via="api", reason="fraud", note="Ask\nthem"
    )
    services.reject_cancellation(named(item), by=supplier_user, note="Packed")
    desk.act("request", item, note="Again")
    trail = page_of(desk, item).content.decode().split('id="cancellation-trail"')[1]
    assert trail.index("Again") < trail.index("Ask<br>them")
    for text in ("Fraud", "retailer, via API", "supplier, via code", "Packed", "admin, via admin"):
        assert text in trail


def test_an_item_without_a_cancellation_says_so(desk, item):
    assert "Nobody has requested to cancel this item." in page_of(desk, item).content.decode()
    assert "cancellation-trail" not in desk.client.get(desk.url("add")).content.decode()


@pytest.mark.parametrize(
    ("latest", "offered"),
    [
        (None, ["request", "cancel"]),
        ("requested", ["confirm", "reject", "withdraw", "cancel"]),
        ("rejected", ["request", "cancel"]),
    ],
)
def test_the_buttons_are_what_may_be_done_now(desk, item, latest, offered):
    if latest:
        CancellationFactory(order_item=item, status=latest)
    response = page_of(desk, item)
    assert buttons(response) == offered
    for action in offered:
        assert desk.url("cancellation_action", item.pk, action) in response.content.decode()


def test_each_side_gets_its_own_buttons(supplier_desk, retailer, desk_of, staff, cancellation):
    user = staff("cancel_order")
    retailer.members.add(user)
    item = cancellation.order_item
    assert buttons(page_of(supplier_desk, item)) == ["confirm", "reject"]
    assert buttons(page_of(desk_of(user), item)) == ["withdraw"]


@pytest.mark.parametrize("permission", ["view_orderitem", "view_any_order"])
def test_who_may_not_decide_sees_the_trail_without_buttons(
    staff, supplier, cancellation, desk_of, permission
):
    user = staff(permission)
    supplier.members.add(user)
    response = page_of(desk_of(user), cancellation.order_item)
    assert buttons(response) == []
    assert "cancellation-trail" in response.content.decode()


def test_names_do_not_cross_to_the_other_side(
    supplier_desk, desk_of, staff, retailer, item, named, retailer_user, supplier_user
):
    both = [Action.REQUEST, Action.WITHDRAW, Action.REQUEST, Action.REJECT]
    for action in both:
        by = retailer_user if action.side == "retailer" else supplier_user
        by.username = "ruth" if action.side == "retailer" else "simon"
        getattr(services, f"{action}_cancellation")(named(item), by=by)
    theirs = staff("view_orderitem")
    retailer.members.add(theirs)
    for desk, own, other in ((supplier_desk, "simon", "ruth"), (desk_of(theirs), "ruth", "simon")):
        page = page_of(desk, item).content.decode()
        assert f"{own}, via code" in page
        assert other not in page
    auditor = page_of(desk_of(staff("view_any_order")), item).content.decode()
    assert "ruth" in auditor
    assert "simon" in auditor


def test_a_page_costs_the_same_however_long_the_trail(desk, item):
    def cost():
        with CaptureQueriesContext(connection) as captured:
            page_of(desk, item)
        return len(captured)

    CancellationFactory(order_item=item)
    cost()  # once more if Django has not read its content types yet
    before = cost()
    CancellationFactory.create_batch(30, order_item=item, status="rejected")
    assert cost() == before


def test_script_is_escaped_on_every_page(desk, order, supplier, retailer):
    supplier.name = retailer.name = SCRIPT
    supplier.save()
    retailer.save()
    item = OrderItemFactory(order=order, supplier=supplier, sku_id=SCRIPT, sku_name=SCRIPT)
    desk.act("request", item, note=SCRIPT)
    for page in (
        desk.list(),
        desk.list("timp_orders_cancellation"),
        desk.list("timp_orders_organization"),
        desk.list("timp_orders_order"),
        desk.announce("confirm", item),
        desk.announce("request", item),
        desk.decide(desk.announce("reject", item), note=SCRIPT),
        page_of(desk, item),
        desk.client.get(desk.url("history", item.pk)),
        desk.client.get(
            desk.url("change", item.cancellations.get().pk, model="timp_orders_cancellation")
        ),
    ):
        assert page.status_code == 200
        assert SCRIPT not in page.content.decode()
    assert OrderItem.objects.get().cancellations.get().decision_note == SCRIPT


class TestHistory:
    @pytest.fixture
    def history(self, item):
        return lambda desk: desk.client.get(desk.url("history", item.pk)).content.decode()

    def test_it_tells_what_was_done_in_the_admin(self, desk, item, history):
        desk.act("request", item)
        desk.act("confirm", item)
        assert "Changed cancellation (requested)." in history(desk)
        assert "Changed cancellation (confirmed)." in history(desk)

    def test_it_is_translated_when_it_is_read(self, desk, item, cancellation):
        with translation.override("de"):
            desk.act("confirm", item)
        entry = LogEntry.objects.get()
        assert entry.get_change_message() == "Changed cancellation (confirmed)."
        with translation.override("de"):
            assert entry.get_change_message() == "Stornierung (bestätigt) geändert."

    def test_it_needs_no_copy_of_what_was_done_elsewhere(self, desk, item, named, history):
        services.request_cancellation(named(item), by=SYSTEM)
        assert "Changed cancellation (requested)." not in history(desk)

    def test_it_names_colleagues_and_oneself_and_nobody_else(
        self, desk, supplier, supplier_desk, supplier_staff, desk_of, staff, item, history
    ):
        colleague = UserFactory(is_staff=True)
        supplier.members.add(colleague)
        desk.act("request", item)
        desk_of(colleague).act("reject", item, note="No")
        assert "Changed cancellation (requested)." not in history(supplier_desk)
        assert colleague.username in history(supplier_desk)
        supplier.members.remove(supplier_staff)
        alone = supplier_desk.client.get(supplier_desk.url("history", item.pk))
        assert alone.status_code == 404
        assert colleague.username in history(desk_of(staff("view_any_order")))

    def test_where_items_are_the_host_s_own_it_names_oneself_only(
        self, desk, supplier_desk, item, history, monkeypatch
    ):
        # Such a host may have organizations of its own, and no members in ours.
        monkeypatch.setattr("timp_orders.admin.scope.OrderItem", Mock())
        desk.act("request", item)
        supplier_desk.act("reject", item, note="No")
        assert "Changed cancellation (requested)." not in history(supplier_desk)
        assert "Changed cancellation (rejected)." in history(supplier_desk)


class TestOrder:
    def test_the_page_tells_of_the_order_and_links_its_other_items(
        self, desk, item, order, supplier
    ):
        other = OrderItemFactory(
            order=order, supplier=supplier, sku_name="Kite", status="HasTracking"
        )
        elsewhere = OrderItemFactory(supplier=supplier)
        page = page_of(desk, item).content.decode().split('id="order-of-item"')[1]
        assert f"Order {order.po_number}" in page
        assert f"From {order.retailer} to {supplier}." in page
        assert desk.url("change", other.pk) in page
        for text in (other.sku_id, "Kite", "Has tracking"):
            assert text in page
        for hidden in (item, elsewhere):
            assert str(hidden.uuid) not in page

    def test_items_that_the_reader_may_not_see_are_not_told(self, supplier_desk, item, order):
        hidden = OrderItemFactory(order=order)  # another supplier's
        page = page_of(supplier_desk, item).content.decode()
        assert str(hidden.uuid) not in page
        assert "Other items" not in page

    def test_of_a_large_order_fifty_are_listed_and_the_rest_is_counted(self, desk, item, crowd):
        crowd(60)
        with CaptureQueriesContext(connection) as captured:
            page = page_of(desk, item).content.decode()
        assert "… and 10 more." in page
        assert page.split('id="order-of-item"')[1].count('<th scope="row">') == 50
        assert len(captured) < 30

    def test_where_the_number_is_the_items_own_there_are_no_others(
        self, desk, item, order, monkeypatch
    ):
        OrderItemFactory(order=order)
        monkeypatch.setattr(OrderItem, "PO_NUMBER_FIELD", "sku_id")
        page = page_of(desk, item)
        assert page.context["order"].po_number == item.sku_id
        assert page.context["order"].items == []


class TestLongHistory:
    @pytest.fixture
    def history(self, item):
        """Sixty cancellations that were rejected."""
        decided = {"status": "rejected", "decided_at": timezone.now()}
        rows = [Cancellation(order_item=item, note=f"No. {n}.", **decided) for n in range(60)]
        Cancellation.unguarded.bulk_create(rows)

    def test_the_newest_fifty_are_shown_and_the_rest_is_led_to(self, desk, item, history):
        page = page_of(desk, item).content.decode().split('id="cancellation-trail"')[1]
        assert "No. 59." in page
        assert "No. 9." not in page
        (url,) = re.findall(r'<a href="([^"]+)">\s*… and \d+ more.', page)
        every = desk.client.get(url.replace("&amp;", "&"))
        assert every.status_code == 200
        count = Cancellation.objects.filter(order_item=item).count()
        assert every.context["cl"].result_count == count
        assert f"… and {count - 50} more." in page

    def test_who_may_not_view_that_list_is_told_how_many_more(
        self, staff, supplier, desk_of, item, history
    ):
        user = staff("view_orderitem")
        supplier.members.add(user)
        page = page_of(desk_of(user), item).content.decode().split('id="cancellation-trail"')[1]
        assert re.search(r"<p>\s*… and \d+ more.", page)


class TestAddress:
    def test_a_uuid_leads_to_the_page_of_its_item(self, supplier_desk, item):
        url = f"{supplier_desk.url('changelist')}{item.uuid}/"
        response = supplier_desk.client.get(url)
        assert response.url == supplier_desk.url("change", item.pk)

    def test_one_that_is_hidden_or_unknown_is_not_found(self, supplier_desk, item):
        for uuid in (OrderItemFactory().uuid, uuid4()):
            url = f"{supplier_desk.url('changelist')}{uuid}/"
            assert supplier_desk.client.get(url, follow=True).status_code == 404


class TestPageOfAnOrder:
    def page(self, desk, order):
        return desk.client.get(desk.url("change", order.pk, model="timp_orders_order"))

    def test_it_lists_the_items_and_links_them(self, desk, item, order, crowd):
        page = self.page(desk, order).content.decode()
        assert desk.url("change", item.pk) in page
        crowd(60)
        page = self.page(desk, order).content.decode()
        assert "… and 11 more." in page

    def test_items_that_the_reader_may_not_see_are_not_told(
        self, staff, retailer, desk_of, item, order
    ):
        user = staff("cancel_order", "view_order")
        retailer.members.add(user)
        hidden = OrderItemFactory()
        page = self.page(desk_of(user), order).content.decode()
        assert str(item.uuid) in page
        assert str(hidden.uuid) not in page

    def test_a_new_order_has_none(self, desk):
        page = desk.client.get(desk.url("add", model="timp_orders_order"))
        assert "items-of-order" not in page.content.decode()


class TestNextAwaiting:
    def test_it_is_the_one_that_has_waited_longest(self, desk, item, order, supplier):
        assert "cancellation-next" not in page_of(desk, item).content.decode()
        first, second = OrderItemFactory.create_batch(2, order=order, supplier=supplier)
        CancellationFactory(order_item=second, status="rejected")
        CancellationFactory(order_item=second)
        CancellationFactory(order_item=first)
        for here, there in [(item, second), (second, first), (first, second)]:
            assert page_of(desk, here).context["next_awaiting"] == desk.url("change", there.pk)

    def test_others_items_are_not_among_them(self, supplier_desk, item):
        CancellationFactory()
        assert page_of(supplier_desk, item).context["next_awaiting"] is None

    def test_the_admin_of_a_child_model_offers_none(self, rf, superuser, item):
        """Its pages go by keys of its own."""
        CancellationFactory()
        with isolate_apps("tests"):

            class Child(OrderItem):
                class Meta:
                    app_label = "tests"
                    proxy = True

        request = rf.get("/")
        request.user = superuser
        caller = Caller.of(superuser)
        for model, offers in ((OrderItem, True), (Child, False)):
            offered = OrderItemAdmin(model, site)._next_awaiting(request, caller, item)
            assert bool(offered) is offers

    def test_who_may_not_decide_is_offered_none(self, staff, desk_of, cancellation):
        auditor = desk_of(staff("view_any_order"))
        page = page_of(auditor, cancellation.order_item)
        assert page.context["next_awaiting"] is None


def test_filters_of_the_list_survive_the_item_the_decision_and_the_next(
    desk, cancellation, order, supplier
):
    CancellationFactory(order_item__order=order, order_item__supplier=supplier)
    item = cancellation.order_item
    kept = {"_changelist_filters": "awaiting=yes&o=-1"}
    page = desk.client.get(desk.url("change", item.pk), kept)
    urls = [url for action, _, url in page.context["cancellation_buttons"] if action == "confirm"]
    for url in [*urls, page.context["next_awaiting"]]:
        assert url.endswith("?_changelist_filters=awaiting%3Dyes%26o%3D-1")
    announced = desk.client.get(urls[0])
    after = desk.decide(announced)
    assert after.redirect_chain[-1][0].endswith("?_changelist_filters=awaiting%3Dyes%26o%3D-1")
    assert after.context["preserved_filters"] == urlencode(kept)  # for Save, as Django has it


def test_notes_are_read_in_their_own_direction(desk, item):
    CancellationFactory(order_item=item, note="שלום")
    assert (
        '<div class="cancellation-small" dir="auto">שלום</div>'
        in page_of(desk, item).content.decode()
    )


def test_a_long_note_is_cut_and_can_be_opened_on_the_confirmation_page(desk, cancellation):
    for note in ("short", "x" * 300):
        cancellation.note = note
        cancellation.save(update_fields=["note"])
        page = desk.announce("confirm", cancellation.order_item).content.decode()
        assert ("<details" in page) == (len(note) > 200)
        assert note in page
