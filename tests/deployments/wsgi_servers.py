"""uWSGI behind nginx, and Apache with mod_wsgi: what they need for bodies in chunks.

mod_wsgi runs Debian's own Python: this takes an environment of the same version.
"""

import sys
import sysconfig
import tempfile
from functools import partial
from pathlib import Path

from tests.deployments import bodies, database, storms
from tests.deployments.proxies import Nginx
from tests.races.clients import Clients
from tests.races.cluster import Cluster
from tests.races.server import Server
from tests.races.stage import Stage
from tests.servers import ROOT, listens

TITLE = "uWSGI behind nginx, and Apache with mod_wsgi: bodies and storms"
UWSGI_PASSED = """
            uwsgi_pass 127.0.0.1:{to};
            include /etc/nginx/uwsgi_params;
"""
UWSGI_CHUNKS = """
            # nginx has read the body and gives its length; that it came in chunks is no matter now.
            uwsgi_param HTTP_TRANSFER_ENCODING "" if_not_empty;
"""
APACHE_CHUNKS = "WSGIChunkedRequest On"
APACHE = """
ServerName localhost
ServerRoot {folder}
PidFile {folder}/pid
ErrorLog {folder}/error.log
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule wsgi_module {modules}/mod_wsgi.so
User www-data
Group www-data
WSGIScriptAlias / {root}/example_project/example/wsgi.py
WSGIDaemonProcess timp processes=2 threads=12 python-path={path}
WSGIProcessGroup timp
WSGIApplicationGroup %{{GLOBAL}}
WSGIPassAuthorization On
{more}
<Directory {root}/example_project/example>
    Require all granted
</Directory>
"""


class UWSGI(Server):
    """A context: uWSGI runs, and speaks its own protocol."""

    def command(self):
        program = str(Path(sys.executable).with_name("uwsgi"))
        options = {"socket": f"127.0.0.1:{self.port}", "processes": 4, "threads": 4}
        options |= {"module": "tests.races.wsgi:application", "home": sys.prefix}
        arguments = [f"--{name}={value}" for name, value in options.items()]
        return [program, "--master", "--die-on-term", "--need-app", "--enable-threads", *arguments]

    def wait(self):
        if not listens(self.process, self.port):
            raise RuntimeError("uWSGI did not start.")


class ModWSGI(Server):
    """A context: Apache runs, with mod_wsgi as it is recommended, in processes of its own.

    :param more: lines of its configuration.
    """

    def __init__(self, more="", **arguments):
        super().__init__(**arguments)
        self.more = more

    def command(self):
        self.directory = tempfile.TemporaryDirectory(prefix="timp-orders-apache-")
        folder = Path(self.directory.name)
        folder.chmod(0o755)
        path = [ROOT, ROOT / "example_project", sysconfig.get_path("platlib")]
        configuration = APACHE.format(
            folder=folder,
            port=self.port,
            modules="/usr/lib/apache2/modules",
            root=ROOT,
            path=":".join(map(str, path)),
            more=self.more,
        )
        (folder / "apache.conf").write_text(configuration)
        return ["apache2", "-f", f"{folder}/apache.conf", "-DFOREGROUND"]

    def __exit__(self, *error):
        super().__exit__(*error)
        self.directory.cleanup()


def run(table, *, short):
    size = 40 if short else 300
    with Cluster() as cluster:
        database.use(cluster.url, migrate=True)
        stage = Stage()
        with UWSGI(**storms.deployed()) as server:
            with Nginx(server, UWSGI_PASSED) as nginx:
                refused = partial(bodies.bodies, chunks_are_read=False)
                table.run("uWSGI, as it comes: bodies", refused, stage, nginx.port)
            with Nginx(server, UWSGI_PASSED + UWSGI_CHUNKS) as nginx:
                rows_of(table, "uWSGI", stage, nginx, size)
        with ModWSGI(**storms.deployed()) as server:
            refused = partial(bodies.bodies, chunks_are_read=False, cut_off=[500])
            table.run("mod_wsgi, as it comes: bodies", refused, stage, server.port)
        with ModWSGI(APACHE_CHUNKS, **storms.deployed()) as server:
            rows_of(table, "mod_wsgi", stage, server, size, cut_off=[500])


def rows_of(table, name, stage, server, size, **options):
    table.run(f"{name}: bodies", partial(bodies.bodies, **options), stage, server.port)
    clients = Clients(server.port, count=storms.CLIENTS)
    table.run(f"{name}: storm", storms.storm, stage, clients, size)
