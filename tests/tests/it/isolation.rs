//! Isolation: between a token and a foreign origin, between a token and a public operation, between the tokens of two
//! clients, and between a client and a manager that it does not share.

use auth_layer::{CallBearer, ErrorKind};
use emulator::{Endpoint, Fault};
use journeys::{
    Failure, Fixture, GbgGo, Gotab, GotoAdmin, GotoWebinar, Memory, Octotable, PROPERTY, Shape, Stage,
};
use tokio::task::JoinSet;

use crate::octotable::sandbox;

/// Runs every test of this file for one fixture.
macro_rules! suite {
    ($module:ident, $fixture:ty, $($name:ident),* $(,)?) => {
        mod $module {
            $(#[tokio::test] async fn $name() { journeys::in_time(super::$name::<$fixture>()).await; })*
        }
    };
    ($module:ident, $fixture:ty) => {
        suite!($module, $fixture,
            b61_a_redirect_is_not_followed_and_carries_no_token_away,
            b61_a_client_sends_its_token_to_its_own_origin_alone,
            b95_two_clients_share_one_manager,
            two_clients_with_managers_of_their_own_share_nothing,
        );
    };
}

suite!(gotab, journeys::Gotab);
suite!(goto_admin, journeys::GotoAdmin);
suite!(goto_webinar, journeys::GotoWebinar);
suite!(gbg_go, journeys::GbgGo);
suite!(octotable, journeys::Octotable);

async fn b61_a_redirect_is_not_followed_and_carries_no_token_away<F: Fixture>() {
    let stage = Stage::start().await;
    let site = stage.site::<F>();
    let client = stage.client::<F>();
    // The auth host of the same provider has another port, so it is another origin.
    let location = format!("{}/api/loc", site.auth_url());
    for code in [301, 302, 303, 307, 308] {
        let headers = vec![("location".to_owned(), location.clone())];
        site.inject(Endpoint::Api, Fault::Status { code, body: String::new(), headers });
        let failure = F::call(&client).await.unwrap_err();
        assert_eq!((failure.shape, failure.api_status()), (Shape::UnexpectedResponse, Some(code)));
    }
    let counters = site.counters();
    assert_eq!((counters.token_requests, counters.api_calls), (1, 5), "the other origin saw nothing");
    let paths: Vec<_> = site.requests().into_iter().map(|request| (request.endpoint, request.path)).collect();
    assert!(!paths.contains(&(Endpoint::Token, "/api/loc".to_owned())), "{paths:?}");
}

/// A client for one origin shares the manager of a client for another. Each sends the token only to its own API.
async fn b61_a_client_sends_its_token_to_its_own_origin_alone<F: Fixture>() {
    use client_core::Provider as _;
    let memory = Memory::new::<F>();
    let client = memory.client::<F>();
    F::call(&client).await.unwrap();
    // The named origin replaces the profile's real origins.
    let real = F::Client::APIS[0].base_url();
    let moved = memory.builder::<F>().build().unwrap();
    F::call(&moved).await.unwrap();
    assert!(memory.authorizations().iter().all(Option::is_some));
    let request = http::Request::get(real).body(client_core::Body::empty()).unwrap();
    // A request by hand through the same layer: the real origin is foreign now.
    let profile = F::Client::profile()
        .with_origins(["https://api.example.test".parse().unwrap()].into_iter().collect());
    let layer = auth_layer::AuthLayer::new(&profile, F::manager(&client).clone());
    let stack = tower::Layer::layer(&layer, memory.clone());
    tower::ServiceExt::oneshot(stack.clone(), request).await.unwrap();
    assert_eq!(memory.authorizations().last(), Some(&None));
    let own = http::Request::get("https://api.example.test/v1").body(client_core::Body::empty()).unwrap();
    tower::ServiceExt::oneshot(stack, own).await.unwrap();
    assert!(memory.authorizations().last().unwrap().is_some());
}

async fn b95_two_clients_share_one_manager<F: Fixture>() {
    let stage = Stage::start().await;
    let site = stage.site::<F>();
    let first = stage.client::<F>();
    let manager = F::manager(&first).clone();
    // There are no credentials here, because the manager has them.
    let urls = |name: &str| {
        let is_credential = F::CREDENTIALS.contains(&name);
        if is_credential { Some("unused".to_owned()) } else { journeys::variable(&site, name) }
    };
    let second =
        client_core::Builder::<F::Client>::new().variables(urls).unwrap().manager(manager).build().unwrap();
    let hold = site.hold(Endpoint::Token);
    let mut calls = JoinSet::new();
    for client in [first.clone(), second.clone(), first.clone(), second.clone()] {
        calls.spawn(async move { F::call(&client).await });
    }
    journeys::until("the token request", || site.counters().token_requests > 0).await;
    drop(hold);
    for result in calls.join_all().await {
        result.unwrap();
    }
    assert_eq!((site.counters().token_requests, site.counters().api_served), (1, 4));
    // After one client learns of the new token, the other has it as well.
    site.revoke_tokens();
    F::call(&first).await.unwrap();
    F::call(&second).await.unwrap();
    let counters = site.counters();
    assert_eq!((counters.token_requests, counters.api_calls, counters.api_served), (2, 7, 6));
    // The manager outlives the client from which it came.
    drop(first);
    F::call(&second).await.unwrap();
    assert_eq!(site.counters().token_requests, 2);
    assert_eq!(site.counters().double_authorization, 0);
}

async fn two_clients_with_managers_of_their_own_share_nothing<F: Fixture>() {
    let stage = Stage::start().await;
    let site = stage.site::<F>();
    let (first, second) = (stage.client::<F>(), stage.client::<F>());
    F::call(&first).await.unwrap();
    F::call(&second).await.unwrap();
    assert_eq!(site.counters().token_requests, 2);
    let tokens: Vec<_> = site.requests().into_iter().map(|request| request.token).collect();
    assert_eq!(tokens, [Some(1), Some(1), Some(2), Some(2)]);
}

/// Clients of different crates, whose APIs accept the same token.
#[tokio::test]
async fn b95_clients_of_different_crates_share_one_manager() {
    let gotab_api = Memory::new::<Gotab>();
    let octotable_api = Memory::new::<Octotable>();
    let gotab = gotab_api.client::<Gotab>();
    let manager = Gotab::manager(&gotab).clone();
    let octotable = octotable_api.builder::<Octotable>().manager(manager.clone()).build().unwrap();
    let goto_api = Memory::new::<GotoAdmin>();
    let goto = goto_api.builder::<GotoAdmin>().manager(manager).build().unwrap();
    let (one, two, three) =
        tokio::join!(Gotab::call(&gotab), Octotable::call(&octotable), GotoAdmin::call(&goto));
    one.and(two).and(three).unwrap();
    let token_requests = [&gotab_api, &octotable_api, &goto_api].map(Memory::token_requests);
    assert_eq!(token_requests, [1, 0, 0], "the first one's leaf carried the request for all");
    for api in [&gotab_api, &octotable_api, &goto_api] {
        assert_eq!(api.authorizations(), [Some("Bearer memory-token-1".to_owned())]);
    }
}

/// GoTo's two APIs are two generated clients with one token.
#[tokio::test]
async fn b95_both_apis_of_goto_are_on_one_token() {
    let stage = Stage::start().await;
    let site = stage.site::<GotoAdmin>();
    let client = stage.client::<GotoAdmin>();
    let (admin, webinar) = tokio::join!(GotoAdmin::call(&client), GotoWebinar::call(&client));
    admin.and(webinar).unwrap();
    assert_eq!((site.counters().token_requests, site.counters().api_served), (1, 2));
}

#[tokio::test]
async fn b94_public_operations_carry_no_token_and_fetch_none() {
    let memory = Memory::new::<Octotable>();
    memory.answer_instead(200, None, r#"{"data":[]}"#);
    let client = memory.client::<Octotable>();
    client.create_api_client().body(sandbox()).send().await.unwrap();
    assert_eq!((memory.token_requests(), memory.authorizations()), (0, vec![None]));
    // The same holds if there is a token, and if the call has its own bearer.
    Octotable::call(&client).await.unwrap();
    client.create_api_client().body(sandbox()).send().await.unwrap();
    let given = client.with_bearer(CallBearer::new("given").unwrap());
    given.create_api_client().body(sandbox()).send().await.unwrap();
    assert_eq!(memory.authorizations()[2..], [None, None]);
    given.list_rooms().property(PROPERTY).send().await.unwrap();
    assert_eq!(memory.authorizations().last().unwrap().as_deref(), Some("Bearer given"));
    assert_eq!(memory.token_requests(), 1);
}

#[tokio::test]
async fn b94_a_public_operation_needs_no_token_and_ignores_a_401() {
    let stage = Stage::start().await;
    let site = stage.site::<Octotable>();
    let client = stage.client::<Octotable>();
    site.inject(Endpoint::Token, Fault::Unavailable.forever());
    client.create_api_client().body(sandbox()).send().await.unwrap();
    site.inject(Endpoint::Api, Fault::Unauthorized { challenge: None });
    let failure = client.create_api_client().body(sandbox()).send().await.unwrap_err();
    assert_eq!(Failure::from(failure).api_status(), Some(401));
    let counters = site.counters();
    assert_eq!((counters.token_requests, counters.api_calls), (0, 2));
    assert!(site.requests().iter().all(|request| request.token.is_none()));
    assert_eq!(counters.double_authorization, 0);
}

#[tokio::test]
async fn an_operation_for_another_kind_of_token_never_carries_the_managed_one() {
    let memory = Memory::new::<GbgGo>();
    let client = memory.client::<GbgGo>();
    GbgGo::call(&client).await.unwrap();
    let handoff = client.create_handoff_token().instance_id("Tk_4mZq9-LwBx7RcVhYe2N");
    let failure = Failure::from(handoff.send().await.unwrap_err());
    assert_eq!((failure.kind(), memory.api_calls()), (Some(ErrorKind::Credential), 1));
    let device = client.with_bearer(CallBearer::new("end-user").unwrap());
    let handoff = device.create_handoff_token().instance_id("Tk_4mZq9-LwBx7RcVhYe2N");
    assert_eq!(Failure::from(handoff.send().await.unwrap_err()).api_status(), Some(401));
    assert_eq!(memory.authorizations()[1].as_deref(), Some("Bearer end-user"));
    assert_eq!((memory.token_requests(), memory.api_calls()), (1, 2), "not renewed, not resent");
}
