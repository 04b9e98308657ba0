//! The derive macros of Bailiwick.
//!
//! What does not fit the model is refused where it stands, with the reason: a derive never
//! generates code that loses events.
//!
//! For examples see [`Event`], [`RoundTrip`](macro@RoundTrip) and [`commands`](macro@commands).
//!
//! Why it is as it is: docs/decisions/api.md.

mod commands;
mod declared;
mod evolution;
mod expand;
mod input;
mod root;
mod round_trip;
mod serde_attributes;

use proc_macro::TokenStream;
use syn::{DeriveInput, ItemImpl};

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
///     /// In a box, if it is much larger than the others.
///     Planned(Box<CoursePlan>),
///     /// Of another set only these: its other types are neither read nor guarded.
///     #[event(only(OrderPaid))]
///     Order(OrderEvent),
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
///
/// What another set has as an inline variant is included by that set's type and
/// `#[event(only(Variant, ..))]`, so that each event stays one Rust type with one name, and brings its
/// tags, its old names and its upcasters. Such a variant has no `From`; it refuses to store another
/// event of that set (`CodecError::NotIncluded`).
///
/// `#[event(crate = "path::of::core")]` on the struct or the enum says where the items of
/// `bailiwick-core` are, for a crate that has them from another one; as with `#[serde(crate = "..")]`.
///
/// If `Serialize` or `Deserialize` is not derived, `#[event(read_back)]` on the struct or the enum says
/// so: nothing is known of its serde form then.
#[proc_macro_derive(Event, attributes(tag, event))]
pub fn derive_event(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    input::EventSet::parse(&input)
        .and_then(|set| Ok(expand::expand(&set, &root::path(set.evolution.root.as_ref())?)))
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Promises that a type comes back from its serde form as it was; refuses one of which that is not
/// known.
///
/// ```ignore
/// #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, RoundTrip)]
/// pub struct Money { minor: u64, currency: String }
/// ```
///
/// Every field's type keeps the promise too, and no attribute of serde may break it: names that are the
/// same both ways, `default`, `transparent`, `deny_unknown_fields` and `bound` may stand there. What the
/// type is generic over keeps the promise as well. `Serialize` and `Deserialize` are the derived ones.
///
/// `#[round_trip(crate = "path::of::core")]` says where the items of `bailiwick-core` are, for a crate that
/// has them from another one.
#[proc_macro_derive(RoundTrip, attributes(round_trip))]
pub fn derive_round_trip(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    round_trip::promise(&input)
        .and_then(|fields| {
            let given = round_trip::root(&input.attrs)?;
            Ok(round_trip::expand(&input, &fields, &root::path(given.as_ref())?))
        })
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Makes each method of an `impl` block of an aggregate the decision of one command.
///
/// ```ignore
/// #[commands]
/// impl AccountSessions {
///     /// Takes a slot, if there is one.
///     fn acquire(&self, command: &Acquire, ctx: &mut Context<SessionEvent>) -> Result<Lease, Refused> {
///         ..
///     }
///
///     /// Its name is pinned, so that the type may be moved or renamed, and it is recorded, so that it
///     /// can be rehearsed.
///     #[command(name = "release", recorded)]
///     fn release(&self, Release(session): &Release, ctx: &mut Ctx) -> Result<(), NoSuchLease> {
///         ..
///     }
/// }
/// ```
///
/// The command is what the second parameter refers to, reply and rejection are those of the `Result`, by
/// this name and with both. The methods stay what they are, for the aggregate's own use as well. What is
/// written is an `impl Decide<Acquire> for AccountSessions` for each: by hand it is needed only where an
/// aggregate decides a generic command.
///
/// `#[commands(crate = "path::of::core")]` says where the items of `bailiwick-core` are, for a crate that
/// has them from another one.
#[proc_macro_attribute]
pub fn commands(arguments: TokenStream, input: TokenStream) -> TokenStream {
    let mut given = None;
    let parser = syn::meta::parser(|meta| commands::root(&meta, &mut given));
    syn::parse_macro_input!(arguments with parser);
    let block = syn::parse_macro_input!(input as ItemImpl);
    root::path(given.as_ref())
        .and_then(|root| commands::expand(block, &root))
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
