//! What a [`Vault`] tells of its graph: what led to an event, and what it led to.
//!
//! Keeps the invariant that it adds nothing to what `toka_vault_core` says of every store: walks go by position,
//! in which a parent stands before its child (invariants 11 and 11a in `docs/architecture.md`).

#[cfg(doc)]
use toka_vault_core::EventStore;
use toka_vault_core::{Event, EventId, EventStoreExt, Replay, Result, Walk, WalkOptions};

use super::Vault;

impl Vault {
    /// Reads the children of an event, oldest first. See [`EventStore::children`]. An event without children is the
    /// end of a branch.
    pub fn children(&self, id: EventId) -> Replay {
        self.store().children(id)
    }

    /// Walks what led to an event: its parents, their parents, and so on. See
    /// [`EventStoreExt::ancestors`].
    ///
    /// A walk borrows the vault, which a [`Replay`] does not: a task of its own takes a clone of the handle and
    /// begins the walk itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use toka_vault::{Vault, WalkOptions};
    ///
    /// # async fn example() -> Result<(), toka_vault::Error> {
    /// let vault = Vault::open("memory:")?;
    /// let asked = vault.commit_json("user.asked", "When do you open?", &[]).await?;
    /// let looked_up = vault.commit_json("agent.tool.invoked", "hours", &[asked.id]).await?;
    /// let said = vault.commit_json("agent.said", "At nine.", &[looked_up.id]).await?;
    ///
    /// let mut causes = vault.ancestors(said.id, WalkOptions::new());
    /// assert_eq!(causes.try_next().await?.map(|event| event.header), Some(asked));
    /// assert_eq!(causes.try_next().await?.map(|event| event.header), Some(looked_up));
    /// assert!(causes.try_next().await?.is_none());
    /// # Ok(())
    /// # }
    /// # futures::executor::block_on(example()).unwrap();
    /// ```
    pub fn ancestors(&self, id: EventId, options: WalkOptions) -> Walk<'_> {
        self.store().ancestors(id, options)
    }

    /// Walks what an event led to: its children, their children, and so on. See
    /// [`EventStoreExt::descendants`]. It looks for the children of each event that it gives.
    ///
    /// # Examples
    ///
    /// The ends of all branches that began with an event:
    ///
    /// ```
    /// use toka_vault::{EventId, Result, Vault, WalkOptions};
    ///
    /// async fn ends(vault: &Vault, from: EventId) -> Result<Vec<EventId>> {
    ///     let mut ends = Vec::new();
    ///     let mut after = vault.descendants(from, WalkOptions::new());
    ///     while let Some(event) = after.try_next().await? {
    ///         if vault.children(event.header.id).try_next().await?.is_none() {
    ///             ends.push(event.header.id);
    ///         }
    ///     }
    ///     Ok(ends)
    /// }
    ///
    /// # async fn example() -> Result<()> {
    /// let vault = Vault::open("memory:")?;
    /// let plan = vault.commit_json("agent.said", "Let us look for trains.", &[]).await?;
    /// let early = vault.commit_json("agent.said", "There is one at nine.", &[plan.id]).await?;
    /// let late = vault.commit_json("agent.said", "There is one at noon.", &[plan.id]).await?;
    /// assert_eq!(ends(&vault, plan.id).await?, [early.id, late.id]);
    /// # Ok(())
    /// # }
    /// # futures::executor::block_on(example()).unwrap();
    /// ```
    pub fn descendants(&self, id: EventId, options: WalkOptions) -> Walk<'_> {
        self.store().descendants(id, options)
    }

    /// Tells whether `earlier` is among the ancestors of `later`. See
    /// [`EventStoreExt::is_ancestor`].
    pub async fn is_ancestor(&self, earlier: EventId, later: EventId) -> Result<bool> {
        self.store().is_ancestor(earlier, later).await
    }

    /// Finds the nearest events that led to both, as `git merge-base --all` does. See
    /// [`EventStoreExt::common_ancestors`].
    pub async fn common_ancestors(&self, one: EventId, other: EventId) -> Result<Vec<Event>> {
        self.store().common_ancestors(one, other).await
    }

    /// Walks the events that name no parents, oldest first. See [`EventStoreExt::roots`]. Reads the whole history.
    pub fn roots(&self) -> Walk<'_> {
        self.store().roots()
    }

    /// Walks the events that nothing follows yet, newest first. See [`EventStoreExt::leaves`]. Reads the history
    /// from its end, as far as events are asked for.
    pub fn leaves(&self) -> Walk<'_> {
        self.store().leaves()
    }
}
