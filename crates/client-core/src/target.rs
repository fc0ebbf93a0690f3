//! The URL of an operation, made from its metadata.

use std::fmt::{Display, Write};

use auth_layer::OperationMeta;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::InvalidRequest;

/// All characters but the unreserved ones of RFC 3986 section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The URL of an operation's request.
///
/// ```
/// use auth_layer::OperationMeta;
/// use client_core::{Method, Target};
///
/// static META: OperationMeta = OperationMeta::new("getRoom", Method::GET, "/rooms/{id}");
///
/// let target = Target::new("https://api.example.com/v1/", &META, &[&"blue room"])?;
/// assert_eq!(target.as_str(), "https://api.example.com/v1/rooms/blue%20room");
///
/// // The request would go to another path.
/// assert!(Target::new("https://api.example.com/v1/", &META, &[&".."]).is_err());
/// # Ok::<(), client_core::InvalidRequest>(())
/// ```
#[derive(Clone, Debug)]
pub struct Target {
    url: String,
    pub(crate) meta: &'static OperationMeta,
}

impl Target {
    /// Appends the operation's path to `base`, with `values` in place of the template's parameters, in order.
    ///
    /// A slash at the end of `base` is ignored.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidRequest`] if:
    ///
    /// - `base` has a query, a fragment, a user name, or a `.` or `..` segment,
    /// - a value is missing,
    /// - a value would make a path segment that is empty, `.` or `..`. Every URL parser resolves the last two, even if
    ///   they are encoded, so the request would go to another path.
    pub fn new(
        base: &str,
        meta: &'static OperationMeta,
        values: &[&dyn Display],
    ) -> Result<Self, InvalidRequest> {
        check_base(base)?;
        let mut url = base.trim_end_matches('/').to_owned();
        let mut values = values.iter();
        for segment in meta.path().split('/').skip(1) {
            url.push('/');
            let start = url.len();
            let mut names = Vec::new();
            let mut rest = segment;
            while let Some((before, (name, after))) =
                rest.split_once('{').and_then(|(before, tail)| Some((before, tail.split_once('}')?)))
            {
                let value = values
                    .next()
                    .ok_or_else(|| InvalidRequest::new(format!("path parameter `{name}` is missing")))?;
                url.push_str(before);
                encode(&mut url, &value.to_string());
                names.push(name);
                rest = after;
            }
            url.push_str(rest);
            if !names.is_empty() && matches!(&url[start..], "" | "." | "..") {
                let names = names.join("`, `");
                return Err(InvalidRequest::new(format!(
                    "path parameter `{names}` must not make a path segment that is empty, `.` or `..`: \
                     the request would go to another path"
                )));
            }
        }
        Ok(Self { url, meta })
    }

    /// Returns the URL without its query.
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// Appends `name=values` to the query. The values are joined with commas.
    pub(crate) fn push_query(&mut self, name: &str, values: &[String]) {
        self.url.push(if self.url.contains('?') { '&' } else { '?' });
        encode(&mut self.url, name);
        self.url.push('=');
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.url.push(',');
            }
            encode(&mut self.url, value);
        }
    }
}

/// Rejects a base URL to which no path can be appended, or that contains a user name. The error does not show the URL,
/// which may hold a password.
fn check_base(base: &str) -> Result<(), InvalidRequest> {
    let refuse = |problem: &str| Err(InvalidRequest::new(format!("the base URL {problem}")));
    if base.contains(['?', '#']) {
        return refuse("has a query or a fragment; remove it, because paths are appended to the URL");
    }
    let (authority, path) =
        base.split_once("://").map_or((base, ""), |(_, rest)| rest.split_once('/').unwrap_or((rest, "")));
    if authority.contains('@') {
        return refuse("contains a user name; remove it and give credentials to the client's builder");
    }
    // URL parsers also resolve encoded dots, and read `\` as `/` (WHATWG URL, "path state").
    let is_dots = |segment: &str| matches!(&*segment.replace("%2e", ".").replace("%2E", "."), "." | "..");
    if path.split(['/', '\\']).any(is_dots) {
        return refuse("has a `.` or `..` segment; remove it, because requests would go to another path");
    }
    Ok(())
}

fn encode(url: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = write!(url, "{}", utf8_percent_encode(text, RESERVED));
}
