//! The values and errors that a client makes of responses.

use client_core::{Error, StatusCode};

use crate::kitchen_sink::responses::{CreateThingError, CreateThingOk};
use crate::kitchen_sink::{Client, types};
use crate::support::api;

#[tokio::test]
async fn any_2xx_is_a_success() {
    for status in [200, 201, 299] {
        let (client, _) =
            api(status, &[("etag", "v1")], r#"{"id": "18446744073709551615", "later": "added"}"#);
        let thing = client.get_deep().a("a").b(7_u64).send().await.unwrap();
        assert_eq!(thing.id, u64::MAX.into());
        assert_eq!(thing.status(), status);
        assert_eq!(thing.headers()["etag"], "v1");
    }
    let (client, _) = api(204, &[], "");
    client.delete_thing().id("7").send().await.unwrap();
    client.check_thing().id("7").send().await.unwrap();
}

#[tokio::test]
async fn an_empty_body_where_json_is_documented_keeps_its_status() {
    let (client, _) = api(204, &[("etag", "v1")], "");
    let error = client.get_deep().a("a").b(7_u64).send().await.unwrap_err();
    assert!(matches!(error, Error::InvalidResponsePayload { .. }), "{error:?}");
    assert_eq!(error.status(), Some(StatusCode::NO_CONTENT));
    assert_eq!(error.headers().unwrap()["etag"], "v1");
}

async fn create(client: &Client) -> Result<CreateThingOk, Error<CreateThingError>> {
    let call = client.create_thing().body(types::ThingInput::builder().name("n".to_owned()));
    call.send().await.map(client_core::ResponseValue::into_inner)
}

#[tokio::test]
async fn successes_are_typed_by_status() {
    let (client, _) = api(201, &[], r#"{"id": 1}"#);
    assert!(
        matches!(create(&client).await.unwrap(), CreateThingOk::Created(thing) if thing.id == 1_u64.into())
    );
    let (client, _) = api(202, &[], r#"{"ticket": "t"}"#);
    assert!(
        matches!(create(&client).await.unwrap(), CreateThingOk::Accepted(ticket) if ticket.ticket == "t")
    );
    let (client, _) = api(204, &[], "");
    assert!(matches!(create(&client).await.unwrap(), CreateThingOk::NoContent));
    let (client, _) = api(203, &[], "?");
    assert!(matches!(create(&client).await.unwrap(), CreateThingOk::Undocumented(body) if body == "?"));
}

async fn refused(status: u16, body: &'static str) -> (StatusCode, CreateThingError) {
    let (client, _) = api(status, &[("retry-after", "3")], body);
    let Err(Error::ErrorResponse(response)) = create(&client).await else { panic!("no documented error") };
    assert_eq!(response.headers()["retry-after"], "3");
    (response.status(), response.into_inner())
}

#[tokio::test]
async fn errors_are_typed_by_status() {
    let (_, error) = refused(400, r#"{"fields": ["name"]}"#).await;
    assert!(matches!(error, CreateThingError::BadRequest(invalid) if invalid.fields == ["name"]));
    let (_, error) = refused(401, "").await;
    assert!(matches!(error, CreateThingError::Unauthorized));
    let (_, error) = refused(404, r#"{"title": "gone"}"#).await;
    assert!(matches!(error, CreateThingError::NotFound(problem) if problem.title == "gone"));
    let (status, error) = refused(404, "<html>").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(matches!(error, CreateThingError::Undocumented(body) if body == "<html>"));
    let (status, error) = refused(503, "<html>").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(matches!(error, CreateThingError::Undocumented(body) if body == "<html>"));
}

#[tokio::test]
async fn problem_json_is_decoded() {
    let (client, _) = api(404, &[("content-type", "application/problem+json")], r#"{"title": "gone"}"#);
    let error = client.get_deep().a("a").b(7_u64).send().await.unwrap_err();
    assert!(matches!(error, Error::ErrorResponse(problem) if problem.title == "gone"));
}

#[test]
fn calls_can_be_spawned() {
    fn assert_send<T: Send>(_: &T) {}
    let (client, _) = api(204, &[], "");
    assert_send(&client.get_health().send());
    assert_send(&client.put_blob().body("b").send());
    assert_send(&client.create_thing().send());
}
