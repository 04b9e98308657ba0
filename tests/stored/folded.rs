//! What is read back is folded as it was read, whatever a type's `PartialEq` says.

use std::collections::BTreeMap;
use std::sync::Arc;

use bailiwick::{Cause, Event, MemoryJournal, Position};
use serde::{Deserialize, Serialize};

use crate::fixture::{Emit, Log, emit, emit_and_tell, head, start};

/// Nobody can say whether two of them are equal.
#[derive(Event, Clone, Debug, Serialize, Deserialize)]
#[allow(dead_code, reason = "seen by Debug only")]
struct Incomparable {
    #[serde(skip)]
    cache: u32,
    kept: u32,
}

#[tokio::test]
async fn an_event_without_an_equality_is_folded_as_it_will_be_read() {
    let lines = emit([Incomparable { cache: 7, kept: 1 }]).await.unwrap();
    assert_eq!(lines, ["Incomparable { cache: 0, kept: 1 }"]);
}

/// A serde form that rounds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(from = "i64", into = "i64")]
struct Rounded(f64);

impl From<i64> for Rounded {
    fn from(whole: i64) -> Self {
        Rounded(whole as f64)
    }
}

#[allow(clippy::cast_possible_truncation, reason = "that it rounds is the test")]
impl From<Rounded> for i64 {
    fn from(Rounded(number): Rounded) -> i64 {
        number as i64
    }
}

/// Equal if they are close.
impl PartialEq for Rounded {
    fn eq(&self, other: &Self) -> bool {
        (self.0 - other.0).abs() < 1.0
    }
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Measured {
    value: Rounded,
}

#[tokio::test]
async fn an_event_that_is_equal_to_what_will_be_read_is_folded_as_that() {
    let lines = emit_and_tell([Measured { value: Rounded(2.5) }]).await.unwrap();
    assert_eq!(lines, ["Measured { value: Rounded(2.0) }"]);
}

/// Through `flatten`, so that it is read back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Reading {
    celsius: f64,
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Sensed {
    #[serde(flatten)]
    reading: Reading,
}

#[tokio::test]
async fn an_event_that_is_not_even_equal_to_itself_is_stored() {
    let lines = emit_and_tell([Sensed { reading: Reading { celsius: f64::NAN } }]).await.unwrap();
    assert_eq!(lines, ["Sensed { reading: Reading { celsius: NaN } }"]);
}

/// Its equality panics.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Touchy(u8);

impl PartialEq for Touchy {
    fn eq(&self, _: &Self) -> bool {
        panic!("do not compare me")
    }
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Touched {
    #[serde(flatten)]
    by: BTreeMap<String, Touchy>,
}

#[tokio::test]
async fn an_equality_that_panics_fails_its_command_only() {
    let journal = Arc::new(MemoryJournal::new());
    let runtime = start::<Touched>(&journal).await;
    let log = runtime.aggregates::<Log<Touched>>().get("a");
    let touched = Touched { by: [("x".to_owned(), Touchy(1))].into() };
    let error = log.ask(Emit(vec![touched])).await.unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::Panicked { .. })), "{error}");
    assert_eq!(log.ask(Emit(vec![])).await.unwrap(), 0);
    assert_eq!(head(&journal).await, Position::START);
}
