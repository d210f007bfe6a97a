//! `latchkey --stack`: a stack's outputs and parameters, by the XML of CloudFormation's API reference
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html>).

use std::net::Ipv4Addr;
use std::process::Output;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use testing::deployment::Deployment;
use tokio::net::TcpListener;

use crate::{bare, is_error, piped, printed};

fn stack(outputs: &str) -> String {
    format!(
        "<DescribeStacksResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><DescribeStacksResult><Stacks><member>\
         <StackName>auth</StackName><StackId>arn:aws:cloudformation:us-east-1:123456789012:stack/auth/1</StackId>\
         <CreationTime>2026-11-23T20:47:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus><Parameters>\
         <member><ParameterKey>MinPasswordLength</ParameterKey><ParameterValue>20</ParameterValue></member>\
         <member><ParameterKey>Argon2MemoryKib</ParameterKey><ParameterValue>7168</ParameterValue></member>\
         </Parameters><Outputs>{outputs}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
    )
}

/// Starts a CloudFormation that knows two stacks, of which one is a deployment, and returns its endpoint.
async fn cloudformation(table: &str) -> String {
    let output =
        format!("<member><OutputKey>TableName</OutputKey><OutputValue>{table}</OutputValue></member>");
    let respond = move |body: String| {
        let output = output.clone();
        async move {
            assert!(body.contains("Action=DescribeStacks"), "{body}");
            if body.contains("StackName=auth&") || body.ends_with("StackName=auth") {
                return (StatusCode::OK, stack(&output));
            }
            if body.contains("StackName=other") {
                return (StatusCode::OK, stack(""));
            }
            let error = "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id nobody does not exist\
                         </Message></Error></ErrorResponse>";
            (StatusCode::BAD_REQUEST, error.to_owned())
        }
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/", post(respond));
    tokio::spawn(async move { axum::serve(listener, router).await });
    endpoint
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_names_the_table_and_the_rules() {
    let deployment = Deployment::without_keys().await;
    let endpoint = cloudformation(deployment.table().name()).await;
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
