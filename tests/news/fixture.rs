//! Fixture: a library: books are lent to members, who are reminded, and wear out. An event of one of them
//! concerns the others.

use std::convert::Infallible;
use std::time::Duration;

use bailiwick::journal::{Journal, Query};
use bailiwick::{
    Aggregate, Aggregates, Builder, Context, Decide, Decision, Event, ManualClock, MemoryJournal,
    Runtime, Timestamp, View, id,
};
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::journals::place::matching;
use serde::{Deserialize, Serialize};

id!(pub BookId: "book", pub MemberId: "member");

/// Concerns the book that is lent, and the member.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lent {
    #[tag]
    pub book: BookId,
    #[tag]
    pub member: MemberId,
    pub until: Timestamp,
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum BookEvent {
    Lent(Lent),
    Returned,
}

/// How often a book was lent.
#[derive(Default)]
pub struct Book {
    pub lent: u64,
}

impl View for Book {
    type Key = BookId;
    type Event = BookEvent;

    fn new(_: &BookId) -> Self {
        Book::default()
    }

    fn apply(&mut self, event: &BookEvent, _: Timestamp) {
        self.lent += u64::from(matches!(event, BookEvent::Lent(_)));
    }
}

impl Aggregate for Book {
    const NAME: &'static str = "book";
}

pub const LOAN: Duration = Duration::from_secs(10);

fn lent(book: &BookId, member: &MemberId, now: Timestamp) -> Lent {
    Lent { book: book.clone(), member: member.clone(), until: now + LOAN }
}

/// Lends the book to a member. Replies how often it has been lent.
pub struct Lend(pub BookId, pub MemberId);

impl Decide<Lend> for Book {
    type Reply = u64;
    type Rejection = Infallible;

    fn decide(
        &self,
        Lend(book, member): &Lend,
        ctx: &mut Context<BookEvent>,
    ) -> Result<u64, Infallible> {
        ctx.emit(lent(book, member, ctx.now()));
        Ok(self.lent + 1)
    }
}

/// Concerns nobody but the book.
pub struct Return;

impl Decide<Return> for Book {
    type Reply = ();
    type Rejection = Infallible;

    fn decide(&self, _: &Return, ctx: &mut Context<BookEvent>) -> Result<(), Infallible> {
        ctx.emit(BookEvent::Returned);
        Ok(())
    }
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum MemberEvent {
    Lent(Lent),
    Reminded,
    Renamed {},
}

/// What a member has borrowed, and when to remind them of it.
#[derive(Default)]
pub struct Member {
    pub borrowed: u64,
    pub until: Option<Timestamp>,
    pub reminded: u64,
}

impl View for Member {
    type Key = MemberId;
    type Event = MemberEvent;

    fn new(_: &MemberId) -> Self {
        Member::default()
    }

    fn apply(&mut self, event: &MemberEvent, _: Timestamp) {
        match event {
            MemberEvent::Lent(lent) => {
                self.borrowed += 1;
                self.until = Some(lent.until);
            }
            MemberEvent::Reminded => {
                self.reminded += 1;
                self.until = None;
            }
            MemberEvent::Renamed {} => {}
        }
    }
}

impl Aggregate for Member {
    const NAME: &'static str = "member";

    fn deadline(&self) -> Option<Timestamp> {
        self.until
    }

    fn on_deadline(&self, ctx: &mut Context<MemberEvent>) {
        ctx.emit(MemberEvent::Reminded);
    }
}

/// Replies how much the member has borrowed.
pub struct Rename;

impl Decide<Rename> for Member {
    type Reply = u64;
    type Rejection = Infallible;

    fn decide(&self, _: &Rename, ctx: &mut Context<MemberEvent>) -> Result<u64, Infallible> {
        ctx.emit(MemberEvent::Renamed {});
        Ok(self.borrowed)
    }
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum WearEvent {
    Lent(Lent),
    Rebound,
}

/// How worn a book is: it has the book's ID. It is bound anew after it was lent three times.
#[derive(Default)]
pub struct Wear {
    pub lent: u64,
    pub since: Option<Timestamp>,
}

impl View for Wear {
    type Key = BookId;
    type Event = WearEvent;

    fn new(_: &BookId) -> Self {
        Wear::default()
    }

    fn apply(&mut self, event: &WearEvent, at: Timestamp) {
        match event {
            WearEvent::Lent(_) => self.lent += 1,
            WearEvent::Rebound => self.lent = 0,
        }
        self.since = (self.lent >= 3).then_some(at);
    }
}

impl Aggregate for Wear {
    const NAME: &'static str = "wear";

    fn deadline(&self) -> Option<Timestamp> {
        self.since.map(|since| since + Duration::from_secs(1))
    }

    fn on_deadline(&self, ctx: &mut Context<WearEvent>) {
        ctx.emit(WearEvent::Rebound);
    }
}

/// Lends a book, and reads nothing.
pub struct LendAnyway(pub BookId, pub MemberId);

impl Decision for LendAnyway {
    type Views = ();
    type Event = Lent;
    type Reply = ();
    type Rejection = Infallible;

    fn keys(&self) {}

    fn decide(&self, (): (), ctx: &mut Context<Lent>) -> Result<(), Infallible> {
        ctx.emit(lent(&self.0, &self.1, ctx.now()));
        Ok(())
    }
}

/// A library on a journal and a clock that the test controls.
pub struct Library {
    pub runtime: Runtime,
    pub books: Aggregates<Book>,
    pub members: Aggregates<Member>,
    pub wear: Aggregates<Wear>,
    pub journal: FaultyJournal,
    pub clock: ManualClock,
}

impl Library {
    pub async fn new() -> Library {
        Library::with(|builder| builder).await
    }

    pub async fn with(change: impl FnOnce(Builder) -> Builder) -> Library {
        Library::on(MemoryJournal::new(), ManualClock::at(1_000), change).await
    }

    pub async fn on(
        journal: impl Journal,
        clock: ManualClock,
        change: impl FnOnce(Builder) -> Builder,
    ) -> Library {
        let journal = FaultyJournal::new(journal);
        let builder = Runtime::builder(journal.clone())
            .aggregate::<Book>()
            .aggregate::<Member>()
            .aggregate::<Wear>()
            .decision::<LendAnyway>()
            .clock(clock.clone())
            .entropy(7);
        let runtime = change(builder).start().await.expect("it starts");
        let (books, members, wear) =
            (runtime.aggregates(), runtime.aggregates(), runtime.aggregates());
        Library { runtime, books, members, wear, journal, clock }
    }

    /// How many events of this type there are.
    pub async fn events(&self, event_type: &str) -> usize {
        let events = matching(&self.journal.inner(), Query::all()).await;
        events.iter().filter(|event| event.event.event_type.as_str() == event_type).count()
    }
}
