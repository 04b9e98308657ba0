//! The fields of an event type as they are written: what a catalogue shows of what is stored.
//!
//! Shown as text, whatever the spaces of the source were, and whatever a compiler makes of tokens.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Attribute, Fields, Meta};

/// The fields of an event type, and the attributes of serde on the whole of it.
pub struct Declared {
    fields: Vec<(String, String, String)>,
    serde: String,
}

impl Declared {
    /// Of fields of a struct with these attributes, or of a variant of an enum.
    pub fn of(container: &[Attribute], variant: Option<&[Attribute]>, fields: &Fields) -> Declared {
        let named = fields.iter().filter_map(|field| {
            let name = field.ident.as_ref()?.unraw().to_string();
            Some((name, text(field.ty.to_token_stream()), serde(&field.attrs)))
        });
        let all: Vec<_> = container.iter().chain(variant.unwrap_or_default()).cloned().collect();
        Declared { fields: named.collect(), serde: serde(&all) }
    }

    /// What says it of a descriptor.
    pub fn expand(&self, root: &TokenStream) -> TokenStream {
        let fields = self
            .fields
            .iter()
            .map(|(name, of, serde)| quote!(#root::FieldDescriptor::new(#name, #of, #serde)));
        let serde = &self.serde;
        quote!(.declared(
            {
                const __FIELDS: &[#root::FieldDescriptor] = &[#(#fields),*];
                __FIELDS
            },
            #serde,
        ))
    }
}

/// The attributes of serde among these, without the word.
fn serde(attributes: &[Attribute]) -> String {
    let of_serde = attributes.iter().filter(|a| a.path().is_ident("serde"));
    let texts = of_serde.filter_map(|attribute| match &attribute.meta {
        Meta::List(list) => Some(text(list.tokens.clone())),
        _ => None,
    });
    texts.collect::<Vec<_>>().join(", ")
}

/// Tokens as rustfmt would write them.
pub fn text(tokens: TokenStream) -> String {
    let mut out = String::new();
    write(tokens, &mut out);
    out.trim_end_matches([',', ' ']).to_owned()
}

fn write(tokens: TokenStream, out: &mut String) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::None => ("", ""),
                };
                out.push_str(open);
                write(group.stream(), out);
                out.push_str(close);
            }
            TokenTree::Punct(punct) => match punct.as_char() {
                sign @ (',' | ';') => out.extend([sign, ' ']),
                sign @ ('=' | '+') => out.extend([' ', sign, ' ']),
                // A list may have been written in lines, with a comma behind the last.
                '>' => {
                    out.truncate(out.trim_end_matches([',', ' ']).len());
                    out.push('>');
                }
                sign => out.push(sign),
            },
            word => {
                if out.ends_with(|last: char| last.is_alphanumeric() || last == '_' || last == '"')
                {
                    out.push(' ');
                }
                out.push_str(&word.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_shown_as_it_is_read() {
        let tokens = quote!(std::collections::BTreeMap< OrderId, Option<[ u8; 4 ]>, >);
        assert_eq!(text(tokens), "std::collections::BTreeMap<OrderId, Option<[u8; 4]>>");
        assert_eq!(text(quote!(&'static str)), "&'static str");
        assert_eq!(text(quote!(Box<dyn A + Send>)), "Box<dyn A + Send>");
        assert_eq!(text(quote!(rename = "at", default)), r#"rename = "at", default"#);
    }
}
