//! The errors that a caller gets from a failed call.

use std::error::Error as StdError;

use auth_layer::BoxError;
use client_core::{Error, StatusCode};

use crate::support::{api, failing};

/// An error of a layer between the token layer and the client, which wraps the token error.
#[derive(Debug)]
struct Wrapped(BoxError);

impl std::fmt::Display for Wrapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("attempt 1 of 1 failed")
    }
}

impl StdError for Wrapped {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.0.as_ref())
    }
}

fn revoked(transient: bool) -> BoxError {
    auth_layer::Error::from_source("the refresh token is revoked", transient).into()
}

fn chain(error: &dyn StdError) -> Vec<String> {
    let mut texts = vec![error.to_string()];
    let mut next = error.source();
    while let Some(error) = next {
        texts.push(error.to_string());
        next = error.source();
    }
    texts
}

#[tokio::test]
async fn b93_auth_failure_reaches_the_user_typed() {
    // The layer in between must not hide the type.
    let client = failing(|| Box::new(Wrapped(revoked(false))));
    let error = client.get_deep().a("a").b(7_u64).send().await.unwrap_err();
    let Error::Auth(auth) = &error else { panic!("{error:?}") };
    assert_eq!(auth.kind(), auth_layer::ErrorKind::Source);
    assert_eq!(error.status(), None, "no made-up 401");
    assert!(!error.is_transient(), "a revoked refresh token stays revoked");
    let chain = chain(&error);
    assert_eq!(
        chain,
        [
            "the call could not be authorized: the token source failed",
            "the token source failed",
            "the refresh token is revoked",
        ]
    );
}

#[tokio::test]
async fn transience_of_an_auth_failure_is_kept() {
    let error = failing(|| revoked(true)).get_health().send().await.unwrap_err();
    assert!(matches!(error, Error::Auth(_)));
    assert!(error.is_transient());
}

#[tokio::test]
async fn transport_failure_keeps_its_type() {
    let error = failing(|| std::io::Error::from(std::io::ErrorKind::ConnectionReset).into());
    let error = error.get_health().send().await.unwrap_err();
    let Error::Transport(source) = &error else { panic!("{error:?}") };
    assert!(source.is::<std::io::Error>());
    assert!(error.is_transient());
}

const PAGE: &str = "<html>secret page</html>";

#[tokio::test]
async fn html_error_page_keeps_status_headers_and_body() {
    // An undocumented status.
    let (client, _) = api(503, &[("retry-after", "7")], PAGE);
    let error = client.list_things().x_tenant("t").send().await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(error.headers().unwrap()["retry-after"], "7");
    assert!(error.is_transient());
    assert!(matches!(&error, Error::UnexpectedResponse(response) if **response == PAGE));

    // A documented status with an undocumented body.
    let (client, _) = api(503, &[("retry-after", "7")], PAGE);
    let error = client.get_deep().a("a").b(7_u64).send().await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(error.headers().unwrap()["retry-after"], "7");
    assert!(error.is_transient());
    assert!(matches!(&error, Error::InvalidResponsePayload { response, .. } if **response == PAGE));
    assert!(error.source().is_some());
}

#[tokio::test]
async fn client_errors_are_not_transient() {
    let (client, _) = api(400, &[], r#"{"title": "no"}"#);
    let error = client.list_things().x_tenant("t").send().await.unwrap_err();
    assert!(matches!(&error, Error::ErrorResponse(_)));
    assert!(!error.is_transient());
}

#[tokio::test]
async fn bodies_and_header_values_are_never_printed() {
    for status in [200, 400, 404, 503] {
        let body = r#"{"title": "shown of a refusal", "items": "secret", "guest": {"message": "secret"}}"#;
        let (client, _) = api(status, &[("x-secret", "secret")], body);
        let error = client.list_things().x_tenant("t").send().await.unwrap_err();
        let printed = format!("{error} {error:?} {:#?} {:?}", error, chain(&error));
        // Serde's own text for a wrong type quotes the value.
        assert!(!printed.contains("secret"), "{printed}");
    }
}

#[tokio::test]
async fn error_bodies_are_cut_to_one_mebibyte() {
    let page: &'static str = Box::leak("x".repeat(3 << 20).into_boxed_str());
    let (client, _) = api(500, &[], page);
    let error = client.get_health().send().await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::INTERNAL_SERVER_ERROR));
    assert!(matches!(&error, Error::UnexpectedResponse(body) if body.len() == 1 << 20));
}

#[test]
fn errors_are_small_and_can_be_sent_to_other_threads() {
    fn assert_send_sync<T: Send + Sync + 'static>() {}
    assert_send_sync::<Error<String>>();
    // Clippy's `result_large_err` warns from 128 bytes on.
    assert!(size_of::<Error<()>>() <= 64);
}
