//! The refresh token in an answer that cannot be used otherwise. It is kept, whatever else the answer contains.

use std::sync::Arc;
use std::time::Duration;

use auth_layer::sign_in::RecoveredSignIn;
use auth_layer::store::{Entry, State, StoreKey};
use auth_layer::{BoxError, Clock, Error, ErrorKind, MemoryStore, ReplayRule, TokenStore, Transport};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::Response;
use http_body::Frame;
use http_body_util::{Full, StreamBody};

use crate::device::{Polling, codes, refused};
use crate::house::{House, token};
use crate::refresh::{invalid_grant, refreshed, sent};
use crate::sign_in::{REDIRECT, client, good, people};
use crate::support::{FakeTokenEndpoint, json_response, logged, settle, until};

/// Redeems `r0` at a server where a second use ends the family. The first answer is this one, and later ones are good.
async fn redeemed(first: Response<Full<Bytes>>) -> (Result<String, Error>, House) {
    let endpoint = FakeTokenEndpoint::scripted(move |n, _| {
        Ok(if n == 1 { first.clone() } else { refreshed(n, Some(&format!("later-{n}"))) })
    });
    let house = House::new(endpoint, ReplayRule::KillsFamily);
    let result = token(&house.start()).await;
    (result, house)
}

fn bytes_response(status: u16, content_type: &str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status.try_into().unwrap();
    response.headers_mut().insert("content-type", content_type.parse().unwrap());
    response
}

/// Checks that the answer is an error of this kind, that `kept` is in the store, and that a process which starts later
/// uses it.
async fn assert_kept(answer: Response<Full<Bytes>>, kind: ErrorKind, kept: &str, what: &str) {
    let (result, house) = redeemed(answer).await;
    let error = result.expect_err(what);
    assert_eq!(error.kind(), kind, "{what}");
    assert_holds(&house.entry().await, kept, what);
    assert_eq!(token(&house.start()).await.expect(what), "a2");
    assert_eq!(sent(&house.endpoint), ["r0", kept], "{what}");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("secret"), "{shown}");
}

fn assert_holds(entry: &Entry, kept: &str, what: &str) {
    assert_eq!((entry.refresh_token.expose(), &entry.state), (kept, &State::Idle), "{what}");
    assert!(entry.access_token.is_none() && entry.hard.is_none(), "{what}");
}

/// Checks that the answer ends the sign-in: it contains nothing certain, and `r0` may be used up.
async fn assert_lost(answer: Response<Full<Bytes>>, what: &str) {
    let (result, house) = redeemed(answer).await;
    assert_eq!(result.expect_err(what).kind(), ErrorKind::InvalidAnswer, "{what}");
    assert_eq!(house.entry().await.refresh_token.expose(), "r0", "{what}");
    house.advance(60);
    assert_eq!(token(&house.start()).await.expect_err(what).kind(), ErrorKind::SignInAgain, "{what}");
    assert_eq!(sent(&house.endpoint), ["r0"], "{what}");
}

#[tokio::test]
async fn rs06_a_fractional_lifetime_costs_no_refresh_token() {
    let body = r#"{"access_token":"a1","token_type":"Bearer","expires_in":35999.413,"refresh_token":"r1"}"#;
    let (result, house) = redeemed(json_response(200, body)).await;
    assert_eq!(result.unwrap(), "a1");
    let entry = house.entry().await;
    assert_eq!((entry.refresh_token.expose(), entry.state), ("r1", State::Idle));
    let left = entry.hard.unwrap() - house.clock.now().wall();
    assert_eq!(left.as_millis(), 35_999_413);
}

/// Lifetimes that cannot be read.
pub(crate) const UNREADABLE: [&str; 19] = [
    "-1",
    "\"-1\"",
    "-3600.0",
    "\"NaN\"",
    "\"inf\"",
    "\"-inf\"",
    "1e300",
    "-1e400",
    "1e400",
    "\"soon\"",
    "true",
    "false",
    "[]",
    "{}",
    "\"1 h\"",
    "\"0x10\"",
    "9007199254740993.0e10",
    "99999999999999999999",
    "[3600]",
];

#[tokio::test]
async fn rs06_an_unreadable_lifetime_counts_as_absent() {
    for lifetime in UNREADABLE {
        for member in ["expires_in", "expires_at"] {
            let body = format!(
                r#"{{"access_token":"a1","token_type":"Bearer","{member}":{lifetime},"refresh_token":"r1"}}"#
            );
            let (result, house) = redeemed(json_response(200, &body)).await;
            assert_eq!(result.expect(&body), "a1");
            let entry = house.entry().await;
            assert_eq!(entry.refresh_token.expose(), "r1", "{body}");
            assert_eq!(entry.hard.unwrap() - house.clock.now().wall(), Duration::from_secs(3_600), "{body}");
        }
    }
}

#[test]
fn rs06_an_unreadable_lifetime_is_warned_of_once_and_not_shown() {
    let log = logged(|| async {
        let endpoint = FakeTokenEndpoint::scripted(|n, _| {
            let body = format!(
                r#"{{"access_token":"a{n}","token_type":"Bearer","expires_in":"a-secret","refresh_token":"r{n}"}}"#
            );
            Ok(json_response(200, &body))
        });
        let house = House::new(endpoint, ReplayRule::KillsFamily);
        let manager = house.start();
        for n in 1..=3 {
            assert_eq!(token(&manager).await.unwrap(), format!("a{n}"));
            house.advance(3_601);
        }
    });
    assert_eq!(log.matches("cannot be read").count(), 1, "{log}");
    assert!(log.contains("expires_in") && !log.contains("a-secret"), "{log}");
}

#[tokio::test]
async fn rf01_no_other_member_costs_the_refresh_token() {
    use ErrorKind::{InvalidAnswer, TokenType};

    let (access, bearer) = (r#""access_token":"secret-a""#, r#""token_type":"Bearer""#);
    let cases = [
        (String::new(), InvalidAnswer),
        (bearer.to_owned(), InvalidAnswer),
        (format!(r#""access_token":"",{bearer}"#), InvalidAnswer),
        (format!(r#""access_token":null,{bearer}"#), InvalidAnswer),
        (format!(r#""access_token":42,{bearer}"#), InvalidAnswer),
        (format!(r#""access_token":["secret-a"],{bearer}"#), InvalidAnswer),
        (format!(r#""access_token":{{"token":"secret-a"}},{bearer}"#), InvalidAnswer),
        (format!(r#""access_token":"secret a",{bearer}"#), InvalidAnswer),
        (format!(r#""access_token":"secret\r\nX: 1",{bearer}"#), InvalidAnswer),
        (format!(r#""access_token":"secret-\ud83d",{bearer}"#), InvalidAnswer),
        (format!(r#"{access},"access_token":"secret-b",{bearer}"#), InvalidAnswer),
        (access.to_owned(), InvalidAnswer),
        (format!(r#"{access},"token_type":null"#), InvalidAnswer),
        (format!(r#"{access},"token_type":5"#), InvalidAnswer),
        (format!(r#"{access},"token_type":"mac""#), TokenType),
        (format!(r#"{access},"token_type":"""#), TokenType),
        (format!(r#"{access},{bearer},{bearer}"#), InvalidAnswer),
        (format!(r#"{access},{bearer},"scope":5"#), InvalidAnswer),
        (format!(r#"{access},{bearer},"scope":["read",5]"#), InvalidAnswer),
        (format!(r#"{access},{bearer},"scope":"a","scope":"b""#), InvalidAnswer),
        (format!(r#"{access},{bearer},"expires_in":60,"expires_in":61"#), InvalidAnswer),
    ];
    for (members, kind) in cases {
        let comma = if members.is_empty() { "" } else { "," };
        for body in [
            format!(r#"{{{members}{comma}"refresh_token":"r1"}}"#),
            format!(r#"{{"refresh_token":"r1"{comma}{members}}}"#),
        ] {
            assert_kept(json_response(200, &body), kind, "r1", &body).await;
        }
    }
    // A refresh token that stays the same remains valid.
    let same = r#"{"token_type":"Bearer","refresh_token":"r0"}"#;
    assert_kept(json_response(200, same), InvalidAnswer, "r0", same).await;
}

#[tokio::test]
async fn rs16_a_refresh_token_is_taken_only_if_there_is_one_value() {
    for twice in [
        r#""refresh_token":"r1","refresh_token":"r1""#,
        r#""refresh_token":null,"refresh_token":"r1""#,
        r#""refresh_token":"r1","refresh_token":"""#,
    ] {
        let body = format!(r#"{{"access_token":"secret-a","token_type":"Bearer",{twice}}}"#);
        assert_kept(json_response(200, &body), ErrorKind::InvalidAnswer, "r1", &body).await;
    }
    let body = r#"{"access_token":"a1","token_type":"Bearer","refresh_token":"r1","refresh_token":"r2"}"#;
    assert_lost(json_response(200, body), body).await;
}

#[tokio::test]
async fn rf01_a_body_that_breaks_off_costs_no_refresh_token() {
    let json = |text: &str| bytes_response(200, "application/json", text.to_owned());
    for body in [
        r#"{"access_token":"secret-a","refresh_token":"r1","expires_in":36"#,
        r#"{"access_token":"secret-a","refresh_token":"r1""#,
        r#"{"refresh_token":"r1","access_token":"secret-"#,
        r#"{"refresh_token":"r1",}"#,
        r#"{"access_token":"secret-a","token_type":"Bearer","refresh_token":"r1"} <p>warning</p>"#,
        r#"{"access_token":"secret-a","token_type":"Bearer","refresh_token":"r1"}{"access_token":"secret-b"}"#,
        r#"{"refresh_token":"r1","x":'secret'}"#,
    ] {
        assert_kept(json(body), ErrorKind::InvalidAnswer, "r1", body).await;
    }
    // A form in place of JSON, with and without its media type.
    let form = "access_token=secret-a&token_type=bearer&refresh_token=r%2F1&expires_in=60";
    for content_type in ["application/x-www-form-urlencoded", "text/plain", "application/json"] {
        let answer = bytes_response(200, content_type, form);
        assert_kept(answer, ErrorKind::InvalidAnswer, "r/1", content_type).await;
    }
}

#[tokio::test]
async fn rf01_harmless_errors_in_an_answer_are_ignored() {
    let good = r#"{"access_token":"a1","token_type":"Bearer","expires_in":60,"refresh_token":"r1"}"#;
    let with = |odd: &[u8]| [&b"{"[..], odd, b",", &good.as_bytes()[1..]].concat();
    for (content_type, body) in [
        ("application/json", [b"\xef\xbb\xbf", good.as_bytes()].concat()),
        ("application/json", format!(" \r\n{good}\n").into_bytes()),
        ("application/json", with(b"\"name\":\"M\xfcller\"")),
        ("application/json", with(br#""name":"\ud83d""#)),
        ("application/json", with(br#""x":1e999"#)),
        ("text/html", good.into()),
        ("application/x-www-form-urlencoded", good.into()),
    ] {
        let what = String::from_utf8_lossy(&body).into_owned();
        let (result, house) = redeemed(bytes_response(200, content_type, body)).await;
        assert_eq!(result.expect(&what), "a1");
        assert_eq!(house.entry().await.refresh_token.expose(), "r1", "{what}");
    }
    // A refresh token that is not a string is lost, but the access token is valid.
    for odd in ["5", "true", "[]", r#"{"value":"r1"}"#] {
        let body = format!(r#"{{"access_token":"a1","token_type":"Bearer","refresh_token":{odd}}}"#);
        let (result, house) = redeemed(json_response(200, &body)).await;
        assert_eq!((result.expect(&body), house.entry().await.refresh_token.expose()), ("a1".into(), "r0"));
    }
}

#[tokio::test]
async fn rf01_a_refresh_token_is_never_guessed() {
    for body in [
        "<html>",
        r#"{"access_token":"a1","refresh_token":"r"#,
        r#"{"access_token":"a1","refresh_token":"r1\"#,
        r#"{"data":{"refresh_token":"r1"}}"#,
        r#"[{"refresh_token":"r1"}]"#,
        r#"{"data":"\"refresh_token\":\"r1\""}"#,
        r#"<p>{"refresh_token":"r1"}</p>"#,
        r#"{"token_type":"Bearer","Refresh_Token":"r1"}"#,
        r#"{"access_token":"","refresh_token":{"refresh_token":"r1"}}"#,
        "<a href='?access_token=a&refresh_token=r1'>",
        "see access_token=a&refresh_token=r1&x=y",
    ] {
        assert_lost(json_response(200, body), body).await;
    }
    let spoilt = b"{\"token_type\":\"Bearer\",\"refresh_token\":\"r\xff1\"}";
    assert_lost(bytes_response(200, "application/json", &spoilt[..]), "not UTF-8").await;
}

#[tokio::test]
async fn rf02_an_answer_without_a_new_refresh_token_keeps_the_old_one() {
    for body in [
        r#"{"access_token":"secret a","token_type":"Bearer"}"#,
        r#"{"access_token":"secret-a","token_type":"mac","refresh_token":null}"#,
        r#"{"access_token":"secret-a","refresh_token":""}"#,
    ] {
        let kind = if body.contains("mac") { ErrorKind::TokenType } else { ErrorKind::InvalidAnswer };
        assert_kept(json_response(200, body), kind, "r0", body).await;
    }
}

#[tokio::test]
async fn rf06_nothing_is_taken_from_a_refusal() {
    let tokens = r#""access_token":"secret-a","token_type":"Bearer","refresh_token":"r1""#;
    for (status, body) in [
        (400, format!("{{{tokens}}}")),
        (401, format!(r#"{{"error":"invalid_client",{tokens}}}"#)),
        (503, format!("{{{tokens}}}")),
    ] {
        let (result, house) = redeemed(json_response(status, &body)).await;
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Refused, "{body}");
        let entry = house.entry().await;
        assert_eq!((entry.refresh_token.expose(), entry.state), ("r0", State::Idle), "{body}");
    }
    // A success with an `error` beside a new refresh token has used the old one up.
    let body = format!(r#"{{"error":"no_access_token",{tokens}}}"#);
    assert_kept(json_response(200, &body), ErrorKind::Refused, "r1", &body).await;
    // An answer that repeats the sent token is an ordinary refusal.
    let body = r#"{"error":"bad_refresh_token","refresh_token":"r0"}"#;
    let (result, house) = redeemed(json_response(200, body)).await;
    assert_eq!(
        (result.unwrap_err().kind(), house.entry().await.state),
        (ErrorKind::SignInAgain, State::Ended)
    );
}

/// Returns a transport that answers with these pieces of a body and then with `end`.
fn in_pieces(
    content_type: &'static str,
    pieces: &[&'static str],
    end: fn() -> stream::BoxStream<'static, Result<Frame<Bytes>, BoxError>>,
) -> Transport {
    let pieces = pieces.to_vec();
    Transport::new(tower::service_fn(move |_| {
        let pieces = pieces.clone().into_iter().map(|piece| Ok(Frame::data(Bytes::from(piece))));
        let body = StreamBody::new(stream::iter(pieces).chain(end()));
        let mut response = Response::new(body);
        response.headers_mut().insert("content-type", content_type.parse().unwrap());
        async { Ok::<_, BoxError>(response) }
    }))
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn rf01_a_connection_that_breaks_costs_no_refresh_token() {
    let whole = r#"{"access_token":"secret-a","token_type":"Bearer","refresh_token":"r1"}"#;
    for (content_type, pieces, kept) in [
        (JSON, &[r#"{"access_token":"sec"#, r#"ret-a","refresh_token":"r1","#][..], "r1"),
        (JSON, &[whole], "r1"),
        (FORM, &["access_token=secret-a&refresh_token=r1&expires_in=36"], "r1"),
        // The last value of a form may be incomplete.
        (FORM, &["access_token=secret-a&refresh_token=r1"], "r0"),
        (JSON, &[r#"{"access_token":"secret-a","refresh_token":"r1"#], "r0"),
    ] {
        let house =
            House::new(FakeTokenEndpoint::scripted(|_, _| Ok(invalid_grant())), ReplayRule::KillsFamily);
        let transport =
            in_pieces(content_type, pieces, || stream::iter([Err("connection reset".into())]).boxed());
        let error = token(&house.manage(house.exchange().transport(transport)).build()).await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Transport, true), "{pieces:?}");
        let entry = house.entry().await;
        assert_eq!(entry.refresh_token.expose(), kept, "{pieces:?}");
        assert_eq!(entry.state == State::Idle, kept == "r1", "{pieces:?}");
        assert!(entry.access_token.is_none());
    }
}

#[tokio::test]
async fn rf01_an_answer_that_is_too_long_or_too_late_costs_no_refresh_token() {
    let house = House::new(FakeTokenEndpoint::scripted(|_, _| Ok(invalid_grant())), ReplayRule::KillsFamily);
    let padding: &'static str = Box::leak("x".repeat(64 * 1024).into_boxed_str());
    let pieces = [r#"{"refresh_token":"r1","padding":""#, padding];
    let transport = in_pieces(JSON, &pieces, || stream::empty().boxed());
    let error = token(&house.manage(house.exchange().transport(transport)).build()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidAnswer);
    assert_holds(&house.entry().await, "r1", "too long");

    let house = House::new(FakeTokenEndpoint::scripted(|_, _| Ok(invalid_grant())), ReplayRule::KillsFamily);
    let transport = in_pieces(JSON, &[r#"{"refresh_token":"r1","#], || stream::pending().boxed());
    let manager = house.manage(house.exchange().transport(transport)).build();
    let call = tokio::spawn(async move { token(&manager).await });
    until(|| house.clock.sleepers() > 0).await;
    settle().await;
    house.advance(10);
    assert_eq!(call.await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
    assert_holds(&house.entry().await, "r1", "too late");
}

/// Checks that a sign-in which ended in this error is kept, and that an exchange continues with its refresh token.
async fn assert_kept_sign_in(error: &Error) {
    assert!(!error.is_transient());
    let recovered = RecoveredSignIn::find(error).expect("the refresh token came");
    assert_eq!(recovered.refresh_token().expose(), "secret-r1");
    let (store, key) = (MemoryStore::new(), StoreKey::of(["a sign-in"]));
    recovered.keep(&store, &key, None).await.unwrap();
    let entry = store.load(&key).await.unwrap().unwrap().entry;
    assert_holds(&entry, "secret-r1", "a sign-in");
    assert!(entry.obtained.is_some());
    let shown = format!("{error} {error:?} {recovered} {recovered:?}");
    assert!(!shown.contains("secret"), "{shown}");
}

#[tokio::test]
async fn ac06_an_unusable_access_token_of_a_code_keeps_its_refresh_token() {
    for body in [
        r#"{"access_token":"","token_type":"Bearer","refresh_token":"secret-r1"}"#,
        r#"{"access_token":"secret-a","token_type":"mac","refresh_token":"secret-r1"}"#,
        r#"{"refresh_token":"secret-r1","access_token":"secr"#,
    ] {
        let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, body)));
        let sign_in = client(people(), &endpoint);
        let authorization = sign_in.authorize(REDIRECT, None).unwrap();
        let callback = good(&authorization);
        let error = sign_in.finish(authorization, &callback).await.unwrap_err();
        assert_kept_sign_in(&error).await;
    }
    // Without a refresh token there is nothing to keep.
    let endpoint = FakeTokenEndpoint::scripted(|_, _| Ok(json_response(200, r#"{"access_token":"a b"}"#)));
    let sign_in = client(people(), &endpoint);
    let authorization = sign_in.authorize(REDIRECT, None).unwrap();
    let callback = good(&authorization);
    let error = sign_in.finish(authorization, &callback).await.unwrap_err();
    assert!(RecoveredSignIn::find(&error).is_none());
}

#[tokio::test]
async fn dv01_an_unusable_access_token_of_a_poll_keeps_its_refresh_token() {
    let polling = Polling::start(codes(), |n, _| match n {
        1 => refused("authorization_pending"),
        _ => {
            Ok(json_response(200, r#"{"access_token":"","token_type":"Bearer","refresh_token":"secret-r1"}"#))
        }
    });
    let polling = polling.await;
    polling.next_after(5).await;
    polling.next_after(5).await;
    assert_kept_sign_in(&polling.ends().await.unwrap_err()).await;
}

#[tokio::test]
async fn dv02_a_poll_whose_answer_breaks_off_is_not_polled_on() {
    let polling = Polling::start(codes(), |_, _| refused("authorization_pending")).await;
    polling.task.abort();
    let transport = in_pieces(JSON, &[r#"{"refresh_token":"secret-r1","#], || {
        stream::iter([Err("connection reset".into())]).boxed()
    });
    let sign_in = auth_layer::SignIn::builder(
        crate::device::profile(),
        auth_layer::Credential::new("client", "client-secret"),
    )
    .transport(transport)
    .clock(Arc::new(polling.clock.clone()))
    .build()
    .unwrap();
    let (code, clock) = (polling.code.clone(), polling.clock.clone());
    let task = tokio::spawn(async move { sign_in.poll(&code).await });
    settle().await;
    clock.advance(Duration::from_secs(5));
    settle().await;
    assert!(task.is_finished(), "it is still polling");
    let error = task.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_kept_sign_in(&error).await;
    // The reason why the connection broke is still in the error.
    let recovered = RecoveredSignIn::find(&error).unwrap();
    assert_eq!(std::error::Error::source(recovered).unwrap().to_string(), "connection reset");
}

#[tokio::test]
async fn rf01_a_value_that_is_not_json_spoils_no_other_member() {
    for odd in ["NaN", "03600", "+3600", "undefined", "", "\"a\tb\"", r#""O\'Brien""#] {
        let body = format!(
            r#"{{"access_token":"a1","token_type":"Bearer","expires_in":{odd},"refresh_token":"r1-new"}}"#
        );
        let (result, house) = redeemed(bytes_response(200, "application/json", body)).await;
        assert_eq!(result.expect(odd), "a1");
        assert_eq!(house.entry().await.refresh_token.expose(), "r1-new", "{odd}");
    }
}

#[tokio::test]
async fn rf02_no_refusal_overwrites_a_refresh_token_with_a_text() {
    for body in [
        r#"{"error":"temporarily_unavailable","refresh_token":"masked-token"}"#,
        r#"{"error":"invalid_request","refresh_token":"masked-token"}"#,
        r#"{"error":"server_error","refresh_token":"abc***masked"}"#,
        r#"{"error":"server_error","refresh_token":"must be a string"}"#,
    ] {
        let (result, house) = redeemed(json_response(200, body)).await;
        assert_eq!(result.expect_err(body).kind(), ErrorKind::Refused);
        assert_eq!(house.entry().await.refresh_token.expose(), "r0", "{body}");
    }
    for blank in ["null", "  "] {
        let body = format!(
            r#"{{"access_token":"a1","token_type":"Bearer","expires_in":60,"refresh_token":"{blank}"}}"#
        );
        let (result, house) = redeemed(json_response(200, &body)).await;
        assert_eq!(result.expect(blank), "a1");
        assert_eq!(house.entry().await.refresh_token.expose(), "r0", "{blank}");
    }
}
