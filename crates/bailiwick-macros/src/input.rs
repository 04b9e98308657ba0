//! Reads what `#[derive(Event)]` stands on. What comes out of here can be expanded; what cannot be
//! an event set is refused, everything at once and each thing where it stands.

use std::collections::HashSet;
use std::fmt::Display;

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{
    Attribute, Data, DataEnum, DeriveInput, Field, Fields, GenericArgument, Ident, Meta,
    PathArguments, Type, Variant,
};

use crate::declared::Declared;
use crate::evolution::{self, Evolution};
use crate::round_trip::Form;
use crate::serde_attributes::{self, Place};

/// An event set.
pub struct EventSet<'a> {
    pub ident: &'a Ident,
    pub shape: Shape<'a>,
    /// Of a struct: what it was before. Of either: which types are gone.
    pub evolution: Evolution,
}

/// The event types of a set.
pub enum Shape<'a> {
    /// A struct: itself, with the fields that are tags.
    Struct { tags: Vec<&'a Field>, form: Form<'a>, declared: Declared },
    /// An enum: the types of its own, and the sets it includes.
    Enum { inline: Vec<Inline<'a>>, included: Vec<Included<'a>> },
}

/// A variant that is an event type.
pub struct Inline<'a> {
    pub ident: &'a Ident,
    pub tags: Vec<&'a Field>,
    pub form: Form<'a>,
    pub declared: Declared,
    pub evolution: Evolution,
}

/// A variant that includes another set, or some variants of it.
pub struct Included<'a> {
    pub ident: &'a Ident,
    /// The type of its field.
    pub set: &'a Type,
    /// What is in the box, if the field is one.
    pub boxed: Option<&'a Type>,
    /// The variants that are included; all if there are none.
    pub only: Vec<Ident>,
}

impl<'a> EventSet<'a> {
    /// # Errors
    /// Everything that cannot be in an event set.
    pub fn parse(input: &'a DeriveInput) -> syn::Result<Self> {
        let mut errors = Errors::default();
        if !input.generics.params.is_empty() {
            errors.at(
                &input.generics,
                "an event set has no generics: each event is stored by the one name of one type",
            );
        }
        refuse_tag(&input.attrs, &mut errors);
        let place = match &input.data {
            Data::Enum(_) => evolution::Place::Enum,
            _ => evolution::Place::Struct,
        };
        let evolution = Evolution::parse(place, &input.attrs, &mut errors);
        let shape = match &input.data {
            Data::Struct(data) => {
                serde_attributes::check(Place::Struct, &input.attrs, &mut errors);
                parse_struct(input, &data.fields, &mut errors)
            }
            Data::Enum(data) => {
                serde_attributes::check(Place::Enum, &input.attrs, &mut errors);
                parse_enum(input, data, &mut errors)
            }
            Data::Union(data) => {
                errors.at(
                    data.union_token,
                    "a union cannot be stored; an event is a struct, a set of them an enum",
                );
                let declared = Declared::of(&[], None, &Fields::Unit);
                Shape::Struct { tags: Vec::new(), form: Form::UNKNOWN, declared }
            }
        };
        let set = EventSet { ident: &input.ident, shape, evolution };
        set.refuse_names_twice(&mut errors);
        errors.none().map(|()| set)
    }
}

impl EventSet<'_> {
    /// Every name that the set itself gives to an event type, with the place where it does.
    fn refuse_names_twice(&self, errors: &mut Errors) {
        let mut names = HashSet::new();
        let inline = match &self.shape {
            Shape::Struct { .. } => {
                names.insert(self.ident.unraw().to_string());
                &[][..]
            }
            Shape::Enum { inline, .. } => inline,
        };
        names.extend(inline.iter().map(|variant| variant.ident.unraw().to_string()));
        let was = inline.iter().flat_map(|variant| &variant.evolution.was);
        for name in was.chain(&self.evolution.was).chain(&self.evolution.retired) {
            if !names.insert(name.value()) {
                errors.at(
                    name,
                    "the set gives this name to another event type already; an event is read as \
                     one type",
                );
            }
        }
    }
}

fn parse_struct<'a>(input: &'a DeriveInput, fields: &'a Fields, errors: &mut Errors) -> Shape<'a> {
    if let Fields::Unnamed(unnamed) = fields {
        errors.at(
            unnamed,
            "the fields of an event need names, because it is stored as the map of them: write \
             `struct Event { name: Type, .. }`",
        );
    }
    let tags = tag_fields(fields, errors);
    let declared = Declared::of(&input.attrs, None, fields);
    Shape::Struct { tags, form: Form::of(&input.attrs, None, fields), declared }
}

fn parse_enum<'a>(input: &'a DeriveInput, data: &'a DataEnum, errors: &mut Errors) -> Shape<'a> {
    if data.variants.is_empty() {
        errors.at(&input.ident, "an event set has at least one event type");
    }
    let (mut inline, mut included) = (Vec::new(), Vec::new());
    for variant in &data.variants {
        refuse_tag(&variant.attrs, errors);
        serde_attributes::check(Place::Variant, &variant.attrs, errors);
        match &variant.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                included.push(parse_included(variant, &fields.unnamed[0], errors));
            }
            Fields::Unnamed(fields) => errors.at(
                fields,
                "the fields of an event need names, because it is stored as the map of them: write \
                 `Variant { name: Type, .. }`. Only a single field goes without a name, that of a \
                 variant that includes another event set: `Variant(OtherEvent)`",
            ),
            fields @ (Fields::Named(_) | Fields::Unit) => inline.push(Inline {
                ident: &variant.ident,
                tags: tag_fields(fields, errors),
                form: Form::of(&input.attrs, Some(&variant.attrs), fields),
                declared: Declared::of(&input.attrs, Some(&variant.attrs), fields),
                evolution: Evolution::parse(evolution::Place::Inline, &variant.attrs, errors),
            }),
        }
    }
    Shape::Enum { inline, included }
}

fn parse_included<'a>(variant: &'a Variant, field: &'a Field, errors: &mut Errors) -> Included<'a> {
    let Evolution { only, .. } =
        Evolution::parse(evolution::Place::Included, &variant.attrs, errors);
    if let Some(tag) = field.attrs.iter().find(|a| a.path().is_ident("tag")) {
        errors.at(
            tag,
            "this variant includes another event set, which brings its own tags; put `#[tag]` on \
             the fields there",
        );
    }
    Included { ident: &variant.ident, set: &field.ty, boxed: boxed(&field.ty), only }
}

/// What is in the box, if that is how the type is written.
fn boxed(of: &Type) -> Option<&Type> {
    let Type::Path(path) = of else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Box")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first()? {
        GenericArgument::Type(inner) if arguments.args.len() == 1 => Some(inner),
        _ => None,
    }
}

/// The fields that are tags.
fn tag_fields<'a>(fields: &'a Fields, errors: &mut Errors) -> Vec<&'a Field> {
    let mut tags = Vec::new();
    for field in fields {
        let Some(tag) = field.attrs.iter().find(|a| a.path().is_ident("tag")) else {
            continue;
        };
        if !matches!(tag.meta, Meta::Path(_)) {
            errors.at(
                tag,
                "`#[tag]` takes no arguments: the key of the tag belongs to the type of the ID",
            );
        }
        tags.push(field);
    }
    tags
}

fn refuse_tag(attributes: &[Attribute], errors: &mut Errors) {
    for tag in attributes.iter().filter(|a| a.path().is_ident("tag")) {
        errors.at(tag, "`#[tag]` marks a field that is an ID");
    }
}

/// Errors found so far: the user gets all of them at once.
#[derive(Default)]
pub struct Errors(Option<syn::Error>);

impl Errors {
    /// Reports `message` at `place`.
    pub fn at(&mut self, place: impl ToTokens, message: impl Display) {
        self.add(syn::Error::new_spanned(place, message));
    }

    /// Reports an error that says itself where it is.
    pub fn add(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            none => *none = Some(error),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// # Errors
    /// All of them, if there are any.
    pub fn none(self) -> syn::Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}
