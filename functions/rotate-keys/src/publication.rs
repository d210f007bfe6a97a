//! What is published, read and written so that nobody writes over what was not seen.

use shared::clock::Timestamp;
use shared::error::Error;
use shared::published::Published;
use shared::store::Store;

/// What is published, with the revision that it was read at.
#[derive(Debug)]
pub struct Seen {
    /// What is published; nothing where nothing was yet.
    pub published: Published,
    revision: Option<u64>,
}

impl Seen {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`]; [`Error::Internal`] for what cannot be read.
    pub async fn read(store: &Store) -> Result<Self, Error> {
        let Some(publication) = store.published().await? else {
            return Ok(Self {
                published: Published::default(),
                revision: None,
            });
        };
        let published = Published::parse(&publication.document)
            .map_err(|error| Error::internal("what is published", error.to_string()))?;
        Ok(Self {
            published,
            revision: Some(publication.revision),
        })
    }

    /// Publishes `next` in its place.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`], also where another has published in between: the caller begins again.
    pub async fn replace(&self, store: &Store, next: &Published, now: Timestamp) -> Result<(), Error> {
        if *next == self.published {
            return Ok(());
        }
        let document = next
            .document()
            .map_err(|error| Error::internal("what is published", error.to_string()))?;
        if store.publish(&document, self.revision, now).await? {
            Ok(())
        } else {
            Err(Error::unavailable(
                "what is published",
                "another rotation has changed it in between; run this one again",
            ))
        }
    }
}
