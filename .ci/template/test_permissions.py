"""What each function may do, and that it shares neither role nor log group."""

import re

import pytest
from cloudformation import MADE_ANEW, listed, resource_name

broken_by = pytest.mark.broken_by

TABLE, RING = "${UsersTable.Arn}", "${SigningKeys}"
EXISTING_TABLE = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/%s"
KEYS = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["keys"]}}
USERS = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["user#*"]}}
NAMES = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["username#*", "email#*"]}}
USERS_AND_NAMES = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["user#*", "username#*", "email#*"]}}
NETWORKS = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["network#*"]}}
USERS_AND_NETWORKS = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["user#*", "network#*"]}}
API_KEYS = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["api-keys#*"]}}
KEYS_AND_OWNERS = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["keys", "user#*", "api-keys#*"]}}
KEYS_CLIENTS_AND_OWNERS = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["keys", "client#*", "user#*", "api-keys#*"]}}
ACCOUNTS = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["user#*", "api-keys#*", "username#*", "email#*"]}}
ATTEMPTS = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["user#*", "unknown#*", "network#*"]}}
# What each function may do, on what, and under which condition; one that is not listed may do nothing. A new permission is a new
# line here, so that a review sees it.
PERMISSIONS = {
    "RegisterFunction": [("dynamodb:PutItem", TABLE, USERS_AND_NAMES), ("dynamodb:UpdateItem", TABLE, NETWORKS)],
    "TokenFunction": [
        ("dynamodb:BatchGetItem", TABLE, None),
        ("dynamodb:GetItem", TABLE, None),
        ("dynamodb:UpdateItem", TABLE, ATTEMPTS),
        ("secretsmanager:GetSecretValue", RING, None),
    ],
    "MeFunction": [
        ("dynamodb:DeleteItem", TABLE, ACCOUNTS),
        ("dynamodb:GetItem", TABLE, None),
        ("dynamodb:PutItem", TABLE, NAMES),
        ("dynamodb:UpdateItem", TABLE, USERS_AND_NETWORKS),
    ],
    "SessionsFunction": [("dynamodb:GetItem", TABLE, None), ("dynamodb:UpdateItem", TABLE, USERS)],
    "ApiKeysFunction": [
        ("dynamodb:BatchGetItem", TABLE, KEYS_AND_OWNERS),
        ("dynamodb:ConditionCheckItem", TABLE, USERS),
        ("dynamodb:GetItem", TABLE, KEYS_AND_OWNERS),
        ("dynamodb:UpdateItem", TABLE, API_KEYS),
    ],
    "WellKnownFunction": [("dynamodb:GetItem", TABLE, KEYS)],
    "AuthorizerFunction": [
        ("dynamodb:BatchGetItem", TABLE, KEYS_CLIENTS_AND_OWNERS),
        ("dynamodb:GetItem", TABLE, KEYS_CLIENTS_AND_OWNERS),
        ("dynamodb:UpdateItem", TABLE, API_KEYS),
    ],
    "RotateKeysFunction": [
        ("dynamodb:GetItem", TABLE, KEYS),
        ("dynamodb:PutItem", TABLE, KEYS),
        ("secretsmanager:DescribeSecret", RING, None),
        ("secretsmanager:GetSecretValue", RING, None),
        ("secretsmanager:PutSecretValue", RING, None),
        ("secretsmanager:UpdateSecretVersionStage", RING, None),
    ],
}
# With MigrationUrl, too.
MIGRATION_PERMISSIONS = {"TokenFunction": [("dynamodb:PutItem", TABLE, USERS_AND_NAMES)]}
LOG_STREAMS = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:%s:log-stream:*"
LAMBDA = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}

FUNCTION, ROLE = "Resources.MeFunction.Properties", "Resources.MeRole.Properties"
STATEMENTS = f"{ROLE}.Policies.0.PolicyDocument.Statement"
SHARED = "Resources.FunctionPolicy.Properties.PolicyDocument.Statement"
TABLE_ARN = f"{STATEMENTS}.0.Resource.Fn::If"


@broken_by("MeFunction may", f"{STATEMENTS}.0.Action", "dynamodb:*")
@broken_by("MeFunction may", f"{STATEMENTS}.0.Action", ["dynamodb:GetItem", "dynamodb:DeleteItem"])
@broken_by("MeFunction may", f"{STATEMENTS}.0.Resource", "*")
@broken_by("MeFunction may", f"{TABLE_ARN}.1", {"Fn::Sub": "arn:aws:dynamodb:*:*:table/${UsersTable}*"})
@broken_by("MeFunction may", f"{TABLE_ARN}.2", {"Fn::Sub": EXISTING_TABLE % "*"}, ExistingTableName="latchkey-restored")
@broken_by("MeFunction may", f"{STATEMENTS}.0")
@broken_by("MeFunction may", f"{ROLE}.ManagedPolicyArns")
@broken_by("Function may", f"{SHARED}.0.Action", ["logs:*"])
@broken_by("Function may", f"{SHARED}.0.Resource.2", {"Fn::Sub": LOG_STREAMS % "${AccessLogs}"})
@broken_by("Function may", f"{SHARED}.1", {"Ref": "AWS::NoValue"}, EnableTracing="true")
@broken_by("Function may", f"{SHARED}.1.Fn::If.1.Action", lambda old: [*old, "xray:GetTraceSummaries"], EnableTracing="true")
@broken_by("MeFunction may", f"{FUNCTION}.TracingConfig", EnableTracing="true")
@broken_by("has a statement", f"{STATEMENTS}.0.NotAction", "dynamodb:Scan")
@broken_by("WellKnownFunction may", f"{STATEMENTS.replace('Me', 'WellKnown')}.0.Condition")
@broken_by("TokenFunction may", "Conditions.HasMigration", {"Fn::Equals": ["", ""]})
def test_each_function_may_do_what_is_listed_and_nothing_else(stack):
    existing = stack.values["ExistingTableName"]
    table = EXISTING_TABLE % existing if existing else TABLE
    groups = [LOG_STREAMS % function["LoggingConfig"]["LogGroup"] for function in stack.functions.values()]
    shared = [(f"logs:{action}", streams, None) for action in ("CreateLogStream", "PutLogEvents") for streams in groups]
    for name, function in stack.functions.items():
        role, found = stack.resources[resource_name(function["Role"])]["Properties"], []
        managed = [stack.resources[resource_name(arn)]["Properties"] for arn in role.get("ManagedPolicyArns", [])]
        for policy in [*role.get("Policies", []), *managed]:
            for statement in policy["PolicyDocument"]["Statement"]:
                plain = statement.keys() <= {"Effect", "Action", "Resource", "Condition"} and statement["Effect"] == "Allow"
                assert plain, f"{name} has a statement that PERMISSIONS cannot list: {statement}"
                for action in listed(statement["Action"]):
                    found += [(action, resource, statement.get("Condition")) for resource in listed(statement["Resource"])]
        listed_for = PERMISSIONS.get(name, []) + (MIGRATION_PERMISSIONS.get(name, []) if stack.values["MigrationUrl"] else [])
        own = [(action, table if resource is TABLE else resource, when) for action, resource, when in listed_for]
        expected = own + shared
        # X-Ray's actions know no resource. They are the one exception, for a function that is traced.
        if function.get("TracingConfig") == {"Mode": "Active"}:
            expected = expected + [(f"xray:{action}", "*", None) for action in ("PutTelemetryRecords", "PutTraceSegments")]
        assert sorted(found, key=str) == sorted(expected, key=str), f"{name} may do more or less than PERMISSIONS lists"


POLICY = "Resources.SigningKeysPolicy"
DENIAL = f"{POLICY}.Properties.ResourcePolicy.Statement.0"
OPERATOR = {"KeyOperatorArn": "arn:aws:iam::123456789012:role/emergency"}
DENIED = ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecret"]


@broken_by("has no policy", POLICY)
@broken_by("SigningKeys has the policy", f"{DENIAL}.Effect", "Allow")
@broken_by("SigningKeys has the policy", f"{DENIAL}.Action", DENIED[:2])
@broken_by("SigningKeys has the policy", f"{DENIAL}.Condition.ArnNotEquals.aws:PrincipalArn.0", {"Fn::GetAtt": ["MeRole", "Arn"]})
@broken_by("SigningKeys has the policy", f"{DENIAL}.Condition.ArnNotEquals.aws:PrincipalArn.2", **OPERATOR)
@broken_by("SigningKeys has the policy", f"{DENIAL}.Condition.BoolIfExists", {"aws:PrincipalIsAWSService": "true"})
@broken_by("may be public", f"{POLICY}.Properties.BlockPublicPolicy")
@broken_by("does not wait", "Resources.RotationSchedule.DependsOn", ["RotateKeysPermission"])
@broken_by("is called", "Resources.SigningKeys.Properties.Name", {"Fn::Sub": "${AWS::StackName}-signing-keys"})
def test_others_than_its_readers_and_the_operator_are_denied_each_secret(stack):
    readers = ["${%s.Arn}" % name.replace("Function", "Role") for name, may in PERMISSIONS.items() if (DENIED[0], RING, None) in may]
    principals = readers + [arn for arn in [stack.values["KeyOperatorArn"]] if arn]
    condition = {"ArnNotEquals": {"aws:PrincipalArn": principals}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}
    denial = {"Effect": "Deny", "Principal": "*", "Action": DENIED, "Resource": "*", "Condition": condition}
    for name, secret in stack.of_type("AWS::SecretsManager::Secret").items():
        # A prefix that no other stack's name can continue, which IAM can limit an environment to.
        assert re.fullmatch(r"\$\{AWS::StackName\}/[0-9a-f-]{36}/.+", secret.get("Name", "")), f"{name} is called {secret.get('Name')}"
        if name in MADE_ANEW:
            # CloudFormation reads it with the deploying principal's permissions, and the functions' settings contain it (docs/deploy.md, docs/migrate.md).
            continue
        policies = {
            key: one for key, one in stack.of_type("AWS::SecretsManager::ResourcePolicy").items() if one["SecretId"] == "${%s}" % name
        }
        assert len(policies) == 1, f"{name} has no policy"
        (key, policy), = policies.items()
        assert policy["ResourcePolicy"]["Statement"] == [denial], f"{name} has the policy {policy['ResourcePolicy']}"
        assert policy.get("BlockPublicPolicy") is True, f"{key} may be public"
        for schedule in stack.of_type("AWS::SecretsManager::RotationSchedule"):
            assert key in listed(stack.resources[schedule]["DependsOn"]), f"{schedule} does not wait for {key}"


@broken_by("Gone", "Resources.MeFunction")
def test_permissions_are_listed_for_functions_that_exist(template):
    assert PERMISSIONS.keys() <= template["Resources"].keys(), f"Gone: {PERMISSIONS.keys() - template['Resources'].keys()}"


@broken_by("one role for each", f"{FUNCTION}.Role", {"Fn::GetAtt": ["TokenRole", "Arn"]})
@broken_by("one role for each", f"{FUNCTION}.Role", "arn:aws:iam::123456789012:role/other")
@broken_by("Policy is", "Resources.Policy", {"Type": "AWS::IAM::Policy", "Properties": {"Roles": [{"Ref": "MeRole"}]}})
@broken_by("FunctionPolicy is", "Resources.FunctionPolicy.Properties.Roles", [{"Ref": "MeRole"}])
@broken_by("MeRole has", f"{ROLE}.ManagedPolicyArns", ["arn:aws:iam::aws:policy/X"])
@broken_by("MeRole has", f"{ROLE}.PermissionsBoundary", "arn:aws:iam::aws:policy/X")
@broken_by("MeRole trusts", f"{ROLE}.AssumeRolePolicyDocument.Statement.0.Principal", {"AWS": "*"})
def test_each_function_has_a_role_of_its_own(stack):
    roles = stack.of_type("AWS::IAM::Role")
    used = sorted(function["Role"] for function in stack.functions.values())
    assert used == sorted("${%s.Arn}" % name for name in roles), "not one role for each function"
    for name, role in roles.items():
        assert role.keys() - {"Policies"} == {"AssumeRolePolicyDocument", "ManagedPolicyArns"}, f"{name} has {sorted(role)}"
        assert role["ManagedPolicyArns"] == ["${FunctionPolicy}"], f"{name} has {role['ManagedPolicyArns']}"
        assert role["AssumeRolePolicyDocument"]["Statement"] == [LAMBDA], f"{name} trusts others than Lambda"
    for name, policy in stack.of_type("AWS::IAM::").items():
        assert name in roles or policy.keys() == {"PolicyDocument"}, f"{name} is attached to more than the roles that name it"


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
