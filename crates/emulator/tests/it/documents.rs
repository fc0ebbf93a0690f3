//! Documents: routing, required parts, examples and variants.

use emulator::{Emulator, Provider, Rejection};
use reqwest::Method;
use serde_json::json;

use crate::support::{client, content_type, plain_call, send, start, token, url, with_length};

const FURTHER: &str = r#"
openapi: 3.0.3
info: {title: Further, version: "1"}
security: [{oauth: []}]
paths:
  /things/{id}:
    get:
      operationId: readThing
      responses: {"2XX": {description: ok, content: {application/json: {example: {id: 7}}}}}
    delete:
      operationId: deleteThing
      responses: {"204": {description: gone}}
  /things/first:
    get:
      operationId: firstThing
      security: []
      responses: {"202": {description: ok, content: {text/plain: {example: one}}}}
  /things:
    put:
      operationId: replaceThings
      requestBody:
        required: true
        content:
          application/json:
            schema: {type: object, required: [name]}
      responses: {"200": {description: ok}}
"#;

#[tokio::test]
async fn an_operation_in_a_document_is_served_without_code() {
    let builder = Emulator::builder().document(Provider::GoTo, "further", "/further/v1", FURTHER).unwrap();
    let emulator = builder.start().await.unwrap();
    let site = emulator.site(Provider::GoTo);
    let token = token(site).await;
    let call =
        |method: Method, path: &str| client().request(method, url(site, "further", path)).bearer_auth(&token);
    assert_eq!(send(call(Method::GET, "/things/1")).await, (200, json!({"id": 7})));
    assert_eq!(send(call(Method::DELETE, "/things/1")).await.0, 204);
    let open = client().get(url(site, "further", "/things/first"));
    let answer = open.send().await.unwrap();
    assert_eq!(answer.status(), 202);
    assert_eq!(answer.headers()["content-type"], "text/plain");
    assert_eq!(answer.text().await.unwrap(), "one");
    let put = || call(Method::PUT, "/things");
    assert_eq!(send(put().json(&json!({"name": 1}))).await.0, 200);
    assert_eq!(send(put().json(&json!({}))).await.0, 400);
    assert_eq!(send(put().body("{")).await.0, 415);
    assert_eq!(send(content_type(put().body("{"), "application/json")).await.0, 400);
    let counters = site.counters();
    assert_eq!(counters.operations["readThing"], 1);
    assert_eq!(counters.operations["replaceThings"], 4);
    assert_eq!(counters.api_rejections[&Rejection::Body], 2);
    assert_eq!(counters.api_rejections[&Rejection::MediaType], 1);
    assert!(site.documents().eq(["admin", "webinar", "further"]));
}

#[tokio::test]
async fn an_invalid_document_is_refused_at_once() {
    let broken = Emulator::builder().document(Provider::GoTo, "x", "", "a: [");
    assert_eq!(broken.unwrap_err().kind(), std::io::ErrorKind::InvalidData);
}

#[tokio::test]
async fn an_unknown_path_is_404_and_a_known_one_with_another_method_405() {
    let emulator = start().await;
    for site in emulator.sites() {
        let token = token(site).await;
        let unknown = client().get(format!("{}/nothing/here", site.api_url()));
        let (status, body) = send(unknown.bearer_auth(&token)).await;
        assert_eq!(status, 404);
        assert!(body.is_object());
        let (client, request) = with_length(plain_call(site).bearer_auth(&token)).build_split();
        let mut request = request.unwrap();
        *request.method_mut() = Method::PATCH;
        let answer = client.execute(request).await.unwrap();
        assert_eq!(answer.status(), 405);
        assert!(answer.headers().contains_key("allow"));
        let rejections = site.counters().api_rejections;
        assert_eq!(rejections[&Rejection::NotFound], 1);
        assert_eq!(rejections[&Rejection::Method], 1);
    }
}

#[tokio::test]
async fn octotable_needs_the_property_header_and_one_operation_needs_no_token() {
    let emulator = start().await;
    let site = emulator.site(Provider::Octotable);
    let rooms = client().get(url(site, "api", "/rooms"));
    let (status, body) = send(rooms.bearer_auth(token(site).await)).await;
    assert_eq!((status, &body["success"]), (400, &json!(false)));
    assert_eq!(site.counters().api_rejections[&Rejection::MissingParameter], 1);
    let open = client().post(url(site, "api", "/api-account/oauth2/client"));
    let (status, body) = send(open.json(&json!({
        "redirect_uri": "https://app.example.com/callback",
        "sandbox_property": {
            "name": "a", "username": "b", "password": "c", "description": "d",
            "email": "e@example.com", "website": "https://example.com", "phone": "1",
        },
    })))
    .await;
    assert!(status < 300, "{body}");
    assert!(body["data"][0]["client_id"].is_string());
}

#[tokio::test]
async fn a_missing_query_parameter_is_400() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let token = token(site).await;
    let webinars = || client().get(url(site, "webinar", "/organizers/1/webinars"));
    assert_eq!(send(webinars().bearer_auth(&token)).await.0, 400);
    let span = [("fromTime", "2026-12-01T00:00:00Z"), ("toTime", "2027-01-01T00:00:00Z")];
    assert_eq!(send(webinars().bearer_auth(&token).query(&span)).await.0, 200);
}

#[tokio::test]
async fn a_missing_member_is_named_in_the_providers_shape() {
    let emulator = start().await;
    let gotab = emulator.site(Provider::GoTab);
    let graph = client().post(url(gotab, "api", "/api/graph")).json(&json!({}));
    let (status, body) = send(graph.bearer_auth(token(gotab).await)).await;
    assert_eq!((status, &body["error"]), (422, &json!("validation_failed")));
    assert_eq!(body["details"][0]["field"], "query");
    let gbg_go = emulator.site(Provider::GbgGo);
    let start = client().post(url(gbg_go, "api", "/journey/start")).json(&json!({}));
    let (status, body) = send(start.bearer_auth(token(gbg_go).await)).await;
    assert_eq!((status, &body["errors"][0]["code"]), (400, &json!("4002")));
    assert!(body["errors"][0]["problem"].as_str().unwrap().contains("resourceId"));
    let octotable = emulator.site(Provider::Octotable);
    let room = client().post(url(octotable, "api", "/rooms")).json(&json!({}));
    let room = room.header("Property", "1").bearer_auth(token(octotable).await);
    assert_eq!(send(room).await.0, 400);
    let goto = emulator.site(Provider::GoTo);
    let webinar = client().post(url(goto, "webinar", "/organizers/1/webinars"));
    let webinar = webinar.json(&json!({})).bearer_auth(token(goto).await);
    let (status, body) = send(webinar).await;
    assert_eq!((status, &body["errorCode"]), (400, &json!("InvalidRequest")));
}

#[tokio::test]
async fn a_path_is_decoded_before_it_is_compared() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTab);
    let tab = json!({"openTab": true});
    let path = "/api/loc/mQ7%7Ex2LdVbT9_kRz4HwEs6Ya/tabs";
    let call = client().post(url(site, "api", path)).json(&tab);
    assert!(send(call.bearer_auth(token(site).await)).await.0 < 300);
}

#[tokio::test]
async fn providers_put_their_own_header_fields_on_answers() {
    let emulator = start().await;
    let gotab = emulator.site(Provider::GoTab);
    let bearer = token(gotab).await;
    for left in ["99", "98"] {
        let answer = plain_call(gotab).bearer_auth(&bearer).send().await.unwrap();
        assert_eq!(answer.headers()["x-ratelimit-limit"], "100");
        assert_eq!(answer.headers()["x-ratelimit-remaining"], left);
        assert!(answer.headers().contains_key("x-ratelimit-reset"));
    }
    let gbg_go = emulator.site(Provider::GbgGo);
    let answer = plain_call(gbg_go).send().await.unwrap();
    assert!(answer.headers().contains_key("x-request-id"));
}

#[tokio::test]
async fn a_body_past_all_bounds_is_413() {
    let emulator = start().await;
    let site = emulator.site(Provider::GbgGo);
    let call = client().post(url(site, "api", "/journey/start")).body(vec![b' '; 9 << 20]);
    // The answer may arrive before the whole body is sent. Then the client may see a closed connection instead.
    if let Ok(answer) = call.send().await {
        assert_eq!(answer.status(), 413);
    }
    assert_eq!(site.counters().api_served, 0);
}
