//! Starting a runtime: what it is made of, and what is refused before anything runs.

use std::any::{TypeId, type_name};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::{Aggregate, Event, Journal, Query, QueryItem, Read, ReadError};

use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::kind::{AnyKind, Kind, Recovered};
use crate::runtime::Runtime;
use crate::seams::{Entropy, Seams, Spawn, SystemEntropy};
use crate::shared::Shared;

/// How far a journal's last event may lie ahead of the clock.
const AHEAD: Duration = Duration::from_secs(60);

/// Builds a [`Runtime`].
#[must_use]
pub struct Builder {
    journal: Arc<dyn Journal>,
    config: Config,
    clock: Arc<dyn Clock>,
    spawner: Option<Arc<dyn Spawn>>,
    entropy: Arc<dyn Entropy>,
    allow_ahead: bool,
    types: Vec<Registration>,
    #[cfg(feature = "fault-injection")]
    sabotage: Option<crate::Sabotage>,
}

struct Registration {
    id: TypeId,
    rust_type: &'static str,
    name: &'static str,
    events: &'static [bailiwick_core::EventDescriptor],
    make: fn(Arc<Shared>) -> Arc<dyn AnyKind>,
}

/// Why a runtime did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Two aggregate types have the same `NAME`.
    #[error(
        "{first} and {second} are both named {name:?}; an aggregate's NAME belongs to one type"
    )]
    NameTaken {
        /// The name.
        name: &'static str,
        /// The Rust type that has it.
        first: &'static str,
        /// The Rust type that also has it.
        second: &'static str,
    },
    /// Two Rust types claim one event type.
    #[error(
        "the event type {event:?} is claimed by {first} and by {second}; a name in the journal \
         belongs to one Rust type: rename one, or make it a struct that both sets include"
    )]
    EventTypeClaimedTwice {
        /// The name of the event type.
        event: &'static str,
        /// The Rust type that has it.
        first: &'static str,
        /// The Rust type that also has it.
        second: &'static str,
    },
    /// The last event of the journal lies in the future.
    #[error(
        "the journal's last event was recorded {} ms ahead of this machine's clock; set the clock, \
         or start with `allow_journal_ahead` and let time stand still until it is reached",
        by.as_millis()
    )]
    JournalAhead {
        /// How far ahead.
        by: Duration,
    },
    /// There is no tokio runtime here.
    #[error("a runtime starts within a tokio runtime, or with a spawner of its own")]
    NoExecutor,
    /// The journal could not be read.
    #[error("the journal cannot be read: {0}")]
    Unread(#[source] ReadError),
}

impl Builder {
    pub(crate) fn new(journal: Arc<dyn Journal>) -> Self {
        Builder {
            journal,
            config: Config::default(),
            clock: Arc::new(SystemClock::new()),
            spawner: None,
            entropy: Arc::new(SystemEntropy),
            allow_ahead: false,
            types: Vec::new(),
            #[cfg(feature = "fault-injection")]
            sabotage: None,
        }
    }

    /// Adds an aggregate type. Adding it again changes nothing.
    pub fn aggregate<A: Aggregate>(mut self) -> Self {
        let id = TypeId::of::<A>();
        if self.types.iter().all(|known| known.id != id) {
            self.types.push(Registration {
                id,
                rust_type: type_name::<A>(),
                name: A::NAME,
                events: A::Event::TYPES,
                make: |shared| Kind::<A>::new(shared),
            });
        }
        self
    }

    /// Changes the bounds: `.config(|config| config.timeout = Duration::from_secs(1))`.
    pub fn config(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// Takes the time from `clock` instead of the [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Runs its tasks on `spawner` instead of the tokio runtime in which it is started.
    pub fn spawner(mut self, spawner: impl Spawn) -> Self {
        self.spawner = Some(Arc::new(spawner));
        self
    }

    /// Takes random numbers from `entropy` instead of the operating system.
    pub fn entropy(mut self, entropy: impl Entropy) -> Self {
        self.entropy = Arc::new(entropy);
        self
    }

    /// Starts although the journal's last event lies in the future: time stands still until the
    /// clock has reached it.
    pub fn allow_journal_ahead(mut self) -> Self {
        self.allow_ahead = true;
        self
    }

    /// Switches on a bug, to see that a test finds it.
    #[cfg(feature = "fault-injection")]
    pub fn sabotage(mut self, sabotage: Option<crate::Sabotage>) -> Self {
        self.sabotage = sabotage;
        self
    }

    /// Starts: checks the names, reads the deadlines from the journal, and arms them before the
    /// first command is served.
    ///
    /// # Errors
    /// See [`StartError`]. Nothing runs then.
    pub async fn start(self) -> Result<Runtime, StartError> {
        self.check_names()?;
        let spawner = match self.spawner {
            Some(spawner) => spawner,
            None => {
                Arc::new(tokio::runtime::Handle::try_current().map_err(|_| StartError::NoExecutor)?)
            }
        };
        let seams = Seams { clock: self.clock, spawner, entropy: self.entropy };
        let shared = Shared::new(self.journal, seams, self.config);
        #[cfg(feature = "fault-injection")]
        let shared = shared.with_sabotage(self.sabotage);
        let shared = Arc::new(shared);
        catch_up_with_journal(&shared, self.allow_ahead).await?;
        let kinds: Vec<(TypeId, Arc<dyn AnyKind>)> =
            self.types.iter().map(|known| (known.id, (known.make)(shared.clone()))).collect();
        recover(&shared, &kinds).await.map_err(StartError::Unread)?;
        kinds.iter().for_each(|(_, kind)| kind.clone().start());
        Ok(Runtime::new(shared, kinds))
    }

    fn check_names(&self) -> Result<(), StartError> {
        let mut names = HashMap::new();
        let mut events = HashMap::new();
        for known in &self.types {
            if let Some(first) = names.insert(known.name, known.rust_type) {
                let (name, second) = (known.name, known.rust_type);
                return Err(StartError::NameTaken { name, first, second });
            }
            for event in known.events {
                if let Some(first) = events.insert(event.name, event.owner)
                    && first != event.owner
                {
                    let (event, second) = (event.name, event.owner);
                    return Err(StartError::EventTypeClaimedTwice { event, first, second });
                }
            }
        }
        Ok(())
    }
}

/// Time does not go back behind the journal.
async fn catch_up_with_journal(shared: &Shared, allow_ahead: bool) -> Result<(), StartError> {
    let head = shared.journal.head().await.map_err(StartError::Unread)?;
    let by = head.recorded_at.since(shared.now());
    if by > AHEAD && !allow_ahead {
        return Err(StartError::JournalAhead { by });
    }
    shared.not_before(head.recorded_at);
    Ok(())
}

/// Reads the journal once, from its beginning, for the deadlines as of its end.
async fn recover(shared: &Shared, kinds: &[(TypeId, Arc<dyn AnyKind>)]) -> Result<(), ReadError> {
    let types = kinds.iter().flat_map(|(_, kind)| kind.event_types());
    let Ok(item) = QueryItem::new(types, []) else {
        return Ok(());
    };
    let mut deadlines: Vec<_> = kinds.iter().map(|_| Recovered::default()).collect();
    let mut read = Read::new(Query::from(item)).limit(shared.config.page_events);
    loop {
        let page = shared.journal.read(read.clone()).await?;
        for event in &page.events {
            for ((_, kind), deadlines) in kinds.iter().zip(&mut deadlines) {
                kind.recover(event, deadlines);
            }
        }
        read.after = page.upto;
        if !page.more {
            break;
        }
    }
    for ((_, kind), deadlines) in kinds.iter().zip(deadlines) {
        kind.arm_recovered(deadlines);
    }
    Ok(())
}
