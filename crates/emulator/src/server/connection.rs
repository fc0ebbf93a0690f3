//! One connection: HTTP/1.1 or HTTP/2, which can also be closed without an answer.

use std::fmt;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::fault::Hangup;

/// Serves a connection until it ends. Its error is ignored, because the client sees it as well.
pub(super) async fn serve(stream: TcpStream, router: Router) {
    // Without this, small answers may wait for the client's acknowledgement. If the option cannot be set, they are only
    // slower.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| answer(router.clone(), request));
    // The builder detects HTTP/2 by its preface, so one port serves both versions.
    let server = Builder::new(TokioExecutor::new());
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

/// Answers a request. An error makes the server close the connection, or reset the stream over HTTP/2.
async fn answer(mut router: Router, request: Request<Incoming>) -> Result<Response<Body>, HungUp> {
    let response = match router.call(request.map(Body::new)).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    if response.extensions().get::<Hangup>().is_some() {
        return Err(HungUp);
    }
    Ok(response)
}

#[derive(Debug)]
struct HungUp;

impl fmt::Display for HungUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fault closed the connection")
    }
}

impl std::error::Error for HungUp {}
