"""nginx before a server: a configuration of its own, on a port of its own."""

import subprocess
import tempfile
from pathlib import Path

from tests.servers import free_port, wait_for

CONFIGURATION = """
worker_processes 2;
daemon off;
pid {folder}/pid;
error_log {folder}/error.log warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            {location}
        }}
    }}
}}
"""
PROXIED = """
            proxy_pass http://127.0.0.1:{to};
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-Proto $scheme;
"""


class Nginx:
    """A context: nginx passes requests to a server, and keeps the server's interface.

    :param server: it runs already.
    :param location: how; by default over HTTP.
    """

    def __init__(self, server, location=PROXIED):
        self.server, self.port = server, free_port()
        self.location = location

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="timp-orders-nginx-")
        folder = Path(self.directory.name)
        folder.chmod(0o755)  # its workers are no root
        configuration = folder / "nginx.conf"
        location = self.location.format(to=self.server.port)
        configuration.write_text(
            CONFIGURATION.format(folder=folder, port=self.port, location=location)
        )
        self.process = subprocess.Popen(
            ["nginx", "-c", str(configuration), "-e", f"{folder}/error.log"]
        )
        wait_for(f"http://127.0.0.1:{self.port}", self.process)
        return self

    def __exit__(self, *error):
        self.process.terminate()
        self.process.wait()
        self.directory.cleanup()
