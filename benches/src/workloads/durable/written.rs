//! What Bailiwick writes for a command: so that others write the same.

use std::path::Path;
use std::sync::Arc;

use bailiwick::journal::{EncodedEvent, Journal, Query, Read};
use bailiwick_core::journal::record;
use bailiwick_journal::{FileJournal, stored};
use tephra::{Tag, Tags};

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
    /// All else: the record.
    pub(super) payload: Arc<[u8]>,
    /// All of it, as it is in the log.
    pub(super) bytes: Arc<[u8]>,
}

/// The tag of an account begins so.
pub(super) const ACCOUNT: &str = "account:";

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
        let journal = FileJournal::open(folder.path()).expect("what was written");
        let page = journal.read(Read::new(Query::all())).await.expect("it can be read");
        let stored: Vec<_> = page.events.iter().map(|event| Stored::of(&event.event)).collect();
        let [_limit, started, ended] = stored.try_into().ok().expect("three events");
        Written { started, ended }
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
    fn of(event: &EncodedEvent) -> Stored {
        let tags = event.tags.iter().map(bailiwick::Tag::as_str);
        let others = tags.filter(|tag| !tag.starts_with(ACCOUNT));
        let (mut payload, mut bytes) = (Vec::new(), Vec::new());
        record::encode(event, &mut payload);
        stored::encode(event, &mut bytes);
        Stored {
            event_type: event.event_type.as_str().into(),
            tags: others.map(|tag| Tag::new(tag).expect("it is one")).collect(),
            payload: payload.into(),
            bytes: bytes.into(),
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
