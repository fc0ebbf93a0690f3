//! A server on 127.0.0.1 that keeps every request as the received bytes.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A recording server. It stops when it is dropped.
pub(crate) struct Recorder {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Recorded>>>,
    accepting: JoinHandle<()>,
}

/// One request, as the server received it.
#[derive(Clone, Debug)]
pub(crate) struct Recorded(String);

impl Recorder {
    /// Answers each request as the script says: with a status and a JSON body.
    pub(crate) async fn start(script: impl Fn(&Recorded) -> (u16, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<Recorded>>>::default();
        let (script, all) = (Arc::new(script), requests.clone());
        let accepting = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (script, all) = (script.clone(), all.clone());
                tokio::spawn(async move { serve(stream, &*script, &all).await });
            }
        });
        Self { address, requests, accepting }
    }

    /// Returns the URL of a path on the server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns the requests so far, in order.
    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.requests.lock().unwrap().clone()
    }

    /// Returns the requests to a path with this end.
    pub(crate) fn requests_to(&self, path: &str) -> Vec<Recorded> {
        self.requests().into_iter().filter(|request| request.path().ends_with(path)).collect()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Recorded {
    /// Returns the request as it was received.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// Returns the path and query of the request line.
    pub(crate) fn path(&self) -> &str {
        self.0.split(' ').nth(1).unwrap()
    }

    /// Returns all values of a header, in order. The name must be in lower case.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let lines = self.head().lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    /// Returns the body.
    pub(crate) fn body(&self) -> &str {
        &self.0[self.head().len() + END.len()..]
    }

    fn head(&self) -> &str {
        self.0.split(END).next().unwrap()
    }

    /// Returns whether the whole request has arrived.
    fn is_whole(&self) -> bool {
        if !self.0.contains(END) {
            return false;
        }
        if !self.header("transfer-encoding").is_empty() {
            return self.body().ends_with("0\r\n\r\n");
        }
        let length = self.header("content-length").first().map_or(0, |length| length.parse().unwrap());
        self.body().len() >= length
    }
}

/// Serves one connection until the client closes it.
async fn serve(
    mut stream: TcpStream,
    script: &(dyn Fn(&Recorded) -> (u16, String) + Send + Sync),
    all: &Mutex<Vec<Recorded>>,
) {
    loop {
        let mut request = Recorded(String::new());
        while !request.is_whole() {
            let mut read = [0; 4096];
            match stream.read(&mut read).await {
                Ok(length @ 1..) => request.0.push_str(std::str::from_utf8(&read[..length]).unwrap()),
                _ => return,
            }
        }
        all.lock().unwrap().push(request.clone());
        let (status, body) = script(&request);
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

const END: &str = "\r\n\r\n";
