//! Repairs the parts of progenitor's output, operation by operation.

use anyhow::{Context, bail, ensure};
use syn::{ImplItem, Item, ItemImpl, ItemStruct, Type};

use super::{body, headers, names, send};
use crate::generate::document::Document;
use crate::generate::operation::Operation;
use crate::generate::split::Parts;

/// Repairs all parts. Returns the number of operations in the output.
pub(in crate::generate) fn refine(parts: &mut Parts, document: &Document) -> anyhow::Result<usize> {
    parts.types.iter_mut().for_each(names::items);
    parts.operations.iter_mut().for_each(names::items);
    parts.methods.iter_mut().for_each(names::methods);
    for operation in &document.operations {
        refine_operation(parts, operation)
            .with_context(|| format!("{}: operation `{}`", operation.pointer, operation.id))?;
    }
    let builders = parts.operations.iter().filter(|item| matches!(item, Item::Struct(_))).count();
    ensure!(
        parts.methods.len() == builders,
        "progenitor made {} methods for {builders} builders",
        parts.methods.len()
    );
    Ok(builders)
}

fn refine_operation(parts: &mut Parts, operation: &Operation) -> anyhow::Result<()> {
    let name = operation.type_name();
    let mut builder = None;
    let mut block = None;
    for item in &mut parts.operations {
        match item {
            Item::Struct(item) if item.ident == name => builder = Some(item),
            Item::Impl(item) if is_named(&item.self_ty, &name) => block = Some(item),
            _ => {}
        }
    }
    let (Some(builder), Some(block)) = (builder, block) else {
        bail!("progenitor made no builder `{name}` for the operation; rename it");
    };
    repair(builder, block, operation)
}

fn repair(builder: &mut ItemStruct, block: &mut ItemImpl, operation: &Operation) -> anyhow::Result<()> {
    if operation.optional_body {
        body::make_optional(builder, block)?;
    }
    let send = block.items.iter_mut().find_map(|item| match item {
        ImplItem::Fn(method) if method.sig.ident == "send" => Some(method),
        _ => None,
    });
    let send = send.context("the builder has no `send`")?;
    headers::repair(&mut send.block, operation);
    send::repair(&mut send.block, operation)
}

fn is_named(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|segment| segment.ident == name))
}
