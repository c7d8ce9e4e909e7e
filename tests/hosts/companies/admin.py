from django.contrib import admin

from tests.hosts.companies.models import Line
from timp_orders.admin import AwaitingDecisionFilter, CancellationActionsMixin, OpenReasonFilter


@admin.register(Line)
class LineAdmin(CancellationActionsMixin, admin.ModelAdmin):
    list_display = ["uuid", "product", "status"]
    list_filter = [AwaitingDecisionFilter, OpenReasonFilter, "status"]
    readonly_fields = ["status"]
