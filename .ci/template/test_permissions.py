"""What each function may do, and that it shares neither role nor log group."""

import re

import pytest
from cloudformation import IN_SETTINGS, MAIL, MIGRATION, listed, resource_name

broken_by = pytest.mark.broken_by

TABLE, RING, MAIL_KEY = "${UsersTable.Arn}", "${SigningKeys}", "${MailKey}"
# A table's own stream.
STREAM = "${UsersTable.StreamArn}"
EXISTING_TABLE = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/%s"


def keys_of(*keys):
    return {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(keys)}}


KEYS = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["keys"]}}
USERS = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["user#*"]}}
NAMES = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["username#*", "email#*"]}}
USERS_AND_NAMES = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["user#*", "username#*", "email#*"]}}
NETWORKS = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["network#*"]}}
USERS_AND_NETWORKS = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["user#*", "network#*"]}}
API_KEYS = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["api-keys#*"]}}
KEYS_AND_OWNERS = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["keys", "user#*", "api-keys#*"]}}
KEYS_CLIENTS_AND_OWNERS = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["keys", "client#*", "user#*", "api-keys#*"]}}
ACCOUNTS = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["user#*", "api-keys#*", "username#*", "email#*", "claims#*"]}}
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
OF_THE_SENDER = {"StringEquals": {"ses:FromAddress": MAIL["MailFrom"]}}
# With MailFrom: what is listed here has this condition in place of the one above, since a transaction may put items of both kinds.
MAIL_PERMISSIONS = {
    "RegisterFunction": [
        ("dynamodb:PutItem", TABLE, keys_of("user#*", "username#*", "email#*", "claims#*", "mail#*")),
        ("dynamodb:UpdateItem", TABLE, keys_of("network#*", "address#*")),
    ],
    "TokenFunction": [
        ("dynamodb:PutItem", TABLE, keys_of("mail#*")),
        ("dynamodb:UpdateItem", TABLE, keys_of("user#*", "unknown#*", "network#*", "address#*")),
    ],
    "MeFunction": [
        ("dynamodb:PutItem", TABLE, keys_of("username#*", "email#*", "claims#*", "mail#*")),
        ("dynamodb:UpdateItem", TABLE, keys_of("user#*", "network#*", "address#*")),
    ],
    "ApiKeysFunction": [
        ("dynamodb:PutItem", TABLE, keys_of("mail#*")),
        ("dynamodb:UpdateItem", TABLE, keys_of("api-keys#*", "address#*")),
    ],
    "RecoveryFunction": [
        ("dynamodb:DeleteItem", TABLE, keys_of("claims#*", "api-keys#*", "email#*")),
        ("dynamodb:GetItem", TABLE, keys_of("keys", "user#*", "email#*", "mail-token#*", "network#*")),
        ("dynamodb:PutItem", TABLE, keys_of("mail#*")),
        ("dynamodb:UpdateItem", TABLE, keys_of("mail-token#*", "user#*", "email#*", "network#*", "address#*")),
    ],
    "MailerFunction": [
        ("dynamodb:DeleteItem", TABLE, keys_of("mail#*")),
        ("dynamodb:DescribeStream", STREAM, None),
        ("dynamodb:GetItem", TABLE, keys_of("mail#*", "user#*", "email#*")),
        ("dynamodb:GetRecords", STREAM, None),
        ("dynamodb:GetShardIterator", STREAM, None),
        ("dynamodb:ListStreams", STREAM, None),
        ("dynamodb:PutItem", TABLE, keys_of("mail-token#*")),
        ("dynamodb:Query", TABLE, keys_of("claims#*")),
        ("secretsmanager:GetSecretValue", MAIL_KEY, None),
        # The identity is the sender's address, its domain or one above it.
        ("ses:SendEmail", "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/*", OF_THE_SENDER),
        ("ses:SendEmail", "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:configuration-set/*", OF_THE_SENDER),
        ("sqs:SendMessage", "${UndeliveredMails.Arn}", None),
    ],
}
MIGRATION_AND_MAIL_PERMISSIONS = {"TokenFunction": [("dynamodb:PutItem", TABLE, keys_of("user#*", "username#*", "email#*", "mail#*"))]}


def permissions(stack):
    """Returns what each function may do in a deployment."""
    migrates, mails = stack.values["MigrationUrl"], stack.values["MailFrom"]
    found = {name: {(action, resource): (action, resource, when) for action, resource, when in may} for name, may in PERMISSIONS.items()}
    for more in (migrates and MIGRATION_PERMISSIONS, mails and MAIL_PERMISSIONS, migrates and mails and MIGRATION_AND_MAIL_PERMISSIONS):
        for name, may in (more or {}).items():
            found.setdefault(name, {}).update({(action, resource): (action, resource, when) for action, resource, when in may})
    return {name: list(may.values()) for name, may in found.items()}


LOG_STREAMS = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:%s:log-stream:*"
LAMBDA = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}

FUNCTION, ROLE = "Resources.MeFunction.Properties", "Resources.MeRole.Properties"
STATEMENTS = f"{ROLE}.Policies.0.PolicyDocument.Statement"
SHARED = "Resources.FunctionPolicy.Properties.PolicyDocument.Statement"
TABLE_ARN = f"{STATEMENTS}.0.Resource.Fn::If"
MAILER = STATEMENTS.replace("MeRole", "MailerRole")


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
@broken_by("TokenFunction may", "Conditions.HasMigration", {"Fn::Equals": ["", ""]}, **MAIL)
@broken_by("TokenFunction may", "Conditions.PutsByToken", {"Fn::Equals": ["", ""]})
@broken_by("RegisterFunction may", "Conditions.HasMail", {"Fn::Equals": ["", "x"]}, **MAIL)
@broken_by("MailerFunction may", f"{MAILER}.0.Resource.Fn::If.1", {"Fn::Sub": "${UsersTable.Arn}/stream/*"}, **MAIL)
@broken_by("MailerFunction may", f"{MAILER}.6.Condition", **MAIL)
@broken_by("RecoveryFunction may", f"{MAILER.replace('Mailer', 'Recovery')}.1.Condition", **MAIL)
@broken_by("TokenFunction may", "Resources.TokenRole.Properties.Policies.0.PolicyDocument.Statement.3.Fn::If.0", "HasMail", **MIGRATION)
def test_each_function_may_do_what_is_listed_and_nothing_else(stack):
    existing = stack.values["ExistingTableName"]
    own = {}
    if existing:
        own = {TABLE: EXISTING_TABLE % existing, STREAM: f"{EXISTING_TABLE % existing}/stream/{stack.values['ExistingTableStreamLabel']}"}
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
        listed_for = permissions(stack).get(name, [])
        expected = [(action, own.get(resource, resource), when) for action, resource, when in listed_for] + shared
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
@broken_by("MailKey has no policy", POLICY.replace("SigningKeys", "MailKey"), **MAIL)
@broken_by("MailKey has the policy", f"{DENIAL.replace('SigningKeys', 'MailKey')}.Condition.ArnNotEquals.aws:PrincipalArn.0", {"Fn::GetAtt": ["RecoveryRole", "Arn"]}, **MAIL)
@broken_by("may be public", f"{POLICY}.Properties.BlockPublicPolicy")
@broken_by("does not wait", "Resources.RotationSchedule.DependsOn", ["RotateKeysPermission"])
@broken_by("is called", "Resources.SigningKeys.Properties.Name", {"Fn::Sub": "${AWS::StackName}-signing-keys"})
def test_others_than_its_readers_and_the_operator_are_denied_each_secret(stack):
    for name, secret in stack.of_type("AWS::SecretsManager::Secret").items():
        # A prefix that no other stack's name can continue, which IAM can limit an environment to.
        assert re.fullmatch(r"\$\{AWS::StackName\}/[0-9a-f-]{36}/.+", secret.get("Name", "")), f"{name} is called {secret.get('Name')}"
        if name in IN_SETTINGS:
            # CloudFormation reads it with the deploying principal's permissions, and the functions' settings contain it (docs/deploy.md, docs/migrate.md).
            continue
        may_read = [function for function, may in permissions(stack).items() if (DENIED[0], "${%s}" % name, None) in may]
        principals = ["${%s.Arn}" % function.replace("Function", "Role") for function in may_read]
        principals += [arn for arn in [stack.values["KeyOperatorArn"]] if arn]
        condition = {"ArnNotEquals": {"aws:PrincipalArn": principals}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}
        denial = {"Effect": "Deny", "Principal": "*", "Action": DENIED, "Resource": "*", "Condition": condition}
        policies = {
            key: one for key, one in stack.of_type("AWS::SecretsManager::ResourcePolicy").items() if one["SecretId"] == "${%s}" % name
        }
        assert len(policies) == 1, f"{name} has no policy"
        (key, policy), = policies.items()
        assert policy["ResourcePolicy"]["Statement"] == [denial], f"{name} has the policy {policy['ResourcePolicy']}"
        assert policy.get("BlockPublicPolicy") is True, f"{key} may be public"
        for schedule, rotation in stack.of_type("AWS::SecretsManager::RotationSchedule").items():
            if rotation["SecretId"] == "${%s}" % name:
                assert key in listed(stack.resources[schedule]["DependsOn"]), f"{schedule} does not wait for {key}"


@broken_by("Gone", "Resources.MeFunction")
def test_permissions_are_listed_for_functions_that_exist(template):
    named = PERMISSIONS.keys() | MAIL_PERMISSIONS.keys()
    assert named <= template["Resources"].keys(), f"Gone: {named - template['Resources'].keys()}"


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
