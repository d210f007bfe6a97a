"""What CloudFormation itself accepts: the transformed template, the parameters' values, and those of samconfig.toml."""

import json

import pytest
from cfnlint.api import lint
from cloudformation import DOMAIN, EDGE, EDGE_DOMAIN, MAIL, MIGRATION, RESTORED, STACKS, WEB_ACL, Stack, overrides

broken_by = pytest.mark.broken_by

ACCEPTED = [
    # In Punycode, as ACM and API Gateway want it (RFC 5890): two top-level domains that exist, and the longest label (RFC 1035).
    DOMAIN | {"DomainName": "auth.xn--e1afmkfd.xn--p1ai"},
    DOMAIN | {"DomainName": "auth.example.xn--vermgensberatung-pwb"},
    DOMAIN | {"DomainName": "auth.xn--" + 59 * "a"},
    {"KeyOperatorArn": "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Keys_0123456789abcdef"},
    {"KeyOperatorArn": "arn:aws-cn:iam::123456789012:user/jane.doe@example.com"},
    {"Scopes": "links:read,emails,phone:read"},
    {"MailFrom": "no-reply+login@mail.example.co.uk", "RequireVerifiedEmail": "true"},
    # Without mail no one reads the stream.
    {"ExistingTableName": "latchkey-restored"},
    {"AccentColor": "#FF8800"},
]
# What the parameters' bounds and rules are there for.
REFUSED = [
    {"Issuer": "https://auth.example.com/"},
    {"Issuer": "https://auth.example.com:443"},
    {"Issuer": "http://auth.example.com"},
    DOMAIN | {"DomainName": "https://auth.example.com"},
    DOMAIN | {"DomainName": "Auth.example.com"},
    DOMAIN | {"DomainName": ""},
    DOMAIN | {"CertificateArn": ""},
    DOMAIN | {"CertificateArn": "arn:aws:iam::123456789012:server-certificate/x"},
    DOMAIN | {"DomainName": "auth.example.xn--"},
    DOMAIN | {"DomainName": "auth.example.xn--p1ai-"},
    DOMAIN | {"DomainName": "auth.xn--" + 60 * "a"},
    DOMAIN | {"DomainName": "auth.example.c0m"},
    {"ExistingTableName": "arn:aws:dynamodb:eu-central-1:123456789012:table/users"},
    {"KeyOperatorArn": "*"},
    {"KeyOperatorArn": "arn:aws:iam::123456789012:role/*"},
    {"KeyOperatorArn": "arn:aws:iam::123456789012:root"},
    {"KeyOperatorArn": "arn:aws:sts::123456789012:assumed-role/emergency/jane"},
    {"AllowedOrigins": "*"},
    {"AllowedOrigins": "https://app.example.com,https://app.example.com/"},
    {"AlarmEmail": "ops"},
    {"AlarmTopicArn": "on-call"},
    {"EnvironmentName": "Prod"},
    {"EnableDocs": "yes"},
    {"EnableDocs": "true", "EnableOpenApi": "false"},
    {"WebAclArn": WEB_ACL},
    EDGE | {"WebAclArn": WEB_ACL.replace("us-east-1", "eu-central-1")},
    EDGE | {"TrustedProxies": "1"},
    EDGE | DOMAIN,
    EDGE | {"EdgeCertificateArn": EDGE_DOMAIN["EdgeCertificateArn"]},
    EDGE_DOMAIN | {"EdgeCertificateArn": ""},
    EDGE_DOMAIN | {"EdgeCertificateArn": DOMAIN["CertificateArn"]},
    EDGE_DOMAIN | {"EnableEdge": "false", "CertificateArn": DOMAIN["CertificateArn"]},
    MIGRATION | {"LoginBudgetMs": "0"},
    MIGRATION | {"MigrationUrl": "http://app.example.com/latchkey"},
    MIGRATION | {"MigrationUrl": "https://user:password@app.example.com/"},
    {"Scopes": "links:read,openid"},
    {"ClientId": 'my "app"'},
    {"ClientId": "my\\app"},
    {"AccessTokenSeconds": "0"},
    {"ReservedUsernames": "admin,a@b"},
    {"MinPasswordLength": "7"},
    {"MailFrom": "Latchkey <noreply@example.com>"},
    {"MailFrom": "*@example.com"},
    {"MailFrom": "noreply@localhost"},
    {"RequireVerifiedEmail": "true"},
    {"NotifyNewNetwork": "true"},
    MAIL | {"ExistingTableName": "latchkey-restored"},
    MAIL | {"ExistingTableStreamLabel": RESTORED["ExistingTableStreamLabel"]},
    MAIL | RESTORED | {"ExistingTableStreamLabel": "*"},
    MAIL | {"AddressMails": "0"},
    {"UiLanguage": "xx"},
    {"AccentColor": "red"},
    {"AccentColorDark": "#fff; background: url(https://example.com)"},
]


# In the source, cfn-lint finds no cycle. The first is the one that SAM's `Events` make: function and API name each other.
@broken_by("E3004", "Resources.HttpApi.Properties.Description", {"Fn::Sub": "The API of ${MeFunction}"})
@broken_by("E3004", "Resources.MeRole.DependsOn", "MeFunction")
@broken_by("E1019", "Resources.MeRoute.Properties.Target", {"Fn::Sub": "integrations/${NoIntegration}"})
@broken_by("E1020", "Resources.HttpApi.Properties.Name", {"Ref": "AWS::NoSuchName"})
@broken_by("E1010", "Resources.RotationSchedule.Properties.RotationLambdaARN", {"Fn::GetAtt": ["Issuer", "Arn"]})
@broken_by("E3015", "Resources.MeRoute.Condition", "NoCondition")
@broken_by("E3005", "Resources.Stage.DependsOn", "NoRoute")
@broken_by("W1001", "Resources.DocsRoute.Condition")
@broken_by("E2015", "Parameters.EnvironmentName.Default", "")
def test_cfn_lint_finds_no_cycle_no_dangling_name_and_nothing_else(template):
    found = [f"{one.rule.id} at {'/'.join(map(str, one.path))}: {one.message}" for one in lint(json.dumps(template))]
    assert not found, found


@broken_by("HasNew", "Conditions.HasNew", {"Fn::Equals": [{"Ref": "ClientId"}, "other"]})
def test_the_deployments_that_are_checked_decide_each_condition_both_ways(template):
    stacks = [Stack(template, parameters) for parameters in STACKS.values()]
    for name in template["Conditions"]:
        assert {stack.conditions[name] for stack in stacks} == {True, False}, f"{name} is decided one way only"


@broken_by("HashingMemory has bounds", "Parameters.HashingMemory.MaxValue", 1000)
@broken_by("EnvironmentName has a pattern", "Parameters.EnvironmentName.AllowedPattern", "^x$")
@broken_by("NoParameter", "Metadata.x", 0, NoParameter="1")
def test_the_template_accepts_the_parameters_of_each_deployment(stack):
    assert not list(stack.rejections()), list(stack.rejections())


@broken_by("p1ai", "Parameters.DomainName.AllowedPattern", r"^$|^([a-z0-9-]+\.)+[a-z]{2,63}$")
@broken_by("SSO", "Parameters.KeyOperatorArn.AllowedPattern", "^$|^arn:aws:iam::[0-9]{12}:role/[A-Za-z]+$")
def test_the_template_accepts_what_people_have(template):
    for parameters in ACCEPTED:
        assert not list(Stack(template, parameters).rejections()), f"rejected: {parameters}"


@broken_by("https://auth.example.com/", "Parameters.Issuer.AllowedPattern")
@broken_by("AllowedOrigins", "Parameters.AllowedOrigins.AllowedPattern", ".*")
@broken_by("EnableDocs", "Parameters.EnableDocs.AllowedValues")
@broken_by("AccessTokenSeconds", "Parameters.AccessTokenSeconds.MinValue")
@broken_by("'DomainName': ''", "Rules.CertificateNeedsDomain")
@broken_by("'CertificateArn': ''", "Rules.DomainNeedsCertificate")
@broken_by("'EnableOpenApi': 'false'", "Rules.DocsNeedOpenApi")
@broken_by("WebAclArn", "Rules.NeedsEdge")
@broken_by("TrustedProxies", "Rules.EdgeExcludes")
@broken_by("'EdgeCertificateArn': ''", "Rules.EdgeDomainNeedsItsCertificate")
@broken_by("'EnableEdge': 'true', 'EdgeCertificateArn'", "Rules.EdgeCertificateNeedsDomain")
@broken_by("'LoginBudgetMs': '0'", "Rules.MigrationNeedsBudget")
@broken_by("'RequireVerifiedEmail': 'true'", "Rules.NeedsMail")
@broken_by("'ExistingTableName': 'latchkey-restored'", "Rules.MailNeedsStream")
@broken_by("'ExistingTableStreamLabel': '2026", "Rules.StreamNeedsTable")
@broken_by("Latchkey <", "Parameters.MailFrom.AllowedPattern", "@")
@broken_by("http://app", "Parameters.MigrationUrl.AllowedPattern", "^$|^https?://.*$")
@broken_by("openid", "Parameters.Scopes.AllowedPattern", r"^[!#-+\--\[\]-~]*$")
@broken_by("'ClientId': 'my", "Parameters.ClientId.AllowedPattern", "^[ -~]{1,255}$")
@broken_by("Audience has no bounds", "Parameters.Audience.AllowedPattern")
def test_the_template_rejects_what_its_bounds_and_rules_are_there_for(template):
    for parameters in REFUSED:
        assert list(Stack(template, parameters).rejections()), f"accepted: {parameters}"
    for name, parameter in template["Parameters"].items():
        bounds = {"AllowedValues", "MinValue" if parameter["Type"] == "Number" else "AllowedPattern"}
        assert bounds & parameter.keys(), f"{name} has no bounds"


@broken_by("default is", "default.stack_name", "other")
@broken_by("staging deploys", "staging.stack_name", "latchkey-prod")
@broken_by("prod calls", "prod.parameter_overrides", ["EnvironmentName=test"])
@broken_by("prod does not ask", "prod.confirm_changeset", False)
def test_each_environment_of_samconfig_is_a_stack_of_its_own(samconfig):
    assert samconfig["default"] == samconfig["dev"], "default is not dev"
    for name in samconfig.keys() - {"default"}:
        stack, own = samconfig[name]["stack_name"], overrides(samconfig[name])["EnvironmentName"]
        assert stack == f"latchkey-{name}", f"{name} deploys {stack}"
        assert own == name, f"{name} calls itself {own}"
    assert samconfig["prod"]["confirm_changeset"], "prod does not ask"
