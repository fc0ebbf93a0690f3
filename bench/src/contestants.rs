//! The contestants: each sets the current token on a request.

use std::hint::black_box;
use std::io::Write;
use std::time::Duration;

use aliri_tokens::backoff::ErrorBackoffConfig;
use aliri_tokens::jitter::NullJitter;
use aliri_tokens::sources::ConstTokenSource;
use aliri_tokens::{AccessToken, TokenWatcher};
use bytes::{BufMut, Bytes, BytesMut};
use google_cloud_auth::credentials::{CacheableResource, Credentials, user_account};
use http::header::AUTHORIZATION;
use http::{Extensions, HeaderMap, HeaderValue, Request};
use http_body_util::Empty;
use kube_client::client::ConfigExt;
use kube_client::config::AuthInfo;
use tempfile::NamedTempFile;
use tokio::runtime::{Builder, Runtime};
use tower::{Layer, Service};

use crate::endpoint;
use crate::stack::{Idle, TOKEN, ours, ready, request, theirs};
use crate::turns::{block, timed};

/// A library, and how it is measured.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    /// Makes a block of calls, and returns their time.
    pub(crate) block: Box<dyn FnMut() -> Duration>,
    /// The target for the ratio of our time to its time, if there is one.
    pub(crate) target: Option<&'static str>,
}

/// The runtime, the token and the token file that the contestants use.
pub(crate) struct Setting {
    /// Two libraries renew their tokens in background tasks. These tasks sleep during the measurement, on a separate
    /// thread.
    runtime: Runtime,
    file: NamedTempFile,
    token: String,
}

impl Setting {
    pub(crate) fn new() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let token = "t".repeat(TOKEN);
        let mut file = NamedTempFile::new().expect("a temporary file");
        file.write_all(token.as_bytes()).expect("a temporary file that can be written");
        Self { runtime: runtime.expect("a runtime"), file, token }
    }
}

/// Returns all contestants. The first ones do the least work.
pub(crate) fn contestants(setting: &Setting) -> [Contestant; 7] {
    let credentials = google(setting);
    [
        contestant("no layer", None, service(Idle)),
        contestant("tower-http static", None, service(theirs(Idle, TOKEN))),
        contestant("auth-layer", None, service(ours(Idle, TOKEN))),
        contestant("kube-client", FASTER, service(kube(setting))),
        contestant("aliri_tokens", FASTER, aliri(setting)),
        contestant("google-cloud-auth", FASTER, google_as_its_clients_do(credentials.clone())),
        contestant("google-cloud-auth, entity tag", FASTER, google_by_entity_tag(credentials)),
    ]
}

fn contestant(
    name: &'static str,
    target: Option<&'static str>,
    block: impl FnMut() -> Duration + 'static,
) -> Contestant {
    Contestant { name, target, block: Box::new(block) }
}

/// Measures a tower service.
fn service(mut service: impl Service<Request<Body>>) -> impl FnMut() -> Duration {
    move || block(&mut service, &Body::new)
}

/// Measures a library that only returns the current header. `put_on` sets the header on the request.
///
/// Users of such a library also need a service or a middleware, which is not measured.
fn by_hand(mut put_on: impl FnMut(&mut HeaderMap)) -> impl FnMut() -> Duration {
    let mut headers = HeaderMap::new();
    put_on(&mut headers);
    assert!(headers[AUTHORIZATION].as_bytes().starts_with(b"Bearer t"), "`put_on` sets the token");
    let mut inner = Idle;
    move || {
        timed(|| {
            // Without `black_box` the compiler could remove work whose result is not used.
            let mut request = black_box(request(Body::new()));
            put_on(request.headers_mut());
            drop(black_box(ready(inner.call(request))));
        })
    }
}

/// Creates kube-client's own layer with a token file, which is its way to a token that changes. It reads the file once
/// a minute.
fn kube(setting: &Setting) -> impl Service<Request<Body>> + use<> {
    let mut config = kube_client::Config::new("https://api.example.com".parse().expect("a good URI"));
    let token_file = setting.file.path().to_str().expect("a path in UTF-8").to_owned();
    config.auth_info = AuthInfo { token_file: Some(token_file), ..AuthInfo::default() };
    let layer = config.auth_layer().expect("the file can be read").expect("there is a token");
    layer.layer(Idle)
}

/// Uses aliri_tokens, and makes the header in the same way as aliri_reqwest, its crate for reqwest-middleware.
fn aliri(setting: &Setting) -> impl FnMut() -> Duration + use<> {
    // The token outlives the measurement, so that no renewal is measured.
    let source = ConstTokenSource::new(AccessToken::new(setting.token.clone()))
        .with_token_valid_for(aliri_clock::DurationSecs(3600));
    let watcher = TokenWatcher::spawn_from_token_source(source, NullJitter, ErrorBackoffConfig::default());
    let watcher = setting.runtime.block_on(watcher).expect("a constant token");
    by_hand(move |headers| {
        let token = watcher.token();
        let token = token.access_token().as_str();
        let mut value = BytesMut::with_capacity(token.len() + 7);
        value.put_slice(b"Bearer ");
        value.put_slice(token.as_bytes());
        let mut value = HeaderValue::from_maybe_shared(value).expect("visible ASCII");
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    })
}

/// Creates user credentials of google-cloud-auth: a refresh token for the token endpoint on loopback.
fn google(setting: &Setting) -> Credentials {
    let url = endpoint::start(&setting.runtime, setting.token.clone()).expect("a port on loopback");
    // An error means that a provider is already installed, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let _inside = setting.runtime.enter();
    let user = serde_json::json!({
        "type": "authorized_user",
        "client_id": "client",
        "client_secret": "secret",
        "refresh_token": "refresh",
        "token_uri": url,
    });
    let credentials = user_account::Builder::new(user).build().expect("good credentials");
    setting.runtime.block_on(credentials.headers(Extensions::new())).expect("the first token");
    credentials
}

/// Asks for the headers with each request, in the same way as Google's own clients.
fn google_as_its_clients_do(credentials: Credentials) -> impl FnMut() -> Duration {
    by_hand(move |headers| match ready(credentials.headers(Extensions::new())) {
        Ok(CacheableResource::New { data, .. }) => headers.extend(data),
        Ok(CacheableResource::NotModified) | Err(_) => unreachable!("the token is cached"),
    })
}

/// Keeps the headers, and asks with their entity tag whether they are still valid.
fn google_by_entity_tag(credentials: Credentials) -> impl FnMut() -> Duration {
    let Ok(CacheableResource::New { entity_tag, data }) = ready(credentials.headers(Extensions::new()))
    else {
        unreachable!("the token is cached");
    };
    by_hand(move |headers| {
        let mut extensions = Extensions::new();
        extensions.insert(entity_tag.clone());
        match ready(credentials.headers(extensions)) {
            Ok(CacheableResource::NotModified) => headers.extend(data.clone()),
            Ok(CacheableResource::New { .. }) | Err(_) => unreachable!("the token is cached"),
        }
    })
}

type Body = Empty<Bytes>;

const FASTER: Option<&str> = Some("at most 1");
