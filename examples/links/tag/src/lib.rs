//! `/tag`: the tags of a user.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use links_store::{Entity, Kind, Store, created, filter, target};
use shared::authenticate::authenticate;
use shared::clock::Clock;
use shared::env::Env;
use shared::error::{Error, ErrorFormat};
use shared::function::{Function, HttpFunction, StartError};
use shared::http::empty;
use shared::http::json::{self, Fields};
use shared::tokens::Verifier;

/// The function `links-tag`.
pub struct Tag {
    store: Store,
    verifier: Verifier,
}

impl Function for Tag {
    const NAME: &'static str = "links-tag";

    async fn start(env: &Env<'_>, clock: &Clock) -> Result<Self, StartError> {
        let (store, verifier) = links_store::start(env, clock).await?;
        Ok(Self { store, verifier })
    }

    async fn prepare(&self) -> Result<(), StartError> {
        self.verifier.prepare().await
    }
}

impl HttpFunction for Tag {
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

impl Tag {
    /// Responds 201 with the new tag, or 200 with the one of this name.
    async fn create(&self, owner: &str, request: &Request) -> Result<Response<Body>, Error> {
        let mut fields = Fields::read(request)?;
        // The empty text stands for one that is missing, until `finish` rejects the body.
        let name = fields
            .required("tag", |text| Kind::Tag.parse(text))
            .unwrap_or_default();
        fields.finish()?;
        let tag = Entity::new(Kind::Tag, owner, name);
        if self.store.put_tag(owner, &tag).await? {
            created(format!("/tag/{}", tag.id), &tag)
        } else {
            json::response(&tag)
        }
    }

    async fn list(&self, owner: &str, request: &Request) -> Result<Response<Body>, Error> {
        let Some(name) = filter(request, "tag")? else {
            return json::response(&self.store.tags(owner).await?);
        };
        let tag = Entity::new(Kind::Tag, owner, name);
        let found = self.store.find(owner, Kind::Tag, &tag.id).await?;
        json::response(&Vec::from_iter(found))
    }

    async fn read(&self, owner: &str, id: &str) -> Result<Response<Body>, Error> {
        let status = StatusCode::NOT_FOUND;
        json::response(&self.store.existing(owner, Kind::Tag, id, status).await?)
    }

    async fn delete(&self, owner: &str, id: &str) -> Result<Response<Body>, Error> {
        if self.store.delete(owner, Kind::Tag, id).await? {
            Ok(empty(StatusCode::NO_CONTENT))
        } else {
            Err(Kind::Tag.not_found(id, StatusCode::NOT_FOUND))
        }
    }
}
