//! Answers in other shapes than RFC 6749's: dates, milliseconds, commas, and member names that a profile gives.

use std::time::Duration;

use auth_layer::profile::{AnswerNames, ExpiryFormat, ScopeSeparator};
use auth_layer::{
    Clock, ConfigError, Credential, ErrorKind, Exchange, Grant, Profile, Scope, SignIn, TestClock,
};

use crate::support::{FakeTokenEndpoint, Rig, example, exchange, json_response};

/// Returns how long a token lives whose answer has this expiry in this format, or `None` for the default of 3 s.
async fn left(format: ExpiryFormat, expiry: impl Fn(Duration) -> String) -> Option<Duration> {
    let clock = TestClock::new();
    let now = clock.now().wall();
    let body = format!(r#"{{"access_token":"t","token_type":"Bearer","ends":{}}}"#, expiry(now));
    let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, &body)));
    let profile = example()
        .with_names(AnswerNames::new().with_expires_at(["ends"]))
        .with_default_lifetime(Duration::from_secs(3))
        .with_expiry_format(format);
    let exchange = exchange(&endpoint, &clock, &profile).build().unwrap();
    let rig = Rig::with_exchange(endpoint, clock, profile, exchange);
    let left = rig.manager.token().await.unwrap().expires() - now;
    (left != Duration::from_secs(3)).then_some(left)
}

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn an_expiry_may_be_unix_milliseconds() {
    let millis = ExpiryFormat::UnixMilliseconds;
    assert_eq!(left(millis, |now| (now + HOUR).as_millis().to_string()).await, Some(HOUR));
    assert_eq!(left(millis, |now| format!("\"{}\"", (now + HOUR).as_millis())).await, Some(HOUR));
    let seconds = ExpiryFormat::UnixSeconds;
    assert_eq!(left(seconds, |now| (now + HOUR).as_secs().to_string()).await.unwrap().as_secs(), 3_600);
    for bad in ["\"soon\"", "true", "-5", "1e400", "{}"] {
        assert_eq!(left(millis, |_| bad.to_owned()).await, None, "{bad}");
    }
    // An expiry of more than a year is cut to a year.
    let year = Duration::from_secs(365 * 86_400);
    assert_eq!(left(millis, |now| (now + year * 5).as_millis().to_string()).await, Some(year));
}

#[tokio::test]
async fn rs06_an_expiry_in_another_unit_counts_as_absent() {
    let (millis, seconds) = (ExpiryFormat::UnixMilliseconds, ExpiryFormat::UnixSeconds);
    assert_eq!(left(millis, |now| (now + HOUR).as_secs().to_string()).await, None);
    assert_eq!(left(seconds, |now| (now + HOUR).as_millis().to_string()).await, None);
    for placeholder in ["0", "-1", "18446744073709551615"] {
        assert_eq!(left(seconds, |_| placeholder.to_owned()).await, None, "{placeholder}");
    }
}

/// Returns how long a token lives that ends on a date, counted from 2026-11-27 10:00:00 UTC.
async fn left_by(date: &str) -> Option<i64> {
    let from = 1_795_773_600;
    let clock_now = TestClock::new().now().wall().as_secs();
    let left = left(ExpiryFormat::Date, |_| format!("\"{date}\"")).await?;
    Some(i64::try_from(left.as_secs() + clock_now).unwrap() - from)
}

#[tokio::test]
async fn an_expiry_may_be_a_date() {
    // The test's clock begins long before these dates, and an expiry of more than a year is cut to a year.
    let now = TestClock::new().now().wall().as_secs();
    assert!((1_795_773_600 - 365 * 86_400..1_795_773_600).contains(&now), "choose other dates: {now}");
    for date in [
        "2026-11-27T10:00:00Z",
        "2026-11-27T10:00:00z",
        "2026-11-27t10:00:00Z",
        "2026-11-27 10:00:00Z",
        "2026-11-27T10:00:00+00:00",
        "2026-11-27T12:00:00+02:00",
        "2026-11-27T12:00:00+0200",
        "2026-11-27T12:00:00+02",
        "2026-11-27T04:30:00-05:30",
        "2026-11-27T10:00:00.123Z",
        "2026-11-27T10:00:00.123456789+00:00",
        "2026-11-27T10:00:00",
        "2026-11-27 10:00:00",
        "2026-11-27T10:00:00.5",
        "2026-11-27T10:00Z",
        " 2026-11-27T10:00:00Z ",
        "2026-11-27 10:00:00 UTC",
        "2026-11-27 12:00:00 +0200",
        "Fri, 27 Nov 2026 10:00:00 GMT",
    ] {
        assert_eq!(left_by(date).await, Some(0), "{date}");
    }
    for bad in [
        "",
        "soon",
        "2026-11-27",
        "2026-13-27T10:00:00Z",
        "2026-11-27T10:00:00 Mars",
        "27.11.2026 10:00",
        "é",
        "2026-11-2é",
    ] {
        assert_eq!(left_by(bad).await, None, "{bad}");
    }
    assert_eq!(left(ExpiryFormat::Date, |now| (now + HOUR).as_secs().to_string()).await, None);
}

#[tokio::test]
async fn rs10_a_scope_may_be_separated_by_commas() {
    let granted = |scope: &'static str, separator: ScopeSeparator| async move {
        let body = format!(r#"{{"access_token":"t","token_type":"Bearer","scope":{scope}}}"#);
        let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, &body)));
        let profile = example().with_answer_scope_separator(separator);
        let clock = TestClock::new();
        let exchange = exchange(&endpoint, &clock, &profile)
            .require_scope("gist repo".parse().unwrap())
            .build()
            .unwrap();
        Rig::with_exchange(endpoint, clock, profile, exchange).manager.token().await
    };
    let expected: Scope = "gist repo".parse().unwrap();
    for scope in
        [r#""repo,gist""#, r#""repo, gist""#, r#""gist repo""#, r#"["repo,gist"]"#, r#"["gist","repo"]"#]
    {
        let token = granted(scope, ScopeSeparator::Comma).await.expect(scope);
        assert_eq!(token.scope(), Some(&expected), "{scope}");
    }
    let error = granted(r#""repo,gist""#, ScopeSeparator::Space).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Scope);
}

#[tokio::test]
async fn each_member_may_come_under_another_name() {
    let body = r#"{"t":"token-1","ty":"Bearer","s":"read","l":60}"#;
    let names = AnswerNames::new()
        .with_access_token(["t"])
        .with_token_type(["ty"])
        .with_scope(["s"])
        .with_expires_in(["l"]);
    let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, body)));
    let token = Rig::with_profile(endpoint, example().with_names(names)).manager.token().await.unwrap();
    assert_eq!((token.access_token().expose(), token.scope()), ("token-1", Some(&"read".parse().unwrap())));
}

fn built(profile: &Profile) -> [Result<(), ConfigError>; 2] {
    let transport = || FakeTokenEndpoint::issuing(60).transport();
    let credential = || Credential::new("client", "client-secret");
    let exchange = Exchange::builder(profile.clone(), credential(), Grant::ClientCredentials);
    let sign_in = SignIn::builder(profile.clone(), credential());
    [exchange.transport(transport()).build().map(|_| ()), sign_in.transport(transport()).build().map(|_| ())]
}

#[test]
fn names_by_which_no_token_could_be_read_are_a_mistake_of_configuration() {
    for (names, what) in [
        (AnswerNames::new().with_access_token([""; 0]), "answer name of access_token"),
        (AnswerNames::new().with_token_type([""; 0]), "answer name of token_type"),
        (AnswerNames::new().with_access_token(["token", ""]), "answer name of access_token"),
        (AnswerNames::new().with_expires_in([""]), "answer name of expires_in"),
    ] {
        for result in built(&example().with_names(names)) {
            assert_eq!(result.unwrap_err().what(), what);
        }
    }
    // A member that has a default or is not required may have an empty name.
    let bare = AnswerNames::new()
        .with_token_type([""; 0])
        .with_expires_in([""; 0])
        .with_refresh_token([""; 0])
        .with_scope([""; 0]);
    let profile = example().with_names(bare).with_default_token_type("Bearer");
    assert!(built(&profile).iter().all(Result::is_ok));
}

#[tokio::test]
async fn a_member_without_a_name_is_never_read() {
    let bare = AnswerNames::new()
        .with_token_type([""; 0])
        .with_expires_in([""; 0])
        .with_scope([""; 0])
        .with_account([""; 0]);
    let profile = example().with_names(bare).with_default_token_type("Bearer");
    for body in [r#"{"access_token":5}"#, "{}", r#"{"access_token":"t","scope":5,"token_type":"mac"}"#] {
        let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, body)));
        let result = Rig::with_profile(endpoint, profile.clone()).manager.token().await;
        assert_eq!(result.is_ok(), body.contains("mac"), "{body}");
    }
}
