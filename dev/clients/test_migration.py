"""Users who move in as they log in, from the endpoints of examples/migrate, beside a service of their own."""

import base64
import hashlib
import hmac
import importlib.util
import json
import re
import sqlite3
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from conftest import started

EXAMPLES = Path(__file__).parents[2] / "examples" / "migrate"
SECRET = base64.b64encode(bytes(range(48))).decode()
PASSWORD = "correct horse battery"
USERS = {"johndoe": "john@example.com", "janedoe": "jane@example.com"}


class ClientError(Exception):
    """botocore's."""

    def __init__(self, code):
        super().__init__(code)
        self.response = {"Error": {"Code": code}}


class Cognito:
    """As much of a user pool as the example calls; janedoe has a second factor. AWS's API reference has the shapes."""

    exceptions = SimpleNamespace(ClientError=ClientError)

    def admin_initiate_auth(self, UserPoolId, ClientId, AuthFlow, AuthParameters):
        assert (UserPoolId, ClientId, AuthFlow) == ("eu-central-1_abc", "client", "ADMIN_USER_PASSWORD_AUTH")
        if AuthParameters["USERNAME"] not in USERS:
            raise ClientError("UserNotFoundException")
        if AuthParameters["PASSWORD"] != PASSWORD:
            raise ClientError("NotAuthorizedException")
        return {"ChallengeName": "SOFTWARE_TOKEN_MFA"} if AuthParameters["USERNAME"] == "janedoe" else {"AuthenticationResult": {}}

    def admin_get_user(self, UserPoolId, Username):
        attributes = {"sub": "1-2-3", "email": USERS[Username], "email_verified": "true", "name": "John Doe"}
        return {"Username": Username, "UserAttributes": [{"Name": name, "Value": value} for name, value in attributes.items()]}


@pytest.fixture
def cognito(monkeypatch):
    """The URL of the Lambda function, by the events of Lambda's function URLs."""
    monkeypatch.setitem(sys.modules, "boto3", SimpleNamespace(client=lambda _: Cognito()))
    for name, value in {"MIGRATION_SECRET": SECRET, "USER_POOL_ID": "eu-central-1_abc", "CLIENT_ID": "client"}.items():
        monkeypatch.setenv(name, value)
    spec = importlib.util.spec_from_file_location("cognito_bridge", EXAMPLES / "cognito" / "bridge.py")
    bridge = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bridge)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            response = bridge.handler({"headers": headers, "body": body, "isBase64Encoded": False}, None)
            self.send_response(response["statusCode"])
            self.end_headers()
            self.wfile.write(response.get("body", "").encode())

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def fastapi(tmp_path):
    """The URL of the app's route."""
    with sqlite3.connect(tmp_path / "users.db") as database:
        database.execute("CREATE TABLE users (username, email, full_name, hashed_password, disabled)")
        hashed = bytes(16).hex() + "$" + hashlib.scrypt(PASSWORD.encode(), salt=bytes(16), n=2**14, r=8, p=1).hex()
        for name, email in USERS.items():
            row = (name, email, "John Doe", hashed, name == "janedoe")
            database.execute("INSERT INTO users VALUES (?, ?, ?, ?, ?)", row)
    command = [sys.executable, "-m", "uvicorn", "bridge:app", "--app-dir", EXAMPLES / "fastapi", "--port", "0"]
    variables = {"MIGRATION_SECRET": SECRET, "DATABASE": str(tmp_path / "users.db")}
    with started(command, tmp_path / "bridge", "http://", **variables) as printed:
        yield re.search(r"http://[\d.:]+", printed)[0] + "/latchkey"


def signed(body, secret=SECRET, sent=None):
    sent = str(int(sent or time.time()))
    mac = hmac.digest(base64.b64decode(secret), f"msg_1.{sent}.".encode() + body, "sha256")
    return {"webhook-id": "msg_1", "webhook-timestamp": sent, "webhook-signature": "v1," + base64.b64encode(mac).decode()}


@pytest.mark.parametrize("example", ["fastapi", "cognito"])
def test_users_move_in_as_they_log_in(example, programs, tmp_path, request):
    bridge = request.getfixturevalue(example)
    command = [programs / "local", "--port", "0", "--dynamodb-port", "0", "--in-memory"]
    variables = {"MIGRATION_URL": bridge, "MIGRATION_SECRET": SECRET, "LOGIN_BUDGET_MS": "2000"}
    with started(command, tmp_path / "service", "Ctrl-C", **variables) as printed:
        url = re.search(r"^Latchkey +(\S+)", printed, re.MULTILINE)[1]

        def log_in(username, password=PASSWORD):
            return requests.post(f"{url}/token", data={"username": username, "password": password}, timeout=10)

        # The second is disabled there, or has a second factor.
        for name, password in [("johndoe", "wrong"), ("janedoe", PASSWORD), ("nobody", PASSWORD)]:
            assert log_in(name, password).status_code == 401, name
        token = log_in("JohnDoe" if example == "fastapi" else "johndoe").json()["access_token"]
        user = requests.get(f"{url}/users/me", headers={"authorization": f"Bearer {token}"}, timeout=10).json()
        assert (user["username"], user["email"], user["full_name"]) == ("johndoe", "john@example.com", "John Doe")
        assert log_in("john@example.com").status_code == 200

    body = json.dumps({"username": "johndoe", "password": PASSWORD}).encode()
    other = base64.b64encode(bytes(48)).decode()
    for headers, status in [
        (signed(body), 200),
        ({}, 403),
        (signed(body, secret=other), 403),
        (signed(body + b" "), 403),
        (signed(body, sent=time.time() - 310), 403),
    ]:
        assert requests.post(bridge, data=body, headers=headers, timeout=10).status_code == status, headers
