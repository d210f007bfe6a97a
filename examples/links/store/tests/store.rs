//! What happens at once, and what is more than one transaction deletes. `walk.sh` shows the routes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use dynamodb::Engine;
use futures_util::future::{join, join_all};
use links_store::{Entity, Kind, Paired, Store};
use sam_template::Template;
use shared::env::Env;
use shared::table::Table;

const OWNER: &str = "01KAY2Z3M4N5P6Q7R8S9T0V1W2";

/// Returns a store on an engine, which stops when it is dropped.
async fn store() -> (Store, Engine) {
    let template = Template::parse(include_str!("../../template.yaml")).unwrap();
    let engine = Engine::in_memory(&template).unwrap();
    let endpoint = engine.endpoint().to_owned();
    let env = Env::new(move |name| match name {
        "AWS_ENDPOINT_URL_DYNAMODB" => Some(endpoint.clone()),
        "TABLE_NAME" => Some("unused".to_owned()),
        "LINKS_TABLE_NAME" => Some("LinksTable".to_owned()),
        _ => None,
    });
    let latchkey = Table::connect(&env).await.unwrap();
    (Store::new(&latchkey, &env).unwrap(), engine)
}

fn link(number: usize) -> Entity {
    Entity::new(Kind::Link, OWNER, format!("https://example.com/{number}"))
}

fn tag(text: &str) -> Entity {
    Entity::new(Kind::Tag, OWNER, text.to_owned())
}

#[tokio::test]
async fn a_tag_of_100_links_is_deleted_with_its_pairs_and_the_links_stay() {
    let (store, _engine) = store().await;
    for number in 0..100 {
        store.put_pair(OWNER, &link(number), &tag("many")).await.unwrap();
    }
    store.put_pair(OWNER, &link(0), &tag("other")).await.unwrap();
    assert!(store.delete(OWNER, Kind::Tag, &tag("many").id).await.unwrap());
    let rows = store.rows(OWNER).await.unwrap();
    assert_eq!(rows.len(), 100);
    let tagged: Vec<_> = rows.iter().filter_map(|row| row.tag.as_deref()).collect();
    assert_eq!(tagged, ["other"]);
    assert_eq!(store.tags(OWNER).await.unwrap().len(), 1);
}

#[tokio::test]
async fn of_one_pair_posted_at_once_there_is_one() {
    let (store, _engine) = store().await;
    let (link, tag) = (link(0), tag("a"));
    let all = join_all((0..20).map(|_| store.put_pair(OWNER, &link, &tag))).await;
    let done = all
        .into_iter()
        .filter(|paired| *paired.as_ref().unwrap() == Paired::Done);
    assert_eq!(done.count(), 1);
    assert_eq!(store.rows(OWNER).await.unwrap().len(), 1);
}

#[tokio::test]
async fn no_pair_outlives_a_tag_that_is_deleted_while_links_get_it() {
    let (store, _engine) = store().await;
    let tag = tag("a");
    let links: Vec<Entity> = (0..20).map(link).collect();
    let post = async {
        for link in &links {
            store.put_pair(OWNER, link, &tag).await.unwrap();
        }
    };
    let delete = async {
        for _ in 0..20 {
            store.delete(OWNER, Kind::Tag, &tag.id).await.unwrap();
        }
    };
    join(post, delete).await;
    let with_tag = store.find_with_pairs(OWNER, Kind::Tag, &tag.id).await.unwrap();
    let mut rows = store.rows(OWNER).await.unwrap();
    rows.retain(|row| row.tag.is_some());
    assert_eq!(with_tag.map(|(_, rows)| rows).unwrap_or_default(), rows);
    // Only what is in no pair is deleted, so the counts are right if all goes.
    store.delete(OWNER, Kind::Tag, &tag.id).await.unwrap();
    for link in &links {
        assert!(store.delete(OWNER, Kind::Link, &link.id).await.unwrap());
    }
    assert_eq!(store.rows(OWNER).await.unwrap(), []);
}

#[tokio::test]
async fn an_id_is_its_owners_alone() {
    let (store, _engine) = store().await;
    let (link, tag) = (link(0), tag("a"));
    store.put_pair(OWNER, &link, &tag).await.unwrap();
    for owner in ["01KAY2Z3M4N5P6Q7R8S9T0V1W3", "01KAY2Z3M4N5P6Q7R8S9T0V1W"] {
        assert_eq!(store.rows(owner).await.unwrap(), []);
        assert_eq!(store.find(owner, Kind::Link, &link.id).await.unwrap(), None);
        assert!(!store.delete(owner, Kind::Tag, &tag.id).await.unwrap());
        assert_ne!(Entity::new(Kind::Tag, owner, "a".to_owned()).id, tag.id);
    }
    // The beginning of an id, and what is no id.
    for id in [&link.id[..16], "", "X", &format!("{}#{}", link.id, tag.id)] {
        assert_eq!(store.find_with_pairs(OWNER, Kind::Link, id).await.unwrap(), None);
    }
}
