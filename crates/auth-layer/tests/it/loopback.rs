//! A server on 127.0.0.1 that answers by a script or breaks the connection, for tests that need a socket.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

use crate::canary;
use crate::support::Seen;

/// The reaction of a [`Loopback`] to a request.
pub(crate) enum Reply {
    /// Sends the whole response.
    Whole(Response<String>),
    /// Sends the response, announces one more byte, and resets the connection.
    Reset(Response<String>),
    /// Sends the response, announces one more byte, and closes the connection.
    Cut(Response<String>),
}

/// A server on its own port. It stops when it is dropped.
pub(crate) struct Loopback {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Loopback {
    /// Answers by a script, which gets the number of the request, from 1.
    pub(crate) async fn start(script: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let (script, all) = (Arc::new(script), seen.clone());
        let connections = Arc::<AtomicUsize>::default();
        let accepted = connections.clone();
        let accepting = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                accepted.fetch_add(1, Ordering::Relaxed);
                let (script, all) = (script.clone(), all.clone());
                tokio::spawn(async move { serve(stream, &*script, &all).await });
            }
        });
        Self { address, seen, connections, accepting }
    }

    /// Answers every request with this status and body.
    pub(crate) async fn saying(status: u16, body: &'static str) -> Self {
        Self::start(move |_, _| Reply::Whole(answer(status, body))).await
    }

    /// Returns the URL of a path on the server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns the number of requests.
    pub(crate) fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// Returns the number of connections.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Returns the requests, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A port without a listener. No other process can listen there while this is held.
pub(crate) struct Closed(#[expect(dead_code, reason = "it holds the port")] TcpSocket, SocketAddr);

impl Closed {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let address = socket.local_addr().unwrap();
        Self(socket, address)
    }

    /// Returns the URL of a path at the closed port.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.1)
    }
}

/// Returns a JSON answer.
pub(crate) fn answer(status: u16, body: &str) -> Response<String> {
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(body.to_owned())
        .unwrap()
}

/// Returns a redirect to another URL.
pub(crate) fn redirect(status: u16, location: &str) -> Response<String> {
    Response::builder().status(status).header("location", location).body(String::new()).unwrap()
}

/// Serves one connection until either side closes it.
async fn serve(
    mut stream: TcpStream,
    script: &(dyn Fn(usize, &Seen) -> Reply + Send + Sync),
    all: &Mutex<Vec<Seen>>,
) {
    while let Some(request) = read(&mut stream).await {
        let number = {
            let mut all = all.lock().unwrap();
            all.push(request.clone());
            all.len()
        };
        let (response, missing) = match script(number, &request) {
            Reply::Whole(response) => (response, None),
            Reply::Reset(response) => (response, Some(true)),
            Reply::Cut(response) => (response, Some(false)),
        };
        let length = response.body().len() + usize::from(missing.is_some());
        let mut head = format!("HTTP/1.1 {} -\r\ncontent-length: {length}\r\n", response.status().as_u16());
        for (name, value) in response.headers() {
            head += &format!("{name}: {}\r\n", value.to_str().unwrap());
        }
        let message = format!("{head}\r\n{}", response.body());
        if stream.write_all(message.as_bytes()).await.is_err() {
            return;
        }
        if let Some(reset) = missing {
            if reset {
                stream.set_zero_linger().unwrap();
            }
            return;
        }
    }
}

/// Reads one request. Returns `None` if the other side has closed the connection.
pub(crate) async fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut read = Vec::new();
    let head_ends = loop {
        if let Some(at) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    };
    let head = std::str::from_utf8(&read[..head_ends]).expect("an ASCII head");
    let mut lines = head.lines();
    let mut first = lines.next().expect("a request line").split(' ');
    let method = first.next().unwrap().parse().unwrap();
    let uri = first.next().unwrap().parse().unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        headers.append(name.parse::<HeaderName>().unwrap(), value.trim().parse::<HeaderValue>().unwrap());
    }
    assert!(!headers.contains_key("transfer-encoding"), "this server reads bodies of a known length only");
    let length = headers.get("content-length").map_or(0, |value| value.to_str().unwrap().parse().unwrap());
    let mut body = read.split_off(head_ends);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    let seen = Seen { method, uri, headers, body: Bytes::from(body) };
    canary::note(&seen);
    Some(seen)
}
