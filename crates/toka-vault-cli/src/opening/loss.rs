//! What is told of acknowledged events that are missing at the end of a vault, where that is accepted.
//!
//! Keeps the invariant that nothing is given up in silence: what would have kept the vault from opening is
//! told once it is open.

use toka_vault::{Error, Remedy};

/// Tells whether what keeps a vault from opening may be a loss at its end.
pub(super) fn may_be(refusal: &Error) -> bool {
    matches!(
        refusal,
        Error::TailLost { .. }
            | Error::Damaged { remedy: Remedy::AcceptTailLoss, .. }
            | Error::Corrupt { .. }
    )
}

/// Says what was given up by opening a vault in spite of this refusal.
pub(super) fn accepted(refusal: &Error) -> String {
    match refusal {
        Error::TailLost { acknowledged, found, .. } => {
            let gone = match found.next() {
                only if only == *acknowledged => format!("the event at position {only}"),
                first => format!("the events at positions {first} to {acknowledged}"),
            };
            format!("acknowledged and gone: {gone}; the vault goes on behind position {found}")
        }
        // What could be done is done.
        Error::Damaged { path, reason, .. } => {
            format!("a loss at the end was accepted: {} was damaged: {reason}", path.display())
        }
        damage => format!("a loss at the end was accepted: {damage}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use toka_vault::Position;

    #[test]
    fn what_is_missing_is_told_by_its_positions_and_else_as_it_was_found() {
        let lost = |acknowledged, found| Error::TailLost {
            path: "vault".into(),
            acknowledged: Position::new(acknowledged),
            found: Position::new(found),
        };
        assert!(accepted(&lost(10, 6)).contains("gone: the events at positions 7 to 10; the vault"));
        assert!(accepted(&lost(7, 6)).contains("gone: the event at position 7; the vault"));
        let damaged =
            |remedy| Error::Damaged { path: "vault".into(), reason: "another history (x)".into(), remedy };
        let acceptable = damaged(Remedy::AcceptTailLoss);
        assert!(accepted(&acceptable).ends_with("vault was damaged: another history (x)"));
        assert!(may_be(&lost(2, 1)) && may_be(&acceptable));
        assert!(!may_be(&damaged(Remedy::Restore)) && !may_be(&Error::Closed));
    }
}
