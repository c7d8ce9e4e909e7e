from itertools import product

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef

from timp_orders.models import OrderItem, Organization
from timp_orders.policy import SYSTEM, Policy, Standing
from timp_orders.states import Side
from timp_orders.testing import (
    OrderItemFactory,
    OrganizationFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

ALL = ("cancel_order", "cancel_any_order", "view_any_order")


@pytest.mark.parametrize(
    ("cancel_order", "cancel_any_order", "view_any_order"), list(product((False, True), repeat=3))
)
def test_permissions_sum_up_to_a_standing(cancel_order, cancel_any_order, view_any_order):
    held = [
        name
        for name, held in zip(ALL, (cancel_order, cancel_any_order, view_any_order), strict=True)
        if held
    ]
    standing = Policy().standing(UserFactory(permissions=held))
    assert standing == Standing(
        either_side=cancel_any_order,
        sees_all=cancel_any_order or view_any_order,
        may_cancel=cancel_any_order or cancel_order,
    )


def test_a_superuser_is_an_operator():
    user = UserFactory(is_superuser=True, permissions=[])
    assert Policy().standing(user) == Standing(either_side=True, sees_all=True, may_cancel=True)


def test_an_inactive_superuser_may_nothing():
    user = UserFactory(is_superuser=True, is_active=False)
    assert Policy().standing(user) == Standing(either_side=False, sees_all=False, may_cancel=False)


def test_the_system_itself_may_do_all():
    assert Policy().standing(SYSTEM) == Standing(either_side=True, sees_all=True, may_cancel=True)


class TestVisibility:
    @pytest.fixture
    def others_item(self):
        return OrderItemFactory()

    def visible(self, user):
        return set(OrderItem.objects.visible_to(user))

    def test_members_of_the_supplier_see_the_item(self, item, others_item, supplier_user):
        assert self.visible(supplier_user) == {item}

    def test_members_of_the_retailer_see_the_item(self, item, others_item, retailer_user):
        assert self.visible(retailer_user) == {item}

    def test_a_stranger_sees_nothing(self, item, others_item):
        assert self.visible(UserFactory()) == set()

    def test_nobody_signed_in_sees_nothing(self, item, others_item):
        assert self.visible(AnonymousUser()) == set()

    def test_the_system_itself_sees_everything(self, item, others_item):
        assert self.visible(SYSTEM) == {item, others_item}

    @pytest.mark.parametrize("wrong", [None, "supplier", 7])
    def test_what_is_no_user_is_a_type_error(self, item, wrong):
        with pytest.raises(TypeError, match="no user"):
            self.visible(wrong)

    def test_a_user_who_was_deactivated_sees_nothing(self, item):
        member = UserFactory(is_active=False)
        item.supplier.members.add(member)
        assert self.visible(member) == set()
        for side in Side:
            assert not OrderItem.objects.on_side(member, side)

    @pytest.mark.parametrize("permission", ["cancel_any_order", "view_any_order"])
    def test_operators_and_auditors_see_everything(self, item, others_item, permission):
        assert self.visible(UserFactory(permissions=[permission])) == {item, others_item}

    def test_an_item_is_seen_once_by_a_member_of_both_sides(self, item, supplier_user, retailer):
        retailer.members.add(supplier_user)
        assert list(OrderItem.objects.visible_to(supplier_user)) == [item]

    def test_an_item_is_seen_once_by_whom_two_memberships_lead_to_it(self, supplier_user):
        one, two = OrganizationFactory.create_batch(2, members=[supplier_user])
        items = {OrderItemFactory(supplier=one), OrderItemFactory(supplier=two)}
        assert set(OrderItem.objects.visible_to(supplier_user)) == items
        assert OrderItem.objects.visible_to(supplier_user).count() == 2

    def test_the_kind_of_organization_decides_the_side(self, supplier_user):
        """A retailer's user sees nothing of an item that is merely supplied by it."""
        retailer = OrganizationFactory(org_type="retailer", members=[supplier_user])
        OrderItemFactory(supplier=retailer)
        assert self.visible(supplier_user) == set()

    def test_visibility_goes_on_from_any_query_set(self, item, supplier, supplier_user):
        shipped = OrderItemFactory(supplier=supplier, status="HasTracking")
        items = OrderItem.objects.filter(status="HasTracking").visible_to(supplier_user)
        assert list(items) == [shipped]

    @pytest.mark.parametrize("side", Side)
    def test_a_side_is_kept(self, item, side, supplier_user, retailer_user):
        kept = {
            user: list(OrderItem.objects.all().on_side(user, side))
            for user in (supplier_user, retailer_user)
        }
        mine, other = (
            (supplier_user, retailer_user)
            if side == Side.SUPPLIER
            else (retailer_user, supplier_user)
        )
        assert kept == {mine: [item], other: []}

    def test_nobody_signed_in_stands_on_no_side(self, item):
        assert not OrderItem.objects.all().on_side(AnonymousUser(), Side.SUPPLIER)


def test_a_user_who_is_not_saved_stands_on_no_side(item, supplier_user):
    """Not on that of the organizations without members."""
    OrderItemFactory()
    unsaved = type(supplier_user)(username="unsaved")
    for side in Side:
        assert not Policy().on_side(OrderItem.objects.all(), unsaved, side)
    assert not any(Policy().organizations(unsaved, "default").values())


class JoiningPolicy(Policy):
    """A host's policy that joins many-to-many rows, and so doubles items."""

    def on_side(self, queryset, user, side):
        path = "supplier" if side == Side.SUPPLIER else "order__retailer"
        return queryset.filter(**{f"{path}__members__username__contains": "user"})


class ExistsPolicy(Policy):
    def on_side(self, queryset, user, side):
        path = "supplier" if side == Side.SUPPLIER else "order__retailer"
        own = Organization.objects.filter(pk=OuterRef(path), members=user)
        return queryset.filter(Exists(own))


def test_a_policy_that_joins_does_not_double_items(settings):
    settings.TIMP_ORDERS = {"POLICY": f"{__name__}.JoiningPolicy"}
    members = UserFactory.create_batch(3)
    item = OrderItemFactory(supplier=OrganizationFactory(members=members))
    assert list(OrderItem.objects.visible_to(members[0])) == [item]


def test_a_hosts_policy_decides_who_sees_what(settings, item, supplier_user, retailer_user):
    settings.TIMP_ORDERS = {"POLICY": f"{__name__}.ExistsPolicy"}
    assert list(OrderItem.objects.visible_to(supplier_user)) == [item]
    assert list(OrderItem.objects.visible_to(retailer_user)) == [item]
    assert not OrderItem.objects.visible_to(UserFactory())


def test_organizations_are_read_by_side(supplier, retailer, supplier_user):
    retailer.members.add(supplier_user)
    assert Policy().organizations(supplier_user, "default") == {
        Side.SUPPLIER: [supplier],
        Side.RETAILER: [retailer],
    }


def test_a_policy_of_the_hosts_is_asked_for_each_side_instead(supplier_user):
    assert JoiningPolicy().organizations(supplier_user, "default") is None


def test_a_member_of_both_sides_sees_the_items_of_either(item, retailer, supplier_user):
    retailer.members.add(supplier_user)
    elsewhere = OrderItemFactory(order=item.order)
    OrderItemFactory()
    assert set(OrderItem.objects.visible_to(supplier_user)) == {item, elsewhere}
