//! IDs that are made of another type: a number, a UUID, or one of the user's.

use std::fmt::Display;
use std::str::FromStr;

use super::text::{InvalidId, Why};
use crate::tag::check_tag_value;
use crate::text::Same;

/// What an ID of this text is made of. Each has one text, that of its `Display`.
///
/// # Errors
/// If the text is not one, or is not the one.
pub fn parse_inner<T: Display + FromStr<Err: Display>>(
    id: &'static str,
    text: &str,
) -> Result<T, InvalidId> {
    let invalid = |why| InvalidId::new(id, text, why);
    check_tag_value(text).map_err(|error| invalid(Why::Tag(error)))?;
    let inner: T = text.parse().map_err(|error: T::Err| invalid(Why::Inner(error.to_string())))?;
    match Same::text(text, &inner) {
        true => Ok(inner),
        false => Err(invalid(Why::Another(inner.to_string()))),
    }
}
