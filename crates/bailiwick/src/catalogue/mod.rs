//! What is stored in a journal by what a program is made of, and who emits and reads it: as text and as
//! data, the same for the same program, to be kept in a file and reviewed when it changes.
//!
//! For an example see [`Catalogue`].
//!
//! Why it is as it is: docs/decisions/schema-and-startup.md.

mod compare;
mod text;

use bailiwick_core::SchemaVersion;
use serde::Serialize;

/// What is stored by what a [`Builder`](crate::Builder) was told of. From
/// [`Builder::catalogue`](crate::Builder::catalogue).
///
/// The names in it are the schema of the journal: those of aggregates, policies, effects and of decisions that
/// are pinned, those of event types with their fields, and all that they had before. Everything is in the
/// order of its name, so that the text changes where something has changed, and nowhere else. Shown, it is
/// that text; through serde it is the same as data, for a file of JSON. The types of fields are written as
/// they are in the source, and are not looked into: a change within `Money` is not seen here.
///
/// A test that keeps what is stored under review, in a folder `tests` of the program:
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sessions.rs"));
/// /// Everything that the program is made of: for its server, and for this test.
/// fn parts(builder: bailiwick::Builder) -> bailiwick::Builder {
///     builder.aggregate::<AccountSessions>()
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let catalogue = parts(Runtime::builder(MemoryJournal::new())).catalogue()?;
/// assert!(catalogue.to_string().contains("event Ended, version 1, of SessionEvent"));
/// # let in_a_test = || {
/// catalogue.assert_file("tests/stored.txt"); // Says how the file is written.
/// # };
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Catalogue {
    /// What decides, by its kind and its name.
    pub names: Vec<NameEntry>,
    /// The event types, by their names.
    pub events: Vec<EventEntry>,
    /// The types of events that are [somebody else's](crate::Builder::ignores_events).
    pub ignored: Vec<String>,
}

/// Something whose name is recorded.
///
/// For an example see [`Catalogue`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct NameEntry {
    /// `aggregate`, `decision`, `policy`, `effect`.
    pub kind: &'static str,
    /// Its name of today.
    pub name: String,
    /// Names it had before.
    pub was: Vec<&'static str>,
    /// Of an aggregate, the key of its tags; of a policy or an effect, its lane as it is recorded.
    pub by: Option<String>,
    /// Keys that its tags had before.
    pub by_was: Vec<&'static str>,
}

/// An event type.
///
/// For an example see [`Catalogue`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct EventEntry {
    /// Its name of today.
    pub name: &'static str,
    /// The version that is written now.
    pub version: SchemaVersion,
    /// Names it had before.
    pub was: Vec<&'static str>,
    /// There is no Rust type any more: it is passed over.
    pub retired: bool,
    /// The Rust type that it belongs to, without its path.
    pub of: String,
    /// Its fields; none if that is not known, as of an event set that is written by hand.
    pub fields: Option<Vec<FieldEntry>>,
    /// The attributes of serde on the type as a whole.
    pub serde: &'static str,
    /// The keys of tags that its fields add; none if that is not known.
    pub tags: Option<Vec<&'static str>>,
    /// What leads from version 1 to 2, from 2 to 3, and so on; `?` where its name is not known.
    pub upcasters: Vec<&'static str>,
    /// It is [read back](bailiwick_core::Event#what-is-read-back) when it is emitted.
    pub read_back: bool,
    /// Who emits it.
    pub emitted_by: Vec<String>,
    /// Who reads it, through which view, and by which keys of tags. Where there is nobody, nobody calls its
    /// upcasters.
    pub read_by: Vec<String>,
}

/// A field of an event type, as it is declared.
///
/// For an example see [`Catalogue`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FieldEntry {
    /// Its name.
    pub name: &'static str,
    /// Its type, as it is written.
    pub of: &'static str,
    /// Its attributes of serde, as they are written.
    pub serde: &'static str,
}
