//! A leaf without sockets, which answers token requests and API calls.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use client_core::{Body, Builder, Provider, Request, Response};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use tokio::sync::watch;
use tower_service::Service;

use crate::{Fixture, is_credential, once};

/// A provider in memory. Clones share its records.
///
/// Its tokens are `memory-token-1`, `memory-token-2` and so on. Each token request issues the next one.
#[derive(Clone)]
pub struct Memory(Arc<Inner>);

struct Inner {
    answer: &'static str,
    rejection: (u16, &'static str),
    token_requests: AtomicU64,
    /// Tokens with a smaller number are rejected.
    first_good: AtomicU64,
    /// The `Authorization` headers of the API calls, in the order in which they arrived.
    authorizations: Mutex<Vec<Option<String>>>,
    /// The answer to every API call, in place of the usual one.
    instead: Mutex<Option<Instead>>,
    token_gate: watch::Sender<bool>,
    api_gate: watch::Sender<bool>,
}

#[derive(Clone)]
struct Instead {
    status: u16,
    header: Option<(&'static str, &'static str)>,
    body: &'static str,
}

/// Holds back answers until it is dropped.
#[derive(Debug)]
pub struct Hold(watch::Sender<bool>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.send_replace(true);
    }
}

impl Memory {
    /// Makes a provider for a fixture's client.
    pub fn new<F: Fixture>() -> Self {
        Self(Arc::new(Inner {
            answer: F::ANSWER,
            rejection: F::REJECTION,
            token_requests: AtomicU64::new(0),
            first_good: AtomicU64::new(1),
            authorizations: Mutex::default(),
            instead: Mutex::default(),
            token_gate: watch::Sender::new(true),
            api_gate: watch::Sender::new(true),
        }))
    }

    /// Returns a builder whose client sends all requests to this provider, including token requests.
    ///
    /// # Panics
    ///
    /// Panics if a variable is missing.
    pub fn builder<F: Fixture>(&self) -> Builder<F::Client> {
        let credential = |name: &str| is_credential::<F>(name).then(|| format!("{name}-of-memory"));
        let builder: Builder<F::Client> =
            Builder::new().variables(credential).expect("the fixture names every variable");
        let apis = F::Client::APIS.iter();
        apis.fold(builder, |builder, api| builder.api_url(api.name(), API_URL))
            .token_url(TOKEN_URL)
            .leaf(self.clone())
    }

    /// Returns a client that sends all requests to this provider.
    ///
    /// # Panics
    ///
    /// Panics if it cannot be built.
    pub fn client<F: Fixture>(&self) -> F::Client {
        self.builder::<F>().stack(once).build().expect("the builder's values are good")
    }

    /// Returns the number of token requests.
    pub fn token_requests(&self) -> u64 {
        self.0.token_requests.load(Ordering::SeqCst)
    }

    /// Returns the `Authorization` headers of the API calls so far.
    pub fn authorizations(&self) -> Vec<Option<String>> {
        self.seen().clone()
    }

    /// Returns the number of API calls.
    pub fn api_calls(&self) -> usize {
        self.seen().len()
    }

    /// Rejects every token issued so far.
    pub fn revoke_tokens(&self) {
        self.0.first_good.store(self.token_requests() + 1, Ordering::SeqCst);
    }

    /// Gives this answer to every API call from now on.
    pub fn answer_instead(
        &self,
        status: u16,
        header: Option<(&'static str, &'static str)>,
        body: &'static str,
    ) {
        let instead = Instead { status, header, body };
        *self.0.instead.lock().unwrap_or_else(PoisonError::into_inner) = Some(instead);
    }

    /// Holds back token answers until the hold is dropped.
    #[must_use = "answers are held back as long as it lives"]
    pub fn hold_tokens(&self) -> Hold {
        self.0.token_gate.send_replace(false);
        Hold(self.0.token_gate.clone())
    }

    /// Holds back answers to API calls until the hold is dropped.
    #[must_use = "answers are held back as long as it lives"]
    pub fn hold_api(&self) -> Hold {
        self.0.api_gate.send_replace(false);
        Hold(self.0.api_gate.clone())
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Vec<Option<String>>> {
        self.0.authorizations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn token(&self) -> Response {
        let number = self.0.token_requests.fetch_add(1, Ordering::SeqCst) + 1;
        pass(&self.0.token_gate).await;
        // Octotable's member is `type`; the others use `token_type` or have none.
        let answer = format!(
            r#"{{"access_token":"memory-token-{number}","token_type":"Bearer","type":"Bearer","expires_in":3600}}"#
        );
        respond(200, None, answer)
    }

    async fn api(&self, request: &Request) -> Response {
        let authorization = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        self.seen().push(authorization.map(str::to_owned));
        pass(&self.0.api_gate).await;
        let instead = self.0.instead.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(Instead { status, header, body }) = instead {
            return respond(status, header, body.to_owned());
        }
        let number = authorization.and_then(|value| value.strip_prefix("Bearer memory-token-"));
        let number: u64 = number.and_then(|number| number.parse().ok()).unwrap_or(0);
        if number < self.0.first_good.load(Ordering::SeqCst) {
            let (status, body) = self.0.rejection;
            return respond(status, None, body.to_owned());
        }
        respond(200, None, self.0.answer.to_owned())
    }
}

impl Service<Request> for Memory {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let memory = self.clone();
        Box::pin(async move {
            Ok(match request.uri().to_string().starts_with(TOKEN_URL) {
                true => memory.token().await,
                false => memory.api(&request).await,
            })
        })
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("token_requests", &self.token_requests()).finish_non_exhaustive()
    }
}

async fn pass(gate: &watch::Sender<bool>) {
    // An error means that the gate was dropped. Then nothing is held back.
    let _ = gate.subscribe().wait_for(|open| *open).await;
}

fn respond(status: u16, header: Option<(&'static str, &'static str)>, body: String) -> Response {
    let mut response = http::Response::builder().status(status).header(CONTENT_TYPE, "application/json");
    if let Some((name, value)) = header {
        response = response.header(name, value);
    }
    response.body(Body::from(body)).expect("tests give good headers")
}

const TOKEN_URL: &str = "https://auth.example.test/token";
const API_URL: &str = "https://api.example.test/v1";
