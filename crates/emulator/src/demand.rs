//! The demands of a strict HTTP server on the head of a request. They are checked before the body is read.

use axum::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, Version};

/// A demand that a request did not meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Demand {
    /// No `transfer-encoding`.
    Unchunked,
    /// A `content-length` (or, at an API, a `transfer-encoding`) with every POST, PUT and PATCH, even without a body.
    Length,
    /// A `user-agent` that is not empty.
    UserAgent,
}

impl Demand {
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            // Microsoft Entra answers 404 at its token endpoint if the request is chunked.
            Self::Unchunked => StatusCode::NOT_FOUND,
            // RFC 9110 section 15.5.12.
            Self::Length => StatusCode::LENGTH_REQUIRED,
            // The status of the front servers that refuse such requests.
            Self::UserAgent => StatusCode::FORBIDDEN,
        }
    }

    pub(crate) const fn description(self) -> &'static str {
        match self {
            Self::Unchunked => "chunked requests are not read here; send a content-length",
            Self::Length => "a request with this method needs a content-length, also without a body",
            Self::UserAgent => "the User-Agent header is missing or empty",
        }
    }
}

/// The demands that apply to one request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Demands {
    pub(crate) unchunked: bool,
    pub(crate) length: bool,
    pub(crate) user_agent: bool,
}

impl Demands {
    /// Returns the first demand that a request does not meet.
    pub(crate) fn unmet(self, head: &Parts) -> Option<Demand> {
        if self.unchunked && head.headers.contains_key(TRANSFER_ENCODING) {
            return Some(Demand::Unchunked);
        }
        if self.length && lacks_length(head) {
            return Some(Demand::Length);
        }
        (self.user_agent && lacks_user_agent(head)).then_some(Demand::UserAgent)
    }
}

/// Returns whether a request needs a length and has none. HTTP/2 marks the end of a body in its last frame, so no
/// length is needed there (RFC 9113 section 8.1.1).
fn lacks_length(head: &Parts) -> bool {
    head.version < Version::HTTP_2
        && [Method::POST, Method::PUT, Method::PATCH].contains(&head.method)
        && !head.headers.contains_key(CONTENT_LENGTH)
        && !head.headers.contains_key(TRANSFER_ENCODING)
}

fn lacks_user_agent(head: &Parts) -> bool {
    let value = head.headers.get(USER_AGENT);
    value.is_none_or(|value| value.as_bytes().trim_ascii().is_empty())
}

#[cfg(test)]
mod tests {
    use axum::http::request::Parts;
    use axum::http::{Request, Version};

    use super::{Demand, Demands};

    fn head(method: &str, version: Version, fields: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).version(version);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn only_methods_that_carry_content_need_a_length_and_not_over_http_2() {
        let demands = Demands { length: true, ..Demands::default() };
        let unmet = |method, version, fields| demands.unmet(&head(method, version, fields));
        for method in ["POST", "PUT", "PATCH"] {
            for version in [Version::HTTP_10, Version::HTTP_11] {
                assert_eq!(unmet(method, version, &[]), Some(Demand::Length), "{method}");
                assert_eq!(unmet(method, version, &[("content-length", "0")]), None, "{method}");
                assert_eq!(unmet(method, version, &[("transfer-encoding", "chunked")]), None, "{method}");
            }
            assert_eq!(unmet(method, Version::HTTP_2, &[]), None, "{method}");
        }
        for method in ["GET", "HEAD", "DELETE", "OPTIONS"] {
            assert_eq!(unmet(method, Version::HTTP_11, &[]), None, "{method}");
        }
    }

    #[test]
    fn a_blank_user_agent_counts_as_missing_over_either_protocol() {
        let demands = Demands { user_agent: true, ..Demands::default() };
        for version in [Version::HTTP_11, Version::HTTP_2] {
            let unmet = |fields| demands.unmet(&head("GET", version, fields));
            for fields in [&[][..], &[("user-agent", "")], &[("user-agent", "  ")]] {
                assert_eq!(unmet(fields), Some(Demand::UserAgent));
            }
            assert_eq!(unmet(&[("user-agent", "a")]), None);
        }
    }
}
