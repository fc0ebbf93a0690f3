//! `LoopbackListener`: a server on this machine that receives the callback of a sign-in.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, select};
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use super::authorization::Authorization;
use super::callback::{Callback, failed};
use super::page;
use crate::error::Error;
use crate::secret::Secret;
use crate::url::{Port, port_of};

/// A server on this machine that receives the browser after a sign-in (RFC 8252 section 7.3).
///
/// - It listens on a loopback IP address, so that other machines cannot reach it. The system picks the port.
/// - It serves one path, with a page that tells the person to close the window.
/// - It stops after the first callback of its sign-in, or when it is dropped.
///
/// Make it just before the sign-in starts, on a tokio runtime.
///
/// ```no_run
/// # async fn run(sign_in: auth_layer::SignIn) -> Result<(), Box<dyn std::error::Error>> {
/// use auth_layer::sign_in::LoopbackListener;
///
/// let listener = LoopbackListener::bind().await?;
/// let authorization = sign_in.authorize(listener.redirect_uri(), None)?;
/// println!("Sign in at {}", authorization.url());
/// let callback = listener.answer(&authorization).await?;
/// let signed_in = sign_in.finish(authorization, callback.expose()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct LoopbackListener {
    listener: TcpListener,
    redirect_uri: String,
    path: String,
    patience: Duration,
}

impl LoopbackListener {
    /// Listens on `http://127.0.0.1/callback`, on a port that the system picks.
    ///
    /// # Errors
    ///
    /// Returns the system's error if it cannot open the port.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the port.
    pub async fn bind() -> io::Result<Self> {
        Self::bind_to("http://127.0.0.1/callback").await
    }

    /// Listens at a redirect URI that the provider knows, on `127.0.0.1` or `[::1]`.
    ///
    /// If the URI has no port, the system picks one. A provider should accept any port of a loopback URI (RFC 8252
    /// section 7.3). A client of several providers needs a different path for each of them (see
    /// [`SignIn::authorize`](crate::SignIn::authorize)).
    ///
    /// # Errors
    ///
    /// - [`io::ErrorKind::InvalidInput`] if `redirect_uri` is not `http`, has a query or a fragment, or has a host that
    ///   is not a loopback IP address. `localhost` is not accepted, since it may resolve to another address.
    /// - The system's error if it cannot open the port, for example because another program uses it.
    ///
    /// # Cancel safety
    ///
    /// The same as for [`bind`](Self::bind).
    pub async fn bind_to(redirect_uri: &str) -> io::Result<Self> {
        let (address, port, path) = taken_apart(redirect_uri)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, NOT_LOOPBACK))?;
        let listener = TcpListener::bind((address, port)).await?;
        // The address is read back from the listener, since the system may have picked the port.
        let redirect_uri = format!("http://{}{path}", listener.local_addr()?);
        Ok(Self { listener, redirect_uri, path, patience: PATIENCE })
    }

    /// Sets how long [`answer`](Self::answer) waits for a person. The default is 10 minutes.
    #[must_use]
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Returns the redirect URI to start the sign-in with. It includes the port.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Waits for the callback of `authorization` and returns it for [`SignIn::finish`](crate::SignIn::finish).
    ///
    /// The callback may be a refusal. Any other request gets an error page, and the wait continues.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::SignInFailed`](crate::ErrorKind::SignInFailed) if:
    ///
    /// - no callback came in time;
    /// - the system cannot accept connections;
    /// - `authorization` has another redirect URI than this listener (returned at once).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the port and all connections. A callback that came at that moment is lost.
    pub async fn answer(self, authorization: &Authorization) -> Result<Secret, Error> {
        if authorization.redirect_uri() != self.redirect_uri {
            return Err(failed(
                "the authorization has another redirect URI than the listener; pass the listener's to \
                 `SignIn::authorize`",
            ));
        }
        let deadline = authorization.clock().sleep(self.patience);
        match select(pin!(self.serve(authorization)), deadline).await {
            Either::Left((answer, _)) => answer,
            Either::Right(((), _)) => {
                let patience = self.patience;
                Err(failed(format!(
                    "the browser did not come back from the sign-in page within {patience:?}; start the sign-in again"
                )))
            }
        }
    }

    /// Serves all connections concurrently, so that a slow connection does not delay the callback on another one.
    async fn serve(&self, authorization: &Authorization) -> Result<Secret, Error> {
        let mut connections: VecDeque<Connection<'_>> = VecDeque::new();
        loop {
            // The open connections are polled before a new one is accepted: one of them may have the callback.
            let next = poll_fn(|cx| match answered(&mut connections, cx) {
                Poll::Ready(answer) => Poll::Ready(Next::Answer(answer)),
                Poll::Pending => self.listener.poll_accept(cx).map(Next::Came),
            });
            match next.await {
                Next::Answer(answer) => return Ok(answer),
                Next::Came(Ok((stream, _))) => {
                    if connections.len() == MOST_CONNECTIONS
                        && let Some(answer) = make_room(&mut connections).await
                    {
                        return Ok(answer);
                    }
                    connections.push_back(Box::pin(self.converse(stream, authorization)));
                }
                Next::Came(Err(error)) if is_of_one_connection(&error) => {}
                Next::Came(Err(error)) => {
                    let message =
                        "the listener for the sign-in cannot accept connections; start the sign-in again";
                    return Err(failed(message).with_source(error.into()));
                }
            }
        }
    }

    /// Serves one connection. Returns the query if its request was the callback.
    async fn converse(&self, stream: TcpStream, authorization: &Authorization) -> Option<Secret> {
        let answer = Mutex::new(None);
        // Only assignments happen under the lock, so that a poisoned value is still whole.
        let found = || answer.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = http1::Builder::new()
            // One request for each connection: an idle connection would take one of the few places.
            .keep_alive(false)
            .max_buf_size(LONGEST_HEAD)
            .max_headers(MOST_HEADERS)
            .serve_connection(
                TokioIo::new(stream),
                service_fn(|request: Request<hyper::body::Incoming>| {
                    let (response, query) = self.respond(&request, authorization);
                    *found() = query;
                    async { Ok::<_, Infallible>(response) }
                }),
            );
        let deadline = authorization.clock().sleep(CONNECTION_TIMEOUT);
        // The result does not matter: a browser that closed the connection before it got the page has still sent the
        // callback.
        drop(select(pin!(connection), deadline).await);
        found().take()
    }

    /// Returns the page for one request, and the query if the request is the callback.
    fn respond<B>(
        &self,
        request: &Request<B>,
        authorization: &Authorization,
    ) -> (Response<Full<Bytes>>, Option<Secret>) {
        if request.uri().path() != self.path {
            return (page::not_here(), None);
        }
        if request.method() != http::Method::GET {
            return (page::only_get(), None);
        }
        // With the `?` it is always read as a query. Without it, a query that begins like a URL would be read as one.
        let query = Secret::new(format!("?{}", request.uri().query().unwrap_or_default()));
        if !authorization.accepts(query.expose()) {
            return (page::not_awaited(), None);
        }
        let granted = Callback::read(query.expose()).code().is_ok();
        (if granted { page::signed_in() } else { page::refused() }, Some(query))
    }
}

type Connection<'a> = Pin<Box<dyn Future<Output = Option<Secret>> + Send + 'a>>;

/// The next event: the callback, or a new connection.
enum Next {
    Answer(Secret),
    Came(io::Result<(TcpStream, SocketAddr)>),
}

/// Makes room for a new connection: drops the oldest one, which has had the most time to send its request.
///
/// Returns the callback if one of the connections has it.
async fn make_room(connections: &mut VecDeque<Connection<'_>>) -> Option<Secret> {
    // The runtime learns of received bytes only between two polls of the task. Without this yield, the connection with
    // the callback could be dropped unread.
    tokio::task::yield_now().await;
    let answer = poll_fn(|cx| Poll::Ready(answered(connections, cx))).await;
    match answer {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => {
            // The poll above may have removed connections that ended.
            if connections.len() == MOST_CONNECTIONS {
                connections.pop_front();
            }
            None
        }
    }
}

/// Polls all connections, removes those that ended, and returns the first callback.
fn answered(connections: &mut VecDeque<Connection<'_>>, cx: &mut Context<'_>) -> Poll<Secret> {
    let mut answer = None;
    connections.retain_mut(|connection| match connection.as_mut().poll(cx) {
        Poll::Ready(found) => {
            answer = answer.take().or(found);
            false
        }
        Poll::Pending => true,
    });
    answer.map_or(Poll::Pending, Poll::Ready)
}

/// Returns the address, port and path of a redirect URI on this machine.
fn taken_apart(redirect_uri: &str) -> Option<(IpAddr, u16, String)> {
    let uri: Uri = redirect_uri.parse().ok()?;
    let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let address: IpAddr = host.parse().ok()?;
    let good = uri.scheme_str() == Some("http")
        && address.is_loopback()
        && uri.query().is_none()
        && !redirect_uri.contains('#');
    let port = match port_of(authority) {
        // The system picks a port for 0.
        Port::Default => 0,
        Port::Number(port) => port,
        Port::Invalid => return None,
    };
    good.then(|| (address, port, uri.path().to_owned()))
}

/// Returns whether an error of `accept` concerns one connection only, so that the listener can go on.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}

const NOT_LOOPBACK: &str =
    "the redirect URI must begin with http://127.0.0.1 or http://[::1], and have no query and no fragment";

/// Long enough for a person who has to look for a password or a second factor.
const PATIENCE: Duration = Duration::from_secs(600);

/// Far more than a browser on the same machine needs, which is milliseconds.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);

/// Far more than the few connections that a browser opens in advance.
const MOST_CONNECTIONS: usize = 32;

/// Enough for the cookies of other programs on this machine: a cookie is sent to every port of its host (RFC 6265
/// section 8.5).
const LONGEST_HEAD: usize = 32 * 1024;

/// Browsers send about 20 headers.
const MOST_HEADERS: usize = 64;
