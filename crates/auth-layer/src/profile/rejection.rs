//! A sign in a response's body that says what its status does not.

use std::borrow::Cow;

use http::StatusCode;
use serde_json::{Number, Value};

use super::pointer::Pointer;
use crate::config_error::ConfigError;

/// A value in a JSON body that means "this token is no good", whatever the status says.
///
/// GoTo's `api.getgo.com` answers an expired token with 403 and `int_err_code: InvalidToken`; others answer with 400
/// and a number, or with 200. [`Profile::with_rejection`](crate::Profile::with_rejection) takes such signs for an API,
/// and [`Profile::with_refusal`](crate::Profile::with_refusal) for token answers.
///
/// The place is a JSON Pointer (RFC 6901), in which `*` stands for every item of an array. A value is given as the text
/// of a string, a number or a boolean: `190` is the string `"190"` and the number 190 (also written `190.0`), `false` is
/// the string `"false"` and the boolean.
///
/// # Cost
///
/// A body is read only where a sign may be in it: a response with a status of the sign's, of an operation of the
/// sign's. **A sign without statuses is looked for in every response**, also in the good ones; name statuses or
/// operations if you can. Such a response is held back until its body is there: up to 8 KiB of it, and for one
/// second at most. It then goes on byte for byte.
///
/// # What is no sign
///
/// - a body that was not read to its end within those bounds, or is not one JSON document;
/// - a compressed body (`Content-Encoding`): put a layer that decompresses it below [`AuthLayer`](crate::AuthLayer);
/// - a good response that is a stream or a medium by its `Content-Type`, such as `text/event-stream`.
///
/// ```
/// use auth_layer::BodySign;
/// use http::StatusCode;
///
/// // Salesforce answers with an array.
/// let salesforce = BodySign::new("/*/errorCode", ["INVALID_SESSION_ID"])?
///     .with_statuses([StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN])?;
/// assert!(salesforce.is_in(br#"[{"errorCode":"INVALID_SESSION_ID"}]"#));
///
/// // GraphQL answers with 200. An answer that holds data is not refused.
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
    /// How errors name it.
    what: String,
    pointer: Pointer,
    values: Vec<SignValue>,
    /// Empty: any.
    statuses: Vec<StatusCode>,
    /// Empty: any request, also one that names no operation.
    operations: Vec<Cow<'static, str>>,
    absent: Option<Pointer>,
}

/// A value as it was given, and the number that it is, if it is one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct SignValue {
    text: Cow<'static, str>,
    number: Option<Number>,
}

impl BodySign {
    /// The sign is one of `values` where `pointer` points to, in a response with any status but 407 (which a proxy
    /// sends, RFC 9110 section 15.5.8).
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `pointer` is not a JSON Pointer, or there are no values.
    pub fn new<V>(pointer: &str, values: impl IntoIterator<Item = V>) -> Result<Self, ConfigError>
    where
        V: Into<Cow<'static, str>>,
    {
        let what = format!("body sign {}", pointer.escape_debug());
        let pointer = Pointer::new(&what, pointer)?;
        let values: Vec<_> = values.into_iter().map(|value| SignValue::new(value.into())).collect();
        if values.is_empty() {
            return Err(ConfigError::new(what, "needs at least one value, or it can never match"));
        }
        Ok(Self { what, pointer, values, statuses: Vec::new(), operations: Vec::new(), absent: None })
    }

    /// Looks for the sign only in responses with one of these statuses.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if there is none, or one of them can never match: 407, and those without a body (1xx, 204, 205
    /// and 304).
    pub fn with_statuses(
        mut self,
        statuses: impl IntoIterator<Item = StatusCode>,
    ) -> Result<Self, ConfigError> {
        self.statuses = statuses.into_iter().collect();
        let problem = match self.statuses.iter().find(|status| !may_match(**status)) {
            Some(&StatusCode::PROXY_AUTHENTICATION_REQUIRED) => {
                "407 is about the proxy, and never about the token".to_owned()
            }
            Some(status) => format!("a response with status {} has no body", status.as_u16()),
            None if self.statuses.is_empty() => "needs at least one status, or it can never match".to_owned(),
            None => return Ok(self),
        };
        Err(self.refused(problem))
    }

    /// Looks for the sign only in responses to these operations, by [`OperationMeta::id`](crate::OperationMeta::id). A
    /// request that names no operation is none of them.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if there is none, or one has an empty name.
    pub fn with_operations<O>(mut self, operations: impl IntoIterator<Item = O>) -> Result<Self, ConfigError>
    where
        O: Into<Cow<'static, str>>,
    {
        self.operations = operations.into_iter().map(Into::into).collect();
        if self.operations.is_empty() || self.operations.iter().any(|operation| operation.is_empty()) {
            return Err(self.refused("needs the ids of operations, or it can never match"));
        }
        Ok(self)
    }

    /// Takes the sign for one only if nothing is where `pointer` points to, or `null`. A GraphQL answer with `data` was
    /// worked on, for example, and says in `errors` that a part of it is missing.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `pointer` is not a JSON Pointer, or if the sign itself is inside of what must be absent.
    pub fn while_absent(mut self, pointer: &str) -> Result<Self, ConfigError> {
        let absent = Pointer::new(&self.what, pointer)?;
        if absent.holds(&self.pointer) {
            let problem = format!("is inside of {pointer}, which must be absent, so that it can never match");
            return Err(self.refused(problem));
        }
        self.absent = Some(absent);
        Ok(self)
    }

    /// Whether the sign is looked for in a response with this status to this operation.
    pub fn applies_to(&self, status: StatusCode, operation: Option<&str>) -> bool {
        let is_named = |operation| self.operations.iter().any(|named| named == operation);
        (if self.statuses.is_empty() { may_match(status) } else { self.statuses.contains(&status) })
            && (self.operations.is_empty() || operation.is_some_and(is_named))
    }

    /// Whether the sign is in this body, which must be a whole JSON document.
    pub fn is_in(&self, body: &[u8]) -> bool {
        document(body).is_some_and(|document| self.is_in_document(&document))
    }

    pub(crate) fn is_in_document(&self, document: &Value) -> bool {
        self.pointer.any(document, &|value| self.is_value(value))
            && !self.absent.as_ref().is_some_and(|absent| absent.any(document, &|value| !value.is_null()))
    }

    /// The same in an object that is given as its members.
    pub(super) fn is_in_members(&self, members: &[(String, Value)]) -> bool {
        self.pointer.any_member(members, &|value| self.is_value(value))
            && !self
                .absent
                .as_ref()
                .is_some_and(|absent| absent.any_member(members, &|value| !value.is_null()))
    }

    /// Whether it may be in a response whose status is not an error.
    pub(crate) fn may_be_in_success(&self) -> bool {
        self.statuses.is_empty() || self.statuses.iter().any(|status| status.as_u16() < 400)
    }

    /// Returns an error if it can never be in a token answer: an object with a good status, which is no answer to an
    /// operation.
    pub(super) fn check_refusal(self) -> Result<Self, ConfigError> {
        if !self.operations.is_empty() {
            return Err(self.refused("a token answer belongs to no operation"));
        }
        if !self.statuses.is_empty() && !self.statuses.iter().any(StatusCode::is_success) {
            return Err(self.refused("a token answer whose status is not 2xx is refused anyway"));
        }
        let absent_is_all = self.absent.as_ref().is_some_and(Pointer::is_whole_document);
        if self.pointer.is_whole_document() || absent_is_all {
            return Err(self.refused("a token answer is an object; point to one of its members"));
        }
        Ok(self)
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

/// Whether two numbers are equal. JSON has one kind of number (RFC 8259 section 6), so that 190 is 190.0.
fn is_equal(one: &Number, other: &Number) -> bool {
    // Integers are compared as such: as floats, two of them beyond 2^53 might look equal.
    one == other || (one.is_f64() || other.is_f64()) && one.as_f64() == other.as_f64()
}

/// Reads a body as JSON, with or without a byte order mark, which some servers send (RFC 8259 section 8.1).
pub(crate) fn document(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body)).ok()
}

/// Whether a response with this status may hold a sign: it has a body, and is about the token.
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
