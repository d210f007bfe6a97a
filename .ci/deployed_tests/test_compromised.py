"""A compromised key."""

import pytest

from stack import Failed, kid_of, latchkey, verified


def test_an_emergency_with_an_unknown_kid_fails(rotation):
    with pytest.raises(Failed):
        rotation.invoke(compromised="no such key")


def test_the_emergency_drops_the_signing_key_even_while_a_rotation_is_half_done(api, rotation, cache):
    before = cache.get("latchkey/token", None)
    kid, count = kid_of(before), len(rotation.kids())
    assert kid in rotation.kids()
    rotation.begin()
    rotation.step("createSecret")
    rotation.step("setSecret")

    assert f"{kid} " in latchkey("keys", "drop", kid)
    assert kid not in rotation.kids()
    with pytest.raises(Failed):
        rotation.step("finishSecret")
    rotation.invoke(compromised=kid)
    assert kid not in rotation.kids()

    jwks = api.published()
    assert len(jwks["keys"]) == count
    assert kid not in [key["kid"] for key in jwks["keys"]]
    token = api.log_in("early").json()["access_token"]
    verified(token, jwks)
    assert kid_of(token) != kid
    rejected = api.me(before)
    assert (rejected.status_code, rejected.json()["error"]) == (401, "invalid_token")
    assert api.me(token).status_code == 200
    cache.set("latchkey/token", token)

    rotation.rotate()
    assert len(api.published()["keys"]) == count + 1
