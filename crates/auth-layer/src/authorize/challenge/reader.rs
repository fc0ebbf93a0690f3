//! Reads one line of `WWW-Authenticate`.

use super::parsed::Challenge;

/// A reader of one line. It looks ahead by two words at the most, so its time is linear in the line's length.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    /// The line is longer than the part that is read.
    is_cut: bool,
    /// The rest of the line has no closing single quote. Without this flag, each `'` would cost a search of the rest.
    no_closing_quote: bool,
    /// The last item departs from the grammar, so the next words may belong to it.
    after_odd: bool,
}

/// The value of a parameter, after its equals sign.
enum Value {
    /// A value by the grammar, or nearly so.
    Clean(String),
    /// A value without the quotes that the grammar requires.
    Odd(String),
    Unreadable,
}

/// A challenge that is being read.
struct Draft {
    challenge: Challenge,
    /// The challenge needs no parameters: it is a scheme alone, or has a token68.
    is_whole: bool,
}

impl<'a> Reader<'a> {
    /// Returns a reader without a length limit, for tests of its time.
    #[cfg(test)]
    pub(super) const fn unbounded(line: &'a [u8]) -> Self {
        Self { rest: line, is_cut: false, no_closing_quote: false, after_odd: false }
    }

    pub(super) fn new(line: &'a [u8]) -> Self {
        let rest = &line[..line.len().min(LONGEST_LINE)];
        Self { rest, is_cut: rest.len() < line.len(), no_closing_quote: false, after_odd: false }
    }

    /// Reads all items of the line. A scheme begins a challenge, and a parameter belongs to the challenge before it.
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
                // The value is read even without a challenge to put it into, so that reading goes on after it.
                let value = self.value();
                if let (Some(draft), Some(value)) = (&mut current, value) {
                    draft.challenge.parameters.push((text(name).to_ascii_lowercase(), value));
                }
            } else if self.begins_challenge(name) {
                let next = self.begin(name);
                // A scheme without parameters counts as a challenge if another challenge follows at once.
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

    /// Returns whether a word without an equals sign is the scheme of the next challenge. After an unquoted text it may
    /// be a word of that text. Then it is a scheme only if it is `Bearer`, or if a parameter follows.
    fn begins_challenge(&self, name: &[u8]) -> bool {
        match self.rest.first() {
            // The word may go on after the place where the line was cut off.
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

    /// Begins a challenge after its scheme, and reads its token68, if it has one.
    fn begin(&mut self, scheme: &[u8]) -> Draft {
        self.skip(is_blank);
        let is_whole = matches!(self.rest.first(), None | Some(b',' | b';')) || self.token68();
        Draft { challenge: Challenge { scheme: text(scheme), parameters: Vec::new() }, is_whole }
    }

    /// Reads a token68 (RFC 9110 section 11.2). Only a comma or the end of the line may follow it.
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
                // Everything up to the end of the line may be part of the value.
                self.rest = &[];
                Value::Unreadable
            }
        }
    }

    /// Reads a value in single quotes. It may contain single quotes. The closing one is followed by a separator or a
    /// challenge.
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

    /// Reads a value without quotes: everything up to a comma, a parameter or a challenge.
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
                    // After several words, the next word belongs to the text and is not a scheme.
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

    /// Skips an item that cannot be read, up to the next comma outside of quotes.
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
    /// Adds the challenge to `found`, if more than its scheme was read, or if the scheme is enough.
    fn finish(self, found: &mut Vec<Challenge>) {
        if self.is_whole || !self.challenge.parameters.is_empty() {
            found.push(self.challenge);
        }
    }
}

/// Returns the position of the first byte for which `ends` is true. `ends` gets the byte and the bytes after it. A
/// backslash hides the byte after it.
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

/// Returns whether a value ends before `rest`: at the end of the line, a separator or a parameter.
fn ends_value(rest: &[u8]) -> bool {
    let next = after_blanks(rest);
    // Only a word after a blank can be a parameter. So each word is looked at once, and the time stays linear.
    next.first().is_none_or(|byte| is_separator(*byte)) || next.len() < rest.len() && begins_parameter(next)
}

/// Returns whether a blank, a scheme and a parameter come next.
fn begins_next_challenge(rest: &[u8]) -> bool {
    let scheme = after_blanks(rest);
    if scheme.len() == rest.len() {
        return false;
    }
    let behind = &scheme[token_length(scheme)..];
    let parameter = after_blanks(behind);
    behind.len() < scheme.len() && parameter.len() < behind.len() && begins_parameter(parameter)
}

/// Returns whether a name and an equals sign come next.
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

/// The grammar has commas. Some servers write semicolons, as in other headers.
const fn is_separator(byte: u8) -> bool {
    is_blank(byte) || matches!(byte, b',' | b';')
}

/// The characters of a token (RFC 9110 section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Only a challenge with a Kerberos ticket is longer than this.
pub(super) const LONGEST_LINE: usize = 16 * 1024;
