"""A new stack on the table of the one that was deleted."""

import time

import boto3

from stack import resources, verified


def test_the_stack_has_no_table_of_its_own():
    assert resources("AWS::DynamoDB::Table") == []


def test_a_user_of_the_old_stack_logs_in_under_new_keys(api, rotation, cache):
    old = cache.get("latchkey/token", None)
    assert rotation.ring() == '{"keys":[]}'
    rotation.rotate()
    jwks = api.published()
    token = api.log_in("early").json()["access_token"]
    verified(token, jwks)
    # The old keys stay published until their dates, and the issuer is the same.
    assert [api.me(each).json()["username"] for each in (token, old)] == ["early", "early"]


def test_a_name_of_the_old_stack_is_taken(api):
    assert api.register("early").status_code == 409


def test_the_mailer_follows_the_stream_of_that_table(outputs):
    table = boto3.client("dynamodb")
    (mapping,) = boto3.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert mapping["EventSourceArn"] == table.describe_table(TableName=outputs["TableName"])["Table"]["LatestStreamArn"]
    # It begins with the mails of the old stack, which were sent: their items are gone.
    deadline = time.monotonic() + 30
    while not boto3.client("lambda").get_event_source_mapping(UUID=mapping["UUID"])["LastProcessingResult"].startswith("OK"):
        assert time.monotonic() < deadline, "the mailer has read nothing"
        time.sleep(0.2)
