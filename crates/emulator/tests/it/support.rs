//! Shared parts: a client, the token requests of each provider, small assertions.

use std::time::SystemTime;

use emulator::{Emulator, ManualClock, Provider, Site};
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Client, IntoUrl, RequestBuilder, Response};
use serde_json::{Value, json};

pub(crate) async fn start() -> Emulator {
    Emulator::builder().seed(1).start().await.unwrap()
}

pub(crate) async fn start_with_clock() -> (Emulator, ManualClock) {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let builder = Emulator::builder().seed(1).clock(&clock);
    (builder.start().await.unwrap(), clock)
}

/// Returns a client without a pool, so that no test depends on the connections of another.
pub(crate) fn client() -> Client {
    Client::builder().user_agent(USER_AGENT).pool_max_idle_per_host(0).build().unwrap()
}

/// Returns a POST without a body, but with a length.
pub(crate) fn empty_post(url: impl IntoUrl) -> RequestBuilder {
    with_length(client().post(url))
}

/// Adds a `content-length`, which reqwest omits if the body is empty.
pub(crate) fn with_length(request: RequestBuilder) -> RequestBuilder {
    let (client, request) = request.build_split();
    let mut request = request.unwrap();
    let length = request.body().and_then(reqwest::Body::as_bytes).map_or(0, <[u8]>::len);
    request.headers_mut().insert(CONTENT_LENGTH, length.into());
    RequestBuilder::from_parts(client, request)
}

/// Returns the status and JSON body of an answer. An empty body is `Null`.
pub(crate) async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap();
    if body.is_empty() {
        return (status, Value::Null);
    }
    (status, serde_json::from_slice(&body).unwrap())
}

pub(crate) async fn send(request: RequestBuilder) -> (u16, Value) {
    read(request.send().await.unwrap()).await
}

/// Returns a valid token request for a provider.
pub(crate) fn token_request(site: &Site) -> RequestBuilder {
    let credentials = site.credentials();
    let (id, secret) = (credentials.id(), credentials.secret());
    let post = client().post(site.token_url());
    match site.provider() {
        Provider::GoTab => post.json(&json!({
            "grant_type": "client_credentials",
            "api_access_id": id,
            "api_access_secret": secret,
        })),
        Provider::GoTo => post
            .basic_auth(id, Some(secret))
            .form(&[("grant_type", "refresh_token"), ("refresh_token", &site.refresh_token().unwrap())]),
        Provider::GbgGo => post.form(&[
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", secret),
            ("scope", "gbg.token"),
        ]),
        Provider::Octotable => post.json(&json!({
            "grant_type": "client_credentials",
            "client_id": id,
            "client_secret": secret,
        })),
        _ => panic!("a provider without a token request"),
    }
}

pub(crate) async fn token(site: &Site) -> String {
    let (status, body) = send(token_request(site)).await;
    assert_eq!(status, 200, "{body}");
    body["access_token"].as_str().unwrap().to_owned()
}

/// Returns a call that a provider serves to any valid token. The test adds the token.
pub(crate) fn plain_call(site: &Site) -> RequestBuilder {
    match site.provider() {
        Provider::GoTab => client().get(url(site, "api", "/api/loc")),
        Provider::GoTo => client().get(url(site, "admin", "/me")),
        Provider::GbgGo => client().post(url(site, "api", "/journey/start")).json(&journey()),
        Provider::Octotable => client().get(url(site, "api", "/rooms")).header("Property", "700118"),
        _ => panic!("a provider without a call"),
    }
}

pub(crate) fn journey() -> Value {
    json!({
        "resourceId": "b7Jw3nQx-81KtVs5Rz@latest",
        "context": {"config": {"delivery": "api"}},
    })
}

pub(crate) fn url(site: &Site, document: &str, path: &str) -> String {
    format!("{}{path}", site.base_url(document).unwrap())
}

pub(crate) fn content_type(request: RequestBuilder, media_type: &str) -> RequestBuilder {
    // `header` would add a second value if the body has set the first.
    let (client, request) = request.build_split();
    let mut request = request.unwrap();
    let value = media_type.parse().unwrap();
    request.headers_mut().insert(CONTENT_TYPE, value);
    RequestBuilder::from_parts(client, request)
}

pub(crate) fn two_bearers(request: RequestBuilder, token: &str) -> RequestBuilder {
    let (client, request) = request.build_split();
    let mut request = request.unwrap();
    for _ in 0..2 {
        let value = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().append(AUTHORIZATION, value);
    }
    RequestBuilder::from_parts(client, request)
}

/// Returns the URL of the authorize page with these parameters.
pub(crate) fn authorize_url(site: &Site, parameters: &[(&str, &str)]) -> String {
    let url = reqwest::Url::parse_with_params(&site.authorize_url().unwrap(), parameters);
    url.unwrap().to_string()
}

/// Returns the value of a parameter in a callback URL.
pub(crate) fn parameter(callback: &str, name: &str) -> Option<String> {
    let url = reqwest::Url::parse(callback).unwrap();
    let found = url.query_pairs().find(|(known, _)| known == name);
    found.map(|(_, value)| value.into_owned())
}

/// Returns a client that does not follow redirects.
pub(crate) fn browser() -> Client {
    let builder = Client::builder().user_agent(USER_AGENT).pool_max_idle_per_host(0);
    builder.redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// The `User-Agent` of the tests.
pub(crate) const USER_AGENT: &str = "emulator-tests";

/// A verifier and its challenge: the example of RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
