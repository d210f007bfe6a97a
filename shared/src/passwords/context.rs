//! Context words: a user's own names and the service's, which no password may be made of (NIST SP 800-63B-4 section 3.1.1.2).

use zeroize::Zeroizing;

use super::common::compared;

/// A shorter word is in too many passwords by chance.
const MIN_WORD_CHARS: usize = 3;
/// With so many letters beside the words, a password is made of more than them.
const ENOUGH_LETTERS: usize = 4;
/// With so many characters of any kind, too.
const ENOUGH_CHARS: usize = 12;

/// Reports whether a password is made of words: it has one of them, and beside them fewer than 4 letters and fewer than 12
/// characters. Words are the texts and their parts between punctuation, of 3 characters or more, in any case, forwards or
/// backwards, also with the usual digits and signs for letters. So a word that is doubled, or that has a year and a `!` behind it,
/// is rejected, and a passphrase that has a name among other words is not.
pub(super) fn is_made_of<'a>(password: &str, texts: impl Iterator<Item = &'a str>) -> bool {
    let typed: Zeroizing<Vec<char>> = Zeroizing::new(compared(password).chars().collect());
    let plain: Zeroizing<Vec<char>> = Zeroizing::new(typed.iter().copied().map(without_leet).collect());
    let mut is_covered = vec![false; plain.len()];
    for word in texts.flat_map(words) {
        let backwards: Vec<char> = word.iter().rev().copied().collect();
        for word in [word, backwards] {
            for (start, window) in plain.windows(word.len()).enumerate() {
                if window == word {
                    is_covered
                        .iter_mut()
                        .skip(start)
                        .take(word.len())
                        .for_each(|covered| *covered = true);
                }
            }
        }
    }
    let beside = || typed.iter().zip(&is_covered).filter(|(_, covered)| !**covered);
    is_covered.contains(&true)
        && beside().count() < ENOUGH_CHARS
        && beside()
            .filter(|(character, _)| character.is_alphabetic())
            .count()
            < ENOUGH_LETTERS
}

/// Returns a text and its parts, as they are searched for.
fn words(text: &str) -> Vec<Vec<char>> {
    let text = compared(text);
    let parts = text.split(|character: char| !character.is_alphanumeric());
    parts
        .chain([text.as_str()])
        .map(|word| word.chars().map(without_leet).collect::<Vec<_>>())
        .filter(|word| word.len() >= MIN_WORD_CHARS)
        .collect()
}

/// Returns the letter that a digit or sign usually stands for. `1` and `!` stand for two that look alike, which are one here.
fn without_leet(character: char) -> char {
    match character {
        '0' => 'o',
        '1' | '!' | 'l' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '8' => 'b',
        other => other,
    }
}
