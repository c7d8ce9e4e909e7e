"""Two hosts' admin sites: one mixes the actions into its own class, the other subclasses ours."""

from django import forms
from django.contrib import admin
from django.urls import path

from timp_orders.admin import (
    AwaitingDecisionFilter,
    CancellationActionsMixin,
    CancellationAdmin,
    OpenReasonFilter,
    OrderAdmin,
    OrderItemAdmin,
    OrderItemInlineMixin,
    OrganizationAdmin,
)
from timp_orders.models import Cancellation, Order, OrderItem, Organization

mixing = admin.AdminSite("mixing")
subclassing = admin.AdminSite("subclassing")


class LineForm(forms.ModelForm):
    reference = forms.CharField(required=False)


@admin.register(OrderItem, site=mixing)
class LineAdmin(CancellationActionsMixin, admin.ModelAdmin):
    actions = [*CancellationActionsMixin.actions, "print_labels"]
    form = LineForm
    list_display = ["sku_id", "status", "sku_name"]
    list_editable = ["status", "sku_name"]
    list_filter = [AwaitingDecisionFilter, OpenReasonFilter]

    @admin.action(description="Print labels")
    def print_labels(self, request, queryset):
        self.message_user(request, f"{queryset.count()} labels")


class LineInline(OrderItemInlineMixin, admin.TabularInline):
    model = OrderItem
    extra = 1


@admin.register(Order, site=mixing)
class OrderWithLinesAdmin(admin.ModelAdmin):
    inlines = [LineInline]


@admin.register(OrderItem, site=subclassing)
class CarefulAdmin(OrderItemAdmin):
    form = LineForm
    fields = (*OrderItemAdmin.fields, "reference")
    list_display = ("sku_id", "open_cancellation")
    list_filter = ("status",)
    search_fields = ("sku_name",)
    actions = ("reject_cancellation",)
    cancellation_template = "careful.html"

    def has_cancel_permission(self, request):
        return super().has_cancel_permission(request) and request.user.is_superuser


# All that is on the first site, on a second one.
second = admin.AdminSite("second")
for model, admin_class in (
    (Cancellation, CancellationAdmin),
    (Order, OrderAdmin),
    (OrderItem, OrderItemAdmin),
    (Organization, OrganizationAdmin),
):
    second.register(model, admin_class)

# Organizations, orders and users are in no admin of theirs; cancellations are on one site.
subclassing.register(Cancellation, CancellationAdmin)

urlpatterns = [
    path("admin/", admin.site.urls),
    path("mixing/", mixing.urls),
    path("second/", second.urls),
    path("subclassing/", subclassing.urls),
]
