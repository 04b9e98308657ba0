//! What Bailiwick writes for a command: so that others write the same.

use std::path::Path;
use std::sync::Arc;

use tephra::{EventRef, Position, SegmentConfig, SegmentSet, Tag, Tags};

use super::accounts::{Keeper, Opens, Plan, Turn};
use super::on_bailiwick::OnBailiwick;

/// The two events, as they are stored.
#[derive(Clone)]
pub(super) struct Written {
    /// A slot was taken.
    pub(super) started: Stored,
    /// A slot was given back.
    pub(super) ended: Stored,
}

/// An event as it is stored.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) event_type: Arc<str>,
    /// Those beside that of the account.
    pub(super) tags: Arc<[Tag]>,
    pub(super) payload: Arc<[u8]>,
    /// All of it.
    pub(super) bytes: Arc<[u8]>,
}

/// The tag of an account begins so.
pub(super) const ACCOUNT: &str = "account:";

/// The default size of a journal's files.
const SEGMENT_BYTES: usize = 32 << 20;

impl Written {
    /// Lets Bailiwick write them in a folder within `folder`, and reads them there.
    pub(super) async fn by_bailiwick(folder: &Path) -> Written {
        let folder = super::a_folder_in(folder);
        let plan = Plan::new(1, 1, 2, false);
        let keeper = OnBailiwick::open(folder.path(), plan, &Written::nothing()).await;
        for takes in [true, false] {
            keeper.run(Turn { account: 0, session: 0, takes }).await;
        }
        keeper.close().await;
        let config = SegmentConfig::new(SEGMENT_BYTES);
        let set = SegmentSet::open_read_only(folder.path(), config).expect("what was written");
        let mut scan = set.scan_after(Position::ZERO);
        let mut next = || {
            let record = scan.next().expect("an event").expect("it can be read");
            Stored::read(EventRef::from_bytes(record.data).expect("an event"))
        };
        let _limit = next();
        Written { started: next(), ended: next() }
    }

    fn nothing() -> Written {
        let none = Stored {
            event_type: "".into(),
            tags: Arc::new([]),
            payload: Arc::new([]),
            bytes: Arc::new([]),
        };
        Written { started: none.clone(), ended: none }
    }

    pub(super) fn of(&self, turn: Turn) -> &Stored {
        if turn.takes { &self.started } else { &self.ended }
    }
}

impl Stored {
    fn read(event: EventRef<'_>) -> Stored {
        let others = event.tags().filter(|tag| !tag.starts_with(ACCOUNT));
        Stored {
            event_type: event.event_type().into(),
            tags: others.map(|tag| Tag::new(tag).expect("it was one")).collect(),
            payload: event.data().into(),
            bytes: event.as_bytes().into(),
        }
    }

    /// The same for another account.
    pub(super) fn event(&self, account: &Tag) -> tephra::Event {
        let tags = self.tags.iter().chain([account]).cloned();
        let tags = Tags::new(tags).expect("a set");
        let event_type = tephra::EventType::new(&*self.event_type).expect("a type");
        tephra::Event::new(&event_type, &tags, &self.payload).expect("an event")
    }
}
