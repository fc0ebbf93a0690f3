//! Providers that depart from RFC 6749, each against an endpoint that accepts only its own requests.

use std::sync::Arc;

use auth_layer::{
    Clock, Credential, Encoding, Error, ErrorKind, Exchange, Grant, OAuthError, Profile, RefreshToken,
    TestClock,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tower::{Layer, ServiceExt};

use crate::departing::{either_encoding, either_form, own_names, raw_basic, scope_in_body};
use crate::support::{FakeApi, FakeTokenEndpoint, Rig, Seen, json_response, respond, text};

fn rig(endpoint: FakeTokenEndpoint, profile: Profile, credential: Credential, grant: Grant) -> Rig {
    let clock = TestClock::new();
    let exchange = Exchange::builder(profile.clone(), credential, grant)
        .transport(endpoint.transport())
        .clock(Arc::new(clock.clone()))
        .build()
        .unwrap();
    Rig::with_exchange(endpoint, clock, profile, exchange)
}

fn get(uri: &str) -> Request<Full<Bytes>> {
    Request::get(uri).body(Full::default()).unwrap()
}

/// Calls the API once, and returns the bearer that the API received.
async fn journey(rig: &Rig, uri: &str) -> Result<String, Error> {
    let api = FakeApi::accepting();
    match rig.layer().layer(api.clone()).oneshot(get(uri)).await {
        Ok(_) => Ok(api.bearers().remove(0)),
        Err(error) => Err(Error::find(error.as_ref()).expect("an error of ours").clone()),
    }
}

async fn lifetime(rig: &Rig) -> u64 {
    (rig.manager.token().await.unwrap().expires() - rig.clock.now().wall()).as_secs()
}

/// Returns a profile with only the provider's URLs, as for a client that knows nothing but RFC 6749.
fn plain(known: &Profile, api: &str) -> Profile {
    Profile::new("plain", &known.token_url().to_string())
        .and_then(|profile| profile.with_origin(api))
        .unwrap()
}

/// Returns the parameters of a form, sorted by name.
fn form(seen: &Seen) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = form_urlencoded::parse(&seen.body).into_owned().collect();
    pairs.sort();
    pairs
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn content_type(seen: &Seen) -> &str {
    seen.headers.get("content-type").map_or("", |value| value.to_str().unwrap())
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

// A JSON body with names of its own.

const NAMED_API: &str = "https://api.example.com/loc";

fn own_names_credential() -> Credential {
    Credential::new("YOUR_API_ACCESS_ID", "YOUR_API_ACCESS_SECRET")
}

/// Returns an endpoint that answers 200 to the request as documented, and 400 to anything else.
fn own_names_endpoint(url: &'static str, answer: &'static str) -> FakeTokenEndpoint {
    FakeTokenEndpoint::scripted(move |_, seen| {
        let expected = serde_json::json!({
            "grant_type": "client_credentials",
            "api_access_id": "YOUR_API_ACCESS_ID",
            "api_access_secret": "YOUR_API_ACCESS_SECRET",
        });
        let as_documented = seen.method == "POST"
            && seen.uri == url
            && content_type(seen) == JSON
            && !seen.headers.contains_key("authorization")
            && serde_json::from_slice::<serde_json::Value>(&seen.body).is_ok_and(|body| body == expected);
        Ok(if as_documented { json_response(200, answer) } else { respond(400, "Bad Request") })
    })
}

const NAMED_URL: &str = "https://auth.example.com/oauth/token";
const NAMED_ANSWER: &str = r#"{
"access_token": "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9...",
"token_type": "Bearer",
"expires_in": 86400
}"#;

const NAMED_OLD_URL: &str = "https://auth.example.com/api/oauth/token";
const NAMED_OLD_ANSWER: &str = r#"{"tokenType":"Bearer","token":"eyJhbGciOiJSUzI1NiJ9.old","initiated":1659020513,
"expires":1659106913,"expiresIn":86400,"refreshToken":"a-refresh-token","user_id":42}"#;

fn named_rig() -> Rig {
    rig(
        own_names_endpoint(NAMED_URL, NAMED_ANSWER),
        own_names(),
        own_names_credential(),
        Grant::ClientCredentials,
    )
}

#[tokio::test]
async fn own_names_as_documented() {
    let rig = named_rig();
    assert_eq!(journey(&rig, NAMED_API).await.unwrap(), "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9...");
    assert_eq!(lifetime(&rig).await, 86_400);
    assert_eq!(rig.endpoint.count(), 1);
}

#[tokio::test]
async fn own_names_in_the_older_shape() {
    let profile = own_names().with_token_url(NAMED_OLD_URL).unwrap();
    let endpoint = own_names_endpoint(NAMED_OLD_URL, NAMED_OLD_ANSWER);
    let rig = rig(endpoint, profile, own_names_credential(), Grant::ClientCredentials);
    assert_eq!(journey(&rig, NAMED_API).await.unwrap(), "eyJhbGciOiJSUzI1NiJ9.old");
    assert_eq!(lifetime(&rig).await, 86_400);
    // The refresh token is not used for client credentials, so the next request is the same.
    rig.advance(86_401);
    journey(&rig, NAMED_API).await.unwrap();
    let seen = rig.endpoint.seen();
    assert_eq!((seen.len(), &seen[0].body), (2, &seen[1].body));
}

#[tokio::test]
async fn own_names_lifetimes_in_every_shape() {
    let wall = TestClock::new().now().wall().as_secs();
    for (members, expected) in [
        (r#""expires_in":100,"expiresIn":200,"expires":1"#.to_owned(), 100),
        (r#""expiresIn":"200","expires":1"#.to_owned(), 200),
        (format!(r#""expires":{}"#, wall + 300), 300),
        (r#""initiated":1"#.to_owned(), 86_400),
    ] {
        let body = format!(r#"{{"token":"t",{members}}}"#);
        let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, &body)));
        let rig = rig(endpoint, own_names(), own_names_credential(), Grant::ClientCredentials);
        assert_eq!(lifetime(&rig).await, expected);
    }
}

#[tokio::test]
async fn own_names_is_out_of_reach_of_a_plain_profile() {
    let profile = plain(&own_names(), NAMED_API);
    let endpoint = own_names_endpoint(NAMED_URL, NAMED_ANSWER);
    let rig = rig(endpoint, profile, own_names_credential(), Grant::ClientCredentials);
    let error = journey(&rig, NAMED_API).await.unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Refused, 400));

    // It also refuses the answer in the older shape, whatever it sent.
    let endpoint = FakeTokenEndpoint::scripted(|_, _| Ok(json_response(200, NAMED_OLD_ANSWER)));
    let profile = plain(&own_names(), NAMED_API);
    let rig = self::rig(endpoint, profile, own_names_credential(), Grant::ClientCredentials);
    assert_eq!(journey(&rig, NAMED_API).await.unwrap_err().kind(), ErrorKind::InvalidAnswer);
}

#[tokio::test]
async fn own_names_401_renews_and_403_never_does() {
    let endpoint = FakeTokenEndpoint::issuing(86_400);
    let rig = rig(endpoint, own_names(), own_names_credential(), Grant::ClientCredentials);
    for body in ["Forbidden", r#"{"int_err_code":"InvalidToken"}"#, r#"{"error":"invalid_token"}"#] {
        let api = FakeApi::scripted(move |_, _| json_response(403, body));
        let response = rig.layer().layer(api.clone()).oneshot(get(NAMED_API)).await.unwrap();
        assert_eq!(response.status(), 403);
        assert_eq!(text(response).await, body);
        assert_eq!((api.count(), rig.endpoint.count()), (1, 1));
    }
    let api = FakeApi::rejecting(&["token-1"]);
    assert_eq!(rig.layer().layer(api.clone()).oneshot(get(NAMED_API)).await.unwrap().status(), 200);
    assert_eq!(api.bearers(), ["token-1", "token-2"]);
}

#[tokio::test]
async fn own_names_400_is_permanent() {
    let endpoint = own_names_endpoint(NAMED_URL, NAMED_ANSWER);
    let credential = Credential::new("YOUR_API_ACCESS_ID", "a wrong one");
    let rig = rig(endpoint, own_names(), credential, Grant::ClientCredentials);
    let error = journey(&rig, NAMED_API).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Refused, false));
}

// A Basic header without form encoding, no token type, and a sign in the body of a 403.

const RAW_API: &str = "https://api.example.com/G2M/rest/upcomingMeetings";
const RAW_ID: &str = "a2070a9e-868a-4339-934f-4da2d788d0aa";
const RAW_SECRET: &str = "3naO10IA2agcvG+9I9TGEQ==";
const RAW_REFRESH: &str = "eyJraWQiOiJvYXV0aHYyLmxt999...";

fn raw_basic_credential() -> Credential {
    Credential::new(RAW_ID, RAW_SECRET)
}

fn raw_basic_grant() -> Grant {
    Grant::refresh_token(RefreshToken::new(RAW_REFRESH))
}

fn raw_basic_request_is_as_documented(seen: &Seen, refresh_token: &str) -> bool {
    let basic = format!("Basic {}", STANDARD.encode(format!("{RAW_ID}:{RAW_SECRET}")));
    seen.method == "POST"
        && seen.uri == "https://auth.example.com/oauth/token"
        && content_type(seen) == FORM
        && seen.headers.get("authorization").is_some_and(|value| value == basic.as_str())
        && form(seen) == pairs(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token)])
}

/// Returns an endpoint that answers 200 to the request as documented, 401 to another client, and 400 to anything else.
fn raw_basic_endpoint() -> FakeTokenEndpoint {
    FakeTokenEndpoint::scripted(|n, seen| {
        Ok(if raw_basic_request_is_as_documented(seen, RAW_REFRESH) {
            json_response(200, &raw_basic_answer(n, Some(RAW_REFRESH)))
        } else if form(seen).iter().any(|(name, _)| name == "refresh_token") {
            json_response(401, r#"{"error":"invalid_client"}"#)
        } else {
            json_response(400, r#"{"error":"invalid_request"}"#)
        })
    })
}

/// Returns the answer as documented: without a `token_type`, and with a `principal`.
fn raw_basic_answer(n: usize, refresh_token: Option<&str>) -> String {
    let refresh_token =
        refresh_token.map_or(String::new(), |token| format!(r#""refresh_token": "{token}","#));
    format!(
        r#"{{"access_token": "eyJraWQiOiJvYXV0aHYyLmxt666...{n}", {refresh_token}
        "expires_in": 3600, "principal": ""}}"#
    )
}

#[tokio::test]
async fn raw_basic_as_documented() {
    let rig = rig(raw_basic_endpoint(), raw_basic(), raw_basic_credential(), raw_basic_grant());
    assert_eq!(journey(&rig, RAW_API).await.unwrap(), "eyJraWQiOiJvYXV0aHYyLmxt666...1");
    assert_eq!(lifetime(&rig).await, 3_600);
    rig.advance(3_600);
    assert_eq!(journey(&rig, "https://api.example.net/x").await.unwrap(), "eyJraWQiOiJvYXV0aHYyLmxt666...2");
}

#[tokio::test]
async fn raw_basic_refresh_tokens_stay_change_or_are_left_out() {
    // The same, none, a new one on day 30, none, and the same again.
    let handed_out = [Some(RAW_REFRESH), None, Some("r-next"), None, Some("r-next")];
    let expected = [RAW_REFRESH, RAW_REFRESH, RAW_REFRESH, "r-next", "r-next"];
    let endpoint = FakeTokenEndpoint::scripted(move |n, seen| {
        assert!(raw_basic_request_is_as_documented(seen, expected[n - 1]), "{seen:?}");
        Ok(json_response(200, &raw_basic_answer(n, handed_out[n - 1])))
    });
    let rig = rig(endpoint, raw_basic(), raw_basic_credential(), raw_basic_grant());
    for n in 1..=5 {
        assert_eq!(journey(&rig, RAW_API).await.unwrap(), format!("eyJraWQiOiJvYXV0aHYyLmxt666...{n}"));
        rig.advance(3_600);
    }
    assert_eq!(rig.endpoint.count(), 5);
}

#[tokio::test]
async fn raw_basic_is_out_of_reach_of_a_plain_profile() {
    // RFC 6749 encodes some characters of the secret, and this server decodes none.
    let profile = plain(&raw_basic(), RAW_API);
    let rig = rig(raw_basic_endpoint(), profile.clone(), raw_basic_credential(), raw_basic_grant());
    let error = journey(&rig, RAW_API).await.unwrap_err();
    assert_eq!(error.oauth().map(OAuthError::code), Some("invalid_client"));

    // By RFC 6749 an answer without a type is not valid.
    let endpoint = FakeTokenEndpoint::scripted(|n, _| Ok(json_response(200, &raw_basic_answer(n, None))));
    let rig = self::rig(endpoint, profile, raw_basic_credential(), raw_basic_grant());
    assert_eq!(journey(&rig, RAW_API).await.unwrap_err().kind(), ErrorKind::InvalidAnswer);

    // The plain profile does not recognize the rejection, either.
    let (api, endpoint) = (raw_basic_api(), FakeTokenEndpoint::issuing(3_600));
    let profile = plain(&raw_basic(), RAW_API);
    let rig = self::rig(endpoint, profile, raw_basic_credential(), raw_basic_grant());
    assert_eq!(rig.layer().layer(api.clone()).oneshot(get(RAW_API)).await.unwrap().status(), 403);
}

const RAW_REJECTION: &str = r#"{"int_err_code":"InvalidToken","msg":"Invalid token passed"}"#;

/// Returns the API, which rejects the first token with 403.
fn raw_basic_api() -> FakeApi {
    FakeApi::scripted(|_, seen| match seen.bearer().as_deref() {
        Some("token-1") => json_response(403, RAW_REJECTION),
        _ => json_response(200, "[]"),
    })
}

#[tokio::test]
async fn raw_basic_403_invalid_token_renews_and_resends() {
    let (api, endpoint) = (raw_basic_api(), FakeTokenEndpoint::issuing(3_600));
    let rig = rig(endpoint, raw_basic(), raw_basic_credential(), raw_basic_grant());
    let response = rig.layer().layer(api.clone()).oneshot(get(RAW_API)).await.unwrap();
    assert_eq!((response.status().as_u16(), text(response).await.as_str()), (200, "[]"));
    assert_eq!(api.bearers(), ["token-1", "token-2"]);
    assert_eq!(rig.endpoint.count(), 2);
}

#[tokio::test]
async fn raw_basic_other_403s_come_back_byte_for_byte() {
    let long = format!(r#"{{"int_err_code":"NoPermission","msg":"{}"}}"#, "x".repeat(20_000));
    let others = [
        r#"{"int_err_code":"NoPermission","msg":"not yours"}"#,
        r#"{"int_err_code": 42}"#,
        r#"{"msg":"InvalidToken"}"#,
        r#""InvalidToken""#,
        "<html>\u{0}\u{fffd}\r\n",
        "",
        &long,
    ];
    for body in others {
        let rig =
            rig(FakeTokenEndpoint::issuing(3_600), raw_basic(), raw_basic_credential(), raw_basic_grant());
        let body = body.to_owned();
        let expected = body.clone();
        let api = FakeApi::scripted(move |_, _| {
            let mut response = json_response(403, &body);
            response.headers_mut().insert("x-request-id", "abc".parse().unwrap());
            response
        });
        let response = rig.layer().layer(api.clone()).oneshot(get(RAW_API)).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["x-request-id"]),
            (403, &"abc".parse().unwrap())
        );
        assert_eq!(http_body::Body::size_hint(response.body()).exact(), Some(expected.len() as u64));
        assert_eq!(text(response).await, expected);
        assert_eq!((api.count(), rig.endpoint.count()), (1, 1));
    }
}

#[tokio::test]
async fn raw_basic_401_renews_too_and_other_statuses_do_not() {
    let rig = rig(FakeTokenEndpoint::issuing(3_600), raw_basic(), raw_basic_credential(), raw_basic_grant());
    for status in [200, 400, 404, 409, 500] {
        let api = FakeApi::scripted(move |_, _| json_response(status, RAW_REJECTION));
        let response = rig.layer().layer(api.clone()).oneshot(get(RAW_API)).await.unwrap();
        assert_eq!((response.status().as_u16(), text(response).await.as_str()), (status, RAW_REJECTION));
    }
    assert_eq!(rig.endpoint.count(), 1);
    let api = FakeApi::rejecting(&["token-1"]);
    assert_eq!(rig.layer().layer(api).oneshot(get("https://api.example.net/x")).await.unwrap().status(), 200);
    assert_eq!(rig.endpoint.count(), 2);
}

// The client and a fixed scope in the body.

const SCOPED_API: &str = "https://eu.example.com/captain/api/journey/start";

/// Returns an endpoint that answers 200 to the request as documented, and 400 or 401 to anything else.
fn scoped_endpoint() -> FakeTokenEndpoint {
    FakeTokenEndpoint::scripted(|_, seen| {
        let expected = pairs(&[
            ("client_id", "your-client-id"),
            ("client_secret", "your-client-secret"),
            ("grant_type", "client_credentials"),
            ("scope", "token:read"),
        ]);
        let as_documented = seen.method == "POST"
            && seen.uri == "https://auth.example.com/as/token.oauth2"
            && content_type(seen) == FORM
            && !seen.headers.contains_key("authorization")
            && form(seen) == expected;
        Ok(if as_documented {
            json_response(
                200,
                r#"{"access_token": "your-access-token", "token_type": "Bearer", "expires_in": 3600}"#,
            )
        } else if form(seen).iter().any(|(name, _)| name == "client_secret") {
            json_response(400, r#"{"error":"invalid_scope"}"#)
        } else {
            json_response(401, r#"{"error":"invalid_client"}"#)
        })
    })
}

fn scoped_credential() -> Credential {
    Credential::new("your-client-id", "your-client-secret")
}

#[tokio::test]
async fn scope_in_body_as_documented() {
    let rig = rig(scoped_endpoint(), scope_in_body(), scoped_credential(), Grant::ClientCredentials);
    for region in ["eu", "us", "au"] {
        let uri = format!("https://{region}.example.com/captain/api/journey/start");
        assert_eq!(journey(&rig, &uri).await.unwrap(), "your-access-token");
    }
    assert_eq!(lifetime(&rig).await, 3_600);
    assert_eq!(rig.endpoint.count(), 1);
    // The token host itself never receives a token.
    assert_eq!(journey(&rig, "https://auth.example.com/as/token.oauth2").await.unwrap(), "");
}

#[tokio::test]
async fn scope_in_body_is_out_of_reach_of_a_plain_profile() {
    let profile = plain(&scope_in_body(), SCOPED_API);
    let rig = rig(scoped_endpoint(), profile.clone(), scoped_credential(), Grant::ClientCredentials);
    let error = journey(&rig, SCOPED_API).await.unwrap_err();
    assert_eq!(error.oauth().map(OAuthError::code), Some("invalid_client"));
    // It fails even with the secret in the body, because the scope is missing.
    let profile = profile.with_client_auth(auth_layer::ClientAuth::body());
    let rig = self::rig(scoped_endpoint(), profile, scoped_credential(), Grant::ClientCredentials);
    let error = journey(&rig, SCOPED_API).await.unwrap_err();
    assert_eq!(error.oauth().map(OAuthError::code), Some("invalid_scope"));
}

// Either encoding, and `type` for `token_type`.

const EITHER_API: &str = "https://api.example.net/pms/api/v2/rooms";

/// Returns an endpoint that answers 200 to a request in this encoding, 415 to the other, and 400 to anything else.
fn either_endpoint(url: &'static str, encoding: Encoding) -> FakeTokenEndpoint {
    FakeTokenEndpoint::scripted(move |n, seen| {
        let expected = [
            ("client_id", "<your_client_id>"),
            ("client_secret", "<your_client_secret>"),
            ("grant_type", "client_credentials"),
        ];
        if content_type(seen) != encoding.media_type() {
            return Ok(respond(415, "Unsupported Media Type"));
        }
        let body_is = match encoding {
            Encoding::Json => seen.json() == serde_json::json!(std::collections::BTreeMap::from(expected)),
            _ => form(seen) == pairs(&expected),
        };
        let as_documented = seen.method == "POST"
            && seen.uri == url
            && seen.headers.get("accept").is_some_and(|accept| accept == JSON)
            && !seen.headers.contains_key("authorization")
            && body_is;
        Ok(if as_documented {
            let body = format!(
                r#"{{"access_token": "YOUR_ACCESS_TOKEN-{n}", "expires_in": 1440, "type": "Bearer"}}"#
            );
            json_response(200, &body)
        } else {
            respond(400, "Bad Request")
        })
    })
}

const EITHER_URL: &str = "https://api.example.com/pms/api/v2/oauth2/token";
const EITHER_FORM_URL: &str = "https://api.example.net/auth/api/v2/oauth2/token";

fn either_rig(url: &'static str, encoding: Encoding, profile: Profile) -> Rig {
    let credential = Credential::new("<your_client_id>", "<your_client_secret>");
    rig(either_endpoint(url, encoding), profile, credential, Grant::ClientCredentials)
}

#[tokio::test]
async fn either_as_documented() {
    let rig = either_rig(EITHER_URL, Encoding::Json, either_encoding());
    for uri in [EITHER_API, "https://api.example.com/pms/api/v2/rooms"] {
        assert_eq!(journey(&rig, uri).await.unwrap(), "YOUR_ACCESS_TOKEN-1");
    }
    assert_eq!(lifetime(&rig).await, 1_440);
    // 24 minutes: the number without a unit is taken as seconds.
    rig.advance(1_439);
    assert_eq!(lifetime(&rig).await, 1);
    rig.advance(1);
    assert_eq!(journey(&rig, EITHER_API).await.unwrap(), "YOUR_ACCESS_TOKEN-2");
}

#[tokio::test]
async fn either_form_as_its_newer_pages_have_it() {
    let rig = either_rig(EITHER_FORM_URL, Encoding::Form, either_form());
    assert_eq!(journey(&rig, EITHER_API).await.unwrap(), "YOUR_ACCESS_TOKEN-1");
    assert_eq!(rig.endpoint.count(), 1);
}

/// Checks that after a 415 the request is sent once more in the other encoding, which is used from then on.
async fn other_encoding(url: &'static str, accepted: Encoding, profile: Profile) {
    let rig = either_rig(url, accepted, profile);
    assert_eq!(journey(&rig, EITHER_API).await.unwrap(), "YOUR_ACCESS_TOKEN-2");
    let types = || rig.endpoint.seen().iter().map(|seen| content_type(seen).to_owned()).collect::<Vec<_>>();
    let (refused, accepted_type) = (accepted.other().media_type(), accepted.media_type());
    assert_eq!(types(), [refused, accepted_type]);
    rig.advance(1_440);
    assert_eq!(journey(&rig, EITHER_API).await.unwrap(), "YOUR_ACCESS_TOKEN-3");
    assert_eq!(types(), [refused, accepted_type, accepted_type]);
    // If the server changes its encoding, the client follows.
    rig.endpoint.now(move |_, seen| {
        Ok(match content_type(seen) == accepted_type {
            true => respond(415, ""),
            false => json_response(200, r#"{"access_token":"back","type":"Bearer","expires_in":1440}"#),
        })
    });
    rig.advance(1_440);
    assert_eq!(journey(&rig, EITHER_API).await.unwrap(), "back");
    rig.advance(1_440);
    assert_eq!(journey(&rig, EITHER_API).await.unwrap(), "back");
    assert_eq!(types()[3..], [accepted_type, refused, refused]);
}

#[tokio::test]
async fn either_json_turns_into_a_form_on_415_and_stays_one() {
    other_encoding(EITHER_URL, Encoding::Form, either_encoding()).await;
}

#[tokio::test]
async fn either_form_turns_into_json_on_415_and_stays_it() {
    other_encoding(EITHER_FORM_URL, Encoding::Json, either_form()).await;
}

#[tokio::test]
async fn either_an_encoding_that_did_not_help_is_not_remembered() {
    let refusing = FakeTokenEndpoint::scripted(|_, _| Ok(respond(415, "")));
    let credential = Credential::new("id", "secret");
    let rig = rig(refusing, either_encoding(), credential, Grant::ClientCredentials);
    for _ in 0..2 {
        let error = journey(&rig, EITHER_API).await.unwrap_err();
        assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Refused, 415));
        rig.advance(60);
    }
    let seen = rig.endpoint.seen();
    let types: Vec<_> = seen.iter().map(content_type).collect();
    assert_eq!(types, [JSON, FORM, JSON, FORM]);
}

#[tokio::test]
async fn a_plain_profile_does_not_try_another_encoding() {
    let endpoint = FakeTokenEndpoint::scripted(|_, _| Ok(respond(415, "")));
    for profile in [plain(&either_encoding(), EITHER_API), own_names(), scope_in_body()] {
        let before = endpoint.count();
        let rig = rig(endpoint.clone(), profile, Credential::new("id", "secret"), Grant::ClientCredentials);
        rig.manager.token().await.unwrap_err();
        assert_eq!(endpoint.count(), before + 1);
    }
}

#[tokio::test]
async fn either_is_out_of_reach_of_a_plain_profile() {
    let profile = plain(&either_encoding(), EITHER_API);
    let rig = either_rig(EITHER_URL, Encoding::Json, profile.clone());
    let error = journey(&rig, EITHER_API).await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 415);
    // By RFC 6749 its answer has no type.
    let endpoint = FakeTokenEndpoint::scripted(|_, _| {
        Ok(json_response(
            200,
            r#"{"access_token": "YOUR_ACCESS_TOKEN", "expires_in": 1440, "type": "Bearer"}"#,
        ))
    });
    let rig = self::rig(endpoint, profile, Credential::new("id", "secret"), Grant::ClientCredentials);
    assert_eq!(journey(&rig, EITHER_API).await.unwrap_err().kind(), ErrorKind::InvalidAnswer);
}

#[tokio::test]
async fn either_401_renews() {
    let endpoint = FakeTokenEndpoint::issuing(1_440);
    let credential = Credential::new("id", "secret");
    let rig = rig(endpoint, either_encoding(), credential, Grant::ClientCredentials);
    let api = FakeApi::rejecting(&["token-1"]);
    let response = rig.layer().layer(api.clone()).oneshot(get(EITHER_API)).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(api.bearers(), ["token-1", "token-2"]);
}
