//! Records of each operation what progenitor does not express.

use serde_json::Value;

use super::variants::MARK;
use crate::generate::document::{Document, Site};
use crate::generate::operation::{Operation, Security};
use crate::generate::report::Places;

pub(super) fn record(document: &mut Document, places: &mut Places) -> anyhow::Result<()> {
    let operations: Vec<_> = document.sites().iter().map(|site| describe(document, site)).collect();
    places.extend(operations.iter().map(|operation| operation.pointer.clone()));
    document.operations = operations;
    Ok(())
}

fn describe(document: &Document, site: &Site) -> Operation {
    let value = document.at(&site.pointer);
    let variant = &value[MARK];
    let body = document.resolve(&value["requestBody"]);
    let mut response_types = Vec::new();
    let mut statuses = Vec::new();
    for (status, response) in value["responses"].as_object().into_iter().flatten() {
        statuses.push(status.clone());
        for media_type in keys(&document.resolve(response)["content"]) {
            if !response_types.contains(&media_type) {
                response_types.push(media_type);
            }
        }
    }
    Operation {
        id: text(&value["operationId"]).unwrap_or_default(),
        pointer: text(&variant["pointer"]).unwrap_or_else(|| site.pointer.clone()),
        method: site.method.to_ascii_uppercase(),
        path: text(&variant["path"]).unwrap_or_else(|| site.path.clone()),
        fixed_query: variant["query"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), text(value).unwrap_or_default()))
            .collect(),
        security: Security::Public,
        scopes: Vec::new(),
        idempotent: value["x-idempotent"].as_bool(),
        rate_class: text(&value["x-rate-class"]),
        request_types: keys(&body["content"]),
        response_types,
        comma_arrays: comma_arrays(document, site),
        statuses,
        optional_body: !body.is_null() && body["required"] != true,
        ok: None,
        error: None,
    }
}

fn comma_arrays(document: &Document, site: &Site) -> Vec<String> {
    document
        .parameters(site)
        .into_iter()
        .filter(|(_, parameter)| parameter["in"] == "query" && parameter["explode"] == false)
        .filter(|(_, parameter)| document.resolve(&parameter["schema"])["type"] == "array")
        .filter_map(|(_, parameter)| text(&parameter["name"]))
        .collect()
}

fn keys(value: &Value) -> Vec<String> {
    value.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
