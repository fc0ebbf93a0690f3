//! `LoopbackListener`: where the browser comes back to, on this machine.

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

/// Waits on this machine for the browser to come back from a sign-in (RFC 8252 section 7.3).
///
/// It is bound to a loopback address by number, so that nobody else on the network can reach it, and to a port that the
/// system picks. It answers one path, with a page that says whether the window may be closed, and is gone with the first
/// answer, or when it is dropped. It is made just before the sign-in begins, on a tokio runtime.
///
/// ```no_run
/// # async fn run(sign_in: auth_layer::SignIn) -> Result<(), Box<dyn std::error::Error>> {
/// use auth_layer::LoopbackListener;
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
    /// Those of the system.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes what was opened.
    pub async fn bind() -> io::Result<Self> {
        Self::bind_to("http://127.0.0.1/callback").await
    }

    /// Listens where a redirect URI says, as the provider knows it: on `127.0.0.1` or `[::1]`. Without a port the system
    /// picks one, which a provider should put up with (RFC 8252 section 7.3). A client at several providers gives each of
    /// them a path of its own (see [`SignIn::authorize`](crate::SignIn::authorize)).
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] if it is not `http`, not on a loopback address by number (`localhost` may be
    /// somewhere else), or has a query. Else those of the system: the port may be taken.
    ///
    /// # Cancel safety
    ///
    /// As for [`bind`](Self::bind).
    pub async fn bind_to(redirect_uri: &str) -> io::Result<Self> {
        let (address, port, path) = taken_apart(redirect_uri)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, NOT_LOOPBACK))?;
        let listener = TcpListener::bind((address, port)).await?;
        let redirect_uri = format!("http://{}{path}", listener.local_addr()?);
        Ok(Self { listener, redirect_uri, path, patience: PATIENCE })
    }

    /// How long [`answer`](Self::answer) waits for a person. 10 minutes unless set.
    #[must_use]
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The redirect URI to begin the sign-in with, its port included.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Waits for the answer to an authorization, which is for [`SignIn::finish`](crate::SignIn::finish); it may be a
    /// refusal. Whatever else comes is turned away, and it goes on waiting.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInFailed`](crate::ErrorKind::SignInFailed) if nobody came back in time, if the system lets nobody
    /// in, and at once if the authorization has another redirect URI than this.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the port and all connections.
    pub async fn answer(self, authorization: &Authorization) -> Result<Secret, Error> {
        if authorization.redirect_uri() != self.redirect_uri {
            return Err(failed("the authorization has another redirect URI than the listener"));
        }
        let deadline = authorization.clock().sleep(self.patience);
        match select(pin!(self.serve(authorization)), deadline).await {
            Either::Left((answer, _)) => answer,
            Either::Right(((), _)) => Err(failed("nobody came back from the sign-in page in time")),
        }
    }

    /// Serves all connections side by side, so that a slow one keeps nobody else waiting.
    async fn serve(&self, authorization: &Authorization) -> Result<Secret, Error> {
        let mut connections: VecDeque<Connection<'_>> = VecDeque::new();
        loop {
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
                    return Err(failed("the browser cannot be let in").with_source(error.into()));
                }
            }
        }
    }

    /// Has one conversation; gives the answer if this was it.
    async fn converse(&self, stream: TcpStream, authorization: &Authorization) -> Option<Secret> {
        let answer = Mutex::new(None);
        let found = || answer.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = http1::Builder::new()
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
        // A browser that went away without reading its page has brought its answer all the same.
        drop(select(pin!(connection), deadline).await);
        found().take()
    }

    /// Decides on one request: the page to show, and the query if it is the answer.
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
        // As a query, and not as something that begins like a URL.
        let query = Secret::new(format!("?{}", request.uri().query().unwrap_or_default()));
        if !authorization.accepts(query.expose()) {
            return (page::not_awaited(), None);
        }
        let granted = Callback::read(query.expose()).code().is_ok();
        (if granted { page::signed_in() } else { page::refused() }, Some(query))
    }
}

type Connection<'a> = Pin<Box<dyn Future<Output = Option<Secret>> + Send + 'a>>;

/// What comes first: the answer, or somebody else.
enum Next {
    Answer(Secret),
    Came(io::Result<(TcpStream, SocketAddr)>),
}

/// Lets go of whoever stayed longest, who has had the most time; but first the runtime may see what everybody has
/// brought, for one of them may have brought the answer.
async fn make_room(connections: &mut VecDeque<Connection<'_>>) -> Option<Secret> {
    tokio::task::yield_now().await;
    let answer = poll_fn(|cx| Poll::Ready(answered(connections, cx))).await;
    match answer {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => {
            if connections.len() == MOST_CONNECTIONS {
                connections.pop_front();
            }
            None
        }
    }
}

/// Polls all connections, lets go of those that ended, and gives the first answer.
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

/// Address, port and path of a redirect URI on this machine.
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
        Port::Default => 0,
        Port::Number(port) => port,
        Port::Invalid => return None,
    };
    good.then(|| (address, port, uri.path().to_owned()))
}

/// Whether letting in failed for one connection alone.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}

const NOT_LOOPBACK: &str =
    "a redirect URI on this machine is http://127.0.0.1 or http://[::1], without a query";

/// Long enough for a person who has to look for a password.
const PATIENCE: Duration = Duration::from_secs(600);

/// A browser on the same machine takes milliseconds.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);

/// Browsers open a few in advance.
const MOST_CONNECTIONS: usize = 32;

const LONGEST_HEAD: usize = 32 * 1024;
const MOST_HEADERS: usize = 64;
