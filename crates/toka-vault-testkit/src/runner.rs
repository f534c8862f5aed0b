//! Runs a test's future so that it ends: with its outcome, or with a panic that says it hangs.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::task::Poll;
use std::thread::{self, Builder};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::{Backend, conformance};

/// How long a test may take before it counts as hanging. Far beyond what any needs on a slow
/// machine; no test waits for it to pass.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// Runs `body` on a tokio runtime with two workers, under the name of the calling test.
///
/// # Panics
///
/// Where `body` panics, or does not end within [`PATIENCE`].
pub fn run<B, F>(body: B)
where
    B: FnOnce() -> F + Send + 'static,
    F: Future<Output = ()>,
{
    watched(move || runtime().block_on(body()));
}

/// Runs a case of the suite on a back-end that is made for it.
///
/// # Panics
///
/// Like [`run`], and where there is no such case. Before the panic it says what the case shows.
pub fn run_case(subject: &str, case: &str, make: fn() -> Backend) {
    let run = conformance::case(subject, case);
    let _tell = OfCase { subject, case };
    watched(move || runtime().block_on(run(make())));
}

/// Says what a case was to show, where it fails: its assertions tell what they found, and not why that
/// is wrong.
struct OfCase<'a> {
    subject: &'a str,
    case: &'a str,
}

impl Drop for OfCase<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let Self { subject, case } = self;
            let promise = conformance::promise(subject, case);
            eprintln!("\nThe back-end does not keep what `{subject}::{case}` shows:\n    {promise}");
        }
    }
}

/// Runs `body` on a thread of its own and waits for it.
///
/// # Panics
///
/// Where `body` panics, or does not end within [`PATIENCE`].
pub fn watched<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    let name = thread::current().name().unwrap_or("test").to_owned();
    let (alive, ended) = mpsc::channel::<()>();
    let run = move || {
        // Dropped at the end of `body`, also by a panic, which the receiver sees.
        let _alive = alive;
        body()
    };
    let thread = Builder::new().name(name.clone()).spawn(run).unwrap();
    if ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
        panic!(
            "`{name}` hangs: it did not end within {PATIENCE:?}; what it waits for never came, such as the \
             next event of a subscription, its end, or an answer"
        );
    }
    match thread.join() {
        Ok(outcome) => outcome,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// Makes a multi-thread runtime.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Runs a future on a task of its own, and returns once that waits for something.
///
/// # Panics
///
/// Where it has nothing to wait for.
pub async fn once_waiting<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let (tell, told) = oneshot::channel();
    let task = tokio::spawn(async move {
        let mut future = pin!(future);
        let begun = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
        assert!(begun.is_pending(), "what should wait was done at once");
        // Whoever asked may be gone.
        let _ = tell.send(());
        future.await
    });
    told.await.expect("what should wait was done at once");
    task
}

/// Runs `body` on a thread that has no runtime, and waits for it without blocking.
///
/// # Panics
///
/// Where `body` panics.
pub async fn elsewhere<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    let (tell, told) = oneshot::channel();
    thread::spawn(move || {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
        // Whoever asked may be gone.
        let _ = tell.send(outcome);
    });
    match told.await.unwrap() {
        Ok(outcome) => outcome,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
