//! `latchkey --stack`: a stack's outputs and parameters, by the XML of CloudFormation's API reference
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html>).

use std::process::Output;

use testing::deployment::Deployment;

use crate::aws::{AwsCli, cloudformation};
use crate::{bare, is_error, piped, printed};

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_names_the_table_and_the_rules() {
    let deployment = Deployment::without_keys().await;
    let endpoint = cloudformation(&[("TableName", deployment.table().name())]).await;
    let create = |stack: &str, password: &str| -> Output {
        let arguments = [
            "--stack",
            stack,
            "user",
            "create",
            "--username",
            "johndoe",
            "--password-stdin",
        ];
        let mut command = bare(&arguments);
        command
            .env("AWS_ENDPOINT_URL_CLOUDFORMATION", &endpoint)
            .env("AWS_ENDPOINT_URL_DYNAMODB", deployment.endpoint())
            // Those of a stack count.
            .env("MIN_PASSWORD_LENGTH", "8");
        piped(command, password.as_bytes())
    };
    is_error(
        &create("auth", "four words of it"),
        1,
        "the password: Must have at least 20",
    );
    let id = printed(&create("auth", "five words are enough of it"))
        .trim()
        .to_owned();
    let item = deployment.table().item(&format!("user#{id}"), "user").await;
    let hash = item["password_hash"]["S"].as_str().unwrap();
    assert!(hash.contains("$m=7168,"), "{hash}");
    is_error(
        &create("nobody", "five words are enough of it"),
        1,
        "Stack with id nobody does not exist",
    );
    is_error(
        &create("other", "five words are enough of it"),
        1,
        "has no output TableName",
    );
}

/// The AWS CLI of a stack with an alarm that fires and a request that failed.
const AWS: &str = r#"#!/bin/sh
case "$1 $2 $4 $8" in
"cloudwatch describe-alarms ALARM auth-Errors") printf '["auth-Errors"]\n' ;;
"logs filter-log-events auth-TokenLogs-1 \"Kx=\"")
  printf '%s\n' '[[2, "{\"message\":\"second\",\"request_id\":\"Kx=\"}"], [1, "{\"event\":\"LogInFailed\",\"reason\":\"UnknownUser\",\"message\":\"log-in failed\",\"request_id\":\"Kx=\"}"], [3, "START"]]' ;;
*) exit 2 ;;
esac
"#;

#[tokio::test(flavor = "multi_thread")]
async fn alarms_and_logs_of_a_stack_are_read_by_the_aws_cli() {
    let deployment = Deployment::without_keys().await;
    let table = deployment.table();
    let outputs = [
        ("TableName", table.name()),
        ("SigningKeysSecret", "auth/signing-keys"),
        ("BaseUrl", "http://127.0.0.1:1"),
    ];
    let endpoint = cloudformation(&outputs).await;
    let run = |aws: &AwsCli, arguments: &[&str]| {
        let mut command = bare(arguments);
        command.args(["--stack", "auth"]).env("PATH", aws.path());
        command
            .env("AWS_ENDPOINT_URL_CLOUDFORMATION", &endpoint)
            .env("AWS_ENDPOINT_URL_DYNAMODB", deployment.endpoint())
            .env("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:1");
        command.output().unwrap()
    };
    let alarms = |script: &str| {
        let report = run(&AwsCli::of(script), &["doctor"]);
        let report = String::from_utf8(report.stdout).unwrap();
        let line = report.lines().find(|line| line.contains(" alarms "));
        (line.unwrap().to_owned(), report)
    };
    assert!(alarms(AWS).0.ends_with("auth-Errors fire"));
    assert!(alarms("#!/bin/sh\necho '[]'").0.starts_with("ok "));
    let (alarm, report) = alarms("#!/bin/sh\necho 'An error occurred (AccessDenied)' >&2; exit 254");
    assert!(alarm.contains("it needs the permission cloudwatch:DescribeAlarms"));
    assert!(report.contains("denied: cloudwatch:DescribeAlarms"), "{report}");
    let (alarm, _) = alarms("#!/bin/sh\necho 'no credentials' >&2; exit 253");
    assert!(
        alarm.starts_with("not checked") && alarm.contains("no credentials"),
        "{alarm}"
    );

    let explained = printed(&run(&AwsCli::of(AWS), &["explain", "Kx="]));
    let (first, second) = (explained.find("No user has the name"), explained.find("second"));
    assert!(first.is_some() && first < second, "{explained}");
    let denied = AwsCli::of("#!/bin/sh\necho 'User is not authorized' >&2; exit 254");
    is_error(
        &run(&denied, &["explain", "Kx="]),
        1,
        "auth-TokenLogs-1: the permission logs:FilterLogEvents is missing",
    );
}

#[test]
fn a_stack_is_not_named_beside_a_table_or_an_endpoint_wherever_they_stand() {
    for arguments in [
        &["--stack", "auth", "user", "list", "--table", "x"][..],
        &["--table", "x", "user", "list", "--stack", "auth"],
        &[
            "user",
            "list",
            "--stack",
            "auth",
            "--endpoint",
            "http://127.0.0.1:1",
        ],
    ] {
        is_error(&bare(arguments).output().unwrap(), 2, "--stack says which table");
    }
}
