//! Stand-ins for both ends of a request: a token endpoint and an API, without sockets.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use auth_layer::authorize::{Auth, ResponseBody};
use auth_layer::profile::BodySign;
use auth_layer::source::ExchangeBuilder;
use auth_layer::{
    AuthLayer, BoxError, Credential, Error, ErrorKind, Exchange, Grant, Profile, TestClock, TokenManager,
    Transport,
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use tokio::sync::Semaphore;
use tower::{Layer, Service};

use crate::canary;

/// A request as a stand-in received it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    /// Returns the bearer token of the request. Panics if it has more than one `Authorization`.
    pub(crate) fn bearer(&self) -> Option<String> {
        let values: Vec<_> = self.headers.get_all("authorization").iter().collect();
        assert!(values.len() <= 1, "more than one Authorization header");
        let value = values.first()?.to_str().expect("visible ASCII");
        Some(value.strip_prefix("Bearer ").unwrap_or(value).to_owned())
    }

    /// Returns the value of a parameter in a form body.
    pub(crate) fn form(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(&self.body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// Returns the body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }
}

type Answer = Result<Response<Full<Bytes>>, BoxError>;
type Script = dyn Fn(usize, &Seen) -> Answer + Send + Sync;
type ApiScript = dyn Fn(usize, &Seen) -> Response<Full<Bytes>> + Send + Sync;

/// A token endpoint. It counts and records its requests, answers by a script, and can hold its answers back.
#[derive(Clone)]
pub(crate) struct FakeTokenEndpoint {
    inner: Arc<Endpoint>,
}

struct Endpoint {
    seen: Mutex<Vec<Seen>>,
    script: Mutex<Arc<Script>>,
    gate: Semaphore,
    gated: Mutex<bool>,
}

impl FakeTokenEndpoint {
    /// Answers request n (from 1) with the token `token-n`, which lives `lifetime` seconds.
    pub(crate) fn issuing(lifetime: u64) -> Self {
        Self::scripted(move |n, _| Ok(token_answer(&format!("token-{n}"), lifetime)))
    }

    /// Answers by a script, which gets the number of the request, from 1.
    pub(crate) fn scripted(script: impl Fn(usize, &Seen) -> Answer + Send + Sync + 'static) -> Self {
        canary::watch();
        let inner = Endpoint {
            seen: Mutex::default(),
            script: Mutex::new(Arc::new(script)),
            gate: Semaphore::new(0),
            gated: Mutex::new(false),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Answers the requests in turn, and fails any further one.
    pub(crate) fn answering(answers: impl IntoIterator<Item = Response<&'static str>>) -> Self {
        let answers: Mutex<VecDeque<_>> = Mutex::new(answers.into_iter().collect());
        Self::scripted(move |n, _| match answers.lock().unwrap().pop_front() {
            Some(answer) => Ok(answer.map(Full::from)),
            None => Err(format!("token request {n} was not expected").into()),
        })
    }

    /// Replaces the script. The numbers continue.
    pub(crate) fn now(&self, script: impl Fn(usize, &Seen) -> Answer + Send + Sync + 'static) {
        *self.inner.script.lock().unwrap() = Arc::new(script);
    }

    /// Holds back all answers until [`release`](Self::release).
    pub(crate) fn hold(&self) {
        *self.inner.gated.lock().unwrap() = true;
    }

    /// Lets `n` answers go, held or future ones.
    pub(crate) fn release(&self, n: usize) {
        self.inner.gate.add_permits(n);
    }

    /// Stops holding answers.
    pub(crate) fn open(&self) {
        *self.inner.gated.lock().unwrap() = false;
        self.inner.gate.add_permits(100_000);
    }

    /// Returns the number of token requests.
    pub(crate) fn count(&self) -> usize {
        self.inner.seen.lock().unwrap().len()
    }

    /// Returns the token requests, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.inner.seen.lock().unwrap().clone()
    }

    pub(crate) fn transport(&self) -> Transport {
        Transport::new(self.service())
    }

    /// Returns the service from which a transport is made.
    pub(crate) fn service(
        &self,
    ) -> impl Service<
        Request<Full<Bytes>>,
        Response = Response<Full<Bytes>>,
        Error = BoxError,
        Future: Send + 'static,
    > + Clone
    + Send
    + Sync
    + 'static {
        let endpoint = self.clone();
        tower::service_fn(move |request| endpoint.clone().answer(request))
    }

    pub(crate) async fn answer(self, request: Request<Full<Bytes>>) -> Answer {
        let seen = read(request).await;
        let number = {
            let mut all = self.inner.seen.lock().unwrap();
            all.push(seen.clone());
            all.len()
        };
        let gated = *self.inner.gated.lock().unwrap();
        if gated {
            self.inner.gate.acquire().await?.forget();
        }
        let script = self.inner.script.lock().unwrap().clone();
        script(number, &seen)
    }
}

impl fmt::Debug for FakeTokenEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeTokenEndpoint")
    }
}

/// An API. It records its requests and answers by a script that sees the request.
#[derive(Clone)]
pub(crate) struct FakeApi {
    seen: Arc<Mutex<Vec<Seen>>>,
    script: Arc<ApiScript>,
    gate: Option<Arc<Semaphore>>,
}

impl FakeApi {
    /// Answers 200 to everything.
    pub(crate) fn accepting() -> Self {
        Self::scripted(|_, _| respond(200, "ok"))
    }

    /// Answers 401 to the tokens named, and 200 to everything else.
    pub(crate) fn rejecting(tokens: &'static [&'static str]) -> Self {
        Self::scripted(|_, seen| match seen.bearer() {
            Some(token) if tokens.contains(&token.as_str()) => respond(401, "rejected"),
            _ => respond(200, "ok"),
        })
    }

    /// Answers by a script, which gets the number of the request, from 1.
    pub(crate) fn scripted(
        script: impl Fn(usize, &Seen) -> Response<Full<Bytes>> + Send + Sync + 'static,
    ) -> Self {
        Self { seen: Arc::default(), script: Arc::new(script), gate: None }
    }

    /// Holds every answer until a permit is added to the gate.
    pub(crate) fn gated(mut self) -> (Self, Arc<Semaphore>) {
        let gate = Arc::new(Semaphore::new(0));
        self.gate = Some(gate.clone());
        (self, gate)
    }

    /// Returns the number of requests.
    pub(crate) fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// Returns the requests, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Returns the bearer tokens of the requests, in order. A request without one gives an empty text.
    pub(crate) fn bearers(&self) -> Vec<String> {
        self.seen().iter().map(|seen| seen.bearer().unwrap_or_default()).collect()
    }
}

impl fmt::Debug for FakeApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeApi")
    }
}

impl<B> Service<Request<B>> for FakeApi
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: fmt::Debug,
{
    type Response = Response<Full<Bytes>>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Answer>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let api = self.clone();
        Box::pin(async move {
            let seen = read(request).await;
            let number = {
                let mut all = api.seen.lock().unwrap();
                all.push(seen.clone());
                all.len()
            };
            if let Some(gate) = &api.gate {
                gate.acquire().await?.forget();
            }
            Ok((api.script)(number, &seen))
        })
    }
}

/// A clock, a token endpoint and a manager that uses both.
#[derive(Debug)]
pub(crate) struct Rig {
    pub(crate) clock: TestClock,
    pub(crate) endpoint: FakeTokenEndpoint,
    pub(crate) profile: Profile,
    pub(crate) manager: TokenManager,
}

impl Rig {
    /// Makes a rig with client credentials at a provider by RFC 6749, whose API is `https://api.example.com`.
    pub(crate) fn new(endpoint: FakeTokenEndpoint) -> Self {
        Self::with_profile(endpoint, example())
    }

    /// Makes a rig with another profile.
    pub(crate) fn with_profile(endpoint: FakeTokenEndpoint, profile: Profile) -> Self {
        let clock = TestClock::new();
        let exchange = exchange(&endpoint, &clock, &profile).build().expect("a good configuration");
        Self::with_exchange(endpoint, clock, profile, exchange)
    }

    /// Makes a rig with another exchange (see [`exchange`]).
    pub(crate) fn with_exchange(
        endpoint: FakeTokenEndpoint,
        clock: TestClock,
        profile: Profile,
        exchange: Exchange,
    ) -> Self {
        let manager = TokenManager::builder(exchange).clock(Arc::new(clock.clone())).jitter_seed(1).build();
        Self { clock, endpoint, profile, manager }
    }

    /// Returns the layer over this manager.
    pub(crate) fn layer(&self) -> AuthLayer {
        AuthLayer::new(&self.profile, self.manager.clone())
    }

    /// Returns the layer over this manager, around an API.
    pub(crate) fn over<S>(&self, api: S) -> Auth<S> {
        self.layer().layer(api)
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn advance_millis(&self, millis: u64) {
        self.clock.advance(Duration::from_millis(millis));
    }
}

/// Returns a provider by RFC 6749.
pub(crate) fn example() -> Profile {
    Profile::new("example", "https://auth.example.com/token")
        .and_then(|profile| profile.with_origin("https://api.example.com"))
        .expect("good URLs")
}

/// Returns a sign of a rejected token in the body of a 403.
pub(crate) fn invalid_token_at_403() -> BodySign {
    BodySign::new("/int_err_code", ["InvalidToken"])
        .and_then(|sign| sign.with_statuses([StatusCode::FORBIDDEN]))
        .expect("a good sign")
}

/// Returns an exchange with client credentials and a timeout of 1 s.
pub(crate) fn exchange(
    endpoint: &FakeTokenEndpoint,
    clock: &TestClock,
    profile: &Profile,
) -> ExchangeBuilder {
    Exchange::builder(profile.clone(), Credential::new("client", "client-secret"), Grant::ClientCredentials)
        .transport(endpoint.transport())
        .clock(Arc::new(clock.clone()))
        .timeout(Duration::from_secs(1))
}

/// Returns a token answer by RFC 6749.
pub(crate) fn token_answer(token: &str, lifetime: u64) -> Response<Full<Bytes>> {
    let body = format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{lifetime}}}"#);
    json_response(200, &body)
}

/// Returns a JSON answer.
pub(crate) fn json_response(status: u16, body: &str) -> Response<Full<Bytes>> {
    let mut response = respond(status, body);
    response.headers_mut().insert("content-type", "application/json".parse().unwrap());
    response
}

/// Returns an answer without headers.
pub(crate) fn respond(status: u16, body: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body.to_owned()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

/// Returns a GET to the example API.
pub(crate) fn get(path: &str) -> Request<Full<Bytes>> {
    Request::get(format!("https://api.example.com{path}")).body(Full::default()).unwrap()
}

/// Reads a whole body.
pub(crate) async fn text<B>(response: Response<B>) -> String
where
    B: http_body::Body,
    B::Error: fmt::Debug,
{
    let bytes = response.into_body().collect().await.expect("a whole body").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// Lets other tasks run until `done`. Fails after so many turns that other threads must have run, too.
pub(crate) async fn until(mut done: impl FnMut() -> bool) {
    for _ in 0..10_000_000 {
        if done() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it did not come about");
}

/// Runs everything that can run without time passing.
pub(crate) async fn settle() {
    for _ in 0..30 {
        tokio::task::yield_now().await;
    }
}

/// Makes a call and polls it once. Returns what a caller gets without waiting.
pub(crate) fn at_once(
    service: &Auth<FakeApi>,
) -> Poll<Result<Response<ResponseBody<Full<Bytes>>>, BoxError>> {
    let mut service = service.clone();
    poll_once(&mut service.call(get("/me")))
}

/// Makes a call, expects its response without any waiting, and returns its status.
#[track_caller]
pub(crate) fn status_at_once(service: &Auth<FakeApi>) -> StatusCode {
    match at_once(service) {
        Poll::Ready(Ok(response)) => response.status(),
        Poll::Ready(Err(error)) => panic!("no response: {error}"),
        Poll::Pending => panic!("it had to wait"),
    }
}

/// Returns the kind of the layer's error in `error`.
pub(crate) fn kind(error: &BoxError) -> Option<ErrorKind> {
    Error::find(error.as_ref()).map(Error::kind)
}

/// Returns a response with a `WWW-Authenticate` line.
pub(crate) fn challenged(status: u16, challenge: &str) -> Response<Full<Bytes>> {
    let mut response = respond(status, "rejected");
    response.headers_mut().insert("www-authenticate", challenge.parse().unwrap());
    response
}

/// Polls a future once.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    let mut cx = Context::from_waker(std::task::Waker::noop());
    std::pin::Pin::new(future).poll(&mut cx)
}

/// Writes log lines into memory.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs on this thread, and returns everything that is logged on it.
pub(crate) fn logged<F: Future>(run: impl FnOnce() -> F) -> String {
    let captured = Captured::default();
    let writer = captured.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tracing::subscriber::with_default(subscriber, || runtime.block_on(run()));
    captured.text()
}

async fn read<B>(request: Request<B>) -> Seen
where
    B: http_body::Body,
    B::Error: fmt::Debug,
{
    let (head, body) = request.into_parts();
    let body = body.collect().await.expect("a whole body").to_bytes();
    let seen = Seen { method: head.method, uri: head.uri, headers: head.headers, body };
    canary::note(&seen);
    seen
}
