//! The e-mail address.

use email_address::{EmailAddress, Options};
use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;
use utoipa::openapi::schema::SchemaFormat;

use super::folding::{NameKey, ascii_domain, fold};
use super::text_field::{between, text_field};
use crate::error::{Code, Violation};
use crate::mail::{Mail, MailToken};
use crate::openapi::text;
use crate::unicode::{is_invisible, nfkc};

/// The longest e-mail address, in bytes (RFC 5321 4.5.3.1.3, less the angle brackets).
const EMAIL_MAX_BYTES: usize = 254;

text_field!(
    /// An address to which mail can go: a dot-string local part (RFC 5321, 6531) and a domain of two or more labels.
    Email,
    text(
        "A dot-string that NFKC leaves as it is, and a domain of two or more labels. Unique by Unicode's identifier caseless match \
         (D147) and IDNA.",
        "johndoe@example.com"
    )
    .format(Some(SchemaFormat::Custom("idn-email".to_owned())))
    .min_length(Some(1))
    .max_length(Some(EMAIL_MAX_BYTES))
);

impl Email {
    /// Parses the typed value.
    pub fn parse(typed: &str) -> Result<Self, Violation> {
        between(typed.len(), 1, EMAIL_MAX_BYTES, "bytes")?;
        let options = Options::default()
            .without_display_text()
            .without_domain_literal()
            .with_no_minimum_sub_domains();
        let invalid = || {
            Violation::new(
                Code::Invalid,
                "Must be an e-mail address such as name@example.com",
            )
        };
        let address = EmailAddress::parse_with_options(typed, options).map_err(|_| invalid())?;
        let local = address.local_part();
        if local.contains('"') || !local.chars().all(is_visible) {
            return Err(invalid());
        }
        // Another mailbox may have the other form, and mail must not reach it. A compatibility form of `@` would also break the key.
        if nfkc(local) != local {
            return Err(Violation::new(
                Code::Invalid,
                "The part before the @ must be written as Unicode's NFKC writes it, without ligatures, full-width letters and the like",
            ));
        }
        let domain = ascii_domain(address.domain()).ok_or_else(invalid)?;
        if domain.split('.').count() < 2 {
            return Err(invalid());
        }
        Ok(Self(typed.to_owned()))
    }

    /// Returns the address of a mail, which was valid when the mail was made.
    pub fn of(mail: &Mail) -> Self {
        Self(mail.to.clone())
    }

    /// Returns the address that a mailed token is bound to, which was valid when the token was made.
    pub fn of_token(token: &MailToken) -> Self {
        Self(token.address.clone())
    }

    /// Returns the address with its domain in ASCII (IDNA), as a mail server that has no SMTPUTF8 (RFC 6531) knows it; `None` for a domain
    /// that has no such form.
    pub fn with_ascii_domain(&self) -> Option<String> {
        let (local, domain) = self.0.rsplit_once('@')?;
        Some(format!("{local}@{}", ascii_domain(domain)?))
    }

    /// Returns the key under which the store holds this address.
    pub fn key(&self) -> NameKey {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or((&self.0, ""));
        let domain = ascii_domain(domain).unwrap_or_default();
        NameKey::Email(format!("{}@{domain}", fold(local)))
    }
}

/// Reports whether a character can be seen. RFC 6531 allows any character outside ASCII; invisible ones would make two addresses
/// look like one.
fn is_visible(character: char) -> bool {
    use GeneralCategory as G;
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    !is_invisible(character)
        && !matches!(
            category,
            G::Control
                | G::Format
                | G::SpaceSeparator
                | G::LineSeparator
                | G::ParagraphSeparator
                | G::Surrogate
                | G::Unassigned
                | G::PrivateUse
        )
}
