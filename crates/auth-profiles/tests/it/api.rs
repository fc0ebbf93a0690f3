//! An answer of the API, through the layer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use auth_layer::clock::SystemClock;
use auth_layer::source::{IssuedToken, TokenRequest};
use auth_layer::{
    AccessToken, AuthLayer, BoxError, Clock, Error, OperationMeta, Profile, TokenManager, TokenSource,
};
use auth_profiles::ApiAnswer;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::Full;
use tower::{Layer, ServiceExt};

/// Returns whether the layer reads an answer as a rejection: it sends the request again with another token.
pub(crate) async fn rejects(profile: Profile, answer: &ApiAnswer) -> bool {
    let profile = profile.with_origin("https://api.example.com").unwrap();
    let sends = Arc::new(AtomicUsize::new(0));
    let (counted, answer, operation) = (sends.clone(), answer.clone(), answer.operation.clone());
    let leaf = tower::service_fn(move |_: Request<Full<Bytes>>| {
        let is_first = counted.fetch_add(1, Ordering::Relaxed) == 0;
        let mut response = Response::builder();
        if is_first {
            response = response.status(answer.status);
            if !answer.headers.contains_key("content-type") {
                response = response.header("content-type", "application/json");
            }
            for (name, value) in &answer.headers {
                response = response.header(name, value);
            }
        }
        let body = if is_first { answer.body.clone() } else { String::new() };
        std::future::ready(response.body(Full::new(Bytes::from(body))).map_err(BoxError::from))
    });
    let service = AuthLayer::new(&profile, TokenManager::new(Numbered::default())).layer(leaf);
    let mut request = Request::get("https://api.example.com/things").body(Full::default()).unwrap();
    if let Some(id) = operation {
        // An operation is a static of a generated client. The test leaks one for each example.
        let meta: &'static OperationMeta =
            Box::leak(Box::new(OperationMeta::new(id.leak(), Method::GET, "/things")));
        request.extensions_mut().insert(meta);
    }
    service.oneshot(request).await.unwrap();
    sends.load(Ordering::Relaxed) == 2
}

/// A source whose tokens are numbered.
#[derive(Debug, Default)]
struct Numbered(AtomicUsize);

#[async_trait]
impl TokenSource for Numbered {
    async fn token(&self, _: &TokenRequest) -> Result<IssuedToken, Error> {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        let token = AccessToken::new(&format!("example-token-{number}"))?;
        Ok(IssuedToken::new(token, SystemClock::new().now(), Duration::from_secs(3_600)))
    }
}
