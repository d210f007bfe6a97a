//! What the lines of a request mean. `docs/logging.md` lists them.

use serde_json::Value;

/// Returns why a request failed, and what to do, where this line says it.
pub(super) fn of(line: &Value) -> Option<String> {
    let text = |name: &str| line[name].as_str();
    let user = text("user_id").unwrap_or("unknown");
    let who = match (text("user_id"), text("name_hash")) {
        (Some(id), _) => format!("the user {id}"),
        (None, Some(hash)) => format!("a name that no user has (name_hash {hash})"),
        (None, None) => "the request".to_owned(),
    };
    let network = text("network").unwrap_or("unknown");
    let by = text("reason").or_else(|| text("limit")).unwrap_or_default();
    Some(match (text("event").unwrap_or_default(), by) {
        ("LogInFailed", "WrongPassword") => format!(
            "The password of the user {user} was wrong. `latchkey user set-password {user} --password-stdin` sets another."
        ),
        ("LogInFailed", "UnknownUser") => {
            "No user has the name that was typed, or the password has over 1,024 bytes. The name is not logged, since people type \
             their password there."
                .to_owned()
        }
        ("LogInFailed", "Disabled") => {
            format!("The user {user} is disabled. `latchkey user enable {user}` changes that.")
        }
        ("LogInFailed", "Scope") => format!(
            "The password was right, and a scope was asked for that the user {user} does not have. `latchkey user grant {user} SCOPE` \
             grants it."
        ),
        ("LogInFailed", "UnreadableHash") => format!(
            "The stored hash of the user {user} has an unknown format, so that no password is right. `latchkey user set-password {user} \
             --password-stdin` sets another."
        ),
        ("Throttled", "User") => format!(
            "Too many wrong passwords for {who}: the next attempts wait, right ones too, for as long as Retry-After said \
             (docs/throttling.md)."
        ),
        ("Throttled", "Network") => format!(
            "The network {network} had too many failed log-ins in 10 minutes. NetworkFailedLogIns is the limit (docs/throttling.md)."
        ),
        ("Throttled", "Registrations") => format!(
            "The network {network} registered too many users in 10 minutes. NetworkRegistrations is the limit (docs/throttling.md)."
        ),
        ("Throttled", "Queue") => {
            "Too many password hashes were waiting: 503. The client repeats it; if it goes on, give the functions more room \
             (docs/load.md)."
                .to_owned()
        }
        ("RefreshReused", _) => format!(
            "A refresh token of {who} was used again after it had been replaced, so that the session ended: a client that keeps old \
             tokens, or an attacker who has a copy (docs/sessions.md)."
        ),
        ("RefreshUnknown", _) if text("user_id").is_none() => {
            "The refresh token was not issued by this deployment, or it is older than the keys: log in again.".to_owned()
        }
        ("RefreshUnknown", _) => format!(
            "The session of {who} expired or ended, the user is disabled, or a scope was asked for that the session does not have: log \
             in again. `latchkey user show {user}` shows the user."
        ),
        ("ClientRefused", _) => format!(
            "The client {} sent a wrong secret, or none. A secret cannot be shown again: `latchkey client create` makes another client.",
            text("client_id").unwrap_or("unknown")
        ),
        _ => return of_a_failure(line),
    })
}

/// Returns why a function failed, or what the gateway's status means.
fn of_a_failure(line: &Value) -> Option<String> {
    let text = |name: &str| line[name].as_str();
    match text("message") {
        Some("the request failed") => Some(format!(
            "The function responded 503 or 500: {}. `latchkey doctor` looks for the cause.",
            text("cause").unwrap_or("no cause is logged")
        )),
        Some("panic") => Some(format!(
            "A bug, at {}: please report it.",
            text("place").unwrap_or("an unknown place")
        )),
        Some("a request could not be authorized") => Some(format!(
            "The authorizer failed, and the gateway responded 500: {}.",
            text("error").unwrap_or("no cause is logged")
        )),
        Some("the migration endpoint failed") => Some(format!(
            "The endpoint of users elsewhere failed, which is a wrong password to the client: {} (docs/migrate.md).",
            text("error").unwrap_or("no cause is logged")
        )),
        Some("the migration endpoint did not respond within the budget of a log-in") => Some(
            "The endpoint of users elsewhere took longer than LoginBudgetMs, which is a wrong password to the client (docs/migrate.md)."
                .to_owned(),
        ),
        Some("a profile of the migration endpoint has a name of another user") => Some(
            "The user elsewhere could not move in: another user here has the username or the e-mail address (docs/migrate.md).".to_owned(),
        ),
        Some("no keys yet") => Some(format!(
            "There are no signing keys: {}. `latchkey doctor` looks for the cause.",
            text("why").unwrap_or("no cause is logged")
        )),
        Some(_) => ["error", "missing"].iter().find_map(|name| text(name)).map(str::to_owned),
        None => of_the_gateway(line),
    }
}

/// Reads a line of the access log, by the table of `docs/logging.md`.
fn of_the_gateway(line: &Value) -> Option<String> {
    let text = |name: &str| line[name].as_str().unwrap_or("-");
    match (text("status"), text("lambdaStatus"), text("functionStatus")) {
        ("429", "-", _) => Some(
            "The gateway refused it by a limit of the stage (RouteSettings): no function was called."
                .to_owned(),
        ),
        ("404", "-", _) => Some("No route has this path and method: no function was called.".to_owned()),
        (status, "429", _) if status.starts_with('5') => Some(
            "No concurrency was left for the function: TokenReservedConcurrency, or the account's."
                .to_owned(),
        ),
        ("500", "403", _) => {
            Some("The gateway may not invoke the function: deploy the stack again.".to_owned())
        }
        (status, "200", own) if status.starts_with('5') && own != status => Some(format!(
            "The function crashed, ran out of time, or its response is malformed: look for record.requestId {} in its log group.",
            text("lambdaRequestId")
        )),
        (status, "-", _) if status.starts_with('5') => Some("The gateway itself failed.".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::of;

    fn event(name: &str, by: (&str, &str), subject: (&str, &str)) -> Value {
        json!({"event": name, "message": "refused", by.0: by.1, subject.0: subject.1})
    }

    #[test]
    fn each_refusal_that_is_logged_is_explained() {
        let user = ("user_id", "u");
        let network = ("network", "192.0.2.1");
        let gateway = |status: &str, lambda: &str| json!({"status": status, "lambdaStatus": lambda, "functionStatus": "-", "lambdaRequestId": "l"});
        for (line, said) in [
            (
                event("LogInFailed", ("reason", "WrongPassword"), user),
                "password of the user u was wrong",
            ),
            (
                event("LogInFailed", ("reason", "UnknownUser"), ("name_hash", "h")),
                "No user has the name",
            ),
            (
                event("LogInFailed", ("reason", "Disabled"), user),
                "`latchkey user enable u`",
            ),
            (
                event("LogInFailed", ("reason", "Scope"), user),
                "a scope was asked for",
            ),
            (
                event("LogInFailed", ("reason", "UnreadableHash"), user),
                "unknown format",
            ),
            (
                event("Throttled", ("limit", "User"), ("name_hash", "h")),
                "no user has (name_hash h)",
            ),
            (event("Throttled", ("limit", "Network"), network), "192.0.2.1"),
            (
                event("Throttled", ("limit", "Registrations"), network),
                "NetworkRegistrations",
            ),
            (event("Throttled", ("limit", "Queue"), network), "503"),
            (event("RefreshReused", ("session_id", "s"), user), "used again"),
            (
                event("RefreshUnknown", ("network", "n"), network),
                "not issued by this deployment",
            ),
            (
                event("RefreshUnknown", ("session_id", "s"), user),
                "session of the user u",
            ),
            (
                event("ClientRefused", ("client_id", "c"), network),
                "client c sent",
            ),
            (
                json!({"message": "the request failed", "cause": "the store: gone"}),
                "the store: gone",
            ),
            (json!({"message": "panic", "place": "a.rs:1"}), "a.rs:1"),
            (
                json!({"message": "a request could not be authorized", "error": "no keys"}),
                "no keys",
            ),
            (gateway("429", "-"), "RouteSettings"),
            (gateway("404", "-"), "No route"),
            (gateway("503", "429"), "concurrency"),
            (gateway("500", "403"), "may not invoke"),
            (gateway("500", "200"), "record.requestId l"),
            (gateway("503", "-"), "The gateway itself"),
        ] {
            let meaning = of(&line).unwrap_or_default();
            assert!(meaning.contains(said), "{line}: {meaning}");
        }
        for line in [
            event("LoggedIn", ("session_id", "s"), user),
            json!({"message": "POST /token 400 1 ms"}),
            json!({"status": "401", "lambdaStatus": "200", "functionStatus": "401"}),
        ] {
            assert_eq!(of(&line), None, "{line}");
        }
    }
}
