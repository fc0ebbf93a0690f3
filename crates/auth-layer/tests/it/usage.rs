//! The requests that carry a token, in which form, and the requests that never do.

use auth_layer::operation::Security;
use auth_layer::profile::Origin;
use auth_layer::{
    AccessToken, BoxError, CallBearer, Error, ErrorKind, OperationMeta, Profile, StaticToken, TokenManager,
};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use tower::{Layer, ServiceBuilder, ServiceExt};
use tower_http::follow_redirect::FollowRedirectLayer;

use crate::support::{FakeApi, FakeTokenEndpoint, Rig, get, json_response, kind, respond, text};

fn rig() -> Rig {
    Rig::new(FakeTokenEndpoint::issuing(3600))
}

fn request(uri: &str) -> Request<Full<Bytes>> {
    Request::get(uri).body(Full::default()).unwrap()
}

#[tokio::test]
async fn us01_the_token_is_only_in_the_authorization_header() {
    let (rig, api) = (rig(), FakeApi::accepting());
    let service = rig.layer().layer(api.clone());
    for method in [Method::GET, Method::POST, Method::DELETE] {
        let uri = "https://api.example.com/me?a=1";
        let request = Request::builder().method(method).uri(uri).body(Full::<Bytes>::from("body")).unwrap();
        service.clone().oneshot(request).await.unwrap();
    }
    for seen in api.seen() {
        let values: Vec<_> = seen.headers.iter().collect();
        assert_eq!(values.len(), 1, "{values:?}");
        assert_eq!(seen.headers["authorization"], "Bearer token-1");
        assert_eq!(
            (seen.uri.to_string().as_str(), &seen.body[..]),
            ("https://api.example.com/me?a=1", &b"body"[..])
        );
    }
    assert_eq!(api.count(), 3);
}

/// A request that brings its own `Authorization` and is rejected.
async fn own_authorization(values: &[&'static str]) -> (Rig, FakeApi) {
    let (rig, api) = (rig(), FakeApi::scripted(|_, _| respond(401, "rejected")));
    let service = rig.layer().layer(api.clone());
    let mut request = get("/me");
    for value in values {
        request.headers_mut().append("authorization", value.parse().unwrap());
    }
    let response = service.oneshot(request).await.unwrap();
    assert_eq!((response.status(), text(response).await.as_str()), (StatusCode::UNAUTHORIZED, "rejected"));
    (rig, api)
}

#[tokio::test]
async fn us02_an_authorization_of_the_caller_is_left_alone() {
    for own in [&["Basic YTpi"][..], &["Bearer mine"], &["", "Bearer two"], &["Digest x", "Negotiate y"]] {
        let (_, api) = own_authorization(own).await;
        let seen = &api.seen()[0];
        let values: Vec<_> = seen.headers.get_all("authorization").iter().collect();
        assert_eq!(values, own);
    }
}

#[tokio::test]
async fn b68_an_authorization_of_the_caller_causes_no_token_request() {
    let (rig, api) = own_authorization(&["Bearer mine"]).await;
    assert_eq!((rig.endpoint.count(), api.count()), (0, 1));
    assert_eq!(rig.manager.stats(), auth_layer::manager::Stats::default());

    // Not even if there is a token.
    rig.manager.token().await.unwrap();
    let mut request = get("/me");
    request.headers_mut().insert("authorization", "Bearer mine".parse().unwrap());
    rig.layer().layer(api.clone()).oneshot(request).await.unwrap();
    assert_eq!((rig.endpoint.count(), api.count()), (1, 2));
    assert_eq!(api.bearers(), ["mine", "mine"]);
}

#[tokio::test]
async fn us03_the_header_is_marked_sensitive_on_every_path() {
    let rig = rig();
    let api = FakeApi::rejecting(&["token-1"]);
    let service = rig.layer().layer(api.clone());
    // After a wait, on the resend, and from the cache.
    service.clone().oneshot(get("/me")).await.unwrap();
    service.clone().oneshot(get("/me")).await.unwrap();
    // The same for a token that was given for the call.
    let mut given = get("/me");
    given.extensions_mut().insert(CallBearer::new("given").unwrap());
    service.clone().oneshot(given).await.unwrap();
    assert_eq!(api.bearers(), ["token-1", "token-2", "token-2", "given"]);
    for seen in api.seen() {
        assert!(seen.headers["authorization"].is_sensitive());
        assert!(!format!("{:?}", seen.headers).contains("token-"));
    }
}

/// URLs whose origin is not `https://api.example.com`.
const ELSEWHERE: [&str; 16] = [
    "http://api.example.com/me",
    "http://api.example.com:443/me",
    "https://api.example.com:8443/me",
    "https://api.example.com:80/me",
    "https://api.example.com:99999/me",
    "https://api.example.com:65536/me",
    "https://user@api.example.com:99999/me",
    "https://example.com/me",
    "https://api.example.com.evil.test/me",
    "https://evil.test/api.example.com",
    "https://evil.test/?https://api.example.com/",
    "https://api.example.com@evil.test/me",
    "https://api.example.com:443@evil.test/me",
    "https://xapi.example.com/me",
    "https://sub.api.example.com/me",
    "https://api.example.com./me",
];

#[tokio::test]
async fn us04_the_token_goes_to_the_listed_origins_only() {
    let (rig, api) = (rig(), FakeApi::accepting());
    let service = rig.layer().layer(api.clone());
    for uri in ELSEWHERE {
        assert_eq!(service.clone().oneshot(request(uri)).await.unwrap().status(), 200, "{uri}");
    }
    assert_eq!(api.bearers(), [""; ELSEWHERE.len()]);
    assert_eq!(rig.endpoint.count(), 0);

    for uri in [
        "https://api.example.com/me",
        "https://API.Example.COM/me",
        "https://api.example.com:443/me",
        "https://user@api.example.com/me",
    ] {
        service.clone().oneshot(request(uri)).await.unwrap();
        assert_eq!(api.bearers().last().map(String::as_str), Some("token-1"), "{uri}");
    }
}

#[tokio::test]
async fn us04_a_bearer_for_the_call_goes_to_the_same_origins_only() {
    let (rig, api) = (rig(), FakeApi::accepting());
    let service = rig.layer().layer(api.clone());
    for uri in ELSEWHERE {
        let mut request = request(uri);
        request.extensions_mut().insert(CallBearer::new("given").unwrap());
        service.clone().oneshot(request).await.unwrap();
    }
    assert_eq!(api.bearers(), [""; ELSEWHERE.len()]);
}

#[tokio::test]
async fn us04_no_origin_means_no_token() {
    let profile = Profile::new("example", "https://auth.example.com/token").unwrap();
    assert!(profile.origins().is_empty());
    let rig = Rig::with_profile(FakeTokenEndpoint::issuing(3600), profile);
    let api = FakeApi::accepting();
    rig.layer().layer(api.clone()).oneshot(get("/me")).await.unwrap();
    // Not even to the token endpoint from which it came.
    rig.layer().layer(api.clone()).oneshot(request("https://auth.example.com/token")).await.unwrap();
    assert_eq!(api.bearers(), ["", ""]);
}

/// Returns an API that redirects `/start` to a URL, and accepts everything else.
fn redirecting(status: u16, location: &'static str) -> FakeApi {
    FakeApi::scripted(move |_, seen| {
        if seen.uri.path() != "/start" {
            return respond(200, "arrived");
        }
        let mut response = respond(status, "");
        response.headers_mut().insert("location", location.parse().unwrap());
        response
    })
}

const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];

/// Another host, port and scheme, in every form of a `Location`.
const AWAY: [&str; 5] = [
    "https://evil.test/me",
    "https://api.example.com:8443/me",
    "http://api.example.com/me",
    "//evil.test/me",
    "https://api.example.com@evil.test/me",
];

/// Checks that the first request carried the token, and that no part of the second has it.
#[track_caller]
fn check_redirected(api: &FakeApi) {
    assert_eq!(api.bearers(), ["token-1", ""]);
    let second = &api.seen()[1];
    assert!(second.headers.values().all(|value| !value.to_str().unwrap().contains("token-1")), "{second:?}");
    assert!(!second.uri.to_string().contains("token-1"), "{second:?}");
}

#[tokio::test]
async fn b61_inside_a_redirect_follower_the_token_goes_nowhere_else() {
    for status in REDIRECTS {
        for location in AWAY {
            let (rig, api) = (rig(), redirecting(status, location));
            let service = ServiceBuilder::new()
                .layer(FollowRedirectLayer::new())
                .layer(rig.layer())
                .service(api.clone());
            let response = service.oneshot(get("/start")).await.unwrap();
            assert_eq!(text(response).await, "arrived", "{location}");
            check_redirected(&api);
        }
    }
}

#[tokio::test]
async fn b61_outside_a_redirect_follower_the_token_goes_nowhere_else() {
    for status in REDIRECTS {
        for location in AWAY {
            let (rig, api) = (rig(), redirecting(status, location));
            let service = ServiceBuilder::new()
                .layer(rig.layer())
                .layer(FollowRedirectLayer::new())
                .service(api.clone());
            let response = service.oneshot(get("/start")).await.unwrap();
            assert_eq!(text(response).await, "arrived", "{location}");
            check_redirected(&api);
        }
    }
}

#[tokio::test]
async fn b61_a_redirect_is_not_followed_by_the_layer_itself() {
    for status in REDIRECTS {
        let (rig, api) = (rig(), redirecting(status, "https://evil.test/me"));
        let response = rig.layer().layer(api.clone()).oneshot(get("/start")).await.unwrap();
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.headers()["location"], "https://evil.test/me");
        assert_eq!(api.count(), 1);
    }
}

#[tokio::test]
async fn us05_below_a_redirect_follower_each_hop_is_checked_again() {
    // To another origin, back again, and then to plain http.
    let api = FakeApi::scripted(|_, seen| {
        let next = match seen.uri.to_string().as_str() {
            "https://api.example.com/start" => "https://api.example.com/second",
            "https://api.example.com/second" => "https://evil.test/third",
            "https://evil.test/third" => "https://api.example.com/fourth",
            "https://api.example.com/fourth" => "http://api.example.com/fifth",
            _ => return respond(200, "arrived"),
        };
        let mut response = respond(307, "");
        response.headers_mut().insert("location", next.parse().unwrap());
        response
    });
    let rig = rig();
    let service =
        ServiceBuilder::new().layer(FollowRedirectLayer::new()).layer(rig.layer()).service(api.clone());
    assert_eq!(text(service.oneshot(get("/start")).await.unwrap()).await, "arrived");
    assert_eq!(api.bearers(), ["token-1", "token-1", "", "token-1", ""]);
}

#[tokio::test]
async fn us06_plain_http_gets_no_token_except_loopback_that_was_listed() {
    let (rig, api) = (rig(), FakeApi::accepting());
    let service = rig.layer().layer(api.clone());
    for uri in ["http://api.example.com/me", "http://127.0.0.1:8080/me", "http://localhost/me"] {
        service.clone().oneshot(request(uri)).await.unwrap();
    }
    assert_eq!(api.bearers(), ["", "", ""]);

    let profile = rig.profile.clone().with_origin("http://127.0.0.1:8080").unwrap();
    let rig = Rig::with_profile(FakeTokenEndpoint::issuing(3600), profile);
    let api = FakeApi::accepting();
    let service = rig.layer().layer(api.clone());
    for uri in ["http://127.0.0.1:8080/me", "https://127.0.0.1:8080/me", "http://127.0.0.1:8081/me"] {
        service.clone().oneshot(request(uri)).await.unwrap();
    }
    assert_eq!(api.bearers(), ["token-1", "", ""]);
}

#[test]
fn b63_plain_http_beyond_loopback_is_refused_with_a_typed_error() {
    for url in [
        "http://api.example.com",
        "HTTP://API.EXAMPLE.COM",
        "http://192.168.0.1",
        "http://127.0.0.1.nip.io",
        "http://localhost.evil.test",
        "http://localhost@evil.test",
        "http://[::2]",
        "ws://127.0.0.1",
        "127.0.0.1",
    ] {
        let error = url.parse::<Origin>().unwrap_err();
        assert!(!error.what().is_empty());
        let profile = Profile::new("example", "https://auth.example.com/token").unwrap();
        assert_eq!(profile.with_origin(url).unwrap_err().to_string(), error.to_string());
    }
    for url in
        ["http://127.0.0.1:1", "http://127.9.9.9", "http://localhost:80", "http://[::1]:1", "https://a"]
    {
        assert!(url.parse::<Origin>().is_ok(), "{url}");
    }
    assert!("http://api.example.com".parse::<Origin>().unwrap_err().to_string().contains("must be https"));
}

#[tokio::test]
async fn us07_without_a_token_nothing_is_sent() {
    let failures: [fn() -> FakeTokenEndpoint; 4] = [
        || FakeTokenEndpoint::scripted(|_, _| Err("no route to host".into())),
        || FakeTokenEndpoint::scripted(|_, _| Ok(respond(503, "busy"))),
        || FakeTokenEndpoint::scripted(|_, _| Ok(respond(400, r#"{"error":"invalid_client"}"#))),
        || FakeTokenEndpoint::scripted(|_, _| Ok(respond(200, "{}"))),
    ];
    for failing in failures {
        let (rig, api) = (Rig::new(failing()), FakeApi::accepting());
        let service = rig.layer().layer(api.clone());
        // The caller whose request failed, and one that gets the remembered failure.
        for _ in 0..2 {
            let error = service.clone().oneshot(get("/me")).await.unwrap_err();
            assert!(Error::find(error.as_ref()).is_some(), "{error}");
        }
        assert_eq!((rig.endpoint.count(), api.count()), (1, 0));
    }
}

#[tokio::test]
async fn us07_an_operation_whose_credential_is_missing_is_not_sent() {
    static WIDGET: OperationMeta =
        OperationMeta::new("widget", Method::GET, "/widget").with_security(Security::Other(&["EndUser"]));
    let (rig, api) = (rig(), FakeApi::accepting());
    let mut request = get("/widget");
    request.extensions_mut().insert(&WIDGET);
    let error = rig.layer().layer(api.clone()).oneshot(request).await.unwrap_err();
    assert_eq!(Error::find(error.as_ref()).map(Error::kind), Some(ErrorKind::Credential));
    assert_eq!((rig.endpoint.count(), api.count()), (0, 0));
}

#[tokio::test]
async fn b67_a_token_that_cannot_stand_in_a_header_is_a_typed_error() {
    for bad in ["a\nb", "a\r\nb", "a\0b", "aü", "a b", "", "\u{7f}", "a\tb", "\u{2028}"] {
        for error in [AccessToken::new(bad).unwrap_err(), CallBearer::new(bad).unwrap_err()] {
            assert_eq!((error.kind(), error.is_transient()), (ErrorKind::InvalidAnswer, false), "{bad:?}");
        }
    }
    let secret = "hunter2-hunter2\n";
    let error = AccessToken::new(secret).unwrap_err();
    assert!(!format!("{error} {error:?} {error:#?}").contains("hunter2"));
}

#[tokio::test]
async fn us01_a_token_from_any_source_is_sent_the_same_way() {
    let manager = TokenManager::new(StaticToken::new(AccessToken::new("static").unwrap()));
    let profile = crate::support::example();
    let api = FakeApi::accepting();
    let layer = auth_layer::AuthLayer::new(&profile, manager);
    let _: Result<_, BoxError> = layer.layer(api.clone()).oneshot(get("/me")).await;
    assert_eq!(api.seen()[0].headers["authorization"], "Bearer static");
}

#[tokio::test]
async fn us08_a_token_of_another_type_is_an_error_that_names_the_type() {
    for token_type in ["DPoP", "dpop", "mac", "N_A"] {
        let body = format!(r#"{{"access_token":"bound-token","token_type":"{token_type}","expires_in":60}}"#);
        let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, &body)));
        let (rig, api) = (Rig::new(endpoint), FakeApi::accepting());
        let error = rig.over(api.clone()).oneshot(get("/me")).await.unwrap_err();
        assert_eq!(kind(&error), Some(ErrorKind::TokenType));
        assert!(error.to_string().contains(token_type), "{error}");
        assert_eq!(api.count(), 0);
    }
}
