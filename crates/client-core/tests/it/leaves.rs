//! The leaf that each request of a client goes through.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use auth_layer::{Credential, Grant, RefreshToken, ReplayRule};
use client_core::{Body, Builder, Login, Request, Response};
use tower_service::Service;

use crate::identities::Example;

type Log = Arc<Mutex<Vec<String>>>;

/// Returns a leaf that records its requests and answers with a token.
fn leaf(
    name: &'static str,
    log: &Log,
) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static
{
    let log = log.clone();
    tower::service_fn(move |request: Request| {
        log.lock().expect("no test panics").push(format!("{name} {}", request.uri().path()));
        let answer = r#"{"access_token":"a","token_type":"Bearer","expires_in":60,"refresh_token":"r1"}"#;
        async move { Ok(Response::new(Body::from(answer))) }
    })
}

#[tokio::test]
async fn rf06_the_second_leaf_sends_single_use_grants_and_nothing_else() {
    let refresh = Grant::refresh_token(RefreshToken::new("r0"));
    for (grant, name) in [(Grant::ClientCredentials, "leaf"), (refresh, "one-shot leaf")] {
        let log = Log::default();
        let profile = crate::support::profile().with_replay_rule(ReplayRule::KillsFamily);
        let Example(client) = Builder::<Example>::new()
            .profile(profile.with_token_url("https://auth.example.com/token").expect("a good URL"))
            .credentials(Login::new(Credential::new("client", "client-secret"), grant))
            .leaf(leaf("leaf", &log))
            .one_shot_leaf(leaf("one-shot leaf", &log))
            .build()
            .expect("it is complete");
        client.token_manager().expect("its own").token().await.expect("a token");
        assert_eq!(*log.lock().expect("no test panics"), [format!("{name} /token")]);
    }
}
