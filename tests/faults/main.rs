//! Crashes and failing disks: what was acknowledged is there, the rules hold on what is there,
//! deadlines go on, keys answer. Bugs that break it are found.

mod killing;
mod losing;
mod seeded;
mod tracing;
