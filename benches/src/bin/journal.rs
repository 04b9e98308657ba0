//! The durable journal against tephra: one event per append, each on the condition that nobody else wrote
//! to its account, the same record and tags in both; and what a tag for the type costs tephra, by which it
//! finds events of a type.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bailiwick::journal::{
    AppendCondition, EncodedEvent, EventType, Journal, Metadata, Origin, Query, QueryItem,
    RecordedDeadline,
};
use bailiwick::{Position, Tag, Timestamp};
use bailiwick_core::journal::record;
use bailiwick_journal::FileJournal;
use clap::Parser;
use tephra::{SegmentConfig, SegmentSet, WriteCoordinator, WriteHandle, WriterConfig};

/// Appends from many callers, each waiting for its last one.
#[derive(Parser)]
struct Arguments {
    /// How many appends are under way at once.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 256])]
    outstanding: Vec<u64>,
    /// How long each of them lasts.
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Only this one: `bailiwick`, `tephra` or `untagged`.
    #[arg(long)]
    only: Option<String>,
    /// How often each is measured.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// In the memory of the machine, where a sync costs nothing.
    #[arg(long)]
    memory: bool,
}

const TYPE: &str = "SessionStarted";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let executor =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let systems = ["tephra", "bailiwick", "untagged"];
    let wanted = |system: &&&str| arguments.only.as_ref().is_none_or(|only| only == **system);
    println!(
        "{:>10} {:>11} {:>12} {:>10} {:>10}",
        "", "outstanding", "events/s", "p50 us", "p99 us"
    );
    for &outstanding in &arguments.outstanding {
        for round in 0..arguments.rounds {
            for system in systems.iter().filter(wanted) {
                let folder = if arguments.memory {
                    tempfile::tempdir_in("/dev/shm")?
                } else {
                    tempfile::tempdir()?
                };
                let last = Duration::from_secs(arguments.seconds);
                let figures = executor.block_on(async {
                    match *system {
                        "bailiwick" => {
                            let journal = FileJournal::open(folder.path()).expect("a journal");
                            bailiwick(Arc::new(journal), outstanding, last).await
                        }
                        _ => alone(folder.path(), outstanding, last, *system == "tephra").await,
                    }
                });
                let Figures { events, p50, p99 } = figures;
                println!(
                    "{system:>10} {outstanding:>11} {events:>12.0} {p50:>10} {p99:>10}  #{round}"
                );
            }
        }
    }
    Ok(())
}

struct Figures {
    events: f64,
    p50: u64,
    p99: u64,
}

/// `append` gets the number of the account and the position of its last event.
async fn drive<F: Future<Output = u64> + Send>(
    outstanding: u64,
    last: Duration,
    append: impl Fn(u64, u64) -> F + Clone + Send + Sync + 'static,
) -> Figures {
    let started = Instant::now();
    let total = Arc::new(AtomicU64::new(0));
    let mut callers = tokio::task::JoinSet::new();
    for account in 0..outstanding {
        let (append, total) = (append.clone(), total.clone());
        callers.spawn(async move {
            let (mut position, mut micros) = (0, Vec::new());
            while started.elapsed() < last {
                let begun = Instant::now();
                position = append(account, position).await;
                micros.push(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
                total.fetch_add(1, Ordering::Relaxed);
            }
            micros
        });
    }
    let mut micros: Vec<u64> = callers.join_all().await.concat();
    let events = total.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64();
    micros.sort_unstable();
    let at = |percent: usize| micros[(micros.len() - 1) * percent / 100];
    Figures { events, p50: at(50), p99: at(99) }
}

fn tag(account: u64) -> Tag {
    Tag::new("account", account).expect("a tag")
}

fn event(account: u64) -> EncodedEvent {
    let mut metadata = Metadata::default();
    metadata.command = Some("Acquire".into());
    metadata.origin = Some(Origin {
        aggregate: "AccountSessions".into(),
        tag: tag(account),
        deadline: RecordedDeadline::new(Some(Timestamp::from_millis(1_767_225_610_123)), 1),
    });
    EncodedEvent {
        event_type: TYPE.into(),
        version: 1,
        tags: [tag(account), Tag::new("session", account).expect("a tag")].into_iter().collect(),
        payload: br#"{"session":"session-0001","expires_at":1767225610123}"#.as_slice().into(),
        recorded_at: Timestamp::from_millis(1_767_225_600_123),
        metadata,
    }
}

async fn bailiwick(journal: Arc<dyn Journal>, outstanding: u64, last: Duration) -> Figures {
    let boundaries: Arc<[Query]> = (0..outstanding).map(boundary).collect();
    drive(outstanding, last, move |account, after| {
        let boundary = boundaries[usize::try_from(account).expect("few")].clone();
        let condition = AppendCondition::new(boundary).after(Position::new(after));
        let appended = journal.append(vec![event(account)], Some(condition));
        async move { appended.await.expect("it is written").last.get() }
    })
    .await
}

fn boundary(account: u64) -> Query {
    let types = [TYPE, "SessionEnded", "LeaseExpired"].map(EventType::from);
    QueryItem::new(types, [tag(account)]).expect("types and a tag").into()
}

/// What the journal keeps of an event beside its type and tags.
fn payload() -> Vec<u8> {
    let mut payload = Vec::new();
    record::encode(&event(0), &mut payload);
    payload
}

async fn alone(folder: &Path, outstanding: u64, last: Duration, type_tag: bool) -> Figures {
    let payload: Arc<[u8]> = payload().into();
    let set = SegmentSet::open(folder, SegmentConfig::new(32 << 20)).expect("a log");
    let (coordinator, writer) =
        WriteCoordinator::start(set, WriterConfig::default()).expect("a writer");
    let figures = drive(outstanding, last, move |account, after| {
        append_alone(writer.clone(), payload.clone(), account, after, type_tag)
    })
    .await;
    drop(coordinator);
    figures
}

async fn append_alone(
    writer: WriteHandle,
    payload: Arc<[u8]>,
    account: u64,
    after: u64,
    type_tag: bool,
) -> u64 {
    let stored = |text: String| tephra::Tag::new(text).expect("a tag");
    let own = stored(format!("account:{account}"));
    let mut tags = vec![own.clone(), stored(format!("session:{account}"))];
    if type_tag {
        tags.push(stored(format!("={TYPE}")));
    }
    let tags = tephra::Tags::new(tags).expect("a set");
    let name = |name: &str| tephra::EventType::new(name).expect("a type");
    let event = tephra::Event::new(&name(TYPE), &tags, &payload).expect("an event");
    let types = ["SessionStarted", "SessionEnded", "LeaseExpired"].map(name).to_vec();
    let boundary = tephra::QueryItem::new(types, tephra::Tags::new([own]).expect("a set"));
    let condition = tephra::AppendCondition::new(tephra::Query::item(boundary))
        .after(tephra::Position::new(after));
    writer.append_async(vec![event], Some(condition)).await.expect("it is written").last.get()
}
