//! The log events of security-relevant acts.
//!
//! Each event is one line. It has no secret, and no name in clear, since people type their password into the field of the name.
//! `docs/logging.md` lists the events. `logging` adds the client's network and user agent.

/// The events that are metrics, too: each costs as a custom metric of every function that logs it, so they are few.
pub const METRICS: [&str; 5] = [
    "Registered",
    "LoggedIn",
    "LogInFailed",
    "Throttled",
    "RefreshReused",
];

/// A security-relevant act.
#[derive(Clone, Copy, Debug)]
#[expect(
    missing_docs,
    reason = "the fields are the ids of users, sessions, clients, keys and mails"
)]
pub enum Event<'a> {
    /// A user was made.
    Registered { user: &'a str },
    /// The operator's endpoint said that a log-in's password is right, and a user was made of its profile.
    Migrated { user: &'a str },
    /// A password was right; `session` where log-ins begin one.
    LoggedIn { user: &'a str, session: Option<&'a str> },
    /// A log-in was rejected, or the present password in a change of it.
    LogInFailed { subject: Subject<'a>, reason: Reason },
    /// An attempt was rejected before anything was verified.
    Throttled { subject: Subject<'a>, limit: Limit },
    /// A refresh continued a session.
    Refreshed { user: &'a str, session: &'a str },
    /// A replaced refresh token got its successor again, within the window.
    RefreshReplayed { user: &'a str, session: &'a str },
    /// A replaced refresh token was used after the window, and its session ended.
    RefreshReused { user: &'a str, session: &'a str },
    /// A refresh was rejected for any other reason; without ids where Latchkey did not issue the token.
    RefreshUnknown {
        user: Option<&'a str>,
        session: Option<&'a str>,
    },
    /// A token was revoked, and its session ended.
    Revoked { user: &'a str, session: &'a str },
    /// A user or an operator ended a session.
    SessionEnded { user: &'a str, session: &'a str },
    /// A user ended all other sessions, or an operator all.
    SessionsEnded { user: &'a str },
    /// A user chose another password, or an operator set one.
    PasswordChanged { user: &'a str },
    /// A user proved an e-mail address.
    AddressProved { user: &'a str },
    /// A user replaced a forgotten password by a mail.
    PasswordReset { user: &'a str },
    /// A user changed username or e-mail address.
    NamesChanged { user: &'a str },
    /// An operator disabled a user.
    Disabled { user: &'a str },
    /// A user or an operator deleted the account.
    Deleted { user: &'a str },
    /// A user created an API key.
    ApiKeyCreated { user: &'a str, key: &'a str },
    /// A user ended an API key.
    ApiKeyEnded { user: &'a str, key: &'a str },
    /// A client got a token of its own.
    ClientTokenIssued { client: &'a str },
    /// A registered client did not prove itself.
    ClientRefused { client: &'a str },
    /// A mail was accepted for delivery.
    MailSent { mail: &'a str, kind: &'a str },
    /// A mail will never be accepted for delivery, and is given up; `code` is the refusing service's.
    MailRejected {
        mail: &'a str,
        kind: &'a str,
        code: &'a str,
    },
    /// A rotation made this key the newest of the ring.
    KeyRotated { kid: &'a str },
    /// An emergency dropped this key, `*` for all.
    KeyDropped { kid: &'a str },
}

/// The subject of an attempt.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// The id of a user.
    User(&'a str),
    /// The keyed hash of a name that no user has.
    Name(&'a str),
    /// No subject: the attempt has none, or the key that hashes its name is not available yet.
    Unnamed,
}

/// Why a log-in failed.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Reason {
    WrongPassword,
    UnknownUser,
    Disabled,
    /// A scope that cannot be granted.
    Scope,
    /// The stored hash has an unknown format, so that the user cannot log in.
    UnreadableHash,
}

/// The limit that an attempt exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Limit {
    User,
    Network,
    Registrations,
    /// Of mails that are asked for, by the network or to the address.
    Mails,
    /// Too many hashes are waiting.
    Queue,
}

/// The line of an event.
#[derive(Default)]
struct Line<'a> {
    name: &'static str,
    message: &'static str,
    user: Option<&'a str>,
    name_hash: Option<&'a str>,
    session: Option<&'a str>,
    api_key: Option<&'a str>,
    client: Option<&'a str>,
    kid: Option<&'a str>,
    mail: Option<&'a str>,
    kind: Option<&'a str>,
    code: Option<&'a str>,
}

impl Event<'_> {
    /// Writes the line.
    pub fn log(&self) {
        let Line {
            name,
            message,
            user,
            name_hash,
            session,
            api_key,
            client,
            kid,
            mail,
            kind,
            code,
        } = self.line();
        let reason = match self {
            Self::LogInFailed { reason, .. } => Some(tracing::field::debug(reason)),
            _ => None,
        };
        let limit = match self {
            Self::Throttled { limit, .. } => Some(tracing::field::debug(limit)),
            _ => None,
        };
        // A level is a constant of its line.
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    event = name,
                    user_id = user,
                    name_hash,
                    session_id = session,
                    api_key_id = api_key,
                    client_id = client,
                    kid,
                    mail_id = mail,
                    kind,
                    code,
                    reason,
                    limit,
                    "{message}"
                )
            };
        }
        match self {
            Self::LogInFailed { .. }
            | Self::Throttled { .. }
            | Self::RefreshReused { .. }
            | Self::RefreshUnknown { .. }
            | Self::ClientRefused { .. }
            | Self::KeyDropped { .. } => line!(warn),
            Self::MailRejected { .. } => line!(error),
            _ => line!(info),
        }
    }

    fn line(&self) -> Line<'_> {
        let of = |name, message| Line {
            name,
            message,
            ..Line::default()
        };
        let of_user = |name, message, user| Line {
            user: Some(user),
            ..of(name, message)
        };
        let of_session = |name, message, user, session| Line {
            session: Some(session),
            ..of_user(name, message, user)
        };
        let of_api_key = |name, message, user, key| Line {
            api_key: Some(key),
            ..of_user(name, message, user)
        };
        let of_client = |name, message, client| Line {
            client: Some(client),
            ..of(name, message)
        };
        let of_key = |name, message, kid| Line {
            kid: Some(kid),
            ..of(name, message)
        };
        let of_mail = |name, message, mail, kind| Line {
            mail: Some(mail),
            kind: Some(kind),
            ..of(name, message)
        };
        let of_subject = |name, message, subject| match subject {
            Subject::User(user) => of_user(name, message, user),
            Subject::Name(hash) => Line {
                name_hash: Some(hash),
                ..of(name, message)
            },
            Subject::Unnamed => of(name, message),
        };
        match *self {
            Self::Registered { user } => of_user("Registered", "registered", user),
            Self::Migrated { user } => of_user("Migrated", "migrated", user),
            Self::LoggedIn { user, session } => Line {
                session,
                ..of_user("LoggedIn", "logged in", user)
            },
            Self::LogInFailed { subject, .. } => of_subject("LogInFailed", "log-in failed", subject),
            Self::Throttled { subject, .. } => of_subject("Throttled", "attempt throttled", subject),
            Self::Refreshed { user, session } => of_session("Refreshed", "session refreshed", user, session),
            Self::RefreshReplayed { user, session } => {
                of_session("RefreshReplayed", "refresh token replayed", user, session)
            }
            Self::RefreshReused { user, session } => of_session(
                "RefreshReused",
                "refresh token reused, the session is ended",
                user,
                session,
            ),
            Self::RefreshUnknown { user, session } => Line {
                user,
                session,
                ..of("RefreshUnknown", "refresh rejected")
            },
            Self::Revoked { user, session } => of_session("Revoked", "token revoked", user, session),
            Self::SessionEnded { user, session } => {
                of_session("SessionEnded", "session ended", user, session)
            }
            Self::SessionsEnded { user } => of_user("SessionsEnded", "other sessions ended", user),
            Self::PasswordChanged { user } => of_user("PasswordChanged", "password changed", user),
            Self::AddressProved { user } => of_user("AddressProved", "address proved", user),
            Self::PasswordReset { user } => of_user("PasswordReset", "password reset", user),
            Self::NamesChanged { user } => of_user("NamesChanged", "names changed", user),
            Self::Disabled { user } => of_user("Disabled", "user disabled", user),
            Self::Deleted { user } => of_user("Deleted", "user deleted", user),
            Self::ApiKeyCreated { user, key } => of_api_key("ApiKeyCreated", "API key created", user, key),
            Self::ApiKeyEnded { user, key } => of_api_key("ApiKeyEnded", "API key ended", user, key),
            Self::ClientTokenIssued { client } => {
                of_client("ClientTokenIssued", "token of a client issued", client)
            }
            Self::ClientRefused { client } => {
                of_client("ClientRefused", "client authentication failed", client)
            }
            Self::MailSent { mail, kind } => of_mail("MailSent", "mail sent", mail, kind),
            Self::MailRejected { mail, kind, code } => Line {
                code: Some(code),
                ..of_mail("MailRejected", "mail rejected, it is given up", mail, kind)
            },
            Self::KeyRotated { kid } => of_key("KeyRotated", "signing keys rotated", kid),
            Self::KeyDropped { kid } => of_key("KeyDropped", "compromised key dropped", kid),
        }
    }
}
