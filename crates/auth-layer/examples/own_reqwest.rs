//! Uses an application's own `reqwest::Client` for API calls and token requests.
//!
//! The API and the token endpoint run in this program, on a loopback port.
//!
//! ```text
//! cargo run -p auth-layer --example own_reqwest --features reqwest
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use auth_layer::leaf::reqwest::ReqwestLeaf;
use auth_layer::{AuthLayer, BoxError, Credential, Exchange, Grant, Profile, TokenManager, Transport};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use tokio::net::TcpListener;
use tower::{ServiceBuilder, ServiceExt};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    tokio::time::timeout(Duration::from_secs(10), run()).await?
}

async fn run() -> Result<(), BoxError> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let server = Server::default();
    tokio::spawn(axum::serve(listener, server.router()).into_future());

    // The application's client with its own settings: proxies, certificates, default headers. Redirects must be off,
    // because the layer does not see the redirects that reqwest follows.
    let own = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .user_agent("example/1.0")
        .timeout(Duration::from_secs(5))
        .build()?;
    let leaf = ReqwestLeaf::from_client(own);

    let profile = Profile::new("example", &format!("{url}/token"))?.with_origin(&url)?;
    let credential = Credential::new("client", "client-secret");
    let exchange = Exchange::builder(profile.clone(), credential, Grant::ClientCredentials)
        .transport(Transport::new(leaf.clone()))
        .build()?;
    let client =
        ServiceBuilder::new().layer(AuthLayer::new(&profile, TokenManager::new(exchange))).service(leaf);

    for round in 1..=3 {
        let request = Request::get(format!("{url}/me")).body(Full::<Bytes>::default())?;
        let response = client.clone().oneshot(request).await?;
        assert_eq!(response.status(), StatusCode::OK);
        let body = response.into_body().collect().await?.to_bytes();
        assert_eq!(body, "example/1.0 with Bearer token-1");
        println!("call {round}: {}", String::from_utf8_lossy(&body));
    }
    assert_eq!(server.issued(), 1);
    println!("one token was fetched, through the same client");
    Ok(())
}

/// The API and the token endpoint. Clones share the number of issued tokens.
#[derive(Clone, Debug, Default)]
struct Server(Arc<AtomicU32>);

impl Server {
    fn router(&self) -> Router {
        Router::new().route("/token", post(token)).route("/me", get(me)).with_state(self.clone())
    }

    fn issued(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

async fn token(State(server): State<Server>) -> String {
    let number = server.0.fetch_add(1, Ordering::Relaxed) + 1;
    format!(r#"{{"access_token":"token-{number}","token_type":"Bearer","expires_in":3600}}"#)
}

async fn me(headers: HeaderMap) -> Result<String, StatusCode> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("user-agent"), text("authorization")) {
        (Some(agent), Some(token)) => Ok(format!("{agent} with {token}")),
        _ => Err(StatusCode::UNAUTHORIZED),
    }
}
