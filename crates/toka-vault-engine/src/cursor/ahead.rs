//! [`Ahead`]: a read that goes on while its reader does something else.
//!
//! Keeps the invariant that what was asked for is answered once.

use std::future::{Future, poll_fn};
use std::task::Poll;

use futures::future::{BoxFuture, FutureExt};

/// Is being read, or was.
pub(super) enum Ahead<T> {
    /// Is read once it is asked for.
    Reading(BoxFuture<'static, T>),
    /// Was read.
    There(T),
}

impl<T> Ahead<T> {
    /// Reads once it is asked for.
    pub(super) fn new(read: impl Future<Output = T> + Send + 'static) -> Self {
        Self::Reading(read.boxed())
    }

    /// Asks for it, and tells whether it is there: what is read on another thread is polled once.
    pub(super) async fn ask(&mut self) -> bool {
        poll_fn(|context| {
            if let Self::Reading(read) = self
                && let Poll::Ready(read) = read.as_mut().poll(context)
            {
                *self = Self::There(read);
            }
            Poll::Ready(matches!(self, Self::There(_)))
        })
        .await
    }

    /// Waits for what is read.
    pub(super) async fn take(self) -> T {
        match self {
            Self::Reading(read) => read.await,
            Self::There(read) => read,
        }
    }
}
