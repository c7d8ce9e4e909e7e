from django.contrib import admin

from tests.hosts.lines.models import OrderLine
from timp_orders.admin import AwaitingDecisionFilter, CancellationActionsMixin, OpenReasonFilter


@admin.register(OrderLine)
class OrderLineAdmin(CancellationActionsMixin, admin.ModelAdmin):
    list_display = ["public_id", "article", "state"]
    list_filter = [AwaitingDecisionFilter, OpenReasonFilter, "state"]
