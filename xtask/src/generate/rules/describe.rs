//! Records the data of each operation that progenitor cannot express.

use serde_json::Value;

use super::variants::MARK;
use crate::generate::document::{Document, Site};
use crate::generate::operation::{Operation, Security};
use crate::generate::report::Places;

pub(super) fn record(document: &mut Document, places: &mut Places) -> anyhow::Result<()> {
    let operations =
        document.sites().iter().map(|site| describe(document, site)).collect::<anyhow::Result<Vec<_>>>()?;
    places.extend(operations.iter().map(|operation| operation.pointer.clone()));
    document.operations = operations;
    Ok(())
}

fn describe(document: &Document, site: &Site) -> anyhow::Result<Operation> {
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
    Ok(Operation {
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
        idempotent: stated(document, site, "x-idempotent", "true or false", Value::as_bool)?,
        rate_class: stated(document, site, "x-rate-class", "the name of a rate limit", text)?,
        timeout_seconds: stated(document, site, "x-timeout-seconds", TIMEOUTS, timeout)?,
        request_types: keys(&body["content"]),
        response_types,
        comma_arrays: comma_arrays(document, site),
        statuses,
        optional_body: !body.is_null() && body["required"] != true,
        ok: None,
        error: None,
    })
}

/// Reads an `x-` member of an operation. An invalid value is an error: a client without it might send a request twice,
/// or give up too early.
fn stated<T>(
    document: &Document,
    site: &Site,
    member: &str,
    expected: &str,
    read: impl FnOnce(&Value) -> Option<T>,
) -> anyhow::Result<Option<T>> {
    let operation = document.at(&site.pointer);
    let Some(value) = operation.get(member) else { return Ok(None) };
    let Some(read) = read(value) else {
        let pointer = format!("{}/{member}", site.pointer);
        return Err(document.refuse(
            &pointer,
            format!("{member} is {value}"),
            &format!("it must be {expected}"),
        ));
    };
    Ok(Some(read))
}

fn timeout(value: &Value) -> Option<u64> {
    value.as_u64().filter(|seconds| (1..=LONGEST_TIMEOUT).contains(seconds))
}

/// The longest timeout: an hour. No API holds a connection for longer, so a larger value has the wrong unit.
const LONGEST_TIMEOUT: u64 = 3_600;
const TIMEOUTS: &str = "a whole number of seconds from 1 to 3600";

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
