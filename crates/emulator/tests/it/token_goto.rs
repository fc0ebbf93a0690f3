//! GoTo's token endpoint.

use std::time::Duration;

use emulator::{Provider, RefreshTokenMode, Site, TokenRefusal};
use serde_json::{Value, json};

use crate::support::{client, plain_call, send, start, start_with_clock, token_request};

async fn refresh(site: &Site, value: &str) -> (u16, Value) {
    let credentials = site.credentials();
    let post = client().post(site.token_url());
    let post = post.basic_auth(credentials.id(), Some(credentials.secret()));
    let fields = [("grant_type", "refresh_token"), ("refresh_token", value)];
    send(post.form(&fields)).await
}

#[tokio::test]
async fn a_refresh_answers_without_a_type_and_with_the_same_refresh_token() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let sent = site.refresh_token().unwrap();
    let (status, body) = refresh(site, &sent).await;
    assert_eq!(status, 200);
    assert_eq!(body["refresh_token"], sent.as_str());
    assert_eq!(body["expires_in"], 3600);
    assert!(body["principal"].is_string());
    assert_eq!(body.as_object().unwrap().len(), 4);
    for name in ["access_token", "refresh_token"] {
        let length = body[name].as_str().unwrap().len();
        assert!((3000..=4096).contains(&length), "{name} has {length}");
    }
    assert_eq!(site.counters().refreshes, 1);
    assert_eq!(site.counters().rotations, 0);
}

#[tokio::test]
async fn a_client_that_form_encodes_before_base64_is_refused() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let credentials = site.credentials();
    assert!(credentials.secret().contains('+') && credentials.secret().ends_with("=="));
    let encoded = credentials.secret().replace('+', "%2B").replace('=', "%3D");
    let post = client().post(site.token_url());
    let post = post
        .basic_auth(credentials.id(), Some(encoded))
        .form(&[("grant_type", "refresh_token"), ("refresh_token", &site.refresh_token().unwrap())]);
    let (status, body) = send(post).await;
    assert_eq!((status, &body["error"]), (401, &json!("invalid_client")));
    assert_eq!(site.counters().token_refusals[&TokenRefusal::Credentials], 1);
}

#[tokio::test]
async fn credentials_in_the_body_alone_are_401_and_in_both_places_400() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let credentials = site.credentials();
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &site.refresh_token().unwrap()),
        ("client_id", credentials.id()),
        ("client_secret", credentials.secret()),
    ];
    let post = || client().post(site.token_url()).form(&fields);
    assert_eq!(send(post()).await.0, 401);
    let both = post().basic_auth(credentials.id(), Some(credentials.secret()));
    assert_eq!(send(both).await.0, 400);
    let refusals = site.counters().token_refusals;
    assert_eq!(refusals[&TokenRefusal::ClientAuthentication], 1);
    assert_eq!(refusals[&TokenRefusal::DoubleAuthentication], 1);
}

#[tokio::test]
async fn json_bearer_and_other_grants_are_refused() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let credentials = site.credentials();
    let post = || client().post(site.token_url());
    let known = || post().basic_auth(credentials.id(), Some(credentials.secret()));
    let fields = json!({
        "grant_type": "refresh_token",
        "refresh_token": site.refresh_token().unwrap(),
    });
    assert_eq!(send(known().json(&fields)).await.0, 400);
    assert_eq!(send(post().bearer_auth("x").form(&fields)).await.0, 401);
    let other = known().form(&[("grant_type", "client_credentials")]);
    assert_eq!(send(other).await.1["error"], "unsupported_grant_type");
    let twice = [
        ("grant_type", "refresh_token"),
        ("grant_type", "refresh_token"),
        ("refresh_token", &site.refresh_token().unwrap()),
    ];
    assert_eq!(send(known().form(&twice)).await.1["error"], "invalid_request");
    assert_eq!(site.counters().tokens_issued, 0);
}

#[tokio::test]
async fn an_answer_may_leave_the_refresh_token_out() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    site.set_refresh_token_mode(RefreshTokenMode::Absent);
    let sent = site.refresh_token().unwrap();
    let (_, body) = refresh(site, &sent).await;
    assert!(body.get("refresh_token").is_none());
    assert_eq!(refresh(site, &sent).await.0, 200);
}

#[tokio::test]
async fn a_rotated_refresh_token_is_dead() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    site.set_refresh_token_mode(RefreshTokenMode::Rotate);
    let first = site.refresh_token().unwrap();
    let (_, body) = refresh(site, &first).await;
    let second = body["refresh_token"].as_str().unwrap();
    assert_ne!(first, second);
    assert_eq!(site.refresh_token().as_deref(), Some(second));
    let (status, body) = refresh(site, &first).await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_grant")));
    assert_eq!(refresh(site, second).await.0, 200);
    assert_eq!(site.counters().rotations, 2);
}

#[tokio::test]
async fn rotate_next_rotates_once() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    site.rotate_next();
    let first = site.refresh_token().unwrap();
    assert_eq!(refresh(site, "wrong").await.0, 400);
    let (_, body) = refresh(site, &first).await;
    let second = body["refresh_token"].as_str().unwrap();
    assert_ne!(first, second);
    assert_eq!(refresh(site, second).await.1["refresh_token"], second);
}

#[tokio::test]
async fn a_refresh_token_is_replaced_near_its_end_and_dies_after_thirty_days() {
    const DAY: Duration = Duration::from_secs(86_400);
    let (emulator, clock) = start_with_clock().await;
    let site = emulator.site(Provider::GoTo);
    let first = site.refresh_token().unwrap();
    clock.advance(DAY * 28);
    assert_eq!(refresh(site, &first).await.1["refresh_token"], first.as_str());
    clock.advance(DAY);
    let (_, body) = refresh(site, &first).await;
    let second = body["refresh_token"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    clock.advance(DAY * 30);
    assert_eq!(refresh(site, &second).await.0, 400);
}

#[tokio::test]
async fn a_revoked_refresh_token_is_replaced_by_signing_in() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let first = site.refresh_token().unwrap();
    site.revoke_refresh_token();
    assert_eq!(site.refresh_token(), None);
    assert_eq!(refresh(site, &first).await.0, 400);
    let second = site.sign_in().unwrap();
    assert_eq!(refresh(site, &second).await.0, 200);
    assert_eq!(emulator.site(Provider::GoTab).sign_in(), None);
}

#[tokio::test]
async fn a_personal_access_token_gets_a_token_and_no_refresh_token() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let credentials = site.credentials();
    let ask = |pat: &str| {
        let post = client().post(site.token_url());
        let post = post.basic_auth(credentials.id(), Some(credentials.secret()));
        post.form(&[("grant_type", "personal_access_token"), ("pat", pat)])
    };
    let (status, body) = send(ask(credentials.personal_access_token().unwrap())).await;
    assert_eq!(status, 200);
    assert!(body.get("refresh_token").is_none() && body.get("token_type").is_none());
    let call = plain_call(site).bearer_auth(body["access_token"].as_str().unwrap());
    assert_eq!(send(call).await.0, 200);
    assert_eq!(send(ask("wrong")).await.1["error"], "invalid_grant");
    assert_eq!(site.counters().refreshes, 0);
}

#[tokio::test]
async fn a_regenerated_secret_ends_the_old_one_at_once() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let with_old_secret = token_request(site);
    let new = site.regenerate_secret();
    assert_eq!(site.credentials(), new);
    assert_eq!(send(with_old_secret).await.0, 401);
    assert_eq!(send(token_request(site)).await.0, 200);
}
