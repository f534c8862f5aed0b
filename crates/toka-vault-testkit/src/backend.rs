//! [`Backend`]: what the suite needs to know of a back-end, and [`FromFn`], which most need not look
//! beyond.

use std::future::Future;

use toka_vault_core::EventStore;

/// Opens vaults of one back-end for one test.
pub trait Backend: Send + Sync + 'static {
    /// The vault. Clones are handles to the same one.
    type Store: EventStore + Clone + 'static;

    /// Opens the vault, which is empty at the first call.
    ///
    /// A durable back-end finds at later calls what the vault held when it was closed or dropped; any
    /// other opens an empty one each time.
    fn open(&self) -> impl Future<Output = Self::Store> + Send;

    /// Tells whether a vault can be opened again with what it held.
    fn is_durable(&self) -> bool;

    /// Returns how many events the vault keeps, where that is bounded.
    fn capacity(&self) -> Option<u64>;
}

/// Makes a function that opens a vault a [`Backend`]: not durable and not bounded, unless told.
pub struct FromFn<F> {
    open: F,
    durable: bool,
    capacity: Option<u64>,
}

impl<F> FromFn<F> {
    /// Takes the function that opens the vault; it can block.
    pub fn new(open: F) -> Self {
        Self { open, durable: false, capacity: None }
    }

    /// Says that calling the function again opens the same vault.
    #[must_use]
    pub fn durable(mut self) -> Self {
        self.durable = true;
        self
    }

    /// Says that the vault keeps the newest `capacity` events only.
    #[must_use]
    pub fn bounded(mut self, capacity: u64) -> Self {
        self.capacity = Some(capacity);
        self
    }
}

impl<F, S> Backend for FromFn<F>
where
    F: Fn() -> S + Send + Sync + 'static,
    S: EventStore + Clone + 'static,
{
    type Store = S;

    async fn open(&self) -> S {
        (self.open)()
    }

    fn is_durable(&self) -> bool {
        self.durable
    }

    fn capacity(&self) -> Option<u64> {
        self.capacity
    }
}
