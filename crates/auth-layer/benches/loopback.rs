//! Requests per second over loopback, with and without the layer, over HTTP/1.1 and HTTP/2.
//!
//! The server has its own thread. The client is hyper-util's, alternately with and without the layer. The bare client's
//! requests have the same header, so that both send the same bytes. The figure is the median of the rounds' ratios:
//! other processes disturb both halves of a round alike.

#[path = "common/report.rs"]
mod report;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use auth_layer::{AccessToken, AuthLayer, BoxError, Profile, StaticToken, TokenManager};
use bytes::Bytes;
use futures_util::future::join_all;
use http::header::AUTHORIZATION;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Body;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use report::{figure, rounds};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tower::{Layer, Service, ServiceExt};

fn main() -> Result<(), BoxError> {
    let server = runtime()?;
    let listener = server.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
    let address = listener.local_addr()?;
    // The thread is not joined. It ends with the process.
    thread::spawn(move || server.block_on(serve(listener)));
    let client = runtime()?;
    client.block_on(compare("HTTP/1.1", address, false))?;
    client.block_on(compare("HTTP/2", address, true))
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

async fn serve(listener: TcpListener) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let answer = service_fn(|_| async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("ok"))) });
        tokio::spawn(async move {
            // An error means only that the client closed the connection.
            let _ =
                auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

async fn compare(version: &str, address: SocketAddr, http2: bool) -> Result<(), BoxError> {
    let origin = format!("http://{address}");
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let bare: Client<_, Empty<Bytes>> =
        Client::builder(TokioExecutor::new()).http2_only(http2).build(connector);
    let profile = Profile::new("bench", &origin)?.with_origin(&origin)?;
    let token = AccessToken::new(&"t".repeat(512))?;
    let manager = TokenManager::new(StaticToken::new(token.clone()));
    let layered = AuthLayer::new(&profile, manager).layer(bare.clone());

    let uri: Uri = format!("{origin}/v1/things/42").parse()?;
    let plain = || {
        let mut request = Request::new(Empty::new());
        uri.clone_into(request.uri_mut());
        request
    };
    let authorized = || {
        let mut request = plain();
        request.headers_mut().insert(AUTHORIZATION, token.header().clone());
        request
    };
    let calls = rounds(1_000);
    let (mut ratios, mut rates) = (Vec::new(), Vec::new());
    // The first round warms up and is not counted.
    for round in 0..=rounds(20) {
        // The order alternates, so that neither half always profits from a warm cache.
        let (with, without) = if round % 2 == 0 {
            let with = burst(&layered, plain, calls).await?;
            (with, burst(&bare, authorized, calls).await?)
        } else {
            let without = burst(&bare, authorized, calls).await?;
            (burst(&layered, plain, calls).await?, without)
        };
        if round > 0 {
            ratios.push(without.as_secs_f64() / with.as_secs_f64());
            rates.push((CALLERS * calls) as f64 / without.as_secs_f64());
        }
    }
    figure(
        format_args!("{version}: requests per second beside the bare client"),
        median(ratios),
        "x",
        "at least 0.98",
    );
    figure(format_args!("{version}: requests of the bare client"), median(rates), "per second", "-");
    Ok(())
}

/// Returns how long [`CALLERS`] concurrent callers take to make `calls` calls each.
async fn burst<S, R>(
    service: &S,
    request: impl Fn() -> Request<Empty<Bytes>>,
    calls: usize,
) -> Result<Duration, BoxError>
where
    S: Service<Request<Empty<Bytes>>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    R: Body,
    R::Error: Into<BoxError>,
{
    let caller = || async {
        for _ in 0..calls {
            let response = service.clone().oneshot(request()).await.map_err(Into::into)?;
            // A connection returns to the pool when the body is read to its end.
            response.into_body().collect().await.map_err(Into::into)?;
        }
        Ok::<_, BoxError>(())
    };
    let start = now();
    for outcome in join_all((0..CALLERS).map(|_| caller())).await {
        outcome?;
    }
    Ok(start.elapsed())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> Instant {
    Instant::now()
}

/// 16 callers keep a server busy, and their connections fit into a pool.
const CALLERS: usize = 16;
