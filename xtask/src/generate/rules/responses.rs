//! Rules on responses: types by status, any 2xx as success, `+json` as JSON.

use serde_json::{Map, Value, json};

use crate::generate::document::Document;
use crate::generate::operation::{Case, Payload, StatusEnum, type_name};
use crate::generate::report::Places;

const SCHEMAS: &str = "#/components/schemas/";

/// Replaces the successes, or the errors, of an operation with one enum if they have different types.
///
/// progenitor supports one type for successes and one for errors. The document gets a placeholder component. In the
/// generated code an enum replaces it, which `render` writes and which is decoded by status.
pub(super) fn by_status(document: &mut Document, places: &mut Places) -> anyhow::Result<()> {
    for (index, site) in document.sites().iter().enumerate() {
        let pointer = format!("{}/responses", site.pointer);
        for (suffix, belongs, ranges) in SIDES {
            if !differ(document, &pointer, belongs) {
                continue;
            }
            name_inline_schemas(document, index, &pointer, belongs);
            let cases = cases(document, &pointer, belongs);
            let name = format!("{}{suffix}", document.operations[index].type_name());
            if document.at("/components/schemas").get(&name).is_some() {
                let found =
                    format!("schema `{name}` has the same name as the response type of this operation");
                return Err(document.refuse(&pointer, found, "rename the schema"));
            }
            put_placeholder(document, &pointer, &name, &cases, ranges);
            document.replacements.insert(name.clone(), format!("super::responses::{name}"));
            let operation = &mut document.operations[index];
            let side = if suffix == "Ok" { &mut operation.ok } else { &mut operation.error };
            *side = Some(StatusEnum { name, cases });
            places.push(pointer.clone());
        }
    }
    Ok(())
}

/// The suffix of the enum, the statuses that belong to it, and the statuses that replace them.
type Side = (&'static str, fn(&str) -> bool, &'static [&'static str]);
const SIDES: [Side; 2] = [
    ("Ok", |status| status.starts_with('2'), &["2XX"]),
    ("Error", |status| status.starts_with(['4', '5']) || status == "default", &["4XX", "5XX"]),
];

/// Returns whether the bodies of the matching responses have several types.
fn differ(document: &Document, pointer: &str, belongs: fn(&str) -> bool) -> bool {
    let responses = document.at(pointer).as_object().into_iter().flatten();
    let bodies: Vec<_> = responses
        .filter(|(status, _)| belongs(status))
        .map(|(_, response)| {
            let content = document.resolve(response)["content"].as_object().into_iter().flatten();
            let (json, other): (Vec<_>, Vec<_>) = content.partition(|(media_type, _)| is_json(media_type));
            (json.first().map(|(_, media)| &media["schema"]), json.is_empty() && !other.is_empty())
        })
        .collect();
    bodies.windows(2).any(|pair| pair[0] != pair[1])
}

fn cases(document: &Document, pointer: &str, belongs: fn(&str) -> bool) -> Vec<Case> {
    let responses = document.at(pointer).as_object().into_iter().flatten();
    responses
        .filter(|(status, _)| belongs(status))
        .map(|(status, response)| Case {
            status: status.clone(),
            payload: payload(document.resolve(response)),
        })
        .collect()
}

fn payload(response: &Value) -> Payload {
    let Some(content) = response["content"].as_object().filter(|content| !content.is_empty()) else {
        return Payload::Empty;
    };
    let schema =
        content.iter().find(|(media_type, _)| is_json(media_type)).map(|(_, media)| &media["schema"]);
    let component = schema.and_then(|schema| schema["$ref"].as_str()?.strip_prefix(SCHEMAS));
    component.map_or(Payload::Bytes, |name| Payload::Json(name.to_owned()))
}

/// Moves the inline schemas of the matching responses to components, so that the enum can name their types.
fn name_inline_schemas(document: &mut Document, index: usize, pointer: &str, belongs: fn(&str) -> bool) {
    let responses = document.at(pointer).as_object().into_iter().flatten();
    let statuses: Vec<_> =
        responses.map(|(status, _)| status.clone()).filter(|status| belongs(status)).collect();
    for status in statuses {
        let mut response = document.resolve(&document.at(pointer)[&status]).clone();
        let content = response["content"].as_object_mut().into_iter().flatten();
        let Some((_, media)) = content.into_iter().find(|(media_type, _)| is_json(media_type)) else {
            continue;
        };
        let schema = &mut media["schema"];
        if schema.is_null() || schema["$ref"].is_string() {
            continue;
        }
        let name =
            format!("{}{}Body", document.operations[index].type_name(), type_name(&format!("s{status}")));
        let inline = std::mem::replace(schema, json!({ "$ref": format!("{SCHEMAS}{name}") }));
        insert_schema(document, &name, inline);
        if let Some(responses) = document.object_mut(pointer) {
            responses.insert(status, response);
        }
    }
}

fn put_placeholder(document: &mut Document, pointer: &str, name: &str, cases: &[Case], ranges: &[&str]) {
    insert_schema(document, name, json!({ "type": "object", "properties": {} }));
    let content = json!({ "application/json": { "schema": { "$ref": format!("{SCHEMAS}{name}") } } });
    if let Some(responses) = document.object_mut(pointer) {
        for case in cases {
            responses.remove(&case.status);
        }
        for range in ranges {
            let response = json!({ "description": "By status.", "content": content });
            responses.insert((*range).to_owned(), response);
        }
    }
}

fn insert_schema(document: &mut Document, name: &str, schema: Value) {
    if let Some(root) = document.root.as_object_mut() {
        let components = root.entry("components").or_insert_with(|| json!({}));
        if let Some(components) = components.as_object_mut() {
            let schemas = components.entry("schemas").or_insert_with(|| json!({}));
            schemas[name] = schema;
        }
    }
}

/// Accepts any 2xx as success. A server may answer 200 although 201 is documented.
pub(super) fn any_success(document: &mut Document, places: &mut Places) -> anyhow::Result<()> {
    for site in document.sites() {
        let pointer = format!("{}/responses", site.pointer);
        let Some(responses) = document.object_mut(&pointer) else { continue };
        let successes: Vec<_> = responses.keys().filter(|status| status.starts_with('2')).cloned().collect();
        let mut response = None;
        for status in successes.iter().filter(|status| *status != "2XX") {
            response = responses.remove(status).or(response);
            places.push(format!("{pointer}/{status}"));
        }
        if let Some(response) = response {
            responses.entry("2XX").or_insert(response);
        }
    }
    Ok(())
}

/// Treats media types such as `application/problem+json` as JSON (RFC 6839). The metadata keeps the real name.
pub(super) fn json(document: &mut Document, places: &mut Places) -> anyhow::Result<()> {
    let mut pointers = Vec::new();
    for site in document.sites() {
        let responses = format!("{}/responses", site.pointer);
        for (status, response) in document.at(&responses).as_object().into_iter().flatten() {
            let shared = response["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
            pointers.push(
                shared.map_or_else(|| format!("{responses}/{status}/content"), |at| format!("{at}/content")),
            );
        }
    }
    for pointer in pointers {
        let Some(content) = document.object_mut(&pointer) else { continue };
        let renamed: Map<_, _> = std::mem::take(content)
            .into_iter()
            .map(|(media_type, media)| {
                if is_json(&media_type) && media_type != "application/json" {
                    places.push(pointer.clone());
                    ("application/json".to_owned(), media)
                } else {
                    (media_type, media)
                }
            })
            .collect();
        *content = renamed;
    }
    Ok(())
}

fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence == "application/json" || essence.ends_with("+json")
}
