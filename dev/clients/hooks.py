"""The caller of schemathesis, and checks beside its own; schemathesis.toml names this file."""

import os
import time
import uuid

import requests
import schemathesis
from schemathesis.generation.meta import CoveragePhaseData, CoverageScenario, TestPhase

URL = os.environ["LATCHKEY_URL"]
# It is the document's example, so that the example of a change of the password succeeds.
PASSWORD = "correct horse battery"


class Caller:
    """A user with a session. Some operations end it: then the next call is another user's."""

    def __init__(self):
        self.user = {"username": "fuzz" + uuid.uuid4().hex, "password": PASSWORD}
        assert requests.post(f"{URL}/register", json=self.user, timeout=10).status_code == 201
        self.token, self.since = self.log_in(), time.time()

    def log_in(self):
        return requests.post(f"{URL}/token", data=self.user, timeout=10).json()["access_token"]

    def get(self, path):
        return requests.get(URL + path, headers={"Authorization": f"Bearer {self.token}"}, timeout=10)


caller = Caller()


@schemathesis.auth(refresh_interval=None)
class Bearer:
    def get(self, case, context):
        global caller
        # Some operations need a log-in of the last five minutes.
        if time.time() > caller.since + 240:
            caller = Caller()
        return caller.token

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


@schemathesis.hook("before_call").apply_to(operation_id="end_session")
def example_is_another_session(context, case, kwargs):
    """Puts the id of a session that exists in the place of the example's."""
    global caller
    if case.meta and case.meta.phase.name == TestPhase.EXAMPLES:
        caller = Caller()
        caller.log_in()
        [other] = [session["id"] for session in caller.get("/sessions").json() if not session["current"]]
        case.path_parameters["id"] = other
        case.headers["Authorization"] = f"Bearer {caller.token}"


@schemathesis.hook("before_call").apply_to(operation_id="end_api_key")
def example_is_a_key(context, case, kwargs):
    """Puts the id of a key that exists in the place of the example's."""
    global caller
    if case.meta and case.meta.phase.name == TestPhase.EXAMPLES:
        # A user has at most 50.
        caller = Caller()
        headers = {"Authorization": f"Bearer {caller.token}"}
        created = requests.post(f"{URL}/api-keys", json={"name": "laptop"}, headers=headers, timeout=10)
        case.path_parameters["id"] = created.json()["id"]
        case.headers["Authorization"] = headers["Authorization"]


@schemathesis.hook("before_call").apply_to(operation_id="introspect")
def example_is_of_a_client(context, case, kwargs):
    """Adds a confidential client, ID:SECRET, that the document cannot name."""
    if case.meta and case.meta.phase.name == TestPhase.EXAMPLES and "LATCHKEY_CLIENT" in os.environ:
        client_id, client_secret = os.environ["LATCHKEY_CLIENT"].split(":")
        case.body = {"token": caller.token, "client_id": client_id, "client_secret": client_secret}


@schemathesis.hook
def after_call(context, case, response):
    """Notes each operation that succeeded, and replaces a caller whose session it ended."""
    global caller
    operation = case.operation.definition.raw["operationId"]
    if response.status_code < 300:
        with open(os.environ["LATCHKEY_SUCCEEDED"], "a") as file:
            print(operation, file=file)
    if operation in ("delete_me", "end_session", "revoke") and caller.get("/users/me").status_code == 401:
        caller = Caller()


@schemathesis.check
def caller_is_never_logged_out(ctx, response, case):
    """Fails where the calls have gone on with a token that one of them ended."""
    if response.status_code == 401 and response.request.headers.get("Authorization") == f"Bearer {caller.token}":
        assert response.json()["error"] != "invalid_token"


@schemathesis.check
def unknown_method_is_the_gateways_404(ctx, response, case):
    """Replaces `unsupported_method`, which wants 405 where API Gateway responds with 404 (T-01)."""
    data = case.meta.phase.data if case.meta else None
    if isinstance(data, CoveragePhaseData) and data.scenario == CoverageScenario.UNSPECIFIED_HTTP_METHOD:
        assert response.status_code == 404, f"{response.request.method} got {response.status_code} and not 404"
        assert response.json() == {"message": "Not Found"}, response.text
