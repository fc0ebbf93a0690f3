//! Faults that real servers have shown: odd token answers, refusals in odd places, odd challenges, echoed secrets.

use emulator::{Endpoint, Fault, Malformed, Provider, Rejection, Site};
use reqwest::Response;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{USER_AGENT, client, plain_call, send, start, token, token_request, url};

async fn spoilt(site: &Site, how: Malformed) -> String {
    site.inject(Endpoint::Token, Fault::Malformed(how));
    token_request(site).send().await.unwrap().text().await.unwrap()
}

async fn call(site: &Site, fault: Fault) -> Response {
    site.inject(Endpoint::Api, fault);
    plain_call(site).bearer_auth("a-bearer-token").send().await.unwrap()
}

#[tokio::test]
async fn a_lifetime_can_be_in_any_shape_or_missing() {
    let emulator = start().await;
    for (provider, name) in [(Provider::GoTo, "expires_in"), (Provider::GbgGo, "expires_in")] {
        let site = emulator.site(provider);
        for odd in ["3599.9", "\"3600\"", "\"PT1H\"", "\"2026-11-27T09:00:00Z\"", "-1", "0", "null"] {
            let text = spoilt(site, Malformed::ExpiresIn(odd.to_owned())).await;
            assert!(text.contains(&format!("\"{name}\":{odd}")), "{text}");
            assert!(serde_json::from_str::<Value>(&text).is_ok());
        }
        let text = spoilt(site, Malformed::Without(name.to_owned())).await;
        let body: Value = serde_json::from_str(&text).unwrap();
        assert!(body["access_token"].is_string() && body.get(name).is_none());
    }
}

#[tokio::test]
async fn a_member_beside_the_refresh_token_can_be_unreadable() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    for (name, value) in [("scope", "7"), ("token_type", "[]"), ("access_token", "{}"), ("id_token", "{")] {
        let how = Malformed::Member { name: name.to_owned(), value: value.to_owned() };
        let text = spoilt(site, how).await;
        assert!(text.contains(&format!("\"{name}\":{value}")), "{text}");
        assert!(text.contains(&site.refresh_token().unwrap()));
    }
}

#[tokio::test]
async fn an_answer_can_end_after_the_refresh_token() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let text = spoilt(site, Malformed::EndsAfter("refresh_token".to_owned())).await;
    let end = format!("\"refresh_token\":\"{}\"", site.refresh_token().unwrap());
    assert!(text.ends_with(&end) && text.contains("\"access_token\":"), "{text}");
    assert!(serde_json::from_str::<Value>(&text).is_err());
}

#[tokio::test]
async fn refusals_can_be_a_message_only_or_come_at_status_200() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    site.inject(Endpoint::Token, Fault::message_only(400, "the refresh token is not valid"));
    let refused = send(token_request(site)).await;
    assert_eq!(refused, (400, json!({"message": "the refresh token is not valid"})));
    site.inject(Endpoint::Token, Fault::refusal_at_200("invalid_grant"));
    let (status, body) = send(token_request(site)).await;
    assert_eq!((status, &body["error"]), (200, &json!("invalid_grant")));
    assert_eq!(site.counters().tokens_issued, 0);
}

#[tokio::test]
async fn the_graph_interface_can_refuse_at_status_200() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTab);
    let token = token(site).await;
    let ask = |token: &str| {
        let post = client().post(url(site, "api", "/api/graph")).bearer_auth(token);
        send(post.json(&json!({"query": "{ a }"})))
    };
    site.inject(Endpoint::Api, Fault::graph_unauthenticated());
    let (status, played) = ask(&token).await;
    assert_eq!((status, &played["data"]), (200, &Value::Null));
    assert_eq!(played["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    site.set_graph_refusals_at_200(true);
    let (status, body) = ask("unknown").await;
    assert_eq!((status, &body["data"]), (200, &Value::Null));
    assert_eq!(body["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert_eq!(site.counters().api_rejections[&Rejection::UnknownToken], 1);
    let (status, body) = ask(&token).await;
    assert_eq!((status, body.get("errors")), (200, None), "{body}");
    assert_eq!(send(plain_call(site).bearer_auth("unknown")).await.0, 401);
    site.set_graph_refusals_at_200(false);
    assert_eq!(ask("unknown").await.0, 401);
}

#[tokio::test]
async fn challenges_can_be_for_basic_or_hold_an_unquoted_url() {
    let emulator = start().await;
    for site in emulator.sites() {
        let answer = call(site, Fault::basic_challenge()).await;
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.headers()["www-authenticate"], "Basic realm=\"api\"");
        for code in [401, 403] {
            let answer = call(site, Fault::unquoted_insufficient_scope(code)).await;
            assert_eq!(answer.status(), code);
            let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
            assert!(challenge.starts_with("Bearer resource_metadata=https://"), "{challenge}");
            assert!(challenge.contains(", error=insufficient_scope,"), "{challenge}");
        }
    }
}

#[tokio::test]
async fn an_error_can_echo_the_secrets_that_came() {
    let emulator = start().await;
    for site in emulator.sites() {
        for code in [400, 401, 500] {
            let answer = call(site, Fault::Echo { code }).await;
            assert_eq!(answer.status(), code);
            let body = answer.json::<Value>().await.unwrap();
            assert!(body["message"].as_str().unwrap().contains("Bearer a-bearer-token"), "{body}");
        }
        site.inject(Endpoint::Token, Fault::Echo { code: 400 });
        let (status, body) = send(token_request(site)).await;
        let said = body["error_description"].as_str().unwrap();
        let secret = match site.provider() {
            Provider::GoTo => format!("refresh_token={}", site.refresh_token().unwrap()),
            _ => site.credentials().secret().to_owned(),
        };
        assert_eq!((status, said.contains(&secret)), (400, true), "{body}");
    }
}

#[tokio::test]
async fn answers_have_a_length_unless_they_are_to_be_chunked() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTab);
    let address = site.api_url().replace("http://", "");
    let ask = async || {
        let mut socket = TcpStream::connect(&address).await.unwrap();
        let request = format!(
            "GET /api/loc HTTP/1.1\r\nhost: {address}\r\nuser-agent: {USER_AGENT}\r\nconnection: close\r\n\r\n"
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let plain = ask().await;
    assert!(plain.contains("\r\ncontent-length: ") && !plain.contains("transfer-encoding"), "{plain}");
    site.inject(Endpoint::Api, Fault::Malformed(Malformed::Chunked));
    let chunked = ask().await;
    assert!(chunked.contains("\r\ntransfer-encoding: chunked\r\n"), "{chunked}");
    assert!(chunked.ends_with("\r\n0\r\n\r\n") && !chunked.contains("content-length"), "{chunked}");
}

#[tokio::test]
async fn another_issuers_metadata_can_be_at_the_first_place() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let first = format!("{}/.well-known/oauth-authorization-server", site.auth_url());
    let second = format!("{}/.well-known/openid-configuration", site.auth_url());
    let get = async |url: &str| client().get(url).send().await.unwrap();
    assert_eq!(get(&second).await.status(), 404);
    let other = emulator.site(Provider::GoTab).auth_url();
    site.set_issuer_at_first_place(Some(&other));
    let document = get(&first).await.json::<Value>().await.unwrap();
    assert_eq!(document["issuer"], other);
    for endpoint in ["authorization_endpoint", "token_endpoint", "revocation_endpoint"] {
        assert!(document[endpoint].as_str().unwrap().starts_with(&other));
    }
    let document = get(&second).await.json::<Value>().await.unwrap();
    assert_eq!(
        (&document["issuer"], &document["token_endpoint"]),
        (&json!(site.auth_url()), &json!(site.token_url()))
    );
    let how = Malformed::Member { name: "revocation_endpoint".to_owned(), value: "42".to_owned() };
    site.inject(Endpoint::SignIn, Fault::Malformed(how).on_operation("openidConfiguration"));
    assert_eq!(get(&first).await.status(), 200);
    let document = get(&second).await.json::<Value>().await.unwrap();
    assert_eq!(
        (&document["revocation_endpoint"], &document["issuer"]),
        (&json!(42), &json!(site.auth_url()))
    );
    site.set_issuer_at_first_place(None);
    assert_eq!(get(&first).await.json::<Value>().await.unwrap()["issuer"], site.auth_url());
    assert_eq!(get(&second).await.status(), 404);
}

#[tokio::test]
async fn a_secret_can_be_rotated_while_the_site_runs() {
    let emulator = start().await;
    for site in emulator.sites() {
        let before = token_request(site);
        let old = site.credentials();
        let new = site.regenerate_secret();
        assert!(old.id() == new.id() && old.secret() != new.secret());
        assert!([400, 401].contains(&send(before).await.0));
        token(site).await;
    }
}

#[tokio::test]
async fn an_auth_host_can_have_a_second_address() {
    let emulator = start().await;
    for site in emulator.sites() {
        let second = site.open_auth_host().await.unwrap();
        let (client, request) = token_request(site).build_split();
        let mut request = request.unwrap();
        *request.url_mut() = second.token_url().parse().unwrap();
        assert!(second.token_url().starts_with(&second.url()));
        let again = request.try_clone().unwrap();
        let answer = client.execute(request).await.unwrap();
        let body = answer.json::<Value>().await.unwrap();
        let call = plain_call(site).bearer_auth(body["access_token"].as_str().unwrap());
        assert!(send(call).await.0 < 300);
        assert_eq!(send(token_request(site)).await.0, 200);
        assert_eq!(site.counters().token_requests, 2);
        drop(second);
        assert!(client.execute(again).await.is_err());
        assert_eq!(send(token_request(site)).await.0, 200);
    }
}
