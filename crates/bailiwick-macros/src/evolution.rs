//! Reads `#[event(..)]`: what an event type was before, whether it is read back, what is included of
//! another set, and where the items of `bailiwick-core` are.

use syn::meta::ParseNestedMeta;
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, LitInt, LitStr, Path, Token};

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
    /// On the Rust type only: the path of `bailiwick-core` that the user gave.
    pub root: Option<Path>,
    /// On an included set only: the variants that are included; all if there are none.
    pub only: Vec<Ident>,
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
            if let Err(error) = attribute.parse_nested_meta(|meta| evolution.entry(place, &meta)) {
                errors.add(error);
            }
        }
        evolution.check(errors);
        evolution
    }

    fn entry(&mut self, place: Place, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let is_only = meta.path.is_ident("only");
        if place == Place::Included && !is_only {
            return Err(meta.error(
                "this variant includes another event set, which says itself what it was before; put \
                 `#[event(..)]` there. Here may stand which of its events are included: \
                 `#[event(only(Variant))]`",
            ));
        }
        if is_only {
            if place != Place::Included {
                return Err(meta.error(
                    "`only` stands on a variant that includes another event set, and names the \
                     variants of that which are included: `#[event(only(Placed))] Order(OrderEvent)`",
                ));
            }
            self.only.extend(list::<Ident>(meta)?);
            return Ok(());
        }
        if meta.path.is_ident("crate") {
            if place == Place::Inline {
                return Err(meta.error("`crate` stands on the whole type"));
            }
            self.root = Some(meta.value()?.parse::<LitStr>()?.parse()?);
            return Ok(());
        }
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
                "`#[event(..)]` knows `was`, `version`, `upcast`, `read_back`, `crate`, on a set \
                 `retired`, and on a variant that includes another set `only`",
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
        for (i, name) in self.only.iter().enumerate() {
            if self.only[..i].contains(name) {
                errors.at(name, "this variant is named twice");
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
