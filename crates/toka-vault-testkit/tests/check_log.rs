//! [`check_log`] finds what a log does wrong, and nothing wrong with one that is right.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use toka_vault_core::{Head, Position, Result, Timestamp};
use toka_vault_engine::{Chunk, Group, Log, LogEnd, ReadBudget, Unappended};
use toka_vault_testkit::logs::{Disk, VecLog, check_log};

/// What a log does wrong.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    /// It reads as much as there is, whatever it is asked for.
    BudgetIgnored,
    /// It counts events and not their bytes.
    BytesIgnored,
    /// It begins one behind.
    OffByOne,
    /// It reads the last event where it should read none.
    LastAtTheEnd,
    /// It takes the events out of the group.
    EventsTaken,
    /// It leaves the last event of a large group out.
    Cut,
    /// It makes up what was assigned from the events.
    EndMadeUp,
    /// It shows the greatest id of another group.
    GreatestIdLost,
}

/// A log that is right but for one thing.
struct Wrong(VecLog, Fault);

impl Log for Wrong {
    fn append(&self, group: &mut Group) -> Result<(), Unappended> {
        match self.1 {
            Fault::Cut if group.events.len() > 50 => drop(group.events.pop()),
            _ => {}
        }
        self.0.append(group)?;
        if self.1 == Fault::EventsTaken {
            group.events.clear();
        }
        Ok(())
    }

    fn sync(&self, head: Head) -> Result<()> {
        self.0.sync(head)
    }

    fn read(&self, from: Position, budget: ReadBudget) -> Result<Chunk> {
        let all = ReadBudget::new(usize::MAX, usize::MAX);
        match self.1 {
            Fault::BudgetIgnored => self.0.read(from, all),
            Fault::BytesIgnored => self.0.read(from, ReadBudget::new(budget.events, usize::MAX)),
            Fault::OffByOne => self.0.read(from.next(), budget),
            Fault::LastAtTheEnd => {
                let read = self.0.read(from, budget)?;
                let none = read.last_position().is_none() && from > Position::FIRST;
                if none { self.0.read(Position::FIRST, budget) } else { Ok(read) }
            }
            _ => self.0.read(from, budget),
        }
    }

    fn close(&self) -> Result<()> {
        self.0.close()
    }
}

/// Returns what [`check_log`] says of a log with this fault.
fn told(fault: Fault) -> String {
    let disk = Disk::default();
    let open = move || {
        let mut end = disk.end();
        if end != LogEnd::EMPTY {
            match fault {
                Fault::EndMadeUp => end.assigned_timestamp = Timestamp::MIN,
                Fault::GreatestIdLost => end.greatest_id = end.assigned_id,
                _ => {}
            }
        }
        (Wrong(disk.log(), fault), end)
    };
    let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check_log(open)));
    let panic = checked.expect_err("the fault was not found");
    let said = panic.downcast_ref::<String>().cloned();
    said.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()
}

#[test]
fn a_log_that_is_right_passes() {
    let disk = Disk::default();
    check_log(move || (disk.log(), disk.end()));
}

#[test]
fn each_fault_is_found_and_named() {
    let faults = [
        (Fault::BudgetIgnored, "more than asked for"),
        (Fault::BytesIgnored, "no event is added to as many as that"),
        (Fault::OffByOne, "finds nothing: at least the event there is read"),
        (Fault::LastAtTheEnd, "finds events, where the log ends at"),
        (Fault::EventsTaken, "it leaves them there"),
        (Fault::Cut, "it leaves them there"),
        (Fault::EndMadeUp, "the end of its newest whole group"),
        (Fault::GreatestIdLost, "the end of its newest whole group"),
    ];
    for (fault, words) in faults {
        let said = told(fault);
        assert!(said.contains(words), "{said}");
    }
}
