//! Takes tokens from a source of the application's own: a sidecar that writes the current token into a file.
//!
//! The API is the emulator's, on a loopback port.
//!
//! ```text
//! cargo run -p auth-layer --example own_source
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use auth_layer::clock::SystemClock;
use auth_layer::source::{IssuedToken, TokenRequest};
use auth_layer::{
    AccessToken, AuthLayer, BoxError, ClientAuth, Clock, Credential, Error, Exchange, Grant, Profile,
    RefreshToken, TokenManager, TokenSource, leaf,
};
use bytes::Bytes;
use emulator::{Emulator, Provider, Site};
use http::Request;
use http_body_util::Full;
use tower::{ServiceBuilder, ServiceExt};

/// The file that the sidecar writes.
#[derive(Debug)]
struct Sidecar {
    file: PathBuf,
}

#[async_trait]
impl TokenSource for Sidecar {
    async fn token(&self, request: &TokenRequest) -> Result<IssuedToken, Error> {
        let asked = SystemClock::new().now();
        let text = tokio::fs::read_to_string(&self.file)
            .await
            // The sidecar may be about to write the file, so that the failure is temporary.
            .map_err(|error| Error::from_source(error, true))?;
        let token = AccessToken::new(text.trim())?;
        if request.rejected() == Some(&token) {
            return Err(Error::from_source("the sidecar has not replaced the rejected token yet", true));
        }
        // The file does not say when the token expires. It is read again after 5 minutes.
        Ok(IssuedToken::new(token, asked, Duration::from_secs(300)))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let emulator = Emulator::start().await?;
    let site = emulator.site(Provider::GoTo);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("token");
    write_token(site, &file).await?;

    let profile = Profile::new("example", &site.token_url())?.with_origin(&site.api_url())?;
    let manager = TokenManager::new(Sidecar { file: file.clone() });
    let client = ServiceBuilder::new()
        .layer(AuthLayer::new(&profile, manager.clone()))
        .service(leaf::hyper_util::client::<Full<Bytes>>()?);
    let url = format!("{}/me", site.base_url("admin").ok_or("the API has no such document")?);

    let response = client.clone().oneshot(Request::get(&url).body(Full::default())?).await?;
    assert!(response.status().is_success(), "{}", response.status());
    println!("call 1: {} with the sidecar's token", response.status());

    // The server takes the token back, and the sidecar writes another one. The layer reads the file again.
    site.revoke_tokens();
    write_token(site, &file).await?;
    let response = client.oneshot(Request::get(&url).body(Full::default())?).await?;
    assert!(response.status().is_success(), "{}", response.status());
    println!("call 2: {} with token {}", response.status(), manager.token().await?.generation());
    Ok(())
}

/// Plays the sidecar: writes a new token into the file.
async fn write_token(site: &Site, file: &Path) -> Result<(), BoxError> {
    let profile = Profile::new("example", &site.token_url())?
        .with_client_auth(ClientAuth::BasicRaw)
        .with_default_token_type("Bearer");
    let credential = Credential::new(site.credentials().id(), site.credentials().secret());
    let refresh_token = site.refresh_token().ok_or("the emulator has no refresh token")?;
    let grant = Grant::refresh_token(RefreshToken::new(refresh_token));
    let manager = TokenManager::new(Exchange::builder(profile, credential, grant).build()?);
    Ok(tokio::fs::write(file, manager.token().await?.access_token().expose()).await?)
}
