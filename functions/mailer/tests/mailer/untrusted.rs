//! Texts of strangers in a mail: neither a link, nor markup, nor a header.

use shared::mail::Occasion;

use crate::fixture::Fixture;

const ADDRESS: &str = "owner@example.com";
const EVIL: &str = "https://evil.example/<b>&";

#[tokio::test]
async fn a_text_of_a_user_is_neither_a_link_nor_markup() {
    let fixture = Fixture::new().await;
    let user = fixture.user("evil.example", None, Some(ADDRESS)).await;
    let user = || user.as_str().to_owned();
    for occasion in [
        Occasion::Claimed { user: user() },
        Occasion::ProofAsked,
        Occasion::ResetAsked,
        Occasion::PasswordChanged { user: user() },
        Occasion::ApiKeyCreated {
            user: user(),
            name: EVIL.to_owned(),
        },
        Occasion::NewNetwork {
            user: user(),
            ip: None,
            user_agent: Some(format!("{EVIL}\r\nBcc: a@evil.example\u{202e}")),
        },
    ] {
        let sent = fixture.deliver(ADDRESS, occasion).await;
        let mail = &sent[0];
        for form in [&mail.subject, &mail.text, &mail.html] {
            for link in ["evil.example", "http://evil", "https://evil", "@evil", "\u{202e}"] {
                assert!(!form.contains(link), "{link}: {form}");
            }
        }
        assert!(!mail.html.contains("<b>"), "{}", mail.html);
        assert!(!mail.subject.contains("evil"), "{}", mail.subject);
        assert!(!mail.text.contains("\nBcc"), "{}", mail.text);
        assert!(mail.text.contains("evil.\u{200b}example"), "{}", mail.text);
        assert_eq!(mail.html.matches("<a ").count(), mail.links.len());
    }
}
