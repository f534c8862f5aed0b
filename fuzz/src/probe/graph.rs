//! What is said of the graph, which a forged vault can have closed to a circle.

use toka_vault::{Event, EventStoreExt, Walk, WalkOptions, WalkOrder};

use super::{Probe, drain};
use crate::input::Input;

/// Steps after which a walk counts as one that does not end.
const STEPS_MAX: usize = 100_000;

impl Probe<'_> {
    /// Walks from events, and asks how they are related.
    pub(super) async fn graph(&mut self, events: &[&Event], input: &mut Input<'_>) {
        for _ in 0..2 {
            let (Some(event), Some(other)) = (input.of(events), input.of(events)) else { return };
            let (id, other) = (event.header.id, other.header.id);
            for order in [WalkOrder::Causal, WalkOrder::NearestFirst] {
                walk(self.vault.ancestors(id, WalkOptions::new().with_order(order))).await;
            }
            walk(self.vault.descendants(id, WalkOptions::new())).await;
            // Any answer will do, as long as there is one.
            let _ = self.vault.is_ancestor(id, other).await;
            let _ = self.vault.common_ancestors(id, other).await;
            self.children(event).await;
        }
        walk(self.vault.roots()).await;
        walk(self.vault.leaves()).await;
    }

    async fn children(&mut self, event: &Event) {
        let (id, position) = (event.header.id, event.position());
        let children = drain(self.vault.children(id)).await;
        let is_clear = self.is_unique(id) && self.seen.damaged.is_empty() && self.seen.is_all();
        if !is_clear || children.stopped {
            return;
        }
        let is_child = |child: &&Event| child.position() > position && child.header.parents.contains(&id);
        let named: Vec<_> = self.seen.events.iter().filter(is_child).collect();
        let told: Vec<_> = children.events.iter().filter(|child| child.position() > position).collect();
        self.hold(named == told, || format!("the children of {event} are {named:?}, and told are {told:?}"));
    }
}

/// Walks to the end.
async fn walk(mut walk: Walk<'_>) {
    let mut steps = 0;
    while !matches!(walk.try_next().await, Ok(None)) {
        steps += 1;
        assert!(steps < STEPS_MAX, "a walk that does not end");
    }
}
