use shared::error::{Code, Violation};
use shared::users::{Email, FullName, NameKey, Username, Website, name_at_log_in};

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
fn usernames_are_one_name_after_nfkc_and_full_case_folding() {
    let key = |typed| Username::parse(typed).unwrap().key();
    assert_eq!(key("Straße"), key("STRASSE"));
    assert_eq!(key("ﬁona"), key("FIONA"));
    assert_eq!(key("e\u{301}"), key("É"));
    assert_eq!(key("ΣΊΣΥΦΟΣ"), key("σίσυφος"));
    assert_ne!(key("john"), key("jon"));
}

#[test]
fn an_email_is_a_dot_string_and_a_domain_of_two_or_more_labels() {
    for typed in [
        "johndoe@example.com",
        "john.doe+tag@example.co.uk",
        "用户@例え.jp",
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
fn emails_are_one_name_after_folding_and_idna() {
    let key = |typed| Email::parse(typed).unwrap().key();
    assert_eq!(key("JohnDoe@Example.COM"), key("johndoe@example.com"));
    assert_eq!(key("x@bücher.example"), key("X@xn--bcher-kva.example"));
    assert_ne!(key("a@example.com"), key("b@example.com"));
}

#[test]
fn a_log_in_name_with_an_at_sign_is_only_ever_an_email() {
    assert!(matches!(name_at_log_in("JOHN"), Some(NameKey::Username(name)) if name == "john"));
    assert!(matches!(name_at_log_in("J@example.com"), Some(NameKey::Email(name)) if name == "j@example.com"));
    for impossible in ["", "a b", "a@b", "a@@example.com", &"x".repeat(10_000)] {
        assert_eq!(name_at_log_in(impossible), None, "{impossible:?}");
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
}
