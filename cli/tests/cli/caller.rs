//! Who calls AWS: by profiles and the environment, and what is said where something is missing.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use testing::deployment::Deployment;
use testing::fault_proxy::FaultProxy;

const CONFIG: &str = r#"
[profile work]
region = eu-west-1
[profile center]
sso_session = center
sso_account_id = 123456789012
sso_role_name = operator
region = eu-west-3
[sso-session center]
sso_region = eu-west-3
sso_start_url = https://example.awsapps.com/start
[profile nowhere]
aws_access_key_id = AKIANOWHERE
aws_secret_access_key = x
"#;
const CREDENTIALS: &str = "
[work]
aws_access_key_id = AKIAWORK
aws_secret_access_key = x
";
const KEY: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT"),
    ("AWS_SECRET_ACCESS_KEY", "x"),
];

fn list(home: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_latchkey"))
        .args(["client", "list"])
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".aws");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("config"), CONFIG).unwrap();
    fs::write(folder.join("credentials"), CREDENTIALS).unwrap();
    home
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_and_region_come_from_where_the_aws_cli_finds_them() {
    let (home, deployment) = (home(), Deployment::without_keys().await);
    let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
    let endpoint = ("AWS_ENDPOINT_URL_DYNAMODB", proxy.endpoint());
    let region = ("AWS_REGION", "eu-north-1");
    for (variables, key, region) in [
        (&[("AWS_PROFILE", "work")][..], "AKIAWORK", "eu-west-1"),
        (&[("AWS_PROFILE", "work"), region], "AKIAWORK", "eu-north-1"),
        (&[KEY[0], KEY[1], region], "AKIAENVIRONMENT", "eu-north-1"),
        (&[], "local", "us-east-1"),
    ] {
        let variables = [&[endpoint], variables].concat();
        let listed = list(home.path(), &["--table", deployment.table().name()], &variables);
        assert!(listed.status.success(), "{key}: {listed:?}");
        assert_eq!(proxy.signers(), [(key.to_owned(), region.to_owned())]);
        proxy.reset_counts();
    }
}

#[test]
fn an_error_names_what_is_missing_or_wrong() {
    let home = home();
    let region = ("AWS_REGION", "eu-north-1");
    for (arguments, variables, said) in [
        (
            &[][..],
            &[region][..],
            "no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID",
        ),
        (&[], &KEY, "no AWS region: set AWS_REGION"),
        (
            &[],
            &[("AWS_PROFILE", "nowhere")],
            "no AWS region: set AWS_REGION",
        ),
        (&[], &[region, ("AWS_PROFILE", "other")], "other"),
        (
            &[],
            &[("AWS_PROFILE", "center")],
            "eval \"$(aws configure export-credentials --format env)\"",
        ),
        (&[], &[region, KEY[0]], "AWS_SECRET_ACCESS_KEY"),
        (
            &[],
            &[("AWS_ENDPOINT_URL_DYNAMODB", "x")],
            "AWS_ENDPOINT_URL_DYNAMODB must be",
        ),
        (
            &["--endpoint", "x"],
            &[],
            "'--endpoint <URL>': must be an http or https URL",
        ),
        (&["--endpoint", ""], &[], "'--endpoint <URL>'"),
        (&["--table", ""], &[], "'--table <NAME>'"),
    ] {
        let failed = list(home.path(), arguments, variables);
        let message = String::from_utf8_lossy(&failed.stderr);
        assert!(
            !failed.status.success() && failed.stdout.is_empty(),
            "{said}: {failed:?}"
        );
        assert!(
            message.starts_with("error: ") && message.contains(said),
            "{said}: {message}"
        );
    }
}
