//! Rejects a document because of its version, its references or its operation ids.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::generate::document::{Document, each_object};
use crate::generate::operation::type_name;
use crate::generate::report::Places;

/// The Rust names of operations whose methods would collide with methods that every client has.
const RESERVED: [&str; 4] = ["Clone", "FromParts", "WithBearer", "WithIdentity"];

pub(super) fn version(document: &mut Document, _: &mut Places) -> anyhow::Result<()> {
    match document.at("/openapi").as_str() {
        Some(version) if version.starts_with("3.0.") => Ok(()),
        Some(version) => {
            let found = format!("OpenAPI {version} is not supported");
            Err(document.refuse("/openapi", found, "convert the document to 3.0.3"))
        }
        None => Err(document.refuse("/openapi", "the version is missing", "write `openapi: 3.0.3`")),
    }
}

pub(super) fn dangling(document: &mut Document, _: &mut Places) -> anyhow::Result<()> {
    let mut references = Vec::new();
    each_object(&mut document.root.clone(), "", &mut |pointer, object| {
        if let Some(Value::String(reference)) = object.get("$ref") {
            references.push((pointer.to_owned(), reference.clone()));
        }
    });
    for (pointer, reference) in references {
        let target = reference.strip_prefix('#').and_then(|target| document.root.pointer(target));
        if target.is_none() {
            let found = format!("`$ref: {reference}` leads nowhere");
            let remedy = "define the component in this file or correct the reference";
            return Err(document.refuse(&pointer, found, remedy));
        }
        if reference.matches('/').count() != 3 || !reference.starts_with("#/components/") {
            let found = format!("`$ref: {reference}` does not name a component");
            return Err(document.refuse(&pointer, found, "move its target to #/components and name it"));
        }
    }
    Ok(())
}

pub(super) fn operation_ids(document: &mut Document, _: &mut Places) -> anyhow::Result<()> {
    let mut seen = BTreeMap::new();
    for site in document.sites() {
        let operation = document.at(&site.pointer);
        let variants = operation["x-variants"].as_array().into_iter().flatten().enumerate();
        let variants = variants.map(|(index, variant)| {
            (format!("{}/x-variants/{index}", site.pointer), &variant["operationId"])
        });
        for (pointer, id) in
            std::iter::once((site.pointer.clone(), &operation["operationId"])).chain(variants)
        {
            let Some(id) = id.as_str().filter(|id| !id.is_empty()) else {
                return Err(document.refuse(&pointer, "operationId is missing", "add one"));
            };
            if RESERVED.contains(&type_name(id).as_str()) {
                let found = format!("operationId `{id}` has the name of a method that every client has");
                return Err(document.refuse(&pointer, found, "rename it"));
            }
            if let Some(other) = seen.insert(type_name(id), pointer.clone()) {
                let found = format!("operationId `{id}` gives the same Rust name as the one at {other}");
                return Err(document.refuse(&pointer, found, "rename one of them"));
            }
        }
    }
    Ok(())
}
