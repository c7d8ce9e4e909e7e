from uuid import uuid4

import pytest
from django.utils import translation

from timp_orders import errors
from timp_orders.services.outcome import Outcome

CLASSES = [getattr(errors, name) for name in errors.__all__]


def test_every_error_is_exported():
    defined = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    assert defined == set(errors.__all__)


def test_every_refusal_has_a_code_of_its_own():
    codes = [error.code for error in CLASSES]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("error", CLASSES)
def test_an_errors_text_is_its_message_in_the_language_of_who_reads_it(error):
    with translation.override("en"):
        assert str(error()) == str(error.message) != ""
    assert str(error("as told")) == "as told"


@pytest.mark.parametrize("error", CLASSES)
def test_the_tree_in_the_docstring_names_every_error(error):
    assert f"{error.__name__} " in errors.__doc__ or f"{error.__name__}\n" in errors.__doc__


def test_an_outcome_without_refusals_raises_nothing():
    Outcome(changed=[uuid4()]).raise_if_refused()


def test_an_outcome_with_refusals_raises_the_first_one():
    uuid = uuid4()
    first = errors.AlreadyShipped(order_item_uuid=uuid, item_status="HasTracking")
    outcome = Outcome(refused={uuid: first, uuid4(): errors.NotFound()})
    with pytest.raises(errors.AlreadyShipped, match=str(uuid)) as raised:
        outcome.raise_if_refused()
    assert raised.value.order_item_uuid == uuid
    assert raised.value.item_status == "HasTracking"
    assert str(uuid) not in str(first)  # which an answer shows beside the UUID
