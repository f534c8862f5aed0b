//! [`Ahead`]: a read that goes on while its reader does something else.
//!
//! Keeps the invariant that what was asked for is answered once.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use futures::future::{BoxFuture, FutureExt, MaybeDone, maybe_done};

/// Is being read, or was.
pub(super) struct Ahead<T>(MaybeDone<BoxFuture<'static, T>>);

impl<T: Send + 'static> Ahead<T> {
    /// Reads once it is asked for.
    pub(super) fn new(read: impl Future<Output = T> + Send + 'static) -> Self {
        Self(maybe_done(read.boxed()))
    }

    /// Asks for it, and tells whether it is there: what is read on another thread is polled once.
    pub(super) async fn ask(&mut self) -> bool {
        poll_fn(|context| Poll::Ready(Pin::new(&mut self.0).poll(context).is_ready())).await
    }

    /// Waits for what is read. Returns it, or `None` where it was taken before.
    pub(super) async fn take(&mut self) -> Option<T> {
        (&mut self.0).await;
        Pin::new(&mut self.0).take_output()
    }
}
