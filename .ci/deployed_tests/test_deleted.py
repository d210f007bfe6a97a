"""After `sam delete`."""

import os

import boto3
import pytest

STACK = os.environ["STACK"]


def listed(service, operation, member):
    return getattr(boto3.client(service), operation)()[member]


def test_the_stack_is_gone():
    stacks = listed("cloudformation", "describe_stacks", "Stacks")
    assert STACK not in [stack["StackName"] for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"]


def test_the_table_stays_with_its_items(cache):
    table = cache.get("latchkey/outputs", {})["TableName"]
    items = boto3.client("dynamodb").scan(TableName=table, ConsistentRead=True)["Items"]
    assert "early" in str(items) and "johndoe" in str(items) and len(items) > 4


def test_the_keys_stay_under_the_stacks_name(cache):
    secret = cache.get("latchkey/outputs", {})["SigningKeysSecret"]
    stays = [one["Name"] for one in listed("secretsmanager", "list_secrets", "SecretList")]
    # The other is that of the black-box suite's stack, which is deleted, too.
    assert len(stays) == 2 and [name for name in stays if name in secret and name.startswith(f"{STACK}/")], stays


@pytest.mark.parametrize(
    ("service", "operation", "member"),
    [
        ("lambda", "list_functions", "Functions"),
        ("apigatewayv2", "get_apis", "Items"),
        ("iam", "list_roles", "Roles"),
        ("logs", "describe_log_groups", "logGroups"),
        ("cloudwatch", "describe_alarms", "MetricAlarms"),
        ("sns", "list_topics", "Topics"),
        ("lambda", "list_event_source_mappings", "EventSourceMappings"),
    ],
)
def test_nothing_of_its_kind_is_left(service, operation, member):
    assert listed(service, operation, member) == []
