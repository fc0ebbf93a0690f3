//! Token exchange (RFC 8693): what is sent, what must be in the answer, and what cannot be requested.

use std::sync::Arc;
use std::time::Duration;

use auth_layer::grant::TokenExchange;
use auth_layer::source::{ExchangeBuilder, TokenRequest};
use auth_layer::token::{Resource, TokenTypeId};
use auth_layer::{
    Credential, Encoding, ErrorKind, Exchange, Grant, Profile, RefreshToken, Secret, SecretSource, TestClock,
    TokenManager, TokenSource,
};
use http::Response;
use http_body_util::Full;
use serde_json::{Value, json};

use crate::support::{FakeTokenEndpoint, Seen, example, json_response};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

fn plain() -> TokenExchange {
    TokenExchange::new("subject-1", TokenTypeId::JWT)
}

fn answer() -> Value {
    json!({
        "access_token": "token-1", "issued_token_type": ACCESS_TOKEN, "token_type": "Bearer",
        "expires_in": 60, "refresh_token": "refresh-1",
    })
}

fn answering(body: Value) -> FakeTokenEndpoint {
    FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, &body.to_string())))
}

fn exchange(endpoint: &FakeTokenEndpoint, profile: Profile, grant: TokenExchange) -> ExchangeBuilder {
    Exchange::builder(profile, Credential::new("client", "client-secret"), grant.into())
        .transport(endpoint.transport())
}

/// Returns the parameters of a form, in order.
fn pairs(seen: &Seen) -> Vec<(String, String)> {
    form_urlencoded::parse(&seen.body).into_owned().collect()
}

fn resource(text: &str) -> Resource {
    text.parse().unwrap()
}

#[tokio::test]
async fn tx01_a_subject_token_goes_with_its_type() {
    let endpoint = answering(answer());
    let source = exchange(&endpoint, example(), plain()).build().unwrap();
    source.token(&TokenRequest::new()).await.unwrap();
    let seen = &endpoint.seen()[0];
    let expected = [
        ("grant_type", GRANT_TYPE),
        ("subject_token", "subject-1"),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
    ];
    assert_eq!(pairs(seen), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(seen.headers["authorization"], "Basic Y2xpZW50OmNsaWVudC1zZWNyZXQ=");
}

#[tokio::test]
async fn tx01_all_that_can_be_said_is_sent() {
    let endpoint = answering(answer());
    let grant = plain()
        .with_actor("actor-1", TokenTypeId::new("urn:example:robot"))
        .with_requested_token_type(TokenTypeId::ACCESS_TOKEN)
        .with_audience("orders")
        .with_audience("stock")
        .with_resource(resource("https://one.example.com"))
        .with_resource(resource("https://two.example.com"));
    let source = exchange(&endpoint, example(), grant).scope("orders:read".parse().unwrap());
    source.build().unwrap().token(&TokenRequest::new()).await.unwrap();
    let expected = [
        ("grant_type", GRANT_TYPE),
        ("subject_token", "subject-1"),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
        ("actor_token", "actor-1"),
        ("actor_token_type", "urn:example:robot"),
        ("requested_token_type", ACCESS_TOKEN),
        ("resource", "https://one.example.com"),
        ("resource", "https://two.example.com"),
        ("audience", "orders"),
        ("audience", "stock"),
        ("scope", "orders:read"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(pairs(&endpoint.seen()[0]), expected);
}

#[tokio::test]
async fn tx01_several_resources_or_audiences_go_into_a_form_only() {
    let endpoint = answering(answer());
    let one = || plain().with_audience("orders").with_resource(resource("https://one.example.com"));
    let in_json = example().with_encoding(Encoding::Json);
    exchange(&endpoint, in_json.clone(), one()).build().unwrap().token(&TokenRequest::new()).await.unwrap();
    assert_eq!(endpoint.seen()[0].json()["audience"], "orders");

    for several in [one().with_audience("stock"), one().with_resource(resource("urn:example:two"))] {
        for profile in [in_json.clone(), example().with_either_encoding()] {
            let error = exchange(&endpoint, profile, several.clone()).build().unwrap_err();
            assert_eq!(error.what(), "token exchange's resources and audiences");
        }
        exchange(&endpoint, example(), several).build().unwrap();
    }
}

#[test]
fn tx01_no_audience_or_resource_is_sent_twice_by_accident() {
    let endpoint = answering(answer());
    let grant = || plain().with_audience("orders");
    for builder in [
        exchange(&endpoint, example().with_parameter("audience", "orders"), grant()),
        exchange(&endpoint, example(), grant()).audience("stock"),
        exchange(&endpoint, example(), plain().with_resource(resource("urn:a"))).resource(&resource("urn:b")),
    ] {
        let error = builder.build().unwrap_err();
        assert!(error.what().starts_with("token request parameter "), "{error}");
    }
    // Each target is accepted without the other.
    exchange(&endpoint, example(), grant()).resource(&resource("urn:b")).build().unwrap();
}

#[test]
fn tx01_an_empty_value_or_one_set_elsewhere_is_refused() {
    let endpoint = answering(answer());
    let nameless = TokenTypeId::new("");
    for (grant, what) in [
        (TokenExchange::new("", TokenTypeId::JWT), "subject token"),
        (TokenExchange::new("t", nameless.clone()), "subject token's type"),
        (plain().with_actor("", TokenTypeId::JWT), "actor token"),
        (plain().with_actor("t", nameless.clone()), "actor token's type"),
        (plain().with_requested_token_type(nameless), "token exchange's requested_token_type"),
        (plain().with_audience("orders").with_audience(""), "token exchange's audience"),
    ] {
        assert_eq!(exchange(&endpoint, example(), grant).build().unwrap_err().what(), what);
    }
    for name in ["subject_token", "subject_token_type", "actor_token", "requested_token_type", "assertion"] {
        let profile = example().with_parameter(name, "x");
        assert!(exchange(&endpoint, profile, plain()).build().is_err(), "{name}");
    }
}

#[tokio::test]
async fn tx01_tokens_are_read_again_for_each_exchange() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("workload");
    std::fs::write(&path, "subject-1\n").unwrap();
    let endpoint = answering(answer());
    let grant = TokenExchange::new(SecretSource::from_file(&path), TokenTypeId::JWT)
        .with_actor(SecretSource::from_fn(|| Ok(Secret::new("actor"))), TokenTypeId::JWT);
    let source = exchange(&endpoint, example(), grant).build().unwrap();
    source.token(&TokenRequest::new()).await.unwrap();
    std::fs::write(&path, "subject-2\n").unwrap();
    source.token(&TokenRequest::new()).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    let error = source.token(&TokenRequest::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Secret, true));
    assert!(error.to_string().starts_with("the token to exchange in "), "{error}");
    let sent: Vec<_> = endpoint.seen().iter().map(|seen| seen.form("subject_token").unwrap()).collect();
    assert_eq!(sent, ["subject-1", "subject-2"]);
}

#[tokio::test]
async fn tx02_the_issued_type_is_kept() {
    let endpoint = answering(answer());
    let source = exchange(&endpoint, example(), plain()).build().unwrap();
    let issued = source.token(&TokenRequest::new()).await.unwrap();
    assert_eq!(issued.issued_token_type(), Some(&TokenTypeId::ACCESS_TOKEN));
    assert!(source.store_key().is_none() && !source.must_finish());
}

#[tokio::test]
async fn tx02_an_answer_without_the_issued_type_is_refused() {
    let with = |issued: Value| {
        let mut body = answer();
        body["issued_token_type"] = issued;
        body.to_string()
    };
    let twice = format!(r#"{{"issued_token_type":"{ACCESS_TOKEN}",{}"#, &answer().to_string()[1..]);
    for body in [with(Value::Null), with("".into()), with(5.into()), twice] {
        let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(200, &body)));
        let error = TokenManager::new(exchange(&endpoint, example(), plain()).build().unwrap());
        assert_eq!(error.token().await.unwrap_err().kind(), ErrorKind::InvalidAnswer);
    }
    // No other setting is needed.
    let endpoint = FakeTokenEndpoint::issuing(60);
    let plain = Exchange::builder(example(), Credential::new("c", "s"), Grant::ClientCredentials);
    let plain = plain.transport(endpoint.transport()).build().unwrap();
    assert!(plain.token(&TokenRequest::new()).await.unwrap().issued_token_type().is_none());
}

#[tokio::test]
async fn tx02_only_an_access_token_is_sent_as_bearer() {
    for token_type in ["N_A", "n_a"] {
        let mut body = answer();
        body["token_type"] = token_type.into();
        body["issued_token_type"] = TokenTypeId::SAML2.as_str().into();
        // Not even if a missing type means Bearer.
        let profile = example().with_default_token_type("Bearer");
        let endpoint = answering(body);
        let manager = TokenManager::new(exchange(&endpoint, profile, plain()).build().unwrap());
        let error = manager.token().await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::TokenType, false));
        assert!(error.to_string().contains(token_type), "{error}");
    }
}

#[tokio::test]
async fn an_early_renewal_is_another_exchange() {
    let clock = TestClock::new();
    let endpoint = FakeTokenEndpoint::scripted(|n, _| {
        let mut body = answer();
        body["access_token"] = format!("token-{n}").into();
        Ok::<Response<Full<bytes::Bytes>>, _>(json_response(200, &body.to_string()))
    });
    let source = exchange(&endpoint, example(), plain()).clock(Arc::new(clock.clone())).build().unwrap();
    let manager = TokenManager::builder(source).clock(Arc::new(clock.clone())).build();
    manager.token().await.unwrap();
    clock.advance(Duration::from_secs(60));
    assert_eq!(manager.token().await.unwrap().access_token().expose(), "token-2");
    let sent = endpoint.seen();
    assert!(sent.iter().all(|seen| seen.form("grant_type").as_deref() == Some(GRANT_TYPE)));
    assert!(sent.iter().all(|seen| seen.form("refresh_token").is_none()));
}

#[tokio::test]
async fn ri03_a_target_that_the_server_refuses_is_permanent_and_named() {
    let body = r#"{"error":"invalid_target","error_description":"no orders-of-somebody-else here"}"#;
    let endpoint = FakeTokenEndpoint::scripted(move |_, _| Ok(json_response(400, body)));
    let grant = plain().with_audience("orders-of-somebody-else");
    let manager = TokenManager::new(exchange(&endpoint, example(), grant).build().unwrap());
    let error = manager.token().await.unwrap_err();
    assert!(!error.is_transient());
    // The target of a token is not a secret.
    assert!(error.to_string().contains("no orders-of-somebody-else here"), "{error}");
}

#[tokio::test]
async fn ri01_a_resource_is_absolute_without_fragment_and_goes_as_it_was_given() {
    for bad in ["", "/orders", "orders", "//api.example.com", "https://api.example.com/#a", "urn:a#", "1a:b"]
    {
        assert!(bad.parse::<Resource>().is_err(), "{bad}");
    }
    for good in ["https://api.example.com/a%2Fb?tenant=1", "urn:example:orders"] {
        let endpoint = FakeTokenEndpoint::issuing(60);
        let plain = Exchange::builder(example(), Credential::new("c", "s"), Grant::ClientCredentials)
            .transport(endpoint.transport())
            .resource(&resource(good));
        plain.build().unwrap().token(&TokenRequest::new()).await.unwrap();
        assert_eq!(endpoint.seen()[0].form("resource").as_deref(), Some(good));
    }
}

#[tokio::test]
async fn ri01_each_refresh_asks_for_the_resource_it_was_built_for_and_no_other() {
    let clock = TestClock::new();
    let endpoint = FakeTokenEndpoint::scripted(|n, _| {
        let mut body = answer();
        body["refresh_token"] = format!("refresh-{n}").into();
        Ok(json_response(200, &body.to_string()))
    });
    let grant = Grant::refresh_token(RefreshToken::new("refresh-0"));
    let source = Exchange::builder(example(), Credential::new("c", "s"), grant)
        .transport(endpoint.transport())
        .clock(Arc::new(clock.clone()))
        .resource(&resource("https://one.example.com"))
        .build()
        .unwrap();
    let manager = TokenManager::builder(source).clock(Arc::new(clock.clone())).build();
    for _ in 0..3 {
        manager.token().await.unwrap();
        clock.advance(Duration::from_secs(61));
    }
    let seen = endpoint.seen();
    assert_eq!(seen.len(), 3);
    for seen in &seen {
        let all: Vec<_> = pairs(seen).into_iter().filter(|(name, _)| name == "resource").collect();
        assert_eq!(all, [("resource".to_owned(), "https://one.example.com".to_owned())]);
    }
    // A second scope would ask for more than the first.
    let wider = Exchange::builder(example(), Credential::new("c", "s"), Grant::ClientCredentials)
        .transport(endpoint.transport())
        .resource(&resource("https://one.example.com"))
        .resource(&resource("https://two.example.com"));
    assert!(wider.build().is_err());
}

#[tokio::test]
async fn tx02_a_token_of_another_kind_is_never_sent_as_bearer() {
    for issued in [TokenTypeId::REFRESH_TOKEN, TokenTypeId::ID_TOKEN, TokenTypeId::SAML1, TokenTypeId::SAML2]
    {
        let mut body = answer();
        body["issued_token_type"] = issued.as_str().into();
        let endpoint = answering(body);
        let manager = TokenManager::new(exchange(&endpoint, example(), plain()).build().unwrap());
        let error = manager.token().await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::TokenType, false), "{issued}");
    }
    for issued in [TokenTypeId::ACCESS_TOKEN, TokenTypeId::JWT, TokenTypeId::new("urn:example:own")] {
        let mut body = answer();
        body["issued_token_type"] = issued.as_str().into();
        let endpoint = answering(body);
        let manager = TokenManager::new(exchange(&endpoint, example(), plain()).build().unwrap());
        manager.token().await.unwrap();
    }
}
