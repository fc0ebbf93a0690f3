//! An axum service that calls a typed client, and stays responsive while the token endpoint refuses or hangs.
//!
//! The provider is the emulator. All of it runs on loopback ports.
//!
//! ```text
//! cargo run -p journeys --example axum_service
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use emulator::{Emulator, Endpoint, Fault, Provider, Site};
use gotab_client::{ApiError, BoxError, Client, Credentials, RetryPolicy};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::Instant;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    tokio::time::timeout(Duration::from_secs(10), run()).await?
}

async fn run() -> Result<(), BoxError> {
    let emulator = Emulator::start().await?;
    let site = emulator.site(Provider::GoTab);

    site.inject(Endpoint::Token, Fault::Unavailable.forever());
    let service = Service::start(site).await?;
    service.stays_responsive().await?;
    println!("the token endpoint refused, and the service answered 503 in time");
    site.clear_faults();
    service.recovers().await?;
    println!("the token endpoint was back, and so was the service");

    site.inject(Endpoint::Token, Fault::Hang.forever());
    let service = Service::start(site).await?;
    service.stays_responsive().await?;
    println!("the token endpoint hung, and the service answered 503 in time");
    Ok(())
}

/// The longest that a request to the service may take, including everything that the client does for it.
const PATIENCE: Duration = Duration::from_millis(500);

/// Returns the service: a router whose state is the client. An application writes no more than this.
fn router(client: Client) -> Router {
    Router::new()
        .route("/health", get(|| async { "ok" }))
        .route("/locations", get(locations))
        .with_state(client)
}

async fn locations(State(client): State<Client>) -> Result<String, (StatusCode, String)> {
    match status(&client).await {
        Ok(status) => Ok(format!("GoTab answered {status}")),
        // The text says what went wrong and what to do. It contains no secret.
        Err(error) => Err((StatusCode::SERVICE_UNAVAILABLE, error.to_string())),
    }
}

async fn status(client: &Client) -> Result<StatusCode, ApiError> {
    Ok(client.list_locations().send().await?.status())
}

/// Returns a client of the provider at `site`. Its deadline limits each call, including a wait for the token.
fn client(site: &Site) -> Result<Client, BoxError> {
    let credentials = site.credentials();
    let base_url = site.base_url("api").ok_or("the site serves its API")?;
    let client = Client::builder()
        .credentials(Credentials::new(credentials.id(), credentials.secret()))
        .token_url(site.token_url())
        .base_url(base_url)
        .stack(|stack| stack.with_retry(RetryPolicy::new().with_deadline(PATIENCE)))
        .build()?;
    Ok(client)
}

/// The service on a port, and a caller of it.
struct Service {
    url: String,
    http: reqwest::Client,
}

impl Service {
    async fn start(site: &Site) -> Result<Self, BoxError> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        tokio::spawn(axum::serve(listener, router(client(site)?)).into_future());
        Ok(Self { url, http: reqwest::Client::new() })
    }

    /// Returns the status of a request and how long it took.
    async fn get(&self, path: &str) -> Result<(u16, Duration), BoxError> {
        let start = Instant::now();
        let response = self.http.get(format!("{}{path}", self.url)).send().await?;
        let status = response.status().as_u16();
        response.bytes().await?;
        Ok((status, start.elapsed()))
    }

    /// Checks that other callers are answered at once while fifty wait for a token, and that the fifty are answered in
    /// time.
    async fn stays_responsive(&self) -> Result<(), BoxError> {
        let mut waiting = JoinSet::new();
        for _ in 0..50 {
            let (url, http) = (self.url.clone(), self.http.clone());
            waiting.spawn(async move { Self { url, http }.get("/locations").await });
        }
        for _ in 0..5 {
            let (status, took) = self.get("/health").await?;
            assert_eq!(status, 200);
            assert!(took < PATIENCE, "{took:?}");
        }
        while let Some(answer) = waiting.join_next().await {
            let (status, took) = answer??;
            assert_eq!(status, 503);
            assert!(took < 4 * PATIENCE, "{took:?}");
        }
        Ok(())
    }

    /// Waits until the service has a token again. A failure is remembered for about a second.
    async fn recovers(&self) -> Result<(), BoxError> {
        while self.get("/locations").await?.0 != 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }
}
