use shared::env::Env;
use shared::error::Code;
use shared::passwords::{Password, PasswordRule, is_common};

/// The rule where variables have their defaults, but for one.
fn rule(variable: &str, value: &str) -> PasswordRule {
    PasswordRule::read(&Env::new(|name| (name == variable).then(|| value.to_owned()))).unwrap()
}

/// Chooses a password as a user of some names; returns the code of the rule that it breaks.
fn choose(rule: &PasswordRule, password: &str, names: &[&str]) -> Option<Code> {
    let chosen = rule.choose(password.to_owned(), names.iter().copied());
    chosen.err().map(|violation| violation.code)
}

#[test]
fn n_01_a_password_has_the_configured_number_of_code_points_as_typed() {
    let of_8 = rule("", "");
    // The first is 18 letters after NFKC, and the accented one seven.
    for (password, code) in [
        ("\u{fdfa}", Some(Code::TooShort)),
        ("\u{fb01}\u{fb01}\u{fb01}\u{fb01}", Some(Code::TooShort)),
        ("", Some(Code::TooShort)),
        ("7 chars", Some(Code::TooShort)),
        ("e\u{301}qxzvkw", None),
        ("8 chars!", None),
        ("😀😁😂😃😄😅😆😇", None),
    ] {
        assert_eq!(choose(&of_8, password, &[]), code, "{password}");
    }
    let of_15 = rule("MIN_PASSWORD_LENGTH", "15");
    assert_eq!(choose(&of_15, "correct horses", &[]), Some(Code::TooShort));
    assert_eq!(choose(&of_15, "correct horses!", &[]), None);
    let message = of_15.choose("short".to_owned(), []).unwrap_err().message;
    assert_eq!(message, "Must have at least 15 characters");
}

#[test]
fn n_02_a_password_has_up_to_1024_bytes() {
    let rule = rule("MIN_PASSWORD_LENGTH", "64");
    assert_eq!(choose(&rule, &"xy".repeat(32), &[]), None);
    assert_eq!(choose(&rule, &"x".repeat(1024), &[]), None);
    assert_eq!(choose(&rule, &"x".repeat(1025), &[]), Some(Code::TooLong));
    assert!(Password::attempt("x".repeat(1024)).is_some());
    assert!(Password::attempt("x".repeat(1025)).is_none());
}

#[test]
fn n_04_a_common_password_is_rejected_in_any_case_and_with_the_reason() {
    let rule = rule("", "");
    for password in [
        "password",
        "PassWord",
        "ｐａｓｓｗｏｒｄ",
        "12345678",
        "Iloveyou",
        "trustno1",
        "qwertyuiop",
        "baseball",
    ] {
        assert_eq!(choose(&rule, password, &[]), Some(Code::Common), "{password}");
    }
    for password in [
        "correct horse battery",
        "another horse battery",
        "pässwörd + 100 %",
    ] {
        assert_eq!(choose(&rule, password, &["johndoe"]), None, "{password}");
    }
    let message = |password: &str| rule.choose(password.to_owned(), []).unwrap_err().message;
    assert_eq!(
        message("password"),
        "Is in a list of common and breached passwords"
    );
    assert_eq!(
        message("latchkey1"),
        "Must not be made of your names or the service's"
    );
}

#[test]
#[expect(clippy::print_stdout, reason = "the rate is a figure to read")]
fn n_04_of_random_passwords_fewer_than_one_in_10000_are_reported_as_common() {
    const TRIED: u32 = 500_000;
    let mut random = fastrand::Rng::with_seed(13);
    // 16 letters and digits: none of these is in the list.
    let taken: u32 = (0..TRIED)
        .map(|_| {
            u32::from(is_common(
                &(0..16).map(|_| random.alphanumeric()).collect::<String>(),
            ))
        })
        .sum();
    let rate = f64::from(taken) / f64::from(TRIED);
    println!("{taken} of {TRIED} random passwords are reported as common: {rate:.1e}");
    assert!(rate < 1e-4);
}

#[test]
fn n_04_a_password_that_is_made_of_the_users_names_or_the_services_is_rejected() {
    let rule = rule("SERVICE_NAME", "Acme Cloud");
    let names = ["j.lindqvist", "jl@brontosaur.example", "Jörg Lindqvist"];
    for password in [
        "lindqvist",
        "LINDQVIST",
        "Lindqvist2026!",
        "!!lindqvist",
        "1indqv1$t",
        "tsivqdnil",
        "lindqvistlindqvist",
        "j.lindqvist",
        "jl@brontosaur.example",
        "jörg lindqvist",
        "JÖRG-1984",
        "acmecloud",
        "Acme Cloud 1",
        "4cm3cl0ud",
    ] {
        assert_eq!(choose(&rule, password, &names), Some(Code::Common), "{password}");
    }
    for password in [
        "lindqvist rides elephants",
        "acme-brass-otter",
        "5309 lindqvist 8812 4471",
        "53098812447100",
        "hjkqwvzx!91",
    ] {
        assert_eq!(choose(&rule, password, &names), None, "{password}");
    }
    // A name of two letters is in many passwords by chance.
    assert_eq!(choose(&rule, "zq-wu-81-wu", &["wu"]), None);
    assert_eq!(
        choose(&rule, "latchkey-1", &[]),
        None,
        "the service has another name"
    );
}
