"""Exports of the admin, many at once, each of which is whole or seen to be cut off."""

import csv
import http.client
import io
import threading

from django.contrib.auth.models import User
from django.test import Client

from tests.races.stage import check
from timp_orders.models import Cancellation

EXPORT = "/admin/timp_orders/cancellation/export/"


def cookies():
    """Return the header of a superuser's session."""
    user, _ = User.objects.get_or_create(
        username="exporter", defaults={"is_staff": True, "is_superuser": True}
    )
    client = Client()
    client.force_login(user)
    return {"Cookie": client.cookies.output(header="", sep=";").strip()}


class Export(threading.Thread):
    """Gets one export; ``rows`` are those that came, and ``count`` what its last one says."""

    def __init__(self, port, headers):
        super().__init__(daemon=True)
        self.port, self.headers = port, headers
        self.rows, self.count, self.is_cut, self.status = [], "", False, 0

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request("GET", EXPORT, headers=self.headers)
            response = connection.getresponse()
            self.status = response.status
            content = response.read()
        except http.client.IncompleteRead as error:
            content, self.is_cut = error.partial, True
        except (OSError, http.client.HTTPException):
            content, self.is_cut = b"", True
        finally:
            connection.close()
        text = content.decode("utf-8-sig", errors="ignore")
        self.rows = list(csv.DictReader(io.StringIO(text)))
        self.count = (self.rows[-1].get("rows_in_file") or "") if self.rows else ""


def exports(port, number, *, meanwhile=lambda: None):
    """Get exports at once.

    :param meanwhile: what happens while they come.
    :returns: those that are whole, and those that say that they are not.
    """
    headers = cookies()
    threads = [Export(port, headers) for _ in range(number)]
    for thread in threads:
        thread.start()
    meanwhile()
    for thread in threads:
        thread.join()
    every = {str(uuid) for uuid in Cancellation.objects.values_list("uuid", flat=True)}
    whole = [thread for thread in threads if thread.count == str(len(thread.rows))]
    for thread in whole:
        check(thread.status == 200, "status", thread.status)
        check({row["uuid"] for row in thread.rows} == every, "said to be whole, and is not")
    return whole, [thread for thread in threads if thread not in whole]
