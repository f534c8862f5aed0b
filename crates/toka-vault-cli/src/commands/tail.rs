//! `tail`: prints history from a start point, then each event as it is committed. Where nobody can commit while
//! the vault is open here, it ends with the history.

use std::future::pending;
use std::pin::pin;

use futures::StreamExt;
use futures::future::{Either, select};
use toka_vault::{
    Direction, Error, EventId, Filter, Position, ReplayOptions, StartFrom, SubscribeOptions, Vault,
};

use super::events;
use super::find::{InDoubt, find};
use crate::args::{Tail, TailStart};
use crate::failure::{Failure, Result};
use crate::output::{Notes, Output};
use crate::stdout_watch::reader_gone;
use crate::vault_watch::VaultWatch;

/// How many events of history are printed where nothing is said.
const HISTORY_DEFAULT: u64 = 10;

/// Follows the vault until it is closed or gone, enough events are printed, or nobody reads them any more.
pub(super) async fn run(
    vault: &Vault,
    args: &Tail,
    filter: Filter,
    watch: Option<VaultWatch>,
    output: &mut Output,
) -> Result<()> {
    let start = start(vault, args, &filter, output.notes()).await?;
    let grows = can_grow(vault);
    if let Some(TailStart::At(position)) = args.from.as_ref().filter(|_| grows && args.limit != Some(0)) {
        note_ahead(*position, vault.head().await?.position, output);
    }
    let mut stream = if grows {
        vault.subscribe_from(SubscribeOptions::new(start).with_filter(filter)).left_stream()
    } else {
        vault.replay(ReplayOptions::new().with_start(start).with_filter(filter)).right_stream()
    };
    let mut left = args.limit.unwrap_or(u64::MAX);
    let mut damaged = false;
    let mut stopped = pin!(stopped(watch.filter(|_| grows)));
    let mut list = output.list(events::COLUMNS);
    while left > 0 {
        let received = match select(stream.next(), stopped.as_mut()).await {
            Either::Left((received, _)) => received.transpose(),
            Either::Right((why, _)) => {
                list.end()?;
                return Err(why);
            }
        };
        match received {
            Ok(Some(event)) => {
                events::print(&mut list, &event)?;
                list.flush()?;
                left -= 1;
            }
            Ok(None) => {
                if !grows {
                    list.notes()?.note(
                        "no event can follow: nobody else can write to this vault while it is open here",
                    );
                }
                break;
            }
            Err(error) => damaged |= events::step_over(error, || list.notes())?,
        }
    }
    let ended = list.end();
    events::outcome(damaged)?;
    ended.map(|_| ())
}

/// Completes when nobody reads what is printed, or when the vault is no longer where it was.
async fn stopped(watch: Option<VaultWatch>) -> Failure {
    let lost = async {
        match watch {
            Some(watch) => watch.lost().await,
            None => pending().await,
        }
    };
    match select(pin!(reader_gone()), pin!(lost)).await {
        Either::Left(_) => Failure::PipeClosed,
        Either::Right((lost, _)) => lost,
    }
}

/// Says so where the event to start with is not there yet, and not the next one.
fn note_ahead(position: Position, head: Position, output: &Output) {
    if position > head.next() {
        let text = format!("position {position} is ahead of the head, which is {head}; waiting for it");
        output.notes().note(&text);
    }
}

/// Tells whether another process can commit while this one reads.
fn can_grow(vault: &Vault) -> bool {
    matches!(vault, Vault::Journal(_))
}

/// Says after what to start, so that the event which was named is the first.
async fn start(vault: &Vault, args: &Tail, filter: &Filter, notes: Notes) -> Result<StartFrom> {
    let history = args.limit.unwrap_or(HISTORY_DEFAULT);
    let before = |position: Position| StartFrom::After(position.minus(1));
    Ok(match &args.from {
        Some(TailStart::Beginning) => StartFrom::Beginning,
        Some(TailStart::Head) => StartFrom::Head,
        Some(TailStart::At(position)) => before(*position),
        Some(TailStart::Time(time)) => StartFrom::Time(*time),
        Some(TailStart::Event(name)) => {
            before(position_of(vault, find(vault, name, InDoubt::Note(notes)).await?).await?)
        }
        // Without a search; what is damaged counts then, so that it is for those who wait for no number.
        None if filter.is_all() && args.limit.is_none() => {
            match vault.head().await?.position.minus(history) {
                Position::ZERO => StartFrom::Beginning,
                position => StartFrom::After(position),
            }
        }
        None if history == 0 => StartFrom::Head,
        None => last(vault, filter, history).await?.map_or(StartFrom::Beginning, before),
    })
}

/// Finds where the last events begin that the filter means, so many of them; `None` where there are no
/// others before.
async fn last(vault: &Vault, filter: &Filter, count: u64) -> Result<Option<Position>> {
    let options = ReplayOptions::new().with_direction(Direction::Backward).with_filter(filter.clone());
    let mut replay = vault.replay(options);
    let mut found = 0;
    loop {
        match replay.try_next().await {
            Ok(Some(event)) => {
                found += 1;
                if found == count {
                    return Ok(Some(event.position()));
                }
            }
            Ok(None) => return Ok(None),
            // Told once it is the turn of what stands there.
            Err(Error::Corrupt { .. } | Error::Evicted { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Finds where an event stands.
async fn position_of(vault: &Vault, id: EventId) -> Result<Position> {
    let header = vault.header(id).await?.ok_or(Error::UnknownEvent { id })?;
    Ok(header.position)
}
