"""Rotation, the dashboard, concurrency, and the table's protection."""

import json
import re

import pytest
from cloudformation import MADE_ANEW, MAIL, MIGRATION, RESTORED, listed, resource_name

broken_by = pytest.mark.broken_by

SCHEDULE = "Resources.RotationSchedule"
VARIABLES = "Resources.RotateKeysFunction.Properties.Environment.Variables"
TABLE = "Resources.UsersTable"


@broken_by("the schedule is", f"{SCHEDULE}.Properties.RotationRules.ScheduleExpression", "rate(60 days)")
@broken_by("the schedule is", f"{VARIABLES}.KEY_ROTATION_SECONDS", "604800")
@broken_by("KEY_LEAD_SECONDS", f"{VARIABLES}.KEY_LEAD_SECONDS", "3600")
@broken_by("does not wait", f"{SCHEDULE}.DependsOn")
@broken_by("no key for a month", f"{SCHEDULE}.Properties.RotateImmediatelyOnUpdate", False)
@broken_by("schedules", SCHEDULE)
@broken_by("schedules", f"{SCHEDULE}.Condition", EnableRotationSchedule="false")
def test_the_schedule_is_the_period_that_the_functions_calculate_with(stack):
    variables = [(name, value) for one in stack.variables.values() for name, value in one.items()]
    leads, periods = ({value for name, value in variables if name == f"KEY_{what}_SECONDS"} for what in ("LEAD", "ROTATION"))
    assert len(leads) == 1, f"KEY_LEAD_SECONDS differs: {leads}"
    schedules = stack.of_type("AWS::SecretsManager::RotationSchedule")
    assert len(schedules) == (stack.values["EnableRotationSchedule"] == "true"), f"there are {len(schedules)} schedules"
    for name, schedule in schedules.items():
        days = re.fullmatch(r"rate\((\d+) days\)", schedule["RotationRules"]["ScheduleExpression"])
        assert days and periods == {str(int(days[1]) * 86400)}, f"the schedule is {schedule['RotationRules']}, the period {periods}"
        # The schedule invokes the function at once: that first rotation makes the first ring.
        assert schedule.get("RotateImmediatelyOnUpdate") is True, "a new stack has no key for a month"
        awaited = [stack.resources[one]["Properties"] for one in listed(stack.resources[name].get("DependsOn", []))]
        expected = "secretsmanager.amazonaws.com", resource_name(schedule["RotationLambdaARN"])
        permitted = [(one.get("Principal"), resource_name(one.get("FunctionName", ""))) for one in awaited]
        assert expected in permitted, "the schedule does not wait for the permission"


@broken_by("Expecting value", "Resources.Dashboard.Properties.DashboardBody.Fn::Sub", '{"widgets": [,]}')
def test_each_dashboard_is_json(stack):
    for dashboard in stack.of_type("AWS::CloudWatch::Dashboard").values():
        json.loads(dashboard["DashboardBody"])


@broken_by("TokenFunction reserves 0", "Conditions.HasTokenCeiling", {"Fn::Equals": ["", ""]})
@broken_by("TokenFunction reserves None", "Conditions.HasTokenCeiling", {"Fn::Equals": ["", "x"]}, TokenReservedConcurrency="5")
def test_concurrency_is_reserved_only_where_asked_for(stack):
    # With 0 nothing would run, and a new account can reserve nothing.
    asked = stack.values["TokenReservedConcurrency"]
    for name, function in stack.functions.items():
        found = function.get("ReservedConcurrentExecutions")
        assert found == (asked if name == "TokenFunction" and asked != "0" else None), f"{name} reserves {found}"


@broken_by("UsersTable goes", f"{TABLE}.DeletionPolicy", "Delete")
@broken_by("UsersTable goes", f"{TABLE}.UpdateReplacePolicy")
@broken_by("SigningKeys goes", "Resources.SigningKeys.DeletionPolicy")
@broken_by("SigningKeys goes", "Resources.SigningKeys.UpdateReplacePolicy", "Delete")
# A secret without its policy would be open.
@broken_by("SigningKeysPolicy goes", "Resources.SigningKeysPolicy.DeletionPolicy", "Delete")
@broken_by("UsersTable has", f"{TABLE}.Properties.DeletionProtectionEnabled")
@broken_by("UsersTable cannot", f"{TABLE}.Properties.PointInTimeRecoverySpecification", {})
def test_tables_and_secrets_outlive_the_stack_and_tables_can_be_restored(stack):
    # A failed first deployment cannot delete a protected table; it can delete the others.
    policies = {
        "AWS::DynamoDB::Table": "Retain",
        "AWS::SecretsManager::Secret": "RetainExceptOnCreate",
        "AWS::SecretsManager::ResourcePolicy": "RetainExceptOnCreate",
    }
    for name, resource in stack.resources.items():
        if resource["Type"] in policies and name not in MADE_ANEW:
            found = resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")
            assert found == (policies[resource["Type"]], "Retain"), f"{name} goes with the stack"
    for name, table in stack.of_type("AWS::DynamoDB::Table").items():
        assert table.get("DeletionProtectionEnabled"), f"{name} has no protection against deletion"
        assert table["PointInTimeRecoverySpecification"].get("PointInTimeRecoveryEnabled"), f"{name} cannot be restored"


@broken_by("TokenFunction has the secret", "Conditions.HasMigration", {"Fn::Equals": ["", "x"]}, **MIGRATION)
@broken_by("MeFunction has the secret", "Resources.MeFunction.Properties.Environment.Variables.MIGRATION_SECRET", "x")
@broken_by("is no base64", "Resources.MigrationSecret.Properties.GenerateSecretString.PasswordLength", 43, **MIGRATION)
@broken_by("is no base64", "Resources.MigrationSecret.Properties.GenerateSecretString.ExcludePunctuation", **MIGRATION)
def test_the_secret_of_migration_url_is_base64_that_token_alone_has(stack):
    asked = stack.values["MigrationUrl"] != ""
    for name, variables in stack.variables.items():
        secret = "{{resolve:secretsmanager:${MigrationSecret}}}" if asked and name == "TokenFunction" else ""
        assert variables.get("MIGRATION_SECRET", "") == secret, f"{name} has the secret {variables['MIGRATION_SECRET']}"
    if asked:
        generated = stack.resources["MigrationSecret"]["Properties"]["GenerateSecretString"]
        is_base64 = generated.get("ExcludePunctuation") and generated["PasswordLength"] % 4 == 0
        assert is_base64, f"{generated} is no base64"


@broken_by("MeFunction", "Resources.MeFunction.Properties.Environment.Variables.TABLE_NAME", {"Ref": "Audience"})
@broken_by("the output", "Outputs.TableName.Value", {"Ref": "UsersTable"}, ExistingTableName="latchkey-restored")
@broken_by("creates", f"{TABLE}.Condition", ExistingTableName="latchkey-restored")
@broken_by("names a table", "Resources.Dashboard.Properties.DashboardBody.Fn::Sub.1.Table", "other")
def test_one_table_is_used_everywhere_the_stacks_own_or_an_existing_one(stack):
    existing = stack.values["ExistingTableName"]
    table = existing or "${UsersTable}"
    assert len(stack.of_type("AWS::DynamoDB::Table")) == (existing == ""), "the stack creates a table that it does not use"
    for name, variables in stack.variables.items():
        assert variables.get("TABLE_NAME", table) == table, f"{name} uses {variables['TABLE_NAME']}"
    assert stack.outputs["TableName"] == table, f"the output TableName is {stack.outputs['TableName']}"
    for name, resource in stack.of_type("AWS::CloudWatch::").items():
        named = re.findall(r'"TableName", (?:"Value": )?"([^"]+)"', resource.get("DashboardBody", json.dumps(resource)))
        assert set(named) <= {table}, f"{name} names a table that the functions do not use: {named}"


EVENTS, QUEUE = "Resources.MailerEvents.Properties", "Resources.UndeliveredMails.Properties"


@broken_by("has the stream", f"{TABLE}.Properties.StreamSpecification")
@broken_by("has the stream", f"{TABLE}.Properties.StreamSpecification.StreamViewType", "NEW_IMAGE")
def test_the_tables_stream_has_keys_alone(stack):
    for name, table in stack.of_type("AWS::DynamoDB::Table").items():
        stream = table.get("StreamSpecification")
        assert stream == {"StreamViewType": "KEYS_ONLY"}, f"{name} has the stream {stream}"


@broken_by("reads the stream", f"{EVENTS}.EventSourceArn", {"Fn::GetAtt": ["UsersTable", "StreamArn"]}, **MAIL, **RESTORED)
@broken_by("calls RecoveryFunction", f"{EVENTS}.FunctionName", {"Ref": "RecoveryFunction"}, **MAIL)
@broken_by("misses mails", f"{EVENTS}.StartingPosition", "LATEST", **MAIL)
@broken_by("is called for", f"{EVENTS}.FilterCriteria.Filters.0.Pattern", '{"eventName":["INSERT"]}', **MAIL)
@broken_by("sends whole batches again", f"{EVENTS}.FunctionResponseTypes", **MAIL)
@broken_by("one mail stops the others", f"{EVENTS}.MaximumRetryAttempts", **MAIL)
@broken_by("one mail stops the others", f"{EVENTS}.MaximumRecordAgeInSeconds", -1, **MAIL)
@broken_by("what is given up goes to", f"{EVENTS}.DestinationConfig", {}, **MAIL)
@broken_by("is gone before", f"{QUEUE}.MessageRetentionPeriod", **MAIL)
@broken_by("is not encrypted", f"{QUEUE}.SqsManagedSseEnabled", **MAIL)
@broken_by("has no time", "Resources.MailerFunction.Properties.Timeout", 10, **MAIL)
@broken_by("nothing watches UndeliveredMails", "Resources.UndeliveredMailsAlarm.Properties.Dimensions.0.Value", "other", **MAIL)
def test_the_mailer_is_called_for_new_mails_alone_and_none_is_lost(stack):
    for name, events in stack.of_type("AWS::Lambda::EventSourceMapping").items():
        existing, label = stack.values["ExistingTableName"], stack.values["ExistingTableStreamLabel"]
        source = events["EventSourceArn"]
        own = source.endswith(f":table/{existing}/stream/{label}") if existing else source == "${UsersTable.StreamArn}"
        assert own, f"{name} reads the stream {source}"
        assert events["FunctionName"] == "${MailerFunction}", f"{name} calls {resource_name(events['FunctionName'])}"
        assert events["StartingPosition"] == "TRIM_HORIZON", f"{name} misses mails of its creation"
        (one,) = events["FilterCriteria"]["Filters"]
        wanted = {"eventName": ["INSERT"], "dynamodb": {"Keys": {"sk": {"S": ["mail"]}}}}
        assert json.loads(one["Pattern"]) == wanted, f"the mailer is called for {one['Pattern']}"
        assert events.get("FunctionResponseTypes") == ["ReportBatchItemFailures"], f"{name} sends whole batches again"
        # Without these a record is tried again until it leaves the stream, after a day.
        is_bounded = 0 < events.get("MaximumRetryAttempts", -1) <= 100 and 0 < events["MaximumRecordAgeInSeconds"] <= 6 * 3600
        assert is_bounded, "one mail stops the others of its shard for a day"
        # A call of SES lasts at most 10 s.
        limit = stack.functions["MailerFunction"]["Timeout"]
        assert limit >= 12 * events["BatchSize"], f"{limit} s: the mailer has no time for a batch"
        target = events["DestinationConfig"].get("OnFailure", {}).get("Destination")
        assert target == "${UndeliveredMails.Arn}", f"what is given up goes to {target}"
        (queue,) = stack.of_type("AWS::SQS::Queue").values()
        assert queue.get("MessageRetentionPeriod") == 14 * 86400, "what was given up is gone before it is seen"
        assert queue.get("SqsManagedSseEnabled") is True, "the queue is not encrypted"
        alarms = json.dumps(stack.of_type("AWS::CloudWatch::Alarm"))
        assert "${UndeliveredMails.QueueName}" in alarms, "nothing watches UndeliveredMails"
