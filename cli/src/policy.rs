//! `latchkey policy`: what IAM must allow.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::json;

use crate::deployment::{Options, TABLE};
use crate::output::Done;

/// Which actions of DynamoDB each command needs. A transaction needs those of its parts
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html>). A test compares it with what the
/// commands send.
const NEEDS: &[(&str, &[&str])] = &[
    ("user create", &["PutItem"]),
    ("user show", &["GetItem"]),
    ("user list", &["Scan"]),
    ("user disable", &["GetItem", "UpdateItem"]),
    ("user enable", &["GetItem", "UpdateItem"]),
    ("user delete", &["DeleteItem", "GetItem"]),
    ("user set-password", &["DeleteItem", "GetItem", "UpdateItem"]),
    ("user logout", &["GetItem", "UpdateItem"]),
    ("user sessions", &["GetItem"]),
    ("user grant", &["GetItem", "UpdateItem"]),
    ("user revoke", &["GetItem", "UpdateItem"]),
    ("client create", &["UpdateItem"]),
    ("client list", &["Scan"]),
    ("client delete", &["DeleteItem", "GetItem"]),
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
    let actions = actions(&query.command.join(" "))?;
    let Query { region, account, .. } = query;
    let arn = |service: &str, resource: String| format!("arn:aws:{service}:{region}:{account}:{resource}");
    // The table of a stack is named after it and its logical id
    // (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html).
    let table = match (&options.table, &options.stack) {
        (Some(table), _) => table.clone(),
        (None, Some(stack)) => format!("{stack}-{TABLE}-*"),
        (None, None) => TABLE.to_owned(),
    };
    let mut statements = vec![json!({
        "Effect": "Allow",
        "Action": actions,
        "Resource": arn("dynamodb", format!("table/{table}")),
    })];
    if let Some(stack) = &options.stack {
        statements.push(json!({
            "Effect": "Allow",
            "Action": "cloudformation:DescribeStacks",
            "Resource": arn("cloudformation", format!("stack/{stack}/*")),
        }));
    }
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    let policy = serde_json::to_string_pretty(&policy).map_err(|error| error.to_string())?;
    Ok(Done::repeatable(policy + "\n"))
}

/// Returns the actions of a command, of all commands of a subject, or of all.
fn actions(asked: &str) -> Result<BTreeSet<String>, String> {
    let is_asked = |command: &str| {
        let rest = command.strip_prefix(asked);
        asked.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    let asked_for = NEEDS.iter().filter(|(command, _)| is_asked(command));
    let actions: BTreeSet<String> = asked_for
        .flat_map(|(_, actions)| actions.iter().map(|action| format!("dynamodb:{action}")))
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
    const LOCAL: [&str; 3] = ["policy", "completions", "man"];

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
