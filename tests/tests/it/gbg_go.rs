//! GBG GO: a journey from start to end, the end user's own token, and failures without its quirks.

use auth_layer::{CallBearer, ClientAuth, ErrorKind, Profile};
use client_core::Error;
use emulator::{Rejection, Site, TokenRefusal};
use gbg_go_client::Client;
use gbg_go_client::types::InteractionSubmission;
use journeys::{Failure, Fixture, GbgGo, Shape, Stage, draft_of_a_journey, plain};
use serde_json::json;

async fn start(client: &Client) -> String {
    let started = client.start_journey().body(draft_of_a_journey()).send().await.unwrap();
    assert_eq!((started.status().as_u16(), started.into_inner().status.as_str()), (201, "started"));
    let again = client.start_journey().x_gbg_scenario("all-good").body(draft_of_a_journey()).send().await;
    again.unwrap().into_inner().instance_id
}

fn submission(instance: &str) -> InteractionSubmission {
    let submission = json!({
        "instanceId": instance,
        "interactionId": "segment1",
        "participants": [{"domainElementId": "FullName", "instructions": []}],
        "context": {"subject": {"identity": {"firstName": "Dana"}}},
    });
    serde_json::from_value(submission).unwrap()
}

#[tokio::test]
async fn a_journey_from_start_to_end_on_one_token() {
    let stage = Stage::start().await;
    let site = stage.site::<GbgGo>();
    let client = stage.client::<GbgGo>();
    let instance = start(&client).await;

    let full = client.fetch_interaction().body_map(|body| body.instance_id(&instance)).send().await.unwrap();
    assert_eq!((full.instance_id.as_str(), full.journey.status.as_str()), (instance.as_str(), "InProgress"));
    assert!(full.context.is_some());
    assert!(full.headers().contains_key("x-request-id"));
    let slim =
        client.fetch_interaction_slim().body_map(|body| body.instance_id(&instance)).send().await.unwrap();
    assert_eq!(slim.outstanding.as_ref().unwrap(), &["FullName", "DateOfBirth"]);

    let state = client.fetch_state().body_map(|body| body.instance_id(&instance)).send().await.unwrap();
    assert_eq!((state.status.as_str(), state.context.is_some()), ("InProgress", true));

    let ack = client.submit_interaction().body(submission(&instance)).send().await.unwrap();
    assert_eq!(ack.status, "success");

    let state = client.fetch_state_slim().body_map(|body| body.instance_id(&instance)).send().await.unwrap();
    assert_eq!(state.status, "Completed");
    assert_eq!(state.steps.as_ref().unwrap()[0].node_id, "node1");
    assert_eq!(state.result.as_ref().unwrap().outcome.as_deref(), Some("Accept"));

    // The journey has ended, and the code in the body says so.
    let refused = client.submit_interaction().body(submission(&instance)).send().await.unwrap_err();
    let Error::ErrorResponse(refused) = refused else { panic!("{refused:?}") };
    assert_eq!((refused.status().as_u16(), refused.errors[0].code.as_str()), (409, "4009"));

    let other = start(&client).await;
    let ended = client.terminate_journey().body_map(|body| body.instance_id(&other)).send().await.unwrap();
    assert_eq!(ended.status(), 200);
    let again =
        client.terminate_journey().body_map(|body| body.instance_id(&other)).send().await.unwrap_err();
    assert_eq!(Failure::from(again).api_status(), Some(409));

    let counters = site.counters();
    assert_eq!((counters.token_requests, counters.api_served), (1, 10));
    let slims = ["fetchInteractionSlim", "fetchStateSlim", "fetchInteraction", "fetchState"];
    assert_eq!(slims.map(|id| counters.operations[id]), [1; 4]);
    assert_eq!(counters.operations["submitInteraction"], 2, "a conflict is not sent again");
    assert_eq!(counters.double_authorization, 0);
}

#[tokio::test]
async fn handoff_wants_the_end_users_token_and_nothing_is_sent_without() {
    let stage = Stage::start().await;
    let site = stage.site::<GbgGo>();
    let client = stage.client::<GbgGo>();
    let instance = start(&client).await;
    site.reset_counters();

    let failure = client.create_handoff_token().instance_id(&instance).send().await.unwrap_err();
    let failure = Failure::from(failure);
    assert_eq!((failure.shape, failure.kind()), (Shape::Auth, Some(ErrorKind::Credential)));
    assert!(!failure.is_transient);
    assert!(failure.text.contains("InteractionAccess"), "{}", failure.text);
    assert_eq!((site.counters().api_calls, site.counters().token_requests), (0, 0));

    let device = client.with_bearer(CallBearer::new(&site.end_user_token()).unwrap());
    let handoff = device.create_handoff_token().instance_id(&instance).send().await.unwrap();
    assert_eq!(handoff.status(), 201);
    assert!(handoff.instance_url.ends_with(&instance));
    // Operations that accept either credential get the end user's token from this handle, and the managed one from the
    // other.
    device.fetch_interaction().body_map(|body| body.instance_id(&instance)).send().await.unwrap();
    client.fetch_interaction().body_map(|body| body.instance_id(&instance)).send().await.unwrap();
    let tokens: Vec<_> = site.requests().iter().map(|request| request.token).collect();
    assert_eq!(tokens, [Some(2), Some(2), Some(1)]);
    assert_eq!(site.counters().double_authorization, 0);
}

#[tokio::test]
async fn a_bearer_given_for_a_call_is_never_renewed() {
    let stage = Stage::start().await;
    let site = stage.site::<GbgGo>();
    let client = stage.client::<GbgGo>();
    let instance = start(&client).await;
    let device = client.with_bearer(CallBearer::new(&site.end_user_token()).unwrap());
    site.revoke_tokens();
    site.reset_counters();
    let failure = device.create_handoff_token().instance_id(&instance).send().await.unwrap_err();
    assert_eq!(Failure::from(failure).api_status(), Some(401));
    let fetch = device.fetch_interaction().body_map(|body| body.instance_id(&instance));
    assert_eq!(Failure::from(fetch.send().await.unwrap_err()).api_status(), Some(401));
    let counters = site.counters();
    assert_eq!((counters.api_calls, counters.token_requests), (2, 0));
    assert_eq!(GbgGo::manager(&client).stats().rejections, 0, "the managed token was not blamed");
    // The managed token is accepted.
    GbgGo::call(&client).await.unwrap();
    assert_eq!(site.counters().token_requests, 1);
}

#[tokio::test]
async fn an_end_users_token_does_not_open_what_belongs_to_the_customer() {
    let stage = Stage::start().await;
    let site = stage.site::<GbgGo>();
    let client = stage.client::<GbgGo>();
    let device = client.with_bearer(CallBearer::new(&site.end_user_token()).unwrap());
    let failure = GbgGo::call(&device).await.unwrap_err();
    assert_eq!(failure.api_status(), Some(401));
    assert_eq!(site.counters().api_rejections.get(&Rejection::WrongKindOfToken), Some(&1));
    assert_eq!(site.counters().token_requests, 0);
}

async fn fails_with(profile: impl FnOnce(&Site) -> Profile) -> (Failure, Site) {
    let stage = Stage::start().await;
    let site = stage.site::<GbgGo>();
    let client = stage.builder::<GbgGo>().profile(profile(&site)).build().unwrap();
    let failure = GbgGo::call(&client).await.unwrap_err();
    assert_eq!((site.counters().tokens_issued, site.counters().api_calls), (0, 0));
    (failure, site)
}

#[tokio::test]
async fn plain_oauth2_is_refused_for_its_basic_header() {
    let (failure, site) = fails_with(plain).await;
    assert_eq!((failure.kind(), failure.token_status()), (Some(ErrorKind::Refused), Some(401)));
    assert_eq!((failure.code(), failure.is_transient), (Some("invalid_client"), false));
    assert_eq!(site.counters().token_refusals.get(&TokenRefusal::ClientAuthentication), Some(&1));
}

#[tokio::test]
async fn plain_oauth2_is_refused_for_want_of_the_scope() {
    let (failure, site) = fails_with(|site| plain(site).with_client_auth(ClientAuth::body())).await;
    assert_eq!((failure.kind(), failure.token_status()), (Some(ErrorKind::Refused), Some(400)));
    assert_eq!((failure.code(), failure.is_transient), (Some("invalid_scope"), false));
    assert_eq!(site.counters().token_refusals.get(&TokenRefusal::Scope), Some(&1));
}
