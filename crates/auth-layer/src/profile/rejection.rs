//! What a rejected token looks like, besides a 401.

use http::StatusCode;

/// A response that means "this token is no good" though its status says otherwise: a JSON body in which a
/// member holds one of a few values.
///
/// GoTo's `api.getgo.com` answers an expired token with 403 and `int_err_code: InvalidToken`.
///
/// ```
/// use auth_layer::BodySign;
/// use http::StatusCode;
///
/// let sign = BodySign::new(StatusCode::FORBIDDEN, "int_err_code", &["InvalidToken"]);
/// assert!(sign.is_in(StatusCode::FORBIDDEN, br#"{"int_err_code":"InvalidToken"}"#));
/// assert!(!sign.is_in(StatusCode::FORBIDDEN, br#"{"int_err_code":"NoPermission"}"#));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BodySign {
    status: StatusCode,
    member: &'static str,
    values: &'static [&'static str],
}

impl BodySign {
    /// A rejection is `status` with a JSON object whose `member` is one of `values`.
    pub const fn new(status: StatusCode, member: &'static str, values: &'static [&'static str]) -> Self {
        Self { status, member, values }
    }

    /// The status that makes a body worth reading.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Whether `body` is such a rejection. Anything that is no JSON object is not.
    pub fn is_in(&self, status: StatusCode, body: &[u8]) -> bool {
        let member = |body| {
            let body: serde_json::Value = serde_json::from_slice(body).ok()?;
            Some(body.get(self.member)?.as_str()?.to_owned())
        };
        status == self.status && member(body).is_some_and(|found| self.values.contains(&found.as_str()))
    }
}
