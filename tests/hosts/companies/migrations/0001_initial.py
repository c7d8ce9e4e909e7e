import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def key():
    return models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )


def company(on_delete, related_name):
    return models.ForeignKey(on_delete=on_delete, related_name=related_name, to="companies.company")


class Migration(migrations.Migration):
    initial = True

    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="Company",
            fields=[("id", key()), ("name", models.CharField(max_length=80))],
        ),
        migrations.CreateModel(
            name="Employee",
            fields=[
                ("id", key()),
                ("company", company(django.db.models.deletion.CASCADE, "employees")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="employments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Product",
            fields=[
                ("id", key()),
                ("sku", models.CharField(max_length=40, unique=True)),
                ("seller", company(django.db.models.deletion.PROTECT, "products")),
            ],
        ),
        migrations.CreateModel(
            name="Purchase",
            fields=[
                ("id", key()),
                ("ref", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("number", models.CharField(max_length=40)),
                ("buyer", company(django.db.models.deletion.PROTECT, "purchases")),
            ],
        ),
    ]
