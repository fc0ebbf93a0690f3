//! Keeps a person's refresh token in a file, so that the next process needs no sign-in.
//!
//! The servers are those of the emulator, on loopback ports. Its refresh tokens are good for one use.
//!
//! ```text
//! cargo run -p auth-layer --example refresh_token --features file-store
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;

use auth_layer::{
    AuthLayer, BoxError, ClientAuth, Credential, Exchange, FileStore, Grant, Profile, RefreshToken,
    ReplayRule, SealingKey, TokenManager, leaf,
};
use bytes::Bytes;
use emulator::{Emulator, Provider, RefreshTokenMode, Site};
use http::Request;
use http_body_util::Full;
use tower::{ServiceBuilder, ServiceExt};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let emulator = Emulator::start().await?;
    let site = emulator.site(Provider::GoTo);
    site.set_refresh_token_mode(RefreshTokenMode::RotateStrict);

    let folder = tempfile::tempdir()?;
    let store = FileStore::builder(folder.path()).sealing_key(SealingKey::generate()?).build();
    let first = site.refresh_token().ok_or("the emulator has no refresh token")?;

    // The first process starts with the refresh token of a sign-in.
    call(site, &store, Grant::refresh_token(RefreshToken::new(first))).await?;
    println!("the first process redeemed its refresh token, and stored the new one");

    // The second process finds what the first one stored. Its access token is still good, so that nothing is redeemed.
    call(site, &store, Grant::Stored).await?;
    println!("the second process used the stored access token");

    // After the access token has expired, the third process redeems the stored refresh token.
    site.expire_tokens();
    call(site, &store, Grant::Stored).await?;
    println!("the third process renewed the token: {} token requests in all", site.counters().tokens_issued);
    assert_eq!(site.counters().tokens_issued, 2);
    Ok(())
}

/// Calls the API as a new process does.
async fn call(site: &Site, store: &FileStore, grant: Grant) -> Result<(), BoxError> {
    let profile = Profile::new("example", &site.token_url())?
        .with_client_auth(ClientAuth::BasicRaw)
        .with_default_token_type("Bearer")
        // A refresh token that is sent twice ends the sign-in.
        .with_replay_rule(ReplayRule::KillsFamily)
        .with_origin(&site.api_url())?;
    let credential = Credential::new(site.credentials().id(), site.credentials().secret());
    let exchange = Exchange::builder(profile.clone(), credential, grant)
        .store(Arc::new(store.clone()))
        .subject("default")
        .build()?;
    let client = ServiceBuilder::new()
        .layer(AuthLayer::new(&profile, TokenManager::new(exchange)))
        .service(leaf::hyper_util::client::<Full<Bytes>>()?);
    let url = format!("{}/me", site.base_url("admin").ok_or("the API has no such document")?);
    let response = client.oneshot(Request::get(url).body(Full::default())?).await?;
    assert!(response.status().is_success(), "{}", response.status());
    Ok(())
}
