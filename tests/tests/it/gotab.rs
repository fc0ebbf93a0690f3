//! GoTab: every operation, its older token endpoint, and failures without its quirks.

use std::time::Duration;

use auth_layer::{ClientAuth, Encoding, ErrorKind, Profile};
use client_core::{Digits, Error};
use emulator::{Endpoint, Fault, Rejection, Site, TokenRefusal};
use gotab_client::Client;
use gotab_client::responses::CreateTabError;
use gotab_client::types::{GraphqlQuery, LocationListing, Quantity, TabCreate, TabRefusal};
use journeys::{Failure, Fixture, Gotab, Stage, plain, until};
use serde_json::{Value, json};

fn tab(change: impl FnOnce(&mut Value)) -> TabCreate {
    let mut tab = json!({
        "openTab": true,
        "name": "Dana",
        "items": [
            {"product": {"productUuid": "prd_h9Ry~4LsMd2TwKx7VeQb3N"}, "quantity": 2, "name": "Pale Ale"},
            {"name": "Corkage", "unitPrice": 500, "quantity": 1},
        ],
    });
    change(&mut tab);
    serde_json::from_value(tab).unwrap()
}

async fn first_location(client: &Client) -> String {
    let locations = client.list_locations().send().await.unwrap().into_inner();
    let LocationListing::Array(locations) = locations else { panic!("{locations:?}") };
    assert_eq!(locations[0].location_id, Some("20417".parse::<Digits>().unwrap()));
    locations[0].location_uuid.clone()
}

#[tokio::test]
async fn every_operation_on_one_token() {
    let stage = Stage::start().await;
    let site = stage.site::<Gotab>();
    let client = stage.client::<Gotab>();

    // The id contains a `~`, which must reach the path unchanged.
    let location = first_location(&client).await;
    assert_eq!(location, "mQ7~x2LdVbT9_kRz4HwEs6Ya");

    let priced = client.price_check().location(&location).body(tab(|_| {})).send().await.unwrap();
    assert_eq!(priced.data.as_ref().unwrap().total, Some(1944));
    assert_eq!(priced.headers()["x-ratelimit-limit"], "100");

    let created = client.create_tab().location(&location).body(tab(|_| {})).send().await.unwrap();
    assert_eq!(created.status(), 201);
    let created = created.into_inner().data.unwrap();
    assert_eq!((created.status.as_deref(), created.tab_uuid.len()), (Some("OPEN"), 23));
    let lines = created.items.unwrap();
    assert_eq!(lines[1].name.as_deref(), Some("Corkage"));
    assert!(matches!(&lines[0].quantity, Some(Quantity::String(two)) if two == "2"), "{:?}", lines[0]);

    // By the location's other name, and paid at once.
    let closed = tab(|tab| {
        tab["openTab"] = false.into();
        tab["phoneNumber"] = "+15550100".into();
    });
    let closed = client.create_tab().location("harbour-taproom").body(closed).send().await.unwrap();
    assert_eq!(closed.data.as_ref().unwrap().status.as_deref(), Some("PENDING"));

    let query: GraphqlQuery =
        serde_json::from_value(json!({"query": "{ locationsList { name } }", "variables": {}})).unwrap();
    let answer = client.graphql().body(query).send().await.unwrap();
    assert_eq!(answer.data.as_ref().unwrap()["locationsList"][0]["name"], "Harbour Taproom");
    assert!(answer.errors.is_none());

    let counters = site.counters();
    assert_eq!((counters.token_requests, counters.api_served, counters.api_rejected()), (1, 5, 0));
    assert_eq!(counters.operations.values().sum::<u64>(), 5);
    assert_eq!((counters.operations["createTab"], counters.operations["graphql"]), (2, 1));
    assert_eq!(counters.double_authorization, 0);
}

#[tokio::test]
async fn refusals_of_a_tab_are_typed() {
    let stage = Stage::start().await;
    let site = stage.site::<Gotab>();
    let client = stage.client::<Gotab>();
    let create = async |location: &str, tab: TabCreate| match client
        .create_tab()
        .location(location)
        .body(tab)
        .send()
        .await
        .unwrap_err()
    {
        Error::ErrorResponse(response) => (response.status().as_u16(), response.into_inner()),
        other => panic!("{other:?}"),
    };

    let (status, error) = create("elsewhere", tab(|_| {})).await;
    assert!(
        matches!(error, CreateTabError::NotFound(TabRefusal::GotabError(error)) if error.error == "not_found")
    );
    assert_eq!(status, 404);

    let (status, error) = create("harbour-taproom", tab(|tab| tab["openTab"] = false.into())).await;
    let CreateTabError::UnprocessableContent(TabRefusal::GotabError(error)) = error else {
        panic!("{error:?}")
    };
    assert_eq!((status, error.details.unwrap()[0].field.as_deref()), (422, Some("phoneNumber")));

    let cash = tab(|tab| tab["payments"] = json!([{"processor": "CASH", "amount": 1}]));
    let (status, error) = create("harbour-taproom", cash).await;
    assert_eq!(status, 400);
    // The document has another shape for 400, so the error keeps the body unchanged.
    let CreateTabError::Undocumented(body) = error else { panic!("{error:?}") };
    assert!(String::from_utf8_lossy(&body).contains("PROCESSOR_INVALID"));

    let scheduled = tab(|tab| tab["scheduled"] = "2026-12-05T18:00:00Z".into());
    let (status, error) = create("harbour-taproom", scheduled).await;
    assert!(matches!(error, CreateTabError::InternalServerError(_)), "{error:?}");
    assert_eq!(status, 500);

    let counters = site.counters();
    assert_eq!((counters.token_requests, counters.operations["createTab"]), (1, 4), "none was sent twice");
    assert_eq!(counters.api_rejections.get(&Rejection::Refused), Some(&4));
}

#[tokio::test]
async fn a_tab_whose_token_is_revoked_on_the_way_is_created_once() {
    let stage = Stage::start().await;
    let site = stage.site::<Gotab>();
    let client = stage.client::<Gotab>();
    let location = first_location(&client).await;
    let hold = site.hold(Endpoint::Api);
    let caller = client.clone();
    let create = tokio::spawn(async move {
        let create = caller.create_tab().location(location).body(tab(|_| {}));
        create.send().await.map(|created| created.into_inner().data.unwrap())
    });
    until("the call at the API", || site.counters().api_calls == 2).await;
    site.revoke_tokens();
    drop(hold);
    // The second request had the whole body, because the answer has both lines.
    assert_eq!(create.await.unwrap().unwrap().items.unwrap().len(), 2);
    let counters = site.counters();
    assert_eq!((counters.operations["createTab"], counters.api_served, counters.token_requests), (2, 2, 2));
    assert_eq!(Gotab::manager(&client).stats().resends, 1);
    assert_eq!(counters.double_authorization, 0);
}

#[tokio::test]
async fn a_graphql_error_for_a_rejected_token_renews_it() {
    let stage = Stage::start().await;
    let site = stage.site::<Gotab>();
    let client = stage.client::<Gotab>();
    let query: GraphqlQuery = serde_json::from_value(json!({"query": "{ a }", "variables": {}})).unwrap();
    client.graphql().body(query.clone()).send().await.unwrap();
    site.expire_tokens();
    let answer = client.graphql().body(query).send().await.unwrap();
    assert!(answer.errors.is_none());
    let counters = site.counters();
    assert_eq!((counters.token_requests, counters.operations["graphql"]), (2, 3));
}

/// Returns an answer of the graph interface with status 200.
fn graph_answer(body: &str) -> Fault {
    Fault::Status { code: 200, body: body.to_owned(), headers: Vec::new() }
}

const UNAUTHENTICATED: &str = r#"{"errors":[{"message":"no","extensions":{"code":"UNAUTHENTICATED"}}]"#;

#[tokio::test]
async fn a_graphql_answer_of_200_that_rejects_the_token_renews_it() {
    let stage = Stage::start().await;
    let site = stage.site::<Gotab>();
    let client = stage.client::<Gotab>();
    let query: GraphqlQuery = serde_json::from_value(json!({"query": "{ a }", "variables": {}})).unwrap();
    for (data, expected) in [(r#", "data": null}"#, 2), ("}", 3)] {
        site.inject(Endpoint::Api, graph_answer(&format!("{UNAUTHENTICATED}{data}")).on_operation("graphql"));
        let answer = client.graphql().body(query.clone()).send().await.unwrap();
        assert!(answer.errors.is_none() && answer.data.is_some());
        assert_eq!(
            (site.counters().token_requests, Gotab::manager(&client).stats().resends),
            (expected, expected - 1)
        );
        // A second rejection in a row is ignored for a time, which ends here.
        stage.advance(Duration::from_secs(60));
    }
    // The call is sent again once. The caller gets the second such answer.
    let rejected = graph_answer(&format!("{UNAUTHENTICATED}}}"));
    site.inject(Endpoint::Api, rejected.on_operation("graphql").times(2));
    let answer = client.graphql().body(query).send().await.unwrap();
    let code = answer.errors.as_ref().unwrap()[0].extensions.as_ref().unwrap().code.as_deref();
    assert_eq!((code, site.counters().operations["graphql"]), (Some("UNAUTHENTICATED"), 6));
}

#[tokio::test]
async fn a_graphql_answer_of_200_with_data_is_handed_over() {
    let stage = Stage::start().await;
    let site = stage.site::<Gotab>();
    let client = stage.client::<Gotab>();
    let query: GraphqlQuery = serde_json::from_value(json!({"query": "{ a }", "variables": {}})).unwrap();
    let partial = graph_answer(&format!(r#"{UNAUTHENTICATED}, "data": {{"a": 1, "b": null}}}}"#));
    site.inject(Endpoint::Api, partial.on_operation("graphql"));
    let answer = client.graphql().body(query.clone()).send().await.unwrap();
    assert_eq!(answer.data.as_ref().unwrap()["a"], 1);
    assert!(answer.errors.is_some());

    // Only the graph interface sends this. The body of another operation is not examined.
    let other = graph_answer(&format!("{UNAUTHENTICATED}}}"));
    site.inject(Endpoint::Api, other.on_operation("listLocations"));
    client.list_locations().send().await.unwrap_err();
    let counters = site.counters();
    assert_eq!((counters.token_requests, counters.api_calls), (1, 2));
}

#[tokio::test]
async fn the_older_token_endpoint_and_its_older_answer_will_do() {
    let stage = Stage::start().await;
    let site = stage.site::<Gotab>();
    let builder = stage.builder::<Gotab>().token_url(site.other_token_url().unwrap());
    let client = builder.build().unwrap();
    // The lifetime differs from the profile's default, so it must come from the answer.
    site.set_token_lifetime(Some(Duration::from_secs(1000)));
    Gotab::call(&client).await.unwrap();
    stage.advance(Duration::from_secs(1000));
    Gotab::call(&client).await.unwrap();
    let counters = site.counters();
    assert_eq!((counters.token_requests, counters.token_refused(), counters.api_rejected()), (2, 0, 0));
    let paths: Vec<_> = site.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/api/oauth/token", "/api/loc", "/api/oauth/token", "/api/loc"]);
}

async fn fails_with(profile: impl FnOnce(&Site) -> Profile) -> (Failure, Site) {
    let stage = Stage::start().await;
    let site = stage.site::<Gotab>();
    let client = stage.builder::<Gotab>().profile(profile(&site)).build().unwrap();
    let failure = Gotab::call(&client).await.unwrap_err();
    assert_eq!((site.counters().tokens_issued, site.counters().api_calls), (0, 0));
    (failure, site)
}

#[tokio::test]
async fn plain_oauth2_is_refused_for_its_form() {
    let (failure, site) = fails_with(plain).await;
    assert_eq!((failure.kind(), failure.token_status()), (Some(ErrorKind::Refused), Some(400)));
    assert_eq!((failure.code(), failure.is_transient), (Some("invalid_request"), false));
    assert_eq!(site.counters().token_refusals.get(&TokenRefusal::Encoding), Some(&1));
}

#[tokio::test]
async fn plain_oauth2_in_json_is_refused_for_its_names() {
    for client_auth in [ClientAuth::Basic, ClientAuth::body()] {
        let profile = |site: &Site| plain(site).with_encoding(Encoding::Json).with_client_auth(client_auth);
        let (failure, site) = fails_with(profile).await;
        assert_eq!((failure.kind(), failure.code()), (Some(ErrorKind::Refused), Some("invalid_request")));
        assert_eq!(site.counters().token_refusals.get(&TokenRefusal::Malformed), Some(&1));
    }
}

#[tokio::test]
async fn plain_names_cannot_read_the_older_answer() {
    let stage = Stage::start().await;
    let site = stage.site::<Gotab>();
    let profile = plain(&site)
        .with_encoding(Encoding::Json)
        .with_client_auth(ClientAuth::body_named("api_access_id", "api_access_secret"));
    let builder = stage.builder::<Gotab>().profile(profile).token_url(site.other_token_url().unwrap());
    let failure = Gotab::call(&builder.build().unwrap()).await.unwrap_err();
    assert_eq!((failure.kind(), failure.token_status()), (Some(ErrorKind::InvalidAnswer), Some(200)));
    assert_eq!((site.counters().tokens_issued, site.counters().api_calls), (1, 0));
}
