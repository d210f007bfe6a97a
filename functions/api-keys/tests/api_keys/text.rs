//! The text of a key.

use std::collections::BTreeMap;

use shared::api_keys::{IssuedKey, PresentedKey};

const USER: &str = "01KAS8M1E0QZ3V5X7Y9A1B3C5D";
const ID: &str = "01KAY2Z3M4N5P6Q7R8S9T0V1W2";
/// Its checksum was computed by Python's `zlib.crc32`.
const KNOWN: &str =
    "lk_01KAS8M1E0QZ3V5X7Y9A1B3C5D_01KAY2Z3M4N5P6Q7R8S9T0V1W2_0123456789abcdefghijABCDEFG_0ehNZy";

/// Returns the secret of a key.
pub(crate) fn secret(key: &str) -> &str {
    key.split('_').nth(3).unwrap()
}

#[test]
fn a_01_a_scanner_finds_a_key_and_verifies_its_checksum_alone() {
    let parsed = PresentedKey::parse(KNOWN).unwrap();
    assert_eq!((&*parsed.user, &*parsed.id), (USER, ID));
    let issued = IssuedKey::generate(USER, ID).unwrap();
    assert!(PresentedKey::parse(issued.as_str()).is_some());
    let lengths: Vec<usize> = issued.as_str().split('_').map(str::len).collect();
    assert_eq!(lengths, [2, 26, 26, 27, 6]);
    // Any one character, and each beginning.
    for (index, character) in KNOWN.char_indices() {
        let other = if character == '0' { '1' } else { '0' };
        let mut changed = KNOWN.to_owned();
        changed.replace_range(index..=index, &other.to_string());
        assert!(PresentedKey::parse(&changed).is_none(), "{changed}");
        assert!(PresentedKey::parse(&KNOWN[..index]).is_none(), "{index}");
    }
    for text in ["", "lk_", "lk_é", &format!("{KNOWN} "), &KNOWN.to_lowercase()] {
        assert!(PresentedKey::parse(text).is_none(), "{text}");
    }
}

#[test]
fn ids_in_another_form_are_no_part_of_a_key() {
    // The crate that reads ULIDs also reads these.
    for id in [ID.to_lowercase(), ID.replace('1', "I"), "é".repeat(13)] {
        assert!(IssuedKey::generate(USER, &id).is_err(), "{id}");
        assert!(IssuedKey::generate(&id, ID).is_err(), "{id}");
    }
}

#[test]
fn a_01_each_character_of_a_secret_is_any_of_62_as_often() {
    let mut seen: BTreeMap<char, u32> = BTreeMap::new();
    for _ in 0..2_000 {
        let key = IssuedKey::generate(USER, ID).unwrap();
        for character in secret(key.as_str()).chars() {
            *seen.entry(character).or_default() += 1;
        }
    }
    assert!(seen.len() == 62 && seen.keys().all(char::is_ascii_alphanumeric));
    // 871 of each on average; 6 standard deviations are 177. A byte's remainder would give the first eight 1,055.
    for (character, count) in seen {
        assert!((694..1_048).contains(&count), "{character}: {count}");
    }
}

#[test]
fn no_debug_output_has_a_secret() {
    let issued = IssuedKey::generate(USER, ID).unwrap();
    let presented = PresentedKey::parse(issued.as_str()).unwrap();
    let printed = format!("{issued:?} {presented:?}");
    assert!(!printed.contains(secret(issued.as_str())), "{printed}");
}
