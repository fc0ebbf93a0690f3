//! Calls an API with the client's own token. The server takes the token back in between, and the layer renews it.
//!
//! The servers are those of the emulator, on loopback ports.
//!
//! ```text
//! cargo run -p auth-layer --example client_credentials
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use auth_layer::{
    AuthLayer, BoxError, ClientAuth, Credential, Exchange, Grant, Profile, Scope, TokenManager, leaf,
};
use bytes::Bytes;
use emulator::{Emulator, Provider};
use http::Request;
use http_body_util::{BodyExt, Full};
use tower::{ServiceBuilder, ServiceExt};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let emulator = Emulator::start().await?;
    let site = emulator.site(Provider::GbgGo);

    // The token endpoint, the client's authentication, and the API that gets the token.
    let profile = Profile::new("example", &site.token_url())?
        .with_client_auth(ClientAuth::body())
        .with_scope("gbg.token".parse::<Scope>()?)
        .with_origin(&site.api_url())?;
    let credential = Credential::new(site.credentials().id(), site.credentials().secret());
    let exchange = Exchange::builder(profile.clone(), credential, Grant::ClientCredentials).build()?;
    let manager = TokenManager::new(exchange);

    let client = ServiceBuilder::new()
        .layer(AuthLayer::new(&profile, manager.clone()))
        .service(leaf::hyper_util::client::<Full<Bytes>>()?);

    let url = format!("{}/journey/start", site.base_url("api").ok_or("the API has no such document")?);
    for call in 1..=3 {
        if call == 3 {
            site.revoke_tokens();
            println!("the server takes its tokens back");
        }
        let request = Request::post(&url).header("content-type", "application/json").body(Full::from(
            r#"{"resourceId":"d4f8a1c2@latest","context":{"config":{"delivery":"api"},"subject":{}}}"#,
        ))?;
        let response = client.clone().oneshot(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        assert!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
        println!("call {call}: {status}, with token {}", manager.token().await?.generation());
    }
    // The first token served two calls, and the second one the third call and its resend.
    assert_eq!(site.counters().tokens_issued, 2);
    println!("{} token requests for 3 calls", site.counters().tokens_issued);
    Ok(())
}
