//! Writes the `impl Event`. An included set is asked for everything itself, so that its events have
//! the same name, tags and bytes through every set.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Field, Ident};

use crate::input::{EventSet, Included, Inline, Shape};

/// The parts of `impl Event`.
struct Parts {
    types: TokenStream,
    event_type: TokenStream,
    tags: TokenStream,
    encode: TokenStream,
    /// The arms that decode what the set knows.
    decode: TokenStream,
}

/// The `impl Event` of `set`, and a `From` for each set it includes; `root` is where the items of
/// `bailiwick-core` are.
pub fn expand(set: &EventSet<'_>, root: &TokenStream) -> TokenStream {
    let ident = set.ident;
    let (parts, conversions) = match &set.shape {
        Shape::Struct { tags } => (struct_parts(ident, tags, root), TokenStream::new()),
        Shape::Enum { inline, included } => {
            (enum_parts(ident, inline, included, root), conversions(ident, included))
        }
    };
    let Parts { types, event_type, tags, encode, decode } = parts;
    quote! {
        #[automatically_derived]
        #[allow(deprecated)]
        impl #root::Event for #ident {
            const TYPES: &'static [#root::EventDescriptor] = #types;

            fn event_type(&self) -> &'static str {
                #event_type
            }

            fn tags(&self, __tags: &mut #root::TagCollector<'_>) {
                #tags
            }

            fn encode(
                &self,
                __out: &mut ::std::vec::Vec<u8>,
            ) -> ::core::result::Result<(), #root::CodecError> {
                #encode
            }

            fn decode(
                __event_type: &str,
                __payload: &[u8],
            ) -> ::core::result::Result<Self, #root::CodecError> {
                match __event_type {
                    #decode
                    _ => ::core::result::Result::Err(#root::CodecError::UnknownType(
                        ::std::string::String::from(__event_type),
                    )),
                }
            }
        }
        #conversions
    }
}

fn struct_parts(ident: &Ident, tags: &[&Field], root: &TokenStream) -> Parts {
    let name = ident.unraw().to_string();
    let descriptor = descriptor(&name, ident, root);
    let (fields, add) = add_tags(tags);
    Parts {
        types: quote!(&[#descriptor]),
        event_type: quote!(#name),
        tags: quote! {
            let Self { #fields .. } = self;
            #add
        },
        encode: quote!(#root::__private::encode(self, __out)),
        decode: quote!(#name => #root::__private::decode(__event_type, __payload),),
    }
}

fn enum_parts(
    ident: &Ident,
    inline: &[Inline<'_>],
    included: &[Included<'_>],
    root: &TokenStream,
) -> Parts {
    let names: Vec<_> = inline.iter().map(|variant| variant.ident.unraw().to_string()).collect();
    let descriptors = names.iter().map(|name| descriptor(name, ident, root));
    let variants: Vec<_> = inline.iter().map(|variant| variant.ident).collect();
    let inline_tags = inline.iter().map(|variant| {
        let (fields, add) = add_tags(&variant.tags);
        let variant = variant.ident;
        quote!(Self::#variant { #fields .. } => { #add })
    });
    // An enum that only includes need not be known to serde.
    let encode_inline = (!inline.is_empty())
        .then(|| quote!(#(Self::#variants { .. })|* => #root::__private::encode(self, __out),));
    let decode_inline = (!inline.is_empty())
        .then(|| quote!(#(#names)|* => #root::__private::decode(__event_type, __payload),));

    let count = inline.len();
    let includes: Vec<_> = included.iter().map(|variant| variant.ident).collect();
    let sets: Vec<_> = included
        .iter()
        .map(|variant| {
            let set = variant.set;
            quote!(<#set as #root::Event>)
        })
        .collect();
    Parts {
        types: quote! {
            &#root::__private::concat_types::<{ #count #(+ #sets::TYPES.len())* }>(
                &[&[#(#descriptors),*], #(#sets::TYPES),*],
            )
        },
        event_type: quote! {
            match self {
                #(Self::#variants { .. } => #names,)*
                #(Self::#includes(__event) => #sets::event_type(__event),)*
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
                #(Self::#includes(__event) => #sets::encode(__event, __out),)*
            }
        },
        decode: quote! {
            #decode_inline
            #(_ if #root::__private::names(#sets::TYPES, __event_type) => {
                #sets::decode(__event_type, __payload).map(Self::#includes)
            })*
        },
    }
}

/// One event type: its name, and the Rust type that has the name.
fn descriptor(name: &str, owner: &Ident, root: &TokenStream) -> TokenStream {
    let owner = owner.unraw().to_string();
    quote! {
        #root::EventDescriptor::new(
            #name,
            ::core::concat!(::core::module_path!(), "::", #owner),
        )
    }
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

fn conversions(ident: &Ident, included: &[Included<'_>]) -> TokenStream {
    let variants = included.iter().map(|variant| variant.ident);
    let sets = included.iter().map(|variant| variant.set);
    quote! {#(
        #[automatically_derived]
        #[allow(deprecated)]
        impl ::core::convert::From<#sets> for #ident {
            fn from(event: #sets) -> Self {
                Self::#variants(event)
            }
        }
    )*}
}
