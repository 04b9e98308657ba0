//! What a journal holds is read for ever as what it is, or the start says why not.

mod catalogue;
mod evolving;
mod golden;
mod outlined;
mod start;
