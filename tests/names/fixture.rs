//! Fixture: releases of one program, which differ in the names of what they store: courses that close by
//! themselves, and seats that are taken by a decision.

use bailiwick::journal::{
    EncodedEvent, EventType, Journal, Metadata, Origin, Query, Read, RecordedDeadline,
    RecordedEvent,
};
use bailiwick::{
    Builder, ErrorReport, ManualClock, MemoryJournal, Runtime, StartError, Tags, Timestamp,
};
use serde::{Deserialize, Serialize};

/// Opens a course.
#[derive(Serialize, Deserialize)]
pub struct Open {
    pub seats: usize,
    pub until: u64,
}

/// Asks how many seats are taken; emits nothing.
#[derive(Serialize, Deserialize)]
pub struct Taken;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no seat is free, or the guest has one")]
pub struct NoSeat;

/// When every story begins, in milliseconds.
pub const BEGIN: u64 = 1_000;

/// A runtime and its clock.
pub struct School {
    pub runtime: Runtime,
    pub clock: ManualClock,
}

/// A release: the key of its course IDs, the event of a seat that is taken, the name of its aggregate,
/// each with what it was.
macro_rules! release {
    (
        $release:ident,
        $key:literal $(was $old_key:literal)*,
        $(#[$evolved:meta])* $SeatTaken:ident,
        $name:literal $(was $old_name:literal)*
    ) => {
        #[allow(dead_code, reason = "no release needs all of it")]
        pub mod $release {
            use bailiwick::{Aggregate, Context, Decide, Decision, Event, Timestamp, View, id, require};
            use bailiwick::{Builder, MemoryJournal, Runtime, StartError};
            use serde::{Deserialize, Serialize};

            use crate::fixture::{NoSeat, Open, School, Taken};

            id!(pub CourseId: $key $(was $old_key)*, pub GuestId: "guest");

            #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
            $(#[$evolved])*
            pub struct $SeatTaken {
                #[tag]
                pub course: CourseId,
                #[tag]
                pub guest: GuestId,
            }

            #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
            pub enum CourseEvent {
                Opened { seats: usize, until: Timestamp },
                Closed,
                Taken($SeatTaken),
            }

            /// What a course is.
            pub struct Course {
                pub free: usize,
                pub taken: usize,
                pub until: Option<Timestamp>,
            }

            impl View for Course {
                type Key = CourseId;
                type Event = CourseEvent;
                fn new(_: &CourseId) -> Self {
                    Course { free: 0, taken: 0, until: None }
                }
                fn apply(&mut self, event: &CourseEvent, _: Timestamp) {
                    match event {
                        CourseEvent::Opened { seats, until } => {
                            (self.free, self.until) = (*seats, Some(*until));
                        }
                        CourseEvent::Closed => (self.free, self.until) = (0, None),
                        CourseEvent::Taken(_) => (self.free, self.taken) = (self.free - 1, self.taken + 1),
                    }
                }
            }

            impl Aggregate for Course {
                const NAME: &'static str = $name;
                const WAS: &'static [&'static str] = &[$($old_name),*];
                fn deadline(&self) -> Option<Timestamp> {
                    self.until
                }
                fn on_deadline(&self, ctx: &mut Context<CourseEvent>) {
                    ctx.emit(CourseEvent::Closed);
                }
            }

            impl Decide<Open> for Course {
                type Reply = ();
                type Rejection = NoSeat;
                fn decide(&self, open: &Open, ctx: &mut Context<CourseEvent>) -> Result<(), NoSeat> {
                    let until = Timestamp::from_millis(open.until);
                    ctx.emit(CourseEvent::Opened { seats: open.seats, until });
                    Ok(())
                }
            }

            impl Decide<Taken> for Course {
                type Reply = usize;
                type Rejection = NoSeat;
                fn decide(&self, _: &Taken, _: &mut Context<CourseEvent>) -> Result<usize, NoSeat> {
                    Ok(self.taken)
                }
            }

            /// Whether a guest has a seat in a course.
            pub struct Seated(pub bool);

            impl View for Seated {
                type Key = (CourseId, GuestId);
                type Event = $SeatTaken;
                fn new(_: &Self::Key) -> Self {
                    Seated(false)
                }
                fn apply(&mut self, _: &$SeatTaken, _: Timestamp) {
                    self.0 = true;
                }
            }

            pub struct TakeSeat(pub CourseId, pub GuestId);

            impl Decision for TakeSeat {
                type Views = (Course, Seated);
                type Event = $SeatTaken;
                type Reply = usize;
                type Rejection = NoSeat;

                fn keys(&self) -> (CourseId, (CourseId, GuestId)) {
                    (self.0.clone(), (self.0.clone(), self.1.clone()))
                }

                fn decide(
                    &self,
                    (course, seated): (&Course, &Seated),
                    ctx: &mut Context<$SeatTaken>,
                ) -> Result<usize, NoSeat> {
                    require(course.free > 0 && !seated.0, NoSeat)?;
                    ctx.emit($SeatTaken { course: self.0.clone(), guest: self.1.clone() });
                    Ok(course.taken + 1)
                }
            }

            pub fn on(journal: &MemoryJournal) -> Builder {
                Runtime::builder(journal.clone()).aggregate::<Course>().decision::<TakeSeat>()
            }

            pub async fn refused(journal: &MemoryJournal) -> StartError {
                crate::fixture::refusal(on(journal)).await
            }

            pub async fn start(journal: &MemoryJournal) -> School {
                School::start(on(journal)).await
            }

            pub async fn open(school: &School, course: &'static str, seats: usize, until: u64) {
                let courses = school.runtime.aggregates::<Course>();
                courses.get(course).ask(Open { seats, until }).await.unwrap();
            }

            pub async fn take(
                school: &School,
                course: &'static str,
                guest: &'static str,
            ) -> Option<usize> {
                school.runtime.decide(TakeSeat(course.into(), guest.into())).await.ok()
            }
        }
    };
}

release!(first, "kurs", SeatTaken, "Course");

impl School {
    /// # Panics
    /// If it does not start.
    pub async fn start(builder: Builder) -> School {
        let clock = ManualClock::at(BEGIN);
        let builder = builder.clock(clock.clone()).entropy(7);
        School { runtime: builder.start().await.unwrap_or_else(|error| panic!("{error}")), clock }
    }
}

/// Why it does not start.
pub async fn refusal(builder: Builder) -> StartError {
    builder.clock(ManualClock::at(BEGIN)).start().await.expect_err("it must not start")
}

/// What the first release wrote: a course of two seats, both taken, and one of which nobody knows yet.
pub async fn history() -> MemoryJournal {
    let journal = MemoryJournal::new();
    let school = first::start(&journal).await;
    first::open(&school, "rust", 2, 5_000).await;
    assert_eq!(first::take(&school, "rust", "ann").await, Some(1));
    assert_eq!(first::take(&school, "rust", "bob").await, Some(2));
    first::open(&school, "go", 1, 9_000).await;
    journal
}

/// An event as it is stored, whatever its type.
pub fn stored(event_type: &'static str, tags: &[&str], event: &impl Serialize) -> EncodedEvent {
    let mut payload = Vec::new();
    bailiwick::__private::encode(event, &mut payload).expect("it can be encoded");
    EncodedEvent {
        event_type: EventType::literal(event_type),
        version: 1,
        tags: tags.iter().map(|tag| tag.parse().expect("a tag")).collect::<Tags>(),
        payload: payload.into(),
        recorded_at: Timestamp::from_millis(BEGIN),
        metadata: Metadata::default(),
    }
}

/// The same, decided by the aggregate of its first tag.
pub fn decided_by(aggregate: &'static str, event: EncodedEvent) -> EncodedEvent {
    let mut event = event;
    let tag = event.tags.as_slice()[0].clone();
    let deadline = RecordedDeadline::new(None, 1);
    event.metadata.origin = Some(Origin { aggregate: aggregate.into(), tag, deadline });
    event
}

pub async fn append(journal: &MemoryJournal, events: impl IntoIterator<Item = EncodedEvent>) {
    journal.append(events.into_iter().collect(), None).await.expect("it is appended");
}

pub async fn all(journal: &MemoryJournal) -> Vec<RecordedEvent> {
    journal.read(Read::new(Query::all())).await.expect("it is read").events
}

/// Something without fields.
#[derive(Serialize)]
pub struct Nothing {}

/// Every part of a message, for who reads it at three in the night.
#[track_caller]
pub fn assert_says(error: &StartError, parts: &[&str]) {
    let text = ErrorReport::of(error).to_string();
    for part in parts {
        assert!(text.contains(part), "{part:?} is not said: {text}");
    }
}
