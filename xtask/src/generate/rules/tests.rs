//! Tests of each rule on a small document.

use serde_json::{Value, json};

use super::apply;
use crate::generate::document::Document;
use crate::generate::operation::{Payload, Security};

/// Returns a document with one operation, `getThing` at `GET /things/{id}`, that has the given members and components.
fn document(operation: &Value, components: &Value) -> Document {
    let mut get = json!({
        "operationId": "getThing",
        "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } }],
        "responses": { "200": { "description": "A thing." } },
    });
    for (key, value) in operation.as_object().unwrap() {
        get[key] = value.clone();
    }
    let root = json!({
        "openapi": "3.0.3",
        "info": { "title": "Small", "version": "1" },
        "paths": { "/things/{id}": { "get": get } },
        "components": components,
    });
    Document::parse(&root.to_string(), "specs/small/api.yaml", "oauth").unwrap()
}

/// Asserts that the document is rejected at `pointer`, and that the error contains `found`.
#[track_caller]
fn refused(mut document: Document, pointer: &str, found: &str) {
    let Err(error) = apply(&mut document) else { panic!("the document was accepted") };
    let text = error.to_string();
    assert!(text.starts_with(&format!("specs/small/api.yaml: {pointer}: ")), "{text}");
    assert!(text.contains(found), "{text}");
    assert!(text.contains("; "), "the error does not say what to do: {text}");
}

#[track_caller]
fn operation_refused(operation: &Value, pointer: &str, found: &str) {
    let pointer = format!("/paths/~1things~1{{id}}/get{pointer}");
    refused(document(operation, &json!({})), &pointer, found);
}

/// Applies the rules, and asserts the places that the rule `code` recorded.
#[track_caller]
fn applied(mut document: Document, code: &str, places: &[&str]) -> Document {
    let applied = apply(&mut document).unwrap();
    let rule = applied.iter().find(|rule| rule.code == code);
    assert_eq!(rule.map_or(&[][..], |rule| &rule.places), places);
    document
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn response(schema: &str) -> Value {
    json!({ "description": "", "content": { "application/json": { "schema": reference(schema) } } })
}

const RESPONSES: &str = "/paths/~1things~1{id}/get/responses";

#[test]
fn r01_other_versions_are_refused() {
    for version in ["3.1.0", "2.0"] {
        let mut document = document(&json!({}), &json!({}));
        document.root["openapi"] = version.into();
        refused(document, "/openapi", version);
    }
    let mut document = document(&json!({}), &json!({}));
    document.root = json!({ "swagger": "2.0" });
    refused(document, "/openapi", "missing");
}

#[test]
fn r02_references_that_lead_nowhere_are_refused() {
    operation_refused(
        &json!({ "responses": { "200": response("Missing") } }),
        "/responses/200/content/application~1json/schema",
        "leads nowhere",
    );
    operation_refused(
        &json!({ "requestBody": { "$ref": "other.yaml#/components/requestBodies/A" } }),
        "/requestBody",
        "leads nowhere",
    );
}

#[test]
fn r02_members_and_responses_called_default_are_checked() {
    operation_refused(
        &json!({ "responses": { "default": response("Missing") } }),
        "/responses/default/content/application~1json/schema",
        "leads nowhere",
    );
    let schemas = json!({ "schemas": { "A": { "properties": { "default": reference("Missing") } } } });
    refused(document(&json!({}), &schemas), "/components/schemas/A/properties/default", "leads nowhere");
    let data = json!({ "schemas": { "A": { "type": "object", "example": reference("Missing") } } });
    assert!(apply(&mut document(&json!({}), &data)).is_ok());
}

#[test]
fn r02_references_past_components_are_refused() {
    operation_refused(
        &json!({ "requestBody": { "$ref": "#/info" } }),
        "/requestBody",
        "does not name a component",
    );
}

#[test]
fn r03_operation_ids_are_required_and_differ() {
    operation_refused(&json!({ "operationId": null }), "", "operationId is missing");
    let mut twice = document(&json!({}), &json!({}));
    twice.root["paths"]["/other"] = json!({ "get": { "operationId": "get_thing", "responses": {} } });
    refused(twice, "/paths/~1things~1{id}/get", "same Rust name");
}

#[test]
fn r04_discriminators_are_refused() {
    let pet = json!({ "oneOf": [], "discriminator": { "propertyName": "kind" } });
    let document = document(&json!({}), &json!({ "schemas": { "Pet": pet } }));
    refused(document, "/components/schemas/Pet/discriminator", "discriminators");
}

#[test]
fn r05_parameters_that_cannot_be_sent_are_refused() {
    let cases = [
        (json!({ "name": "c", "in": "cookie", "schema": {} }), "cookie parameter `c`"),
        (json!({ "name": "q", "in": "query", "style": "deepObject", "schema": {} }), "style `deepObject`"),
        (json!({ "name": "q", "in": "query", "schema": { "type": "object" } }), "type object"),
        (json!({ "name": "q", "in": "query", "content": {} }), "no schema"),
        (json!({ "name": "h", "in": "header", "schema": { "type": "array" } }), "type array"),
        (json!({ "name": "id", "in": "path", "schema": { "type": "string" } }), "not required"),
    ];
    for (parameter, found) in cases {
        operation_refused(&json!({ "parameters": [parameter] }), "/parameters/0", found);
    }
}

#[test]
fn r06_request_bodies_that_cannot_be_sent_are_refused() {
    let schema = json!({ "schema": { "type": "object" } });
    let cases = [
        (json!({ "multipart/form-data": schema }), "multipart/form-data"),
        (json!({ "application/json": schema, "text/plain": schema }), "2 media types"),
        (json!({ "application/json": {} }), "no `schema`"),
    ];
    for (content, found) in cases {
        operation_refused(&json!({ "requestBody": { "content": content } }), "/requestBody", found);
    }
}

#[test]
fn n01_variants_become_operations() {
    let components = json!({ "schemas": { "Thing": { "type": "object" }, "Slim": { "type": "object" } } });
    let view = json!({ "name": "view", "in": "query", "schema": { "type": "string" } });
    let variant =
        json!({ "operationId": "getSlim", "query": { "view": "slim", "depth": 1 }, "response": "Slim" });
    let operation = json!({
        "parameters": [view],
        "responses": { "200": response("Thing"), "404": { "description": "" } },
        "x-variants": [variant],
    });
    let place = "/paths/~1things~1{id}/get/x-variants/0";
    let document = applied(document(&operation, &components), "N01", &[place]);
    let slim = &document.root["paths"]["/things/{id}?depth=1&view=slim"]["get"];
    assert_eq!(slim["operationId"], "getSlim");
    assert_eq!(slim["parameters"], json!([]));
    assert_eq!(slim["responses"]["2XX"]["content"]["application/json"]["schema"], reference("Slim"));
    assert_eq!(slim["responses"]["404"], json!({ "description": "" }));
    let record = document.operations.iter().find(|operation| operation.id == "getSlim").unwrap();
    assert_eq!((record.path.as_str(), record.pointer.as_str()), ("/things/{id}", place));
    assert_eq!(record.fixed_query, [("depth".into(), "1".into()), ("view".into(), "slim".into())]);
}

#[test]
fn n01_variants_without_query_or_response_are_refused() {
    let variant = json!({ "operationId": "a", "response": "A" });
    operation_refused(&json!({ "x-variants": [variant] }), "/x-variants/0", "query is missing");
    let variant = json!({ "operationId": "a", "query": { "a": 1 }, "response": "A" });
    operation_refused(&json!({ "x-variants": [variant] }), "/x-variants/0", "`A` is not a component");
}

#[test]
fn n02_data_that_progenitor_drops_is_recorded() {
    let ids =
        json!({ "name": "ids", "in": "query", "explode": false, "schema": { "type": "array", "items": {} } });
    let operation = json!({
        "parameters": [ids],
        "requestBody": { "content": { "text/plain": { "schema": { "type": "string" } } } },
        "x-idempotent": true,
        "x-rate-class": "search",
        "x-timeout-seconds": 90,
    });
    let document = applied(document(&operation, &json!({})), "N02", &["/paths/~1things~1{id}/get"]);
    let record = &document.operations[0];
    assert_eq!((record.method.as_str(), record.idempotent), ("GET", Some(true)));
    assert_eq!(record.rate_class.as_deref(), Some("search"));
    assert_eq!(record.timeout_seconds, Some(90));
    assert_eq!(
        (&record.comma_arrays, &record.request_types),
        (&vec!["ids".into()], &vec!["text/plain".into()])
    );
    assert!(record.optional_body);
    assert_eq!(record.statuses, ["200"]);
}

#[test]
fn n02_invalid_extension_members_are_refused() {
    let cases = [
        ("x-timeout-seconds", json!(0)),
        ("x-timeout-seconds", json!(-5)),
        ("x-timeout-seconds", json!(1.5)),
        ("x-timeout-seconds", json!("60")),
        ("x-timeout-seconds", json!("60s")),
        ("x-timeout-seconds", json!(60_000)),
        ("x-timeout-seconds", Value::Null),
        ("x-idempotent", json!("yes")),
        ("x-idempotent", json!(1)),
        ("x-rate-class", json!(7)),
        ("x-rate-class", json!(["api"])),
    ];
    for (member, value) in cases {
        let found = format!("{member} is {value}; it must be");
        operation_refused(&json!({ member: value }), &format!("/{member}"), &found);
    }
}

#[test]
fn n03_security_is_recorded() {
    let oauth = json!({ "oauth": ["read"] });
    let user = json!({ "user": [] });
    let user_only = || vec!["user".to_owned()];
    let cases = [
        (json!([]), Security::Public, &[][..]),
        (json!([oauth]), Security::Managed, &["read"]),
        (json!([oauth, {}]), Security::Managed, &["read"]),
        (json!([oauth, user]), Security::ManagedOr(user_only()), &["read"]),
        (json!([user]), Security::Other(user_only()), &[]),
        (json!(null), Security::Managed, &["read"]),
    ];
    let schemes = json!({ "securitySchemes": {
        "oauth": { "type": "oauth2", "flows": {} },
        "user": { "type": "http", "scheme": "bearer" },
    } });
    for (security, expected, scopes) in cases {
        let mut document = document(&json!({}), &schemes);
        document.root["security"] = json!([oauth]);
        if !security.is_null() {
            document.root["paths"]["/things/{id}"]["get"]["security"] = security;
        }
        apply(&mut document).unwrap();
        assert_eq!(document.operations[0].security, expected);
        assert_eq!(document.operations[0].scopes, scopes);
    }
    let mut none = document(&json!({}), &json!({}));
    apply(&mut none).unwrap();
    assert_eq!(none.operations[0].security, Security::Public);
}

#[test]
fn n03_schemes_other_than_bearer_are_refused() {
    operation_refused(&json!({ "security": [{ "a": [] }] }), "/security/0", "`a` is unknown");
    operation_refused(&json!({ "security": [{ "a": [], "b": [] }] }), "/security/0", "required together");
    let key = json!({ "securitySchemes": { "key": { "type": "apiKey", "in": "header", "name": "k" } } });
    let document = document(&json!({ "security": [{ "key": [] }] }), &key);
    refused(document, "/paths/~1things~1{id}/get/security/0", "not a bearer token");
}

#[test]
fn n04_components_are_replaced() {
    let schemas = json!({ "schemas": { "bigNumber": { "type": "string", "x-client-core-type": "Digits" } } });
    let document = applied(document(&json!({}), &schemas), "N04", &["/components/schemas/bigNumber"]);
    assert_eq!(document.replacements["BigNumber"], "::client_core::Digits");
}

#[test]
fn n04_unknown_or_inline_replacements_are_refused() {
    let schemas = json!({ "schemas": { "A": { "type": "string", "x-client-core-type": "Money" } } });
    refused(document(&json!({}), &schemas), "/components/schemas/A", "Money");
    let inline = json!({ "properties": { "a": { "x-client-core-type": "Digits" } } });
    let document = document(&json!({}), &json!({ "schemas": { "A": inline } }));
    refused(document, "/components/schemas/A/properties/a", "inline");
}

#[test]
fn n05_defaults_move_into_descriptions() {
    let depth = json!({ "type": "integer", "default": 5, "description": "How deep." });
    let schemas =
        json!({ "schemas": { "A": { "properties": { "depth": depth, "default": { "type": "string" } } } } });
    let place = "/components/schemas/A/properties/depth";
    let document = applied(document(&json!({}), &schemas), "N05", &[place]);
    let depth = document.at(place);
    assert_eq!(depth["description"], "How deep.\n\nThe server's default is `5`.");
    assert_eq!(depth["default"], Value::Null);
    assert_ne!(
        document.at("/components/schemas/A/properties/default"),
        &Value::Null,
        "a member of that name stays"
    );
}

#[test]
fn n06_objects_are_opened() {
    let schemas = json!({ "schemas": { "A": { "type": "object", "additionalProperties": false } } });
    let document = applied(document(&json!({}), &schemas), "N06", &["/components/schemas/A"]);
    assert_eq!(document.at("/components/schemas/A")["additionalProperties"], Value::Null);
}

#[test]
fn n07_formats_without_a_type_are_dropped() {
    let date = json!({ "type": "string", "format": "date-time" });
    let schemas = json!({ "schemas": { "A": { "type": "string", "format": "uuid" }, "B": date } });
    let document = applied(document(&json!({}), &schemas), "N07", &["/components/schemas/A"]);
    assert_eq!(document.at("/components/schemas/B"), &date);
}

#[test]
fn n08_responses_of_several_types_are_typed_by_status() {
    let schemas = json!({ "schemas": { "A": { "type": "object" }, "B": { "type": "object" } } });
    let text = json!({ "description": "", "content": { "text/plain": {} } });
    let responses =
        json!({ "200": response("A"), "202": { "description": "" }, "400": response("B"), "404": text });
    let document =
        applied(document(&json!({ "responses": responses }), &schemas), "N08", &[RESPONSES, RESPONSES]);
    let operation = &document.operations[0];
    let payloads = |side: &Option<crate::generate::operation::StatusEnum>| {
        let side = side.as_ref().unwrap();
        let cases =
            side.cases.iter().map(|case| (case.status.clone(), case.payload.clone())).collect::<Vec<_>>();
        (side.name.clone(), cases)
    };
    let json = |name: &str| Payload::Json(name.to_owned());
    assert_eq!(
        payloads(&operation.ok),
        ("GetThingOk".into(), vec![("200".into(), json("A")), ("202".into(), Payload::Empty)])
    );
    assert_eq!(
        payloads(&operation.error),
        ("GetThingError".into(), vec![("400".into(), json("B")), ("404".into(), Payload::Bytes)])
    );
    assert_eq!(document.replacements["GetThingOk"], "super::responses::GetThingOk");
    let statuses: Vec<_> = document.at(RESPONSES).as_object().unwrap().keys().cloned().collect();
    assert_eq!(statuses, ["2XX", "4XX", "5XX"]);
}

#[test]
fn n08_inline_schemas_get_a_name() {
    let inline =
        json!({ "description": "", "content": { "application/json": { "schema": { "type": "object" } } } });
    let schemas = json!({ "schemas": { "A": { "type": "object" } } });
    let responses = json!({ "200": response("A"), "201": inline });
    let document = applied(document(&json!({ "responses": responses }), &schemas), "N08", &[RESPONSES]);
    assert_eq!(
        document.operations[0].ok.as_ref().unwrap().cases[1].payload,
        Payload::Json("GetThingS201Body".into())
    );
    assert_eq!(document.at("/components/schemas/GetThingS201Body"), &json!({ "type": "object" }));
}

#[test]
fn n08_one_type_for_all_statuses_needs_no_enum() {
    let schemas = json!({ "schemas": { "A": { "type": "object" }, "B": { "type": "object" } } });
    let responses =
        json!({ "200": response("A"), "201": response("A"), "400": response("B"), "default": response("B") });
    applied(document(&json!({ "responses": responses }), &schemas), "N08", &[]);
}

#[test]
fn n09_successes_are_accepted_under_any_2xx() {
    let document = applied(document(&json!({}), &json!({})), "N09", &[&format!("{RESPONSES}/200")]);
    assert_eq!(document.at(RESPONSES), &json!({ "2XX": { "description": "A thing." } }));
}

#[test]
fn n10_json_suffixes_are_read_as_json() {
    let schemas = json!({ "schemas": { "A": { "type": "object" } } });
    let problem =
        json!({ "description": "", "content": { "application/problem+json": { "schema": reference("A") } } });
    let operation = json!({ "responses": { "200": { "description": "" }, "400": problem } });
    let document = applied(document(&operation, &schemas), "N10", &[&format!("{RESPONSES}/400/content")]);
    assert_eq!(document.at(RESPONSES)["400"], response("A"));
    assert_eq!(document.operations[0].response_types, ["application/problem+json"]);
}
