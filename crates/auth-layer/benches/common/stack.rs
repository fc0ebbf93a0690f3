//! The two stacks that the benchmarks compare.

use std::future::{Future, Ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use auth_layer::authorize::Auth;
use auth_layer::{AccessToken, AuthLayer, BoxError, Profile, StaticToken, TokenManager};
use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Request, Response};
use http_body_util::Empty;
use tower::{Layer, Service};
use tower_http::auth::{AddAuthorization, AddAuthorizationLayer};

/// A service that is always ready, responds at once and allocates nothing.
#[derive(Clone, Debug)]
pub(crate) struct Idle;

impl<B> Service<Request<B>> for Idle {
    type Response = Response<Empty<Bytes>>;
    type Error = BoxError;
    type Future = Ready<Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // Otherwise the compiler could remove the work of building the request.
        std::hint::black_box(&request);
        drop(request);
        std::future::ready(Ok(Response::new(Empty::new())))
    }
}

/// Returns our layer, with a token of `token` bytes in memory.
pub(crate) fn ours<S>(inner: S, token: usize) -> Auth<S> {
    let profile = Profile::new("bench", "https://auth.example.com/token")
        .and_then(|profile| profile.with_origin("https://api.example.com"))
        .expect("good URLs");
    let token = AccessToken::new(&"t".repeat(token)).expect("a good token");
    let manager = TokenManager::new(StaticToken::new(token));
    ready(pin!(manager.token())).expect("the token is at hand");
    AuthLayer::new(&profile, manager).layer(inner)
}

/// Returns tower-http's layer with the same token.
pub(crate) fn theirs<S>(inner: S, token: usize) -> AddAuthorization<S> {
    AddAuthorizationLayer::bearer(&"t".repeat(token)).layer(inner)
}

/// Returns the request of every call: an absolute URI and four static headers.
pub(crate) fn request<B>(body: B) -> Request<B> {
    let mut request = Request::new(body);
    *request.uri_mut() = "https://api.example.com/v1/things/42".parse().expect("a good URI");
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static("en"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static("bench/1.0"));
    request
}

/// Returns the output of a future that is ready at the first poll.
pub(crate) fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("the token is in memory, and the service is ready"),
    }
}

/// The usual length of a token, in bytes: that of a small signed token.
pub(crate) const TOKEN: usize = 512;
