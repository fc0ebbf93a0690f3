//! A rejection that only a response's body shows: which bodies are read, and which contents count.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use auth_layer::authorize::ResponseBody;
use auth_layer::profile::BodySign;
use auth_layer::{BoxError, ConfigError, OperationMeta, Profile};
use bytes::buf::Chain;
use bytes::{Buf, Bytes};
use futures_util::StreamExt;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use tower::ServiceExt;

use crate::support::{
    FakeApi, FakeTokenEndpoint, Rig, challenged, example, get, respond, settle, text, until,
};

static GRAPHQL: OperationMeta = OperationMeta::new("graphql", Method::POST, "/graph");
static LIST: OperationMeta = OperationMeta::new("list", Method::GET, "/things");

fn with(sign: BodySign) -> Profile {
    example().with_rejection(sign)
}

/// Returns the sign for the value `dead` of `code`.
fn dead() -> BodySign {
    BodySign::new("/code", ["dead"]).unwrap()
}

/// Returns the sign of an API that answers a rejected GraphQL request with 200.
fn graphql() -> BodySign {
    BodySign::new("/errors/*/extensions/code", ["UNAUTHENTICATED"])
        .and_then(|sign| sign.with_statuses([StatusCode::OK]))
        .and_then(|sign| sign.with_operations(["graphql"]))
        .and_then(|sign| sign.while_absent("/data"))
        .unwrap()
}

fn of(operation: &'static OperationMeta) -> Request<Full<Bytes>> {
    let mut request = get("/me");
    request.extensions_mut().insert(operation);
    request
}

/// Returns how often the API and the token endpoint were asked because of one answer to a first request.
async fn asked(
    sign: BodySign,
    answer: Response<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> (usize, usize) {
    let rig = Rig::with_profile(FakeTokenEndpoint::issuing(3600), with(sign));
    let body = text(answer.clone()).await;
    let api = FakeApi::scripted(move |n, _| if n == 1 { answer.clone() } else { respond(201, "again") });
    let response = rig.over(api.clone()).oneshot(request).await.unwrap();
    let is_first = response.status() != 201;
    let expected = if is_first { body } else { "again".to_owned() };
    assert_eq!(text(response).await, expected, "byte for byte");
    settle().await;
    (api.count(), rig.endpoint.count())
}

#[track_caller]
fn asserts(found: (usize, usize), is_rejection: bool, case: &str) {
    assert_eq!(found, if is_rejection { (2, 2) } else { (1, 1) }, "{case}");
}

#[tokio::test]
async fn ch08_a_sign_is_a_value_at_a_json_pointer_with_any_status() {
    let cases = [
        ("/code", "99991663", r#"{"code":99991663,"msg":"token expired"}"#, true),
        ("/code", "99991663", r#"{"code":"99991663"}"#, true),
        ("/code", "99991663", r#"{"code":99991664}"#, false),
        ("/error/code", "190", r#"{"error":{"type":"OAuthException","code":190}}"#, true),
        ("/error/code", "190", r#"{"error":{"code":190.0}}"#, true),
        ("/error/code", "190", r#"{"error":{"code":1.9e2}}"#, true),
        ("/error/code", "190", r#"{"error":{"code":190.5}}"#, false),
        ("/error/code", "190", r#"{"error":{"code":[190]}}"#, false),
        ("/error/code", "190", r#"{"code":190}"#, false),
        ("/error/code", "9007199254740993", r#"{"error":{"code":9007199254740992}}"#, false),
        ("/*/errorCode", "INVALID_SESSION_ID", r#"[{"errorCode":"INVALID_SESSION_ID"}]"#, true),
        (
            "/*/errorCode",
            "INVALID_SESSION_ID",
            r#"[1,{"errorCode":"x"},{"errorCode":"INVALID_SESSION_ID"}]"#,
            true,
        ),
        ("/*/errorCode", "INVALID_SESSION_ID", r#"{"0":{"errorCode":"INVALID_SESSION_ID"}}"#, false),
        ("/0/errorCode", "INVALID_SESSION_ID", r#"[{"errorCode":"INVALID_SESSION_ID"}]"#, true),
        ("/1/errorCode", "INVALID_SESSION_ID", r#"[{"errorCode":"INVALID_SESSION_ID"}]"#, false),
        ("/a~1b/~0", "x", r#"{"a/b":{"~":"x"}}"#, true),
        ("/ok", "false", r#"{"ok":false}"#, true),
        ("/ok", "false", r#"{"ok":null}"#, false),
        ("", "Unauthorized", r#""Unauthorized""#, true),
        ("/code", "dead", "\u{feff} {\"code\":\"dead\"}\r\n", true),
        ("/code", "dead", r#"{"code":"dead"}{"code":"alive"}"#, false),
        ("/code", "dead", r#"{"code":"dead""#, false),
        ("/code", "dead", "code=dead", false),
        ("/code", "dead", "", false),
    ];
    for (pointer, value, body, expected) in cases {
        for status in [200, 202, 302, 400, 403, 404, 498, 500] {
            let sign = BodySign::new(pointer, [value]).unwrap();
            asserts(
                asked(sign, respond(status, body), get("/me")).await,
                expected,
                &format!("{status} {body}"),
            );
        }
    }
}

#[tokio::test]
async fn ch08_a_sign_may_be_bound_to_statuses_and_operations() {
    let body = r#"{"code":"dead"}"#;
    let bound = || dead().with_statuses([StatusCode::OK, StatusCode::IM_A_TEAPOT]).unwrap();
    for (status, expected) in [(200, true), (418, true), (203, false), (400, false), (500, false)] {
        asserts(asked(bound(), respond(status, body), get("/me")).await, expected, &status.to_string());
    }
    let bound = || dead().with_operations(["graphql", "other"]).unwrap();
    for status in [200, 400] {
        asserts(asked(bound(), respond(status, body), of(&GRAPHQL)).await, true, "graphql");
        asserts(asked(bound(), respond(status, body), of(&LIST)).await, false, "list");
        asserts(asked(bound(), respond(status, body), get("/me")).await, false, "without an operation");
    }
}

#[tokio::test]
async fn ch08_a_graphql_answer_with_data_is_not_a_rejection() {
    let errors = r#""errors":[{"message":"x"},{"extensions":{"code":"UNAUTHENTICATED"}}]"#;
    for (data, expected) in [
        ("", true),
        (r#""data":null,"#, true),
        (r#""data":{},"#, false),
        (r#""data":{"me":null},"#, false),
        (r#""data":[],"#, false),
    ] {
        let answer = respond(200, &format!("{{{data}{errors}}}"));
        asserts(asked(graphql(), answer, of(&GRAPHQL)).await, expected, data);
    }
    let other = respond(200, r#"{"data":null,"errors":[{"extensions":{"code":"FORBIDDEN"}}]}"#);
    asserts(asked(graphql(), other, of(&GRAPHQL)).await, false, "another code");
}

#[tokio::test]
async fn ch11_a_407_is_never_a_sign() {
    asserts(asked(dead(), respond(407, r#"{"code":"dead"}"#), get("/me")).await, false, "407");
}

#[tokio::test]
async fn ch13_a_second_sign_is_the_callers() {
    let rig = Rig::with_profile(FakeTokenEndpoint::issuing(3600), with(dead()));
    let api = FakeApi::scripted(|n, _| respond(200, &format!(r#"{{"code":"dead","n":{n}}}"#)));
    let response = rig.over(api.clone()).oneshot(get("/me")).await.unwrap();
    assert_eq!(text(response).await, r#"{"code":"dead","n":2}"#);
    assert_eq!((api.count(), rig.endpoint.count()), (2, 2));
}

#[tokio::test]
async fn ch07_a_sign_decides_if_the_challenge_does_not() {
    let answer = || {
        let mut answer = challenged(401, r#"Bearer error="invalid_request""#);
        *answer.body_mut() = Full::from(r#"{"code":"dead"}"#);
        answer
    };
    asserts(asked(dead(), answer(), get("/me")).await, true, "with the sign");
    let other = BodySign::new("/code", ["other"]).unwrap();
    asserts(asked(other, answer(), get("/me")).await, false, "without it");
}

/// A body of these frames, which ends or stops sending.
type Pieces = UnsyncBoxBody<Bytes, BoxError>;

fn pieces(frames: Vec<Result<Frame<Bytes>, BoxError>>, ends: bool) -> Pieces {
    let frames = futures_util::stream::iter(frames);
    if ends {
        StreamBody::new(frames).boxed_unsync()
    } else {
        StreamBody::new(frames.chain(futures_util::stream::pending())).boxed_unsync()
    }
}

fn data(bytes: impl Into<Bytes>) -> Result<Frame<Bytes>, BoxError> {
    Ok(Frame::data(bytes.into()))
}

type Call<R> = tokio::task::JoinHandle<Result<Response<ResponseBody<R>>, BoxError>>;

/// Calls an API that answers with these responses in turn, and runs everything that needs no time.
async fn call<R>(sign: BodySign, responses: Vec<Response<R>>) -> (Call<R>, Rig)
where
    R: Body + Send + 'static,
    R::Data: Send,
    R::Error: Send,
{
    let rig = Rig::with_profile(FakeTokenEndpoint::issuing(3600), with(sign));
    rig.manager.token().await.unwrap();
    let responses = Arc::new(Mutex::new(VecDeque::from(responses)));
    let api = tower::service_fn(move |_: Request<Full<Bytes>>| {
        let response = responses.lock().unwrap().pop_front();
        async move { response.ok_or_else(|| BoxError::from("one request too many")) }
    });
    let call = tokio::spawn(rig.over(api).oneshot(get("/me")));
    settle().await;
    (call, rig)
}

fn good<R>(body: R) -> Response<R> {
    Response::new(body)
}

fn labelled<R>(name: &'static str, value: &str, body: R) -> Response<R> {
    let mut response = Response::new(body);
    response.headers_mut().insert(name, value.parse().unwrap());
    response
}

#[tokio::test]
async fn ch08_a_body_is_a_sign_up_to_8_kib() {
    let sized = |length: usize| format!(r#"{{"code":"dead","x":"{}"}}"#, "x".repeat(length - 22));
    for (length, expected) in [(8192, true), (8193, false), (100_000, false)] {
        let body = sized(length);
        assert_eq!(body.len(), length);
        asserts(asked(dead(), respond(200, &body), get("/me")).await, expected, &length.to_string());
    }
}

#[tokio::test]
async fn ch08_a_body_in_pieces_is_a_sign() {
    let frames = br#"{"code":"dead"}"#.iter().map(|byte| data(vec![*byte]));
    let frames = frames.chain([data(""), Ok(Frame::trailers(HeaderMap::new()))]).collect();
    let (called, rig) =
        call(dead(), vec![good(pieces(frames, true)), good(pieces(vec![data("again")], true))]).await;
    assert_eq!(text(called.await.unwrap().unwrap()).await, "again");
    assert_eq!(rig.endpoint.count(), 2);

    // One frame whose bytes are in two separate buffers.
    let split = |first: &'static str, second: &'static str| {
        let data: Chain<Bytes, Bytes> = Bytes::from(first).chain(Bytes::from(second));
        Full::new(data)
    };
    let (called, rig) =
        call(dead(), vec![good(split("{\"code\":", "\"dead\"}")), good(split("ag", "ain"))]).await;
    assert_eq!(text(called.await.unwrap().unwrap()).await, "again");
    assert_eq!(rig.endpoint.count(), 2);
}

#[tokio::test]
async fn ch08_an_incomplete_body_is_not_a_sign() {
    // The bytes so far are a sign, but more may follow.
    let whole = r#"{"code":"dead"}"#;
    let (called, rig) = call(dead(), vec![good(pieces(vec![data(whole)], false))]).await;
    rig.advance_millis(999);
    settle().await;
    assert!(!called.is_finished(), "the end is waited for");
    rig.advance_millis(1);
    until(|| called.is_finished()).await;
    let mut response = called.await.unwrap().unwrap();
    assert_eq!(response.body_mut().frame().await.unwrap().unwrap().into_data().unwrap(), whole);
    assert_eq!(rig.endpoint.count(), 1);

    // The body fails in the middle.
    let broken = vec![data(whole), Err("broken".into()), data("more")];
    let (called, rig) = call(dead(), vec![good(pieces(broken, true))]).await;
    let mut response = called.await.unwrap().unwrap();
    assert_eq!(response.body_mut().frame().await.unwrap().unwrap().into_data().unwrap(), whole);
    assert_eq!(response.body_mut().frame().await.unwrap().unwrap_err().to_string(), "broken");
    assert_eq!(rig.endpoint.count(), 1);

    // The body sends empty frames without end.
    let polled = Arc::new(AtomicUsize::new(0));
    let count = polled.clone();
    let endless = futures_util::stream::repeat_with(move || {
        count.fetch_add(1, Ordering::Relaxed);
        data("")
    });
    let endless = StreamBody::new(endless.take(100_000)).boxed_unsync();
    let (called, _rig) = call(dead(), vec![good(endless)]).await;
    assert!(called.is_finished());
    assert_eq!(polled.load(Ordering::Relaxed), 8193);
}

#[tokio::test]
async fn ch08_an_examined_body_is_passed_on_frame_by_frame() {
    let mut trailers = HeaderMap::new();
    trailers.insert("x-checksum", "1".parse().unwrap());
    let frames = vec![data(r#"{"code":"#), data(r#""alive"}"#), Ok(Frame::trailers(trailers.clone()))];
    let (called, _rig) = call(dead(), vec![good(pieces(frames, true))]).await;
    let mut body = called.await.unwrap().unwrap().into_body();
    assert_eq!(body.size_hint().exact(), Some(16));
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), r#"{"code":"#);
    assert!(!body.is_end_stream());
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), r#""alive"}"#);
    assert_eq!(body.frame().await.unwrap().unwrap().into_trailers().unwrap(), trailers);
    assert!(body.is_end_stream());
    assert!(body.frame().await.is_none() && body.frame().await.is_none());
}

/// A body that must not be polled after its end. Some bodies panic then.
struct Once(Option<Bytes>, bool);

impl Body for Once {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        assert!(!self.1, "polled after its end");
        self.1 = self.0.is_none();
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }
}

#[tokio::test]
async fn ch08_a_body_that_was_read_to_its_end_is_not_polled_again() {
    let once = Once(Some(Bytes::from(r#"{"code":"alive"}"#)), false);
    let (called, _rig) = call(dead(), vec![good(once)]).await;
    assert_eq!(text(called.await.unwrap().unwrap()).await, r#"{"code":"alive"}"#);
}

#[tokio::test]
async fn ch08_a_good_response_that_cannot_be_a_sign_is_not_held_back() {
    let body = || pieces(vec![data("[{}")], false);
    let streams = [
        "text/event-stream",
        "Text/Event-Stream; charset=utf-8",
        "application/x-ndjson",
        "multipart/x-mixed-replace; boundary=x",
        "video/mp4",
        "application/grpc+json",
    ];
    let unread = streams.map(|kind| labelled("content-type", kind, body())).into_iter().chain([
        labelled("content-length", "8193", body()),
        labelled("content-encoding", "gzip", body()),
        labelled("content-encoding", "br", body()),
    ]);
    for response in unread {
        let headers = response.headers().clone();
        let (called, _rig) = call(dead(), vec![response]).await;
        assert!(called.is_finished(), "{headers:?}");
        assert!(
            called.await.unwrap().unwrap().into_body().try_into_inner().is_ok(),
            "{headers:?}: untouched"
        );
    }
    // The first character shows that these are not JSON.
    for text in ["<html>", "event: x\n\n", " \r\n%PDF", "\u{0}\u{1}", "id,name"] {
        let (called, _rig) = call(dead(), vec![good(pieces(vec![data(text)], false))]).await;
        assert!(called.is_finished(), "{text}");
    }
    // A sign for another operation, or for other statuses.
    for sign in [graphql(), dead().with_statuses([StatusCode::BAD_REQUEST]).unwrap()] {
        let (called, _rig) = call(sign, vec![good(body())]).await;
        assert!(called.await.unwrap().unwrap().into_body().try_into_inner().is_ok());
    }
}

#[tokio::test]
async fn ch08_headers_that_do_not_matter_hide_no_sign() {
    let harmless = [
        ("content-encoding", "identity"),
        ("content-type", "text/html"),
        ("content-type", "application/problem+json; charset=utf-8"),
        ("content-length", "15"),
        ("content-length", "unknown"),
    ];
    for (name, value) in harmless {
        let mut answer = respond(200, r#"{"code":"dead"}"#);
        answer.headers_mut().insert(name, value.parse().unwrap());
        asserts(asked(dead(), answer, get("/me")).await, true, value);
    }
    // The body of an error is read whatever its content type is.
    let mut answer = respond(400, r#"{"code":"dead"}"#);
    answer.headers_mut().insert("content-type", "text/event-stream".parse().unwrap());
    asserts(asked(dead(), answer, get("/me")).await, true, "an error of a stream");
}

#[test]
fn a_sign_that_can_never_match_is_an_error() {
    let sign = |pointer: &str| BodySign::new(pointer, ["x"]);
    let statuses = |statuses: &[u16]| {
        dead().with_statuses(statuses.iter().map(|status| StatusCode::from_u16(*status).unwrap()))
    };
    let none: [&str; 0] = [];
    let refused: Vec<(Result<BodySign, ConfigError>, &str)> = vec![
        (sign("code"), "body sign code: a JSON Pointer begins with a slash; write `/code`"),
        (sign("/a~b"), "body sign /a~b: `~` is written `~0` in a JSON Pointer, and `/` is written `~1`"),
        (
            BodySign::new("/code", none),
            "body sign /code: needs at least one value; without one it can never match",
        ),
        (statuses(&[]), "body sign /code: needs at least one status; without one it can never match"),
        (statuses(&[200, 204]), "body sign /code: a response with status 204 has no body; remove the status"),
        (statuses(&[304]), "body sign /code: a response with status 304 has no body; remove the status"),
        (statuses(&[205]), "body sign /code: a response with status 205 has no body; remove the status"),
        (statuses(&[101]), "body sign /code: a response with status 101 has no body; remove the status"),
        (
            statuses(&[407]),
            "body sign /code: status 407 comes from a proxy and never concerns the token; remove it",
        ),
        (
            dead().with_operations(none),
            "body sign /code: needs at least one operation id, and no id may be empty",
        ),
        (
            dead().with_operations([""]),
            "body sign /code: needs at least one operation id, and no id may be empty",
        ),
        (
            dead().while_absent("/code"),
            "body sign /code: can never match, since it is inside of /code, which must be absent; use another pointer",
        ),
        (
            sign("/data/*/x").and_then(|sign| sign.while_absent("/data/*")),
            "body sign /data/*/x: can never match, since it is inside of /data/*, which must be absent; use another pointer",
        ),
        (dead().while_absent("data"), "body sign /code: a JSON Pointer begins with a slash; write `/data`"),
    ];
    for (result, expected) in refused {
        assert_eq!(result.unwrap_err().to_string(), expected);
    }
    assert!(sign("/data/0/x").and_then(|sign| sign.while_absent("/data/1")).is_ok());
    assert!(sign("/data0").and_then(|sign| sign.while_absent("/data")).is_ok());
}
