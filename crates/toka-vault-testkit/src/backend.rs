//! [`Backend`]: what the suite needs to know of a back-end, and [`Store`]: a vault that it opens.
//!
//! Keeps the invariant that neither is generic over the back-end: the cases are compiled once, with
//! this crate, and not again for every vault that is tested.

use std::future::{Future, ready};
use std::ops::Deref;

use futures::FutureExt;
use futures::future::BoxFuture;
use toka_vault_core::{Event, EventStore};

/// Opens vaults of one back-end for one test: not durable and not bounded, unless told. What a back-end does not
/// say of itself, no case asks of it.
///
/// # Examples
///
/// ```
/// use toka_vault_testkit::Backend;
/// use toka_vault_testkit::logs::{Disk, open_vault};
///
/// let disk = Disk::default();
/// let backend = Backend::new(move || open_vault(&disk)).durable();
/// assert!(backend.is_durable());
/// ```
pub struct Backend {
    open: Open,
    durable: bool,
    capacity: Option<u64>,
    read_only: Option<Open>,
    damage: Option<Damage>,
}

/// Damages an event.
type Damage = Box<dyn Fn(&Event) + Send + Sync>;

/// Opens a vault.
type Open = Box<dyn Fn() -> BoxFuture<'static, Store> + Send + Sync>;

/// Is an open vault of any back-end. Clones are clones of the vault itself.
pub struct Store(Box<dyn Handle>);

/// A vault that can be cloned behind a pointer.
trait Handle: EventStore {
    fn another(&self) -> Store;
}

impl Backend {
    /// Takes the function that opens the vault, which is empty at the first call; it can block.
    pub fn new<S: EventStore + Clone + 'static>(open: impl Fn() -> S + Send + Sync + 'static) -> Self {
        Self::new_async(move || ready(open()))
    }

    /// Takes an asynchronous function that opens the vault, which is empty at the first call.
    pub fn new_async<S, F>(open: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        S: EventStore + Clone + 'static,
        F: Future<Output = S> + Send + 'static,
    {
        Self { open: boxed(open), durable: false, capacity: None, read_only: None, damage: None }
    }

    /// Says that calling the function again, once the vault is closed or dropped, opens the same
    /// vault.
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

    /// Says that this function opens a vault to read only, once it is closed; it can block.
    #[must_use]
    pub fn with_read_only<S: EventStore + Clone + 'static>(
        mut self,
        open: impl Fn() -> S + Send + Sync + 'static,
    ) -> Self {
        self.read_only = Some(boxed(move || ready(open())));
        self
    }

    /// Says that this function damages what is stored of an event, of a vault that is closed, such that this event
    /// cannot be read afterwards and all others can.
    #[must_use]
    pub fn with_damage(mut self, damage: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.damage = Some(Box::new(damage));
        self
    }

    /// Opens the vault: with what it held where it is durable, otherwise an empty one each time.
    pub async fn open(&self) -> Store {
        (self.open)().await
    }

    /// Opens the vault, which is closed, to read only; `None` where the back-end does not say how.
    pub async fn open_read_only(&self) -> Option<Store> {
        match &self.read_only {
            Some(open) => Some(open().await),
            None => None,
        }
    }

    /// Returns what damages an event of the vault while it is closed, where the back-end says how.
    pub fn damage(&self) -> Option<impl Fn(&Event)> {
        self.damage.as_ref()
    }

    /// Tells whether a vault can be opened again with what it held.
    pub fn is_durable(&self) -> bool {
        self.durable
    }

    /// Returns how many events the vault keeps, where that is bounded.
    pub fn capacity(&self) -> Option<u64> {
        self.capacity
    }
}

/// Makes the function that opens a store return what any other does.
fn boxed<S, F>(open: impl Fn() -> F + Send + Sync + 'static) -> Open
where
    S: EventStore + Clone + 'static,
    F: Future<Output = S> + Send + 'static,
{
    Box::new(move || open().map(|store| Store(Box::new(store))).boxed())
}

impl Clone for Store {
    fn clone(&self) -> Self {
        self.0.another()
    }
}

impl Deref for Store {
    type Target = dyn EventStore;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl<S: EventStore + Clone + 'static> Handle for S {
    fn another(&self) -> Store {
        Store(Box::new(self.clone()))
    }
}
