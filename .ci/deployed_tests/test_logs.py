"""What the functions have logged so far."""

import boto3
import pytest

from stack import PASSWORD, resources


@pytest.fixture(scope="module")
def lines():
    """The lines of each function, which logs into a log group of the template."""
    lambdas, logs, groups, lines = boto3.client("lambda"), boto3.client("logs"), resources("AWS::Logs::LogGroup"), {}
    for function in resources("AWS::Lambda::Function"):
        group = lambdas.get_function_configuration(FunctionName=function)["LoggingConfig"]["LogGroup"]
        assert group in groups, function
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        messages = [event["message"].strip() for page in pages for event in page["events"]]
        # What the platform writes about an invocation is no line of ours.
        lines[function] = [line for line in messages if line and not line.startswith(("START ", "END ", "REPORT "))]
    return lines


def test_functions_log_into_log_groups_of_the_template(lines):
    # Those that failed in earlier phases: `rotate-keys`, `token`, `well-known`.
    assert len([function for function in lines if lines[function]]) >= 3


def test_each_line_is_json(lines):
    assert not [line for function in lines.values() for line in function if not line.startswith("{")]


def test_no_line_has_a_password_a_token_or_a_private_key(lines, rotation, cache):
    text = "\n".join(line for function in lines.values() for line in function)
    token = cache.get("latchkey/token", None)
    mailed = cache.get("latchkey/mailed", None)
    assert len(mailed) > 1
    # Each full line of a PEM but the first, which all keys share.
    pems = [line for pem in rotation.pems() for line in pem.split("\n")[2:-2]]
    assert pems
    assert not [secret for secret in (PASSWORD, token, token.rpartition(".")[2], *mailed, *pems) if secret in text]
