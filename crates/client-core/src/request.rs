//! Builds the request of an operation.

use std::fmt;

use auth_layer::operation::ArrayStyle;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use http::{Method, Uri};
use http_body::Body as _;
use serde::Serialize;

use crate::{Body, InvalidRequest, QueryParam, Request, Target, pairs};

/// A builder of an operation's request. [`Client::get`](crate::Client::get) and the other method functions create one.
///
/// [`build`](Self::build) returns the first error of all steps.
///
/// ```
/// use auth_layer::OperationMeta;
/// use client_core::{Body, Client, Method, Request, Response, Target, header};
///
/// static META: OperationMeta = OperationMeta::new("rename", Method::PATCH, "/me");
///
/// # let client = Client::from_service(tower::service_fn(|_: Request| async {
/// #     Ok::<_, std::convert::Infallible>(Response::new(Body::empty()))
/// # }));
/// let request = client
///     .patch(Target::new("https://api.example.com", &META, &[])?)
///     .json(&["Ada"])
///     .build()?;
/// assert_eq!(request.headers()[header::CONTENT_TYPE], "application/json");
/// # Ok::<(), client_core::InvalidRequest>(())
/// ```
pub struct RequestBuilder {
    method: Method,
    target: Target,
    headers: HeaderMap,
    body: Body,
    /// The first error of a step.
    error: Option<InvalidRequest>,
}

impl RequestBuilder {
    pub(crate) fn new(method: Method, target: Target) -> Self {
        Self { method, target, headers: HeaderMap::new(), body: Body::empty(), error: None }
    }

    /// Sets a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Adds headers. They replace headers of the same name.
    #[must_use]
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        self.headers.extend(headers);
        self
    }

    /// Appends a query parameter.
    #[must_use]
    pub fn query<T: Serialize + ?Sized>(mut self, parameter: &QueryParam<'_, T>) -> Self {
        match pairs::named(parameter.name, parameter.value) {
            Ok(pairs) => pairs.into_iter().for_each(|(name, values)| self.push_query(&name, &values)),
            Err(error) => self.fail(error),
        }
        self
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(json) => self.with_body(HeaderValue::from_static("application/json"), json.into()),
            Err(error) => {
                self.fail(InvalidRequest::new(format!("the body cannot be serialized: {error}")));
                self
            }
        }
    }

    /// Sets a JSON body, or no body for `None`.
    #[must_use]
    pub fn optional_json<T: Serialize + ?Sized>(self, value: Option<&T>) -> Self {
        match value {
            Some(value) => self.json(value),
            None => self,
        }
    }

    /// Sets a form as the body.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidRequest`] if the value is not an object of scalars and arrays of scalars.
    pub fn form_urlencoded<T: Serialize + ?Sized>(self, value: &T) -> Result<Self, InvalidRequest> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, values) in pairs::members(value)? {
            form.extend_pairs(values.iter().map(|value| (&name, value)));
        }
        let body = form.finish().into();
        Ok(self.with_body(HeaderValue::from_static("application/x-www-form-urlencoded"), body))
    }

    /// Sets a form as the body, or no body for `None`.
    ///
    /// # Errors
    ///
    /// The same as for [`form_urlencoded`](Self::form_urlencoded).
    pub fn optional_form_urlencoded<T: Serialize + ?Sized>(
        self,
        value: Option<&T>,
    ) -> Result<Self, InvalidRequest> {
        match value {
            Some(value) => self.form_urlencoded(value),
            None => Ok(self),
        }
    }

    /// Sets the body. Set its content type with [`header`](Self::header).
    #[must_use]
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets the body and its content type, or neither for `None`.
    #[must_use]
    pub fn optional_body(self, content_type: HeaderValue, body: Option<Body>) -> Self {
        match body {
            Some(body) => self.with_body(content_type, body),
            None => self,
        }
    }

    /// Builds the request.
    ///
    /// A `POST`, `PUT` or `PATCH` without content gets `content-length: 0` (RFC 9110 section 8.6). HTTP clients leave
    /// the header out in this case, and strict servers then answer 411.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidRequest`] if a parameter could not be written, or if the base URL is not a valid absolute URL.
    pub fn build(self) -> Result<Request, InvalidRequest> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let uri = Uri::try_from(self.target.as_str()).ok().filter(is_absolute);
        // The error does not show the URL, which may contain personal data or secrets.
        let problem = || format!("the base URL of `{}` is not a valid absolute URL", self.target.meta.id());
        let uri = uri.ok_or_else(|| InvalidRequest::new(problem()))?;
        let mut request = Request::new(self.body);
        *request.method_mut() = self.method;
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers;
        state_length(&mut request);
        Ok(request)
    }

    fn push_query(&mut self, name: &str, values: &[String]) {
        match self.target.meta.array_style(name) {
            ArrayStyle::Comma if values.is_empty() => {}
            ArrayStyle::Comma => self.target.push_query(name, values),
            // `Repeat`. `ArrayStyle` is non-exhaustive, and repeating is what OpenAPI does by default.
            _ => values.iter().for_each(|value| self.target.push_query(name, std::slice::from_ref(value))),
        }
    }

    fn with_body(mut self, content_type: HeaderValue, body: Body) -> Self {
        // A content type that was set as a header has precedence.
        self.headers.entry(CONTENT_TYPE).or_insert(content_type);
        self.body = body;
        self
    }

    fn fail(&mut self, error: InvalidRequest) {
        self.error.get_or_insert(error);
    }
}

/// Returns whether `uri` has a scheme, a host and, if any, a valid port. `port_u16` alone is not enough: it is `None`
/// both without a port and for a port above 65535.
fn is_absolute(uri: &Uri) -> bool {
    let Some(authority) = uri.authority().filter(|_| uri.scheme().is_some()) else { return false };
    let after_host = authority.as_str().strip_prefix(authority.host());
    !authority.host().is_empty()
        && after_host.is_some_and(|port| matches!(port, "" | ":") || authority.port_u16().is_some())
}

/// Sets `content-length: 0` if the method expects content but the body is empty (RFC 9110 section 8.6).
fn state_length(request: &mut Request) {
    let expects_content = matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH);
    let is_empty = request.body().is_end_stream() || request.body().size_hint().exact() == Some(0);
    let headers = request.headers_mut();
    // A message must not have both headers (RFC 9112 section 6.2).
    if expects_content && is_empty && !headers.contains_key(TRANSFER_ENCODING) {
        headers.entry(CONTENT_LENGTH).or_insert(const { HeaderValue::from_static("0") });
    }
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBuilder")
            .field("method", &self.method)
            .field("operation", &self.target.meta.id())
            .finish_non_exhaustive()
    }
}
