//! Calls an API for many tenants over one stack, each with a token of its own.
//!
//! The servers are those of the emulator, on loopback ports.
//!
//! ```text
//! cargo run -p auth-layer --example many_tenants
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use auth_layer::{
    AuthLayer, BoxError, ClientAuth, ConfigError, Credential, Exchange, Grant, Identity, Profile,
    RefreshToken, TokenManager, TokenPool, leaf,
};
use bytes::Bytes;
use emulator::{Emulator, Provider};
use http::Request;
use http_body_util::Full;
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

    // The pool makes a manager when a tenant is seen for the first time. The application looks up the tenant's refresh
    // token; here a person of each tenant signs in.
    let pool = {
        let (profile, site) = (profile.clone(), site.clone());
        TokenPool::builder(move |identity: &Identity| {
            let refresh_token =
                site.sign_in().ok_or_else(|| ConfigError::new("tenant", "has not signed in"))?;
            let grant = Grant::refresh_token(RefreshToken::new(refresh_token));
            let exchange =
                Exchange::builder(profile.clone(), credential.clone(), grant).identity(identity).build()?;
            Ok(TokenManager::new(exchange))
        })
        .max_identities(1_000)
        .build()
    };
    let client = ServiceBuilder::new()
        .layer(AuthLayer::pooled(&profile, pool.clone()))
        .service(leaf::hyper_util::client::<Full<Bytes>>()?);

    let url = format!("{}/me", site.base_url("admin").ok_or("the API has no such document")?);
    for tenant in ["north", "south", "north"] {
        let request = Request::get(&url).extension(Identity::new(tenant)).body(Full::default())?;
        let response = client.clone().oneshot(request).await?;
        assert!(response.status().is_success(), "{}", response.status());
        println!("a call for {tenant}: {}; {} tenants have a token", response.status(), pool.len());
    }
    assert_eq!(site.counters().tokens_issued, 2);
    Ok(())
}
