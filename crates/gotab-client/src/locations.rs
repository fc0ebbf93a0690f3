//! How a location's manager lets an application in: <https://docs.gotab.io/concepts/oauth-flows/>.

use std::error::Error as StdError;
use std::fmt;
use std::num::NonZeroU32;

use auth_layer::{ConfigError, Origin};

/// The link that a manager follows to choose the locations that an application may work on. A client's own token reaches
/// no other.
///
/// The browser comes back to the redirect URL with what was chosen, which [`approved`](Self::approved) reads. That is
/// told by the browser and proves nothing: which locations an application may work on, the API knows
/// ([`list_locations`](crate::Client::list_locations)).
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

/// Why what the browser came back with names no locations.
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
    /// It names none, by either parameter: most likely the manager turned back.
    Missing,
    /// The parameter comes twice.
    Repeated,
    /// What it names are no locations.
    Unreadable,
}

impl LocationLink {
    /// A link for an application by its access id, back to one of the URLs that its integration has in the dashboard.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if one of them is empty, or if the redirect URL is neither https nor loopback, names a user or has a
    /// fragment.
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
                "has a fragment, which the answer cannot be added to",
            ));
        }
        // Of the query GoTab compares every character, so that it stays as it is.
        redirect_url.split('?').next().unwrap_or_default().parse::<Origin>()?;
        Ok(Self { access_id, redirect_url, limit: None })
    }

    /// At most so many locations may be chosen.
    #[must_use]
    pub const fn with_limit(mut self, locations: NonZeroU32) -> Self {
        self.limit = Some(locations);
        self
    }

    /// The link itself.
    pub fn url(&self) -> String {
        let mut url = format!("{PAGE}?");
        let start = url.len();
        // The page calls the id by another name than the sign-in by authorization code does.
        let mut query = form_urlencoded::Serializer::for_suffix(std::mem::take(&mut url), start);
        query.append_pair("access_id", &self.access_id).append_pair("redirect_url", &self.redirect_url);
        if let Some(limit) = self.limit {
            query.append_pair("loc_limit", &limit.to_string());
        }
        query.finish()
    }

    /// The locations in the URL that the browser came back to, or in only its query, in the order in which they stand
    /// there. Both spellings are read: `locationUuids` with commas, and the older `locations` with percent signs.
    ///
    /// # Errors
    ///
    /// [`ApprovalError`] if there are none to be read.
    pub fn approved(callback: &str) -> Result<Vec<String>, ApprovalError> {
        let callback = callback.trim();
        let query = callback.split_once('?').map_or(callback, |(_, query)| query);
        let query = query.split('#').next().unwrap_or_default();
        let named =
            |name| query.split('&').filter_map(|pair| pair.split_once('=')).filter(move |(n, _)| *n == name);
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
            Self::Repeated => "the approved locations are named twice",
            Self::Unreadable => "the approved locations cannot be read",
        })
    }
}

impl StdError for ApprovalError {}

/// Reads a list as it stands in a query. A percent sign between two locations looks like an escape if the second begins
/// with two hexadecimal digits: where all that stands between the signs are UUIDs, it is none.
fn read(list: &str) -> Result<Vec<String>, ApprovalError> {
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

/// Undoes the escapes that somebody may have written, and makes a comma of each percent sign that is none.
fn decoded(list: &str) -> String {
    let mut decoded = String::with_capacity(list.len());
    let mut rest = list.chars();
    while let Some(next) = rest.next() {
        match next {
            '+' => decoded.push(' '),
            '%' => match escape(rest.as_str()) {
                Some(meant) => {
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

/// The character that two digits after a percent sign stand for, if it is one that is ever escaped: a separator, a space,
/// or a sign that a location may have. Nobody escapes letters and digits.
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

/// Where a manager chooses locations.
const PAGE: &str = "https://gotab.io/manager/oauth";

/// What a location's name in the API may have, besides letters and digits.
const SIGNS: &str = "~_-";
