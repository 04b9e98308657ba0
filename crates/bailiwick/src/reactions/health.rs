//! How policies and effects are, for the health of their runtime.

use bailiwick_core::ReactionKind;

/// A policy or an effect with lanes that stand still: see [`Reactions`](crate::Reactions).
///
/// For an example see [`Reactions`](crate::Reactions).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReactionHealth {
    /// Whether it is a policy or an effect.
    pub kind: ReactionKind,
    /// Its name.
    pub name: &'static str,
    /// It does nothing any more: as many lanes are parked as may be.
    pub stopped: bool,
    /// How many lanes are parked.
    pub parked_lanes: usize,
    /// How many lanes fail, and are tried again.
    pub stalled_lanes: usize,
}
