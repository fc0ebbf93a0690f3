//! Adds the token to an existing `reqwest_middleware` client.
//!
//! The servers are those of the emulator, on loopback ports.
//!
//! ```text
//! cargo run -p auth-layer --example reqwest_middleware --features reqwest-middleware
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use auth_layer::{
    AuthLayer, AuthMiddleware, BoxError, ClientAuth, Credential, Exchange, Grant, Profile, RefreshToken,
    TokenManager,
};
use emulator::{Emulator, Provider};
use reqwest::redirect::Policy;
use reqwest_middleware::ClientBuilder;

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
    let layer = AuthLayer::new(&profile, TokenManager::new(exchange));

    // Redirects are off: reqwest follows them below its middleware, and could carry the token to another origin.
    let client = ClientBuilder::new(reqwest::Client::builder().redirect(Policy::none()).build()?)
        .with(AuthMiddleware::new(layer)) // the only line to add
        .build();

    let url = format!("{}/me", site.base_url("admin").ok_or("the API has no such document")?);
    for call in 1..=2 {
        let response = client.get(&url).send().await?;
        assert!(response.status().is_success(), "{}", response.status());
        println!("call {call}: {}", response.text().await?);
    }
    assert_eq!(site.counters().tokens_issued, 1);
    Ok(())
}
