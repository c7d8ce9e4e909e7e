"""A router that reads the app's tables from a replica, as docs/deployments.rst has it."""


class ReplicaRouter:
    """What only reads asks the replica; users, tokens and permissions never do."""

    def db_for_read(self, model, instance=None, **hints):
        if instance is not None and instance._state.db:
            return instance._state.db  # what belongs to it is read where it was read
        return "replica" if model._meta.app_label == "timp_orders" else "default"

    def db_for_write(self, model, **hints):
        return "default"

    def allow_relation(self, one, other, **hints):
        return True

    def allow_migrate(self, db, app_label, **hints):
        return db == "default"
