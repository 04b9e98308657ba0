//! The auction, live: what is told without a runtime beside its code holds under races, with a slow
//! journal and after a crash, on both journals.

mod checked;
mod crowd;
mod decided;
mod ending;
mod fixture;
mod telling;
