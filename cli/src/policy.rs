//! `latchkey policy`: what IAM must allow.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use serde_json::{Value, json};

use crate::deployment::{Options, TABLE};
use crate::output::Done;

/// An action, and the partition keys of the items that it is for; none where it is for a whole table, or for no table.
type Need = (&'static str, &'static [&'static str]);

const NOTHING: &[&str] = &[];
const USER: &[&str] = &["user#*"];
const NAMED: &[&str] = &["email#*", "user#*", "username#*"];
const API_KEYS: &[&str] = &["api-keys#*"];
const CLAIMS: &[&str] = &["claims#*"];
const CLIENT: &[&str] = &["client#*"];
const MAIL: &[&str] = &["mail#*"];
const PUBLISHED: &[&str] = &["keys"];

const GET: &str = "dynamodb:GetItem";
const PUT: &str = "dynamodb:PutItem";
const UPDATE: &str = "dynamodb:UpdateItem";
const DELETE: &str = "dynamodb:DeleteItem";
const SCAN: &str = "dynamodb:Scan";

/// What each command needs. A transaction needs the actions of its parts
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html>). A test compares those of DynamoDB with what
/// the commands send.
const NEEDS: &[(&str, &[Need])] = &[
    ("user create", &[(PUT, NAMED)]),
    ("user show", &[(GET, NAMED)]),
    ("user list", &[(SCAN, NOTHING)]),
    ("user disable", &[(GET, NAMED), (UPDATE, USER)]),
    ("user enable", &[(GET, NAMED), (UPDATE, USER)]),
    (
        "user delete",
        &[
            (DELETE, API_KEYS),
            (DELETE, CLAIMS),
            (DELETE, NAMED),
            (GET, NAMED),
        ],
    ),
    (
        "user set-password",
        &[(DELETE, API_KEYS), (GET, NAMED), (UPDATE, USER)],
    ),
    ("user send-reset", &[(GET, NAMED), (PUT, MAIL)]),
    ("user logout", &[(GET, NAMED), (UPDATE, USER)]),
    ("user sessions", &[(GET, NAMED)]),
    ("user grant", &[(GET, NAMED), (UPDATE, USER)]),
    ("user revoke", &[(GET, NAMED), (UPDATE, USER)]),
    ("client create", &[(UPDATE, CLIENT)]),
    ("client list", &[(SCAN, NOTHING)]),
    ("client delete", &[(DELETE, CLIENT), (GET, CLIENT)]),
    ("import", &[(GET, NAMED), (PUT, NAMED)]),
    ("export", &[(SCAN, NOTHING)]),
    ("keys show", &[(GET, PUBLISHED)]),
    // Secrets Manager calls the function by the operator's permission
    // (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html).
    (
        "keys rotate",
        &[
            (GET, PUBLISHED),
            ("lambda:InvokeFunction", NOTHING),
            ("secretsmanager:RotateSecret", NOTHING),
        ],
    ),
    (
        "keys drop",
        &[(GET, PUBLISHED), ("lambda:InvokeFunction", NOTHING)],
    ),
    (
        "doctor",
        &[
            (GET, PUBLISHED),
            ("cloudformation:ListStackResources", NOTHING),
            ("cloudwatch:DescribeAlarms", NOTHING),
            ("dynamodb:DescribeTable", NOTHING),
            ("dynamodb:DescribeTimeToLive", NOTHING),
            ("secretsmanager:DescribeSecret", NOTHING),
        ],
    ),
    (
        "explain",
        &[
            ("cloudformation:DescribeStacks", NOTHING),
            ("cloudformation:ListStackResources", NOTHING),
            ("logs:FilterLogEvents", NOTHING),
        ],
    ),
    // By the parameters of a stack.
    ("hash", &[("cloudformation:DescribeStacks", NOTHING)]),
];

/// The log groups that the template makes. `-*` would be those of another stack, too, whose name begins alike. A test compares them.
const LOG_GROUPS: [&str; 12] = [
    "ApiKeysLogs",
    "AuthorizerLogs",
    "DocsLogs",
    "MailerLogs",
    "MeLogs",
    "PagesLogs",
    "RecoveryLogs",
    "RegisterLogs",
    "RotateKeysLogs",
    "SessionsLogs",
    "TokenLogs",
    "WellKnownLogs",
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
    let mut needs = needs(&query.command.join(" "))?;
    if options.stack.is_some() {
        needs.entry("cloudformation:DescribeStacks").or_default();
    }
    // Actions of one service on the same items are one statement.
    let mut statements: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (action, keys) in needs {
        let service = action.split(':').next().unwrap_or_default();
        statements.entry((service, keys)).or_default().push(action);
    }
    let statements = statements.into_iter().map(|((service, keys), actions)| {
        let resource = resource(service, options, query);
        let mut statement = json!({"Effect": "Allow", "Action": actions, "Resource": resource});
        if !keys.is_empty() {
            statement["Condition"] = json!({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys}});
        }
        statement
    });
    let policy = json!({"Version": "2012-10-17", "Statement": statements.collect::<Vec<_>>()});
    let policy = serde_json::to_string_pretty(&policy).map_err(|error| error.to_string())?;
    Ok(Done::repeatable(policy + "\n"))
}

/// Returns the resources of a deployment that a service has. Those of a stack are named after it and their logical ids
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html>), unless the template names them.
fn resource(service: &str, options: &Options, query: &Query) -> Value {
    let Query { region, account, .. } = query;
    // https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
    let partition = match region.split_once('-') {
        Some(("cn", _)) => "aws-cn",
        Some(("us", rest)) if rest.starts_with("gov-") => "aws-us-gov",
        _ => "aws",
    };
    let arn = |resource: String| format!("arn:{partition}:{service}:{region}:{account}:{resource}");
    let stack = options.stack.as_deref().unwrap_or("*");
    match service {
        "cloudformation" => json!(arn(format!("stack/{stack}/*"))),
        "cloudwatch" => json!(arn(format!("alarm:{stack}-*"))),
        "lambda" => json!(arn(format!("function:{stack}-RotateKeysFunction-*"))),
        "logs" => {
            let own = LOG_GROUPS.map(|group| arn(format!("log-group:{stack}-{group}-*")));
            let access = arn(format!("log-group:/aws/vendedlogs/{stack}-access:*"));
            own.into_iter().chain([access]).collect()
        }
        "secretsmanager" => json!(arn(format!("secret:{stack}/*"))),
        _ => json!(arn(match (&options.table, &options.stack) {
            (Some(table), _) => format!("table/{table}"),
            (None, Some(stack)) => format!("table/{stack}-{TABLE}-*"),
            (None, None) => format!("table/{TABLE}"),
        })),
    }
}

/// Returns what a command needs, all commands of a subject, or all.
fn needs(asked: &str) -> Result<BTreeMap<&'static str, BTreeSet<&'static str>>, String> {
    let is_asked = |command: &str| {
        let rest = command.strip_prefix(asked);
        asked.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    let mut needs: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (_, own) in NEEDS.iter().filter(|(command, _)| is_asked(command)) {
        for (action, keys) in *own {
            needs.entry(*action).or_default().extend(*keys);
        }
    }
    if needs.is_empty() {
        return Err(format!("no command `{asked}` calls AWS"));
    }
    Ok(needs)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sam_template::Template;

    use super::{LOG_GROUPS, NEEDS};
    use crate::pages::leaves;

    /// What calls nothing.
    const LOCAL: [&str; 3] = ["policy", "completions", "man"];

    #[test]
    fn the_log_groups_are_those_of_the_template() {
        let template = Template::of_this_project().unwrap();
        let groups: BTreeSet<&str> = template.resources_of_type("AWS::Logs::LogGroup").collect();
        let own = LOG_GROUPS.iter().copied().chain(["AccessLogs"]);
        assert_eq!(own.collect::<BTreeSet<_>>(), groups);
    }

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
