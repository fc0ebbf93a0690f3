//! Waits for a turn, and for the service that the request goes through.

use std::future::poll_fn;
use std::sync::Arc;

use http::{Request, Response};
use tower_service::Service;

use super::pace::{Pace, Place};
use crate::error::BoxError;

/// Returns the service ready to send, at the moment of the request's turn. `None` if `is_good` says at that moment that
/// the request is not to be sent: no turn is taken then.
///
/// While this waits for the turn, it holds no reservation of the service, since others may need that to go on. While it
/// waits for the service, it has taken no turn: turns that pile up would be used at once in the end.
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
        // The provider has asked for a pause meanwhile. The clone has nothing reserved.
        service = service.clone();
    }
}

/// Sends a request in its turn, and heeds what the response says about further ones.
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
    let mut service = ready.expect("the request is always to be sent");
    let response = service.call(request).await.map_err(Into::into)?;
    pace.heed(response.status(), response.headers());
    Ok(response)
}
