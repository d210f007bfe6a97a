//! What the texts of several formats are made of.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{MAX_OUTPUT_BYTES, MIN_OUTPUT_BYTES, Unread};

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Decodes base64 with or without padding, by the alphabets of RFC 4648 and by passlib's, which has `.` for `+`.
pub(super) fn base64(text: &str) -> Result<Vec<u8>, Unread> {
    let standard: String = text
        .chars()
        .map(|char| match char {
            '.' | '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    BASE64.decode(standard).map_err(|_| Unread::Malformed)
}

/// Decodes hexadecimal digits.
pub(super) fn hex(text: &str) -> Result<Vec<u8>, Unread> {
    ::hex::decode(text).map_err(|_| Unread::Malformed)
}

/// Parses a decimal number without a sign. One that no 32 bits hold is out of all bounds.
pub(super) fn number(text: &str) -> Result<u32, Unread> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Unread::Malformed);
    }
    text.parse().map_err(|_| Unread::OutOfBounds)
}

/// Splits a text at `$` into just as many fields.
pub(super) fn fields<const COUNT: usize>(text: &str) -> Result<[&str; COUNT], Unread> {
    let fields: Vec<&str> = text.split('$').collect();
    fields.try_into().map_err(|_| Unread::Malformed)
}

/// Checks the lengths of a salt and an output.
pub(super) fn check_lengths(salt: &[u8], output: &[u8]) -> Result<(), Unread> {
    match output.len() {
        1..MIN_OUTPUT_BYTES => Err(Unread::Short),
        MIN_OUTPUT_BYTES..=MAX_OUTPUT_BYTES if salt.len() <= MAX_OUTPUT_BYTES => Ok(()),
        _ => Err(Unread::Malformed),
    }
}

/// Trims a password as PHP's `trim()` does, and so WordPress, both where a password is set and where it is checked.
pub(super) fn trimmed(typed: &str) -> &str {
    typed.trim_matches([' ', '\t', '\n', '\r', '\0', '\x0b'])
}

/// A string of PHC's fields, whose salt and output may have lengths that PHC does not recommend.
pub(super) struct Phc<'a> {
    parameters: &'a str,
    /// The salt's bytes.
    pub(super) salt: Vec<u8>,
    /// The output's bytes.
    pub(super) output: Vec<u8>,
}

impl<'a> Phc<'a> {
    /// Parses `$name$parameters$salt$output`.
    pub(super) fn parse(text: &'a str) -> Result<Self, Unread> {
        let ["", _, parameters, salt, output] = fields(text)? else {
            return Err(Unread::Malformed);
        };
        Ok(Self {
            parameters,
            salt: base64(salt)?,
            output: base64(output)?,
        })
    }

    /// Returns the number that a parameter has.
    pub(super) fn number(&self, name: &str) -> Result<u32, Unread> {
        let parameters = self.parameters.split(',');
        let mut named = parameters.filter_map(|parameter| parameter.strip_prefix(name)?.strip_prefix('='));
        match (named.next(), named.next()) {
            (Some(value), None) => number(value),
            _ => Err(Unread::Malformed),
        }
    }
}
