//! An axum service that calls a typed client, while the provider's token endpoint is well, refuses, and hangs.
//!
//! The service stays responsive: other routes answer at once, and the route that needs a token answers within the
//! deadline of its calls, with a status that tells its own callers what to do.
//!
//! ```sh
//! cargo run --package journeys --example axum_service
//! ```

use std::io::{self, Write};
use std::time::Duration;

use auth_layer::{BoxError, RetryPolicy};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use emulator::{Emulator, Endpoint, Fault, Provider};
use gotab_client::{ApiError, Client, ErrorKind};
use tokio::time::Instant;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let emulator = Emulator::builder().start().await?;
    let site = emulator.site(Provider::GoTab);
    let caller = reqwest::Client::new();
    let credentials = site.credentials();
    let client = || {
        Client::builder()
            .credentials(gotab_client::Credentials::new(credentials.id(), credentials.secret()))
            .token_url(site.token_url())
            .api_url((), site.base_url("api").unwrap_or_default())
            // A caller of this service waits for two seconds at most.
            .stack(|stack| stack.with_retry(RetryPolicy::new().with_deadline(DEADLINE)))
            .build()
    };

    let service = serve(client()?).await?;
    let (status, body, _) = get_from(&caller, &service, "/locations").await?;
    print(&format!("the token endpoint is well:     {status} {body}"))?;
    assert_eq!(status, 200);

    site.inject(Endpoint::Token, Fault::Unauthorized { challenge: None }.forever());
    let service = serve(client()?).await?;
    let (status, body, passed) = busy(&caller, &service).await?;
    print(&format!("the token endpoint refuses:     {status} {body}"))?;
    assert!(status == 500 && passed < Duration::from_millis(500), "{status} after {passed:?}");

    site.clear_faults();
    site.inject(Endpoint::Token, Fault::Hang.forever());
    let service = serve(client()?).await?;
    let (status, body, passed) = busy(&caller, &service).await?;
    print(&format!("the token endpoint hangs:       {status} {body}"))?;
    assert!(status == 504 && passed < DEADLINE + Duration::from_millis(500), "{status} after {passed:?}");

    site.clear_faults();
    let service = serve(client()?).await?;
    let (status, body, _) = get_from(&caller, &service, "/locations").await?;
    print(&format!("the token endpoint is well again: {status} {body}"))?;
    assert_eq!(status, 200);
    Ok(())
}

/// Starts the service on a free port of this machine and returns its address.
async fn serve(client: Client) -> io::Result<String> {
    let routes = Router::new()
        .route("/health", get(|| async { "ok" }))
        .route("/locations", get(locations))
        .with_state(client);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(format!("http://{address}"))
}

/// The route that needs the provider.
async fn locations(State(client): State<Client>) -> Result<String, (StatusCode, String)> {
    match client.list_locations().send().await {
        Ok(locations) => Ok(format!("the provider answered {}", locations.status())),
        Err(error) => Err(explain(&ApiError::from(error))),
    }
}

/// Which status tells the callers of this service what to do.
fn explain(error: &ApiError) -> (StatusCode, String) {
    let status = match error.auth().map(auth_layer::Error::kind) {
        // The configuration of this service is wrong; its callers cannot help it.
        Some(ErrorKind::Refused | ErrorKind::Credential | ErrorKind::SignInAgain) => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
        _ if error.is_transient() => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::BAD_GATEWAY,
    };
    (status, error.to_string())
}

/// Asks for the locations fifty times at once. Meanwhile the health check must answer at once. Returns the last answer
/// and how long the slowest one took.
async fn busy(caller: &reqwest::Client, service: &str) -> Result<(u16, String, Duration), BoxError> {
    let start = Instant::now();
    let calls = futures_util::future::join_all((0..50).map(|_| get_from(caller, service, "/locations")));
    let health = async {
        let mut slowest = Duration::ZERO;
        for _ in 0..20 {
            let (status, _, passed) = get_from(caller, service, "/health").await?;
            assert_eq!(status, 200);
            slowest = slowest.max(passed);
        }
        Ok::<_, BoxError>(slowest)
    };
    let (answers, health) = futures_util::future::join(calls, health).await;
    let health = health?;
    assert!(health < Duration::from_millis(500), "the health check took {health:?}");
    let answers: Result<Vec<_>, _> = answers.into_iter().collect();
    let (status, body, _) = answers?.pop().ok_or("no call was made")?;
    Ok((status, body, start.elapsed()))
}

/// One request of a caller of the service: status, body, and how long it took.
async fn get_from(
    caller: &reqwest::Client,
    service: &str,
    path: &str,
) -> Result<(u16, String, Duration), BoxError> {
    let start = Instant::now();
    let response = caller.get(format!("{service}{path}")).send().await?;
    let status = response.status().as_u16();
    Ok((status, response.text().await?, start.elapsed()))
}

fn print(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}

/// How long a call to the provider may take, with all its attempts.
const DEADLINE: Duration = Duration::from_secs(2);
