//! The requests that go through a proxy, and what the proxy sees of them.
//!
//! Proxies are read from the environment, which all tests of a process share. So a test starts this binary again with
//! another environment, and runs `child_sends_through_both_leaves` in it.

use std::io::Write;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use auth_layer::BoxError;
use auth_layer::leaf;
use auth_layer::leaf::reqwest::ReqwestLeaf;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tower::{Service, ServiceExt};

use crate::loopback::Loopback;
use crate::support::until;

/// A proxy on its own port. It connects nowhere. It keeps what it receives, and closes the connection after the first
/// bytes that it would have passed on.
struct Proxy {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Passed>>>,
    connections: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

/// One connection to a proxy.
#[derive(Clone, Debug, Default)]
struct Passed {
    /// The bytes for the proxy.
    head: Vec<u8>,
    /// The bytes for the server behind the proxy.
    inside: Vec<u8>,
}

impl Passed {
    fn head(&self) -> String {
        String::from_utf8_lossy(&self.head).into_owned()
    }

    /// Returns whether TLS begins inside, so that the proxy can read nothing of the request.
    fn is_private(&self) -> bool {
        let all = [&self.head[..], &self.inside].concat();
        let text = String::from_utf8_lossy(&all);
        self.inside.first() == Some(&HANDSHAKE) && !text.contains(SECRET) && !text.contains("/secret-path")
    }
}

impl Proxy {
    /// Starts a proxy that answers each request with this status.
    async fn answering(status: u16) -> Self {
        let status = Arc::new(format!("HTTP/1.1 {status} -\r\ncontent-length: 0\r\n\r\n"));
        Self::start(move |stream| http(stream, status.clone())).await
    }

    async fn start<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Passed> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Vec<Passed>>>::default();
        let connections = Arc::<AtomicUsize>::default();
        let (all, accepted) = (seen.clone(), connections.clone());
        let accepting = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                accepted.fetch_add(1, Ordering::Relaxed);
                let (all, serving) = (all.clone(), serve(stream));
                tokio::spawn(async move {
                    let passed = serving.await;
                    all.lock().unwrap().push(passed);
                });
            }
        });
        Self { address, seen, connections, accepting }
    }

    fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.address)
    }

    /// Waits until this many connections have ended, and returns what was sent over them.
    async fn seen(&self, count: usize) -> Vec<Passed> {
        until(|| self.seen.lock().unwrap().len() >= count).await;
        assert_eq!(self.connections(), count);
        self.seen.lock().unwrap().clone()
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Speaks HTTP as a proxy does.
async fn http(mut stream: TcpStream, status: Arc<String>) -> Passed {
    let mut passed = Passed::default();
    while !passed.head.windows(4).any(|four| four == b"\r\n\r\n") {
        if stream.read_buf(&mut passed.head).await.unwrap_or(0) == 0 {
            return passed;
        }
    }
    stream.write_all(status.as_bytes()).await.unwrap();
    if passed.head.starts_with(b"CONNECT") {
        let _ = stream.read_buf(&mut passed.inside).await;
    }
    passed
}

/// Speaks SOCKS (RFC 1928) as a proxy without credentials does.
async fn socks(mut stream: TcpStream) -> Passed {
    let mut passed = Passed::default();
    let mut greeting = [0; 3];
    stream.read_exact(&mut greeting).await.unwrap();
    assert_eq!(greeting, [5, 1, 0]);
    stream.write_all(&[5, 0]).await.unwrap();
    let mut command = [0; 5];
    stream.read_exact(&mut command).await.unwrap();
    assert_eq!(command[..4], [5, 1, 0, 3], "it is to connect, to a name");
    let mut place = vec![0; usize::from(command[4]) + 2];
    stream.read_exact(&mut place).await.unwrap();
    let port = u16::from_be_bytes(place.split_off(place.len() - 2).try_into().unwrap());
    passed.head = [&place[..], format!(":{port}").as_bytes()].concat();
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
    let _ = stream.read_buf(&mut passed.inside).await;
    passed
}

/// The results of one request through each leaf, hyper's first.
type Answers = [String; 2];

/// Sends the same request through both leaves in a process whose environment has these variables about proxies and no
/// others.
async fn send(url: String, variables: &[(&str, &str)]) -> Answers {
    let mut child = Command::new(std::env::current_exe().unwrap());
    let name = format!("{}::child_sends_through_both_leaves", module_path!().split_once("::").unwrap().1);
    child.args([&name, "--exact", "--nocapture", "--test-threads=1"]).env(URL, url).env_remove("CANARY");
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"] {
        child.env_remove(name).env_remove(name.to_ascii_lowercase());
    }
    child.envs(variables.iter().copied());
    let output = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<_> = told.lines().filter_map(|line| line.split_once(SAYS)).collect();
    let [hyper, reqwest] = [0, 1].map(|leaf| answers[leaf].1.to_owned());
    [hyper, reqwest]
}

#[tokio::test]
async fn child_sends_through_both_leaves() {
    let Ok(url) = std::env::var(URL) else { return };
    let (hyper, reqwest) = (leaf::hyper_util::client().unwrap(), ReqwestLeaf::new().unwrap());
    let debug = format!("{hyper:?} {reqwest:?}");
    let outcomes = [outcome(hyper, &url).await, outcome(reqwest, &url).await];
    let mut out = std::io::stdout();
    outcomes.iter().for_each(|outcome| writeln!(out, "{SAYS}{outcome}").unwrap());
    assert!(!debug.contains(PASSWORD), "{debug}");
}

/// Returns the status, or the error with all its causes.
async fn outcome<S, R>(leaf: S, url: &str) -> String
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    R: http_body::Body,
{
    let request = Request::post(url).header("authorization", SECRET).body(Full::from(SECRET)).unwrap();
    match leaf.oneshot(request).await.map_err(Into::into) {
        Ok(response) => {
            let status = response.status().as_u16();
            let _ = response.into_body().collect().await;
            status.to_string()
        }
        Err(error) => causes(error.as_ref()),
    }
}

fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(|error| format!("{error:?} {error}").replace('\n', " ")).collect::<Vec<_>>().join(": ")
}

#[tokio::test]
async fn a_request_for_this_machine_goes_through_no_proxy() {
    let (proxy, server) = (Proxy::answering(200).await, Loopback::saying(201, "direct").await);
    let url = proxy.url("http");
    let port = server.url("").rsplit_once(':').unwrap().1.to_owned();
    let everywhere: Vec<_> = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"]
        .map(|name| (name, url.as_str()))
        .to_vec();
    for host in ["127.0.0.1", "localhost", "LOCALHOST"] {
        for no_proxy in ["", "example.invalid"] {
            let mut variables = everywhere.clone();
            variables.push(("NO_PROXY", no_proxy));
            assert_eq!(
                send(format!("http://{host}:{port}/token"), &variables).await,
                ["201", "201"],
                "{host}"
            );
        }
    }
    // The proxy is not used for local hosts, even if no server listens there.
    for host in ["127.0.0.2", "[::1]", "api.localhost", "localhost."] {
        let answers = send(format!("http://{host}:1/token"), &everywhere).await;
        assert!(answers.iter().all(|answer| answer.parse::<u16>().is_err()), "{host}: {answers:?}");
    }
    assert_eq!((server.count(), proxy.connections()), (12, 0));
}

#[tokio::test]
async fn an_https_request_goes_through_a_tunnel_of_the_proxy() {
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let proxy = Proxy::answering(200).await;
        let url = proxy.url("http").replace("//", &format!("//user:{PASSWORD}@"));
        send("https://api.example.invalid/secret-path".to_owned(), &[(variable, &url)]).await;
        send("https://api.example.invalid:8443/secret-path".to_owned(), &[(variable, &url)]).await;
        let seen = proxy.seen(4).await;
        let heads: Vec<_> = seen.iter().map(Passed::head).collect();
        for (head, port) in heads.iter().zip([443, 443, 8443, 8443]) {
            assert!(head.starts_with(&format!("CONNECT api.example.invalid:{port} HTTP/1.1\r\n")), "{head}");
            let lower = head.to_ascii_lowercase();
            assert!(lower.contains("proxy-authorization: basic dxnlcjpwyxnzlxmzy3jlda=="), "{head}");
        }
        assert_eq!(seen.iter().filter(|passed| passed.is_private()).count(), 4, "{variable}: {heads:?}");
    }
}

#[tokio::test]
async fn a_plain_request_for_another_machine_is_forwarded() {
    for variable in ["HTTP_PROXY", "ALL_PROXY"] {
        let proxy = Proxy::answering(204).await;
        let url = proxy.url("http").replace("//", &format!("//user:{PASSWORD}@"));
        let answers = send("http://api.example.invalid/path?query".to_owned(), &[(variable, &url)]).await;
        assert_eq!(answers, ["204", "204"]);
        for head in proxy.seen(2).await.iter().map(Passed::head) {
            assert!(head.starts_with("POST http://api.example.invalid/path?query HTTP/1.1\r\n"), "{head}");
            assert_eq!(head.to_ascii_lowercase().matches("proxy-authorization: basic ").count(), 1, "{head}");
        }
    }
}

#[tokio::test]
async fn hosts_in_no_proxy_are_reached_directly() {
    let proxy = Proxy::answering(200).await;
    let url = proxy.url("http");
    for no_proxy in ["api.example.invalid", ".example.invalid, other", "*"] {
        for scheme in ["http", "https"] {
            let variables = [("ALL_PROXY", &*url), ("NO_PROXY", no_proxy)];
            let answers = send(format!("{scheme}://api.example.invalid/"), &variables).await;
            assert!(answers.iter().all(|answer| answer.parse::<u16>().is_err()), "{answers:?}");
        }
    }
    assert_eq!(proxy.connections(), 0);
    // Without the list, the proxy is used.
    send("https://api.example.invalid/".to_owned(), &[("ALL_PROXY", &url)]).await;
    proxy.seen(2).await;
}

#[tokio::test]
async fn a_clients_header_names_no_proxy_to_a_cgi_program() {
    let proxy = Proxy::answering(200).await;
    let url = proxy.url("http");
    let variables = [("HTTP_PROXY", &*url), ("REQUEST_METHOD", "GET")];
    let answers = send("http://api.example.invalid/".to_owned(), &variables).await;
    assert!(answers.iter().all(|answer| answer.parse::<u16>().is_err()), "{answers:?}");
    assert_eq!(proxy.connections(), 0);
}

#[tokio::test]
async fn a_socks_proxy_gets_the_host_name_and_sees_only_tls() {
    let proxy = Proxy::start(socks).await;
    for scheme in ["socks5h", "socks5"] {
        let url = proxy.url(scheme);
        // With the scheme `socks5`, reqwest looks up the name itself, which fails for the names in these tests.
        send("https://api.example.invalid/secret-path".to_owned(), &[("ALL_PROXY", &url)]).await;
    }
    let seen = proxy.seen(3).await;
    assert!(seen.iter().all(|passed| passed.head() == "api.example.invalid:443" && passed.is_private()));
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_without_its_password() {
    let proxy = Proxy::answering(407).await;
    let url = proxy.url("http").replace("//", &format!("//user:{PASSWORD}@"));
    let answers = send("https://api.example.invalid/secret-path".to_owned(), &[("HTTPS_PROXY", &url)]).await;
    let place = format!("could not connect through the proxy {}; check HTTPS_PROXY", proxy.address);
    assert!(answers[0].contains(&place), "{}", answers[0]);
    for answer in answers {
        assert!(answer.contains("proxy authorization required"), "{answer}");
        assert!(!answer.contains(PASSWORD) && !answer.contains("dXNlcjpw"), "{answer}");
    }
}

const SECRET: &str = "client-s3cret";
const PASSWORD: &str = "pass-s3cret";

/// The variable that makes this process a child. Its name also marks the child's lines.
const URL: &str = "AUTH_LAYER_TEST_URL";
const SAYS: &str = "leaf says: ";

/// The first byte of TLS (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 22;

#[tokio::test]
async fn a_password_with_an_at_sign_is_in_no_error() {
    let proxy = format!("http://user:pa@{PASSWORD}@127.0.0.1:1");
    let answers = send("https://api.example.com/x".to_owned(), &[("HTTPS_PROXY", &proxy)]).await;
    for answer in answers {
        assert!(!answer.contains(PASSWORD), "{answer}");
    }
}
