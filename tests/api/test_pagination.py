"""Pages of a model whose keys are no numbers, as a host's may be."""

import pytest
from rest_framework.authtoken.models import Token
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from timp_orders.api.pagination import KeyPagination
from timp_orders.testing import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def keys():
    keys = ["a b", "after-1", "ü&=?", "z" * 40]
    for key in keys:
        Token.objects.create(user=UserFactory(), key=key)
    return keys


@pytest.fixture
def page(rf):
    """Read a page; return its keys, and the paginator."""

    def page(url="/", **query):
        paginator = KeyPagination()
        request = Request(rf.get(url, query))
        return [token.key for token in paginator.paginate_queryset(Token.objects, request)], (
            paginator
        )

    return page


def test_each_key_comes_once_there_and_back(page, keys):
    found, paginator = page(page_size=1)
    while url := paginator.get_next_link():
        more, paginator = page(url)
        found += more
    assert sorted(found) == sorted(keys)
    back = []
    while url := paginator.get_previous_link():
        more, paginator = page(url)
        back += more
    assert back == found[-2::-1]


@pytest.mark.parametrize("cursor", ["", "after-", "before", "after-" + "z" * 41, "after-a\0"])
def test_what_is_no_key_is_refused(page, keys, cursor):
    with pytest.raises(ValidationError) as refused:
        page(cursor=cursor)
    assert list(refused.value.detail) == ["cursor"]


def test_a_page_that_became_empty_has_no_way_back(page):
    found, paginator = page(cursor="after-a")
    assert found == []
    assert paginator.get_previous_link() is None
