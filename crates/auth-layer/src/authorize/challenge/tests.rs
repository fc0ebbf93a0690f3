//! Header lines of careful and of careless servers.

use std::time::Duration;

use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue};

use super::parse::parse;
use super::parsed::Challenge;
use super::reader::{LONGEST_LINE, Reader};
use crate::clock::{Clock, SystemClock};

fn read(line: &[u8]) -> Vec<Challenge> {
    let mut headers = HeaderMap::new();
    headers.insert(WWW_AUTHENTICATE, HeaderValue::from_bytes(line).unwrap());
    parse(&headers)
}

/// Checks the challenges of a line, each written as `scheme name=value name=value`.
#[track_caller]
fn challenges(line: &str, expected: &[&str]) {
    let found = read(line.as_bytes()).into_iter().map(|challenge| {
        let parameters = challenge.parameters.iter().map(|(name, value)| format!(" {name}={value}"));
        format!("{}{}", challenge.scheme, parameters.collect::<String>())
    });
    assert_eq!(found.collect::<Vec<_>>(), expected, "{line}");
}

#[test]
fn vectors() {
    challenges("", &[]);
    challenges("Bearer", &["Bearer"]);
    challenges("Bearer ", &["Bearer"]);
    challenges("Bearer, Basic", &["Bearer", "Basic"]);
    challenges("Bearer a=1", &["Bearer a=1"]);
    challenges("Bearer a=1,b=2", &["Bearer a=1 b=2"]);
    challenges("Bearer a=1 , ,b = \"2\"", &["Bearer a=1 b=2"]);
    challenges("Bearer A=\"\"", &["Bearer a="]);
    challenges(r#"Bearer a="1,2", b="\"3\"""#, &[r#"Bearer a=1,2 b="3""#]);
    challenges("A a=1, B, C b=2", &["A a=1", "B", "C b=2"]);
    challenges("A b64==, B a=1", &["A", "B a=1"]);
    challenges("A b64, B a=1", &["A", "B a=1"]);
    // RFC 9110 section 11.6.1.
    challenges(
        r#"Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\"""#,
        &["Basic realm=simple", r#"Newauth realm=apps type=1 title=Login to "apps""#],
    );
}

#[test]
fn what_comes_before_garbage_stands() {
    challenges("Basic a=1, Bearer b=\"unfinished", &["Basic a=1"]);
    challenges("Basic a=1, (Bearer)", &["Basic a=1"]);
    challenges("Basic, (Bearer)", &["Basic"]);
    challenges(r#"Bearer a="1", b="unfinished, c="2""#, &["Bearer a=1 b=unfinished, c="]);
    challenges(r#"Bearer a="1", b="unfinished"#, &["Bearer a=1"]);
    challenges("Bearer (a), (b)", &[]);
}

#[test]
fn what_comes_behind_garbage_is_read() {
    challenges(r#"Bearer (a), b="1""#, &["Bearer b=1"]);
    challenges(r#"Bearer a="b "c" d", e="1""#, &["Bearer a=b  e=1"]);
    challenges(r#"Bearer a=b"c,d"e, f=1"#, &["Bearer f=1"]);
    challenges(r#"Bearer "x", a=1"#, &["Bearer a=1"]);
    challenges(r#"(x), Bearer a=1"#, &["Bearer a=1"]);
    challenges(r#"a=1, Bearer b=2"#, &["Bearer b=2"]);
    challenges(r#"Bearer: a=1, Basic b=2"#, &["Basic b=2"]);
}

#[test]
fn values_that_need_quotes_are_read_without_them() {
    let url = "https://login.example.com/a?b=1&c=2;d=3#e";
    challenges(&format!("Bearer a={url}, b=1"), &[&format!("Bearer a={url} b=1")]);
    challenges(&format!("Bearer a={url}; b=1"), &[&format!("Bearer a={url} b=1")]);
    challenges(&format!("Bearer a={url} b=1"), &[&format!("Bearer a={url} b=1")]);
    challenges(&format!("Bearer a={url}, Basic b=1"), &[&format!("Bearer a={url}"), "Basic b=1"]);
    challenges("Bearer a=b64==, b=1", &["Bearer a=b64== b=1"]);
    challenges("Bearer a=The token expired, b=1", &["Bearer a=The token expired b=1"]);
    challenges("Bearer a=The token\texpired b=1", &["Bearer a=The token\texpired b=1"]);
    challenges("Bearer a=\u{e9}t\u{e9} , b=1", &["Bearer a=\u{e9}t\u{e9} b=1"]);
    // The words after the comma belong to the text, and do not begin a challenge.
    challenges("Bearer a=The token, is, too old, b=1", &["Bearer a=The token b=1"]);
    challenges("Bearer a=x y, Basic b=1", &["Bearer a=x y", "Basic b=1"]);
    challenges("Negotiate a=x y, Bearer", &["Negotiate a=x y", "Bearer"]);
}

#[test]
fn single_quotes_and_empty_values_are_read() {
    challenges("Bearer a='1', b='2'", &["Bearer a=1 b=2"]);
    challenges("Bearer a='it's old, and gone', b=2", &["Bearer a=it's old, and gone b=2"]);
    challenges("Bearer a='1' b='2'; c='3'", &["Bearer a=1 b=2 c=3"]);
    challenges("Bearer a='tis, b=1", &["Bearer a='tis b=1"]);
    challenges("Bearer a=, b=1", &["Bearer b=1"]);
    challenges("Bearer b=1, a=, c=2", &["Bearer b=1 a= c=2"]);
    challenges("Bearer b=1, a= c=2", &["Bearer b=1 a= c=2"]);
}

#[test]
fn other_separators_than_commas_do() {
    challenges(r#"Bearer a="1" b="2""#, &["Bearer a=1 b=2"]);
    challenges(r#"Bearer a=1 b = 2"#, &["Bearer a=1 b=2"]);
    challenges(r#"Bearer a="1"b="2""#, &["Bearer a=1 b=2"]);
    challenges(r#"Bearer a="1";b=2;c=3; Basic d=4"#, &["Bearer a=1 b=2 c=3", "Basic d=4"]);
    challenges(r#"Bearer a="1" Basic b="2""#, &["Bearer a=1", "Basic b=2"]);
    challenges(r#"Bearer a=1 Basic b=2"#, &["Bearer a=1", "Basic b=2"]);
    challenges(r#"Bearer a='1' Basic b=2"#, &["Bearer a=1", "Basic b=2"]);
    challenges(r#"Bearer Basic b="2""#, &["Bearer", "Basic b=2"]);
}

#[test]
fn a_challenge_with_a_parameter_twice_is_left_out() {
    challenges("A a=1, a=2, B b=1", &["B b=1"]);
    challenges("A a=1, b=1, A=1", &[]);
    challenges("A a=1 a=http://x/, B b=1", &["B b=1"]);
    // The same name may occur in two challenges.
    challenges("A a=1, B a=2", &["A a=1", "B a=2"]);
}

#[test]
fn a_long_line_is_read_up_to_a_bound() {
    let long = "x".repeat(LONGEST_LINE);
    for line in [
        format!("A a=1, B b={long}, c=2"),
        format!("A a=1, B b=\"{long}\", c=2"),
        format!("A a=1, B b='{long}', c=2"),
        format!("A a=1, {long} c=2"),
    ] {
        challenges(&line, &["A a=1"]);
    }
    challenges(&format!("A a=1, Negotiate {long}, C c=2"), &["A a=1", "Negotiate"]);
    let mut headers = HeaderMap::new();
    for line in ["Negotiate ".to_owned() + &long, "Bearer a=1".to_owned()] {
        headers.append(WWW_AUTHENTICATE, line.parse().unwrap());
    }
    assert_eq!(parse(&headers).len(), 2, "each line has a bound of its own");
}

#[test]
fn a_line_without_a_bound_is_read_in_linear_time() {
    const LENGTH: usize = 256 * 1024;
    let units = [
        "a=1,", "a=1 ", "a=1;", "A,", "A ", "A b,", "A b=,", "\"", "\"\"", "a=\"", "a=\"\\", "'", "' ",
        "a='", "a='x,", "a='x', ", "a=' a", " ", ",", ";", "=", "a= ", "a=b c ", "a=b;", "a= b = ", "a=x\"",
        "(", "(,", "a", "a/", "\\",
    ];
    let clock = SystemClock::new();
    for unit in units {
        for scheme in ["Bearer ", "Bearer a='", "Bearer a=(x) "] {
            let line = scheme.to_owned() + &unit.repeat(LENGTH / unit.len());
            let reader = Reader::unbounded(line.as_bytes());
            let began = clock.now().monotonic();
            reader.read_into(&mut Vec::new());
            let took = clock.now().monotonic() - began;
            // Linear code takes a hundredth of this limit, even without optimization. Quadratic code takes ten times
            // the limit.
            assert!(took < Duration::from_secs(10), "{scheme}{unit} again and again: {took:?}");
        }
    }
}
