"""Builds, installs and calls; see the package."""

import os
import re
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
import zipfile
from pathlib import Path
from textwrap import dedent

from tests.outside import oscar
from tests.servers import ROOT, serve

README = (ROOT / "README.rst").read_text()

DATA = """
from django.contrib.auth.models import Permission, User
from rest_framework.authtoken.models import Token
from timp_orders.models import Cancellation, Order, OrderItem, Organization
user = User.objects.create_user("supplier")
user.user_permissions.add(Permission.objects.get(codename="cancel_order"))
Token.objects.create(user=user, key="1234567890")
supplier = Organization.objects.create(name="S", org_type="supplier")
supplier.members.add(user)
retailer = Organization.objects.create(name="R", org_type="retailer")
order = Order.objects.create(po_number="1", retailer=retailer)
item = OrderItem.objects.create(
    order=order, supplier=supplier, sku_id="x",
    uuid="2350a349-2441-4c32-b7f6-99b7e4540b94",
)
Cancellation.unguarded.create(order_item=item)
"""


# Nothing of this repository may be found by accident.
ENVIRONMENT = {
    key: value
    for key, value in os.environ.items()
    if key not in ("PYTHONPATH", "DATABASE_URL", "DJANGO_SETTINGS_MODULE")
}


def run(*command, **kwargs):
    print("$", *command, flush=True)
    return subprocess.run(command, check=True, env=ENVIRONMENT, **kwargs)


def build(folder):
    """Build both distributions and check what is in them.

    :returns: the wheel's path.
    """
    run(sys.executable, "-m", "build", "--outdir", folder, str(ROOT), stdout=subprocess.DEVNULL)
    (wheel,) = Path(folder).glob("*.whl")
    (sdist,) = Path(folder).glob("*.tar.gz")
    run(sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(sdist))
    names = zipfile.ZipFile(wheel).namelist()
    foreign = [name for name in names if not re.match(r"timp_orders(-[\d.]+\.dist-info)?/", name)]
    assert not foreign, foreign
    shipped = {str(path.relative_to(ROOT)) for path in (ROOT / "timp_orders").rglob("*.*")}
    wanted = {name for name in shipped if "__pycache__" not in name}
    assert wanted <= set(names), wanted - set(names)
    for part in ("/migrations/0001", "/templates/admin/", "/locale/es/LC_MESSAGES/django.mo"):
        assert any(part in name for name in names), part
    assert "timp_orders/py.typed" in names
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    assert {"setup.cfg", "README.rst", "LICENSE", *wanted} <= packed
    return wheel


def blocks(language):
    """The code of the README's steps for a project of one's own."""
    steps = README.partition("Add it to your project\n")[2].partition("\nThe calls\n")[0]
    found = re.findall(rf"\.\. code-block:: {language}\n\n((?:    .*\n|\n)+)", steps)
    return [dedent(block) for block in found]


def make_project(folder, python):
    """Start a project as everybody does, and write into it what the README says."""
    run(python, "-m", "django", "startproject", "shop", folder)
    for code in blocks("python"):
        name = re.match(r"# (\w+\.py)\n", code)[1]
        with (Path(folder) / "shop" / name).open("a") as file:
            file.write("\n" + code)
    settings = Path(folder) / "shop" / "settings.py"
    with settings.open("a") as file:
        file.write('\nDATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE"}\n')
    return settings


def call(base):
    """Paste the README's call."""
    (line,) = re.findall(r"curl (-X PATCH \S+/confirm/ \\\n.*1234567890')", README)[:1]
    url = re.search(r"http://127\.0\.0\.1:8000(\S+)", line)[1]
    headers = dict([re.search(r"-H '(.+?): (.+?)'", line).groups()])
    request = urllib.request.Request(base + url, method="PATCH", headers=headers)
    with urllib.request.urlopen(request) as response:
        assert response.status == 200
        assert b'"status":"confirmed"' in response.read()


OWN_LINES = ROOT / "tests" / "hosts" / "lines"
OWN_LINES_DATA = (
    re.sub(r"item = .*?\n\)", "", DATA, flags=re.S)
    .replace("order_item=item", "order_item=line")
    .replace("OrderItem, ", "")
    .replace(
        "Cancellation.unguarded",
        """from lines.models import OrderLine
line = OrderLine.objects.create(
    purchase=order, vendor=supplier, article="x", public_id="2350a349-2441-4c32-b7f6-99b7e4540b94"
)
Cancellation.unguarded""",
    )
)


class Host:
    """A new project in a folder of its own, made as the README says."""

    def __init__(self, folder, python):
        self.folder = Path(folder)
        self.folder.mkdir()
        self.python = python
        self.settings = make_project(folder, python)

    def manage(self, *arguments):
        run(
            self.python,
            "-W",
            "error",
            str(self.folder / "manage.py"),
            *arguments,
            cwd=self.folder,
        )

    def add_own_lines(self):
        """Add an app with order lines of the host's own, as docs/hosts.rst shows it."""
        self.manage("startapp", "lines")
        for name in ("models.py", "admin.py"):
            code = (OWN_LINES / name).read_text().replace("tests.hosts.lines", "lines")
            (self.folder / "lines" / name).write_text(code)
        with self.settings.open("a") as file:
            file.write('\nINSTALLED_APPS += ["lines"]\n')
            file.write('TIMP_ORDERS_ORDER_ITEM_MODEL = "lines.OrderLine"\n')
        self.manage("makemigrations", "lines")
        (migration,) = (self.folder / "lines" / "migrations").glob("0001_*.py")
        documented = '("timp_orders", "0001_initial")'
        assert documented in (ROOT / "docs" / "hosts.rst").read_text()
        code, changes = re.subn(r"\(.timp_orders., .\w+.\)", documented, migration.read_text())
        assert changes == 1
        migration.write_text(code)

    def cancel_an_item(self, data):
        _, migrate = blocks("shell")
        self.manage(*migrate.split()[2:])
        self.manage("check", "--fail-level", "WARNING", "--database", "default")
        self.manage("makemigrations", "--check", "--dry-run")
        self.manage("shell", "-v", "0", "-c", data)
        server = [str(self.folder / "manage.py"), "runserver", "--noreload", "127.0.0.1:{port}"]
        with serve(*server, python=self.python, env=ENVIRONMENT) as base:
            call(base)


def follow(folder, wheel):
    run(sys.executable, "-m", "venv", f"{folder}/venv")
    python = f"{folder}/venv/bin/python"
    install, _ = blocks("shell")
    # From a clone, or a wheel that is built of it: the wheel, which has only what is published.
    assert install.split()[:5] == ["python", "-m", "pip", "install", "path/to/this/clone"]
    run(python, "-m", "pip", "install", "-q", str(wheel))
    with_own_lines = Host(f"{folder}/own_lines", python)
    with_own_lines.add_own_lines()
    with_own_lines.cancel_an_item(OWN_LINES_DATA)
    host = Host(f"{folder}/host", python)
    host.cancel_an_item(DATA)
    uninstall(host)


def uninstall(host):
    """Take the documented steps back, and see that the host still works."""
    host.manage("migrate", "timp_orders", "zero")
    text = host.settings.read_text()
    host.settings.write_text(text.replace('    "timp_orders",\n', ""))
    urls = host.settings.with_name("urls.py")
    urls.write_text(re.sub(r"urlpatterns \+=.*timp_orders.*\n", "", urls.read_text()))
    run(host.python, "-m", "pip", "uninstall", "-q", "-y", "timp_orders")
    host.manage("check")
    host.manage("migrate")
    host.manage("makemigrations", "--check", "--dry-run")


def main():
    with tempfile.TemporaryDirectory() as folder:
        if sys.argv[1:] == ["oscar"]:
            oscar.adopted(Path(folder))
            return
        follow(folder, build(f"{folder}/dist"))
    print("From outside, all is well.")


if __name__ == "__main__":
    main()
