//! `/taglink`: which links of a user have which tags.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use links_store::{Entity, Kind, Paired, Row, Store, created, required, target};
use shared::authenticate::authenticate;
use shared::clock::Clock;
use shared::env::Env;
use shared::error::{Error, ErrorFormat};
use shared::function::{Function, HttpFunction, StartError};
use shared::http::json::{self, Fields};
use shared::http::{empty, request};
use shared::table::{ROUNDS, contended};
use shared::tokens::Verifier;

/// The function `links-taglink`.
pub struct Taglink {
    store: Store,
    verifier: Verifier,
}

impl Function for Taglink {
    const NAME: &'static str = "links-taglink";

    async fn start(env: &Env<'_>, clock: &Clock) -> Result<Self, StartError> {
        let (store, verifier) = links_store::start(env, clock).await?;
        Ok(Self { store, verifier })
    }

    async fn prepare(&self) -> Result<(), StartError> {
        self.verifier.prepare().await
    }
}

impl HttpFunction for Taglink {
    const ERROR_FORMAT: ErrorFormat = ErrorFormat::Problem;

    async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        let (method, None) = target(&request)? else {
            return Err(Error::NotFound);
        };
        let caller = authenticate(&self.verifier, &request).await?;
        let owner = caller.user.id.as_str();
        match method {
            "POST" => self.create(owner, &request).await,
            "GET" => {
                let named = Named::read(&request)?;
                json::response(
                    &self
                        .pairs(owner, &named, StatusCode::UNPROCESSABLE_ENTITY)
                        .await?,
                )
            }
            "DELETE" => self.delete(owner, &request).await,
            _ => Err(Error::NotFound),
        }
    }
}

/// The ids that a query names.
struct Named {
    tag_id: Option<String>,
    link_id: Option<String>,
}

impl Named {
    fn read(request: &Request) -> Result<Self, Error> {
        Ok(Self {
            tag_id: request::query(request, "tag_id")?,
            link_id: request::query(request, "link_id")?,
        })
    }
}

impl Taglink {
    /// Gives a link that exists a tag that exists.
    async fn create(&self, owner: &str, request: &Request) -> Result<Response<Body>, Error> {
        let mut fields = Fields::read(request)?;
        let tag_id = required(&mut fields, "tag_id", Ok);
        let link_id = required(&mut fields, "link_id", Ok);
        fields.finish()?;
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        let tag = self.known(owner, Kind::Tag, &tag_id, status).await?;
        let link = self.known(owner, Kind::Link, &link_id, status).await?;
        match self.store.put_pair(owner, &link, &tag).await? {
            Paired::Done => {
                let location = format!("/taglink?tag_id={}&link_id={}", tag.id, link.id);
                created(location, &Row::new(&link, &tag))
            }
            Paired::Exists => Err(link.paired(&tag)),
            Paired::Missing(Kind::Link) => Err(Kind::Link.missing(&link.id, status)),
            Paired::Missing(Kind::Tag) => Err(Kind::Tag.missing(&tag.id, status)),
        }
    }

    /// Deletes the pairs of a tag, of a link, or the one of both.
    async fn delete(&self, owner: &str, request: &Request) -> Result<Response<Body>, Error> {
        let named = Named::read(request)?;
        if named.tag_id.is_none() && named.link_id.is_none() {
            let message = "One or both of tag_id or link_id must be specified";
            return Err(Error::Other(StatusCode::UNPROCESSABLE_ENTITY, message.to_owned()));
        }
        for round in 0..ROUNDS {
            let pairs = self.pairs(owner, &named, StatusCode::NOT_FOUND).await?;
            if let (true, 0, Some(tag), Some(link)) = (pairs.is_empty(), round, &named.tag_id, &named.link_id)
            {
                let message = format!("TagLink with tag_id {tag} and link_id {link} not found");
                return Err(Error::Other(StatusCode::NOT_FOUND, message));
            }
            // One that has gone since makes the others be read again.
            if self.store.delete_pairs(owner, &pairs).await? {
                return Ok(empty(StatusCode::NO_CONTENT));
            }
        }
        Err(contended())
    }

    /// Returns the pairs of a tag, of a link, of both, or all. An id that does not exist has this status.
    async fn pairs(&self, owner: &str, named: &Named, missing: StatusCode) -> Result<Vec<Row>, Error> {
        let (kind, id) = match (&named.link_id, &named.tag_id) {
            (Some(link), tag) => {
                if let Some(tag) = tag {
                    self.known(owner, Kind::Tag, tag, missing).await?;
                }
                (Kind::Link, link)
            }
            (None, Some(tag)) => (Kind::Tag, tag),
            (None, None) => {
                let mut rows = self.store.rows(owner).await?;
                rows.retain(|row| row.tag_id.is_some());
                return Ok(rows);
            }
        };
        let found = self.store.find_with_pairs(owner, kind, id).await?;
        let (_, mut rows) = found.ok_or_else(|| kind.missing(id, missing))?;
        rows.retain(|row| named.tag_id.is_none() || row.tag_id == named.tag_id);
        Ok(rows)
    }

    async fn known(&self, owner: &str, kind: Kind, id: &str, missing: StatusCode) -> Result<Entity, Error> {
        let found = self.store.find(owner, kind, id).await?;
        found.ok_or_else(|| kind.missing(id, missing))
    }
}
