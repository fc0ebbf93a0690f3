//! GoTo: two APIs with one token, a refresh token that stays the same, is absent or is new, and failures without its
//! quirks.

use std::sync::Arc;
use std::time::Duration;

use auth_layer::{ClientAuth, ErrorKind, MemoryStore, Profile};
use client_core::{Builder, Digits, Error};
use emulator::{Endpoint, Fault, RefreshTokenMode, Rejection, Site, TokenRefusal};
use goto_client::webinar::responses::CreateRegistrantError;
use goto_client::webinar::types::{RegistrantFields, RegistrantListing, WebinarDraft};
use goto_client::{Client, Credentials};
use journeys::{Failure, Fixture, GotoAdmin, GotoWebinar, ORGANIZER, Shape, Stage, once, plain, until};
use serde_json::json;

fn draft() -> WebinarDraft {
    let draft = json!({
        "subject": "Spring menu preview",
        "times": [{"startTime": "2027-03-10T15:00:00Z", "endTime": "2027-03-10T16:00:00Z"}],
        "timeZone": "Europe/Berlin",
    });
    serde_json::from_value(draft).unwrap()
}

fn dana() -> RegistrantFields {
    let fields = json!({"firstName": "Dana", "lastName": "Reed", "email": "dana.reed@example.com"});
    serde_json::from_value(fields).unwrap()
}

async fn registrants(client: &Client, webinar: &Digits) -> usize {
    let list = client.webinar().get_all_registrants_for_webinar();
    let list = list.organizer_key(ORGANIZER).webinar_key(webinar.as_str()).send().await.unwrap();
    match list.into_inner() {
        RegistrantListing::Array(registrants) => registrants.len(),
        RegistrantListing::Page(page) => panic!("no page was requested: {page:?}"),
    }
}

#[tokio::test]
async fn every_operation_of_both_apis_on_one_token() {
    let stage = Stage::start().await;
    let site = stage.site::<GotoAdmin>();
    let client = stage.client::<GotoAdmin>();

    let me = client.admin().get_me().send().await.unwrap();
    // An `f64` cannot represent this many digits.
    assert_eq!(me.key.as_str(), ORGANIZER);
    let organizer = me.key.as_str();
    let webinars = client.webinar();

    let created = webinars.create_webinar().organizer_key(organizer).body(draft()).send().await.unwrap();
    assert_eq!((created.status().as_u16(), created.webinar_key.as_str()), (201, "8100000000000000002"));
    let key = created.into_inner().webinar_key;

    let (from, to) = ("2026-12-01T00:00:00Z", "2027-12-01T00:00:00Z");
    let from: chrono::DateTime<chrono::Utc> = from.parse().unwrap();
    let to: chrono::DateTime<chrono::Utc> = to.parse().unwrap();
    let page = webinars.get_webinars().organizer_key(organizer).from_time(from).to_time(to).size(1).page(1);
    let page = page.send().await.unwrap().into_inner();
    assert_eq!(page.page.unwrap().total_elements, Some(2));
    assert_eq!(page.embedded.unwrap().webinars.unwrap()[0].webinar_key, key);

    let read = webinars.get_webinar().organizer_key(organizer).webinar_key(key.as_str());
    let read = read.send().await.unwrap();
    assert_eq!((read.subject.as_deref(), read.number_of_registrants), (Some("Spring menu preview"), Some(0)));

    let register =
        || webinars.create_registrant().organizer_key(organizer).webinar_key(key.as_str()).body(dana());
    let registered = register().send().await.unwrap();
    assert_eq!(registered.status(), 201);
    assert_eq!(registrants(&client, &key).await, 1);

    // The same address again. The conflict names the registrant.
    let Error::ErrorResponse(conflict) = register().send().await.unwrap_err() else { panic!("no conflict") };
    assert_eq!(conflict.status(), 409);
    let CreateRegistrantError::Conflict(conflict) = conflict.into_inner() else { panic!("another status") };
    assert_eq!(conflict.registrant_key.as_ref(), Some(&registered.registrant_key));
    assert_eq!(conflict.join_url, registered.join_url);

    let paged = webinars.get_all_registrants_for_webinar().organizer_key(organizer).webinar_key(key.as_str());
    let paged = paged.page(0).limit(10).send().await.unwrap().into_inner();
    assert!(matches!(&paged, RegistrantListing::Page(page) if page.total == Some(1)), "{paged:?}");

    let cancel = || webinars.cancel_webinar().organizer_key(organizer).webinar_key(key.as_str());
    assert_eq!(cancel().send_cancellation_emails(false).send().await.unwrap().status(), 204);
    let Error::ErrorResponse(gone) = cancel().send().await.unwrap_err() else { panic!("it is gone") };
    assert_eq!((gone.status().as_u16(), gone.error_code.as_deref()), (404, Some("NotFound")));

    let counters = site.counters();
    assert_eq!((counters.token_requests, counters.refreshes, counters.api_served), (1, 1, 8));
    assert_eq!(counters.api_rejections.get(&Rejection::Refused), Some(&2));
    assert_eq!(counters.operations["createRegistrant"], 2, "a conflict is not sent again");
    assert_eq!(counters.double_authorization, 0);
}

#[tokio::test]
async fn a_403_that_means_the_token_renews_and_the_webinar_is_created_once() {
    let stage = Stage::start().await;
    let site = stage.site::<GotoWebinar>();
    let client = stage.client::<GotoWebinar>();
    GotoAdmin::call(&client).await.unwrap();
    let hold = site.hold(Endpoint::Api);
    let caller = client.clone();
    let create = tokio::spawn(async move {
        let create = caller.webinar().create_webinar().organizer_key(ORGANIZER).body(draft());
        create.send().await.map(client_core::ResponseValue::into_inner)
    });
    until("the call at the API", || site.counters().api_calls == 2).await;
    site.revoke_tokens();
    drop(hold);
    assert_eq!(create.await.unwrap().unwrap().webinar_key.as_str(), "8100000000000000002");

    let answers: Vec<_> = site.requests().iter().map(|request| (request.status, request.token)).collect();
    let expected = [(200, 1), (200, 1), (403, 1), (200, 2), (201, 2)];
    assert_eq!(answers, expected.map(|(status, token)| (Some(status), Some(token))));
    assert_eq!(GotoWebinar::manager(&client).stats().resends, 1);
    // The other API uses the new token, too.
    GotoAdmin::call(&client).await.unwrap();
    assert_eq!(site.counters().token_requests, 2);
    assert_eq!(site.counters().double_authorization, 0);
}

#[tokio::test]
async fn a_403_that_means_something_else_is_the_callers_whole() {
    let stage = Stage::start().await;
    let site = stage.site::<GotoWebinar>();
    let client = stage.client::<GotoWebinar>();
    GotoWebinar::call(&client).await.unwrap();
    let body = r#"{"errorCode":"Forbidden","description":"no such permission"}"#;
    site.inject(Endpoint::Api, Fault::Forbidden(body.to_owned()));
    let list = client.webinar().get_webinar().organizer_key(ORGANIZER).webinar_key("7719034628815540021");
    let Error::ErrorResponse(refused) = list.send().await.unwrap_err() else { panic!("not refused") };
    assert_eq!((refused.status().as_u16(), refused.error_code.as_deref()), (403, Some("Forbidden")));
    assert_eq!(
        refused.description.as_deref(),
        Some("no such permission"),
        "the body was looked into, not eaten"
    );
    assert_eq!((site.counters().token_requests, site.counters().api_calls), (1, 2));
}

/// Uses up three tokens. Returns the refresh token that is valid at the end.
async fn three_tokens(stage: &Stage, site: &Site) -> Option<String> {
    let client = stage.client::<GotoAdmin>();
    for token in 1..=3 {
        GotoAdmin::call(&client).await.unwrap();
        assert_eq!((site.counters().refreshes, site.counters().token_refused()), (token, 0));
        stage.advance(GotoAdmin::LIFETIME);
    }
    assert_eq!(site.counters().double_authorization, 0);
    site.refresh_token()
}

#[tokio::test]
async fn b76_a_refresh_token_that_stays_the_same_is_kept() {
    let stage = Stage::start().await;
    let site = stage.site::<GotoAdmin>();
    let first = site.refresh_token();
    assert_eq!(three_tokens(&stage, &site).await, first);
    assert_eq!(site.counters().rotations, 0);
}

#[tokio::test]
async fn b76_a_refresh_token_that_is_not_repeated_is_kept() {
    let stage = Stage::start().await;
    let site = stage.site::<GotoAdmin>();
    let first = site.refresh_token();
    site.set_refresh_token_mode(RefreshTokenMode::Absent);
    assert_eq!(three_tokens(&stage, &site).await, first);
}

#[tokio::test]
async fn b76_a_refresh_token_that_is_replaced_is_replaced() {
    let stage = Stage::start().await;
    let site = stage.site::<GotoAdmin>();
    let first = site.refresh_token();
    site.set_refresh_token_mode(RefreshTokenMode::Rotate);
    assert_ne!(three_tokens(&stage, &site).await, first);
    assert_eq!(site.counters().rotations, 3);
}

#[tokio::test]
async fn a_personal_access_token_is_traded_for_each_token() {
    let stage = Stage::start().await;
    let site = stage.site::<GotoAdmin>();
    let known = site.credentials();
    let client = |token: &str| {
        let credentials = Credentials::personal_access_token(known.id(), known.secret(), token);
        stage.builder::<GotoAdmin>().credentials(credentials).stack(once).build().unwrap()
    };
    let good = client(known.personal_access_token().unwrap());
    for token in 1..=3 {
        GotoAdmin::call(&good).await.unwrap();
        assert_eq!((site.counters().token_requests, site.counters().refreshes), (token, 0));
        stage.advance(GotoAdmin::LIFETIME);
    }
    // A new sign-in does not help after a personal access token was deleted.
    let failure = GotoAdmin::call(&client("another")).await.unwrap_err();
    assert_eq!(failure.kind(), Some(ErrorKind::Refused));
    assert_eq!((site.counters().api_served, site.counters().double_authorization), (3, 0));
}

#[tokio::test]
async fn a_month_goes_by_and_the_refresh_token_is_replaced_in_its_last_day() {
    let stage = Stage::start().await;
    let site = stage.site::<GotoAdmin>();
    let client = stage.client::<GotoAdmin>();
    for _ in 0..120 {
        GotoAdmin::call(&client).await.unwrap();
        stage.advance(Duration::from_secs(12 * 3600));
    }
    // Sixty days: the refresh token is replaced once in each month.
    let counters = site.counters();
    assert_eq!((counters.refreshes, counters.token_refused()), (120, 0));
    assert!((1..=2).contains(&counters.rotations), "{} rotations", counters.rotations);
}

fn with_store(stage: &Stage, store: &MemoryStore) -> Builder<Client> {
    stage.builder::<GotoAdmin>().store(Arc::new(store.clone()))
}

#[tokio::test]
async fn b78_a_rotated_refresh_token_outlives_the_caller_and_the_client() {
    let stage = Stage::start().await;
    let site = stage.site::<GotoAdmin>();
    let store = MemoryStore::with_clock(stage.clock());
    // Both clients start with the same refresh token, which the first one uses up.
    let first = with_store(&stage, &store).build().unwrap();
    let second = with_store(&stage, &store).build().unwrap();
    site.set_refresh_token_mode(RefreshTokenMode::Rotate);

    let hold = site.hold(Endpoint::Token);
    let call = tokio::spawn(async move { GotoAdmin::call(&first).await });
    until("the refresh on its way", || site.counters().token_requests == 1).await;
    // The last handle on the first client is dropped together with the caller.
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    drop(hold);
    until("the refresh", || site.counters().rotations == 1).await;

    // The second client takes over the token in the store and sends no token request.
    GotoAdmin::call(&second).await.unwrap();
    assert_eq!((site.counters().token_requests, site.counters().api_served), (1, 1));
    stage.advance(GotoAdmin::LIFETIME);
    GotoAdmin::call(&second).await.unwrap();
    assert_eq!((site.counters().rotations, site.counters().token_refused()), (2, 0));
}

#[tokio::test]
async fn a_revoked_refresh_token_asks_for_a_sign_in_and_is_not_sent_again() {
    let stage = Stage::start().await;
    let site = stage.site::<GotoAdmin>();
    let client = stage.client::<GotoAdmin>();
    GotoAdmin::call(&client).await.unwrap();
    site.revoke_refresh_token();
    // The access token is still valid and is used until it expires. No caller sees the renewal fail.
    stage.advance(GotoAdmin::LIFETIME - Duration::from_secs(60));
    GotoAdmin::call(&client).await.unwrap();
    until("the failed renewal", || GotoAdmin::manager(&client).stats().failures == 1).await;
    GotoAdmin::call(&client).await.unwrap();
    assert_eq!(site.counters().token_requests, 2);

    for _ in 0..10 {
        stage.advance(Duration::from_secs(60));
        let failure = GotoAdmin::call(&client).await.unwrap_err();
        assert_eq!((failure.shape, failure.kind()), (Shape::Auth, Some(ErrorKind::SignInAgain)));
        assert!(!failure.is_transient);
    }
    assert_eq!(site.counters().token_requests, 2, "what is dead is not sent again");
    assert_eq!(site.counters().token_refusals.get(&TokenRefusal::InvalidGrant), Some(&1));
    assert_eq!(site.counters().api_served, 3);
}

#[tokio::test]
async fn a_new_sign_in_starts_afresh_in_a_store_of_its_own() {
    let stage = Stage::start().await;
    let site = stage.site::<GotoAdmin>();
    signed_in_again(&stage, &site, &MemoryStore::with_clock(stage.clock()), &MemoryStore::new()).await;
}

#[tokio::test]
async fn a_new_sign_in_starts_afresh_in_the_store_that_knows_the_old_one_ended() {
    let stage = Stage::start().await;
    let site = stage.site::<GotoAdmin>();
    let store = MemoryStore::with_clock(stage.clock());
    signed_in_again(&stage, &site, &store, &store).await;
}

/// A client's refresh token is revoked, its owner signs in again, and a client is built with the new one.
async fn signed_in_again(stage: &Stage, site: &Site, old: &MemoryStore, new: &MemoryStore) {
    let client = with_store(stage, old).build().unwrap();
    site.revoke_refresh_token();
    let failure = GotoAdmin::call(&client).await.unwrap_err();
    assert_eq!(failure.kind(), Some(ErrorKind::SignInAgain));

    let refresh_token = site.sign_in().unwrap();
    let known = site.credentials();
    let credentials = Credentials::new(known.id(), known.secret(), refresh_token);
    let client = with_store(stage, new).credentials(credentials).build().unwrap();
    GotoAdmin::call(&client).await.unwrap();
    assert_eq!((site.counters().token_requests, site.counters().refreshes), (2, 1));
}

#[tokio::test]
async fn a_grant_that_ended_is_not_begun_again_with_the_token_it_started_from() {
    let stage = Stage::start().await;
    let site = stage.site::<GotoAdmin>();
    site.set_refresh_token_mode(RefreshTokenMode::Rotate);
    let store = MemoryStore::with_clock(stage.clock());
    let client = with_store(&stage, &store).build().unwrap();
    GotoAdmin::call(&client).await.unwrap();
    site.revoke_refresh_token();
    for _ in 0..3 {
        stage.advance(GotoAdmin::LIFETIME);
        let failure = GotoAdmin::call(&client).await.unwrap_err();
        assert_eq!(failure.kind(), Some(ErrorKind::SignInAgain));
    }
    assert_eq!(site.counters().token_requests, 2);
}

#[tokio::test]
async fn b84_trouble_never_ends_the_grant() {
    let stage = Stage::start().await;
    let site = stage.site::<GotoAdmin>();
    let store = MemoryStore::with_clock(stage.clock());
    let client = with_store(&stage, &store).stack(once).build().unwrap();
    let body = r#"{"error":"invalid_grant"}"#.to_owned();
    site.inject(Endpoint::Token, Fault::Status { code: 503, body, headers: Vec::new() });
    let failure = GotoAdmin::call(&client).await.unwrap_err();
    assert_eq!((failure.kind(), failure.is_transient), (Some(ErrorKind::Refused), true));
    stage.advance(Duration::from_secs(1));
    GotoAdmin::call(&client).await.unwrap();
    assert_eq!(site.counters().refreshes, 1);
}

async fn fails_with(profile: impl FnOnce(&Site) -> Profile) -> (Failure, Site) {
    let stage = Stage::start().await;
    let site = stage.site::<GotoAdmin>();
    let client = stage.builder::<GotoAdmin>().profile(profile(&site)).build().unwrap();
    let failure = GotoAdmin::call(&client).await.unwrap_err();
    assert_eq!(site.counters().api_calls, 0);
    (failure, site)
}

#[tokio::test]
async fn plain_oauth2_encodes_the_basic_header_and_is_not_known() {
    let (failure, site) = fails_with(plain).await;
    assert_eq!((failure.kind(), failure.token_status()), (Some(ErrorKind::Refused), Some(401)));
    assert_eq!((failure.code(), failure.is_transient), (Some("invalid_client"), false));
    assert_eq!(site.counters().token_refusals.get(&TokenRefusal::Credentials), Some(&1));
}

#[tokio::test]
async fn plain_oauth2_misses_the_token_type() {
    let (failure, site) = fails_with(|site| plain(site).with_client_auth(ClientAuth::BasicRaw)).await;
    assert_eq!((failure.kind(), failure.token_status()), (Some(ErrorKind::InvalidAnswer), Some(200)));
    assert_eq!(site.counters().tokens_issued, 1, "the token was there, and could not be used");
}

#[tokio::test]
async fn plain_oauth2_takes_the_webinar_apis_403_for_the_last_word() {
    let stage = Stage::start().await;
    let site = stage.site::<GotoWebinar>();
    let profile = plain(&site).with_client_auth(ClientAuth::BasicRaw).with_default_token_type("Bearer");
    let client = stage.builder::<GotoWebinar>().profile(profile).build().unwrap();
    GotoWebinar::call(&client).await.unwrap();
    site.revoke_tokens();
    let failure = GotoWebinar::call(&client).await.unwrap_err();
    assert_eq!((failure.shape, failure.api_status()), (Shape::ErrorResponse, Some(403)));
    assert_eq!((site.counters().token_requests, site.counters().api_calls), (1, 2));
    // The admin API answers 401, as RFC 6750 requires.
    GotoAdmin::call(&client).await.unwrap();
    assert_eq!(site.counters().token_requests, 2);
}
