"""The themes that are tried, in the versions that ``docs/admin.rst`` names."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Theme:
    """What a project needs for a theme, as the theme's own documentation says it.

    :ivar requirements: what is installed beside the project.
    :ivar apps: what stands before ``django.contrib.admin`` in ``INSTALLED_APPS``.
    :ivar admin: what stands in the place of ``django.contrib.admin``.
    :ivar apps_at_the_end: what stands last.
    :ivar urls: modules of addresses, by their prefix.
    :ivar settings: further settings.
    :ivar needs_recipe: whether it needs the app ``shop`` of ``docs/admin.rst``.
    :ivar filters: what opens the list's filters, where they are not seen at once.
    :ivar buttons: what opens the buttons of a page in a narrow window.
    :ivar covered_by: what a narrow window shows over the page until it is clicked.
    :ivar icons: the class of its icons, if their font is fetched from elsewhere.
    :ivar narrowest: the width of its narrowest page; it has no other for small windows.
    :ivar is_dark_too: whether it is dark where the operating system prefers it.
    """

    name: str
    requirements: tuple[str, ...]
    apps: tuple[str, ...] = ()
    admin: tuple[str, ...] = ("django.contrib.admin",)
    apps_at_the_end: tuple[str, ...] = ()
    urls: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    needs_recipe: bool = False
    filters: str = ""
    buttons: str = ""
    covered_by: str = ""
    icons: str = ""
    narrowest: int = 0
    is_dark_too: bool = False


DJANGO = "Django==5.2.*"

THEMES = {
    theme.name: theme
    for theme in (
        Theme("stock", (DJANGO,), is_dark_too=True),
        Theme(
            "admin-interface",
            (DJANGO, "django-admin-interface==0.32.0"),
            apps=("admin_interface", "colorfield"),
        ),
        Theme(
            "unfold",
            (DJANGO, "django-unfold==0.91.0"),
            apps=("unfold", "unfold.contrib.filters"),
            needs_recipe=True,
            buttons="[x-on\\:click*=showActions]",
            filters="a[x-on\\:click*=filterOpen]",
            is_dark_too=True,
        ),
        Theme(
            "jazzmin",
            (DJANGO, "django-jazzmin==3.0.5"),
            apps=("jazzmin",),
            settings={"JAZZMIN_UI_TWEAKS": {"default_theme_mode": "auto"}},
            covered_by=".sidebar-overlay",
            is_dark_too=True,
        ),
        Theme(
            "grappelli",
            (DJANGO, "django-grappelli==4.0.4"),
            apps=("grappelli",),
            urls={"grappelli/": "grappelli.urls"},
            filters=".grp-filter .grp-pulldown-handler",
            narrowest=980,
        ),
        Theme(
            "baton",
            (DJANGO, "django-baton==5.9.3"),
            apps=("baton",),
            apps_at_the_end=("baton.autodiscover",),
            urls={"baton/": "baton.urls"},
            filters=".changelist-filter-toggler",
            icons="material-symbols-outlined",
            is_dark_too=True,
        ),
    )
}
