//! A body that arrives whole, slowly, or breaks off in the middle.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

/// One chunk, then the end, another chunk after a while, or a broken connection.
#[derive(Debug)]
pub(crate) struct Once {
    chunk: Option<Bytes>,
    then: Then,
}

#[derive(Debug)]
enum Then {
    End,
    /// Breaks off. `flushed`: the transport has had its chance to send the first half.
    Break {
        announced: u64,
        flushed: bool,
    },
    /// The rest comes when the time is over.
    Rest(Bytes, Duration),
    Waiting(Bytes, Pin<Box<Sleep>>),
}

impl Once {
    /// A body that arrives whole.
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self {
            chunk: Some(bytes),
            then: Then::End,
        }
    }

    /// A body of which only the first half arrives.
    pub(crate) fn cut(bytes: &Bytes) -> Self {
        Self {
            chunk: Some(bytes.slice(..bytes.len() / 2)),
            then: Then::Break {
                announced: bytes.len() as u64,
                flushed: false,
            },
        }
    }

    /// A body whose second half comes `time` after the first.
    pub(crate) fn slow(bytes: &Bytes, time: Duration) -> Self {
        let half = bytes.len() / 2;
        Self {
            chunk: Some(bytes.slice(..half)),
            then: Then::Rest(bytes.slice(half..), time),
        }
    }

    fn poll_rest(&mut self, context: &mut Context<'_>) -> Poll<Option<Frame<Bytes>>> {
        if let Then::Rest(rest, time) = &self.then {
            let sleep = Box::pin(tokio::time::sleep(*time));
            self.then = Then::Waiting(rest.clone(), sleep);
        }
        let Then::Waiting(rest, sleep) = &mut self.then else {
            return Poll::Ready(None);
        };
        if sleep.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        let rest = rest.clone();
        self.then = Then::End;
        Poll::Ready(Some(Frame::data(rest)))
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
        let Then::Break { flushed, .. } = &mut self.then else {
            return self.poll_rest(context).map(|frame| frame.map(Ok));
        };
        // An error in the same turn as the chunk would break the connection before
        // a server has written anything.
        if !*flushed {
            *flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.then = Then::End;
        let broken = io::Error::from(io::ErrorKind::ConnectionReset);
        Poll::Ready(Some(Err(broken)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.then, Then::End) && self.chunk.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.chunk.as_ref().map_or(0, Bytes::len) as u64;
        SizeHint::with_exact(match &self.then {
            Then::End => left,
            Then::Break { announced, .. } => *announced,
            Then::Rest(rest, _) | Then::Waiting(rest, _) => left + rest.len() as u64,
        })
    }
}
