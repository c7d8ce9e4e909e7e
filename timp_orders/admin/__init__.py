"""Register the app's models in Django's admin; decisions go through the service functions.

Every class may be subclassed, or unregistered and replaced. A host with an order item model of its
own mixes :class:`CancellationActionsMixin` into its own ``ModelAdmin``. Orders and organizations
are registered where a model refers to them.
"""

from django.contrib import admin

from timp_orders.admin.actions import CancellationActionsMixin
from timp_orders.admin.cancellations import CancellationAdmin
from timp_orders.admin.deadlines import OpenAnswerByFilter
from timp_orders.admin.filters import AwaitingDecisionFilter, OpenReasonFilter, WaitingFilter
from timp_orders.admin.item_forms import OrderItemInlineMixin
from timp_orders.admin.items import OrderItemAdmin
from timp_orders.admin.organizations import OrderAdmin, OrganizationAdmin, is_referenced
from timp_orders.models import Cancellation, Order, OrderItem, Organization

__all__ = [
    "AwaitingDecisionFilter",
    "CancellationActionsMixin",
    "CancellationAdmin",
    "OpenAnswerByFilter",
    "OpenReasonFilter",
    "OrderAdmin",
    "OrderItemAdmin",
    "OrderItemInlineMixin",
    "OrganizationAdmin",
    "WaitingFilter",
]

if is_referenced(Order):
    admin.site.register(Order, OrderAdmin)
if is_referenced(Order) or is_referenced(Organization, but_by=Order):
    admin.site.register(Organization, OrganizationAdmin)
admin.site.register(Cancellation, CancellationAdmin)
admin.site.register(OrderItem, OrderItemAdmin)  # Django leaves out a model that is swapped
