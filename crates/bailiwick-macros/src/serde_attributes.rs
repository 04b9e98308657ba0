//! Refuses the attributes of serde that would change an event's name or layout.
//!
//! serde would do as they say, but the journal would not know: events would be stored under names
//! that no query asks for, or with bytes that another set cannot read. Attributes of fields, and
//! those that concern fields only, pass.

use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token};

use crate::input::Errors;

/// What an attribute stands on.
#[derive(Clone, Copy)]
pub enum Place {
    Struct,
    Enum,
    Variant,
}

const RENAMED: &str = "the names are the schema of the journal, which keeps, finds and reads an \
    event by the name of its Rust type; a name for serde alone would match none of that. Give the \
    Rust type the name that is stored, or, if that is an old one, say \
    `#[event(was = \"OldName\")]`";
const FIELDS_RENAMED: &str = "the names are the schema of the journal, so they are written as they \
    are stored. Rename a single field with `#[serde(rename = \"..\")]` on that field";
const ALIAS: &str = "the journal is asked for an event by the name of its Rust type, never by an \
    alias, so the history under the old name would be lost silently. Say \
    `#[event(was = \"OldName\")]` instead, which asks for it as well";
const LAYOUT: &str = "an event is stored as the map of its fields and nothing else, so that every \
    set that includes it reads the same bytes and fields can be added later";
const SKIPPED: &str = "an event of this type could be emitted but not stored, or stored but not \
    read again. Remove the variant, or keep it whole";
const CATCH_ALL: &str = "a set reads the event types that it names; others are never asked for, \
    and must not pass for one of them";
const UNKNOWN_FIELDS: &str = "it would hold for some variants only, as a unit accepts the fields \
    that it gains later. Make the event that needs it a struct of its own, and include that";

/// Why `attribute` cannot stand there; none if it can.
fn objection(place: Place, attribute: &str) -> Option<&'static str> {
    use Place::{Enum, Struct, Variant};
    Some(match (place, attribute) {
        (_, "rename") | (Enum, "rename_all") => RENAMED,
        (Struct, "rename_all") => FIELDS_RENAMED,
        (_, "alias") => ALIAS,
        (_, "untagged")
        | (Struct | Enum, "tag" | "content" | "transparent" | "remote")
        | (Struct | Enum, "from" | "try_from" | "into")
        | (Enum, "field_identifier" | "variant_identifier")
        | (Variant, "with" | "serialize_with" | "deserialize_with") => LAYOUT,
        (Variant, "skip" | "skip_serializing" | "skip_deserializing") => SKIPPED,
        (Variant, "other") => CATCH_ALL,
        (Enum, "deny_unknown_fields") => UNKNOWN_FIELDS,
        _ => return None,
    })
}

/// Reports each attribute of serde that cannot stand there.
pub fn check(place: Place, attributes: &[Attribute], errors: &mut Errors) {
    for attribute in attributes.iter().filter(|a| a.path().is_ident("serde")) {
        // What serde cannot parse either, serde reports.
        let Ok(entries) =
            attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
        else {
            continue;
        };
        for entry in entries {
            let Some(name) = entry.path().get_ident().map(ToString::to_string) else {
                continue;
            };
            if let Some(why) = objection(place, &name) {
                errors.at(&entry, format_args!("`#[serde({name})]` is refused here: {why}"));
            }
        }
    }
}
