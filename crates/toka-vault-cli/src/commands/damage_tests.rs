//! What the commands do about damage, on a store that has some.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;
use futures::executor::block_on;
use toka_vault::{
    Condition, Error, Event, EventHeader, EventId, EventStore, Filter, Head, InMemoryVault, NewEvent,
    Position, Replay, ReplayOptions, Result, SubscribeOptions, Subscription, Vault,
};

use super::find::{InDoubt, find};
use super::printed::Printed;
use super::{events, export, graph, log, show, stats, tail, verify, walk};
use crate::args::{EventName, ExportFile, Format, Graph, Language, Log, Tail, Walk, Which};
use crate::failure::Failure;
use crate::output::Output;

/// Where the damage is.
const DAMAGED: Position = Position::new(2);

/// Is a store with one event that cannot be read.
struct Damaged(InMemoryVault);

#[async_trait]
impl EventStore for Damaged {
    async fn commit_batch_if(
        &self,
        batch: Vec<NewEvent>,
        conditions: &[Condition],
    ) -> Result<Vec<EventHeader>> {
        EventStore::commit_batch_if(&self.0, batch, conditions).await
    }

    fn replay(&self, options: ReplayOptions) -> Replay {
        Replay::new(self.0.replay(options).map(damage))
    }

    fn subscribe_with(&self, options: SubscribeOptions) -> Subscription {
        Subscription::new(self.0.subscribe_from(options).map(damage))
    }

    async fn get(&self, id: EventId) -> Result<Option<Event>> {
        self.0.get(id).await?.map(|event| damage(Ok(event))).transpose()
    }

    async fn head(&self) -> Result<Head> {
        EventStore::head(&self.0).await
    }

    async fn close(&self) -> Result<()> {
        EventStore::close(&self.0).await
    }
}

/// Damages the event that is to be damaged.
fn damage(event: Result<Event>) -> Result<Event> {
    match event {
        Ok(event) if event.position() == DAMAGED => Err(Error::corrupt(DAMAGED, "its checksum is wrong")),
        other => other,
    }
}

/// The id of the event with this number.
fn id(number: u64) -> EventId {
    EventId::from_u128(number.into())
}

/// A vault of three events, of which one is damaged; the third comes from the other two.
fn vault() -> Vault {
    let memory = InMemoryVault::unbounded();
    for number in 1..=3 {
        let parents: &[EventId] = if number == 3 { &[id(1), id(2)] } else { &[] };
        let event = NewEvent::new("a", number).unwrap().with_id(id(number)).with_parents(parents);
        block_on(memory.commit(event)).unwrap();
    }
    Vault::Custom(Arc::new(Damaged(memory)))
}

/// Runs a command on the damaged vault; returns how it failed and what it printed.
fn run(command: impl FnOnce(&Vault, &mut Output) -> Result<(), Failure>) -> (Failure, String) {
    let (outcome, printed) = Printed::by(Format::Jsonl, |output| command(&vault(), output));
    (outcome.unwrap_err(), String::from_utf8(printed).unwrap())
}

/// Says where to export to.
fn to(file: &Path, skip_damaged: bool) -> ExportFile {
    ExportFile { file: Some(file.to_owned()), skip_damaged, source: None }
}

/// The payloads in lines of JSON.
fn payloads(lines: &str) -> Vec<u64> {
    let line = |line| serde_json::from_str::<serde_json::Value>(line).unwrap()["payload"].as_u64().unwrap();
    lines.lines().map(line).collect()
}

#[test]
fn verify_names_each_damaged_event_and_ends_with_3() {
    let (failure, printed) = run(|vault, output| block_on(verify::run(vault, output)));
    assert_eq!(failure.code(), 3);
    let findings: Vec<serde_json::Value> =
        printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(findings[0]["finding"], "unreadable");
    assert_eq!(findings[0]["position"], 2);
    assert!(findings[0]["message"].as_str().unwrap().contains("its checksum is wrong"), "{printed}");
}

#[test]
fn log_tail_and_stats_go_on_behind_damage_and_end_with_3() {
    let (all, newest_first) = (Filter::new, Log::default());
    let (failure, printed) = run(|vault, output| block_on(log::run(vault, &newest_first, all(), output)));
    assert_eq!((failure.code(), payloads(&printed)), (3, vec![3, 1]));
    let two = Tail { limit: Some(2), ..Tail::default() };
    for filter in [all(), Filter::kind("a").unwrap()] {
        let (failure, printed) = run(|vault, output| block_on(tail::run(vault, &two, filter, None, output)));
        assert_eq!((failure.code(), payloads(&printed)), (3, vec![1, 3]));
    }
    let (failure, printed) = run(|vault, output| block_on(stats::run(vault, None, output)));
    assert_eq!(failure.code(), 3);
    assert!(printed.contains("\"events\":2"), "{printed}");
}

#[test]
fn graphs_go_on_behind_damage_and_end_with_3() {
    let drawn = Log { graph: true, ..Log::default() };
    let (failure, printed) = run(|vault, output| block_on(log::run(vault, &drawn, Filter::new(), output)));
    assert_eq!((failure.code(), printed.matches('*').count()), (3, 2), "{printed}");
    for ids in [vec![], vec![EventName::Id(id(3))]] {
        let args = Graph { ids, format: Language::Dot, which: Which::default(), limit: 9 };
        let (failure, printed) =
            run(|vault, output| block_on(graph::run(vault, &args, Filter::new(), output)));
        assert_eq!((failure.code(), printed.matches("label=").count()), (3, 2), "{printed}");
        assert!(printed.ends_with("}\n"), "{printed}");
    }
}

#[test]
fn a_prefix_is_looked_for_past_damage() {
    let several: EventName = "00000000".parse().unwrap();
    let (failure, _) = run(|vault, output| block_on(show::run(vault, &several, output)));
    let said = failure.error().unwrap().to_string();
    assert!(said.ends_with(&format!(":\n{}\n{}", id(3), id(1))), "{said}");
}

#[test]
fn walks_go_on_past_damage_and_end_with_3() {
    let all = |of| Walk {
        id: EventName::Id(id(of)),
        which: Which::default(),
        nearest: false,
        depth: None,
        limit: None,
    };
    let (failure, printed) =
        run(|vault, output| block_on(walk::ancestors(vault, &all(3), Filter::new(), output)));
    assert_eq!((failure.code(), payloads(&printed)), (3, vec![1]));
    let (failure, printed) =
        run(|vault, output| block_on(walk::descendants(vault, &all(1), Filter::new(), output)));
    assert_eq!((failure.code(), payloads(&printed)), (3, vec![3]));
    let (failure, printed) = run(|vault, output| block_on(walk::leaves(vault, None, output)));
    assert_eq!((failure.code(), payloads(&printed)), (3, vec![3]));
}

#[test]
fn export_stops_at_damage_and_leaves_the_file_that_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events.jsonl");
    std::fs::write(&file, "before").unwrap();
    let (failure, _) =
        run(|vault, output| block_on(export::run(vault, &export::Form::Jsonl, &to(&file, false), output)));
    assert_eq!(failure.code(), 3);
    assert!(failure.error().unwrap().to_string().contains("--skip-damaged"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "before");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn export_can_skip_damage_and_ends_with_3() {
    let (failure, printed) = run(|vault, output| {
        block_on(export::run(vault, &export::Form::Jsonl, &to(Path::new("-"), true), output))
    });
    assert_eq!((failure.code(), payloads(&printed)), (3, vec![1, 3]));
}

#[test]
fn what_a_bounded_vault_has_evicted_is_no_damage() {
    let mut output = Output::captured(Format::Table, Printed::default());
    let mut list = output.list(events::COLUMNS);
    let evicted = Error::Evicted { oldest: Position::new(5) };
    assert!(!events::step_over(evicted, || list.notes()).unwrap());
    assert!(events::step_over(Error::corrupt(DAMAGED, "x"), || list.notes()).unwrap());
    assert!(events::step_over(Error::Closed, || list.notes()).is_err());
}

#[test]
fn what_begins_with_a_prefix_may_be_what_cannot_be_read() {
    let memory = InMemoryVault::unbounded();
    let whole: EventId = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
    for id in [id(1), id(2), whole] {
        block_on(memory.commit(NewEvent::new("a", 1).unwrap().with_id(id))).unwrap();
    }
    let vault = Vault::Custom(Arc::new(Damaged(memory)));
    let find = |name: &str, in_doubt| block_on(find(&vault, &name.parse().unwrap(), in_doubt));
    let (look, _) = Printed::by(Format::Table, |output| find("01ARZ3", InDoubt::Note(output.notes())));
    assert_eq!(look.unwrap(), whole);
    // What is committed names what is meant, or is not committed.
    let refused = find("01ARZ3", InDoubt::Refuse).unwrap_err();
    assert_eq!(refused.code(), 3);
    assert!(refused.error().unwrap().to_string().contains("nothing was stored"));
    assert_eq!(find(&whole.to_string(), InDoubt::Refuse).unwrap(), whole);
    // Nobody can tell that there is no such event.
    let (look, _) = Printed::by(Format::Table, |output| find("01ARZ4", InDoubt::Note(output.notes())));
    assert_eq!(look.unwrap_err().code(), 3);
}
