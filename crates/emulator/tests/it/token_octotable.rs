//! Octotable's token endpoints.

use emulator::{Provider, Site, TokenEncoding, TokenRefusal};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::support::{client, plain_call, send, start, token_request};

fn fields(site: &Site) -> Value {
    json!({
        "grant_type": "client_credentials",
        "client_id": site.credentials().id(),
        "client_secret": site.credentials().secret(),
    })
}

fn ask(url: &str, encoding: TokenEncoding, fields: &Value) -> RequestBuilder {
    match encoding {
        TokenEncoding::Form => client().post(url).form(fields),
        _ => client().post(url).json(fields),
    }
}

#[tokio::test]
async fn each_endpoint_takes_its_own_encoding_and_refuses_the_other_with_415() {
    let emulator = start().await;
    let site = emulator.site(Provider::Octotable);
    let (first, second) = (site.token_url(), site.other_token_url().unwrap());
    let cases = [
        (&first, TokenEncoding::Json, 200),
        (&first, TokenEncoding::Form, 415),
        (&second, TokenEncoding::Form, 200),
        (&second, TokenEncoding::Json, 415),
    ];
    for (url, encoding, expected) in cases {
        let (status, body) = send(ask(url, encoding, &fields(site))).await;
        assert_eq!(status, expected, "{url} {encoding:?}");
        if status == 415 {
            assert_eq!(body["success"], false);
            assert_eq!(body["error"]["code"], "UNSUPPORTED_MEDIA_TYPE");
        }
    }
    assert_eq!(site.counters().token_refusals[&TokenRefusal::Encoding], 2);
}

#[tokio::test]
async fn the_type_is_called_type_and_the_lifetime_is_in_seconds() {
    let emulator = start().await;
    let site = emulator.site(Provider::Octotable);
    let (_, body) = send(token_request(site)).await;
    assert_eq!(body["type"], "Bearer");
    assert_eq!(body["expires_in"], 1440);
    assert_eq!(body.as_object().unwrap().len(), 3);
    let call = plain_call(site).bearer_auth(body["access_token"].as_str().unwrap());
    assert_eq!(send(call).await.0, 200);
}

#[tokio::test]
async fn the_first_endpoint_can_be_made_to_take_a_form_only() {
    let emulator = start().await;
    let site = emulator.site(Provider::Octotable);
    site.set_token_encoding(TokenEncoding::Form);
    let url = site.token_url();
    let form = ask(&url, TokenEncoding::Form, &fields(site));
    assert_eq!(send(form).await.0, 200);
    let json = ask(&url, TokenEncoding::Json, &fields(site));
    assert_eq!(send(json).await.0, 415);
}

#[tokio::test]
async fn refusals_come_in_the_envelope() {
    let emulator = start().await;
    let site = emulator.site(Provider::Octotable);
    let url = site.token_url();
    let cases = [
        ("client_id", json!("wrong"), 401),
        ("client_secret", json!("wrong"), 401),
        ("client_secret", json!(null), 400),
        ("grant_type", json!("password"), 400),
    ];
    for (name, value, expected) in cases {
        let mut fields = fields(site);
        fields[name] = value;
        let (status, body) = send(ask(&url, TokenEncoding::Json, &fields)).await;
        assert_eq!(status, expected, "{name}");
        assert_eq!(body["success"], false);
        assert!(body["error"]["code"].is_string());
    }
}

#[tokio::test]
async fn a_basic_header_is_refused() {
    let emulator = start().await;
    let site = emulator.site(Provider::Octotable);
    let both = token_request(site).basic_auth("id", Some("secret"));
    assert_eq!(send(both).await.0, 400);
    let double = TokenRefusal::DoubleAuthentication;
    assert_eq!(site.counters().token_refusals[&double], 1);
    let header = client().post(site.token_url()).basic_auth("id", Some("secret"));
    let header = header.json(&json!({"grant_type": "client_credentials"}));
    assert_eq!(send(header).await.0, 401);
}
