//! Reads one line of `WWW-Authenticate`.

use super::parsed::Challenge;

/// Walks through one line, and looks ahead by two words at the most: the time is linear in the line's length.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    /// The line is longer than what is read of it.
    is_cut: bool,
    /// No value in single quotes ends behind this place. Without this note, each `'` would cost a look at the rest.
    no_closing_quote: bool,
    /// The last item departs from the grammar, so that the words behind it may belong to it.
    after_odd: bool,
}

/// What follows the equals sign of a parameter.
enum Value {
    /// By the grammar, or nearly so.
    Clean(String),
    /// Unquoted, though it needs quotes.
    Odd(String),
    Unreadable,
}

/// A challenge that is being read.
struct Draft {
    challenge: Challenge,
    /// There is no need of parameters: the scheme stands alone, or has a token68.
    is_whole: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(line: &'a [u8]) -> Self {
        let rest = &line[..line.len().min(LONGEST_LINE)];
        Self { rest, is_cut: rest.len() < line.len(), no_closing_quote: false, after_odd: false }
    }

    /// Reads item after item: a scheme begins a challenge, a parameter belongs to the challenge before it.
    pub(super) fn read_into(mut self, found: &mut Vec<Challenge>) {
        let mut current: Option<Draft> = None;
        loop {
            self.skip(is_separator);
            if self.rest.is_empty() {
                break;
            }
            let name = self.token();
            if name.is_empty() {
                self.skip_item();
            } else if self.eat_equals() {
                // A value is read even if there is no challenge to put it into, to get past it.
                let value = self.value();
                if let (Some(draft), Some(value)) = (&mut current, value) {
                    draft.challenge.parameters.push((text(name).to_ascii_lowercase(), value));
                }
            } else if self.begins_challenge(name) {
                let next = self.begin(name);
                // A scheme without parameters stands if another challenge follows at once.
                let is_whole = !self.after_odd;
                self.after_odd = false;
                if let Some(mut draft) = current.replace(next) {
                    draft.is_whole |= is_whole;
                    draft.finish(found);
                }
            } else {
                self.skip_item();
            }
        }
        if let Some(draft) = current {
            draft.finish(found);
        }
    }

    /// Whether a word that is no parameter's name is the scheme of the next challenge. The words of an unquoted text
    /// are none: after such a text it takes more than a word to begin a challenge.
    fn begins_challenge(&self, name: &[u8]) -> bool {
        match self.rest.first() {
            // It may go on where the line was cut off.
            None if self.is_cut => false,
            None | Some(b' ' | b'\t' | b',' | b';') => {
                !self.after_odd || name.eq_ignore_ascii_case(b"bearer") || {
                    let rest = after_blanks(self.rest);
                    rest.len() < self.rest.len() && begins_parameter(rest)
                }
            }
            Some(_) => false,
        }
    }

    /// Begins a challenge behind its scheme, and reads its token68, if it has one.
    fn begin(&mut self, scheme: &[u8]) -> Draft {
        self.skip(is_blank);
        let is_whole = matches!(self.rest.first(), None | Some(b',' | b';')) || self.token68();
        Draft { challenge: Challenge { scheme: text(scheme), parameters: Vec::new() }, is_whole }
    }

    /// Eats a token68 (RFC 9110 section 11.2), which must be all there is up to a comma or the end.
    fn token68(&mut self) -> bool {
        let is_token68 = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte);
        let length = self.rest.iter().take_while(|byte| is_token68(byte)).count();
        let padding = self.rest[length..].iter().take_while(|byte| **byte == b'=').count();
        let after = after_blanks(&self.rest[length + padding..]);
        let is_whole = length > 0 && matches!(after.first(), None | Some(b','));
        if is_whole {
            self.rest = after;
        }
        is_whole
    }

    /// Reads a parameter's value, and notes whether it was odd.
    fn value(&mut self) -> Option<String> {
        let blanks = self.skip(is_blank);
        let value = match self.rest.first() {
            // `realm= error="x"` has an empty value.
            _ if blanks > 0 && begins_parameter(self.rest) => Value::Clean(String::new()),
            Some(b'"') => self.quoted(),
            Some(b'\'') => self.single_quoted().map_or_else(|| self.unquoted(), Value::Clean),
            _ => self.unquoted(),
        };
        let is_known = !self.is_cut || !self.rest.is_empty();
        self.after_odd = !matches!(value, Value::Clean(_));
        match value {
            Value::Clean(value) | Value::Odd(value) if is_known => Some(value),
            _ => None,
        }
    }

    fn quoted(&mut self) -> Value {
        match closing(&self.rest[1..], |byte, _| byte == b'"') {
            Some(length) => {
                let value = unescaped(&self.rest[1..=length]);
                self.rest = &self.rest[length + 2..];
                Value::Clean(value)
            }
            None => {
                // Everything up to the end may be part of it.
                self.rest = &[];
                Value::Unreadable
            }
        }
    }

    /// A value in single quotes, which may hold single quotes as well: the last of them stands before a separator.
    fn single_quoted(&mut self) -> Option<String> {
        if self.no_closing_quote {
            return None;
        }
        let length = closing(&self.rest[1..], |byte, after| {
            byte == b'\'' && (ends_value(after) || begins_next_challenge(after))
        });
        self.no_closing_quote = length.is_none();
        let length = length?;
        let value = unescaped(&self.rest[1..=length]);
        self.rest = &self.rest[length + 2..];
        Some(value)
    }

    /// A token, or what was written in place of one: everything up to a comma, a parameter or a challenge.
    fn unquoted(&mut self) -> Value {
        let (mut length, mut is_token_so_far) = (0, true);
        while let Some(&byte) = self.rest.get(length) {
            let after = &self.rest[length + 1..];
            match byte {
                b',' => break,
                // A URL may hold a semicolon; a token may not.
                b';' if is_token_so_far || after.first().is_none_or(|byte| is_blank(*byte)) => break,
                b'"' => {
                    self.skip_item();
                    return Value::Unreadable;
                }
                b' ' | b'\t' => {
                    let next = &self.rest[length..];
                    // In a text of several words, the last one is no scheme.
                    if ends_value(next) || is_token_so_far && begins_next_challenge(next) {
                        break;
                    }
                    is_token_so_far = false;
                    length = self.rest.len() - after_blanks(after).len();
                }
                _ => {
                    is_token_so_far &= is_token(byte);
                    length += 1;
                }
            }
        }
        let (value, rest) = self.rest.split_at(length);
        self.rest = rest;
        let make = if is_token_so_far { Value::Clean } else { Value::Odd };
        make(text(value))
    }

    /// Skips what cannot be read: up to the next comma that is outside of quotes.
    fn skip_item(&mut self) {
        self.after_odd = true;
        while let Some((byte, rest)) = self.rest.split_first() {
            match byte {
                b',' => return,
                b'"' => {
                    let length = closing(rest, |byte, _| byte == b'"');
                    self.rest = length.map_or(&[], |length| &rest[length + 1..]);
                }
                _ => self.rest = rest,
            }
        }
    }

    fn token(&mut self) -> &'a [u8] {
        let length = token_length(self.rest);
        let (token, rest) = self.rest.split_at(length);
        self.rest = rest;
        token
    }

    fn eat_equals(&mut self) -> bool {
        let rest = after_blanks(self.rest).strip_prefix(b"=");
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip(&mut self, what: impl Fn(u8) -> bool) -> usize {
        let length = self.rest.iter().take_while(|byte| what(**byte)).count();
        self.rest = &self.rest[length..];
        length
    }
}

impl Draft {
    /// A challenge of which nothing but the scheme can be read is none.
    fn finish(self, found: &mut Vec<Challenge>) {
        if self.is_whole || !self.challenge.parameters.is_empty() {
            found.push(self.challenge);
        }
    }
}

/// The place of the first byte that `ends`, which is given that byte and what comes behind it. A backslash hides the
/// byte behind it.
fn closing(bytes: &[u8], ends: impl Fn(u8, &[u8]) -> bool) -> Option<usize> {
    let mut place = 0;
    while let Some(&byte) = bytes.get(place) {
        match byte {
            b'\\' => place += 2,
            _ if ends(byte, &bytes[place + 1..]) => return Some(place),
            _ => place += 1,
        }
    }
    None
}

/// Whether a value is over before `rest`: at the end, a separator, or a parameter.
fn ends_value(rest: &[u8]) -> bool {
    let next = after_blanks(rest);
    // Only a word that is set off by a blank is looked at: that makes one look for each word.
    next.first().is_none_or(|byte| is_separator(*byte)) || next.len() < rest.len() && begins_parameter(next)
}

/// Whether a blank, a scheme and a parameter come next.
fn begins_next_challenge(rest: &[u8]) -> bool {
    let scheme = after_blanks(rest);
    if scheme.len() == rest.len() {
        return false;
    }
    let behind = &scheme[token_length(scheme)..];
    let parameter = after_blanks(behind);
    behind.len() < scheme.len() && parameter.len() < behind.len() && begins_parameter(parameter)
}

/// Whether a name and an equals sign come next.
fn begins_parameter(rest: &[u8]) -> bool {
    let name = token_length(rest);
    name > 0 && after_blanks(&rest[name..]).starts_with(b"=")
}

fn unescaped(bytes: &[u8]) -> String {
    let mut value = Vec::with_capacity(bytes.len());
    let mut bytes = bytes.iter();
    while let Some(&byte) = bytes.next() {
        value.extend(if byte == b'\\' { bytes.next() } else { Some(&byte) });
    }
    text(&value)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn after_blanks(bytes: &[u8]) -> &[u8] {
    &bytes[bytes.iter().take_while(|byte| is_blank(**byte)).count()..]
}

fn token_length(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| is_token(**byte)).count()
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// A comma by the grammar; a semicolon where a server writes it as in other headers.
const fn is_separator(byte: u8) -> bool {
    is_blank(byte) || matches!(byte, b',' | b';')
}

/// The characters of a token (RFC 9110 section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Much more than any challenge but a Kerberos ticket.
const LONGEST_LINE: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::header::WWW_AUTHENTICATE;
    use http::{HeaderMap, HeaderValue};

    use super::super::parsed::parse;
    use super::*;
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
        // The words behind a comma belong to the text, and begin no challenge.
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
        // The same name in two challenges is no repetition.
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
            "a='", "a='x,", "a='x', ", "a=' a", " ", ",", ";", "=", "a= ", "a=b c ", "a=b;", "a= b = ",
            "a=x\"", "(", "(,", "a", "a/", "\\",
        ];
        let clock = SystemClock::new();
        for unit in units {
            for scheme in ["Bearer ", "Bearer a='", "Bearer a=(x) "] {
                let line = scheme.to_owned() + &unit.repeat(LENGTH / unit.len());
                let reader = Reader {
                    rest: line.as_bytes(),
                    is_cut: false,
                    no_closing_quote: false,
                    after_odd: false,
                };
                let began = clock.now().monotonic();
                reader.read_into(&mut Vec::new());
                let took = clock.now().monotonic() - began;
                // It takes a hundredth of this even without optimization, and a thousand times as long if the time is
                // not linear.
                assert!(took < Duration::from_secs(10), "{scheme}{unit} again and again: {took:?}");
            }
        }
    }
}
