//! The transport that exchanges share by default, on real sockets and on several runtimes.

use std::time::Duration;

use auth_layer::{Credential, Exchange, Grant, Profile, TokenManager};
use tokio::runtime::{Builder, Runtime};

use crate::loopback::Loopback;

/// A server on its own runtime, on which no client runs.
struct Server {
    runtime: Runtime,
    loopback: Option<Loopback>,
}

impl Server {
    fn start() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let answer = r#"{"access_token":"t","token_type":"Bearer","expires_in":3600}"#;
        let loopback = runtime.block_on(Loopback::saying(200, answer));
        Self { runtime, loopback: Some(loopback) }
    }

    /// Returns a manager with the default transport. It has a timeout, so that a failing test does not hang.
    fn manager(&self) -> TokenManager {
        let url = self.loopback().url("/token");
        let profile = Profile::new("loopback", &url).unwrap();
        let credential = Credential::new("client", "client-secret");
        let exchange = Exchange::builder(profile, credential, Grant::ClientCredentials);
        TokenManager::new(exchange.timeout(Duration::from_secs(5)).build().unwrap())
    }

    fn loopback(&self) -> &Loopback {
        self.loopback.as_ref().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _inside = self.runtime.enter();
        self.loopback = None;
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Asks the server for a token from a runtime.
fn ask(runtime: &Runtime, manager: &TokenManager) {
    manager.forget();
    runtime.block_on(manager.token()).unwrap();
}

#[test]
fn exchanges_on_one_runtime_share_a_connection() {
    let (server, runtime) = (Server::start(), runtime());
    for _ in 0..20 {
        ask(&runtime, &server.manager());
    }
    assert_eq!((server.loopback().count(), server.loopback().connections()), (20, 1));
}

#[test]
fn one_runtime_after_the_other_gets_tokens() {
    let server = Server::start();
    let manager = server.manager();
    for _ in 0..20 {
        // The connections of this runtime end with it.
        ask(&runtime(), &manager);
    }
    assert_eq!((server.loopback().count(), server.loopback().connections()), (20, 20));
}

#[test]
fn a_runtime_that_is_not_driven_delays_no_other() {
    let server = Server::start();
    let (idle, busy, manager) = (runtime(), runtime(), server.manager());
    ask(&idle, &manager);
    // From here on nothing drives `idle`, and therefore nothing drives the connection that it opened.
    ask(&busy, &manager);
    ask(&busy, &server.manager());
    ask(&idle, &manager);
    assert_eq!((server.loopback().count(), server.loopback().connections()), (4, 2));
}

#[test]
fn runtimes_on_many_threads_get_tokens_side_by_side() {
    let server = Server::start();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let runtime = runtime();
                    ask(&runtime, &server.manager());
                    ask(&runtime, &server.manager());
                }
            });
        }
    });
    assert_eq!((server.loopback().count(), server.loopback().connections()), (80, 40));
}
