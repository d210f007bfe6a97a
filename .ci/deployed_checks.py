"""The steps of `.ci/deployed` that need more than a shell: the built template, the rotations as Secrets Manager would do them,
and what is seen of the deployed functions from outside.

    python .ci/deployed_checks.py build BINARIES FOLDER ENDPOINT
    python .ci/deployed_checks.py url | before | rotations | requests | compromised | changed | logs | deleted
    python .ci/deployed_checks.py keys FILE | variables

All but `build` take the emulator from AWS_ENDPOINT_URL, the API from URL, the stack's name from STACK, and keep what later steps
need in the file STATE. Each check prints `ok` or `FAILED`; the exit code says whether all passed.
"""

import base64
import concurrent.futures
import copy
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import sys
import time
import urllib.parse
import uuid

import boto3
from samtranslator.yaml_helper import yaml_parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
PASSWORD = "correct horse battery"
FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}
# Members of a JWK that only the owner of the key may have.
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
failures = 0


def check(passed, words, seen=""):
    global failures
    failures += not passed
    print(f"ok: {words}" if passed else f"FAILED: {words}: {seen}")


# --- the built template ------------------------------------------------------------------------------------------------


def build(binaries, folder, endpoint):
    """A folder as `sam build` leaves one, with the release binaries in place of cross-built ones. Two things of the template are
    changed for the emulator: the functions' endpoints, and that each route with {proxy+} gets one with an empty rest beside it,
    since the emulator wants something there. (AWS refuses such a route, which is why the template has none.)"""
    template = yaml_parse((ROOT / "template.yaml").read_text())
    folder = pathlib.Path(folder)
    for name, resource in list(template["Resources"].items()):
        if resource["Type"] == "AWS::ApiGatewayV2::Route" and "{proxy+}" in resource["Properties"]["RouteKey"]:
            beside = copy.deepcopy(resource)
            beside["Properties"]["RouteKey"] = resource["Properties"]["RouteKey"].replace("{proxy+}", "")
            template["Resources"][f"{name}Empty"] = beside
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        binary = pathlib.Path(binaries) / resource.pop("Metadata")["BuildProperties"]["Binary"]
        if not binary.is_file():
            sys.exit(f"{binary} is missing: .ci/run builds it (cargo build --release --locked --package {binary.name})")
        (folder / name).mkdir(parents=True)
        shutil.copy(binary, folder / name / "bootstrap")
        properties = resource["Properties"]
        properties["CodeUri"] = name
        variables = properties.get("Environment", {}).get("Variables", {})
        for variable in ("DYNAMODB_ENDPOINT", "SECRETS_MANAGER_ENDPOINT"):
            if variable in variables:
                variables[variable] = endpoint
    (folder / "template.json").write_text(json.dumps(template, indent=1))
    print(f"{len(list(folder.iterdir())) - 1} functions")


# --- AWS, as the emulator plays it -------------------------------------------------------------------------------------


def client(service):
    return boto3.client(service)


def outputs():
    (stack,) = client("cloudformation").describe_stacks(StackName=os.environ["STACK"])["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def resources(of_type):
    pages = client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=os.environ["STACK"])
    return {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == of_type
    }


def renew(*names):
    """Ends the environments of functions, which keep keys for some minutes, so that the next request sees what is stored. On AWS
    one would wait."""
    functions = resources("AWS::Lambda::Function")
    lambdas = client("lambda")
    for name in names:
        memory = lambdas.get_function_configuration(FunctionName=functions[name])["MemorySize"]
        lambdas.update_function_configuration(FunctionName=functions[name], MemorySize=memory)
        lambdas.get_waiter("function_updated_v2").wait(FunctionName=functions[name], WaiterConfig={"Delay": 0.2})


def state(**more):
    path = pathlib.Path(os.environ["STATE"])
    known = json.loads(path.read_text()) if path.exists() else {}
    if more:
        known |= more
        path.write_text(json.dumps(known))
    return known


class Rotation:
    """Secrets Manager's part of a rotation, which the emulator lacks: it makes a pending version without a value and calls the
    function with each step."""

    def __init__(self):
        self.secrets = client("secretsmanager")
        self.lambdas = client("lambda")
        known = outputs()
        self.secret, self.function = known["SigningKeysSecret"], known["RotateKeysFunction"]
        # The event has the ARN; on the emulator `!Ref` of a secret gives the name.
        self.arn = self.secrets.describe_secret(SecretId=self.secret)["ARN"]
        self.version = None

    def stages(self):
        return self.secrets.describe_secret(SecretId=self.secret)["VersionIdsToStages"]

    def ring(self, **which):
        return self.secrets.get_secret_value(SecretId=self.secret, **which).get("SecretString")

    def has(self, jwk):
        """Whether a key of the ring has this public part: its DER has the modulus."""
        return any(decoded(jwk["n"]) in der for der in map(der_of, json.loads(self.ring())["keys"]))

    def begin(self):
        # AWS takes the stage from the version that had it; the emulator would leave it on both.
        for version, stages in self.stages().items():
            if "AWSPENDING" in stages:
                self.secrets.update_secret_version_stage(
                    SecretId=self.secret, VersionStage="AWSPENDING", RemoveFromVersionId=version
                )
        self.version = str(uuid.uuid4())
        self.secrets.put_secret_value(
            SecretId=self.secret, ClientRequestToken=self.version, VersionStages=["AWSPENDING"]
        )

    def invoke(self, event):
        """Whether the invocation succeeded, and what it said."""
        answer = self.lambdas.invoke(FunctionName=self.function, Payload=json.dumps(event))
        return "FunctionError" not in answer, answer["Payload"].read().decode()

    def step(self, step, version=None):
        return self.invoke({"Step": step, "SecretId": self.arn, "ClientRequestToken": version or self.version})

    def whole(self, words):
        self.begin()
        for step in STEPS:
            succeeded, said = self.step(step)
            check(succeeded, f"{words}: {step}", said)


# --- requests ----------------------------------------------------------------------------------------------------------


class Answer:
    def __init__(self, response, body):
        self.status, self.headers, self.bytes = response.status, response.headers, body
        try:
            self.body = json.loads(body)
        except ValueError:
            self.body = None

    def __repr__(self):
        return f"{self.status} {dict(self.headers)} {self.bytes[:400]!r}"


def request(method, path, headers=None, body=None, host=None):
    """Not urllib, which would follow, retry and add. `headers` may be a list of pairs, for one that is there twice."""
    url = urllib.parse.urlsplit(os.environ["URL"])
    # Every *.localhost is loopback, and not every resolver knows it.
    connection = http.client.HTTPConnection("127.0.0.1", url.port, timeout=30)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("host", host or url.netloc)
        for name, value in headers.items() if isinstance(headers, dict) else headers or []:
            connection.putheader(name, value)
        body = body.encode() if isinstance(body, str) else body
        if body is not None:
            connection.putheader("content-length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        return Answer(response, response.read())
    finally:
        connection.close()


def register(**fields):
    return request("POST", "/register", JSON, json.dumps({"password": PASSWORD} | fields))


def log_in(username, password=PASSWORD):
    form = urllib.parse.urlencode({"grant_type": "password", "username": username, "password": password})
    return request("POST", "/token", FORM, form)


def me(token):
    return request("GET", "/users/me", {"authorization": f"Bearer {token}"})


def is_problem(answer, status, words, **members):
    body = answer.body if isinstance(answer.body, dict) else {}
    passed = (
        answer.status == status
        and answer.headers["content-type"] == "application/problem+json"
        and body.get("type") == "about:blank"
        and body.get("status") == status
        and str(body.get("instance", "")).startswith("urn:request:")
        and answer.headers["cache-control"] == "no-store"
        and answer.headers["x-content-type-options"] == "nosniff"
        and all(body.get(name) == value for name, value in members.items())
    )
    check(passed, f"{words} ({status}, a problem document)", answer)


def is_oauth(answer, status, error, words, **members):
    body = answer.body if isinstance(answer.body, dict) else {}
    passed = (
        answer.status == status
        and answer.headers["content-type"] == "application/json"
        and body.get("error") == error
        and body.get("detail") == body.get("error_description")
        and answer.headers["cache-control"] == "no-store"
        and answer.headers["pragma"] == "no-cache"
        and all(body.get(name) == value for name, value in members.items())
    )
    check(passed, f"{words} ({status} {error})", answer)


def is_the_gateways(answer, words):
    passed = answer.status == 404 and answer.body == {"message": "Not Found"} and answer.headers["cache-control"] is None
    check(passed, f"{words} (404 of the gateway)", answer)


def is_not_found(answer, words):
    passed = answer.status == 404 and answer.body == {"message": "Not Found"} and answer.headers["cache-control"] == "no-store"
    check(passed, f"{words} (404 of a function, in the gateway's words)", answer)


# --- tokens and keys ---------------------------------------------------------------------------------------------------


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def kid_of(jwk):
    """The thumbprint of RFC 7638."""
    members = {"RSA": "e kty n", "EC": "crv kty x y", "OKP": "crv kty x"}[jwk["kty"]].split()
    text = json.dumps({name: jwk[name] for name in members}, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def der_of(ring_key):
    lines = ring_key["pem"].split("\n")
    return base64.b64decode("".join(line for line in lines if "-----" not in line))


def kid_of_token(token):
    return json.loads(decoded(token.split(".")[0]))["kid"]


def verified(token, jwks):
    """The claims of a token that the JWK Set verifies (RS256, RFC 8017 section 8.2.2), by another hand than ours."""
    signed, _, signature = token.rpartition(".")
    header, payload = (json.loads(decoded(part)) for part in signed.split("."))
    (jwk,) = (key for key in jwks["keys"] if key["kid"] == header["kid"])
    modulus, exponent = (int.from_bytes(decoded(jwk[name]), "big") for name in ("n", "e"))
    length = (modulus.bit_length() + 7) // 8
    digest = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(signed.encode()).digest()
    expected = b"\0\1" + b"\xff" * (length - len(digest) - 3) + b"\0" + digest
    opened = pow(int.from_bytes(decoded(signature), "big"), exponent, modulus).to_bytes(length, "big")
    assert header["alg"] == "RS256" and len(decoded(signature)) == length and opened == expected, "it does not verify"
    return payload


def published(count, words):
    renew("WellKnownFunction")
    answer = request("GET", "/.well-known/jwks.json")
    keys = answer.body.get("keys", []) if answer.body else []
    passed = (
        answer.status == 200
        and len(keys) == count
        and all(not PRIVATE & set(key) and key["kid"] == kid_of(key) and key["alg"] == "RS256" for key in keys)
        and "max-age=" in (answer.headers["cache-control"] or "")
        and answer.headers["access-control-allow-origin"] == "*"
    )
    check(passed, f"{words}: the JWK Set has {count} public keys", answer)
    return answer.body


# --- the steps ---------------------------------------------------------------------------------------------------------


def url():
    print(outputs()["BaseUrl"])


def keys(file):
    """The first keys of a stack, and the document of the private ones in a file that the owner alone reads."""
    rotation = Rotation()
    rotation.whole("the first rotation")
    file = pathlib.Path(file)
    file.touch(0o600)
    file.write_text(rotation.ring())


def variables():
    """What the black-box suite has to know of a stack, but for the file of the keys."""
    known = outputs()
    for name, value in (
        ("LATCHKEY_URL", known["BaseUrl"]),
        ("ISSUER", known["Issuer"]),
        ("DYNAMODB_ENDPOINT", os.environ["AWS_ENDPOINT_URL"]),
        ("TABLE_NAME", known["TableName"]),
    ):
        print(f"{name}={value}")


def before():
    known = outputs()
    table = known["TableName"]
    tables = client("dynamodb")
    described = tables.describe_table(TableName=table)["Table"]
    check(described.get("DeletionProtectionEnabled") is True, "the table is protected from deletion", described)

    check(register(username="early").status == 201, "a user registers before there is a key")
    answer = log_in("early")
    is_oauth(answer, 503, "temporarily_unavailable", "a log-in before the first keys")
    check((answer.headers["retry-after"] or "").isdigit(), "with Retry-After", answer)
    answer = request("GET", "/.well-known/jwks.json")
    is_problem(answer, 503, "the JWK Set before the first keys")
    check((answer.headers["retry-after"] or "").isdigit(), "with Retry-After", answer)
    issuer = known["Issuer"]
    for name in ("openid-configuration", "oauth-authorization-server"):
        answer = request("GET", f"/.well-known/{name}")
        metadata = answer.body or {}
        passed = answer.status == 200 and (metadata.get("issuer"), metadata.get("jwks_uri")) == (issuer, known["JwksUrl"])
        check(passed, f"{name} names the issuer and its keys", answer)
    for path in ("/docs", "/openapi.json"):
        is_the_gateways(request("GET", path), f"{path} where EnableDocs is false")


def rotations():
    rotation = Rotation()
    check(rotation.ring() == '{"keys":[]}', "the ring is empty after the deployment", "it is not")
    succeeded, said = rotation.step("createSecret", str(uuid.uuid4()))
    check(not succeeded, "a token that names no version fails", said)
    succeeded, said = rotation.invoke({"Step": "otherSecret", "SecretId": rotation.arn, "ClientRequestToken": "x"})
    check(not succeeded, "an unknown step fails", said)

    # The first rotation, each step twice: Secrets Manager repeats what it got no answer to.
    rotation.begin()
    for step in ("setSecret", "finishSecret"):
        succeeded, said = rotation.step(step)
        check(not succeeded, f"{step} before createSecret fails", said)
    succeeded, said = rotation.step("testSecret")
    check(succeeded, "testSecret of a version without a value tests the function alone", said)
    made = None
    for step in STEPS:
        for words in ("", " again"):
            succeeded, said = rotation.step(step)
            check(succeeded, f"the first rotation: {step}{words}", said)
        value = rotation.ring(VersionId=rotation.version)
        check(made in (None, value), f"{step} leaves the version's value as it is", "it changed")
        made = value
        current = "AWSCURRENT" in rotation.stages()[rotation.version]
        check(current == (step == "finishSecret"), f"after {step} the version is {'' if current else 'not '}the current one")
    for step in STEPS:
        succeeded, said = rotation.step(step)
        check(succeeded, f"{step} of a rotation that is done", said)
    check(rotation.ring() == made, "leaves the ring as it is", "it changed")
    jwks = published(2, "after the first rotation")
    answer = log_in("early")
    check(answer.status == 200, "a user logs in", answer)
    token = answer.body["access_token"]
    claims = verified(token, jwks)
    passed = claims["iss"] == outputs()["Issuer"] and claims["exp"] - claims["iat"] == 1800
    check(passed, "the token verifies by the JWK Set", claims)
    check(me(token).status == 200, "and reads its user", me(token))

    rotation.whole("the second rotation")
    jwks = published(3, "after the second rotation")
    renew("TokenFunction", "MeFunction")
    check(me(token).status == 200, "the token of before is taken", me(token))
    answer = log_in("early")
    later = answer.body["access_token"]
    verified(later, jwks)
    # The next key has been published for a moment only, and signs when verifiers have had six hours to fetch it.
    check(kid_of_token(later) == kid_of_token(token), "the first key goes on signing", answer)
    state(token=later)


def compromised():
    rotation = Rotation()
    kid = kid_of_token(state()["token"])
    (jwk,) = (key for key in request("GET", "/.well-known/jwks.json").body["keys"] if key["kid"] == kid)
    check(rotation.has(jwk), "the key that signs is in the ring", kid)
    succeeded, said = rotation.invoke({"compromised": "no such key"})
    check(not succeeded, "a kid that no key has fails", said)
    # A rotation is half done when the emergency comes.
    rotation.begin()
    for step in STEPS[:2]:
        succeeded, said = rotation.step(step)
        check(succeeded, f"a rotation begins: {step}", said)
    succeeded, said = rotation.invoke({"compromised": kid})
    check(succeeded, "the emergency drops the key that signs", said)
    check(not rotation.has(jwk), "it is gone from the ring", kid)
    succeeded, said = rotation.step("finishSecret")
    check(not succeeded, "the rotation that was begun does not bring it back", said)
    succeeded, said = rotation.invoke({"compromised": kid})
    check(succeeded, "the emergency may be repeated", said)
    jwks = published(3, "after the emergency")
    check(kid not in [key["kid"] for key in jwks["keys"]], "the JWK Set is without the key", jwks)
    renew("TokenFunction", "MeFunction")
    answer = log_in("early")
    token = answer.body["access_token"]
    verified(token, jwks)
    check(kid_of_token(token) != kid, "another key signs", answer)
    is_problem(me(state()["token"]), 401, "a token of the compromised key is refused", error="invalid_token")
    check(me(token).status == 200, "a new one is taken", me(token))
    rotation.whole("a rotation after the emergency")
    published(4, "after it")
    state(token=token)


def requests():
    answer = register(username="johndoe", email="John@Example.com", full_name="Jöhn 🔑 Doe")
    passed = answer.status == 201 and answer.body["full_name"] == "Jöhn 🔑 Doe" and "password" not in answer.bytes.decode()
    check(passed, "a user registers, with letters beyond ASCII", answer)
    check(answer.headers["content-type"] == "application/json" and answer.headers["location"] == "/users/me", "headers", answer)
    is_problem(register(username="JOHNDOE"), 409, "a username that is taken", detail="Username already taken")
    answer = request("POST", "/users", JSON, json.dumps({"username": "alias", "password": PASSWORD}))
    check(answer.status == 201, "the alias /users", answer)

    answer = log_in("john@example.com")
    body = answer.body
    check(answer.status == 200 and body["token_type"] == "bearer" and body["expires_in"] == 1800, "a log-in", answer)
    token = body["access_token"]
    answer = me(token)
    check(answer.status == 200 and answer.body["email"] == "John@Example.com", "the token reads its user", answer)
    answer = request("GET", "/users/me/", {"authorization": f"Bearer {token}"})
    check(answer.status == 200, "with a slash at the end, by the route beside {proxy+}", answer)
    answer = request("GET", "/users/me/more", {"authorization": f"Bearer {token}"})
    is_not_found(answer, "more behind that slash")

    # A form comes to the function in base64, JSON as text, and a body that is no text in base64: the gateway decides.
    boundary = "b0"
    parts = "".join(
        f'--{boundary}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("username", "johndoe"), ("password", PASSWORD))
    )
    multipart = {"content-type": f"multipart/form-data; boundary={boundary}"}
    answer = request("POST", "/token", multipart, f"{parts}--{boundary}--\r\n")
    check(answer.status == 200, "a multipart form", answer)
    is_oauth(request("POST", "/token", FORM, b"username=a&password=\xff\xfe"), 400, "invalid_request", "bytes that are no UTF-8")
    # The emulator hands JSON on as text, with a replacement character for what is no UTF-8.
    answer = request("POST", "/register", JSON, b'{"username":"\xff\xfe"}')
    check(answer.status in (400, 422), "JSON that is no UTF-8 is refused", answer)
    answer = request("POST", "/register", JSON, b"\xef\xbb\xbf{}")
    check(answer.status in (400, 422), "JSON after a byte order mark is refused", answer)
    is_problem(request("POST", "/register", JSON), 400, "no body at all")
    is_oauth(request("POST", "/token", FORM, ""), 400, "invalid_request", "an empty form")

    is_problem(request("POST", "/register", JSON, "[]"), 400, "JSON that is no object")
    answer = request("POST", "/register", JSON, json.dumps({"username": "a b", "email": "nobody", "password": "short"}))
    is_problem(answer, 422, "fields that break their rules")
    fields = sorted(error["field"] for error in (answer.body or {}).get("errors", []))
    check(fields == ["email", "password", "username"], "all of them at once", answer)
    is_problem(request("POST", "/register", {"content-type": "text/plain"}, "{}"), 415, "a content type that is not JSON")
    is_problem(request("POST", "/register", [*JSON.items(), *JSON.items()], "{}"), 415, "the content type twice")
    is_problem(request("POST", "/register", JSON | {"content-encoding": "gzip"}, "{}"), 415, "an encoded body")
    is_oauth(request("POST", "/token", JSON, "{}"), 415, "invalid_request", "JSON for /token")
    longest = json.dumps({"username": "x" * (16384 - 16)})
    check(len(longest) == 16384, "16 KiB are 16 KiB", len(longest))
    is_problem(request("POST", "/register", JSON, longest), 422, "a body of 16 KiB is read")
    is_problem(request("POST", "/register", JSON, longest + " "), 413, "one byte more is not")
    is_oauth(request("POST", "/token", FORM, "username=" + "x" * 16376), 413, "invalid_request", "a form of over 16 KiB")

    is_oauth(request("POST", "/token", FORM, "username=a&username=b&password=c"), 400, "invalid_request", "a parameter twice")
    is_oauth(request("POST", "/token", FORM, "grant_type=implicit"), 400, "unsupported_grant_type", "a grant that is not offered")
    wrong, unknown = log_in("johndoe", "wrong password"), log_in("nobody", "wrong password")
    is_oauth(wrong, 401, "invalid_grant", "a wrong password", detail="Incorrect username or password")
    check(wrong.bytes == unknown.bytes and unknown.status == 401, "and an unknown user: the same answer", unknown)
    check(wrong.headers["www-authenticate"] == 'Bearer realm="latchkey"', "with a challenge", wrong)
    answer = request("POST", "/token?username=johndoe", FORM, urllib.parse.urlencode({"password": PASSWORD}))
    is_oauth(answer, 400, "invalid_request", "a parameter in the query does not count")

    answer = request("GET", "/users/me")
    is_problem(answer, 401, "no token", detail="Not authenticated")
    check(answer.headers["www-authenticate"] == 'Bearer realm="latchkey"', "with a challenge", answer)
    answer = me(token[:-5] + "AAAAA")
    is_problem(answer, 401, "a tampered token", error="invalid_token")
    answer = request("GET", "/users/me", [("authorization", f"Bearer {token}"), ("authorization", "Bearer x")])
    is_problem(answer, 400, "two Authorization headers, which the gateway joins", error="invalid_request")
    is_problem(me("x" * 10000), 401, "a token of 10,000 bytes", error="invalid_token")

    for method, path in (
        ("GET", "/"),
        ("GET", "/nothing"),
        ("GET", "/register"),
        ("DELETE", "/users/me"),
        ("HEAD", "/users/me"),
        ("GET", "/token/"),
        ("POST", "/.well-known/jwks.json"),
    ):
        answer = request(method, path)
        if method == "HEAD":
            check(answer.status == 404, "HEAD is no GET (404 of the gateway)", answer)
        else:
            is_the_gateways(answer, f"{method} {path}")

    # One environment per request that is under way: here several processes of one binary run at once.
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(lambda _: register(username="once").status, range(8)))
    check(statuses == [201] + [409] * 7, "of 8 clients that register one username at once one gets it", statuses)


def changed():
    check(log_in("early").body.get("expires_in") == 600, "expires_in is 600 after the change", log_in("early"))
    answer = me(state()["token"])
    check(answer.status == 200 and answer.body["username"] == "early", "users and keys are as before", answer)
    answer = request("GET", "/docs")
    check(answer.status == 200 and answer.headers["content-type"].startswith("text/html"), "/docs is there", answer)
    answer = request("GET", "/openapi.json")
    check(answer.status == 200 and answer.body.get("openapi", "").startswith("3."), "/openapi.json is there", answer)
    answer = request("GET", "/.well-known/openid-configuration", host=os.environ["DOMAIN"])
    check(answer.status == 200 and answer.body["issuer"] == outputs()["Issuer"], "the domain leads to the API", answer)
    answer = request("GET", "/docs/page.css")
    check(answer.status == 200 and answer.headers["content-type"].startswith("text/css"), "and its style sheet", answer)
    answer = request("GET", "/docs/nothing")
    is_not_found(answer, "a file that is not there")
    known = outputs()
    state(table=known["TableName"], secret=known["SigningKeysSecret"])


def logs():
    groups = resources("AWS::Logs::LogGroup")
    lambdas = client("lambda")
    for name, function in resources("AWS::Lambda::Function").items():
        group = lambdas.get_function_configuration(FunctionName=function).get("LoggingConfig", {}).get("LogGroup")
        check(group in groups.values(), f"{name} has a log group of the template", group)
    reader = client("logs")
    lines = {
        name: [
            event["message"]
            for page in reader.get_paginator("filter_log_events").paginate(logGroupName=group)
            for event in page["events"]
        ]
        for name, group in groups.items()
    }
    check(any(lines["RotateKeysLogs"]) and any(lines["TokenLogs"]), "the functions log into them", lines.keys())
    # What the platform writes about an invocation is no line of ours.
    ours = [line.strip() for group in lines.values() for line in group if not line.startswith(("START ", "END ", "REPORT "))]
    odd = [line[:200] for line in ours if line and not line.startswith("{")]
    check(not odd, f"all {len(ours)} lines of theirs are JSON", odd[:3])
    text = "\n".join(ours)
    secret = client("secretsmanager").get_secret_value(SecretId=outputs()["SigningKeysSecret"])["SecretString"]
    for words, forbidden in (
        ("a password", [PASSWORD]),
        ("a token", [state()["token"], state()["token"].rpartition(".")[2]]),
        # Each full line of its PEM but the first, which all keys share.
        ("a private key", [line for key in json.loads(secret)["keys"] for line in key["pem"].split("\n")[2:-2]]),
    ):
        check(not any(word in text for word in forbidden), f"no line has {words}", "one has")


def deleted():
    known = state()
    stacks = client("cloudformation").describe_stacks()["Stacks"]
    left = [stack["StackName"] for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"]
    left = [name for name in left if name == os.environ["STACK"]]
    check(not left, "the stack is gone", left)
    tables = client("dynamodb")
    there = known["table"] in tables.list_tables()["TableNames"]
    items = tables.scan(TableName=known["table"], ConsistentRead=True)["Items"] if there else []
    text = json.dumps(items)
    check("early" in text and "johndoe" in text and len(items) > 4, f"the table is there with its {len(items)} items", text[:200])
    functions = [function["FunctionName"] for function in client("lambda").list_functions()["Functions"]]
    check(not functions, "no function is left", functions)
    apis = client("apigatewayv2").get_apis()["Items"]
    check(not apis, "no API is left", apis)
    roles = [role["RoleName"] for role in client("iam").list_roles()["Roles"] if role["RoleName"].startswith(os.environ["STACK"])]
    check(not roles, "no role is left", roles)
    groups = [group["logGroupName"] for group in client("logs").describe_log_groups()["logGroups"]]
    groups = [group for group in groups if os.environ["STACK"] in group]
    check(not groups, "no log group is left", groups)
    alarms = [alarm["AlarmName"] for alarm in client("cloudwatch").describe_alarms()["MetricAlarms"]]
    check(not alarms, "no alarm is left", alarms)
    topics = client("sns").list_topics()["Topics"]
    check(not topics, "no topic is left", topics)
    secrets = [secret["Name"] for secret in client("secretsmanager").list_secrets()["SecretList"]]
    check(known["secret"] not in secrets, "the secret of the keys is gone", secrets)


def main(arguments):
    every = (build, url, before, rotations, requests, compromised, changed, logs, deleted, keys, variables)
    steps = {step.__name__: step for step in every}
    started = time.monotonic()
    steps[arguments[0]](*arguments[1:])
    if arguments[0] not in ("build", "url", "variables"):
        print(f"{failures} FAILED, {time.monotonic() - started:.1f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
