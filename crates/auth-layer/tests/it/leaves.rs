//! The leaves, against a server on a socket.

use std::sync::Arc;

use auth_layer::leaf::reqwest::ReqwestLeaf;
use auth_layer::{
    AuthLayer, BoxError, Credential, Error, Exchange, Grant, Profile, TestClock, TokenManager, Transport,
    leaf,
};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

use crate::loopback::{Closed, Loopback, Reply, answer, redirect};
use crate::support::{FakeTokenEndpoint, Rig, Seen, example};

type Answered = Result<(u16, String), BoxError>;

/// Sends one request through a leaf and reads the whole answer.
async fn send<S, R>(mut leaf: S, request: Request<Full<Bytes>>) -> Answered
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    R: http_body::Body,
    R::Error: Into<BoxError>,
{
    let response = leaf.ready().await.map_err(Into::into)?.call(request).await.map_err(Into::into)?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.map_err(Into::into)?.to_bytes();
    Ok((status, String::from_utf8(body.to_vec())?))
}

fn post(url: &str) -> Request<Full<Bytes>> {
    Request::post(url).header("x-mine", "1").body(Full::from("a body")).unwrap()
}

/// Sends the same request through both leaves.
async fn through_both(url: &str) -> [Answered; 2] {
    let hyper = send(leaf::hyper_util::client().unwrap(), post(url)).await;
    [hyper, send(ReqwestLeaf::new().unwrap(), post(url)).await]
}

fn echo(_: usize, seen: &Seen) -> Reply {
    let body = String::from_utf8(seen.body.to_vec()).unwrap();
    let mine = seen.headers["x-mine"].to_str().unwrap();
    Reply::Whole(answer(201, &format!("{} {} {mine} {body}", seen.method, seen.uri)))
}

#[tokio::test]
async fn both_leaves_send_a_request_and_bring_its_answer() {
    let server = Loopback::start(echo).await;
    for answered in through_both(&server.url("/a/b?c=d%20e")).await {
        assert_eq!(answered.unwrap(), (201, "POST /a/b?c=d%20e 1 a body".to_owned()));
    }
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn tr09_neither_leaf_follows_redirects() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Loopback::saying(200, "arrived").await;
        let target = elsewhere.url("/");
        let server = Loopback::start(move |_, _| Reply::Whole(redirect(status, &target))).await;
        for answered in through_both(&server.url("/")).await {
            assert_eq!(answered.unwrap(), (status, String::new()));
        }
        assert_eq!((server.count(), elsewhere.count()), (2, 0));
    }
}

#[tokio::test]
async fn a_connection_that_breaks_mid_answer_is_an_error() {
    for reply in [Reply::Reset, Reply::Cut] {
        let server = Loopback::start(move |_, _| reply(answer(200, "half"))).await;
        for answered in through_both(&server.url("/")).await {
            assert!(answered.is_err(), "{answered:?}");
        }
    }
}

#[tokio::test]
async fn a_port_without_a_listener_is_an_error() {
    for answered in through_both(&Closed::new().url("/")).await {
        assert!(answered.is_err(), "{answered:?}");
    }
}

/// Runs a whole stack: a token from one server, a call to another, a rejection and a resend.
async fn whole_stack<S, R>(leaf: S, transport: Transport)
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    R: http_body::Body<Error: Into<BoxError> + Send, Data: Send> + Send + 'static,
{
    let tokens = Loopback::start(|n, _| {
        let body = format!(r#"{{"access_token":"token-{n}","token_type":"Bearer","expires_in":3600}}"#);
        Reply::Whole(answer(200, &body))
    })
    .await;
    let api = Loopback::start(|_, seen| match seen.bearer().as_deref() {
        Some("token-2") => echo(0, seen),
        _ => Reply::Whole(answer(401, "rejected")),
    })
    .await;
    let profile = Profile::new("loopback", &tokens.url("/token")).unwrap().with_origin(&api.url("")).unwrap();
    let exchange = Exchange::builder(
        profile.clone(),
        Credential::new("client", "client-secret"),
        Grant::ClientCredentials,
    )
    .transport(transport)
    .clock(Arc::new(TestClock::new()))
    .build()
    .unwrap();
    let manager = TokenManager::builder(exchange).clock(Arc::new(TestClock::new())).build();
    let service = ServiceBuilder::new().layer(AuthLayer::new(&profile, manager)).service(leaf);
    let (status, body) = send(service, post(&api.url("/me"))).await.unwrap();
    assert_eq!((status, body.as_str()), (201, "POST /me 1 a body"));
    let bearers: Vec<_> = api.seen().iter().map(|seen| seen.bearer().unwrap()).collect();
    assert_eq!(bearers, ["token-1", "token-2"]);
    assert_eq!(tokens.count(), 2);
    assert_eq!(tokens.seen()[0].headers["authorization"], "Basic Y2xpZW50OmNsaWVudC1zZWNyZXQ=");
}

#[tokio::test]
async fn the_hyper_leaf_carries_the_whole_stack() {
    let transport = Transport::new(leaf::hyper_util::client().unwrap());
    whole_stack(leaf::hyper_util::client().unwrap(), transport).await;
}

#[tokio::test]
async fn the_reqwest_leaf_carries_the_whole_stack() {
    let leaf = ReqwestLeaf::new().unwrap();
    whole_stack(leaf.clone(), Transport::new(leaf)).await;
}

#[tokio::test]
async fn an_exchange_that_was_given_no_transport_brings_its_own() {
    let tokens = Loopback::saying(200, r#"{"access_token":"t","token_type":"Bearer"}"#).await;
    let profile = Profile::new("loopback", &tokens.url("/token")).unwrap();
    let credential = Credential::new("client", "client-secret");
    let exchange = Exchange::builder(profile, credential, Grant::ClientCredentials).build().unwrap();
    let token = TokenManager::new(exchange).token().await.unwrap();
    assert_eq!((token.access_token().expose(), tokens.count()), ("t", 1));
}

#[tokio::test]
async fn the_error_of_a_leaf_is_returned_unchanged() {
    let server = Loopback::start(|_, _| Reply::Reset(answer(200, ""))).await;
    let closed = Closed::new();
    let rig = Rig::with_profile(
        FakeTokenEndpoint::issuing(3600),
        example().with_origin(&server.url("")).unwrap().with_origin(&closed.url("/")).unwrap(),
    );
    let hyper = rig.layer().layer(leaf::hyper_util::client().unwrap());
    let error = send(hyper, post(&closed.url("/"))).await.unwrap_err();
    assert!(Error::find(error.as_ref()).is_none());
    let error =
        send(rig.layer().layer(ReqwestLeaf::new().unwrap()), post(&server.url("/"))).await.unwrap_err();
    assert!(Error::find(error.as_ref()).is_none());
    assert_eq!((rig.endpoint.count(), server.count()), (1, 1));
}
