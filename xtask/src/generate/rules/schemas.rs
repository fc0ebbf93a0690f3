//! Rules on schemas.

use serde_json::{Map, Value};

use crate::generate::document::{Document, each_object, escape};
use crate::generate::operation::type_name;
use crate::generate::report::Places;

/// The types of client-core that may replace a component.
const TYPES: [&str; 1] = ["Digits"];
const REPLACEMENT: &str = "x-client-core-type";

/// Formats that have a Rust type in the generated code. With other formats the type is a plain string or number.
const FORMATS: [&str; 8] = ["binary", "date", "date-time", "double", "float", "int32", "int64", "uint64"];

pub(super) fn discriminators(document: &mut Document, _: &mut Places) -> anyhow::Result<()> {
    let mut found = None;
    each_object(&mut document.root, "", &mut |pointer, object| {
        if object.get("discriminator").is_some_and(|value| value.get("propertyName").is_some()) {
            found.get_or_insert_with(|| format!("{pointer}/discriminator"));
        }
    });
    found.map_or(Ok(()), |pointer| {
        let remedy = "describe the branches as one object with optional members, or as a free-form object";
        Err(document.refuse(&pointer, "discriminators are not supported", remedy))
    })
}

/// Replaces components that have the member `x-client-core-type` with that type.
pub(super) fn replace(document: &mut Document, places: &mut Places) -> anyhow::Result<()> {
    let mut marks = Vec::new();
    each_object(&mut document.root, "", &mut |pointer, object| {
        if let Some(mark) = object.remove(REPLACEMENT) {
            marks.push((pointer.to_owned(), mark));
        }
    });
    for (pointer, mark) in marks {
        let component = pointer.strip_prefix("/components/schemas/").filter(|name| !name.contains('/'));
        let Some(component) = component else {
            let remedy = "move the schema to /components/schemas and refer to it";
            return Err(document.refuse(
                &pointer,
                format!("{REPLACEMENT} is used on an inline schema"),
                remedy,
            ));
        };
        let Some(name) = mark.as_str().filter(|name| TYPES.contains(name)) else {
            let found = format!("{REPLACEMENT}: {mark} is unknown");
            return Err(document.refuse(&pointer, found, &format!("use one of {}", TYPES.join(", "))));
        };
        document.replacements.insert(type_name(component), format!("::client_core::{name}"));
        places.push(pointer);
    }
    Ok(())
}

/// Moves defaults into descriptions. A client that sent the default would overwrite a value that the server has.
pub(super) fn defaults(document: &mut Document, places: &mut Places) -> anyhow::Result<()> {
    each_schema(document, &mut |pointer, schema| {
        let Some(default) = schema.remove("default") else { return };
        places.push(pointer.to_owned());
        if default.is_null() {
            return;
        }
        let description = schema.get("description").and_then(Value::as_str).unwrap_or_default().trim_end();
        let gap = if description.is_empty() { "" } else { "\n\n" };
        let text = format!("{description}{gap}The server's default is `{default}`.");
        // OpenAPI 3.0 ignores members beside a `$ref`.
        if !schema.contains_key("$ref") {
            schema.insert("description".to_owned(), text.into());
        }
    });
    Ok(())
}

/// Opens closed objects. Otherwise a member that the server adds later would be an error.
pub(super) fn open(document: &mut Document, places: &mut Places) -> anyhow::Result<()> {
    each_schema(document, &mut |pointer, schema| {
        if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
            schema.remove("additionalProperties");
            places.push(pointer.to_owned());
        }
    });
    Ok(())
}

/// Removes formats such as `uuid` or `email`. The Rust type of such a value is a string.
pub(super) fn formats(document: &mut Document, places: &mut Places) -> anyhow::Result<()> {
    each_schema(document, &mut |pointer, schema| {
        let format = schema.get("format").and_then(Value::as_str);
        if format.is_some_and(|format| !FORMATS.contains(&format)) {
            schema.remove("format");
            places.push(pointer.to_owned());
        }
    });
    Ok(())
}

/// Calls `visit` for each schema of the document, with its pointer.
fn each_schema(document: &mut Document, visit: &mut dyn FnMut(&str, &mut Map<String, Value>)) {
    each_object(&mut document.root, "", &mut |pointer, object| {
        for key in ["schema", "items", "additionalProperties", "not"] {
            if let Some(Value::Object(schema)) = object.get_mut(key) {
                visit(&format!("{pointer}/{key}"), schema);
            }
        }
        for key in ["schemas", "properties"] {
            for (name, schema) in object.get_mut(key).and_then(Value::as_object_mut).into_iter().flatten() {
                if let Value::Object(schema) = schema {
                    visit(&format!("{pointer}/{key}/{}", escape(name)), schema);
                }
            }
        }
        for key in ["allOf", "anyOf", "oneOf"] {
            let branches = object.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten();
            for (index, schema) in branches.enumerate() {
                if let Value::Object(schema) = schema {
                    visit(&format!("{pointer}/{key}/{index}"), schema);
                }
            }
        }
    });
}
