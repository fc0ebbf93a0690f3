//! Sends an example through an exchange.

use std::sync::Arc;

use auth_layer::{
    Clock, Credential, Error, Exchange, Grant, MemoryStore, Profile, RefreshToken, TestClock, TokenManager,
    TokenStore,
};
use auth_profiles::Example;

use crate::check::Outcome;
use crate::server::Server;

/// Gets a token with a grant. The outer error says that the example cannot be run.
pub(crate) async fn run(
    profile: &Profile,
    grant_type: &str,
    example: &Example,
) -> Result<Result<Outcome, Error>, String> {
    let (server, clock) = (Server::default(), TestClock::new());
    let store = Arc::new(MemoryStore::with_clock(Arc::new(clock.clone())));
    let grant = match grant_type {
        "refresh_token" => Grant::refresh_token(RefreshToken::new(REFRESH_TOKEN)),
        "client_credentials" => Grant::ClientCredentials,
        other if profile.grant_type() == Some(other) => Grant::ClientCredentials,
        other => Grant::custom(other.to_owned(), [("assertion", "an-assertion-for-tests")]),
    };
    let keeps_a_record = grant.is_used_up();
    let mut exchange = Exchange::builder(profile.clone(), credential(), grant)
        .transport(server.transport(example))
        .clock(Arc::new(clock.clone()));
    if keeps_a_record {
        exchange = exchange.store(store.clone());
    }
    let exchange = exchange.build().map_err(|error| error.to_string())?;
    let key = exchange.store_key().cloned();
    let manager = TokenManager::builder(exchange).clock(Arc::new(clock.clone())).build();
    let asked = clock.now().wall();
    let token = manager.token().await;
    if let Some(request) = &example.request {
        server.compare(request)?;
    }
    let token = match token {
        Ok(token) => token,
        Err(error) => return Ok(Err(error)),
    };
    let record = match (keeps_a_record, key) {
        (true, Some(key)) => store.load(&key).await.map_err(|error| error.to_string())?,
        _ => None,
    };
    Ok(Ok(Outcome {
        access_token: Some(token.access_token().expose().to_owned()),
        lifetime: Some(token.expires().saturating_sub(asked)),
        scope: token.scope().map(ToString::to_string),
        kept: token.all_kept().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        origin: token.origin().map(ToString::to_string),
        record,
        asked,
    }))
}

/// Returns the client of all examples.
pub(crate) fn credential() -> Credential {
    Credential::new("example-client", "example-secret")
}

/// The refresh token that the examples redeem.
const REFRESH_TOKEN: &str = "example-refresh-token";
