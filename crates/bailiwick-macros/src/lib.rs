//! The derive macros of Bailiwick.
//!
//! What does not fit the model is refused where it stands, with the reason: a derive never
//! generates code that loses events.

mod evolution;
mod expand;
mod input;
mod root;
mod serde_attributes;

use proc_macro::TokenStream;
use syn::DeriveInput;

/// Makes a struct or an enum an event set. The names in it are the schema of the journal.
///
/// ```ignore
/// #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// pub enum CourseEvent {
///     /// An inline variant is an event type named like the variant.
///     CourseOpened { #[tag] course: CourseId, seats: u32 },
///     CourseClosed,
///     /// A newtype variant includes another set: its names, its tags, its bytes, and a `From`.
///     Subscribed(StudentSubscribedToCourse),
/// }
///
/// #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// pub struct StudentSubscribedToCourse { #[tag] student: StudentId, #[tag] course: CourseId }
/// ```
///
/// A field marked `#[tag]` is an ID; its events carry the tag of it.
///
/// An event is stored as the map of its fields, by serde: derive `Serialize` and `Deserialize` too,
/// unless every variant includes another set. The attributes of serde work on fields; those that
/// would change an event's name or layout are refused.
///
/// What an event type was before is said with `#[event(..)]`:
///
/// - `#[event(was = "OldName")]` or `#[event(was("OldName", "OlderName"))]` on a struct or an inline
///   variant: names under which it was recorded before.
/// - `#[event(version = 2, upcast = function)]` there, later
///   `#[event(version = 3, upcast(first, second))]`: functions that bring the fields from each
///   version to the next.
/// - `#[event(retired("DeadName"))]` on a struct or an enum that is derived: types that no longer
///   exist, but may be in the journal.
#[proc_macro_derive(Event, attributes(tag, event))]
pub fn derive_event(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    input::EventSet::parse(&input)
        .and_then(|set| Ok(expand::expand(&set, &root::path()?)))
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
