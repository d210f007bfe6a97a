"""The first two rotations of the keys."""

import pytest

from stack import STEPS, Failed, kid_of, verified


def test_a_version_that_does_not_exist_fails(rotation):
    rotation.version = "00000000-0000-0000-0000-000000000000"
    with pytest.raises(Failed):
        rotation.step("createSecret")


@pytest.mark.parametrize("step", ["setSecret", "finishSecret", "unknownSecret"])
def test_a_step_that_is_unknown_or_too_early_fails(rotation, step):
    rotation.begin()
    with pytest.raises(Failed):
        rotation.step(step)


def test_test_secret_of_a_version_without_a_value_tests_the_function_alone(rotation):
    rotation.begin()
    rotation.step("testSecret")


def test_two_rotations_publish_a_key_each_and_tokens_stay_valid(api, rotation, outputs, cache):
    # Each step twice: Secrets Manager repeats what got no response.
    rotation.begin()
    made = None
    for step in STEPS:
        rotation.step(step)
        rotation.step(step)
        value = rotation.ring(VersionId=rotation.version)
        assert made in (None, value), f"{step} changed the version's value"
        made = value
        assert ("AWSCURRENT" in rotation.stages()[rotation.version]) == (step == "finishSecret")
    # And once more when the rotation is done.
    for step in STEPS:
        rotation.step(step)
    assert rotation.ring() == made
    jwks = api.published()
    assert len(jwks["keys"]) == 2
    token = api.log_in("early").json()["access_token"]
    claims = verified(token, jwks)
    assert claims["exp"] - claims["iat"] == 1800
    assert api.me(token).status_code == 200

    rotation.rotate()
    jwks = api.published()
    assert len(jwks["keys"]) == 3
    assert api.me(token).status_code == 200
    later = api.log_in("early").json()["access_token"]
    verified(later, jwks)
    # The next key was published a moment ago, and signs when verifiers have had six hours to fetch it.
    assert kid_of(later) == kid_of(token)
    cache.set("latchkey/token", later)
