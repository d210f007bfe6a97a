//! `/taglink`: which links of a user have which tags.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use links_store::{Kind, Paired, Row, Store, created, filter, target};
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
            "GET" => self.list(owner, &request).await,
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

impl Taglink {
    /// Gives a link that exists a tag that exists.
    async fn create(&self, owner: &str, request: &Request) -> Result<Response<Body>, Error> {
        let mut fields = Fields::read(request)?;
        // The empty text stands for one that is missing, until `finish` rejects the body.
        let tag_id = fields.required("tag_id", Ok).unwrap_or_default();
        let link_id = fields.required("link_id", Ok).unwrap_or_default();
        fields.finish()?;
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        let tag = self.store.existing(owner, Kind::Tag, &tag_id, status).await?;
        let link = self.store.existing(owner, Kind::Link, &link_id, status).await?;
        match self.store.put_pair(owner, &link, &tag).await? {
            Paired::Done => {
                let location = format!("/taglink?tag_id={}&link_id={}", tag.id, link.id);
                created(location, &Row::new(&link, &tag))
            }
            Paired::Exists => Err(link.pair_exists(&tag)),
            Paired::Missing(Kind::Link) => Err(Kind::Link.not_found(&link.id, status)),
            Paired::Missing(Kind::Tag) => Err(Kind::Tag.not_found(&tag.id, status)),
        }
    }

    async fn list(&self, owner: &str, request: &Request) -> Result<Response<Body>, Error> {
        let named = Named {
            tag_id: filter(request, "tag_id")?,
            link_id: filter(request, "link_id")?,
        };
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        json::response(&self.pairs(owner, &named, status).await?)
    }

    /// Deletes the pairs of a tag, of a link, or the one of both. An empty id is an id: were it ignored, more would be deleted than was
    /// meant.
    async fn delete(&self, owner: &str, request: &Request) -> Result<Response<Body>, Error> {
        let named = Named {
            tag_id: request::query(request, "tag_id")?,
            link_id: request::query(request, "link_id")?,
        };
        if named.tag_id.is_none() && named.link_id.is_none() {
            let message = "One or both of tag_id or link_id must be specified";
            return Err(Error::Other(StatusCode::UNPROCESSABLE_ENTITY, message.to_owned()));
        }
        let status = StatusCode::NOT_FOUND;
        let mut pairs = self.pairs(owner, &named, status).await?;
        if pairs.is_empty()
            && let (Some(tag), Some(link)) = (&named.tag_id, &named.link_id)
        {
            let message = format!("TagLink with tag_id {tag} and link_id {link} not found");
            return Err(Error::Other(status, message));
        }
        for _ in 0..ROUNDS {
            if self.store.delete_pairs(owner, &pairs).await? {
                return Ok(empty(StatusCode::NO_CONTENT));
            }
            // One of them has gone since; the others are read again.
            pairs = self.pairs(owner, &named, status).await?;
        }
        Err(contended())
    }

    /// Returns the pairs of a tag, of a link, of both, or all. An id that does not exist has this status.
    async fn pairs(&self, owner: &str, named: &Named, missing: StatusCode) -> Result<Vec<Row>, Error> {
        let (kind, id) = match (&named.link_id, &named.tag_id) {
            (Some(link), tag) => {
                if let Some(tag) = tag {
                    self.store.existing(owner, Kind::Tag, tag, missing).await?;
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
        let (_, mut rows) = found.ok_or_else(|| kind.not_found(id, missing))?;
        rows.retain(|row| named.tag_id.is_none() || row.tag_id == named.tag_id);
        Ok(rows)
    }
}
