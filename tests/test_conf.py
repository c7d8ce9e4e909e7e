"""The settings: read when used, so that ``override_settings`` works."""

import pytest
from django.test import override_settings
from rest_framework.authentication import BasicAuthentication, TokenAuthentication

from timp_orders.conf import Setting, Settings, order_item_model_label, settings
from timp_orders.policy import Policy

KEYS = [name for name, value in vars(Settings).items() if isinstance(value, Setting)]


class OwnPolicy(Policy):
    pass


@pytest.mark.parametrize("key", KEYS)
def test_a_key_that_is_not_set_has_its_default_which_is_right(key):
    setting = getattr(Settings, key)
    with override_settings(TIMP_ORDERS={}):
        assert getattr(settings, key) == setting.default
    assert setting.valid(setting.default)
    assert setting.expected


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_read_whenever_it_is_used(key):
    for value in ("one", "other"):
        with override_settings(TIMP_ORDERS={key: value}):
            assert getattr(settings, key) == value


def test_without_the_dictionary_all_is_as_it_comes(settings):
    if hasattr(settings, "TIMP_ORDERS"):
        del settings.TIMP_ORDERS
    assert Settings().PAGE_SIZE == 50


@pytest.mark.parametrize("wrong", [None, "PAGE_SIZE", ["PAGE_SIZE"]])
def test_what_is_no_dictionary_leaves_the_checks_to_be_reached(wrong):
    with override_settings(TIMP_ORDERS=wrong):
        assert settings.PAGE_SIZE == 50


def test_dotted_paths_are_followed_whenever_they_are_used():
    assert type(settings.policy) is Policy
    assert settings.authentication_classes[0] is TokenAuthentication
    basic = "rest_framework.authentication.BasicAuthentication"
    with override_settings(
        TIMP_ORDERS={"POLICY": f"{__name__}.OwnPolicy", "AUTHENTICATION_CLASSES": [basic]}
    ):
        assert type(settings.policy) is OwnPolicy
        assert settings.authentication_classes == [BasicAuthentication]


def test_the_order_item_model_is_the_apps_own_unless_another_is_named():
    with override_settings():
        assert order_item_model_label() == "timp_orders.OrderItem"
    with override_settings(TIMP_ORDERS_ORDER_ITEM_MODEL="shop.OrderLine"):
        assert order_item_model_label() == "shop.OrderLine"
