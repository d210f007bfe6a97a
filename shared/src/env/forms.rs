//! The forms of variables' values: which are accepted, how they are described, and what they are parsed to.

use url::{Host, Url};

use crate::color::Rgb;

/// The form of a variable's values.
pub trait Form {
    /// The parsed value.
    type Value;

    /// Describes the accepted values, with unit and bounds.
    fn description(&self) -> String;

    /// Returns the rule that a wrong value breaks, a phrase that follows the name.
    fn rule(&self) -> String {
        format!("must be {}", self.description())
    }

    /// Parses a value, or returns `None` for one of another form.
    fn parse(&self, text: &str) -> Option<Self::Value>;

    /// Returns the least and the greatest value, where values are numbers.
    fn bounds(&self) -> Option<(u32, u32)> {
        None
    }
}

/// Any text, described by its phrase.
#[derive(Clone, Copy, Debug)]
pub struct Text(pub &'static str);

impl Form for Text {
    type Value = String;

    fn description(&self) -> String {
        self.0.to_owned()
    }

    fn parse(&self, text: &str) -> Option<String> {
        Some(text.to_owned())
    }
}

/// A whole number of `unit`, from `min` to `max`.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    /// The unit.
    pub unit: &'static str,
    /// The least value.
    pub min: u32,
    /// The greatest value.
    pub max: u32,
}

impl Form for Number {
    type Value = u32;

    fn description(&self) -> String {
        format!("{}, {} to {}", self.unit, self.min, self.max)
    }

    fn rule(&self) -> String {
        format!("must be a number from {} to {}", self.min, self.max)
    }

    fn parse(&self, text: &str) -> Option<u32> {
        text.parse()
            .ok()
            .filter(|number| (self.min..=self.max).contains(number))
    }

    fn bounds(&self) -> Option<(u32, u32)> {
        Some((self.min, self.max))
    }
}

/// `true` or `false`, in any case, as the SDKs read them.
#[derive(Clone, Copy, Debug)]
pub struct Flag;

impl Form for Flag {
    type Value = bool;

    fn description(&self) -> String {
        "true or false".to_owned()
    }

    fn parse(&self, text: &str) -> Option<bool> {
        text.to_ascii_lowercase().parse().ok()
    }
}

/// One of a few values.
#[derive(Clone, Copy, Debug)]
pub struct Choice(pub(super) &'static [&'static str]);

impl Form for Choice {
    type Value = &'static str;

    fn description(&self) -> String {
        match self.0.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => String::new(),
        }
    }

    fn parse(&self, text: &str) -> Option<&'static str> {
        self.0.iter().copied().find(|known| *known == text)
    }
}

/// A colour in the six hexadecimal digits of CSS.
#[derive(Clone, Copy, Debug)]
pub struct Color;

impl Form for Color {
    type Value = Rgb;

    fn description(&self) -> String {
        "a colour such as #1d4ed8".to_owned()
    }

    fn parse(&self, text: &str) -> Option<Rgb> {
        Rgb::parse(text)
    }
}

/// An http or https URL, or empty for AWS's own endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint;

impl Form for Endpoint {
    type Value = Option<Url>;

    fn description(&self) -> String {
        "an http or https URL".to_owned()
    }

    fn parse(&self, text: &str) -> Option<Option<Url>> {
        if text.is_empty() {
            return Some(None);
        }
        Url::parse(text)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .map(Some)
    }
}

/// An https URL, http on loopback only, or empty for none.
#[derive(Clone, Copy, Debug)]
pub struct HttpsUrl;

impl Form for HttpsUrl {
    type Value = Option<Url>;

    fn description(&self) -> String {
        "an https URL, http on loopback only".to_owned()
    }

    fn parse(&self, text: &str) -> Option<Option<Url>> {
        if text.is_empty() {
            return Some(None);
        }
        Url::parse(text).ok().filter(is_secure).map(Some)
    }
}

/// Reports whether no one between this machine and a URL's host can read or change what is sent.
fn is_secure(url: &Url) -> bool {
    let is_loopback = match url.host() {
        None => false,
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback)
}

/// An origin that is its own serialization: clients compare it byte for byte (RFC 8414 section 2, RFC 9068 section 4).
#[derive(Clone, Copy, Debug)]
pub struct Origin;

impl Form for Origin {
    type Value = String;

    fn description(&self) -> String {
        "an https origin, http on loopback only".to_owned()
    }

    fn rule(&self) -> String {
        "must be an https origin (http on loopback only) without path, query, fragment or trailing slash"
            .to_owned()
    }

    fn parse(&self, text: &str) -> Option<String> {
        let url = Url::parse(text).ok()?;
        (is_secure(&url) && url.origin().ascii_serialization() == text).then(|| text.to_owned())
    }
}
