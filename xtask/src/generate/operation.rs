//! The data of an operation that progenitor cannot express, and the names that progenitor will give it.

use heck::{ToPascalCase, ToShoutySnakeCase, ToSnakeCase};
use proc_macro2::{Ident, Span};

/// An operation of a document.
pub(super) struct Operation {
    /// The `operationId`.
    pub(super) id: String,
    /// The JSON pointer of the operation in the document.
    pub(super) pointer: String,
    /// The method, in capitals.
    pub(super) method: String,
    /// The path template, without the fixed query.
    pub(super) path: String,
    /// The query values that select a variant.
    pub(super) fixed_query: Vec<(String, String)>,
    pub(super) security: Security,
    pub(super) scopes: Vec<String>,
    pub(super) idempotent: Option<bool>,
    pub(super) rate_class: Option<String>,
    /// The longest time that one send may take.
    pub(super) timeout_seconds: Option<u64>,
    pub(super) request_types: Vec<String>,
    pub(super) response_types: Vec<String>,
    /// The names of array parameters that are joined with commas.
    pub(super) comma_arrays: Vec<String>,
    pub(super) statuses: Vec<String>,
    /// True if the request body may be left out.
    pub(super) optional_body: bool,
    /// The type of a success, if it depends on the status.
    pub(super) ok: Option<StatusEnum>,
    /// The type of an error, if it depends on the status.
    pub(super) error: Option<StatusEnum>,
}

/// The credential that an operation requires.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Security {
    Public,
    Managed,
    ManagedOr(Vec<String>),
    Other(Vec<String>),
}

/// An enum with a variant for each status.
pub(super) struct StatusEnum {
    pub(super) name: String,
    pub(super) cases: Vec<Case>,
}

/// A documented status and its body.
pub(super) struct Case {
    /// The status as in the document: `404`, `4XX`, `default`.
    pub(super) status: String,
    pub(super) payload: Payload,
}

/// The body of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Payload {
    /// JSON of the component with this name.
    Json(String),
    /// No body.
    Empty,
    /// Anything else.
    Bytes,
}

impl Operation {
    /// Returns the name of the method on the client.
    pub(super) fn method_name(&self) -> String {
        safe(self.id.replace(not_in_ident, "-").to_snake_case())
    }

    /// Returns the name of the builder's type.
    pub(super) fn type_name(&self) -> String {
        type_name(&self.method_name())
    }

    /// Returns the name of the static with the metadata.
    pub(super) fn meta_ident(&self) -> Ident {
        ident(&self.method_name().to_shouty_snake_case())
    }
}

/// Returns the Rust name of a component.
pub(super) fn type_name(component: &str) -> String {
    safe(component.replace('\'', "").replace(not_in_ident, "-").to_pascal_case())
}

/// Returns the name as an identifier.
///
/// # Panics
///
/// Panics if `name` is not a valid identifier.
pub(super) fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

fn not_in_ident(c: char) -> bool {
    !(c.is_alphanumeric() || c == '_')
}

/// Adds an underscore to a name that is a keyword or begins with a digit, in the same way as progenitor.
fn safe(name: String) -> String {
    if name.starts_with(|c: char| c.is_numeric()) {
        format!("_{name}")
    } else if syn::parse_str::<Ident>(&name).is_err() {
        format!("{name}_")
    } else {
        name
    }
}
