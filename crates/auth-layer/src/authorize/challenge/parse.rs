//! `parse`: reads all challenges of a response.

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

use super::parsed::Challenge;
use super::reader::Reader;

/// Reads the challenges of all `WWW-Authenticate` lines.
///
/// A challenge that has the same parameter twice is left out (RFC 6750 section 3). A parameter that cannot be read is
/// left out, and reading goes on after the next comma. Beyond the grammar, these are read:
///
/// - an unquoted value with characters that need quotes, such as a URL, up to the next comma;
/// - an unquoted value of several words;
/// - a value in single quotes, and an empty value;
/// - parameters and challenges that are separated by semicolons or blanks instead of commas.
///
/// A quoted value without its closing quote is not read. Neither is a challenge of which only the scheme can be read.
///
/// At most 16 lines are read, and the first 16 KiB of each. A value that reaches this limit is left out. The time is
/// linear in the length of the lines.
pub fn parse(headers: &HeaderMap) -> Vec<Challenge> {
    let mut challenges = Vec::new();
    for line in headers.get_all(WWW_AUTHENTICATE).iter().take(MOST_LINES) {
        Reader::new(line.as_bytes()).read_into(&mut challenges);
    }
    challenges.retain(Challenge::is_usable);
    challenges
}

/// A server that offers many schemes sends one line for each: five or six.
const MOST_LINES: usize = 16;
