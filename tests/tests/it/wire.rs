//! Requests as a server sees them: the bytes that arrive on a socket.
//!
//! `cargo test -p journeys --test it wire -- --nocapture` prints them.

use std::pin::Pin;
use std::task::{Context, Poll};

use auth_layer::leaf::reqwest::ReqwestLeaf;
use auth_layer::{BoxError, OperationMeta, Profile};
use bytes::Bytes;
use client_core::{Api, Body, Builder, Client, Method, OperationInfo, Provider, Response, Target, Variables};
use http_body::{Body as _, Frame, SizeHint};
use journeys::Fixture;
use tower::ServiceExt;

use crate::recorder::{Recorded, Recorder};

/// Runs every test of this file that applies to each provider, for one fixture.
macro_rules! suite {
    ($module:ident, $fixture:ty, $name:literal) => {
        mod $module {
            #[tokio::test]
            async fn requests_say_their_length_and_who_sends_them() {
                super::requests_say_their_length_and_who_sends_them::<$fixture>($name).await;
            }

            #[tokio::test]
            async fn the_callers_user_agent_wins() {
                super::the_callers_user_agent_wins::<$fixture>().await;
            }
        }
    };
}

suite!(gotab, journeys::Gotab, "gotab-client");
suite!(goto_admin, journeys::GotoAdmin, "goto-client");
suite!(goto_webinar, journeys::GotoWebinar, "goto-client");
suite!(gbg_go, journeys::GbgGo, "gbg-go-client");
suite!(octotable, journeys::Octotable, "octotable-client");

/// A provider's client whose requests can be written by hand.
struct ByHand<P> {
    base_url: String,
    client: Client,
    provider: std::marker::PhantomData<fn() -> P>,
}

impl<P: Provider> Provider for ByHand<P> {
    type Credentials = P::Credentials;
    type Api = P::Api;
    const APIS: &'static [Api<P::Api>] = P::APIS;
    const TOKEN_URL_VARIABLE: &'static str = P::TOKEN_URL_VARIABLE;
    const USER_AGENT: &'static str = P::USER_AGENT;

    fn profile() -> Profile {
        P::profile()
    }

    fn credentials(variables: &Variables<'_>) -> Result<P::Credentials, auth_layer::ConfigError> {
        P::credentials(variables)
    }

    fn from_parts(mut base_urls: Vec<String>, client: Client) -> Self {
        Self { base_url: base_urls.swap_remove(0), client, provider: std::marker::PhantomData }
    }
}

impl<P> ByHand<P> {
    async fn post(
        &self,
        change: impl FnOnce(client_core::RequestBuilder) -> client_core::RequestBuilder,
    ) -> Response {
        let target = Target::new(&self.base_url, &POST, &[]).unwrap();
        let request = change(self.client.post(target)).build().unwrap();
        let info = OperationInfo { operation_id: "post", meta: &POST };
        self.client.exec(request, &info).await.unwrap()
    }
}

static POST: OperationMeta = OperationMeta::new("post", Method::POST, "/by-hand");

/// Returns a builder whose URLs all lead to a recorder.
fn builder<P: Provider>(recorder: &Recorder) -> Builder<P> {
    let builder = Builder::<P>::new().variables(|name| match name {
        name if name == P::TOKEN_URL_VARIABLE => Some(recorder.url("/token")),
        name if name.ends_with("_URL") => Some(recorder.url("/api")),
        name if name.ends_with("_ID") => Some("test-id".to_owned()),
        name if name.ends_with("_SECRET") => Some("test-secret".to_owned()),
        name if name.ends_with("_REFRESH_TOKEN") => Some("test-refresh-token".to_owned()),
        _ => None,
    });
    builder.expect("every variable is there").stack(journeys::once)
}

/// Issues tokens, and answers every other request as an operation of the fixture expects.
fn script<F: Fixture>(request: &Recorded) -> (u16, String) {
    match request.path() {
        "/token" => (200, TOKEN.to_owned()),
        _ => (200, F::ANSWER.to_owned()),
    }
}

/// Checks the rules for every request: a length, no chunks, one `User-Agent`.
#[track_caller]
fn assert_well_formed(request: &Recorded, length: usize, user_agent: &str) {
    assert_eq!(request.header("content-length"), [length.to_string()], "{request:?}");
    assert_eq!(request.body().len(), length, "{request:?}");
    assert!(request.header("transfer-encoding").is_empty(), "{request:?}");
    assert_eq!(request.header("user-agent"), [user_agent], "{request:?}");
    assert_eq!(request.header("host").len(), 1, "{request:?}");
}

async fn requests_say_their_length_and_who_sends_them<F: Fixture>(name: &str) {
    let recorder = Recorder::start(script::<F>).await;
    let client = builder::<ByHand<F::Client>>(&recorder).build().unwrap();
    assert_eq!(client.post(|post| post).await.status(), 200);
    let requests = recorder.requests();
    print(&requests);
    let [token, post] = &requests[..] else { panic!("two requests: {requests:?}") };

    let own = format!("{name}/{}", env!("CARGO_PKG_VERSION"));
    assert!(token.text().starts_with("POST /token HTTP/1.1\r\n"));
    assert!(!token.body().is_empty());
    assert_well_formed(token, token.body().len(), &format!("{own} {}", auth_layer::endpoint::USER_AGENT));
    // The client authenticates itself in only one way (RFC 6749 section 2.3).
    let proofs = token.header("authorization").len() + token.body().matches("test-secret").count();
    assert_eq!(proofs, 1, "{token:?}");

    assert!(post.text().starts_with("POST /api/by-hand HTTP/1.1\r\n"));
    assert_well_formed(post, 0, &own);
    assert_eq!(post.header("authorization"), ["Bearer test-token"]);
}

#[expect(clippy::print_stdout, reason = "the bytes are for a person to look at")]
fn print(requests: &[Recorded]) {
    for request in requests {
        println!("{}\n", request.text());
    }
}

async fn the_callers_user_agent_wins<F: Fixture>() {
    let recorder = Recorder::start(script::<F>).await;
    let mine = || http::HeaderValue::from_static("mine/1");

    // The builder's `User-Agent` wins over that of the reqwest client.
    let reqwest = reqwest::Client::builder().user_agent("reqwest/0").build().unwrap();
    let client = builder::<ByHand<F::Client>>(&recorder).user_agent("mine/1");
    let client = client.leaf(ReqwestLeaf::from_client(reqwest)).build().unwrap();
    client.post(|post| post).await;
    client.post(|post| post.header(http::header::USER_AGENT, http::HeaderValue::from_static("this/2"))).await;
    let sent = recorder.requests();
    let sent: Vec<_> = sent.iter().map(|request| request.header("user-agent")).collect();
    assert_eq!(sent, [["mine/1"], ["mine/1"], ["this/2"]]);

    // The `User-Agent` is set by a layer of the application.
    let layer = tower::layer::layer_fn(move |stack: client_core::Stack| {
        stack.map_request(move |mut request: client_core::Request| {
            request.headers_mut().entry(http::header::USER_AGENT).or_insert(mine());
            request
        })
    });
    let recorder = Recorder::start(script::<F>).await;
    builder::<ByHand<F::Client>>(&recorder).layer(layer).build().unwrap().post(|post| post).await;
    assert_eq!(recorder.requests_to("/by-hand")[0].header("user-agent"), ["mine/1"]);
}

#[tokio::test]
async fn a_typed_operation_without_a_body_says_its_length() {
    let answer = r#"{"token":"handoff","expiresIn":60}"#.to_owned();
    let recorder = Recorder::start(move |request| match request.path() {
        "/token" => (200, TOKEN.to_owned()),
        _ => (200, answer.clone()),
    });
    let recorder = recorder.await;
    let client = builder::<gbg_go_client::Client>(&recorder).build().unwrap();
    let client = client.with_bearer(auth_layer::CallBearer::new("end-user").unwrap());
    // The shape of the answer does not matter here.
    let _ = client.create_handoff_token().instance_id("instance").send().await;
    let requests = recorder.requests_to("/handoff-token");
    assert_well_formed(&requests[0], 0, gbg_go_client::Client::USER_AGENT);
}

#[test]
fn a_user_agent_that_no_header_can_hold_is_a_mistake() {
    for wrong in ["", "  ", "two\r\nlines", "caf\u{e9}"] {
        let credentials = gotab_client::Credentials::new("id", "secret");
        let built = Builder::<gotab_client::Client>::new().credentials(credentials).user_agent(wrong).build();
        assert_eq!(built.err().unwrap().what(), "User-Agent", "{wrong:?}");
    }
}

/// A stream of two pieces, with or without a known length.
struct Pieces {
    left: Vec<&'static str>,
    known: bool,
}

impl Pieces {
    fn body(known: bool) -> Body {
        Body::wrap(Self { left: vec!["two", "one "], known })
    }
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(self.left.pop().map(|piece| Ok(Frame::data(piece.into()))))
    }

    fn size_hint(&self) -> SizeHint {
        let length = self.left.iter().map(|piece| piece.len() as u64).sum();
        if self.known { SizeHint::with_exact(length) } else { SizeHint::new() }
    }
}

/// Returns a script that rejects the first token.
fn rejecting_once() -> impl Fn(&Recorded) -> (u16, String) + Send + Sync {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    move |request| match request.path() {
        "/token" => (200, TOKEN.replace("test-token", &format!("test-token-{}", count(&asked)))),
        _ if request.header("authorization") == ["Bearer test-token-1"] => (401, "{}".to_owned()),
        _ => (200, "{}".to_owned()),
    }
}

fn count(asked: &std::sync::atomic::AtomicUsize) -> usize {
    asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1
}

#[tokio::test]
async fn an_upload_of_known_length_says_it_when_sent_again_too() {
    let hyper = || auth_layer::leaf::hyper_util::client::<Body>().unwrap();
    for own_leaf in [false, true] {
        let recorder = Recorder::start(rejecting_once()).await;
        let builder = builder::<ByHand<gbg_go_client::Client>>(&recorder);
        let builder = if own_leaf { builder.leaf(hyper()) } else { builder };
        let client = builder.build().unwrap();
        assert_eq!(client.post(|post| post.body(Pieces::body(true))).await.status(), 200);
        let uploads = recorder.requests_to("/by-hand");
        assert_eq!(uploads.len(), 2);
        for upload in &uploads {
            assert_well_formed(upload, 7, gbg_go_client::Client::USER_AGENT);
            assert_eq!(upload.body(), "one two");
        }
    }
}

#[tokio::test]
async fn an_upload_of_unknown_length_is_sent_in_chunks() {
    let recorder = Recorder::start(script::<journeys::GbgGo>).await;
    let client = builder::<ByHand<gbg_go_client::Client>>(&recorder).build().unwrap();
    assert_eq!(client.post(|post| post.body(Pieces::body(false))).await.status(), 200);
    let upload = &recorder.requests_to("/by-hand")[0];
    assert_eq!(upload.header("transfer-encoding"), ["chunked"]);
    assert!(upload.header("content-length").is_empty());
}

#[tokio::test]
async fn the_length_of_an_answer_reaches_the_caller() {
    // GoTo's profile examines the body of a 403.
    for status in [200, 403] {
        let answer = r#"{"msg":"no"}"#;
        let recorder = Recorder::start(move |request| match request.path() {
            "/token" => (200, TOKEN.to_owned()),
            _ => (status, answer.to_owned()),
        });
        let recorder = recorder.await;
        let client = builder::<ByHand<goto_client::Client>>(&recorder).build().unwrap();
        let response = client.post(|post| post).await;
        assert_eq!(response.body().size_hint().exact(), Some(answer.len() as u64), "{status}");
    }
}

const TOKEN: &str =
    r#"{"access_token":"test-token","token":"test-token","token_type":"Bearer","expires_in":3600}"#;
