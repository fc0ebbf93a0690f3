//! The connector of the hyper leaf: connects to the server, directly or through a proxy.

use std::fmt;
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Uri;
use http::uri::Scheme;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::proxy::{SocksV4, SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower::ServiceExt;
use tower_service::Service;

use super::connect_timeout::CONNECT_TIMEOUT;
use super::proxies::Proxies;
use crate::error::BoxError;
use crate::url::check_port;

/// A connector to the server of a URL, without TLS to that server. The connector around it adds TLS.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    tcp: HttpConnector,
    /// Connects to proxies. Some of them are reached over TLS.
    to_proxies: HttpsConnector<HttpConnector>,
    proxies: Proxies,
}

impl Connector {
    pub(super) fn new(tls: ClientConfig, proxies: Proxies) -> Self {
        let mut tcp = HttpConnector::new();
        // The URL of the target or of the proxy may be `https` or `socks5`.
        tcp.enforce_http(false);
        // Nagle's algorithm would hold a small request back until the previous packet is acknowledged.
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        // `CONNECT` is sent over HTTP/1.1.
        let to_proxies = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        Self { to_proxies: to_proxies.wrap_connector(tcp.clone()), tcp, proxies }
    }

    async fn connect(self, target: Uri) -> Result<Route, BoxError> {
        // For an invalid port, hyper would connect to the default port.
        check_port(&target)?;
        let Some(proxy) = self.proxies.intercept(&target) else {
            let stream = self.tcp.oneshot(target).await?;
            return Ok(Route { stream: MaybeHttpsStream::Http(stream), forwards: false });
        };
        let host = proxy.uri().host().unwrap_or_default();
        let place = proxy.uri().port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let failed = |source| ProxyError { place, source };
        match tokio::time::timeout(CONNECT_TIMEOUT, self.connect_through(&proxy, &target)).await {
            Ok(route) => route.map_err(|source| failed(source).into()),
            Err(late) => Err(failed(late.into()).into()),
        }
    }

    async fn connect_through(self, proxy: &Intercept, target: &Uri) -> Result<Route, BoxError> {
        let is_https = target.scheme() == Some(&Scheme::HTTPS);
        let (target, place) = (with_port(target)?, with_port(proxy.uri())?);
        let (stream, forwards) = match place.scheme_str() {
            Some("socks5" | "socks5h") => {
                // The proxy looks up the host name for both schemes. A lookup here would block the thread.
                let socks = SocksV5::new(place, self.tcp);
                let socks = match proxy.raw_auth() {
                    Some((user, password)) => socks.with_auth(user.to_owned(), password.to_owned()),
                    None => socks,
                };
                (MaybeHttpsStream::Http(socks.oneshot(target).await?), false)
            }
            Some("socks4" | "socks4a") => {
                let socks = SocksV4::new(place, self.tcp);
                (MaybeHttpsStream::Http(socks.oneshot(target).await?), false)
            }
            // A plain http request is sent to the proxy, which reads and forwards it.
            _ if !is_https => (self.to_proxies.oneshot(place).await?, true),
            _ => {
                let tunnel = Tunnel::new(place, self.to_proxies);
                let tunnel = match proxy.basic_auth() {
                    Some(basic) => tunnel.with_auth(basic.clone()),
                    None => tunnel,
                };
                (tunnel.oneshot(target).await?, false)
            }
        };
        Ok(Route { stream, forwards })
    }
}

impl Service<Uri> for Connector {
    type Response = Route;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Route, BoxError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // `oneshot` polls the inner connectors ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        Box::pin(self.clone().connect(target))
    }
}

/// Returns the URL with an explicit port, because a proxy has no default port for its target.
fn with_port(url: &Uri) -> Result<Uri, http::Error> {
    if url.port().is_some() {
        return Ok(url.clone());
    }
    let port = match url.scheme_str() {
        Some("https") => 443,
        Some("http") | None => 80,
        Some(_) => SOCKS_PORT,
    };
    let authority = format!("{}:{port}", url.host().unwrap_or_default());
    let scheme = url.scheme_str().unwrap_or("http");
    Uri::builder().scheme(scheme).authority(authority).path_and_query("/").build()
}

/// A connection to a server, or to a proxy that forwards requests.
#[derive(Debug)]
pub(super) struct Route {
    stream: MaybeHttpsStream<TokioIo<TcpStream>>,
    /// True if the connection ends at a proxy that forwards requests. Such a proxy needs the whole URL in the request
    /// line.
    forwards: bool,
}

impl Connection for Route {
    fn connected(&self) -> Connected {
        let connected = self.stream.connected();
        if self.forwards { connected.proxy(true) } else { connected }
    }
}

impl Read for Route {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buffer)
    }
}

impl Write for Route {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, slices)
    }
}

/// The error of a failed connection through a proxy.
#[derive(Debug)]
struct ProxyError {
    /// The host and port. The rest of the URL is not shown: it may contain a part of a password with an `@`.
    place: String,
    source: BoxError,
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "could not connect through the proxy {}; check HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY",
            self.place
        )
    }
}

impl std::error::Error for ProxyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}

/// The default port of SOCKS (RFC 1928 section 3).
const SOCKS_PORT: u16 = 1080;
