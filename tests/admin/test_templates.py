"""What a host's, or another package's, templates add to a page stays beside what the app adds."""

from copy import deepcopy

import pytest
from django.conf import settings
from django.contrib import admin
from django.http import HttpResponse
from django.test import override_settings

from timp_orders.admin import CancellationActionsMixin, CancellationAdmin
from timp_orders.admin.extending import extended
from timp_orders.models import Cancellation, OrderItem

pytestmark = pytest.mark.django_db

BUTTON = (
    '{% extends "admin/<name>.html" %}'
    "{% block object-tools-items %}<li>their button</li>{{ block.super }}{% endblock %}"
)
TEMPLATES = {
    f"their_{name}.html": BUTTON.replace("<name>", name) for name in ("change_form", "change_list")
}


class Theirs:
    """As packages of buttons, imports and exports do it."""

    change_form_template = "their_change_form.html"
    change_list_template = "their_change_list.html"


class TheirsFirst(Theirs, CancellationActionsMixin, admin.ModelAdmin):
    pass


class TheirsLast(CancellationActionsMixin, Theirs, admin.ModelAdmin):
    pass


class TheirExport(Theirs, CancellationAdmin):
    pass


@pytest.fixture
def host_templates():
    def use(templates):
        engines = deepcopy(settings.TEMPLATES)
        del engines[0]["APP_DIRS"]
        engines[0].setdefault("OPTIONS", {})["loaders"] = [
            ("django.template.loaders.locmem.Loader", templates),
            "django.template.loaders.app_directories.Loader",
        ]
        return override_settings(TEMPLATES=engines)

    return use


def page_of(admin_class, model, rf, user, **pk):
    request = rf.get("/")
    request.user = user
    view = admin_class(model, admin.site)
    page = view.change_view(request, **pk) if pk else view.changelist_view(request)
    return page.render().content.decode()


@pytest.mark.parametrize("admin_class", [TheirsFirst, TheirsLast])
def test_a_template_of_another_mixin_shows_its_buttons_and_the_trail(
    rf, superuser, item, cancellation, host_templates, admin_class
):
    with host_templates(TEMPLATES):
        page = page_of(admin_class, OrderItem, rf, superuser, object_id=str(item.pk))
    for part in ("their button", "cancellation-trail", "cancellation-confirm", "admin.css"):
        assert part in page


def test_a_template_by_the_name_of_the_model_shows_its_buttons_and_the_trail(
    desk, item, cancellation, host_templates
):
    templates = {
        "admin/timp_orders/orderitem/change_form.html": TEMPLATES["their_change_form.html"]
    }
    with host_templates(templates):
        page = desk.client.get(desk.url("change", item.pk)).content.decode()
    assert "their button" in page
    assert "cancellation-trail" in page


def test_a_template_of_another_mixin_shows_its_buttons_and_the_export(
    rf, superuser, cancellation, host_templates
):
    with host_templates(TEMPLATES):
        page = page_of(TheirExport, Cancellation, rf, superuser)
    assert "their button" in page
    assert "/admin/timp_orders/cancellation/export/" in page


def test_a_response_that_is_no_page_stays_as_it_is():
    response = HttpResponse("as it was")
    assert extended(response, "other.html", {}) is response
    assert response.content == b"as it was"
