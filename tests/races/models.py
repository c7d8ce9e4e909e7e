from django.db import models


class Witness(models.Model):
    """A row for each time that a receiver was told; nothing keeps it from being written twice."""

    cancellation_uuid = models.UUIDField()
    status = models.CharField(max_length=16)
    quantity = models.IntegerField(null=True)


MARKS = {"due": "reminded_at", "overdue": "overdue_at"}
"""What a run marks: the word for it here, and the column."""


def witness_mark(name):
    """Make a receiver that witnesses a mark, by this word in place of the status."""

    def witness_mark(cancellation, **kwargs):
        Witness.objects.create(cancellation_uuid=cancellation.uuid, status=name)

    return witness_mark


def witness(cancellation, **kwargs):
    Witness.objects.create(
        cancellation_uuid=cancellation.uuid,
        status=cancellation.status,
        quantity=cancellation.quantity_confirmed,
    )
