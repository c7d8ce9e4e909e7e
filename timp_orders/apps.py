from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class TimpOrdersConfig(AppConfig):
    name = "timp_orders"
    verbose_name = _("Order cancellations")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The first registers the system checks.
        from timp_orders import checks, triggers  # noqa: F401

        pre_migrate.connect(triggers.suspend, sender=self)
        post_migrate.connect(triggers.protect_again, sender=self)
        if apps.is_installed("drf_spectacular"):
            # They register their extensions.
            from timp_orders.api import described_fields, schema  # noqa: F401
