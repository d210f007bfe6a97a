//! Binaries without one of their variables.

use testing::deployment::Deployment;
use testing::runtime_api::InvocationError;

use crate::report::Report;
use crate::{LIMIT, Place};

pub(crate) async fn run(place: &Place, report: &mut Report) {
    let deployment = Deployment::start().await;
    for (name, variable) in [
        ("token", "ISSUER"),
        ("me", "TABLE_NAME"),
        ("register", "TABLE_NAME"),
        ("rotate-keys", "TABLE_NAME"),
    ] {
        let check = stops_without(place, &deployment, name, variable);
        report.check(&format!("{name} without {variable}"), check).await;
    }
}

/// It ends by itself, and what it printed names the variable.
async fn stops_without(
    place: &Place,
    deployment: &Deployment,
    name: &str,
    variable: &str,
) -> Result<String, String> {
    let mut variables = deployment.variables().clone();
    variables.remove(variable);
    let binary = place.folder.join(name);
    let environment = place.emulator.start(&binary, &variables, LIMIT).await;
    let mut environment = environment.map_err(|error| error.to_string())?;
    match environment.invoke(&serde_json::Value::Null).await {
        Err(InvocationError::Exited { status, .. }) if !status.success() => {}
        Err(InvocationError::Start { .. }) => {}
        other => return Err(format!("it runs on: {other:?}")),
    }
    let message = format!("{variable} must be set");
    let printed = environment.output();
    if !printed.contains(&message) || printed.contains("stack backtrace") {
        return Err(printed);
    }
    Ok(message)
}
