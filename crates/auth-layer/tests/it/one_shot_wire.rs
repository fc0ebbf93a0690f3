//! A server that closes an idle connection at the moment when the next request arrives, with both leaves.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_layer::leaf::reqwest::ReqwestLeaf;
use auth_layer::{
    Credential, Exchange, Grant, Profile, RefreshToken, ReplayRule, TestClock, TokenManager, Transport, leaf,
};
use reqwest::redirect::Policy;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::loopback::read;

/// The end of a connection on which one request was answered.
#[derive(Clone, Copy, Debug)]
enum End {
    /// The next request is not read, and the connection is reset.
    Unread,
    /// The next request is read, and the connection is closed.
    Unanswered,
    /// The next request is answered, and all others as well.
    Never,
}

/// The number of a request's connection, from 1, and the refresh token in the request.
type Seen = (usize, Option<String>);

/// A token endpoint that answers one request on each connection. It records everything that it reads.
struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    accepting: JoinHandle<()>,
}

impl Server {
    async fn start(end: End) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Vec<_>>>::default();
        let all = seen.clone();
        let accepting = tokio::spawn(async move {
            for connection in 1.. {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, connection, end, all.clone()));
            }
        });
        Self { address, seen, accepting }
    }

    fn profile(&self) -> Profile {
        Profile::new("loopback", &format!("http://{}/token", self.address)).unwrap()
    }

    /// Returns the connections of the requests that were read, in order.
    fn connections(&self) -> Vec<usize> {
        self.seen.lock().unwrap().iter().map(|(connection, _)| *connection).collect()
    }

    fn refresh_tokens(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().filter_map(|(_, token)| token.clone()).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(mut stream: TcpStream, connection: usize, end: End, all: Arc<Mutex<Vec<Seen>>>) {
    loop {
        let Some(request) = read(&mut stream).await else { return };
        let number = {
            let mut all = all.lock().unwrap();
            all.push((connection, request.form("refresh_token")));
            all.len()
        };
        let body = format!(
            r#"{{"access_token":"a{number}","token_type":"Bearer","expires_in":60,"refresh_token":"r{number}"}}"#
        );
        let head = format!("content-type: application/json\r\ncontent-length: {}", body.len());
        stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}").as_bytes()).await.unwrap();
        match end {
            End::Never => {}
            // If a socket is closed before everything was read, the connection is reset.
            End::Unread => return stream.readable().await.unwrap(),
            End::Unanswered => {
                if let Some(request) = read(&mut stream).await {
                    all.lock().unwrap().push((connection, request.form("refresh_token")));
                }
                return;
            }
        }
    }
}

/// Returns a transport on each leaf.
fn transports() -> [(&'static str, Transport); 2] {
    let hyper = Transport::new(leaf::hyper_util::client().unwrap());
    [("hyper", hyper), ("reqwest", Transport::new(ReqwestLeaf::new().unwrap()))]
}

/// Returns a manager of one grant, and its clock.
fn manager(
    server: &Server,
    grant: Grant,
    rule: ReplayRule,
    transport: Transport,
) -> (TokenManager, TestClock) {
    let clock = TestClock::new();
    let profile = server.profile().with_replay_rule(rule);
    let exchange = Exchange::builder(profile, Credential::new("client", "client-secret"), grant)
        .transport(transport)
        .clock(Arc::new(clock.clone()))
        .build()
        .unwrap();
    (TokenManager::builder(exchange).clock(Arc::new(clock.clone())).build(), clock)
}

/// Gets three tokens, each after the end of the one before.
async fn three_tokens(manager: &TokenManager, clock: &TestClock, what: &str) {
    for _ in 0..3 {
        if let Err(error) = manager.token().await {
            panic!("{what}: {error:?}");
        }
        clock.advance(Duration::from_secs(60));
    }
    assert_eq!((manager.stats().exchanges, manager.stats().failures), (3, 0), "{what}");
}

#[tokio::test]
async fn client_credentials_outlive_an_idle_connection_that_was_closed() {
    for end in [End::Unread, End::Unanswered] {
        for (leaf, transport) in transports() {
            let server = Server::start(end).await;
            let what = format!("{leaf}, {end:?}");
            let (manager, clock) = manager(&server, Grant::ClientCredentials, ReplayRule::Unknown, transport);
            three_tokens(&manager, &clock, &what).await;
            // The second request is sent on the first connection, and again on the second one, which is not kept. The
            // third request is sent on a third connection.
            let expected = match end {
                End::Unanswered => vec![1, 1, 2, 3],
                _ => vec![1, 2, 3],
            };
            assert_eq!(server.connections(), expected, "{what}");
        }
    }
}

#[tokio::test]
async fn rf06_each_redemption_has_a_connection_of_its_own() {
    for rule in [ReplayRule::KillsFamily, ReplayRule::Unknown, ReplayRule::Grace(Duration::from_secs(30))] {
        for end in [End::Unread, End::Unanswered, End::Never] {
            for (leaf, transport) in transports() {
                let server = Server::start(end).await;
                let what = format!("{leaf}, {rule:?}, {end:?}");
                // There is an idle connection, and the redemptions do not use it.
                let (machine, _) = manager(&server, Grant::ClientCredentials, rule, transport.clone());
                machine.token().await.unwrap();
                let grant = Grant::refresh_token(RefreshToken::new("r0"));
                let (person, clock) = manager(&server, grant, rule, transport);
                three_tokens(&person, &clock, &what).await;
                assert_eq!(server.connections(), [1, 2, 3, 4], "{what}");
                assert_eq!(server.refresh_tokens(), ["r0", "r2", "r3"], "{what}");
            }
        }
    }
}

#[tokio::test]
async fn rf06_a_given_client_can_have_a_second_one() {
    let settings = || reqwest::Client::builder().redirect(Policy::none()).no_proxy();
    let leaf = ReqwestLeaf::from_client(settings().build().unwrap())
        .with_one_shot(settings().pool_max_idle_per_host(0).build().unwrap());
    let server = Server::start(End::Never).await;
    let grant = Grant::refresh_token(RefreshToken::new("r0"));
    let (person, clock) = manager(&server, grant.clone(), ReplayRule::KillsFamily, Transport::new(leaf));
    three_tokens(&person, &clock, "with a second client").await;
    assert_eq!(server.connections(), [1, 2, 3]);

    let leaf = ReqwestLeaf::from_client(settings().build().unwrap());
    let server = Server::start(End::Never).await;
    let (person, clock) = manager(&server, grant, ReplayRule::KillsFamily, Transport::new(leaf));
    three_tokens(&person, &clock, "without one").await;
    assert_eq!(server.connections(), [1, 1, 1]);
}

#[test]
fn a_transport_outlives_the_runtime_that_drove_its_connections() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let serving = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    for (leaf, transport) in transports() {
        let server = serving.block_on(Server::start(End::Never));
        let (manager, clock) = manager(&server, Grant::ClientCredentials, ReplayRule::Unknown, transport);
        for _ in 0..3 {
            let token = runtime().block_on(manager.token());
            assert!(token.is_ok(), "{leaf}: {token:?}");
            clock.advance(Duration::from_secs(60));
        }
        assert_eq!(manager.stats().failures, 0, "{leaf}");
    }
}
