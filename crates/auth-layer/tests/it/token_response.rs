//! Token answers: what is accepted, what is refused, and how long a token then lives.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use auth_layer::profile::{AnswerNames, LifetimeUnit};
use auth_layer::{
    BoxError, Clock, Credential, Error, ErrorKind, Exchange, Grant, MemoryStore, Profile, RefreshToken,
    Scope, TestClock, Token, TokenManager, TokenStore, Transport,
};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::Full;
use tower::{Layer, ServiceExt};

use crate::departing::raw_basic;
use crate::recovery::UNREADABLE;
use crate::support::{
    FakeApi, FakeTokenEndpoint, Rig, example, exchange, get, json_response, respond, until,
};

/// Returns the result of one answer, and the rig that received it.
async fn taken_by(profile: Profile, response: Response<Full<Bytes>>) -> (Result<Arc<Token>, Error>, Rig) {
    let rig = Rig::with_profile(FakeTokenEndpoint::scripted(move |_, _| Ok(response.clone())), profile);
    let result = rig.manager.token().await;
    assert_eq!(rig.endpoint.count(), 1);
    (result, rig)
}

async fn taken(status: u16, body: &str) -> Result<Arc<Token>, Error> {
    taken_by(example(), json_response(status, body)).await.0
}

async fn error_kind(status: u16, body: &str) -> ErrorKind {
    taken(status, body).await.expect_err(body).kind()
}

/// Returns how many seconds a token lives from the time of the request.
async fn lifetime_by(profile: Profile, body: &str) -> Result<u64, Error> {
    let (result, rig) = taken_by(profile, json_response(200, body)).await;
    Ok((result?.expires() - rig.clock.now().wall()).as_secs())
}

async fn lifetime(body: &str) -> Result<u64, Error> {
    lifetime_by(example(), body).await
}

fn with_lifetime(lifetime: &str) -> String {
    format!(r#"{{"access_token":"t","token_type":"Bearer","expires_in":{lifetime}}}"#)
}

const GOOD: &str = r#"{"access_token":"t","token_type":"Bearer","expires_in":60}"#;

#[tokio::test]
async fn rs01_only_a_2xx_with_a_token_is_success() {
    assert_eq!(taken(200, GOOD).await.unwrap().access_token().expose(), "t");
    for status in [300, 304, 400, 401, 404, 418, 500, 503] {
        assert_eq!(error_kind(status, GOOD).await, ErrorKind::Refused);
    }
    for body in [
        r#"{"token_type":"Bearer"}"#,
        r#"{"access_token":"","token_type":"Bearer"}"#,
        r#"{"access_token":null,"token_type":"Bearer"}"#,
        r#"{"access_token":42,"token_type":"Bearer"}"#,
        r#"["access_token"]"#,
        r#"{"access_token":"t","token_type":"Bearer""#,
        "",
    ] {
        assert_eq!(error_kind(200, body).await, ErrorKind::InvalidAnswer, "{body}");
    }
    let both = r#"{"access_token":"t","token_type":"Bearer","error":"invalid_client"}"#;
    assert_eq!(error_kind(200, both).await, ErrorKind::Refused);
}

#[tokio::test]
async fn b72_a_200_that_says_error_is_an_oauth_error() {
    let error =
        taken(200, r#"{"error":"invalid_client","error_description":"no such client"}"#).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    let oauth = error.oauth().unwrap();
    assert_eq!((oauth.code(), oauth.description()), ("invalid_client", Some("no such client")));

    let error = taken(200, r#"{"ok":false,"error":"invalid_auth"}"#).await.unwrap_err();
    assert_eq!((error.kind(), error.oauth().unwrap().code()), (ErrorKind::Refused, "invalid_auth"));
    assert_eq!(error_kind(200, r#"{"ok":false}"#).await, ErrorKind::Refused);
    // A member with one of these values counts as absent.
    for none in ["null", "false", "\"\""] {
        let body = format!(r#"{{"access_token":"t","token_type":"Bearer","ok":true,"error":{none}}}"#);
        assert!(taken(200, &body).await.is_ok(), "{body}");
    }
}

#[tokio::test]
async fn b73_201_and_203_are_success() {
    for status in [201, 203] {
        assert_eq!(taken(status, GOOD).await.unwrap().access_token().expose(), "t");
    }
}

#[tokio::test]
async fn rs02_unknown_members_are_ignored() {
    let body = r#"{"id":1,"principal":{"a":[1,{"access_token":"other"}]},"access_token":"t",
        "x":null,"token_type":"Bearer","expires_in":60,"y":[],"z":1.5e300}"#;
    assert_eq!(taken(200, body).await.unwrap().access_token().expose(), "t");
}

fn of_type(token_type: &str) -> String {
    format!(r#"{{"access_token":"t","token_type":{token_type},"expires_in":60}}"#)
}

#[tokio::test]
async fn rs03_the_token_type_is_compared_without_case() {
    for token_type in ["bearer", "Bearer", "BEARER", "bEaReR"] {
        assert!(taken(200, &of_type(&format!("{token_type:?}"))).await.is_ok(), "{token_type}");
    }
}

#[tokio::test]
async fn rs04_a_type_we_cannot_use_is_refused_by_name() {
    for token_type in ["mac", "DPoP", "N_A", "Bearerr", "Bearer "] {
        let error = taken(200, &of_type(&format!("{token_type:?}"))).await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::TokenType, false));
        assert!(error.to_string().contains(&format!("type {token_type},")), "{error}");
    }
    // The name comes from the server, so it is shown shortened and cleaned.
    let error = taken(200, &of_type(&format!(r#""m\n\u001b{}""#, "x".repeat(500)))).await.unwrap_err();
    assert!(error.to_string().len() < 200 && !error.to_string().contains(char::is_control), "{error}");
}

#[tokio::test]
async fn rs05_a_missing_type_is_an_error_unless_the_profile_has_a_default() {
    for body in [r#"{"access_token":"t"}"#.to_owned(), of_type("null")] {
        assert_eq!(error_kind(200, &body).await, ErrorKind::InvalidAnswer);
        let profile = example().with_default_token_type("Bearer");
        assert!(taken_by(profile, json_response(200, &body)).await.0.is_ok());
    }
    // A default applies only if the member is absent.
    let profile = example().with_default_token_type("Bearer");
    let error = taken_by(profile, json_response(200, &of_type("\"mac\""))).await.0.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenType);
}

#[tokio::test]
async fn b74_token_types_accepted_and_refused() {
    for accepted in ["\"bearer\"", "\"Bearer\"", "\"BEARER\""] {
        assert!(taken(200, &of_type(accepted)).await.is_ok(), "{accepted}");
    }
    let profile = example().with_default_token_type("Bearer");
    assert!(taken_by(profile, json_response(200, r#"{"access_token":"t"}"#)).await.0.is_ok());
    for refused in ["\"mac\"", "\"DPoP\""] {
        assert_eq!(error_kind(200, &of_type(refused)).await, ErrorKind::TokenType, "{refused}");
    }
}

#[tokio::test]
async fn rs06_lifetimes_parse_as_number_digits_or_float() {
    for text in ["3600", "\"3600\"", "3600.0", "\"3600.0\"", "3.6e3", "\" 3600 \"", "3600.999", "\"3600.5\""]
    {
        assert_eq!(lifetime(&with_lifetime(text)).await.unwrap(), 3600, "{text}");
    }
    assert_eq!(lifetime(&with_lifetime("35999.413")).await.unwrap(), 35_999);
}

#[tokio::test]
async fn rs06_a_lifetime_that_cannot_be_read_is_the_profiles_default() {
    for text in UNREADABLE {
        let profile = example().with_default_lifetime(Duration::from_secs(600));
        assert_eq!(lifetime_by(profile, &with_lifetime(text)).await.unwrap(), 600, "{text}");
        // Without a default the fixed limit applies.
        assert_eq!(lifetime(&with_lifetime(text)).await.unwrap(), 3_600, "{text}");
    }
    // An expiry that can be read takes precedence.
    let both = r#"{"access_token":"t","token_type":"Bearer","expires_in":"soon","ends":4102444800}"#;
    let profile = example().with_names(AnswerNames::new().with_expires_at(["ends"]));
    assert_eq!(lifetime_by(profile, both).await.unwrap(), 365 * 86_400);
}

#[tokio::test]
async fn b20_a_lifetime_beyond_all_sense_is_cut_to_a_year() {
    for text in ["1000000000000000000", "18446744073709551615", "\"18446744073709551615\"", "31536001"] {
        assert_eq!(lifetime(&with_lifetime(text)).await.unwrap(), 365 * 86_400, "{text}");
    }
    let minutes = example().with_lifetime_unit(LifetimeUnit::Minutes);
    let most = with_lifetime("18446744073709551615");
    let millis = example().with_lifetime_unit(LifetimeUnit::Milliseconds);
    assert_eq!(lifetime_by(millis, &most).await.unwrap(), 365 * 86_400);
    assert_eq!(lifetime_by(minutes, &most).await.unwrap(), 365 * 86_400);
}

#[tokio::test]
async fn b71_every_spelling_of_a_lifetime_is_accepted() {
    for text in ["3600", "\"3600\"", "3600.0", "\"3600.0\"", "null"] {
        assert_eq!(lifetime(&with_lifetime(text)).await.unwrap(), 3600, "{text}");
    }
    let absent = r#"{"access_token":"t","token_type":"Bearer"}"#;
    assert_eq!(lifetime(absent).await.unwrap(), 3600);
    // A default that differs from every other value here.
    let profile = || example().with_default_lifetime(Duration::from_secs(600));
    assert_eq!(lifetime_by(profile(), absent).await.unwrap(), 600);
    assert_eq!(lifetime_by(profile(), &with_lifetime("null")).await.unwrap(), 600);
    assert_eq!(lifetime_by(profile(), &with_lifetime("\"3600.0\"")).await.unwrap(), 3600);
}

#[tokio::test]
async fn rs07_without_a_lifetime_a_token_is_used_for_an_hour_at_most() {
    let bare = |n| json_response(200, &format!(r#"{{"access_token":"token-{n}","token_type":"Bearer"}}"#));
    let rig = Rig::new(FakeTokenEndpoint::scripted(move |n, _| Ok(bare(n))));
    let api = FakeApi::rejecting(&["token-1"]);
    let service = rig.layer().layer(api.clone());
    assert_eq!(service.clone().oneshot(get("/me")).await.unwrap().status(), 200);
    assert_eq!(api.bearers(), ["token-1", "token-2"]);

    let before = rig.manager.token().await.unwrap();
    rig.advance(3_599);
    assert_eq!(before.expires() - rig.clock.now().wall(), Duration::from_secs(1));
    rig.advance(1);
    assert_eq!(service.oneshot(get("/me")).await.unwrap().status(), 200);
    assert_ne!(api.bearers()[2], "token-2");
}

#[tokio::test]
async fn rs08_a_profile_states_the_unit_of_lifetimes() {
    assert_eq!(lifetime(&with_lifetime("1440")).await.unwrap(), 1440);
    let minutes = example().with_lifetime_unit(LifetimeUnit::Minutes);
    assert_eq!(lifetime_by(minutes, &with_lifetime("1440")).await.unwrap(), 86_400);
    let millis = || example().with_lifetime_unit(LifetimeUnit::Milliseconds);
    for text in ["3600000", "\"3600000\"", "3600000.5"] {
        assert_eq!(lifetime_by(millis(), &with_lifetime(text)).await.unwrap(), 3_600, "{text}");
    }
    let halves = example().with_lifetime_unit(LifetimeUnit::Minutes);
    assert_eq!(lifetime_by(halves, &with_lifetime("1.5")).await.unwrap(), 90);
}

#[tokio::test]
async fn rs09_a_lifetime_counts_from_when_the_request_was_sent() {
    let endpoint = FakeTokenEndpoint::issuing(60);
    let clock = TestClock::new();
    let patient = exchange(&endpoint, &clock, &example()).timeout(Duration::from_secs(100)).build().unwrap();
    let rig = Rig::with_exchange(endpoint, clock, example(), patient);
    let sent = rig.clock.now().wall();
    rig.endpoint.hold();
    let manager = rig.manager.clone();
    let call = tokio::spawn(async move { manager.token().await });
    until(|| rig.endpoint.count() == 1).await;
    rig.advance(30);
    rig.endpoint.open();
    let token = call.await.unwrap().unwrap();
    assert_eq!(token.expires(), sent + Duration::from_secs(60));

    // A wall clock that is set back does not make it live longer.
    rig.clock.set_back(Duration::from_secs(7_200));
    rig.advance(30);
    assert_eq!(rig.manager.token().await.unwrap().access_token().expose(), "token-2");
}

fn with_scope(scope: &str) -> String {
    format!(r#"{{"access_token":"t","token_type":"Bearer","expires_in":60,"scope":{scope}}}"#)
}

#[tokio::test]
async fn rs10_another_scope_than_asked_for_is_seen() {
    let profile = || example().with_scope("read write".parse().unwrap());
    let (token, _) = taken_by(profile(), json_response(200, GOOD)).await;
    assert_eq!(token.unwrap().scope(), None);
    let (token, _) = taken_by(profile(), json_response(200, &with_scope("\"read  email\""))).await;
    assert_eq!(token.unwrap().scope(), Some(&"email read".parse::<Scope>().unwrap()));
}

async fn requiring(scope: &str, answer: String) -> Result<Arc<Token>, Error> {
    let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, &answer)));
    let clock = TestClock::new();
    let exchange =
        exchange(&endpoint, &clock, &example()).require_scope(scope.parse().unwrap()).build().unwrap();
    Rig::with_exchange(endpoint, clock, example(), exchange).manager.token().await
}

#[tokio::test]
async fn rs10_a_required_scope_that_is_not_granted_is_an_error() {
    assert!(requiring("read", with_scope("\"write read\"")).await.is_ok());
    assert!(requiring("read", GOOD.to_owned()).await.is_ok());
    for granted in ["\"write\"", "\"\"", "\"read:all\"", "\"READ\""] {
        let error = requiring("read", with_scope(granted)).await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Scope, false), "{granted}");
        assert!(error.to_string().contains("\"read\""), "{error}");
    }
    // The server's scope is shown shortened and cleaned.
    let hostile = with_scope(&format!(r#""a\u001b[2J{}""#, "x".repeat(5_000)));
    let error = requiring("read", hostile).await.unwrap_err();
    assert!(error.to_string().len() < 600 && !error.to_string().contains(char::is_control), "{error}");
}

#[tokio::test]
async fn rs11_a_token_of_16_kib_works() {
    let token: String = (0x21..=0x7e_u8).map(char::from).cycle().take(16 * 1024).collect();
    let body = serde_json::json!({"access_token": token, "token_type": "Bearer", "expires_in": 60});
    let (result, rig) = taken_by(example(), json_response(200, &body.to_string())).await;
    assert_eq!(result.unwrap().access_token().expose(), token);
    let api = FakeApi::accepting();
    rig.layer().layer(api.clone()).oneshot(get("/me")).await.unwrap();
    assert_eq!(api.bearers(), [token]);
}

#[tokio::test]
async fn rs11_a_token_that_could_split_a_header_is_refused() {
    for bad in ["a\\r\\nX-Admin: 1", "a\\n", "\\na", "a b", "a\\tb", "a\\u0000b", "a\\u007f", "aé", " "] {
        let rig = Rig::new(FakeTokenEndpoint::scripted(move |_, _| {
            Ok(json_response(200, &format!(r#"{{"access_token":"{bad}","token_type":"Bearer"}}"#)))
        }));
        let api = FakeApi::accepting();
        let error = rig.layer().layer(api.clone()).oneshot(get("/me")).await.unwrap_err();
        assert_eq!(Error::find(error.as_ref()).map(Error::kind), Some(ErrorKind::InvalidAnswer), "{bad}");
        assert_eq!(api.count(), 0);
    }
}

#[tokio::test]
async fn rs12_nothing_looks_into_a_token() {
    use base64::Engine;
    let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    // A JWT that says it expired in 1970, is for another audience, and is not of type Bearer.
    let claims = r#"{"exp":1,"nbf":9999999999,"aud":"https://other.example.com","token_type":"mac"}"#;
    let token = format!("{}.{}.c2ln", encode(r#"{"alg":"none"}"#), encode(claims));
    let api = FakeApi::accepting();
    let rig = Rig::new(FakeTokenEndpoint::scripted({
        let body = format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":3600}}"#);
        move |_, _| Ok(json_response(200, &body))
    }));
    for _ in 0..3 {
        rig.layer().layer(api.clone()).oneshot(get("/me")).await.unwrap();
        rig.advance(1_000);
    }
    assert_eq!(api.bearers(), vec![token; 3]);
    assert_eq!(rig.endpoint.count(), 1);
    // It does not supply a lifetime either, if the answer has none.
    let late = format!("{}.{}.c2ln", encode(r#"{"alg":"none"}"#), encode(r#"{"exp":9999999999}"#));
    let body = format!(r#"{{"access_token":"{late}","token_type":"Bearer"}}"#);
    assert_eq!(lifetime(&body).await.unwrap(), 3_600);
}

fn form_answer(content_type: &str, body: &str) -> Response<Full<Bytes>> {
    let mut response = respond(200, body);
    response.headers_mut().insert("content-type", content_type.parse().unwrap());
    response
}

const FORM: &str = "access_token=a%2Bb&token_type=bearer&expires_in=60&scope=read";

#[tokio::test]
async fn rs13_form_answers_only_where_the_profile_says_so() {
    let form = "application/x-www-form-urlencoded";
    let error = taken_by(example(), form_answer(form, FORM)).await.0.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidAnswer);

    for content_type in
        [form, "application/x-www-form-urlencoded; charset=utf-8", "Application/X-WWW-Form-URLEncoded"]
    {
        let profile = example().with_form_answers();
        let (token, rig) = taken_by(profile, form_answer(content_type, FORM)).await;
        let token = token.unwrap();
        assert_eq!(token.access_token().expose(), "a+b", "{content_type}");
        assert_eq!(token.expires() - rig.clock.now().wall(), Duration::from_secs(60));
        assert!(token.scope().is_some());
    }
    // Errors can have this form, too.
    let answer = form_answer(form, "error=bad_verification_code&error_description=It+expired.");
    let error = taken_by(example().with_form_answers(), answer).await.0.unwrap_err();
    let oauth = error.oauth().unwrap();
    assert_eq!((oauth.code(), oauth.description()), ("bad_verification_code", Some("It expired.")));
}

#[tokio::test]
async fn b75_content_types_of_answers() {
    for content_type in ["text/plain", "text/javascript", "application/json; charset=ISO-8859-1", "x/y"] {
        for profile in [example(), example().with_form_answers()] {
            let (token, _) = taken_by(profile, form_answer(content_type, GOOD)).await;
            assert_eq!(token.unwrap().access_token().expose(), "t", "{content_type}");
        }
    }
    assert!(taken_by(example(), respond(200, GOOD)).await.0.is_ok());
    // Only the content type makes an answer a form.
    let profile = || example().with_form_answers();
    assert!(taken_by(profile(), form_answer("text/plain", FORM)).await.0.is_err());
    assert!(taken_by(profile(), form_answer("application/x-www-form-urlencoded", FORM)).await.0.is_ok());
    assert!(taken_by(example(), form_answer("application/x-www-form-urlencoded", FORM)).await.0.is_err());
}

#[tokio::test]
async fn rs14_a_refresh_token_with_client_credentials_is_ignored() {
    let body = r#"{"access_token":"t","token_type":"Bearer","expires_in":60,"refresh_token":"r"}"#;
    let (result, rig) = taken_by(example(), json_response(200, body)).await;
    result.unwrap();
    rig.advance(61);
    rig.manager.token().await.unwrap();
    let seen = rig.endpoint.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|seen| seen.body == "grant_type=client_credentials"), "{seen:?}");
}

#[tokio::test]
async fn rs16_a_member_that_occurs_twice_is_an_error() {
    let members = [
        (r#""access_token":"t""#, r#""access_token":"u""#),
        (r#""token_type":"Bearer""#, r#""token_type":"mac""#),
        (r#""expires_in":60"#, r#""expires_in":60"#),
        (r#""refresh_token":"r""#, r#""refresh_token":null"#),
        (r#""scope":"a""#, r#""scope":"b""#),
    ];
    let all: Vec<&str> = members.iter().map(|(member, _)| *member).collect();
    assert!(taken(200, &format!("{{{}}}", all.join(","))).await.is_ok());
    for (_, again) in members {
        let body = format!("{{{},{again}}}", all.join(","));
        let error = taken(200, &body).await.expect_err(&body);
        assert_eq!(error.kind(), ErrorKind::InvalidAnswer);
        assert!(error.to_string().contains("twice"), "{error}");
    }
    // Two equal members that are not used do no harm.
    assert!(taken(200, &format!(r#"{{"x":1,"x":2,{}}}"#, all.join(","))).await.is_ok());
}

/// A body without an end, which counts how much was read. It may wait between its chunks.
struct Endless {
    chunk: Bytes,
    read: Arc<AtomicUsize>,
    pause: Option<(TestClock, Duration)>,
    sleep: Option<auth_layer::clock::Sleep>,
}

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some((clock, pause)) = self.pause.clone() {
            let sleep = self.sleep.get_or_insert_with(|| clock.sleep(pause));
            std::task::ready!(sleep.as_mut().poll(cx));
            self.sleep = None;
        }
        self.read.fetch_add(self.chunk.len(), Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(self.chunk.clone()))))
    }
}

/// Returns a manager whose token endpoint answers with an endless body.
fn endless(
    clock: &TestClock,
    chunk: &'static [u8],
    pause: Option<Duration>,
) -> (TokenManager, Arc<AtomicUsize>) {
    let read = Arc::<AtomicUsize>::default();
    let (count, pauses) = (read.clone(), clock.clone());
    let transport = Transport::new(tower::service_fn(move |_: Request<_>| {
        let pause = pause.map(|pause| (pauses.clone(), pause));
        let body = Endless { chunk: Bytes::from_static(chunk), read: count.clone(), pause, sleep: None };
        async { Ok::<_, BoxError>(Response::new(body)) }
    }));
    let credential = auth_layer::Credential::new("client", "client-secret");
    let exchange = Exchange::builder(example(), credential, auth_layer::Grant::ClientCredentials)
        .transport(transport)
        .clock(Arc::new(clock.clone()))
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap();
    (TokenManager::builder(exchange).clock(Arc::new(clock.clone())).build(), read)
}

#[test]
fn b29_an_endless_answer_is_stopped_at_the_limit() {
    let (manager, read) = endless(&TestClock::new(), &[b' '; 8 * 1024], None);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut outcome = None;
    let memory = allocation_counter::measure(|| {
        outcome = Some(runtime.block_on(manager.token()));
    });
    let error = outcome.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidAnswer);
    // The chunk that crosses the limit is the last one that is read.
    assert_eq!(read.load(Ordering::Relaxed), 64 * 1024 + 8 * 1024);
    assert!(memory.bytes_max < 1024 * 1024, "{memory:?}");
}

#[tokio::test]
async fn b30_a_trickling_answer_ends_at_the_one_deadline() {
    let clock = TestClock::new();
    let (manager, read) = endless(&clock, b" ", Some(Duration::from_secs(1)));
    let call = tokio::spawn(async move { manager.token().await });
    for second in 0..10 {
        // Two sleeps: the deadline and the next byte.
        until(|| clock.sleepers() == 2).await;
        assert!(!call.is_finished(), "after {second} s");
        clock.advance(Duration::from_secs(1));
    }
    until(|| call.is_finished()).await;
    let error = call.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Timeout, true));
    assert!(read.load(Ordering::Relaxed) >= 9);
}

#[tokio::test]
async fn rs16_a_member_that_nothing_depends_on_destroys_no_answer() {
    let profile = || raw_basic().with_token_url("https://auth.example.com/token").unwrap();
    for odd in [
        r#""principal":5"#,
        r#""principal":"a","principal":"b""#,
        r#""issued_token_type":["a"]"#,
        r#""issued_token_type":"a","issued_token_type":"a""#,
    ] {
        let body = format!(
            r#"{{{odd},"access_token":"t","token_type":"Bearer","expires_in":60,"refresh_token":"rotated"}}"#
        );
        let (endpoint, clock) =
            (FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, &body))), TestClock::new());
        let store = MemoryStore::with_clock(Arc::new(clock.clone()));
        let grant = Grant::refresh_token(RefreshToken::new("old"));
        let exchange = Exchange::builder(profile(), Credential::new("client", "client-secret"), grant)
            .transport(endpoint.transport())
            .clock(Arc::new(clock.clone()))
            .store(Arc::new(store.clone()))
            .build()
            .unwrap();
        let key = exchange.store_key().unwrap().clone();
        let rig = Rig::with_exchange(endpoint, clock, profile(), exchange);
        assert_eq!(rig.manager.token().await.expect(odd).access_token().expose(), "t");
        let entry = store.load(&key).await.unwrap().unwrap().entry;
        assert_eq!((entry.refresh_token.expose(), entry.account), ("rotated", None), "{odd}");
    }
}

#[tokio::test]
async fn rs10_a_scope_may_come_as_a_list() {
    let token = taken(200, &with_scope(r#"["read", "write email"]"#)).await.unwrap();
    assert_eq!(token.scope(), Some(&"email read write".parse::<Scope>().unwrap()));
    assert!(requiring("read", with_scope(r#"["write","read"]"#)).await.is_ok());
    assert_eq!(requiring("read", with_scope("[]")).await.unwrap_err().kind(), ErrorKind::Scope);
    // A scope that cannot be read may be narrower than the requested one.
    for odd in [r#"["read", 5]"#, "5", r#"{"read":true}"#] {
        assert_eq!(taken(200, &with_scope(odd)).await.unwrap_err().kind(), ErrorKind::InvalidAnswer, "{odd}");
    }
    let twice = r#"{"scope":["a"],"scope":["a"],"access_token":"t","token_type":"Bearer","expires_in":60}"#;
    assert_eq!(error_kind(200, twice).await, ErrorKind::InvalidAnswer);
}
