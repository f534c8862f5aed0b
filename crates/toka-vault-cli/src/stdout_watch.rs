//! [`reader_gone`]: notices that nobody reads stdout any more, while there is nothing to write.
//!
//! A program learns from a failed write that its pipe is closed. One that waits for events may not
//! write for days, and `tail | head -1` would not end before the next event.

use std::future::{Future, pending};

use futures::channel::oneshot;

/// Completes when the reader of stdout has gone; never does where that cannot be known, and then a
/// failed write tells.
pub(crate) fn reader_gone() -> impl Future<Output = ()> {
    let (tell, told) = oneshot::channel();
    let spawned = std::thread::Builder::new().name("stdout-watch".into()).spawn(move || {
        if wait_for_hang_up() {
            // Nobody is told where the command has ended meanwhile.
            let _ = tell.send(());
        }
    });
    async move {
        if spawned.is_err() || told.await.is_err() {
            pending().await
        }
    }
}

/// Blocks until the reader of stdout has gone; `false` is: cannot tell.
#[cfg(unix)]
fn wait_for_hang_up() -> bool {
    use rustix::event::{PollFd, PollFlags, poll};

    let stdout = std::io::stdout();
    // Asks for nothing, so that only an error or a hang-up is reported.
    let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
    loop {
        match poll(&mut watched, None) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return true,
            Err(_) => return false,
        }
    }
}

/// Cannot tell on this system.
#[cfg(not(unix))]
fn wait_for_hang_up() -> bool {
    false
}
