//! [`let_others_run`]: how a long search stays a good neighbour on any runtime.

use std::future::poll_fn;
use std::task::Poll;

/// Gives way to other tasks of the thread, once. For stores whose searches can be long.
///
/// Works on any runtime, and needs none.
///
/// # Cancel safety
///
/// It has no effect but the pause.
pub async fn let_others_run() {
    let mut gave_way = false;
    poll_fn(|context| {
        if gave_way {
            return Poll::Ready(());
        }
        gave_way = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
