//! The head of a response as a statement about the token: `WWW-Authenticate` in all its shapes, and statuses with
//! another meaning.

use auth_layer::authorize::challenge::{Challenge, parse};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response};
use http_body_util::Full;
use tower::ServiceExt;

use crate::support::{FakeApi, FakeTokenEndpoint, Rig, challenged, example, get, respond, settle, text};

fn headers(lines: &[&[u8]]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append("www-authenticate", HeaderValue::from_bytes(line).unwrap());
    }
    headers
}

/// Checks which schemes are found in the lines, and that the layer treats the 401 accordingly.
#[track_caller]
fn schemes(lines: &[&str], expected: &[&str]) -> Vec<Challenge> {
    let lines: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
    let challenges = parse(&headers(&lines));
    let found: Vec<_> = challenges.iter().map(Challenge::scheme).collect();
    assert_eq!(found, expected, "{lines:?}");
    challenges
}

/// Returns how often the API and the token endpoint were asked because of one answer to a first request.
async fn asked_after(answer: Response<Full<Bytes>>) -> (usize, usize) {
    asked_through(&Rig::new(FakeTokenEndpoint::issuing(3600)), answer).await
}

async fn asked_through(rig: &Rig, answer: Response<Full<Bytes>>) -> (usize, usize) {
    let api = FakeApi::scripted(move |n, _| if n == 1 { answer.clone() } else { respond(200, "ok") });
    rig.over(api.clone()).oneshot(get("/me")).await.unwrap();
    settle().await;
    (api.count(), rig.endpoint.count())
}

/// Checks that the caller gets an answer unchanged, and that it causes no renewal.
async fn is_passed_through(answer: Response<Full<Bytes>>) {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = text(answer.clone()).await;
    let api = FakeApi::scripted(move |_, _| answer.clone());
    let response = rig.over(api.clone()).oneshot(get("/me")).await.unwrap();
    assert_eq!(response.status(), status);
    assert_eq!(*response.headers(), headers);
    assert_eq!(text(response).await, body);
    settle().await;
    assert_eq!((api.count(), rig.endpoint.count()), (1, 1), "{status} {headers:?}");
}

const ONCE_MORE: (usize, usize) = (2, 2);
const PASSED_THROUGH: (usize, usize) = (1, 1);

#[test]
fn ch01_one_line_holds_several_challenges() {
    let found = schemes(
        &[r#"Basic realm="a, b", Negotiate, Bearer realm="c", error="invalid_token""#],
        &["Basic", "Negotiate", "Bearer"],
    );
    assert_eq!(found[0].parameter("realm"), Some("a, b"));
    assert_eq!(found[1].parameter("realm"), None);
    assert_eq!(found[2].parameter("realm"), Some("c"));
    assert_eq!(found[2].parameter("error"), Some("invalid_token"));
}

#[test]
fn ch01_all_lines_are_read() {
    let found = schemes(
        &["Negotiate", r#"Basic realm="x", Digest qop=auth"#, r#"Bearer error="invalid_token""#],
        &["Negotiate", "Basic", "Digest", "Bearer"],
    );
    assert_eq!(found[2].parameter("qop"), Some("auth"));
    assert_eq!(found[3].parameter("error"), Some("invalid_token"));
}

#[tokio::test]
async fn ch01_the_layer_finds_the_bearer_among_others() {
    let line = r#"Basic realm="a, b", Negotiate, Bearer realm="c", error="#;
    assert_eq!(asked_after(challenged(401, &format!(r#"{line}"invalid_token""#))).await, ONCE_MORE);
    assert_eq!(asked_after(challenged(401, &format!(r#"{line}"insufficient_scope""#))).await, PASSED_THROUGH);

    let mut two_lines = challenged(401, "Negotiate");
    two_lines.headers_mut().append("www-authenticate", r#"Bearer error="invalid_token""#.parse().unwrap());
    assert_eq!(asked_after(two_lines).await, ONCE_MORE);
}

#[test]
fn ch02_case_escapes_and_blanks_make_no_difference() {
    for line in [
        r#"bearer ERROR="insufficient_scope""#,
        r#"BEARER Error=insufficient_scope"#,
        r#"Bearer error = "insufficient_scope""#,
        "Bearer\terror\t=\tinsufficient_scope",
        r#"Bearer  , error="insufficient\_scope" ,"#,
        r#",, Bearer error="insufficient_scope""#,
    ] {
        let found = parse(&headers(&[line.as_bytes()]));
        assert_eq!(found.len(), 1, "{line}");
        assert!(found[0].is("Bearer") && found[0].is("bearer"), "{line}");
        assert_eq!(found[0].parameter("error"), Some("insufficient_scope"), "{line}");
    }
    let found = schemes(&[r#"Bearer realm="a \"quoted\" \\ one, and = more""#], &["Bearer"]);
    assert_eq!(found[0].parameter("realm"), Some(r#"a "quoted" \ one, and = more"#));
}

#[tokio::test]
async fn ch02_the_layer_reads_them_so_too() {
    for line in [r#"BEARER Error = "insufficient_scope""#, r#"bearer error=insufficient\_scope"#] {
        let expected = if line.starts_with("BEARER") { PASSED_THROUGH } else { ONCE_MORE };
        assert_eq!(asked_after(challenged(401, line)).await, expected, "{line}");
    }
}

#[test]
fn ch03_token68_upsets_nothing() {
    let found = schemes(
        &[r#"Negotiate abc==, Bearer error="invalid_token", NTLM a/b+c=, Basic realm=x"#],
        &["Negotiate", "Bearer", "NTLM", "Basic"],
    );
    assert_eq!(found[1].parameter("error"), Some("invalid_token"));
    assert_eq!(found[3].parameter("realm"), Some("x"));
}

#[tokio::test]
async fn ch03_garbage_is_not_a_challenge() {
    for garbage in
        ["=", "\"", "Bearer error=\"insufficient_scope", "Bearer error=\"a\\", ", ,,", "Bearer =x", "(a)"]
    {
        assert_eq!(parse(&headers(&[garbage.as_bytes()])), [], "{garbage}");
        assert_eq!(asked_after(challenged(401, garbage)).await, ONCE_MORE, "{garbage}");
    }
    let mut bytes = respond(401, "");
    let line = HeaderValue::from_bytes(b"\xff\xfe Bearer \x80=\xc3\x28").unwrap();
    bytes.headers_mut().insert("www-authenticate", line);
    assert_eq!(asked_after(bytes).await, ONCE_MORE);
}

#[tokio::test]
async fn ch04_a_parameter_twice_makes_a_challenge_unusable() {
    let twice = r#"Bearer error="insufficient_scope", Error="insufficient_scope""#;
    schemes(&[twice], &[]);
    // The challenge is ignored, and a 401 without a challenge is a rejected token.
    assert_eq!(asked_after(challenged(401, twice)).await, ONCE_MORE);

    // The other challenges still count.
    schemes(&[&format!("{twice}, Basic realm=x")], &["Basic"]);
    assert_eq!(asked_after(challenged(401, &format!("{twice}, Basic realm=x"))).await, ONCE_MORE);
    let good = format!(r#"{twice}, Bearer error="insufficient_scope""#);
    schemes(&[&good], &["Bearer"]);
    assert_eq!(asked_after(challenged(401, &good)).await, PASSED_THROUGH);
}

#[tokio::test]
async fn ch07_insufficient_scope_is_passed_through() {
    is_passed_through(challenged(403, r#"Bearer error="insufficient_scope", scope="admin""#)).await;
    is_passed_through(challenged(401, r#"Bearer error="insufficient_scope", scope="admin""#)).await;
}

#[tokio::test]
async fn ch08_a_403_is_passed_through() {
    is_passed_through(respond(403, r#"{"int_err_code":"InvalidToken"}"#)).await;
    is_passed_through(challenged(403, r#"Bearer error="invalid_token""#)).await;
}

#[tokio::test]
async fn ch09_a_bad_request_is_passed_through() {
    is_passed_through(challenged(400, r#"Bearer error="invalid_request""#)).await;
    is_passed_through(challenged(401, r#"Bearer error="invalid_request""#)).await;
    is_passed_through(respond(400, "no")).await;
}

#[tokio::test]
async fn ch10_a_401_of_other_schemes_is_a_rejection() {
    for line in [
        r#"Basic realm="x""#,
        "Negotiate",
        "Token",
        r#"Basic realm="Bearer", Negotiate abc=="#,
        r#"DPoP error="use_dpop_nonce""#,
        r#"OAuth realm="x", error="invalid_token""#,
    ] {
        assert_eq!(asked_after(challenged(401, line)).await, ONCE_MORE, "{line}");
    }
    // The server says that the token is valid, whatever it calls the scheme and whatever else it offers.
    is_passed_through(challenged(401, r#"Token error="insufficient_scope""#)).await;
    is_passed_through(challenged(401, r#"Basic realm="x", Bearer error="insufficient_scope""#)).await;
    is_passed_through(challenged(401, r#"Bearer realm="x", Bearer error="insufficient_scope""#)).await;
    let mut lines = challenged(401, r#"Bearer error="insufficient_scope""#);
    lines.headers_mut().append("www-authenticate", r#"Basic realm="x""#.parse().unwrap());
    is_passed_through(lines).await;
    // A 403 is not a rejection.
    is_passed_through(challenged(403, r#"Basic realm="x""#)).await;
}

#[tokio::test]
async fn ch10_a_profile_may_take_bearer_challenges_only() {
    for (line, expected) in [
        (r#"Basic realm="x""#, PASSED_THROUGH),
        (r#"Token error="invalid_token", Negotiate"#, PASSED_THROUGH),
        (r#"Basic realm="x", Bearer"#, ONCE_MORE),
        (r#"Bearer realm="x""#, ONCE_MORE),
        ("(garbage)", ONCE_MORE),
    ] {
        let rig =
            Rig::with_profile(FakeTokenEndpoint::issuing(3600), example().with_bearer_challenges_only());
        assert_eq!(asked_through(&rig, challenged(401, line)).await, expected, "{line}");
    }
}

#[tokio::test]
async fn ch03_one_odd_parameter_does_not_hide_the_others() {
    for line in [
        r#"Bearer error_uri=https://api.example.com/errors?code=7, error="insufficient_scope""#,
        r#"Bearer authorization_uri=https://login.example.com/a?b=c&d=e;f, error=insufficient_scope"#,
        r#"Bearer error="insufficient_scope", error_uri=https://api.example.com/errors?a=1,2"#,
        r#"Bearer error="insufficient_scope", error_description="unfinished"#,
        r#"Bearer error_description=The token, which is good, is not enough, error=insufficient_scope"#,
        r#"Bearer error="insufficient_scope" scope="admin""#,
        r#"Bearer scope="admin" error="insufficient_scope""#,
        r#"Bearer realm="My "own" API", error="insufficient_scope""#,
        r#"Bearer error='insufficient_scope', scope='admin'"#,
        r#"Bearer realm=, error="insufficient_scope""#,
        r#"Bearer realm= error="insufficient_scope""#,
        r#"Bearer realm="x"; error="insufficient_scope""#,
        r#"Bearer realm=(x), error="insufficient_scope""#,
        r#"Bearer [realm], error="insufficient_scope""#,
        r#"Bearer nonce=abc==, error="insufficient_scope""#,
        r#"Bearer error=insufficient_scope Negotiate"#,
        r#"Bearer error=insufficient_scope Basic realm="x""#,
        r#"Basic realm=the API, Bearer error="insufficient_scope""#,
    ] {
        let found = parse(&headers(&[line.as_bytes()]));
        let bearer = found.iter().find(|challenge| challenge.is("bearer"));
        assert_eq!(bearer.and_then(Challenge::error), Some("insufficient_scope"), "{line}");
        assert_eq!(asked_after(challenged(401, line)).await, PASSED_THROUGH, "{line}");
    }
}

#[tokio::test]
async fn ch03_text_beyond_the_limits_is_not_read() {
    // A line is read up to a limit, and a value that crosses the limit is left out.
    let long = "x".repeat(1 << 20);
    for line in [
        format!(r#"Bearer realm="{long}", error="insufficient_scope""#),
        format!(r#"Bearer error="{long}""#),
        format!("Negotiate {long}"),
        format!("{long}, Bearer"),
        "Basic a=1, ".repeat(1 << 16),
    ] {
        assert_eq!(asked_after(challenged(401, &line)).await, ONCE_MORE);
    }
    let line = format!(r#"Bearer error="insufficient_scope", realm="{long}""#);
    assert_eq!(asked_after(challenged(401, &line)).await, PASSED_THROUGH);

    let many = |last: &str| {
        let mut response = respond(401, "");
        for _ in 0..15 {
            response.headers_mut().append("www-authenticate", "Basic realm=x".parse().unwrap());
        }
        response.headers_mut().append("www-authenticate", last.parse().unwrap());
        response
    };
    assert_eq!(asked_after(many(r#"Bearer error="insufficient_scope""#)).await, PASSED_THROUGH);
    let mut more = many("Basic realm=x");
    more.headers_mut().append("www-authenticate", r#"Bearer error="insufficient_scope""#.parse().unwrap());
    assert_eq!(asked_after(more).await, ONCE_MORE);
}

#[tokio::test]
async fn ch11_a_407_is_not_treated_as_a_401() {
    let mut proxy = respond(407, "");
    proxy.headers_mut().insert("proxy-authenticate", r#"Bearer error="invalid_token""#.parse().unwrap());
    is_passed_through(proxy).await;
    is_passed_through(challenged(407, r#"Bearer error="invalid_token""#)).await;
}

#[tokio::test]
async fn ch12_insufficient_user_authentication_is_passed_through() {
    let step_up = r#"Bearer error="insufficient_user_authentication", acr_values="myACR", max_age=5"#;
    is_passed_through(challenged(401, step_up)).await;
    let found = schemes(&[step_up], &["Bearer"]);
    assert_eq!(found[0].parameter("acr_values"), Some("myACR"));
    assert_eq!(found[0].parameter("max_age"), Some("5"));
}
