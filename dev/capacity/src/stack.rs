//! What `template.yaml` decides, with the defaults of its parameters.

use sam_template::Template;

/// The metrics that the functions write themselves, of each function that does: `docs/logging.md`, Metrics.
const OWN_METRICS: f64 = 8.0;

/// The condition of what a sender of mails adds.
const WITH_MAIL: &str = "HasMail";

/// The function that sends mails.
const MAILER: &str = "MailerFunction";

/// What a deployment with the parameters' defaults has, used or not.
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
    pub(crate) mail: Mail,
    pub(crate) mail_memory_mb: f64,
}

/// What a sender of mails (`MailFrom`) adds to it.
#[derive(Debug, PartialEq)]
pub(crate) struct Mail {
    pub(crate) functions: f64,
    pub(crate) secrets: f64,
    pub(crate) alarm_metrics: f64,
    pub(crate) log_metrics: f64,
}

pub(crate) fn stack(template: &Template) -> Result<Stack, String> {
    let retention = |group| number(template, group, &["Properties", "RetentionInDays"]);
    let groups = template.resources_of_type("AWS::Logs::LogGroup");
    let days = groups.map(retention).collect::<Result<Vec<_>, _>>()?;
    let specification = ["Properties", "PointInTimeRecoverySpecification"];
    let recovery = [&specification[..], &["PointInTimeRecoveryEnabled"]].concat();
    let recovered = |table: &str| template.text(table, &recovery).as_deref() == Some("true");
    let condition = |resource: &str| template.text(resource, &["Condition"]);
    let is_of_mail = |resource: &&str| condition(resource).as_deref() == Some(WITH_MAIL);
    let count = |kind: &'static str| {
        let (of_mail, others): (Vec<_>, Vec<_>) = template.resources_of_type(kind).partition(is_of_mail);
        (others.len() as f64, of_mail.len() as f64)
    };
    // Those of an edge and of users elsewhere come with a parameter.
    let is_by_default = |secret: &&str| condition(secret).is_none();
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
    let alarms = template.resources_of_type("AWS::CloudWatch::Alarm");
    let (of_mail, others): (Vec<_>, Vec<_>) = alarms.partition(is_of_mail);
    let watched = |alarms: Vec<&str>| alarms.into_iter().map(watched).sum::<usize>() as f64;
    let (functions, functions_of_mail) = count("AWS::Serverless::Function");
    let (log_metrics, log_metrics_of_mail) = count("AWS::Logs::MetricFilter");
    Ok(Stack {
        log_retention_days: days.into_iter().fold(0.0, f64::max),
        point_in_time_recovery: template.resources_of_type("AWS::DynamoDB::Table").any(recovered),
        functions,
        secrets: template
            .resources_of_type("AWS::SecretsManager::Secret")
            .filter(is_by_default)
            .count() as f64,
        alarm_metrics: watched(others),
        log_metrics: log_metrics + OWN_METRICS,
        dashboards: count("AWS::CloudWatch::Dashboard").0,
        mail: Mail {
            functions: functions_of_mail,
            secrets: count("AWS::SecretsManager::Secret").1,
            alarm_metrics: watched(of_mail),
            log_metrics: log_metrics_of_mail,
        },
        mail_memory_mb: number(template, MAILER, &["Properties", "MemorySize"])?,
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
  MailerFunction: {Type: AWS::Serverless::Function, Condition: HasMail, Properties: {CodeUri: mailer, MemorySize: !Ref Memory}}
  Key: {Type: AWS::SecretsManager::Secret, Condition: HasMail}
  Late: {Type: AWS::CloudWatch::Alarm, Condition: HasMail, Properties: {MetricName: IteratorAge}}
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
        let mail = Mail {
            functions: 1.0,
            secrets: 1.0,
            alarm_metrics: 1.0,
            log_metrics: 0.0,
        };
        assert_eq!((stack.secrets, stack.mail), (0.0, mail));
    }

    #[test]
    fn what_the_template_lacks_is_named() {
        let template = Template::parse(&TEMPLATE.replace("Default: 512", "Description: none")).unwrap();
        let refused = |key| memory_mb(&template, key).unwrap_err();
        assert!(refused("POST /token").starts_with("template.yaml: TokenFunction: `Properties/MemorySize`"));
        assert_eq!(refused("GET /token"), "template.yaml: no route GET /token");
    }
}
