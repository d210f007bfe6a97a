"""After a deployment with another token lifetime, the documentation and a domain."""

import os

import pytest


def test_a_token_has_the_new_lifetime(api):
    assert api.log_in("early").json()["expires_in"] == 600


def test_users_and_keys_are_as_before(api, cache):
    old = cache.get("latchkey/token", None)
    new = api.log_in("early").json()["access_token"]
    response = api.me(new)
    assert (response.status_code, response.json()["username"]) == (200, "early")
    # The header names the key.
    assert new.split(".")[0] == old.split(".")[0]


def test_a_token_that_lives_longer_than_this_deployment_issues_is_rejected(api, cache):
    response = api.me(cache.get("latchkey/token", None))
    assert (response.status_code, response.json()["error"]) == (401, "invalid_token")


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_the_documentation_is_there(api, path):
    assert api.request("GET", path).status_code == 200


def test_the_domain_leads_to_the_api(api, outputs):
    response = api.request("GET", "/.well-known/openid-configuration", host=os.environ["DOMAIN"])
    assert (response.status_code, response.json()["issuer"]) == (200, outputs["Issuer"])
