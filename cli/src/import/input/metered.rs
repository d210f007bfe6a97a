//! Counts what is read.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A reader that counts.
pub(super) struct Metered<R> {
    source: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Metered<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            read: Arc::default(),
        }
    }

    /// Returns the count of bytes.
    pub(super) fn read_so_far(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.read)
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.read
            .fetch_add(u64::try_from(count).unwrap_or(0), Ordering::Relaxed);
        Ok(count)
    }
}
