from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.management import BaseCommand, CommandError, call_command
from django.core.wsgi import get_wsgi_application
from waitress import create_server

from example.demonstration import ITEM, TOKENS, Demonstration

HOST = "127.0.0.1"

TEXT = """
The admin, as "admin" with the password "admin":

  {base}/admin/

To paste into another terminal: the supplier confirms a cancellation.

  curl -X PATCH {base}/timp/orders/items/cancel/{item}/confirm/ \\
       -H 'Authorization: Token {token}'
"""


class Command(BaseCommand):
    help = (
        "Migrates, loads the demonstration data (again: decisions are reset), and serves the "
        "project. For a developer's own machine only."
    )

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, default=8000, help="0: any free port")
        parser.add_argument("--no-serve", action="store_true", help="load the data only")

    def handle(self, *, port, no_serve, **options):
        if not settings.DEBUG:
            raise CommandError("The demonstration has public passwords: it needs DEBUG on.")
        # The port first: whoever starts this twice keeps what they decided in the meantime.
        server = None if no_serve else self.listen(port)
        try:
            call_command("migrate", verbosity=0)
            Demonstration().load()
            self.tell(server.effective_port if server else port)
            if server:
                server.run()
        finally:
            if server:
                server.close()

    def listen(self, port):
        # Unlike runserver, waitress reads chunked bodies, as the Node.js sample sends one.
        try:
            return create_server(StaticFilesHandler(get_wsgi_application()), host=HOST, port=port)
        except (OSError, OverflowError) as error:
            raise CommandError(
                f"Cannot listen on {HOST}:{port} ({error}). Choose another port with --port."
            ) from error

    def tell(self, port):
        text = TEXT.format(base=f"http://{HOST}:{port}", item=ITEM, token=TOKENS["supplier"])
        self.stdout.write(text)
        self.stdout.flush()
