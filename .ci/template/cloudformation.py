"""Transforms template.yaml as SAM does, and decides it as CloudFormation does for one deployment's parameters."""

import functools
import math
import os
import pathlib
import re
from types import SimpleNamespace

import tomlkit
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

# The transform reads a region and makes no call.
os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")

ROOT = pathlib.Path(__file__).resolve().parents[2]
NO_VALUE = object()


@functools.cache
def transformed():
    """Returns plain CloudFormation in which no condition is decided."""
    source = yaml_parse((ROOT / "template.yaml").read_text())
    for resource in source["Resources"].values():
        # The transform accepts uploaded code only, and `sam deploy` uploads it.
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    return by_sam(source)


def by_sam(source):
    # The loader would fetch AWS's managed policies, which these templates do not use.
    return transform(source, defaults(source), SimpleNamespace(load=dict))


def read_with_sam(text):
    """Returns plain CloudFormation of another template."""
    return by_sam(yaml_parse(text))


@functools.cache
def samconfig():
    """Returns the deployment of each environment in samconfig.toml."""
    environments = tomlkit.parse((ROOT / "samconfig.toml").read_text()).unwrap()
    return {name: one["deploy"]["parameters"] for name, one in environments.items() if name != "version"}


def overrides(deployment):
    return dict(one.split("=", 1) for one in deployment["parameter_overrides"])


def defaults(template):
    return {name: str(parameter["Default"]) for name, parameter in template["Parameters"].items()}


PSEUDO_PARAMETERS = {"AWS::StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/NAME/51af3dc0-da77-11e4-872e-1234567db123"}
DOMAIN = {"DomainName": "auth.example.com", "CertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/1-2-3"}
EDGE = {"EnableEdge": "true"}
EDGE_DOMAIN = EDGE | {"DomainName": "auth.example.com", "EdgeCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1-2-3"}
WEB_ACL = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/latchkey/473e64fd-f30b-4765-81a0-62ad96dd167a"
MIGRATION = {"MigrationUrl": "https://app.example.com/latchkey", "LoginBudgetMs": "2000"}
MAIL = {"MailFrom": "noreply@example.com"}
RESTORED = {"ExistingTableName": "latchkey-restored", "ExistingTableStreamLabel": "2026-11-29T12:00:00.000"}
# What the edge and the stack itself prove themselves by, which the functions' settings have.
IN_SETTINGS = {"EdgeSecret", "MigrationSecret"}
# What outlives nothing.
MADE_ANEW = IN_SETTINGS | {"MailKey", "MailKeyPolicy"}
# The deployments that are checked. Together they decide each condition both ways, which test_parameters.py checks.
STACKS = {
    "defaults": {},
    "issuer": {"Issuer": "https://login.example.com"},
    "users elsewhere": MIGRATION,
    "mail": MAIL,
    "mail and users elsewhere": MAIL | MIGRATION,
    "no document": {"EnableOpenApi": "false"},
    "domain": DOMAIN,
    "edge": EDGE,
    "edge with a domain": EDGE_DOMAIN | {"WebAclArn": WEB_ACL},
    "everything": DOMAIN | MAIL | RESTORED | {
        "RequireVerifiedEmail": "true",
        "NotifyNewNetwork": "true",
        "Issuer": "https://login.example.com",
        "AllowedOrigins": "https://app.example.com,https://other.example.com",
        "EnableDocs": "true",
        "EnableAuthorizer": "true",
        "KeyOperatorArn": "arn:aws:iam::123456789012:role/emergency",
        "EnableRotationSchedule": "false",
        "EnableTracing": "true",
        "TokenReservedConcurrency": "5",
        "AlarmEmail": "ops@example.com",
        "AlarmTopicArn": "arn:aws:sns:eu-central-1:123456789012:on-call",
        "LogRetentionDays": "90",
    },
    **{f"samconfig's {name}": overrides(deployment) for name, deployment in samconfig().items()},
}


def listed(value):
    return value if isinstance(value, list) else [value]


def resource_name(text):
    """Returns the name of the first resource that a decided value refers to."""
    found = re.search(r"\$\{(\w+)", text)
    return found and found[1]


class Stack:
    """The resources and outputs of one deployment.

    Conditions are decided, parameters are replaced by their values, and a reference to a resource is text: `${Name}` or
    `${Name.Attribute}`, whether the template has it as Ref, Fn::GetAtt or Fn::Sub.
    """

    def __init__(self, template, parameters):
        self.template, self.values = template, defaults(template) | parameters
        self.conditions = {name: self._decide(value) for name, value in template["Conditions"].items()}
        self.resources = self._kept("Resources")
        self.outputs = {name: output["Value"] for name, output in self._kept("Outputs").items()}
        self.functions = self.of_type("AWS::Lambda::Function")
        self.variables = {name: one.get("Environment", {}).get("Variables", {}) for name, one in self.functions.items()}

    def of_type(self, kind):
        """Returns the properties of each resource whose type begins with `kind`."""
        return {name: one["Properties"] for name, one in self.resources.items() if one["Type"].startswith(kind)}

    def routes(self):
        """Yields each route's key, the route's name and the name of the function that it leads to."""
        integrations = self.of_type("AWS::ApiGatewayV2::Integration")
        for name, route in self.of_type("AWS::ApiGatewayV2::Route").items():
            integration = integrations.get(resource_name(route["Target"]), {})
            yield route["RouteKey"], name, resource_name(integration.get("IntegrationUri", ""))

    def rejections(self):
        """Yields why CloudFormation would reject the parameters."""
        for name, value in self.values.items():
            parameter = self.template["Parameters"].get(name, {"AllowedValues": []})
            parts = value.split(",") if parameter.get("Type") == "CommaDelimitedList" else [value]
            if value not in map(str, parameter.get("AllowedValues", [value])):
                yield f"{name} does not allow {value}"
            elif not all(re.search(parameter.get("AllowedPattern", ""), part) for part in parts):
                yield f"{name} has a pattern that {value} does not match"
            elif parameter.get("Type") == "Number":
                if not parameter.get("MinValue", -math.inf) <= float(value) <= parameter.get("MaxValue", math.inf):
                    yield f"{name} has bounds that exclude {value}"
        for name, rule in self.template["Rules"].items():
            if self._decide(rule["RuleCondition"]) and not all(self._decide(one["Assert"]) for one in rule["Assertions"]):
                yield f"{name} fails"

    def _kept(self, section):
        entries = self.template[section].items()
        return {name: self._decide(one) for name, one in entries if self.conditions.get(one.get("Condition"), True)}

    def _decide(self, value):
        if isinstance(value, list):
            return [one for one in map(self._decide, value) if one is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (key, argument), = value.items()
            if key == "Ref" or key.startswith("Fn::"):
                return self._call(key, argument)
        decided = {key: self._decide(one) for key, one in value.items()}
        return {key: one for key, one in decided.items() if one is not NO_VALUE}

    def _call(self, function, argument):
        if function == "Fn::If":
            return self._decide(argument[1 if self.conditions[argument[0]] else 2])
        argument = self._decide(argument)
        match function:
            case "Ref" if argument == "AWS::NoValue":
                return NO_VALUE
            case "Ref" if argument in self.values:
                is_list = self.template["Parameters"][argument]["Type"] == "CommaDelimitedList"
                return self.values[argument].split(",") if is_list else self.values[argument]
            case "Ref" if argument in PSEUDO_PARAMETERS:
                return PSEUDO_PARAMETERS[argument]
            case "Ref" | "Fn::GetAtt":
                return "${" + ".".join(listed(argument)) + "}"
            case "Fn::Sub":
                text, variables = argument if isinstance(argument, list) else (argument, {})
                known = self.values | variables
                return re.sub(r"\$\{(\w+)\}", lambda name: known.get(name[1], name[0]), text)
            case "Fn::Join":
                return argument[0].join(argument[1])
            case "Fn::Split":
                return argument[1].split(argument[0])
            case "Fn::Select":
                return argument[1][int(argument[0])]
            case "Fn::Equals":
                return argument[0] == argument[1]
            case "Fn::And":
                return all(argument)
            case "Fn::Or":
                return any(argument)
            case "Fn::Not":
                return not argument[0]
        raise NotImplementedError(function)
