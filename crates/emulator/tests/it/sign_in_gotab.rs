//! The sign-in at GoTab, and the approval of locations.

use emulator::{Provider, Site};
use serde_json::{Value, json};

use crate::support::{
    CHALLENGE, VERIFIER, authorize_url, browser, client, parameter, plain_call, send, start,
};

const REDIRECT: &str = "https://app.example.com/callback";

fn ask(site: &Site, changes: &[(&str, &str)]) -> String {
    let id = site.credentials().id().to_owned();
    let parameters =
        [("response_type", "code"), ("api_access_id", &id), ("redirect_url", REDIRECT), ("state", "s 1")];
    changed(site, &parameters, changes)
}

fn ask_locations(site: &Site, changes: &[(&str, &str)]) -> String {
    let id = site.credentials().id().to_owned();
    changed(site, &[("access_id", &id), ("redirect_url", REDIRECT)], changes)
}

/// Returns the URL with these changes. An empty value removes a parameter.
fn changed(site: &Site, parameters: &[(&str, &str)], changes: &[(&str, &str)]) -> String {
    let kept = parameters.iter().filter(|(name, _)| !changes.iter().any(|(other, _)| other == name));
    let all: Vec<_> = kept.chain(changes.iter().filter(|(_, value)| !value.is_empty())).copied().collect();
    authorize_url(site, &all)
}

fn code(site: &Site, changes: &[(&str, &str)]) -> String {
    parameter(&site.approve(&ask(site, changes)).unwrap(), "code").unwrap()
}

async fn trade(site: &Site, fields: Value) -> (u16, Value) {
    let credentials = site.credentials();
    let mut body = json!({"api_access_id": credentials.id(), "api_access_secret": credentials.secret()});
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    send(client().post(site.token_url()).json(&body)).await
}

async fn redeem(site: &Site, code: &str, more: Value) -> (u16, Value) {
    let mut fields = json!({"grant_type": "authorization_code", "code": code});
    for (name, value) in more.as_object().unwrap() {
        fields[name] = value.clone();
    }
    trade(site, fields).await
}

#[tokio::test]
async fn a_code_is_traded_for_a_token_and_a_refresh_token_that_stays() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTab);
    let callback = site.approve(&ask(site, &[])).unwrap();
    assert!(callback.starts_with("https://app.example.com/callback?code="));
    assert_eq!(parameter(&callback, "state").as_deref(), Some("s 1"));
    let (status, body) = redeem(site, &parameter(&callback, "code").unwrap(), json!({})).await;
    assert_eq!((status, &body["token_type"], &body["expires_in"]), (200, &json!("Bearer"), &json!(86_400)));
    assert_eq!(body.as_object().unwrap().len(), 4);
    let refresh = json!({"grant_type": "refresh_token", "refresh_token": body["refresh_token"]});
    for _ in 0..2 {
        let (status, renewed) = trade(site, refresh.clone()).await;
        assert_eq!((status, renewed.get("refresh_token")), (200, None));
        let call = plain_call(site).bearer_auth(renewed["access_token"].as_str().unwrap());
        assert_eq!(send(call).await.0, 200);
    }
    let without_pair = json!({"grant_type": "refresh_token", "refresh_token": body["refresh_token"]});
    assert_eq!(send(client().post(site.token_url()).json(&without_pair)).await.0, 400);
    let counters = site.counters();
    assert_eq!((counters.refreshes, counters.rotations, counters.codes_redeemed), (2, 0, 1));
    site.revoke_refresh_token();
    let (status, refused) = trade(site, refresh).await;
    assert_eq!(
        (status, &refused["error"], &refused["statusCode"]),
        (400, &json!("invalid_grant"), &json!(400))
    );
}

#[tokio::test]
async fn a_code_that_comes_again_takes_back_what_it_gave() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTab);
    let (code, other) = (code(site, &[]), code(site, &[]));
    let (_, body) = redeem(site, &code, json!({"redirect_url": REDIRECT})).await;
    let (_, kept) = redeem(site, &other, json!({})).await;
    assert_eq!(redeem(site, &code, json!({})).await.1["error"], "invalid_grant");
    let refresh = |body: &Value| {
        trade(site, json!({"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}))
    };
    assert_eq!(refresh(&body).await.0, 400);
    assert_eq!(refresh(&kept).await.0, 200);
    let call = plain_call(site).bearer_auth(body["access_token"].as_str().unwrap());
    assert_eq!(send(call).await.0, 401);
}

#[tokio::test]
async fn a_wrong_exchange_is_refused() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTab);
    let wrong_redirect = json!({"redirect_url": "https://app.example.com/callback/"});
    assert_eq!(redeem(site, &code(site, &[]), wrong_redirect).await.1["error"], "invalid_grant");
    assert_eq!(redeem(site, "unknown", json!({})).await.1["error"], "invalid_grant");
    assert_eq!(redeem(site, "", json!({})).await.1["error"], "invalid_request");
    let wrong_secret = redeem(site, &code(site, &[]), json!({"api_access_secret": "wrong"})).await;
    assert_eq!((wrong_secret.0, &wrong_secret.1["error"]), (400, &json!("invalid_client")));
    let post = client().post(site.token_url());
    let form = post.form(&[("grant_type", "authorization_code"), ("code", &code(site, &[]))]);
    assert_eq!(send(form).await.0, 400);
    assert_eq!(site.counters().tokens_issued, 0);
}

#[tokio::test]
async fn pkce_is_optional_but_must_match_if_it_is_sent() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTab);
    let pkce = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    assert_eq!(redeem(site, &code(site, &pkce), json!({})).await.0, 200);
    assert_eq!(redeem(site, &code(site, &pkce), json!({"code_verifier": VERIFIER})).await.0, 200);
    assert_eq!(redeem(site, &code(site, &[]), json!({"code_verifier": VERIFIER})).await.0, 200);
    let wrong = redeem(site, &code(site, &pkce), json!({"code_verifier": CHALLENGE})).await;
    assert_eq!(wrong.1["error"], "invalid_grant");
}

#[tokio::test]
async fn mistakes_get_a_page_and_no_redirect() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTab);
    let id = site.credentials().id().to_owned();
    let urls = [
        ask(site, &[("api_access_id", "nobody")]),
        ask(site, &[("api_access_id", ""), ("access_id", &id)]),
        ask(site, &[("api_access_id", ""), ("client_id", &id)]),
        ask(site, &[("redirect_url", "")]),
        ask(site, &[("redirect_url", ""), ("redirect_uri", REDIRECT)]),
        ask(site, &[("redirect_url", "https://app.example.com/callback/")]),
        ask(site, &[("redirect_url", "http://127.0.0.1:49152/callback")]),
        ask(site, &[("response_type", "id_token")]),
        ask(site, &[]) + "&state=again",
        ask_locations(site, &[("access_id", "nobody")]),
        ask_locations(site, &[("access_id", ""), ("api_access_id", &id)]),
        ask_locations(site, &[("loc_limit", "0")]),
        ask_locations(site, &[("loc_limit", "many")]),
        ask_locations(site, &[("redirect_url", "https://evil.example/")]),
    ];
    for url in urls {
        let answer = browser().get(&url).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{url}");
        assert!(!answer.headers().contains_key("location"));
        assert!(site.approve(&url).is_err(), "{url}");
    }
    site.register_redirect_url("http://127.0.0.1:49152/callback");
    let registered = site.approve(&ask(site, &[("redirect_url", "http://127.0.0.1:49152/callback")]));
    assert!(registered.is_ok());
}

#[tokio::test]
async fn locations_are_picked_in_a_page_and_sent_in_the_redirect() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTab);
    let url = ask_locations(site, &[]);
    let page = browser().get(&url).send().await.unwrap().text().await.unwrap();
    let boxes = page.matches("type=\"checkbox\"").count();
    assert!(boxes > 0 && !page.contains("<script"));
    let callback = site.approve(&url).unwrap();
    let picked = callback.strip_prefix("https://app.example.com/callback?locationUuids=").unwrap();
    let picked: Vec<&str> = picked.split(',').collect();
    assert_eq!(picked.len(), boxes);
    assert!(picked.iter().all(|id| page.contains(&format!("value=\"{id}\""))));
    let one = site.approve(&ask_locations(site, &[("loc_limit", "1")])).unwrap();
    assert_eq!(one, format!("https://app.example.com/callback?locationUuids={}", picked[0]));
    site.set_older_locations(true);
    let older = site.approve(&ask_locations(site, &[("response_type", "token")])).unwrap();
    assert_eq!(older, format!("https://app.example.com/callback?locations={}", picked.join("%")));
    assert_eq!(site.deny(&url).unwrap(), "https://app.example.com/callback?error=access_denied");
    assert_eq!(site.counters().codes_issued, 0);
}

#[tokio::test]
async fn the_page_for_locations_takes_only_what_it_offers() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTab);
    let credentials = site.credentials();
    let known = site.approve(&ask_locations(site, &[("loc_limit", "1")])).unwrap();
    let known = parameter(&known, "locationUuids").unwrap();
    let press = |locations: Vec<&str>, limit: &str| {
        let mut fields = vec![
            ("access_id", credentials.id()),
            ("redirect_url", REDIRECT),
            ("loc_limit", limit),
            ("decision", "allow"),
        ];
        fields.extend(locations.into_iter().map(|id| ("location", id)));
        let post = browser().post(site.authorize_url().unwrap()).form(&fields);
        async { post.send().await.unwrap().status().as_u16() }
    };
    assert_eq!(press(vec![&known], "1").await, 303);
    assert_eq!(press(vec![], "1").await, 400);
    assert_eq!(press(vec!["unknown"], "1").await, 400);
    assert_eq!(press(vec![&known, &known], "1").await, 400);
}

#[tokio::test]
async fn other_providers_have_no_sign_in() {
    let emulator = start().await;
    for provider in [Provider::GbgGo, Provider::Octotable] {
        let site = emulator.site(provider);
        assert_eq!((site.authorize_url(), site.revocation_url(), site.issuer()), (None, None, None));
        let answer = client().get(format!("{}/oauth/authorize", site.auth_url())).send().await.unwrap();
        assert_eq!(answer.status(), 404);
        assert!(site.approve(&format!("{}/oauth/authorize?a=b", site.auth_url())).is_err());
    }
}
