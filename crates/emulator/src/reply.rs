//! An answer before it is serialized.

use axum::Json;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use serde_json::Value;

#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    body: ReplyBody,
}

#[derive(Clone, Debug)]
enum ReplyBody {
    Empty,
    Json(Value),
    Text { media_type: String, text: String },
}

impl Reply {
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self::new(status, ReplyBody::Empty)
    }

    pub(crate) fn json(status: StatusCode, body: Value) -> Self {
        Self::new(status, ReplyBody::Json(body))
    }

    pub(crate) fn text(status: StatusCode, media_type: &str, text: &str) -> Self {
        let body = ReplyBody::Text { media_type: media_type.to_owned(), text: text.to_owned() };
        Self::new(status, body)
    }

    fn new(status: StatusCode, body: ReplyBody) -> Self {
        Self { status, headers: HeaderMap::new(), body }
    }

    /// Adds a header field. An invalid value is left out.
    pub(crate) fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    pub(crate) fn with_optional_header(self, name: HeaderName, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with_header(name, value),
            None => self,
        }
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let mut response = match self.body {
            ReplyBody::Empty => Response::new(Body::empty()),
            ReplyBody::Json(body) => Json(body).into_response(),
            ReplyBody::Text { media_type, text } => {
                let mut response = Response::new(Body::from(text));
                if let Ok(media_type) = HeaderValue::from_str(&media_type) {
                    response.headers_mut().insert(CONTENT_TYPE, media_type);
                }
                response
            }
        };
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers);
        response
    }
}
