//! `#[commands]`: methods that decide become `Decide`.
//!
//! The methods stay as they are written, so that whatever is wrong within them is reported there.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{
    Attribute, FnArg, GenericArgument, ImplItem, ImplItemFn, ItemImpl, LitStr, Path, PathArguments,
    ReceiverKind, ReturnType, Type,
};

use crate::input::Errors;

const SHAPE: &str = "a command is decided by `fn name(&self, command: &Command, ctx: &mut Context<Event>) \
    -> Result<Reply, Rejection>`";

/// What a method decides.
struct Decided {
    command: Type,
    reply: Type,
    rejection: Type,
}

/// What `#[command(..)]` says of a method.
#[derive(Default)]
struct Said {
    name: Option<LitStr>,
    recorded: bool,
}

/// Reads `#[commands(crate = "..")]`.
pub fn root(meta: &ParseNestedMeta<'_>, root: &mut Option<Path>) -> syn::Result<()> {
    if !meta.path.is_ident("crate") {
        return Err(meta.error("`#[commands(..)]` knows `crate`"));
    }
    *root = Some(meta.value()?.parse::<LitStr>()?.parse()?);
    Ok(())
}

/// The block as it is, and a `Decide` for each of its methods; `root` is where the items of
/// `bailiwick-core` are.
///
/// # Errors
/// Every method that does not decide a command.
pub fn expand(mut block: ItemImpl, root: &TokenStream) -> syn::Result<TokenStream> {
    let mut errors = Errors::default();
    if let Some((path, _)) = &block.trait_ {
        errors
            .at(path, "`#[commands]` stands on an `impl` of the aggregate itself, not of a trait");
    }
    let mut decided = Vec::new();
    for item in &mut block.items {
        let ImplItem::Fn(method) = item else { continue };
        let said = said(&mut method.attrs, &mut errors);
        match read(method) {
            Ok(of) => decided.push((method.sig.ident.clone(), cfgs(&method.attrs), said, of)),
            Err(error) => errors.add(error),
        }
    }
    errors.none()?;
    let of = &block.self_ty;
    let (generics, _, bounds) = block.generics.split_for_impl();
    let implementations = decided.iter().map(|(method, cfgs, said, decided)| {
        let Decided { command, reply, rejection } = decided;
        let pinned = said.name.as_ref().map(|name| {
            quote! {
                const COMMAND: ::core::option::Option<&'static str> =
                    ::core::option::Option::Some(#name);
            }
        });
        // Where the command stands: what it lacks to be recorded is reported there.
        let recorded = said.recorded.then(|| {
            quote_spanned! { command.span() =>
                const RECORDED: ::core::option::Option<#root::Recording<#command>> =
                    ::core::option::Option::Some(#root::Recording::new());
            }
        });
        quote! {
            #(#cfgs)*
            #[automatically_derived]
            impl #generics #root::Decide<#command> for #of #bounds {
                #pinned
                #recorded
                type Reply = #reply;
                type Rejection = #rejection;

                fn decide(
                    &self,
                    __command: &#command,
                    __ctx: &mut #root::Context<<Self as #root::View>::Event>,
                ) -> ::core::result::Result<Self::Reply, Self::Rejection> {
                    Self::#method(self, __command, __ctx)
                }
            }
        }
    });
    Ok(quote! {
        #block
        #(#implementations)*
    })
}

/// Takes `#[command(name = "..", recorded)]` away, and reads it.
fn said(attributes: &mut Vec<Attribute>, errors: &mut Errors) -> Said {
    let mut said = Said::default();
    for attribute in attributes.extract_if(.., |a| a.path().is_ident("command")) {
        let read = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("name") {
                said.name = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("recorded") {
                said.recorded = true;
            } else {
                return Err(meta.error("`#[command(..)]` knows `name` and `recorded`"));
            }
            Ok(())
        });
        if let Err(error) = read {
            errors.add(error);
        }
    }
    said
}

/// Where a method is not compiled, its `Decide` is not either.
fn cfgs(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes.iter().filter(|a| a.path().is_ident("cfg")).cloned().collect()
}

fn read(method: &ImplItemFn) -> syn::Result<Decided> {
    let signature = &method.sig;
    let shape = || syn::Error::new_spanned(signature, SHAPE);
    if signature.asyncness.is_some() {
        let why = "a decision awaits nothing: what must be awaited is asked for before the command, or \
            done after it";
        return Err(syn::Error::new_spanned(signature.asyncness, why));
    }
    if !signature.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(
            &signature.generics,
            "a method decides one command: a generic one is decided by an `impl<..> Decide<..>`",
        ));
    }
    let mut inputs = signature.inputs.iter();
    let (Some(FnArg::Receiver(this)), Some(FnArg::Typed(command)), Some(FnArg::Typed(_)), None) =
        (inputs.next(), inputs.next(), inputs.next(), inputs.next())
    else {
        return Err(shape());
    };
    let Type::Reference(command) = &*command.ty else { return Err(shape()) };
    let borrowed = matches!(this.kind, ReceiverKind::Reference(_, _, None));
    if !borrowed || command.mutability.is_some() {
        return Err(shape());
    }
    let (reply, rejection) = result(&signature.output).ok_or_else(shape)?;
    Ok(Decided { command: (*command.elem).clone(), reply, rejection })
}

/// The two types of a `Result<Reply, Rejection>`.
fn result(output: &ReturnType) -> Option<(Type, Type)> {
    let ReturnType::Type(_, output) = output else { return None };
    let Type::Path(path) = &**output else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Result")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    let mut types = arguments.args.iter().map(|argument| match argument {
        GenericArgument::Type(of) => Some(of.clone()),
        _ => None,
    });
    let both = (types.next()??, types.next()??);
    types.next().is_none().then_some(both)
}
