"""Before the first keys."""

import boto3
import pytest


def test_the_table_is_protected_from_deletion(outputs):
    assert boto3.client("dynamodb").describe_table(TableName=outputs["TableName"])["Table"]["DeletionProtectionEnabled"]


def test_the_ring_is_empty(rotation):
    assert rotation.ring() == '{"keys":[]}'


def test_a_user_registers(api):
    assert api.register("early").status_code == 201


def test_a_log_in_and_the_jwk_set_are_unavailable_for_a_while(api):
    api.register("waiting")
    log_in, keys = api.log_in("waiting"), api.request("GET", "/.well-known/jwks.json")
    assert (log_in.status_code, log_in.json()["error"]) == (503, "temporarily_unavailable")
    assert (keys.status_code, keys.headers["content-type"]) == (503, "application/problem+json")
    assert log_in.headers["retry-after"].isdigit() and keys.headers["retry-after"].isdigit()


@pytest.mark.parametrize("name", ["openid-configuration", "oauth-authorization-server"])
def test_the_metadata_name_the_issuer_and_its_keys(api, outputs, name):
    metadata = api.request("GET", f"/.well-known/{name}").json()
    assert (metadata["issuer"], metadata["jwks_uri"]) == (outputs["Issuer"], outputs["JwksUrl"])


def test_the_document_is_there_and_its_page_is_an_unknown_route(api):
    assert api.request("GET", "/openapi.json").status_code == 200
    response = api.request("GET", "/docs")
    assert (response.status_code, response.json()) == (404, {"message": "Not Found"})
    assert "cache-control" not in response.headers
