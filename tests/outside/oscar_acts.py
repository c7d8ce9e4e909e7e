"""Customers, partners and staff act in a shop on Oscar that has adopted the app."""

import re
import threading
from collections import Counter

import django

django.setup()

from django.contrib.auth.models import Permission, User  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import Sum  # noqa: E402
from django.forms import inlineformset_factory  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402
from oscar.apps.partner.models import StockRecord  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402
from shop.order.models import Line, Order  # noqa: E402

from timp_orders.models import Cancellation, StaleStatus  # noqa: E402
from timp_orders.services import (  # noqa: E402
    SYSTEM,
    cancel_items,
    confirm_cancellation,
    request_cancellation,
)

PATH = "/timp/orders/items/cancel/"
ROUNDS = 20

permission = Permission.objects.get(codename="cancel_order")
people = {user.username: user for user in User.objects.all()}
for user in people.values():
    user.user_permissions.add(permission)
staff = User.objects.create_superuser("staff")


def client_of(user):
    token, _ = Token.objects.get_or_create(user=user)
    return Client(headers={"Authorization": f"Token {token.key}"})


def patch(user, path, **body):
    return client_of(user).patch(path, body, content_type="application/json")


def partner_of(line):
    return line.partner.users.get()


def open_lines(count, **where):
    """Return pending lines; ask to cancel them."""
    lines = list(Line.objects.filter(status="Pending", **where).order_by("pk")[:count])
    assert len(lines) == count
    request_cancellation(lines, by=SYSTEM).raise_if_refused()
    return lines


def allocated():
    return StockRecord.objects.aggregate(sum=Sum("num_allocated"))["sum"]


def stock_is_what_lines_hold():
    held = Line.objects.exclude(status="Cancelled").aggregate(sum=Sum("num_allocated"))["sum"]
    assert allocated() == held, (allocated(), held)


def one_line():
    line = Line.objects.filter(status="Pending").first()
    before = allocated()
    customer, partner = line.order.user, partner_of(line)
    assert patch(customer, f"{PATH}{line.uuid}/request/").status_code == 200
    others = User.objects.filter(username__startswith="partner").exclude(pk=partner.pk)
    assert patch(others[0], f"{PATH}{line.uuid}/confirm/").status_code == 404
    assert patch(customer, f"{PATH}{line.uuid}/confirm/").status_code == 409
    answer = patch(partner, f"{PATH}{line.uuid}/confirm/").json()
    assert answer["status"] == "Cancelled", answer
    assert answer["po_number"] == line.order.number
    assert answer["order_uuid"] == str(line.order.uuid)
    assert allocated() == before - line.num_allocated
    assert patch(partner, f"{PATH}{line.uuid}/confirm/").status_code == 200
    assert allocated() == before - line.num_allocated
    stock_is_what_lines_hold()


def whole_order():
    order = Order.objects.get(number="1010")
    answer = patch(order.user, "/timp/orders/cancel/", order_uuid=str(order.uuid)).json()
    assert len(answer["changed"]) == order.lines.count(), answer
    for partner in {partner_of(line) for line in order.lines.all()}:
        answer = patch(partner, f"/timp/orders/cancel/{order.uuid}/confirm/")
        assert answer.status_code == 200
    assert set(order.lines.values_list("status", flat=True)) == {"Cancelled"}
    stock_is_what_lines_hold()


def stale_saves():
    """Each of Oscar's ways to write a line that was read before it was cancelled.

    What they read is read before they yield; the line is cancelled then, and they go on.
    """

    def by_line(line):
        yield
        line.set_status("Being processed")

    def by_cascade(line):
        order = Order.objects.prefetch_related("lines").get(pk=line.order_id)
        assert [found.status for found in order.lines.all()]
        yield
        order.set_status("Being processed")

    def by_save(line):
        line.partner_line_notes = "seen"
        yield
        line.save()

    def by_inline(line):
        kind = inlineformset_factory(Order, Line, fields=["status"], extra=0)
        shown = kind(instance=line.order, prefix="lines")
        data = {"lines-TOTAL_FORMS": len(shown.forms), "lines-INITIAL_FORMS": len(shown.forms)}
        for form in shown.forms:
            data[f"{form.prefix}-id"] = form.instance.pk
            data[f"{form.prefix}-status"] = form.instance.status
        yield
        posted = kind(data, instance=Order.objects.get(pk=line.order_id), prefix="lines")
        assert posted.is_valid(), posted.errors
        posted.save()

    def by_dashboard(line):
        from oscar.apps.dashboard.orders.views import OrderDetailView

        view = OrderDetailView()
        yield
        request = type("Request", (), {"POST": {"new_status": "Being processed"}, "user": staff})()
        view.change_line_statuses(request, line.order, [line], [line.quantity])

    for way in (by_line, by_cascade, by_save, by_inline, by_dashboard):
        (line,) = open_lines(1)
        steps = way(Line.objects.get(pk=line.pk))
        next(steps)
        confirm_cancellation(line, by=SYSTEM).raise_if_refused()
        try:
            next(steps, None)
        except StaleStatus:
            pass
        else:
            raise AssertionError(f"{way.__name__} wrote over the cancellation")
        assert Line.objects.get(pk=line.pk).status == "Cancelled", way.__name__
    stock_is_what_lines_hold()


def own_cancelling():
    """What the section says of code of the shop's own that cancels."""
    order = Order.objects.get(number="1020")
    line = order.lines.first()
    request_cancellation(line, by=SYSTEM)
    cancel_items(order.lines.all(), by=SYSTEM, reason="other", note="The order was cancelled.")
    order.set_status("Cancelled")
    assert not Cancellation.objects.filter(order_item__order=order, status="requested").exists()
    assert set(order.lines.values_list("status", flat=True)) == {"Cancelled"}
    stock_is_what_lines_hold()


def in_the_admin():
    (line,) = open_lines(1)
    client = Client()
    client.force_login(staff)
    changelist = reverse("admin:order_line_changelist")
    listed = client.get(changelist)
    assert "Confirm" in listed.content.decode()
    page = client.post(
        changelist, {"action": "confirm_cancellation", "_selected_action": [line.pk]}, follow=True
    ).content.decode()
    form = re.search(r'<form[^>]*action="([^"]*cancellation/)".*?</form>', page, re.S) or re.search(
        r"(?s)<form[^>]*method=\"post\"[^>]*>.*?selection.*?</form>", page
    )
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[0]))
    answer = client.post(f"{changelist}cancellation/", {**hidden, "note": "By telephone."})
    assert answer.status_code == 302, answer.content
    line.refresh_from_db()
    assert line.status == "Cancelled"
    assert line.cancellations.get().decided_by == staff
    stock_is_what_lines_hold()


def at_once(work, arguments):
    """Do the work in a thread for each argument, at once; return what each returned."""
    results, errors = [], []
    gate = threading.Barrier(len(arguments))

    def run(argument):
        try:
            gate.wait()
            results.append(work(argument))
        except BaseException as error:  # raised below
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[argument]) for argument in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors
    return results


def many_at_once():
    """Fifteen lines, each confirmed by six at once: given back once."""
    for line in open_lines(15):
        before = allocated()
        outcomes = at_once(lambda uuid: confirm_cancellation(uuid, by=SYSTEM), [line.uuid] * 6)
        assert sum(len(outcome.changed) for outcome in outcomes) == 1
        assert allocated() == before - line.num_allocated
    stock_is_what_lines_hold()


def crossing():
    """Whole orders that share stock, at once: nobody is told that it is busy."""
    changed = Counter()
    for number in range(ROUNDS):
        orders = list(Order.objects.filter(lines__status="Pending").distinct().order_by("pk")[:4])
        lines = [
            list(order.lines.filter(status="Pending").order_by("pk" if n % 2 else "-pk"))
            for n, order in enumerate(orders)
        ]
        if len(orders) < 4:
            break
        outcomes = at_once(lambda some: cancel_items(some, by=SYSTEM), lines)
        changed[number] = sum(len(outcome.changed) for outcome in outcomes)
        assert changed[number] == sum(map(len, lines))
    assert len(changed) > 2
    stock_is_what_lines_hold()


for act in (
    one_line,
    whole_order,
    stale_saves,
    own_cancelling,
    in_the_admin,
    many_at_once,
    crossing,
):
    act()
    print(f"{connection.vendor}: {act.__name__}", flush=True)
