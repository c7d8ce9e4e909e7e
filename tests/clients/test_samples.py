"""The platform's samples, by the four clients that its documentation shows."""

import json
import os
import re
import subprocess
import sys

import pytest
import requests

from tests.servers import ROOT

pytestmark = pytest.mark.usefixtures("undecided")

ITEM = "2350a349-2441-4c32-b7f6-99b7e4540b94"
PAGE = ROOT.parent / "shared" / "reference" / "cancel-order-item-confirm.md"
HEADERS = {
    "Authorization": "Token 1234567890",
    "Content-Type": "application/json; charset=utf-8",
    "Cookie": "sessionid=h9qjyhleectu7aef5pkwma0jn2gxgitz",
}
REQUESTS = """
import json, sys, requests
response = requests.patch(url=sys.argv[1], headers=json.loads(sys.argv[2]), data=json.dumps({}))
print(response.text)
print(response.status_code)
"""
NODE = """
const [url, headers] = process.argv.slice(1);
const request = require('http').request(url, {method: 'PATCH', headers: JSON.parse(headers)},
  (answer) => {
    let body = '';
    answer.on('data', (chunk) => { body += chunk; });
    answer.on('end', () => { console.log(body); console.log(answer.statusCode); });
  });
request.write('{}');
request.end();
"""


def run(*command):
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


def answer(*command):
    """Run a client that prints a body and, on the last line, a status."""
    body, _, status = run(*command).strip().rpartition("\n")
    return int(status), json.loads(body)


def curl(program, url):
    headers = [part for pair in HEADERS.items() for part in ("-H", ": ".join(pair))]
    return answer(
        program("curl"), "-s", "-X", "PATCH", url, *headers, "-d", "{}", "-w", "\\n%{http_code}"
    )


def httpie(program, url):
    headers = [":".join(pair) for pair in HEADERS.items()]
    printed = run(program("http"), "--print=hb", "--json", "PATCH", url, *headers)
    head, _, body = printed.replace("\r\n", "\n").partition("\n\n")
    return int(head.split()[1]), json.loads(body)


def python_requests(program, url):
    return answer(sys.executable, "-c", REQUESTS, url, json.dumps(HEADERS))


def node(program, url):
    return answer(program("node"), "-e", NODE, url, json.dumps(HEADERS))


@pytest.mark.parametrize("client", [curl, httpie, python_requests, node])
def test_the_confirm_sample_works_at_once_and_again(demo_server, program, client):
    url = f"{demo_server}/timp/orders/items/cancel/{ITEM}/confirm/"
    first, again = client(program, url), client(program, url)
    assert first[0] == 200
    assert first[1]["order_item_uuid"] == ITEM
    assert first[1]["status"] == "Cancelled"
    assert again == first


@pytest.mark.skipif(not PAGE.exists(), reason="The reference page is not at hand.")
@pytest.mark.parametrize("title", ["Curl", "HTTPie", "Python (requests)", "Node.js"])
def test_the_samples_of_the_page_itself_work(demo_server, program, tmp_path, title):
    """Changed in scheme, host and port only (and the Python one's typing error)."""
    samples = re.findall(r'~~~ \w+\n(.*?)~~~\n\{: title="(.+?)" \}', PAGE.read_text(), re.S)
    blocks = {name: code for code, name in samples}
    host, _, port = demo_server.removeprefix("http://").partition(":")
    code = blocks[title].replace("https://api-dev.cruxconnect.com", demo_server)
    code = code.replace("hostname: 'api-dev.cruxconnect.com'", f"hostname: '{host}'")
    code = code.replace("port: '443'", f"port: '{port}'").replace(
        "require('https')", "require('http')"
    )
    code = code.replace("json.dumps()", "json.dumps({})")
    if title.startswith("Python"):
        file = tmp_path / "sample.py"
        file.write_text(code + "\nsend_request()\n")
        printed = run(sys.executable, str(file))
    elif title == "Node.js":
        file = tmp_path / "sample.js"
        file.write_text(code)
        printed = run(program("node"), str(file))
    else:
        name = {"Curl": "curl", "HTTPie": "http"}[title]
        folder = os.path.dirname(program(name))
        file = tmp_path / "sample.sh"
        file.write_text(f'PATH="{folder}:$PATH"\n{code}')
        printed = run("bash", str(file))
    assert '"status":"Cancelled"' in re.sub(r"\s", "", printed)


def test_the_sibling_samples_work(demo_server):
    """Some send no body and no Content-Type."""

    def send(method, path, token="1234567890", **kwargs):
        url = f"{demo_server}/timp/orders/{path}"
        headers = {
            "Authorization": f"Token {token}",
            "Cookie": "sessionid=h9qjyhleectu7aef5pkwma0jn2gxgitz",
        }
        return requests.request(method, url, headers=headers, timeout=60, **kwargs)

    rejected = send("PATCH", "items/cancel/4efca041-22e1-4e35-96d1-8495273a5868/reject/")
    assert rejected.json()["cancellation"]["status"] == "rejected"
    confirmed = send("PATCH", "cancel/db5a0c25-ff08-4a24-ab63-9530213219b9/confirm/")
    assert len(confirmed.json()["changed"]) == 3
    rejected = send("PATCH", "cancel/3f756137-f575-4337-b61f-d55b917b146b/reject/")
    assert len(rejected.json()["changed"]) == 3
    body = {"order_uuid": "521a91e5-058d-4474-aeee-f0c148594a00"}
    requested = send("PATCH", "cancel/", "0987654321", json=body)
    assert len(requested.json()["changed"]) == 3
    item = rejected.json()["changed"][0]
    requested = send("DELETE", f"items/cancel/{item}/", "0987654321", json={})
    assert requested.status_code == 204
    assert requested.content == b""


def test_other_organizations_see_nothing_of_it(demo_server):
    for token in ("2222222222", "3333333333"):
        url = f"{demo_server}/timp/orders/items/cancel/{ITEM}/confirm/"
        response = requests.patch(url, headers={"Authorization": f"Token {token}"}, timeout=60)
        assert response.status_code == 404
