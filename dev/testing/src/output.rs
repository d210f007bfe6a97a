//! What a child process writes, while it writes it.

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What a process has written to one of its streams so far.
#[derive(Debug)]
pub(crate) struct Output {
    written: watch::Receiver<Vec<u8>>,
    reader: JoinHandle<()>,
}

impl Output {
    pub(crate) fn of(stream: Option<impl AsyncRead + Unpin + Send + 'static>) -> Self {
        let (sender, written) = watch::channel(Vec::new());
        let reader = tokio::spawn(async move {
            let Some(mut stream) = stream else { return };
            let mut piece = vec![0; 8 * 1024];
            while let Ok(length @ 1..) = stream.read(&mut piece).await {
                sender.send_modify(|all| all.extend(piece.iter().take(length)));
            }
        });
        Self { written, reader }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.written.borrow()).into_owned()
    }

    pub(crate) async fn line(&mut self, text: &str) -> Option<String> {
        loop {
            // First noted as seen, then looked at: what comes in between is a change again.
            let written = String::from_utf8_lossy(&self.written.borrow_and_update()).into_owned();
            // A line without its end may still grow.
            let whole = written.rsplit_once('\n').map_or("", |(whole, _)| whole);
            if let Some(line) = whole.lines().find(|line| line.contains(text)) {
                return Some(line.to_owned());
            }
            // An error says that the stream has ended.
            self.written.changed().await.ok()?;
        }
    }

    pub(crate) async fn end(&mut self) {
        // It ends with the stream, and can be awaited only once.
        if !self.reader.is_finished() {
            let _ended = (&mut self.reader).await;
        }
    }
}
