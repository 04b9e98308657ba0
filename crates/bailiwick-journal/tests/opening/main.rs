//! Opening the folder of a journal on the disk: what is refused and what it says, who has it, and whether it is still
//! there.

mod broken;
mod handover;
mod refusing;
#[cfg(unix)]
mod removed;
mod support;
