//! The errors of a token endpoint, and a token endpoint that does not answer.

use std::sync::Arc;

use auth_layer::leaf::reqwest::ReqwestLeaf;
use auth_layer::{
    Credential, Error, ErrorKind, Exchange, Grant, OAuthError, Profile, ReplayRule, TestClock, TokenManager,
    Transport, leaf,
};
use bytes::Bytes;
use http::Response;
use http_body_util::Full;

use crate::house::House;
use crate::loopback::{Loopback, Reply, answer};
use crate::support::{FakeTokenEndpoint, Rig, json_response, respond};

async fn error_of(response: Response<Full<Bytes>>) -> Error {
    let rig = Rig::new(FakeTokenEndpoint::scripted(move |_, _| Ok(response.clone())));
    let error = rig.manager.token().await.unwrap_err();
    assert_eq!(rig.endpoint.count(), 1);
    error
}

/// Every code that a specification names, and one that none names.
const CODES: [(&str, bool); 11] = [
    ("invalid_request", false),
    ("invalid_client", false),
    ("invalid_grant", false),
    ("unauthorized_client", false),
    ("unsupported_grant_type", false),
    ("invalid_scope", false),
    ("invalid_target", false),
    ("use_dpop_nonce", false),
    ("invalid_dpop_proof", false),
    ("temporarily_unavailable", true),
    ("the_moon_is_full", false),
];

#[tokio::test]
async fn te01_every_code_is_one_typed_error() {
    for (code, transient) in CODES {
        let body = serde_json::json!({
            "error": code, "error_description": "what it is", "error_uri": "https://example.com/help",
        });
        let error = error_of(json_response(400, &body.to_string())).await;
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert_eq!(error.status().map(|status| status.as_u16()), Some(400));
        let oauth = error.oauth().unwrap();
        let fields = (oauth.code(), oauth.description(), oauth.uri());
        assert_eq!(fields, (code, Some("what it is"), Some("https://example.com/help")));
        assert_eq!(error.is_transient(), transient, "{code}");
        assert_eq!(error.endpoint(), Some("https://auth.example.com/token"));
        let expected = format!(
            "the token endpoint refused the request (at https://auth.example.com/token), \
             status 400, {code}: what it is",
        );
        assert_eq!(error.to_string(), expected);
    }
    let bare = error_of(json_response(400, r#"{"error":"invalid_scope"}"#)).await;
    assert_eq!((bare.oauth().unwrap().description(), bare.oauth().unwrap().uri()), (None, None));
}

/// The advice is the application's, for a grant that is used up and for one that is not.
#[tokio::test]
async fn the_error_of_a_refused_client_says_what_to_check() {
    let cases = [
        (400, r#"{"error":"invalid_client","error_description":"no such client"}"#, true),
        (400, r#"{"error":"unauthorized_client"}"#, true),
        (401, r#"{"error":{"code":"INVALID_CLIENT","message":"no"}}"#, true),
        (401, "", true),
        (401, r#"{"error":"slow_down"}"#, true),
        (400, r#"{"error":"invalid_scope"}"#, false),
        (403, "", false),
        (500, r#"{"error":"invalid_client"}"#, false),
        (429, "", false),
        (200, "[]", false),
    ];
    for (status, body, is_advised) in cases {
        let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(status, body)));
        let house = House::new(endpoint.clone(), ReplayRule::Reusable);
        let machine = crate::support::exchange(&endpoint, &house.clock, &house.profile);
        for exchange in [machine, house.exchange()] {
            let exchange = exchange.client_remedy("check ID and SECRET").build().unwrap();
            let error = TokenManager::new(exchange).token().await.unwrap_err();
            assert_eq!(error.remedy() == Some("check ID and SECRET"), is_advised, "{status} {body}");
            assert_eq!(error.to_string().contains("check ID and SECRET"), is_advised, "{error}");
            assert_eq!(format!("{error:?}").contains("check ID and SECRET"), is_advised, "{error:?}");
        }
    }
    let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(400, cases[0].1)));
    let house = House::new(endpoint, ReplayRule::Reusable);
    let exchange = house.exchange().client_remedy("check ID and SECRET").build().unwrap();
    let error = TokenManager::new(exchange).token().await.unwrap_err();
    let said = "the token endpoint refused the request (at https://auth.example.com/token): \
                400 invalid_client: check ID and SECRET (the server says: no such client)";
    assert_eq!(error.to_string(), said);
}

/// The advice about a sign-in is different.
#[tokio::test]
async fn an_ended_grant_is_not_blamed_on_the_client() {
    let endpoint = FakeTokenEndpoint::scripted(|_, _| Ok(json_response(401, r#"{"error":"invalid_grant"}"#)));
    let house = House::new(endpoint, ReplayRule::Reusable);
    let exchange = house.exchange().client_remedy("check ID and SECRET").build().unwrap();
    let error = TokenManager::new(exchange).token().await.unwrap_err();
    assert_eq!((error.kind(), error.remedy()), (ErrorKind::SignInAgain, Some("run the sign-in")));
    assert!(format!("{error:?}").contains("run the sign-in"), "{error:?}");
}

/// Advice that follows the code, where the application gave none. It is not part of the text.
#[tokio::test]
async fn general_advice_follows_the_oauth_code() {
    for (status, code, advice) in [
        (401, "invalid_client", "check the client's id and secret"),
        (400, "INVALID_SCOPE", "ask for a scope that the server offers to this client"),
        (400, "unauthorized_client", "the server does not allow this client"),
        (400, "unsupported_grant_type", "the server does not offer this grant"),
        (400, "invalid_request", "check the token URL"),
        (503, "invalid_client", "the server is in trouble; try again later"),
    ] {
        let error = error_of(json_response(status, &format!(r#"{{"error":"{code}"}}"#))).await;
        let remedy = error.remedy().unwrap();
        assert!(remedy.starts_with(advice), "{code}: {remedy}");
        assert!(!error.to_string().contains(remedy), "{error}");
    }
    assert_eq!(error_of(json_response(400, r#"{"error":"the_moon_is_full"}"#)).await.remedy(), None);
}

#[tokio::test]
async fn te02_only_a_failure_that_can_end_by_itself_is_transient() {
    for status in [408, 429, 500, 501, 502, 503, 504, 529] {
        for body in ["", "{}", r#"{"error":"invalid_client"}"#] {
            assert!(error_of(json_response(status, body)).await.is_transient(), "{status} {body}");
        }
    }
    for status in [302, 400, 401, 403, 404, 405, 415, 422] {
        for body in ["", r#"{"error":"invalid_client"}"#, r#"{"error":"invalid_grant"}"#] {
            assert!(!error_of(json_response(status, body)).await.is_transient(), "{status} {body}");
        }
    }
    let rig = Rig::new(FakeTokenEndpoint::scripted(|_, _| Err("connection refused".into())));
    let error = rig.manager.token().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Transport, true));
}

#[tokio::test]
async fn te02_a_transient_failure_may_succeed_a_moment_later() {
    let busy = || Response::builder().status(503).body("busy").unwrap();
    let good = Response::new(r#"{"access_token":"t","token_type":"Bearer"}"#);
    let rig = Rig::new(FakeTokenEndpoint::answering([busy(), busy(), good]));
    for wait in [1, 2] {
        assert!(rig.manager.token().await.unwrap_err().is_transient());
        rig.advance(wait);
    }
    assert_eq!(rig.manager.token().await.unwrap().access_token().expose(), "t");
}

#[tokio::test]
async fn te02_a_permanent_error_is_not_tried_again_by_itself() {
    for (code, _) in CODES.iter().filter(|(_, transient)| !transient) {
        let body = format!(r#"{{"error":"{code}"}}"#);
        let rig = Rig::new(FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(400, &body))));
        rig.manager.token().await.unwrap_err();
        // Without a call nothing happens, however long the test waits.
        for _ in 0..100 {
            rig.advance(60);
            tokio::task::yield_now().await;
        }
        assert_eq!(rig.endpoint.count(), 1, "{code}");
    }
}

#[tokio::test]
async fn te03_invalid_client_is_the_same_under_400_and_401() {
    let body = r#"{"error":"invalid_client","error_description":"no"}"#;
    let mut unauthorized = json_response(401, body);
    unauthorized.headers_mut().insert("www-authenticate", "Basic realm=\"x\"".parse().unwrap());
    let [first, second] = [error_of(json_response(400, body)).await, error_of(unauthorized).await];
    let told = |error: &Error| (error.kind(), error.is_transient(), error.oauth().cloned());
    assert_eq!(told(&first), told(&second));
    assert_eq!(first.oauth().map(OAuthError::code), Some("invalid_client"));
}

#[tokio::test]
async fn te06_an_error_that_is_not_json_shows_only_its_status() {
    let page = "<html><body>secret-internal-host said no</body></html>";
    for (status, kind) in [
        (502, ErrorKind::Refused),
        (400, ErrorKind::Refused),
        (403, ErrorKind::Refused),
        (200, ErrorKind::InvalidAnswer),
    ] {
        let mut response = respond(status, page);
        response.headers_mut().insert("content-type", "text/html".parse().unwrap());
        let error = error_of(response).await;
        assert_eq!((error.kind(), error.status().unwrap().as_u16()), (kind, status));
        assert!(error.to_string().contains(&format!("status {status}")), "{error}");
        let all = format!("{error} {error:?} {error:#?}");
        assert!(!all.contains("html") && !all.contains("secret-internal-host"), "{all}");
        assert!(error.oauth().is_none());
    }
}

#[tokio::test]
async fn rs15_the_servers_text_is_shortened_and_cleaned() {
    let body = serde_json::json!({
        "error": format!("in\nva\u{1b}[31mlid{}", "x".repeat(1_000)),
        "error_description": format!("one\r\ntwo\u{0}three\u{85}{}", "y".repeat(10_000)),
        "error_uri": format!("https://example.com/\u{7}{}", "z".repeat(10_000)),
        "internal": "stack trace of the server",
    });
    let error = error_of(json_response(400, &body.to_string())).await;
    let oauth = error.oauth().unwrap();
    assert_eq!(oauth.code().chars().count(), 64);
    assert!(oauth.code().starts_with("in va [31mlidx"));
    assert_eq!(oauth.description().unwrap().chars().count(), 200);
    assert!(oauth.description().unwrap().starts_with("one  two three y"));
    assert_eq!(oauth.uri().unwrap().chars().count(), 256);
    let all = format!("{error} {error:?}");
    assert!(!all.contains(char::is_control) && !all.contains("stack trace"), "{all}");
}

/// Returns the error of an exchange with a server that breaks the connection.
async fn broken_off(transport: Transport, reply: fn(Response<String>) -> Reply) -> (Error, usize) {
    let partial = r#"{"access_token":"t","token_type":"Bearer","expires_in":60}"#;
    let server = Loopback::start(move |_, _| reply(answer(200, partial))).await;
    let profile = Profile::new("example", &server.url("/token")).unwrap();
    let clock = Arc::new(TestClock::new());
    let exchange = Exchange::builder(profile, Credential::new("client", "secret"), Grant::ClientCredentials)
        .transport(transport)
        .clock(clock.clone())
        .build()
        .unwrap();
    let error = TokenManager::builder(exchange).clock(clock).build().token().await.unwrap_err();
    (error, server.count())
}

#[tokio::test]
async fn b26_a_connection_that_breaks_mid_answer_is_transient() {
    for reply in [Reply::Reset, Reply::Cut] {
        let hyper = Transport::new(leaf::hyper_util::client().unwrap());
        let reqwest = Transport::new(ReqwestLeaf::new().unwrap());
        for transport in [hyper, reqwest] {
            let (error, requests) = broken_off(transport, reply).await;
            assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Transport, true), "{error:?}");
            assert!(std::error::Error::source(&error).is_some());
            assert_eq!(requests, 1);
        }
    }
}

#[tokio::test]
async fn b26_a_broken_connection_is_tried_again_after_a_moment() {
    let rig = Rig::new(FakeTokenEndpoint::scripted(|n, _| match n {
        1 => Err("connection reset by peer".into()),
        _ => Ok(json_response(200, r#"{"access_token":"t","token_type":"Bearer","expires_in":60}"#)),
    }));
    assert_eq!(rig.manager.token().await.unwrap_err().kind(), ErrorKind::Transport);
    rig.advance(1);
    assert_eq!(rig.manager.token().await.unwrap().access_token().expose(), "t");
    assert_eq!(rig.endpoint.count(), 2);
}
