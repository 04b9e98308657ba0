//! Commands that are methods.

use bailiwick_core::{Aggregate, Context, Decide, Event, Timestamp, View, commands, given};
use serde::{Deserialize, Serialize};

bailiwick_core::id!(pub LogId: "log");

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Noted {
    text: String,
}

/// Keeps notes, each with something of another type.
pub struct Notes<T> {
    notes: Vec<(String, T)>,
}

impl<T: Default + Send + 'static> View for Notes<T> {
    type Key = LogId;
    type Event = Noted;

    fn new(_: &LogId) -> Self {
        Notes { notes: Vec::new() }
    }

    fn apply(&mut self, event: &Noted, _: Timestamp) {
        self.notes.push((event.text.clone(), T::default()));
    }
}

impl<T: Default + Send + 'static> Aggregate for Notes<T> {
    const NAME: &'static str = "notes";
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("nothing to note")]
pub struct Empty;

pub struct Note(&'static str);
pub struct NoteTwice(&'static str);
#[allow(dead_code, reason = "the method that decides it is not compiled")]
pub struct Absent;

/// The context under another name, as domains have it.
type Ctx = Context<Noted>;

#[commands(crate = "bailiwick_core")]
impl<T> Notes<T>
where
    T: Default + Send + 'static,
{
    /// It may be called by the other one.
    #[command(name = "notes.note")]
    fn note(&self, Note(text): &Note, ctx: &mut Ctx) -> Result<usize, Empty> {
        if text.is_empty() {
            return Err(Empty);
        }
        ctx.emit(Noted { text: (*text).into() });
        Ok(self.notes.len() + 1)
    }

    fn note_twice(&self, twice: &NoteTwice, ctx: &mut Ctx) -> std::result::Result<usize, Empty> {
        self.note(&Note(twice.0), ctx)?;
        Ok(self.note(&Note(twice.0), ctx)? + 1)
    }

    #[cfg(any())]
    fn absent(&self, _: &Absent, _: &mut Ctx) -> Result<NoSuchType, Empty> {}
}

#[test]
fn a_method_decides_a_command() {
    let noted = || Noted { text: "a".into() };
    given::<Notes<u8>>("l")
        .when(Note("a"))
        .emits([noted()])
        .replies(1)
        .when(NoteTwice("a"))
        .emits([noted(), noted()])
        .replies(3)
        .when(NoteTwice(""))
        .rejected(Empty);
}

#[test]
fn its_name_is_the_one_that_is_pinned() {
    assert_eq!(<Notes<u8> as Decide<Note>>::COMMAND, Some("notes.note"));
    assert_eq!(<Notes<u8> as Decide<NoteTwice>>::COMMAND, None);
}
