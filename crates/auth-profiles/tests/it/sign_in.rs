//! Sends an example through a sign-in with a browser.

use std::collections::BTreeMap;
use std::sync::Arc;

use auth_layer::{
    Clock, Error, Exchange, Grant, MemoryStore, Profile, Scope, SignIn, TestClock, TokenManager, TokenStore,
};
use auth_profiles::{Authorize, Example};

use crate::check::Outcome;
use crate::exchange::credential;
use crate::server::{Server, same};

/// Compares the URL of the sign-in page with an example.
pub(crate) fn compare_page(profile: &Profile, wanted: &Authorize) -> Result<(), String> {
    let sign_in = SignIn::builder(profile.clone(), credential())
        .transport(Server::default().transport(&empty()))
        .build()
        .map_err(|error| error.to_string())?;
    let scope =
        wanted.scope.as_deref().map(str::parse::<Scope>).transpose().map_err(|error| error.to_string())?;
    let authorization = sign_in.authorize(CALLBACK, scope.as_ref()).map_err(|error| error.to_string())?;
    let url = url::Url::parse(authorization.url()).map_err(|error| error.to_string())?;
    let parameters: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    for (name, value) in &wanted.parameters {
        same(&format!("parameter {name} of the sign-in page"), value, parameters.get(name))?;
    }
    match wanted.without.iter().find(|name| parameters.contains_key(*name)) {
        Some(name) => Err(format!("the sign-in page has the parameter {name}")),
        None => Ok(()),
    }
}

/// Signs in, with the example's answer to the code. The outer error says that the example cannot be run.
pub(crate) async fn finish(profile: &Profile, example: &Example) -> Result<Result<Outcome, Error>, String> {
    let (server, clock) = (Server::default(), TestClock::new());
    let sign_in = SignIn::builder(profile.clone(), credential())
        .transport(server.transport(example))
        .clock(Arc::new(clock.clone()))
        .build()
        .map_err(|error| error.to_string())?;
    let authorization = sign_in.authorize(CALLBACK, None).map_err(|error| error.to_string())?;
    let url = url::Url::parse(authorization.url()).map_err(|error| error.to_string())?;
    let state = url.query_pairs().find(|(name, _)| name == "state").map(|(_, state)| state.into_owned());
    let mut callback = url::Url::parse(CALLBACK).map_err(|error| error.to_string())?;
    callback
        .query_pairs_mut()
        .append_pair("code", "example-code")
        .append_pair("state", &state.ok_or("the sign-in page has no state")?)
        .extend_pairs(&example.callback);
    let asked = clock.now().wall();
    let signed_in = sign_in.finish(authorization, callback.as_str()).await;
    if let Some(request) = &example.request {
        server.compare(request)?;
    }
    let signed_in = match signed_in {
        Ok(signed_in) => signed_in,
        Err(error) => return Ok(Err(error)),
    };
    // A service finds the sign-in in the store. Its token is the one of the sign-in, without a request.
    let store = Arc::new(MemoryStore::with_clock(Arc::new(clock.clone())));
    let exchange = Exchange::builder(profile.clone(), credential(), Grant::Stored)
        .transport(server.transport(example))
        .clock(Arc::new(clock.clone()))
        .store(store.clone())
        .subject("default")
        .build()
        .map_err(|error| error.to_string())?;
    let key = exchange.store_key().cloned().ok_or("the exchange has no record")?;
    if let Err(error) = signed_in.keep(&*store, &key, None).await {
        return Ok(Err(error));
    }
    let record = store.load(&key).await.map_err(|error| error.to_string())?;
    let manager = TokenManager::builder(exchange).clock(Arc::new(clock.clone())).build();
    let token = match manager.token().await {
        Ok(token) => token,
        Err(error) => return Ok(Err(error)),
    };
    Ok(Ok(Outcome {
        access_token: Some(token.access_token().expose().to_owned()),
        lifetime: Some(token.expires().saturating_sub(asked)),
        scope: signed_in.scope().map(ToString::to_string),
        kept: token.all_kept().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        origin: token.origin().map(ToString::to_string),
        record,
        asked,
    }))
}

fn empty() -> Example {
    let file = auth_profiles::ProfileFile::read(
        "name = \"example\"\ntoken_url = \"https://auth.example.com/token\"\n[[example]]\nabout = \"none\"\nauthorize = {}\n",
    );
    file.unwrap().examples()[0].clone()
}

const CALLBACK: &str = "http://127.0.0.1:8912/callback";
