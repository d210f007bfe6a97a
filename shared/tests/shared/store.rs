use shared::clock::Timestamp;
use shared::error::Error;
use shared::passwords::StoredHash;
use shared::scope::Scopes;
use shared::sessions::{Sessions, SessionsState};
use shared::table::Table;
use shared::users::{
    Credentials, Email, FullName, NameKey, Profile, User, UserId, Username, Users, Wanted, Website,
};
use testing::deployment::Deployment;
use testing::fault_proxy::{Fault, FaultProxy};

fn user(id: &str) -> User {
    let now = Timestamp::parse("2026-11-23T20:47:00Z").unwrap();
    User {
        id: UserId::known(id.to_owned()),
        profile: Profile {
            username: Some(Username::parse("Straße").unwrap()),
            email: Some(Email::parse("John@Bücher.example").unwrap()),
            full_name: Some(FullName::parse("John Doe").unwrap()),
            website: Some(Website::parse("https://example.com").unwrap()),
        },
        email_verified: false,
        claim: None,
        former: Vec::new(),
        disabled: true,
        created_at: now,
        updated_at: now,
    }
}

async fn found(users: &Users, id: &str) -> Option<User> {
    let account = users.find(id, Wanted::All).await.unwrap();
    account.map(|account| account.user)
}

#[tokio::test]
async fn a_user_is_read_as_it_was_written_by_id_and_by_each_name() {
    let deployment = Deployment::without_keys().await;
    let users = deployment.users().await;
    let hash = StoredHash::from_store("hash".to_owned());
    users.register(&user("a"), &hash, None, &[]).await.unwrap();
    assert_eq!(found(&users, "a").await, Some(user("a")));
    assert_eq!(found(&users, "b").await, None);
    for name in ["STRASSE", "john@xn--bcher-kva.example"] {
        let key = NameKey::of(name).unwrap();
        let id = users.id_of(&key).await.unwrap().unwrap();
        let found = users.credentials_of(&id).await.unwrap();
        let credentials = Credentials {
            id: UserId::known("a".to_owned()),
            hash: Some(hash.clone()),
            email: user("a").profile.email,
            state: SessionsState {
                credential_generation: 0,
                disabled: true,
                sessions: Some(Sessions::new()),
                scopes: Scopes::default(),
            },
        };
        assert_eq!(found, Some(credentials), "{name}");
    }
}

#[tokio::test]
async fn a_user_without_optional_fields_is_read_as_it_was_written() {
    let deployment = Deployment::without_keys().await;
    let users = deployment.users().await;
    let bare = User {
        profile: Profile {
            email: user("a").profile.email,
            ..Profile::default()
        },
        disabled: false,
        ..user("a")
    };
    users
        .register(&bare, &StoredHash::from_store("hash".to_owned()), None, &[])
        .await
        .unwrap();
    assert_eq!(found(&users, "a").await, Some(bare));
}

#[tokio::test]
async fn an_id_is_never_used_twice() {
    let deployment = Deployment::without_keys().await;
    let users = deployment.users().await;
    let hash = StoredHash::from_store("hash".to_owned());
    users.register(&user("a"), &hash, None, &[]).await.unwrap();
    let other = User {
        profile: Profile {
            username: Some(Username::parse("other").unwrap()),
            ..Profile::default()
        },
        ..user("a")
    };
    assert!(users.register(&other, &hash, None, &[]).await.is_err());
    assert_eq!(found(&users, "a").await, Some(user("a")));
}

#[tokio::test]
async fn a_response_that_does_not_parse_is_an_error_without_its_content() {
    let deployment = Deployment::without_keys().await;
    let id = deployment.user("johndoe", "correct horse battery").await;
    let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
    let deployment = deployment.with("AWS_ENDPOINT_URL_DYNAMODB", proxy.endpoint());
    let users = Users::new(Table::connect(&deployment.env()).await.unwrap());
    proxy.always(Fault::CutAnswer);
    let error = users.credentials_of(&UserId::known(id)).await.unwrap_err();
    let message = format!("{error} {error:?}");
    assert!(matches!(error, Error::Unavailable(_)), "{message}");
    assert!(!message.contains("argon2id"), "{message}");
}
