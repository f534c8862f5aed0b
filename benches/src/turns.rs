//! [`Turns`]: what floor and vault reached, turn by turn.

use std::time::Instant;

/// Holds the rates of the turns, in events a second.
#[derive(Debug, Default)]
pub struct Turns {
    floors: Vec<f64>,
    vaults: Vec<f64>,
}

/// Tells where the middle and the ends of some figures lie.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    pub min: f64,
    pub median: f64,
    pub max: f64,
}

impl Turns {
    /// Adds a turn of each.
    pub fn add(&mut self, floor: f64, vault: f64) {
        self.floors.push(floor);
        self.vaults.push(vault);
    }

    /// Returns the rates of the floor.
    pub fn floor(&self) -> Spread {
        Spread::of(self.floors.iter().copied())
    }

    /// Returns the rates of the vault.
    pub fn vault(&self) -> Spread {
        Spread::of(self.vaults.iter().copied())
    }

    /// Returns vault divided by floor, of the turns next to each other.
    pub fn ratio(&self) -> Spread {
        Spread::of(self.vaults.iter().zip(&self.floors).map(|(vault, floor)| vault / floor))
    }
}

impl Spread {
    fn of(figures: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = figures.collect();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
        Self { min: at(0), median: at(sorted.len() / 2), max: at(sorted.len().saturating_sub(1)) }
    }
}

/// Returns how many events a second there were since `start`.
pub fn rate(events: u64, start: Instant) -> f64 {
    events as f64 / start.elapsed().as_secs_f64()
}
