//! Notes of what was put on the right of scales: a policy writes them. What is taken from the left it wants to
//! note as well, and nobody wants that.

use bailiwick::{
    Aggregate, Builder, Commands, Context, Event, GiveUp, Lane, News, Policy, Start, Timestamp,
    View, commands, id, require,
};
use serde::{Deserialize, Serialize};

use super::carry::CarryEvent;
use super::scales::{ScalesEvent, ScalesId};

id!(
    /// Which notes.
    pub NotesId: "notes"
);

/// Something was noted.
#[derive(Event, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// Which weight was put there.
    pub mark: String,
}

/// Notes. Nothing in them matters.
#[derive(Debug, Default)]
pub struct Notes;

impl View for Notes {
    type Key = NotesId;
    type Event = Noted;
    fn new(_: &NotesId) -> Self {
        Notes
    }
    fn apply(&mut self, _: &Noted, _: Timestamp) {}
}

impl Aggregate for Notes {
    const NAME: &'static str = "notes";
}

/// Note this weight, if it was put there.
#[derive(Debug, Clone)]
pub struct Note {
    mark: String,
    was_put: bool,
}

/// It was not.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("it was not put there")]
pub struct NotPut;

#[commands]
impl Notes {
    fn note(&self, note: &Note, ctx: &mut Context<Noted>) -> Result<(), NotPut> {
        require(note.was_put, NotPut)?;
        ctx.emit(Noted { mark: note.mark.clone() });
        Ok(())
    }
}

/// Has it noted what happens to scales.
pub struct Noting;

impl Policy for Noting {
    const NAME: &'static str = "noting";
    const LANE: Lane = Lane::of::<ScalesId>();
    const START: Start = Start::Beginning;
    type Event = ScalesEvent;
    type Views = ();

    fn keys(&self, _: &News<ScalesEvent>) {}

    fn react(&self, news: &News<ScalesEvent>, _: (), out: &mut Commands) -> Result<(), GiveUp> {
        let (mark, was_put) = match &news.event {
            ScalesEvent::TakenFromLeft { mark } => (mark, false),
            ScalesEvent::PutOnRight { mark } => (mark, true),
            ScalesEvent::Carried(CarryEvent::PutDown { mark, .. }) => (mark, true),
            ScalesEvent::Carried(CarryEvent::CarriedOff { .. }) => return Ok(()),
        };
        let scales: ScalesId = news.id().expect("it is about scales");
        let notes: NotesId = scales.as_str().parse().expect("the text of an ID");
        out.to::<Notes>(&notes).send(Note { mark: mark.clone(), was_put });
        Ok(())
    }
}

/// With the policy. Marks are recorded often.
pub fn noting(builder: Builder) -> Builder {
    builder.aggregate::<Notes>().policy(Noting).config(|config| config.policy_mark_news(10))
}
