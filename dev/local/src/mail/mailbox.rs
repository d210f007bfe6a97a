//! The mailbox: each mail is kept in memory for its page and as a file, and goes to a mail server where one is named.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use mailer::{Rendered, SendError, Transport};
use serde::Serialize;
use shared::clock::Clock;

use super::smtp::{self, Server};
use crate::StartError;
use crate::data::{Folder, write_private};

/// How many mails the page shows.
const MAX_MAILS: usize = 1000;

/// The mailbox of all addresses; a clone is the same one.
#[derive(Clone)]
pub(crate) struct Mailbox {
    mails: Arc<Mutex<VecDeque<Kept>>>,
    folder: PathBuf,
    server: Option<Server>,
    clock: Clock,
}

/// A mail, as the page and its list show it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Kept {
    /// The id, which is the same at every try.
    #[serde(skip)]
    id: String,
    pub(super) to: String,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
    pub(super) links: Vec<String>,
    pub(super) sent_at: String,
}

impl Mailbox {
    /// Creates an empty mailbox.
    ///
    /// # Errors
    ///
    /// [`StartError`] for a folder that cannot be used, or a URL that names no mail server.
    pub(crate) fn new(folder: &Folder, smtp_url: Option<String>, clock: &Clock) -> Result<Self, StartError> {
        let smtp_url = smtp_url.filter(|url| !url.is_empty());
        Ok(Self {
            mails: Arc::default(),
            folder: folder.mail_folder()?,
            server: smtp_url.as_deref().map(Server::at).transpose()?,
            clock: clock.clone(),
        })
    }

    /// Returns the mails, the newest first.
    pub(super) fn mails(&self) -> Vec<Kept> {
        let mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        mails.iter().cloned().collect()
    }

    /// Keeps a mail before it is sent, so that one that the server rejects or delays is there to be seen; once, however often it is tried.
    fn keep(&self, mail: &Rendered) {
        let mut mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        if mails
            .iter()
            .any(|kept| kept.id == mail.id && kept.to == mail.to.as_str())
        {
            return;
        }
        mails.push_front(Kept {
            id: mail.id.clone(),
            to: mail.to.as_str().to_owned(),
            subject: mail.subject.clone(),
            text: mail.text.clone(),
            html: mail.html.clone(),
            links: mail.links.clone(),
            sent_at: self.clock.now().to_string(),
        });
        mails.truncate(MAX_MAILS);
    }
}

impl Transport for Mailbox {
    async fn send(&self, mail: &Rendered) -> Result<(), SendError> {
        self.keep(mail);
        let message = smtp::message(mail, &self.clock)?;
        let file = self.folder.join(format!("{}.eml", mail.id));
        write_private(&file, &message.formatted())
            .map_err(|error| SendError::Unavailable(format!("{}: {error}", file.display())))?;
        match &self.server {
            Some(server) => server.send(message).await,
            None => Ok(()),
        }
    }
}
