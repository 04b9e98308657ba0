//! Where generated code finds the items of `bailiwick-core`: whichever crate the user depends on.

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Ident, Path};

/// The path of `bailiwick-core`, or of `bailiwick`, which re-exports all of it; the one that was
/// `given`, if there is one.
///
/// The smaller crate is preferred: a domain crate may depend on it alone, and on the runtime for
/// its tests only.
///
/// # Errors
/// If the crate that derives depends on neither.
pub fn path(given: Option<&Path>) -> syn::Result<TokenStream> {
    if let Some(given) = given {
        return Ok(quote!(#given));
    }
    for package in ["bailiwick-core", "bailiwick"] {
        let name = match crate_name(package) {
            // Not `crate`: an integration test or an example of the package is another crate. The
            // package's own root says `extern crate self as ...`.
            Ok(FoundCrate::Itself) => package.replace('-', "_"),
            Ok(FoundCrate::Name(name)) => name,
            Err(_) => continue,
        };
        let name = Ident::new(&name, Span::call_site());
        return Ok(quote!(::#name));
    }
    Err(syn::Error::new(
        Span::call_site(),
        "`#[derive(Event)]` needs `bailiwick` or `bailiwick-core` among the dependencies of this \
         crate, or `#[event(crate = \"..\")]`, which says where their items are",
    ))
}
