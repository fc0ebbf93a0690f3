//! Builds a stack of the application's own from the single layers, in place of `stack()`.
//!
//! The servers are those of the emulator, on loopback ports. The API fails twice, and asks for a wait.
//!
//! ```text
//! cargo run -p auth-layer --example own_stack
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use auth_layer::span::SpanLayer;
use auth_layer::timeout::TimeoutLayer;
use auth_layer::{
    AuthLayer, BoxError, ClientAuth, Credential, Exchange, Grant, Profile, RefreshToken, RetryLayer,
    RetryPolicy, TokenManager, leaf,
};
use bytes::Bytes;
use emulator::{Emulator, Endpoint, Fault, Provider};
use http::Request;
use http_body_util::Full;
use tower::limit::ConcurrencyLimitLayer;
use tower::{ServiceBuilder, ServiceExt};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let emulator = Emulator::start().await?;
    let site = emulator.site(Provider::GoTo);
    let profile = Profile::new("example", &site.token_url())?
        .with_client_auth(ClientAuth::BasicRaw)
        .with_default_token_type("Bearer")
        .with_origin(&site.api_url())?;
    let credential = Credential::new(site.credentials().id(), site.credentials().secret());
    let refresh_token = site.refresh_token().ok_or("the emulator has no refresh token")?;
    let grant = Grant::refresh_token(RefreshToken::new(refresh_token));
    let exchange = Exchange::builder(profile.clone(), credential, grant).build()?;

    // From the outside in. Each attempt of the retry layer asks for the token again. The application's own limit is
    // inside of the retry layer, so that a call that waits for its next attempt holds no place.
    let retry = RetryLayer::new(RetryPolicy::new().with_attempts(3).with_deadline(Duration::from_secs(10)));
    let client = ServiceBuilder::new()
        .layer(SpanLayer::new())
        .layer(retry.clone())
        .layer(AuthLayer::new(&profile, TokenManager::new(exchange)))
        .layer(TimeoutLayer::new(Duration::from_secs(5)))
        .layer(ConcurrencyLimitLayer::new(8))
        .service(leaf::hyper_util::client::<Full<Bytes>>()?);

    site.inject(Endpoint::Api, Fault::Unavailable);
    site.inject(Endpoint::Api, Fault::RateLimited { retry_after: Some(Duration::from_secs(1)) });
    let url = format!("{}/me", site.base_url("admin").ok_or("the API has no such document")?);
    let response = client.oneshot(Request::get(url).body(Full::default())?).await?;
    assert!(response.status().is_success(), "{}", response.status());
    println!("{} after {} requests to the API", response.status(), site.counters().api_calls);
    assert_eq!(site.counters().api_calls, 3);
    Ok(())
}
