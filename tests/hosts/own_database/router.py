class OwnDatabaseRouter:
    """The app on ``trail``; users, permissions and all else stay on ``default``."""

    def db_for_read(self, model, **hints):
        return "trail" if model._meta.app_label == "timp_orders" else "default"

    db_for_write = db_for_read

    def allow_relation(self, one, other, **hints):
        return True  # the members of an organization, and who decided

    def allow_migrate(self, db, app_label, **hints):
        return (db == "trail") == (app_label == "timp_orders")
