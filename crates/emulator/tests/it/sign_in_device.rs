//! The sign-in of a device at GoTo, which only the emulator offers.

use std::time::Duration;

use emulator::{Emulator, ManualClock, Provider, Site, TokenRefusal};
use serde_json::{Value, json};

use crate::support::{browser, client, plain_call, send, start, start_with_clock, with_length};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn rig() -> (Emulator, ManualClock) {
    let (emulator, clock) = start_with_clock().await;
    emulator.site(Provider::GoTo).offer_device_sign_in(true);
    (emulator, clock)
}

async fn post(site: &Site, url: &str, fields: &[(&str, &str)]) -> (u16, Value) {
    let credentials = site.credentials();
    let post = client().post(url).basic_auth(credentials.id(), Some(credentials.secret()));
    send(with_length(post.form(fields))).await
}

async fn ask(site: &Site) -> (String, String) {
    let (status, body) = post(site, &site.device_url().unwrap(), &[("scope", "collab:")]).await;
    assert_eq!(status, 200, "{body}");
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    (text("device_code"), text("user_code"))
}

async fn poll(site: &Site, device_code: &str) -> (u16, Value) {
    post(site, &site.token_url(), &[("grant_type", GRANT), ("device_code", device_code)]).await
}

async fn error(site: &Site, device_code: &str) -> String {
    let (status, body) = poll(site, device_code).await;
    assert_eq!(status, 400);
    body["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn device_sign_in_is_off_by_default_and_only_at_goto() {
    let emulator = start().await;
    for site in emulator.sites() {
        assert_eq!(site.device_url(), None);
        assert!(!site.approve_device("BCDF-GHJK"));
    }
    let site = emulator.site(Provider::GoTo);
    let device = format!("{}/oauth/device", site.auth_url());
    assert_eq!(post(site, &device, &[]).await.0, 404);
    let page = format!("{}/device", site.auth_url());
    assert_eq!(browser().get(page).send().await.unwrap().status(), 404);
    assert_eq!(error(site, "any").await, "unsupported_grant_type");
    let gotab = emulator.site(Provider::GoTab);
    gotab.offer_device_sign_in(true);
    assert_eq!(gotab.device_url(), None);
}

#[tokio::test]
async fn a_device_gets_a_code_to_show_and_tokens_once_it_was_approved() {
    let (emulator, clock) = rig().await;
    let site = emulator.site(Provider::GoTo);
    let (_, body) = post(site, &site.device_url().unwrap(), &[]).await;
    let page = site.verification_url().unwrap();
    let user_code = body["user_code"].as_str().unwrap();
    assert_eq!(body["verification_uri"], page);
    assert_eq!(body["verification_uri_complete"], format!("{page}?user_code={user_code}"));
    assert_eq!((&body["interval"], &body["expires_in"]), (&json!(5), &json!(900)));
    let (device_code, user_code) = ask(site).await;
    assert_eq!(error(site, &device_code).await, "authorization_pending");
    assert!(!site.approve_device("WRONG"));
    assert!(site.approve_device(&user_code.to_lowercase().replace('-', " ")));
    assert!(!site.deny_device(&user_code));
    clock.advance(Duration::from_secs(5));
    let (status, body) = poll(site, &device_code).await;
    assert_eq!((status, &body["scope"], &body["token_type"]), (200, &json!("collab:"), &json!("Bearer")));
    assert_eq!(site.refresh_token().as_deref(), body["refresh_token"].as_str());
    let call = plain_call(site).bearer_auth(body["access_token"].as_str().unwrap());
    assert_eq!(send(call).await.0, 200);
    assert_eq!(error(site, &device_code).await, "invalid_grant");
    let counters = site.counters();
    assert_eq!((counters.device_codes_issued, counters.device_codes_redeemed), (2, 1));
    let metadata = format!("{}/.well-known/oauth-authorization-server", site.auth_url());
    let metadata = send(client().get(metadata)).await.1;
    assert_eq!(metadata["device_authorization_endpoint"], site.device_url().unwrap());
    assert!(metadata["grant_types_supported"].as_array().unwrap().contains(&json!(GRANT)));
}

#[tokio::test]
async fn a_device_that_polls_too_soon_is_slowed_down() {
    let (emulator, clock) = rig().await;
    let site = emulator.site(Provider::GoTo);
    let (device_code, _) = ask(site).await;
    assert_eq!(error(site, &device_code).await, "authorization_pending");
    clock.advance(Duration::from_secs(4));
    assert_eq!(error(site, &device_code).await, "slow_down");
    clock.advance(Duration::from_secs(9));
    assert_eq!(error(site, &device_code).await, "slow_down");
    clock.advance(Duration::from_secs(15));
    assert_eq!(error(site, &device_code).await, "authorization_pending");
    let refusals = site.counters().token_refusals;
    assert_eq!((refusals[&TokenRefusal::Pending], refusals[&TokenRefusal::TooSoon]), (2, 2));
}

#[tokio::test]
async fn a_device_is_denied_or_comes_too_late() {
    let (emulator, clock) = rig().await;
    let site = emulator.site(Provider::GoTo);
    let (device_code, user_code) = ask(site).await;
    assert!(site.deny_device(&user_code));
    assert_eq!(error(site, &device_code).await, "access_denied");
    assert_eq!(error(site, &device_code).await, "invalid_grant");
    let (device_code, user_code) = ask(site).await;
    clock.advance(Duration::from_secs(900));
    assert!(!site.approve_device(&user_code));
    assert_eq!(error(site, &device_code).await, "expired_token");
    assert_eq!(error(site, "unknown").await, "invalid_grant");
}

#[tokio::test]
async fn a_device_code_needs_the_client_and_known_scopes() {
    let (emulator, _clock) = rig().await;
    let site = emulator.site(Provider::GoTo);
    let url = site.device_url().unwrap();
    assert_eq!(send(client().post(&url).form(&[("scope", "collab:")])).await.0, 401);
    assert_eq!(post(site, &url, &[("scope", "unknown:")]).await.1["error"], "invalid_scope");
    assert_eq!(send(client().get(&url)).await.0, 405);
    let (device_code, _) = ask(site).await;
    let fields = [("grant_type", GRANT), ("device_code", device_code.as_str())];
    assert_eq!(send(client().post(site.token_url()).form(&fields)).await.0, 401);
    assert_eq!(site.counters().device_codes_issued, 1);
}

#[tokio::test]
async fn a_person_types_the_code_into_a_page() {
    let (emulator, _clock) = rig().await;
    let site = emulator.site(Provider::GoTo);
    let (device_code, user_code) = ask(site).await;
    let page = site.verification_url().unwrap();
    let shown = browser().get(format!("{page}?user_code={user_code}")).send().await.unwrap();
    let shown = shown.text().await.unwrap();
    assert!(shown.contains(&format!("value=\"{user_code}\"")) && shown.contains("<code>collab:</code>"));
    let hostile = browser().get(format!("{page}?user_code=%22%3E%3Cscript%3E")).send().await.unwrap();
    assert!(!hostile.text().await.unwrap().contains("<script"));
    let press = |code: &str, email: &str, decision: &str| {
        let fields = [("user_code", code), ("email", email), ("decision", decision)];
        let post = browser().post(&page).form(&fields);
        async { post.send().await.unwrap().status().as_u16() }
    };
    assert_eq!(press("WRONG", "a@example.org", "allow").await, 400);
    assert_eq!(press(&user_code, "nobody", "allow").await, 400);
    assert_eq!(press(&user_code, "a@example.org", "").await, 400);
    assert_eq!(press(&user_code, "a@example.org", "allow").await, 200);
    assert_eq!(press(&user_code, "a@example.org", "deny").await, 400);
    assert_eq!(poll(site, &device_code).await.1["principal"], "a@example.org");
    let (device_code, user_code) = ask(site).await;
    assert_eq!(press(&user_code, "", "deny").await, 200);
    assert_eq!(error(site, &device_code).await, "access_denied");
}
