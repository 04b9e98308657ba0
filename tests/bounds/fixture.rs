//! Fixture: an aggregate and a decision whose events are as large as one likes.

use bailiwick::journal::OverLimit;
use bailiwick::{
    Aggregate, AskError, Cause, Context, Decide, Decision, Event, Runtime, Timestamp, View, id,
    require,
};
use serde::{Deserialize, Serialize};

id!(pub AlbumId: "album");

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AlbumEvent {
    PhotoAdded { photo: String },
    Announced { bytes: usize },
}

/// Photos, and one that it adds by itself as soon as it was announced.
#[derive(Default)]
pub struct Album {
    pub photos: u64,
    announced: Option<usize>,
}

impl View for Album {
    type Key = AlbumId;
    type Event = AlbumEvent;

    fn new(_: &AlbumId) -> Self {
        Album::default()
    }

    fn apply(&mut self, event: &AlbumEvent, _: Timestamp) {
        match event {
            AlbumEvent::PhotoAdded { .. } => {
                self.photos += 1;
                self.announced = None;
            }
            AlbumEvent::Announced { bytes } => self.announced = Some(*bytes),
        }
    }
}

impl Aggregate for Album {
    const NAME: &'static str = "Album";

    fn deadline(&self) -> Option<Timestamp> {
        self.announced.map(|_| Timestamp::EPOCH)
    }

    fn on_deadline(&self, ctx: &mut Context<AlbumEvent>) {
        ctx.emit(photo(self.announced.expect("it is due")));
    }
}

fn photo(bytes: usize) -> AlbumEvent {
    AlbumEvent::PhotoAdded { photo: "x".repeat(bytes) }
}

/// Adds a photo of so many bytes, unless the album has as many as it may.
#[derive(Clone, Serialize)]
pub struct Add {
    pub bytes: usize,
    pub most: u64,
}

impl Add {
    pub fn of(bytes: usize) -> Add {
        Add { bytes, most: u64::MAX }
    }
}

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the album is full")]
pub struct IsFull;

impl Decide<Add> for Album {
    type Reply = u64;
    type Rejection = IsFull;

    fn decide(&self, add: &Add, ctx: &mut Context<AlbumEvent>) -> Result<u64, IsFull> {
        require(self.photos < add.most, IsFull)?;
        ctx.emit(photo(add.bytes));
        Ok(self.photos + 1)
    }
}

/// Says that a photo of so many bytes will come.
pub struct Announce(pub usize);

impl Decide<Announce> for Album {
    type Reply = ();
    type Rejection = IsFull;

    fn decide(&self, announce: &Announce, ctx: &mut Context<AlbumEvent>) -> Result<(), IsFull> {
        ctx.emit(AlbumEvent::Announced { bytes: announce.0 });
        Ok(())
    }
}

/// Adds nothing, but has much to say.
#[derive(Clone, Serialize)]
pub struct Describe(pub usize);

impl Decide<Describe> for Album {
    type Reply = String;
    type Rejection = IsFull;

    fn decide(
        &self,
        Describe(bytes): &Describe,
        _: &mut Context<AlbumEvent>,
    ) -> Result<String, IsFull> {
        Ok("x".repeat(*bytes))
    }
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Printed {
    pub nth: u64,
    pub page: String,
}

/// How many pages were printed.
pub struct Pages(u64);

impl View for Pages {
    type Key = ();
    type Event = Printed;

    fn new((): &()) -> Self {
        Pages(0)
    }

    fn apply(&mut self, _: &Printed, _: Timestamp) {
        self.0 += 1;
    }
}

/// Prints a page of so many bytes: all of them guard the same.
#[derive(Clone, Serialize)]
pub struct Print(pub usize);

impl Decision for Print {
    type Views = Pages;
    type Event = Printed;
    type Reply = u64;
    type Rejection = IsFull;

    fn keys(&self) {}

    fn decide(&self, pages: &Pages, ctx: &mut Context<Printed>) -> Result<u64, IsFull> {
        let nth = pages.0 + 1;
        ctx.emit(Printed { nth, page: "x".repeat(self.0) });
        Ok(nth)
    }
}

/// How much too large it was, and how large it may be.
#[track_caller]
pub fn too_large<T, C, R: std::fmt::Debug>(asked: Result<T, AskError<C, R>>) -> (usize, usize) {
    let Err(error) = asked else { panic!("it is not refused") };
    match error.not_run() {
        Some(Cause::OverLimit(OverLimit::TooLarge { bytes, most })) => (*bytes, *most),
        _ => panic!("not refused as too large: {error:?}"),
    }
}

pub fn album(runtime: &Runtime, name: &'static str) -> bailiwick::AggregateRef<Album> {
    runtime.aggregates::<Album>().get(name)
}
