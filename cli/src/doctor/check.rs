//! A check and what it found.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use shared::aws;

use crate::output::visible;

/// What a check found.
pub(super) struct Check {
    subject: &'static str,
    finding: Finding,
}

enum Finding {
    Right(String),
    Wrong { what: String, remedy: String },
    NotChecked { missing: String },
    Denied { action: &'static str },
}

impl Check {
    /// Creates the check of what is as it should be.
    pub(super) fn right(subject: &'static str, what: impl Into<String>) -> Self {
        let finding = Finding::Right(what.into());
        Self { subject, finding }
    }

    /// Creates the check of what is wrong, with what to type.
    pub(super) fn wrong(subject: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        let (what, remedy) = (what.into(), remedy.into());
        let finding = Finding::Wrong { what, remedy };
        Self { subject, finding }
    }

    /// Creates the check that lacks something, with what to give.
    pub(super) fn not_checked(subject: &'static str, missing: impl Into<String>) -> Self {
        let missing = missing.into();
        let finding = Finding::NotChecked { missing };
        Self { subject, finding }
    }

    /// Creates the check of a call of AWS that was denied.
    pub(super) fn denied(subject: &'static str, action: &'static str) -> Self {
        let finding = Finding::Denied { action };
        Self { subject, finding }
    }

    /// Creates the check of a call of AWS that failed: it was denied, or `remedy` may help.
    pub(super) fn failed<E>(
        subject: &'static str,
        action: &'static str,
        error: &SdkError<E>,
        remedy: &str,
    ) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        if error
            .code()
            .is_some_and(|code| code.trim_end_matches("Exception") == "AccessDenied")
        {
            return Self::denied(subject, action);
        }
        Self::wrong(subject, aws::message(error), remedy)
    }

    /// Writes a line, and where something is wrong one more that says what to type. `program` is how a command for the deployment begins.
    pub(super) fn lines(&self, program: &str) -> String {
        let subject = self.subject;
        let line = |state: &str, what: &str| format!("{state:<12}{subject:<13}{}\n", visible(what));
        match &self.finding {
            Finding::Right(what) => line("ok", what),
            Finding::NotChecked { missing } => line("not checked", missing),
            Finding::Denied { action } => line("not checked", &format!("it needs the permission {action}")),
            Finding::Wrong { what, remedy } => {
                let remedy = remedy.replace("latchkey ", &format!("{program} "));
                format!("{}{:<25}-> {remedy}\n", line("wrong", what), "")
            }
        }
    }

    /// Reports whether something is wrong.
    pub(super) fn is_wrong(&self) -> bool {
        matches!(self.finding, Finding::Wrong { .. })
    }
}

/// Checks whether a call of the others was denied.
pub(super) fn permissions(checks: &[Check]) -> Check {
    let denied: Vec<&str> = checks
        .iter()
        .filter_map(|check| match check.finding {
            Finding::Denied { action } => Some(action),
            _ => None,
        })
        .collect();
    if denied.is_empty() {
        return Check::right("permissions", "no call was denied");
    }
    Check::wrong(
        "permissions",
        format!("denied: {}", denied.join(", ")),
        "call as a role whose policy allows them: `latchkey policy` prints one",
    )
}
