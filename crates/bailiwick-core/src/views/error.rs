//! What can be wrong with views.

use crate::codec::CodecError;
use crate::journal::EventType;
use crate::position::Position;
use crate::tag::InvalidTag;

/// Why a decision has no boundary.
///
/// For an example see [`Decision`](crate::Decision).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BoundaryError {
    /// The key of a view cannot be a tag.
    #[error("the key of the view {view} cannot be a tag")]
    Key {
        /// The name of the view's Rust type.
        view: &'static str,
        /// What is wrong with the text of an ID in it.
        source: InvalidTag,
    },
}

/// An event that a view reads could not be read.
///
/// For an example see [`Decision`](crate::Decision).
#[derive(Debug, thiserror::Error)]
#[error("{view} cannot read {event_type}{}", Place(*position))]
pub struct FoldError {
    /// Which view.
    pub view: super::ViewIdentity,
    /// The type of the event.
    pub event_type: EventType,
    /// Where it stands; none if it is not in the journal yet.
    pub position: Option<Position>,
    /// What is wrong with it.
    pub source: CodecError,
}

struct Place(Option<Position>);

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(position) => write!(f, " at position {position}"),
            None => Ok(()),
        }
    }
}
