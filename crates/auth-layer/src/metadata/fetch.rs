//! Fetches a document from its two well-known URLs.

use std::fmt::Write as _;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use http::header::ACCEPT;
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::BodyExt;
use serde::de::IgnoredAny;

use super::document::Metadata;
use crate::clock::Clock;
use crate::endpoint::{AnswerBody, Members, Transport, TransportBody};
use crate::error::{BoxError, ConfigError, Error, ErrorKind, chain};
use crate::url::{endpoint_url, refusal};

impl Metadata {
    /// Fetches the metadata of an issuer, within one timeout.
    ///
    /// Two URLs are tried in this order: that of RFC 8414 section 3.1, with its part between host and path, and that of
    /// OpenID Connect discovery, with its part after the path. The second is asked if the first has no usable document,
    /// whatever the reason. No redirect is followed unless the transport follows redirects.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Metadata`]:
    ///
    /// - The issuer is not https, has a query or names a user.
    /// - Neither URL has a document, the document names another issuer, or it has no https token endpoint. The message
    ///   says what was wrong at each URL.
    ///
    /// The error is transient if the server was in trouble or could not be reached, and neither URL had a wrong
    /// document.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the fetch; nothing is kept.
    pub async fn fetch(
        issuer: &str,
        transport: &Transport,
        clock: &dyn Clock,
        timeout: Duration,
    ) -> Result<Self, Error> {
        let places = places(issuer).map_err(unusable)?;
        match select(pin!(find(issuer, places, transport)), clock.sleep(timeout)).await {
            Either::Left((found, _)) => found,
            Either::Right(((), _)) => {
                Err(failed(format!("the issuer {issuer} did not answer within {timeout:?}"))
                    .with_transience(true))
            }
        }
    }
}

/// Returns the two URLs where a document may be, in the order in which they are tried.
pub(super) fn places(issuer: &str) -> Result<[Uri; 2], ConfigError> {
    let refuse = |problem| refusal("issuer", issuer, problem);
    if issuer.contains(['?', '#']) {
        return Err(refuse("has a query or a fragment (RFC 8414 section 2)"));
    }
    let uri = endpoint_url("issuer", issuer)?;
    let whole = issuer.strip_suffix('/').unwrap_or(issuer);
    let path = uri.path().strip_suffix('/').unwrap_or(uri.path());
    let host = whole.strip_suffix(path).unwrap_or(whole);
    let urls = [
        format!("{host}/.well-known/oauth-authorization-server{path}"),
        format!("{whole}/.well-known/openid-configuration"),
    ];
    let [first, second] = urls.map(|url| url.parse().map_err(|_| refuse("is not a valid URL")));
    Ok([first?, second?])
}

/// Tries one URL after the other, and returns the first usable document. A wrong document or trouble at one URL says
/// nothing about the other.
async fn find(issuer: &str, places: [Uri; 2], transport: &Transport) -> Result<Metadata, Error> {
    let mut misses = Vec::with_capacity(places.len());
    for place in places {
        match get(&place, issuer, transport).await {
            Ok(metadata) => return Ok(metadata),
            Err(miss) => misses.push((place, miss)),
        }
    }
    Err(nowhere(misses))
}

/// The reason why one URL has no usable document.
enum Miss {
    /// There is no document: the answer is an error page, a redirect, or a page that the server has for every path.
    Nothing(StatusCode),
    /// The document is wrong.
    Wrong(Error),
    /// The server is in trouble or cannot be reached. This may pass.
    Trouble(Error),
}

impl Miss {
    fn text(&self) -> String {
        match self {
            Self::Nothing(status) => format!("no document (status {})", status.as_u16()),
            // The whole chain: the error of the connection is in its last link.
            Self::Wrong(error) | Self::Trouble(error) => chain(error),
        }
    }
}

/// Makes one error of what is wrong at each URL.
fn nowhere(misses: Vec<(Uri, Miss)>) -> Error {
    let mut message = String::from("the issuer has no metadata that can be used");
    let texts: Vec<String> = misses.iter().map(|(_, miss)| miss.text()).collect();
    for ((place, _), text) in misses.iter().zip(&texts) {
        // A server that cannot be reached has the same text for both URLs, which is shown once.
        let text = if message.contains(text.as_str()) { "the same" } else { text };
        let _ = write!(message, "; {place}: {text}");
    }
    let is_transient = misses.iter().any(|(_, miss)| matches!(miss, Miss::Trouble(_)))
        && !misses.iter().any(|(_, miss)| matches!(miss, Miss::Wrong(_)));
    // The status of trouble that may pass counts first, because callers decide by it whether to try again.
    let mut status = None;
    let mut source = None;
    for (_, miss) in misses.into_iter().rev() {
        match miss {
            Miss::Nothing(nothing) => status = status.or(Some(nothing)),
            Miss::Trouble(error) => {
                status = error.status().or(status);
                source = Some(error);
            }
            Miss::Wrong(error) => source = source.or(Some(error)),
        }
    }
    let error = failed(message).with_transience(is_transient);
    let error = match status {
        Some(status) => error.with_status(status),
        None => error,
    };
    match source {
        Some(source) => error.with_source(source.into()),
        None => error,
    }
}

async fn get(place: &Uri, issuer: &str, transport: &Transport) -> Result<Metadata, Miss> {
    let mut request = Request::new(TransportBody::default());
    *request.uri_mut() = place.clone();
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
    let response = transport.send_repeatable(request).await.map_err(|error| Miss::Trouble(broken(error)))?;
    let status = response.status();
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Err(Miss::Trouble(
            failed(format!("the issuer is in trouble (status {})", status.as_u16()))
                .with_status(status)
                .with_transience(true),
        ));
    }
    if status != StatusCode::OK {
        return Err(Miss::Nothing(status));
    }
    let body = collect(response.into_body()).await?;
    if serde_json::from_slice::<IgnoredAny>(without_mark(&body)).is_err() {
        return Err(Miss::Nothing(status));
    }
    let members = Members::document(&body).ok_or_else(|| {
        Miss::Wrong(failed("the issuer's metadata cannot be read: it is not a JSON object"))
    })?;
    Metadata::read(&members, issuer).map_err(|error| Miss::Wrong(unusable(error)))
}

/// Removes a byte order mark, which a reader may skip (RFC 8259 section 8.1).
fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// Reads a body up to the limit.
async fn collect(body: AnswerBody) -> Result<Vec<u8>, Miss> {
    let mut body = pin!(body);
    let mut collected = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Miss::Trouble(broken(error)))?;
        let Ok(data) = frame.into_data() else { continue };
        if collected.len() + data.len() > LONGEST_DOCUMENT {
            let message = format!("the issuer's metadata is longer than {LONGEST_DOCUMENT} bytes");
            return Err(Miss::Wrong(failed(message)));
        }
        collected.extend_from_slice(&data);
    }
    Ok(collected)
}

fn broken(error: BoxError) -> Error {
    failed("the issuer could not be reached, or its answer broke off")
        .with_transience(true)
        .with_source(error)
}

fn unusable(error: ConfigError) -> Error {
    failed("the issuer's metadata cannot be used").with_source(error.into())
}

fn failed(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Metadata, message)
}

// Real documents have a few kilobytes. The limit keeps a wrong URL from filling the memory.
const LONGEST_DOCUMENT: usize = 64 * 1024;
