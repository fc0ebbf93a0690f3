//! The operations that a token opens, and how each provider rejects other tokens.

use std::time::Duration;

use emulator::{Provider, Rejection, Site};
use serde_json::{Value, json};

use crate::support::{
    client, empty_post, journey, plain_call, read, send, start, start_with_clock, token, two_bearers, url,
};

/// Checks the rejection of a bad token at the operation of `plain_call`.
fn check_rejected(site: &Site, status: u16, body: &Value) {
    assert_eq!(status, 401);
    match site.provider() {
        Provider::GoTab => assert_eq!(body["error"], "invalid_token"),
        Provider::GoTo => assert_eq!(body["int_err_code"], "InvalidToken"),
        Provider::GbgGo => assert_eq!(body["errors"][0]["location"], "Authorization"),
        _ => assert_eq!(body["error"]["code"], "UNAUTHORIZED"),
    }
}

#[tokio::test]
async fn a_token_is_good_until_its_time_is_over() {
    let lifetimes = [86_400, 3600, 3600, 1440];
    for (provider, lifetime) in Provider::ALL.into_iter().zip(lifetimes) {
        let (emulator, clock) = start_with_clock().await;
        let site = emulator.site(provider);
        let token = token(site).await;
        clock.advance(Duration::from_secs(lifetime - 1));
        assert!(send(plain_call(site).bearer_auth(&token)).await.0 < 300, "{provider}");
        clock.advance(Duration::from_secs(1));
        let (status, body) = send(plain_call(site).bearer_auth(&token)).await;
        check_rejected(site, status, &body);
        assert_eq!(site.counters().api_rejections[&Rejection::ExpiredToken], 1);
    }
}

#[tokio::test]
async fn unknown_and_revoked_tokens_are_rejected_the_providers_way() {
    let emulator = start().await;
    for site in emulator.sites() {
        let (status, body) = send(plain_call(site).bearer_auth("unknown")).await;
        check_rejected(site, status, &body);
        let token = token(site).await;
        site.revoke_tokens();
        let (status, body) = send(plain_call(site).bearer_auth(&token)).await;
        check_rejected(site, status, &body);
        let rejections = site.counters().api_rejections;
        assert_eq!(rejections[&Rejection::UnknownToken], 1);
        assert_eq!(rejections[&Rejection::RevokedToken], 1);
    }
}

#[tokio::test]
async fn expire_tokens_ends_those_issued_so_far_and_no_others() {
    let emulator = start().await;
    for site in emulator.sites() {
        let old = token(site).await;
        site.expire_tokens();
        let new = token(site).await;
        assert_eq!(send(plain_call(site).bearer_auth(&old)).await.0, 401);
        assert!(send(plain_call(site).bearer_auth(&new)).await.0 < 300);
    }
}

#[tokio::test]
async fn one_token_can_be_revoked_by_its_ordinal() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTab);
    let (first, second) = (token(site).await, token(site).await);
    assert!(site.revoke_token(2));
    assert!(!site.revoke_token(3));
    assert_eq!(send(plain_call(site).bearer_auth(&first)).await.0, 200);
    assert_eq!(send(plain_call(site).bearer_auth(&second)).await.0, 401);
}

#[tokio::test]
async fn a_lifetime_can_be_set_and_shows_in_the_answer() {
    let (emulator, clock) = start_with_clock().await;
    let site = emulator.site(Provider::GbgGo);
    site.set_token_lifetime(Some(Duration::from_secs(300)));
    let (_, body) = send(crate::support::token_request(site)).await;
    assert_eq!(body["expires_in"], 300);
    clock.advance(Duration::from_secs(300));
    let call = plain_call(site).bearer_auth(body["access_token"].as_str().unwrap());
    assert_eq!(send(call).await.0, 401);
    site.set_token_lifetime(Some(Duration::MAX));
    assert!(send(plain_call(site).bearer_auth(token(site).await)).await.0 < 300);
    site.set_token_lifetime(None);
    let (_, body) = send(crate::support::token_request(site)).await;
    assert_eq!(body["expires_in"], 3600);
}

#[tokio::test]
async fn a_token_of_one_provider_opens_no_other() {
    let emulator = start().await;
    for owner in emulator.sites() {
        let token = token(owner).await;
        for site in emulator.sites() {
            let (status, _) = send(plain_call(site).bearer_auth(&token)).await;
            assert_eq!(status < 300, owner.provider() == site.provider());
        }
    }
}

#[tokio::test]
async fn a_call_without_a_token_is_rejected() {
    let emulator = start().await;
    for site in emulator.sites() {
        let (status, body) = send(plain_call(site)).await;
        assert_eq!(status, 401);
        if site.provider() == Provider::GoTab {
            assert_eq!(body["error"], "unauthorized");
        }
        let basic = plain_call(site).basic_auth("a", Some("b"));
        assert_eq!(send(basic).await.0, 401);
        assert_eq!(site.counters().api_rejections[&Rejection::MissingToken], 2);
    }
}

#[tokio::test]
async fn gotab_sends_no_challenge() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTab);
    let answer = plain_call(site).bearer_auth("x").send().await.unwrap();
    assert!(!answer.headers().contains_key("www-authenticate"));
    let graph = client().post(url(site, "api", "/api/graph")).bearer_auth("x");
    let (status, body) = send(graph.json(&json!({"query": "{ a }"}))).await;
    assert_eq!(status, 401);
    assert_eq!(body["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
}

#[tokio::test]
async fn gotos_webinar_host_says_403_to_a_dead_token() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let webinars = url(site, "webinar", "/organizers/1/webinars");
    let call = client().get(webinars).bearer_auth("dead");
    let (status, body) = send(call).await;
    assert_eq!(status, 403);
    let expected = json!({"int_err_code": "InvalidToken", "msg": "Invalid token passed"});
    assert_eq!(body, expected);
}

#[tokio::test]
async fn two_authorization_headers_are_refused_and_counted_at_both_hosts() {
    let emulator = start().await;
    for site in emulator.sites() {
        let token = token(site).await;
        assert_eq!(send(two_bearers(plain_call(site), &token)).await.0, 400);
        let ask = empty_post(site.token_url());
        assert_eq!(send(two_bearers(ask, &token)).await.0, 400);
        let counters = site.counters();
        assert_eq!(counters.double_authorization, 2);
        assert_eq!(counters.api_rejections[&Rejection::DoubleAuthorization], 1);
    }
}

#[tokio::test]
async fn end_user_tokens_open_interactions_and_handoff_and_nothing_else() {
    let emulator = start().await;
    let site = emulator.site(Provider::GbgGo);
    let (customer, end_user) = (token(site).await, site.end_user_token());
    let post = |path: &str| client().post(url(site, "api", path));
    let start = post("/journey/start").json(&journey());
    let (_, started) = send(start.bearer_auth(&customer)).await;
    let id = json!({"instanceId": started["instanceId"]});
    let handoff = format!("/journey/instance/{}/handoff-token", started["instanceId"].as_str().unwrap());
    for (path, customer_is_let_in, end_user_is_let_in) in [
        ("/journey/interaction/fetch", true, true),
        (handoff.as_str(), false, true),
        ("/journey/state/fetch", true, false),
    ] {
        for (token, is_let_in) in [(&customer, customer_is_let_in), (&end_user, end_user_is_let_in)] {
            let answer = post(path).bearer_auth(token).json(&id).send().await.unwrap();
            let (status, _) = read(answer).await;
            assert_eq!(status < 300, is_let_in, "{path} {status}");
            assert!(is_let_in || status == 401);
        }
    }
    assert_eq!(site.counters().api_rejections[&Rejection::WrongKindOfToken], 2);
}
