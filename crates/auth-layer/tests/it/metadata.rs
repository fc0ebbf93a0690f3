//! A server's metadata: where it is looked for, what is accepted, and how long it is kept.

use std::sync::Arc;
use std::time::Duration;

use auth_layer::metadata::MetadataCache;
use auth_layer::{ClientAuth, Error, ErrorKind, Metadata, Profile, TestClock};
use futures_util::future::join_all;
use proptest::prelude::*;

use crate::sign_in::{REDIRECT, client, good};
use crate::support::{
    FakeTokenEndpoint, Rig, example, json_response, logged, poll_once, respond, settle, until,
};

const ISSUER: &str = "https://auth.example.com";
const SECOND: Duration = Duration::from_secs(1);

/// Returns a document of the issuer with more members.
fn document(issuer: &str, more: &str) -> String {
    format!(r#"{{"issuer":"{issuer}","token_endpoint":"https://auth.example.com/t"{more}}}"#)
}

async fn fetch(issuer: &str, server: &FakeTokenEndpoint) -> Result<Metadata, Error> {
    Metadata::fetch(issuer, &server.transport(), &TestClock::new(), SECOND).await
}

/// Fetches a document of the usual issuer with more members.
async fn fetched(more: &str) -> Result<Metadata, Error> {
    let body = document(ISSUER, more);
    fetch(ISSUER, &FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, &body)))).await
}

fn asked(server: &FakeTokenEndpoint) -> Vec<String> {
    server.seen().iter().map(|seen| format!("{} {}", seen.method, seen.uri)).collect()
}

#[tokio::test]
async fn md01_the_path_is_put_in_for_8414_and_then_appended_for_discovery() {
    for (issuer, first, second) in [
        (
            "https://auth.example.com",
            "https://auth.example.com/.well-known/oauth-authorization-server",
            "https://auth.example.com/.well-known/openid-configuration",
        ),
        (
            "https://auth.example.com/",
            "https://auth.example.com/.well-known/oauth-authorization-server",
            "https://auth.example.com/.well-known/openid-configuration",
        ),
        (
            "https://auth.example.com:8443/tenant/1",
            "https://auth.example.com:8443/.well-known/oauth-authorization-server/tenant/1",
            "https://auth.example.com:8443/tenant/1/.well-known/openid-configuration",
        ),
        (
            "http://127.0.0.1:8080/a/",
            "http://127.0.0.1:8080/.well-known/oauth-authorization-server/a",
            "http://127.0.0.1:8080/a/.well-known/openid-configuration",
        ),
    ] {
        let body = document(issuer, "");
        let server = FakeTokenEndpoint::scripted(move |n, _| match n {
            1 => Ok(respond(404, "no")),
            _ => Ok(json_response(200, &body)),
        });
        assert_eq!(fetch(issuer, &server).await.unwrap().issuer(), issuer);
        assert_eq!(asked(&server), [format!("GET {first}"), format!("GET {second}")]);
    }
    let server = FakeTokenEndpoint::scripted(|_, _| Ok(json_response(200, &document(ISSUER, ""))));
    fetch(ISSUER, &server).await.unwrap();
    assert_eq!(server.count(), 1, "the first that is there counts");
}

#[tokio::test]
async fn md01_a_catch_all_page_and_a_redirect_are_not_documents() {
    for (status, body) in [(200, "<!doctype html>"), (302, ""), (200, ""), (401, "{}"), (410, "gone")] {
        let server = FakeTokenEndpoint::scripted(move |n, _| match n {
            1 => Ok(respond(status, body)),
            _ => Ok(json_response(200, &document(ISSUER, ""))),
        });
        fetch(ISSUER, &server).await.unwrap();
        assert_eq!(server.count(), 2, "{status} {body}");
        let nowhere = FakeTokenEndpoint::scripted(move |_, _| Ok(respond(status, body)));
        let error = fetch(ISSUER, &nowhere).await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient(), nowhere.count()), (ErrorKind::Metadata, false, 2));
        assert_eq!(error.status().map(|s| s.as_u16()), Some(status));
    }
}

#[tokio::test]
async fn md01_trouble_in_the_first_place_does_not_hide_the_second() {
    for status in [500, 502, 503, 429] {
        let server = FakeTokenEndpoint::scripted(move |n, _| match n {
            1 => Ok(respond(status, "")),
            _ => Ok(json_response(200, &document(ISSUER, ""))),
        });
        fetch(ISSUER, &server).await.unwrap();
        assert_eq!(server.count(), 2);
    }
    for (first, second) in [(503, 404), (404, 503), (503, 500)] {
        let server =
            FakeTokenEndpoint::scripted(move |n, _| Ok(respond(if n == 1 { first } else { second }, "")));
        let error = fetch(ISSUER, &server).await.unwrap_err();
        assert_eq!((error.is_transient(), error.status().map(|s| s.as_u16())), (true, Some(503)));
        assert_eq!(server.count(), 2);
    }
    // Another issuer's document in the second place is an error as well.
    let server = FakeTokenEndpoint::scripted(|n, _| match n {
        1 => Ok(respond(503, "")),
        _ => Ok(json_response(200, &document("https://evil.example.com", ""))),
    });
    assert!(!fetch(ISSUER, &server).await.unwrap_err().is_transient());
}

#[tokio::test]
async fn md01_a_wrong_document_in_the_first_place_does_not_hide_the_second() {
    let other = document("https://evil.example.com", "");
    let bad_token_url = format!(r#"{{"issuer":"{ISSUER}","token_endpoint":"http://auth.example.com/t"}}"#);
    let long = document(ISSUER, &format!(r#","x":"{}""#, "a".repeat(64 * 1024)));
    let wrong = [&other, &bad_token_url, &long, "{}", "[]", "5", r#"{"issuer":1,"token_endpoint":2}"#];
    for body in wrong.map(str::to_owned) {
        let what: String = body.chars().take(80).collect();
        let server = FakeTokenEndpoint::scripted(move |n, _| {
            Ok(json_response(
                200,
                if n == 1 {
                    &body
                } else {
                    r#"{"issuer":"https://auth.example.com","token_endpoint":"https://auth.example.com/t"}"#
                },
            ))
        });
        let metadata = fetch(ISSUER, &server).await.expect(&what);
        assert_eq!((metadata.issuer(), server.count()), (ISSUER, 2), "{what}");
    }
    let server = FakeTokenEndpoint::scripted(|n, _| match n {
        1 => Err("connection reset".into()),
        _ => Ok(json_response(200, &format!("\u{feff}{}", document(ISSUER, "")))),
    });
    fetch(ISSUER, &server).await.unwrap();
}

#[tokio::test]
async fn md01_an_error_tells_of_both_places() {
    let server = FakeTokenEndpoint::scripted(|n, _| match n {
        1 => Ok(json_response(200, &document("https://evil.example.com", ""))),
        _ => Ok(respond(404, "no")),
    });
    let error = fetch(ISSUER, &server).await.unwrap_err();
    let expected = "the issuer has no metadata that can be used; \
        https://auth.example.com/.well-known/oauth-authorization-server: the issuer's metadata cannot be used: the \
        document's issuer: is \"https://evil.example.com\", but \"https://auth.example.com\" was asked for (RFC 8414 section \
        3.3); \
        https://auth.example.com/.well-known/openid-configuration: no document (status 404)";
    assert_eq!(error.to_string(), expected);
    assert!(!error.is_transient());
    // A wrong document will not change by itself, whatever the other place has.
    let server = FakeTokenEndpoint::scripted(|n, _| match n {
        1 => Ok(json_response(200, &document("https://evil.example.com", ""))),
        _ => Ok(respond(503, "")),
    });
    let error = fetch(ISSUER, &server).await.unwrap_err();
    assert!(!error.is_transient() && error.to_string().contains("in trouble"), "{error}");
}

#[tokio::test]
async fn md02_a_document_of_another_issuer_is_not_used() {
    for other in ["https://auth.example.com/", "https://AUTH.example.com", "https://evil.example.com", ""] {
        let body = document(other, "");
        let server = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, &body)));
        let error = fetch(ISSUER, &server).await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient(), server.count()), (ErrorKind::Metadata, false, 2));
    }
    for unreadable in
        ["{}", "[]", r#"{"issuer":"https://auth.example.com"}"#, r#"{"issuer":1,"token_endpoint":2}"#]
    {
        let server = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, unreadable)));
        assert_eq!(fetch(ISSUER, &server).await.unwrap_err().kind(), ErrorKind::Metadata, "{unreadable}");
    }
    assert!(fetched(r#","issuer":"https://auth.example.com""#).await.is_err(), "it is named twice");
}

#[tokio::test]
async fn md02_a_profile_of_another_issuer_takes_nothing_over() {
    let metadata = fetched("").await.unwrap();
    let profile = example().with_issuer("https://other.example.com").unwrap();
    assert_eq!(profile.with_metadata(&metadata).unwrap_err().what(), "issuer");
    let profile = example().with_issuer(ISSUER).unwrap();
    assert!(profile.with_metadata(&metadata).is_ok());
}

#[tokio::test]
async fn md03_an_issuer_is_https_without_query_or_fragment() {
    for bad in [
        "http://auth.example.com",
        "https://auth.example.com?a=b",
        "https://auth.example.com/#a",
        "auth.example.com",
        "",
        "https://",
        "ftp://auth.example.com",
        "https://auth.example.com/?",
        "https://user:sesame@auth.example.com",
        "/path",
    ] {
        let server = FakeTokenEndpoint::issuing(1);
        let error = fetch(bad, &server).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.is_transient(), server.count()),
            (ErrorKind::Metadata, false, 0),
            "{bad}"
        );
        assert!(!format!("{error} {error:?}").contains("sesame"), "{error:?}");
        assert!(MetadataCache::new(bad, server.transport()).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn md04_a_server_that_tells_no_methods_takes_a_basic_header() {
    let metadata = fetched("").await.unwrap();
    assert_eq!(metadata.client_auth_methods().collect::<Vec<_>>(), ["client_secret_basic"]);
    let profile = example().with_client_auth(ClientAuth::body()).with_metadata(&metadata).unwrap();
    let endpoint = FakeTokenEndpoint::issuing(60);
    Rig::with_profile(endpoint.clone(), profile).manager.token().await.unwrap();
    let seen = &endpoint.seen()[0];
    assert_eq!(seen.uri, "https://auth.example.com/t");
    assert!(seen.headers.contains_key("authorization"));
    assert_eq!(seen.form("client_secret"), None);
}

/// Returns how a client authenticates after it has read a list of methods.
async fn chosen(own: ClientAuth, methods: &str) -> Option<&'static str> {
    let metadata =
        fetched(&format!(r#","token_endpoint_auth_methods_supported":[{methods}]"#)).await.unwrap();
    let profile = example().with_client_auth(own).with_metadata(&metadata).ok()?;
    // Any client may redeem a code, even one without a secret.
    let endpoint = FakeTokenEndpoint::issuing(60);
    let sign_in = client(profile.with_authorize_url("https://auth.example.com/a").unwrap(), &endpoint);
    let authorization = sign_in.authorize(REDIRECT, None).unwrap();
    let callback = good(&authorization);
    sign_in.finish(authorization, &callback).await.unwrap();
    let seen = &endpoint.seen()[0];
    let basic = seen.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    Some(match (basic, seen.form("client_secret"), seen.form("key")) {
        (Some(_), None, None) => "header",
        (None, Some(_), None) => "body",
        (None, None, Some(_)) => "own names",
        (None, None, None) => "none",
        more => panic!("more than one way: {more:?}"),
    })
}

#[tokio::test]
async fn md05_the_strongest_method_of_both_sides_is_chosen() {
    let (basic, post, none) = (r#""client_secret_basic""#, r#""client_secret_post""#, r#""none""#);
    let all = format!(r#"{none},{post},"private_key_jwt",{basic}"#);
    let own = || ClientAuth::body_named("id", "key");
    assert_eq!(chosen(ClientAuth::body(), &all).await, Some("header"));
    assert_eq!(chosen(ClientAuth::BasicRaw, &all).await, Some("header"));
    assert_eq!(chosen(ClientAuth::Basic, &format!("{none},{post}")).await, Some("body"));
    assert_eq!(chosen(own(), &format!("{none},{post}")).await, Some("own names"));
    assert_eq!(chosen(ClientAuth::Public, &all).await, Some("none"));
}

#[tokio::test]
async fn md05_no_method_in_common_is_a_mistake_of_configuration() {
    for (own, methods) in [
        (ClientAuth::Basic, ""),
        (ClientAuth::Basic, r#""none""#),
        (ClientAuth::body(), r#""private_key_jwt","tls_client_auth""#),
        (ClientAuth::Public, r#""client_secret_basic""#),
    ] {
        assert_eq!(chosen(own, methods).await, None, "{methods}");
    }
}

#[tokio::test]
async fn a_profile_takes_over_what_the_document_says_and_keeps_the_rest() {
    let metadata = fetched(
        r#","authorization_endpoint":"https://auth.example.com/a","device_authorization_endpoint":"https://auth.example.com/d",
        "revocation_endpoint":"https://auth.example.com/r","authorization_response_iss_parameter_supported":true,
        "jwks_uri":"http://whatever","grant_types_supported":["authorization_code"]"#,
    )
    .await
    .unwrap();
    let profile = example().with_metadata(&metadata).unwrap();
    let url = |uri: Option<&http::Uri>| uri.map(ToString::to_string);
    assert_eq!(profile.token_url(), "https://auth.example.com/t");
    assert_eq!(url(profile.authorize_url()).as_deref(), Some("https://auth.example.com/a"));
    assert_eq!(url(profile.device_url()).as_deref(), Some("https://auth.example.com/d"));
    assert_eq!(url(profile.revocation_url()).as_deref(), Some("https://auth.example.com/r"));
    assert_eq!((profile.issuer(), profile.names_issuer_in_callback()), (Some(ISSUER), true));

    let plain = fetched("").await.unwrap();
    let kept = profile.with_metadata(&plain).unwrap();
    assert_eq!(url(kept.authorize_url()).as_deref(), Some("https://auth.example.com/a"));
    assert!(kept.names_issuer_in_callback(), "what was demanded stays demanded");
}

/// URLs that no endpoint may have.
const BAD_URLS: [&str; 7] = [
    "http://auth.example.com/x",
    "auth.example.com",
    "",
    "https://",
    "javascript:x",
    "https://user:sesame@auth.example.com/x",
    "https://auth.example.com/x#y",
];

#[tokio::test]
async fn md08_a_token_endpoint_that_is_not_https_makes_the_document_useless() {
    for bad in BAD_URLS.iter().map(|bad| format!("{bad:?}")).chain(["5".into(), "null".into(), "[]".into()]) {
        let body = format!(r#"{{"issuer":"{ISSUER}","token_endpoint":{bad}}}"#);
        let server = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, &body)));
        let error = fetch(ISSUER, &server).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Metadata, "{bad}");
        assert!(!format!("{error} {error:?}").contains("sesame"), "{error:?}");
        assert!(error.to_string().contains("token_endpoint"), "{error}");
    }
}

#[test]
fn md08_a_bad_optional_member_is_left_out_with_a_warning() {
    for member in ["authorization_endpoint", "device_authorization_endpoint", "revocation_endpoint"] {
        for bad in
            BAD_URLS.iter().map(|bad| format!("{bad:?}")).chain(["5".into(), "[]".into(), "1e999".into()])
        {
            let log = logged(|| async {
                let all = r#","authorization_endpoint":"https://auth.example.com/a","device_authorization_endpoint":"https://auth.example.com/d","revocation_endpoint":"https://auth.example.com/r""#;
                let all = all
                    .split(',')
                    .filter(|other| !other.starts_with(&format!("\"{member}")))
                    .collect::<Vec<_>>()
                    .join(",");
                let metadata = fetched(&format!(r#"{all},"{member}":{bad}"#)).await.expect(&bad);
                let urls = [metadata.authorize_url(), metadata.device_url(), metadata.revocation_url()];
                assert_eq!(urls.iter().flatten().count(), 2, "{member} {bad}");
                example().with_metadata(&metadata).expect(&bad);
            });
            assert!(log.contains("left out") && log.contains(member), "{log}");
            assert!(!log.contains("sesame"), "{log}");
        }
    }
    let log = logged(|| async {
        let odd = r#","scopes_supported":"read","token_endpoint_auth_methods_supported":"none",
            "authorization_response_iss_parameter_supported":5,"revocation_endpoint":null"#;
        let metadata = fetched(odd).await.unwrap();
        assert_eq!(metadata.client_auth_methods().collect::<Vec<_>>(), ["client_secret_basic"]);
        assert!(!metadata.names_issuer_in_callback() && metadata.revocation_url().is_none());
    });
    assert_eq!(log.matches("left out").count(), 2, "{log}");
}

#[tokio::test]
async fn md08_an_optional_member_that_occurs_twice_is_left_out() {
    let url = r#""revocation_endpoint":"https://auth.example.com/r""#;
    let metadata = fetched(&format!(",{url},{url}")).await.unwrap();
    assert_eq!(metadata.revocation_url(), None);
    assert!(fetched(r#","token_endpoint":"https://auth.example.com/t""#).await.is_err());
    // The promise is accepted in either spelling, and of a list every part that can be read.
    let odd = r#","authorization_response_iss_parameter_supported":"true",
        "token_endpoint_auth_methods_supported":["none",5,null]"#;
    let metadata = fetched(odd).await.unwrap();
    assert!(metadata.names_issuer_in_callback());
    assert_eq!(metadata.client_auth_methods().collect::<Vec<_>>(), ["none"]);
}

#[test]
fn md08_an_endpoint_elsewhere_is_logged_and_used() {
    let log = logged(|| async {
        let metadata =
            fetched(r#","revocation_endpoint":"https://elsewhere.example.com/r?key=hidden""#).await.unwrap();
        assert!(metadata.revocation_url().is_some());
    });
    assert!(log.contains("another origin") && log.contains("elsewhere.example.com"), "{log}");
    assert!(log.contains("revocation_endpoint") && !log.contains("hidden"), "{log}");
    let log = logged(|| async {
        fetched(r#","revocation_endpoint":"https://auth.example.com:443/r""#).await.unwrap();
    });
    assert!(!log.contains("another origin"), "{log}");
}

#[tokio::test]
async fn a_document_is_bounded() {
    let body = document(ISSUER, &format!(r#","x":"{}""#, "a".repeat(64 * 1024)));
    let server = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, &body)));
    let error = fetch(ISSUER, &server).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Metadata, false));
    assert!(error.to_string().contains("longer"), "{error}");
}

#[tokio::test]
async fn trouble_at_the_issuer_is_transient() {
    for status in [500, 503, 429] {
        let server = FakeTokenEndpoint::scripted(move |_, _| Ok(respond(status, "")));
        let error = fetch(ISSUER, &server).await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Metadata, true), "{status}");
    }
    let server = FakeTokenEndpoint::scripted(|_, _| Err("broken".into()));
    assert!(fetch(ISSUER, &server).await.unwrap_err().is_transient());

    let (server, clock) = (FakeTokenEndpoint::issuing(1), TestClock::new());
    server.hold();
    let transport = server.transport();
    let mut waiting = Box::pin(Metadata::fetch(ISSUER, &transport, &clock, SECOND));
    assert!(poll_once(&mut waiting).is_pending());
    clock.advance(SECOND);
    assert!(waiting.await.unwrap_err().is_transient());
}

/// Returns a cache over a server, and its clock.
fn cache(server: &FakeTokenEndpoint) -> (Arc<MetadataCache>, TestClock) {
    let clock = TestClock::new();
    let cache = MetadataCache::new(ISSUER, server.transport()).unwrap();
    (Arc::new(cache.with_clock(Arc::new(clock.clone())).with_timeout(SECOND)), clock)
}

fn serving() -> FakeTokenEndpoint {
    FakeTokenEndpoint::scripted(|_, _| Ok(json_response(200, &document(ISSUER, ""))))
}

#[tokio::test]
async fn md06_a_document_is_kept_for_an_hour() {
    let server = serving();
    let (cache, clock) = cache(&server);
    cache.get().await.unwrap();
    clock.advance(Duration::from_secs(3_599));
    cache.get().await.unwrap();
    assert_eq!(server.count(), 1);
    clock.advance(SECOND);
    cache.get().await.unwrap();
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn md06_many_callers_at_once_cause_one_fetch() {
    let server = serving();
    server.hold();
    let (cache, _) = cache(&server);
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { cache.get().await })
        })
        .collect();
    until(|| server.count() == 1).await;
    settle().await;
    // The caller that started the request may go away.
    callers[0].abort();
    settle().await;
    server.open();
    let came = join_all(callers).await;
    assert_eq!(came.iter().filter(|came| matches!(came, Ok(Ok(_)))).count(), 99);
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn md06_a_document_stays_in_use_if_it_cannot_be_fetched_again() {
    let server = serving();
    let (cache, clock) = cache(&server);
    let first = cache.get().await.unwrap();
    server.now(|_, _| Ok(respond(503, "")));
    clock.advance(Duration::from_secs(3_600));
    for _ in 0..3 {
        assert_eq!(cache.get().await.unwrap(), first);
    }
    assert_eq!(server.count(), 3, "it is left alone for a while");
    clock.advance(Duration::from_secs(60));
    server.now(|_, _| {
        Ok(json_response(200, &document(ISSUER, r#","revocation_endpoint":"https://auth.example.com/r""#)))
    });
    assert!(cache.get().await.unwrap().revocation_url().is_some());
    assert_eq!(server.count(), 4);
}

#[tokio::test]
async fn md06_a_first_failure_is_shared_and_not_kept() {
    let server = FakeTokenEndpoint::answering([]);
    let (cache, _) = cache(&server);
    assert!(cache.get().await.unwrap_err().is_transient());
    server.now(|_, _| Ok(json_response(200, &document(ISSUER, ""))));
    assert!(cache.get().await.is_ok());
}

proptest! {
    #[test]
    fn no_issuer_and_no_document_make_the_reader_panic(issuer in ".{0,40}", body in ".{0,200}") {
        let server = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, &body)));
        for issuer in [&*issuer, &format!("https://a.example/{issuer}"), ISSUER] {
            let mut fetch = Box::pin(fetch(issuer, &server));
            prop_assert!(poll_once(&mut fetch).is_ready());
        }
    }
}

#[tokio::test]
async fn a_profile_made_of_a_document_works() {
    let metadata = fetched("").await.unwrap();
    let profile = Profile::new("example", metadata.token_url()).unwrap().with_metadata(&metadata).unwrap();
    assert_eq!(profile.issuer(), Some(ISSUER));
}
