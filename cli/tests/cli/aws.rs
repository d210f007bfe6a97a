//! AWS as far as the tests of the command line need it; `.ci/deployed` has an emulator and the real AWS CLI.

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// A program in the place of the AWS CLI.
pub(crate) struct AwsCli(TempDir);

impl AwsCli {
    /// Writes a script of the shell.
    pub(crate) fn of(script: &str) -> Self {
        let programs = tempfile::tempdir().unwrap();
        let aws = programs.path().join("aws");
        fs::write(&aws, script).unwrap();
        fs::set_permissions(&aws, fs::Permissions::from_mode(0o755)).unwrap();
        Self(programs)
    }

    /// Returns the PATH that has it.
    pub(crate) fn path(&self) -> String {
        format!("{}:/usr/bin:/bin", self.0.path().display())
    }
}

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

/// Starts a CloudFormation that knows two stacks, of which one has outputs a log group and an alarm, and returns its endpoint.
pub(crate) async fn cloudformation(outputs: &[(&str, &str)]) -> String {
    let outputs = outputs.iter().map(|(key, value)| {
        format!("<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>")
    });
    let outputs: String = outputs.collect();
    let respond = move |body: String| {
        let outputs = outputs.clone();
        async move {
            let is_of = |stack: &str| body.contains(&format!("StackName={stack}"));
            match body.contains("Action=ListStackResources") {
                true if is_of("auth") => (StatusCode::OK, RESOURCES.to_owned()),
                false if is_of("auth") => (StatusCode::OK, stack(&outputs)),
                false if is_of("other") => (StatusCode::OK, stack("")),
                _ => (StatusCode::BAD_REQUEST, NO_STACK.to_owned()),
            }
        }
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/", post(respond));
    tokio::spawn(async move { axum::serve(listener, router).await });
    endpoint
}

const NO_STACK: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id nobody does not exist\
                        </Message></Error></ErrorResponse>";

const RESOURCES: &str = "<ListStackResourcesResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><ListStackResourcesResult>\
     <StackResourceSummaries><member><LogicalResourceId>TokenLogs</LogicalResourceId><PhysicalResourceId>auth-TokenLogs-1\
     </PhysicalResourceId><ResourceType>AWS::Logs::LogGroup</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus>\
     <LastUpdatedTimestamp>2026-11-23T20:47:00Z</LastUpdatedTimestamp></member><member><LogicalResourceId>UsersTable</LogicalResourceId>\
     <PhysicalResourceId>auth-UsersTable-1</PhysicalResourceId><ResourceType>AWS::DynamoDB::Table</ResourceType><ResourceStatus>\
     CREATE_COMPLETE</ResourceStatus><LastUpdatedTimestamp>2026-11-23T20:47:00Z</LastUpdatedTimestamp></member><member>\
     <LogicalResourceId>Errors</LogicalResourceId><PhysicalResourceId>auth-Errors</PhysicalResourceId><ResourceType>\
     AWS::CloudWatch::Alarm</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus><LastUpdatedTimestamp>\
     2026-11-23T20:47:00Z</LastUpdatedTimestamp></member></StackResourceSummaries>\
     </ListStackResourcesResult></ListStackResourcesResponse>";
