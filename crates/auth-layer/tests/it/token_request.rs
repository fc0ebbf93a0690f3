//! Token requests: what is sent, to which URL, and what is refused before anything is sent.

use std::collections::BTreeSet;
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use auth_layer::leaf::reqwest::ReqwestLeaf;
use auth_layer::{
    ClientAuth, ConfigError, Credential, Encoding, ErrorKind, Exchange, Grant, Profile, RefreshToken,
    TestClock, TokenManager, Transport, leaf,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, Response};
use http_body_util::Full;
use tower::{Layer, ServiceExt};

use crate::loopback::{Loopback, Reply, answer, redirect};
use crate::support::{
    FakeApi, FakeTokenEndpoint, Rig, Seen, example, exchange, get, poll_once, respond, until,
};

const SECRET: &str = "sesame-8f1c27";
const REFRESH: &str = "refresh-9d02b4";

/// Returns the one request that an exchange makes.
async fn request_of(profile: Profile, credential: Credential, grant: Grant) -> Seen {
    let endpoint = FakeTokenEndpoint::issuing(3600);
    let exchange =
        Exchange::builder(profile, credential, grant).transport(endpoint.transport()).build().unwrap();
    TokenManager::new(exchange).token().await.unwrap();
    let mut seen = endpoint.seen();
    assert_eq!(seen.len(), 1);
    seen.remove(0)
}

fn build(profile: Profile, grant: Grant) -> Result<Exchange, ConfigError> {
    let transport = FakeTokenEndpoint::issuing(3600).transport();
    Exchange::builder(profile, Credential::new("client", SECRET), grant).transport(transport).build()
}

/// Returns the error of a configuration that must be refused, as text.
#[track_caller]
fn refusal(profile: Profile, grant: Grant) -> String {
    match build(profile, grant) {
        Ok(_) => panic!("it should be refused"),
        Err(error) => error.to_string(),
    }
}

/// Returns the parameters of a body, in either encoding, duplicates included.
fn parameters(seen: &Seen) -> Vec<(String, String)> {
    if seen.headers["content-type"] == "application/json" {
        // A map would hide a second value of the same name, so this reads the text of the object.
        let text = std::str::from_utf8(&seen.body).unwrap();
        let inner = text.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
        let members = inner.split(',').map(|member| {
            let member: serde_json::Value = serde_json::from_str(&format!("{{{member}}}")).unwrap();
            let (name, value) = member.as_object().unwrap().iter().next().unwrap();
            (name.clone(), value.as_str().unwrap().to_owned())
        });
        members.collect()
    } else {
        form_urlencoded::parse(&seen.body).into_owned().collect()
    }
}

/// Returns one request for every way to write a token request.
async fn every_request() -> Vec<(ClientAuth, Seen)> {
    let mut all = Vec::new();
    let ways = [
        ClientAuth::Basic,
        ClientAuth::BasicRaw,
        ClientAuth::body(),
        ClientAuth::body_named("api_access_id", "api_access_secret"),
        ClientAuth::Public,
    ];
    for client_auth in ways {
        for encoding in [Encoding::Form, Encoding::Json] {
            for grant in [Grant::ClientCredentials, Grant::refresh_token(RefreshToken::new(REFRESH))] {
                if client_auth == ClientAuth::Public && grant == Grant::ClientCredentials {
                    continue;
                }
                let profile = example()
                    .with_client_auth(client_auth.clone())
                    .with_encoding(encoding)
                    .with_scope("read write".parse().unwrap())
                    .with_parameter("audience", "https://api.example.com")
                    .with_parameter("tenant", "");
                let credential = Credential::new("client", SECRET);
                all.push((client_auth.clone(), request_of(profile, credential, grant).await));
            }
        }
    }
    assert_eq!(all.len(), 18);
    all
}

#[tokio::test]
async fn tr01_every_request_is_a_post_with_nothing_secret_in_its_uri() {
    for (_, seen) in every_request().await {
        assert_eq!(seen.method, Method::POST);
        assert_eq!(seen.uri, "https://auth.example.com/token");
    }
}

#[tokio::test]
async fn tr01_a_token_url_may_hold_no_credential() {
    for url in ["https://client:sesame@auth.example.com/token", "http://client:sesame@auth.example.com/token"]
    {
        let error = Profile::new("example", url).unwrap_err();
        assert!(error.to_string().contains("user"), "{error}");
        assert!(!format!("{error} {error:?}").contains("sesame"), "{error:?}");
    }
    let of_a_user = "https://client:sesame@auth.example.com/x";
    for error in [
        example().with_token_url(of_a_user).unwrap_err(),
        example().with_authorize_url(of_a_user).unwrap_err(),
        example().with_device_url(of_a_user).unwrap_err(),
        example().with_revocation_url(of_a_user).unwrap_err(),
        example().with_issuer(of_a_user).unwrap_err(),
    ] {
        assert!(error.to_string().contains("names a user"), "{error}");
        assert!(!format!("{error} {error:?}").contains("sesame"), "{error:?}");
    }
    // An `@` in the path or the query does not end a password.
    assert!(Profile::new("example", "https://auth.example.com/t@1/token?for=me@example.com").is_ok());
}

async fn basic_of(client_auth: Option<ClientAuth>, id: &str, secret: &str) -> String {
    let profile = match client_auth {
        Some(client_auth) => example().with_client_auth(client_auth),
        None => example(),
    };
    let seen = request_of(profile, Credential::new(id, secret), Grant::ClientCredentials).await;
    let value = seen.headers["authorization"].to_str().unwrap();
    String::from_utf8(STANDARD.decode(value.strip_prefix("Basic ").unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn tr02_basic_is_form_encoded_before_base64() {
    let pair = basic_of(Some(ClientAuth::Basic), " %&+£€", "a:b").await;
    assert_eq!(pair, "+%25%26%2B%C2%A3%E2%82%AC:a%3Ab");
    let pair = basic_of(Some(ClientAuth::Basic), "one:two", "s").await;
    assert_eq!(pair, "one%3Atwo:s");
}

#[tokio::test]
async fn b69_colon_percent_space_and_non_ascii_survive_a_basic_header() {
    let (id, secret) = ("a:b %20ü", "s+é:/?=~*");
    let pair = basic_of(Some(ClientAuth::Basic), id, secret).await;
    assert!(pair.is_ascii());
    let (sent_id, sent_secret) = pair.split_once(':').unwrap();
    let decode = |text: &str| form_urlencoded::parse(text.as_bytes()).next().unwrap().0.into_owned();
    assert_eq!((decode(sent_id), decode(sent_secret)), (id.to_owned(), secret.to_owned()));
}

#[tokio::test]
async fn tr03_raw_basic_is_a_switch_that_is_off() {
    let (id, secret) = ("an id", "p%s+ü");
    assert_eq!(basic_of(Some(ClientAuth::BasicRaw), id, secret).await, "an id:p%s+ü");
    assert_eq!(basic_of(None, id, secret).await, "an+id:p%25s%2B%C3%BC");
}

#[tokio::test]
async fn tr03_raw_and_encoded_basic_are_equal_for_unreserved_characters() {
    let unreserved: String = (0x21..0x7f_u8)
        .map(char::from)
        .filter(|c| c.is_ascii_alphanumeric() || "-._~".contains(*c))
        .collect();
    assert_eq!(unreserved.len(), 66);
    let encoded = basic_of(Some(ClientAuth::Basic), &unreserved, &unreserved).await;
    assert_eq!(encoded, basic_of(Some(ClientAuth::BasicRaw), &unreserved, &unreserved).await);
    // A text that looks like an encoded tilde stays as it is.
    assert_eq!(basic_of(None, "%7E", "s").await, "%257E:s");
}

#[test]
fn tr03_a_raw_header_cannot_carry_an_id_with_a_colon() {
    let credential = Credential::new("a:b", SECRET);
    let profile = example().with_client_auth(ClientAuth::BasicRaw);
    let error = Exchange::builder(profile, credential, Grant::ClientCredentials).build().unwrap_err();
    assert_eq!(error.what(), "client id");
}

#[tokio::test]
async fn tr04_a_request_carries_exactly_one_client_authentication() {
    for (client_auth, seen) in every_request().await {
        let parameters = parameters(&seen);
        let named = |name: &str| parameters.iter().filter(|(known, _)| known == name).count();
        let secrets = parameters.iter().filter(|(_, value)| value == SECRET).count();
        let headers = seen.headers.get_all("authorization").iter().count();
        let expected = match client_auth {
            ClientAuth::Basic | ClientAuth::BasicRaw => (1, 0, 0, 0),
            ClientAuth::Body { id, .. } if id == "client_id" => (0, 1, 1, 0),
            ClientAuth::Body { .. } => (0, 1, 0, 1),
            _ => (0, 0, 1, 0),
        };
        let found = (headers, secrets, named("client_id"), named("api_access_id"));
        assert_eq!(found, expected, "{seen:?}");
        assert_eq!(named("client_assertion") + named("client_assertion_type"), 0);
    }
}

#[test]
fn tr04_no_second_authentication_can_be_configured() {
    for name in ["client_id", "client_secret", "client_assertion", "client_assertion_type"] {
        for client_auth in [ClientAuth::Basic, ClientAuth::body(), ClientAuth::body_named("id", "key")] {
            let profile = example().with_client_auth(client_auth).with_parameter(name, "x");
            assert!(refusal(profile, Grant::ClientCredentials).contains(name));
        }
    }
}

#[tokio::test]
async fn tr05_a_body_is_a_form_in_utf8_unless_the_profile_says_json() {
    let profile = || example().with_parameter("name", "é+ &=\"\\\u{1}");
    let send = |profile| request_of(profile, Credential::new("client", SECRET), Grant::ClientCredentials);

    let seen = send(profile()).await;
    assert_eq!(seen.headers["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(seen.body, "grant_type=client_credentials&name=%C3%A9%2B+%26%3D%22%5C%01");

    let seen = send(profile().with_encoding(Encoding::Json)).await;
    assert_eq!(seen.headers["content-type"], "application/json");
    let expected = serde_json::json!({"grant_type": "client_credentials", "name": "é+ &=\"\\\u{1}"});
    assert_eq!(seen.json(), expected);
}

#[tokio::test]
async fn tr06_no_parameter_is_sent_twice_and_none_without_a_value() {
    for (_, seen) in every_request().await {
        let parameters = parameters(&seen);
        let names: BTreeSet<&str> = parameters.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names.len(), parameters.len(), "{parameters:?}");
        assert!(names.contains("grant_type") && names.contains("audience") && !names.contains("tenant"));
        assert!(parameters.iter().all(|(_, value)| !value.is_empty()), "{parameters:?}");
    }
    let profile = example().with_scope("".parse().unwrap());
    let seen = request_of(profile, Credential::new("client", SECRET), Grant::ClientCredentials).await;
    assert_eq!(seen.body, "grant_type=client_credentials");
}

#[test]
fn tr06_a_parameter_given_twice_is_refused() {
    let twice = example().with_parameter("audience", "a").with_parameter("audience", "b");
    assert!(refusal(twice, Grant::ClientCredentials).contains("audience"));
    let scope = example().with_scope("a".parse().unwrap());
    let named = scope.with_client_auth(ClientAuth::body_named("scope", "key"));
    assert!(refusal(named, Grant::ClientCredentials).contains("scope"));
    let one_name = example().with_client_auth(ClientAuth::body_named("key", "key"));
    assert!(refusal(one_name, Grant::ClientCredentials).contains("key"));
}

#[tokio::test]
async fn tr07_a_query_in_the_token_url_is_kept() {
    let profile = example().with_token_url("https://auth.example.com/token?tenant=a%20b&x").unwrap();
    let seen = request_of(profile, Credential::new("client", SECRET), Grant::ClientCredentials).await;
    assert_eq!(seen.uri, "https://auth.example.com/token?tenant=a%20b&x");
}

#[test]
fn tr07_a_fragment_in_the_token_url_is_refused() {
    for url in ["https://auth.example.com/token#a", "https://auth.example.com/token?x=1#"] {
        assert!(Profile::new("example", url).unwrap_err().to_string().contains("fragment"));
        assert!(example().with_token_url(url).unwrap_err().to_string().contains("fragment"));
    }
}

#[test]
fn tr08_a_token_endpoint_is_https_or_loopback() {
    let refused = [
        "http://auth.example.com/token",
        "http://10.0.0.1/token",
        "http://0.0.0.0/token",
        "http://127.0.0.1.example.com/token",
        "http://localhost.example.com/token",
        "http://[2001:db8::1]/token",
        "ftp://auth.example.com/token",
        "//auth.example.com/token",
        "/token",
        "auth.example.com",
    ];
    for url in refused {
        let error = Profile::new("example", url).unwrap_err();
        assert!(error.to_string().starts_with("token URL"), "{error}");
        assert!(example().with_token_url(url).is_err(), "{url}");
    }
    for url in
        ["http://127.0.0.1:1/t", "http://localhost:1/t", "http://[::1]:1/t", "https://auth.example.com/t"]
    {
        assert!(Profile::new("example", url).is_ok(), "{url}");
    }
}

#[tokio::test]
async fn tr09_a_redirect_is_a_refusal_whatever_its_status() {
    for status in [301, 302, 303, 307, 308] {
        let endpoint = FakeTokenEndpoint::scripted(move |_, _| {
            let mut response = respond(status, "");
            response.headers_mut().insert("location", "https://auth.example.com/other".parse().unwrap());
            Ok(response)
        });
        let rig = Rig::new(endpoint);
        let error = rig.manager.token().await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Refused, false));
        assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
        assert_eq!(rig.endpoint.count(), 1);
    }
}

/// Returns both leaves with their defaults.
fn leaves() -> [Transport; 2] {
    let hyper = leaf::hyper_util::client().unwrap();
    [Transport::new(hyper), Transport::new(ReqwestLeaf::new().unwrap())]
}

async fn b70_check(status: u16, to_itself: bool) {
    for transport in leaves() {
        let elsewhere = Loopback::saying(200, r#"{"access_token":"stolen","token_type":"Bearer"}"#).await;
        let location = if to_itself { "/other".to_owned() } else { elsewhere.url("/token") };
        let server = Loopback::start(move |_, _| Reply::Whole(redirect(status, &location))).await;
        let profile = Profile::new("example", &server.url("/token")).unwrap();
        let exchange =
            Exchange::builder(profile, Credential::new("client", SECRET), Grant::ClientCredentials)
                .transport(transport)
                .build()
                .unwrap();
        let error = TokenManager::new(exchange).token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
        assert_eq!((server.count(), elsewhere.count()), (1, 0));
    }
}

#[tokio::test]
async fn b70_no_leaf_follows_a_redirect_of_the_token_endpoint() {
    for status in [301, 302, 303, 307, 308] {
        b70_check(status, false).await;
    }
}

#[tokio::test]
async fn tr09_neither_leaf_follows_a_redirect_within_the_origin() {
    for status in [302, 307] {
        b70_check(status, true).await;
    }
}

#[tokio::test]
async fn tr10_scopes_are_sent_apart_by_spaces() {
    let profile = example().with_scope("write  read:all write".parse().unwrap());
    let seen = request_of(profile, Credential::new("client", SECRET), Grant::ClientCredentials).await;
    assert_eq!(seen.form("scope").as_deref(), Some("read:all write"));
}

#[test]
fn tr10_a_bad_scope_is_refused_before_anything_is_sent() {
    for byte in 0..=0x7f_u8 {
        let text = format!("a{}b", char::from(byte));
        let allowed = matches!(byte, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert_eq!(text.parse::<auth_layer::Scope>().is_ok(), allowed, "{byte:#x}");
    }
    assert!("é".parse::<auth_layer::Scope>().is_err());
    // There is no way around the check, either.
    let around = example().with_parameter("scope", "a\"b");
    assert!(refusal(around, Grant::ClientCredentials).contains("scope"));
}

#[test]
fn tr11_client_credentials_need_a_client_that_authenticates() {
    let public = example().with_client_auth(ClientAuth::Public);
    let error = build(public.clone(), Grant::ClientCredentials).unwrap_err();
    assert_eq!(error.what(), "client credentials");
    assert!(build(public, Grant::refresh_token(RefreshToken::new(REFRESH))).is_ok());

    for client_auth in [ClientAuth::Basic, ClientAuth::BasicRaw, ClientAuth::body()] {
        let profile = example().with_client_auth(client_auth);
        let builder = Exchange::builder(profile, Credential::public("client"), Grant::ClientCredentials);
        assert_eq!(builder.build().unwrap_err().what(), "client secret");
    }
}

#[tokio::test]
async fn tr12_a_public_client_names_itself_in_the_body() {
    let profile = example().with_client_auth(ClientAuth::Public);
    let grant = Grant::refresh_token(RefreshToken::new(REFRESH));
    let seen = request_of(profile, Credential::public("the-client"), grant).await;
    assert_eq!(seen.body, format!("grant_type=refresh_token&refresh_token={REFRESH}&client_id=the-client"));
    assert!(!seen.headers.contains_key("authorization"));
}

#[tokio::test]
async fn tr13_no_request_is_of_the_password_grant() {
    // The requests of every grant.
    let mut sent = BTreeSet::new();
    for (_, seen) in every_request().await {
        sent.extend(parameters(&seen).into_iter().filter(|(name, _)| name == "grant_type").map(|(_, v)| v));
    }
    assert_eq!(sent.into_iter().collect::<Vec<_>>(), ["client_credentials", "refresh_token"]);
    // A profile cannot change it, either.
    let profile = example().with_parameter("grant_type", "password");
    assert!(refusal(profile, Grant::ClientCredentials).contains("grant_type"));
}

#[tokio::test]
async fn tr14_extra_and_renamed_parameters_come_from_the_profile() {
    let profile = example()
        .with_client_auth(ClientAuth::body_named("api_access_id", "api_access_secret"))
        .with_parameter("response_type", "token");
    let seen = request_of(profile, Credential::new("client", SECRET), Grant::ClientCredentials).await;
    let expected = format!(
        "grant_type=client_credentials&response_type=token&api_access_id=client&api_access_secret={SECRET}"
    );
    assert_eq!(seen.body, expected);
}

#[test]
fn tr14_nothing_can_override_what_the_grant_sets() {
    let refresh = || Grant::refresh_token(RefreshToken::new(REFRESH));
    for name in ["grant_type", "refresh_token"] {
        for grant in [Grant::ClientCredentials, refresh()] {
            assert!(refusal(example().with_parameter(name, "x"), grant).contains(name));
        }
    }
    for (id, secret) in [("grant_type", "key"), ("id", "grant_type"), ("refresh_token", "key")] {
        let profile = example().with_client_auth(ClientAuth::body_named(id, secret));
        refusal(profile, refresh());
    }
}

/// Returns a token answer of exactly this many bytes.
fn answer_of(bytes: usize) -> Response<Full<Bytes>> {
    let (head, tail) = (r#"{"access_token":"t","token_type":"Bearer","padding":""#, r#""}"#);
    respond(200, &format!("{head}{}{tail}", "x".repeat(bytes - head.len() - tail.len())))
}

#[tokio::test]
async fn tr15_an_answer_is_read_up_to_64_kib() {
    let rig = Rig::new(FakeTokenEndpoint::scripted(|_, _| Ok(answer_of(64 * 1024))));
    assert!(rig.manager.token().await.is_ok());

    for status in [200, 400] {
        let rig = Rig::new(FakeTokenEndpoint::scripted(move |_, _| {
            let mut answer = answer_of(64 * 1024 + 1);
            *answer.status_mut() = status.try_into().unwrap();
            Ok(answer)
        }));
        let error = rig.manager.token().await.unwrap_err();
        // A status other than 2xx is a refusal, and the length of its page is a second cause.
        let (kind, text) = match status {
            200 => (ErrorKind::InvalidAnswer, error.to_string()),
            _ => (ErrorKind::Refused, error.source().unwrap().to_string()),
        };
        assert_eq!((error.kind(), error.is_transient()), (kind, false));
        assert!(text.contains("longer than 65536 bytes"), "{error}");
    }
}

#[tokio::test]
async fn tr16_a_token_request_ends_at_its_own_deadline() {
    let endpoint = FakeTokenEndpoint::issuing(3600);
    endpoint.hold();
    let clock = TestClock::new();
    let patient = exchange(&endpoint, &clock, &example()).timeout(Duration::from_secs(7)).build().unwrap();
    let rig = Rig::with_exchange(endpoint, clock, example(), patient);
    let manager = rig.manager.clone();
    let call = tokio::spawn(async move { manager.token().await });
    until(|| rig.clock.sleepers() == 1).await;
    rig.clock.advance(Duration::from_millis(6_999));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!call.is_finished());
    rig.clock.advance(Duration::from_millis(1));
    until(|| call.is_finished()).await;
    let error = call.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Timeout, true));
}

#[tokio::test]
async fn tr16_a_call_that_ends_does_not_end_the_token_request() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    rig.endpoint.hold();
    {
        let mut call = Box::pin(rig.manager.token());
        assert!(poll_once(&mut call).is_pending());
        until(|| rig.endpoint.count() == 1).await;
    }
    rig.endpoint.release(1);
    until(|| rig.manager.stats().exchanges == 1 && rig.clock.sleepers() == 0).await;
    assert_eq!(rig.manager.token().await.unwrap().access_token().expose(), "token-1");
    assert_eq!(rig.endpoint.count(), 1);
}

#[tokio::test]
async fn tr16_the_deadline_of_a_token_request_is_not_the_calls() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let (api, gate) = FakeApi::accepting().gated();
    let call = tokio::spawn(rig.layer().layer(api.clone()).oneshot(get("/slow")));
    until(|| api.count() == 1).await;
    rig.advance(1_000);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!call.is_finished());
    gate.add_permits(1);
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn tr16_connecting_has_a_timeout_of_its_own() {
    // A socket that listens with a full queue, so that a connection attempt hangs.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue: Vec<_> = (0..8).map(|_| Box::pin(tokio::net::TcpStream::connect(address))).collect();
    queue.iter_mut().for_each(|connecting| drop(poll_once(connecting)));
    for transport in leaves() {
        let profile = Profile::new("example", &format!("http://{address}/token")).unwrap();
        // This clock does not move, so the deadline of the whole exchange never comes.
        let clock = Arc::new(TestClock::new());
        let exchange =
            Exchange::builder(profile, Credential::new("client", SECRET), Grant::ClientCredentials)
                .transport(transport)
                .clock(clock.clone())
                .build()
                .unwrap();
        let began = tokio::time::Instant::now();
        let error = TokenManager::builder(exchange).clock(clock).build().token().await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Transport, true));
        assert_eq!(began.elapsed().as_secs(), 10, "{error:?}");
    }
    drop((queue, listener));
}

#[tokio::test]
async fn tr01_neither_leaf_adds_to_the_uri() {
    for transport in leaves() {
        let ok = r#"{"access_token":"t","token_type":"Bearer"}"#;
        let server = Loopback::start(move |_, _| Reply::Whole(answer(200, ok))).await;
        let profile = Profile::new("example", &server.url("/token?tenant=1")).unwrap();
        let exchange =
            Exchange::builder(profile, Credential::new("client", SECRET), Grant::ClientCredentials)
                .transport(transport)
                .build()
                .unwrap();
        TokenManager::new(exchange).token().await.unwrap();
        let seen = &server.seen()[0];
        assert_eq!((seen.method.as_str(), seen.uri.to_string()), ("POST", "/token?tenant=1".to_owned()));
        assert_eq!(seen.body, "grant_type=client_credentials");
    }
}
