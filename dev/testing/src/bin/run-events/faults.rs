//! How one environment behaves when its store fails, when it gets an event that it cannot read, and when its time limit passes.

use serde_json::{Value, json};
use shared::clock::Clock;
use testing::deployment::{Deployment, ISSUER};
use testing::event::me;
use testing::fault_proxy::{Fault, FaultProxy};
use testing::forge::Forger;
use testing::rings::shared_ring;

use crate::Binaries;
use crate::report::Report;
use crate::rie::{InvocationError, Rie};

/// The reads of a request for a user: the user, and at a cold start the published keys too.
const WARM: usize = 1;
const COLD: usize = 2;

pub(crate) async fn run(binaries: &Binaries, report: &mut Report) {
    let fixture = async || Fixture::start(binaries, Deployment::start().await).await;
    for (name, fault) in [
        ("a store that hangs up", Fault::HangUpBefore),
        ("a store that does not respond", Fault::Hang),
    ] {
        report
            .check(name, async { fixture().await.unavailable(fault).await })
            .await;
    }
    let name = "a store that is unavailable at the cold start";
    let check = async { fixture().await.unavailable_at_the_cold_start().await };
    report.check(name, check).await;
    let name = "a request after one that could not be read";
    let check = async { fixture().await.after_a_failure().await };
    report.check(name, check).await;
    let name = "a request that exceeds the time limit";
    let check = async {
        let deployment = Deployment::start().await;
        let deployment = deployment.with("AWS_LAMBDA_FUNCTION_TIMEOUT", "1");
        Fixture::start(binaries, deployment).await.exceeded().await
    };
    report.check(name, check).await;
}

/// The function `me`, its store behind a proxy, and a request for a registered user.
struct Fixture {
    environment: Rie,
    proxy: FaultProxy,
    request: Value,
    /// Kept: an embedded engine stops with it.
    _deployment: Deployment,
}

impl Fixture {
    async fn start(binaries: &Binaries, deployment: Deployment) -> Self {
        let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
        let id = deployment.user("johndoe", "correct horse battery").await;
        let now = Clock::system().now().unix();
        let token = Forger::new(shared_ring(), ISSUER, &id, now).token(|_, _| {});
        let deployment = deployment.with("AWS_ENDPOINT_URL_DYNAMODB", proxy.endpoint());
        Self {
            environment: binaries.start("me", deployment.variables()).await,
            proxy,
            request: me(&token).value().clone(),
            _deployment: deployment,
        }
    }

    async fn unavailable(mut self, fault: Fault) -> Result<String, String> {
        self.succeeds_with(COLD).await?;
        self.proxy.always(fault);
        self.asks_to_try_again().await?;
        self.proxy.pass();
        self.succeeds_with(WARM).await?;
        Ok("503 with Retry-After, then 200".to_owned())
    }

    async fn unavailable_at_the_cold_start(mut self) -> Result<String, String> {
        self.proxy.always(Fault::HangUpBefore);
        self.asks_to_try_again().await?;
        self.proxy.pass();
        self.succeeds_with(COLD).await?;
        Ok("503 with Retry-After, then 200".to_owned())
    }

    async fn after_a_failure(mut self) -> Result<String, String> {
        let response = self.environment.respond(&json!({"not": "an event"})).await?;
        if response["statusCode"] != 500 {
            return Err(response.to_string());
        }
        // Both in the environment that failed: another one would read the keys again.
        self.succeeds_with(WARM).await?;
        self.succeeds_with(WARM).await?;
        Ok("500, then 200, 200".to_owned())
    }

    async fn exceeded(mut self) -> Result<String, String> {
        self.succeeds_with(COLD).await?;
        self.proxy.always(Fault::Hang);
        match self.environment.invoke(&self.request).await {
            Err(InvocationError::TimedOut) => {}
            other => return Err(format!("it did not time out: {other:?}")),
        }
        self.proxy.pass();
        // A fresh environment.
        self.succeeds_with(COLD).await?;
        self.succeeds_with(WARM).await?;
        Ok("timed out, then 200 from a cold start, 200".to_owned())
    }

    /// Checks that the request succeeds with so many reads.
    async fn succeeds_with(&mut self, expected: usize) -> Result<(), String> {
        self.proxy.reset_counts();
        let response = self.environment.respond(&self.request).await?;
        match self.proxy.count("GetItem") {
            _ if response["statusCode"] != 200 => Err(response.to_string()),
            reads if reads == expected => Ok(()),
            reads => Err(format!("{reads} reads instead of {expected}")),
        }
    }

    /// Checks that the response is a 503 with `Retry-After`.
    async fn asks_to_try_again(&mut self) -> Result<(), String> {
        let response = self.environment.respond(&self.request).await?;
        let wait = response["headers"]["retry-after"].as_str().unwrap_or_default();
        if response["statusCode"] == 503 && wait.parse::<u32>().is_ok_and(|wait| wait > 0) {
            Ok(())
        } else {
            Err(response.to_string())
        }
    }
}
