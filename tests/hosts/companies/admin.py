from django.contrib import admin

from tests.hosts.companies.models import Line, Purchase
from timp_orders.admin import (
    AwaitingDecisionFilter,
    CancellationActionsMixin,
    OpenReasonFilter,
    OrderItemInlineMixin,
)


@admin.register(Line)
class LineAdmin(CancellationActionsMixin, admin.ModelAdmin):
    list_display = ["uuid", "product", "status"]
    list_filter = [AwaitingDecisionFilter, OpenReasonFilter, "status"]


class LineInline(OrderItemInlineMixin, admin.TabularInline):
    model = Line


@admin.register(Purchase)
class PurchaseAdmin(admin.ModelAdmin):
    inlines = [LineInline]
