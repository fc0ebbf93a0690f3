//! Fetches a document from the places where it may be.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use http::header::ACCEPT;
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::BodyExt;

use super::document::{Document, Metadata};
use crate::clock::Clock;
use crate::config_error::ConfigError;
use crate::endpoint::{AnswerBody, Transport, TransportBody};
use crate::error::{BoxError, Error, ErrorKind};
use crate::url::{endpoint_url, refusal};

impl Metadata {
    /// Fetches what an issuer says of itself, within one timeout.
    ///
    /// Two places are tried in this order: that of RFC 8414 section 3.1, between host and path, and that of OpenID
    /// Connect discovery, after the path, which is asked even if the first is in trouble. No redirect is followed, if the
    /// transport follows none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Metadata`], with its cause: an issuer that is not https, has a query or names a user, no document in either place,
    /// one that is of another issuer or names an endpoint that is not https. It is transient if the server was in trouble
    /// or could not be reached.
    ///
    /// # Cancel safety
    ///
    /// Nothing is kept.
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
                Err(failed(format!("the issuer did not answer within {timeout:?}")).with_transience(true))
            }
        }
    }
}

/// Where a document may be, in the order in which it is looked for.
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

/// Looks in one place after the other; the first document counts, good or bad. Trouble in one place says nothing of the
/// other, and is what is told if there is no document anywhere: it may pass.
async fn find(issuer: &str, places: [Uri; 2], transport: &Transport) -> Result<Metadata, Error> {
    let mut last = failed("the issuer has no metadata");
    let mut trouble = None;
    for place in places {
        match get(place, transport).await {
            Ok(Found::Document(document)) => return Metadata::check(*document, issuer).map_err(unusable),
            Ok(Found::Nothing(status)) => last = failed("the issuer has no metadata").with_status(status),
            Err(error) if error.is_transient() => trouble = trouble.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    Err(trouble.unwrap_or(last))
}

enum Found {
    Document(Box<Document>),
    /// An error page, a redirect, or a page for whoever asks for anything.
    Nothing(StatusCode),
}

async fn get(place: Uri, transport: &Transport) -> Result<Found, Error> {
    let mut request = Request::new(TransportBody::default());
    *request.uri_mut() = place;
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
    let response = transport.send(request).await.map_err(broken)?;
    let status = response.status();
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Err(failed("the issuer is in trouble").with_status(status).with_transience(true));
    }
    if status != StatusCode::OK {
        return Ok(Found::Nothing(status));
    }
    let body = collect(response.into_body()).await?;
    if serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_err() {
        return Ok(Found::Nothing(status));
    }
    let document = serde_json::from_slice(&body)
        .map_err(|error| failed("the issuer's metadata cannot be read").with_source(error.into()))?;
    Ok(Found::Document(Box::new(document)))
}

/// Reads a body up to the limit.
async fn collect(body: AnswerBody) -> Result<Vec<u8>, Error> {
    let mut body = pin!(body);
    let mut collected = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        if collected.len() + data.len() > LONGEST_DOCUMENT {
            return Err(failed(format!("the issuer's metadata is longer than {LONGEST_DOCUMENT} bytes")));
        }
        collected.extend_from_slice(&data);
    }
    Ok(collected)
}

fn broken(error: BoxError) -> Error {
    failed("the issuer could not be reached or broke off").with_transience(true).with_source(error)
}

fn unusable(error: ConfigError) -> Error {
    failed("the issuer's metadata cannot be used").with_source(error.into())
}

fn failed(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Metadata, message)
}

/// Documents in the field have a few kilobytes.
const LONGEST_DOCUMENT: usize = 64 * 1024;
