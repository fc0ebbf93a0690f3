//! Asks a token endpoint whether it can be reached.

use std::error::Error as _;
use std::time::{Duration, UNIX_EPOCH};

use auth_layer::{Error, leaf};
use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use http_body_util::Empty;
use tower::ServiceExt;

use crate::failure::{Failure, Kind};
use crate::user_agent::USER_AGENT;

/// The answer of a token endpoint to a request that it has to refuse.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// The server's time, since the Unix epoch.
    pub(super) date: Option<Duration>,
}

/// Sends an empty request without any secret. Redirects are not followed, and no body is read.
pub(super) async fn reach(url: &Uri) -> Result<Answer, Failure> {
    let trouble = || Failure::new(Kind::Trouble, format!("{} cannot be reached", shown(url)));
    let request = Request::post(url.clone())
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::USER_AGENT, USER_AGENT)
        .body(Empty::<Bytes>::new())
        .map_err(|error| Failure::config(format!("{} is not a valid URL", shown(url))).because(error))?;
    let client = leaf::hyper_util::client()?;
    let response = match tokio::time::timeout(PATIENCE, client.oneshot(request)).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            // The advice of token requests, for the same obstacles.
            let error = Error::from_source(error, true);
            let failure = trouble().because_of(error.source());
            return Err(failure.remedy(error.remedy().unwrap_or(CHECK_THE_NETWORK)));
        }
        Err(_) => {
            let why = format!("no answer within {} s", PATIENCE.as_secs());
            return Err(trouble().because(why).remedy(CHECK_THE_NETWORK));
        }
    };
    let date = response.headers().get(header::DATE).and_then(|date| date.to_str().ok());
    let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
    let date = date.and_then(|date| date.duration_since(UNIX_EPOCH).ok());
    Ok(Answer { status: response.status(), date })
}

/// Returns a URL without its query, which may hold a secret. It never has a user: such a URL is refused before.
pub(super) fn shown(url: &Uri) -> String {
    let url = url.to_string();
    url.split('?').next().unwrap_or_default().to_owned()
}

const CHECK_THE_NETWORK: &str = "check the URL, the network, and a firewall or proxy between here and there";

// As long as a connection may take to be made.
const PATIENCE: Duration = Duration::from_secs(10);
