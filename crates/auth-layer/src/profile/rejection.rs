//! `BodySign`: a sign of a rejected token in the body of a response.

use std::borrow::Cow;

use http::StatusCode;
use serde_json::{Number, Value};

use super::pointer::Pointer;
use crate::error::ConfigError;

/// A value in a JSON body that means "this token is rejected", whatever the status.
///
/// Some APIs answer an expired token with 403 and a code such as `InvalidToken`. Others answer with
/// 400 and a number, or with 200. [`Profile::with_rejection`](crate::Profile::with_rejection) adds such a sign for an
/// API, and [`Profile::with_refusal`](crate::Profile::with_refusal) adds one for token answers.
///
/// The place of the value is a JSON Pointer (RFC 6901), in which `*` means every item of an array. The value is given
/// as the text of a string, a number or a boolean. `190` matches the string `"190"` and the number 190 (also written
/// `190.0`). `false` matches the string `"false"` and the boolean.
///
/// # Cost
///
/// The layer reads a body only if the status and the operation of the response match the sign. **A sign without
/// statuses is searched in every response**, also in successful ones. Name statuses or operations if you can. The layer
/// holds such a response back while it reads the body: up to 8 KiB, and for one second at most. The caller then gets
/// the body unchanged.
///
/// # Bodies that are not searched
///
/// - A body that did not end within those limits, or that is not one JSON document.
/// - A compressed body (`Content-Encoding`). Put a layer that decompresses it below [`AuthLayer`](crate::AuthLayer).
/// - A successful response that is a stream or media by its `Content-Type`, such as `text/event-stream`.
///
/// ```
/// use auth_layer::profile::BodySign;
/// use http::StatusCode;
///
/// // An answer that is an array.
/// let array = BodySign::new("/*/errorCode", ["INVALID_SESSION_ID"])?
///     .with_statuses([StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN])?;
/// assert!(array.is_in(br#"[{"errorCode":"INVALID_SESSION_ID"}]"#));
///
/// // GraphQL answers with 200. An answer with data is not a rejection.
/// let graphql = BodySign::new("/errors/*/extensions/code", ["UNAUTHENTICATED"])?
///     .with_statuses([StatusCode::OK])?
///     .with_operations(["graphql"])?
///     .while_absent("/data")?;
/// let body = br#"{"data":null,"errors":[{"extensions":{"code":"UNAUTHENTICATED"}}]}"#;
/// assert!(graphql.applies_to(StatusCode::OK, Some("graphql")) && graphql.is_in(body));
/// assert!(!graphql.applies_to(StatusCode::OK, Some("listLocations")));
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BodySign {
    /// The name of the sign in errors.
    what: String,
    pointer: Pointer,
    values: Vec<SignValue>,
    /// The statuses to search. Empty means any status.
    statuses: Vec<StatusCode>,
    /// The operations to search. Empty means any request, also one without an operation.
    operations: Vec<Cow<'static, str>>,
    absent: Option<Pointer>,
}

/// A value as it was given, and as a number if it is one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct SignValue {
    text: Cow<'static, str>,
    number: Option<Number>,
}

impl BodySign {
    /// Makes a sign that matches if one of `values` is at `pointer`. The response may have any status except 407, which
    /// comes from a proxy (RFC 9110 section 15.5.8).
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if `pointer` is not a JSON Pointer, or if `values` is empty.
    pub fn new<V>(pointer: &str, values: impl IntoIterator<Item = V>) -> Result<Self, ConfigError>
    where
        V: Into<Cow<'static, str>>,
    {
        // Escaped, so that the pointer cannot put a line break into a log.
        let what = format!("body sign {}", pointer.escape_debug());
        let pointer = Pointer::new(&what, pointer)?;
        let values: Vec<_> = values.into_iter().map(|value| SignValue::new(value.into())).collect();
        if values.is_empty() {
            return Err(ConfigError::new(what, "needs at least one value; without one it can never match"));
        }
        Ok(Self { what, pointer, values, statuses: Vec::new(), operations: Vec::new(), absent: None })
    }

    /// Limits the sign to responses with one of these statuses.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if `statuses` is empty, or if one of them can never match: 407, and the statuses without
    /// a body (1xx, 204, 205 and 304).
    pub fn with_statuses(
        mut self,
        statuses: impl IntoIterator<Item = StatusCode>,
    ) -> Result<Self, ConfigError> {
        self.statuses = statuses.into_iter().collect();
        let problem = match self.statuses.iter().find(|status| !may_match(**status)) {
            Some(&StatusCode::PROXY_AUTHENTICATION_REQUIRED) => {
                "status 407 comes from a proxy and never concerns the token; remove it".to_owned()
            }
            Some(status) => {
                format!("a response with status {} has no body; remove the status", status.as_u16())
            }
            None if self.statuses.is_empty() => {
                "needs at least one status; without one it can never match".to_owned()
            }
            None => return Ok(self),
        };
        Err(self.refused(problem))
    }

    /// Limits the sign to responses to these operations, by [`OperationMeta::id`](crate::OperationMeta::id). It then
    /// never matches a request without an operation.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if `operations` is empty, or if an id is empty.
    pub fn with_operations<O>(mut self, operations: impl IntoIterator<Item = O>) -> Result<Self, ConfigError>
    where
        O: Into<Cow<'static, str>>,
    {
        self.operations = operations.into_iter().map(Into::into).collect();
        if self.operations.is_empty() || self.operations.iter().any(|operation| operation.is_empty()) {
            return Err(self.refused("needs at least one operation id, and no id may be empty"));
        }
        Ok(self)
    }

    /// Limits the sign to bodies that have no value, or `null`, at `pointer`.
    ///
    /// A GraphQL answer with `data`, for example, was executed. Its `errors` only say that a part of the data is
    /// missing.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if `pointer` is not a JSON Pointer, or if the sign itself is inside of the value that
    /// must be absent.
    pub fn while_absent(mut self, pointer: &str) -> Result<Self, ConfigError> {
        let absent = Pointer::new(&self.what, pointer)?;
        if absent.holds(&self.pointer) {
            let problem = format!(
                "can never match, since it is inside of {pointer}, which must be absent; use another pointer"
            );
            return Err(self.refused(problem));
        }
        self.absent = Some(absent);
        Ok(self)
    }

    /// Returns whether the sign is searched in a response with this status to this operation.
    pub fn applies_to(&self, status: StatusCode, operation: Option<&str>) -> bool {
        let is_named = |operation| self.operations.iter().any(|named| named == operation);
        // `with_statuses` has checked the named statuses, so that only "any status" needs `may_match`.
        (if self.statuses.is_empty() { may_match(status) } else { self.statuses.contains(&status) })
            && (self.operations.is_empty() || operation.is_some_and(is_named))
    }

    /// Returns whether the sign is in `body`, which must be one complete JSON document.
    pub fn is_in(&self, body: &[u8]) -> bool {
        document(body).is_some_and(|document| self.is_in_document(&document))
    }

    /// Returns whether the sign is in a parsed document.
    pub(crate) fn is_in_document(&self, document: &Value) -> bool {
        self.pointer.any(document, &|value| self.is_value(value))
            && !self.absent.as_ref().is_some_and(|absent| absent.any(document, &|value| !value.is_null()))
    }

    /// Returns whether the sign is in an object that is given as its members.
    pub(super) fn is_in_members(&self, members: &[(String, Value)]) -> bool {
        self.pointer.any_member(members, &|value| self.is_value(value))
            && !self
                .absent
                .as_ref()
                .is_some_and(|absent| absent.any_member(members, &|value| !value.is_null()))
    }

    /// Returns whether the sign may be in a response whose status is not an error.
    pub(crate) fn may_be_in_success(&self) -> bool {
        self.statuses.is_empty() || self.statuses.iter().any(|status| status.as_u16() < 400)
    }

    /// Returns an error if the sign can never be in a successful token answer, which is an object and belongs to no
    /// operation.
    pub(super) fn check_refusal(self) -> Result<Self, ConfigError> {
        if !self.operations.is_empty() {
            return Err(self.refused("a token answer belongs to no operation; remove the operations"));
        }
        if !self.statuses.is_empty() && !self.statuses.iter().any(StatusCode::is_success) {
            return Err(
                self.refused("a token answer without a 2xx status is always a refusal; name a 2xx status")
            );
        }
        let absent_is_all = self.absent.as_ref().is_some_and(Pointer::is_whole_document);
        if self.pointer.is_whole_document() || absent_is_all {
            return Err(self.refused("a token answer is an object; point to one of its members"));
        }
        Ok(self)
    }

    /// Returns the pointer as it is written.
    pub(super) fn at(&self) -> String {
        self.pointer.text()
    }

    /// Returns the values, each as text.
    pub(super) fn values(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|value| &*value.text)
    }

    /// Returns the statuses. The list is empty if any status is searched.
    pub(super) fn statuses(&self) -> impl Iterator<Item = StatusCode> {
        self.statuses.iter().copied()
    }

    /// Returns the operations. The list is empty if any request is searched.
    pub(super) fn operations(&self) -> impl Iterator<Item = &str> {
        self.operations.iter().map(|operation| &**operation)
    }

    /// Returns the pointer that must find no value, as it is written.
    pub(super) fn absent(&self) -> Option<String> {
        self.absent.as_ref().map(Pointer::text)
    }

    fn is_value(&self, value: &Value) -> bool {
        self.values.iter().any(|wanted| wanted.is(value))
    }

    fn refused(&self, problem: impl Into<Cow<'static, str>>) -> ConfigError {
        ConfigError::new(self.what.clone(), problem)
    }
}

impl SignValue {
    fn new(text: Cow<'static, str>) -> Self {
        // A text that is not a JSON number matches strings and booleans only.
        Self { number: serde_json::from_str(&text).ok(), text }
    }

    fn is(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.text == *text,
            Value::Bool(truth) => self.text == if *truth { "true" } else { "false" },
            Value::Number(number) => self.number.as_ref().is_some_and(|wanted| is_equal(wanted, number)),
            _ => false,
        }
    }
}

/// Returns whether two numbers are equal. JSON has one kind of number (RFC 8259 section 6), so that 190 equals 190.0.
fn is_equal(one: &Number, other: &Number) -> bool {
    // Two integers are not compared as floats: above 2^53, different integers may become the same float.
    one == other || (one.is_f64() || other.is_f64()) && one.as_f64() == other.as_f64()
}

/// Parses a body as JSON. It may begin with a byte order mark, which some servers send (RFC 8259 section 8.1).
pub(crate) fn document(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body)).ok()
}

/// Returns whether a response with this status may have a sign: it has a body, and it does not come from a proxy.
fn may_match(status: StatusCode) -> bool {
    let without = [
        StatusCode::NO_CONTENT,
        StatusCode::RESET_CONTENT,
        StatusCode::NOT_MODIFIED,
        StatusCode::PROXY_AUTHENTICATION_REQUIRED,
    ];
    !status.is_informational() && !without.contains(&status)
}

pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
