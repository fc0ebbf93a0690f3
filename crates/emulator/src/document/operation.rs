//! One operation of a document: what it requires and what it answers.

use axum::http::{Method, StatusCode};
use serde_json::Value;

use super::resolve::resolve;
use super::schema::missing_members;
use super::success::{Example, Success};
use super::template::Template;
use super::variant::Variant;
use crate::token::Audience;

#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: Method,
    pub(crate) template: Template,
    /// The kinds of tokens that are accepted. Empty if the operation needs no token.
    pub(crate) audiences: Vec<Audience>,
    pub(crate) required_parameters: Vec<(Place, String)>,
    pub(crate) body: Option<BodyRule>,
    success: Success,
    variants: Vec<Variant>,
}

/// The place of a parameter. A path that matches has its path parameters, so they are not listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Header,
    Query,
}

/// The requirements on a request's body.
#[derive(Clone, Debug)]
pub(crate) struct BodyRule {
    pub(crate) required: bool,
    media_types: Vec<String>,
    schema: Value,
}

impl Operation {
    pub(super) fn read(root: &Value, path: &str, item: &Value, method: Method, operation: &Value) -> Self {
        let template = Template::new(path);
        let id = operation.get("operationId").and_then(Value::as_str);
        Self {
            // An operation without an id still needs a name for faults and counters.
            id: id.map_or_else(|| format!("{method} {}", template.shape()), str::to_owned),
            method,
            template,
            audiences: audiences(root, operation),
            required_parameters: required_parameters(root, item, operation),
            body: body_rule(root, operation),
            success: Success::read(root, operation),
            variants: Variant::read_all(operation),
        }
    }

    /// Returns the status of success, or `None` if the document says `2XX` and leaves the choice to the server.
    pub(crate) fn status(&self) -> Option<StatusCode> {
        self.success.status
    }

    pub(crate) fn example(&self) -> Option<&Example> {
        self.success.example.as_ref()
    }

    /// Returns the variant that a query selects, if the document distinguishes variants by their query.
    pub(crate) fn variant(&self, query: &[(String, String)]) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.fits(query))
    }
}

impl BodyRule {
    /// Returns whether the operation reads this content type (without its parameters).
    pub(crate) fn reads(&self, media_type: &str) -> bool {
        self.media_types.iter().any(|known| known.eq_ignore_ascii_case(media_type))
    }

    pub(crate) fn missing_members(&self, root: &Value, body: &Value) -> Vec<String> {
        missing_members(root, &self.schema, body)
    }
}

fn audiences(root: &Value, operation: &Value) -> Vec<Audience> {
    // An operation's own list replaces that of the document, even if it is empty (OpenAPI 3.0, Operation Object).
    let security = operation.get("security").or_else(|| root.get("security"));
    let alternatives = security.and_then(Value::as_array).into_iter().flatten();
    let schemes = alternatives.filter_map(Value::as_object).flat_map(|all| all.keys());
    schemes
        .map(|scheme| match scheme.to_ascii_lowercase() {
            // The documents describe the kind of a token only in the name of its security scheme.
            scheme if END_USER.iter().any(|word| scheme.contains(word)) => Audience::EndUser,
            scheme if scheme.contains("device") => Audience::Device,
            _ => Audience::Customer,
        })
        .collect()
}

/// Returns the required parameters. A parameter of the operation overrides one of the path with the same name and
/// place.
fn required_parameters(root: &Value, item: &Value, operation: &Value) -> Vec<(Place, String)> {
    let mut seen: Vec<(Place, String)> = Vec::new();
    let mut required = Vec::new();
    // The operation comes first, so that its parameter is the one that is kept.
    for owner in [operation, item] {
        let parameters = owner.get("parameters").and_then(Value::as_array);
        for parameter in parameters.into_iter().flatten() {
            let parameter = resolve(root, parameter);
            let place = match parameter.get("in").and_then(Value::as_str) {
                Some("header") => Place::Header,
                Some("query") => Place::Query,
                _ => continue,
            };
            let Some(name) = parameter.get("name").and_then(Value::as_str) else {
                continue;
            };
            let known = (place, name.to_owned());
            if seen.contains(&known) {
                continue;
            }
            if parameter.get("required").and_then(Value::as_bool) == Some(true) {
                required.push(known.clone());
            }
            seen.push(known);
        }
    }
    required
}

fn body_rule(root: &Value, operation: &Value) -> Option<BodyRule> {
    let body = resolve(root, operation.get("requestBody")?);
    let content = body.get("content")?.as_object()?;
    // All media types of a body have the same schema in our documents, so the first one is enough.
    let schema = content.values().find_map(|media| media.get("schema"));
    Some(BodyRule {
        required: body.get("required").and_then(Value::as_bool) == Some(true),
        media_types: content.keys().cloned().collect(),
        schema: schema.cloned().unwrap_or(Value::Null),
    })
}

/// A security scheme with one of these words in its name takes the token of an end user.
const END_USER: [&str; 4] = ["interaction", "enduser", "end_user", "handoff"];
