//! The contestants: the ways in which the current token is put on a request.

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

/// One of them.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    /// Makes a block of calls, and returns how long they took.
    pub(crate) block: Box<dyn FnMut() -> Duration>,
    /// What our own time beside it is to be, if it is to be compared.
    pub(crate) wanted: Option<&'static str>,
}

/// What the contestants live on.
pub(crate) struct Setting {
    /// Two of them renew their tokens in tasks that stand all the while. It has a thread of its own, and the calls are
    /// made beside it.
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

/// All of them, from the barest on.
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
    wanted: Option<&'static str>,
    block: impl FnMut() -> Duration + 'static,
) -> Contestant {
    Contestant { name, wanted, block: Box::new(block) }
}

/// What is a tower service is called as one.
fn service(mut service: impl Service<Request<Body>>) -> impl FnMut() -> Duration {
    move || block(&mut service, &Body::new)
}

/// What only tells the current header is asked for it, and the header put on, with nothing round it: less than its
/// users need, who have a service or a middleware in this place.
fn by_hand(mut put_on: impl FnMut(&mut HeaderMap)) -> impl FnMut() -> Duration {
    let mut headers = HeaderMap::new();
    put_on(&mut headers);
    assert!(headers[AUTHORIZATION].as_bytes().starts_with(b"Bearer t"), "it is the token that is put on");
    let mut inner = Idle;
    move || {
        timed(|| {
            let mut request = black_box(request(Body::new()));
            put_on(request.headers_mut());
            drop(black_box(ready(inner.call(request))));
        })
    }
}

/// kube-client's own layer, with a token file: its path for a token that changes in time. It looks into the file once
/// a minute.
fn kube(setting: &Setting) -> impl Service<Request<Body>> + use<> {
    let mut config = kube_client::Config::new("https://api.example.com".parse().expect("a good URI"));
    let token_file = setting.file.path().to_str().expect("a path in UTF-8").to_owned();
    config.auth_info = AuthInfo { token_file: Some(token_file), ..AuthInfo::default() };
    let layer = config.auth_layer().expect("the file can be read").expect("there is a token");
    layer.layer(Idle)
}

/// aliri_tokens keeps a token; the header is made from it as its companion for reqwest-middleware, aliri_reqwest, does.
fn aliri(setting: &Setting) -> impl FnMut() -> Duration + use<> {
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

/// A user's credentials of google-cloud-auth: a refresh token, redeemed at a token endpoint (here on loopback).
fn google(setting: &Setting) -> Credentials {
    let url = endpoint::start(&setting.runtime, setting.token.clone()).expect("a port on loopback");
    // It fails only where there is a provider already.
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

/// Asks for the headers with each request, as Google's own clients do.
fn google_as_its_clients_do(credentials: Credentials) -> impl FnMut() -> Duration {
    by_hand(move |headers| match ready(credentials.headers(Extensions::new())) {
        Ok(CacheableResource::New { data, .. }) => headers.extend(data),
        Ok(CacheableResource::NotModified) | Err(_) => unreachable!("the token is in hand"),
    })
}

/// Keeps the headers, and asks with their entity tag whether they are still good.
fn google_by_entity_tag(credentials: Credentials) -> impl FnMut() -> Duration {
    let Ok(CacheableResource::New { entity_tag, data }) = ready(credentials.headers(Extensions::new()))
    else {
        unreachable!("the token is in hand");
    };
    by_hand(move |headers| {
        let mut extensions = Extensions::new();
        extensions.insert(entity_tag.clone());
        match ready(credentials.headers(extensions)) {
            Ok(CacheableResource::NotModified) => headers.extend(data.clone()),
            Ok(CacheableResource::New { .. }) | Err(_) => unreachable!("the token is in hand"),
        }
    })
}

type Body = Empty<Bytes>;

const FASTER: Option<&str> = Some("at most 1");
