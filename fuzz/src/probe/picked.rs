//! What filters pick, against what a replay of everything has of it.

use std::collections::BTreeSet;

use toka_vault::{Direction, Event, Filter, ReplayOptions, StartFrom};

use super::{Probe, drain};
use crate::input::Input;

impl Probe<'_> {
    /// Asks for kinds and times, in both directions.
    pub(super) async fn picked(&mut self, events: &[&Event], input: &mut Input<'_>) {
        let kinds: BTreeSet<&str> = events.iter().map(|event| event.header.kind.as_str()).collect();
        let kinds: Vec<_> = kinds.into_iter().collect();
        for _ in 0..2 {
            let (Some(kind), Some(event)) = (input.of(&kinds), input.of(events)) else { return };
            let at = event.header.timestamp;
            let filter = if input.coin() { Filter::new() } else { Filter::kind(kind).unwrap() };
            let filter = match input.byte() % 4 {
                0 => filter.with_since(at).unwrap(),
                1 => filter.with_until(at).unwrap_or_default(),
                _ => filter,
            };
            for direction in [Direction::Forward, Direction::Backward] {
                self.filtered(&filter, direction).await;
            }
            drain(self.vault.replay(ReplayOptions::new().with_start(StartFrom::Time(at)).with_limit(5)))
                .await;
        }
    }

    async fn filtered(&mut self, filter: &Filter, direction: Direction) {
        let options = ReplayOptions::new().with_filter(filter.clone()).with_direction(direction);
        let picked = drain(self.vault.replay(options)).await;
        if picked.stopped || self.seen.stopped {
            return;
        }
        let mut events: Vec<_> = picked.events.iter().collect();
        if direction == Direction::Backward {
            events.reverse();
        }
        let meant: Vec<_> = self.seen.events.iter().filter(|event| filter.matches(&event.header)).collect();
        let seen = self.seen;
        self.hold(events == meant, || {
            format!("{filter:?} {direction:?} picks {} of {}", picked.told(), seen.told())
        });
    }
}
