//! `latchkey policy`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Output;

use serde_json::{Value, json};
use shared::users::NameKey;
use testing::deployment::Deployment;
use testing::fault_proxy::FaultProxy;

use crate::{PASSWORD, bare, is_error, objects, piped, printed, through};

fn policy(output: &Output) -> Value {
    serde_json::from_str(&printed(output)).unwrap()
}

/// The actions of DynamoDB, with the partition keys of their items.
type Needs = BTreeMap<String, BTreeSet<String>>;

fn needs(command: &[&str]) -> Needs {
    let printed = policy(&bare(&[&["policy"], command].concat()).output().unwrap());
    let mut needs = Needs::new();
    for statement in printed["Statement"].as_array().unwrap() {
        let keys = &statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let keys: BTreeSet<String> = keys.as_array().into_iter().flatten().map(text).collect();
        for action in statement["Action"].as_array().unwrap().iter().map(text) {
            if action.starts_with("dynamodb:") {
                needs.entry(action).or_default().extend(keys.clone());
            }
        }
    }
    needs
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_of_each_command_has_the_actions_of_its_requests() {
    let deployment = Deployment::without_keys().await;
    let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
    let run = |arguments: &[&str]| {
        let command = through(&proxy, &deployment, arguments);
        // The second row is there already when it comes.
        let rows = r#"{"username": "jane"}"#.to_owned() + "\n" + r#"{"username": "jane"}"#;
        let is_import = arguments[0] == "import";
        piped(command, if is_import { &rows } else { PASSWORD }.as_bytes())
    };
    let mut compared = Needs::new();
    let mut add = |own: Needs| {
        for (action, keys) in own {
            compared.entry(action).or_default().extend(keys);
        }
    };
    for arguments in [
        &[
            "user",
            "create",
            "--username",
            "johndoe",
            "--email",
            "john@example.com",
            "--password-stdin",
        ][..],
        &["user", "show", "johndoe"],
        &["user", "show", "john@example.com"],
        &["user", "list"],
        &["user", "grant", "johndoe", "links:read"],
        &["user", "revoke", "johndoe", "links:read"],
        &["user", "disable", "johndoe"],
        &["user", "enable", "johndoe"],
        &["user", "sessions", "johndoe"],
        &["user", "logout", "johndoe"],
        &["user", "set-password", "johndoe", "--password-stdin"],
        &["user", "send-reset", "johndoe"],
        &["user", "delete", "johndoe", "--yes"],
        &["client", "create", "My app", "--public", "--grant", "password"],
        &["client", "list"],
        &["import", "-"],
        &["export"],
        &["keys", "show"],
        &["doctor"],
    ] {
        if arguments[1..] == ["delete", "johndoe", "--yes"] {
            // Claims leave with a user, too.
            let name = NameKey::of("johndoe").unwrap();
            let id = deployment.users().await.id_of(&name).await.unwrap().unwrap();
            let claim = [
                ("claimed_email", json!({"S": "j@example.com"})),
                ("claim_expires_at", json!({"N": "1"})),
            ];
            for (attribute, value) in claim {
                deployment.table().set(id.as_str(), attribute, value).await;
            }
        }
        proxy.reset_counts();
        let output = run(arguments);
        // It finds that there are no keys.
        assert!(output.status.success() || arguments == ["doctor"], "{output:?}");
        let has_subcommands = ["user", "client", "keys"].contains(&arguments[0]);
        let words = if has_subcommands { 2 } else { 1 };
        let (needed, sent) = (needs(&arguments[..words]), proxy.needs());
        assert!(
            needed.keys().eq(sent.keys()),
            "change NEEDS of {arguments:?}: {sent:?}"
        );
        for (action, keys) in sent {
            // A user is named in other ways, too.
            let names = ["email#*", "username#*"].map(str::to_owned).into();
            let unnamed: BTreeSet<String> = needed[&action].difference(&names).cloned().collect();
            let covers = keys.is_subset(&needed[&action]) && unnamed.is_subset(&keys);
            assert!(covers, "change NEEDS of {arguments:?}: {action} {keys:?}");
        }
        add(proxy.needs());
    }
    let clients = objects(&run(&["client", "list", "--output", "json"]));
    proxy.reset_counts();
    printed(&run(&["client", "delete", clients[0]["id"].as_str().unwrap()]));
    assert_eq!(needs(&["client", "delete"]), proxy.needs());
    add(proxy.needs());
    assert_eq!(needs(&[]), compared);
}

#[test]
fn a_policy_names_one_table_and_the_stack_where_there_is_one() {
    let printed = policy(&bare(&["policy", "user", "list"]).output().unwrap());
    let statement =
        |action: Value, resource: &str| json!({"Effect": "Allow", "Action": action, "Resource": resource});
    let expected = statement(json!(["dynamodb:Scan"]), "arn:aws:dynamodb:*:*:table/UsersTable");
    assert_eq!(printed, json!({"Version": "2012-10-17", "Statement": [expected]}));
    let region = ["--region", "eu-north-1", "--account", "123456789012"];
    let of_stack = [&["policy", "user", "list", "--stack", "auth"][..], &region].concat();
    let expected = [
        statement(
            json!(["cloudformation:DescribeStacks"]),
            "arn:aws:cloudformation:eu-north-1:123456789012:stack/auth/*",
        ),
        statement(
            json!(["dynamodb:Scan"]),
            "arn:aws:dynamodb:eu-north-1:123456789012:table/auth-UsersTable-*",
        ),
    ];
    assert_eq!(
        policy(&bare(&of_stack).output().unwrap())["Statement"],
        json!(expected)
    );
    // Of every service that a command calls, with what the template names.
    let all = policy(&bare(&["policy", "--stack", "auth"]).output().unwrap()).to_string();
    for resource in [
        ":stack/auth/*",
        ":table/auth-UsersTable-*",
        ":function:auth-RotateKeysFunction-*",
        ":log-group:auth-TokenLogs-*",
        ":log-group:/aws/vendedlogs/auth-access:*",
        ":alarm:auth-*",
        ":secret:auth/*",
    ] {
        assert!(all.contains(&format!("{resource}\"")), "{resource}: {all}");
    }
    let govcloud = ["policy", "export", "--region", "us-gov-west-1"];
    let govcloud = policy(&bare(&govcloud).output().unwrap()).to_string();
    assert!(
        govcloud.contains("arn:aws-us-gov:dynamodb:us-gov-west-1:"),
        "{govcloud}"
    );
    for unknown in ["nothing", "user nothing", "use", "policy"] {
        is_error(&bare(&["policy", unknown]).output().unwrap(), 1, "calls AWS");
    }
}
