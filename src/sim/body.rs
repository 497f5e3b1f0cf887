//! A body that arrives whole, or breaks off in the middle.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// One chunk, then the end or a broken connection.
#[derive(Debug)]
pub(crate) struct Once {
    chunk: Option<Bytes>,
    /// Announced length when the body is to break off before it.
    cut: Option<u64>,
    /// Has the transport had its chance to send the first half?
    flushed: bool,
}

impl Once {
    /// A body that arrives whole.
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self {
            chunk: Some(bytes),
            cut: None,
            flushed: false,
        }
    }

    /// A body of which only the first half arrives.
    pub(crate) fn cut(bytes: &Bytes) -> Self {
        Self {
            chunk: Some(bytes.slice(..bytes.len() / 2)),
            cut: Some(bytes.len() as u64),
            flushed: false,
        }
    }
}

impl Body for Once {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(chunk) = self.chunk.take().filter(|chunk| !chunk.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(chunk))));
        }
        if self.cut.is_none() {
            return Poll::Ready(None);
        }
        // An error in the same turn as the chunk would break the connection before
        // a server has written anything.
        if !self.flushed {
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.cut = None;
        let broken = io::Error::from(io::ErrorKind::ConnectionReset);
        Poll::Ready(Some(Err(broken)))
    }

    fn is_end_stream(&self) -> bool {
        self.cut.is_none() && self.chunk.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.chunk.as_ref().map_or(0, Bytes::len) as u64;
        SizeHint::with_exact(self.cut.unwrap_or(left))
    }
}
