//! The sign-in at GoTo: the page, the code, the metadata, revocation.

use std::time::Duration;

use emulator::{Endpoint, Fault, Provider, Site, TokenRefusal};
use reqwest::Url;
use serde_json::{Value, json};

use crate::support::{
    CHALLENGE, VERIFIER, authorize_url, browser, client, empty_post, parameter, plain_call, send, start,
    start_with_clock, token, with_length,
};

const LOOPBACK: &str = "http://127.0.0.1:49152/callback";

/// Returns the URL of a client's request. Some parameters are replaced or added; an empty value removes one.
fn ask(site: &Site, changes: &[(&str, &str)]) -> String {
    let id = site.credentials().id().to_owned();
    let mut parameters = vec![
        ("response_type", "code"),
        ("client_id", &id),
        ("redirect_uri", LOOPBACK),
        ("scope", "collab: identity:"),
        ("state", "a state&more"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in changes {
        parameters.retain(|(known, _)| known != name);
        if !value.is_empty() {
            parameters.push((name, value));
        }
    }
    authorize_url(site, &parameters)
}

fn code(site: &Site, changes: &[(&str, &str)]) -> String {
    let callback = site.approve(&ask(site, changes)).unwrap();
    parameter(&callback, "code").unwrap()
}

/// Redeems a code. Some fields are replaced, added or removed.
async fn redeem(site: &Site, code: &str, changes: &[(&str, &str)]) -> (u16, Value) {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", LOOPBACK),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in changes {
        fields.retain(|(known, _)| known != name);
        if !value.is_empty() {
            fields.push((name, value));
        }
    }
    let credentials = site.credentials();
    let post = client().post(site.token_url());
    send(post.basic_auth(credentials.id(), Some(credentials.secret())).form(&fields)).await
}

async fn refresh(site: &Site, value: &str) -> (u16, Value) {
    let credentials = site.credentials();
    let post = client().post(site.token_url());
    let fields = [("grant_type", "refresh_token"), ("refresh_token", value)];
    send(post.basic_auth(credentials.id(), Some(credentials.secret())).form(&fields)).await
}

async fn revoke(site: &Site, token: &str) -> u16 {
    let credentials = site.credentials();
    let post = client().post(site.revocation_url().unwrap());
    let post = post.basic_auth(credentials.id(), Some(credentials.secret()));
    post.form(&[("token", token), ("token_type_hint", "refresh_token")])
        .send()
        .await
        .unwrap()
        .status()
        .as_u16()
}

/// Returns whether a call with this token is served.
async fn opens(site: &Site, token: &Value) -> bool {
    send(plain_call(site).bearer_auth(token.as_str().unwrap())).await.0 == 200
}

#[tokio::test]
async fn the_page_asks_without_scripts_and_shows_who_asks_for_what() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let answer = browser().get(ask(site, &[])).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.headers()["x-frame-options"], "DENY");
    let policy = answer.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    let page = answer.text().await.unwrap();
    assert!(page.contains(site.credentials().id()));
    for shown in
        ["<code>collab:</code>", "<code>identity:</code>", "organizer@example.com", ">Allow<", ">Deny<"]
    {
        assert!(page.contains(shown), "{shown}");
    }
    for absent in ["<script", "onclick", "messaging.v1", site.credentials().secret()] {
        assert!(!page.contains(absent), "{absent}");
    }
    let counters = site.counters();
    assert_eq!((counters.sign_in_requests, counters.token_requests), (1, 0));
    assert_eq!(counters.operations["authorize"], 1);
}

#[tokio::test]
async fn text_in_a_page_is_escaped() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let page = browser().get(ask(site, &[("state", "\"><script>alert('1')</script>")])).send().await.unwrap();
    let page = page.text().await.unwrap();
    assert!(!page.contains("<script"));
    assert!(page.contains("value=\"&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;\""));
}

/// Returns the hidden fields of a page, as a browser would send them back.
fn hidden(page: &str) -> Vec<(String, String)> {
    let field = |line: &str| {
        let (name, value) = line
            .strip_prefix("<input type=\"hidden\" name=\"")?
            .strip_suffix("\">")?
            .split_once("\" value=\"")?;
        Some((name.to_owned(), value.replace("&amp;", "&")))
    };
    page.lines().filter_map(field).collect()
}

#[tokio::test]
async fn the_form_sends_the_browser_back_with_a_code_for_the_person() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let page = browser().get(ask(site, &[])).send().await.unwrap().text().await.unwrap();
    let mut fields = hidden(&page);
    assert_eq!(fields.len(), 7);
    fields.push(("email".to_owned(), "someone@example.org".to_owned()));
    fields.push(("password".to_owned(), "any".to_owned()));
    let press = |decision: &str| {
        let mut fields = fields.clone();
        fields.push(("decision".to_owned(), decision.to_owned()));
        browser().post(site.authorize_url().unwrap()).form(&fields)
    };
    let answer = press("allow").send().await.unwrap();
    assert_eq!(answer.status(), 303);
    let callback = answer.headers()["location"].to_str().unwrap().to_owned();
    assert!(callback.starts_with("http://127.0.0.1:49152/callback?code="));
    assert_eq!(parameter(&callback, "state").as_deref(), Some("a state&more"));
    assert_eq!(parameter(&callback, "iss"), None);
    let (status, body) = redeem(site, &parameter(&callback, "code").unwrap(), &[]).await;
    assert_eq!((status, &body["principal"]), (200, &json!("someone@example.org")));
    let denied = press("deny").send().await.unwrap();
    assert_eq!(denied.status(), 303);
    let callback = denied.headers()["location"].to_str().unwrap();
    assert_eq!(callback, "http://127.0.0.1:49152/callback?error=access_denied&state=a%20state%26more");
    assert_eq!(press("").send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn the_fields_of_the_page_are_checked_again() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let page = browser().get(ask(site, &[])).send().await.unwrap().text().await.unwrap();
    let press = |name: &str, value: &str| {
        let mut fields = hidden(&page);
        fields.push(("email".to_owned(), "someone@example.org".to_owned()));
        fields.push(("decision".to_owned(), "allow".to_owned()));
        fields.retain(|(known, _)| known != name);
        fields.push((name.to_owned(), value.to_owned()));
        browser().post(site.authorize_url().unwrap()).form(&fields)
    };
    for (name, value) in [
        ("redirect_uri", "https://evil.example/"),
        ("client_id", "other"),
        ("email", "nobody"),
        ("email", ""),
    ] {
        let answer = press(name, value).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{name}={value}");
        assert!(!answer.headers().contains_key("location"));
    }
    let plain = press("code_challenge_method", "plain").send().await.unwrap();
    assert_eq!(plain.status(), 303);
    let json = browser().post(site.authorize_url().unwrap()).json(&json!({"decision": "allow"}));
    assert_eq!(json.send().await.unwrap().status(), 415);
    let put = with_length(browser().put(ask(site, &[]))).send().await.unwrap();
    assert_eq!((put.status().as_u16(), put.headers()["allow"].to_str().unwrap()), (405, "GET, POST"));
    assert_eq!(site.counters().codes_issued, 0);
}

#[tokio::test]
async fn a_wrong_client_or_redirect_gets_a_page_and_no_redirect() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    site.register_redirect_url("https://other.example.com/callback");
    for changes in [
        [("client_id", "nobody")],
        [("client_id", "")],
        [("redirect_uri", "")],
        [("redirect_uri", "https://app.example.com/callback/")],
        [("redirect_uri", "https://app.example.com/callback?a=b")],
        [("redirect_uri", "https://APP.example.com/callback")],
        [("redirect_uri", "http://localhost:49152/callback")],
        [("redirect_uri", "http://127.0.0.1:80@evil.example/")],
        [("redirect_uri", "http://127.0.0.1.evil.example:80/")],
        [("redirect_uri", "javascript:alert(1)")],
    ] {
        let url = ask(site, &changes);
        let answer = browser().get(&url).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{changes:?}");
        assert!(!answer.headers().contains_key("location"));
        assert!(answer.text().await.unwrap().contains("The sign-in cannot continue"));
        assert_eq!(site.approve(&url).unwrap_err().status(), 400);
    }
    let twice = ask(site, &[]) + "&state=again";
    assert_eq!(browser().get(twice).send().await.unwrap().status(), 400);
    for elsewhere in ["", "http://127.0.0.1:1/oauth/authorize?a=b", &site.token_url()] {
        assert!(site.approve(elsewhere).is_err(), "{elsewhere}");
    }
    assert_eq!(site.counters().codes_issued, 0);
}

#[tokio::test]
async fn other_mistakes_are_reported_to_the_client() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    for (changes, expected) in [
        (vec![("response_type", "token")], "unsupported_response_type"),
        (vec![("response_type", "")], "invalid_request"),
        (vec![("code_challenge_method", "plain")], "invalid_request"),
        (vec![("code_challenge_method", "")], "invalid_request"),
        (vec![("code_challenge", "")], "invalid_request"),
        (vec![("code_challenge", "short")], "invalid_request"),
        (vec![("scope", "collab: unknown:")], "invalid_scope"),
        (vec![("scope", "collab:  identity:")], "invalid_scope"),
    ] {
        let url = ask(site, &changes);
        let answer = browser().get(&url).send().await.unwrap();
        assert_eq!(answer.status(), 302, "{changes:?}");
        let callback = answer.headers()["location"].to_str().unwrap();
        assert_eq!(parameter(callback, "error").as_deref(), Some(expected), "{changes:?}");
        assert_eq!(parameter(callback, "state").as_deref(), Some("a state&more"));
        assert_eq!(site.approve(&url).unwrap(), callback);
    }
    assert_eq!(site.counters().codes_issued, 0);
}

#[tokio::test]
async fn loopback_goes_to_any_port_and_registered_urls_as_they_are() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    site.register_redirect_url("https://other.example.com/?keep=1");
    for redirect in [
        "http://127.0.0.1:1/",
        "http://[::1]:65535/a/b",
        "https://app.example.com/callback",
        "https://other.example.com/?keep=1",
    ] {
        let callback = site.approve(&ask(site, &[("redirect_uri", redirect)])).unwrap();
        assert!(callback.starts_with(redirect), "{callback}");
        assert!(Url::parse(&callback).is_ok());
        assert!(!redirect.contains('?') || callback.starts_with("https://other.example.com/?keep=1&code="));
        let code = parameter(&callback, "code").unwrap();
        assert_eq!(redeem(site, &code, &[("redirect_uri", redirect)]).await.0, 200);
    }
}

#[tokio::test]
async fn the_only_registered_url_may_be_left_out_in_both_places() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let without = [("redirect_uri", "")];
    let callback = site.approve(&ask(site, &without)).unwrap();
    assert!(callback.starts_with("https://app.example.com/callback?code="));
    let code = parameter(&callback, "code").unwrap();
    assert_eq!(redeem(site, &code, &without).await.0, 200);
    let code = self::code(site, &without);
    let named = [("redirect_uri", "https://app.example.com/callback")];
    assert_eq!(redeem(site, &code, &named).await.1["error"], "invalid_grant");
}

#[tokio::test]
async fn a_code_is_traded_for_all_there_is() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let old = site.refresh_token().unwrap();
    let (status, body) = redeem(site, &code(site, &[]), &[]).await;
    assert_eq!(status, 200);
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 3600);
    assert_eq!(body["scope"], "collab: identity:");
    assert_eq!(body["principal"], "organizer@example.com");
    assert_eq!(body.as_object().unwrap().len(), 6);
    assert!(opens(site, &body["access_token"]).await);
    let new = body["refresh_token"].as_str().unwrap();
    assert_eq!(site.refresh_token().as_deref(), Some(new));
    assert_eq!(refresh(site, &old).await.0, 400);
    assert_eq!(refresh(site, new).await.0, 200);
    let counters = site.counters();
    assert_eq!((counters.codes_issued, counters.codes_redeemed, counters.code_replays), (1, 1, 0));
    let (_, body) = redeem(site, &code(site, &[("scope", "")]), &[]).await;
    assert!(body["scope"].as_str().unwrap().contains("collab: identity: identity:scim.me "));
}

#[tokio::test]
async fn a_code_that_comes_again_takes_back_what_it_gave() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let code = code(site, &[]);
    let (_, body) = redeem(site, &code, &[]).await;
    let (_, renewed) = refresh(site, body["refresh_token"].as_str().unwrap()).await;
    let (status, again) = redeem(site, &code, &[]).await;
    assert_eq!((status, &again["error"]), (400, &json!("invalid_grant")));
    assert!(!opens(site, &body["access_token"]).await);
    assert!(!opens(site, &renewed["access_token"]).await);
    assert_eq!(refresh(site, body["refresh_token"].as_str().unwrap()).await.0, 400);
    assert_eq!(site.refresh_token(), None);
    assert_eq!(site.counters().code_replays, 1);
    // A later sign-in has its own tokens.
    let next = redeem(site, &self::code(site, &[]), &[]).await.1;
    assert_eq!(redeem(site, &code, &[]).await.0, 400);
    assert!(opens(site, &next["access_token"]).await);
}

#[tokio::test]
async fn a_code_that_does_not_fit_is_refused_and_used_up() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    for changes in [
        [("redirect_uri", "http://127.0.0.1:49153/callback")],
        [("redirect_uri", "http://127.0.0.1:49152/callback/")],
        [("redirect_uri", "")],
        [("code_verifier", "")],
        [("code_verifier", CHALLENGE)],
        [("code_verifier", "short")],
    ] {
        let code = code(site, &[]);
        let (status, body) = redeem(site, &code, &changes).await;
        assert_eq!((status, &body["error"]), (400, &json!("invalid_grant")), "{changes:?}");
        assert_eq!(redeem(site, &code, &[]).await.0, 400, "{changes:?}");
    }
    let other_client = redeem(site, &code(site, &[]), &[("client_id", "other")]).await;
    assert_eq!((other_client.0, &other_client.1["error"]), (400, &json!("invalid_grant")));
    let own_client = [("client_id", site.credentials().id().to_owned())];
    let own_client = own_client.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(redeem(site, &code(site, &[]), &own_client).await.0, 200);
    assert_eq!(redeem(site, "unknown", &[]).await.1["error"], "invalid_grant");
    assert_eq!(redeem(site, "", &[]).await.1["error"], "invalid_request");
    let counters = site.counters();
    assert_eq!((counters.codes_redeemed, counters.tokens_issued), (1, 1));
    assert_eq!(counters.token_refusals[&TokenRefusal::InvalidGrant], 14);
}

#[tokio::test]
async fn a_verifier_without_a_challenge_is_refused() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let without = [("code_challenge", ""), ("code_challenge_method", "")];
    let (status, body) = redeem(site, &code(site, &without), &[]).await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_grant")));
    let code = code(site, &without);
    assert_eq!(redeem(site, &code, &[("code_verifier", "")]).await.0, 200);
}

#[tokio::test]
async fn a_code_lives_ten_minutes() {
    let (emulator, clock) = start_with_clock().await;
    let site = emulator.site(Provider::GoTo);
    let (first, second) = (code(site, &[]), code(site, &[]));
    clock.advance(Duration::from_secs(599));
    assert_eq!(redeem(site, &first, &[]).await.0, 200);
    clock.advance(Duration::from_secs(1));
    assert_eq!(redeem(site, &second, &[]).await.1["error"], "invalid_grant");
}

#[tokio::test]
async fn a_code_needs_the_client_and_does_not_go_in_the_query() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let code = code(site, &[]);
    let fields = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", LOOPBACK)];
    let post = || client().post(site.token_url()).form(&fields);
    assert_eq!(send(post()).await.0, 401);
    assert_eq!(send(post().basic_auth(site.credentials().id(), Some("wrong"))).await.0, 401);
    for name in ["code", "code_verifier", "token", "device_code"] {
        assert_eq!(send(post().query(&[(name, "a")])).await.0, 400);
    }
    assert_eq!(site.counters().token_refusals[&TokenRefusal::CredentialsInQuery], 4);
    assert_eq!(redeem(site, &code, &[]).await.0, 200);
}

#[tokio::test]
async fn the_metadata_names_this_host_and_the_callback_the_issuer_if_set() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let url = format!("{}/.well-known/oauth-authorization-server", site.auth_url());
    let read = || send(client().get(&url));
    let (status, metadata) = read().await;
    assert_eq!(status, 200);
    assert_eq!(metadata["issuer"], site.auth_url());
    assert_eq!(site.issuer(), Some(site.auth_url()));
    assert_eq!(metadata["authorization_endpoint"], site.authorize_url().unwrap());
    assert_eq!(metadata["token_endpoint"], site.token_url());
    assert_eq!(metadata["revocation_endpoint"], site.revocation_url().unwrap());
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(metadata["response_types_supported"], json!(["code"]));
    assert_eq!(metadata["grant_types_supported"], json!(["authorization_code", "refresh_token"]));
    let methods = json!(["client_secret_basic", "client_secret_post", "none"]);
    assert_eq!(metadata["token_endpoint_auth_methods_supported"], methods);
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], false);
    assert!(metadata.get("device_authorization_endpoint").is_none());
    site.set_issuer_in_callback(true);
    let callback = site.approve(&ask(site, &[])).unwrap();
    assert_eq!(parameter(&callback, "iss"), Some(site.auth_url()));
    site.set_issuer(Some("https://identity.goto.com"));
    assert_eq!(read().await.1["issuer"], "https://identity.goto.com");
    let callback = site.deny(&ask(site, &[])).unwrap();
    assert_eq!(parameter(&callback, "iss").as_deref(), Some("https://identity.goto.com"));
    assert_eq!(empty_post(&url).send().await.unwrap().status(), 405);
    let gotab = emulator.site(Provider::GoTab).auth_url();
    assert_eq!(send(client().get(url.replace(&site.auth_url(), &gotab))).await.0, 404);
}

#[tokio::test]
async fn a_revoked_refresh_token_takes_its_access_tokens_along() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let (_, body) = redeem(site, &code(site, &[]), &[]).await;
    let refresh_token = body["refresh_token"].as_str().unwrap();
    let (_, renewed) = refresh(site, refresh_token).await;
    assert_eq!(revoke(site, refresh_token).await, 200);
    assert_eq!(refresh(site, refresh_token).await.0, 400);
    assert!(!opens(site, &body["access_token"]).await && !opens(site, &renewed["access_token"]).await);
    assert_eq!(revoke(site, refresh_token).await, 200);
    let counters = site.counters();
    assert_eq!((counters.revocations, counters.tokens_revoked), (2, 1));
    assert_eq!(counters.operations["revoke"], 2);
}

#[tokio::test]
async fn an_access_token_is_revoked_alone_and_an_unknown_one_is_no_error() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let [first, second] = [json!(token(site).await), json!(token(site).await)];
    assert_eq!(revoke(site, first.as_str().unwrap()).await, 200);
    assert_eq!(revoke(site, "unknown").await, 200);
    assert!(!opens(site, &first).await && opens(site, &second).await);
    let counters = site.counters();
    assert_eq!((counters.revocations, counters.tokens_revoked), (2, 1));
}

#[tokio::test]
async fn revocation_needs_the_client_and_a_token() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let credentials = site.credentials();
    let url = site.revocation_url().unwrap();
    let good = site.refresh_token().unwrap();
    let post = || client().post(&url).form(&[("token", good.as_str())]);
    assert_eq!(send(post()).await.0, 401);
    assert_eq!(send(post().basic_auth(credentials.id(), Some("wrong"))).await.0, 401);
    let known = |post: reqwest::RequestBuilder| post.basic_auth(credentials.id(), Some(credentials.secret()));
    assert_eq!(send(known(post()).query(&[("token", "a")])).await.0, 400);
    assert_eq!(send(known(client().post(&url).json(&json!({"token": good})))).await.0, 400);
    assert_eq!(send(known(client().post(&url).form(&[("other", "a")]))).await.1["error"], "invalid_request");
    assert_eq!(send(known(client().get(&url))).await.0, 405);
    let in_body = [("token", good.as_str()), ("client_secret", credentials.secret())];
    assert_eq!(send(known(client().post(&url).form(&in_body))).await.0, 400);
    assert_eq!(site.counters().revocations, 0);
    assert_eq!(site.refresh_token(), Some(good));
}

#[tokio::test]
async fn faults_at_the_token_endpoint_and_at_the_pages_are_separate() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    site.inject(Endpoint::Token, Fault::Unavailable);
    site.inject(Endpoint::SignIn, Fault::Unavailable.on_operation("revoke"));
    assert_eq!(browser().get(ask(site, &[])).send().await.unwrap().status(), 200);
    assert_eq!(redeem(site, &code(site, &[]), &[]).await.0, 503);
    assert_eq!(revoke(site, "unknown").await, 503);
    assert_eq!(revoke(site, "unknown").await, 200);
    assert_eq!(site.requests()[0].operation_id.as_deref(), Some("authorize"));
    assert_eq!(site.requests()[0].endpoint, Endpoint::SignIn);
}
