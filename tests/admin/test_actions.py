"""The actions: who is offered them, the confirmation page, and what is told afterwards."""

import re
from itertools import product

import pytest
from django.contrib.admin.models import LogEntry

from tests.admin.staff_client import actions, kinds, said
from tests.test_states import CANCELLATION_STATUSES, ITEM_STATUSES, expected
from timp_orders.admin import offered, preview
from timp_orders.models import Cancellation, OrderItem
from timp_orders.policy import Policy
from timp_orders.states import Action
from timp_orders.testing import CancellationFactory, OrderItemFactory, OrganizationFactory

pytestmark = pytest.mark.django_db

NAMES = [f"{action}_cancellation" for action in ("confirm", "reject", "request", "withdraw")]


def statuses():
    return set(Cancellation.objects.values_list("status", flat=True))


class TestPermissions:
    def test_who_may_cancel_is_offered_the_actions_of_their_sides(
        self, staff, supplier, retailer, supplier_desk, desk_of, item
    ):
        assert actions(supplier_desk.list()) == NAMES[:2]
        both = staff("cancel_order", "view_orderitem")
        retailer.members.add(both)
        assert actions(desk_of(both).list()) == NAMES[2:]
        supplier.members.add(both)
        assert actions(desk_of(type(both).objects.get(pk=both.pk)).list()) == NAMES

    def test_where_the_policy_is_the_hosts_all_are_offered(self, staff, desk_of, monkeypatch, item):
        monkeypatch.setattr(Policy, "organizations", lambda *args: None)
        assert actions(desk_of(staff("cancel_order", "view_orderitem")).list()) == NAMES

    def test_the_users_sides_are_asked_for_once_for_a_page(self, supplier_desk, item, monkeypatch):
        real, asked = offered._of_own_sides, []

        def counted(request):
            asked.append(request)
            return real(request)

        monkeypatch.setattr(offered, "_of_own_sides", counted)
        assert actions(supplier_desk.list()) == NAMES[:2]
        assert len(asked) == 1

    def test_one_that_is_not_offered_is_not_taken(self, supplier_desk, item):
        response = supplier_desk.announce("request", item)
        assert "selection" not in (response.context or {})
        assert not item.cancellations.exists()

    @pytest.mark.parametrize("permissions", [["view_orderitem"], ["view_any_order"]])
    def test_others_are_offered_none(self, staff, supplier, item, desk_of, permissions):
        user = staff(*permissions)
        supplier.members.add(user)
        response = desk_of(user).list()
        assert response.status_code == 200
        assert actions(response) == []

    @pytest.mark.parametrize("permissions", [["view_orderitem"], ["view_any_order"], []])
    @pytest.mark.parametrize("action", Action.values)
    def test_their_forged_posts_are_forbidden(
        self, staff, supplier, cancellation, desk, desk_of, permissions, action
    ):
        user = staff(*permissions)
        supplier.members.add(user)
        theirs = desk_of(user)
        item = cancellation.order_item
        page = desk.announce("confirm", item)
        one = theirs.url("cancellation_action", item.pk, action)
        assert theirs.announce(action, item).status_code == 403
        assert theirs.client.get(one).status_code == 403
        assert theirs.decide(page).status_code == 403
        assert statuses() == {"requested"}

    def test_without_a_log_in_every_path_leads_to_it(self, client, item, desk):
        for url in (
            desk.url("changelist"),
            desk.url("cancellation"),
            desk.url("cancellation_action", item.pk, "confirm"),
        ):
            assert "/login/" in client.post(url)["Location"]

    def test_a_post_without_its_csrf_token_is_forbidden(self, desk, cancellation):
        page = desk.announce("confirm", cancellation.order_item)
        desk.client.handler.enforce_csrf_checks = True
        assert desk.decide(page).status_code == 403
        assert statuses() == {"requested"}

    def test_nothing_is_decided_by_get(self, desk, cancellation):
        page = desk.announce("confirm", cancellation.order_item)
        data = {"selection": page.context["selection"]}
        response = desk.client.get(page.context["decide_url"], data)
        assert response["Location"] == desk.url("changelist")
        assert statuses() == {"requested"}

    def test_the_wrong_side_is_refused_by_the_service(self, supplier_desk, item):
        url = supplier_desk.url("cancellation_action", item.pk, "request")
        page = supplier_desk.client.get(url)
        assert kinds(page) == {"refused": 1}
        assert "Only the other side of the order" in page.content.decode()


class TestConfirmationPage:
    @pytest.mark.parametrize("action", Action.values)
    def test_it_says_what_the_service_then_does_in_every_state(self, desk, order, supplier, action):
        states = list(product(ITEM_STATUSES, CANCELLATION_STATUSES))
        items = []
        for item_status, cancellation_status in states:
            items.append(OrderItemFactory(order=order, supplier=supplier, status=item_status))
            if cancellation_status:
                CancellationFactory(order_item=items[-1], status=cancellation_status)
        wanted = [expected(action, *state) for state in states]

        page = desk.announce(action, *items)
        assert kinds(page) == {
            "change": wanted.count("change"),
            "replay": wanted.count("replay"),
            "refused": len(wanted) - wanted.count("change") - wanted.count("replay"),
        }
        listed = {
            item.pk: group.kind if group.kind != "refused" else item.timp_refusal
            for group in page.context["groups"]
            for item in group.items
        }
        assert [
            code if code in ("change", "replay") else str(preview.error_of(code)) for code in wanted
        ] == [listed[item.pk] for item in items]

        messages = desk.act(action, *items, note="As announced")
        counts = [int(message.split()[0]) for message in messages]
        assert counts[:2] == [wanted.count("change"), wanted.count("replay")]
        assert sum(counts) == len(items)

    def test_it_names_each_item_with_what_staff_need(self, desk, order, supplier):
        item = OrderItemFactory(order=order, supplier=supplier, sku_id="S-1", sku_name="Red kite")
        CancellationFactory(order_item=item, reason="fraud", note="Chargeback")
        page = desk.announce("confirm", item).content.decode()
        for text in (item.uuid, order.po_number, "S-1", "Red kite", "Fraud", "Chargeback"):
            assert str(text) in page
        assert f"{supplier}</div>" in page
        assert str(order.retailer) in page

    def test_it_lists_a_part_of_many_and_counts_all(self, desk, crowd):
        items = crowd(preview.LISTED + 7)
        page = desk.announce("confirm", *items)
        [group] = page.context["groups"]
        assert (group.count, len(group.items)) == (107, 100)
        assert "… and 7 more." in page.content.decode()
        assert "Confirm 107 cancellations" in page.content.decode()

    def test_each_refusal_is_counted_over_all_items(self, desk, crowd, order):
        items = [OrderItemFactory(order=order) for _ in range(3)]
        page = desk.announce("confirm", *crowd(1), *items).content.decode()
        assert "3 items cannot be changed" in page
        assert "3 &times; Nobody has requested to cancel this item." in page

    def test_where_nothing_can_be_done_only_the_way_back_is_offered(self, desk, item):
        page = desk.announce("confirm", item)
        assert 'type="submit"' not in page.content.decode().split("cancellation-buttons")[1]
        assert "id_note" not in page.content.decode()

    def test_back_leads_to_the_list_as_it_was_filtered(self, desk, cancellation):
        page = desk.announce("confirm", cancellation.order_item, awaiting="yes", p="1")
        listed = desk.url("changelist") + "?awaiting=yes"
        back = f"{listed}&amp;p=1&amp;ticked={cancellation.order_item.pk}"
        assert f'href="{back}" class="cancellation-back"' in page.content.decode()
        assert desk.decide(page).redirect_chain == [(listed, 302)]

    def test_an_error_is_said_in_the_title_and_has_the_focus(self, desk, cancellation, settings):
        settings.TIMP_ORDERS = {"REJECTION_NEEDS_REASON": True}
        page = desk.announce("reject", cancellation.order_item)
        assert "<title>Reject cancellation" in page.content.decode()
        assert "autofocus" not in page.content.decode()
        again = desk.decide(page).content.decode()
        assert "<title>Error: Reject cancellation" in again
        assert re.findall(r'name="(\w+)"[^>]* autofocus', again) == ["reason"]

    def test_tables_that_scroll_are_reached_by_the_keyboard_and_have_a_name(
        self, desk, cancellation
    ):
        item = cancellation.order_item
        for page in (
            desk.announce("confirm", item),
            desk.client.get(desk.url("change", item.pk)),
        ):
            text = page.content.decode()
            tables = re.findall(r'<div class="cancellation-table"[^>]*>', text)
            names = re.findall(
                r'cancellation-table"[^>]* role="region" tabindex="0" aria-labelledby="([\w-]+)">',
                text,
            )
            assert len(names) == len(tables) > 0
            assert all(f'id="{name}"' in text for name in names)

    def test_nothing_is_selected_without_a_selection(self, desk, item):
        page = desk.announce("confirm")
        assert page.status_code == 302

    def test_an_empty_list_says_so(self, desk, cancellation):
        item = cancellation.order_item
        page = desk.announce("confirm", item)
        assert "Nothing is selected" not in page.content.decode()
        page = desk.announce("confirm", item, awaiting="no")
        assert "Nothing is selected" in page.content.decode()

    def test_one_item_is_announced_by_its_own_address(self, desk, cancellation):
        item = cancellation.order_item
        page = desk.client.get(desk.url("cancellation_action", item.pk, "confirm"))
        assert kinds(page) == {"change": 1}
        assert statuses() == {"requested"}
        response = desk.decide(page)
        assert response.redirect_chain == [(desk.url("change", item.pk), 302)]
        assert said(response) == ["1 cancellation was confirmed."]

    @pytest.mark.parametrize(("pk", "action"), [("0", "confirm"), ("x", "confirm"), (None, "eat")])
    def test_an_unknown_item_or_action_is_not_found(self, desk, item, pk, action):
        url = desk.url("cancellation_action", pk or item.pk, action)
        assert desk.client.get(url).status_code == 404


class TestAfterwards:
    def test_the_trail_says_who_and_through_which_door(self, desk, superuser, cancellation):
        desk.act("confirm", cancellation.order_item, note="By phone")
        cancellation.refresh_from_db()
        assert cancellation.decided_by == superuser
        assert (cancellation.decided_via, cancellation.decision_note) == ("admin", "By phone")

    def test_the_messages_count_each_outcome_and_name_what_was_refused(self, desk, crowd, order):
        replay, shipped = crowd(2)
        OrderItem.objects.filter(pk=shipped.pk).update(status="HasTracking")
        desk.act("confirm", replay)
        never = OrderItemFactory(order=order)
        assert desk.act("confirm", *crowd(3), replay, shipped, never) == [
            "3 cancellations were confirmed.",
            "1 cancellation was already confirmed.",
            f"1 item was refused: The item has already been shipped. ({shipped.uuid})",
            f"1 item was refused: Nobody has requested to cancel this item. ({never.uuid})",
        ]

    def test_of_many_refused_alike_the_first_are_named(self, desk, order, crowd):
        items = OrderItemFactory.create_batch(8, order=order)
        message = desk.act("confirm", *items, *crowd(1))[1]
        assert message.startswith("8 items were refused: Nobody has requested")
        assert message.endswith(" and 3 more)")
        assert len(re.findall(r"\w{8}(?:-\w{4}){3}-\w{12}", message)) == 5

    def test_django_s_own_history_gets_an_entry_for_each_that_changed(
        self, desk, superuser, crowd, item
    ):
        changed = crowd(3)
        desk.act("confirm", *changed, item)
        entries = LogEntry.objects.all()
        assert {entry.object_id for entry in entries} == {str(item.pk) for item in changed}
        assert {entry.user for entry in entries} == {superuser}
        assert {entry.get_change_message() for entry in entries} == {
            "Changed cancellation (confirmed)."
        }
        assert {entry.get_edited_object() for entry in entries} == set(changed)
        assert {entry.object_repr for entry in entries} == {str(item) for item in changed}

    def test_other_suppliers_items_are_decided_by_an_operator_alike(self, desk):
        cancellation = CancellationFactory(order_item__supplier=OrganizationFactory())
        assert desk.act("withdraw", cancellation.order_item) == ["1 request was withdrawn."]
