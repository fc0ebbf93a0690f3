//! For any `Retry-After` header, the reader does not panic. The first line of an input is its value, the second line is
//! the value of `Date`.

#![no_main]

use auth_layer::{ErrorKind, Grant, Profile};
use auth_layer_fuzz::token;
use bytes::Bytes;
use http::header::{DATE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut lines = input.split(|byte| *byte == b'\n');
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    for (name, line) in [RETRY_AFTER, DATE].into_iter().zip(&mut lines) {
        let Ok(value) = HeaderValue::from_bytes(line) else { return };
        answer.headers_mut().insert(name, value);
    }
    let profile = Profile::new("example", "https://auth.example.com/token").expect("a good URL");
    let error = token(profile, Grant::ClientCredentials, answer).expect_err("a 503 has no token");
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    let value = input.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if !value.is_empty() && value.len() < 19 && value.iter().all(u8::is_ascii_digit) {
        let seconds = std::str::from_utf8(value).expect("digits").parse().expect("19 digits fit");
        assert_eq!(error.retry_after().map(|wait| wait.as_secs()), Some(seconds));
    }
});
