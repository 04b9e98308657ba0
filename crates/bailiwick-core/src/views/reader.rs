//! What is known of a view before there is a key: for whoever checks the journal at a start.

use std::any::{TypeId, type_name};

use super::erased::OneView;
use crate::codec::CodecError;
use crate::event::Event;
use crate::id::IdDescriptor;
use crate::journal::EncodedEvent;
use crate::schema::EventDescriptor;
use crate::view::Key;

/// One of the views of a decision, or any other view, whatever its key.
#[derive(Debug, Clone)]
pub struct Reader {
    /// The Rust type that reads.
    pub of: &'static str,
    /// What tells Rust types of the same path apart.
    pub view: TypeId,
    /// The event types it reads.
    pub types: &'static [EventDescriptor],
    /// Decodes an event of one of these types, and forgets it.
    pub decode: fn(&EncodedEvent) -> Result<(), CodecError>,
    /// The IDs by which it finds them.
    pub ids: Vec<IdDescriptor>,
}

impl Reader {
    /// What this view reads.
    pub fn of<V: OneView>() -> Reader {
        Reader {
            of: type_name::<V>(),
            view: TypeId::of::<V>(),
            types: <V::Event as Event>::TYPES,
            decode: |event| event.decode::<V::Event>().map(drop),
            ids: V::Key::ids(),
        }
    }
}
