"""Runs each check on the template as it is, where it must pass, and on each of its breakages, where it must fail.

A check is a test of `stack` (decided for one deployment), of `template` (transformed, no condition decided) or of `samconfig`.
`@broken_by(message, path, value, **parameters)` is a breakage: it puts the value at the path, and the check must then fail with the
message, in a deployment with these parameters. Without a value it removes what stands there; a function computes the value from the
old one. A check without a breakage is an error.
"""

import copy

import cloudformation
import pytest

SOURCES = {
    "stack": cloudformation.transformed,
    "template": cloudformation.transformed,
    "samconfig": cloudformation.samconfig,
}


def pytest_configure(config):
    config.addinivalue_line("markers", "broken_by(message, path, value, **parameters): what the check must find")


def pytest_generate_tests(metafunc):
    for subject in SOURCES.keys() & set(metafunc.fixturenames):
        breakages = list(metafunc.definition.iter_markers("broken_by"))
        assert breakages, f"nothing shows that {metafunc.function.__name__} can fail"
        deployments = cloudformation.STACKS if subject == "stack" else {"as it is": {}}
        cases = [pytest.param((subject, None, parameters), id=name) for name, parameters in deployments.items()]
        for mark in breakages:
            message, *change = mark.args
            expected = pytest.RaisesExc((AssertionError, ValueError), match=message)
            must_fail = pytest.mark.xfail(strict=True, raises=expected)
            cases.append(pytest.param((subject, change, mark.kwargs), id=f"broken: {message}", marks=must_fail))
        metafunc.parametrize(subject, cases, indirect=True)


@pytest.fixture
def template(request):
    subject, change, parameters = request.param
    source = copy.deepcopy(SOURCES[subject]())
    if change:
        put(source, *change)
    return cloudformation.Stack(source, parameters) if subject == "stack" else source


stack = samconfig = template


def put(document, path, *value):
    *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    for key in parents:
        document = document[key]
    if not value:
        del document[last]
    else:
        document[last] = value[0](document[last]) if callable(value[0]) else value[0]
