//! `/link`: the links of a user, each with its tags.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use links_store::{Entity, Kind, Paired, Row, Store, created, filter, target};
use shared::authenticate::authenticate;
use shared::clock::Clock;
use shared::env::Env;
use shared::error::{Code, Error, ErrorFormat, Violation};
use shared::function::{Function, HttpFunction, StartError};
use shared::http::empty;
use shared::http::json::{self, Fields};
use shared::tokens::Verifier;

/// The function `links-link`.
pub struct Link {
    store: Store,
    verifier: Verifier,
}

impl Function for Link {
    const NAME: &'static str = "links-link";

    async fn start(env: &Env<'_>, clock: &Clock) -> Result<Self, StartError> {
        let (store, verifier) = links_store::start(env, clock).await?;
        Ok(Self { store, verifier })
    }

    async fn prepare(&self) -> Result<(), StartError> {
        self.verifier.prepare().await
    }
}

impl HttpFunction for Link {
    const ERROR_FORMAT: ErrorFormat = ErrorFormat::Problem;

    async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        let target = target(&request)?;
        let caller = authenticate(&self.verifier, &request).await?;
        let owner = caller.user.id.as_str();
        match target {
            ("POST", None) => self.create(owner, &request).await,
            ("GET", None) => self.list(owner, &request).await,
            ("GET", Some(id)) => self.read(owner, id).await,
            ("DELETE", Some(id)) => self.delete(owner, id).await,
            _ => Err(Error::NotFound),
        }
    }
}

impl Link {
    /// Gives a link a tag; either may be new.
    async fn create(&self, owner: &str, request: &Request) -> Result<Response<Body>, Error> {
        let mut fields = Fields::read(request)?;
        let (by_name, by_id) = (fields.has("tag"), fields.has("tag_id"));
        // The empty text stands for one that is missing, until `finish` rejects the body.
        let link = fields
            .required("link", |text| Kind::Link.parse(text))
            .unwrap_or_default();
        let name = fields.text("tag", |text| Kind::Tag.parse(text));
        let id = fields.text("tag_id", Ok);
        match (by_name, by_id) {
            (true, true) => {
                let message = "Only one of tag and tag_id may be given";
                fields.reject("tag", Violation::new(Code::Invalid, message));
            }
            (false, false) => {
                let message = "One of tag and tag_id is required";
                fields.reject("tag", Violation::new(Code::Required, message));
            }
            _ => {}
        }
        fields.finish()?;
        let tag = match id {
            Some(id) => {
                let status = StatusCode::NOT_FOUND;
                self.store.existing(owner, Kind::Tag, &id, status).await?
            }
            None => Entity::new(Kind::Tag, owner, name.unwrap_or_default()),
        };
        let link = Entity::new(Kind::Link, owner, link);
        match self.store.put_pair(owner, &link, &tag).await? {
            Paired::Done => created(format!("/link/{}", link.id), &Row::new(&link, &tag)),
            Paired::Exists => Err(link.pair_exists(&tag)),
            Paired::Missing(_) => Err(Kind::Tag.not_found(&tag.id, StatusCode::NOT_FOUND)),
        }
    }

    /// Lists the links with each of their tags, or those with one tag.
    async fn list(&self, owner: &str, request: &Request) -> Result<Response<Body>, Error> {
        let (name, id) = (filter(request, "tag")?, filter(request, "tag_id")?);
        let mut rows = match (&id, &name) {
            (None, None) => self.store.rows(owner).await?,
            (Some(id), _) => match self.store.find_with_pairs(owner, Kind::Tag, id).await? {
                Some((_, rows)) => rows,
                None => return Err(Kind::Tag.not_found(id, StatusCode::NOT_FOUND)),
            },
            (None, Some(name)) => {
                let tag = Entity::new(Kind::Tag, owner, name.clone());
                let found = self.store.find_with_pairs(owner, Kind::Tag, &tag.id).await?;
                found.map(|(_, rows)| rows).unwrap_or_default()
            }
        };
        rows.retain(|row| name.is_none() || row.tag == name);
        json::response(&rows)
    }

    /// Responds with a link and the first of its tags; `GET /taglink?link_id=` has all.
    async fn read(&self, owner: &str, id: &str) -> Result<Response<Body>, Error> {
        match self.store.find_with_pairs(owner, Kind::Link, id).await? {
            Some((link, rows)) => {
                let first = rows.into_iter().next();
                json::response(&first.unwrap_or_else(|| Row::untagged(link)))
            }
            None => Err(Kind::Link.not_found(id, StatusCode::NOT_FOUND)),
        }
    }

    async fn delete(&self, owner: &str, id: &str) -> Result<Response<Body>, Error> {
        if self.store.delete(owner, Kind::Link, id).await? {
            Ok(empty(StatusCode::NO_CONTENT))
        } else {
            Err(Kind::Link.not_found(id, StatusCode::NOT_FOUND))
        }
    }
}
