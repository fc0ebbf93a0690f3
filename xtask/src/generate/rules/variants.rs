//! `x-variants`: splits an operation whose response type depends on a query value into several operations.

use serde_json::{Map, Value, json};

use crate::generate::document::{Document, Site};
use crate::generate::report::Places;

/// The member that keeps the real path and the fixed query of a variant until the rule N02 reads them.
pub(super) const MARK: &str = "x-variant-of";

/// Expands each variant into a separate operation.
///
/// progenitor identifies an operation by path and method, so the path of a variant has its query appended. That path
/// appears only in documentation: requests are built from the metadata.
pub(super) fn expand(document: &mut Document, places: &mut Places) -> anyhow::Result<()> {
    for site in document.sites() {
        let variants = document.at(&site.pointer)["x-variants"].clone();
        for (index, variant) in variants.as_array().into_iter().flatten().enumerate() {
            let pointer = format!("{}/x-variants/{index}", site.pointer);
            let (path, item) = make(document, &site, variant, &pointer)?;
            let paths = document.object_mut("/paths");
            let taken = paths.is_none_or(|paths| {
                let entry = paths.entry(path).or_insert_with(|| json!({}));
                let taken = entry.get(site.method).is_some();
                merge(entry, item);
                taken
            });
            if taken {
                return Err(document.refuse(
                    &pointer,
                    "two variants have the same query",
                    "keep one of them",
                ));
            }
            places.push(pointer);
        }
        if let Some(operation) = document.object_mut(&site.pointer) {
            operation.remove("x-variants");
        }
    }
    Ok(())
}

fn merge(entry: &mut Value, item: Map<String, Value>) {
    if let Some(entry) = entry.as_object_mut() {
        entry.extend(item);
    }
}

/// Returns the path of a variant and its path item.
fn make(
    document: &Document,
    site: &Site,
    variant: &Value,
    pointer: &str,
) -> anyhow::Result<(String, Map<String, Value>)> {
    let Some(query) = variant["query"].as_object().filter(|query| !query.is_empty()) else {
        return Err(document.refuse(
            pointer,
            "query is missing",
            "add the query values that select the variant",
        ));
    };
    let query: Map<String, Value> = query
        .iter()
        .map(|(name, value)| {
            (name.clone(), value.as_str().map_or_else(|| json!(value.to_string()), |v| json!(v)))
        })
        .collect();
    let pairs: Vec<_> =
        query.iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect();
    let parameters: Vec<_> = document
        .parameters(site)
        .into_iter()
        .map(|(_, parameter)| parameter.clone())
        .filter(|parameter| {
            parameter["in"] != "query" || !parameter["name"].as_str().is_some_and(|n| query.contains_key(n))
        })
        .collect();

    let mut operation = document.at(&site.pointer).clone();
    operation["parameters"] = Value::Array(parameters);
    operation["operationId"] = variant["operationId"].clone();
    operation["responses"] = responses(document, &operation["responses"], variant, pointer)?;
    operation[MARK] = json!({ "path": site.path, "query": query, "pointer": pointer });
    if let Some(operation) = operation.as_object_mut() {
        operation.remove("x-variants");
        for key in ["summary", "description"] {
            match &variant[key] {
                Value::Null if key == "summary" => {}
                Value::Null => drop(operation.remove(key)),
                text => drop(operation.insert(key.to_owned(), text.clone())),
            }
        }
    }
    let path = format!("{}?{}", site.path, pairs.join("&"));
    Ok((path, Map::from_iter([(site.method.to_owned(), operation)])))
}

/// Returns the responses of the base operation, with the schema of the variant as success.
fn responses(document: &Document, base: &Value, variant: &Value, pointer: &str) -> anyhow::Result<Value> {
    let name = variant["response"].as_str().unwrap_or_default();
    if document.at("/components/schemas").get(name).is_none() {
        let found = format!("response `{name}` is not a component in /components/schemas");
        return Err(document.refuse(pointer, found, "name a schema of the document"));
    }
    let mut responses = base.clone();
    let mut replaced = false;
    for (status, response) in responses.as_object_mut().into_iter().flatten() {
        if !status.starts_with('2') {
            continue;
        }
        *response = document.resolve(response).clone();
        for (_, media) in response["content"].as_object_mut().into_iter().flatten() {
            *media = json!({ "schema": { "$ref": format!("#/components/schemas/{name}") } });
            if !variant["example"].is_null() {
                media["example"] = variant["example"].clone();
            }
            replaced = true;
        }
    }
    if replaced {
        Ok(responses)
    } else {
        Err(document.refuse(
            pointer,
            "the operation has no success with a body",
            "describe one, or remove the variant",
        ))
    }
}
