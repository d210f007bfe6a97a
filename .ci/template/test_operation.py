"""Rotation, the dashboard, concurrency, and the table's protection."""

import json
import re

import pytest
from cloudformation import MADE_ANEW, MIGRATION, listed, resource_name

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
