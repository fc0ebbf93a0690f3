//! Rejects request bodies that cannot be sent.

use crate::generate::document::{Document, Site};
use crate::generate::report::Places;

const SENDABLE: [&str; 4] =
    ["application/json", "application/octet-stream", "application/x-www-form-urlencoded", "text/plain"];

pub(super) fn refuse(document: &mut Document, _: &mut Places) -> anyhow::Result<()> {
    document.sites().iter().try_for_each(|site| check(document, site))
}

fn check(document: &Document, site: &Site) -> anyhow::Result<()> {
    let pointer = format!("{}/requestBody", site.pointer);
    let body = document.at(&pointer);
    if body.is_null() {
        return Ok(());
    }
    let content = document.resolve(body)["content"].as_object();
    let types: Vec<_> = content.into_iter().flatten().collect();
    let [(media_type, media)] = types.as_slice() else {
        let found = format!("the request body has {} media types", types.len());
        return Err(document.refuse(&pointer, found, "keep exactly one that the server accepts"));
    };
    if !SENDABLE.contains(&media_type.as_str()) {
        let found = format!("request body of type {media_type} is not supported");
        let remedy = format!("use one of {}, or remove the operation", SENDABLE.join(", "));
        return Err(document.refuse(&pointer, found, &remedy));
    }
    if media["schema"].is_null() || !media["encoding"].is_null() {
        let found = "the request body has no `schema`, or has an `encoding`";
        return Err(document.refuse(&pointer, found, "describe it with only a `schema`"));
    }
    Ok(())
}
