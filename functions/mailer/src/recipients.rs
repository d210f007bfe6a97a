//! What a mail says, to whom, and to which accounts its links lead: decided when it is sent, since accounts change after the mail was made.
//!
//! A mail that was asked for goes to the address as its account has it, never as it was typed: another spelling of the same name, such as
//! `strasse@` of `straße@`, can be another mailbox.

use shared::clock::Timestamp;
use shared::error::Error;
use shared::mail::{Mail, MailToken, Occasion, Purpose};
use shared::users::{Account, Addressed, Email, UserId, Users, Wanted};

use crate::letter::{Fact, Letter, Link, Subject};

/// Decides about a mail: one letter to each spelling of the address that has a recipient.
pub(crate) async fn letters(mail: &Mail, users: &Users, now: Timestamp) -> Result<Vec<Letter>, Error> {
    let context = Context {
        mail,
        users,
        address: Email::of(mail),
        now,
    };
    match &mail.occasion {
        Occasion::Claimed { user } => context.claimed(user).await,
        Occasion::ProofAsked => context.proof_asked().await,
        Occasion::ResetAsked => context.reset_asked().await,
        Occasion::PasswordChanged { user } => {
            context.notice(user, Subject::PasswordChanged, Vec::new()).await
        }
        Occasion::ApiKeyCreated { user, name } => {
            let facts = vec![(Fact::ApiKey, name.clone())];
            context.notice(user, Subject::ApiKeyCreated, facts).await
        }
        Occasion::NewNetwork { user, ip, user_agent } => {
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
    address: Email,
    now: Timestamp,
}

impl Context<'_> {
    async fn claimed(&self, user: &str) -> Result<Vec<Letter>, Error> {
        let addressed = self.addressed().await?;
        let owner = addressed.owner.as_ref().filter(|_| addressed.proved);
        match owner {
            Some(owner) if owner.as_str() != user => self.already(owner).await,
            // The user's own is of another spelling, if any.
            _ => {
                let account = self.account(user).await?;
                let has_proved = |account: &Account| {
                    let user = &account.user;
                    user.email_verified && user.profile.email.as_ref() == Some(&self.address)
                };
                let mut links = Vec::new();
                links.extend(
                    account
                        .filter(|account| !has_proved(account))
                        .and_then(|account| self.proof(&account, &self.address)),
                );
                // The one who has it and has not proved it may be the same person, and would lose it by this proof.
                let holder = addressed.owner.as_ref().filter(|owner| owner.as_str() != user);
                if let Some(holder) = holder.filter(|_| !links.is_empty()) {
                    let account = self.account(holder.as_str()).await?;
                    links.extend(account.and_then(|account| self.proof(&account, &self.spelled(&account)?)));
                }
                Ok(with_links(Subject::Prove, links))
            }
        }
    }

    async fn proof_asked(&self) -> Result<Vec<Letter>, Error> {
        let addressed = self.addressed().await?;
        if let Some(owner) = addressed.owner.as_ref().filter(|_| addressed.proved) {
            return self.already(owner).await;
        }
        let mut links = Vec::new();
        for user in users_of(&addressed) {
            let account = self.account(user.as_str()).await?;
            links.extend(account.and_then(|account| self.proof(&account, &self.spelled(&account)?)));
        }
        Ok(with_links(Subject::Prove, links))
    }

    async fn reset_asked(&self) -> Result<Vec<Letter>, Error> {
        let addressed = self.addressed().await?;
        let mut links = Vec::new();
        for user in users_of(&addressed) {
            let account = self.account(user.as_str()).await?;
            links.extend(account.and_then(|account| self.recovery(&account, &self.spelled(&account)?)));
        }
        Ok(with_links(Subject::Reset, links))
    }

    async fn already(&self, owner: &UserId) -> Result<Vec<Letter>, Error> {
        let account = self.account(owner.as_str()).await?;
        let to = account.and_then(|account| self.spelled(&account));
        let letter = to.map(|to| Letter {
            to,
            subject: Subject::Already,
            facts: Vec::new(),
            links: Vec::new(),
        });
        Ok(letter.into_iter().collect())
    }

    /// Returns a notice to a user; none where the user was deleted, or another one has proved the address.
    async fn notice(
        &self,
        user: &str,
        subject: Subject,
        facts: Vec<(Fact, String)>,
    ) -> Result<Vec<Letter>, Error> {
        let addressed = self.addressed().await?;
        let is_others = |owner: &UserId| addressed.proved && owner.as_str() != user;
        if addressed.owner.as_ref().is_some_and(is_others) {
            return Ok(Vec::new());
        }
        let account = self.account(user).await?;
        let notice = account.map(|account| Letter {
            to: self.address.clone(),
            subject,
            facts: self.facts(&account, facts),
            links: Vec::new(),
        });
        Ok(notice.into_iter().collect())
    }

    async fn address_changed(&self, user: &str, recoveries: Option<u64>) -> Result<Vec<Letter>, Error> {
        let account = self.account(user).await?;
        let notice = account.map(|account| {
            let token = MailToken {
                recoveries,
                ..self.token(Purpose::Undo, &account, &self.address, None)
            };
            Letter {
                to: self.address.clone(),
                subject: Subject::AddressChanged,
                facts: self.facts(&account, Vec::new()),
                links: self.usable(token, &account).into_iter().collect(),
            }
        });
        Ok(notice.into_iter().collect())
    }

    /// Returns the link by which a user proves an address, if the user still holds or claims it.
    fn proof(&self, account: &Account, address: &Email) -> Option<Link> {
        let user = &account.user;
        let token = self.token(
            Purpose::Prove,
            account,
            address,
            Some(account.credential_generation),
        );
        let proved = user.addresses().proved(address, self.now);
        proved.filter(|_| !user.disabled).map(|_| link(token, account))
    }

    /// Returns the link by which a user's password is replaced, if the user can be recovered by the address.
    fn recovery(&self, account: &Account, address: &Email) -> Option<Link> {
        let token = self.token(
            Purpose::Reset,
            account,
            address,
            Some(account.credential_generation),
        );
        self.usable(token, account)
    }

    fn usable(&self, token: MailToken, account: &Account) -> Option<Link> {
        account.recovered_by(&token, self.now)?;
        Some(link(token, account))
    }

    fn token(
        &self,
        purpose: Purpose,
        account: &Account,
        address: &Email,
        generation: Option<u64>,
    ) -> MailToken {
        MailToken {
            purpose,
            user: account.user.id.as_str().to_owned(),
            address: address.as_str().to_owned(),
            generation,
            recoveries: None,
            // Not from now on, so that a retry makes the same token.
            expires_at: self.mail.made_at.plus(purpose.seconds()),
        }
    }

    /// Returns the address of the mail as an account has or claims it.
    fn spelled(&self, account: &Account) -> Option<Email> {
        let addresses = account.user.addresses();
        let claim = addresses.claim.filter(|claim| self.now < claim.expires_at);
        let claimed = claim.map(|claim| claim.email);
        let mut spellings = addresses.held.into_iter().chain(claimed);
        spellings.find(|email| email.key() == self.address.key())
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

/// Returns one letter to each address of these links, in the order of the links.
fn with_links(subject: Subject, links: impl IntoIterator<Item = Link>) -> Vec<Letter> {
    let mut letters: Vec<Letter> = Vec::new();
    for link in links {
        let to = Email::of_token(&link.token);
        match letters.iter_mut().find(|letter| letter.to == to) {
            Some(letter) => letter.links.push(link),
            None => letters.push(Letter {
                to,
                subject,
                facts: Vec::new(),
                links: vec![link],
            }),
        }
    }
    letters
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
