//! GBG GO's token endpoint.

use emulator::{Provider, TokenRefusal};
use serde_json::json;

use crate::support::{client, send, start, token_request};

/// Sends a valid form with one field changed or, for `None`, removed.
async fn with_field(name: &str, value: Option<&str>) -> (u16, serde_json::Value, emulator::Counters) {
    let emulator = start().await;
    let site = emulator.site(Provider::GbgGo);
    let credentials = site.credentials();
    let right = [
        ("grant_type", "client_credentials"),
        ("client_id", credentials.id()),
        ("client_secret", credentials.secret()),
        ("scope", "gbg.token"),
    ];
    let fields: Vec<(&str, &str)> = right
        .into_iter()
        .filter_map(|(known, right)| match known == name {
            true => Some((known, value?)),
            false => Some((known, right)),
        })
        .collect();
    let (status, body) = send(client().post(site.token_url()).form(&fields)).await;
    (status, body, site.counters())
}

#[tokio::test]
async fn a_form_with_everything_in_it_gets_a_token_for_an_hour() {
    let emulator = start().await;
    let (status, body) = send(token_request(emulator.site(Provider::GbgGo))).await;
    assert_eq!(status, 200);
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 3600);
    assert_eq!(body.as_object().unwrap().len(), 3);
}

#[tokio::test]
async fn the_scope_must_be_exactly_the_one_there_is() {
    for scope in [None, Some(""), Some("openid"), Some("gbg.token openid")] {
        let (status, body, counters) = with_field("scope", scope).await;
        assert_eq!((status, &body["error"]), (400, &json!("invalid_scope")), "{scope:?}");
        assert!(body["error_description"].is_string());
        assert_eq!(counters.token_refusals[&TokenRefusal::Scope], 1);
    }
}

#[tokio::test]
async fn wrong_credentials_are_401_and_missing_ones_400() {
    for name in ["client_id", "client_secret"] {
        let (status, body, _) = with_field(name, Some("wrong")).await;
        assert_eq!((status, &body["error"]), (401, &json!("invalid_client")));
        let (status, body, _) = with_field(name, None).await;
        assert_eq!((status, &body["error"]), (400, &json!("invalid_request")));
    }
    let (status, body, _) = with_field("grant_type", Some("password")).await;
    assert_eq!((status, &body["error"]), (400, &json!("unsupported_grant_type")));
}

#[tokio::test]
async fn a_basic_header_is_401_with_or_without_credentials_in_the_body() {
    let emulator = start().await;
    let site = emulator.site(Provider::GbgGo);
    let credentials = site.credentials();
    let basic =
        |request: reqwest::RequestBuilder| request.basic_auth(credentials.id(), Some(credentials.secret()));
    let fields = [("grant_type", "client_credentials"), ("scope", "gbg.token")];
    let alone = basic(client().post(site.token_url())).form(&fields);
    let (status, body) = send(alone).await;
    assert_eq!((status, &body["error"]), (401, &json!("invalid_client")));
    assert_eq!(send(basic(token_request(site))).await.0, 401);
    let refusals = site.counters().token_refusals;
    assert_eq!(refusals[&TokenRefusal::ClientAuthentication], 1);
    assert_eq!(refusals[&TokenRefusal::DoubleAuthentication], 1);
}

#[tokio::test]
async fn json_is_refused() {
    let emulator = start().await;
    let site = emulator.site(Provider::GbgGo);
    let credentials = site.credentials();
    let json = client().post(site.token_url()).json(&json!({
        "grant_type": "client_credentials",
        "client_id": credentials.id(),
        "client_secret": credentials.secret(),
        "scope": "gbg.token",
    }));
    assert_eq!(send(json).await.0, 400);
    assert_eq!(site.counters().token_refusals[&TokenRefusal::Encoding], 1);
}
