//! What `template.yaml` decides, with the defaults of its parameters.

use sam_template::Template;

/// The metrics that the functions write themselves, of each function that does: `docs/logging.md`, Metrics.
const OWN_METRICS: f64 = 8.0;

/// What a deployment has, used or not.
#[derive(Debug)]
pub(crate) struct Stack {
    /// The longest retention of a log group.
    pub(crate) log_retention_days: f64,
    pub(crate) point_in_time_recovery: bool,
    pub(crate) functions: f64,
    pub(crate) secrets: f64,
    /// The metrics that alarms watch: CloudWatch charges an alarm for each.
    pub(crate) alarm_metrics: f64,
    /// The metrics that are counted in logs.
    pub(crate) log_metrics: f64,
    pub(crate) dashboards: f64,
}

pub(crate) fn stack(template: &Template) -> Result<Stack, String> {
    let retention = |group| number(template, group, &["Properties", "RetentionInDays"]);
    let groups = template.resources_of_type("AWS::Logs::LogGroup");
    let days = groups.map(retention).collect::<Result<Vec<_>, _>>()?;
    let specification = ["Properties", "PointInTimeRecoverySpecification"];
    let recovery = [&specification[..], &["PointInTimeRecoveryEnabled"]].concat();
    let recovered = |table: &str| template.text(table, &recovery).as_deref() == Some("true");
    let count = |kind| template.resources_of_type(kind).count() as f64;
    // Those of an edge and of users elsewhere come with a parameter.
    let is_by_default = |secret: &&str| template.text(secret, &["Condition"]).is_none();
    // Metric math has ten metrics at most; an alarm without it watches one.
    let watched = |alarm: &str| {
        let stat = |index: &usize, branch: &[&str]| {
            let index = index.to_string();
            let metric = ["Properties", "Metrics", index.as_str()];
            template.text(alarm, &[&metric[..], branch, &["MetricStat", "Stat"]].concat())
        };
        // A metric with a condition is counted, as if the condition held.
        let counts = |index: &usize| {
            stat(index, &[])
                .or_else(|| stat(index, &["Fn::If", "1"]))
                .is_some()
        };
        (0..20).filter(counts).count().max(1)
    };
    let watched: usize = template
        .resources_of_type("AWS::CloudWatch::Alarm")
        .map(watched)
        .sum();
    Ok(Stack {
        log_retention_days: days.into_iter().fold(0.0, f64::max),
        point_in_time_recovery: template.resources_of_type("AWS::DynamoDB::Table").any(recovered),
        functions: template.functions().len() as f64,
        secrets: template
            .resources_of_type("AWS::SecretsManager::Secret")
            .filter(is_by_default)
            .count() as f64,
        alarm_metrics: watched as f64,
        log_metrics: count("AWS::Logs::MetricFilter") + OWN_METRICS,
        dashboards: count("AWS::CloudWatch::Dashboard"),
    })
}

/// The memory of the function that serves a route such as `POST /token`, in MB.
pub(crate) fn memory_mb(template: &Template, key: &str) -> Result<f64, String> {
    let mut routes = template.routes().iter();
    let route = routes
        .find(|route| format!("{} {}", route.method, route.path) == key)
        .ok_or_else(|| format!("template.yaml: no route {key}"))?;
    number(template, &route.function, &["Properties", "MemorySize"])
}

/// The requests a second and the burst of a route: its own limit, or else the stage's for every route.
pub(crate) fn limit(template: &Template, key: &str) -> Result<(f64, f64), String> {
    let mut stages = template.resources_of_type("AWS::ApiGatewayV2::Stage");
    let stage = stages.next().ok_or("template.yaml: no stage")?;
    let value = |name| {
        let own = number(template, stage, &["Properties", "RouteSettings", key, name]);
        own.or_else(|_| number(template, stage, &["Properties", "DefaultRouteSettings", name]))
    };
    Ok((value("ThrottlingRateLimit")?, value("ThrottlingBurstLimit")?))
}

fn number(template: &Template, logical_id: &str, path: &[&str]) -> Result<f64, String> {
    let text = template.text(logical_id, path);
    text.and_then(|text| text.parse().ok()).ok_or_else(|| {
        let path = path.join("/");
        format!("template.yaml: {logical_id}: `{path}` must be a number or a parameter that defaults to one")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "
Parameters: {Memory: {Type: Number, Default: 512}, Rate: {Type: Number, Default: 20}}
Resources:
  TokenFunction: {Type: AWS::Serverless::Function, Properties: {CodeUri: token, MemorySize: !Ref Memory}}
  Integration: {Type: AWS::ApiGatewayV2::Integration, Properties: {IntegrationUri: !GetAtt TokenFunction.Arn}}
  Route: {Type: AWS::ApiGatewayV2::Route, Properties: {RouteKey: POST /token, Target: !Sub 'integrations/${Integration}'}}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties:
      DefaultRouteSettings: {ThrottlingRateLimit: 100, ThrottlingBurstLimit: 200}
      RouteSettings: {POST /token: {ThrottlingRateLimit: !Ref Rate, ThrottlingBurstLimit: 40}}
  Plain: {Type: AWS::CloudWatch::Alarm, Properties: {MetricName: Latency}}
  Rate: {Type: AWS::CloudWatch::Alarm, Properties: {Metrics: [{Expression: a / b}, {MetricStat: {Stat: Sum}}, !If [Has, {MetricStat: {Stat: Sum}}, !Ref AWS::NoValue]]}}
  Short: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: 7}}
  Long: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: 30}}
";

    #[test]
    fn memory_limits_watched_metrics_and_the_longest_retention_are_the_templates() {
        let template = Template::parse(TEMPLATE).unwrap();
        assert_eq!(memory_mb(&template, "POST /token"), Ok(512.0));
        assert_eq!(limit(&template, "POST /token"), Ok((20.0, 40.0)));
        assert_eq!(limit(&template, "GET /users/me"), Ok((100.0, 200.0)));
        let stack = stack(&template).unwrap();
        assert_eq!((stack.log_retention_days, stack.functions), (30.0, 1.0));
        assert_eq!((stack.alarm_metrics, stack.log_metrics), (3.0, OWN_METRICS));
    }

    #[test]
    fn what_the_template_lacks_is_named() {
        let template = Template::parse(&TEMPLATE.replace("Default: 512", "Description: none")).unwrap();
        let refused = |key| memory_mb(&template, key).unwrap_err();
        assert!(refused("POST /token").starts_with("template.yaml: TokenFunction: `Properties/MemorySize`"));
        assert_eq!(refused("GET /token"), "template.yaml: no route GET /token");
    }
}
