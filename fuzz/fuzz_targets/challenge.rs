//! For any `WWW-Authenticate` header, the reader does not panic and invents nothing. Each line of an input is a header
//! line.

#![no_main]

use auth_layer::authorize::challenge::parse;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut headers = HeaderMap::new();
    for line in input.split(|byte| *byte == b'\n').take(8) {
        let Ok(line) = HeaderValue::from_bytes(line) else { return };
        headers.append(WWW_AUTHENTICATE, line);
    }
    let found = parse(&headers);
    assert!(found.len() <= input.len());
    for challenge in &found {
        let scheme = challenge.scheme();
        assert!(!scheme.is_empty() && scheme.is_ascii() && challenge.is(&scheme.to_uppercase()));
        assert!(input.windows(scheme.len()).any(|window| window == scheme.as_bytes()));
        let shown = format!("{challenge:?}");
        // A byte that is not UTF-8 becomes one character, and each may be escaped; the names of fields come on top.
        assert!(shown.len() <= input.len() * 16 + 64, "{} bytes from {}", shown.len(), input.len());
        if let Some(error) = challenge.parameter("error") {
            assert!(error.len() <= input.len() * 3);
            assert!(challenge.error().is_none_or(|code| error.contains(code) && !code.contains(' ')));
        }
    }
    // A second reading gives the same result, even with an additional line without challenges.
    headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(" , "));
    assert_eq!(parse(&headers), found);
});
