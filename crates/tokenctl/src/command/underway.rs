//! `Underway`: whether a request is running whose answer must not be lost.

use auth_layer::{BoxError, Transport, leaf};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use tokio::sync::watch;
use tower::{ServiceExt, service_fn};

use crate::failure::Failure;

/// Says whether a request is running. A transport updates it; it is asked before a future that sends requests is
/// dropped.
#[derive(Clone, Debug)]
pub(super) struct Underway(watch::Sender<bool>);

impl Underway {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Makes a transport whose requests count as running until their answers have been read.
    pub(super) fn transport(&self) -> Result<Transport, Failure> {
        let client = leaf::hyper_util::client::<Full<Bytes>>()?;
        let underway = self.0.clone();
        Ok(Transport::new(service_fn(move |request: Request<Full<Bytes>>| {
            let (client, running) = (client.clone(), Running::new(underway.clone()));
            async move {
                let response = client.oneshot(request).await.map_err(BoxError::from)?;
                Ok::<_, BoxError>(response.map(|body| {
                    // The closure owns `running`, so the request counts until the body is dropped. Unlike a wrapper,
                    // `map_err` keeps the length of the body.
                    body.map_err(move |error| {
                        let _ = &running;
                        error
                    })
                }))
            }
        })))
    }

    /// Returns whether a request is running.
    pub(super) fn is_busy(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until no request is running.
    pub(super) async fn over(&self) {
        // An error would mean that the sender is gone, and `self` is the sender.
        let _ = self.0.subscribe().wait_for(|busy| !busy).await;
    }
}

/// A request that counts as running until this is dropped.
struct Running(watch::Sender<bool>);

impl Running {
    fn new(underway: watch::Sender<bool>) -> Self {
        underway.send_replace(true);
        Self(underway)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.send_replace(false);
    }
}
