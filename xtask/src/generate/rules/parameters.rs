//! Rejects parameters that cannot be sent.

use serde_json::Value;

use crate::generate::document::Document;
use crate::generate::report::Places;

pub(super) fn refuse(document: &mut Document, _: &mut Places) -> anyhow::Result<()> {
    for site in document.sites() {
        for (pointer, parameter) in document.parameters(&site) {
            if let Some((found, remedy)) = problem(document, parameter) {
                return Err(document.refuse(&pointer, found, remedy));
            }
        }
    }
    Ok(())
}

/// Returns the problem with a parameter and what to do about it.
fn problem(document: &Document, parameter: &Value) -> Option<(String, &'static str)> {
    let name = parameter["name"].as_str().unwrap_or_default();
    let place = parameter["in"].as_str().unwrap_or_default();
    let (known_style, remedy) = match place {
        "query" => ("form", "use style `form`, or remove the parameter"),
        "path" | "header" => ("simple", "use style `simple`, or remove the parameter"),
        _ => {
            let found = format!("{place} parameter `{name}` is not supported");
            return Some((found, "remove it, or send it as a header in the transport"));
        }
    };
    if let Some(style) = parameter["style"].as_str().filter(|style| *style != known_style) {
        return Some((format!("style `{style}` of {place} parameter `{name}` is not supported"), remedy));
    }
    if parameter["schema"].is_null() {
        return Some((
            format!("{place} parameter `{name}` has no schema"),
            "add a `schema` instead of `content`",
        ));
    }
    let kind = document.resolve(&parameter["schema"])["type"].as_str().unwrap_or_default();
    let scalar_only = place != "query";
    if kind == "object" || (scalar_only && kind == "array") {
        let found = format!("{place} parameter `{name}` is of type {kind}");
        return Some((found, "describe it as a string, or each member as a separate parameter"));
    }
    if place == "path" && parameter["required"] != true {
        return Some((format!("path parameter `{name}` is not required"), "add `required: true`"));
    }
    None
}
