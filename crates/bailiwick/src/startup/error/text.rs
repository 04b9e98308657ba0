//! What is said of a journal that would be passed over or misread: what was found, where, and what to do about it.

use bailiwick_core::{Position, ReactionKind, SchemaVersion, Tag};

use crate::config::WrongBound;
use crate::startup::schema::Found;

pub(super) fn unknown_event_type(event: &Found) -> String {
    let name = event.event_type.as_str();
    format!(
        "nothing here knows the event type of {event}, so it would be passed over. If the type was \
         renamed, say `#[event(was = {name:?})]` on what it is now; if it is gone, say \
         `#[event(retired({name:?}))]` on the set it was in; if it is part of this program, add what \
         emits or reads it with `aggregate`, `decision`, `emits` or `reads` where the runtime is \
         built; if it is somebody else's, say `.ignores_events([{name:?}])` there"
    )
}

pub(super) fn not_in_its_set(event: &Found, aggregate: &str) -> String {
    let name = event.event_type.as_str();
    format!(
        "the aggregate {aggregate} does not know the event type of {event}, which it decided itself; \
         without it its state is not the one that was decided on. Put the type back into its event \
         set, or say `#[event(retired({name:?}))]` on the set"
    )
}

pub(super) fn newer_version(
    event: &Found,
    owner: &str,
    found: SchemaVersion,
    known: SchemaVersion,
) -> String {
    format!(
        "the event {event} was recorded in version {found} of its type, but {owner} knows it up to \
         version {known}: this program is older than the one that wrote the journal. Run that one, \
         or a later one"
    )
}

pub(super) fn newer_bailiwick(event: &Found) -> String {
    let name = event.event_type.as_str();
    format!(
        "the event {event} is Bailiwick's own, and this version of Bailiwick does not know it, so it \
         would be passed over: build the program with the version that wrote it, or a later one. \
         If you know that it means nothing to this program, say `.ignores_events([{name:?}])` where \
         the runtime is built"
    )
}

pub(super) fn unreadable(event: &Found, set: &str, version: SchemaVersion) -> String {
    let (next, position) = (version + 1, event.position);
    format!(
        "{set} cannot read the event {event}, which was recorded in version {version} of its type. \
         What has changed in its fields, or within one of them, needs a `#[serde(default)]`, \
         a `#[serde(alias)]`, or a next version with an upcaster: `#[event(version = {next}, upcast = \
         ..)]`. If this one event is broken, say `.allow_unreadable([Position::new({position})])` \
         where the runtime is built; whoever reads it fails then"
    )
}

pub(super) fn unknown_aggregate(event: &Found) -> String {
    let name = event.aggregate.as_ref().map_or("", |name| name.as_str());
    format!(
        "no aggregate here is named {name:?}, which decided the event {event}: answers to its \
         idempotency keys would be forgotten. If the aggregate was renamed, say `const WAS: \
         &'static [&'static str] = &[{name:?}];` where its NAME is; if it belongs to another program, \
         or is gone, say `.ignores_aggregates([{name:?}])` where the runtime is built"
    )
}

pub(super) fn unknown_key(
    event: &Found,
    aggregate: &str,
    id: &str,
    key: &str,
    found: &str,
) -> String {
    let renamed = renamed(id, key, found);
    format!(
        "the aggregate {aggregate} has the tag key {key:?}, but its events have {found:?}, so it would \
         be empty: {event}. {renamed}. If what was recorded under that key is nobody's here, say \
         `.ignores_keys([{found:?}])` where the runtime is built"
    )
}

pub(super) fn key_never_seen(
    reader: &str,
    id: &str,
    key: &str,
    event: &str,
    position: Position,
    tag: &Tag,
) -> String {
    let found = tag.key();
    let renamed = renamed(id, key, found);
    format!(
        "{reader} finds events by tags with the key {key:?}, but of those it reads none has one, so it \
         would be empty; {event:?} at position {position} has {tag}, a key that no ID here has. \
         {renamed}. If nobody here finds anything by {found:?}, say `.ignores_keys([{found:?}])` where the \
         runtime is built"
    )
}

/// What to do if the key of an ID is `found` in the journal because it was renamed.
fn renamed(id: &str, key: &str, found: &str) -> String {
    let name = short_name(id);
    format!(
        "If the key of {id} was renamed, say so where it is declared: `id!({name}: {key:?} was {found:?})`, or \
         `const WAS` of its `Id`"
    )
}

pub(super) fn unreadable_id(event: &Found, tag: &Tag, id: &str) -> String {
    let (name, text) = (short_name(id), tag.as_str());
    format!(
        "{tag} is no {name} any more, of which the event {event} is. Mend `FromStr` or \
         `Display` of {id}: what was an ID once stays one. If it is to be out of reach, say \
         `.ignores_ids([{text:?}])` where the runtime is built"
    )
}

pub(super) fn unknown_reaction(kind: ReactionKind, name: &str, position: Position) -> String {
    let kinds = if kind == ReactionKind::Policy { "policies" } else { "effects" };
    format!(
        "nothing here is the {kind} {name:?}, which was started on this journal (position {position}). If it \
         was renamed, give it its NAME back; if it is gone or another program's, say \
         `.ignores_{kinds}([{name:?}])` where the runtime is built"
    )
}

pub(super) fn nobody_emits(reader: &str, event: &str) -> String {
    format!(
        "{reader} reads the event type {event:?}, but nobody emits it and the journal has never \
         seen it. Is the name misspelt? If the type was renamed, say `#[event(was = \"..\")]` on it; \
         if whoever emits it is missing here, add it with `aggregate`, `decision` or `emits`"
    )
}

/// What is under way in a policy or an effect.
pub(super) fn outstanding(next: Option<Position>, parked: usize) -> String {
    let news = next.map(|next| format!("its news from position {next} on are not done"));
    match (news, parked) {
        (Some(news), 0) => news,
        (Some(news), parked) => format!("{news}, and {parked} lanes are parked"),
        (None, parked) => format!("{parked} of its lanes are parked"),
    }
}

pub(super) fn sentences(wrong: &[WrongBound]) -> String {
    let sentences: Vec<_> = wrong.iter().map(ToString::to_string).collect();
    sentences.join("; ")
}

/// The name of a Rust type without its path.
fn short_name(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}
