//! A request that uses something up has its own connection. Any other request is sent again if its connection ends.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use auth_layer::grant::TokenExchange;
use auth_layer::source::TokenRequest;
use auth_layer::token::TokenTypeId;
use auth_layer::{
    Credential, ErrorKind, Exchange, Grant, Metadata, Profile, RefreshToken, ReplayRule, Secret, SignIn,
    TestClock, TokenSource, Transport,
};
use serde_json::json;

use crate::sign_in::{REDIRECT, good};
use crate::support::{FakeTokenEndpoint, example, json_response, poll_once, respond, token_answer};

/// The two kinds of requests: some use something up, such as a code.
use Use::{Nothing, Something};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Nothing,
    Something,
}

type Asking = Pin<Box<dyn Future<Output = ()>>>;

/// One request through a transport.
type Ask = Box<dyn Fn(Transport, TestClock) -> Asking>;

/// Returns an answer that is valid for every request except the one for metadata.
fn all_in_one() -> FakeTokenEndpoint {
    let answer = json!({
        "access_token": "a", "token_type": "Bearer", "expires_in": 60, "refresh_token": "r",
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "device_code": "a-device-code", "user_code": "WDJB-MJHT", "interval": 5,
        "verification_uri": "https://example.com/device",
    });
    FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, &answer.to_string())))
}

/// Returns a server whose connections end before the answer begins.
fn cut() -> FakeTokenEndpoint {
    FakeTokenEndpoint::scripted(|_, _| Err(io::Error::from(io::ErrorKind::ConnectionReset).into()))
}

fn profile() -> Profile {
    example()
        .with_authorize_url("https://auth.example.com/authorize")
        .and_then(|profile| profile.with_device_url("https://auth.example.com/device"))
        .and_then(|profile| profile.with_revocation_url("https://auth.example.com/revoke"))
        .unwrap()
}

fn exchange(profile: Profile, grant: Grant, transport: Transport, clock: &TestClock) -> Exchange {
    Exchange::builder(profile, Credential::new("client", "client-secret"), grant)
        .transport(transport)
        .clock(Arc::new(clock.clone()))
        .timeout(Duration::from_secs(60))
        .build()
        .unwrap()
}

fn sign_in(transport: Transport, clock: &TestClock) -> SignIn {
    SignIn::builder(profile(), Credential::new("client", "client-secret"))
        .transport(transport)
        .clock(Arc::new(clock.clone()))
        .build()
        .unwrap()
}

fn grant(grant: impl Fn() -> Grant + 'static) -> Ask {
    Box::new(move |transport, clock| {
        let exchange = exchange(profile(), grant(), transport, &clock);
        Box::pin(async move { drop(exchange.token(&TokenRequest::new()).await) })
    })
}

fn refresh(rule: ReplayRule) -> Ask {
    Box::new(move |transport, clock| {
        let grant = Grant::refresh_token(RefreshToken::new("r0"));
        let exchange = exchange(profile().with_replay_rule(rule), grant, transport, &clock);
        Box::pin(async move { drop(exchange.token(&TokenRequest::new()).await) })
    })
}

fn signing_in(run: impl AsyncFn(SignIn) + Copy + 'static) -> Ask {
    Box::new(move |transport, clock| {
        let sign_in = sign_in(transport, &clock);
        Box::pin(async move { run(sign_in).await })
    })
}

/// Returns one request of every kind.
fn requests() -> Vec<(&'static str, Use, Ask)> {
    let jwt = || Grant::jwt_bearer(|| Ok(Secret::new("an-assertion")));
    let traded = || TokenExchange::new("subject-1", TokenTypeId::JWT).into();
    let code = async |sign_in: SignIn| {
        let authorization = sign_in.authorize(REDIRECT, None).unwrap();
        let callback = good(&authorization);
        drop(sign_in.finish(authorization, &callback).await);
    };
    let codes = async |sign_in: SignIn| drop(sign_in.ask_for_device_code(None).await);
    let revocation = async |sign_in: SignIn| drop(sign_in.revoke(&RefreshToken::new("r0")).await);
    let metadata: Ask = Box::new(|transport, clock| {
        Box::pin(async move {
            let timeout = Duration::from_secs(60);
            drop(Metadata::fetch("https://auth.example.com/", &transport, &clock, timeout).await);
        })
    });
    vec![
        ("client credentials", Nothing, grant(|| Grant::ClientCredentials)),
        ("an assertion", Nothing, grant(jwt)),
        ("a token exchange", Nothing, grant(traded)),
        (
            "a grant of the provider's own",
            Nothing,
            grant(|| Grant::custom("personal_access_token", [("pat", "6f1ed002ab55")])),
        ),
        ("one with a code", Something, grant(|| Grant::custom("urn:example:code", [("code", "123456789")]))),
        ("a reusable refresh token", Nothing, refresh(ReplayRule::Reusable)),
        ("a refresh token of no known rule", Something, refresh(ReplayRule::Unknown)),
        ("one with a grace period", Something, refresh(ReplayRule::Grace(Duration::from_secs(30)))),
        ("one that is good for one use", Something, refresh(ReplayRule::KillsFamily)),
        ("an authorization code", Something, signing_in(code)),
        ("a question for a device's codes", Nothing, signing_in(codes)),
        ("a revocation", Nothing, signing_in(revocation)),
        ("metadata", Nothing, metadata),
    ]
}

#[test]
fn rf06_one_time_requests_use_the_second_service() {
    for (name, uses, ask) in requests() {
        let (pooled, one_shot) = (all_in_one(), all_in_one());
        let transport = Transport::new(pooled.service()).one_shot(one_shot.service());
        assert!(poll_once(&mut ask(transport, TestClock::new())).is_ready(), "{name}");
        // The usual answer is not metadata, so the client looks in the second place.
        let sent = if name == "metadata" { 2 } else { 1 };
        let expected = if uses == Nothing { (sent, 0) } else { (0, sent) };
        assert_eq!((pooled.count(), one_shot.count()), expected, "{name}");
    }
}

#[test]
fn a_harmless_request_is_sent_again_once_if_its_connection_ends() {
    for (name, uses, ask) in requests() {
        let (pooled, one_shot) = (cut(), cut());
        let transport = Transport::new(pooled.service()).one_shot(one_shot.service());
        // The revocation waits for its next attempt.
        let _ = poll_once(&mut ask(transport, TestClock::new()));
        let sent = if name == "metadata" { 2 } else { 1 };
        let expected = if uses == Nothing { (sent, sent) } else { (0, 1) };
        assert_eq!((pooled.count(), one_shot.count()), expected, "{name}");

        let alone = cut();
        let _ = poll_once(&mut ask(alone.transport(), TestClock::new()));
        let expected = if uses == Nothing { 2 * sent } else { 1 };
        assert_eq!(alone.count(), expected, "{name}, without a second service");
    }
}

#[test]
fn a_poll_of_a_device_goes_through_the_second_service() {
    let (pooled, one_shot, clock) = (all_in_one(), all_in_one(), TestClock::new());
    let transport = Transport::new(pooled.service()).one_shot(one_shot.service());
    let sign_in = sign_in(transport, &clock);
    let mut polling = Box::pin(async {
        let code = sign_in.ask_for_device_code(None).await.unwrap();
        sign_in.poll(&code).await.unwrap();
    });
    assert!(poll_once(&mut polling).is_pending());
    clock.advance(Duration::from_secs(5));
    assert!(poll_once(&mut polling).is_ready());
    assert_eq!((pooled.count(), one_shot.count()), (1, 1));
}

#[test]
fn an_assertion_is_made_again_for_the_second_send() {
    let (pooled, one_shot) = (cut(), FakeTokenEndpoint::issuing(60));
    let made = AtomicUsize::new(0);
    let grant = Grant::jwt_bearer(move || {
        let number = made.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(Secret::new(format!("assertion-{number}")))
    });
    let transport = Transport::new(pooled.service()).one_shot(one_shot.service());
    let exchange = exchange(example(), grant, transport, &TestClock::new());
    let request = TokenRequest::new();
    assert!(matches!(poll_once(&mut exchange.token(&request)), std::task::Poll::Ready(Ok(_))));
    let sent = |endpoint: &FakeTokenEndpoint| endpoint.seen()[0].form("assertion").unwrap();
    assert_eq!((sent(&pooled), sent(&one_shot)), ("assertion-1".into(), "assertion-2".into()));
}

#[tokio::test]
async fn only_a_connection_that_ended_is_reason_to_send_again() {
    use io::ErrorKind::*;

    for kind in [ConnectionReset, ConnectionAborted, BrokenPipe, UnexpectedEof] {
        let endpoint = FakeTokenEndpoint::scripted(move |n, _| match n {
            1 => Err(io::Error::from(kind).into()),
            _ => Ok(token_answer("token", 60)),
        });
        let clock = TestClock::new();
        let exchange = exchange(example(), Grant::ClientCredentials, endpoint.transport(), &clock);
        assert!(exchange.token(&TokenRequest::new()).await.is_ok(), "{kind:?}");
        assert_eq!(endpoint.count(), 2, "{kind:?}");
    }
    for kind in [ConnectionRefused, TimedOut, InvalidData] {
        let endpoint = FakeTokenEndpoint::scripted(move |_, _| Err(io::Error::from(kind).into()));
        let clock = TestClock::new();
        let exchange = exchange(example(), Grant::ClientCredentials, endpoint.transport(), &clock);
        let error = exchange.token(&TokenRequest::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Transport, true), "{kind:?}");
        assert_eq!(endpoint.count(), 1, "{kind:?}");
    }
    // A response is not a broken connection, whatever its status.
    let endpoint = FakeTokenEndpoint::scripted(|_, _| Ok(respond(502, "")));
    let exchange = exchange(example(), Grant::ClientCredentials, endpoint.transport(), &TestClock::new());
    exchange.token(&TokenRequest::new()).await.unwrap_err();
    assert_eq!(endpoint.count(), 1);
}
