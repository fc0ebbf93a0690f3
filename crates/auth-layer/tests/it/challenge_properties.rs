//! Properties of the parser of challenges: for challenges in any spelling, and for lines without one.

use auth_layer::authorize::challenge::parse;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

proptest! {
    #![proptest_config(repeatable())]

    #[test]
    fn ch01_challenges_are_read_as_they_were_meant(
        written in prop::collection::vec(written(), 0..5),
        split: u8,
    ) {
        let expected: Vec<_> = written.iter().filter(|written| !written.repeats()).collect();
        let found = parse(&lines(&written, split));
        prop_assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            prop_assert_eq!(found.scheme(), &expected.scheme);
            prop_assert!(found.is(&expected.scheme.to_uppercase()));
            for parameter in &expected.parameters {
                let name = parameter.name.to_lowercase();
                prop_assert_eq!(found.parameter(&name), Some(parameter.value.as_str()));
            }
        }
    }

    #[test]
    fn ch04_a_parameter_twice_in_any_case_makes_a_challenge_unusable(
        mut written in written(),
        parameter in parameter(),
        twin in parameter(),
        upper: bool,
        at: prop::sample::Index,
    ) {
        let name = if upper { parameter.name.to_uppercase() } else { parameter.name.to_lowercase() };
        written.parameters.push(parameter);
        let at = at.index(written.parameters.len());
        let twin = Parameter { name, ..twin };
        written.parameters.insert(at, twin);
        prop_assert_eq!(parse(&lines(&[written], 0)), []);
    }

    #[test]
    fn ch03_no_bytes_make_it_panic_or_invent(line in prop::collection::vec(any::<u8>(), 0..80)) {
        invents_nothing(&line)?;
    }

    #[test]
    fn ch03_no_line_made_of_the_grammar_makes_it_panic_or_invent(line in garbage()) {
        invents_nothing(&line)?;
    }

    #[test]
    fn ch03_an_odd_parameter_hides_none_of_the_others(
        mut written in written().prop_filter("usable", |written| !written.repeats()),
        odd in prop::sample::select(ODD.to_vec()),
        at: prop::sample::Index,
        separator in prop::sample::select(vec![",", ", ", " , "]),
    ) {
        written.parameters.retain(|parameter| !parameter.name.eq_ignore_ascii_case("odd"));
        let mut items: Vec<_> = written.parameters.iter().map(Parameter::text).collect();
        items.insert(at.index(items.len() + 1), odd.to_owned());
        let line = format!("{} {}", written.scheme, items.join(separator));
        let value = HeaderValue::from_bytes(line.as_bytes()).unwrap();
        let found = parse(&HeaderMap::from_iter([(WWW_AUTHENTICATE, value)]));
        let challenge = found.iter().find(|challenge| challenge.is(&written.scheme));
        for parameter in &written.parameters {
            let value = challenge.and_then(|challenge| challenge.parameter(&parameter.name.to_lowercase()));
            prop_assert_eq!(value, Some(parameter.value.as_str()), "{}", line);
        }
    }
}

/// Parameters that are outside the grammar.
const ODD: [&str; 9] = [
    "odd=https://example.com/a?b=c&d=e",
    "odd=several words here",
    "odd=b64==",
    "odd='in single quotes'",
    "odd=",
    "odd=(x)",
    "(odd)",
    "\"odd\"",
    "odd=\"a \"b\" c\"",
];

/// Checks that every value that was found in a line is a part of that line.
fn invents_nothing(line: &[u8]) -> Result<(), TestCaseError> {
    let Ok(value) = HeaderValue::from_bytes(line) else { return Ok(()) };
    let found = parse(&HeaderMap::from_iter([(WWW_AUTHENTICATE, value)]));
    prop_assert!(found.len() <= line.len());
    for challenge in &found {
        let scheme = challenge.scheme().as_bytes();
        prop_assert!(!scheme.is_empty() && scheme.iter().all(|byte| is_token(*byte)));
        prop_assert!(line.windows(scheme.len()).any(|window| window == scheme));
    }
    Ok(())
}

/// A challenge and its spelling.
#[derive(Clone, Debug)]
struct Written {
    scheme: String,
    parameters: Vec<Parameter>,
}

#[derive(Clone, Debug)]
struct Parameter {
    name: String,
    value: String,
    /// True if the value is quoted although this is not needed.
    quoted: bool,
    /// A bit set of the characters in a quoted value that are escaped although this is not needed.
    escaped: u64,
    /// The blanks before and after the equals sign, and before the parameter.
    blanks: [String; 3],
}

impl Written {
    fn repeats(&self) -> bool {
        let mut names: Vec<_> =
            self.parameters.iter().map(|parameter| parameter.name.to_lowercase()).collect();
        names.sort();
        names.windows(2).any(|pair| pair[0] == pair[1])
    }

    fn text(&self) -> String {
        let parameters: Vec<_> = self.parameters.iter().map(Parameter::text).collect();
        let blank = if parameters.is_empty() { "" } else { " " };
        format!("{}{blank}{}", self.scheme, parameters.join(","))
    }
}

impl Parameter {
    fn text(&self) -> String {
        let [before, after, first] = &self.blanks;
        let plain = !self.value.is_empty() && self.value.bytes().all(is_token) && !self.quoted;
        let value = if plain { self.value.clone() } else { format!("\"{}\"", self.escape()) };
        format!("{first}{}{before}={after}{value}", self.name)
    }

    fn escape(&self) -> String {
        let mut text = String::new();
        for (index, c) in self.value.chars().enumerate() {
            if matches!(c, '"' | '\\') || self.escaped >> (index % 64) & 1 == 1 {
                text.push('\\');
            }
            text.push(c);
        }
        text
    }
}

/// Writes challenges into one line or several, as the bits of `split` say, with empty elements in the lists.
fn lines(written: &[Written], split: u8) -> HeaderMap {
    let mut lines = vec![String::new()];
    for (index, challenge) in written.iter().enumerate() {
        if split >> index & 1 == 1 {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(["", ", ", ",\t,", " , "][(index + usize::from(split)) % 4]);
            if !line.is_empty() && !line.trim_end().ends_with(',') {
                line.push_str(", ");
            }
            line.push_str(&challenge.text());
        }
    }
    let values = lines.iter().map(|line| HeaderValue::from_bytes(line.as_bytes()).unwrap());
    values.map(|value| (WWW_AUTHENTICATE, value)).fold(HeaderMap::new(), |mut headers, (name, value)| {
        headers.append(name, value);
        headers
    })
}

fn written() -> impl Strategy<Value = Written> {
    let scheme = prop_oneof![Just("Bearer".to_owned()), Just("bEARER".to_owned()), token()];
    (scheme, prop::collection::vec(parameter(), 0..4))
        .prop_map(|(scheme, parameters)| Written { scheme, parameters })
}

fn parameter() -> impl Strategy<Value = Parameter> {
    let name = prop_oneof![Just("error".to_owned()), Just("Error".to_owned()), token()];
    // Everything that a header can contain: no control characters except the tab.
    let unquoted = token()
        .prop_filter("a value in single quotes is read without them", |value| !value.starts_with('\''));
    let value = prop_oneof![unquoted, text("[\\t -~\u{80}-\u{10ffff}]{0,12}"), text(r#"["\\, =]{0,6}"#)];
    let blanks = || text("[ \t]{0,2}");
    let all = (name, value, any::<bool>(), any::<u64>(), [blanks(), blanks(), blanks()]);
    all.prop_map(|(name, value, quoted, escaped, blanks)| Parameter { name, value, quoted, escaped, blanks })
}

fn token() -> impl Strategy<Value = String> {
    text("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,8}")
}

fn text(regex: &str) -> impl Strategy<Value = String> + use<> {
    prop::string::string_regex(regex).unwrap()
}

/// Returns lines made of the characters of the grammar, in any order.
fn garbage() -> impl Strategy<Value = Vec<u8>> {
    let pieces: [&[u8]; 14] = [
        b"Bearer", b"Basic", b" ", b"\t", b",", b"=", b"==", b"\"", b"\\", b"error", b"a/b+", b"\xff", b"(",
        b"\"x\"",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..12).prop_map(|pieces| pieces.concat())
}

/// Returns whether a byte is a character of a token (RFC 9110 section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Uses the same cases each time, as many as run in a second.
fn repeatable() -> ProptestConfig {
    ProptestConfig {
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::with_cases(500)
    }
}
