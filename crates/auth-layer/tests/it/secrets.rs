//! Secrets stay hidden: from texts, from logs, and from memory once they are dropped.

use std::error::Error as StdError;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use auth_layer::grant::TokenExchange;
use auth_layer::source::{IssuedToken, TokenRequest};
use auth_layer::store::{Entry, Record, State, StoreError, StoreKey, Version};
use auth_layer::token::TokenTypeId;
use auth_layer::{
    AccessToken, AuthLayer, BoxError, CallBearer, ClientAuth, ConfigError, Credential, Encoding, Error,
    ErrorKind, Exchange, Grant, MemoryStore, Profile, RefreshToken, ReplayRule, Secret, SignIn, StaticToken,
    TestClock, TokenManager, TokenStore,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use tower::{Layer, ServiceExt};

use crate::support::{
    FakeApi, FakeTokenEndpoint, Rig, Seen, example, get, json_response, logged, respond, until,
};

const CLIENT_SECRET: &str = "cl13nt/s3cret+word: %é~";
const REFRESH: &str = "r3fresh/t0ken+first==";
const ROTATED: &str = "r3fresh/t0ken+second==";
const ACCESS: &str = "acc3ss/t0ken+number~";
const ASSERTION: &str = "s1gned/4ssertion+of==";
const SUBJECT: &str = "subj3ct/t0ken+whose==";
const ACTOR: &str = "4ctor/t0ken+acting==";
const PERSONAL: &str = "p3rsonal/t0ken+made==";
const DEVICE: &str = "d3vice/c0de+polled==";
const USER_CODE: &str = "WDJB-MJHT-us3r";

const SECRETS: [&str; 10] =
    [CLIENT_SECRET, REFRESH, ROTATED, ACCESS, ASSERTION, SUBJECT, ACTOR, PERSONAL, DEVICE, USER_CODE];

/// Finds secrets in texts: as they are, form-encoded, and in base64 at any offset.
struct Detector(Vec<(&'static str, String)>);

impl Detector {
    fn new() -> Self {
        let mut needles = Vec::new();
        for secret in SECRETS {
            let in_form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            // A Basic header is base64 of the form encoding, with `~` unchanged.
            for spelling in [secret.to_owned(), in_form.replace("%7E", "~"), in_form] {
                for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
                    for before in 0..3 {
                        let text = [&[b' '; 3][..before], spelling.as_bytes()].concat();
                        let encoded = engine.encode(text);
                        // Characters that also depend on the neighbouring bytes are left out.
                        needles.push((secret, encoded[before * 2..encoded.len() - 3].to_owned()));
                    }
                }
                needles.push((secret, spelling));
            }
        }
        Self(needles)
    }

    /// Returns the first secret that is in a text.
    fn find(&self, text: &str) -> Option<&'static str> {
        self.0.iter().find(|(_, needle)| text.contains(needle)).map(|(secret, _)| *secret)
    }

    #[track_caller]
    fn check(&self, text: &str) {
        assert_eq!(self.find(text), None, "it shows in {text}");
    }

    #[track_caller]
    fn check_debug(&self, value: &dyn Debug) {
        self.check(&format!("{value:?}"));
        self.check(&format!("{value:#?}"));
    }

    /// Checks an error and all its causes.
    #[track_caller]
    fn check_error(&self, error: &(dyn StdError + 'static)) {
        let mut cause = Some(error);
        while let Some(error) = cause {
            self.check(&format!("{error} {error:?} {error:#?}"));
            cause = error.source();
        }
    }
}

#[test]
fn b64_the_detector_finds_what_it_looks_for() {
    let detector = Detector::new();
    for secret in SECRETS {
        let in_form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        for text in [
            format!("an error: {secret}!"),
            format!("client_secret={in_form}&"),
            STANDARD_NO_PAD.encode(format!("client:{in_form}")),
            STANDARD_NO_PAD.encode(format!("client:{secret}")),
            STANDARD_NO_PAD.encode(format!("c:{secret}")),
            URL_SAFE_NO_PAD.encode(format!("{secret} and more")),
        ] {
            assert_eq!(detector.find(&text), Some(secret), "{text}");
        }
    }
}

fn access(n: usize) -> String {
    format!("{ACCESS}{n}")
}

fn good(n: usize, lifetime: u64) -> Response<Full<Bytes>> {
    let body = serde_json::json!({
        "access_token": access(n), "token_type": "Bearer", "expires_in": lifetime, "refresh_token": ROTATED,
        "issued_token_type": TokenTypeId::ACCESS_TOKEN.as_str(),
    });
    json_response(200, &body.to_string())
}

fn credential() -> Credential {
    Credential::new("client", CLIENT_SECRET)
}

fn grants() -> [Grant; 5] {
    [
        Grant::ClientCredentials,
        Grant::refresh_token(RefreshToken::new(REFRESH)),
        Grant::jwt_bearer(|| Ok(Secret::new(ASSERTION))),
        TokenExchange::new(SUBJECT, TokenTypeId::JWT).with_actor(ACTOR, TokenTypeId::JWT).into(),
        Grant::custom("personal_access_token", [("pat", PERSONAL)]),
    ]
}

/// Returns the secret of a grant: its own, if it has one.
fn secret_of(grant: &Grant) -> &'static str {
    match grant {
        Grant::RefreshToken(_) => REFRESH,
        Grant::JwtBearer(_) => ASSERTION,
        Grant::TokenExchange(_) => ACTOR,
        Grant::Custom(_) => PERSONAL,
        _ => CLIENT_SECRET,
    }
}

fn rig(endpoint: FakeTokenEndpoint, profile: Profile, grant: Grant) -> Rig {
    let clock = TestClock::new();
    let exchange = Exchange::builder(profile.clone(), credential(), grant)
        .transport(endpoint.transport())
        .clock(Arc::new(clock.clone()))
        .build()
        .unwrap();
    Rig::with_exchange(endpoint, clock, profile, exchange)
}

/// Returns a server that repeats everything that it received, and `second`, in every member of an error.
fn echoing(status: u16, second: &'static str) -> FakeTokenEndpoint {
    FakeTokenEndpoint::scripted(move |_, seen| echo(status, second, seen))
}

fn echo(status: u16, second: &'static str, seen: &Seen) -> Answer {
    let header = |name: &str| seen.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let body = String::from_utf8(seen.body.to_vec()).unwrap();
    let basic = header("authorization");
    let room = [
        format!("{basic} {body}"),
        format!("{CLIENT_SECRET} {second}"),
        STANDARD_NO_PAD.encode(CLIENT_SECRET),
        STANDARD_NO_PAD.encode(second),
    ];
    let error = |code: &str, description: &str, uri: &str| serde_json::json!({"error": code, "error_description": description, "error_uri": uri});
    let body = match status {
        // The error is an object.
        422 => serde_json::json!({"error": {"code": CLIENT_SECRET, "message": room.join(" ")}}),
        400 => error(CLIENT_SECRET, &room[0], &room[1]),
        401 => error(second, &room[1], &room[0]),
        403 => error(&room[2], &room[3], &room[2]),
        _ => error("invalid_grant", &room.join(" "), &room[0]),
    };
    Ok(json_response(status, &body.to_string()))
}

#[tokio::test]
async fn b64_a_secret_that_a_server_echoes_is_removed() {
    let detector = Detector::new();
    let ways = [ClientAuth::Basic, ClientAuth::BasicRaw, ClientAuth::body()];
    for client_auth in ways {
        for encoding in [Encoding::Form, Encoding::Json] {
            for grant in grants() {
                for status in [200, 400, 401, 403, 422, 503] {
                    let profile = example().with_client_auth(client_auth.clone()).with_encoding(encoding);
                    let rig = rig(echoing(status, secret_of(&grant)), profile, grant.clone());
                    let error = rig.manager.token().await.unwrap_err();
                    detector.check_error(&error);
                    if status != 200 && error.kind() == ErrorKind::Refused {
                        assert!(error.to_string().contains("[redacted]"), "{error}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn b64_a_type_or_a_scope_that_echoes_is_struck_out() {
    let detector = Detector::new();
    for grant in grants() {
        let echoed = secret_of(&grant);
        for (member, kind) in [("token_type", ErrorKind::TokenType), ("scope", ErrorKind::Scope)] {
            let mut body = serde_json::json!({"access_token": access(1), "token_type": "Bearer"});
            body[member] = echoed.into();
            let answer = json_response(200, &body.to_string());
            let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(answer.clone()));
            let builder = |required: Option<&str>| {
                let builder = Exchange::builder(example(), credential(), grant.clone());
                let builder = builder.transport(endpoint.transport());
                match required {
                    Some(scope) => builder.require_scope(scope.parse().unwrap()),
                    None => builder,
                }
            };
            let error = TokenManager::new(builder(Some("a")).build().unwrap()).token().await.unwrap_err();
            assert_eq!(error.kind(), kind);
            assert!(error.to_string().contains("[redacted]"), "{error}");
            detector.check_error(&error);
            if let Ok(token) = TokenManager::new(builder(None).build().unwrap()).token().await {
                detector.check_debug(&token);
            }
        }
    }
}

type Answer = Result<Response<Full<Bytes>>, BoxError>;

#[test]
fn b64_nothing_logged_at_trace_holds_a_secret() {
    for client_auth in [ClientAuth::Basic, ClientAuth::body()] {
        for grant in grants() {
            let profile = example().with_client_auth(client_auth.clone());
            let log = logged(|| async {
                // Success, an early renewal, a rejection and its resend.
                let rig = rig(FakeTokenEndpoint::scripted(|n, _| Ok(good(n, 3_600))), profile, grant);
                let service = rig.layer().layer(FakeApi::scripted(|n, _| match n {
                    1 => respond(401, "rejected"),
                    _ => respond(200, "ok"),
                }));
                service.clone().oneshot(get("/me")).await.unwrap();
                rig.advance(3_500);
                service.clone().oneshot(get("/me")).await.unwrap();
                while rig.manager.token().await.unwrap().generation().to_string() != "3" {
                    tokio::task::yield_now().await;
                }
                // Failures of every kind.
                let failures: [fn(&Seen) -> Answer; 6] = [
                    |_| Err("connection reset".into()),
                    |_| Ok(respond(502, &format!("<p>{CLIENT_SECRET} {REFRESH} {ROTATED}</p>"))),
                    |_| Ok(respond(200, &format!("access_token={ACCESS}&refresh_token={ROTATED}"))),
                    |_| {
                        Ok(json_response(
                            200,
                            &format!(r#"{{"access_token":"{ACCESS} 1","token_type":"Bearer"}}"#),
                        ))
                    },
                    |_| {
                        Ok(json_response(
                            200,
                            &format!(r#"{{"access_token":"{ACCESS}1","token_type":"mac"}}"#),
                        ))
                    },
                    |seen| {
                        let sent = String::from_utf8(seen.body.to_vec()).unwrap();
                        let basic = seen.headers.get("authorization").map(|value| value.to_str().unwrap());
                        let description = format!("{} {CLIENT_SECRET} {sent}", basic.unwrap_or_default());
                        let body =
                            serde_json::json!({"error": "invalid_grant", "error_description": description});
                        Ok(json_response(400, &body.to_string()))
                    },
                ];
                for (number, failure) in failures.into_iter().enumerate() {
                    rig.endpoint.now(move |_, seen| failure(seen));
                    rig.advance(3_700);
                    service.clone().oneshot(get("/me")).await.unwrap_err();
                    assert_eq!(rig.manager.stats().failures as usize, number + 1);
                }
            });
            assert_eq!(log.matches("got a token").count(), 3, "{log}");
            assert_eq!(log.matches("got no token").count(), 6, "{log}");
            Detector::new().check(&log);
        }
    }
}

/// A store that cannot be written while tokens are in the entry.
#[derive(Debug)]
struct Failing(MemoryStore);

#[async_trait]
impl TokenStore for Failing {
    async fn load(&self, key: &StoreKey) -> Result<Option<Record>, StoreError> {
        self.0.load(key).await
    }

    async fn compare_exchange(
        &self,
        key: &StoreKey,
        expected: Option<Version>,
        entry: Entry,
    ) -> Result<Option<Version>, StoreError> {
        if entry.access_token.is_some() {
            return Err(StoreError::new("cannot reach the store", "connection refused"));
        }
        self.0.compare_exchange(key, expected, entry).await
    }

    async fn remove(&self, key: &StoreKey) -> Result<(), StoreError> {
        self.0.remove(key).await
    }

    async fn changed(&self, key: &StoreKey, seen: Version) -> Result<(), StoreError> {
        self.0.changed(key, seen).await
    }
}

#[test]
fn b64_a_store_in_trouble_logs_no_token() {
    let log = logged(|| async {
        let clock = Arc::new(TestClock::new());
        let endpoint = FakeTokenEndpoint::scripted(|n, _| Ok(good(n, 60)));
        let [_, grant, ..] = grants();
        let exchange = Exchange::builder(example(), credential(), grant)
            .transport(endpoint.transport())
            .clock(clock.clone())
            .store(Arc::new(Failing(MemoryStore::with_clock(clock.clone()))))
            .build()
            .unwrap();
        let manager = TokenManager::builder(exchange).clock(clock.clone()).build();
        manager.token().await.unwrap();
        clock.advance(Duration::from_secs(61));
        let error = manager.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store);
        Detector::new().check_error(&error);
    });
    assert!(log.contains("the token store failed"), "{log}");
    Detector::new().check(&log);
}

#[tokio::test]
async fn b64_no_public_type_shows_a_secret() {
    let detector = Detector::new();
    let access_token = AccessToken::new(&access(1)).unwrap();
    let refresh_token = RefreshToken::new(ROTATED);
    let mut entry = Entry::new(refresh_token.clone());
    entry.access_token = Some(access_token.clone());
    entry.state = State::Redeeming { holder: "me".to_owned(), lease: Duration::from_secs(1) };
    let asked = auth_layer::Clock::now(&TestClock::new());
    let store = MemoryStore::new();
    store.compare_exchange(&StoreKey::of([REFRESH]), None, entry.clone()).await.unwrap();

    detector.check_debug(&Secret::new(CLIENT_SECRET));
    detector.check_debug(&credential());
    detector.check_debug(&grants());
    detector.check_debug(&access_token);
    detector.check_debug(access_token.header());
    detector.check_debug(&refresh_token);
    detector.check_debug(&CallBearer::new(&access(1)).unwrap());
    detector.check_debug(&StaticToken::new(access_token.clone()));
    detector.check_debug(&TokenRequest::after_rejection(access_token.clone()));
    detector.check_debug(&IssuedToken::new(access_token.clone(), asked, Duration::from_secs(1)));
    detector.check_debug(&Record::new(Version::new(1), entry.clone()));
    detector.check_debug(&entry);
    detector.check_debug(&store);
    detector.check_debug(&StoreKey::of([REFRESH, CLIENT_SECRET]));
    detector.check(StoreKey::of([REFRESH]).as_str());

    // The types that contain them deep inside, with a token and during an exchange.
    for client_auth in [ClientAuth::Basic, ClientAuth::body()] {
        for grant in grants() {
            let endpoint = FakeTokenEndpoint::scripted(|n, _| Ok(good(n, 3_600)));
            let profile = example().with_client_auth(client_auth.clone());
            let builder = || Exchange::builder(profile.clone(), credential(), grant.clone());
            detector.check_debug(&builder());
            detector.check_debug(&builder().build().unwrap());
            detector.check_debug(&TokenManager::builder(builder().build().unwrap()));
            let rig = rig(endpoint, profile.clone(), grant.clone());
            let service = rig.layer().layer(FakeApi::accepting());
            let mut sent = service.clone();
            rig.endpoint.hold();
            let call = tower::Service::call(&mut sent, get("/me"));
            detector.check_debug(&call);
            let call = tokio::spawn(call);
            until(|| rig.endpoint.count() == 1).await;
            detector.check_debug(&rig.manager);
            rig.endpoint.open();
            let response = call.await.unwrap().unwrap();
            detector.check_debug(&response);
            detector.check_debug(&response.into_body());
            detector.check_debug(&rig.manager);
            detector.check_debug(&rig.manager.token().await.unwrap());
            detector.check_debug(&rig.layer());
            detector.check_debug(&service);
            detector.check_debug(&auth_layer::AuthMiddleware::new(AuthLayer::new(&profile, rig.manager)));
        }
    }
}

#[test]
fn b64_a_sign_in_shows_no_code_and_a_sign_out_no_token() {
    let log = logged(|| async {
        let detector = Detector::new();
        for status in [400, 401, 403, 422] {
            let clock = TestClock::new();
            let endpoint = FakeTokenEndpoint::scripted(|_, _| {
                let codes = serde_json::json!({
                    "device_code": DEVICE, "user_code": USER_CODE, "expires_in": 60,
                    "verification_uri": "https://example.com/device",
                    "verification_uri_complete": format!("https://example.com/device?code={USER_CODE}"),
                });
                Ok(json_response(200, &codes.to_string()))
            });
            let profile = example().with_device_url("https://auth.example.com/device").unwrap();
            let profile = profile.with_revocation_url("https://auth.example.com/revoke").unwrap();
            let sign_in = SignIn::builder(profile, credential()).transport(endpoint.transport());
            let sign_in = Arc::new(sign_in.clock(Arc::new(clock.clone())).build().unwrap());
            let code = Arc::new(sign_in.ask_for_device_code(None).await.unwrap());
            detector.check_debug(&sign_in);
            detector.check_debug(&code);

            endpoint.now(move |_, seen| echo(status, DEVICE, seen));
            let polling = tokio::spawn({
                let (sign_in, code) = (sign_in.clone(), code.clone());
                async move { sign_in.poll(&code).await }
            });
            until(|| clock.sleepers() == 1).await;
            clock.advance(Duration::from_secs(5));
            detector.check_error(&polling.await.unwrap().unwrap_err());

            endpoint.now(move |_, seen| echo(status, REFRESH, seen));
            let refresh_token = RefreshToken::new(REFRESH);
            let error = sign_in.revoke(&refresh_token).await.unwrap_err();
            assert!(error.to_string().contains("[redacted]"), "{error}");
            detector.check_error(&error);
            endpoint.now(move |_, seen| echo(status, ACCESS, seen));
            let error = sign_in.revoke_access_token(&AccessToken::new(ACCESS).unwrap()).await.unwrap_err();
            detector.check_error(&error);
            let store = MemoryStore::new();
            let key = StoreKey::of(["a person"]);
            store.compare_exchange(&key, None, Entry::new(refresh_token)).await.unwrap();
            endpoint.now(move |_, seen| echo(status, REFRESH, seen));
            detector.check_debug(&sign_in.sign_out(&store, &key).await.unwrap());
        }
    });
    Detector::new().check(&log);
}

#[tokio::test]
async fn b64_no_error_of_configuration_shows_a_secret() {
    let detector = Detector::new();
    let build = |profile: Profile, grant| -> ConfigError {
        Exchange::builder(profile, credential(), grant).build().unwrap_err()
    };
    let public = example().with_client_auth(ClientAuth::Public);
    detector.check_error(&build(public, Grant::ClientCredentials));
    detector.check_error(&build(example(), Grant::refresh_token(RefreshToken::new(""))));
    detector.check_error(&build(
        example().with_parameter("client_secret", CLIENT_SECRET),
        Grant::ClientCredentials,
    ));
    for grant in [
        Grant::custom("password", [("password", PERSONAL)]),
        Grant::custom("urn:example:own", [("client_secret", PERSONAL)]),
        TokenExchange::new(SUBJECT, TokenTypeId::new("")).into(),
    ] {
        detector.check_error(&build(example(), grant));
    }
    let raw = example().with_client_auth(ClientAuth::BasicRaw);
    let colon = Exchange::builder(raw, Credential::new("a:b", CLIENT_SECRET), Grant::ClientCredentials);
    detector.check_error(&colon.build().unwrap_err());

    // URLs with a secret in them.
    let secret = "s3cret-in-a-url";
    for url in [
        format!("http://auth.example.com/token?key={secret}"),
        format!("https://auth.example.com/token?key={secret}#fragment"),
        format!("https://auth.example.com/token#{secret}"),
        format!("https://user:{secret}@auth.example.com/token"),
        format!("https://user:{secret}@auth example.com/token"),
        format!("ftp://auth.example.com/?{secret}"),
    ] {
        let token_url = Profile::new("example", &url).unwrap_err();
        assert!(!format!("{token_url} {token_url:?}").contains(secret), "{token_url:?}");
    }
    for url in [
        format!("http://api.example.com/?key={secret}"),
        format!("http://user:{secret}@api.example.com/"),
        format!("ftp://api.example.com/?{secret}"),
    ] {
        let origin = example().with_origin(&url).unwrap_err();
        assert!(!format!("{origin} {origin:?}").contains(secret), "{origin:?}");
    }
}

#[tokio::test]
async fn rs15_a_query_in_the_token_url_is_not_in_errors() {
    let profile = example().with_token_url("https://auth.example.com/token?key=s3cret-in-a-url").unwrap();
    for answer in [respond(400, "{}"), respond(200, "{}"), respond(307, "")] {
        let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(answer.clone()));
        let error = Rig::with_profile(endpoint, profile.clone()).manager.token().await.unwrap_err();
        assert_eq!(error.endpoint(), Some("https://auth.example.com/token"));
        assert!(!format!("{error} {error:?}").contains("s3cret-in-a-url"), "{error:?}");
    }
}

#[tokio::test]
async fn b65_the_basic_header_is_sensitive() {
    for client_auth in [ClientAuth::Basic, ClientAuth::BasicRaw] {
        for grant in grants() {
            let endpoint = FakeTokenEndpoint::scripted(|n, _| Ok(good(n, 60)));
            let rig = rig(endpoint, example().with_client_auth(client_auth.clone()), grant);
            rig.manager.token().await.unwrap();
            rig.advance(61);
            rig.manager.token().await.unwrap();
            for seen in rig.endpoint.seen() {
                assert!(seen.headers["authorization"].is_sensitive());
                Detector::new().check_debug(&seen.headers);
            }
            assert_eq!(rig.endpoint.count(), 2);
        }
    }
}

#[tokio::test]
async fn b65_every_bearer_header_is_sensitive() {
    let token = AccessToken::new(&access(1)).unwrap();
    assert!(token.header().is_sensitive() && token.clone().header().clone().is_sensitive());
    let rig = rig(FakeTokenEndpoint::scripted(|n, _| Ok(good(n, 60))), example(), Grant::ClientCredentials);
    assert!(rig.manager.token().await.unwrap().access_token().header().is_sensitive());
    let adopted = MemoryStore::new();
    let key = StoreKey::of(["k"]);
    let mut entry = Entry::new(RefreshToken::new(REFRESH));
    entry.access_token = Some(token);
    adopted.compare_exchange(&key, None, entry).await.unwrap();
    let loaded = adopted.load(&key).await.unwrap().unwrap().entry.access_token.unwrap();
    assert!(loaded.header().is_sensitive());
}

#[tokio::test]
async fn b67_a_token_that_cannot_stand_in_a_header_is_not_logged() {
    for bad in ["\\n", "\\u0000", "é"] {
        let body = format!(r#"{{"access_token":"{ACCESS}{bad}","token_type":"Bearer"}}"#);
        let log = std::thread::spawn(move || {
            logged(|| async {
                let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, &body)));
                let rig = rig(endpoint, example(), Grant::ClientCredentials);
                let error = rig.layer().layer(FakeApi::accepting()).oneshot(get("/me")).await.unwrap_err();
                let error = Error::find(error.as_ref()).unwrap();
                assert_eq!(error.kind(), ErrorKind::InvalidAnswer);
                Detector::new().check_error(error);
            })
        });
        let log = log.join().unwrap();
        assert!(log.contains("got no token"), "{log}");
        Detector::new().check(&log);
    }
}

#[tokio::test]
async fn rf06_an_ended_grant_shows_no_token() {
    let endpoint = FakeTokenEndpoint::scripted(|_, _| Err("reset".into()));
    let [_, grant, ..] = grants();
    let rig = rig(endpoint, example().with_replay_rule(ReplayRule::KillsFamily), grant);
    rig.manager.token().await.unwrap_err();
    rig.advance(60);
    let error = rig.manager.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SignInAgain);
    Detector::new().check_error(&error);
}
