//! GoTab's token endpoint.

use std::time::{Duration, SystemTime};

use emulator::{Emulator, ManualClock, Provider, Site, TokenRefusal};
use serde_json::{Value, json};

use crate::support::{client, content_type, empty_post, send, start, token_request};

async fn refused(site: &Site, body: &Value, reason: TokenRefusal) -> Value {
    let before = site.counters();
    let (status, body) = send(client().post(site.token_url()).json(body)).await;
    assert_eq!((status, &body["statusCode"]), (400, &json!(400)));
    assert!(body["message"].is_string());
    let after = site.counters();
    let count = |counters: &emulator::Counters| counters.token_refusals.get(&reason).copied();
    assert_eq!(count(&after), Some(count(&before).unwrap_or(0) + 1));
    assert_eq!(after.tokens_issued, before.tokens_issued);
    body
}

#[tokio::test]
async fn json_with_the_right_names_gets_a_token_for_a_day() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTab);
    let (status, body) = send(token_request(site)).await;
    assert_eq!(status, 200);
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 86_400);
    assert_eq!(body.as_object().unwrap().len(), 3);
}

#[tokio::test]
async fn a_form_is_refused_in_the_flat_shape() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTab);
    let credentials = site.credentials();
    let form = client().post(site.token_url()).form(&[
        ("grant_type", "client_credentials"),
        ("api_access_id", credentials.id()),
        ("api_access_secret", credentials.secret()),
    ]);
    let (status, body) = send(form).await;
    assert_eq!(status, 400);
    assert_eq!(body["error"], "invalid_request");
    assert_eq!(site.counters().token_refusals[&TokenRefusal::Encoding], 1);
}

#[tokio::test]
async fn json_under_another_content_type_is_refused() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTab);
    let (status, _) = send(content_type(token_request(site), "text/plain")).await;
    assert_eq!(status, 400);
    let json = content_type(token_request(site), "application/json; charset=utf-8");
    assert_eq!(send(json).await.0, 200);
}

#[tokio::test]
async fn missing_malformed_and_wrong_credentials_are_all_400() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTab);
    let credentials = site.credentials();
    let (id, secret) = (credentials.id(), credentials.secret());
    let grant = "client_credentials";
    let full = json!({"grant_type": grant, "api_access_id": id, "api_access_secret": secret});
    let malformed = [
        json!({}),
        json!([]),
        json!({"grant_type": grant, "api_access_id": id}),
        json!({"grant_type": grant, "api_access_id": id, "api_access_secret": ""}),
        json!({"grant_type": grant, "api_access_id": id, "api_access_secret": 1}),
        json!({"grant_type": grant, "client_id": id, "client_secret": secret}),
        json!({"api_access_id": id, "api_access_secret": secret}),
    ];
    for body in &malformed {
        refused(site, body, TokenRefusal::Malformed).await;
    }
    for name in ["api_access_id", "api_access_secret"] {
        let mut wrong = full.clone();
        wrong[name] = "wrong".into();
        let body = refused(site, &wrong, TokenRefusal::Credentials).await;
        assert_eq!(body["error"], "invalid_client");
    }
    let mut other_grant = full;
    other_grant["grant_type"] = "password".into();
    refused(site, &other_grant, TokenRefusal::UnsupportedGrant).await;
}

#[tokio::test]
async fn credentials_in_two_places_are_refused() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTab);
    let both = token_request(site).basic_auth("id", Some("secret"));
    assert_eq!(send(both).await.0, 400);
    let double = TokenRefusal::DoubleAuthentication;
    assert_eq!(site.counters().token_refusals[&double], 1);
}

#[tokio::test]
async fn credentials_in_the_query_are_refused_whatever_else_is_right() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTab);
    let request = token_request(site).query(&[("api_access_id", site.credentials().id())]);
    assert_eq!(send(request).await.0, 400);
    let in_query = TokenRefusal::CredentialsInQuery;
    assert_eq!(site.counters().token_refusals[&in_query], 1);
    assert_eq!(send(token_request(site).query(&[("x", "y")])).await.0, 200);
}

#[tokio::test]
async fn only_post_is_taken_and_only_at_the_right_path() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTab);
    let answer = client().get(site.token_url()).send().await.unwrap();
    assert_eq!(answer.status(), 405);
    assert_eq!(answer.headers()["allow"], "POST");
    let elsewhere = empty_post(format!("{}/token", site.auth_url()));
    assert_eq!(send(elsewhere).await.0, 404);
}

#[tokio::test]
async fn the_older_endpoint_answers_in_the_older_shape() {
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_659_020_513);
    let clock = ManualClock::new(start);
    let emulator = Emulator::builder().clock(&clock).start().await.unwrap();
    let site = emulator.site(Provider::GoTab);
    let credentials = site.credentials();
    let ask = |grant: Option<&str>| {
        let mut body = json!({
            "api_access_id": credentials.id(),
            "api_access_secret": credentials.secret(),
        });
        if let Some(grant) = grant {
            body["grant_type"] = grant.into();
        }
        client().post(site.other_token_url().unwrap()).json(&body)
    };
    let (status, body) = send(ask(None)).await;
    assert_eq!(status, 200);
    assert_eq!(body["tokenType"], "Bearer");
    assert_eq!(body["initiated"], 1_659_020_513);
    assert_eq!(body["expires"], 1_659_106_913);
    assert_eq!(body["expiresIn"], 86_400);
    assert!(body["token"].is_string() && body["refreshToken"].is_string());
    assert!(body.get("access_token").is_none());
    assert_eq!(send(ask(Some("client_credentials"))).await.0, 200);
    assert_eq!(send(ask(Some("password"))).await.0, 400);
    let call = client().get(format!("{}/api/loc", site.api_url()));
    let call = call.bearer_auth(body["token"].as_str().unwrap());
    assert_eq!(send(call).await.0, 200);
}
