//! Long and hostile input: every parser takes linear time.

use std::time::Duration;

use auth_layer::authorize::challenge::parse;
use auth_layer::clock::SystemClock;
use auth_layer::profile::{BodySign, Origin};
use auth_layer::{AccessToken, Clock, Metadata, Profile, Scope, TestClock};
use http::{HeaderMap, HeaderValue};
use tower::ServiceExt;

use crate::sign_in::{REDIRECT, client, parameter, people};
use crate::support::{FakeApi, FakeTokenEndpoint, Rig, example, get, json_response, respond};

const MIB: usize = 1 << 20;

/// The largest answer of a token endpoint that is read.
const ANSWER: usize = 64 * 1024 - 512;

/// Runs something that should take milliseconds, and fails if it takes as long as quadratic time would.
#[track_caller]
fn in_linear_time<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let clock = SystemClock::new();
    let began = clock.now().monotonic();
    let result = run();
    judge(what, clock.now().monotonic() - began);
    result
}

async fn awaited_in_linear_time<T>(what: &str, run: impl Future<Output = T>) -> T {
    let clock = SystemClock::new();
    let began = clock.now().monotonic();
    let result = run.await;
    judge(what, clock.now().monotonic() - began);
    result
}

#[track_caller]
fn judge(what: &str, took: Duration) {
    assert!(took < Duration::from_secs(10), "{what}: {took:?}");
}

fn repeated(unit: &str, length: usize) -> String {
    unit.repeat(length / unit.len())
}

#[test]
fn challenges_of_a_mebibyte_are_read_in_linear_time() {
    let numbered: String = (0..150_000).map(|n| format!("a{n}=1,")).collect();
    let lines = ["a=1,", "A,", "A a=b,", "\"", "a='x, ", " ", "(", "\\\""].map(|unit| repeated(unit, MIB));
    for line in lines.into_iter().chain([numbered]) {
        let value = HeaderValue::from_str(&format!("Bearer {line}")).unwrap();
        // In one line, and in as many lines as a response may have.
        let mut headers = HeaderMap::new();
        headers.append("www-authenticate", value.clone());
        let start = line[..8].to_owned();
        in_linear_time(&format!("challenges like {start}"), || parse(&headers));
        for _ in 0..10_000 {
            headers.append("www-authenticate", value.clone());
        }
        in_linear_time(&format!("10,000 lines of challenges like {start}"), || parse(&headers));
    }
}

#[test]
fn signs_are_looked_for_in_linear_time() {
    let sign = BodySign::new("/*/*/*/code", ["x", "190"]).unwrap().while_absent("/*/*/data").unwrap();
    let documents = [
        format!("[{}1]", repeated("[[{\"code\":1}]],", MIB)),
        format!("[{}1]", repeated("1,", MIB)),
        format!("[[[{}1]]]", repeated("{\"code\":0},", MIB)),
        repeated("[", MIB),
        format!("{{{}\"a\":1}}", (0..90_000).map(|n| format!("\"a{n}\":1,")).collect::<String>()),
        format!("[{}]", repeated("9", MIB)),
        format!("\"{}\"", repeated("\\u0000", MIB)),
        format!("[[[{{\"code\":\"{}\"}}]]]", repeated("x", MIB)),
    ];
    for document in documents {
        let start: String = document.chars().take(16).collect();
        assert!(!in_linear_time(&format!("a sign in {start}"), || sign.is_in(document.as_bytes())));
    }
    let pointer = repeated("/*", MIB);
    let deep = BodySign::new(&pointer, ["x"]).unwrap();
    assert!(!in_linear_time("a long pointer", || deep.is_in(&[b"[".repeat(100), b"]".repeat(100)].concat())));
    in_linear_time("many escapes", || BodySign::new(&format!("/{}", repeated("~0", MIB)), ["x"]).unwrap());
}

#[tokio::test]
async fn token_answers_of_64_kib_are_read_in_linear_time() {
    let token = r#""access_token":"t","token_type":"Bearer","expires_in":60"#;
    let bodies = [
        format!("{{{token}{}}}", repeated(r#","a":1"#, ANSWER)),
        format!("{{{token}{}}}", (0..4_000).map(|n| format!(r#","a{n}":1"#)).collect::<String>()),
        format!("{{{token},\"a\":{}", repeated("[", ANSWER)),
        format!("{{{token},\"scope\":\"{}\"}}", repeated("a ", ANSWER)),
        format!("{{{token},\"scope\":[{}\"b\"]}}", repeated("\"a\",", ANSWER)),
        format!(
            "{{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"expires_in\":{}}}",
            repeated("9", ANSWER)
        ),
        // One value is not JSON, so the members are read one by one.
        format!("{{{token}{}}}", repeated(r#","a":NaN"#, ANSWER)),
        format!("{{{token},\"a\":NaN,\"b\":{}", repeated("[{", ANSWER)),
        format!("{{{token},\"a\":NaN,\"b\":\"{}", repeated("\\\"", ANSWER)),
        format!("{{\"error\":\"{}\"}}", repeated("client-secret", ANSWER)),
        format!("{{\"error\":\"x\",\"error_description\":\"{}\"}}", repeated("\\u0000", ANSWER)),
    ];
    let sign = BodySign::new("/a/*/b", ["x"]).unwrap();
    for body in bodies {
        let start: String = body.chars().rev().take(16).collect();
        let answer = json_response(200, &body);
        let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(answer.clone()));
        let rig = Rig::with_profile(endpoint, example().with_refusal(sign.clone()).unwrap());
        let what = format!("a token answer that ends in {start} backwards");
        let _ = awaited_in_linear_time(&what, rig.manager.token()).await;
    }
}

#[tokio::test]
async fn headers_of_a_mebibyte_are_read_in_linear_time() {
    for value in [repeated("9", MIB), repeated(" ", MIB), repeated("Sun, 06 Nov 1994 08:49:37 GMT ", MIB)] {
        for name in ["retry-after", "date", "content-type", "content-length", "content-encoding"] {
            let mut busy = respond(503, "{}");
            busy.headers_mut().insert(name, HeaderValue::from_str(&value).unwrap());
            busy.headers_mut().append("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
            let (token, api) = (busy.clone(), busy);
            let rig = Rig::new(FakeTokenEndpoint::scripted(move |_, _| Ok(token.clone())));
            let what = format!("a token answer with a long {name}");
            assert!(awaited_in_linear_time(&what, rig.manager.token()).await.is_err());

            let sign = BodySign::new("/code", ["x"]).unwrap();
            let rig = Rig::with_profile(FakeTokenEndpoint::issuing(3600), example().with_rejection(sign));
            let service = rig.over(FakeApi::scripted(move |_, _| api.clone()));
            let what = format!("a response with a long {name}");
            let response = awaited_in_linear_time(&what, service.oneshot(get("/me"))).await.unwrap();
            assert_eq!(response.status(), 503);
        }
    }
}

#[tokio::test]
async fn callbacks_of_a_mebibyte_are_read_in_linear_time() {
    let units = ["code=c&", "a=1&", "&", "?", "#", "%", "%41", "error=client-secret&", "state=", "://", " "];
    for unit in units {
        let sign_in = client(people(), &FakeTokenEndpoint::answering([]));
        let authorization = sign_in.authorize(REDIRECT, None).unwrap();
        let state = parameter(authorization.url(), "state").unwrap();
        for callback in
            [repeated(unit, MIB), format!("{REDIRECT}?state={state}&error={}", repeated(unit, MIB))]
        {
            in_linear_time(&format!("a callback of {unit}"), || authorization.accepts(&callback));
        }
        let callback = format!("state={state}&error=x&error_description=a&{}", repeated(unit, MIB));
        let what = format!("a refusal of {unit}");
        assert!(awaited_in_linear_time(&what, sign_in.finish(authorization, &callback)).await.is_err());
    }
}

#[tokio::test]
async fn metadata_documents_are_read_in_linear_time() {
    let begin = r#""issuer":"https://auth.example.com","token_endpoint":"https://auth.example.com/t""#;
    let bodies = [
        repeated("[", ANSWER),
        format!("{{{begin}{}}}", repeated(r#","a":1"#, ANSWER)),
        format!(
            "{{{begin},\"token_endpoint_auth_methods_supported\":[{}\"x\"]}}",
            repeated("\"x\",", ANSWER)
        ),
        format!("{{{begin},\"revocation_endpoint\":\"https://{}\"}}", repeated("a.", ANSWER)),
    ];
    for body in bodies {
        let server = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, &body)));
        let (transport, clock) = (server.transport(), TestClock::new());
        let fetched = Metadata::fetch("https://auth.example.com", &transport, &clock, Duration::from_secs(1));
        let _ = awaited_in_linear_time("a metadata document", fetched).await;
    }
}

#[test]
fn settings_of_a_mebibyte_are_read_in_linear_time() {
    for unit in ["a ", " ", "a", "/", "@", ":", "[", "%", "?", "https://a"] {
        let text = repeated(unit, MIB);
        in_linear_time(&format!("a scope of {unit}"), || drop(text.parse::<Scope>()));
        in_linear_time(&format!("an origin of {unit}"), || drop(format!("https://{text}").parse::<Origin>()));
        in_linear_time(&format!("a token URL of {unit}"), || {
            drop(Profile::new("long", &format!("https://a/{text}")));
        });
        in_linear_time(&format!("an access token of {unit}"), || drop(AccessToken::new(&text)));
    }
}
