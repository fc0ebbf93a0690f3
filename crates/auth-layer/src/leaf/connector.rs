//! How the hyper leaf connects: to the server itself, or to a proxy that connects on.

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

use super::CONNECT_TIMEOUT;
use super::proxies::Proxies;
use crate::error::BoxError;
use crate::url::check_port;

/// Connects to the server of a URL, without TLS to that server. TLS is the business of whatever wraps this.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    tcp: HttpConnector,
    /// It connects to proxies, of which some are spoken to over TLS.
    to_proxies: HttpsConnector<HttpConnector>,
    proxies: Proxies,
}

impl Connector {
    pub(super) fn new(tls: ClientConfig, proxies: Proxies) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        // `CONNECT` is sent over HTTP/1.1.
        let to_proxies = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        Self { to_proxies: to_proxies.wrap_connector(tcp.clone()), tcp, proxies }
    }

    async fn connect(self, target: Uri) -> Result<Route, BoxError> {
        // hyper would connect to the default port instead.
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
                // The proxy looks up the name in both cases: to do it here would block the thread.
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
            // The proxy reads and forwards the request, of which nothing is secret to it.
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
        // The inner connectors are polled ready when they are called.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        Box::pin(self.clone().connect(target))
    }
}

/// The same URL with its port written out: what proxies are told has no default.
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
    /// Whether it ends at a proxy, which has to be told the whole URL.
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

/// A connection through a proxy did not come about.
#[derive(Debug)]
struct ProxyError {
    /// Host and port alone: a part of a password with an `@` in it may be left in the rest of the URL.
    place: String,
    source: BoxError,
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no connection through the proxy {}; check HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY",
            self.place
        )
    }
}

impl std::error::Error for ProxyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}

/// RFC 1928 section 3.
const SOCKS_PORT: u16 = 1080;
