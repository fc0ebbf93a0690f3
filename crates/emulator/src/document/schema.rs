//! A light check of a body against its schema: does it have the required members?

use serde_json::Value;

use super::resolve::resolve;

/// Returns the paths of the required members that `value` lacks, such as `customer.first_name`.
///
/// Alternatives (`oneOf`, `anyOf`), formats and ranges are not checked. The check is there so that a client which
/// leaves out a member fails here as it does at the provider.
pub(super) fn missing_members(root: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut missing = Vec::new();
    look(root, schema, value, "", MOST_LEVELS, &mut missing);
    missing
}

fn look(root: &Value, schema: &Value, value: &Value, at: &str, levels: usize, out: &mut Vec<String>) {
    let Some(levels) = levels.checked_sub(1) else {
        return;
    };
    let schema = resolve(root, schema);
    if !is_of_type(schema, value) {
        // A value of the wrong kind counts as missing. Its members would only repeat the same problem.
        out.push(if at.is_empty() { "body" } else { at }.to_owned());
        return;
    }
    for part in list(schema, "allOf") {
        look(root, part, value, at, levels, out);
    }
    if let Some(object) = value.as_object() {
        let names = list(schema, "required").filter_map(Value::as_str);
        out.extend(names.filter(|name| !object.contains_key(*name)).map(|name| join(at, name)));
        for (name, value) in object {
            if let Some(schema) = schema.get("properties").and_then(|all| all.get(name)) {
                look(root, schema, value, &join(at, name), levels, out);
            }
        }
    }
    if let (Some(items), Some(schema)) = (value.as_array(), schema.get("items")) {
        for (index, item) in items.iter().enumerate() {
            look(root, schema, item, &join(at, &index.to_string()), levels, out);
        }
    }
}

/// Returns whether the value has the kind that the schema asks for. All scalars count as one kind, because most
/// providers accept any of them.
fn is_of_type(schema: &Value, value: &Value) -> bool {
    let nullable = schema.get("nullable").and_then(Value::as_bool) == Some(true);
    match schema.get("type").and_then(Value::as_str) {
        _ if value.is_null() && nullable => true,
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string" | "integer" | "number" | "boolean") => !(value.is_object() || value.is_array()),
        _ => true,
    }
}

fn list<'a>(schema: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    let list = schema.get(name).and_then(Value::as_array);
    list.into_iter().flatten()
}

fn join(at: &str, name: &str) -> String {
    match at {
        "" => name.to_owned(),
        _ => format!("{at}.{name}"),
    }
}

/// Deeper than any real body. A schema that refers to itself through `allOf` ends here.
const MOST_LEVELS: usize = 24;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::missing_members;

    #[track_caller]
    fn check(body: &Value, expected: &[&str]) {
        let root = json!({"components": {"schemas": {
            "Customer": {"type": "object", "required": ["first_name"]},
            "Loop": {"allOf": [{"$ref": "#/components/schemas/Loop"}]},
        }}});
        let schema = json!({
            "type": "object",
            "required": ["pax"],
            "allOf": [{"required": ["date"]}],
            "properties": {
                "customer": {"$ref": "#/components/schemas/Customer"},
                "guests": {"type": "array", "items": {"$ref": "#/components/schemas/Customer"}},
                "loop": {"$ref": "#/components/schemas/Loop"},
                "note": {"type": "string", "nullable": true},
            },
        });
        assert_eq!(missing_members(&root, &schema, body), expected);
    }

    #[test]
    fn required_members_are_asked_for_at_every_level() {
        check(&json!({"pax": 2, "date": "2026-01-01"}), &[]);
        check(&json!({}), &["date", "pax"]);
        check(&json!([]), &["body"]);
        check(&json!({"pax": 2, "date": "", "customer": {}}), &["customer.first_name"]);
        check(&json!({"pax": 2, "date": "", "customer": 1}), &["customer"]);
        check(&json!({"pax": 2, "date": "", "guests": [{}]}), &["guests.0.first_name"]);
        check(&json!({"pax": 2, "date": "", "note": null, "loop": {}}), &[]);
        check(&json!({"pax": {}, "date": ""}), &[]);
    }
}
