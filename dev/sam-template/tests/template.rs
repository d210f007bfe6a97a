//! What is read from a template, in each form that it can be written in.

use std::time::Duration;

use sam_template::{Route, Template, TemplateError};
use serde_json::json;

const STACK: &str = "
AWSTemplateFormatVersion: 2010-09-09
Transform: AWS::Serverless-2016-10-31
Parameters:
  Issuer: {Type: String, Default: https://issuer.example}
  Lifetime: {Type: Number, Default: 900}
  Domain: {Type: String}
Conditions:
  HasDomain: !Not [!Equals [!Ref Domain, '']]
Globals:
  Function:
    Timeout: 10
    Environment:
      Variables:
        TABLE_NAME: !Ref UsersTable
        ISSUER: !Ref Issuer
        LOG_LEVEL: info
Resources:
  UsersTable:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
      TimeToLiveSpecification: {AttributeName: expires_at, Enabled: true}
      StreamSpecification: {StreamViewType: KEYS_ONLY}
      SSESpecification: {SSEEnabled: !If [HasDomain, true, false]}
  TokenFunction:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: token}}
    Properties:
      CodeUri: .
      Timeout: 7
      Environment:
        Variables:
          LOG_LEVEL: debug
          LIFETIME: !Ref Lifetime
          KEYS: !Sub '${Issuer}/keys/${Lifetime}'
          DOMAIN: !If [HasDomain, !Ref Domain, none]
  MeFunction:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: functions/me/}
  TokenIntegration:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {IntegrationUri: !GetAtt TokenFunction.Arn}
  MeIntegration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      IntegrationUri: !Sub arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/functions/${MeFunction.Arn}/invocations
  TokenRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties: {RouteKey: POST /token, Target: !Sub 'integrations/${TokenIntegration}'}
  MeRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      RouteKey: GET /users/me
      Target: {'Fn::Join': [/, [integrations, {Ref: MeIntegration}]]}
";

#[test]
fn a_route_leads_through_its_integration_to_its_function() {
    let route = |method: &str, path: &str, function: &str| Route {
        method: method.to_owned(),
        path: path.to_owned(),
        function: function.to_owned(),
    };
    let template = Template::parse(STACK).unwrap();
    assert_eq!(
        template.routes(),
        [
            route("POST", "/token", "TokenFunction"),
            route("GET", "/users/me", "MeFunction")
        ]
    );
}

#[test]
fn a_table_becomes_the_create_table_request_of_the_same_shape() {
    let template = Template::parse(STACK).unwrap();
    assert_eq!(template.tables().len(), 1);
    let table = &template.tables()[0];
    assert_eq!(table.logical_id, "UsersTable");
    assert_eq!(
        table.create_table,
        json!({
            "TableName": "UsersTable",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"},
        })
    );
    assert_eq!(table.time_to_live.as_deref(), Some("expires_at"));
}

#[test]
fn a_disabled_time_to_live_is_none() {
    let template = Template::parse(&STACK.replace("Enabled: true", "Enabled: false")).unwrap();
    assert_eq!(template.tables()[0].time_to_live, None);
}

#[test]
fn a_function_has_its_package_and_its_own_timeout_or_that_of_globals() {
    let template = Template::parse(STACK).unwrap();
    let seen: Vec<_> = template
        .functions()
        .iter()
        .map(|function| {
            (
                function.logical_id.as_str(),
                function.package.as_str(),
                function.timeout,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("TokenFunction", "token", Duration::from_secs(7)),
            ("MeFunction", "me", Duration::from_secs(10)),
        ]
    );
}

#[test]
fn a_variable_has_a_value_where_the_template_alone_decides_it() {
    let template = Template::parse(STACK).unwrap();
    let environment: Vec<_> = template.functions()[0]
        .environment
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_deref()))
        .collect();
    assert_eq!(
        environment,
        [
            ("DOMAIN", None),
            ("ISSUER", Some("https://issuer.example")),
            ("KEYS", Some("https://issuer.example/keys/900")),
            ("LIFETIME", Some("900")),
            ("LOG_LEVEL", Some("debug")),
            ("TABLE_NAME", None),
        ]
    );
}

#[test]
fn the_resources_of_a_type_are_listed_in_the_templates_order() {
    let template = Template::parse(STACK).unwrap();
    let routes: Vec<_> = template.resources_of_type("AWS::ApiGatewayV2::Route").collect();
    assert_eq!(routes, ["TokenRoute", "MeRoute"]);
    assert_eq!(template.resources_of_type("AWS::CloudWatch::Alarm").count(), 0);
}

#[test]
fn a_property_is_a_literal_or_the_default_of_its_parameter() {
    let template = Template::parse(STACK).unwrap();
    let variable = |name| {
        let path = ["Properties", "Environment", "Variables", name];
        template.text("TokenFunction", &path)
    };
    assert_eq!(variable("LOG_LEVEL").as_deref(), Some("debug"));
    assert_eq!(variable("LIFETIME").as_deref(), Some("900"));
    assert_eq!([variable("DOMAIN"), variable("ABSENT")], [None, None]);
    assert_eq!(template.text("AbsentFunction", &["Type"]), None);
}

#[test]
fn the_error_of_an_unknown_intrinsic_function_names_its_resource() {
    let text = STACK.replace("!GetAtt TokenFunction.Arn", "!GetAttribute TokenFunction.Arn");
    let error = Template::parse(&text).unwrap_err();
    assert_eq!(
        error.to_string(),
        "TokenIntegration: CloudFormation has no intrinsic function `!GetAttribute`"
    );
    let text = STACK.replace("'Fn::Join'", "'Fn::Joined'");
    let error = Template::parse(&text).unwrap_err();
    assert_eq!(
        error.to_string(),
        "MeRoute: CloudFormation has no intrinsic function `Fn::Joined`"
    );
}

#[test]
fn a_route_to_a_missing_integration_is_rejected() {
    let error = Template::parse(&STACK.replace("${TokenIntegration}", "${TokenIntegratoin}")).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("TokenRoute: `Properties/Target` must be"),
        "{error}"
    );
}

#[test]
fn an_integration_that_names_no_function_is_rejected() {
    let error =
        Template::parse(&STACK.replace("!GetAtt TokenFunction.Arn", "!GetAtt UsersTable.Arn")).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("TokenIntegration: `Properties/IntegrationUri` must be"),
        "{error}"
    );
}

#[test]
fn a_table_whose_key_only_a_deployment_knows_is_rejected() {
    let error = Template::parse(&STACK.replace(
        "AttributeName: pk, KeyType",
        "AttributeName: !Ref Domain, KeyType",
    ))
    .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("UsersTable: `Properties/KeySchema` must be"),
        "{error}"
    );
}

#[test]
fn a_function_that_names_no_package_is_rejected() {
    let error = Template::parse(&STACK.replace("CodeUri: functions/me/", "CodeUri: .")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "MeFunction: `Metadata/BuildProperties/Binary` is missing"
    );
}

#[test]
fn a_text_without_resources_is_not_a_template() {
    assert_eq!(Template::parse("Parameters: {}"), Err(TemplateError::NoResources));
    assert!(matches!(
        Template::parse("a: [b"),
        Err(TemplateError::NotYaml { .. })
    ));
}

#[test]
fn this_projects_template_has_the_users_table_and_a_function_for_each_route() {
    let template = Template::of_this_project().unwrap();
    let tables: Vec<_> = template
        .tables()
        .iter()
        .map(|table| table.logical_id.as_str())
        .collect();
    assert_eq!(tables, ["UsersTable"]);
    assert!(!template.routes().is_empty());
    for route in template.routes() {
        assert!(
            template
                .functions()
                .iter()
                .any(|function| function.logical_id == route.function),
            "{route:?}"
        );
    }
}
