//! The names that are stored: of event types, of aggregates, of IDs. They are the schema of the
//! journal, and nothing in it may be passed over because a name has changed.
//!
//! 1. A name, today's or an old one, belongs to one Rust type ([`contradictions`]).
//! 2. What the journal holds is known here, or said to be somebody else's ([`check`]); and whoever
//!    reads a type that is never emitted here, and never was, has misspelt it.
//! 3. What is kept of the journal is bounded by the names there are, not by its length.
//!
//! Why it is as it is: docs/decisions/schema-and-startup.md.

mod catalogue;
mod check;
mod contradictions;
mod found;
mod seen;

use std::any::{TypeId, type_name};
use std::collections::BTreeSet;

use bailiwick_core::journal::EncodedEvent;
use bailiwick_core::policy::{Emitters, ReactionDescriptor};
use bailiwick_core::views::Reader;
use bailiwick_core::{
    Aggregate, CodecError, Decision, Event, EventDescriptor, IdDescriptor, Position, Projection,
    View, Views,
};

pub(crate) use check::Schema;
pub use found::Found;

/// Everything that emits or reads events, and what is said to be nobody's here.
#[derive(Default)]
pub(crate) struct Names {
    sets: Vec<Set>,
    aggregates: Vec<Named>,
    reactions: Vec<ReactionDescriptor>,
    pub(crate) ignored: Ignored,
}

/// Who emits or reads some event types.
struct Set {
    /// The Rust type that emits or reads them.
    of: &'static str,
    /// The view that reads them, if one does.
    view: Option<TypeId>,
    emits: bool,
    /// What it is part of.
    who: Who,
    types: &'static [EventDescriptor],
    /// Decodes an event of one of these types, and forgets it.
    decode: fn(&EncodedEvent) -> Result<(), CodecError>,
    /// By which IDs they are found; none if they are only emitted.
    ids: Vec<IdDescriptor>,
}

/// What emits or reads, as a catalogue says it.
#[derive(Clone, Copy)]
struct Who {
    kind: &'static str,
    /// Its name of today, or its Rust type if it has none.
    name: &'static str,
    is_type: bool,
}

/// An aggregate type, and by which names and keys its events say who decided them.
struct Named {
    rust_type: &'static str,
    name: &'static str,
    was: &'static [&'static str],
    id: IdDescriptor,
    types: &'static [EventDescriptor],
}

/// What the journal may hold although nobody here reads it.
#[derive(Default)]
pub(crate) struct Ignored {
    pub(crate) events: BTreeSet<String>,
    pub(crate) aggregates: BTreeSet<String>,
    pub(crate) policies: BTreeSet<String>,
    pub(crate) effects: BTreeSet<String>,
    pub(crate) keys: BTreeSet<String>,
    /// Whole tags.
    pub(crate) ids: BTreeSet<String>,
    pub(crate) unreadable: BTreeSet<Position>,
}

impl Names {
    pub(crate) fn aggregate<A: Aggregate>(&mut self) {
        let id = IdDescriptor::of::<A::Key>();
        let view = Some(TypeId::of::<A>());
        let who = Who::named("aggregate", A::NAME);
        let emits = Set::emitting::<A::Event>(type_name::<A>(), who);
        self.sets.push(Set { view, ids: vec![id], ..emits });
        self.aggregates.push(Named {
            rust_type: type_name::<A>(),
            name: A::NAME,
            was: A::WAS,
            id,
            types: A::Event::TYPES,
        });
    }

    /// Those that were renamed.
    pub(crate) fn emitters(&self) -> Emitters {
        let mut emitters = Emitters::default();
        for Named { name, was, id, .. } in &self.aggregates {
            emitters.add((name, was), (id.key, id.was));
        }
        emitters
    }

    /// What a decision emits, and what its views read.
    pub(crate) fn decision<D: Decision>(&mut self) {
        let who = match D::COMMAND {
            Some(name) => Who::named("decision", name),
            None => Who::of_type::<D>("decision"),
        };
        self.sets.push(Set::emitting::<D::Event>(type_name::<D>(), who));
        self.readers(who, D::Views::readers);
    }

    /// Something else than what is here.
    pub(crate) fn emitter<E: Event>(&mut self) {
        self.sets.push(Set::emitting::<E>(type_name::<E>(), Who::of_type::<E>("elsewhere")));
    }

    pub(crate) fn view<V: View>(&mut self) {
        self.reader(Who::of_type::<V>("view"), Reader::of::<V>());
    }

    fn reader(&mut self, who: Who, reader: Reader) {
        let Reader { of, view, types, decode, ids } = reader;
        self.sets.push(Set { of, view: Some(view), emits: false, who, types, decode, ids });
    }

    fn readers(&mut self, who: Who, read: impl FnOnce(&mut Vec<Reader>)) {
        let mut readers = Vec::new();
        read(&mut readers);
        readers.into_iter().for_each(|reader| self.reader(who, reader));
    }

    /// A policy or an effect.
    pub(crate) fn reaction(&mut self, declares: ReactionDescriptor) {
        let ReactionDescriptor { rust_type: of, id: view, types, decodes: decode, .. } = declares;
        let who = Who::named(declares.kind.name(), declares.name);
        self.reader(who, Reader { of, view, types, decode, ids: Vec::new() });
        self.readers(who, declares.readers);
        self.reactions.push(declares);
    }

    /// The views of which it is looked whether the journal holds what they would overlook.
    pub(crate) fn views(&self) -> BTreeSet<TypeId> {
        self.sets.iter().filter_map(|set| set.view).collect()
    }

    /// The event types that somebody emits or reads: their names of today, and their Rust types.
    pub(crate) fn event_types(&self) -> BTreeSet<(&'static str, TypeId)> {
        let alive = self.sets.iter().flat_map(Set::alive);
        alive.map(|known| (known.name, known.owner_id)).collect()
    }

    /// Whoever subscribes to these events.
    pub(crate) fn subscriber<E: Event>(&mut self) {
        let who = Who::of_type::<E>("subscription");
        self.sets.push(Set { emits: false, ..Set::emitting::<E>(who.name, who) });
    }

    /// What a projection folds.
    pub(crate) fn projection<P: Projection>(&mut self) {
        let who = Who::named("projection", P::NAME);
        self.sets.push(Set { emits: false, ..Set::emitting::<P::Event>(type_name::<P>(), who) });
    }

    /// The IDs of everything here, each type once.
    fn ids(&self) -> Vec<IdDescriptor> {
        each_once(self.sets.iter().flat_map(|set| &set.ids))
    }
}

impl Set {
    fn emitting<E: Event>(of: &'static str, who: Who) -> Set {
        let decode = |event: &EncodedEvent| event.decode::<E>().map(drop);
        Set { of, view: None, emits: true, who, types: E::TYPES, decode, ids: Vec::new() }
    }

    /// The types that are alive.
    fn alive(&self) -> impl Iterator<Item = &'static EventDescriptor> + use<> {
        self.types.iter().filter(|known| !known.retired)
    }

    fn knows(&self, name: &str) -> bool {
        knows(self.types, name)
    }
}

impl Who {
    fn named(kind: &'static str, name: &'static str) -> Who {
        Who { kind, name, is_type: false }
    }

    fn of_type<T>(kind: &'static str) -> Who {
        Who { kind, name: type_name::<T>(), is_type: true }
    }
}

impl Named {
    fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.was.iter().copied())
    }
}

/// Whether one of the types has or had this name.
fn knows(types: &'static [EventDescriptor], name: &str) -> bool {
    types.iter().any(|known| known.names().any(|known| known == name))
}

fn has_key(id: &IdDescriptor, key: &str) -> bool {
    id.keys().any(|known| known == key)
}

fn each_once<'a>(ids: impl Iterator<Item = &'a IdDescriptor>) -> Vec<IdDescriptor> {
    let mut known: BTreeSet<TypeId> = BTreeSet::new();
    ids.filter(|id| known.insert(id.id_type)).copied().collect()
}
