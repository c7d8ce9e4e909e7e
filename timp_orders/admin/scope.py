"""Admin base classes that show each user only the rows of their organizations."""

import re
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.contenttypes.models import ContentType
from django.db import router
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse

from timp_orders.admin.changelists import ScopedChangeList
from timp_orders.admin.relations import RelationsMixin
from timp_orders.conf import settings
from timp_orders.models import OrderItem, Organization

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

__all__ = ["ScopedAdmin", "TrailAdmin", "colleagues", "of_members", "sees_all", "uuid_lookup"]


def sees_all(request: HttpRequest) -> bool:
    """Tell whether the user sees the rows of every organization."""
    return settings.policy.standing(request.user).sees_all


def of_members(request: HttpRequest, queryset: QuerySet[Any], members: str) -> QuerySet[Any]:
    """Keep the rows of organizations that the user is a member of; all for who sees everything.

    :param members: the path from a row to the members.
    """
    if sees_all(request):
        return queryset
    # Without a key (an admin site may be open to anonymous users) it would be the organizations
    # that have no members.
    return queryset.filter(**{members: key}) if (key := request.user.pk) else queryset.none()


def uuid_lookup(term: str) -> tuple[str, Any] | None:
    """Return how to look for a UUID that somebody typed, with or without hyphens.

    :returns: a lookup and its value: all of the UUID, or its first characters; ``None`` if it is
        none, or fewer than eight characters of one.
    """
    digits = term.strip().replace("-", "").lower()
    if not re.fullmatch("[0-9a-f]{8,32}", digits):
        return None
    if len(digits) == 32:
        return "exact", UUID(digits)
    hyphens = sum(len(digits) > position for position in (8, 12, 16, 20))
    return "startswith", str(UUID(digits.ljust(32, "0")))[: len(digits) + hyphens]


def colleagues(user: Any) -> list[Any]:
    """List the keys of the members of the user's organizations, the user's own among them."""
    if user.pk is None:
        return []
    if OrderItem._meta.swapped:
        return [user.pk]  # such a host may have organizations of its own, and no such tables
    own = Organization.objects.filter(members=user.pk)
    memberships = Organization.members.through._default_manager.filter(organization__in=own)
    # Read here, since the users may live in another database.
    name = Organization.members.field.m2m_reverse_field_name()
    return [user.pk, *memberships.values_list(name, flat=True)]


class ScopedAdmin(RelationsMixin, ModelAdmin):
    """Admin that shows rows of the user's own organizations; operators and auditors see all.

    Subclasses scope ``get_queryset``. What it does not return is not there: 404.
    """

    list_per_page = 50
    show_full_result_count = False
    uuid_paths: tuple[str, ...] = ()
    """Paths to the UUIDs that the search finds a row by."""
    side_fields: tuple[str, ...] = ()
    """Fields that say which organizations a row belongs to: changed by operators only."""

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        if (found := super().get_object(request, object_id, from_field)) is None:
            raise Http404
        return found

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        if obj is not None and not settings.policy.standing(request.user).either_side:
            # Moving a row elsewhere would take its trail, and its other side, with it.
            fields = (*fields, *self.side_fields)
        return self.without_dead_links(request, obj, fields)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_fields(request, obj)
        # A UUID that is shown before it is saved would be another one afterwards.
        return fields if obj else [name for name in fields if name != "uuid"]

    def get_autocomplete_fields(self, request: HttpRequest) -> list[str]:
        """Turn ``raw_id_fields`` into autocompletes wherever the other model's admin has them."""
        # Not declared as autocomplete_fields, since a host may unregister that admin, or have
        # users of its own without one: a failed system check.
        return [
            name
            for name in self.raw_id_fields
            if (related := self._related_admin(name)) and related.get_search_fields(request)
        ]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        # What is to be written is looked up where it is written, not on a replica.
        using = kwargs.setdefault("using", router.db_for_write(self.model))
        # A forged post must not name what the widget would not offer.
        related = self._related_admin(db_field.name)
        if related is None and not sees_all(request):
            # Nothing says what of it the user may see: an empty choice, and no look-up of labels.
            return db_field.formfield(queryset=db_field.related_model._default_manager.none())
        if "queryset" not in kwargs and related:
            kwargs["queryset"] = related.get_queryset(request).using(using)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def _related_admin(self, field_name: str) -> Any:
        model = self.opts.get_field(field_name).related_model
        return self.admin_site._registry.get(model)  # type: ignore[arg-type]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ScopedChangeList]:
        return ScopedChangeList

    def get_uuid_paths(self) -> tuple[str, ...]:
        return self.uuid_paths

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> dict[str, Any]:
        """List what deletes after all else."""
        # Since Django 6.1 there is a place to be said.
        place = {} if action_location is None else {"action_location": action_location}
        actions = super().get_actions(request, **place)
        return dict(sorted(actions.items(), key=lambda named: named[0] == "delete_selected"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        found, may_have_duplicates = super().get_search_results(request, queryset, search_term)
        if (named := uuid_lookup(search_term)) and (paths := self.get_uuid_paths()):
            lookup, uuid = named
            wanted = (Q(**{f"{path}__{lookup}": uuid}) for path in paths)
            # Both: PO numbers and SKUs may look like UUIDs.
            found |= queryset.filter(reduce(or_, wanted))
        return found, may_have_duplicates

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = dict(extra_context or {})
        if not sees_all(request):
            # Names of users never cross from one organization to the other.
            entries = (
                LogEntry.objects.filter(
                    user__in=colleagues(request.user),
                    object_id=unquote(object_id),
                    content_type=ContentType.objects.get_for_model(
                        self.model, for_concrete_model=False
                    ),
                )
                .select_related("user")
                .order_by("action_time")
            )
            page = self.get_paginator(request, entries, 100).get_page(request.GET.get("p", 1))
            context |= {
                "action_list": page,
                "page_range": page.paginator.get_elided_page_range(page.number),
                "pagination_required": page.paginator.num_pages > 1,
            }
        return super().history_view(request, object_id, context)


class TrailAdmin(ScopedAdmin):
    """Admin that whoever may act or see everything may view, without Django's view permission."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        standing = settings.policy.standing(request.user)
        return standing.may_cancel or standing.sees_all or super().has_view_permission(request, obj)
