//! Each function without one of the variables that only a deployment knows.

use testing::deployment::{Deployment, MAIL_FROM};

use crate::Binaries;
use crate::report::Report;
use crate::rie::InvocationError;

pub(crate) async fn run(binaries: &Binaries, report: &mut Report) {
    // The mailer needs these two, and says so first.
    let deployment = Deployment::start()
        .await
        .with("MAIL_FROM", MAIL_FROM)
        .with("MAIL_KEY_FILE", "mail-key");
    for function in binaries.template.functions() {
        let required = ["TABLE_NAME", "ISSUER"].into_iter();
        for variable in required.filter(|name| function.environment.contains_key(*name)) {
            let name = &function.package;
            let check = stops_without(binaries, &deployment, name, variable);
            report.check(&format!("{name} without {variable}"), check).await;
        }
    }
}

/// Checks that the start fails and that the output names the variable.
async fn stops_without(
    binaries: &Binaries,
    deployment: &Deployment,
    name: &str,
    variable: &str,
) -> Result<String, String> {
    let mut variables = deployment.variables().clone();
    variables.remove(variable);
    let mut environment = binaries.start(name, &variables).await;
    match environment.invoke(&serde_json::Value::Null).await {
        Err(InvocationError::Start) => {}
        other => return Err(format!("the start did not fail: {other:?}")),
    }
    let message = format!("{variable} must be set");
    let output = environment.output();
    if !output.contains(&message) || output.contains("stack backtrace") {
        return Err(output);
    }
    Ok(message)
}
