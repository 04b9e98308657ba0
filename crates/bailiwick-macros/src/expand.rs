//! Writes the `impl Event`. An included set is asked for everything itself, so that its events have
//! the same name, tags and bytes through every set.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Field, Ident};

use crate::declared::{Declared, text};
use crate::evolution::Evolution;
use crate::input::{EventSet, Included, Inline, Shape};
use crate::round_trip::Form;

/// The parts of `impl Event`.
struct Parts {
    /// The descriptors of the set's own types.
    own: Vec<TokenStream>,
    /// How many types are included of each other set, and which.
    included: Vec<(TokenStream, TokenStream)>,
    descriptor: TokenStream,
    tags: TokenStream,
    encode: TokenStream,
    /// Statements that return what the set knows.
    decode: TokenStream,
}

/// The `impl Event` of `set`, and a `From` for each set it includes; `root` is where the items of
/// `bailiwick-core` are.
pub fn expand(set: &EventSet<'_>, root: &TokenStream) -> TokenStream {
    let ident = set.ident;
    let (parts, conversions) = match &set.shape {
        Shape::Struct { tags, form, declared } => {
            (struct_parts(set, tags, (form, declared), root), TokenStream::new())
        }
        Shape::Enum { inline, included } => {
            (enum_parts(set, inline, included, root), conversions(ident, included))
        }
    };
    let Parts { mut own, included, descriptor: descriptor_of, tags, encode, decode } = parts;
    // Own types first: they are found by their place.
    own.extend(set.evolution.retired.iter().map(|name| {
        let descriptor = descriptor(&name.value(), ident, root);
        quote!(#descriptor.retired())
    }));
    let count = own.len();
    let (counts, included): (Vec<_>, Vec<_>) = included.into_iter().unzip();
    quote! {
        #[automatically_derived]
        #[allow(deprecated)]
        impl #root::Event for #ident {
            const TYPES: &'static [#root::EventDescriptor] =
                &#root::__private::concat_types::<{ #count #(+ #counts)* }>(
                    &[&[#(#own),*], #(#included),*],
                );

            fn descriptor(&self) -> &'static #root::EventDescriptor {
                #descriptor_of
            }

            fn tags(&self, __tags: &mut #root::TagCollector<'_>) {
                #tags
            }

            fn equals(&self, __other: &Self) -> ::core::option::Option<bool> {
                #[allow(unused_imports)]
                use #root::__private::Incomparable as _;
                #root::__private::Comparison(self, __other).equals()
            }

            fn encode(
                &self,
                __out: &mut ::std::vec::Vec<u8>,
            ) -> ::core::result::Result<(), #root::CodecError> {
                #encode
            }

            fn decode(
                __event_type: &str,
                __version: #root::SchemaVersion,
                __payload: &[u8],
            ) -> ::core::result::Result<
                ::core::option::Option<Self>,
                #root::CodecError,
            > {
                #decode
                // What the set knows, and no type reads.
                if #root::__private::find(<Self as #root::Event>::TYPES, __event_type).is_some() {
                    return ::core::result::Result::Ok(::core::option::Option::None);
                }
                ::core::result::Result::Err(#root::CodecError::UnknownType(
                    ::std::string::String::from(__event_type),
                ))
            }
        }
        // Whatever is wrong with it is reported, whether or not anybody uses it.
        const _: &[#root::EventDescriptor] = <#ident as #root::Event>::TYPES;
        #conversions
    }
}

fn struct_parts(
    set: &EventSet<'_>,
    tags: &[&Field],
    (form, declared): (&Form<'_>, &Declared),
    root: &TokenStream,
) -> Parts {
    let (fields, add) = add_tags(tags);
    Parts {
        own: vec![evolved(set, set.ident, (&set.evolution, form, declared, tags), root)],
        included: Vec::new(),
        descriptor: quote!(&<Self as #root::Event>::TYPES[0]),
        tags: quote! {
            let Self { #fields .. } = self;
            #add
        },
        encode: quote!(#root::__private::encode(self, __out)),
        decode: decode_own(1, root),
    }
}

fn enum_parts(
    set: &EventSet<'_>,
    inline: &[Inline<'_>],
    included: &[Included<'_>],
    root: &TokenStream,
) -> Parts {
    let variants: Vec<_> = inline.iter().map(|variant| variant.ident).collect();
    let places = 0..inline.len();
    let inline_tags = inline.iter().map(|variant| {
        let (fields, add) = add_tags(&variant.tags);
        let variant = variant.ident;
        quote!(Self::#variant { #fields .. } => { #add })
    });
    // An enum that only includes need not be known to serde.
    let encode_inline = (!inline.is_empty())
        .then(|| quote!(#(Self::#variants { .. })|* => #root::__private::encode(self, __out),));
    let decode_inline = (!inline.is_empty()).then(|| decode_own(inline.len(), root));

    let includes: Vec<_> = included.iter().map(|variant| variant.ident).collect();
    let sets: Vec<_> = included
        .iter()
        .map(|variant| {
            let set = variant.set;
            quote!(<#set as #root::Event>)
        })
        .collect();
    let is_included = included.iter().map(|variant| is_included(variant, root));
    let check_included = included.iter().map(|variant| check_included(set.ident, variant, root));
    Parts {
        own: inline
            .iter()
            .map(|variant| {
                let Inline { evolution, form, declared, tags, .. } = variant;
                let known = (evolution, form, declared, &**tags);
                evolved(set, variant.ident, known, root)
            })
            .collect(),
        descriptor: quote! {
            match self {
                #(Self::#variants { .. } => &<Self as #root::Event>::TYPES[#places],)*
                #(Self::#includes(__event) => #sets::descriptor(__event),)*
            }
        },
        tags: quote! {
            match self {
                #(#inline_tags)*
                #(Self::#includes(__event) => #sets::tags(__event, __tags),)*
            }
        },
        encode: quote! {
            match self {
                #encode_inline
                #(Self::#includes(__event) => {
                    #check_included
                    #sets::encode(__event, __out)
                })*
            }
        },
        decode: quote! {
            #decode_inline
            #(if #is_included {
                return ::core::result::Result::map(
                    #sets::decode(__event_type, __version, __payload),
                    |__event| ::core::option::Option::map(__event, Self::#includes),
                );
            })*
        },
        included: included.iter().map(|variant| included_types(variant, root)).collect(),
    }
}

/// How many types a variant includes, and which. Those of a set that are named are found by that while
/// compiling.
fn included_types(variant: &Included<'_>, root: &TokenStream) -> (TokenStream, TokenStream) {
    let set = variant.set;
    let all = quote!(<#set as #root::Event>::TYPES);
    if variant.only.is_empty() {
        return (quote!(#all.len()), all);
    }
    let count = variant.only.len();
    let inner = variant.boxed.unwrap_or(set).to_token_stream().to_string();
    let names = variant.only.iter().map(|name| {
        let name = name.unraw().to_string();
        let message = format!(
            "`{inner}` has no event type that is named `{name}`: if its variant of this name includes \
             another set, include that itself"
        );
        quote!((#name, #message))
    });
    let only = quote!(&#root::__private::only_types::<#count>(#all, &[#(#names),*]));
    (quote!(#count), only)
}

/// Whether a variant includes `__event_type`.
fn is_included(variant: &Included<'_>, root: &TokenStream) -> TokenStream {
    let set = variant.set;
    let found = quote!(#root::__private::find(<#set as #root::Event>::TYPES, __event_type));
    if variant.only.is_empty() {
        return quote!(#found.is_some());
    }
    let names = variant.only.iter().map(|name| name.unraw().to_string());
    quote! {
        ::core::option::Option::is_some_and(#found, |__known| {
            ::core::matches!(__known.name, #(#names)|*)
        })
    }
}

/// Refuses to encode what is not among the variants that are included.
fn check_included(set: &Ident, variant: &Included<'_>, root: &TokenStream) -> TokenStream {
    let only = &variant.only;
    if only.is_empty() {
        return TokenStream::new();
    }
    let (set, field) = (set.unraw().to_string(), variant.set);
    let inner = variant.boxed.unwrap_or(field);
    quote! {
        type __Set = #inner;
        #[allow(unreachable_patterns)]
        fn __is_included(__event: &__Set) -> bool {
            match __event {
                #(__Set::#only { .. })|* => true,
                _ => false,
            }
        }
        if !__is_included(__event) {
            return ::core::result::Result::Err(#root::CodecError::NotIncluded {
                event_type: <#field as #root::Event>::event_type(__event),
                set: #set,
            });
        }
    }
}

/// Decodes what is of one of the first `count` types of the set: its own.
fn decode_own(count: usize, root: &TokenStream) -> TokenStream {
    quote! {
        let (__own, _) = <Self as #root::Event>::TYPES.split_at(#count);
        if let ::core::option::Option::Some(__known) = #root::__private::find(__own, __event_type) {
            return ::core::result::Result::map(
                #root::__private::decode_as(__known, __version, __payload),
                ::core::option::Option::Some,
            );
        }
    }
}

/// One event type: its name, and the Rust type that has the name.
fn descriptor(name: &str, owner: &Ident, root: &TokenStream) -> TokenStream {
    let owner = owner.unraw().to_string();
    quote! {
        #root::EventDescriptor::new(
            #name,
            ::core::concat!(::core::module_path!(), "::", #owner),
            ::core::any::TypeId::of::<Self>(),
        )
    }
}

/// One event type of the set, with what it was before, what is known of its serde form, its fields, and
/// which tags those have.
fn evolved(
    set: &EventSet<'_>,
    name: &Ident,
    (evolution, form, declared, tags): (&Evolution, &Form<'_>, &Declared, &[&Field]),
    root: &TokenStream,
) -> TokenStream {
    let descriptor = descriptor(&name.unraw().to_string(), set.ident, root);
    let Evolution { was, upcasts, .. } = evolution;
    let was = (!was.is_empty()).then(|| quote!(.was(&[#(#was),*])));
    let upcast_names = upcasts.iter().map(|path| text(path.to_token_stream()));
    let upcasts = (!upcasts.is_empty()).then(|| {
        quote!(.upcasts({
            const __UPCASTS: &[#root::Upcast] = &[#(#upcasts),*];
            __UPCASTS
        }).upcast_names(&[#(#upcast_names),*]))
    });
    let round_trips = form.known().filter(|_| !set.evolution.read_back).map(|fields| {
        quote!(.round_trips({
            #[allow(unused_imports)]
            use #root::__private::Unknown as _;
            true #(&& <#root::__private::Known<#fields>>::ROUND_TRIPS)*
        }))
    });
    let tagged = tags.iter().map(|field| {
        let (ty, at) = (&field.ty, Span::call_site().located_at(field.ty.span()));
        quote_spanned!(at=> <#ty as #root::Tagged>::KEYS)
    });
    let declared = declared.expand(root);
    quote!(#descriptor #was #upcasts #round_trips.tagged(&[#(#tagged),*]) #declared)
}

/// The pattern that binds the fields `tags`, and the statements that add their tags.
fn add_tags(tags: &[&Field]) -> (TokenStream, TokenStream) {
    let bindings: Vec<_> = (0..tags.len()).map(|i| format_ident!("__tag{i}")).collect();
    let fields = tags.iter().map(|field| &field.ident);
    let pattern = quote!(#(#fields: #bindings,)*);
    let add = tags.iter().zip(&bindings).map(|(field, binding)| {
        // A field that is no ID is reported at its type.
        let at = Span::call_site().located_at(field.ty.span());
        let binding = Ident::new(&binding.to_string(), at);
        quote_spanned!(at=> __tags.add(#binding);)
    });
    (pattern, quote!(#(#add)*))
}

/// A `From` for each set that is included whole, in a box and without.
fn conversions(ident: &Ident, included: &[Included<'_>]) -> TokenStream {
    let whole = included.iter().filter(|variant| variant.only.is_empty());
    let from = whole.flat_map(|variant| {
        let (name, set) = (variant.ident, variant.set);
        let unboxed =
            variant.boxed.map(|inner| (inner, quote!(Self::#name(::std::boxed::Box::new(event)))));
        [(set, quote!(Self::#name(event)))].into_iter().chain(unboxed)
    });
    let (sets, values): (Vec<_>, Vec<_>) = from.unzip();
    quote! {#(
        #[automatically_derived]
        #[allow(deprecated)]
        impl ::core::convert::From<#sets> for #ident {
            fn from(event: #sets) -> Self {
                #values
            }
        }
    )*}
}
