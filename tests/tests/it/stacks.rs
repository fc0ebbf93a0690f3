//! The layer without a generated client: in a tower stack on hyper-util, and in one of reqwest-middleware.

use std::time::Duration;

use auth_layer::{
    AuthLayer, AuthMiddleware, BoxError, Credential, ErrorKind, Exchange, Grant, Profile, RefreshToken,
    TokenManager, Transport, leaf,
};
use bytes::Bytes;
use emulator::{Endpoint, Fault, Rejection, Site};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use journeys::{Fixture, GbgGo, GotoAdmin, GotoWebinar, ORGANIZER, Stage, draft_of_a_journey, until};
use serde_json::Value;
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt};

/// Returns the layer for a site, as set up by an application that uses the profile but none of our clients.
fn layer(stage: &Stage, site: &Site, profile: Profile, transport: Option<Transport>) -> AuthLayer {
    let profile = profile.with_token_url(&site.token_url()).unwrap();
    let profile = profile.with_origins([site.api_url().parse().unwrap()].into_iter().collect());
    let credentials = site.credentials();
    let credential = Credential::new(credentials.id(), credentials.secret());
    let grant = match site.refresh_token() {
        Some(token) => Grant::refresh_token(RefreshToken::new(token)),
        None => Grant::ClientCredentials,
    };
    let mut exchange = Exchange::builder(profile.clone(), credential, grant).clock(stage.clock());
    if let Some(transport) = transport {
        exchange = exchange.transport(transport);
    }
    let manager = TokenManager::builder(exchange.build().unwrap()).clock(stage.clock()).build();
    AuthLayer::new(&profile, manager)
}

/// The layer does not change calls, so a bare stack has to set its own `User-Agent`.
const USER_AGENT: &str = "stacks";

/// A plain tower stack: one line for the layer, and hyper below it.
type Stack = BoxCloneSyncService<http::Request<Full<Bytes>>, http::Response<AnyBody>, BoxError>;
type AnyBody = UnsyncBoxBody<Bytes, BoxError>;

fn on_hyper(layer: AuthLayer) -> Stack {
    let stack = ServiceBuilder::new().layer(layer).service(leaf::hyper_util::client().unwrap());
    let any =
        |response: http::Response<_>| response.map(|body| BodyExt::map_err(body, Into::into).boxed_unsync());
    Stack::new(stack.map_response(any))
}

/// Starts a journey at GBG GO by hand: a POST whose whole body must arrive, also when it is sent again.
async fn start_on_hyper(stack: &Stack, site: &Site) -> Result<u16, BoxError> {
    let url = format!("{}/journey/start", site.base_url("api").unwrap());
    let body = serde_json::to_vec(&draft_of_a_journey()).unwrap();
    let request = http::Request::post(url).header("user-agent", USER_AGENT);
    let request = request.header("content-type", "application/json").body(Full::from(body));
    let response = stack.clone().oneshot(request.unwrap()).await?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await?.to_bytes();
    assert!(serde_json::from_slice::<Value>(&body).is_ok_and(|body| body.is_object()), "the body is whole");
    Ok(status)
}

fn registrants_url(site: &Site) -> String {
    let base = site.base_url("webinar").unwrap();
    format!("{base}/organizers/{ORGANIZER}/webinars/7719034628815540021/registrants")
}

#[tokio::test]
async fn a_tower_stack_on_hyper_lives_through_three_tokens() {
    let stage = Stage::start().await;
    let site = stage.site::<GbgGo>();
    let layer = layer(&stage, &site, journeys::profile("gbg-go"), None);
    let manager = layer.manager().unwrap().clone();
    let stack = on_hyper(layer);
    assert_eq!(start_on_hyper(&stack, &site).await.unwrap(), 201);
    stage.advance(GbgGo::LIFETIME);
    assert_eq!(start_on_hyper(&stack, &site).await.unwrap(), 201);

    let hold = site.hold(Endpoint::Api);
    let (caller, at) = (stack.clone(), site.clone());
    let call = tokio::spawn(async move { start_on_hyper(&caller, &at).await });
    until("the call at the API", || site.counters().api_calls == 3).await;
    site.revoke_tokens();
    drop(hold);
    assert_eq!(call.await.unwrap().unwrap(), 201);

    let counters = site.counters();
    assert_eq!((counters.token_requests, counters.api_served, counters.token_refused()), (3, 3, 0));
    assert_eq!(counters.api_rejections.get(&Rejection::RevokedToken), Some(&1));
    assert_eq!((manager.stats().resends, counters.double_authorization), (1, 0));
}

#[tokio::test]
async fn a_tower_stack_on_hyper_looks_into_a_403() {
    let stage = Stage::start().await;
    let site = stage.site::<GotoWebinar>();
    let stack = on_hyper(layer(&stage, &site, journeys::profile("goto"), None));
    let list = || {
        let request = http::Request::get(registrants_url(&site)).header("user-agent", USER_AGENT);
        request.body(Full::default()).unwrap()
    };
    assert_eq!(stack.clone().oneshot(list()).await.unwrap().status(), 200);
    site.expire_tokens();
    assert_eq!(stack.clone().oneshot(list()).await.unwrap().status(), 200);
    assert_eq!((site.counters().token_requests, site.counters().api_calls), (2, 3));

    site.inject(Endpoint::Api, Fault::Forbidden(r#"{"errorCode":"Forbidden"}"#.to_owned()));
    let refused = stack.oneshot(list()).await.unwrap();
    assert_eq!(refused.status(), 403);
    assert_eq!(refused.into_body().collect().await.unwrap().to_bytes(), r#"{"errorCode":"Forbidden"}"#);
    assert_eq!((site.counters().token_requests, site.counters().api_calls), (2, 4));
}

#[tokio::test]
async fn a_tower_stack_on_hyper_gives_the_typed_error_back() {
    let stage = Stage::start().await;
    let site = stage.site::<GbgGo>();
    let stack = on_hyper(layer(&stage, &site, journeys::profile("gbg-go"), None));
    site.inject(Endpoint::Token, Fault::CutOff { after_bytes: 3 });
    let error = start_on_hyper(&stack, &site).await.unwrap_err();
    let auth = auth_layer::Error::find(error.as_ref()).unwrap();
    assert_eq!((auth.kind(), auth.is_transient()), (ErrorKind::Transport, true));
    stage.advance(Duration::from_secs(1));
    assert_eq!(start_on_hyper(&stack, &site).await.unwrap(), 201);
    assert_eq!((site.counters().token_requests, site.counters().api_calls), (2, 1));
}

fn on_middleware(layer: AuthLayer) -> reqwest_middleware::ClientWithMiddleware {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let client = client.user_agent(USER_AGENT).build().unwrap();
    reqwest_middleware::ClientBuilder::new(client).with(AuthMiddleware::new(layer)).build()
}

/// Returns a transport that sends token requests through reqwest as well, so that hyper's leaf is not involved.
fn through_reqwest() -> Option<Transport> {
    Some(Transport::new(leaf::reqwest::ReqwestLeaf::new().unwrap()))
}

async fn start_on_middleware(
    client: &reqwest_middleware::ClientWithMiddleware,
    site: &Site,
) -> reqwest_middleware::Result<u16> {
    let url = format!("{}/journey/start", site.base_url("api").unwrap());
    let body = serde_json::to_vec(&draft_of_a_journey()).unwrap();
    let request = client.post(url).header("content-type", "application/json").body(body);
    Ok(request.send().await?.status().as_u16())
}

#[tokio::test]
async fn a_reqwest_middleware_stack_lives_through_three_tokens() {
    let stage = Stage::start().await;
    let site = stage.site::<GbgGo>();
    let layer = layer(&stage, &site, journeys::profile("gbg-go"), through_reqwest());
    let manager = layer.manager().unwrap().clone();
    let client = on_middleware(layer);
    assert_eq!(start_on_middleware(&client, &site).await.unwrap(), 201);
    stage.advance(GbgGo::LIFETIME);
    assert_eq!(start_on_middleware(&client, &site).await.unwrap(), 201);

    let hold = site.hold(Endpoint::Api);
    let (caller, at) = (client.clone(), site.clone());
    let call = tokio::spawn(async move { start_on_middleware(&caller, &at).await });
    until("the call at the API", || site.counters().api_calls == 3).await;
    site.revoke_tokens();
    drop(hold);
    assert_eq!(call.await.unwrap().unwrap(), 201);

    let counters = site.counters();
    assert_eq!((counters.token_requests, counters.api_served, counters.token_refused()), (3, 3, 0));
    assert_eq!(counters.api_rejections.get(&Rejection::RevokedToken), Some(&1));
    assert_eq!((manager.stats().resends, counters.double_authorization), (1, 0));
}

#[tokio::test]
async fn b34_a_reqwest_middleware_stack_renews_once_for_fifty_rejections() {
    let stage = Stage::start().await;
    let site = stage.site::<GbgGo>();
    let client = on_middleware(layer(&stage, &site, journeys::profile("gbg-go"), through_reqwest()));
    start_on_middleware(&client, &site).await.unwrap();
    let hold = site.hold(Endpoint::Api);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (client, site) = (client.clone(), site.clone());
        calls.spawn(async move { start_on_middleware(&client, &site).await });
    }
    until("fifty calls in flight", || site.counters().api_calls == 51).await;
    site.revoke_tokens();
    drop(hold);
    for status in calls.join_all().await {
        assert_eq!(status.unwrap(), 201);
    }
    let counters = site.counters();
    assert_eq!((counters.token_requests, counters.api_calls, counters.api_served), (2, 101, 51));
    assert_eq!(counters.double_authorization, 0);
}

#[tokio::test]
async fn a_reqwest_middleware_stack_looks_into_a_403_and_hands_it_on_whole() {
    let stage = Stage::start().await;
    let site = stage.site::<GotoWebinar>();
    let client = on_middleware(layer(&stage, &site, journeys::profile("goto"), through_reqwest()));
    let list = || client.get(registrants_url(&site)).send();
    let listed: Value = list().await.unwrap().json().await.unwrap();
    assert!(listed.is_array());
    site.expire_tokens();
    assert_eq!(list().await.unwrap().status(), 200);
    assert_eq!((site.counters().token_requests, site.counters().api_calls), (2, 3));

    let body = r#"{"errorCode":"Forbidden"}"#;
    site.inject(Endpoint::Api, Fault::Forbidden(body.to_owned()));
    let refused = list().await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.url().as_str()), (403, registrants_url(&site).as_str()));
    assert_eq!(refused.text().await.unwrap(), body);
    assert_eq!((site.counters().token_requests, site.counters().api_calls), (2, 4));
}

/// Returns the error of a call that has no token, in a stack of reqwest-middleware.
async fn failed_on_middleware() -> reqwest_middleware::Error {
    let stage = Stage::start().await;
    let site = stage.site::<GotoAdmin>();
    let client = on_middleware(layer(&stage, &site, journeys::profile("goto"), through_reqwest()));
    site.revoke_refresh_token();
    let error = client.get(format!("{}/me", site.base_url("admin").unwrap())).send().await.unwrap_err();
    assert_eq!((site.counters().token_requests, site.counters().api_calls), (1, 0));
    error
}

#[tokio::test]
async fn a_reqwest_middleware_stack_gives_the_typed_error_back() {
    let error = failed_on_middleware().await;
    let reqwest_middleware::Error::Middleware(error) = &error else { panic!("{error:?}") };
    assert_eq!(auth_layer::Error::find(&**error).unwrap().kind(), ErrorKind::SignInAgain);
}

/// The crate's error for a middleware's error shows that error's causes, but not the error itself.
#[tokio::test]
async fn b93_the_auth_error_is_in_the_chain_of_a_reqwest_middleware_error() {
    let error = failed_on_middleware().await;
    let auth = auth_layer::Error::find(&error).expect("it is in the chain");
    assert_eq!(auth.kind(), ErrorKind::SignInAgain);
}

#[tokio::test]
async fn b61_a_reqwest_middleware_stack_sends_no_token_to_another_origin() {
    let stage = Stage::start().await;
    let site = stage.site::<GotoAdmin>();
    let client = on_middleware(layer(&stage, &site, journeys::profile("goto"), through_reqwest()));
    assert_eq!(
        client.get(format!("{}/me", site.base_url("admin").unwrap())).send().await.unwrap().status(),
        200
    );
    let other = client.get(site.auth_url()).send().await.unwrap();
    assert_eq!(other.status(), 404);
    assert_eq!((site.requests().last().unwrap().token, site.counters().token_requests), (None, 2));
}
