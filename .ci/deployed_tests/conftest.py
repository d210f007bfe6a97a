"""Fixtures of the phases of `.ci/deployed`: `test_PHASE.py` is what holds of the stack in that phase. What a later phase needs of an
earlier one is in pytest's cache."""

import pytest

pytest.register_assert_rewrite("stack")

import stack


@pytest.fixture(scope="session")
def cache(request):
    """pytest's own, for fixtures of a module, too."""
    return request.config.cache


@pytest.fixture(scope="session")
def api():
    return stack.Api()


@pytest.fixture
def rotation():
    return stack.Rotation()


@pytest.fixture
def outputs(cache):
    known = stack.outputs()
    cache.set("latchkey/outputs", known)
    return known
