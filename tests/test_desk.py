"""The example's page on which a supplier's people decide, and the service that it reads by."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from timp_orders import services
from timp_orders.models import Cancellation, OrderItem
from timp_orders.services import SYSTEM, items_for, supported_actions
from timp_orders.testing import CancellationFactory, OrderItemFactory, UserFactory

pytestmark = pytest.mark.django_db

PATH = "/desk/"


@pytest.fixture
def page(supplier_user):
    """Open the page, by default as the supplier's user."""

    def page(user=supplier_user, query=""):
        client = Client()
        client.force_login(user)
        return client.get(PATH + query).content.decode()

    return page


@pytest.fixture
def decide(supplier_user):
    """Post a decision; return the page that follows."""

    def decide(made, user=supplier_user, action="confirm", **data):
        client = Client()
        client.force_login(user)
        form = {"action": action, "cancellation": str(made.uuid), **data}
        path = f"{PATH}{made.order_item.uuid}/"
        return client.post(path, form, follow=True).content.decode()

    return decide


class TestItemsFor:
    def test_each_item_has_its_cancellation_and_actions_without_a_statement(
        self, order, supplier, supplier_user
    ):
        waiting = CancellationFactory(order_item__order=order, order_item__supplier=supplier)
        OrderItemFactory(order=order, supplier=supplier)
        items = items_for(supplier_user, OrderItem.objects.order_by("-pk"))
        with CaptureQueriesContext(connection) as captured:
            told = [
                (item.timp_cancellation, supported_actions(item, supplier_user), item.order)
                for item in items
            ]
        assert not captured
        assert told == [(None, [], order), (waiting, ["confirm", "reject"], order)]

    @pytest.mark.parametrize("by", ["query set", "list"])
    def test_the_order_is_kept_and_the_statements_do_not_grow(self, order, supplier, by):
        user = UserFactory()
        supplier.members.add(user)

        def statements(count):
            made = OrderItemFactory.create_batch(count, order=order, supplier=supplier)
            wanted = sorted(made, key=lambda item: -item.pk)
            items = OrderItem.objects.filter(pk__in=[it.pk for it in made]).order_by("-pk")
            named = items if by == "query set" else wanted
            reader = type(user).objects.get(pk=user.pk)
            with CaptureQueriesContext(connection) as captured:
                assert items_for(reader, named) == wanted
            return len(captured)

        assert statements(1) == statements(40)

    def test_what_the_user_may_not_see_is_left_out(self, item, supplier_user):
        OrderItemFactory()
        assert items_for(supplier_user, OrderItem.objects.all()) == [item]
        assert len(items_for(SYSTEM, OrderItem.objects.all())) == 2

    @pytest.mark.parametrize("user", [None, "system"])
    def test_nobody_is_a_type_error(self, user):
        with pytest.raises(TypeError):
            items_for(user, OrderItem.objects.all())


class TestPage:
    def test_it_says_until_when_an_answer_is_waited_for(self, client, supplier_user, cancellation):
        client.force_login(supplier_user)
        assert "Answer by" not in client.get(PATH).content.decode()
        moment = datetime(2030, 1, 2, 15, 30, tzinfo=UTC)
        Cancellation.unguarded.filter(pk=cancellation.pk).update(respond_by=moment)
        assert "2 Jan 2030, 15:30</time></strong>" in client.get(PATH).content.decode()

    def test_it_asks_who_comes(self, client, cancellation):
        response = client.get(PATH)
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/")
        assert client.post(f"{PATH}{cancellation.order_item.uuid}/").status_code == 302
        cancellation.refresh_from_db()
        assert cancellation.status == "requested"

    def test_a_suppliers_user_who_is_no_staff_sees_what_waits(self, page, cancellation):
        hidden = CancellationFactory()
        text = page()
        assert cancellation.order_item.sku_id in text
        assert hidden.order_item.sku_id not in text
        assert "1 waiting" in text

    @pytest.mark.parametrize(
        ("action", "status"), [("confirm", "confirmed"), ("reject", "rejected")]
    )
    def test_a_decision_is_made_by_the_service(
        self, decide, cancellation, supplier_user, action, status
    ):
        text = decide(cancellation, action=action, note=" By telephone. ")
        assert f"{cancellation.order_item.sku_id}: {status}." in text
        cancellation.refresh_from_db()
        assert cancellation.status == status
        assert (cancellation.decided_by, cancellation.decision_note) == (
            supplier_user,
            " By telephone. ",
        )

    def test_a_refusal_is_told(self, decide, cancellation, retailer_user):
        assert "Only the other side of the order" in decide(cancellation, user=retailer_user)
        assert "There is no such order item" in decide(cancellation, user=UserFactory())

    def test_another_cancellation_than_the_page_showed_is_not_decided(self, decide, cancellation):
        services.withdraw_cancellation(cancellation.order_item, by=SYSTEM)
        services.request_cancellation(cancellation.order_item, by=SYSTEM)
        assert "A newer cancellation has replaced" in decide(cancellation)

    @pytest.mark.parametrize(
        "data",
        [{"action": "withdraw"}, {"cancellation": "x"}, {"cancellation": ""}, {"note": "x" * 2001}],
    )
    def test_a_wrong_form_is_told_and_decides_nothing(self, decide, cancellation, data):
        assert 'class="error"' in decide(cancellation, **data)
        cancellation.refresh_from_db()
        assert cancellation.status == "requested"

    def test_who_may_not_decide_gets_no_buttons(self, page, cancellation, retailer_user):
        assert "Nothing for you to decide." in page(retailer_user)
        assert 'value="confirm"' not in page(retailer_user)

    def test_names_of_items_are_escaped(self, page, cancellation):
        OrderItem.objects.update(sku_name="<script>alert(1)</script>")
        assert "<script>" not in page()

    def test_without_its_csrf_token_a_post_is_refused(self, cancellation, supplier_user):
        client = Client(enforce_csrf_checks=True)
        client.force_login(supplier_user)
        path = f"{PATH}{cancellation.order_item.uuid}/"
        assert client.post(path, {"action": "confirm"}).status_code == 403

    def test_many_are_paged_and_take_no_more_statements(self, order, supplier, supplier_user):
        client = Client()
        client.force_login(supplier_user)

        def statements(count):
            for item in OrderItemFactory.create_batch(count, order=order, supplier=supplier):
                CancellationFactory(order_item=item)
            with CaptureQueriesContext(connection) as captured:
                text = client.get(PATH).content.decode()
            return len(captured), text

        few, _ = statements(2)
        many, text = statements(30)
        assert few == many
        assert text.count('value="confirm"') == 25
        assert 'href="?page=2"' in text
