//! `latchkey policy`: what IAM must allow.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::{Value, json};

use crate::deployment::{Options, TABLE};
use crate::output::Done;

/// Which actions each command needs. A transaction needs those of its parts
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html>). A test compares those of DynamoDB with what
/// the commands send.
const NEEDS: &[(&str, &[&str])] = &[
    ("user create", &["dynamodb:PutItem"]),
    ("user show", &["dynamodb:GetItem"]),
    ("user list", &["dynamodb:Scan"]),
    ("user disable", &["dynamodb:GetItem", "dynamodb:UpdateItem"]),
    ("user enable", &["dynamodb:GetItem", "dynamodb:UpdateItem"]),
    ("user delete", &["dynamodb:DeleteItem", "dynamodb:GetItem"]),
    (
        "user set-password",
        &["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:UpdateItem"],
    ),
    ("user logout", &["dynamodb:GetItem", "dynamodb:UpdateItem"]),
    ("user sessions", &["dynamodb:GetItem"]),
    ("user grant", &["dynamodb:GetItem", "dynamodb:UpdateItem"]),
    ("user revoke", &["dynamodb:GetItem", "dynamodb:UpdateItem"]),
    ("client create", &["dynamodb:UpdateItem"]),
    ("client list", &["dynamodb:Scan"]),
    ("client delete", &["dynamodb:DeleteItem", "dynamodb:GetItem"]),
    ("import", &["dynamodb:GetItem", "dynamodb:PutItem"]),
    ("export", &["dynamodb:Scan"]),
    ("keys show", &["dynamodb:GetItem"]),
    (
        "keys rotate",
        &["dynamodb:GetItem", "secretsmanager:RotateSecret"],
    ),
    ("keys drop", &["dynamodb:GetItem", "lambda:InvokeFunction"]),
    (
        "doctor",
        &[
            "cloudwatch:DescribeAlarms",
            "dynamodb:DescribeTable",
            "dynamodb:DescribeTimeToLive",
            "dynamodb:GetItem",
            "secretsmanager:DescribeSecret",
        ],
    ),
    (
        "explain",
        &["cloudformation:ListStackResources", "logs:FilterLogEvents"],
    ),
];

#[derive(Args)]
pub(crate) struct Query {
    /// The command, such as `user list`; without one, all.
    command: Vec<String>,
    /// The deployment's region.
    #[arg(long, default_value = "*")]
    region: String,
    /// The deployment's account.
    #[arg(long, default_value = "*")]
    account: String,
}

/// Prints the policy, without a request: who asks for it may have no permission yet.
pub(crate) fn print(options: &Options, query: &Query) -> Result<Done, String> {
    let mut actions = actions(&query.command.join(" "))?;
    if options.stack.is_some() {
        actions.insert("cloudformation:DescribeStacks");
    }
    let services: BTreeSet<&str> = actions.iter().map(|action| service(action)).collect();
    let statements = services.into_iter().map(|name| {
        let actions: Vec<&&str> = actions.iter().filter(|action| service(action) == name).collect();
        json!({"Effect": "Allow", "Action": actions, "Resource": resource(name, options, query)})
    });
    let policy = json!({"Version": "2012-10-17", "Statement": statements.collect::<Vec<_>>()});
    let policy = serde_json::to_string_pretty(&policy).map_err(|error| error.to_string())?;
    Ok(Done::repeatable(policy + "\n"))
}

fn service(action: &str) -> &str {
    action.split(':').next().unwrap_or_default()
}

/// Returns the resources of a deployment that a service has. Those of a stack are named after it and their logical ids
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html>), unless the template names them.
fn resource(service: &str, options: &Options, query: &Query) -> Value {
    let Query { region, account, .. } = query;
    let arn = |resource: String| format!("arn:aws:{service}:{region}:{account}:{resource}");
    let stack = options.stack.as_deref().unwrap_or("*");
    match service {
        "cloudformation" => json!(arn(format!("stack/{stack}/*"))),
        // Which alarms it describes is no resource
        // (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html).
        "cloudwatch" => json!("*"),
        "lambda" => json!(arn(format!("function:{stack}-RotateKeysFunction-*"))),
        "logs" => json!([
            arn(format!("log-group:{stack}-*")),
            arn(format!("log-group:/aws/vendedlogs/{stack}-access*")),
        ]),
        "secretsmanager" => json!(arn(format!("secret:{stack}/*"))),
        _ => json!(arn(match (&options.table, &options.stack) {
            (Some(table), _) => format!("table/{table}"),
            (None, Some(stack)) => format!("table/{stack}-{TABLE}-*"),
            (None, None) => format!("table/{TABLE}"),
        })),
    }
}

/// Returns the actions of a command, of all commands of a subject, or of all.
fn actions(asked: &str) -> Result<BTreeSet<&'static str>, String> {
    let is_asked = |command: &str| {
        let rest = command.strip_prefix(asked);
        asked.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    let asked_for = NEEDS.iter().filter(|(command, _)| is_asked(command));
    let actions: BTreeSet<&str> = asked_for
        .flat_map(|(_, actions)| actions.iter().copied())
        .collect();
    if actions.is_empty() {
        return Err(format!("no command `{asked}` calls AWS"));
    }
    Ok(actions)
}

#[cfg(test)]
mod tests {
    use super::NEEDS;
    use crate::pages::leaves;

    /// What calls nothing.
    const LOCAL: [&str; 4] = ["hash", "policy", "completions", "man"];

    #[test]
    fn each_command_has_its_actions_or_calls_nothing() {
        for leaf in leaves(&crate::command()) {
            let name = leaf.get_bin_name().unwrap().strip_prefix("latchkey ").unwrap();
            assert!(
                LOCAL.contains(&name) != NEEDS.iter().any(|(command, _)| *command == name),
                "add {name} to NEEDS, or to LOCAL"
            );
        }
    }
}
