//! Grants that have ended, under any name that a server uses: the person is informed once, and nothing more is sent.

use std::sync::{Arc, Mutex};

use auth_layer::store::State;
use auth_layer::{ErrorKind, ReplayRule};
use bytes::Bytes;
use http::Response;
use http_body_util::Full;

use crate::house::{House, token};
use crate::support::{FakeTokenEndpoint, Rig, example, exchange, json_response};

/// Makes calls for ten minutes to a manager whose refreshes get this answer. Returns the number of requests, the kind
/// of the last error, how often the listener was called, and the state in the store.
async fn ten_minutes(house: &House) -> (usize, ErrorKind, usize, State) {
    let called = Arc::new(Mutex::new(0));
    let count = called.clone();
    let manager = house
        .manage(house.exchange())
        .on_sign_in_needed(move |error| {
            assert_eq!(error.kind(), ErrorKind::SignInAgain);
            *count.lock().unwrap() += 1;
        })
        .build();
    let mut kind = None;
    for _ in 0..600 {
        kind = Some(token(&manager).await.unwrap_err().kind());
        house.advance(1);
    }
    let called = *called.lock().unwrap();
    (house.endpoint.count(), kind.unwrap(), called, house.entry().await.state)
}

fn answering(response: Response<Full<Bytes>>) -> House {
    House::new(FakeTokenEndpoint::scripted(move |_, _| Ok(response.clone())), ReplayRule::KillsFamily)
}

const DEAD: (usize, ErrorKind, usize, State) = (1, ErrorKind::SignInAgain, 1, State::Ended);

#[tokio::test]
async fn te04_a_dead_grant_is_known_under_each_of_its_names() {
    for (status, body, code) in [
        (400, r#"{"error":"invalid_grant"}"#, "invalid_grant"),
        (401, r#"{"error":"invalid_grant"}"#, "invalid_grant"),
        (200, r#"{"error":"invalid_grant"}"#, "invalid_grant"),
        // GitHub.
        (200, r#"{"error":"bad_refresh_token","error_uri":"https://x"}"#, "bad_refresh_token"),
        (400, r#"{"error":"bad_refresh_token"}"#, "bad_refresh_token"),
        // HubSpot.
        (400, r#"{"status":"BAD_REFRESH_TOKEN","message":"missing or invalid"}"#, "BAD_REFRESH_TOKEN"),
        (200, r#"{"status":"BAD_REFRESH_TOKEN"}"#, "BAD_REFRESH_TOKEN"),
        // Slack.
        (200, r#"{"ok":false,"error":"invalid_refresh_token"}"#, "invalid_refresh_token"),
        (200, r#"{"ok":false,"error":"token_revoked"}"#, "token_revoked"),
        // Microsoft Entra.
        (400, r#"{"error":"interaction_required","error_codes":[50076]}"#, "interaction_required"),
        (400, r#"{"error":"consent_required"}"#, "consent_required"),
        (400, r#"{"error":"login_required"}"#, "login_required"),
        // Zoho.
        (200, r#"{"error":"invalid_code"}"#, "invalid_code"),
        (400, r#"{"error":"invalid_code"}"#, "invalid_code"),
        // Members in which other servers put their codes.
        (400, r#"{"error":{"code":"invalid_grant","message":"x"}}"#, "invalid_grant"),
        (400, r#"{"errors":[{"code":"invalid_grant"}]}"#, "invalid_grant"),
        (400, r#"{"errors":[{"errorType":"invalid_grant","message":"x"}],"success":false}"#, "invalid_grant"),
        (400, r#"{"errorCode":"INVALID_GRANT"}"#, "INVALID_GRANT"),
        (403, r#"{"code":"refresh_token_expired","message":"x"}"#, "refresh_token_expired"),
        (400, r#"{"code":400,"error_code":"invalid_grant"}"#, "invalid_grant"),
    ] {
        let house = answering(json_response(status, body));
        assert_eq!(ten_minutes(&house).await, DEAD, "{status} {body}");
        assert_eq!(house.entry().await.last_error.as_deref(), Some(code), "{body}");
    }
}

#[tokio::test]
async fn te04_a_profile_adds_codes_of_its_own() {
    let body = r#"{"error":{"code":190,"type":"OAuthException","message":"session ended"}}"#;
    let house = answering(json_response(400, body));
    let (requests, kind, called, _) = ten_minutes(&house).await;
    assert!(requests > 1 && kind == ErrorKind::Refused && called == 0, "{requests} {kind:?} {called}");

    let mut house = answering(json_response(400, body));
    house.profile = house.profile.with_dead_grant_code("190").with_dead_grant_code("other");
    assert_eq!(ten_minutes(&house).await, DEAD);
}

#[tokio::test]
async fn b28_a_server_in_trouble_is_not_believed_under_any_name() {
    for code in ["bad_refresh_token", "BAD_REFRESH_TOKEN", "interaction_required"] {
        for status in [408, 429, 500, 502, 503] {
            for body in [format!(r#"{{"error":"{code}"}}"#), format!(r#"{{"status":"{code}"}}"#)] {
                let house = answering(json_response(status, &body));
                let error = token(&house.start()).await.unwrap_err();
                assert_eq!(
                    (error.kind(), error.is_transient()),
                    (ErrorKind::Refused, true),
                    "{status} {body}"
                );
                assert_ne!(house.entry().await.state, State::Ended);
            }
        }
    }
}

#[tokio::test]
async fn te04_a_refusal_that_breaks_off_ends_no_grant() {
    for body in
        [r#"{"error":"invalid_grant""#, r#"{"error":"invalid_grant"} x"#, r#"<p>{"error":"invalid_grant"}"#]
    {
        let house = answering(json_response(400, body));
        assert_eq!(token(&house.start()).await.unwrap_err().kind(), ErrorKind::Refused, "{body}");
        assert_eq!(house.entry().await.state, State::Idle, "{body}");
    }
}

#[tokio::test]
async fn rf06_the_code_of_a_gateway_is_not_the_servers_answer() {
    // A gateway between the client and the server does not know whether the token was used up.
    for body in [r#"{"code":"BAD_GATEWAY","message":"no answer"}"#, r#"{"message":"x"}"#] {
        let house = answering(json_response(502, body));
        assert_eq!(token(&house.start()).await.unwrap_err().kind(), ErrorKind::Refused);
        house.advance(60);
        assert_eq!(token(&house.start()).await.unwrap_err().kind(), ErrorKind::SignInAgain, "{body}");
        assert_eq!(house.endpoint.count(), 1);
    }
    // A 200 that contains a refusal has used nothing up, with or without a code.
    for body in [r#"{"ok":false}"#, r#"{"success":false,"message":"later"}"#, r#"{"error":{"message":"x"}}"#]
    {
        let house = answering(json_response(200, body));
        assert_eq!(token(&house.start()).await.unwrap_err().kind(), ErrorKind::Refused, "{body}");
        assert_eq!(house.entry().await.state, State::Idle, "{body}");
    }
}

#[tokio::test]
async fn te02_a_grant_that_no_person_gave_does_not_end() {
    let body = r#"{"error":"invalid_code"}"#;
    let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(400, body)));
    let error = Rig::new(endpoint).manager.token().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Refused, false));
    // A word in another member is not an error, because the answer has a token.
    let body = r#"{"access_token":"t","token_type":"Bearer","status":"invalid_code","code":"invalid_grant"}"#;
    let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, body)));
    let clock = auth_layer::TestClock::new();
    let builder = exchange(&endpoint, &clock, &example());
    let rig = Rig::with_exchange(endpoint, clock, example(), builder.build().unwrap());
    assert_eq!(rig.manager.token().await.unwrap().access_token().expose(), "t");
}

#[tokio::test]
async fn te04_a_code_with_a_text_or_a_token_beside_it_is_known() {
    for body in [
        r#"{"error":"invalid_grant "}"#,
        r#"{"error":"invalid_grant: Token has been revoked"}"#,
        r#"{"error":"invalid_grant","token_status":"invalid"}"#,
        r#"{"error":"token_revoked","token":"revoked"}"#,
    ] {
        assert_eq!(ten_minutes(&answering(json_response(400, body))).await, DEAD, "{body}");
    }
}

#[tokio::test]
async fn te04_a_proxy_that_wants_a_sign_in_ends_no_grant() {
    for (status, body) in [
        (302, r#"{"error":"login_required"}"#),
        (404, r#"{"error":"interaction_required"}"#),
        (407, r#"{"error":"login_required"}"#),
    ] {
        let (_, kind, called, state) = ten_minutes(&answering(json_response(status, body))).await;
        assert_eq!((kind, called, state), (ErrorKind::Refused, 0, State::Idle), "{status}");
    }
}
