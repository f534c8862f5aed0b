//! Small values at their edges: ids, positions, timestamps, hashes, and `NewEvent::check`.

use bytes::Bytes;
use toka_vault_core::limits::PARENTS_MAX;
use toka_vault_core::{
    Digest, Error, Event, EventHash, EventHeader, EventId, NewEvent, Payload, Position, Timestamp,
};

fn event() -> NewEvent {
    NewEvent::new("order.placed", ()).unwrap()
}

fn ids(count: u128) -> Vec<EventId> {
    (1..=count).map(EventId::from_u128).collect()
}

#[test]
fn an_event_without_parents_passes() {
    event().check().unwrap();
    event().with_id(EventId::from_u128(1)).check().unwrap();
}

#[test]
fn parents_up_to_the_limit_pass() {
    let most = ids(PARENTS_MAX as u128);
    event().with_parents(&most).with_id(EventId::from_u128(9_999)).check().unwrap();
}

#[test]
fn one_parent_too_many_is_refused() {
    let result = event().with_parents(&ids(PARENTS_MAX as u128 + 1)).check();
    assert!(matches!(result, Err(Error::TooManyParents { count: 1_025, max: 1_024 })));
}

#[test]
fn a_parent_named_twice_is_refused_wherever_it_stands() {
    let parents: Vec<EventId> = [5, 3, 9, 5].into_iter().map(EventId::from_u128).collect();
    let result = event().with_parents(&parents).check();
    assert!(matches!(result, Err(Error::DuplicateParent { parent }) if parent == EventId::from_u128(5)));
}

#[test]
fn an_event_that_names_itself_is_refused() {
    let id = EventId::from_u128(2);
    let result = event().with_id(id).with_parents(&ids(3)).check();
    assert!(matches!(result, Err(Error::SelfParent { id: found }) if found == id));
}

#[test]
fn a_new_event_is_refused_with_its_kind_or_payload() {
    assert!(matches!(NewEvent::new("", ()), Err(Error::InvalidKind { .. })));
    assert!(matches!(NewEvent::new("a", u128::MAX), Err(Error::PayloadEncoding { .. })));
}

#[test]
fn what_is_detached_shares_no_buffer() {
    let payload = Payload::encode(&"a few of many bytes").unwrap();
    let buffer = [&[0; 1_000], payload.bytes().as_ref()].concat();
    let read = Payload::from_stored(Bytes::from(buffer).slice(1_000..), payload.digest());
    let place = read.bytes().as_ptr();
    let detached = read.detached();
    assert_eq!(detached, payload);
    assert_ne!(detached.bytes().as_ptr(), place);
}

#[test]
fn an_event_of_another_vault_is_the_same_event() {
    let (id, parents) = (EventId::from_u128(7), ids(2));
    let new = event().with_id(id).with_parents(&parents).with_timestamp(Timestamp::EPOCH);
    let (digest, hash) = (new.payload.digest(), EventHash::from_bytes([1; 32]));
    let header = EventHeader::new(
        id,
        new.kind.clone(),
        Timestamp::EPOCH,
        new.parents.clone(),
        digest,
        hash,
        Position::new(3),
    );
    let again = NewEvent::from(Event::new(header, new.payload.clone()));
    assert_eq!(again, new);
}

#[test]
fn an_event_shows_itself_on_one_line() {
    let (id, kind) = (EventId::from_u128(7), "order.placed".parse().unwrap());
    let payload = Payload::encode(&"x\ny").unwrap();
    let hash = EventHash::from_bytes([1; 32]);
    let parents = ids(2).into();
    let header =
        EventHeader::new(id, kind, Timestamp::EPOCH, parents, payload.digest(), hash, Position::new(3));
    let expected = "3 1970-01-01T00:00:00Z order.placed 00000000000000000000000007";
    assert_eq!(header.to_string(), expected);
    assert_eq!(Event::new(header, payload).to_string(), format!(r#"{expected} "x\ny""#));
}

#[test]
fn the_largest_id_has_a_text_form_and_no_larger_text_is_an_id() {
    let largest = EventId::from_u128(u128::MAX);
    assert_eq!(largest.to_string(), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    assert_eq!("7ZZZZZZZZZZZZZZZZZZZZZZZZZ".parse::<EventId>().unwrap(), largest);
    for text in ["80000000000000000000000000", "ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "G0000000000000000000000000"] {
        assert!(matches!(text.parse::<EventId>(), Err(Error::Malformed { .. })), "{text}");
    }
}

#[test]
fn ids_sort_as_their_texts_do() {
    let (low, high) = (EventId::from_parts(1, u128::MAX), EventId::from_parts(2, 0));
    assert!(low < high && low.to_string() < high.to_string());
}

#[test]
fn positions_stop_at_both_ends() {
    let last = Position::new(u64::MAX);
    assert_eq!(last.next(), last);
    assert_eq!(last.plus(1), last);
    assert_eq!(Position::FIRST.minus(2), Position::ZERO);
    assert_eq!(u64::MAX.to_string().parse::<Position>().unwrap(), last);
    for text in ["", "-1", "1.0", "18446744073709551616", "one"] {
        assert!(matches!(text.parse::<Position>(), Err(Error::Malformed { .. })), "{text}");
    }
}

#[test]
fn timestamps_show_as_many_digits_as_they_need() {
    for (micros, text) in [
        (0, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (1_500_000, "1970-01-01T00:00:01.5Z"),
        (Timestamp::MIN.as_micros(), "0000-01-01T00:00:00Z"),
        (Timestamp::MAX.as_micros(), "9999-12-31T23:59:59.999999Z"),
    ] {
        assert_eq!(Timestamp::from_micros(micros).unwrap().to_string(), text);
    }
}

#[test]
fn hashes_are_read_in_either_case_and_written_in_lower_case() {
    let text = "AB".repeat(32);
    assert_eq!(text.parse::<Digest>().unwrap().to_string(), text.to_lowercase());
    for text in ["", &"a".repeat(63), &"a".repeat(65), &"g".repeat(64)] {
        assert!(matches!(text.parse::<Digest>(), Err(Error::Malformed { .. })), "{text}");
    }
}
