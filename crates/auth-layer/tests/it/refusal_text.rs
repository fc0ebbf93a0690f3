//! The text of a refusal: where it is looked for, how much of it is kept, and what is removed.

use auth_layer::{Error, ErrorKind, OAuthError, ReplayRule};

use crate::house::{House, token};
use crate::support::{FakeTokenEndpoint, Rig, json_response};

async fn refused(status: u16, body: &str) -> Error {
    let body = body.to_owned();
    let rig = Rig::new(FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(status, &body))));
    let error = rig.manager.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    error
}

#[tokio::test]
async fn rs15_the_text_of_a_refusal_is_found_in_every_place() {
    for (body, code) in [
        (r#"{"error":"e","error_description":"why"}"#, Some("e")),
        (r#"{"message":"why"}"#, None),
        (r#"{"error":{"message":"why"}}"#, Some("unknown")),
        (r#"{"error":{"code":"e","message":"why"},"message":"not this"}"#, Some("e")),
        (r#"{"errors":[{"message":"why"},{"message":"not this"}]}"#, None),
        (r#"{"errors":[{"code":"e","message":"why"}]}"#, Some("e")),
        (r#"{"errors":["why"]}"#, None),
        (r#"{"error":"e","message":"why"}"#, Some("e")),
        (r#"{"error":"e","error_description":"","message":"why"}"#, Some("e")),
        (r#"{"error":"e","error_description":5,"detail":"why"}"#, Some("e")),
        (r#"{"error_message":"why"}"#, None),
        (r#"{"type":"https://example.com/no","title":"not this","status":400,"detail":"why"}"#, None),
        (r#"{"title":"why","status":400}"#, None),
        (r#"{"errorCode":"E1","message":"why","incident":"5"}"#, Some("E1")),
        (r#"{"int_err_code":"x","msg":"why"}"#, None),
        (r#"{"status":"BAD_CLIENT","message":"why"}"#, Some("BAD_CLIENT")),
        (r#"{"status":"error","message":"why"}"#, None),
        (r#"{"code":400,"message":"why"}"#, None),
        (r#"{"code":4711,"message":"why"}"#, Some("4711")),
        (r#"{"error":{"code":400,"status":"INVALID","message":"why"}}"#, Some("INVALID")),
        (r#"{"error":true,"message":"why"}"#, None),
    ] {
        let error = refused(400, body).await;
        assert_eq!(error.server_message(), Some("why"), "{body}");
        assert_eq!(error.oauth().map(OAuthError::code), code, "{body}");
        assert!(error.to_string().ends_with("why"), "{error}");
        if let Some(oauth) = error.oauth() {
            assert_eq!(oauth.description(), Some("why"));
        }
    }
    for body in ["{}", r#"{"message":""}"#, r#"{"message":{"a":"b"}}"#, r#"{"errors":[]}"#, "[]", "why"] {
        assert_eq!(refused(400, body).await.server_message(), None, "{body}");
    }
    let expected =
        "the token endpoint refused the request (at https://auth.example.com/token), status 401: Bad client";
    assert_eq!(refused(401, r#"{"message":"Bad client"}"#).await.to_string(), expected);
}

#[tokio::test]
async fn rs15_at_most_200_characters_of_a_text_are_kept() {
    let long = format!("a\\n{}", "é".repeat(1_000));
    for body in
        [format!(r#"{{"message":"{long}"}}"#), format!(r#"{{"error":{{"code":"e","message":"{long}"}}}}"#)]
    {
        let error = refused(400, &body).await;
        let text = error.server_message().unwrap();
        assert_eq!(text.chars().count(), 200);
        assert!(text.starts_with("a éé") && !error.to_string().contains(char::is_control));
        assert_eq!(error.to_string().matches('é').count(), 197);
        assert!(text.ends_with("é…"), "{text}");
    }
}

#[tokio::test]
async fn rs15_no_text_of_a_refusal_shows_a_secret() {
    let shapes = [
        r#"{"message":"TEXT"}"#,
        r#"{"error":{"message":"TEXT"}}"#,
        r#"{"errors":[{"message":"TEXT"}]}"#,
        r#"{"errors":["TEXT"]}"#,
        r#"{"error":"TEXT"}"#,
        r#"{"status":"TEXT"}"#,
        r#"{"code":"TEXT","detail":"TEXT"}"#,
    ];
    // The values that were sent, and the tokens in the answer itself. A secret that is cut in two must not show either.
    let texts = [
        "client-secret is wrong".to_owned(),
        "the-first-refresh-token is wrong".to_owned(),
        "Basic Y2xpZW50OmNsaWVudC1zZWNyZXQ= is wrong".to_owned(),
        "the token given-access-token for given-id-token".to_owned(),
        format!("{}client-secret", "x".repeat(195)),
    ];
    for shape in shapes {
        for text in &texts {
            let tokens = r#""access_token":"given-access-token","data":[{"idToken":"given-id-token"}],"#;
            let body = shape.replace("TEXT", text).replacen('{', &format!("{{{tokens}"), 1);
            let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(400, &body)));
            let mut house = House::new(endpoint, ReplayRule::Reusable);
            house.profile = house.profile.with_default_token_type("Bearer");
            let exchange = house.exchange_of(auth_layer::Grant::refresh_token(
                auth_layer::RefreshToken::new("the-first-refresh-token"),
            ));
            let error = token(&house.manage(exchange).build()).await.unwrap_err();
            let shown = format!("{error} {error:?} {:?}", error.server_message());
            for secret in ["client-s", "first-refresh", "Y2xpZW50", "given-access", "given-id"] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
    }
    // A text about a token is not a token.
    let body =
        r#"{"error":"invalid_token","token_type":"access_token","message":"the access_token is invalid"}"#;
    assert_eq!(refused(400, body).await.server_message(), Some("the access_token is invalid"));
}
