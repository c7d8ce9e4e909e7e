"""A page on which a supplier's people decide: plain Django views on the services, to copy.

They need no staff status: what they see and may do is the services' to say.
"""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from desk.forms import DecisionForm
from timp_orders.errors import CancellationError
from timp_orders.models import OrderItem
from timp_orders.services import BY_ACTION, items_for, supported_actions
from timp_orders.states import Action

PER_PAGE = 25


@login_required
@require_safe
def waiting(request):
    """List the items with an open cancellation, and what the user may do about each."""
    items = OrderItem.objects.visible_to(request.user).filter(cancellations__open=True)
    page = Paginator(items.order_by("pk"), PER_PAGE).get_page(request.GET.get("page"))
    rows = [
        {"item": item, "actions": supported_actions(item, request.user)}
        for item in items_for(request.user, page.object_list)
    ]
    return render(request, "desk/waiting.html", {"page": page, "rows": rows})


@login_required
@require_POST
def decide(request, order_item_uuid):
    """Confirm or reject the cancellation that the page showed; then show the page again."""
    form = DecisionForm(request.POST)
    if not form.is_valid():
        texts = [text for several in form.errors.values() for text in several]
        messages.error(request, " ".join(texts))
        return redirect("desk:waiting")
    service = BY_ACTION[Action(form.cleaned_data["action"])]
    try:
        item = service(
            order_item_uuid,
            by=request.user,
            note=form.cleaned_data["note"],
            expected=form.cleaned_data["cancellation"],
        ).one()
    except (CancellationError, ValueError) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{item.sku_id}: {item.timp_cancellation.get_status_display()}.")
    return redirect("desk:waiting")
