//! Texts that a user or a client chose, in a mail to someone else. The recipient trusts the mail, so such a text must be neither a link nor
//! a message of its own.

use shared::unicode::is_invisible;

/// The most characters of such a text that a mail shows.
const MAX_CHARS: usize = 64;

/// What mail programs make links of: `a.example`, `http://…`, `name@…`.
const OF_LINKS: [char; 4] = ['.', ':', '/', '@'];

/// Zero-width space. After it nothing is the rest of a host name; a name that is copied with it still logs in, since names are compared
/// without invisible characters.
const BREAK: char = '\u{200b}';

/// Returns a text as a mail shows it: one line of limited length, without invisible characters and those that change the direction of
/// writing, and with each possible link broken.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::new();
    let mut visible = text.chars().filter(|character| {
        !character.is_control() && !is_invisible(*character) && !is_separator(*character)
    });
    for character in visible.by_ref().take(MAX_CHARS) {
        shown.push(character);
        if OF_LINKS.contains(&character) {
            shown.push(BREAK);
        }
    }
    if visible.next().is_some() {
        shown.push('…');
    }
    shown
}

/// Reports whether a character ends a line or a paragraph.
fn is_separator(character: char) -> bool {
    matches!(character, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_text_of_a_user_is_one_short_line_without_a_link() {
        for (text, expected) in [
            ("johndoe", "johndoe"),
            ("evil.example", "evil.\u{200b}example"),
            (
                "https://evil.example/a",
                "https:\u{200b}/\u{200b}/\u{200b}evil.\u{200b}example/\u{200b}a",
            ),
            ("a@evil.example", "a@\u{200b}evil.\u{200b}example"),
            ("a\r\nBcc: b\u{2028}c\u{202e}d\u{200b}", "aBcc:\u{200b} bcd"),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
        let long = shown(&"x".repeat(65));
        assert_eq!((long.chars().count(), long.ends_with('…')), (65, true));
        assert_eq!(shown(&"x".repeat(64)).chars().count(), 64);
    }
}
