"""The list of cancellations: read-only for everybody, searchable, exported as CSV."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib import admin
from django.db import OperationalError, connection
from django.db.models import QuerySet
from django.test import AsyncClient
from django.test.utils import CaptureQueriesContext

from timp_orders.admin import CancellationAdmin
from timp_orders.admin.exports import csv_rows
from timp_orders.models import Cancellation, Order, OrderItem
from timp_orders.models.querysets import by_pages
from timp_orders.spreadsheets import neutral
from timp_orders.testing import CancellationFactory, OrderItemFactory

pytestmark = pytest.mark.django_db

MODEL = "timp_orders_cancellation"


def exported(desk, **query):
    response = desk.client.get(desk.url("export", model=MODEL), query)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response.streaming
    return list(csv.DictReader(io.StringIO(response.getvalue().decode("utf-8-sig"))))


class TestReadOnly:
    def test_nobody_adds_changes_or_deletes_one(self, desk, cancellation):
        change, delete = (
            desk.url(name, cancellation.pk, model=MODEL) for name in ("change", "delete")
        )
        before = Cancellation.objects.values().get()
        assert desk.client.get(desk.url("add", model=MODEL)).status_code == 403
        assert desk.client.post(desk.url("add", model=MODEL), {"note": "x"}).status_code == 403
        assert desk.client.post(change, {"note": "x", "status": "confirmed"}).status_code == 403
        assert desk.client.get(delete).status_code == 403
        assert desk.client.post(delete, {"post": "yes"}).status_code == 403
        data = {"action": "delete_selected", "_selected_action": [cancellation.pk], "post": "yes"}
        desk.client.post(desk.url("changelist", model=MODEL), data)
        assert Cancellation.objects.values().get() == before

    def test_its_page_tells_all(self, desk, item):
        cancellation = CancellationFactory(
            order_item=item,
            status="withdrawn",
            reason="fraud",
            note="Asked",
            requested_by_name="ruth",
            decided_by_name="rita",
            decision_note="Changed their mind",
        )
        response = desk.client.get(desk.url("change", cancellation.pk, model=MODEL))
        page = response.content.decode()
        for text in ("Fraud", "Asked", "ruth", "rita", "Changed their mind", str(item.uuid)):
            assert text in page
        assert desk.url("change", item.pk) in page
        assert 'name="_save"' not in page

    def test_what_is_not_known_is_a_dash(self, desk, cancellation):
        response = desk.client.get(desk.url("change", cancellation.pk, model=MODEL))
        page = response.content.decode()
        assert "None" not in page
        for name in ("asked", "decider", "reason_text", "decision_reason_text"):
            assert '<div class="readonly">-</div>' in page.split(f"field-{name}")[1][:500]


class TestList:
    @pytest.fixture
    def rows(self, item, order, supplier):
        other = OrderItemFactory(order=order, supplier=supplier, sku_id="OTHER")
        return {
            "fraud": CancellationFactory(order_item=item, reason="fraud", requested_via="api"),
            "rejected": CancellationFactory(
                order_item=other, status="rejected", decided_via="admin", decided_by_name="simon"
            ),
        }

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({}, ["rejected", "fraud"]),
            ({"status__exact": "rejected"}, ["rejected"]),
            ({"reason": "fraud"}, ["fraud"]),
            ({"requested_via__exact": "api"}, ["fraud"]),
            ({"decided_via__exact": "admin"}, ["rejected"]),
            ({"q": "other"}, ["rejected"]),
            ({"q": "po-"}, ["rejected", "fraud"]),
        ],
    )
    def test_filters_and_search(self, desk, rows, query, found):
        expected = [rows[name] for name in found]
        assert desk.listed(MODEL, **query) == expected
        assert [row["uuid"] for row in exported(desk, **query)] == [str(c.uuid) for c in expected]

    @pytest.mark.parametrize("form", [str, lambda uuid: uuid.hex])
    def test_search_by_uuid(self, desk, rows, form):
        cancellation = rows["fraud"]
        assert desk.listed(MODEL, q=form(cancellation.uuid)) == [cancellation]
        assert desk.listed(MODEL, q=form(cancellation.order_item.uuid)) == [cancellation]

    def test_a_sku_or_a_po_number_that_looks_like_a_uuid_is_found_too(self, desk, rows):
        of_item, by_sku = rows["fraud"], rows["rejected"]
        named = of_item.order_item.uuid
        OrderItem.objects.filter(pk=by_sku.order_item_id).update(sku_id=str(named))
        assert desk.listed(MODEL, q=str(named)) == [by_sku, of_item]
        Order.objects.update(po_number=named.hex)
        assert desk.listed(MODEL, q=named.hex) == [by_sku, of_item]

    def test_a_key_that_the_admin_escapes_is_linked(self):
        cancellation = SimpleNamespace(order_item_id="SKU_3A/1", order_item="an item")
        link = CancellationAdmin(Cancellation, admin.site).item_link(cancellation)
        assert "/admin/timp_orders/orderitem/SKU_5F3A_2F1/change/" in link

    @pytest.mark.parametrize("column", range(1, 10))
    def test_it_can_be_ordered_by_every_column(self, desk, rows, column):
        assert set(desk.listed(MODEL, o=column)) == set(rows.values())

    def test_a_page_takes_the_same_statements_for_few_and_many(self, desk, crowd):
        def cost():
            with CaptureQueriesContext(connection) as captured:
                desk.list(MODEL)
            return len(captured)

        crowd(2)
        before = cost()
        crowd(60)
        assert cost() == before

    @pytest.mark.parametrize(
        "lookup", ["requested_by", "requested_by_name__startswith", "decided_by__username"]
    )
    def test_a_name_is_nothing_to_filter_by(self, desk, rows, lookup):
        response = desk.list(MODEL, **{lookup: "s"})
        assert response.status_code in (302, 400)


class TestExport:
    def test_every_column_of_a_cancellation_and_its_item(self, desk, order, supplier):
        item = OrderItemFactory(
            order=order, supplier=supplier, sku_id="S-1", sku_name="Kite", quantity_ordered=3
        )
        CancellationFactory(
            order_item=item,
            status="rejected",
            reason="fraud",
            note="Asked",
            decision_reason="in_production",
            decision_note="Zu spät",
            requested_by_name="ruth",
            decided_by_name="simon",
            item_status="Backordered",
            respond_by=datetime(2030, 1, 5, tzinfo=UTC),
            reminded_at=datetime(2030, 1, 4, tzinfo=UTC),
        )
        [row] = exported(desk)
        cancellation = item.cancellations.get()
        assert row == {
            "uuid": str(cancellation.uuid),
            "status": "rejected",
            "quantity": "",
            "quantity_available": "",
            "quantity_confirmed": "",
            "reason": "fraud",
            "note": "Asked",
            "requested_at": cancellation.requested_at.isoformat(),
            "requested_via": "code",
            "respond_by": "2030-01-05T00:00:00+00:00",
            "reminded_at": "2030-01-04T00:00:00+00:00",
            "overdue_at": "",
            "decision_reason": "in_production",
            "decision_note": "Zu spät",
            "decided_at": cancellation.decided_at.isoformat(),
            "decided_via": "",
            "requested_by": "ruth",
            "decided_by": "simon",
            "requested_side": "retailer",
            "decided_side": "supplier",
            "item_status_before": "Backordered",
            "order_item_uuid": str(item.uuid),
            "item_status": "Allocated",
            "order_uuid": str(order.uuid),
            "po_number": order.po_number,
            "retailer": str(order.retailer),
            "supplier": str(supplier),
            "sku_id": "S-1",
            "sku_name": "Kite",
            "quantity_ordered": "3",
            "rows_in_file": "1",
        }

    def test_the_last_row_alone_has_their_count_so_that_a_file_cut_off_is_seen(self, desk, crowd):
        crowd(3)
        assert [row["rows_in_file"] for row in exported(desk)] == ["", "", "3"]

    def test_a_file_that_could_not_be_read_to_its_end_has_no_count(self, crowd, monkeypatch):
        def pages(*args, **kwargs):
            yield from by_pages(*args, **kwargs)
            raise OperationalError

        crowd(3)
        monkeypatch.setattr("timp_orders.admin.exports.by_pages", pages)
        lines = []
        with pytest.raises(OperationalError):
            lines.extend(csv_rows(Cancellation.objects.all(), {}))
        assert [row["rows_in_file"] for row in csv.DictReader(lines)] == [""] * len(lines[1:])

    def test_no_rows_are_a_heading(self, desk):
        response = desk.client.get(desk.url("export", model=MODEL))
        assert response.getvalue().decode().strip().endswith(",rows_in_file")

    @pytest.mark.parametrize("first", [*"=+-@\t\r\n", "\uff1d"])
    def test_cells_that_a_spreadsheet_would_calculate_are_neutralised(self, desk, item, first):
        text = f"{first}1+1"
        item.sku_id = text
        item.save()
        CancellationFactory(order_item=item, note=text, decision_note=text, requested_by_name=text)
        [row] = exported(desk)
        cells = {row[name] for name in ("note", "decision_note", "sku_id", "requested_by")}
        assert {cell.replace("\r", "\n") for cell in cells} == {f"'{text}".replace("\r", "\n")}

    @pytest.mark.parametrize(
        ("text", "cell"),
        [
            ("x;=cmd", "x;'=cmd"),
            ("x;y; \u200b+1;z", "x;y;' \u200b+1;z"),
            ("x|@cmd", "x|'@cmd"),
            ("x\n=cmd", "x\n'=cmd"),
            ("x\t=cmd", "x\t'=cmd"),
            ("  =cmd", "'  =cmd"),
            ("\u200b=cmd", "'\u200b=cmd"),
            ("\ufeff\u2060\xa0\x00=cmd", "'\ufeff\u2060\xa0\x00=cmd"),
            ("\u3000\uff1dcmd", "'\u3000\uff1dcmd"),
            ("-1+1", "'-1+1"),
            ("-5 pieces", "'-5 pieces"),
            ("+49", "'+49"),
        ],
    )
    def test_what_a_spreadsheet_would_calculate_begins_with_an_apostrophe(self, text, cell):
        assert neutral(text) == cell

    @pytest.mark.parametrize(
        "value",
        [
            *(-5, None, Decimal("-2.500")),
            *("-5", " -5 ", "-5.00", "-5,00", "x;-5;y", "a = b", "2-3", "one, -two", ""),
        ],
    )
    def test_what_is_no_formula_stays_as_it_is(self, value):
        assert neutral(value) == value

    def test_moments_are_written_with_the_reader_s_offset(self):
        assert neutral(datetime(2026, 1, 2, 3, 4)) == "2026-01-02T03:04:00"

    def test_a_decimal_is_written_as_it_is_stored(self, cancellation, monkeypatch):
        monkeypatch.setattr(OrderItem, "QUANTITY_FIELD", "pieces")
        monkeypatch.setattr(OrderItem, "pieces", Decimal("2.500"), raising=False)
        _, row = csv_rows(Cancellation.objects.all(), {})
        assert row.rstrip().endswith(",2.500,1")

    def test_it_begins_with_a_byte_order_mark(self, desk, cancellation):
        response = desk.client.get(desk.url("export", model=MODEL))
        assert response.getvalue().startswith(b"\xef\xbb\xbfuuid,")

    def test_it_is_linked_with_the_filters_of_the_list(self, desk, cancellation):
        page = desk.list(MODEL, reason="fraud").content.decode()
        assert desk.url("export", model=MODEL) + "?reason=fraud" in page

    def test_a_wrong_filter_leads_to_the_list(self, desk, cancellation):
        response = desk.client.get(desk.url("export", model=MODEL), {"status__foo": "1"})
        assert response.status_code == 302
        assert response["Location"] == "../?e=1"

    def test_many_take_the_same_statements_as_few(self, desk, crowd):
        def cost():
            with CaptureQueriesContext(connection) as captured:
                exported(desk)
            return len(captured)

        crowd(1)
        before = cost()
        crowd(300)
        assert cost() == before

    def test_it_needs_permission(self, staff, supplier, desk_of, cancellation):
        user = staff("view_orderitem")
        supplier.members.add(user)
        assert (
            desk_of(user).client.get("/admin/timp_orders/cancellation/export/").status_code == 403
        )

    @pytest.mark.django_db(transaction=True)
    def test_no_cursor_of_the_database_is_kept_between_its_parts(self, desk, crowd, monkeypatch):
        """A pooler in transaction mode has none."""
        crowd(25)
        monkeypatch.setattr("timp_orders.admin.exports._CHUNK", 10)

        def refuse(*args, **kwargs):
            raise AssertionError

        monkeypatch.setattr(QuerySet, "iterator", refuse)
        with CaptureQueriesContext(connection) as captured:
            found = exported(desk)
        assert len({row["uuid"] for row in found}) == 25
        pages = [it["sql"] for it in captured if it["sql"].endswith("LIMIT 10")]
        assert len(pages) == 3

    def test_under_asgi_it_is_streamed_part_by_part(self, superuser, desk, crowd, monkeypatch):
        crowd(250)
        read = []

        def counted(cancellations, masked):
            for row in csv_rows(cancellations, masked):
                read.append(row)
                yield row

        monkeypatch.setattr("timp_orders.admin.exports.csv_rows", counted)

        async def parts():
            client = AsyncClient()
            await sync_to_async(client.force_login)(superuser)
            response = await client.get(desk.url("export", model=MODEL))
            assert response.is_async
            return [(len(read), part) async for part in response]

        received = async_to_sync(parts)()
        assert [count for count, _ in received] == [100, 200, 251]
        assert b"".join(part for _, part in received).count(b"\r\n") == 251
