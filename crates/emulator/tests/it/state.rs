//! The state of the providers.

use emulator::{Emulator, Provider, Site};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{client, journey, send, start, token, url};

/// One provider and a token of it.
struct Caller {
    site: Site,
    token: String,
    _emulator: Emulator,
}

impl Caller {
    async fn new(provider: Provider) -> Self {
        let emulator = start().await;
        let site = emulator.site(provider).clone();
        Self { token: token(&site).await, site, _emulator: emulator }
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let document = match self.site.provider() {
            Provider::GoTo => "webinar",
            _ => "api",
        };
        let request = client()
            .request(method, url(&self.site, document, path))
            .header("Property", "700118")
            .bearer_auth(&self.token);
        match body {
            Value::Null => send(request).await,
            body => send(request.json(&body)).await,
        }
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.call(Method::GET, path, Value::Null).await
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.call(Method::POST, path, body).await
    }
}

fn reservation() -> Value {
    json!({
        "start_date": "2026-12-06", "start_hour": "20:00:00", "pax": 2,
        "channel": "OCTOTABLE_ADMIN", "service_id": 4402, "room_id": 3301,
        "customer": {"first_name": "Kim", "last_name": "Lund", "email": "k@example.com", "phone": "1"},
        "notes": "",
    })
}

#[tokio::test]
async fn octotable_keeps_a_reservation_from_creation_to_cancellation() {
    let caller = Caller::new(Provider::Octotable).await;
    let (status, created) = caller.post("/reservations", reservation()).await;
    assert_eq!(status, 201);
    let record = &created["data"][0];
    assert_eq!(record["status"], "CONFIRMED");
    assert_eq!(record["room"], json!({"id": 3301, "name": "Terrace"}));
    let path = format!("/reservations/{}", record["id"]);
    assert_eq!(caller.get(&path).await, (200, created.clone()));
    let mut changed = reservation();
    changed["pax"] = 5.into();
    changed["customer"]["id"] = record["customer"]["id"].clone();
    let (status, updated) = caller.call(Method::PUT, &path, changed).await;
    assert_eq!((status, &updated["data"][0]["pax"]), (200, &json!(5)));
    let (status, deleted) = caller.call(Method::DELETE, &path, Value::Null).await;
    assert_eq!((status, &deleted["data"]), (200, &json!([record["id"]])));
    let (_, read) = caller.get(&path).await;
    assert_eq!(read["data"][0]["status"], "CANCELLED");
    let (_, listed) = caller.get("/reservations?status[]=CANCELLED").await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    assert_eq!(caller.get("/reservations/1").await.0, 404);
}

#[tokio::test]
async fn octotable_falls_over_an_incomplete_update() {
    let caller = Caller::new(Provider::Octotable).await;
    let (_, created) = caller.post("/reservations", reservation()).await;
    let path = format!("/reservations/{}", created["data"][0]["id"]);
    let partial = json!({"pax": 3});
    let (status, body) = caller.call(Method::PUT, &path, partial).await;
    assert_eq!((status, &body["error"]["code"]), (500, &json!("INTERNAL_ERROR")));
    let mut with_wrong_name = reservation();
    with_wrong_name["customer"]["id"] = 1.into();
    with_wrong_name["start_day"] = "2026-12-07".into();
    assert_eq!(caller.call(Method::PUT, &path, with_wrong_name).await.0, 500);
}

#[tokio::test]
async fn octotable_lists_reservations_by_cursor() {
    let caller = Caller::new(Provider::Octotable).await;
    for _ in 0..2 {
        caller.post("/reservations", reservation()).await;
    }
    let (_, first) = caller.get("/reservations?limit=2").await;
    assert_eq!(first["data"].as_array().unwrap().len(), 2);
    let next = first["next_cursor"].as_str().unwrap();
    let (_, last) = caller.get(&format!("/reservations?limit=2&next_cursor={next}")).await;
    assert_eq!(last["data"].as_array().unwrap().len(), 1);
    assert!(last.get("next_cursor").is_none());
    assert_eq!(caller.get("/reservations?next_cursor=x").await.0, 400);
}

#[tokio::test]
async fn octotable_keeps_rooms() {
    let caller = Caller::new(Provider::Octotable).await;
    let (status, created) = caller.post("/rooms", json!({"name": "Cellar"})).await;
    assert_eq!(status, 201);
    let path = format!("/rooms/{}", created["data"][0]["id"]);
    let (_, listed) = caller.get("/rooms").await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    let renamed = json!({"name": "Attic", "id": 1});
    let (_, renamed) = caller.call(Method::PUT, &path, renamed).await;
    assert_eq!(renamed["data"][0]["name"], "Attic");
    assert_eq!(renamed["data"][0]["id"], created["data"][0]["id"]);
    assert_eq!(caller.call(Method::DELETE, &path, Value::Null).await.0, 200);
    assert_eq!(caller.get(&path).await.0, 404);
}

#[tokio::test]
async fn goto_keeps_webinars() {
    let caller = Caller::new(Provider::GoTo).await;
    let list = "/organizers/5/webinars?fromTime=2026-01-01T00:00:00Z&toTime=2027-01-01T00:00:00Z";
    let draft = json!({
        "subject": "Spring menu",
        "times": [{"startTime": "2026-03-10T15:00:00Z", "endTime": "2026-03-10T16:00:00Z"}],
    });
    let (status, created) = caller.post("/organizers/5/webinars", draft).await;
    assert_eq!(status, 201);
    let path = format!("/organizers/5/webinars/{}", created["webinarKey"].as_str().unwrap());
    let (status, read) = caller.get(&path).await;
    assert_eq!((status, &read["subject"]), (200, &json!("Spring menu")));
    assert_eq!(read["organizerKey"], "5");
    let (_, page) = caller.get(&format!("{list}&size=1&page=1")).await;
    assert_eq!(page["_embedded"]["webinars"][0]["webinarKey"], created["webinarKey"]);
    assert_eq!(page["page"]["totalPages"], 2);
    assert_eq!(caller.get(&format!("{list}&size=201")).await.0, 400);
    assert_eq!(caller.call(Method::DELETE, &path, Value::Null).await, (204, Value::Null));
    assert_eq!(caller.get(&path).await.0, 404);
    let (_, page) = caller.get(list).await;
    assert_eq!(page["page"]["totalElements"], 1);
}

#[tokio::test]
async fn goto_registers_an_address_once() {
    let caller = Caller::new(Provider::GoTo).await;
    let path = "/organizers/5/webinars/7719034628815540021/registrants";
    let person = |email: &str| json!({"firstName": "Kim", "lastName": "Lund", "email": email});
    let (status, first) = caller.post(path, person("kim@example.com")).await;
    assert_eq!(status, 201);
    let (status, refused) = caller.post(path, person("KIM@example.com")).await;
    assert_eq!(status, 409);
    assert_eq!(refused["registrantKey"], first["registrantKey"]);
    assert!(refused["joinUrl"].is_string());
    assert_eq!(caller.post(path, json!({"email": "x@example.com"})).await.0, 400);
    let (_, all) = caller.get(path).await;
    assert_eq!(all.as_array().unwrap().len(), 2);
    let (_, page) = caller.get(&format!("{path}?page=1&limit=1")).await;
    assert_eq!(page["data"][0]["registrantKey"], first["registrantKey"]);
    assert_eq!(page["total"], 2);
    let (_, webinar) = caller.get("/organizers/5/webinars/7719034628815540021").await;
    assert_eq!(webinar["numberOfRegistrants"], 2);
    assert_eq!(caller.get("/organizers/5/webinars/1/registrants").await.0, 404);
}

#[tokio::test]
async fn a_journey_runs_from_start_to_completion() {
    let caller = Caller::new(Provider::GbgGo).await;
    let (status, started) = caller.post("/journey/start", journey()).await;
    assert_eq!((status, &started["status"]), (201, &json!("started")));
    let id = started["instanceId"].clone();
    let this = json!({"instanceId": id});
    let (_, state) = caller.post("/journey/state/fetch", this.clone()).await;
    assert_eq!((&state["status"], &state["instanceId"]), (&json!("InProgress"), &id));
    assert_eq!(state["result"], json!({"status": "pending"}));
    let (_, step) = caller.post("/journey/interaction/fetch", this.clone()).await;
    let submission = json!({"instanceId": id, "interactionId": step["interactionId"]});
    let (status, answer) = caller.post("/journey/interaction/submit", submission.clone()).await;
    assert_eq!((status, answer), (200, json!({"status": "success"})));
    let (_, state) = caller.post("/journey/state/fetch", this.clone()).await;
    assert_eq!(state["status"], "Completed");
    assert_eq!(state["result"]["status"], "complete");
    let (_, step) = caller.post("/journey/interaction/fetch", this).await;
    assert_eq!(step["journey"]["status"], "Completed");
    assert!(step.get("interactionId").is_none());
    let (status, again) = caller.post("/journey/interaction/submit", submission).await;
    assert_eq!((status, &again["errors"][0]["code"]), (409, &json!("4009")));
}

#[tokio::test]
async fn a_terminated_journey_takes_nothing_more() {
    let caller = Caller::new(Provider::GbgGo).await;
    let (_, started) = caller.post("/journey/start", journey()).await;
    let this = json!({"instanceId": started["instanceId"]});
    assert_eq!(caller.post("/journey/terminate", this.clone()).await, (200, this.clone()));
    assert_eq!(caller.post("/journey/terminate", this.clone()).await.0, 409);
    let mut submission = this.clone();
    submission["interactionId"] = "segment1".into();
    let (status, body) = caller.post("/journey/interaction/submit", submission).await;
    assert_eq!((status, &body["errors"][0]["code"]), (409, &json!("4009")));
    let (_, state) = caller.post("/journey/state/fetch?view=slim", this).await;
    assert_eq!(state["status"], "Error");
}

#[tokio::test]
async fn an_unknown_journey_is_404_and_an_unknown_view_400() {
    let caller = Caller::new(Provider::GbgGo).await;
    let unknown = json!({"instanceId": "0123456789abcdef", "interactionId": "segment1"});
    for path in [
        "/journey/state/fetch",
        "/journey/interaction/fetch",
        "/journey/interaction/submit",
        "/journey/terminate",
    ] {
        let (status, body) = caller.post(path, unknown.clone()).await;
        assert_eq!((status, &body["errors"][0]["name"]), (404, &json!("NOT_FOUND")), "{path}");
    }
    let (_, started) = caller.post("/journey/start", journey()).await;
    let this = json!({"instanceId": started["instanceId"]});
    let (status, _) = caller.post("/journey/state/fetch?view=wide", this.clone()).await;
    assert_eq!(status, 400);
    let (_, full) = caller.post("/journey/state/fetch", this.clone()).await;
    let (_, slim) = caller.post("/journey/state/fetch?view=slim", this).await;
    assert!(full.get("context").is_some() && slim.get("context").is_none());
    assert_eq!(caller.site.counters().operations["fetchStateSlim"], 1);
}

#[tokio::test]
async fn gotab_opens_tabs_each_with_an_id_of_its_own() {
    let caller = Caller::new(Provider::GoTab).await;
    let tab = json!({
        "openTab": true,
        "items": [{"product": {"productUuid": "prd_1"}, "quantity": 3}],
    });
    let (status, first) = caller.post("/api/loc/harbour-taproom/tabs", tab.clone()).await;
    assert_eq!(status, 201);
    assert_eq!(first["data"]["items"][0]["quantity"], "3");
    let (_, second) = caller.post("/api/loc/harbour-taproom/tabs", tab.clone()).await;
    assert_ne!(first["data"]["tabUuid"], second["data"]["tabUuid"]);
    assert_eq!(caller.post("/api/loc/harbour-taproom/price-check", tab.clone()).await.0, 200);
    assert_eq!(caller.post("/api/loc/nowhere/tabs", tab).await.0, 404);
}

#[tokio::test]
async fn gotab_refuses_what_its_rules_forbid() {
    let caller = Caller::new(Provider::GoTab).await;
    let product = json!({"product": {"productUuid": "prd_1"}, "quantity": 1});
    let cases = [
        (json!({"openTab": true, "scheduled": "2026-12-05T18:00:00Z"}), 500),
        (json!({"openTab": false}), 422),
        (json!({"openTab": false, "name": "Dana"}), 422),
        (json!({"openTab": true, "items": [product, product]}), 422),
        (json!({"openTab": true, "payments": [{"processor": "CASH"}]}), 400),
        (json!({"openTab": false, "name": "Dana", "customerId": "1"}), 201),
    ];
    for (tab, expected) in cases {
        let (status, body) = caller.post("/api/loc/harbour-taproom/tabs", tab.clone()).await;
        assert_eq!(status, expected, "{tab} {body}");
        if status == 400 {
            assert_eq!(body["errors"][0]["type"], "PROCESSOR_INVALID");
        }
    }
}

#[tokio::test]
async fn odd_bodies_never_break_a_site() {
    for provider in Provider::ALL {
        let caller = Caller::new(provider).await;
        let paths = [
            "/journey/start",
            "/journey/state/fetch",
            "/reservations",
            "/rooms",
            "/organizers/5/webinars",
            "/organizers/5/webinars/7719034628815540021/registrants",
            "/api/loc/harbour-taproom/tabs",
            "/api/graph",
        ];
        for path in paths {
            for body in [json!([]), json!("x"), json!(1), json!({"customer": "x", "items": 3})] {
                let (status, _) = caller.post(path, body).await;
                assert!(status >= 200);
            }
        }
        assert!(send(crate::support::plain_call(&caller.site).bearer_auth(&caller.token)).await.0 < 300);
    }
}
