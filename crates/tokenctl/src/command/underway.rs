//! `Underway`: whether a request is under way, whose answer must not be lost.

use auth_layer::{BoxError, Transport, leaf};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use tokio::sync::watch;
use tower::{ServiceExt, service_fn};

use crate::failure::Failure;

/// What is told by a transport, and asked before something that sends requests is dropped.
#[derive(Clone, Debug)]
pub(super) struct Underway(watch::Sender<bool>);

impl Underway {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// A transport whose requests are told of, each until its answer has been read.
    pub(super) fn transport(&self) -> Result<Transport, Failure> {
        let client = leaf::hyper_util::client::<Full<Bytes>>()?;
        let underway = self.0.clone();
        Ok(Transport::new(service_fn(move |request: Request<Full<Bytes>>| {
            let (client, request_told) = (client.clone(), Told::new(underway.clone()));
            async move {
                let response = client.oneshot(request).await.map_err(BoxError::from)?;
                Ok::<_, BoxError>(response.map(|body| {
                    // The body owns what tells of the request; its length stays known.
                    body.map_err(move |error| {
                        let _ = &request_told;
                        error
                    })
                }))
            }
        })))
    }

    /// Whether a request is under way.
    pub(super) fn is_busy(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until none is.
    pub(super) async fn over(&self) {
        // The sender is here: it cannot be gone.
        let _ = self.0.subscribe().wait_for(|busy| !busy).await;
    }
}

/// One request, until it is dropped.
struct Told(watch::Sender<bool>);

impl Told {
    fn new(underway: watch::Sender<bool>) -> Self {
        underway.send_replace(true);
        Self(underway)
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.0.send_replace(false);
    }
}
