//! Token answers that are refusals although their status is 2xx, by the profile's own signs.

use auth_layer::profile::BodySign;
use auth_layer::{ErrorKind, Profile};
use http::StatusCode;

use crate::support::{FakeTokenEndpoint, Rig, example, json_response};

async fn kind(profile: Profile, body: &'static str) -> Option<ErrorKind> {
    let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, body)));
    let rig = Rig::with_profile(endpoint, profile);
    rig.manager.token().await.err().map(|error| {
        assert_eq!(error.status(), Some(StatusCode::OK));
        error.kind()
    })
}

fn refusing(pointer: &str, values: &[&'static str]) -> Profile {
    let sign = BodySign::new(pointer, values.iter().copied()).unwrap();
    example().with_refusal(sign).unwrap()
}

#[tokio::test]
async fn a_profile_names_a_refusal_in_an_answer_of_status_200() {
    let refused = Some(ErrorKind::Refused);
    let token = r#""access_token":"t","token_type":"Bearer","expires_in":60"#;
    let cases = [
        ("/status", r#"{"status":"failed"}"#, refused),
        ("/status", r#"{"status":"failed","access_token":"t","token_type":"Bearer"}"#, refused),
        ("/status", r#"{"status":"ok","status":"failed","access_token":"t","token_type":"Bearer"}"#, refused),
        ("/status", r#"{"status":"granted","access_token":"t","token_type":"Bearer"}"#, None),
        ("/result/0/code", r#"{"result":[{"code":"failed"}]}"#, refused),
        ("/result/*/code", r#"{"result":[1,{"code":"failed"}]}"#, refused),
        ("/result/code", r#"{"result":[{"code":"failed"}],"access_token":"t","token_type":"Bearer"}"#, None),
    ];
    for (pointer, body, expected) in cases {
        assert_eq!(kind(refusing(pointer, &["failed"]), body).await, expected, "{pointer} {body}");
    }
    let number: &str = Box::leak(format!(r#"{{"code":1001,{token}}}"#).into_boxed_str());
    assert_eq!(kind(refusing("/code", &["1000", "1001"]), number).await, refused);
    assert_eq!(kind(refusing("/code", &["1000"]), number).await, None);
    // The signs for all providers still apply.
    assert_eq!(kind(refusing("/code", &["1000"]), r#"{"ok":false,"access_token":"t"}"#).await, refused);
}

#[tokio::test]
async fn a_refusal_may_depend_on_the_status_and_on_what_is_absent() {
    let sign = || BodySign::new("/status", ["failed"]).unwrap();
    let body = r#"{"status":"failed","access_token":"t","token_type":"Bearer"}"#;
    let created = sign().with_statuses([StatusCode::CREATED, StatusCode::BAD_REQUEST]).unwrap();
    assert_eq!(kind(example().with_refusal(created).unwrap(), body).await, None);
    let absent = sign().while_absent("/access_token").unwrap();
    assert_eq!(kind(example().with_refusal(absent.clone()).unwrap(), body).await, None);
    let refused = Some(ErrorKind::Refused);
    assert_eq!(kind(example().with_refusal(absent).unwrap(), r#"{"status":"failed"}"#).await, refused);
}

#[test]
fn a_refusal_that_can_never_be_in_a_token_answer_is_an_error() {
    let sign = |pointer| BodySign::new(pointer, ["x"]).unwrap();
    let refused = [
        (
            sign("/a").with_operations(["me"]).unwrap(),
            "body sign /a: a token answer belongs to no operation; remove the operations",
        ),
        (
            sign("/a").with_statuses([StatusCode::BAD_REQUEST]).unwrap(),
            "body sign /a: a token answer without a 2xx status is always a refusal; name a 2xx status",
        ),
        (sign(""), "body sign : a token answer is an object; point to one of its members"),
    ];
    for (sign, expected) in refused {
        assert_eq!(example().with_refusal(sign).unwrap_err().to_string(), expected);
    }
}
