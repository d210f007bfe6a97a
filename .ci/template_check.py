"""Transforms template.yaml as SAM does and holds the result against what neither `sam validate --lint` nor cfn-lint sees:
dependency cycles through environments, dangling names, permissions that are wider than one action on one thing, and what the
template promises of limits, logs, alarms, domain and rotation. samconfig.toml is held against the template's parameters.

    python .ci/template_check.py               checks the template
    python .ci/template_check.py --self-test   breaks the transformed template in each way and sees each check catch it
"""

import copy
import json
import os
import pathlib
import re
import sys

from samtranslator.parser.parser import Parser
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse
from tomlkit import parse as toml_parse

# The transform wants a region and asks nobody about it.
os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")

ROOT = pathlib.Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "template.yaml"
# Each set of parameters takes other branches of the template's conditions.
ORIGINS = "https://app.example.com,https://other.example.com"
CERTIFICATE = "arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
DOMAIN = {"DomainName": "auth.example.com", "CertificateArn": CERTIFICATE}
PARAMETERS = [
    # Undecided: both branches of every condition, since CloudFormation looks for cycles in both.
    None,
    {},
    {"Issuer": "https://auth.example.com"},
    {"AllowedOrigins": ORIGINS},
    {"EnableDocs": "true", "AllowedOrigins": ORIGINS, "Architecture": "x86_64"},
    DOMAIN,
    {"Issuer": "https://login.example.com"} | DOMAIN,
    {"EnableTracing": "true"},
    {"AlarmEmail": "ops@example.com", "TokenReservedConcurrency": "5"},
    {"EnableRotationSchedule": "false"},
    {"EnvironmentName": "prod", "EnableDocs": "true", "EnableTracing": "true", "AlarmEmail": "ops@example.com",
     "TokenReservedConcurrency": "5", "AllowedOrigins": ORIGINS} | DOMAIN,
]
SUB_NAME = re.compile(r"\$\{([^!][^}]*)\}")
PSEUDO_PARAMETERS = {
    "AWS::" + name
    for name in ("AccountId", "NoValue", "NotificationARNs", "Partition", "Region", "StackId", "StackName", "URLSuffix")
}


# What each function may do, on what, and under which condition. A new permission is a new line here, and is seen in review.
KEYS_ALONE = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["keys"]}}
USERS_ALONE = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["user#*"]}}
USERS_AND_NAMES = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["user#*", "username#*", "email#*"]}}
ACTIONS = {
    "RegisterFunction": [("dynamodb:PutItem", "UsersTable", USERS_AND_NAMES)],
    "TokenFunction": [
        ("dynamodb:GetItem", "UsersTable", None),
        ("dynamodb:UpdateItem", "UsersTable", USERS_ALONE),
        ("secretsmanager:GetSecretValue", "SigningKeys", None),
    ],
    "MeFunction": [("dynamodb:GetItem", "UsersTable", None)],
    "WellKnownFunction": [("dynamodb:GetItem", "UsersTable", KEYS_ALONE)],
    "RotateKeysFunction": [
        ("dynamodb:GetItem", "UsersTable", KEYS_ALONE),
        ("dynamodb:PutItem", "UsersTable", KEYS_ALONE),
        ("secretsmanager:DescribeSecret", "SigningKeys", None),
        ("secretsmanager:GetSecretValue", "SigningKeys", None),
        ("secretsmanager:PutSecretValue", "SigningKeys", None),
        ("secretsmanager:UpdateSecretVersionStage", "SigningKeys", None),
    ],
    "DocsFunction": [],
}
LOGGING = ("logs:CreateLogStream", "logs:PutLogEvents")
# X-Ray's actions know no resource: the one exception, and only where the parameter asks for it.
TRACING = ("xray:PutTelemetryRecords", "xray:PutTraceSegments")
# Whose routes cost a password hash, and by which parameters they are limited.
LIMITED = {"TokenFunction": "Token", "RegisterFunction": "Register"}
# Where a memory comes from.
MEMORY = {
    "RegisterFunction": {"Ref": "HashingMemory"},
    "TokenFunction": {"Ref": "HashingMemory"},
    "MeFunction": {"Ref": "ReadingMemory"},
    "WellKnownFunction": {"Ref": "ReadingMemory"},
    "DocsFunction": {"Ref": "ReadingMemory"},
    "RotateKeysFunction": 512,
}
# What is watched: namespace, metric, statistic and whose it is.
ALARMS = {
    ("AWS/ApiGateway", "5xx", "Average", ("HttpApi", "Stage")),
    ("AWS/ApiGateway", "Latency", "p99", ("HttpApi", "Stage")),
    ("Latchkey/", "RefusedRequests", "Sum", ()),
    ("AWS/Lambda", "Throttles", "Sum", ("TokenFunction",)),
    ("AWS/Lambda", "Throttles", "Sum", ("RegisterFunction",)),
    ("AWS/Lambda", "Throttles", "Sum", ("MeFunction",)),
    ("AWS/Lambda", "Throttles", "Sum", ("WellKnownFunction",)),
    ("AWS/DynamoDB", "ReadThrottleEvents", "Sum", ("UsersTable",)),
    ("AWS/DynamoDB", "WriteThrottleEvents", "Sum", ("UsersTable",)),
    ("AWS/Lambda", "Errors", "Sum", ("RotateKeysFunction",)),
    ("Latchkey/", "OverdueRotation", "Sum", ()),
}
# All that the access log may hold. A path, a query or a header could be a secret.
LOGGED = {
    "requestId", "requestTime", "identity.sourceIp", "identity.userAgent", "routeKey", "status", "responseLength", "responseLatency",
    "integrationStatus", "integrationLatency", "integrationErrorMessage", "error.responseType",
}
# What the parameters' bounds are there for.
REFUSED = [
    ("Issuer", "https://auth.example.com/"),
    ("Issuer", "https://auth.example.com:443"),
    ("Issuer", "http://auth.example.com"),
    ("DomainName", "https://auth.example.com"),
    ("DomainName", "Auth.example.com"),
    ("CertificateArn", "arn:aws:iam::123456789012:server-certificate/x"),
    ("AllowedOrigins", "*"),
    ("AllowedOrigins", "https://app.example.com,https://app.example.com/"),
    ("AlarmEmail", "ops"),
    ("EnvironmentName", "Prod"),
    ("EnableDocs", "yes"),
    ("AccessTokenSeconds", "0"),
]
OUTPUTS = {"BaseUrl", "Issuer", "JwksUrl", "TableName", "SigningKeysSecret", "RotateKeysFunction", "DashboardName"}


class NoManagedPolicies:
    """The transform asks for AWS's managed policies; this template uses none."""

    def load(self):
        return {}


def transformed(parameters):
    source = yaml_parse(TEMPLATE.read_text())
    for resource in source["Resources"].values():
        # The transform wants code that is uploaded; `sam deploy` puts its place here.
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    values = {name: str(entry.get("Default", "")) for name, entry in source["Parameters"].items()} | (parameters or {})
    template = transform(source, values, NoManagedPolicies())
    return template if parameters is None else deployed(template, values)


def evaluated(value, values):
    """A condition of the template, or of one of its rules."""
    if not isinstance(value, dict):
        return value
    (function, argument), = value.items()
    if function == "Ref":
        return values[argument]
    if function == "Fn::Equals":
        return evaluated(argument[0], values) == evaluated(argument[1], values)
    if function == "Fn::Not":
        return not evaluated(argument[0], values)
    if function == "Fn::Join":
        inner = evaluated(argument[1], values)
        return argument[0].join(inner.split(",") if isinstance(inner, str) else map(str, inner))
    raise ValueError(f"the condition's function {function} is not known here")


def deployed(template, values):
    """The template as CloudFormation carries it out: conditions decided, and what they leave out left out."""
    conditions = {name: evaluated(value, values) for name, value in template.get("Conditions", {}).items()}

    def decided(value):
        if isinstance(value, list):
            return [inner for inner in map(decided, value) if inner is not None]
        if not isinstance(value, dict):
            return value
        if "Fn::If" in value:
            name, yes, no = value["Fn::If"]
            return decided(yes if conditions.get(name, True) else no)
        if value == {"Ref": "AWS::NoValue"}:
            return None
        return {key: inner for key, inner in ((key, decided(inner)) for key, inner in value.items()) if inner is not None}

    kept = {
        owner: decided(resource)
        for owner, resource in template["Resources"].items()
        if conditions.get(resource.get("Condition"), True)
    }
    outputs = {
        owner: decided(output)
        for owner, output in template.get("Outputs", {}).items()
        if conditions.get(output.get("Condition"), True)
    }
    return {**template, "Resources": kept, "Outputs": outputs, "Values": values}


def references(value, local=frozenset()):
    """Every name that a value refers to, as pairs of kind and name, from all branches. The kinds are "name" (a resource or a
    parameter), "attribute" (a resource, since nothing else has attributes) and "condition"."""
    if isinstance(value, list):
        for element in value:
            yield from references(element, local)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "Ref" and isinstance(inner, str):
                yield "name", inner
            elif key == "Fn::GetAtt":
                yield "attribute", inner.split(".")[0] if isinstance(inner, str) else inner[0]
            elif key == "Fn::Sub":
                text, variables = (inner, {}) if isinstance(inner, str) else inner
                for name in SUB_NAME.findall(text):
                    if name not in variables:
                        yield "attribute" if "." in name else "name", name.split(".")[0]
                yield from references(variables)
            elif key == "Fn::If":
                yield "condition", inner[0]
                yield from references(inner[1:])
            elif key == "Condition" and isinstance(inner, str):
                yield "condition", inner
            elif key == "DependsOn":
                for name in [inner] if isinstance(inner, str) else inner:
                    yield "name", name
            else:
                yield from references(inner, local)


def no_dangling_name(template):
    resources, parameters = template["Resources"], template.get("Parameters", {})
    conditions = template.get("Conditions", {})
    for section in ("Conditions", "Resources", "Outputs"):
        for owner, value in template.get(section, {}).items():
            for kind, name in references(value):
                if kind == "condition" and name not in conditions:
                    yield f"{owner} names the condition {name}, which is none"
                if kind == "name" and not (name in resources or name in parameters or name in PSEUDO_PARAMETERS):
                    yield f"{owner} names {name}, which is nothing"
                if kind == "attribute" and name not in resources:
                    yield f"{owner} wants an attribute of {name}, which is no resource"


def no_cycle(template):
    resources = template["Resources"]
    graph = {
        owner: {name for kind, name in references(value) if kind != "condition" and name in resources}
        for owner, value in resources.items()
    }
    done, path = set(), []

    def visit(owner):
        if owner in path:
            yield "a cycle: " + " -> ".join(path[path.index(owner) :] + [owner])
        elif owner not in done:
            path.append(owner)
            for name in sorted(graph[owner]):
                yield from visit(name)
            path.pop()
            done.add(owner)

    for owner in graph:
        yield from visit(owner)


def listed(value):
    return value if isinstance(value, list) else [value]


def statements(template):
    for owner, resource in template["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role":
            for policy in resource["Properties"].get("Policies", []):
                for statement in policy["PolicyDocument"]["Statement"]:
                    # Where nothing is decided, both branches.
                    for one in statement["Fn::If"][1:] if "Fn::If" in statement else [statement]:
                        if one != {"Ref": "AWS::NoValue"}:
                            yield owner, one


def least_privilege(template):
    for owner, resource in template["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role" and resource["Properties"].get("ManagedPolicyArns"):
            yield f"{owner} has a managed policy"
        if resource["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
            yield f"{owner} is a policy outside of a function's own role"
    for owner, statement in statements(template):
        for name in {"NotAction", "NotResource"} & statement.keys():
            yield f"{owner} has {name}, which grants all the rest"
        for action in listed(statement.get("Action", [])):
            if "*" in action:
                yield f"{owner} may {action}"
            if action in ("dynamodb:Scan", "dynamodb:Query"):
                yield f"{owner} may {action}, which no request's path needs"
        if statement.get("Resource") == "*" and is_tracing(statement):
            continue
        for resource in listed(statement.get("Resource", [])):
            # A wildcard is taken only below the name of a thing of this stack, as for the streams of a log group.
            if "*" in str(resource) and not any(name in template["Resources"] for _, name in references(resource)):
                yield f"{owner} may act on things outside of this stack"


def is_tracing(statement):
    return sorted(listed(statement.get("Action", []))) == sorted(TRACING)


def just_the_listed_actions(template):
    """Each function may do what ACTIONS says, may write to its log group, may trace where that is asked for, and nothing else."""
    resources = template["Resources"]
    asked = template["Values"]["EnableTracing"] == "true" if "Values" in template else True
    for owner, resource in resources.items():
        if resource["Type"] != "AWS::Lambda::Function":
            continue
        if owner not in ACTIONS:
            yield f"{owner} is not in the list of actions"
            continue
        roles = {name for _, name in references(resource["Properties"].get("Role")) if name in resources}
        groups = [name for _, name in references(resource["Properties"].get("LoggingConfig")) if name in resources]
        expected = ACTIONS[owner] + [(action, group, None) for group in groups for action in LOGGING]
        expected = expected + [(action, "*", None) for action in TRACING] if asked else expected
        found = [
            (action, name, statement.get("Condition"))
            for holder, statement in statements(template)
            if holder in roles
            for action in listed(statement["Action"])
            for thing in listed(statement["Resource"])
            for name in [name for _, name in references(thing) if name in resources] or [thing]
        ]
        for one in found:
            if one not in expected:
                yield f"{owner} may {one}, which is not in the list of actions"
        for one in expected:
            if one not in found:
                yield f"{owner} may not {one}"


def traced_as_asked(template):
    expected = "Active" if template["Values"]["EnableTracing"] == "true" else "PassThrough"
    for owner, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Lambda::Function" and resource["Properties"].get("TracingConfig") != {"Mode": expected}:
            yield f"{owner} has the tracing {resource['Properties'].get('TracingConfig')} and not {expected}"


def own_role_and_logs(template):
    resources = template["Resources"]
    seen = {}
    for owner, resource in resources.items():
        if resource["Type"] != "AWS::Lambda::Function":
            continue
        properties = resource["Properties"]
        for what, value in (("role", properties.get("Role")), ("log group", properties.get("LoggingConfig", {}).get("LogGroup"))):
            names = [name for _, name in references(value) if name in resources]
            if len(names) != 1:
                yield f"{owner} has no {what} of its own in this template"
            elif names[0] in seen:
                yield f"{owner} shares its {what} with {seen[names[0]]}"
            else:
                seen[names[0]] = owner
        role, group = (
            {name for _, name in references(value)}
            for value in (properties.get("Role"), properties.get("LoggingConfig", {}).get("LogGroup"))
        )
        written = {
            name
            for holder, statement in statements(template)
            if holder in role
            for _, name in references(statement)
            if resources.get(name, {}).get("Type") == "AWS::Logs::LogGroup"
        }
        if written != group:
            yield f"{owner} logs to {sorted(group)} and may write to {sorted(written)}"
        if properties.get("LoggingConfig", {}).get("LogFormat") != "JSON":
            yield f"{owner} does not log in JSON"
    for owner, resource in resources.items():
        if resource["Type"] == "AWS::Logs::LogGroup":
            if resource["Properties"].get("RetentionInDays") != {"Ref": "LogRetentionDays"}:
                yield f"{owner} does not keep its logs for LogRetentionDays"


def routes_may_invoke(template):
    """A function that the gateway may not invoke is a 500 on every request of its routes."""
    resources = template["Resources"]

    def of(kind, key):
        for owner, resource in resources.items():
            if resource["Type"] == kind:
                yield owner, {name for _, name in references(resource["Properties"].get(key)) if name in resources}

    allowed = set().union(*(names for _, names in of("AWS::Lambda::Permission", "FunctionName")))
    integrations = dict(of("AWS::ApiGatewayV2::Integration", "IntegrationUri"))
    for owner, names in integrations.items():
        for name in names - allowed:
            yield f"{owner} invokes {name}, which has no permission for it"
    for owner, names in of("AWS::ApiGatewayV2::Route", "Target"):
        if not names & integrations.keys():
            yield f"{owner} leads to no integration"
    callers = {"apigateway.amazonaws.com": "HttpApi", "secretsmanager.amazonaws.com": "SigningKeys"}
    for owner, names in of("AWS::Lambda::Permission", "SourceArn"):
        caller = callers.get(resources[owner]["Properties"]["Principal"])
        if names != {caller}:
            yield f"{owner} lets others than {caller} invoke the function"


def origin(values):
    """Where the routes are."""
    return {"Fn::Sub": "https://${DomainName}"} if values["DomainName"] else {"Fn::GetAtt": ["HttpApi", "ApiEndpoint"]}


def issuer_is_as_asked(template):
    """The parameter, else the domain, else the API's own URL; for every function and for the outputs."""
    values = template["Values"]
    expected = {"Ref": "Issuer"} if values["Issuer"] else origin(values)
    found = {
        owner: resource["Properties"].get("Environment", {}).get("Variables", {}).get("ISSUER")
        for owner, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Lambda::Function"
    }
    for owner in ("TokenFunction", "MeFunction", "WellKnownFunction"):
        if found.get(owner) is None:
            yield f"{owner} has no issuer"
    found["the output"] = template["Outputs"]["Issuer"]["Value"]
    found["the output of the JWK Set's URL"] = template["Outputs"]["JwksUrl"]["Value"]["Fn::Sub"][1]["Origin"]
    for owner, issuer in found.items():
        if issuer not in (None, expected):
            yield f"{owner} has the issuer {issuer} and not {expected}"


def domain_is_as_asked(template):
    """With a domain, the API's own endpoint is off and the domain leads to the whole API."""
    values, resources = template["Values"], template["Resources"]
    asked = bool(values["DomainName"])
    if resources["HttpApi"]["Properties"].get("DisableExecuteApiEndpoint") is not asked:
        yield f"DisableExecuteApiEndpoint is not {asked}"
    if template["Outputs"]["BaseUrl"]["Value"] != origin(values):
        yield f"the base URL is {template['Outputs']['BaseUrl']['Value']}"
    domains = [r["Properties"] for r in resources.values() if r["Type"] == "AWS::ApiGatewayV2::DomainName"]
    mappings = [r["Properties"] for r in resources.values() if r["Type"] == "AWS::ApiGatewayV2::ApiMapping"]
    if not asked:
        if domains or mappings or {"DomainTarget", "DomainHostedZoneId"} & template["Outputs"].keys():
            yield "there is a domain though none was named"
        return
    configuration = {"CertificateArn": {"Ref": "CertificateArn"}, "EndpointType": "REGIONAL", "SecurityPolicy": "TLS_1_2"}
    if domains != [{"DomainName": {"Ref": "DomainName"}, "DomainNameConfigurations": [configuration]}]:
        yield f"the domains are {domains}"
    if mappings != [{"ApiId": {"Ref": "HttpApi"}, "DomainName": {"Ref": "CustomDomain"}, "Stage": {"Ref": "Stage"}}]:
        yield f"the mappings are {mappings}"
    if not {"DomainTarget", "DomainHostedZoneId"} <= template["Outputs"].keys():
        yield "no output says what the DNS must lead to"


def outputs_are_there(template):
    expected = OUTPUTS | ({"DocsUrl"} if template["Values"]["EnableDocs"] == "true" else set())
    found = template["Outputs"].keys() - {"DomainTarget", "DomainHostedZoneId"}
    if found != expected:
        yield f"the outputs are {sorted(found)} and not {sorted(expected)}"


def function_of(template, route):
    """The function that a route leads to."""
    resources = template["Resources"]
    for _, integration in references(route["Properties"].get("Target")):
        uri = resources.get(integration, {}).get("Properties", {}).get("IntegrationUri")
        for _, name in references(uri):
            return name
    return None


def stage_is_limited(template):
    """The stage has limits; every route that costs a hash, aliases and twins too, has stricter ones and is there before the stage."""
    resources = template["Resources"]
    stage = resources["Stage"]
    properties = stage["Properties"]
    if (properties.get("StageName"), properties.get("AutoDeploy")) != ("$default", True):
        yield "the stage is not $default, or does not deploy by itself"

    def limits(prefix):
        return {"ThrottlingRateLimit": {"Ref": f"{prefix}RequestsPerSecond"}, "ThrottlingBurstLimit": {"Ref": f"{prefix}Burst"}}

    if properties.get("DefaultRouteSettings") != limits("Stage"):
        yield f"the stage's limits are {properties.get('DefaultRouteSettings')}"
    settings = properties.get("RouteSettings", {})
    routes = {
        resource["Properties"]["RouteKey"]: (owner, function_of(template, resource))
        for owner, resource in resources.items()
        if resource["Type"] == "AWS::ApiGatewayV2::Route"
    }
    for key, (owner, function) in routes.items():
        prefix = LIMITED.get(function)
        if prefix and settings.get(key) != limits(prefix):
            yield f"{key} has the limits {settings.get(key)} and not those of {prefix}"
        if key in settings and owner not in listed(stage.get("DependsOn", [])):
            yield f"the stage does not wait for {owner}"
    for key in settings.keys() - routes.keys():
        yield f"{key} has limits and is no route"
    for what in ("RequestsPerSecond", "Burst"):
        for prefix in LIMITED.values():
            parameters = template["Parameters"]
            if parameters[prefix + what]["Default"] >= parameters["Stage" + what]["Default"]:
                yield f"{prefix}{what} is by default no stricter than the stage's"


def access_logs_are_safe(template):
    resources = template["Resources"]
    settings = resources["Stage"]["Properties"].get("AccessLogSettings", {})
    names = [name for _, name in references(settings.get("DestinationArn")) if name in resources]
    if [resources[name]["Type"] for name in names] != ["AWS::Logs::LogGroup"]:
        yield "the access log has no group of this template"
    try:
        entry = json.loads(settings.get("Format", ""))
    except ValueError:
        yield "the access log's format is no JSON"
        return
    found = set(re.findall(r"\$context\.([A-Za-z.]+)", settings["Format"]))
    for name in found - LOGGED:
        yield f"the access log holds {name}"
    for name in LOGGED - found:
        yield f"the access log lacks {name}"
    if any(not re.fullmatch(r"\$context\.[A-Za-z.]+", value) for value in entry.values()):
        yield "a field of the access log is not one variable"
    filtered = [
        r["Properties"]
        for r in resources.values()
        if r["Type"] == "AWS::Logs::MetricFilter" and r["Properties"]["LogGroupName"] in [{"Ref": name} for name in names]
    ]
    for one in filtered:
        for name in re.findall(r"\$\.(\w+)", one["FilterPattern"]):
            if name not in entry:
                yield f"a metric looks for {name}, which the access log does not have"


def alarms_are_there(template):
    resources = template["Resources"]
    asked = bool(template["Values"]["AlarmEmail"])
    found = set()
    for owner, resource in resources.items():
        if resource["Type"] == "AWS::CloudWatch::CompositeAlarm":
            yield f"{owner} is of a type that emulators do not have"
        if resource["Type"] != "AWS::CloudWatch::Alarm":
            continue
        alarm = resource["Properties"]
        if "Metrics" in alarm:
            yield f"{owner} calculates with metrics, which emulators refuse"
            continue
        dimensions = tuple(name for one in alarm.get("Dimensions", []) for _, name in references(one) if name in resources)
        namespace = alarm["Namespace"]["Fn::Sub"].split("$")[0] if isinstance(alarm["Namespace"], dict) else alarm["Namespace"]
        found.add((namespace, alarm["MetricName"], alarm.get("Statistic", alarm.get("ExtendedStatistic")), dimensions))
        if alarm.get("TreatMissingData") != "notBreaching":
            yield f"{owner} goes off when there is no traffic"
        if alarm.get("AlarmActions", []) != ([{"Ref": "AlarmTopic"}] if asked else []):
            yield f"{owner} tells {alarm.get('AlarmActions')}"
        # CloudWatch refuses longer windows.
        if alarm["Period"] * alarm["EvaluationPeriods"] > (86400 if alarm["Period"] < 3600 else 604800):
            yield f"{owner} looks back further than CloudWatch does"
    for one in sorted(ALARMS ^ found):
        yield f"{'no alarm watches' if one in ALARMS else 'not listed is the alarm of'} {one}"
    topics = [r["Properties"]["Subscription"] for r in resources.values() if r["Type"] == "AWS::SNS::Topic"]
    if topics != ([[{"Protocol": "email", "Endpoint": {"Ref": "AlarmEmail"}}]] if asked else []):
        yield f"the topics' subscriptions are {topics}"
    # An alarm of our own metric needs the filter that counts it.
    counted = [t for r in resources.values() if r["Type"] == "AWS::Logs::MetricFilter" for t in r["Properties"]["MetricTransformations"]]
    for owner, resource in resources.items():
        alarm = resource["Properties"] if resource["Type"] == "AWS::CloudWatch::Alarm" else {}
        if isinstance(alarm.get("Namespace"), dict) and not any(
            (one["MetricNamespace"], one["MetricName"]) == (alarm["Namespace"], alarm["MetricName"]) for one in counted
        ):
            yield f"nothing counts what {owner} watches"


def one_dashboard(template):
    bodies = [r["Properties"]["DashboardBody"] for r in template["Resources"].values() if r["Type"] == "AWS::CloudWatch::Dashboard"]
    if len(bodies) != 1:
        yield f"there are {len(bodies)} dashboards"
    for body in bodies:
        try:
            widgets = json.loads(SUB_NAME.sub("x", body["Fn::Sub"]))["widgets"]
        except ValueError as error:
            yield f"the dashboard is no JSON: {error}"
            continue
        shown = json.dumps(widgets)
        for _, metric, _, _ in ALARMS:
            if f'"{metric}"' not in shown:
                yield f"the dashboard does not show {metric}, which an alarm watches"


def variables_are_text(template):
    """A number that is not quoted reaches some emulators' functions as a number, which no environment can hold."""
    for owner, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Lambda::Function":
            for name, value in resource["Properties"].get("Environment", {}).get("Variables", {}).items():
                if not isinstance(value, (str, dict)):
                    yield f"{owner} has {name} as {value!r}, which is no text"


def rotation_agrees(template):
    """The schedule is the period that the functions reckon with, and finds its permission."""
    resources = template["Resources"]
    variables = {
        owner: resource["Properties"].get("Environment", {}).get("Variables", {})
        for owner, resource in resources.items()
        if resource["Type"] == "AWS::Lambda::Function"
    }
    periods = {str(v["KEY_ROTATION_SECONDS"]) for v in variables.values() if "KEY_ROTATION_SECONDS" in v}
    leads = {str(v["KEY_LEAD_SECONDS"]) for v in variables.values() if "KEY_LEAD_SECONDS" in v}
    if periods != {"2592000"} or leads != {"21600"}:
        yield f"the functions reckon with the periods {periods} and the leads {leads}"
    schedules = [r for r in resources.values() if r["Type"] == "AWS::SecretsManager::RotationSchedule"]
    asked = template["Values"]["EnableRotationSchedule"] == "true" if "Values" in template else True
    if len(schedules) != asked:
        yield f"there are {len(schedules)} schedules"
    for schedule in schedules:
        properties = schedule["Properties"]
        days = re.fullmatch(r"rate\((\d+) days\)", properties["RotationRules"].get("ScheduleExpression", ""))
        if not days or {str(int(days[1]) * 86400)} != periods:
            yield f"the schedule is {properties['RotationRules']}, and the functions reckon with {periods}"
        if not properties.get("RotateImmediatelyOnUpdate"):
            yield "the first ring would be made after a period"
        allowed = [resources[name]["Properties"] for name in listed(schedule.get("DependsOn", [])) if name in resources]
        if not any(p.get("Principal") == "secretsmanager.amazonaws.com" for p in allowed):
            yield "the schedule does not wait for the permission"


def ceiling_is_as_asked(template):
    """A reserve of 0 would let nothing run, and a new account can reserve nothing."""
    asked = template["Values"]["TokenReservedConcurrency"] != "0"
    for owner, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Lambda::Function":
            found = resource["Properties"].get("ReservedConcurrentExecutions")
            expected = {"Ref": "TokenReservedConcurrency"} if asked and owner == "TokenFunction" else None
            if found != expected:
                yield f"{owner} reserves {found} and not {expected}"


def memory_and_time_are_set(template):
    resources = template["Resources"]
    answering = {function_of(template, r) for r in resources.values() if r["Type"] == "AWS::ApiGatewayV2::Route"}
    for owner, resource in resources.items():
        if resource["Type"] == "AWS::Lambda::Function":
            properties = resource["Properties"]
            if owner not in MEMORY or properties.get("MemorySize") != MEMORY[owner]:
                yield f"{owner} has the memory {properties.get('MemorySize')}"
            if owner in answering and not 0 < properties.get("Timeout", 0) < 30:
                yield f"{owner} may run for longer than API Gateway waits"


def no_versions(template):
    """SAM publishes no version when only a parameter changes, so what is behind an alias would not be served: docs/decisions.md."""
    for owner, resource in template["Resources"].items():
        if resource["Type"] in ("AWS::Lambda::Version", "AWS::Lambda::Alias") or resource["Type"].startswith("AWS::CodeDeploy::"):
            yield f"{owner} is a {resource['Type']}"


def parameter_refuses(entry, value):
    """Why CloudFormation would refuse a parameter's value."""
    if "AllowedValues" in entry and value not in map(str, entry["AllowedValues"]):
        return "it is none of the allowed values"
    if entry["Type"] == "Number" and not float(entry.get("MinValue", "-inf")) <= float(value) <= float(entry.get("MaxValue", "inf")):
        return "it is out of bounds"
    parts = value.split(",") if entry["Type"] == "CommaDelimitedList" else [value]
    if "AllowedPattern" in entry and not all(re.search(entry["AllowedPattern"], part.strip()) for part in parts):
        return "the pattern does not take it"
    return None


def parameters_are_sane(template):
    """Each has a default, bounds that take it, words, and a place in one group; and bounds refuse what they are there for."""
    parameters = template["Parameters"]
    grouped = [
        name for group in template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"] for name in group["Parameters"]
    ]
    if sorted(grouped) != sorted(parameters):
        yield f"not in one group are {sorted(set(grouped) ^ set(parameters)) or 'those that are named twice'}"
    for name, entry in parameters.items():
        bounds = {"AllowedPattern", "AllowedValues"} if entry["Type"] != "Number" else {"AllowedValues", "MinValue"}
        if not bounds & entry.keys():
            yield f"{name} takes anything"
        if "Default" not in entry or "Description" not in entry:
            yield f"{name} lacks a default or a description"
        elif why := parameter_refuses(entry, str(entry["Default"])):
            yield f"{name} refuses its own default: {why}"
    for name, value in template.get("Values", {}).items():
        if why := parameter_refuses(parameters[name], value):
            yield f"{name} refuses {value}: {why}"
    for name, value in REFUSED:
        if not parameter_refuses(parameters[name], value):
            yield f"{name} takes {value}"


def domain_and_certificate_go_together(template):
    def broken(values):
        for name, rule in template.get("Rules", {}).items():
            if evaluated(rule.get("RuleCondition", True), values):
                if not all(evaluated(one["Assert"], values) for one in rule["Assertions"]):
                    yield name

    for values, expected in (
        ({"DomainName": "", "CertificateArn": ""}, False),
        (DOMAIN, False),
        (DOMAIN | {"CertificateArn": ""}, True),
        (DOMAIN | {"DomainName": ""}, True),
    ):
        if bool(list(broken(values))) != expected:
            yield f"the rules {'take' if expected else 'refuse'} {values}"


def table_is_safe(template):
    for owner, resource in template["Resources"].items():
        if resource["Type"] != "AWS::DynamoDB::Table":
            continue
        properties = resource["Properties"]
        if (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")) != ("Retain", "Retain"):
            yield f"{owner} goes with the stack"
        if not properties.get("DeletionProtectionEnabled"):
            yield f"{owner} has no deletion protection"
        if not properties.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
            yield f"{owner} cannot be restored"


def cors_is_as_asked(template):
    cors = template["Resources"]["HttpApi"]["Properties"].get("CorsConfiguration")
    if not template["Values"]["AllowedOrigins"]:
        if cors is not None:
            yield "other origins are allowed though none was named"
        return
    expected = {
        "AllowHeaders": ["authorization", "content-type"],
        "ExposeHeaders": ["www-authenticate", "x-amzn-remapped-www-authenticate", "retry-after", "location"],
        "AllowOrigins": {"Ref": "AllowedOrigins"},
    }
    for name, value in expected.items():
        if (cors or {}).get(name) != value:
            yield f"{name} is {(cors or {}).get(name)} and not {value}"
    if (cors or {}).get("AllowCredentials"):
        yield "credentials are allowed"


def docs_are_as_asked(template):
    routes = [r["Properties"]["RouteKey"] for r in template["Resources"].values() if r["Type"] == "AWS::ApiGatewayV2::Route"]
    asked = template["Values"]["EnableDocs"] == "true"
    if any("docs" in route or "openapi" in route for route in routes) != asked:
        yield f"the routes are {routes}"
    if ("DocsFunction" in template["Resources"]) != asked:
        yield "the function is there and not asked for, or the other way"


CHECKS = [
    no_dangling_name,
    no_cycle,
    least_privilege,
    just_the_listed_actions,
    own_role_and_logs,
    routes_may_invoke,
    table_is_safe,
    stage_is_limited,
    access_logs_are_safe,
    one_dashboard,
    rotation_agrees,
    memory_and_time_are_set,
    no_versions,
    parameters_are_sane,
    domain_and_certificate_go_together,
]
# These want the parameters' values.
DECIDED_CHECKS = [
    issuer_is_as_asked,
    domain_is_as_asked,
    outputs_are_there,
    cors_is_as_asked,
    docs_are_as_asked,
    traced_as_asked,
    variables_are_text,
    alarms_are_there,
    ceiling_is_as_asked,
]


def samconfig_is_sound(template, config):
    """Each environment is a stack of its own, and its parameters are the template's."""
    stacks = set()
    for name in ("default", "dev", "staging", "prod"):
        deploy = config.get(name, {}).get("deploy", {}).get("parameters", {})
        if sorted(deploy.get("capabilities", [])) != ["CAPABILITY_AUTO_EXPAND", "CAPABILITY_IAM"]:
            yield f"{name} has the capabilities {deploy.get('capabilities')}"
        if deploy.get("resolve_s3") is not True:
            yield f"{name} has no bucket for the code"
        if name != "default":
            stacks.add(deploy.get("stack_name"))
        overrides = dict(one.split("=", 1) for one in deploy.get("parameter_overrides", []))
        if overrides.get("EnvironmentName") != ("dev" if name == "default" else name):
            yield f"{name} calls itself {overrides.get('EnvironmentName')}"
        for parameter, value in overrides.items():
            entry = template["Parameters"].get(parameter)
            if entry is None:
                yield f"{name} sets {parameter}, which the template does not have"
            elif why := parameter_refuses(entry, value):
                yield f"{name} sets {parameter} to {value}: {why}"
    if len(stacks) != 3 or None in stacks:
        yield f"the stacks are {stacks}"
    if config.get("prod", {}).get("deploy", {}).get("parameters", {}).get("confirm_changeset") is not True:
        yield "nobody is asked before prod changes"
    if config.get("default", {}).get("deploy") != config.get("dev", {}).get("deploy"):
        yield "default is not dev"


def samconfig():
    return toml_parse((ROOT / "samconfig.toml").read_text()).unwrap()


def dangle(template):
    template["Resources"]["MeRoute"]["Properties"]["Target"] = {"Fn::Sub": "integrations/${NoIntegration}"}


def dangle_condition(template):
    template["Resources"]["MeRoute"]["Condition"] = "NoCondition"


def dangle_pseudo_parameter(template):
    template["Resources"]["HttpApi"]["Properties"]["Name"] = {"Ref": "AWS::NoSuchName"}


def dangle_attribute(template):
    first_statement(template)["Resource"] = {"Fn::GetAtt": ["Issuer", "Arn"]}


def close_a_cycle(template):
    resources = template["Resources"]
    resources["HttpApi"]["Properties"]["Description"] = {"Fn::GetAtt": ["MeFunction", "Arn"]}
    resources["MeFunction"]["Properties"]["Description"] = {"Ref": "HttpApi"}


def widen_an_action(template):
    first_statement(template)["Action"] = "dynamodb:*"


def widen_a_resource(template):
    first_statement(template)["Resource"] = "*"


def widen_a_resource_in_part(template):
    first_statement(template)["Resource"] = {"Fn::Sub": "arn:${AWS::Partition}:dynamodb:*:*:table/*"}


def allow_all_but(template):
    first_statement(template)["NotAction"] = first_statement(template).pop("Action")


def scan(template):
    first_statement(template)["Action"] = ["dynamodb:Scan"]


def manage(template):
    template["Resources"]["MeRole"]["Properties"]["ManagedPolicyArns"] = ["arn:aws:iam::aws:policy/X"]


def share_a_role(template):
    template["Resources"]["MeFunction"]["Properties"]["Role"] = {"Fn::GetAtt": ["TokenRole", "Arn"]}


def write_to_other_logs(template):
    text = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${TokenLogs}:log-stream:*"
    list(statements({"Resources": {"MeRole": template["Resources"]["MeRole"]}}))[-1][1]["Resource"] = {"Fn::Sub": text}


def forbid_invoking(template):
    del template["Resources"]["MePermission"]


def let_any_api_invoke(template):
    del template["Resources"]["MePermission"]["Properties"]["SourceArn"]


def lead_nowhere(template):
    template["Resources"]["MeRoute"]["Properties"]["Target"] = "integrations/none"


def swap_the_issuer(template):
    template["Resources"]["MeFunction"]["Properties"]["Environment"]["Variables"]["ISSUER"] = {"Ref": "Audience"}


def keep_logs(template):
    del template["Resources"]["MeLogs"]["Properties"]["RetentionInDays"]


def unprotect(template):
    template["Resources"]["UsersTable"]["DeletionPolicy"] = "Delete"


def open_to_all(template):
    cors = {"AllowOrigins": ["*"], "AllowCredentials": True}
    template["Resources"]["HttpApi"]["Properties"]["CorsConfiguration"] = cors


def flip_docs(template):
    routes = template["Resources"]
    if "DocsRoute" in routes:
        for name in ("DocsRoute", "DocsFilesRoute", "OpenApiRoute"):
            del routes[name]
    else:
        routes["DocsRoute"] = {"Type": "AWS::ApiGatewayV2::Route", "Properties": {"RouteKey": "GET /docs"}}


def grant_more(template):
    first_statement(template)["Action"] = ["dynamodb:PutItem", "dynamodb:DeleteItem"]


def grant_less(template):
    first_statement(template)["Action"] = "dynamodb:UpdateItem"


def read_every_user(template):
    for owner, statement in statements(template):
        if owner == "WellKnownRole":
            statement.pop("Condition", None)


def trace_unasked(template):
    """Takes X-Ray's rights where they are asked for, and gives them where not."""
    policy = template["Resources"]["MeRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    kept = [one for one in policy["Statement"] if "Fn::If" not in one and not is_tracing(one)]
    given = {"Effect": "Allow", "Action": list(TRACING), "Resource": "*"}
    policy["Statement"] = kept + [given] if len(kept) == len(policy["Statement"]) else kept


def trace_with_more(template):
    policy = template["Resources"]["MeRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    policy["Statement"].append({"Effect": "Allow", "Action": [*TRACING, "xray:GetTraceSummaries"], "Resource": "*"})


def trace_otherwise(template):
    tracing = template["Resources"]["MeFunction"]["Properties"]["TracingConfig"]
    tracing["Mode"] = "PassThrough" if tracing["Mode"] == "Active" else "Active"


def log_in_text(template):
    del template["Resources"]["MeFunction"]["Properties"]["LoggingConfig"]["LogFormat"]


def share_a_log_group(template):
    template["Resources"]["MeFunction"]["Properties"]["LoggingConfig"]["LogGroup"] = {"Ref": "TokenLogs"}


def keep_access_logs(template):
    template["Resources"]["AccessLogs"]["Properties"]["RetentionInDays"] = 3653


def let_any_secret_invoke(template):
    del template["Resources"]["RotateKeysPermission"]["Properties"]["SourceArn"]


def forget_an_issuer(template):
    del template["Resources"]["TokenFunction"]["Properties"]["Environment"]["Variables"]["ISSUER"]


def say_another_issuer(template):
    template["Outputs"]["Issuer"]["Value"] = {"Ref": "Audience"}


def flip_the_endpoint(template):
    api = template["Resources"]["HttpApi"]["Properties"]
    api["DisableExecuteApiEndpoint"] = not api["DisableExecuteApiEndpoint"]


def spoil_the_domain(template):
    resources = template["Resources"]
    if "CustomDomain" in resources:
        resources["CustomDomain"]["Properties"]["DomainNameConfigurations"][0]["SecurityPolicy"] = "TLS_1_0"
    else:
        resources["CustomDomain"] = {"Type": "AWS::ApiGatewayV2::DomainName", "Properties": {}}


def spoil_the_mapping(template):
    resources = template["Resources"]
    if "CustomDomainMapping" in resources:
        resources["CustomDomainMapping"]["Properties"]["ApiMappingKey"] = "auth"
    else:
        resources["CustomDomainMapping"] = {"Type": "AWS::ApiGatewayV2::ApiMapping", "Properties": {}}


def lose_an_output(template):
    del template["Outputs"]["JwksUrl"]


def settings(template):
    return template["Resources"]["Stage"]["Properties"]


def unlimit_the_stage(template):
    del settings(template)["DefaultRouteSettings"]


def unlimit(key):
    def change(template):
        del settings(template)["RouteSettings"][key]

    change.__name__ = f"unlimit {key}"
    return change


def limit_as_the_stage(template):
    settings(template)["RouteSettings"]["POST /users"] = settings(template)["DefaultRouteSettings"]


def limit_no_route(template):
    settings(template)["RouteSettings"]["POST /nothing"] = {}


def do_not_wait_for_routes(template):
    template["Resources"]["Stage"]["DependsOn"].remove("TokenSlashRoute")


def add_an_alias(template):
    route = copy.deepcopy(template["Resources"]["TokenRoute"])
    route["Properties"]["RouteKey"] = "POST /login"
    template["Resources"]["LoginRoute"] = route


def name_the_stage(template):
    settings(template)["StageName"] = "prod"


def loosen_a_default(template):
    template["Parameters"]["TokenRequestsPerSecond"]["Default"] = 100


def log_nothing(template):
    del settings(template)["AccessLogSettings"]


def log_the_path(template):
    log = settings(template)["AccessLogSettings"]
    log["Format"] = log["Format"].replace("$context.routeKey", "$context.path")


def log_text(template):
    settings(template)["AccessLogSettings"]["Format"] = "$context.requestId $context.status"


def log_elsewhere(template):
    settings(template)["AccessLogSettings"]["DestinationArn"] = "arn:aws:logs:eu-central-1:123456789012:log-group:x"


def count_nothing(template):
    template["Resources"]["RequestThrottles"]["Properties"]["FilterPattern"] = '{ $.code = "429" }'


def lose(name):
    def change(template):
        del template["Resources"][name]

    change.__name__ = f"lose {name}"
    return change


def number_a_variable(template):
    template["Resources"]["MeFunction"]["Properties"]["Environment"]["Variables"]["KEY_LEAD_SECONDS"] = 21600


def alarm_of_nothing(template):
    template["Resources"]["ErrorRateAlarm"]["Properties"]["TreatMissingData"] = "breaching"


def alarm_nobody(template):
    alarm = template["Resources"]["RotationAlarm"]["Properties"]
    alarm["AlarmActions"] = [] if alarm.get("AlarmActions") else [{"Ref": "AlarmTopic"}]


def alarm_of_a_count(template):
    template["Resources"]["ErrorRateAlarm"]["Properties"]["Statistic"] = "Sum"


def alarm_by_metric_math(template):
    template["Resources"]["ErrorRateAlarm"]["Properties"]["Metrics"] = []


def look_back_too_far(template):
    template["Resources"]["RotationAlarm"]["Properties"]["EvaluationPeriods"] = 24 * 30


def flip_the_topic(template):
    if "AlarmTopic" in template["Resources"]:
        template["Resources"]["AlarmTopic"]["Properties"]["Subscription"] = []
    else:
        template["Resources"]["AlarmTopic"] = {"Type": "AWS::SNS::Topic", "Properties": {"Subscription": []}}


def second_dashboard(template):
    template["Resources"]["Dashboard2"] = template["Resources"]["Dashboard"]


def break_the_dashboard(template):
    body = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]
    body["Fn::Sub"] = body["Fn::Sub"].replace("]}", "],}", 1)


def hide_an_alarms_metric(template):
    body = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]
    body["Fn::Sub"] = body["Fn::Sub"].replace('"RefusedRequests"', '"Other"')


def variables_of(template, owner):
    return template["Resources"][owner]["Properties"]["Environment"]["Variables"]


def rotate_by_another_period(template):
    variables_of(template, "RotateKeysFunction")["KEY_ROTATION_SECONDS"] = 604800


def lead_by_another_time(template):
    variables_of(template, "WellKnownFunction")["KEY_LEAD_SECONDS"] = 3600


def flip_the_schedule(template):
    resources = template["Resources"]
    if "RotationSchedule" in resources:
        resources["RotationSchedule"]["Properties"]["RotationRules"]["ScheduleExpression"] = "rate(60 days)"
    else:
        resources["RotationSchedule"] = {
            "Type": "AWS::SecretsManager::RotationSchedule",
            "Properties": {"RotationRules": {}},
        }


def do_not_wait_for_the_permission(template):
    if "RotationSchedule" in template["Resources"]:
        del template["Resources"]["RotationSchedule"]["DependsOn"]
    else:
        flip_the_schedule(template)


def rotate_late(template):
    if "RotationSchedule" in template["Resources"]:
        del template["Resources"]["RotationSchedule"]["Properties"]["RotateImmediatelyOnUpdate"]
    else:
        flip_the_schedule(template)


def flip_the_ceiling(template):
    function = template["Resources"]["TokenFunction"]["Properties"]
    if not function.pop("ReservedConcurrentExecutions", None):
        function["ReservedConcurrentExecutions"] = 0


def hash_in_little_memory(template):
    template["Resources"]["TokenFunction"]["Properties"]["MemorySize"] = 128


def outlast_the_gateway(template):
    template["Resources"]["MeFunction"]["Properties"]["Timeout"] = 60


def publish_a_version(template):
    template["Resources"]["MeAlias"] = {"Type": "AWS::Lambda::Alias", "Properties": {}}


def take_anything(template):
    del template["Parameters"]["AllowedOrigins"]["AllowedPattern"]


def refuse_the_default(template):
    template["Parameters"]["EnvironmentName"]["Default"] = ""


def forget_a_group(template):
    template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"].pop()


def forget_a_rule(template):
    del template["Rules"]["CertificateNeedsDomain"]


def first_statement(template):
    return next(statements(template))[1]


ALARM_NAMES = [
    "ErrorRateAlarm",
    "LatencyAlarm",
    "RequestThrottlesAlarm",
    "TokenThrottlesAlarm",
    "RegisterThrottlesAlarm",
    "MeThrottlesAlarm",
    "WellKnownThrottlesAlarm",
    "TableReadThrottlesAlarm",
    "TableWriteThrottlesAlarm",
    "RotationAlarm",
    "OverdueRotationAlarm",
]
BREAKS = [
    (dangle, no_dangling_name),
    (dangle_condition, no_dangling_name),
    (dangle_pseudo_parameter, no_dangling_name),
    (dangle_attribute, no_dangling_name),
    (close_a_cycle, no_cycle),
    (widen_an_action, least_privilege),
    (widen_a_resource, least_privilege),
    (widen_a_resource_in_part, least_privilege),
    (allow_all_but, least_privilege),
    (scan, least_privilege),
    (manage, least_privilege),
    (trace_with_more, least_privilege),
    (trace_with_more, just_the_listed_actions),
    (trace_unasked, just_the_listed_actions),
    (grant_more, just_the_listed_actions),
    (grant_less, just_the_listed_actions),
    (read_every_user, just_the_listed_actions),
    (trace_otherwise, traced_as_asked),
    (share_a_role, own_role_and_logs),
    (write_to_other_logs, own_role_and_logs),
    (keep_logs, own_role_and_logs),
    (keep_access_logs, own_role_and_logs),
    (log_in_text, own_role_and_logs),
    (share_a_log_group, own_role_and_logs),
    (forbid_invoking, routes_may_invoke),
    (let_any_api_invoke, routes_may_invoke),
    (let_any_secret_invoke, routes_may_invoke),
    (lead_nowhere, routes_may_invoke),
    (swap_the_issuer, issuer_is_as_asked),
    (forget_an_issuer, issuer_is_as_asked),
    (say_another_issuer, issuer_is_as_asked),
    (flip_the_endpoint, domain_is_as_asked),
    (spoil_the_domain, domain_is_as_asked),
    (spoil_the_mapping, domain_is_as_asked),
    (lose_an_output, outputs_are_there),
    (unlimit_the_stage, stage_is_limited),
    (unlimit("POST /token"), stage_is_limited),
    (unlimit("POST /token/{proxy+}"), stage_is_limited),
    (unlimit("POST /register"), stage_is_limited),
    (unlimit("POST /users"), stage_is_limited),
    (limit_as_the_stage, stage_is_limited),
    (limit_no_route, stage_is_limited),
    (do_not_wait_for_routes, stage_is_limited),
    (add_an_alias, stage_is_limited),
    (name_the_stage, stage_is_limited),
    (loosen_a_default, stage_is_limited),
    (log_nothing, access_logs_are_safe),
    (log_the_path, access_logs_are_safe),
    (log_text, access_logs_are_safe),
    (log_elsewhere, access_logs_are_safe),
    (count_nothing, access_logs_are_safe),
    (number_a_variable, variables_are_text),
    *((lose(name), alarms_are_there) for name in ALARM_NAMES),
    (lose("RequestThrottles"), alarms_are_there),
    (lose("OverdueRotation"), alarms_are_there),
    (alarm_of_nothing, alarms_are_there),
    (alarm_nobody, alarms_are_there),
    (alarm_of_a_count, alarms_are_there),
    (alarm_by_metric_math, alarms_are_there),
    (look_back_too_far, alarms_are_there),
    (flip_the_topic, alarms_are_there),
    (second_dashboard, one_dashboard),
    (lose("Dashboard"), one_dashboard),
    (break_the_dashboard, one_dashboard),
    (hide_an_alarms_metric, one_dashboard),
    (rotate_by_another_period, rotation_agrees),
    (lead_by_another_time, rotation_agrees),
    (flip_the_schedule, rotation_agrees),
    (do_not_wait_for_the_permission, rotation_agrees),
    (rotate_late, rotation_agrees),
    (flip_the_ceiling, ceiling_is_as_asked),
    (hash_in_little_memory, memory_and_time_are_set),
    (outlast_the_gateway, memory_and_time_are_set),
    (publish_a_version, no_versions),
    (take_anything, parameters_are_sane),
    (refuse_the_default, parameters_are_sane),
    (forget_a_group, parameters_are_sane),
    (forget_a_rule, domain_and_certificate_go_together),
    (unprotect, table_is_safe),
    (open_to_all, cors_is_as_asked),
    (flip_docs, docs_are_as_asked),
]


def deployments(config):
    """What each environment of samconfig.toml sets."""
    for name, environment in config.items():
        if isinstance(environment, dict) and "deploy" in environment:
            yield name, dict(one.split("=", 1) for one in environment["deploy"]["parameters"].get("parameter_overrides", []))


CONFIG_BREAKS = {
    "an unknown parameter": lambda config: config["prod"]["deploy"]["parameters"]["parameter_overrides"].append("Nothing=1"),
    "a refused value": lambda config: config["prod"]["deploy"]["parameters"]["parameter_overrides"].append("EnableDocs=yes"),
    "one stack for two": lambda config: config["prod"]["deploy"]["parameters"].update(stack_name="latchkey-dev"),
    "prod unasked": lambda config: config["prod"]["deploy"]["parameters"].pop("confirm_changeset"),
    "no capability": lambda config: config["staging"]["deploy"]["parameters"].pop("capabilities"),
    "no bucket": lambda config: config["staging"]["deploy"]["parameters"].pop("resolve_s3"),
    "no staging": lambda config: config.pop("staging"),
    "another default": lambda config: config["default"]["deploy"]["parameters"].update(stack_name="other"),
    "another name": lambda config: config["prod"]["deploy"]["parameters"]["parameter_overrides"].append("EnvironmentName=test"),
}


def check():
    sets = [("undecided" if one is None else str(one or "with the defaults"), one) for one in PARAMETERS]
    sets += [(f"as in samconfig.toml's {name}", one) for name, one in deployments(samconfig())]
    for name, parameters in sets:
        template = transformed(parameters)
        for one in CHECKS + (DECIDED_CHECKS if parameters is not None else []):
            yield f"{one.__name__} {name}", list(one(template))
    yield "samconfig_is_sound", list(samconfig_is_sound(transformed({}), samconfig()))


def self_test():
    for parameters in PARAMETERS:
        whole = transformed(parameters)
        for change, one in BREAKS:
            if one in DECIDED_CHECKS and parameters is None:
                continue
            broken = copy.deepcopy(whole)
            change(broken)
            caught = list(one(broken))
            yield f"{change.__name__} is caught by {one.__name__}", [] if caught else ["it is not"]
    tried = {one for _, one in BREAKS}
    for one in CHECKS + DECIDED_CHECKS:
        yield f"{one.__name__} is tried", [] if one in tried else ["nothing breaks it"]
    for name, change in CONFIG_BREAKS.items():
        broken = samconfig()
        change(broken)
        caught = list(samconfig_is_sound(transformed({}), broken))
        yield f"{name} is caught by samconfig_is_sound", [] if caught else ["it is not"]


def main():
    passed = failed = 0
    for name, found in self_test() if "--self-test" in sys.argv[1:] else check():
        print("ok  " if not found else "FAIL", name)
        for line in found:
            print("     ", line)
        passed, failed = passed + (not found), failed + bool(found)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


main()
