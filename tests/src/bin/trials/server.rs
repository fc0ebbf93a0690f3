//! A token endpoint and an API on one loopback port, written on plain sockets.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The faults of the server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Manners {
    /// The lifetimes of successive tokens, in milliseconds.
    pub(crate) lifetimes: Vec<u64>,
    /// True if the expiry of a token is rounded down to a whole second.
    pub(crate) cuts_to_seconds: bool,
    /// How far the API's clock is ahead of the token endpoint's, in milliseconds.
    pub(crate) api_ahead: i64,
    /// The idle time after which the server closes a connection.
    pub(crate) closes_idle_after: Option<Duration>,
    /// True if every second token request is answered with 503.
    pub(crate) is_busy_every_other_time: bool,
}

/// A running server. It ends with its runtime.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    manners: Manners,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    token_requests: u64,
    issued: u64,
    /// Tokens up to this number are revoked.
    revoked: u64,
    /// The number of the refresh token that is valid. Sending an older one again ends them all.
    refresh: u64,
    family_is_revoked: bool,
}

impl Server {
    pub(crate) async fn start(manners: Manners) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { manners, state: Mutex::default() });
        let server = Self { address, shared };
        tokio::spawn(accept(listener, server.shared.clone()));
        Ok(server)
    }

    /// Revokes every access token that was issued so far.
    pub(crate) fn revoke(&self) {
        let mut state = self.shared.state();
        state.revoked = state.issued;
    }

    pub(crate) fn token_requests(&self) -> u64 {
        self.shared.state().token_requests
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn token_answer(&self, body: &str) -> (u16, String) {
        let mut state = self.state();
        state.token_requests += 1;
        if self.manners.is_busy_every_other_time && state.token_requests % 2 == 1 {
            return (503, r#"{"error":"temporarily_unavailable"}"#.to_owned());
        }
        let mut refresh = String::new();
        if let Some(sent) = parameter(body, "refresh_token") {
            if state.family_is_revoked || sent != format!("refresh-{}", state.refresh) {
                state.family_is_revoked = true;
                return (400, r#"{"error":"invalid_grant"}"#.to_owned());
            }
            state.refresh += 1;
            refresh = format!(r#","refresh_token":"refresh-{}""#, state.refresh);
        }
        state.issued += 1;
        let lifetimes = &self.manners.lifetimes;
        let turn = usize::try_from(state.issued).unwrap_or(0) % lifetimes.len().max(1);
        let lifetime = lifetimes.get(turn).copied().unwrap_or(3_600_000);
        let now = now_in_millis();
        let start = if self.manners.cuts_to_seconds { now / 1000 * 1000 } else { now };
        let expiry = start + i64::try_from(lifetime).unwrap_or(i64::MAX);
        let token = format!("{}.{expiry}", state.issued);
        let (seconds, millis) = (lifetime / 1000, lifetime % 1000);
        (
            200,
            format!(
                r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{seconds}.{millis:03}{refresh}}}"#
            ),
        )
    }

    fn api_answer(&self, head: &str) -> (u16, String) {
        let token = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("authorization").then_some(value.strip_prefix("Bearer "))?
        });
        let is_good = token.and_then(|token| token.split_once('.')).is_some_and(|(number, expiry)| {
            let number: u64 = number.parse().unwrap_or(0);
            let expiry: i64 = expiry.parse().unwrap_or(0);
            number > self.state().revoked && now_in_millis() + self.manners.api_ahead < expiry
        });
        if is_good { (200, r#"{"ok":true}"#.to_owned()) } else { (401, r#"{"ok":false}"#.to_owned()) }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        // A connection that breaks is only the client's problem.
        tokio::spawn(async move { drop(serve(stream, &shared).await) });
    }
}

/// Answers the requests of one connection in turn.
async fn serve(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut read = Vec::new();
    loop {
        let longest = shared.manners.closes_idle_after.unwrap_or(Duration::from_secs(3600));
        let Ok(request) = tokio::time::timeout(longest, next_request(&mut stream, &mut read)).await else {
            // The client learns of the close only after this delay. A request that it sends before is lost.
            tokio::time::sleep(NETWORK_DELAY).await;
            return Ok(());
        };
        let Some((head, body)) = request? else { return Ok(()) };
        let (status, answer) = if head.starts_with("POST /token ") {
            shared.token_answer(&body)
        } else {
            shared.api_answer(&head)
        };
        let challenge =
            if status == 401 { "www-authenticate: Bearer error=\"invalid_token\"\r\n" } else { "" };
        let length = answer.len();
        let answer = format!(
            "HTTP/1.1 {status} .\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{challenge}\r\n{answer}"
        );
        stream.write_all(answer.as_bytes()).await?;
    }
}

/// Reads the head and the body of the next request. Returns `None` at the end of the connection.
async fn next_request(stream: &mut TcpStream, read: &mut Vec<u8>) -> io::Result<Option<(String, String)>> {
    loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).into_owned();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length").then(|| value.parse().ok())?
            });
            let whole = end + 4 + length.unwrap_or(0);
            if read.len() >= whole {
                let body = String::from_utf8_lossy(&read[end + 4..whole]).into_owned();
                read.drain(..whole);
                return Ok(Some((head, body)));
            }
        }
        if stream.read_buf(read).await? == 0 {
            return Ok(None);
        }
    }
}

fn parameter<'a>(form: &'a str, name: &str) -> Option<&'a str> {
    form.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// The time that the end of a connection takes to reach the client.
const NETWORK_DELAY: Duration = Duration::from_millis(100);

#[expect(clippy::disallowed_methods, reason = "a server does not share the client's clock")]
fn now_in_millis() -> i64 {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(passed.as_millis()).unwrap_or(i64::MAX)
}
