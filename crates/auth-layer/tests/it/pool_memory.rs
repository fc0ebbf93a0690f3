//! The memory that a pool needs for each identity.

use allocation_counter::measure;
use auth_layer::source::ExchangeBuilder;
use auth_layer::{BoxError, Credential, Exchange, Grant, Identity, TokenManager, TokenPool, Transport};

use crate::departing::scope_in_body;
use crate::support::token_answer;

/// Returns a pool like the one in the documentation.
fn pool(adjust: impl Fn(ExchangeBuilder) -> ExchangeBuilder + Send + Sync + 'static) -> TokenPool {
    let profile = scope_in_body();
    TokenPool::builder(move |identity: &Identity| {
        let credential = Credential::new(format!("client-of-{}", identity.tenant()), "its secret");
        let exchange = Exchange::builder(profile.clone(), credential, Grant::ClientCredentials);
        Ok(TokenManager::new(adjust(exchange.identity(identity)).build()?))
    })
    .max_identities(IDENTITIES)
    .build()
}

/// Checks how much each of many identities leaves on the heap after `visit`.
#[track_caller]
fn at_most_3_kb(identity: impl Fn(usize) -> Identity, visit: impl Fn(&Identity)) {
    // Some things are kept once for all identities, for example the certificates.
    visit(&Identity::new("the first one"));
    let grown = measure(|| (0..IDENTITIES - 1).for_each(|n| visit(&identity(n))));
    let each = grown.bytes_current / IDENTITIES as i64;
    assert!((500..=3_000).contains(&each), "{each} bytes for each identity");
}

fn tenant(n: usize) -> Identity {
    Identity::new(format!("tenant-{n}"))
}

#[test]
fn an_identity_takes_at_most_3_kb_before_its_first_token() {
    let pool = pool(|exchange| exchange);
    at_most_3_kb(tenant, |identity| drop(pool.get(identity).unwrap()));
    assert_eq!(pool.len(), IDENTITIES);
}

#[test]
fn an_identity_with_a_scope_and_an_audience_takes_at_most_3_kb() {
    let pool = pool(|exchange| exchange);
    let identity = |n| {
        let tenant = tenant(n).with_scope("orders:read orders:write".parse().unwrap());
        tenant.with_audience("https://api.example.com/").with_resource("urn:example:orders".parse().unwrap())
    };
    at_most_3_kb(identity, |identity| drop(pool.get(identity).unwrap()));
    assert_eq!(pool.len(), IDENTITIES);
}

#[test]
fn an_identity_takes_at_most_3_kb_with_a_token_in_hand() {
    let answering = tower::service_fn(|_| async { Ok::<_, BoxError>(token_answer("a-token", 3600)) });
    let transport = Transport::new(answering);
    let pool = pool(move |exchange| exchange.transport(transport.clone()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    at_most_3_kb(tenant, |identity| {
        runtime.block_on(async { pool.get(identity).unwrap().token().await }).unwrap();
    });
    assert_eq!(pool.len(), IDENTITIES);
}

const IDENTITIES: usize = 2_000;
