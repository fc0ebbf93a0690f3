//! The targets of a sign-in: `resource` and `audience`, in the authorization request and in the token request.

use emulator::{Provider, RefreshTokenMode, Site, TokenRefusal};
use serde_json::{Value, json};

use crate::support::{authorize_url, browser, client, parameter, send, start};

const REDIRECT: &str = "https://app.example.com/callback";
const ORDERS: (&str, &str) = ("resource", "https://orders.example.com/");
const STOCK: (&str, &str) = ("resource", "urn:example:stock");
const AUDIENCE: (&str, &str) = ("audience", "https://orders.example.com/");

fn ask(site: &Site, targets: &[(&str, &str)]) -> String {
    let id = site.credentials().id().to_owned();
    let (id_name, redirect_name) = match site.provider() {
        Provider::GoTab => ("api_access_id", "redirect_url"),
        _ => ("client_id", "redirect_uri"),
    };
    let parameters = [("response_type", "code"), (id_name, id.as_str()), (redirect_name, REDIRECT)];
    authorize_url(site, &[&parameters[..], targets].concat())
}

/// Sends a token request with these fields in the provider's encoding.
async fn trade(site: &Site, fields: &[(&str, &str)]) -> (u16, Value) {
    let credentials = site.credentials();
    let post = client().post(site.token_url());
    if site.provider() == Provider::GoTo {
        return send(post.basic_auth(credentials.id(), Some(credentials.secret())).form(fields)).await;
    }
    let mut body = json!({"api_access_id": credentials.id(), "api_access_secret": credentials.secret()});
    for (name, value) in fields {
        body[name] = (*value).into();
    }
    send(post.json(&body)).await
}

/// Signs in for `asked`, and redeems the code for `wanted`.
async fn sign_in(site: &Site, asked: &[(&str, &str)], wanted: &[(&str, &str)]) -> (u16, Value) {
    let code = parameter(&site.approve(&ask(site, asked)).unwrap(), "code").unwrap();
    let fields = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", REDIRECT)];
    let fields = if site.provider() == Provider::GoTo { &fields[..] } else { &fields[..2] };
    trade(site, &[fields, wanted].concat()).await
}

async fn refresh(site: &Site, signed_in: &Value, wanted: &[(&str, &str)]) -> (u16, Value) {
    let value = signed_in["refresh_token"].as_str().unwrap();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", value)];
    trade(site, &[&fields, wanted].concat()).await
}

fn check_refused(site: &Site, answer: &(u16, Value), count: u64) {
    assert_eq!((answer.0, &answer.1["error"]), (400, &json!("invalid_target")));
    assert_eq!(site.counters().token_refusals[&TokenRefusal::InvalidTarget], count);
}

#[tokio::test]
async fn a_code_is_good_for_what_its_authorization_request_named() {
    let emulator = start().await;
    for provider in [Provider::GoTo, Provider::GoTab] {
        let site = emulator.site(provider);
        for (asked, wanted) in [
            (&[ORDERS][..], &[ORDERS][..]),
            (&[ORDERS, STOCK], &[STOCK]),
            (&[ORDERS, AUDIENCE], &[AUDIENCE, ORDERS]),
            (&[ORDERS], &[]),
            (&[], &[("resource", "")]),
        ] {
            let (status, body) = sign_in(site, asked, wanted).await;
            assert_eq!(status, 200, "{body}");
        }
        for (count, asked, wanted) in [
            (1, &[][..], &[ORDERS][..]),
            (2, &[ORDERS], &[STOCK]),
            (3, &[ORDERS], &[AUDIENCE]),
            (4, &[AUDIENCE], &[ORDERS]),
        ] {
            check_refused(site, &sign_in(site, asked, wanted).await, count);
        }
    }
}

#[tokio::test]
async fn several_resources_may_be_named_and_one_too_many_is_refused() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    assert_eq!(sign_in(site, &[ORDERS, STOCK], &[ORDERS, STOCK]).await.0, 200);
    check_refused(site, &sign_in(site, &[ORDERS], &[ORDERS, STOCK]).await, 1);
}

#[tokio::test]
async fn a_refresh_token_stays_bound_and_a_refused_refresh_does_not_use_it_up() {
    let emulator = start().await;
    for provider in [Provider::GoTo, Provider::GoTab] {
        let site = emulator.site(provider);
        site.set_refresh_token_mode(RefreshTokenMode::RotateStrict);
        let (_, signed_in) = sign_in(site, &[ORDERS], &[ORDERS]).await;
        check_refused(site, &refresh(site, &signed_in, &[STOCK]).await, 1);
        let (status, body) = refresh(site, &signed_in, &[ORDERS]).await;
        assert_eq!((status, site.counters().replays), (200, 0), "{body}");
    }
}

#[tokio::test]
async fn a_refresh_token_from_no_sign_in_is_bound_to_nothing() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let given = json!({"refresh_token": site.refresh_token().unwrap()});
    assert_eq!(refresh(site, &given, &[ORDERS]).await.0, 200);
    let given = json!({"refresh_token": site.sign_in().unwrap()});
    assert_eq!(refresh(site, &given, &[STOCK]).await.0, 200);
}

#[tokio::test]
async fn a_device_is_bound_to_what_it_asked_for() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    site.offer_device_sign_in(true);
    let credentials = site.credentials();
    let start = |target: (&'static str, &'static str)| {
        let post = client().post(site.device_url().unwrap());
        send(post.basic_auth(credentials.id(), Some(credentials.secret())).form(&[target]))
    };
    check_refused(site, &start(("resource", "orders")).await, 1);
    let (_, asked) = start(ORDERS).await;
    assert!(site.approve_device(asked["user_code"].as_str().unwrap()));
    let grant = ("grant_type", "urn:ietf:params:oauth:grant-type:device_code");
    let code = ("device_code", asked["device_code"].as_str().unwrap());
    check_refused(site, &trade(site, &[grant, code, STOCK]).await, 2);
    let (_, asked) = start(ORDERS).await;
    assert!(site.approve_device(asked["user_code"].as_str().unwrap()));
    let code = ("device_code", asked["device_code"].as_str().unwrap());
    assert_eq!(trade(site, &[grant, code, ORDERS]).await.0, 200);
}

#[tokio::test]
async fn the_page_hands_every_resource_on() {
    let emulator = start().await;
    for provider in [Provider::GoTo, Provider::GoTab] {
        let site = emulator.site(provider);
        let page = browser().get(ask(site, &[ORDERS, STOCK, AUDIENCE])).send().await.unwrap();
        let page = page.text().await.unwrap();
        for (name, value) in [ORDERS, STOCK, AUDIENCE] {
            let field = format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
            assert!(page.contains(&field), "{page}");
        }
    }
}

#[tokio::test]
async fn a_resource_must_be_an_absolute_uri() {
    let emulator = start().await;
    let goto = emulator.site(Provider::GoTo);
    let gotab = emulator.site(Provider::GoTab);
    for resource in ["orders", "/orders", "https://orders.example.com/#part"] {
        let callback = goto.approve(&ask(goto, &[("resource", resource)])).unwrap();
        assert_eq!(parameter(&callback, "error").as_deref(), Some("invalid_target"));
        assert_eq!(gotab.approve(&ask(gotab, &[("resource", resource)])).unwrap_err().status(), 400);
    }
}
