//! The sign-in by authorization code: the link that a person follows, and the exchange of the code.

use std::sync::Arc;
use std::time::Duration;

use auth_layer::sign_in::{Authorization, Pkce};
use auth_layer::{Credential, Error, ErrorKind, Profile, Scope, SignIn, TestClock, Transport};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::departing::{own_names, raw_basic};
use crate::support::{FakeTokenEndpoint, Seen, json_response, respond, token_answer};

pub(crate) const REDIRECT: &str = "https://app.example.com/callback";

/// Returns a provider by RFC 6749, where people sign in.
pub(crate) fn people() -> Profile {
    crate::support::example().with_authorize_url("https://auth.example.com/authorize").unwrap()
}

/// Returns a client at `profile` whose token endpoint is `endpoint`.
pub(crate) fn client(profile: Profile, endpoint: &FakeTokenEndpoint) -> SignIn {
    SignIn::builder(profile, Credential::new("client", "client-secret"))
        .transport(endpoint.transport())
        .clock(Arc::new(TestClock::new()))
        .timeout(Duration::from_secs(1))
        .build()
        .unwrap()
}

/// Returns a client whose token endpoint must not be asked.
pub(crate) fn silent(profile: Profile) -> (SignIn, FakeTokenEndpoint) {
    let endpoint = FakeTokenEndpoint::answering([]);
    (client(profile, &endpoint), endpoint)
}

/// Returns the value of a parameter in a link. Panics if it occurs more than once.
#[track_caller]
pub(crate) fn parameter(url: &str, name: &str) -> Option<String> {
    let query = url.split_once('?').expect("a query").1;
    let values: Vec<_> =
        form_urlencoded::parse(query.as_bytes()).filter(|(known, _)| known == name).collect();
    assert!(values.len() <= 1, "{name} is there {} times", values.len());
    values.first().map(|(_, value)| value.to_string())
}

/// Returns a good answer to an authorization.
pub(crate) fn good(authorization: &Authorization) -> String {
    let state = parameter(authorization.url(), "state").unwrap();
    format!("{}?code=the-one-code&state={state}", authorization.redirect_uri())
}

#[test]
fn ac01_each_verifier_is_43_unreserved_characters_of_256_bits() {
    let mut seen = std::collections::HashSet::new();
    for _ in 0..200 {
        let pkce = Pkce::generate().unwrap();
        let verifier = pkce.verifier().expose();
        assert_eq!(URL_SAFE_NO_PAD.decode(verifier).unwrap().len(), 32);
        assert!(verifier.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)));
        assert!(seen.insert(verifier.to_owned()), "it came twice");
    }
}

#[test]
fn ac01_each_sign_in_has_a_verifier_and_a_state_of_its_own() {
    let (sign_in, _) = silent(people());
    let [one, other] = [(); 2].map(|()| sign_in.authorize(REDIRECT, None).unwrap());
    for name in ["state", "code_challenge"] {
        let (one, other) = (parameter(one.url(), name).unwrap(), parameter(other.url(), name).unwrap());
        assert_ne!(one, other, "{name}");
        assert_eq!(URL_SAFE_NO_PAD.decode(one).unwrap().len(), 32, "{name}");
    }
}

#[test]
fn ac01_a_verifier_of_another_length_or_alphabet_is_refused() {
    for good in ["a".repeat(43), "~".repeat(128)] {
        assert!(Pkce::from_verifier(good).is_ok());
    }
    let plus = format!("{}+", "a".repeat(42));
    for bad in [String::new(), "a".repeat(42), "a".repeat(129), plus, "é".repeat(43)] {
        assert!(Pkce::from_verifier(bad.clone()).is_err(), "{bad}");
    }
}

#[test]
fn ac02_the_challenge_is_that_of_rfc_7636_appendix_b() {
    let pkce = Pkce::from_verifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
    assert_eq!(pkce.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

#[tokio::test]
async fn ac03_ac15_every_client_proves_itself_with_s256() {
    for (auth, credential) in [
        (None, Credential::new("client", "client-secret")),
        (Some(auth_layer::ClientAuth::Public), Credential::public("client")),
    ] {
        let endpoint = FakeTokenEndpoint::issuing(60);
        let profile = match auth {
            Some(auth) => people().with_client_auth(auth),
            None => people(),
        };
        let sign_in = SignIn::builder(profile, credential).transport(endpoint.transport()).build().unwrap();
        let authorization = sign_in.authorize(REDIRECT, None).unwrap();
        let challenge = parameter(authorization.url(), "code_challenge").unwrap();
        assert_eq!(parameter(authorization.url(), "code_challenge_method").as_deref(), Some("S256"));

        let callback = good(&authorization);
        sign_in.finish(authorization, &callback).await.unwrap();
        let verifier = endpoint.seen()[0].form("code_verifier").unwrap();
        assert_eq!(Pkce::from_verifier(verifier).unwrap().challenge(), challenge);
    }
}

#[tokio::test]
async fn ac05_the_redirect_uri_is_the_same_to_the_byte() {
    for redirect in [
        "https://app.example.com/call%20back/?a=1&b=%2F",
        "https://APP.example.com",
        "http://127.0.0.1:8765/callback",
        "com.example.app:/callback",
    ] {
        let endpoint = FakeTokenEndpoint::issuing(60);
        let sign_in = client(people(), &endpoint);
        let authorization = sign_in.authorize(redirect, None).unwrap();
        assert_eq!(authorization.redirect_uri(), redirect);
        assert_eq!(parameter(authorization.url(), "redirect_uri").as_deref(), Some(redirect));
        let query = good(&authorization).rsplit_once("code=").unwrap().1.to_owned();
        sign_in.finish(authorization, &format!("code={query}")).await.unwrap();
        assert_eq!(endpoint.seen()[0].form("redirect_uri").as_deref(), Some(redirect));
    }
}

#[tokio::test]
async fn ac06_a_code_is_sent_once_though_the_encoding_may_differ() {
    let endpoint = FakeTokenEndpoint::scripted(|_, _| Ok(respond(415, "")));
    let sign_in = client(people().with_either_encoding(), &endpoint);
    let authorization = sign_in.authorize(REDIRECT, None).unwrap();
    let callback = good(&authorization);
    let error = sign_in.finish(authorization, &callback).await.unwrap_err();
    assert_eq!((endpoint.count(), error.status().map(|s| s.as_u16())), (1, Some(415)));
}

#[tokio::test]
async fn ac06_no_trouble_sends_a_code_again_and_none_is_called_transient() {
    type Trouble =
        fn(usize, &Seen) -> Result<http::Response<http_body_util::Full<bytes::Bytes>>, auth_layer::BoxError>;
    let troubles: [Trouble; 4] = [
        |_, _| Ok(respond(503, "")),
        |_, _| Ok(respond(429, "")),
        |_, _| Err("broken".into()),
        |_, _| Ok(json_response(400, r#"{"error":"temporarily_unavailable"}"#)),
    ];
    for trouble in troubles {
        let endpoint = FakeTokenEndpoint::scripted(trouble);
        let sign_in = client(people(), &endpoint);
        let authorization = sign_in.authorize(REDIRECT, None).unwrap();
        let callback = good(&authorization);
        let error = sign_in.finish(authorization, &callback).await.unwrap_err();
        assert_eq!((endpoint.count(), error.is_transient()), (1, false), "{error}");
    }
}

#[tokio::test]
async fn ac06_an_authorization_goes_to_no_other_provider() {
    let (one, _) = silent(people());
    let elsewhere = people().with_token_url("https://other.example.com/token").unwrap();
    let (other, endpoint) = silent(elsewhere);
    let authorization = one.authorize(REDIRECT, None).unwrap();
    let callback = good(&authorization);
    let error = other.finish(authorization, &callback).await.unwrap_err();
    assert_eq!((error.kind(), endpoint.count()), (ErrorKind::SignInFailed, 0));
}

#[test]
fn ac11_only_a_code_is_asked_for() {
    for profile in [people(), own_names(), raw_basic()] {
        let (sign_in, _) = silent(profile);
        let authorization = sign_in.authorize(REDIRECT, None).unwrap();
        assert_eq!(parameter(authorization.url(), "response_type").as_deref(), Some("code"));
    }
}

#[test]
fn the_query_of_the_sign_in_page_stays() {
    for (page, start) in [
        (
            "https://auth.example.com/authorize?tenant=a%20b",
            "https://auth.example.com/authorize?tenant=a%20b&response_type=",
        ),
        ("https://auth.example.com/authorize?", "https://auth.example.com/authorize?response_type="),
        ("https://auth.example.com", "https://auth.example.com/?response_type="),
    ] {
        let (sign_in, _) = silent(people().with_authorize_url(page).unwrap());
        let authorization = sign_in.authorize(REDIRECT, None).unwrap();
        assert!(authorization.url().starts_with(start), "{}", authorization.url());
    }
    let taken = people().with_authorize_url("https://auth.example.com/authorize?state=1").unwrap();
    let error = silent(taken).0.authorize(REDIRECT, None).unwrap_err();
    assert!(error.to_string().contains("state"), "{error}");
}

#[test]
fn a_sign_in_that_cannot_work_is_a_mistake_of_configuration() {
    let (nowhere, _) = silent(crate::support::example());
    assert!(nowhere.authorize(REDIRECT, None).unwrap_err().to_string().contains("sign-in page"));
    let (nameless, _) = silent(people().with_issuer_in_callback());
    assert!(nameless.authorize(REDIRECT, None).unwrap_err().to_string().contains("issuer"));

    let (sign_in, _) = silent(people());
    for bad in [
        "",
        "callback",
        "/callback",
        "http://app.example.com/",
        "https://",
        "https://app.example.com/#x",
        "https://app.example.com/a b",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://app.example.com/\n",
    ] {
        assert!(sign_in.authorize(bad, None).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn the_tokens_of_a_sign_in_are_there() {
    let endpoint = FakeTokenEndpoint::scripted(|_, _| {
        let body =
            r#"{"access_token":"a","token_type":"Bearer","expires_in":60,"refresh_token":"r","scope":"b a"}"#;
        Ok(json_response(200, body))
    });
    let sign_in = client(people(), &endpoint);
    let scope: Scope = "a b c".parse().unwrap();
    let authorization = sign_in.authorize(REDIRECT, Some(&scope)).unwrap();
    assert_eq!(parameter(authorization.url(), "scope").as_deref(), Some("a b c"));
    let callback = good(&authorization);
    let signed_in = sign_in.finish(authorization, &callback).await.unwrap();
    assert!(signed_in.refresh_token().is_some());
    assert_eq!(signed_in.scope().map(ToString::to_string).as_deref(), Some("a b"));
    let seen = &endpoint.seen()[0];
    assert_eq!(seen.form("grant_type").as_deref(), Some("authorization_code"));
    assert_eq!(seen.form("code").as_deref(), Some("the-one-code"));
    assert_eq!(seen.form("scope"), None, "what was granted is the server's to know");
}

#[test]
fn without_a_scope_the_profiles_is_asked_for() {
    let (sign_in, _) = silent(people().with_scope("profile".parse().unwrap()));
    let asked = |scope: Option<&Scope>| parameter(sign_in.authorize(REDIRECT, scope).unwrap().url(), "scope");
    assert_eq!(asked(None).as_deref(), Some("profile"));
    assert_eq!(asked(Some(&"orders".parse().unwrap())).as_deref(), Some("orders"));
}

#[test]
fn a_colon_in_a_scope_is_encoded() {
    let (sign_in, _) = silent(raw_basic());
    let scope: Scope = "collab: identity:".parse().unwrap();
    let authorization = sign_in.authorize(REDIRECT, Some(&scope)).unwrap();
    let url = authorization.url();
    assert!(url.starts_with("https://auth.example.com/oauth/authorize?response_type=code&"), "{url}");
    assert!(url.contains("&scope=collab%3A+identity%3A&"), "{url}");
    assert_eq!(parameter(url, "client_id").as_deref(), Some("client"));
}

#[tokio::test]
async fn a_sign_in_page_may_have_names_of_its_own() {
    let endpoint = FakeTokenEndpoint::issuing(60);
    let sign_in = client(own_names(), &endpoint);
    let authorization = sign_in.authorize(REDIRECT, None).unwrap();
    let url = authorization.url();
    assert!(url.starts_with("https://auth.example.com/manager/oauth?"), "{url}");
    assert_eq!(parameter(url, "api_access_id").as_deref(), Some("client"));
    assert_eq!(parameter(url, "redirect_url").as_deref(), Some(REDIRECT));
    assert_eq!((parameter(url, "client_id"), parameter(url, "redirect_uri")), (None, None));
    let callback = good(&authorization);
    sign_in.finish(authorization, &callback).await.unwrap();
    let seen = &endpoint.seen()[0];
    let body = seen.json();
    assert_eq!(body["grant_type"], "authorization_code");
    assert_eq!(body["redirect_url"], REDIRECT);
    assert_eq!(
        (&body["api_access_id"], &body["api_access_secret"]),
        (&"client".into(), &"client-secret".into())
    );
    assert_eq!(body["code"], "the-one-code");
    assert!(body.get("redirect_uri").is_none());
}

#[test]
fn the_parameters_of_a_code_exchange_cannot_be_set_elsewhere() {
    for name in ["code", "code_verifier", "redirect_uri"] {
        let profile = people().with_parameter(name, "x");
        let built = SignIn::builder(profile, Credential::new("client", "client-secret"))
            .transport(FakeTokenEndpoint::issuing(1).transport())
            .build();
        assert!(built.is_err(), "{name}");
    }
    let named = own_names().with_parameter("redirect_url", "x");
    let transport: Transport = FakeTokenEndpoint::issuing(1).transport();
    let built = SignIn::builder(named, Credential::new("client", "secret")).transport(transport).build();
    assert!(built.is_err());
}

#[tokio::test]
async fn nothing_secret_of_a_sign_in_shows() {
    // A server that repeats everything that it received.
    let endpoint = FakeTokenEndpoint::scripted(|_, seen: &Seen| {
        let told = String::from_utf8(seen.body.to_vec()).unwrap();
        let plain = format!("{} {}", seen.form("code").unwrap(), seen.form("code_verifier").unwrap());
        let body =
            serde_json::json!({ "error": "invalid_grant", "error_description": format!("{plain} {told}") });
        Ok(json_response(400, &body.to_string()))
    });
    let sign_in = client(people(), &endpoint);
    let authorization = sign_in.authorize(REDIRECT, None).unwrap();
    let state = parameter(authorization.url(), "state").unwrap();
    let challenge = parameter(authorization.url(), "code_challenge").unwrap();
    let shown = format!("{authorization:?} {authorization:#?} {sign_in:?} {:?}", Pkce::generate().unwrap());
    let callback = format!("{REDIRECT}?state={state}&code=c0de%2Fwith%2Bsigns");
    let error: Error = sign_in.finish(authorization, &callback).await.unwrap_err();
    assert_eq!(error.oauth().map(auth_layer::OAuthError::code), Some("invalid_grant"));
    let verifier = endpoint.seen()[0].form("code_verifier").unwrap();
    let shown = format!("{shown} {error} {error:?}");
    for secret in [&*state, &*challenge, &*verifier, "c0de/with+signs", "c0de%2Fwith%2Bsigns"] {
        assert!(!shown.contains(secret), "{secret} shows in {shown}");
    }
}

#[tokio::test]
async fn a_good_answer_brings_the_token() {
    let endpoint = FakeTokenEndpoint::scripted(|_, _| Ok(token_answer("person", 60)));
    let sign_in = client(people(), &endpoint);
    let authorization = sign_in.authorize(REDIRECT, None).unwrap();
    let callback = good(&authorization);
    assert!(authorization.accepts(&callback));
    let signed_in = sign_in.finish(authorization, &callback).await.unwrap();
    assert!(signed_in.refresh_token().is_none());
}

#[tokio::test]
async fn the_link_and_the_code_ask_for_the_same_resource_and_audience() {
    let endpoint = FakeTokenEndpoint::issuing(60);
    let profile = people()
        .with_parameter("resource", "https://api.example.com/orders?of=1&all")
        .with_parameter("audience", "orders")
        .with_parameter("tenant", "blue");
    let sign_in = client(profile, &endpoint);
    let authorization = sign_in.authorize(REDIRECT, None).unwrap();
    let url = authorization.url().to_owned();
    let callback = good(&authorization);
    sign_in.finish(authorization, &callback).await.unwrap();
    let sent = &endpoint.seen()[0];
    for (name, value) in [("resource", "https://api.example.com/orders?of=1&all"), ("audience", "orders")] {
        assert_eq!(parameter(&url, name).as_deref(), Some(value));
        assert_eq!(sent.form(name).as_deref(), Some(value));
    }
    // Other parameters are for the token endpoint only.
    assert_eq!((parameter(&url, "tenant"), sent.form("tenant").as_deref()), (None, Some("blue")));
}

#[test]
fn a_resource_that_the_page_names_itself_is_not_named_twice() {
    let page = |query: &str| {
        let url = format!("https://auth.example.com/authorize?{query}");
        people().with_authorize_url(&url).unwrap().with_parameter("resource", "https://api.example.com/")
    };
    let (sign_in, _) = silent(page("resource=https%3A%2F%2Fapi.example.com%2F"));
    let authorization = sign_in.authorize(REDIRECT, None).unwrap();
    assert_eq!(parameter(authorization.url(), "resource").as_deref(), Some("https://api.example.com/"));
    let (sign_in, _) = silent(page("resource=https%3A%2F%2Fother.example.com%2F"));
    let error = sign_in.authorize(REDIRECT, None).unwrap_err();
    assert!(error.to_string().contains("has the parameter resource already"), "{error}");
    // An empty parameter is not sent.
    let (sign_in, _) = silent(people().with_parameter("audience", ""));
    assert_eq!(parameter(sign_in.authorize(REDIRECT, None).unwrap().url(), "audience"), None);
}
