from django.apps import AppConfig


class RefundsConfig(AppConfig):
    name = "refunds"
    default = True
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from refunds import receivers  # noqa: F401  (connects the receiver)


class RefundsByCeleryConfig(AppConfig):
    name = "refunds"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from refunds import by_celery  # noqa: F401  (connects the receiver, registers the tasks)
