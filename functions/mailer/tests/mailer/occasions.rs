//! What is sent for each occasion, to whom, and with which links.

use mailer::Rendered;
use shared::mail::{Occasion, Purpose};
use shared::users::UserId;
use testing::deployment::ISSUER;

use crate::fixture::{Fixture, token};

const ADDRESS: &str = "owner@example.com";

/// Returns the occasions of a user, each with the path of its links.
fn occasions(user: &UserId) -> Vec<(Occasion, Option<&'static str>)> {
    let user = || user.as_str().to_owned();
    vec![
        (Occasion::Claimed { user: user() }, Some("/verify-email")),
        (Occasion::ProofAsked, Some("/verify-email")),
        (Occasion::ResetAsked, Some("/reset-password")),
        (Occasion::PasswordChanged { user: user() }, None),
        (
            Occasion::AddressChanged {
                user: user(),
                proved: true,
                recoveries: 0,
            },
            Some("/reset-password"),
        ),
        (
            Occasion::ApiKeyCreated {
                user: user(),
                name: "laptop".to_owned(),
            },
            None,
        ),
        (
            Occasion::NewNetwork {
                user: user(),
                ip: Some("203.0.113.7".to_owned()),
                user_agent: Some("Firefox".to_owned()),
            },
            None,
        ),
    ]
}

/// Checks that nothing is loaded or followed but the links of a mail, and that it is whole.
fn is_whole(mail: &Rendered, language: &str) {
    assert!(
        mail.html.contains(&format!("<html lang=\"{language}\">")),
        "{}",
        mail.html
    );
    assert!(mail.html.contains("color-scheme"), "it has no dark scheme");
    for remote in ["src=", "url(", "<link", "<img", "@import", "<script"] {
        assert!(!mail.html.contains(remote), "{remote}: {}", mail.html);
    }
    assert_eq!(
        mail.html.matches("<a ").count(),
        mail.links.len(),
        "{}",
        mail.html
    );
    for form in [&mail.text, &mail.html] {
        assert!(!form.contains("{{") && !form.contains("{%"), "{form}");
        let mut rest = form.clone();
        for link in &mail.links {
            assert!(rest.contains(link), "{link}: {form}");
            rest = rest.replace(link, "");
        }
        assert!(!rest.contains("http"), "{rest}");
    }
    assert!(!mail.subject.is_empty() && !mail.subject.contains(['\r', '\n']));
}

#[tokio::test]
async fn each_occasion_is_written_in_each_language_with_its_links() {
    let mut subjects = Vec::new();
    for language in ["en", "de"] {
        let service = ("SERVICE_NAME", "Brücke & Söhne");
        let fixture = Fixture::with(&[("UI_LANGUAGE", language), service]).await;
        let user = fixture.user("johndoe", None, Some(ADDRESS)).await;
        for (occasion, path) in occasions(&user) {
            let name = occasion.kind();
            let sent = fixture.deliver(ADDRESS, occasion).await;
            let [mail] = &sent[..] else {
                unreachable!("{name}: {sent:?}");
            };
            assert_eq!((mail.to.as_str(), mail.kind), (ADDRESS, name));
            is_whole(mail, language);
            assert!(
                mail.subject.contains("Brücke & Söhne"),
                "{name}: {}",
                mail.subject
            );
            assert!(mail.text.contains("Brücke & Söhne"), "{name}: {}", mail.text);
            assert!(mail.html.contains("Brücke &amp; Söhne"), "{name}: {}", mail.html);
            assert!(mail.text.contains("johndoe"), "{name}: {}", mail.text);
            let links: Vec<&str> = mail.links.iter().map(String::as_str).collect();
            match path {
                None => assert!(links.is_empty(), "{name}: {links:?}"),
                Some(path) => {
                    let start = format!("{ISSUER}{path}?token=");
                    assert!(
                        links.len() == 1 && links[0].starts_with(&start),
                        "{name}: {links:?}"
                    );
                    assert_eq!(links[0].len(), start.len() + 43);
                }
            }
            subjects.push(mail.subject.clone());
        }
        fixture.user("jane", Some(("jane@example.com", true)), None).await;
        let sent = fixture.deliver("jane@example.com", Occasion::ProofAsked).await;
        is_whole(&sent[0], language);
        subjects.push(sent[0].subject.clone());
    }
    subjects.sort();
    subjects.dedup();
    // The mail of a claim is that of a proof which was asked for.
    assert_eq!(subjects.len(), 2 * 7, "{subjects:?}");
}

#[tokio::test]
async fn notices_say_what_happened() {
    let fixture = Fixture::new().await;
    let user = fixture.user("johndoe", None, Some(ADDRESS)).await;
    for (occasion, _) in occasions(&user) {
        let expected: &[&str] = match occasion.kind() {
            "api-key-created" => &["laptop", "2027-01-15 08:00 UTC"],
            "new-network" => &["203.0.113.7", "Firefox", "2027-01-15 08:00 UTC"],
            "password-changed" | "address-changed" => &["2027-01-15 08:00 UTC"],
            _ => &[],
        };
        let sent = fixture.deliver(ADDRESS, occasion).await;
        for expected in expected {
            assert!(sent[0].text.contains(expected), "{}", sent[0].text);
            assert!(sent[0].html.contains(expected), "{}", sent[0].html);
        }
    }
}

#[tokio::test]
async fn a_button_has_the_configured_colour_and_legible_text() {
    let colours = [("ACCENT_COLOR", "#ffff00"), ("ACCENT_COLOR_DARK", "#000080")];
    let fixture = Fixture::with(&colours).await;
    fixture.user("johndoe", Some((ADDRESS, false)), None).await;
    let sent = fixture.deliver(ADDRESS, Occasion::ResetAsked).await;
    let html = &sent[0].html;
    assert!(html.contains("background: #ffff00; color: #000000;"), "{html}");
    assert!(
        html.contains("background: #000080 !important; color: #ffffff !important;"),
        "{html}"
    );
}

#[tokio::test]
async fn a_claim_gets_a_link_unless_the_address_is_proved() {
    let fixture = Fixture::new().await;
    let claimed = |user: &UserId| Occasion::Claimed {
        user: user.as_str().to_owned(),
    };
    let squatter = fixture.user("squatter", None, Some(ADDRESS)).await;
    let owner = fixture.user("owner", None, Some(ADDRESS)).await;
    let sent = fixture.deliver(ADDRESS, claimed(&squatter)).await;
    let bound = fixture
        .tokens
        .find(token(&sent[0].links[0]), fixture.time.now())
        .await;
    let bound = bound.unwrap().unwrap();
    assert_eq!((bound.purpose, &*bound.user), (Purpose::Prove, squatter.as_str()));
    assert_eq!((bound.generation, bound.recoveries), (Some(0), None));
    assert_eq!(bound.expires_at, fixture.time.now().plus(24 * 60 * 60));
    let other = fixture.user("other", None, Some("other@example.com")).await;
    let sent = fixture.deliver(ADDRESS, claimed(&other)).await;
    assert!(sent.is_empty(), "the claim is of another address: {sent:?}");
    // Another has proved it by now.
    fixture.user("proved", Some((ADDRESS, true)), None).await;
    let sent = fixture.deliver(ADDRESS, claimed(&owner)).await;
    assert!(
        sent[0].subject.contains("already") && sent[0].links.is_empty(),
        "{sent:?}"
    );
    let mine = fixture.user("mine", Some(("mine@example.com", true)), None).await;
    let sent = fixture.deliver("mine@example.com", claimed(&mine)).await;
    assert!(
        sent.is_empty(),
        "it is proved by the one who claimed it: {sent:?}"
    );
}

#[tokio::test]
async fn a_proof_is_offered_to_all_who_have_or_claim_the_address() {
    let fixture = Fixture::new().await;
    let sent = fixture.deliver(ADDRESS, Occasion::ProofAsked).await;
    assert!(sent.is_empty(), "no one has it: {sent:?}");
    fixture.user("holder", Some((ADDRESS, false)), None).await;
    for name in ["first", "second"] {
        fixture.user(name, None, Some(ADDRESS)).await;
    }
    let nameless = fixture.user("", None, Some(ADDRESS)).await;
    let sent = fixture.deliver(ADDRESS, Occasion::ProofAsked).await;
    let [mail] = &sent[..] else {
        unreachable!("{sent:?}");
    };
    is_whole(mail, "en");
    assert_eq!(mail.links.len(), 4);
    for name in ["holder", "first", "second", "without a username"] {
        assert!(mail.text.contains(&format!("Account: {name}\n")), "{}", mail.text);
    }
    let mut of_nameless = 0;
    for link in &mail.links {
        let bound = fixture.tokens.find(token(link), fixture.time.now()).await;
        of_nameless += usize::from(bound.unwrap().unwrap().user == nameless.as_str());
    }
    assert_eq!(of_nameless, 1);
    fixture
        .users
        .set_disabled(&nameless, true, fixture.time.now())
        .await
        .unwrap();
    let sent = fixture.deliver(ADDRESS, Occasion::ProofAsked).await;
    assert_eq!(sent[0].links.len(), 3, "one is disabled");
}

#[tokio::test]
async fn a_reset_is_offered_to_accounts_without_another_proved_address() {
    let fixture = Fixture::new().await;
    let sent = fixture.deliver(ADDRESS, Occasion::ResetAsked).await;
    assert!(sent.is_empty(), "no one has it: {sent:?}");
    let proved = Some(("proved@example.com", true));
    fixture.user("claimant", None, Some(ADDRESS)).await;
    fixture.user("stranger", proved, Some(ADDRESS)).await;
    fixture
        .user("unproved", Some(("unproved@example.com", false)), Some(ADDRESS))
        .await;
    let sent = fixture.deliver(ADDRESS, Occasion::ResetAsked).await;
    assert_eq!(sent[0].links.len(), 2, "{}", sent[0].text);
    assert!(
        sent[0].text.contains("claimant") && sent[0].text.contains("unproved"),
        "{}",
        sent[0].text
    );
    let owner = fixture.user("owner", Some((ADDRESS, true)), None).await;
    let sent = fixture.deliver(ADDRESS, Occasion::ResetAsked).await;
    assert_eq!(sent[0].links.len(), 1, "{}", sent[0].text);
    let bound = fixture
        .tokens
        .find(token(&sent[0].links[0]), fixture.time.now())
        .await;
    let bound = bound.unwrap().unwrap();
    assert_eq!((bound.purpose, &*bound.user), (Purpose::Reset, owner.as_str()));
    assert_eq!(bound.expires_at, fixture.time.now().plus(30 * 60));
    fixture
        .users
        .set_disabled(&owner, true, fixture.time.now())
        .await
        .unwrap();
    let sent = fixture.deliver(ADDRESS, Occasion::ResetAsked).await;
    assert!(sent.is_empty(), "the owner is disabled: {sent:?}");
}

#[tokio::test]
async fn a_mail_goes_to_the_address_as_its_account_has_it() {
    let fixture = Fixture::new().await;
    fixture
        .user("proved", Some(("straße@example.com", true)), None)
        .await;
    for occasion in [Occasion::ProofAsked, Occasion::ResetAsked] {
        let sent = fixture.deliver("Strasse@example.com", occasion).await;
        assert_eq!(sent.len(), 1);
        assert_eq!(
            sent[0].to.as_str(),
            "straße@example.com",
            "the other is another mailbox"
        );
    }
    fixture.user("one", None, Some("maße@example.com")).await;
    fixture.user("two", None, Some("masse@example.com")).await;
    let sent = fixture.deliver("MASSE@example.com", Occasion::ProofAsked).await;
    let mut to: Vec<(&str, usize)> = sent
        .iter()
        .map(|mail| (mail.to.as_str(), mail.links.len()))
        .collect();
    to.sort_unstable();
    assert_eq!(to, [("masse@example.com", 1), ("maße@example.com", 1)]);
}

#[tokio::test]
async fn a_change_of_address_can_be_undone_by_the_old_one() {
    let fixture = Fixture::new().await;
    let user = fixture
        .user("johndoe", Some(("new@example.com", false)), None)
        .await;
    for (proved, recoveries) in [(true, None), (false, Some(0))] {
        let changed = Occasion::AddressChanged {
            user: user.as_str().to_owned(),
            proved,
            recoveries: 0,
        };
        let sent = fixture.deliver(ADDRESS, changed).await;
        let bound = fixture
            .tokens
            .find(token(&sent[0].links[0]), fixture.time.now())
            .await;
        let bound = bound.unwrap().unwrap();
        assert_eq!((bound.purpose, &*bound.user), (Purpose::Undo, user.as_str()));
        assert_eq!((bound.address.as_str(), bound.generation), (ADDRESS, None));
        assert_eq!(
            bound.recoveries, recoveries,
            "an unproved address is void after a recovery"
        );
        assert_eq!(bound.expires_at, fixture.time.now().plus(7 * 24 * 60 * 60));
    }
    // The account was recovered since.
    let changed = Occasion::AddressChanged {
        user: user.as_str().to_owned(),
        proved: false,
        recoveries: 1,
    };
    let sent = fixture.deliver(ADDRESS, changed).await;
    assert_eq!(sent[0].links, Vec::<String>::new());
    assert!(!sent[0].text.contains("undo"), "{}", sent[0].text);
}

#[tokio::test]
async fn a_deleted_user_gets_no_notice() {
    let fixture = Fixture::new().await;
    let user = UserId::known("01J00000000000000000000000".to_owned());
    for (occasion, _) in occasions(&user) {
        let name = occasion.kind();
        let sent = fixture.deliver(ADDRESS, occasion).await;
        assert!(sent.is_empty(), "{name}: {sent:?}");
    }
}
