//! Redacts possible secrets in a server's text.

use http::HeaderValue;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Returns a server's text in the form in which an error may show it: one line of at most `limit` characters, with
/// possible secrets redacted. `None` if nothing is left.
///
/// Redacted are:
///
/// - the credential that the request carried, if it is known,
/// - the word after the name of an authentication scheme,
/// - the value assigned to a name such as `access_token`,
/// - every word that is [opaque](is_opaque).
pub(crate) fn clean(text: &str, sent: Option<&HeaderValue>, limit: usize) -> Option<Box<str>> {
    // This comes before the cut: the credential may be longer than `LONGEST`, and a part of it would not be recognised.
    let text = without_sent(text.to_owned(), sent);
    let visible: String =
        text.chars().take(LONGEST).map(|sign| if is_invisible(sign) { ' ' } else { sign }).collect();
    let words: Vec<&str> = visible.split_whitespace().collect();
    let line = without_opaque(&without_schemes(&words).join(" "));
    let cut: String = match line.char_indices().nth(limit) {
        None => line,
        Some(_) => line.chars().take(limit.saturating_sub(ELLIPSIS.len())).chain(ELLIPSIS.chars()).collect(),
    };
    (!cut.is_empty()).then(|| cut.into_boxed_str())
}

/// Returns whether a text contains the credential that the request carried.
pub(crate) fn holds_sent(text: &str, sent: Option<&HeaderValue>) -> bool {
    without_sent(text.to_owned(), sent) != text
}

/// Returns whether a word looks like a token: a long mix of digits and letters. A UUID, a code in capitals and a name
/// in small letters do not look like one.
pub(crate) fn is_opaque(word: &str) -> bool {
    let any = |is: fn(&u8) -> bool| word.bytes().any(|byte| is(&byte));
    // `{"` in base64url: every JSON Web Token begins with it.
    if word.starts_with("eyJ") {
        return word.len() >= SHORTEST_JWT;
    }
    let is_mixed = any(u8::is_ascii_lowercase) && any(u8::is_ascii_uppercase);
    let is_solid = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=".contains(&byte));
    let has_both = any(u8::is_ascii_digit) && any(u8::is_ascii_alphabetic);
    word.len() >= SHORTEST && has_both && (is_mixed || is_solid)
}

/// Redacts the credential that the request carried, also in its percent-encoded form.
fn without_sent(mut text: String, sent: Option<&HeaderValue>) -> String {
    let Some(header) = sent.and_then(|sent| sent.to_str().ok()) else { return text };
    let credential = header.split_once(' ').map_or(header, |(_, credential)| credential.trim());
    let encoded = utf8_percent_encode(credential, NON_ALPHANUMERIC).to_string();
    for secret in [credential, &encoded] {
        if secret.len() >= SHORTEST_SENT && text.contains(secret) {
            text = text.replace(secret, REDACTED);
        }
    }
    text
}

/// Redacts the word after the name of a scheme, unless it is a plain word: `Bearer abc123`, but not `Bearer token`.
fn without_schemes<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let mut shown = Vec::with_capacity(words.len());
    let mut after_scheme = false;
    for word in words {
        let bare = word.trim_matches(|sign: char| !sign.is_alphanumeric());
        let is_plain = bare.chars().all(char::is_alphabetic) && bare.chars().skip(1).all(char::is_lowercase);
        shown.push(if after_scheme && !is_plain { REDACTED } else { word });
        let name = bare.rsplit(|sign: char| !sign.is_alphanumeric()).next().unwrap_or_default();
        after_scheme = SCHEMES.iter().any(|scheme| name.eq_ignore_ascii_case(scheme));
    }
    shown
}

/// Redacts opaque words, and values assigned to the name of a secret.
fn without_opaque(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    let mut is_secret = false;
    while !rest.is_empty() {
        let end = rest.find(|sign| !is_of_word(sign)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let strike = !word.is_empty() && (is_secret || word.split('/').any(is_opaque));
        shown.push_str(if strike && word != REDACTED_WORD { REDACTED } else { word });
        let end = after.find(is_of_word).unwrap_or(after.len());
        let (between, next) = after.split_at(end);
        shown.push_str(between);
        if !word.is_empty() || !between.is_empty() {
            is_secret = is_assigned(word, between);
        }
        rest = next;
    }
    shown
}

/// Returns whether the next word is the value of a secret, as after `access_token=` and `"password": "`.
fn is_assigned(name: &str, between: &str) -> bool {
    let name: String =
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let between: String = between.chars().filter(|sign| !sign.is_whitespace()).collect();
    let assigns = between.starts_with('=') || (between.contains(':') && between.contains(['"', '\'']));
    assigns && SECRETS.iter().any(|secret| name.ends_with(secret))
}

fn is_of_word(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || "-._~+/%".contains(sign) || !sign.is_ascii()
}

/// Returns whether a character is a control character or changes how the text around it is displayed, such as a
/// right-to-left override. In a log, such a character could hide or forge text.
fn is_invisible(sign: char) -> bool {
    sign.is_control()
        || matches!(sign, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

const REDACTED: &str = "[redacted]";
/// [`REDACTED`] without its brackets. An earlier step may have written it, and it must not get a second pair.
const REDACTED_WORD: &str = "redacted";
const ELLIPSIS: &str = "...";

/// Authentication schemes whose credential is a word (RFC 9110 section 11.6.2).
const SCHEMES: [&str; 3] = ["bearer", "basic", "dpop"];

/// The endings of names of secrets.
const SECRETS: [&str; 9] =
    ["token", "secret", "password", "passwd", "apikey", "authorization", "assertion", "credential", "cookie"];

/// The number of characters that are searched: four times the length of a message, so that a secret at the cut is
/// still recognised.
const LONGEST: usize = 800;

/// The minimum length of an opaque word. Shorter words are mostly names and codes.
const SHORTEST: usize = 20;

/// The minimum length of the beginning of a JSON Web Token. A shorter beginning reveals nothing.
const SHORTEST_JWT: usize = 12;

/// The minimum length of a credential that is redacted. A shorter one, such as a test's, may be part of many words, and
/// the text would become unreadable.
const SHORTEST_SENT: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 200;

    #[track_caller]
    fn check(text: &str, shown: &str) {
        assert_eq!(clean(text, None, LIMIT).as_deref().unwrap_or_default(), shown);
    }

    #[test]
    fn plain_words_stay_as_they_are() {
        let texts = [
            "No reservation 7,001,183 in property 700,118",
            "The resource 550e8400-e29b-41d4-a716-446655440000 does not exist",
            "AUTHZ_INSUFFICIENT_SCOPE",
            "ResourceNotFoundException in com.example.reservations.ReservationController",
            "Bearer token is missing",
            "Missing Bearer authentication",
            "Invalid token: expired",
            "start_date: must not be before today; pax: must be between 1 and 100",
            "harbour-taproom-2026-terrace is closed",
            "Für Grüße ist kein Platz: 時間外",
            "see https://docs.example.com/errors/not-found for help",
            "password is too short",
        ];
        for text in texts {
            check(text, text);
        }
    }

    #[test]
    fn a_word_that_looks_like_a_secret_is_redacted() {
        check("Bearer abc123 is unknown", "Bearer [redacted] is unknown");
        check("header \"Authorization: Bearer s3cr3t\"", "header \"Authorization: Bearer [redacted]");
        check("Basic aWQ6c2VjcmV0", "Basic [redacted]");
        check("bearer=a.b", "bearer=a.b");
        check("token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln expired", "token [redacted] expired");
        check("cut eyJhbGciOiJS", "cut [redacted]");
        check("token 6f1ed002ab5595859014ebf0951522d9 is wrong", "token [redacted] is wrong");
        check("id Pq2hhIX6-sHUy9FLSDzPLu", "id [redacted]");
        check(
            "https://x.example/cb?access_token=abc&state=1",
            "https://x.example/cb?access_token=[redacted]&state=1",
        );
        check(
            r#"got {"client_secret": "hunter2", "id": 7}"#,
            r#"got {"client_secret": "[redacted]", "id": 7}"#,
        );
        check("api_key=7 api-key=8", "api_key=[redacted] api-key=[redacted]");
    }

    #[test]
    fn the_sent_credential_is_redacted_in_every_spelling() {
        let sent = HeaderValue::from_static("Bearer to/ken-1=");
        let text = "you sent Bearer to/ken-1= and to/ken-1= or to%2Fken%2D1%3D";
        let shown = clean(text, Some(&sent), LIMIT).unwrap();
        assert!(!shown.contains("ken"), "{shown}");
        let plain = HeaderValue::from_static("Bearer purple");
        assert_eq!(clean("no purple", Some(&plain), LIMIT).as_deref(), Some("no [redacted]"));
        assert!(holds_sent("a-purple-id", Some(&plain)) && !holds_sent("a-green-id", Some(&plain)));
    }

    #[test]
    fn the_cut_of_a_long_text_never_shows_part_of_a_secret() {
        let sent = HeaderValue::from_static("Bearer abcdefghij");
        for before in 0..LIMIT + 20 {
            let text = format!("{} abcdefghij", "x ".repeat(before / 2) + &"y".repeat(before % 2));
            let shown = clean(&text, Some(&sent), LIMIT).unwrap();
            assert!(shown.chars().count() <= LIMIT && !shown.contains("abc"), "{shown}");
        }
        let long = HeaderValue::from_str(&format!("Bearer {}", "ab".repeat(2_000))).unwrap();
        let text = format!("no {}", "ab".repeat(2_000));
        assert_eq!(clean(&text, Some(&long), LIMIT).as_deref(), Some("no [redacted]"));
        assert_eq!(clean(&"ä".repeat(5_000), None, LIMIT).unwrap().chars().count(), LIMIT);
        assert_eq!(clean(&"ä".repeat(LIMIT), None, LIMIT).unwrap().chars().count(), LIMIT);
    }

    #[test]
    fn control_and_direction_characters_are_removed() {
        check("a\r\nb\tc\0d\u{1b}[31me\u{2028}f\u{202e}g\u{feff}h  i", "a b c d [31me f g h i");
        check(" \n\t ", "");
        check("", "");
    }
}
