//! Cuts the single file of progenitor's output into parts.

use anyhow::Context;
use proc_macro2::TokenStream;
use syn::{Attribute, File, ImplItem, Item, ItemMod, Type};

/// The parts of progenitor's output that client crates use. Its re-exports, constructors, hooks and prelude are left
/// out.
pub(super) struct Parts {
    /// The documentation of `Client`.
    pub(super) docs: Vec<Attribute>,
    /// The methods of `Client` that return a builder.
    pub(super) methods: Vec<ImplItem>,
    /// The builders of the operations.
    pub(super) operations: Vec<Item>,
    /// The types of parameters and bodies.
    pub(super) types: Vec<Item>,
}

/// Sorts the items of the output into parts.
pub(super) fn cut(tokens: TokenStream) -> anyhow::Result<Parts> {
    let file: File = syn::parse2(tokens)?;
    let mut parts =
        Parts { docs: Vec::new(), methods: Vec::new(), operations: Vec::new(), types: Vec::new() };
    for item in file.items {
        match item {
            Item::Mod(module) if module.ident == "types" => parts.types = content(module)?,
            Item::Mod(module) if module.ident == "builder" => {
                parts.operations = content(module)?;
                parts.operations.retain(|item| !matches!(item, Item::Use(_)));
            }
            Item::Struct(client) if client.ident == "Client" => {
                parts.docs = client.attrs;
                parts.docs.retain(|attribute| attribute.path().is_ident("doc"));
            }
            Item::Impl(block) if block.trait_.is_none() && is_client(&block.self_ty) => {
                parts.methods.extend(block.items.into_iter().filter(is_operation));
            }
            _ => {}
        }
    }
    Ok(parts)
}

fn content(module: ItemMod) -> anyhow::Result<Vec<Item>> {
    let (_, items) = module.content.context("a module of progenitor's output has no content")?;
    Ok(items)
}

fn is_client(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident("Client"))
}

/// Returns whether a method belongs to an operation: it takes `self`, and constructors do not.
fn is_operation(item: &ImplItem) -> bool {
    matches!(item, ImplItem::Fn(method) if method.sig.receiver().is_some())
}
