//! A listening socket on loopback. Dropping it closes all of its connections.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

use super::connection;

#[derive(Debug)]
pub(crate) struct Listener {
    address: SocketAddr,
    socket: Option<TcpListener>,
    task: Option<AbortHandle>,
}

impl Listener {
    /// Binds 127.0.0.1. Port 0 chooses a free port.
    pub(crate) async fn bind(port: u16) -> io::Result<Self> {
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        let socket = bound.map_err(|error| not_bound(port, &error))?;
        Ok(Self { address: socket.local_addr()?, socket: Some(socket), task: None })
    }

    /// Returns the scheme, host and port of the socket.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers from now on. The task owns the connections, so they end when it is aborted.
    pub(crate) fn serve(&mut self, router: Router) {
        if let Some(socket) = self.socket.take() {
            self.task = Some(tokio::spawn(accept(socket, router)).abort_handle());
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// Returns an error of the same kind that names the port.
fn not_bound(port: u16, error: &io::Error) -> io::Error {
    let problem = match error.kind() {
        io::ErrorKind::AddrInUse => format!("port {port} on 127.0.0.1 is already in use"),
        _ => format!("cannot listen on port {port} of 127.0.0.1: {error}"),
    };
    let advice = "choose another port base (--port-base), or 0 for free ports";
    io::Error::new(error.kind(), format!("{problem}; {advice}"))
}

async fn accept(socket: TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = socket.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection::serve(stream, router.clone()));
                }
                // The usual cause is a lack of file descriptors, so wait until a connection returns one.
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            // Finished tasks are removed here. Otherwise the set would grow with every connection.
            Some(_) = connections.join_next() => {}
        }
    }
}

// Short for a client that waits, and long enough not to use a whole core.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
