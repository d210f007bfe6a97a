//! What a mail says and to which accounts its links lead: decided when it is sent, since accounts change after the mail was made.

use shared::clock::Timestamp;
use shared::error::Error;
use shared::mail::{Mail, MailToken, Occasion, Purpose};
use shared::users::{Account, Addressed, Email, UserId, Users, Wanted};

use crate::letter::{Fact, Letter, Link, Subject};

/// Decides about a mail; `None` where it has no recipient.
pub(crate) async fn letter(mail: &Mail, users: &Users, now: Timestamp) -> Result<Option<Letter>, Error> {
    let address = Email::of(mail);
    let context = Context {
        mail,
        users,
        address: &address,
        now,
    };
    match &mail.occasion {
        Occasion::Claimed { user } => context.claimed(user).await,
        Occasion::ProofAsked => context.proof_asked().await,
        Occasion::ResetAsked => context.reset_asked().await,
        Occasion::PasswordChanged { user } => {
            context
                .notice(user, Subject::PasswordChanged, Vec::new())
                .await
        }
        Occasion::ApiKeyCreated { user, name } => {
            let facts = vec![(Fact::ApiKey, name.clone())];
            context.notice(user, Subject::ApiKeyCreated, facts).await
        }
        Occasion::NewNetwork {
            user,
            ip,
            user_agent,
        } => {
            let ip = ip.clone().map(|ip| (Fact::Ip, ip));
            let client = user_agent.clone().map(|client| (Fact::Client, client));
            let facts = ip.into_iter().chain(client).collect();
            context.notice(user, Subject::NewNetwork, facts).await
        }
        Occasion::AddressChanged {
            user,
            proved,
            recoveries,
        } => {
            let recoveries = Some(*recoveries).filter(|_| !proved);
            context.address_changed(user, recoveries).await
        }
    }
}

struct Context<'a> {
    mail: &'a Mail,
    users: &'a Users,
    address: &'a Email,
    now: Timestamp,
}

impl Context<'_> {
    async fn claimed(&self, user: &str) -> Result<Option<Letter>, Error> {
        let addressed = self.addressed().await?;
        if addressed.proved {
            let is_own = addressed.owner.is_some_and(|owner| owner.as_str() == user);
            // Proved by the one who claimed it, there is nothing left to do.
            return Ok((!is_own).then(already));
        }
        let links = self.account(user).await?;
        let links = links.and_then(|account| self.proof(&account));
        Ok(with_links(Subject::Prove, links.into_iter().collect()))
    }

    async fn proof_asked(&self) -> Result<Option<Letter>, Error> {
        let addressed = self.addressed().await?;
        if addressed.proved {
            return Ok(Some(already()));
        }
        let mut links = Vec::new();
        for user in users_of(&addressed) {
            let account = self.account(user.as_str()).await?;
            links.extend(account.and_then(|account| self.proof(&account)));
        }
        Ok(with_links(Subject::Prove, links))
    }

    async fn reset_asked(&self) -> Result<Option<Letter>, Error> {
        let addressed = self.addressed().await?;
        let mut links = Vec::new();
        for user in users_of(&addressed) {
            let account = self.account(user.as_str()).await?;
            links.extend(account.and_then(|account| self.recovery(&account)));
        }
        Ok(with_links(Subject::Reset, links))
    }

    /// Returns a notice to a user; `None` where the user was deleted.
    async fn notice(
        &self,
        user: &str,
        subject: Subject,
        facts: Vec<(Fact, String)>,
    ) -> Result<Option<Letter>, Error> {
        let account = self.account(user).await?;
        Ok(account.map(|account| Letter {
            subject,
            facts: self.facts(&account, facts),
            links: Vec::new(),
        }))
    }

    async fn address_changed(&self, user: &str, recoveries: Option<u64>) -> Result<Option<Letter>, Error> {
        Ok(self.account(user).await?.map(|account| {
            let token = MailToken {
                recoveries,
                ..self.token(Purpose::Undo, &account, None)
            };
            Letter {
                subject: Subject::AddressChanged,
                facts: self.facts(&account, Vec::new()),
                links: self.usable(token, &account).into_iter().collect(),
            }
        }))
    }

    /// Returns the link by which a user proves the address, if the user still holds or claims it.
    fn proof(&self, account: &Account) -> Option<Link> {
        let user = &account.user;
        let token = self.token(Purpose::Prove, account, Some(account.credential_generation));
        let proved = user.addresses().proved(&self.address.key(), self.now);
        proved.filter(|_| !user.disabled).map(|_| link(token, account))
    }

    /// Returns the link by which a user's password is replaced, if the user can be recovered by the address.
    fn recovery(&self, account: &Account) -> Option<Link> {
        let token = self.token(Purpose::Reset, account, Some(account.credential_generation));
        self.usable(token, account)
    }

    fn usable(&self, token: MailToken, account: &Account) -> Option<Link> {
        account.recovered_by(&token, self.address, self.now)?;
        Some(link(token, account))
    }

    fn token(&self, purpose: Purpose, account: &Account, generation: Option<u64>) -> MailToken {
        MailToken {
            purpose,
            user: account.user.id.as_str().to_owned(),
            address: self.mail.to.clone(),
            generation,
            recoveries: None,
            // Not from now on, so that a retry makes the same token.
            expires_at: self.mail.made_at.plus(purpose.seconds()),
        }
    }

    fn facts(&self, account: &Account, more: Vec<(Fact, String)>) -> Vec<(Fact, String)> {
        let username = username(account).map(|username| (Fact::Account, username));
        let time = (Fact::Time, time(self.mail.made_at));
        username.into_iter().chain(more).chain([time]).collect()
    }

    async fn addressed(&self) -> Result<Addressed, Error> {
        self.users.addressed(&self.address.key(), self.now).await
    }

    async fn account(&self, user: &str) -> Result<Option<Account>, Error> {
        self.users.find(user, Wanted::None).await
    }
}

/// Returns the owner and, where the address is not proved, those who claim it.
fn users_of(addressed: &Addressed) -> impl Iterator<Item = &UserId> {
    addressed.owner.iter().chain(&addressed.claimants)
}

fn already() -> Letter {
    Letter {
        subject: Subject::Already,
        facts: Vec::new(),
        links: Vec::new(),
    }
}

fn with_links(subject: Subject, links: Vec<Link>) -> Option<Letter> {
    (!links.is_empty()).then_some(Letter {
        subject,
        facts: Vec::new(),
        links,
    })
}

fn link(token: MailToken, account: &Account) -> Link {
    Link {
        token,
        username: username(account),
    }
}

fn username(account: &Account) -> Option<String> {
    let username = account.user.profile.username.as_ref();
    username.map(|username| username.as_str().to_owned())
}

/// Returns a time to the minute, in UTC.
fn time(time: Timestamp) -> String {
    let text = time.to_string();
    // `2026-11-23T20:47:00Z`
    let minute = text.get(..16).unwrap_or(&text);
    format!("{} UTC", minute.replace('T', " "))
}
