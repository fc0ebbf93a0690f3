//! The form of a request: its length, its framing, its `User-Agent`. The tests write bytes to a socket.

use std::convert::Infallible;

use emulator::{Emulator, Endpoint, Fault, Provider, Rejection, Site, TokenRefusal};
use futures_util::stream;
use http_body_util::StreamBody;
use hyper::body::{Bytes, Frame};
use reqwest::{RequestBuilder, Url};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{USER_AGENT, client, empty_post, plain_call, send, start, token, token_request, url};

/// The framing of the content of a request.
#[derive(Clone, Copy)]
enum Framing {
    /// With a `content-length`.
    Length,
    /// As one chunk.
    Chunked,
    /// As one chunk, and also with a `content-length`.
    Both,
    /// Without content and without a header field about it.
    Nothing,
}

/// A request written to a socket byte by byte, with the URL, header fields and content of a reqwest request.
struct Raw {
    version: &'static str,
    framing: Framing,
    user_agent: Option<&'static str>,
}

const PLAIN: Raw = Raw { version: "HTTP/1.1", framing: Framing::Length, user_agent: Some(USER_AGENT) };
const CHUNKED: Raw = Raw { framing: Framing::Chunked, ..PLAIN };
const NO_LENGTH: Raw = Raw { framing: Framing::Nothing, ..PLAIN };
const NO_USER_AGENT: Raw = Raw { user_agent: None, ..PLAIN };

impl Raw {
    async fn send(&self, request: RequestBuilder) -> (u16, Value) {
        let request = request.build().unwrap();
        let target = request.url().path();
        let mut text = format!("{} {target} {}\r\nconnection: close\r\n", request.method(), self.version);
        text += &format!("host: {}\r\n", request.url().authority());
        for (name, value) in request.headers().iter().filter(|(name, _)| *name != "content-length") {
            text += &format!("{name}: {}\r\n", value.to_str().unwrap());
        }
        if let Some(user_agent) = self.user_agent {
            text += &format!("user-agent: {user_agent}\r\n");
        }
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        let body = std::str::from_utf8(body).unwrap();
        let length = format!("content-length: {}\r\n", body.len());
        let chunked = "transfer-encoding: chunked\r\n";
        let chunk = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        text += &match self.framing {
            Framing::Length => format!("{length}\r\n{body}"),
            Framing::Chunked => format!("{chunked}\r\n{chunk}"),
            Framing::Both => format!("{length}{chunked}\r\n{chunk}"),
            Framing::Nothing => "\r\n".to_owned(),
        };
        exchange(request.url(), &text).await
    }
}

async fn exchange(url: &Url, text: &str) -> (u16, Value) {
    let mut socket = TcpStream::connect(url.authority()).await.unwrap();
    socket.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

fn refused(site: &Site, reason: TokenRefusal) -> u64 {
    site.counters().token_refusals.get(&reason).copied().unwrap_or_default()
}

fn rejected(site: &Site, reason: Rejection) -> u64 {
    site.counters().api_rejections.get(&reason).copied().unwrap_or_default()
}

/// Returns the same request for the provider's other token endpoint.
fn to_other_endpoint(site: &Site) -> Option<RequestBuilder> {
    let (client, request) = token_request(site).build_split();
    let mut request = request.unwrap();
    *request.url_mut() = site.other_token_url()?.parse().unwrap();
    Some(RequestBuilder::from_parts(client, request))
}

/// Returns GoTo's requests for a revocation and for a device code.
fn beside_the_token_endpoint(site: &Site) -> [RequestBuilder; 2] {
    site.offer_device_sign_in(true);
    let credentials = site.credentials();
    let post = |url: Option<String>, name: &str| {
        let post = client().post(url.unwrap()).basic_auth(credentials.id(), Some(credentials.secret()));
        post.form(&[(name, "collab:")])
    };
    [post(site.revocation_url(), "token"), post(site.device_url(), "scope")]
}

#[tokio::test]
async fn token_endpoints_do_not_find_a_chunked_request() {
    let emulator = start().await;
    for site in emulator.sites() {
        assert_eq!(PLAIN.send(token_request(site)).await.0, 200);
        let (status, body) = CHUNKED.send(token_request(site)).await;
        assert_eq!(status, 404, "{body}");
        let words = body.to_string().to_lowercase();
        assert!(words.contains("invalid_request") && words.contains("content-length"), "{body}");
        let other = to_other_endpoint(site);
        let requests = 1 + u64::from(other.is_some());
        if let Some(other) = other {
            assert_eq!(CHUNKED.send(other).await.0, 404);
        }
        assert_eq!(refused(site, TokenRefusal::Chunked), requests);
        assert_eq!((site.counters().badly_sent(), site.counters().tokens_issued), (requests, 1));
    }
}

#[tokio::test]
async fn a_transfer_encoding_beside_a_length_is_refused_as_well() {
    let emulator = start().await;
    let site = emulator.site(Provider::GbgGo);
    let both = Raw { framing: Framing::Both, ..PLAIN };
    assert_eq!(both.send(token_request(site)).await.0, 404);
    assert_eq!(refused(site, TokenRefusal::Chunked), 1);
}

#[tokio::test]
async fn revocations_and_device_codes_are_asked_for_like_tokens() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    for (raw, status, reason) in [
        (CHUNKED, 404, TokenRefusal::Chunked),
        (NO_LENGTH, 411, TokenRefusal::NoLength),
        (NO_USER_AGENT, 403, TokenRefusal::NoUserAgent),
    ] {
        for request in beside_the_token_endpoint(site) {
            assert_eq!(raw.send(request).await.0, status);
        }
        assert_eq!(refused(site, reason), 2);
    }
    for request in beside_the_token_endpoint(site) {
        assert_eq!(PLAIN.send(request).await.0, 200);
    }
    assert_eq!((site.counters().badly_sent(), site.counters().token_refused()), (6, 6));
}

#[tokio::test]
async fn post_put_and_patch_need_a_length_at_either_host() {
    let emulator = start().await;
    for site in emulator.sites() {
        let urls = [
            site.token_url(),
            format!("{}/no-such-path", site.auth_url()),
            format!("{}/no-such-path", site.api_url()),
        ];
        for url in &urls {
            for method in ["POST", "PUT", "PATCH"] {
                for version in ["HTTP/1.0", "HTTP/1.1"] {
                    let raw = Raw { version, ..NO_LENGTH };
                    let request = client().request(method.parse().unwrap(), url);
                    let (status, body) = raw.send(request).await;
                    assert_eq!(status, 411, "{method} {url}");
                    assert!(body.to_string().contains("content-length"), "{body}");
                }
            }
            for method in ["GET", "DELETE"] {
                let request = client().request(method.parse().unwrap(), url);
                assert_ne!(NO_LENGTH.send(request).await.0, 411, "{method} {url}");
            }
        }
        assert_eq!(refused(site, TokenRefusal::NoLength), 12);
        assert_eq!(rejected(site, Rejection::NoLength), 6);
        assert_eq!(site.counters().badly_sent(), 18);
    }
}

#[tokio::test]
async fn the_sign_in_page_needs_a_length_too() {
    let emulator = start().await;
    for provider in [Provider::GoTo, Provider::GoTab] {
        let site = emulator.site(provider);
        let url = site.authorize_url().unwrap();
        assert_eq!(NO_LENGTH.send(client().post(&url)).await.0, 411);
        assert_eq!(NO_USER_AGENT.send(client().get(&url)).await.0, 400);
        assert_eq!(site.counters().badly_sent(), 1);
    }
}

#[tokio::test]
async fn a_length_of_zero_is_a_length() {
    let emulator = start().await;
    for site in emulator.sites() {
        assert_eq!(send(empty_post(site.token_url())).await.0, empty_token_request(site));
        assert_eq!(site.counters().badly_sent(), 0);
    }
}

/// Returns the status of a token request without content.
fn empty_token_request(site: &Site) -> u16 {
    if site.provider() == Provider::Octotable { 415 } else { 400 }
}

#[tokio::test]
async fn token_requests_need_a_user_agent() {
    let emulator = start().await;
    for site in emulator.sites() {
        for user_agent in [None, Some(""), Some("  ")] {
            let (status, body) = Raw { user_agent, ..PLAIN }.send(token_request(site)).await;
            assert_eq!(status, 403, "{body}");
            assert!(body.to_string().contains("User-Agent"), "{body}");
        }
        assert_eq!(refused(site, TokenRefusal::NoUserAgent), 3);
        assert_eq!((site.counters().badly_sent(), site.counters().tokens_issued), (3, 0));
    }
}

#[tokio::test]
async fn an_api_needs_a_user_agent_only_if_it_is_switched_on() {
    let emulator = start().await;
    for site in emulator.sites() {
        let token = token(site).await;
        let call = || plain_call(site).bearer_auth(&token);
        assert!(NO_USER_AGENT.send(call()).await.0 < 300);
        site.demand_user_agent(true);
        let (status, body) = NO_USER_AGENT.send(call()).await;
        assert_eq!(status, 403);
        assert!(body.to_string().contains("User-Agent"), "{body}");
        assert!(PLAIN.send(call()).await.0 < 300);
        site.demand_user_agent(false);
        assert!(NO_USER_AGENT.send(call()).await.0 < 300);
        assert_eq!((rejected(site, Rejection::NoUserAgent), site.counters().badly_sent()), (1, 1));
    }
}

#[tokio::test]
async fn an_api_takes_chunks() {
    let emulator = start().await;
    let site = emulator.site(Provider::GbgGo);
    let token = token(site).await;
    assert!(CHUNKED.send(plain_call(site).bearer_auth(token)).await.0 < 300);
    assert_eq!(site.counters().badly_sent(), 0);
}

#[tokio::test]
async fn over_http_2_no_length_is_needed_but_a_user_agent_is() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTab);
    let http_2 = |user_agent| {
        let client = reqwest::Client::builder().http2_prior_knowledge().user_agent(user_agent);
        client.build().unwrap()
    };
    let credentials = site.credentials();
    let fields = json!({
        "grant_type": "client_credentials",
        "api_access_id": credentials.id(),
        "api_access_secret": credentials.secret(),
    });
    let streamed = || {
        // The length of a stream is unknown, so reqwest sends chunks.
        let content = Ok::<_, Infallible>(Frame::data(Bytes::from(fields.to_string())));
        let body = reqwest::Body::wrap(StreamBody::new(stream::iter([content])));
        http_2(USER_AGENT).post(site.token_url()).header("content-type", "application/json").body(body)
    };
    assert_eq!(send(streamed()).await.0, 200);
    assert_eq!(send(http_2(USER_AGENT).post(url(site, "api", "/api/loc"))).await.0, 405);
    assert_eq!(site.counters().badly_sent(), 0);
    assert_eq!(send(http_2("").post(site.token_url()).json(&fields)).await.0, 403);
    assert_eq!(refused(site, TokenRefusal::NoUserAgent), 1);
}

#[tokio::test]
async fn a_badly_sent_request_meets_no_fault() {
    let emulator = start().await;
    let site = emulator.site(Provider::GbgGo);
    site.inject(Endpoint::Token, Fault::Unavailable);
    assert_eq!(CHUNKED.send(token_request(site)).await.0, 404);
    assert_eq!((site.faults_left(Endpoint::Token), site.counters().faults_played), (1, 0));
    assert_eq!(PLAIN.send(token_request(site)).await.0, 503);
}

#[tokio::test]
async fn a_lenient_emulator_takes_requests_however_they_are_sent() {
    let emulator = Emulator::lenient().await.unwrap();
    for site in emulator.sites() {
        for raw in [CHUNKED, NO_USER_AGENT, Raw { user_agent: None, ..CHUNKED }] {
            assert_eq!(raw.send(token_request(site)).await.0, 200);
        }
        let empty = client().post(site.token_url());
        assert_eq!(NO_LENGTH.send(empty).await.0, empty_token_request(site));
        let elsewhere = client().post(format!("{}/no-such-path", site.api_url()));
        assert_eq!(NO_LENGTH.send(elsewhere).await.0, 404);
        assert_eq!((site.counters().badly_sent(), site.counters().tokens_issued), (0, 3));
    }
    let goto = emulator.site(Provider::GoTo);
    for request in beside_the_token_endpoint(goto) {
        assert_eq!(Raw { user_agent: None, ..CHUNKED }.send(request).await.0, 200);
    }
}
