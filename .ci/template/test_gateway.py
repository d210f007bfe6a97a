"""Routes, their limits, the access log, other origins, and the API's own address."""

import json
import re

import pytest
from cloudformation import DOMAIN, EDGE, MAIL, ROOT, read_with_sam, resource_name

broken_by = pytest.mark.broken_by

API = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${HttpApi}/*"
# Whatever authorizers of the account there are.
AUTHORIZERS = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:*/authorizers/*"
INVOKERS = {
    "RotateKeysFunction": ("secretsmanager.amazonaws.com", "${SigningKeys}"),
    "AuthorizerFunction": ("apigateway.amazonaws.com", AUTHORIZERS),
}
# All that the access log may hold: what API Gateway or Lambda alone write. It is written without escapes, so text of a client's could
# end a field and begin others; and a path, a query or a header could contain a secret. Text of a client's is in path, domainName,
# domainPrefix, httpMethod, protocol, identity.userAgent, authorizer.*, and in the message of an error: that of an integration can repeat
# what a failed function said.
LOGGABLE = {
    "requestId", "requestTime", "routeKey", "status", "responseLength", "responseLatency", "identity.sourceIp",
    "integration.integrationStatus", "integration.status", "integration.requestId", "integrationLatency", "error.responseType",
}

# The routes of a function that hashes, which do not hash themselves.
WITHOUT_A_HASH = {"GET /users/me", "GET /users/me/{proxy+}", "PATCH /users/me", "DELETE /users/me"}
NEVER = {"Fn::Equals": ["", "x"]}
ALWAYS = {"Fn::Equals": ["", ""]}
STAGE = "Resources.Stage.Properties"
CORS = "Resources.HttpApi.Properties.CorsConfiguration"
ISSUER = "Resources.MeFunction.Properties.Environment.Variables.ISSUER"
ORIGIN = "Resources.Edge.Properties.DistributionConfig.Origins.0"
FORWARDING = "Resources.EdgeForwarding.Properties.CachePolicyConfig"
LOGIN = {"RouteKey": "POST /login", "Target": {"Fn::Sub": "integrations/${TokenIntegration}"}}


@broken_by("MeIntegration invokes", "Resources.MePermission")
@broken_by("MeIntegration invokes", "Resources.MePermission.Properties.FunctionName", {"Ref": "TokenFunction"})
@broken_by("lets others", "Resources.MePermission.Properties.SourceArn")
@broken_by("lets others", "Resources.RotateKeysPermission.Properties.SourceArn")
@broken_by("lets others", "Resources.AuthorizerPermission.Properties.SourceArn", {"Fn::Sub": API}, EnableAuthorizer="true")
@broken_by("leads nowhere", "Resources.MeRoute.Properties.Target", "integrations/none")
@broken_by("longer than", "Resources.MeFunction.Properties.Timeout", 60)
def test_each_route_leads_to_a_function_that_the_gateway_may_invoke(stack):
    allowed = set()
    for name, permission in stack.of_type("AWS::Lambda::Permission").items():
        invoker, function = (permission["Principal"], permission.get("SourceArn")), resource_name(permission["FunctionName"])
        expected = INVOKERS.get(function, ("apigateway.amazonaws.com", API))
        assert invoker == expected, f"{name} lets others invoke the function: {invoker}"
        allowed.add((function, *invoker))
    for name, integration in stack.of_type("AWS::ApiGatewayV2::Integration").items():
        function = resource_name(integration["IntegrationUri"])
        assert (function, "apigateway.amazonaws.com", API) in allowed, f"{name} invokes {function} without a permission"
    for key, _, function in stack.routes():
        assert function in stack.functions, f"{key} leads nowhere"
        assert stack.functions[function]["Timeout"] < 30, f"{function} may run for longer than API Gateway waits"


@broken_by("POST /login", "Resources.LoginRoute", {"Type": "AWS::ApiGatewayV2::Route", "Properties": LOGIN})
@broken_by("POST /users", f"{STAGE}.RouteSettings.POST /users")
@broken_by("PUT /users/me/password", f"{STAGE}.RouteSettings.PUT /users/me/password")
@broken_by("POST /token", f"{STAGE}.RouteSettings.POST /token.ThrottlingBurstLimit", 200)
@broken_by("no number", f"{STAGE}.RouteSettings.POST /token.ThrottlingBurstLimit", {"Ref": "StageBurst"})
@broken_by("no number", f"{STAGE}.RouteSettings.POST /token.ThrottlingBurstLimit", "40")
@broken_by("POST /nothing", f"{STAGE}.RouteSettings.POST /nothing", {})
@broken_by("does not wait", "Resources.Stage.DependsOn.0")
@broken_by("does not wait for POST /reset-password", "Resources.Stage.Metadata.After.Fn::If.1.4", **MAIL)
@broken_by("POST /verify is not limited", f"{STAGE}.RouteSettings.POST /verify", **MAIL)
@broken_by("no limits", f"{STAGE}.DefaultRouteSettings")
def test_routes_that_hash_a_password_are_limited_below_the_rest(stack):
    stage, routes = stack.resources["Stage"], list(stack.routes())
    assert "DefaultRouteSettings" in stage["Properties"], "the stage has no limits"
    default, settings = stage["Properties"]["DefaultRouteSettings"], stage["Properties"]["RouteSettings"]
    for key, limits in settings.items():
        # CloudFormation knows no types here: what is text, or comes from a parameter, reaches API Gateway as text.
        assert all(type(limit) is int for limit in limits.values()), f"a limit of {key} is no number: {limits}"
    for key, _, function in routes:
        if "ARGON2_MEMORY_KIB" in stack.variables[function] and key not in WITHOUT_A_HASH:
            for limit in ("ThrottlingRateLimit", "ThrottlingBurstLimit"):
                assert int(settings.get(key, default)[limit]) < int(default[limit]), f"{key} is not limited below the rest"
    # A route with a condition stands in the metadata, which can have one.
    awaited = stage["DependsOn"] + [resource_name(route) for route in stage["Metadata"].get("After", [])]
    for key in settings:
        owners = [name for route, name, _ in routes if route == key]
        # API Gateway rejects settings for a route that does not exist yet.
        assert owners and owners[0] in awaited, f"the stage does not wait for {key}: {owners}"


@broken_by("has identity.userAgent", f"{STAGE}.AccessLogSettings.Format", lambda old: old.replace("routeKey", "identity.userAgent"))
@broken_by("has integrationErr", f"{STAGE}.AccessLogSettings.Format", lambda old: old.replace("routeKey", "integrationErrorMessage"))
@broken_by("has path", f"{STAGE}.AccessLogSettings.Format", lambda old: old.replace("$context.routeKey", "$context.path"))
@broken_by("is no variable", f"{STAGE}.AccessLogSettings.Format", lambda old: old.replace("routeKey", "routeKey?$input.query"))
@broken_by("Expecting value", f"{STAGE}.AccessLogSettings.Format", "$context.status")
@broken_by("goes to", f"{STAGE}.AccessLogSettings.DestinationArn", "arn:aws:logs:other")
@broken_by("looks for code", "Resources.RequestThrottles.Properties.FilterPattern", '{ $.code = "429" }')
def test_the_access_log_has_nothing_that_a_client_writes_and_what_its_metrics_count(stack):
    log = stack.resources["Stage"]["Properties"]["AccessLogSettings"]
    group, entry = resource_name(log["DestinationArn"]), json.loads(log["Format"])
    assert group in stack.of_type("AWS::Logs::LogGroup"), f"the access log goes to {log['DestinationArn']}"
    for field, value in entry.items():
        variable = re.fullmatch(r"\$context\.([A-Za-z.]+)", value)
        assert variable, f"{field} is no variable of the context alone: {value}"
        assert variable[1] in LOGGABLE, f"the access log has {variable[1]}"
    for name, metric in stack.of_type("AWS::Logs::MetricFilter").items():
        if resource_name(metric["LogGroupName"]) == group:
            for field in re.findall(r"\$\.(\w+)", metric["FilterPattern"]):
                assert field in entry, f"{name} looks for {field}, which the access log does not have"


@broken_by("other origins", CORS, {"AllowOrigins": ["*"]})
@broken_by("other origins", "Conditions.HasOrigins", NEVER, AllowedOrigins="https://app.example.com")
@broken_by("credentials", f"{CORS}.Fn::If.1.AllowCredentials", True, AllowedOrigins="https://app.example.com")
def test_other_origins_are_allowed_as_asked_and_without_credentials(stack):
    cors = stack.resources["HttpApi"]["Properties"].get("CorsConfiguration", {})
    asked = [origin for origin in stack.values["AllowedOrigins"].split(",") if origin]
    assert cors.get("AllowOrigins", []) == asked, f"other origins are {cors.get('AllowOrigins')} and not {asked}"
    assert not cors.get("AllowCredentials"), "a browser may send credentials"


@broken_by("'GET /docs'", "Conditions.HasDocs", ALWAYS)
@broken_by("the docs are", "Conditions.HasDocs", NEVER, EnableDocs="true")
@broken_by("the document is", "Conditions.HasOpenApi", NEVER)
@broken_by("the document is", "Conditions.HasOpenApi", ALWAYS, EnableOpenApi="false")
@broken_by("DocsFunction", "Resources.DocsFunction.Condition", EnableOpenApi="false")
def test_the_document_and_its_page_are_served_where_asked_for_and_nowhere_else(stack):
    found = {key for key, _, _ in stack.routes() if "docs" in key or "openapi" in key}
    pages = found - {"GET /openapi.json"}
    assert bool(pages) == (stack.values["EnableDocs"] == "true"), f"the docs are at {pages}"
    assert (pages != found) == (stack.values["EnableOpenApi"] == "true"), f"the document is at {found - pages}"
    assert ("DocsFunction" in stack.functions) == bool(found), f"DocsFunction: {found}"


MAILED = {
    "POST /request-verify-token", "POST /forgot-password", "POST /verify", "POST /verify-email", "POST /reset-password",
    "GET /verify-email", "HEAD /verify-email", "GET /reset-password", "HEAD /reset-password",
}
MAIL_TYPES = ("AWS::Lambda::EventSourceMapping", "AWS::SQS::Queue")


@broken_by("the routes of mail are", "Resources.VerifyEmailPageHeadRoute", **MAIL)
@broken_by("the routes of mail are", "Resources.ForgotPasswordRoute.Condition")
@broken_by("the functions of mail are", "Resources.MailerFunction.Condition")
@broken_by("costs something", "Resources.MailKey.Condition")
@broken_by("costs something", "Resources.UndeliveredMails.Condition")
@broken_by("costs something", "Resources.LateMailsAlarm.Condition")
def test_without_a_sender_nothing_of_mail_exists(stack):
    asked = stack.values["MailFrom"] != ""
    found = {key for key, _, _ in stack.routes()} & MAILED
    assert found == (MAILED if asked else set()), f"the routes of mail are {found}"
    functions = {name for name in stack.functions if name in ("MailerFunction", "PagesFunction", "RecoveryFunction")}
    assert len(functions) == 3 * asked, f"the functions of mail are {functions}"
    if not asked:
        costly = [name for kind in MAIL_TYPES for name in stack.of_type(kind)]
        costly += [name for name in stack.resources if "Mail" in name]
        assert not costly, f"{costly} costs something"


@broken_by("has a table", "Resources.PagesFunction.Properties.Environment.Variables.TABLE_NAME", "users", **MAIL)
@broken_by("leads to", "Resources.VerifyEmailPageRoute.Properties.Target", {"Fn::Sub": "integrations/${RecoveryIntegration}"}, **MAIL)
def test_a_get_of_a_mailed_link_leads_to_a_function_without_a_table(stack):
    for key, _, function in stack.routes():
        if key in MAILED and not key.startswith("POST"):
            assert function == "PagesFunction", f"{key} leads to {function}"
    assert "TABLE_NAME" not in stack.variables.get("PagesFunction", {}), "PagesFunction has a table"


@broken_by("the authorizer is", "Conditions.HasAuthorizer", ALWAYS)
@broken_by("the authorizer is", "Conditions.HasAuthorizer", NEVER, EnableAuthorizer="true")
@broken_by("has the output", "Outputs.AuthorizerArn.Value", {"Fn::GetAtt": ["MeFunction", "Arn"]}, EnableAuthorizer="true")
def test_the_authorizer_exists_where_asked_for_and_is_an_output(stack):
    asked = stack.values["EnableAuthorizer"] == "true"
    assert ("AuthorizerFunction" in stack.functions) == asked, f"the authorizer is there, asked for: {asked}"
    output = stack.outputs.get("AuthorizerArn")
    assert output == ("${AuthorizerFunction.Arn}" if asked else None), f"the authorizer has the output {output}"


@broken_by("MeFunction", ISSUER, {"Ref": "Audience"})
@broken_by("MeFunction", f"{ISSUER}.Fn::If.2", {"Fn::GetAtt": ["HttpApi", "ApiEndpoint"]}, **DOMAIN)
@broken_by("TokenFunction", "Conditions.HasIssuer", NEVER, Issuer="https://login.example.com")
@broken_by("the output JwksUrl", "Outputs.JwksUrl.Value.Fn::Sub.1.Origin", {"Ref": "Audience"})
@broken_by("the output BaseUrl", "Outputs.BaseUrl.Value", {"Fn::GetAtt": ["HttpApi", "ApiEndpoint"]}, **DOMAIN)
@broken_by("TokenFunction", "Conditions.HasEdge", NEVER, **EDGE)
def test_the_issuer_is_the_parameter_else_the_domain_else_the_edges_or_apis_url(stack):
    domain, edge = stack.values["DomainName"], stack.values["EnableEdge"] == "true"
    origin = f"https://{domain}" if domain else "https://${Edge.DomainName}" if edge else "${HttpApi.ApiEndpoint}"
    issuer = stack.values["Issuer"] or origin
    for name, variables in stack.variables.items():
        assert variables.get("ISSUER", issuer) == issuer, f"{name} has the issuer {variables['ISSUER']} and not {issuer}"
    for name, value in {"Issuer": issuer, "JwksUrl": f"{issuer}/.well-known/jwks.json", "BaseUrl": origin}.items():
        assert stack.outputs[name] == value, f"the output {name} is {stack.outputs[name]} and not {value}"


@broken_by("own URL", "Resources.HttpApi.Properties.DisableExecuteApiEndpoint", False, **DOMAIN)
@broken_by("own URL", "Resources.HttpApi.Properties.DisableExecuteApiEndpoint", True)
@broken_by("DomainName", "Resources.CustomDomain.Condition")
@broken_by("ApiMapping", "Resources.CustomDomainMapping", **DOMAIN)
def test_a_domain_replaces_the_apis_own_url(stack):
    asked = stack.values["DomainName"] != "" and stack.values["EnableEdge"] == "false"
    assert stack.resources["HttpApi"]["Properties"]["DisableExecuteApiEndpoint"] is asked, f"the API's own URL, domain: {asked}"
    for kind in ("AWS::ApiGatewayV2::DomainName", "AWS::ApiGatewayV2::ApiMapping"):
        assert len(stack.of_type(kind)) == asked, f"{kind}: {len(stack.of_type(kind))}, domain: {asked}"


@broken_by("MeFunction has the secret", "Resources.MeFunction.Properties.Environment.Variables.EDGE_SECRET", "", **EDGE)
@broken_by("RegisterFunction has the secret", "Conditions.HasEdge", NEVER, **EDGE)
@broken_by("the edge sends", f"{ORIGIN}.OriginCustomHeaders.0.HeaderName", "x-other", **EDGE)
@broken_by("the edge sends", f"{ORIGIN}.OriginCustomHeaders.0.HeaderValue", "text", **EDGE)
@broken_by("the edge calls", f"{ORIGIN}.DomainName", "auth.example.com", **EDGE)
@broken_by("the viewer's Host", "Resources.EdgeHeaders.Properties.OriginRequestPolicyConfig.HeadersConfig.HeaderBehavior", "allExcept", **EDGE)
@broken_by("no viewer's address", "Resources.EdgeHeaders.Properties.OriginRequestPolicyConfig.HeadersConfig.Headers", ["Origin"], **EDGE)
@broken_by("tokens do not", f"{FORWARDING}.ParametersInCacheKeyAndForwardedToOrigin.HeadersConfig.Headers", ["Origin"], **EDGE)
@broken_by("is cached", f"{FORWARDING}.DefaultTTL", 60, **EDGE)
@broken_by("is cached", "Resources.Edge.Properties.DistributionConfig.CacheBehaviors.0.PathPattern", "/*", **EDGE)
@broken_by("errors are cached", "Resources.Edge.Properties.DistributionConfig.CustomErrorResponses", [], **EDGE)
def test_an_edge_proves_itself_to_the_functions_and_caches_discovery_alone(stack):
    asked = stack.values["EnableEdge"] == "true"
    secret = "{{resolve:secretsmanager:${EdgeSecret}}}"
    for name, variables in stack.variables.items():
        if "EDGE_SECRET" in variables:
            assert variables["EDGE_SECRET"] == (secret if asked else ""), f"{name} has the secret {variables['EDGE_SECRET']}"
    edges = stack.of_type("AWS::CloudFront::Distribution")
    assert len(edges) == asked, f"{len(edges)} edges"
    if not asked:
        return
    edge = edges["Edge"]["DistributionConfig"]
    (origin,) = edge["Origins"]
    proof = [{"HeaderName": "x-latchkey-edge", "HeaderValue": secret}]
    assert origin["OriginCustomHeaders"] == proof, f"the edge sends {origin['OriginCustomHeaders']}"
    assert origin["DomainName"].startswith("${HttpApi}.execute-api."), f"the edge calls {origin['DomainName']}"
    headers = stack.resources["EdgeHeaders"]["Properties"]["OriginRequestPolicyConfig"]["HeadersConfig"]
    assert headers["HeaderBehavior"] == "whitelist" and "Host" not in headers["Headers"], "the viewer's Host is forwarded"
    assert "CloudFront-Viewer-Address" in headers["Headers"], "there is no viewer's address"
    forwarding = stack.resources["EdgeForwarding"]["Properties"]["CachePolicyConfig"]
    key = forwarding["ParametersInCacheKeyAndForwardedToOrigin"]["HeadersConfig"]
    assert "Authorization" in key["Headers"], "tokens do not reach the functions"
    assert forwarding["MinTTL"] == forwarding["DefaultTTL"] == 0, "what does not ask for it is cached"
    cached = [one["PathPattern"] for one in edge["CacheBehaviors"]]
    assert cached == ["/.well-known/*"], f"{cached} is cached"
    kept = {one["ErrorCode"] for one in edge["CustomErrorResponses"] if one["ErrorCachingMinTTL"] == 0}
    assert {403, 404, 500, 502, 503, 504} <= kept, f"errors are cached, but {kept}"


READER = """
Parameters: {AuthorizerArn: {Default: arn}, Issuer: {Default: issuer}}
Resources:
%s
  Links:
    Type: AWS::Serverless::Function
    Properties:
      {CodeUri: s3://bucket/key, Handler: x, Runtime: provided.al2023,
       Events: {Get: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /links, Method: get}}}}
"""


def test_the_authorizers_of_the_page_are_what_sam_makes_of_its_lines():
    by_function, by_gateway = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/protect-your-routes.md").read_text(), re.DOTALL)
    found = []
    for lines in (by_function, by_gateway):
        body = read_with_sam(READER % lines)["Resources"]["Api"]["Properties"]["Body"]
        assert body["paths"]["/links"]["get"]["security"] == [{"Latchkey": []}]
        found.append(body["components"]["securitySchemes"]["Latchkey"]["x-amazon-apigateway-authorizer"])
    uri = found[0].pop("authorizerUri")["Fn::Sub"][1]
    assert list(uri.values()) == [{"Ref": "AuthorizerArn"}]
    assert found == [
        {
            "type": "request",
            "authorizerPayloadFormatVersion": "2.0",
            "enableSimpleResponses": True,
            "identitySource": ["$request.header.Authorization", "$context.routeKey"],
            "authorizerResultTtlInSeconds": 60,
        },
        {
            "type": "jwt",
            "identitySource": "$request.header.Authorization",
            "jwtConfiguration": {"issuer": {"Ref": "Issuer"}, "audience": [{"Ref": "Issuer"}]},
        },
    ]
