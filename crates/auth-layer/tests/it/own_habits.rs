//! Providers with habits of their own at the API and in a sign-in, each through the layer or a store.

use std::sync::Arc;
use std::time::Duration;

use auth_layer::sign_in::SignedOut;
use auth_layer::store::{Entry, State, StoreKey};
use auth_layer::{
    AccessToken, AuthLayer, CallBearer, Clock, Credential, ErrorKind, Exchange, Grant, MemoryStore, Profile,
    RefreshToken, SignIn, StaticToken, TestClock, TokenManager, TokenStore,
};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tower::{Layer, ServiceExt};

use crate::sign_in::{REDIRECT, client, good, parameter, people, silent};
use crate::support::{FakeApi, FakeTokenEndpoint, Rig, Seen, example, exchange, get, json_response, respond};

fn to(url: &str) -> Request<Full<Bytes>> {
    Request::get(url).body(Full::default()).unwrap()
}

/// Returns a token answer with further members.
fn answer(token: &str, more: &str) -> http::Response<Full<Bytes>> {
    let start = format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":3600"#);
    json_response(200, &format!("{start},{more}}}"))
}

/// Returns a provider whose answers name the origin of the API.
fn tenanted() -> Profile {
    example().with_origin_from("instance_url", ["my.example.net"]).unwrap()
}

#[tokio::test]
async fn a_token_goes_to_the_origin_that_its_answer_names_and_no_other() {
    let endpoint = FakeTokenEndpoint::scripted(|n, _| {
        Ok(answer(&format!("t{n}"), &format!(r#""instance_url":"https://eu{n}.my.example.net/home""#)))
    });
    let rig = Rig::with_profile(endpoint, tenanted());
    let api = FakeApi::accepting();
    let service = rig.over(api.clone());
    for url in [
        "https://eu1.my.example.net/a",
        "https://eu2.my.example.net/a",
        "https://eu1.my.example.net:8443/a",
        "http://eu1.my.example.net/a",
        "https://evil.test/a",
        "https://api.example.com/a",
    ] {
        service.clone().oneshot(to(url)).await.unwrap();
    }
    assert_eq!(api.bearers(), ["t1", "", "", "", "", "t1"]);

    // The next token names another origin. The first origin gets no token any more.
    rig.advance(4000);
    for url in ["https://eu2.my.example.net/b", "https://eu1.my.example.net/b"] {
        service.clone().oneshot(to(url)).await.unwrap();
    }
    assert_eq!(api.bearers()[6..], ["t2", ""]);
}

#[tokio::test]
async fn an_origin_outside_of_the_domain_gets_no_token() {
    for url in ["https://evil.test", "http://eu1.my.example.net", "https://my.example.net.evil.test", "7"] {
        let named = format!(r#""instance_url":"{url}""#);
        let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(answer("t1", &named)));
        let rig = Rig::with_profile(endpoint, tenanted());
        let api = FakeApi::accepting();
        let target = if url == "7" { "https://my.example.net/a".to_owned() } else { format!("{url}/a") };
        rig.over(api.clone()).oneshot(to(&target)).await.unwrap();
        rig.over(api.clone()).oneshot(get("/a")).await.unwrap();
        assert_eq!(api.bearers(), ["", "t1"], "{url}");
    }
}

/// Returns the values of a header in the requests that an API received.
fn values(api: &FakeApi, name: &str) -> Vec<Option<String>> {
    let value = |seen: &Seen| seen.headers.get(name).map(|v| v.to_str().unwrap().to_owned());
    api.seen().iter().map(value).collect()
}

#[tokio::test]
async fn a_token_goes_into_the_profiles_own_header_from_each_source() {
    let profile = example().with_api_header("X-Api-Token", "token=").unwrap();
    let api = FakeApi::scripted(|n, _| if n == 1 { respond(401, "again") } else { respond(200, "ok") });

    // From an exchange, with a resend after a rejection.
    let endpoint = FakeTokenEndpoint::issuing(3600);
    let rig = Rig::with_profile(endpoint, profile.clone());
    rig.over(api.clone()).oneshot(get("/a")).await.unwrap();
    // A token that belongs to one request.
    let mut request = get("/a");
    request.extensions_mut().insert(CallBearer::new("of-the-call").unwrap());
    rig.over(api.clone()).oneshot(request).await.unwrap();
    // A header that the caller has set is left as it is.
    let mut request = get("/a");
    request.headers_mut().insert("x-api-token", "mine".parse().unwrap());
    rig.over(api.clone()).oneshot(request).await.unwrap();
    // Other sources and layers.
    let manager = TokenManager::new(StaticToken::new(AccessToken::new("static").unwrap()));
    let layer = AuthLayer::new(&profile, manager);
    layer.layer(api.clone()).oneshot(get("/a")).await.unwrap();
    layer.without_resend().layer(api.clone()).oneshot(get("/a")).await.unwrap();

    let wanted =
        ["token=token-1", "token=token-2", "token=of-the-call", "mine", "token=static", "token=static"];
    assert_eq!(values(&api, "x-api-token"), wanted.map(|value| Some(value.to_owned())));
    assert!(values(&api, "authorization").iter().all(Option::is_none), "{:?}", values(&api, "authorization"));
    let sensitive = api
        .seen()
        .iter()
        .all(|seen| seen.headers["x-api-token"].is_sensitive() || seen.headers["x-api-token"] == "mine");
    assert!(sensitive, "a token's header is marked, so that no `Debug` prints it");
}

#[tokio::test]
async fn refreshes_have_their_own_url_and_all_requests_the_headers() {
    let endpoint = FakeTokenEndpoint::issuing(3600);
    let profile = example()
        .with_refresh_url("https://refresh.example.com/again")
        .and_then(|profile| profile.with_header("Accept-Version", "2024-01"))
        .unwrap();
    for (grant, url) in [
        (Grant::ClientCredentials, "https://auth.example.com/token"),
        (Grant::refresh_token(RefreshToken::new("r0")), "https://refresh.example.com/again"),
    ] {
        let exchange = Exchange::builder(profile.clone(), Credential::new("client", "secret"), grant)
            .transport(endpoint.transport())
            .build()
            .unwrap();
        TokenManager::new(exchange).token().await.unwrap();
        let seen = endpoint.seen().pop().unwrap();
        assert_eq!(seen.uri.to_string(), url);
        assert_eq!(seen.headers["accept-version"], "2024-01");
    }
}

#[test]
fn a_header_or_a_name_that_could_never_work_is_an_error() {
    for name in ["User-Agent", "authorization", "host", "bad header"] {
        assert!(example().with_header(name, "x").is_err(), "{name}");
    }
    let secret = example().with_header("X-Gateway-Key", "s3cr3t").unwrap();
    assert!(!format!("{secret:?}").contains("s3cr3t"));
    for profile in [
        example().with_origin_from("/a~b", ["my.example.net"]).unwrap(),
        example().with_kept("/a~b"),
        example().with_grant_type(""),
    ] {
        let endpoint = FakeTokenEndpoint::answering([]);
        assert!(exchange(&endpoint, &TestClock::new(), &profile).build().is_err());
    }
}

/// Returns a rig whose exchange has a store, with that store and the key of its record.
fn stored(endpoint: FakeTokenEndpoint, profile: Profile, grant: Grant) -> (Rig, Arc<MemoryStore>, StoreKey) {
    let (store, clock) = (Arc::new(MemoryStore::new()), TestClock::new());
    let exchange = Exchange::builder(profile.clone(), Credential::new("client", "client-secret"), grant)
        .transport(endpoint.transport())
        .clock(Arc::new(clock.clone()))
        .store(store.clone())
        .build()
        .unwrap();
    let key = exchange.store_key().unwrap().clone();
    (Rig::with_exchange(endpoint, clock, profile, exchange), store, key)
}

#[tokio::test]
async fn the_end_of_a_refresh_token_is_the_one_that_the_answer_states() {
    // Some servers state 0 for a token without an end. Ten years are kept as they are.
    for (stated, wanted) in [("0", None), ("315360000", Some(315_360_000)), ("86400", Some(86_400))] {
        let more = format!(r#""refresh_token":"r1","refresh_token_expires_in":{stated}"#);
        let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(answer("t1", &more)));
        let (rig, store, key) = stored(endpoint, example(), Grant::refresh_token(RefreshToken::new("r0")));
        let now = rig.clock.now().wall();
        rig.manager.token().await.unwrap();
        let entry = store.load(&key).await.unwrap().unwrap().entry;
        assert_eq!(entry.refresh_token_expires.map(|end| (end - now).as_secs()), wanted, "{stated}");
    }
}

#[tokio::test]
async fn a_kept_member_outlives_a_refresh_that_does_not_repeat_it() {
    let endpoint = FakeTokenEndpoint::scripted(|n, _| {
        let more = if n == 1 { r#""shop":"acme","refresh_token":"r1""# } else { r#""refresh_token":"r2""# };
        Ok(answer(&format!("t{n}"), more))
    });
    let grant = Grant::refresh_token(RefreshToken::new("r0"));
    let (rig, store, key) = stored(endpoint, example().with_kept("shop"), grant);
    for wanted in ["t1", "t2"] {
        let token = rig.manager.token().await.unwrap();
        assert_eq!((token.access_token().expose(), token.kept("shop")), (wanted, Some("acme")));
        rig.advance(4000);
    }
    let stored = store.load(&key).await.unwrap().unwrap();
    assert_eq!(stored.entry.kept.get("shop").map(String::as_str), Some("acme"));
}

/// Signs in at a provider that issues an access token only, and stores it under `key`.
async fn signed_in(rig: &Rig, store: &dyn TokenStore, key: &StoreKey) -> SignIn {
    let sign_in = SignIn::builder(rig.profile.clone(), Credential::new("client", "client-secret"))
        .transport(rig.endpoint.transport())
        .clock(Arc::new(rig.clock.clone()))
        .build()
        .unwrap();
    let authorization = sign_in.authorize(REDIRECT, None).unwrap();
    let callback = good(&authorization);
    let signed_in = sign_in.finish(authorization, &callback).await.unwrap();
    signed_in.keep(store, key, None).await.unwrap();
    sign_in
}

#[tokio::test]
async fn an_access_token_without_a_refresh_token_serves_until_its_end() {
    let endpoint = FakeTokenEndpoint::issuing(3600);
    let profile =
        people().with_access_token_kept().with_revocation_url("https://auth.example.com/revoke").unwrap();
    let (rig, store, key) = stored(endpoint, profile, Grant::Stored);
    let sign_in = signed_in(&rig, &*store, &key).await;
    assert_eq!(store.load(&key).await.unwrap().unwrap().entry.state, State::NoRefreshToken);
    assert_eq!(rig.manager.token().await.unwrap().access_token().expose(), "token-1");
    rig.advance(3601);
    let error = rig.manager.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SignInAgain, "{error}");
    assert_eq!(rig.endpoint.count(), 1, "there is nothing to send");

    // To sign out revokes the access token, and removes the record.
    rig.endpoint.now(|_, _| Ok(respond(200, "")));
    assert!(matches!(sign_in.sign_out(&*store, &key).await.unwrap(), SignedOut::Revoked));
    assert_eq!(rig.endpoint.seen()[1].form("token").as_deref(), Some("token-1"));
    assert!(store.load(&key).await.unwrap().is_none());
}

#[tokio::test]
async fn a_sign_in_without_a_refresh_token_is_not_stored_by_default() {
    let endpoint = FakeTokenEndpoint::issuing(3600);
    let sign_in = client(people(), &endpoint);
    let authorization = sign_in.authorize(REDIRECT, None).unwrap();
    let callback = good(&authorization);
    let signed_in = sign_in.finish(authorization, &callback).await.unwrap();
    let error = signed_in.keep(&MemoryStore::new(), &StoreKey::of(["a", "test"]), None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SignInFailed);
}

#[cfg(feature = "file-store")]
#[tokio::test]
async fn a_file_keeps_a_sign_in_without_a_refresh_token() {
    let folder = tempfile::tempdir().unwrap();
    let store = auth_layer::FileStore::new(folder.path());
    let key = StoreKey::of(["of", "a", "test"]);
    let token = AccessToken::new("the-only-token").unwrap();
    let mut entry = Entry::without_refresh_token(token, Duration::from_secs(4_000_000_000));
    entry.kept.insert("shop".into(), "acme".into());
    assert!(store.compare_exchange(&key, None, entry).await.unwrap().is_some());
    let again = auth_layer::FileStore::new(folder.path());
    let read = again.load(&key).await.unwrap().unwrap().entry;
    assert_eq!(read.state, State::NoRefreshToken);
    assert_eq!(read.access_token.as_ref().unwrap().expose(), "the-only-token");
    assert_eq!(read.hard, Some(Duration::from_secs(4_000_000_000)));
    assert_eq!(read.kept["shop"], "acme");
}

#[tokio::test]
async fn a_link_has_the_profiles_parameters_and_no_challenge_without_pkce() {
    let profile = people().with_authorize_parameter("access_type", "offline").without_pkce();
    let endpoint = FakeTokenEndpoint::issuing(3600);
    let sign_in = client(profile, &endpoint);
    let authorization = sign_in.authorize(REDIRECT, None).unwrap();
    let url = authorization.url().to_owned();
    assert_eq!(parameter(&url, "access_type").as_deref(), Some("offline"));
    assert!(
        parameter(&url, "code_challenge").is_none() && parameter(&url, "code_challenge_method").is_none()
    );
    assert!(parameter(&url, "state").is_some(), "the state still ties the answer to the browser");
    let callback = good(&authorization);
    sign_in.finish(authorization, &callback).await.unwrap();
    assert_eq!(endpoint.seen()[0].form("code_verifier"), None);
}

#[test]
fn a_parameter_that_the_sign_in_itself_sends_is_an_error() {
    for name in ["state", "redirect_uri", "client_id", "response_type", "code_challenge", "scope"] {
        let (sign_in, _) = silent(people().with_authorize_parameter(name, "x"));
        let error = sign_in.authorize(REDIRECT, None).unwrap_err().to_string();
        assert!(error.contains(&format!("authorize parameter {name}")), "{error}");
    }
}

#[tokio::test]
async fn a_member_of_the_callback_is_kept() {
    let profile = people().with_kept_callback("realmId");
    let endpoint = FakeTokenEndpoint::issuing(3600);
    let sign_in = client(profile, &endpoint);
    let authorization = sign_in.authorize(REDIRECT, None).unwrap();
    let callback = format!("{}&realmId=123145", good(&authorization));
    let signed_in = sign_in.finish(authorization, &callback).await.unwrap();
    assert_eq!(signed_in.kept("realmId"), Some("123145"));
}

#[test]
fn the_default_header_is_that_of_rfc_6750_and_a_bad_one_is_an_error() {
    let profile = people();
    let (name, prefix) = profile.api_header();
    assert_eq!((name.as_str(), prefix), ("authorization", "Bearer "));
    for (name, prefix) in [("bad header", ""), ("", ""), ("x-token", "a\nb")] {
        assert!(people().with_api_header(name, prefix).is_err(), "{name:?} {prefix:?}");
    }
}

#[tokio::test]
async fn an_api_that_rejects_its_own_header_is_still_a_rejection() {
    let api = FakeApi::scripted(|_, _| respond(401, "no"));
    let profile = example().with_api_header("X-Api-Token", "").unwrap();
    let rig = Rig::with_profile(FakeTokenEndpoint::issuing(3600), profile);
    let response = rig.over(api.clone()).oneshot(get("/a")).await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(values(&api, "x-api-token"), [Some("token-1".to_owned()), Some("token-2".to_owned())]);
}
