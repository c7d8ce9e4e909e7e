from django.db import models


class Witness(models.Model):
    """A row for each time that a receiver was told; nothing keeps it from being written twice."""

    cancellation_uuid = models.UUIDField()
    status = models.CharField(max_length=16)
    quantity = models.IntegerField(null=True)


def witness(cancellation, **kwargs):
    Witness.objects.create(
        cancellation_uuid=cancellation.uuid,
        status=cancellation.status,
        quantity=cancellation.quantity_confirmed,
    )
