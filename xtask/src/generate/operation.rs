//! What is carried past progenitor for each operation, and the names progenitor will give it.

use heck::{ToPascalCase, ToShoutySnakeCase, ToSnakeCase};
use proc_macro2::{Ident, Span};

/// One operation, as the document tells it.
pub(super) struct Operation {
    /// The document's id.
    pub(super) id: String,
    /// Its place in the document.
    pub(super) pointer: String,
    /// The method, in capitals.
    pub(super) method: String,
    /// The path template without fixed query.
    pub(super) path: String,
    /// Query values that make a variant what it is.
    pub(super) fixed_query: Vec<(String, String)>,
    pub(super) security: Security,
    pub(super) scopes: Vec<String>,
    pub(super) idempotent: Option<bool>,
    pub(super) rate_class: Option<String>,
    /// How long one send may take.
    pub(super) timeout_seconds: Option<u64>,
    pub(super) request_types: Vec<String>,
    pub(super) response_types: Vec<String>,
    /// Array parameters joined with commas.
    pub(super) comma_arrays: Vec<String>,
    pub(super) statuses: Vec<String>,
    /// Whether the request body may be left out.
    pub(super) optional_body: bool,
    /// The type of a success, where it depends on the status.
    pub(super) ok: Option<StatusEnum>,
    /// The type of an error, where it depends on the status.
    pub(super) error: Option<StatusEnum>,
}

/// Which credential an operation wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Security {
    Public,
    Managed,
    ManagedOr(Vec<String>),
    Other(Vec<String>),
}

/// A type with a variant for each status.
pub(super) struct StatusEnum {
    pub(super) name: String,
    pub(super) cases: Vec<Case>,
}

/// A documented status and what its body is.
pub(super) struct Case {
    /// As the document spells it: `404`, `4XX`, `default`.
    pub(super) status: String,
    pub(super) payload: Payload,
}

/// What a response's body is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Payload {
    /// JSON of this component.
    Json(String),
    /// None.
    Empty,
    /// Anything else.
    Bytes,
}

impl Operation {
    /// The method on the client.
    pub(super) fn method_name(&self) -> String {
        safe(self.id.replace(not_in_ident, "-").to_snake_case())
    }

    /// The builder's type.
    pub(super) fn type_name(&self) -> String {
        type_name(&self.method_name())
    }

    /// The metadata record.
    pub(super) fn meta_ident(&self) -> Ident {
        ident(&self.method_name().to_shouty_snake_case())
    }
}

/// The Rust name of a component.
pub(super) fn type_name(component: &str) -> String {
    safe(component.replace('\'', "").replace(not_in_ident, "-").to_pascal_case())
}

/// The name as an identifier; it must be one.
pub(super) fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

fn not_in_ident(c: char) -> bool {
    !(c.is_alphanumeric() || c == '_')
}

/// As progenitor does it: a name that is a keyword, or begins with a digit, gets an underscore.
fn safe(name: String) -> String {
    if name.starts_with(|c: char| c.is_numeric()) {
        format!("_{name}")
    } else if syn::parse_str::<Ident>(&name).is_err() {
        format!("{name}_")
    } else {
        name
    }
}
