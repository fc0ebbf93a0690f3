//! For any answer of a token endpoint, the client does not panic and shows no secret.
//!
//! The first line of an input is a letter for the profile, the status and the content type. The rest is the body. In
//! the body, a byte 1 becomes the client's secret, and a byte 2 becomes the refresh token that was sent.

#![no_main]

use auth_layer::profile::{AnswerNames, ExpiryFormat, ScopeSeparator};
use auth_layer::{Clock, ErrorKind, Grant, Profile, RefreshToken};
use auth_layer_fuzz::{CLIENT_SECRET, REFRESH_TOKEN, StandingStill, said, token};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|input: &[u8]| {
    let Some((profile, grant, answer)) = read(input) else { return };
    let body = answer.body().clone();
    let refreshing = grant.is_used_up();
    match token(profile, grant, answer) {
        Ok(token) => {
            let header = token.access_token().header();
            assert!(
                header.is_sensitive() && header.as_bytes().iter().all(|byte| (b' '..=b'~').contains(byte))
            );
            assert!(token.access_token().expose().bytes().all(|byte| byte.is_ascii_graphic()));
            let left = token.expires() - StandingStill.now().wall();
            assert!(left <= MOST, "{left:?}");
            check_hides(&format!("{token:?} {token:#?}"), &body, refreshing);
        }
        Err(error) => {
            assert_ne!(error.kind(), ErrorKind::Panicked, "{error}");
            let said = said(&error);
            assert!(said.len() < 16_384, "{} bytes", said.len());
            assert!(!error.to_string().contains(char::is_control), "{error:?}");
            check_hides(&said, &body, refreshing);
        }
    }
});

fn read(input: &[u8]) -> Option<(Profile, Grant, Response<Bytes>)> {
    let end = input.iter().position(|byte| *byte == b'\n')?;
    let (head, body) = (&input[..end], &input[end + 1..]);
    let (profile, grant) = configuration(*head.first()?)?;
    let mut answer = Response::new(Bytes::from(planted(body)));
    *answer.status_mut() = StatusCode::from_bytes(head.get(2..5)?).ok()?;
    let content_type = HeaderValue::from_bytes(head.get(6..).unwrap_or_default()).ok()?;
    answer.headers_mut().insert("content-type", content_type);
    Some((profile, grant, answer))
}

fn configuration(letter: u8) -> Option<(Profile, Grant)> {
    let refresh = || Grant::refresh_token(RefreshToken::new(REFRESH_TOKEN));
    let plain = || Profile::new("example", "https://auth.example.com/token").expect("a good URL");
    Some(match letter {
        b'p' => (plain(), Grant::ClientCredentials),
        b'r' => (plain(), refresh()),
        b'f' => (plain().with_form_answers(), Grant::ClientCredentials),
        b'd' => (dated(), refresh()),
        b't' => (profile("gotab"), Grant::ClientCredentials),
        b'g' => (profile("goto"), refresh()),
        b'b' => (profile("gbg-go"), Grant::ClientCredentials),
        b'o' => (profile("octotable"), Grant::ClientCredentials),
        _ => return None,
    })
}

/// Returns the profile of a known provider.
fn profile(name: &str) -> Profile {
    auth_profiles::named(name).and_then(|file| file.profile().ok()).expect("a known provider without inputs")
}

/// A provider that gives expiry dates, and separates scopes by commas.
fn dated() -> Profile {
    Profile::new("example", "https://auth.example.com/token")
        .expect("a good URL")
        .with_names(AnswerNames::new().with_expires_at(["expires_at"]))
        .with_expiry_format(ExpiryFormat::Date)
        .with_answer_scope_separator(ScopeSeparator::Comma)
}

fn planted(body: &[u8]) -> Vec<u8> {
    let mut planted = Vec::with_capacity(body.len());
    for byte in body {
        match byte {
            1 => planted.extend_from_slice(CLIENT_SECRET.as_bytes()),
            2 => planted.extend_from_slice(REFRESH_TOKEN.as_bytes()),
            byte => planted.push(*byte),
        }
    }
    planted
}

/// Checks that a text shows no secret of the client, and no token of the answer.
fn check_hides(said: &str, body: &[u8], refreshing: bool) {
    assert!(!said.contains(CLIENT_SECRET), "{said}");
    // If no refresh token was sent, this text is not a secret.
    assert!(!refreshing || !said.contains(REFRESH_TOKEN), "{said}");
    let Ok(Value::Object(members)) = serde_json::from_slice(body) else { return };
    for name in ["access_token", "token", "refresh_token"] {
        let Some(Value::String(token)) = members.get(name) else { continue };
        let repeated = String::from_utf8_lossy(body).matches(token.as_str()).count() > 1;
        // A text that also occurs elsewhere in the answer is not a secret. A short text occurs everywhere.
        if token.starts_with(MARK) && !repeated {
            assert!(!said.contains(token.as_str()), "{said}");
        }
    }
}

/// The beginning of tokens that show a leak.
const MARK: &str = "s3cr3t-";

/// A longer lifetime is cut to a year.
const MOST: std::time::Duration = std::time::Duration::from_secs(365 * 86_400);
