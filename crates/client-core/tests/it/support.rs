//! An API that gives a fixed response and records its requests.
#![expect(clippy::unwrap_used, reason = "a panic in test support fails the test")]

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use auth_layer::{CallBearer, ClientAuth, OperationMeta, Profile};
use client_core::{Body, BoxError, Bytes, HeaderMap, Method, Request, Response};
use http::Uri;
use http_body_util::BodyExt;

use crate::kitchen_sink::Client;

/// Returns the profile of a provider that wants the client in the body.
pub(crate) fn profile() -> Profile {
    Profile::new("example", "https://auth.example.com/token").unwrap().with_client_auth(ClientAuth::body())
}

/// A request that the client sent.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) meta: Option<&'static OperationMeta>,
    pub(crate) has_bearer: bool,
}

/// The requests that were sent so far.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Sent>>>);

impl Log {
    /// Returns the only request.
    #[track_caller]
    pub(crate) fn one(&self) -> Sent {
        let mut sent = self.0.lock().unwrap();
        assert_eq!(sent.len(), 1, "requests");
        sent.remove(0)
    }

    #[track_caller]
    pub(crate) fn assert_empty(&self) {
        assert_eq!(self.0.lock().unwrap().len(), 0, "requests");
    }
}

/// Returns a client of an API that always gives the same response, and the log of its requests.
pub(crate) fn api(status: u16, headers: &'static [(&str, &str)], body: &'static str) -> (Client, Log) {
    let log = Log::default();
    let seen = log.clone();
    let service = tower::service_fn(move |request: Request| {
        let seen = seen.clone();
        async move {
            let (parts, body_sent) = request.into_parts();
            let sent = Sent {
                method: parts.method,
                uri: parts.uri,
                headers: parts.headers,
                body: body_sent.collect().await.unwrap().to_bytes(),
                meta: parts.extensions.get::<&'static OperationMeta>().copied(),
                has_bearer: parts.extensions.get::<CallBearer>().is_some(),
            };
            seen.0.lock().unwrap().push(sent);
            let mut response = http::Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(*name, *value);
            }
            Ok::<_, Infallible>(response.body(Body::from(body)).unwrap())
        }
    });
    // The document's base URL ends in a slash.
    (Client::from_parts("https://sink.example.com/v1/", client_core::Client::from_service(service)), log)
}

/// Returns a client whose stack fails with `error`.
pub(crate) fn failing(error: impl Fn() -> BoxError + Clone + Send + Sync + 'static) -> Client {
    let service = tower::service_fn(move |_: Request| {
        let error = error();
        async move { Err::<Response, _>(error) }
    });
    Client::from_parts("https://sink.example.com/v1", client_core::Client::from_service(service))
}
