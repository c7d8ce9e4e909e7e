"""The example project's endpoints in the admin: each organization's staff keep their own."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django_tasks_db.models import DBTaskResult
from notifications.models import Attempt, Endpoint, MailPreference, Message

from timp_orders.testing import OrganizationFactory, UserFactory

URL = "https://hook.example/"


@pytest.fixture
def keeper(supplier):
    """A member of the supplier's, who keeps its endpoints."""
    user = UserFactory(is_staff=True, permissions=["view_organization"])
    user.user_permissions.add(*Permission.objects.filter(content_type__app_label="notifications"))
    supplier.members.add(user)
    return user


@pytest.fixture
def client(client, keeper):
    client.force_login(keeper)
    return client


@pytest.fixture
def own(supplier):
    return Endpoint.objects.create(organization=supplier, url=f"{URL}own")


@pytest.fixture
def others(db):
    return Endpoint.objects.create(organization=OrganizationFactory(), url=f"{URL}others")


def message_to(endpoint, **more):
    message = Message.objects.create(endpoint=endpoint, type="a.b", body="{}", **more)
    Attempt.objects.create(message=message, status=500, milliseconds=12)
    return message


def url(model, name, *args):
    return reverse(f"admin:notifications_{model}_{name}", args=args)


def form(organization, to=URL, **more):
    return {"organization": organization.pk, "url": to, "is_active": "on", **more}


class TestSecrets:
    def test_it_is_shown_once_as_it_is_made(self, client, supplier):
        page = client.post(url("endpoint", "add"), form(supplier))
        made = Endpoint.objects.get()
        assert made.secret in page.text
        assert "no-store" in page["cache-control"]
        for later in (
            url("endpoint", "changelist"),
            url("endpoint", "change", made.pk),
            url("endpoint", "history", made.pk),
        ):
            assert made.secret.removeprefix("whsec_") not in client.get(later).text

    def test_it_is_rotated_by_a_button(self, client, own):
        old = own.secret
        page = client.get(url("endpoint", "change", own.pk))
        assert f'action="{url("endpoint", "rotate", own.pk)}"' in page.text
        page = client.post(url("endpoint", "rotate", own.pk))
        own.refresh_from_db()
        assert own.secret in page.text
        assert old not in page.text
        assert "for 24 hours" in page.text
        assert own.secrets() == [own.secret, old]
        assert "Rotated the secret." in client.get(url("endpoint", "history", own.pk)).text

    def test_not_by_a_link(self, client, own):
        assert client.get(url("endpoint", "rotate", own.pk)).status_code == 405

    def test_not_by_whoever_may_only_look(self, client, own, keeper):
        keeper.user_permissions.remove(Permission.objects.get(codename="change_endpoint"))
        assert "Rotate" not in client.get(url("endpoint", "change", own.pk)).text
        assert client.post(url("endpoint", "rotate", own.pk)).status_code == 403
        assert Endpoint.objects.get().secret == own.secret


class TestOthers:
    def test_they_do_not_exist(self, client, own, others):
        message = message_to(others)
        preference = MailPreference.objects.create(
            organization=others.organization, frequency="daily"
        )
        page = client.get(url("endpoint", "changelist"))
        assert own.url in page.text
        assert others.url not in page.text
        for model, row in [
            ("endpoint", others),
            ("message", message),
            ("mailpreference", preference),
        ]:
            assert row not in client.get(url(model, "changelist")).context["cl"].result_list
            for name in ("change", "delete", "history"):
                assert client.get(url(model, name, row.pk)).status_code == 404
            assert client.post(url(model, "change", row.pk), {}).status_code == 404
        assert client.post(url("endpoint", "rotate", others.pk)).status_code == 404
        assert client.post(url("endpoint", "delete", others.pk), {"post": "yes"}).status_code == 404
        for model, row in [("endpoint", others), ("mailpreference", preference)]:
            client.post(
                url(model, "changelist"),
                {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"},
            )
        before, others_again = others, Endpoint.objects.get(pk=others.pk)
        assert others_again.secret == before.secret
        assert MailPreference.objects.exists()

    def test_none_is_made_for_them(self, client, others):
        page = client.post(url("endpoint", "add"), form(others.organization))
        assert "organization" in page.context["adminform"].form.errors
        page = client.post(
            url("mailpreference", "add"),
            {"organization": others.organization.pk, "frequency": "daily"},
        )
        assert "organization" in page.context["adminform"].form.errors

    def test_none_is_moved_to_them(self, client, own, others):
        client.post(url("endpoint", "change", own.pk), form(others.organization, f"{URL}new"))
        own.refresh_from_db()
        assert own.url == f"{URL}new"
        assert own.organization != others.organization

    def test_their_messages_are_not_sent_again(self, client, others):
        message = message_to(others, state="given up")
        client.post(
            url("message", "changelist"),
            {"action": "send_again", "_selected_action": [str(message.pk)]},
        )
        assert not DBTaskResult.objects.exists()

    def test_operators_see_all(self, client, own, others):
        client.force_login(UserFactory(is_staff=True, is_superuser=True))
        page = client.get(url("endpoint", "changelist"))
        assert own.url in page.text
        assert others.url in page.text


class TestStates:
    def test_one_that_is_gone_says_so_until_it_is_switched_on_again(self, client, own):
        own.is_active, own.switched_off_because, own.failures = False, "It answered 410 Gone.", 3
        own.save()
        for page in (url("endpoint", "changelist"), url("endpoint", "change", own.pk)):
            assert "Switched off. It answered 410 Gone." in client.get(page).text
        client.post(url("endpoint", "change", own.pk), form(own.organization, own.url))
        own.refresh_from_db()
        assert (own.is_active, own.switched_off_because, own.failures) == (True, "", 0)
        assert "In order." in client.get(url("endpoint", "changelist")).text

    def test_one_that_fails_says_how_often(self, client, own):
        own.failures = 3
        own.save()
        assert "Failed 3 times in a row." in client.get(url("endpoint", "changelist")).text

    def test_only_public_https_urls_are_kept(self, client, supplier):
        for to in ("http://hook.example/", "https://127.0.0.1/", "https://169.254.169.254/latest"):
            page = client.post(url("endpoint", "add"), form(supplier, to))
            assert "url" in page.context["adminform"].form.errors
        assert not Endpoint.objects.exists()


class TestLog:
    def test_it_is_shown_and_not_written(self, client, own):
        message = message_to(own)
        assert message.webhook_id in client.get(url("message", "changelist")).text
        page = client.get(url("message", "change", message.pk)).text
        assert "500" in page
        assert client.get(url("message", "add")).status_code == 403
        assert client.post(url("message", "change", message.pk), {}).status_code == 403
        assert client.post(url("message", "delete", message.pk), {}).status_code == 403

    def test_given_up_ones_are_sent_again(self, client, own):
        message = message_to(own, state="given up")
        data = {"action": "send_again", "_selected_action": [str(message.pk)]}
        page = client.post(url("message", "changelist"), data, follow=True)
        assert "1 are sent again." in page.text
        message.refresh_from_db()
        assert message.state == "pending"
        assert DBTaskResult.objects.get().args_kwargs["args"] == [str(message.pk)]

    def test_not_by_whoever_may_only_look(self, client, own, keeper):
        keeper.user_permissions.remove(Permission.objects.get(codename="change_endpoint"))
        message = message_to(own, state="given up")
        data = {"action": "send_again", "_selected_action": [str(message.pk)]}
        client.post(url("message", "changelist"), data)
        assert not DBTaskResult.objects.exists()


def test_preferences_are_kept(client, supplier):
    data = {"organization": supplier.pk, "frequency": "daily"}
    assert client.post(url("mailpreference", "add"), data).status_code == 302
    assert str(MailPreference.objects.get()) == f"{supplier}: once a day"
    assert "once a day" in client.get(url("mailpreference", "changelist")).text
