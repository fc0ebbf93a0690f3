//! The `User-Agent` of the crate's own requests, and of the application's requests.

use auth_layer::endpoint::USER_AGENT;
use auth_layer::metadata::MetadataCache;
use auth_layer::{
    Credential, Exchange, Grant, Metadata, Profile, RetryLayer, RetryPolicy, SignIn, TestClock, TokenManager,
    Transport, stack,
};
use tower::{Layer, ServiceExt};

use crate::support::{FakeApi, FakeTokenEndpoint, Rig, Seen, example, get, json_response};

fn user_agents(seen: &[Seen]) -> Vec<&str> {
    let all = seen.iter().flat_map(|seen| seen.headers.get_all("user-agent"));
    all.map(|value| value.to_str().unwrap()).collect()
}

/// Returns a provider with every endpoint, and a server that answers each of them.
fn whole() -> (Profile, FakeTokenEndpoint) {
    let profile = example()
        .with_device_url("https://auth.example.com/device")
        .unwrap()
        .with_revocation_url("https://auth.example.com/revoke")
        .unwrap();
    let answer = concat!(
        r#"{"issuer":"https://auth.example.com","token_endpoint":"https://auth.example.com/t","#,
        r#""access_token":"token-1","token_type":"Bearer","device_code":"d","user_code":"u","#,
        r#""verification_uri":"https://auth.example.com/d","expires_in":60}"#,
    );
    (profile, FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, answer))))
}

/// Makes one request of each kind with this `User-Agent`.
async fn ask(profile: Profile, transport: Transport, user_agent: Option<&str>) {
    let credential = || Credential::new("client", "client-secret");
    let exchange = Exchange::builder(profile.clone(), credential(), Grant::ClientCredentials);
    let exchange = exchange.transport(transport.clone());
    let sign_in = SignIn::builder(profile, credential()).transport(transport.clone());
    let (exchange, sign_in) = match user_agent {
        Some(own) => (exchange.user_agent(own), sign_in.user_agent(own)),
        None => (exchange, sign_in),
    };
    TokenManager::new(exchange.build().unwrap()).token().await.unwrap();
    let sign_in = sign_in.build().unwrap();
    sign_in.ask_for_device_code(None).await.unwrap();
    sign_in.revoke(&auth_layer::RefreshToken::new("refresh-token-1")).await.unwrap();
    let (issuer, clock) = ("https://auth.example.com", TestClock::new());
    Metadata::fetch(issuer, &transport, &clock, std::time::Duration::from_secs(1)).await.unwrap();
    MetadataCache::new(issuer, transport).unwrap().get().await.unwrap();
}

#[tokio::test]
async fn each_request_of_our_own_names_this_crate() {
    let (profile, server) = whole();
    ask(profile, server.transport(), None).await;
    assert_eq!(user_agents(&server.seen()), [USER_AGENT; 5]);
    assert_eq!(USER_AGENT, concat!("auth-layer/", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn the_callers_name_takes_its_place() {
    let (profile, server) = whole();
    ask(profile, server.transport().with_user_agent("billing/1.4 (x64)").unwrap(), None).await;
    assert_eq!(user_agents(&server.seen()), ["billing/1.4 (x64)"; 5]);

    let (profile, server) = whole();
    ask(profile, server.transport().with_user_agent("transport/1").unwrap(), Some("mine/2")).await;
    assert_eq!(user_agents(&server.seen()), ["mine/2", "mine/2", "mine/2", "transport/1", "transport/1"]);
}

#[test]
fn a_name_that_no_header_can_hold_is_a_mistake() {
    for wrong in ["", " ", "two\r\nlines", "tab\t", "caf\u{e9}"] {
        let endpoint = FakeTokenEndpoint::issuing(60);
        let credential = || Credential::new("client", "client-secret");
        let exchange = Exchange::builder(example(), credential(), Grant::ClientCredentials)
            .transport(endpoint.transport())
            .user_agent(wrong);
        let sign_in =
            SignIn::builder(example(), credential()).transport(endpoint.transport()).user_agent(wrong);
        for error in
            [exchange.build().err(), sign_in.build().err(), endpoint.transport().with_user_agent(wrong).err()]
        {
            assert_eq!(error.unwrap().what(), "User-Agent", "{wrong:?}");
        }
    }
}

#[tokio::test]
async fn the_layers_add_none_to_the_requests_of_others() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::accepting();
    rig.over(api.clone()).oneshot(get("/me")).await.unwrap();
    let own = stack(&example(), rig.manager.clone()).layer(api.clone());
    own.oneshot(get("/me")).await.unwrap();
    RetryLayer::new(RetryPolicy::new()).layer(rig.over(api.clone())).oneshot(get("/me")).await.unwrap();
    let mut named = get("/me");
    named.headers_mut().insert("user-agent", "mine/1".parse().unwrap());
    rig.over(api.clone()).oneshot(named).await.unwrap();
    assert_eq!(user_agents(&api.seen()), ["mine/1"]);
    assert_eq!(api.count(), 4);
}
