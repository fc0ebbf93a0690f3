//! Waits until the turn of a request is due and the inner service is ready.

use std::future::poll_fn;
use std::sync::Arc;

use http::{Request, Response};
use tower_service::Service;

use super::pace::{Pace, Place};
use crate::error::BoxError;

/// Waits for the request's turn, takes it, and returns the service ready to send. Returns `None`, and takes no turn, if
/// `is_good` then returns false: the request must not be sent.
///
/// - While it waits for the turn, it holds no reservation of the service, because other requests may need it to finish.
/// - While it waits for the service, it has not taken the turn. Turns taken early would add up to a burst.
///
/// `place` is the caller's place in line, if it has one.
pub(crate) async fn ready<S, B>(
    mut service: S,
    pace: Option<&Pace>,
    place: Option<Place<'_>>,
    mut is_good: impl FnMut() -> bool,
) -> Result<Option<S>, BoxError>
where
    S: Service<Request<B>> + Clone,
    S::Error: Into<BoxError>,
{
    let place = match (place, pace) {
        (None, Some(pace)) => Some(pace.place().await?),
        (place, _) => place,
    };
    loop {
        if let Some(place) = &place {
            place.due().await?;
        }
        poll_fn(|cx| service.poll_ready(cx)).await.map_err(Into::into)?;
        if !is_good() {
            return Ok(None);
        }
        if place.as_ref().is_none_or(Place::take) {
            return Ok(Some(service));
        }
        // The provider has asked for a pause in between. The clone holds no reservation during the next wait.
        service = service.clone();
    }
}

/// Sends a request in its turn, and reads the rate limit headers of its response.
pub(crate) async fn send_in_turn<S, B, R>(
    service: S,
    pace: Arc<Pace>,
    request: Request<B>,
) -> Result<Response<R>, BoxError>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
{
    let ready = ready(service, Some(&pace), None, || true).await?;
    let mut service = ready.expect("`is_good` is always true here");
    let response = service.call(request).await.map_err(Into::into)?;
    pace.heed(response.status(), response.headers());
    Ok(response)
}
