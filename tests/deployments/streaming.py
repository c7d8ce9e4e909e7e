"""The CSV export of a server: sent while it is read, in memory that does not grow."""

import csv
import http.client
import time
from io import StringIO
from pathlib import Path

from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from tests.races.stage import check
from timp_orders.models import Cancellation, OrderItem
from timp_orders.testing import OrderFactory

GROWTH = 40_000
"""KiB that the processes may grow by while they send; a file of the long form has 100 MB."""


def export(stage, port, server, size):
    """Read the beginning of a file, write to its last row, and read on."""
    make(stage, size - Cancellation.objects.count())
    staff, _ = get_user_model().objects.get_or_create(
        username="staff", is_staff=True, is_superuser=True
    )
    client = Client(headers={"Host": "127.0.0.1"})
    client.force_login(staff)
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    headers = {"Cookie": client.cookies.output(header="", sep=";").strip()}
    url = reverse("admin:timp_orders_cancellation_export")
    before = memory(server)
    connection.request("GET", url, headers=headers)
    answer = connection.getresponse()
    check(answer.status == 200, answer.status)
    beginning = answer.read(10_000)
    first = time.monotonic() - started
    oldest = Cancellation.objects.order_by("pk").values("pk")[0]["pk"]
    Cancellation.objects.filter(pk=oldest).update(note=f"Written at {started}.")
    rest = answer.read()
    whole = time.monotonic() - started
    grown = memory(server) - before
    rows = list(csv.DictReader(StringIO((beginning + rest).decode("utf-8-sig"))))
    count = Cancellation.objects.count()
    check(len(rows) == count and rows[-1]["rows_in_file"] == str(count), len(rows), "rows")
    note = rows[-1]["note"]
    check(note == f"Written at {started}.", "the whole file was read before it was sent")
    check(grown < GROWTH, "grown by", grown, "KiB")
    size = len(beginning + rest) / 1e6
    return (
        f"{count} rows, {size:.0f} MB, first bytes after {first:.2f} s, all after {whole:.1f} s, "
        f"memory grown by {grown / 1024:.0f} MiB"
    )


def make(stage, count):
    """Make items of one order, each with an open cancellation."""
    order = OrderFactory(retailer=stage.retailer)
    while count > 0:
        items = [
            OrderItem(
                order=order,
                supplier=stage.supplier,
                sku_id=str(number),
                sku_name="A name as long as those of many shops are, in red, and in XXL",
                quantity_ordered=1,
                status="Allocated",
            )
            for number in range(min(count, 10_000))
        ]
        made = OrderItem.objects.bulk_create(items)
        Cancellation.unguarded.bulk_create(Cancellation(order_item=item) for item in made)
        count -= len(made)


def memory(server):
    """Return the peak of the memory of a server's processes, in KiB."""
    peaks = []
    for pid in server.workers():
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        peaks += [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
    return sum(peaks)
