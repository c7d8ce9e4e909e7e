from functools import partial
from itertools import chain, combinations, product
from types import SimpleNamespace

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group, Permission, PermissionsMixin, User
from django.core.exceptions import PermissionDenied
from django.db import models
from django.utils.functional import SimpleLazyObject

from timp_orders.has_perm import _is_plain, _is_read_by_django, has_permission
from timp_orders.testing import UserFactory

pytestmark = pytest.mark.django_db

DJANGO = "django.contrib.auth.backends.ModelBackend"
OURS = ("cancel_order", "cancel_any_order", "view_any_order")
SUBSETS = list(chain.from_iterable(combinations(OURS, size) for size in range(4)))


def named(*codenames):
    return Permission.objects.filter(content_type__app_label="timp_orders", codename__in=codenames)


def user(own=(), of_groups=(), **fields):
    """A user as a request has it: nothing is read yet."""
    made = UserFactory(permissions=own, **fields)
    for codename in of_groups:
        group = Group.objects.create(name=f"{codename} {made.pk}")
        group.permissions.set(named(codename))
        made.groups.add(group)
    return User.objects.get(pk=made.pk)


def answers(user):
    return [has_permission(user, f"timp_orders.{codename}") for codename in OURS]


def answers_of_django(user):
    fresh = User.objects.get(pk=user.pk)
    return [fresh.has_perm(f"timp_orders.{codename}") for codename in OURS]


@pytest.mark.parametrize(("is_active", "is_superuser"), list(product((True, False), repeat=2)))
def test_whatever_is_granted_it_says_what_django_says(is_active, is_superuser):
    for own, of_groups in product(SUBSETS, repeat=2):
        one = user(own, of_groups, is_active=is_active, is_superuser=is_superuser)
        assert answers(one) == answers_of_django(one), (own, of_groups)


CACHES = ("_perm_cache", "_user_perm_cache", "_group_perm_cache")


@pytest.mark.parametrize(
    "kept", list(chain.from_iterable(combinations(CACHES, n) for n in range(4)))
)
@pytest.mark.parametrize("granted_to", ["user", "group"])
def test_with_any_of_djangos_caches_it_says_what_django_says_of_the_same_user(kept, granted_to):
    """Hosts delete some to have them read anew, or fill them themselves."""
    one = user((), OURS[:1])
    one.has_perm("timp_orders.cancel_order")  # fills all of them
    if granted_to == "user":
        one.user_permissions.set(named(*OURS[1:]))
    else:
        one.groups.first().permissions.set(named(*OURS[1:]))
    for cache in set(CACHES) - set(kept):
        del one.__dict__[cache]
    twin = User.objects.get(pk=one.pk)
    twin.__dict__ |= {cache: one.__dict__[cache] for cache in kept}
    assert answers(one) == [twin.has_perm(f"timp_orders.{codename}") for codename in OURS]


def test_a_user_who_was_read_from_another_database_is_left_to_django():
    one = user(OURS)
    assert _is_read_by_django(one, one.has_perm)
    one._state.db = "elsewhere"
    assert not _is_read_by_django(one, one.has_perm)


def test_what_others_are_granted_is_not_held():
    user(OURS, OURS)
    assert answers(user()) == [False, False, False]


def test_a_permission_of_another_app_by_the_same_name_is_not_held():
    one = user()
    elsewhere = Permission.objects.get(codename="view_user").content_type
    one.user_permissions.add(Permission.objects.create(content_type=elsewhere, codename=OURS[0]))
    assert answers(one) == answers_of_django(one) == [False, False, False]


def test_all_three_take_one_statement_together(django_assert_num_queries):
    one = user(OURS[:1], OURS[1:2])
    with django_assert_num_queries(1):
        assert answers(one) == [True, True, False]
        assert answers(one) == [True, True, False]


@pytest.mark.parametrize("fields", [{"is_superuser": True}, {"is_active": False}])
def test_who_may_all_or_nothing_takes_none(django_assert_num_queries, fields):
    one = user(OURS, **fields)
    with django_assert_num_queries(0):
        answers(one)


def test_what_django_has_read_already_is_not_read_again(django_assert_num_queries):
    one = user(OURS[:1])
    one.has_perm("auth.view_user")
    with django_assert_num_queries(0):
        assert answers(one) == [True, False, False]


def test_the_user_of_a_session_takes_one_statement_too(django_assert_num_queries):
    one = user(OURS[:1])
    lazy = SimpleLazyObject(lambda: one)
    with django_assert_num_queries(1):
        assert answers(lazy) == [True, False, False]


class Denying(ModelBackend):
    def has_perm(self, user_obj, perm, obj=None):
        raise PermissionDenied


class Granting(ModelBackend):
    def has_perm(self, user_obj, perm, obj=None):
        return True


@pytest.mark.parametrize(
    ("backends", "answer"),
    [(["Denying", DJANGO], False), ([DJANGO, "Granting"], True), (["Granting"], True)],
)
def test_other_backends_are_asked(settings, backends, answer):
    settings.AUTHENTICATION_BACKENDS = [
        name if name == DJANGO else f"{__name__}.{name}" for name in backends
    ]
    held, not_held = answers(user(OURS[:1]))[:2]
    assert (held, not_held) == ((True, True) if answer else (False, False))


def test_a_tuple_of_backends_is_read_as_a_list(settings, django_assert_num_queries):
    settings.AUTHENTICATION_BACKENDS = (DJANGO,)
    one = user(OURS[:1])
    with django_assert_num_queries(1):
        assert answers(one) == [True, False, False]


def test_a_user_model_that_answers_itself_is_asked():
    class Oracle(User):
        class Meta:
            proxy = True
            app_label = "tests"

        def has_perm(self, perm, obj=None):
            return perm.endswith("view_any_order")

    assert answers(Oracle.objects.get(pk=user(OURS[:1]).pk)) == [False, False, True]


def test_one_user_object_follows_what_django_would_say_later(settings):
    one = user(OURS[:1])
    assert answers(one) == [True, False, False]
    one.is_active = False
    assert answers(one) == [False, False, False]
    one.is_active = one.is_superuser = True
    assert answers(one) == [True, True, True]
    one.is_superuser = False
    settings.AUTHENTICATION_BACKENDS = [f"{__name__}.Denying"]
    assert answers(one) == [False, False, False]


def test_an_answer_of_the_object_s_own_is_asked_for():
    one = user(OURS[:1])
    one.has_perm = lambda permission: False
    assert answers(one) == [False, False, False]


def test_a_user_who_is_not_saved_is_refused_as_django_does():
    """Not taken for the members of every empty group."""
    Group.objects.create(name="empty").permissions.set(named(*OURS))
    unsaved = User(username="unsaved")
    for ask in (unsaved.has_perm, partial(has_permission, unsaved)):
        with pytest.raises(ValueError, match="needs to have a value"):
            ask("timp_orders.cancel_order")


def test_a_user_model_with_a_key_of_its_own_holds_what_its_parent_is_granted():
    """The relations are the parent's, and so are the keys in their tables."""

    class Staff(User):
        base = models.OneToOneField(User, models.CASCADE, parent_link=True)
        number = models.IntegerField(primary_key=True)

        class Meta:
            app_label = "tests"

    boss, clerk = user(OURS[:1]), user()
    numbers = {boss: 500 + boss.pk, clerk: boss.pk}
    for base, number in numbers.items():
        one = Staff(number=number, base=base, **{f: getattr(base, f) for f in ("id", "username")})
        assert _is_read_by_django(one, one.has_perm)
        assert answers(one) == answers_of_django(base)


def test_a_user_model_with_relations_of_two_parents_is_left_to_django():
    class Grouped(models.Model):
        grouped_id = models.BigAutoField(primary_key=True)
        groups = models.ManyToManyField(Group)

        class Meta:
            app_label = "tests"

    class Both(Grouped, PermissionsMixin):
        class Meta:
            app_label = "tests"

    assert Both._meta.get_field("groups").model is Grouped
    assert not _is_plain(Both)


@pytest.mark.parametrize("name", ["groups", "user_permissions", "is_anonymous"])
def test_a_user_model_with_something_of_its_own_is_left_to_django(name):
    meta = type("Meta", (), {"proxy": True, "app_label": "tests"})
    own = {"groups": None, "user_permissions": None, "is_anonymous": True}[name]
    members = {"__module__": __name__, "Meta": meta}
    model = type(f"With{name.title().replace('_', '')}", (User,), members)
    setattr(model, name, own)
    one = model.objects.get(pk=user(OURS[:1]).pk)
    assert not _is_read_by_django(one, one.has_perm)


def test_a_permission_of_another_app_is_asked_of_django():
    one = user()
    one.user_permissions.add(Permission.objects.get(codename="view_user"))
    assert has_permission(one, "auth.view_user")


def test_a_user_model_without_permissions_holds_none():
    assert not has_permission(SimpleNamespace(is_authenticated=True), "timp_orders.cancel_order")
