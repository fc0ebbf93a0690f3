//! The texts of errors: error responses of an API, and failures to get a token.
#![expect(clippy::unwrap_used, reason = "a panic in a helper fails the test")]

use std::convert::Infallible;
use std::error::Error as StdError;
use std::fmt::Debug;

use auth_layer::{AccessToken, BoxError, ConfigError, Credential, Grant, Profile, StaticToken, TokenManager};
use client_core::{
    Api, ApiError, Body, Builder, Client, Denial, Error, Login, Provider, Request, StatusCode, Variables,
};

use crate::kitchen_sink;
use crate::support::{api, failing};

#[tokio::test]
async fn an_error_response_shows_code_message_and_request_id() {
    let body = r#"{"title": "t", "code": "NO_ROOM", "message": "All rooms\nare taken"}"#;
    let words = "NO_ROOM: All rooms are taken (request id r-7)";
    let headers: &[(&str, &str)] = &[("x-request-id", "r-7"), ("retry-after", "7")];
    let cases = [
        // A documented status, an undocumented one, and a documented one with another body.
        (400, body, format!("the API answered 400 Bad Request: {words}")),
        (409, body, format!("the API answered 409 Conflict, which the API document does not list: {words}")),
        (
            400,
            r#"{"code": "NO_ROOM", "message": "All rooms are taken"}"#,
            format!(
                "the API answered 400 Bad Request with a body that does not match the API document: {words}"
            ),
        ),
    ];
    for (status, body, said) in cases {
        let (client, _) = api(status, headers, body);
        let error = client.list_things().x_tenant("t").send().await.unwrap_err();
        assert_eq!(error.to_string(), said);
        assert_eq!((error.code(), error.message()), (Some("NO_ROOM"), Some("All rooms are taken")));
        assert_eq!((error.request_id(), error.status().unwrap().as_u16()), (Some("r-7"), status));
        assert_eq!(error.headers().unwrap()["retry-after"], "7");
        let debug = format!("{error:?}");
        assert!(debug.contains("NO_ROOM") && debug.contains("All rooms") && debug.contains("r-7"), "{debug}");

        let erased = ApiError::from(error);
        assert_eq!(erased.to_string(), said);
        assert_eq!((erased.code(), erased.message()), (Some("NO_ROOM"), Some("All rooms are taken")));
        assert_eq!((erased.request_id(), erased.status().unwrap().as_u16()), (Some("r-7"), status));
        assert_eq!(erased.headers().unwrap()["retry-after"], "7");
        assert!(erased.auth().is_none() && !erased.is_transient());
    }
}

#[tokio::test]
async fn errors_typed_by_status_show_the_message_too() {
    for body in [r#"{"title": "t", "detail": "It is gone"}"#, r#"[{"message": "It is gone"}]"#] {
        let (client, _) = api(404, &[], body);
        let error =
            client.create_thing().body_map(|thing| thing.name("n".to_owned())).send().await.unwrap_err();
        assert_eq!(error.to_string(), "the API answered 404 Not Found: It is gone");
    }
}

#[tokio::test]
async fn an_html_page_has_neither_code_nor_message() {
    let page = "<html><title>secret</title></html>";
    let (client, _) = api(503, &[("cf-ray", "8c-FRA")], page);
    let error = client.list_things().x_tenant("t").send().await.unwrap_err();
    let said =
        "the API answered 503 Service Unavailable, which the API document does not list (request id 8c-FRA)";
    assert_eq!((error.to_string().as_str(), error.code(), error.message()), (said, None, None));
}

#[tokio::test]
async fn a_2xx_body_with_a_mismatch_shows_where_but_no_message() {
    let body = r#"{"items": [{"id": 1}, {"id": 1.5, "name": "secret"}], "message": "secret"}"#;
    let (client, _) = api(200, &[("x-request-id", "r-8")], body);
    let error = client.list_things().x_tenant("t").send().await.unwrap_err();
    let printed = format!("{error} {error:?}");
    assert!(!printed.contains("secret") && printed.contains("(request id r-8)"), "{printed}");
    assert_eq!((error.code(), error.message()), (None, None));
    let source = error.source().unwrap().to_string();
    let place = "`items[1].id`: expected a string of digits or a whole number, found a number";
    assert!(source.contains(place), "{source}");
}

#[tokio::test]
async fn an_error_body_with_a_mismatch_shows_where() {
    let (client, _) = api(400, &[], r#"{"title": 7, "message": "No."}"#);
    let error = client.list_things().x_tenant("t").send().await.unwrap_err();
    assert!(error.to_string().ends_with("the API document: No."), "{error}");
    let source = error.source().unwrap().to_string();
    assert!(source.contains("at `title`: expected a string, found an integer"), "{source}");
}

/// A client with the real stack.
struct Sink(kitchen_sink::Client);

impl Provider for Sink {
    type Credentials = Login;
    type Api = ();
    const APIS: &'static [Api<()>] = &[Api::new((), "https://sink.example.com", "SINK_URL")];
    const TOKEN_URL_VARIABLE: &'static str = "SINK_TOKEN_URL";

    fn profile() -> Profile {
        crate::support::profile()
    }

    fn credentials(variables: &Variables<'_>) -> Result<Login, ConfigError> {
        let (id, secret) = (variables.require("SINK_ID")?, variables.require("SINK_SECRET")?);
        Ok(Login::new(Credential::new(id, secret), Grant::ClientCredentials))
    }

    fn from_parts(base_urls: Vec<String>, client: Client) -> Self {
        Self(kitchen_sink::Client::from_parts(&base_urls.concat(), client))
    }
}

#[tokio::test]
async fn a_token_that_the_api_echoes_is_not_shown() {
    let echo = |request: Request| async move {
        let token = request.headers()["authorization"].to_str().unwrap()["Bearer ".len()..].to_owned();
        let body = format!(
            r#"{{"title": "t", "code": "bad-{token}", "message": "{} {token} is not good", "incident": "{token}"}}"#,
            "pad ".repeat(40)
        );
        let mut response = http::Response::builder().status(400);
        response = response.header("x-request-id", format!("for-{token}"));
        Ok::<_, Infallible>(response.body(Body::from(body)).unwrap())
    };
    // Neither word looks like a token. They are redacted because the request carried them.
    let token = StaticToken::new(AccessToken::new("plainword").unwrap());
    let Sink(client) = Builder::<Sink>::new()
        .manager(TokenManager::new(token))
        .leaf(tower::service_fn(echo))
        .build()
        .unwrap();
    let with_bearer = client.with_bearer(auth_layer::CallBearer::new("otherword").unwrap());
    for client in [client, with_bearer] {
        let error = client.list_things().x_tenant("t").send().await.unwrap_err();
        assert!(error.message().unwrap().contains("[redacted]"), "{error}");
        assert_eq!(error.request_id(), None);
        let printed = format!("{error} {error:?} {error:#?}");
        let erased = ApiError::from(error);
        let printed = format!("{printed} {erased} {erased:?}");
        assert!(!printed.contains("plainw") && !printed.contains("otherw"), "{printed}");
    }
}

fn sink(answer: (u16, &'static str), builder: Builder<Sink>) -> kitchen_sink::Client {
    let leaf = tower::service_fn(move |request: Request| async move {
        let (status, body) = match request.uri().host() {
            Some("sink.example.com") => (204, ""),
            _ => answer,
        };
        let response = http::Response::builder().status(status).header("content-type", "application/json");
        Ok::<_, Infallible>(response.body(Body::from(body)).unwrap())
    });
    builder.leaf(leaf).build().map(|Sink(client)| client).unwrap()
}

fn from_variables() -> Builder<Sink> {
    let lookup = |name: &str| name.starts_with("SINK_").then(|| String::from("value-of-it"));
    Builder::new().variables(|name| lookup(name).filter(|_| !name.ends_with("URL"))).unwrap()
}

async fn refused(client: &kitchen_sink::Client) -> Error<kitchen_sink::types::Problem> {
    client.list_things().x_tenant("t").send().await.unwrap_err()
}

#[tokio::test]
async fn a_refused_client_id_names_the_variables_to_check() {
    let said = "400 invalid_client: check SINK_ID and SINK_SECRET";
    for (body, also) in [
        (r#"{"error": "invalid_client"}"#, ""),
        (r#"{"error": "invalid_client", "error_description": "Who?"}"#, " (the server says: Who?)"),
    ] {
        let error = refused(&sink((400, body), from_variables())).await;
        let text = error.to_string();
        let expected = format!("the call could not be authorized: the token endpoint answered {said}");
        assert_eq!(text, expected);
        assert!(format!("{error:?}").contains("check SINK_ID and SINK_SECRET"), "{error:?}");
        let auth = auth_layer::Error::find(&error).unwrap();
        assert_eq!(auth.remedy(), Some("check SINK_ID and SINK_SECRET"));
        assert!(auth.to_string().ends_with(&format!("): {said}{also}")), "{auth}");
        assert!(!text.contains("value-of-it"));
    }
    // Another spelling of the code, and 401 without a code, which can only mean the client's credentials.
    for (status, body) in [(400, r#"{"error": "UNAUTHORIZED_CLIENT"}"#), (401, ""), (401, "<html>")] {
        let error = refused(&sink((status, body), from_variables())).await;
        assert!(error.to_string().ends_with(": check SINK_ID and SINK_SECRET"), "{error}");
    }
}

#[tokio::test]
async fn a_refused_client_id_from_code_names_the_builder_method() {
    let given = || Login::new(Credential::new("id", "secret"), Grant::ClientCredentials);
    let answer = (401, r#"{"error": "invalid_client"}"#);
    let advice = "check the client id and secret that were given to `Builder::credentials`";
    for builder in [Builder::new().credentials(given()), from_variables().credentials(given())] {
        let error = refused(&sink(answer, builder)).await;
        assert!(error.to_string().ends_with(&format!("401 invalid_client: {advice}")), "{error}");
    }
}

#[tokio::test]
async fn other_token_failures_do_not_name_the_credentials() {
    let cases = [
        (503, r#"{"error": "invalid_client"}"#),
        (400, r#"{"error": "invalid_scope"}"#),
        (403, ""),
        (200, "{}"),
    ];
    for (status, body) in cases {
        let error = refused(&sink((status, body), from_variables())).await;
        assert!(!error.to_string().contains("SINK_ID"), "{error}");
        assert!(
            error.to_string().starts_with("the call could not be authorized: the token endpoint"),
            "{error}"
        );
    }
}

fn chain(error: &dyn StdError) -> Vec<String> {
    let mut texts = vec![error.to_string()];
    texts.extend(error.source().into_iter().flat_map(chain));
    texts
}

/// A function whose calls have errors of different types.
async fn service(one: &kitchen_sink::Client, two: &kitchen_sink::Client) -> Result<StatusCode, ApiError> {
    one.list_things().x_tenant("t").send().await?;
    let done = two.create_thing().body_map(|thing| thing.name("n".to_owned())).send().await?;
    Ok(done.status())
}

#[tokio::test]
async fn an_api_error_shows_each_fact_once_and_can_be_found() {
    fn assert_error<T: StdError + Send + Sync + Debug + 'static>() {}
    assert_error::<ApiError>();
    assert_eq!(size_of::<ApiError>(), size_of::<usize>());

    let answer = (401, r#"{"error": "invalid_client", "error_description": "Who?"}"#);
    let refused = sink(answer, from_variables());
    let error = service(&refused, &refused).await.unwrap_err();
    let auth = error.auth().unwrap();
    assert_eq!(auth.kind(), auth_layer::ErrorKind::Refused);
    let said = "the call could not be authorized: the token endpoint refused the request \
                (at https://auth.example.com/token): \
                401 invalid_client: check SINK_ID and SINK_SECRET (the server says: Who?)";
    assert_eq!(chain(&error), [said, "token failure (Refused)"]);
    let reported = anyhow::Error::from(error);
    let whole = format!("{reported:#}");
    assert_eq!(whole.matches("invalid_client").count(), 1, "{whole}");
    assert!(auth_layer::Error::find(reported.as_ref()).is_some());
    assert!(reported.downcast_ref::<ApiError>().unwrap().auth().is_some());
    let boxed: BoxError = reported.into();
    assert!(auth_layer::Error::find(boxed.as_ref()).is_some());
}

#[tokio::test]
async fn an_api_error_keeps_the_cause_of_every_kind() {
    let (fine, _) = api(200, &[], r#"{"items": []}"#);
    let broken = failing(|| std::io::Error::from(std::io::ErrorKind::ConnectionReset).into());
    let error = service(&fine, &broken).await.unwrap_err();
    assert!(error.is_transient() && error.status().is_none() && error.auth().is_none());
    assert!(error.source().unwrap().is::<std::io::Error>());

    let lost = failing(|| auth_layer::Error::from_source("no network", true).into());
    let error = service(&lost, &fine).await.unwrap_err();
    let expected =
        ["the call could not be authorized: the token source failed", "token failure (Source)", "no network"];
    assert_eq!(chain(&error), expected);
    assert!(error.is_transient());

    let challenge: &[(&str, &str)] =
        &[("www-authenticate", r#"Bearer error="insufficient_scope", scope="a""#)];
    let (denied, _) = api(403, challenge, r#"{"title": "no"}"#);
    let error = service(&denied, &fine).await.unwrap_err();
    assert!(matches!(error.denial(), Some(Denial::Scope { scope: Some(scope), .. }) if scope == "a"));

    let (unread, _) = api(200, &[], "[]");
    let error = service(&unread, &fine).await.unwrap_err();
    assert!(error.source().unwrap().to_string().contains("expected"), "{error}");

    let bad = fine.list_things().x_tenant("a\nb").send().await.unwrap_err();
    let erased = ApiError::from(bad);
    assert!(erased.source().is_none() && erased.to_string().starts_with("the request could not be built: "));
}
