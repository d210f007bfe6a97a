"""The stack STACK on the emulator of AWS_ENDPOINT_URL: its outputs and resources, its API, its keys and their rotation.

`python .ci/deployed_tests/stack.py FILE` makes the first keys and writes the document of the private ones.
"""

import base64
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import urllib.parse
import uuid

import boto3
import jwt
import requests
from cryptography.hazmat.primitives.serialization import load_pem_private_key

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
PASSWORD = "correct horse battery"


def outputs():
    (stack,) = boto3.client("cloudformation").describe_stacks(StackName=os.environ["STACK"])["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def resources(of_type):
    """Returns the physical names of the stack's resources of a type."""
    pages = boto3.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=os.environ["STACK"])
    every = [resource for page in pages for resource in page["StackResourceSummaries"]]
    return [resource["PhysicalResourceId"] for resource in every if resource["ResourceType"] == of_type]


def latchkey(*arguments, code=0, **more):
    """Runs a command of the operator's on the stack; returns what it printed."""
    program = [os.path.abspath("target/debug/latchkey"), "--stack", os.environ["STACK"]]
    done = subprocess.run([*program, *arguments], capture_output=True, text=True, **more)
    assert done.returncode == code, done
    return done.stdout


def renew():
    """Stops the functions' environments, which cache keys for some minutes. On AWS one would wait."""
    lambdas = boto3.client("lambda")
    for function in resources("AWS::Lambda::Function"):
        memory = lambdas.get_function_configuration(FunctionName=function)["MemorySize"]
        lambdas.update_function_configuration(FunctionName=function, MemorySize=memory)
        lambdas.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig={"Delay": 0.2})


class Api:
    def __init__(self):
        # Not the output, which is the domain where there is one.
        (api,) = resources("AWS::ApiGatewayV2::Api")
        self.url = urllib.parse.urlsplit(boto3.client("apigatewayv2").get_api(ApiId=api)["ApiEndpoint"])

    def request(self, method, path, host=None, headers=None, **more):
        headers = {"host": host or self.url.netloc, **(headers or {})}
        # Every *.localhost is loopback, and not every resolver knows it.
        return requests.request(method, f"http://127.0.0.1:{self.url.port}{path}", headers=headers, timeout=30, **more)

    def register(self, username, **more):
        return self.request("POST", "/register", json={"username": username, "password": PASSWORD, **more})

    def log_in(self, username):
        return self.request("POST", "/token", data={"username": username, "password": PASSWORD})

    def me(self, token):
        return self.request("GET", "/users/me", headers={"authorization": f"Bearer {token}"})

    def published(self):
        """Returns the JWK Set that is stored, which must be public."""
        renew()
        response = self.request("GET", "/.well-known/jwks.json")
        assert response.status_code == 200, response.text
        for key in response.json()["keys"]:
            assert set(key) == {"alg", "e", "kid", "kty", "n", "use"} and key["alg"] == "RS256"
            assert key["kid"] == thumbprint(key)
        return response.json()


def thumbprint(jwk):
    """Returns the key id of RFC 7638 for an RSA key."""
    text = json.dumps({name: jwk[name] for name in ("e", "kty", "n")}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def kid_of(token):
    return jwt.get_unverified_header(token)["kid"]


def verified(token, jwks):
    """Returns the claims of a token that the JWK Set verifies, by PyJWT."""
    issuer = outputs()["Issuer"]
    key = jwt.PyJWKSet.from_dict(jwks)[kid_of(token)]
    return jwt.decode(token, key, algorithms=["RS256"], audience=issuer, issuer=issuer)


class Failed(Exception):
    """A failed invocation."""


class Rotation:
    """Secrets Manager's part of a rotation, which the emulator lacks: it makes a pending version without a value and calls the
    function with each step."""

    def __init__(self):
        self.secrets, self.lambdas = boto3.client("secretsmanager"), boto3.client("lambda")
        self.secret, self.function = outputs()["SigningKeysSecret"], outputs()["RotateKeysFunction"]
        # The event has the ARN; on the emulator `!Ref` of a secret gives the name.
        self.arn = self.secrets.describe_secret(SecretId=self.secret)["ARN"]
        self.version = None

    def stages(self):
        return self.secrets.describe_secret(SecretId=self.secret)["VersionIdsToStages"]

    def ring(self, **which):
        return self.secrets.get_secret_value(SecretId=self.secret, **which).get("SecretString")

    def pems(self):
        return [key["pem"] for key in json.loads(self.ring())["keys"]]

    def kids(self):
        keys = [load_pem_private_key(pem.encode(), None).public_key() for pem in self.pems()]
        return {thumbprint(jwt.algorithms.RSAAlgorithm.to_jwk(key, as_dict=True)) for key in keys}

    def begin(self):
        # AWS takes the stage from the version that had it; the emulator would leave it on both.
        for version, stages in self.stages().items():
            if "AWSPENDING" in stages:
                which = {"VersionStage": "AWSPENDING", "RemoveFromVersionId": version}
                self.secrets.update_secret_version_stage(SecretId=self.secret, **which)
        self.version = str(uuid.uuid4())
        self.secrets.put_secret_value(SecretId=self.secret, ClientRequestToken=self.version, VersionStages=["AWSPENDING"])

    def invoke(self, **event):
        response = self.lambdas.invoke(FunctionName=self.function, Payload=json.dumps(event))
        if "FunctionError" in response:
            raise Failed(response["Payload"].read().decode())

    def step(self, step):
        self.invoke(Step=step, SecretId=self.arn, ClientRequestToken=self.version)

    def rotate(self):
        self.begin()
        for step in STEPS:
            self.step(step)


if __name__ == "__main__":
    first = Rotation()
    first.rotate()
    file = pathlib.Path(sys.argv[1])
    file.touch(0o600)
    file.write_text(first.ring())
