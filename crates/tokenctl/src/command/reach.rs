//! Whether a token endpoint can be reached at all.

use std::time::{Duration, UNIX_EPOCH};

use auth_layer::leaf;
use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use http_body_util::Empty;
use tower::ServiceExt;

use crate::USER_AGENT;
use crate::failure::{Failure, Kind};

/// What a token endpoint said to a request that it had to refuse.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// Its clock, since the Unix epoch.
    pub(super) date: Option<Duration>,
}

/// Sends an empty request, without any secret. Nothing is followed, and no body is read.
pub(super) async fn reach(url: &Uri) -> Result<Answer, Failure> {
    let trouble = || Failure::new(Kind::Trouble, format!("{} cannot be reached", shown(url))).remedy(REMEDY);
    let request = Request::post(url.clone())
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::USER_AGENT, USER_AGENT)
        .body(Empty::<Bytes>::new())
        .map_err(|error| Failure::config(format!("{} is not a valid URL", shown(url))).because(error))?;
    let client = leaf::hyper_util::client()?;
    let response = match tokio::time::timeout(PATIENCE, client.oneshot(request)).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Err(trouble().because(error)),
        Err(_) => return Err(trouble().because(format!("no answer within {} s", PATIENCE.as_secs()))),
    };
    let date = response.headers().get(header::DATE).and_then(|date| date.to_str().ok());
    let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
    let date = date.and_then(|date| date.duration_since(UNIX_EPOCH).ok());
    Ok(Answer { status: response.status(), date })
}

/// A URL as a screen may show it: a query may hold a secret. A user it never names.
pub(super) fn shown(url: &Uri) -> String {
    let url = url.to_string();
    url.split('?').next().unwrap_or_default().to_owned()
}

const PATIENCE: Duration = Duration::from_secs(10);

const REMEDY: &str = "check the network, a firewall or proxy in between, and the URL";
