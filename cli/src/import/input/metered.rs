//! Counts what is read, and bounds what one row may take.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A reader that counts.
pub(super) struct Metered<R> {
    source: R,
    read: Arc<AtomicU64>,
    /// How far it may be read.
    limit: u64,
}

impl<R: Read> Metered<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            read: Arc::default(),
            limit: u64::MAX,
        }
    }

    /// Returns the count of bytes.
    pub(super) fn read_so_far(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.read)
    }

    /// Lets no more than this many further bytes be read.
    pub(super) fn allow(&mut self, bytes: usize) {
        let further = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.limit = self.read.load(Ordering::Relaxed).saturating_add(further);
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read.load(Ordering::Relaxed) >= self.limit {
            return Err(io::Error::other(
                "the row is too long; is a quotation mark missing?",
            ));
        }
        let count = self.source.read(buffer)?;
        self.read
            .fetch_add(u64::try_from(count).unwrap_or(0), Ordering::Relaxed);
        Ok(count)
    }
}
