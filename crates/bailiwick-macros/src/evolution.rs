//! Reads `#[event(..)]`: what an event type was before, and whether it is read back.

use syn::meta::ParseNestedMeta;
use syn::punctuated::Punctuated;
use syn::{Attribute, LitInt, LitStr, Path, Token};

use crate::input::Errors;

/// Names that are Bailiwick's own.
const RESERVED: &str = "bailiwick.";

/// What an event type was before.
#[derive(Default)]
pub struct Evolution {
    /// Names it had.
    pub was: Vec<LitStr>,
    /// The functions that bring its fields from one version to the next.
    pub upcasts: Vec<Path>,
    version: Option<LitInt>,
    /// On the set only: types that are gone.
    pub retired: Vec<LitStr>,
    /// On the Rust type only: nothing is known of its serde form.
    pub read_back: bool,
}

/// What an attribute stands on.
#[derive(Clone, Copy, PartialEq)]
pub enum Place {
    /// An event type that is a set by itself.
    Struct,
    /// A set of event types.
    Enum,
    /// An event type of a set.
    Inline,
    /// A set within a set.
    Included,
}

impl Evolution {
    /// Reads what stands at `place`; reports what cannot.
    pub fn parse(place: Place, attributes: &[Attribute], errors: &mut Errors) -> Evolution {
        let mut evolution = Evolution::default();
        for attribute in attributes.iter().filter(|a| a.path().is_ident("event")) {
            if place == Place::Included {
                errors.at(
                    attribute,
                    "this variant includes another event set, which says itself what it was \
                     before; put `#[event(..)]` there",
                );
                continue;
            }
            if let Err(error) = attribute.parse_nested_meta(|meta| evolution.entry(place, &meta)) {
                errors.add(error);
            }
        }
        evolution.check(errors);
        evolution
    }

    fn entry(&mut self, place: Place, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let of_set = meta.path.is_ident("retired");
        if of_set && place == Place::Inline {
            return Err(meta.error(
                "the type is retired from a set, so `retired` stands on the set. A type that still \
                 has a variant is not retired",
            ));
        }
        if meta.path.is_ident("read_back") {
            if place == Place::Inline {
                return Err(meta.error(
                    "`Serialize` and `Deserialize` are those of the whole type, so `read_back` \
                     stands on it",
                ));
            }
            self.read_back = true;
            return Ok(());
        }
        if !of_set && place == Place::Enum {
            return Err(meta.error(
                "a set has no name and no version in the journal; put this on the variant whose \
                 events it is about",
            ));
        }
        if of_set {
            self.retired.extend(list::<LitStr>(meta)?);
        } else if meta.path.is_ident("was") {
            self.was.extend(list::<LitStr>(meta)?);
        } else if meta.path.is_ident("upcast") {
            self.upcasts.extend(list::<Path>(meta)?);
        } else if meta.path.is_ident("version") {
            self.version = Some(meta.value()?.parse()?);
        } else {
            return Err(meta.error(
                "`#[event(..)]` knows `was`, `version`, `upcast`, `read_back` and, on a set, `retired`",
            ));
        }
        Ok(())
    }

    fn check(&self, errors: &mut Errors) {
        for name in self.was.iter().chain(&self.retired) {
            if name.value().is_empty() {
                errors.at(name, "an event type has a name");
            }
            if name.value().starts_with(RESERVED) {
                errors.at(name, "names that begin with `bailiwick.` are Bailiwick's own");
            }
        }
        let steps = self.upcasts.len();
        match &self.version {
            None if steps == 0 => {}
            None => errors.at(
                &self.upcasts[0],
                format_args!("say which version they lead to: `version = {}`", steps + 1),
            ),
            Some(version) => match version.base10_parse::<usize>() {
                Ok(version) if version == steps + 1 => {}
                Ok(1..) => errors.at(
                    version,
                    format_args!(
                        "version {version} needs an upcaster from each version before it to the \
                         next, and there are {steps}: `version = 3, upcast(from_1, from_2)`"
                    ),
                ),
                _ => errors.at(version, "versions are counted from 1"),
            },
        }
    }
}

/// `name = one`, or `name(one, another)`.
fn list<T: syn::parse::Parse>(meta: &ParseNestedMeta<'_>) -> syn::Result<Vec<T>> {
    if meta.input.peek(Token![=]) {
        return Ok(vec![meta.value()?.parse()?]);
    }
    let content;
    syn::parenthesized!(content in meta.input);
    let items = Punctuated::<T, Token![,]>::parse_terminated(&content)?;
    if items.is_empty() {
        return Err(meta.error("it names nothing"));
    }
    Ok(items.into_iter().collect())
}
