//! The listener to which the browser returns after a sign-in on this machine.

use std::io::ErrorKind as IoErrorKind;
use std::sync::Arc;
use std::time::Duration;

use auth_layer::sign_in::{Authorization, LoopbackListener};
use auth_layer::{Credential, ErrorKind, SignIn, TestClock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::sign_in::{parameter, people};
use crate::support::{FakeTokenEndpoint, until};

type Answer = Result<auth_layer::Secret, auth_layer::Error>;

/// A sign-in in progress, with a task that waits for the answer.
struct Waiting {
    clock: TestClock,
    sign_in: SignIn,
    redirect_uri: String,
    state: String,
    answer: JoinHandle<(Authorization, Answer)>,
}

impl Waiting {
    async fn start() -> Self {
        Self::at(LoopbackListener::bind().await.unwrap())
    }

    fn at(listener: LoopbackListener) -> Self {
        let clock = TestClock::new();
        let sign_in = SignIn::builder(people(), Credential::new("client", "client-secret"))
            .transport(FakeTokenEndpoint::issuing(60).transport())
            .clock(Arc::new(clock.clone()))
            .build()
            .unwrap();
        let redirect_uri = listener.redirect_uri().to_owned();
        let authorization = sign_in.authorize(&redirect_uri, None).unwrap();
        let state = parameter(authorization.url(), "state").unwrap();
        let answer = tokio::spawn(async move {
            let answer = listener.answer(&authorization).await;
            (authorization, answer)
        });
        Self { clock, sign_in, redirect_uri, state, answer }
    }

    /// Returns the host and port.
    fn authority(&self) -> &str {
        self.redirect_uri.strip_prefix("http://").unwrap().split('/').next().unwrap()
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.authority()).await.unwrap()
    }

    /// Sends a head and reads the whole response.
    async fn ask(&self, line: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(self.head(line).as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        response
    }

    fn head(&self, line: &str) -> String {
        format!("{line} HTTP/1.1\r\nHost: {}\r\n\r\n", self.authority())
    }

    fn good(&self) -> String {
        format!("GET /callback?code=the-one-code&state={}", self.state)
    }

    /// Ends the sign-in with a good answer, and redeems the code.
    async fn finish(self) {
        let page = self.ask(&self.good()).await;
        assert!(
            page.starts_with("HTTP/1.1 200 ") && page.contains("The provider accepted the sign-in"),
            "{page}"
        );
        let (authorization, answer) = self.answer.await.unwrap();
        self.sign_in.finish(authorization, answer.unwrap().expose()).await.unwrap();
    }
}

#[tokio::test]
async fn ac13_the_listener_is_at_a_free_port_of_a_loopback_address() {
    let [one, other] = [LoopbackListener::bind().await.unwrap(), LoopbackListener::bind().await.unwrap()];
    assert!(one.redirect_uri().starts_with("http://127.0.0.1:"), "{}", one.redirect_uri());
    assert!(one.redirect_uri().ends_with("/callback"), "{}", one.redirect_uri());
    assert_ne!(one.redirect_uri(), other.redirect_uri());
    assert!(!one.redirect_uri().contains(":0/"));
}

/// Other systems have only one loopback address.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn ac13_it_is_on_no_other_address() {
    let listener = LoopbackListener::bind().await.unwrap();
    let port = listener.redirect_uri().rsplit_once(':').unwrap().1.strip_suffix("/callback").unwrap();
    let other = TcpStream::connect(format!("127.0.0.2:{port}")).await;
    assert!(other.is_err(), "it holds more than 127.0.0.1");
}

#[tokio::test]
async fn ac13_only_a_loopback_address_by_number_will_do() {
    for bad in [
        "http://localhost/callback",
        "http://0.0.0.0/callback",
        "http://192.168.1.1/",
        "https://127.0.0.1/",
        "http://user@127.0.0.1/",
        "http://127.0.0.1/?a=b",
        "http://127.0.0.1/#x",
        "127.0.0.1:80",
        "/callback",
        "",
        "http://[::]/",
    ] {
        let error = LoopbackListener::bind_to(bad).await.expect_err(bad);
        assert_eq!(error.kind(), IoErrorKind::InvalidInput, "{bad}");
    }
    let listener = LoopbackListener::bind_to("http://127.0.0.1").await.unwrap();
    assert!(listener.redirect_uri().ends_with('/'), "{}", listener.redirect_uri());
}

#[tokio::test]
async fn ac10_a_provider_may_have_a_path_and_a_port_of_its_own() {
    // A port that was free a moment ago may now be in use by another test.
    let (own, listener) = loop {
        let free =
            LoopbackListener::bind().await.unwrap().redirect_uri().replace("/callback", "/one/provider");
        if let Ok(listener) = LoopbackListener::bind_to(&free).await {
            break (free, listener);
        }
    };
    assert_eq!(listener.redirect_uri(), own);
    let waiting = Waiting::at(listener);
    let answer = waiting.good();
    assert!(waiting.ask(&answer).await.starts_with("HTTP/1.1 404 "), "the path of another provider");
    assert!(waiting.ask(&answer.replace("/callback", "/one/provider")).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn ac13_the_port_is_closed_after_the_first_answer() {
    let waiting = Waiting::start().await;
    let authority = waiting.authority().to_owned();
    waiting.finish().await;
    assert!(TcpStream::connect(authority).await.is_err());
}

#[tokio::test]
async fn ac13_the_port_is_closed_when_the_wait_ends() {
    let waiting = Waiting::start().await;
    let mut idle = waiting.connect().await;
    let authority = waiting.authority().to_owned();
    waiting.answer.abort();
    assert!(waiting.answer.await.unwrap_err().is_cancelled());
    assert!(TcpStream::connect(authority).await.is_err());
    // Either the end of the stream or a reset means that the connection is closed.
    assert!(matches!(idle.read(&mut [0; 1]).await, Ok(0) | Err(_)));
}

#[tokio::test]
async fn ac13_a_person_who_never_comes_back_ends_the_wait() {
    let waiting = Waiting::start().await;
    let authority = waiting.authority().to_owned();
    until(|| waiting.clock.sleepers() > 0).await;
    waiting.clock.advance(Duration::from_secs(599));
    crate::support::settle().await;
    assert!(!waiting.answer.is_finished());
    waiting.clock.advance(Duration::from_secs(1));
    let (_, answer) = waiting.answer.await.unwrap();
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::SignInFailed);
    assert!(TcpStream::connect(authority).await.is_err());
}

#[tokio::test]
async fn ac14_only_the_expected_path_is_answered_and_only_to_get() {
    let waiting = Waiting::start().await;
    let query = format!("code=c&state={}", waiting.state);
    for path in ["/", "/favicon.ico", "/callback/", "/Callback", "/callback/../callback"] {
        let page = waiting.ask(&format!("GET {path}?{query}")).await;
        assert!(page.starts_with("HTTP/1.1 404 "), "{path}: {page}");
    }
    for method in ["POST", "HEAD", "OPTIONS", "DELETE"] {
        let page = waiting.ask(&format!("{method} /callback?{query}")).await;
        assert!(page.starts_with("HTTP/1.1 405 ") && page.contains("allow: GET\r\n"), "{method}: {page}");
    }
    waiting.finish().await;
}

#[tokio::test]
async fn ac14_an_answer_with_a_wrong_state_does_not_end_the_wait() {
    let waiting = Waiting::start().await;
    for query in
        ["", "?", "?code=c", "?code=c&state=guessed", "?error=access_denied&state=guessed", "?state="]
    {
        let page = waiting.ask(&format!("GET /callback{query}")).await;
        assert!(page.starts_with("HTTP/1.1 400 "), "{query}: {page}");
        assert!(!waiting.answer.is_finished());
    }
    waiting.finish().await;
}

#[tokio::test]
async fn ac14_pages_have_no_script_are_not_cached_and_repeat_nothing() {
    let waiting = Waiting::start().await;
    let denied = format!(
        "GET /callback?error=canary-error&error_description=%3Cscript%3Ecanary&state={}",
        waiting.state
    );
    for line in
        ["GET /canary?canary", "POST /callback?canary", "GET /callback?code=canary&state=canary", &denied]
    {
        let page = waiting.ask(line).await;
        let (head, body) = page.split_once("\r\n\r\n").unwrap();
        for header in [
            "referrer-policy: no-referrer",
            "cache-control: no-store",
            "content-security-policy: default-src 'none'; style-src 'unsafe-inline'",
            "content-type: text/html; charset=utf-8",
            "x-content-type-options: nosniff",
        ] {
            assert!(head.contains(header), "{header} is not in {head}");
        }
        assert!(body.contains("<h1>") && !body.contains("<script"));
        assert!(!page.contains("canary") && !page.contains(&waiting.state), "{page}");
        for hole in ["{title}", "{text}", "{colour}"] {
            assert!(!page.contains(hole), "{page}");
        }
    }
}

#[tokio::test]
async fn ac14_a_denial_is_an_answer_with_a_page_of_its_own() {
    let waiting = Waiting::start().await;
    let page = waiting.ask(&format!("GET /callback?error=access_denied&state={}", waiting.state)).await;
    assert!(page.contains("You are not signed in"), "{page}");
    let (authorization, answer) = waiting.answer.await.unwrap();
    let error = waiting.sign_in.finish(authorization, answer.unwrap().expose()).await.unwrap_err();
    assert_eq!(error.oauth().map(auth_layer::OAuthError::code), Some("access_denied"));
}

#[tokio::test]
async fn slow_and_silent_connections_delay_no_other() {
    let waiting = Waiting::start().await;
    let mut slow = Vec::new();
    for n in 0..100 {
        let mut stream = waiting.connect().await;
        if n % 2 == 0 {
            stream.write_all(b"GET /callback?code=").await.ok();
        }
        slow.push(stream);
    }
    waiting.finish().await;
}

#[tokio::test]
async fn of_many_connections_the_oldest_is_let_go() {
    let waiting = Waiting::start().await;
    let mut oldest = waiting.connect().await;
    oldest.write_all(b"GET /callback?code=").await.unwrap();
    let mut others = Vec::new();
    for _ in 0..32 {
        others.push(waiting.connect().await);
    }
    // The clock does not move, so a timeout cannot be the reason.
    assert!(matches!(oldest.read(&mut [0; 1]).await, Ok(0) | Err(_)));
    waiting.finish().await;
}

#[tokio::test]
async fn a_connection_is_let_go_after_its_time() {
    let waiting = Waiting::start().await;
    let mut slow = waiting.connect().await;
    slow.write_all(b"GET /callback?code=").await.unwrap();
    // One sleep is that of the whole wait, the other that of the connection.
    until(|| waiting.clock.sleepers() > 1).await;
    waiting.clock.advance(Duration::from_secs(10));
    assert!(matches!(slow.read(&mut [0; 1]).await, Ok(0) | Err(_)));
    assert!(!waiting.answer.is_finished());
    waiting.finish().await;
}

#[tokio::test]
async fn heads_that_are_too_long_or_no_http_are_turned_away() {
    let waiting = Waiting::start().await;
    for bad in [
        format!("GET /callback?{} HTTP/1.1\r\n\r\n", "a".repeat(100_000)),
        format!("GET /callback HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(200)),
        "\u{16}\u{3}\u{1} a TLS hello\r\n\r\n".to_owned(),
    ] {
        let mut stream = waiting.connect().await;
        // The server may close the connection before everything is written.
        stream.write_all(bad.as_bytes()).await.ok();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).await.ok();
        assert!(!response.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&response));
    }
    waiting.finish().await;
}

#[tokio::test]
async fn a_browser_that_hangs_up_has_brought_its_answer() {
    let waiting = Waiting::start().await;
    let mut stream = waiting.connect().await;
    stream.write_all(waiting.head(&waiting.good()).as_bytes()).await.unwrap();
    drop(stream);
    let (_, answer) = waiting.answer.await.unwrap();
    assert!(answer.unwrap().expose().contains("the-one-code"));
}

#[tokio::test]
async fn ac10_an_authorization_with_another_redirect_uri_is_refused_at_once() {
    let listener = LoopbackListener::bind().await.unwrap();
    let (sign_in, _) = crate::sign_in::silent(people());
    for elsewhere in ["http://127.0.0.1/callback", &format!("{}/other", listener.redirect_uri())] {
        let authorization = sign_in.authorize(elsewhere, None).unwrap();
        let listener = LoopbackListener::bind().await.unwrap();
        let answer = futures_util::FutureExt::now_or_never(listener.answer(&authorization)).unwrap();
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::SignInFailed);
    }
}

#[tokio::test]
async fn an_answer_that_came_before_a_crowd_is_not_let_go() {
    let waiting = Waiting::start().await;
    // All of them arrive before the listener runs.
    let mut browser = std::net::TcpStream::connect(waiting.authority()).unwrap();
    std::io::Write::write_all(&mut browser, waiting.head(&waiting.good()).as_bytes()).unwrap();
    let crowd: Vec<_> = (0..40).map(|_| std::net::TcpStream::connect(waiting.authority()).unwrap()).collect();
    let (_, answer) = waiting.answer.await.unwrap();
    assert!(answer.unwrap().expose().contains("the-one-code"));
    drop(crowd);
}
