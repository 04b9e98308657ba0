//! Which serde forms come back as they were. `#[derive(Event)]` vouches for those, and
//! `#[derive(RoundTrip)]` demands one.
//!
//! Only what is known to do no harm passes: what serde learns next is not among it.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    Attribute, Data, DeriveInput, Expr, ExprLit, Fields, GenericParam, Ident, Lit, LitStr, Meta,
    Path, Token, Type, parse_quote,
};

use crate::input::Errors;

/// What has to round-trip so that an event does; none if it may not, whatever that does.
pub struct Form<'a>(Option<Vec<&'a Type>>);

impl<'a> Form<'a> {
    pub const UNKNOWN: Form<'static> = Form(None);

    /// Of fields of a struct with these attributes, or of a variant of an enum.
    pub fn of(
        container: &[Attribute],
        variant: Option<&[Attribute]>,
        fields: &'a Fields,
    ) -> Form<'a> {
        let mut errors = Errors::default();
        let said = check(Place::Container, container, &mut errors);
        let renames = match variant {
            None => said.renames,
            Some(variant) => {
                said.renames_fields | check(Place::Variant, variant, &mut errors).renames
            }
        };
        check_fields(fields, renames, &mut errors);
        Form(errors.is_empty().then(|| types(fields).collect()))
    }

    pub fn known(&self) -> Option<&[&'a Type]> {
        self.0.as_deref()
    }
}

/// The types that have to round-trip so that `input` does.
///
/// # Errors
/// Everything that may keep it from doing so.
pub fn promise(input: &DeriveInput) -> syn::Result<Vec<&Type>> {
    let mut errors = Errors::default();
    let container = check(Place::Container, &input.attrs, &mut errors);
    let mut all = Vec::new();
    match &input.data {
        Data::Struct(data) => {
            check_fields(&data.fields, container.renames, &mut errors);
            all.extend(types(&data.fields));
        }
        Data::Enum(data) => {
            let mut names = Names::new(container.renames);
            for variant in &data.variants {
                let said = check(Place::Variant, &variant.attrs, &mut errors);
                names.add(&variant.ident, &said, &mut errors);
                let renames = container.renames_fields || said.renames;
                check_fields(&variant.fields, renames, &mut errors);
                all.extend(types(&variant.fields));
            }
        }
        Data::Union(data) => errors.at(data.union_token, "serde knows no unions"),
    }
    errors.none().map(|()| all)
}

/// Where the items of `bailiwick-core` are, if `#[round_trip(crate = "..")]` says so.
///
/// # Errors
/// If it says something else.
pub fn root(attributes: &[Attribute]) -> syn::Result<Option<Path>> {
    let mut root = None;
    for attribute in attributes.iter().filter(|a| a.path().is_ident("round_trip")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("crate") {
                return Err(meta.error("`#[round_trip(..)]` knows `crate`"));
            }
            root = Some(meta.value()?.parse::<LitStr>()?.parse()?);
            Ok(())
        })?;
    }
    Ok(root)
}

/// The promise of `input`, if all of `fields` keep it.
pub fn expand(input: &DeriveInput, fields: &[&Type], root: &TokenStream) -> TokenStream {
    let ident = &input.ident;
    let mut generics = input.generics.clone();
    for parameter in &mut generics.params {
        if let GenericParam::Type(parameter) = parameter {
            parameter.bounds.push(parse_quote!(#root::RoundTrip));
        }
    }
    let (of, arguments, bounds) = generics.split_for_impl();
    // A field that does not is reported at its type.
    let demands = fields
        .iter()
        .map(|field| quote_spanned!(field.span()=> #root::__private::round_trips::<#field>();));
    quote! {
        #[automatically_derived]
        #[allow(deprecated)]
        impl #of #root::RoundTrip for #ident #arguments #bounds {
            fn fields_round_trip() {
                #(#demands)*
            }
        }
    }
}

fn types(fields: &Fields) -> impl Iterator<Item = &Type> {
    fields.iter().map(|field| &field.ty)
}

fn check_fields(fields: &Fields, renamed: bool, errors: &mut Errors) {
    let mut names = Names::new(renamed);
    for field in fields {
        let said = check(Place::Field, &field.attrs, errors);
        if let Some(ident) = &field.ident {
            names.add(ident, &said, errors);
        }
    }
}

/// What an attribute stands on.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Container,
    Variant,
    Field,
}

/// What the attributes of serde say about names.
#[derive(Default)]
struct Said {
    name: Option<String>,
    aliases: Vec<String>,
    /// The names of what is within: the fields of a struct or a variant, the variants of an enum.
    renames: bool,
    /// The names of the fields of an enum's variants.
    renames_fields: bool,
}

/// Reports each attribute of serde at `place` that is not known to do no harm.
fn check(place: Place, attributes: &[Attribute], errors: &mut Errors) -> Said {
    let mut said = Said::default();
    for attribute in attributes.iter().filter(|a| a.path().is_ident("serde")) {
        match attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated) {
            Ok(entries) => entries.iter().for_each(|entry| said.entry(place, entry, errors)),
            // What serde cannot parse either, serde reports.
            Err(_) => errors.at(attribute, "it is not known what this does"),
        }
    }
    said
}

impl Said {
    fn entry(&mut self, place: Place, entry: &Meta, errors: &mut Errors) {
        let name = entry.path().get_ident().map(ToString::to_string).unwrap_or_default();
        match (place, name.as_str(), text(entry)) {
            (_, "bound" | "crate" | "expecting", _)
            | (Place::Container, "rename" | "deny_unknown_fields" | "transparent", _)
            | (Place::Container | Place::Field, "default", _)
            | (Place::Field, "borrow", _) => {}
            (Place::Variant | Place::Field, "rename", Some(text)) => self.name = Some(text),
            (Place::Variant | Place::Field, "alias", Some(text)) => self.aliases.push(text),
            (Place::Container | Place::Variant, "rename_all", Some(_)) => self.renames = true,
            (Place::Container, "rename_all_fields", Some(_)) => self.renames_fields = true,
            _ => errors.at(
                entry,
                format_args!(
                    "what is `#[serde({name})]` may not come back as it was. Leave `RoundTrip` off: \
                     events that hold the type are read back then, and a value that does not come back \
                     is refused"
                ),
            ),
        }
    }
}

/// The text that it is set to, if it is one.
fn text(entry: &Meta) -> Option<String> {
    match &entry.require_name_value().ok()?.value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

/// The names of fields or variants, none of them twice.
struct Names {
    known: HashSet<String>,
    /// serde writes them in another style, which may make two of them one.
    renamed: bool,
}

impl Names {
    fn new(renamed: bool) -> Self {
        Names { known: HashSet::new(), renamed }
    }

    fn add(&mut self, ident: &Ident, said: &Said, errors: &mut Errors) {
        let own = said.name.clone().unwrap_or_else(|| ident.unraw().to_string());
        let names = std::iter::once(own).chain(said.aliases.iter().cloned());
        let names: HashSet<String> = names.map(|name| self.plain(name)).collect();
        for name in names {
            if !self.known.insert(name) {
                errors.at(ident, "serde reads two of them by one name");
            }
        }
    }

    /// Styles differ by case and by what stands between words, and in nothing else.
    fn plain(&self, name: String) -> String {
        if !self.renamed {
            return name;
        }
        name.chars().filter(|c| !matches!(c, '_' | '-')).collect::<String>().to_lowercase()
    }
}
