//! Decisions and their views: what is read and guarded, and that folding it in any way gives the
//! same.

mod boundary;
mod folding;
mod journal;
mod properties;
mod shapes;
mod vocabulary;
