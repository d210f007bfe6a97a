"""Transforms template.yaml as SAM does and holds the result against what neither `sam validate --lint` nor cfn-lint sees:
dependency cycles through environments, dangling names, and permissions that are wider than one action on one thing.

    python .ci/template_check.py               checks the template
    python .ci/template_check.py --self-test   breaks the transformed template in each way and sees each check catch it
"""

import copy
import os
import pathlib
import re
import sys

from samtranslator.parser.parser import Parser
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

# The transform wants a region and asks nobody about it.
os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")

TEMPLATE = pathlib.Path(__file__).resolve().parent.parent / "template.yaml"
# Each set of parameters takes other branches of the template's conditions.
ORIGINS = "https://app.example.com,https://other.example.com"
PARAMETERS = [
    # Undecided: both branches of every condition, since CloudFormation looks for cycles in both.
    None,
    {},
    {"Issuer": "https://auth.example.com"},
    {"AllowedOrigins": ORIGINS},
    {"EnableDocs": "true", "AllowedOrigins": ORIGINS, "Architecture": "x86_64"},
]
SUB_NAME = re.compile(r"\$\{([^!][^}]*)\}")
PSEUDO_PARAMETERS = {
    "AWS::" + name
    for name in ("AccountId", "NoValue", "NotificationARNs", "Partition", "Region", "StackId", "StackName", "URLSuffix")
}


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


def deployed(template, values):
    """The template as CloudFormation carries it out: conditions decided, and what they leave out left out."""
    conditions = {}

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

    def evaluated(value):
        if not isinstance(value, dict):
            return value
        (function, argument), = value.items()
        if function == "Ref":
            return values[argument]
        if function == "Fn::Equals":
            return evaluated(argument[0]) == evaluated(argument[1])
        if function == "Fn::Not":
            return not evaluated(argument[0])
        if function == "Fn::Join":
            inner = evaluated(argument[1])
            return argument[0].join(inner.split(",") if isinstance(inner, str) else map(str, inner))
        raise ValueError(f"the condition's function {function} is not known here")

    conditions.update({name: evaluated(value) for name, value in template.get("Conditions", {}).items()})
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
                    yield owner, statement


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
        for resource in listed(statement.get("Resource", [])):
            # A wildcard is taken only below the name of a thing of this stack, as for the streams of a log group.
            if "*" in str(resource) and not any(name in template["Resources"] for _, name in references(resource)):
                yield f"{owner} may act on things outside of this stack"


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
        if resource["Type"] == "AWS::Logs::LogGroup" and "RetentionInDays" not in resource["Properties"]:
            yield f"{owner} keeps its logs for ever"


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
    for owner, names in of("AWS::Lambda::Permission", "SourceArn"):
        if "HttpApi" not in names:
            yield f"{owner} lets other APIs invoke the function"


def issuer_is_as_asked(template):
    if "Values" not in template:
        return
    expected = {"Ref": "Issuer"} if template["Values"]["Issuer"] else {"Fn::GetAtt": ["HttpApi", "ApiEndpoint"]}
    for owner, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Lambda::Function":
            variables = resource["Properties"].get("Environment", {}).get("Variables", {})
            if "ISSUER" in variables and variables["ISSUER"] != expected:
                yield f"{owner} has the issuer {variables['ISSUER']} and not {expected}"


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
    if "Values" not in template:
        return
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
    if "Values" not in template:
        return
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
    own_role_and_logs,
    routes_may_invoke,
    issuer_is_as_asked,
    table_is_safe,
    cors_is_as_asked,
    docs_are_as_asked,
]


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


def first_statement(template):
    return next(statements(template))[1]


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
    (share_a_role, own_role_and_logs),
    (write_to_other_logs, own_role_and_logs),
    (keep_logs, own_role_and_logs),
    (forbid_invoking, routes_may_invoke),
    (let_any_api_invoke, routes_may_invoke),
    (lead_nowhere, routes_may_invoke),
    (swap_the_issuer, issuer_is_as_asked),
    (unprotect, table_is_safe),
    (open_to_all, cors_is_as_asked),
    (flip_docs, docs_are_as_asked),
]


def check():
    for parameters in PARAMETERS:
        template = transformed(parameters)
        for one in CHECKS:
            found = list(one(template))
            yield f"{one.__name__} {'undecided' if parameters is None else parameters or 'with the defaults'}", found


def self_test():
    for parameters in PARAMETERS:
        whole = transformed(parameters)
        for change, one in BREAKS:
            broken = copy.deepcopy(whole)
            change(broken)
            if one in (cors_is_as_asked, docs_are_as_asked, issuer_is_as_asked) and parameters is None:
                continue
            caught = list(one(broken))
            yield f"{change.__name__} is caught by {one.__name__}", [] if caught else ["it is not"]


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
