//! Octotable: reservations and rooms, token requests whose encoding the client finds out, and failures without its
//! quirks.

use std::time::Duration;

use auth_layer::{ClientAuth, Encoding, ErrorKind, Profile};
use client_core::Error;
use emulator::{Endpoint, Site, TokenEncoding, TokenRefusal};
use journeys::{Failure, Fixture, Octotable, PROPERTY, Stage, plain, until};
use octotable_client::Client;
use octotable_client::types::{ReservationCreate, ReservationUpdate, RoomDraft, SandboxClientDraft, Slot};
use serde_json::{Value, json};

fn reservation() -> Value {
    json!({
        "start_date": "2026-12-05",
        "start_hour": "19:30:00",
        "pax": 4,
        "channel": "OCTOTABLE_ADMIN",
        "customer": {"first_name": "Dana", "last_name": "Reed"},
        "service_id": 4402,
        "room_id": 3301,
    })
}

fn new_reservation() -> ReservationCreate {
    serde_json::from_value(reservation()).unwrap()
}

async fn status_of(client: &Client, id: i64) -> String {
    let read = client.get_reservation().property(PROPERTY).reservation_id(id).send().await.unwrap();
    read.into_inner().data.remove(0).status.unwrap()
}

#[tokio::test]
async fn reservations_from_creation_to_cancellation() {
    let stage = Stage::start().await;
    let site = stage.site::<Octotable>();
    let client = stage.client::<Octotable>();

    let created =
        client.create_reservation().property(PROPERTY).body(new_reservation()).send().await.unwrap();
    assert_eq!(created.status(), 201);
    let created = created.into_inner().data.remove(0);
    assert_eq!((created.pax, created.room.unwrap().name.as_deref()), (Some(4), Some("Terrace")));
    assert_eq!(status_of(&client, created.id).await, "CONFIRMED");

    let mut update = reservation();
    update["pax"] = 6.into();
    update["customer"]["id"] = created.customer.unwrap().id.unwrap().into();
    let update: ReservationUpdate = serde_json::from_value(update).unwrap();
    let updated = client.update_reservation().property(PROPERTY).reservation_id(created.id).body(update);
    assert_eq!(updated.send().await.unwrap().data[0].pax, Some(6));

    let list = client.list_reservations().property(PROPERTY).limit(1).send().await.unwrap();
    assert_eq!((list.data.len(), list.last_page, list.total_elements), (1, Some(false), Some(2)));
    let cursor = list.into_inner().next_cursor.unwrap();
    let rest = client.list_reservations().property(PROPERTY).next_cursor(cursor).send().await.unwrap();
    assert_eq!((rest.data[0].id, rest.last_page), (created.id, Some(true)));

    let gone =
        client.delete_reservation().property(PROPERTY).reservation_id(created.id).send().await.unwrap();
    assert_eq!(gone.data, [created.id]);
    assert_eq!(status_of(&client, created.id).await, "CANCELLED");
    let cancelled = client.list_reservations().property(PROPERTY).status(vec!["CANCELLED".to_owned()]);
    let cancelled = cancelled.send().await.unwrap();
    assert_eq!(cancelled.data.iter().map(|one| one.id).collect::<Vec<_>>(), [created.id]);

    let missing = client.get_reservation().property(PROPERTY).reservation_id(1).send().await.unwrap_err();
    let Error::ErrorResponse(missing) = missing else { panic!("{missing:?}") };
    assert_eq!(missing.status(), 404);
    assert_eq!(missing.into_inner().error.unwrap().code.as_deref(), Some("RESOURCE_NOT_FOUND"));

    let counters = site.counters();
    assert_eq!((counters.token_requests, counters.api_served, counters.api_rejected()), (1, 8, 1));
    assert_eq!(counters.double_authorization, 0);
}

#[tokio::test]
async fn rooms_and_what_is_free() {
    let stage = Stage::start().await;
    let site = stage.site::<Octotable>();
    let client = stage.client::<Octotable>();
    let rooms = || client.list_rooms().property(PROPERTY);
    let draft = |name: &str| -> RoomDraft { serde_json::from_value(json!({"name": name})).unwrap() };

    let before = rooms().send().await.unwrap().data.len();
    let created = client.create_room().property(PROPERTY).body(draft("Cellar")).send().await.unwrap();
    let id = created.data[0].id;
    assert_eq!(rooms().send().await.unwrap().data.len(), before + 1);
    let update = client.update_room().property(PROPERTY).room_id(id).body(draft("Vault"));
    assert_eq!(update.send().await.unwrap().data[0].name.as_deref(), Some("Vault"));
    let read = client.get_room().property(PROPERTY).room_id(id).send().await.unwrap();
    assert_eq!(read.data[0].name.as_deref(), Some("Vault"));
    assert_eq!(client.delete_room().property(PROPERTY).room_id(id).send().await.unwrap().data, [id]);
    assert_eq!(rooms().send().await.unwrap().data.len(), before);

    let day: chrono::NaiveDate = "2026-12-05".parse().unwrap();
    let slots = client.list_slots().property(PROPERTY).start_date(day).pax(4).service_id(4402);
    let slots = slots.send().await.unwrap().into_inner().data.remove(0);
    assert_eq!(slots.day, Some(day));
    let service = slots.available_services.unwrap().remove(0);
    assert!(
        matches!(&service.available_slots.unwrap()[..], [Slot::String(first), _, _] if first == "19:00:00")
    );

    let bookable = client.list_bookable_rooms().property(PROPERTY).start_date(day).start_hour("19:30:00");
    let bookable = bookable.pax(4).service_id(4402).send().await.unwrap();
    assert_eq!((bookable.data[0][0].id, bookable.data[0][0].property_id), (3301, Some(PROPERTY)));

    let counters = site.counters();
    assert_eq!((counters.token_requests, counters.api_served, counters.api_rejected()), (1, 9, 0));
    assert_eq!(counters.double_authorization, 0);
}

/// Returns the client that a new customer creates before it has a token.
pub(crate) fn sandbox() -> SandboxClientDraft {
    let draft = json!({
        "redirect_uri": "https://app.example.com/callback",
        "sandbox_property": {"name": "Trattoria", "username": "user", "password": "pass-of-the-sandbox"},
    });
    serde_json::from_value(draft).unwrap()
}

#[tokio::test]
async fn a_client_is_created_without_a_token() {
    let stage = Stage::start().await;
    let site = stage.site::<Octotable>();
    let client = stage.client::<Octotable>();
    let created = client.create_api_client().body(sandbox()).send().await.unwrap();
    assert_eq!(created.data[0].client_id.as_deref(), Some("public_example"));
    let counters = site.counters();
    assert_eq!((counters.token_requests, counters.api_served), (0, 1));
}

#[tokio::test]
async fn a_reservation_whose_token_is_revoked_on_the_way_is_made_once() {
    let stage = Stage::start().await;
    let site = stage.site::<Octotable>();
    let client = stage.client::<Octotable>();
    Octotable::call(&client).await.unwrap();
    let hold = site.hold(Endpoint::Api);
    let caller = client.clone();
    let create = tokio::spawn(async move {
        let create = caller.create_reservation().property(PROPERTY).body(new_reservation());
        create.send().await.map(|created| created.into_inner().data.remove(0).pax)
    });
    until("the call at the API", || site.counters().api_calls == 2).await;
    site.revoke_tokens();
    drop(hold);
    assert_eq!(create.await.unwrap().unwrap(), Some(4));
    assert_eq!(client.list_reservations().property(PROPERTY).send().await.unwrap().data.len(), 2);
    let counters = site.counters();
    assert_eq!((counters.operations["createReservation"], counters.token_requests), (2, 2));
    assert_eq!(Octotable::manager(&client).stats().resends, 1);
}

fn paths(site: &Site) -> Vec<(String, Option<u16>)> {
    let token = site.requests().into_iter().filter(|request| request.endpoint == Endpoint::Token);
    token.map(|request| (request.path, request.status)).collect()
}

/// A client whose first encoding is wrong tries the other one, and keeps to it.
async fn finds_the_encoding_and_remembers(profile: Profile, wanted: TokenEncoding) {
    let stage = Stage::start().await;
    let site = stage.site::<Octotable>();
    site.set_token_encoding(wanted);
    let client = stage.builder::<Octotable>().profile(profile).build().unwrap();
    Octotable::call(&client).await.unwrap();
    assert_eq!((site.counters().token_requests, site.counters().tokens_issued), (2, 1));
    assert_eq!(paths(&site).iter().map(|(_, status)| *status).collect::<Vec<_>>(), [Some(415), Some(200)]);

    for renewals in 1..=3 {
        stage.advance(Octotable::LIFETIME);
        Octotable::call(&client).await.unwrap();
        assert_eq!(site.counters().token_requests, 2 + renewals, "no second wrong attempt");
    }
    assert_eq!(site.counters().token_refusals.get(&TokenRefusal::Encoding), Some(&1));

    // The server changes to the other encoding, and the client follows.
    let other = match wanted {
        TokenEncoding::Form => TokenEncoding::Json,
        _ => TokenEncoding::Form,
    };
    site.set_token_encoding(other);
    for requests in [7, 8] {
        stage.advance(Octotable::LIFETIME);
        Octotable::call(&client).await.unwrap();
        assert_eq!(site.counters().token_requests, requests);
    }
    assert_eq!(site.counters().token_refusals.get(&TokenRefusal::Encoding), Some(&2));
    assert_eq!(site.counters().double_authorization, 0);
}

#[tokio::test]
async fn json_gives_way_to_a_form() {
    finds_the_encoding_and_remembers(journeys::profile("octotable"), TokenEncoding::Form).await;
}

#[tokio::test]
async fn a_form_gives_way_to_json() {
    finds_the_encoding_and_remembers(journeys::variant("octotable", "form"), TokenEncoding::Json).await;
}

#[tokio::test]
async fn each_preset_is_right_at_once_at_its_own_host() {
    let stage = Stage::start().await;
    let site = stage.site::<Octotable>();
    Octotable::call(&stage.client::<Octotable>()).await.unwrap();
    let newer = stage.builder::<Octotable>().profile(journeys::variant("octotable", "form"));
    let newer = newer.token_url(site.other_token_url().unwrap()).build().unwrap();
    Octotable::call(&newer).await.unwrap();
    let expected = ["/octotable-pms/api/v2/oauth2/token", "/octotable-auth/api/v2/oauth2/token"];
    assert_eq!(paths(&site), expected.map(|path| (path.to_owned(), Some(200))));
}

#[tokio::test]
async fn an_encoding_that_brought_no_token_is_not_remembered() {
    let stage = Stage::start().await;
    let site = stage.site::<Octotable>();
    site.set_token_encoding(TokenEncoding::Form);
    let client = stage.client::<Octotable>();
    site.inject(Endpoint::Token, emulator::Fault::UnsupportedMediaType);
    site.inject(Endpoint::Token, emulator::Fault::Unavailable);
    let failure = Octotable::call(&client).await.unwrap_err();
    assert_eq!((failure.kind(), failure.token_status()), (Some(ErrorKind::Refused), Some(503)));
    stage.advance(Duration::from_secs(1));
    Octotable::call(&client).await.unwrap();
    assert_eq!(site.counters().token_requests, 4, "JSON first again, then the form");
}

async fn fails_with(profile: impl FnOnce(&Site) -> Profile) -> (Failure, Site) {
    let stage = Stage::start().await;
    let site = stage.site::<Octotable>();
    let client = stage.builder::<Octotable>().profile(profile(&site)).build().unwrap();
    let failure = Octotable::call(&client).await.unwrap_err();
    assert_eq!(site.counters().api_calls, 0);
    (failure, site)
}

#[tokio::test]
async fn plain_oauth2_is_refused_for_its_form() {
    let (failure, site) = fails_with(plain).await;
    assert_eq!((failure.kind(), failure.token_status()), (Some(ErrorKind::Refused), Some(415)));
    assert_eq!((failure.code(), failure.is_transient), (Some("UNSUPPORTED_MEDIA_TYPE"), false));
    assert_eq!(site.counters().token_refusals.get(&TokenRefusal::Encoding), Some(&1));
    assert_eq!(site.counters().token_requests, 1);
}

#[tokio::test]
async fn plain_oauth2_in_json_is_refused_for_its_basic_header() {
    let (failure, site) = fails_with(|site| plain(site).with_encoding(Encoding::Json)).await;
    assert_eq!((failure.kind(), failure.token_status()), (Some(ErrorKind::Refused), Some(401)));
    assert_eq!(failure.code(), Some("INVALID_CLIENT"));
    assert_eq!(site.counters().token_refusals.get(&TokenRefusal::ClientAuthentication), Some(&1));
}

#[tokio::test]
async fn plain_oauth2_misses_the_token_type() {
    let profile =
        |site: &Site| plain(site).with_encoding(Encoding::Json).with_client_auth(ClientAuth::body());
    let (failure, site) = fails_with(profile).await;
    assert_eq!((failure.kind(), failure.token_status()), (Some(ErrorKind::InvalidAnswer), Some(200)));
    assert_eq!(site.counters().tokens_issued, 1, "the token was there, and could not be used");
}
