//! A sign-in on a device: the codes, the polls, and when it stops (RFC 8628).

use std::sync::Arc;
use std::time::Duration;

use auth_layer::profile::{DeviceNames, LifetimeUnit};
use auth_layer::sign_in::{DeviceCode, SignedIn};
use auth_layer::{ClientAuth, Credential, Error, ErrorKind, Profile, Scope, SignIn, TestClock};
use http::Response;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::support::{FakeTokenEndpoint, Seen, example, json_response, settle};

const DEVICE_URL: &str = "https://auth.example.com/device";

pub(crate) fn profile() -> Profile {
    example().with_device_url(DEVICE_URL).unwrap()
}

fn client(endpoint: &FakeTokenEndpoint, clock: &TestClock, profile: Profile) -> SignIn {
    SignIn::builder(profile, Credential::new("client", "client-secret"))
        .transport(endpoint.transport())
        .clock(Arc::new(clock.clone()))
        .timeout(Duration::from_secs(1))
        .build()
        .unwrap()
}

pub(crate) fn codes() -> Value {
    json!({
        "device_code": "a-device-code", "user_code": "WDJB-MJHT",
        "verification_uri": "https://example.com/device",
        "verification_uri_complete": "https://example.com/device?user_code=WDJB-MJHT",
        "expires_in": 1800, "interval": 5,
    })
}

fn without(member: &str) -> Value {
    let mut codes = codes();
    codes.as_object_mut().unwrap().remove(member);
    codes
}

fn with(member: &str, value: Value) -> Value {
    let mut codes = codes();
    codes[member] = value;
    codes
}

pub(crate) type Answer = Result<Response<http_body_util::Full<bytes::Bytes>>, auth_layer::BoxError>;

pub(crate) fn refused(code: &str) -> Answer {
    Ok(json_response(400, &json!({ "error": code }).to_string()))
}

fn granted() -> Answer {
    let tokens = json!({
        "access_token": "token-1", "token_type": "Bearer", "expires_in": 60, "refresh_token": "refresh-1",
    });
    Ok(json_response(200, &tokens.to_string()))
}

/// A sign-in that is polling. Its clock moves only when the test moves it.
pub(crate) struct Polling {
    pub(crate) clock: TestClock,
    endpoint: FakeTokenEndpoint,
    sign_in: Arc<SignIn>,
    pub(crate) code: Arc<DeviceCode>,
    pub(crate) task: JoinHandle<Result<SignedIn, Error>>,
}

impl Polling {
    /// Gets these codes, and polls an endpoint that answers poll n (from 1) by a script.
    pub(crate) async fn start(
        codes: Value,
        script: impl Fn(usize, &Seen) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let clock = TestClock::new();
        let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, &codes.to_string())));
        let sign_in = Arc::new(client(&endpoint, &clock, profile()));
        let code = Arc::new(sign_in.ask_for_device_code(None).await.unwrap());
        endpoint.now(move |n, seen| script(n - 1, seen));
        let task = Self::poll(&sign_in, &code);
        settle().await;
        Self { clock, endpoint, sign_in, code, task }
    }

    fn poll(sign_in: &Arc<SignIn>, code: &Arc<DeviceCode>) -> JoinHandle<Result<SignedIn, Error>> {
        let (sign_in, code) = (sign_in.clone(), code.clone());
        tokio::spawn(async move { sign_in.poll(&code).await })
    }

    fn polls(&self) -> usize {
        self.endpoint.count() - 1
    }

    /// Checks that the next poll comes after this many seconds, and not earlier.
    #[track_caller]
    pub(crate) fn next_after(&self, seconds: u64) -> impl Future<Output = ()> + '_ {
        let at = std::panic::Location::caller();
        async move {
            let before = self.polls();
            self.clock.advance(Duration::from_secs(seconds) - Duration::from_millis(1));
            settle().await;
            assert_eq!(self.polls(), before, "too early at {at}");
            self.clock.advance(Duration::from_millis(1));
            settle().await;
            assert_eq!(self.polls(), before + 1, "not in time at {at}");
        }
    }

    pub(crate) async fn ends(self) -> Result<SignedIn, Error> {
        settle().await;
        assert!(self.task.is_finished(), "it is still polling");
        self.task.await.unwrap()
    }
}

#[tokio::test]
async fn dv01_the_codes_are_asked_for_by_a_client_that_says_who_it_is() {
    let endpoint = FakeTokenEndpoint::scripted(|_, _| Ok(json_response(200, &codes().to_string())));
    let clock = TestClock::new();
    let scope: Scope = "orders:read orders:write".parse().unwrap();
    let known = profile().with_scope("profile".parse().unwrap()).with_parameter("audience", "orders");
    let code = client(&endpoint, &clock, known.clone()).ask_for_device_code(Some(&scope)).await.unwrap();
    client(&endpoint, &clock, known).ask_for_device_code(None).await.unwrap();
    let public = SignIn::builder(profile().with_client_auth(ClientAuth::Public), Credential::public("tv"));
    let public = public.transport(endpoint.transport()).build().unwrap();
    public.ask_for_device_code(None).await.unwrap();

    let seen = endpoint.seen();
    assert!(seen.iter().all(|seen| seen.method == "POST" && seen.uri == DEVICE_URL));
    assert_eq!(seen[0].headers["authorization"], "Basic Y2xpZW50OmNsaWVudC1zZWNyZXQ=");
    assert_eq!(seen[0].body, "scope=orders%3Aread+orders%3Awrite&audience=orders");
    assert_eq!(seen[1].body, "scope=profile&audience=orders");
    assert_eq!((seen[2].headers.get("authorization"), &*seen[2].body), (None, &b"client_id=tv"[..]));
    assert_eq!((code.expires_in(), code.interval()), (Duration::from_secs(1800), Duration::from_secs(5)));
}

#[tokio::test]
async fn dv01_a_poll_trades_the_device_code_until_there_are_tokens() {
    let polling =
        Polling::start(codes(), |n, _| if n < 3 { refused("authorization_pending") } else { granted() });
    let polling = polling.await;
    polling.next_after(5).await;
    polling.next_after(5).await;
    polling.next_after(5).await;
    let seen = polling.endpoint.seen();
    assert_eq!(seen[3].uri, "https://auth.example.com/token");
    assert_eq!(seen[3].form("grant_type").as_deref(), Some("urn:ietf:params:oauth:grant-type:device_code"));
    assert_eq!(seen[3].form("device_code").as_deref(), Some("a-device-code"));
    let signed_in = polling.ends().await.unwrap();
    assert_eq!(signed_in.access_token().expose(), "token-1");
    assert_eq!(signed_in.refresh_token().unwrap().expose(), "refresh-1");
}

#[tokio::test]
async fn dv01_each_poll_waits_as_long_as_the_server_says_or_five_seconds() {
    for (codes, seconds) in [
        (without("interval"), 5),
        (with("interval", Value::Null), 5),
        (with("interval", 7.into()), 7),
        (with("interval", "7".into()), 7),
        (with("interval", 7.0.into()), 7),
        // The shortest pause is a second.
        (with("interval", 0.5.into()), 1),
        // An interval that cannot be read counts as absent.
        (with("interval", (-5).into()), 5),
        (with("interval", "soon".into()), 5),
        (with("interval", true.into()), 5),
        (with("interval", json!([])), 5),
        (with("interval", json!({})), 5),
        // Without a pause the device would flood the server.
        (with("interval", 0.into()), 1),
    ] {
        let polling = Polling::start(codes, |_, _| refused("authorization_pending")).await;
        for _ in 0..4 {
            polling.next_after(seconds).await;
        }
    }
}

#[tokio::test]
async fn dv01_a_fraction_of_an_interval_is_waited_too() {
    for interval in [json!(5.25), json!("5.25")] {
        let code = ask(json_response(200, &with("interval", interval).to_string())).await.unwrap();
        assert_eq!(code.interval(), Duration::from_millis(5_250));
    }
}

#[tokio::test]
async fn dv01_a_lifetime_that_cannot_be_read_costs_no_codes() {
    let odd = [json!("soon"), json!(-1), json!(null), json!(true), json!({}), json!(1e300)];
    for codes in odd.into_iter().map(|odd| with("expires_in", odd)).chain([without("expires_in")]) {
        let lifetime = ask(json_response(200, &codes.to_string())).await.map(|code| code.expires_in());
        assert_eq!(lifetime.ok(), Some(Duration::from_secs(900)), "{codes}");
    }
    for (lifetime, millis) in [(json!("600"), 600_000), (json!(600.5), 600_500), (json!("1e3"), 1_000_000)] {
        let code = ask(json_response(200, &with("expires_in", lifetime).to_string())).await.unwrap();
        assert_eq!(code.expires_in(), Duration::from_millis(millis));
    }
    // A member that occurs twice is refused, too.
    let twice = codes().to_string().replace(r#""interval":5"#, r#""interval":5,"interval":6,"expires_in":1"#);
    assert_eq!(ask(json_response(200, &twice)).await.unwrap().interval(), Duration::from_secs(5));
}

#[tokio::test]
async fn device_answers_may_come_under_other_names() {
    let google = json!({
        "device_code": "a-device-code", "user_code": "WDJB-MJHT", "expires_in": 1800, "interval": 5.0,
        "verification_url": "https://example.com/device",
        "verification_url_complete": "https://example.com/device?user_code=WDJB-MJHT",
    });
    let code = ask(json_response(200, &google.to_string())).await.unwrap();
    assert_eq!(code.verification_uri(), "https://example.com/device");
    assert!(code.verification_uri_complete().is_some());

    let own = json!({
        "deviceCode": "a-device-code", "userCode": "WDJB-MJHT", "page": "https://example.com/device",
        "pageWithCode": "https://example.com/device?c=1", "lifetime": 1800, "pollEvery": "7",
    });
    let names = DeviceNames::new()
        .with_device_code(["deviceCode"])
        .with_user_code(["userCode"])
        .with_verification_uri(["page"])
        .with_verification_uri_complete(["pageWithCode"])
        .with_expires_in(["lifetime"])
        .with_interval(["pollEvery"]);
    // The unit applies to tokens, not to codes.
    let profile = profile().with_device_names(names).with_lifetime_unit(LifetimeUnit::Minutes);
    let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, &own.to_string())));
    let code = client(&endpoint, &TestClock::new(), profile).ask_for_device_code(None).await.unwrap();
    assert_eq!((code.user_code(), code.verification_uri()), ("WDJB-MJHT", "https://example.com/device"));
    assert_eq!(code.verification_uri_complete(), Some("https://example.com/device?c=1"));
    assert_eq!((code.expires_in().as_secs(), code.interval().as_secs()), (1_800, 7));
}

#[test]
fn names_by_which_no_code_could_be_read_are_a_mistake_of_configuration() {
    for names in [
        DeviceNames::new().with_device_code([""; 0]),
        DeviceNames::new().with_user_code([""; 0]),
        DeviceNames::new().with_verification_uri([""; 0]),
        DeviceNames::new().with_interval([""]),
    ] {
        let profile = profile().with_device_names(names);
        let transport = FakeTokenEndpoint::issuing(60).transport();
        let built = SignIn::builder(profile, Credential::new("client", "client-secret")).transport(transport);
        assert!(built.build().unwrap_err().what().starts_with("device name of "));
    }
    let bare = DeviceNames::new()
        .with_verification_uri_complete([""; 0])
        .with_expires_in([""; 0])
        .with_interval([""; 0]);
    client(&FakeTokenEndpoint::issuing(60), &TestClock::new(), profile().with_device_names(bare));
}

#[tokio::test]
async fn dv01_slow_down_adds_five_seconds_for_good() {
    let polling = Polling::start(codes(), |n, _| match n {
        2 | 4 => refused("slow_down"),
        _ => refused("authorization_pending"),
    });
    let mut polling = polling.await;
    for seconds in [5, 5, 10, 10, 15, 15] {
        polling.next_after(seconds).await;
    }
    // The caller stops waiting, and continues with the same codes.
    polling.task.abort();
    polling.task = Polling::poll(&polling.sign_in, &polling.code);
    settle().await;
    polling.next_after(15).await;
    assert_eq!(polling.code.interval(), Duration::from_secs(15));
}

#[tokio::test]
async fn dv01_other_errors_stop() {
    for (code, kind) in [
        ("access_denied", ErrorKind::SignInFailed),
        ("expired_token", ErrorKind::SignInFailed),
        ("invalid_client", ErrorKind::Refused),
        ("invalid_grant", ErrorKind::Refused),
        ("unauthorized_client", ErrorKind::Refused),
        ("something_new", ErrorKind::Refused),
    ] {
        let polling = Polling::start(codes(), move |_, _| refused(code)).await;
        polling.next_after(5).await;
        let error = polling.ends().await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (kind, false), "{code}");
        // The server's answer is in the error or in its cause.
        let said = std::error::Error::source(&error).and_then(Error::find).unwrap_or(&error);
        assert_eq!(said.oauth().map(auth_layer::OAuthError::code), Some(code));
    }
    let polling = Polling::start(codes(), |_, _| Ok(json_response(200, "{}"))).await;
    polling.next_after(5).await;
    assert_eq!(polling.ends().await.unwrap_err().kind(), ErrorKind::InvalidAnswer);
}

#[tokio::test]
async fn dv02_polling_ends_with_the_codes() {
    let codes = with("expires_in", 12.into());
    let polling = Polling::start(codes, |_, _| refused("authorization_pending")).await;
    polling.next_after(5).await;
    polling.next_after(5).await;
    // A third poll would come too late.
    let endpoint = polling.endpoint.clone();
    let error = polling.ends().await.unwrap_err();
    assert_eq!((error.kind(), endpoint.count()), (ErrorKind::SignInFailed, 3));
    assert!(error.to_string().contains("expired"), "{error}");
}

#[tokio::test]
async fn dv02_the_codes_grow_old_from_when_they_were_asked_for() {
    let polling =
        Polling::start(with("expires_in", 60.into()), |_, _| refused("authorization_pending")).await;
    // The machine slept. By the wall clock the codes have expired.
    polling.clock.suspend(Duration::from_secs(3600));
    polling.next_after(5).await;
    assert_eq!(polling.ends().await.unwrap_err().kind(), ErrorKind::SignInFailed);
}

#[tokio::test]
async fn dv02_a_poll_without_an_answer_doubles_the_wait_until_there_is_one() {
    let polling = Polling::start(codes(), |n, _| match n {
        1 | 4 | 6 => refused("authorization_pending"),
        2 => Err("connection reset".into()),
        3 => Ok(json_response(502, "<p>bad gateway</p>")),
        5 => {
            let mut busy = json_response(503, "");
            busy.headers_mut().insert("retry-after", "25".parse().unwrap());
            Ok(busy)
        }
        _ => granted(),
    });
    let polling = polling.await;
    for seconds in [5, 5, 10, 20, 5, 25, 5] {
        polling.next_after(seconds).await;
    }
    polling.ends().await.unwrap();
}

#[tokio::test]
async fn dv02_a_poll_that_timed_out_doubles_the_wait() {
    let polling = Polling::start(codes(), |_, _| refused("authorization_pending")).await;
    polling.endpoint.hold();
    for seconds in [5, 10, 20, 40] {
        polling.next_after(seconds).await;
        // The deadline of the request itself.
        polling.clock.advance(Duration::from_secs(1));
        settle().await;
    }
    // If the codes expire meanwhile, the reason for the server's silence is the cause.
    polling.clock.advance(Duration::from_secs(1_800));
    settle().await;
    polling.clock.advance(Duration::from_secs(1));
    let error = polling.ends().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SignInFailed);
    let cause = std::error::Error::source(&error).and_then(Error::find).unwrap();
    assert_eq!(cause.kind(), ErrorKind::Timeout);
}

async fn ask(answer: Response<http_body_util::Full<bytes::Bytes>>) -> Result<DeviceCode, Error> {
    let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(answer.clone()));
    client(&endpoint, &TestClock::new(), profile()).ask_for_device_code(None).await
}

#[tokio::test]
async fn dv03_the_complete_uri_is_offered_beside_the_code() {
    let code = ask(json_response(200, &codes().to_string())).await.unwrap();
    assert_eq!((code.user_code(), code.verification_uri()), ("WDJB-MJHT", "https://example.com/device"));
    let complete = "https://example.com/device?user_code=WDJB-MJHT";
    assert_eq!(code.verification_uri_complete(), Some(complete));

    for codes in [
        without("verification_uri_complete"),
        with("verification_uri_complete", "javascript:alert(1)".into()),
        with("verification_uri_complete", "https://example.com/#\u{1b}[2J".into()),
    ] {
        let code = ask(json_response(200, &codes.to_string())).await.unwrap();
        assert_eq!((code.verification_uri_complete(), code.user_code()), (None, "WDJB-MJHT"));
    }
}

#[tokio::test]
async fn an_invalid_answer_of_a_device_endpoint_is_refused() {
    let bad = [
        without("device_code"),
        without("user_code"),
        without("verification_uri"),
        with("user_code", "WDJB\u{1b}[2J".into()),
        with("user_code", "".into()),
        with("verification_uri", "http://example.com/device".into()),
        with("verification_uri", "javascript:alert(1)".into()),
        with("verification_uri", "/device".into()),
        with("device_code", 5.into()),
        json!([]),
    ];
    for codes in bad {
        let error = ask(json_response(200, &codes.to_string())).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidAnswer, "{codes}");
        assert_eq!(error.endpoint(), Some(DEVICE_URL));
    }
    let error = ask(json_response(401, r#"{"error":"invalid_client"}"#)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    let expected = "the device authorization endpoint refused the request (at https://auth.example.com/device), \
                    status 401, invalid_client";
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn absurd_durations_do_no_harm() {
    for (expires_in, interval) in [(u64::MAX, u64::MAX), (u64::MAX, 5), (0, 5), (5, u64::MAX)] {
        let codes = with("interval", interval.into());
        let mut codes = codes;
        codes["expires_in"] = expires_in.into();
        let polling = Polling::start(codes, |_, _| refused("slow_down")).await;
        polling.clock.advance(Duration::from_secs(366 * 86_400));
        settle().await;
        assert_eq!(polling.ends().await.unwrap_err().kind(), ErrorKind::SignInFailed);
    }
}

#[tokio::test]
async fn without_a_device_url_nothing_is_sent() {
    let endpoint = FakeTokenEndpoint::issuing(60);
    let sign_in = client(&endpoint, &TestClock::new(), example());
    let error = sign_in.ask_for_device_code(None).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::SignInFailed, false));
    assert_eq!(endpoint.count(), 0);
}

#[tokio::test]
async fn te07_a_device_code_is_never_sent_in_two_ways() {
    let endpoint = FakeTokenEndpoint::scripted(|_, _| Ok(json_response(200, &codes().to_string())));
    let clock = TestClock::new();
    let sign_in = client(&endpoint, &clock, profile().with_either_encoding());
    let code = sign_in.ask_for_device_code(None).await.unwrap();
    endpoint.now(|_, _| Ok(json_response(415, "")));
    let polling = tokio::spawn(async move { sign_in.poll(&code).await });
    settle().await;
    clock.advance(Duration::from_secs(5));
    let error = polling.await.unwrap().unwrap_err();
    assert_eq!((error.status().map(|status| status.as_u16()), endpoint.count()), (Some(415), 2));
}

#[tokio::test]
async fn the_codes_of_one_provider_go_to_no_other() {
    let endpoint = FakeTokenEndpoint::scripted(|_, _| Ok(json_response(200, &codes().to_string())));
    let clock = TestClock::new();
    let code = client(&endpoint, &clock, profile()).ask_for_device_code(None).await.unwrap();
    let elsewhere = profile().with_token_url("https://other.example.com/token").unwrap();
    let other = FakeTokenEndpoint::answering([]);
    let other_client = client(&other, &clock, elsewhere);
    // The error comes at once, without a wait.
    let error = futures_util::FutureExt::now_or_never(other_client.poll(&code)).unwrap().unwrap_err();
    assert_eq!((error.kind(), error.is_transient(), other.count()), (ErrorKind::SignInFailed, false, 0));
}

#[tokio::test]
async fn codes_and_polls_ask_for_the_same_resource_and_audience() {
    let clock = TestClock::new();
    let endpoint = FakeTokenEndpoint::scripted(|n, _| match n {
        1 => Ok(json_response(200, &codes().to_string())),
        _ => granted(),
    });
    let profile = profile()
        .with_parameter("resource", "https://api.example.com/orders")
        .with_parameter("audience", "orders");
    let sign_in = client(&endpoint, &clock, profile);
    let code = sign_in.ask_for_device_code(None).await.unwrap();
    let poll = tokio::spawn(async move { sign_in.poll(&code).await });
    settle().await;
    clock.advance(Duration::from_secs(5));
    poll.await.unwrap().unwrap();
    let seen = endpoint.seen();
    assert_eq!(seen.len(), 2);
    for seen in seen {
        assert_eq!(seen.form("resource").as_deref(), Some("https://api.example.com/orders"));
        assert_eq!(seen.form("audience").as_deref(), Some("orders"));
    }
}
