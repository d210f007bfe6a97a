//! The alarms of a stack that fire.

use serde_json::Value;

use super::check::Check;
use crate::aws_cli::{self, Failure};
use crate::stack::Stack;

const SUBJECT: &str = "alarms";

/// Checks that no alarm fires. CloudFormation names them after the stack
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html>).
pub(super) fn check(stack: Option<&Stack>) -> Check {
    let Some(stack) = stack else {
        return Check::not_checked(SUBJECT, "give --stack");
    };
    let found = aws_cli::run(
        &[
            "cloudwatch",
            "describe-alarms",
            "--state-value",
            "ALARM",
            "--alarm-name-prefix",
            &format!("{}-", stack.name),
            "--query",
            "MetricAlarms[].AlarmName",
        ],
        "",
    );
    let found = match found {
        Ok(found) => found,
        Err(Failure::Denied) => return Check::denied(SUBJECT, "cloudwatch:DescribeAlarms"),
        Err(Failure::Other(why)) => return Check::not_checked(SUBJECT, why),
    };
    let names = found.first().and_then(Value::as_array).into_iter().flatten();
    let names: Vec<&str> = names.filter_map(Value::as_str).collect();
    if names.is_empty() {
        return Check::right(SUBJECT, "none fires");
    }
    Check::wrong(
        SUBJECT,
        format!("{} fire", names.join(", ")),
        "see docs/alarms.md, which says what each means",
    )
}
