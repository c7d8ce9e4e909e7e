"""Where the example project's webhooks may go: never inside, whatever the URL or its name says."""

import socket
import ssl

import pytest
import trustme
from notifications import sending
from notifications.addresses import Refused, require_allowed_url, resolve
from notifications.models import Endpoint
from notifications.sending import post

from tests.notifications.receiver import endpoint

PUBLIC = "93.184.215.14"

INSIDE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
]


@pytest.fixture
def names(monkeypatch):
    """What each name resolves to; several answers are given in turn."""
    known = {}
    resolve_really = socket.getaddrinfo

    def getaddrinfo(host, port, *args, **kwargs):
        answers = known.get(host)
        if answers is None:
            return resolve_really(host, port, *args, **kwargs)
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


@pytest.fixture
def no_connections(monkeypatch):
    def connect(address, *args, **kwargs):
        raise AssertionError(f"connected to {address}")

    monkeypatch.setattr(socket, "create_connection", connect)


@pytest.mark.usefixtures("no_connections")
class TestInside:
    @pytest.mark.parametrize("address", INSIDE)
    def test_an_address_inside_is_refused(self, names, address):
        shown = f"[{address}]" if ":" in address else address
        with pytest.raises(Refused):
            require_allowed_url(f"https://{shown}/")
        names["hook.example"] = [[address]]
        with pytest.raises(Refused):
            resolve("hook.example", 443)
        assert post("https://hook.example/", "{}", {}).error.startswith("Refused: ")

    # What the C library takes for addresses, and Python does not.
    @pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1", "localhost"])
    def test_an_address_inside_in_disguise_is_refused(self, host):
        assert post(f"https://{host}/", "{}", {}).error.startswith("Refused: ")

    def test_a_name_that_leads_outside_and_inside_is_refused(self, names):
        names["hook.example"] = [[PUBLIC, "10.0.0.1"]]
        assert post("https://hook.example/", "{}", {}).error.startswith("Refused: ")

    @pytest.mark.parametrize(
        "url",
        [
            "http://hook.example/",
            "ftp://hook.example/",
            "file:///etc/passwd",
            "https:///path",
            "https://hook.example:0/",
            "https://hook.example:99999/",
            "https://user:password@hook.example/",
            "https://@hook.example/",
            "https://[::1/",
            "//hook.example/",
            "",
        ],
    )
    def test_no_such_url(self, names, url):
        names["hook.example"] = [[PUBLIC]]
        assert post(url, "{}", {}).error.startswith("Refused: ")

    def test_a_name_that_is_too_long_is_refused(self):
        assert post(f"https://{'a' * 70}.example/", "{}", {}).error.startswith("Refused: ")

    def test_networks_that_the_host_allows(self, settings):
        settings.NOTIFICATIONS = {"ALLOWED_NETWORKS": ["10.1.0.0/16", "fd00::/8"]}
        for host in ("10.1.2.3", "[fd00::1]"):
            assert require_allowed_url(f"https://{host}/")
        for host in ("10.2.0.1", "127.0.0.1", "169.254.169.254", "[::1]"):
            with pytest.raises(Refused):
                require_allowed_url(f"https://{host}/")

    def test_the_model_says_so(self, supplier):
        from django.core.exceptions import ValidationError

        for url in ("http://hook.example/", "https://10.0.0.1/"):
            with pytest.raises(ValidationError):
                Endpoint(organization=supplier, url=url).full_clean()
        Endpoint(organization=supplier, url="https://hook.example/").full_clean()


def test_a_public_address_is_connected_to_as_it_was_checked(names, monkeypatch):
    """The name answers otherwise when it is asked again: nobody asks."""
    names["hook.example"] = [[PUBLIC], ["127.0.0.1"]]
    connected = []

    def connect(address, timeout):
        connected.append(address)
        raise TimeoutError("no route")

    monkeypatch.setattr(socket, "create_connection", connect)
    assert post("https://hook.example/", "{}", {}).error == "TimeoutError: no route"
    assert connected == [(PUBLIC, 443)]


def test_a_second_address_is_tried(names, monkeypatch):
    names["hook.example"] = [[PUBLIC, "93.184.215.15", "93.184.215.16"]]
    connected = []

    def connect(address, timeout):
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    assert post("https://hook.example/", "{}", {}).error.startswith("ConnectionRefusedError")
    assert connected == [PUBLIC, "93.184.215.15"]


class TestHTTPS:
    @pytest.fixture
    def authority(self, monkeypatch):
        authority = trustme.CA()
        make_really = ssl.create_default_context

        def make(*args, **kwargs):
            context = make_really(*args, **kwargs)
            authority.configure_trust(context)
            return context

        monkeypatch.setattr(sending.ssl, "create_default_context", make)
        return authority

    @pytest.fixture
    def inbox(self, authority, names, settings):
        settings.NOTIFICATIONS = {"ALLOWED_NETWORKS": ["127.0.0.0/8"]}
        for name in ("hook.example", "bücher.example", "other.example"):
            names[name] = [["127.0.0.1"]]
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("hook.example", "bücher.example").configure_cert(context)
        with endpoint(context) as inbox:
            yield inbox

    def test_the_certificate_is_the_names_though_the_address_is_connected_to(self, inbox):
        answer = post(f"https://hook.example:{inbox.port}/a/ü?b=ö", "{}", {"webhook-id": "1"})
        assert answer.is_success
        ((path, headers, body),) = inbox.calls
        assert path == "/a/%C3%BC?b=%C3%B6"
        assert headers["host"] == f"hook.example:{inbox.port}"
        assert body == b"{}"

    def test_names_of_other_alphabets(self, inbox):
        assert post(f"https://bücher.example:{inbox.port}/", "{}", {"webhook-id": "1"}).is_success
        assert inbox.calls[0][1]["host"] == f"xn--bcher-kva.example:{inbox.port}"

    def test_a_certificate_of_another_name_is_refused(self, inbox):
        answer = post(f"https://other.example:{inbox.port}/", "{}", {"webhook-id": "1"})
        assert answer.error.startswith("SSLCertVerificationError")
        assert not inbox.calls

    def test_a_handshake_that_trickles_is_hung_up_on(self, names, settings, monkeypatch):
        settings.NOTIFICATIONS = {"ALLOWED_NETWORKS": ["127.0.0.0/8"]}
        monkeypatch.setattr(sending, "ANSWER_WITHIN", 1)
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            answer = post(f"https://127.0.0.1:{port}/", "{}", {})  # which never says anything
        assert answer.error == "TimeoutError: no answer within 1 seconds"
        assert 900 < answer.milliseconds < 4900  # before a time-out of the socket
