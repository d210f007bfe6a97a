//! What one environment does when its store is away, when it is called with what it cannot read, and when its time is over.

use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::Clock;
use testing::deployment::{Deployment, ISSUER};
use testing::environment::{Emulator, Environment};
use testing::event::me;
use testing::fault_proxy::{Fault, FaultProxy};
use testing::forge::Forger;
use testing::rings::shared_ring;
use testing::runtime_api::InvocationError;

use crate::report::Report;
use crate::{LIMIT, Place};

/// How often a request that reads a user asks the store: for the user, and at a cold start for the published keys, too.
const WARM: usize = 1;
const COLD: usize = 2;

pub(crate) async fn run(place: &Place, report: &mut Report) {
    for (name, fault) in [
        ("a store that hangs up", Fault::HangUpBefore),
        ("a store that does not answer", Fault::Hang),
    ] {
        let check = async { Scene::start(place, LIMIT).await?.store_away(fault).await };
        report.check(name, check).await;
    }
    let check = async {
        Scene::start(place, LIMIT)
            .await?
            .store_away_at_the_cold_start()
            .await
    };
    report
        .check("a store that is away at the cold start", check)
        .await;
    let name = "a request after one that could not be read";
    let check = async { Scene::start(place, LIMIT).await?.after_a_failure().await };
    report.check(name, check).await;
    // The Runtime API of this project ends no process.
    if matches!(place.emulator, Emulator::Rie(_)) {
        let limit = Duration::from_secs(1);
        let check = async { Scene::start(place, limit).await?.time_over().await };
        report.check("a request that takes too long", check).await;
    }
}

/// The function `me`, its store behind a proxy, and a request for a user who is there.
struct Scene {
    environment: Environment,
    proxy: FaultProxy,
    request: Value,
    /// Kept: an embedded engine stops with it.
    _deployment: Deployment,
}

impl Scene {
    async fn start(place: &Place, limit: Duration) -> Result<Self, String> {
        let deployment = Deployment::start().await;
        let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
        let id = deployment.user("johndoe", "correct horse battery").await;
        let now = Clock::system().now().unix();
        let token = Forger::new(shared_ring(), ISSUER, &id, now).token(|_, _| {});
        let deployment = deployment.with("DYNAMODB_ENDPOINT", proxy.endpoint());
        let binary = place.folder.join("me");
        let environment = place.emulator.start(&binary, deployment.variables(), limit).await;
        Ok(Self {
            environment: environment.map_err(|error| error.to_string())?,
            proxy,
            request: me(&token).value().clone(),
            _deployment: deployment,
        })
    }

    async fn store_away(mut self, fault: Fault) -> Result<String, String> {
        self.answers_with(COLD).await?;
        self.proxy.always(fault);
        self.asks_to_try_again().await?;
        self.proxy.pass();
        self.answers_with(WARM).await?;
        Ok("503 with Retry-After, then 200".to_owned())
    }

    async fn store_away_at_the_cold_start(mut self) -> Result<String, String> {
        self.proxy.always(Fault::HangUpBefore);
        self.asks_to_try_again().await?;
        self.proxy.pass();
        self.answers_with(COLD).await?;
        Ok("503 with Retry-After, then 200".to_owned())
    }

    async fn after_a_failure(mut self) -> Result<String, String> {
        match self.environment.invoke(&json!({"not": "an event"})).await {
            Err(InvocationError::Failed { .. }) => {}
            other => return Err(format!("it did not fail: {other:?}")),
        }
        // A cold start and two requests in the same environment; a second cold start would have read the keys again.
        self.answers().await?;
        self.answers().await?;
        match self.proxy.count("GetItem") {
            reads if reads == COLD + WARM => Ok("failed, then 200, 200".to_owned()),
            reads => Err(format!("{reads} reads")),
        }
    }

    async fn time_over(mut self) -> Result<String, String> {
        self.answers_with(COLD).await?;
        self.proxy.always(Fault::Hang);
        match self.environment.invoke(&self.request).await {
            Err(InvocationError::TimedOut(_)) => {}
            other => return Err(format!("its time was not over: {other:?}")),
        }
        self.proxy.pass();
        // A fresh environment.
        self.answers_with(COLD).await?;
        self.answers_with(WARM).await?;
        Ok("timed out, then 200 from a cold start, 200".to_owned())
    }

    /// The request is answered, with so many reads.
    async fn answers_with(&mut self, expected: usize) -> Result<(), String> {
        self.proxy.reset_counts();
        self.answers().await?;
        match self.proxy.count("GetItem") {
            reads if reads == expected => Ok(()),
            reads => Err(format!("{reads} reads instead of {expected}")),
        }
    }

    async fn asks_to_try_again(&mut self) -> Result<(), String> {
        let answer = self.environment.invoke(&self.request).await;
        let answer = answer.map_err(|error| error.to_string())?;
        let wait = answer["headers"]["retry-after"].as_str().unwrap_or_default();
        if answer["statusCode"] == 503 && wait.parse::<u32>().is_ok_and(|wait| wait > 0) {
            Ok(())
        } else {
            Err(answer.to_string())
        }
    }

    async fn answers(&mut self) -> Result<(), String> {
        let answer = self.environment.invoke(&self.request).await;
        match answer.map_err(|error| error.to_string())? {
            answer if answer["statusCode"] == 200 => Ok(()),
            answer => Err(answer.to_string()),
        }
    }
}
