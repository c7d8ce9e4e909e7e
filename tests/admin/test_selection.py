"""What the confirmation page sends back to the server."""

from uuid import uuid4

import pytest

from tests.admin.staff_client import said
from timp_orders.admin.selection import Announced, Selection
from timp_orders.models import Cancellation, OrderItem
from timp_orders.states import Action
from timp_orders.testing import OrderFactory, UserFactory

pytestmark = pytest.mark.django_db


class TestSelection:
    ROWS = [
        Announced(3, None, "change"),
        Announced(9, 4, "replay", is_open=True),
        Announced(11, 2, "not_found"),
    ]

    def test_it_comes_back_as_it_was_packed(self, superuser):
        packed = Selection(Action.CONFIRM, "/back/", self.ROWS, uuid4())
        text = packed.dumps(superuser)
        assert Selection.loads(text, OrderItem, superuser) == packed

    def test_keys_that_are_no_integers_do_too(self, superuser):
        rows = [Announced(order.uuid, None, "change") for order in OrderFactory.create_batch(2)]

        class Keyed:
            class _meta:
                pk = OrderItem._meta.get_field("uuid")

        text = Selection(Action.REJECT, "/", rows, uuid4()).dumps(superuser)
        assert Selection.loads(text, Keyed, superuser).rows == rows

    def test_many_items_of_consecutive_keys_are_a_short_text(self, superuser):
        rows = [Announced(pk, pk + 5, "change") for pk in range(1, 10_001)]
        assert len(Selection(Action.CONFIRM, "/", rows, uuid4()).dumps(superuser)) < 500

    @pytest.mark.parametrize(
        "spoil", [lambda text: "", lambda text: text[:-1], lambda text: "x" + text]
    )
    def test_a_spoilt_one_changes_nothing(self, desk, cancellation, spoil):
        page = desk.announce("confirm", cancellation.order_item)
        response = desk.decide(page, selection=spoil(page.context["selection"]))
        assert said(response) == [
            "The page could not be read; nothing was changed. Please select again."
        ]
        assert Cancellation.objects.get().status == "requested"

    def test_that_of_another_user_changes_nothing(self, desk, desk_of, cancellation):
        page = desk.announce("confirm", cancellation.order_item)
        other = desk_of(UserFactory(is_staff=True, is_superuser=True))
        assert "could not be read" in said(other.decide(page))[0]
        assert Cancellation.objects.get().status == "requested"

    def test_one_that_django_would_refuse_is_refused_before_the_page(self, desk, crowd, settings):
        items = crowd(2)
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2000 * 12 + 1100
        response = desk.announce("confirm", *items)
        assert response["Location"].startswith(desk.url("changelist"))
        assert said(desk.list()) == [
            "Too many items are selected for one page; nothing was changed."
        ]

    def test_without_such_a_limit_none_is(self, superuser, settings):
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = None
        assert Selection(Action.CONFIRM, "/", self.ROWS, uuid4()).dumps(superuser)
