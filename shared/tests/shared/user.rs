use std::collections::BTreeMap;

use icu_normalizer::ComposingNormalizerBorrowed;
use shared::error::{Code, Violation};
use shared::users::{Email, FullName, NameKey, Username, Website};

fn rejected<T: std::fmt::Debug>(result: Result<T, Violation>) -> Code {
    result.unwrap_err().code
}

#[test]
fn a_username_of_any_script_is_accepted_and_shown_as_typed() {
    for typed in [
        "a",
        "john.doe_1-2+3",
        "Straße",
        "石井",
        "अनुराग",
        "ﬁona",
        "𝓳𝓸𝓱𝓷",
        &"x".repeat(64),
    ] {
        assert_eq!(Username::parse(typed).unwrap().as_str(), typed);
    }
}

#[test]
fn a_username_with_anything_else_is_invalid() {
    let hangul_filler = "a\u{3164}";
    let zero_width_joiner = "a\u{200d}b";
    let variation_selector = "a\u{fe0f}";
    let right_to_left = "a\u{202e}b";
    for typed in [
        "a b",
        "a@b",
        "a\u{ff20}b",
        "a\n",
        "a#",
        "a/b",
        "é!",
        "a\u{0}",
        "😀",
        "½",
        hangul_filler,
        zero_width_joiner,
        variation_selector,
        right_to_left,
        " a",
        "a ",
    ] {
        assert_eq!(rejected(Username::parse(typed)), Code::Invalid, "{typed:?}");
    }
}

#[test]
fn a_username_has_1_to_64_characters_after_nfkc() {
    assert_eq!(rejected(Username::parse("")), Code::TooShort);
    assert_eq!(rejected(Username::parse(&"x".repeat(65))), Code::TooLong);
    // 64 letters typed as 128 code points, each an e and an accent, are 64 after NFKC.
    assert!(Username::parse(&"e\u{301}".repeat(64)).is_ok());
    // One ligature typed is two letters after it.
    assert_eq!(rejected(Username::parse(&"ﬁ".repeat(33))), Code::TooLong);
}

#[test]
fn a_username_of_marks_or_dots_alone_or_of_mixed_scripts_is_invalid() {
    for typed in [
        ".",
        "..",
        "\u{ff0e}",
        "\u{2025}",
        "\u{301}",
        "\u{301}\u{20dd}",
        "\u{301}a",
        // Cyrillic, Greek, Cherokee and Armenian letters beside Latin ones.
        "p\u{430}ypal",
        "\u{3bf}livia",
        "\u{13aa}nn",
        "j\u{585}hn",
        // A mathematical letter, of no script until it is folded to a Latin one.
        "\u{1d4f3}\u{43e}",
        // Greek beside Cyrillic, Cyrillic beside Han, Hangul beside Kana, digits of one script beside letters of another.
        "αж",
        "ж漢",
        "한か",
        "a\u{967}",
    ] {
        assert_eq!(rejected(Username::parse(typed)), Code::Invalid, "{typed:?}");
    }
    for typed in [
        "...",
        "_",
        "-",
        "+",
        "john+new",
        "a.b",
        "1",
        "ﬁnn",
        "O\u{308}zil",
        "ЭДУАРД_7",
        "Ελλάδα",
        "ᏣᎳᎩ",
        "ⴰⵎⴰⵣⵉⵖ",
        "東京tokyo",
        "カタカナkana",
        "漢字かな",
        "한국korea",
        "ㄅ漢abc",
        "١٢٣علي",
    ] {
        assert!(Username::parse(typed).is_ok(), "{typed:?}");
    }
}

#[test]
fn names_are_one_by_unicodes_identifier_caseless_match() {
    let key = |typed| NameKey::of(typed).unwrap();
    for (one, other) in [
        ("Straße", "STRASSE"),
        ("STRA\u{1e9e}E", "strasse"),
        ("ﬁnn", "FINN"),
        ("e\u{301}", "É"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        // The iota subscript is a letter when folded, wherever it was typed among the marks.
        ("α\u{345}\u{301}", "α\u{301}\u{345}"),
        ("α\u{345}\u{301}", "ΆΙ"),
        ("\u{212a}elvin", "kelvin"),
        ("\u{3f4}", "θ"),
        ("\u{ab70}", "\u{13a0}"),
        ("jo\u{ad}h\u{fe0f}n\u{200d}", "JOHN"),
        ("\u{1d4f3}ohn@example.com", "john@example.com"),
        ("x@bücher.example", "X@xn--bcher-kva.EXAMPLE"),
    ] {
        assert_eq!(key(one), key(other), "{one:?} {other:?}");
    }
    assert_ne!(key("john"), key("jon"));
    assert_eq!(key("Straße"), Username::parse("STRASSE").unwrap().key());
    assert_eq!(
        key("JohnDoe@Example.COM"),
        Email::parse("johndoe@example.com").unwrap().key()
    );
}

#[test]
fn folding_what_is_folded_or_normalized_gives_the_same_key() {
    let key = |text: &str| match NameKey::of(&format!("{text}@example.com")).unwrap() {
        NameKey::Email(key) => key.strip_suffix("@example.com").unwrap().to_owned(),
        NameKey::Username(key) => key,
    };
    // Where the characters with mappings are; a character without one is its own key.
    let ranges = [
        '\u{80}'..='\u{32ff}',
        '\u{a640}'..='\u{abff}',
        '\u{f900}'..='\u{ffff}',
        '\u{10400}'..='\u{10fff}',
        '\u{1d400}'..='\u{1f2ff}',
    ];
    for character in ranges.into_iter().flatten() {
        let text = character.to_string();
        let folded = key(&text);
        for same in [
            &folded,
            &*ComposingNormalizerBorrowed::new_nfkc().normalize(&text),
        ] {
            assert_eq!(key(same), folded, "{character:?}");
        }
    }
}

#[test]
fn an_update_of_unicode_changes_no_key_of_a_stored_name() {
    let sample: BTreeMap<String, String> = serde_json::from_str(include_str!("names.json")).unwrap();
    assert!(sample.len() > 100);
    for (name, key) in sample {
        let (NameKey::Username(folded) | NameKey::Email(folded)) = NameKey::of(&name).unwrap();
        assert_eq!(
            folded, key,
            "{name:?}: users of such names could not log in, and could be registered twice"
        );
    }
}

#[test]
fn an_email_is_a_dot_string_and_a_domain_of_two_or_more_labels() {
    for typed in [
        "johndoe@example.com",
        "john.doe+tag@example.co.uk",
        "用户@例え.jp",
        "josé@example.com",
        "a!#$%&'*+/=?^_`{|}~-b@example.com",
        "JOHN@EXAMPLE.COM",
        "x@bücher.example",
    ] {
        assert_eq!(Email::parse(typed).unwrap().as_str(), typed);
    }
    for typed in [
        "johndoe",
        "@example.com",
        "john@",
        "john@example",
        "john@example.com.",
        "\"john doe\"@example.com",
        "john@[127.0.0.1]",
        "john(comment)@example.com",
        "John <john@example.com>",
        "john..doe@example.com",
        ".john@example.com",
        "john.@example.com",
        "john doe@example.com",
        "john@exa mple.com",
        "john@-example.com",
        "john@example..com",
        "john@exam_ple.com",
        "a@b@example.com",
        " john@example.com",
        "john@example.com\n",
        "\u{ff4a}ohn@example.com",
        "ﬁnn@example.com",
        "jose\u{301}@example.com",
        "jo\u{200b}hn@example.com",
        "jo\u{202e}hn@example.com",
        "a\u{ff20}b@example.com",
        "john\u{85}@example.com",
    ] {
        assert_eq!(rejected(Email::parse(typed)), Code::Invalid, "{typed:?}");
    }
}

#[test]
fn an_email_has_1_to_254_bytes() {
    let domain = format!("{}.{}.{}.example", "d".repeat(60), "d".repeat(60), "d".repeat(60));
    let of = |length: usize| format!("{}@{domain}", "l".repeat(length - domain.len() - 1));
    assert_eq!(of(254).len(), 254);
    assert!(Email::parse(&of(254)).is_ok(), "{:?}", Email::parse(&of(254)));
    assert_eq!(rejected(Email::parse(&of(255))), Code::TooLong);
    assert_eq!(rejected(Email::parse("")), Code::TooShort);
}

#[test]
fn a_log_in_name_with_an_at_sign_is_only_ever_an_email() {
    assert_eq!(NameKey::of("JOHN"), Some(NameKey::Username("john".to_owned())));
    assert_eq!(
        NameKey::of("J@example.com"),
        Some(NameKey::Email("j@example.com".to_owned()))
    );
    // No rule of registration applies, but a key must fit the table.
    assert_eq!(NameKey::of("A b"), Some(NameKey::Username("a b".to_owned())));
    assert!(NameKey::of(&"x".repeat(2039)).is_some());
    for impossible in ["a@", "a@b..c", "@", &"x".repeat(2040), &"\u{fdfa}".repeat(100)] {
        assert_eq!(NameKey::of(impossible), None, "{impossible:?}");
    }
}

#[test]
fn a_full_name_has_1_to_200_characters_without_controls() {
    assert!(FullName::parse(&"é".repeat(200)).is_ok());
    assert_eq!(rejected(FullName::parse(&"é".repeat(201))), Code::TooLong);
    assert_eq!(rejected(FullName::parse("")), Code::TooShort);
    assert_eq!(rejected(FullName::parse("John\u{7}Doe")), Code::Invalid);
    assert_eq!(FullName::parse(" John  Doe ").unwrap().as_str(), " John  Doe ");
}

#[test]
fn a_website_is_an_absolute_http_or_https_url() {
    for typed in [
        "https://example.com",
        "http://example.com/a?b=c#d",
        "https://bücher.example/ü",
        "http://127.0.0.1:80/",
    ] {
        assert_eq!(Website::parse(typed).unwrap().as_str(), typed);
    }
    for typed in [
        "example.com",
        "/a",
        "ftp://example.com",
        "javascript:alert(1)",
        "https://",
        "http:example.com",
        "https://user:secret@example.com",
        " https://example.com",
        "https://example.com/ ",
        "https://exam\nple.com",
        "https:\\\\example.com",
        "https://example.com/<b>",
    ] {
        assert_eq!(rejected(Website::parse(typed)), Code::Invalid, "{typed:?}");
    }
    assert_eq!(rejected(Website::parse("")), Code::TooShort);
    let of = |length: usize| format!("https://example.com/{}", "ü".repeat(length - 20));
    assert!(Website::parse(&of(2048)).is_ok());
    assert_eq!(rejected(Website::parse(&of(2049))), Code::TooLong);
}
