//! One client for two tenants: each call carries its own tenant's token.

use std::sync::Arc;

use auth_layer::{
    AccessToken, Credential, ErrorKind, Exchange, Grant, Identity, StaticToken, TokenManager, TokenPool,
};
use client_core::Provider as _;
use emulator::Endpoint;
use journeys::{
    Failure, Fixture, GbgGo, Gotab, GotoAdmin, GotoWebinar, Memory, Octotable, Shape, Stage, once,
};

/// Returns a pool in which each tenant's token is the tenant's name.
fn named_tokens() -> TokenPool {
    TokenPool::new(|identity: &Identity| {
        let token = AccessToken::new(identity.tenant()).expect("a tenant's name can be a token");
        Ok(TokenManager::new(StaticToken::new(token)))
    })
}

fn carried(memory: &Memory) -> Vec<String> {
    memory.authorizations().into_iter().map(Option::unwrap_or_default).collect()
}

macro_rules! each_call_carries_the_token_of_its_tenant {
    ($($name:ident: $fixture:ty),* $(,)?) => {$(
        #[tokio::test]
        async fn $name() {
            let memory = Memory::new::<$fixture>();
            memory.answer_instead(200, None, <$fixture>::ANSWER);
            let builder = memory.builder::<$fixture>().stack(once).pool(named_tokens());
            let client = builder.build().unwrap();
            assert!(client.token_manager().is_none());
            let one = client.with_identity(Identity::new("one"));
            let two = client.with_identity(Identity::new("two"));
            for client in [&one, &two, &one.clone(), &two.with_identity(Identity::new("one"))] {
                <$fixture>::call(client).await.unwrap();
            }
            assert_eq!(carried(&memory), ["Bearer one", "Bearer two", "Bearer one", "Bearer one"]);
            // A call without a tenant has no token.
            let failure = <$fixture>::call(&client).await.unwrap_err();
            assert_eq!((failure.shape, failure.kind()), (Shape::Auth, Some(ErrorKind::Credential)));
            // A call's own bearer takes precedence over the tenant's token.
            let bearer = auth_layer::CallBearer::new("own").unwrap();
            <$fixture>::call(&one.with_bearer(bearer)).await.unwrap();
            assert_eq!(carried(&memory).last().unwrap(), "Bearer own");
        }
    )*};
}

each_call_carries_the_token_of_its_tenant! {
    each_gotab_call_carries_the_token_of_its_tenant: Gotab,
    each_goto_admin_call_carries_the_token_of_its_tenant: GotoAdmin,
    each_goto_webinar_call_carries_the_token_of_its_tenant: GotoWebinar,
    each_gbg_go_call_carries_the_token_of_its_tenant: GbgGo,
    each_octotable_call_carries_the_token_of_its_tenant: Octotable,
}

/// Both of GoTo's APIs work at once, because its client contains a client of each.
#[tokio::test]
async fn a_goto_client_of_a_tenant_has_both_apis() {
    let memory = Memory::new::<GotoAdmin>();
    let client = memory.builder::<GotoAdmin>().stack(once).pool(named_tokens()).build().unwrap();
    let one = client.with_identity(Identity::new("one"));
    memory.answer_instead(200, None, GotoAdmin::ANSWER);
    GotoAdmin::call(&one).await.unwrap();
    memory.answer_instead(200, None, GotoWebinar::ANSWER);
    GotoWebinar::call(&one).await.unwrap();
    assert_eq!(carried(&memory), ["Bearer one", "Bearer one"]);
}

/// Two tenants at a real token endpoint. Each has its own token, which is renewed separately.
#[tokio::test]
async fn two_tenants_have_separate_tokens_and_renewals() {
    let stage = Stage::start().await;
    let site = stage.site::<GbgGo>();
    let (token_url, credentials, clock) = (site.token_url(), site.credentials(), stage.clock());
    let profile = gbg_go_client::Client::profile().with_token_url(&token_url).unwrap();
    let made_on = clock.clone();
    let pool = TokenPool::builder(move |identity: &Identity| {
        let credential = Credential::new(credentials.id(), credentials.secret());
        let exchange = Exchange::builder(profile.clone(), credential, Grant::ClientCredentials);
        let exchange = exchange.identity(identity).clock(made_on.clone()).build()?;
        Ok(TokenManager::builder(exchange).clock(made_on.clone()).build())
    })
    .clock(Arc::clone(&clock))
    .build();
    let client = stage.builder::<GbgGo>().stack(once).pool(pool).build().unwrap();
    let tenants = ["one", "two"].map(|tenant| client.with_identity(Identity::new(tenant)));
    let call = async |client| -> Result<u64, Failure> {
        GbgGo::call(client).await?;
        let requests = site.requests();
        let last = requests.iter().rev().find(|request| request.endpoint == Endpoint::Api);
        Ok(last.and_then(|request| request.token).unwrap())
    };
    let (first, second) = (call(&tenants[0]).await.unwrap(), call(&tenants[1]).await.unwrap());
    assert_ne!(first, second);
    assert_eq!((call(&tenants[1]).await.unwrap(), call(&tenants[0]).await.unwrap()), (second, first));
    assert_eq!((site.counters().token_requests, site.counters().api_served), (2, 4));
    stage.advance(GbgGo::LIFETIME);
    assert_ne!(call(&tenants[0]).await.unwrap(), first);
    assert_eq!(site.counters().token_requests, 3, "the other tenant has not called");
}
