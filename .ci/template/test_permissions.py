"""What each function may do, and that it shares neither role nor log group."""

import pytest
from cloudformation import listed, resource_name

broken_by = pytest.mark.broken_by

TABLE, RING = "${UsersTable.Arn}", "${SigningKeys}"
KEYS = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["keys"]}}
USERS = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["user#*"]}}
USERS_AND_NAMES = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["user#*", "username#*", "email#*"]}}
# What each function may do, on what, and under which condition; one that is not listed may do nothing. A new permission is a new
# line here, so that a review sees it.
PERMISSIONS = {
    "RegisterFunction": [("dynamodb:PutItem", TABLE, USERS_AND_NAMES)],
    "TokenFunction": [
        ("dynamodb:GetItem", TABLE, None),
        ("dynamodb:UpdateItem", TABLE, USERS),
        ("secretsmanager:GetSecretValue", RING, None),
    ],
    "MeFunction": [("dynamodb:GetItem", TABLE, None)],
    "WellKnownFunction": [("dynamodb:GetItem", TABLE, KEYS)],
    "RotateKeysFunction": [
        ("dynamodb:GetItem", TABLE, KEYS),
        ("dynamodb:PutItem", TABLE, KEYS),
        ("secretsmanager:DescribeSecret", RING, None),
        ("secretsmanager:GetSecretValue", RING, None),
        ("secretsmanager:PutSecretValue", RING, None),
        ("secretsmanager:UpdateSecretVersionStage", RING, None),
    ],
}
LOG_STREAMS = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:%s:log-stream:*"
LAMBDA = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}

FUNCTION, ROLE = "Resources.MeFunction.Properties", "Resources.MeRole.Properties"
STATEMENTS = f"{ROLE}.Policies.0.PolicyDocument.Statement"


@broken_by("MeFunction may", f"{STATEMENTS}.0.Action", "dynamodb:*")
@broken_by("MeFunction may", f"{STATEMENTS}.0.Action", ["dynamodb:GetItem", "dynamodb:DeleteItem"])
@broken_by("MeFunction may", f"{STATEMENTS}.0.Resource", "*")
@broken_by("MeFunction may", f"{STATEMENTS}.0.Resource", {"Fn::Sub": "arn:aws:dynamodb:*:*:table/${UsersTable}*"})
@broken_by("MeFunction may", f"{STATEMENTS}.2.Resource", {"Fn::Sub": LOG_STREAMS % "${TokenLogs}"})
@broken_by("MeFunction may", f"{STATEMENTS}.0")
@broken_by("MeFunction may", f"{STATEMENTS}.1", {"Ref": "AWS::NoValue"}, EnableTracing="true")
@broken_by("MeFunction may", f"{STATEMENTS}.1.Fn::If.1.Action", lambda old: [*old, "xray:GetTraceSummaries"], EnableTracing="true")
@broken_by("MeFunction may", f"{FUNCTION}.TracingConfig", EnableTracing="true")
@broken_by("MeRole has a statement", f"{STATEMENTS}.0.NotAction", "dynamodb:Scan")
@broken_by("WellKnownFunction may", f"{STATEMENTS.replace('Me', 'WellKnown')}.0.Condition")
def test_each_function_may_do_what_is_listed_and_nothing_else(stack):
    for name, function in stack.functions.items():
        role, found = resource_name(function["Role"]), []
        for policy in stack.resources[role]["Properties"]["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                plain = statement.keys() <= {"Effect", "Action", "Resource", "Condition"} and statement["Effect"] == "Allow"
                assert plain, f"{role} has a statement that PERMISSIONS cannot list: {statement}"
                for action in listed(statement["Action"]):
                    found += [(action, resource, statement.get("Condition")) for resource in listed(statement["Resource"])]
        streams = LOG_STREAMS % function["LoggingConfig"]["LogGroup"]
        expected = PERMISSIONS.get(name, []) + [(f"logs:{action}", streams, None) for action in ("CreateLogStream", "PutLogEvents")]
        # X-Ray's actions know no resource. They are the one exception, for a function that is traced.
        if function.get("TracingConfig") == {"Mode": "Active"}:
            expected = expected + [(f"xray:{action}", "*", None) for action in ("PutTelemetryRecords", "PutTraceSegments")]
        assert sorted(found, key=str) == sorted(expected, key=str), f"{name} may do more or less than PERMISSIONS lists"


@broken_by("Gone", "Resources.MeFunction")
def test_permissions_are_listed_for_functions_that_exist(template):
    assert PERMISSIONS.keys() <= template["Resources"].keys(), f"Gone: {PERMISSIONS.keys() - template['Resources'].keys()}"


@broken_by("one role for each", f"{FUNCTION}.Role", {"Fn::GetAtt": ["TokenRole", "Arn"]})
@broken_by("one role for each", f"{FUNCTION}.Role", "arn:aws:iam::123456789012:role/other")
@broken_by("one role for each", "Resources.Policy", {"Type": "AWS::IAM::Policy", "Properties": {"Roles": [{"Ref": "MeRole"}]}})
@broken_by("MeRole has more", f"{ROLE}.ManagedPolicyArns", ["arn:aws:iam::aws:policy/X"])
@broken_by("MeRole trusts", f"{ROLE}.AssumeRolePolicyDocument.Statement.0.Principal", {"AWS": "*"})
def test_each_function_has_a_role_of_its_own(stack):
    roles = sorted(function["Role"] for function in stack.functions.values())
    assert roles == sorted("${%s.Arn}" % name for name in stack.of_type("AWS::IAM::")), "not one role for each function"
    for name, role in stack.of_type("AWS::IAM::Role").items():
        assert role.keys() == {"AssumeRolePolicyDocument", "Policies"}, f"{name} has more than a policy of its own"
        assert role["AssumeRolePolicyDocument"]["Statement"] == [LAMBDA], f"{name} trusts others than Lambda"


@broken_by("share a log group", f"{FUNCTION}.LoggingConfig.LogGroup", {"Ref": "TokenLogs"})
@broken_by("MeFunction logs", f"{FUNCTION}.LoggingConfig.LogGroup", "other")
@broken_by("MeFunction logs", f"{FUNCTION}.LoggingConfig.LogFormat")
@broken_by("MeLogs keeps", "Resources.MeLogs.Properties.RetentionInDays")
@broken_by("AccessLogs keeps", "Resources.AccessLogs.Properties.RetentionInDays", 3653)
def test_each_function_logs_json_to_a_group_of_its_own_for_a_limited_time(stack):
    groups = stack.of_type("AWS::Logs::LogGroup")
    used = {name: function["LoggingConfig"] for name, function in stack.functions.items()}
    for name, logging in used.items():
        assert logging in [{"LogFormat": "JSON", "LogGroup": "${%s}" % group} for group in groups], f"{name} logs to {logging}"
    assert len({logging["LogGroup"] for logging in used.values()}) == len(used), "functions share a log group"
    for name, group in groups.items():
        assert group.get("RetentionInDays") == stack.values["LogRetentionDays"], f"{name} keeps its logs otherwise"
