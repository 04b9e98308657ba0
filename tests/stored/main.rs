//! What is acknowledged can be read back: what a rebuild would see otherwise is refused before it is
//! appended, and what is accepted is folded as a rebuild will fold it.

mod deadlines;
mod decisions;
mod depth;
mod fixture;
mod folded;
mod refused;
mod replies;
mod vouched;
