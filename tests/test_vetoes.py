"""A veto of a receiver costs its own item only, and few calls."""

from uuid import uuid4

import pytest

from timp_orders.errors import Veto
from timp_orders.services import Outcome
from timp_orders.services.vetoes import around_vetoes

UUIDS = [uuid4() for _ in range(1000)]


class Service:
    """Vetoes the first of some items that it meets."""

    def __init__(self, vetoed, *, names=True):
        self.vetoed, self.names, self.calls = set(vetoed), names, 0

    def __call__(self, uuids):
        self.calls += 1
        for uuid in uuids:
            if uuid in self.vetoed:
                raise Veto(order_item_uuid=uuid if self.names else None)
        return Outcome(changed=list(uuids))


def results(outcomes):
    changed, refused = [], []
    for outcome in outcomes:
        changed += outcome.changed
        refused += outcome.refused
        assert not outcome.unchanged
    return changed, refused


@pytest.mark.parametrize(
    "vetoed",
    [[], UUIDS[:1], UUIDS[-1:], UUIDS[3:5], UUIDS[::10], UUIDS],
    ids=["none", "the first", "the last", "two in a row", "each tenth", "all"],
)
def test_all_others_are_changed_once_and_in_their_order(vetoed):
    changed, refused = results(around_vetoes(Service(vetoed), UUIDS))
    assert changed == [uuid for uuid in UUIDS if uuid not in set(vetoed)]
    assert refused == list(vetoed)


def test_each_veto_costs_two_calls_at_most():
    service = Service(UUIDS[5::10])
    results(around_vetoes(service, UUIDS))
    assert service.calls <= 2 * 100 + 1


def test_a_veto_that_says_no_item_refuses_all():
    service = Service(UUIDS[:1], names=False)
    assert results(around_vetoes(service, UUIDS)) == ([], UUIDS)
    assert service.calls == 1


def test_without_items_nothing_is_called():
    service = Service([])
    assert results(around_vetoes(service, [])) == ([], [])
    assert service.calls == 0
