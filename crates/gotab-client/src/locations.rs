//! The link by which a location's manager authorises an application: <https://docs.gotab.io/concepts/oauth-flows/>.

use std::error::Error as StdError;
use std::fmt;
use std::num::NonZeroU32;

use auth_layer::ConfigError;
use auth_layer::profile::Origin;

/// The link with which a manager chooses the locations that an application may access. A client's own token has access
/// to no other location.
///
/// The browser returns to the redirect URL with the chosen locations, which [`approved`](Self::approved) reads. They
/// come from the browser, so they prove nothing. [`list_locations`](crate::Client::list_locations) returns the
/// locations that the application can really access.
///
/// ```
/// use gotab_client::LocationLink;
/// use std::num::NonZeroU32;
///
/// let link = LocationLink::new("access-id", "https://app.example.com/approved")?;
/// assert_eq!(
///     link.url(),
///     "https://gotab.io/manager/oauth?access_id=access-id&redirect_url=https%3A%2F%2Fapp.example.com%2Fapproved",
/// );
/// let at_most_one = link.with_limit(NonZeroU32::MIN);
/// assert!(at_most_one.url().ends_with("&loc_limit=1"));
///
/// let came_back = "https://app.example.com/approved?locationUuids=one,another";
/// assert_eq!(LocationLink::approved(came_back)?, ["one", "another"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocationLink {
    access_id: String,
    redirect_url: String,
    limit: Option<NonZeroU32>,
}

/// The error of a callback URL without readable locations.
///
/// ```
/// use gotab_client::{ApprovalError, LocationLink};
///
/// let refused = LocationLink::approved("https://app.example.com/approved?error=1").unwrap_err();
/// assert_eq!(refused, ApprovalError::Missing);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApprovalError {
    /// The URL has none of the two parameters. Most likely the manager cancelled.
    Missing,
    /// The parameter occurs twice.
    Repeated,
    /// A value in the parameter is not a location.
    Unreadable,
}

impl LocationLink {
    /// Creates a link for an application. The redirect URL must be one of the URLs of the integration in the dashboard.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if a value is empty, or if the redirect URL is neither https nor loopback, contains a
    /// user name or has a fragment.
    pub fn new(access_id: impl Into<String>, redirect_url: impl Into<String>) -> Result<Self, ConfigError> {
        let (access_id, redirect_url) = (access_id.into(), redirect_url.into());
        for (what, value) in [("access id", &access_id), ("redirect URL", &redirect_url)] {
            if value.trim().is_empty() {
                return Err(ConfigError::new(what, "is empty; set it to the real value"));
            }
        }
        if redirect_url.contains('#') {
            return Err(ConfigError::new(
                "redirect URL",
                "has a fragment; remove it, because GoTab adds the chosen locations to the URL",
            ));
        }
        // Only the origin is checked. GoTab compares every character of the query, so the URL is not normalised.
        redirect_url.split('?').next().unwrap_or_default().parse::<Origin>()?;
        Ok(Self { access_id, redirect_url, limit: None })
    }

    /// Sets how many locations the manager may choose at most.
    #[must_use]
    pub const fn with_limit(mut self, locations: NonZeroU32) -> Self {
        self.limit = Some(locations);
        self
    }

    /// Returns the URL of the link.
    pub fn url(&self) -> String {
        let mut url = format!("{PAGE}?");
        let start = url.len();
        // This page expects `access_id`. The sign-in with an authorization code uses another name for the same id.
        let mut query = form_urlencoded::Serializer::for_suffix(std::mem::take(&mut url), start);
        query.append_pair("access_id", &self.access_id).append_pair("redirect_url", &self.redirect_url);
        if let Some(limit) = self.limit {
            query.append_pair("loc_limit", &limit.to_string());
        }
        query.finish()
    }

    /// Returns the locations in a callback URL, or in only its query, in their order. It reads both parameters:
    /// `locationUuids` with commas, and the older `locations` with percent signs.
    ///
    /// # Errors
    ///
    /// Returns [`ApprovalError`] if the URL has no readable locations.
    pub fn approved(callback: &str) -> Result<Vec<String>, ApprovalError> {
        let callback = callback.trim();
        let query = callback.split_once('?').map_or(callback, |(_, query)| query);
        let query = query.split('#').next().unwrap_or_default();
        let named =
            |name| query.split('&').filter_map(|pair| pair.split_once('=')).filter(move |(n, _)| *n == name);
        // The newer parameter has precedence if a callback has both.
        for name in ["locationUuids", "locations"] {
            let mut values = named(name).map(|(_, value)| value);
            match (values.next(), values.next()) {
                (Some(_), Some(_)) => return Err(ApprovalError::Repeated),
                (Some(value), None) => return read(value),
                (None, _) => {}
            }
        }
        Err(ApprovalError::Missing)
    }
}

impl fmt::Display for ApprovalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "no location was approved",
            Self::Repeated => "the callback URL contains the approved locations twice",
            Self::Unreadable => "the callback URL contains a value that is not a location",
        })
    }
}

impl StdError for ApprovalError {}

/// Reads the value of a query parameter.
fn read(list: &str) -> Result<Vec<String>, ApprovalError> {
    // A percent sign before a UUID may look like an escape, because a UUID begins with hexadecimal digits. If all
    // pieces are UUIDs, every percent sign is a separator.
    let pieces = || list.split([',', '%']);
    if pieces().all(is_uuid) {
        return Ok(pieces().map(str::to_owned).collect());
    }
    let decoded = decoded(list);
    if decoded.is_empty() {
        return Err(ApprovalError::Missing);
    }
    let locations: Vec<String> = decoded.split(',').map(|location| location.trim().to_owned()).collect();
    let good = locations.iter().all(|location| is_location(location));
    if good { Ok(locations) } else { Err(ApprovalError::Unreadable) }
}

/// Decodes percent escapes, and turns every other percent sign into a comma.
fn decoded(list: &str) -> String {
    let mut decoded = String::with_capacity(list.len());
    let mut rest = list.chars();
    while let Some(next) = rest.next() {
        match next {
            '+' => decoded.push(' '),
            '%' => match escape(rest.as_str()) {
                Some(meant) => {
                    // An escaped percent sign is a separator as well.
                    decoded.push(if meant == '%' { ',' } else { meant });
                    rest.nth(1);
                }
                None => decoded.push(','),
            },
            other => decoded.push(other),
        }
    }
    decoded
}

/// Returns the character that two hexadecimal digits encode, if it is a separator, a space or a sign of a location.
/// Letters and digits are never escaped, so digits that would encode one of them are the start of the next location.
fn escape(digits: &str) -> Option<char> {
    let meant = char::from(u8::from_str_radix(digits.get(..2)?, 16).ok()?);
    (",% ".contains(meant) || SIGNS.contains(meant)).then_some(meant)
}

fn is_uuid(text: &str) -> bool {
    let groups = || text.split('-');
    groups().map(str::len).eq([8, 4, 4, 4, 12])
        && groups().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_location(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|sign| sign.is_ascii_alphanumeric() || SIGNS.contains(sign))
}

/// The page on which a manager chooses locations.
const PAGE: &str = "https://gotab.io/manager/oauth";

/// The characters of a location's name in the API, besides letters and digits.
const SIGNS: &str = "~_-";
