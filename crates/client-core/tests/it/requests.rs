//! The requests that a client sends.

use auth_layer::operation::{ArrayStyle, Security};
use auth_layer::{CallBearer, OperationMeta};
use client_core::{Digits, Error, header};

use crate::kitchen_sink::{Client, meta, types};
use crate::support::api;

#[tokio::test]
async fn trailing_slash_of_base_url_is_not_doubled() {
    let (client, log) = api(204, &[], "");
    client.get_health().send().await.unwrap();
    assert_eq!(log.one().uri, "https://sink.example.com/v1/health");
}

#[tokio::test]
async fn dot_segments_never_leave_the_path() {
    let (client, log) = api(200, &[], r#"{"id": 1}"#);
    for value in ["..", ".", ""] {
        let error = client.get_deep().a(value).b(7_u64).send().await.unwrap_err();
        let Error::InvalidRequest(reason) = error else { panic!("{error:?}") };
        assert!(reason.contains("`a`"), "{reason}");
    }
    log.assert_empty();
}

#[tokio::test]
async fn path_values_are_encoded() {
    let (client, log) = api(200, &[], r#"{"id": 1}"#);
    client.get_deep().a("../x?y=%2e&ö ").b(7_u64).send().await.unwrap();
    assert_eq!(log.one().uri.path(), "/v1/deep/..%2Fx%3Fy%3D%252e%26%C3%B6%20/x/7.json");
}

#[tokio::test]
async fn api_version_is_not_sent() {
    let (client, log) = api(204, &[], "");
    client.get_health().send().await.unwrap();
    let sent = log.one();
    assert!(sent.headers.is_empty(), "{:?}", sent.headers);
}

#[tokio::test]
async fn arrays_are_joined_or_repeated_as_documented() {
    let (client, log) = api(200, &[], r#"{"items": []}"#);
    let ids: Vec<Digits> = vec![1_u64.into(), "22".parse().unwrap()];
    let call = client.list_things().ids(ids).tags(vec!["a&b".to_owned(), "c,d".to_owned()]);
    call.order(types::Order::Newest).x_tenant("t1").send().await.unwrap();
    let sent = log.one();
    assert_eq!(sent.uri.query(), Some("ids=1,22&order=newest&tags=a%26b&tags=c%2Cd"));
    assert_eq!(sent.headers["x-tenant"], "t1");
    assert!(!sent.headers.contains_key("x-trace-id"));
    assert_eq!(sent.headers[header::ACCEPT], "application/json, application/problem+json");
}

#[tokio::test]
async fn a_header_parameter_with_a_line_break_is_an_error() {
    let (client, log) = api(200, &[], r#"{"items": []}"#);
    let error = client.list_things().x_tenant("a\nb").send().await.unwrap_err();
    assert!(matches!(error, Error::InvalidRequest(_)), "{error:?}");
    log.assert_empty();
}

#[tokio::test]
async fn a_missing_required_parameter_is_named_in_the_error() {
    let (client, log) = api(200, &[], r#"{"items": []}"#);
    let error = client.list_things().send().await.unwrap_err();
    assert!(error.to_string().contains("x_tenant"), "{error}");
    log.assert_empty();
}

#[tokio::test]
async fn unset_optional_body_is_not_sent() {
    let (client, log) = api(200, &[], r#"{"id": 1}"#);
    client.update_thing().id("7").send().await.unwrap();
    let sent = log.one();
    assert!(sent.body.is_empty(), "{:?}", sent.body);
    assert!(!sent.headers.contains_key(header::CONTENT_TYPE));

    let (client, log) = api(200, &[], "");
    client.replace_tags().id("7").send().await.unwrap();
    assert!(log.one().body.is_empty());

    let (client, log) = api(200, &[], "");
    client.send_note().send().await.unwrap();
    let sent = log.one();
    assert!(sent.body.is_empty());
    assert!(!sent.headers.contains_key(header::CONTENT_TYPE));
}

#[tokio::test]
async fn post_put_and_patch_without_body_send_content_length_0() {
    let (client, log) = api(200, &[], r#"{"id": 1}"#);
    client.update_thing().id("7").send().await.unwrap();
    let length = |sent: &crate::support::Sent| sent.headers.get(header::CONTENT_LENGTH).cloned();
    let sent = log.one();
    assert_eq!((sent.method.as_str(), length(&sent).unwrap().to_str().unwrap()), ("PATCH", "0"));

    let (client, log) = api(200, &[], "");
    client.replace_tags().id("7").send().await.unwrap();
    let sent = log.one();
    assert_eq!((sent.method.as_str(), length(&sent).unwrap().to_str().unwrap()), ("PUT", "0"));

    let (client, log) = api(200, &[], "");
    client.send_note().send().await.unwrap();
    let sent = log.one();
    assert_eq!((sent.method.as_str(), length(&sent).unwrap().to_str().unwrap()), ("POST", "0"));

    // The HTTP client adds the length of a body, and a body has no meaning for other methods.
    let (client, log) = api(200, &[], r#"{"id": 1}"#);
    client.update_thing().id("7").body_map(|body| body.name("n".to_owned())).send().await.unwrap();
    assert_eq!(length(&log.one()), None);
    let (client, log) = api(204, &[], "");
    client.get_health().send().await.unwrap();
    assert_eq!(length(&log.one()), None);
}

#[test]
fn a_content_length_or_transfer_encoding_that_is_set_is_kept() {
    static META: OperationMeta = OperationMeta::new("post", client_core::Method::POST, "/post");
    let client = client_core::Client::from_service(tower::service_fn(|_| async {
        Ok::<_, std::convert::Infallible>(client_core::Response::new(client_core::Body::empty()))
    }));
    for (name, value) in [(header::TRANSFER_ENCODING, "chunked"), (header::CONTENT_LENGTH, "5")] {
        let target = client_core::Target::new("https://sink.example.com", &META, &[]).unwrap();
        let request = client.post(target).header(name.clone(), value.parse().unwrap()).build().unwrap();
        assert_eq!(request.headers().len(), 1);
        assert_eq!(request.headers()[&name], value);
    }
}

#[tokio::test]
async fn set_optional_body_is_sent_without_defaults() {
    let (client, log) = api(200, &[], r#"{"id": 1}"#);
    let call =
        client.update_thing().id("7").body_map(|body| body.name("n".to_owned()).owner(Digits::from(8_u64)));
    call.send().await.unwrap();
    let sent = log.one();
    assert_eq!(sent.method, "PATCH");
    assert_eq!(sent.headers[header::CONTENT_TYPE], "application/json");
    assert_eq!(sent.body, r#"{"name":"n","owner":"8"}"#);

    let (client, log) = api(200, &[], "");
    client.replace_tags().id("7").body(vec!["a".to_owned()]).send().await.unwrap();
    assert_eq!(log.one().body, r#"["a"]"#);

    let (client, log) = api(200, &[], "");
    client.send_note().body("hello").send().await.unwrap();
    let sent = log.one();
    assert_eq!(sent.body, "hello");
    assert_eq!(sent.headers[header::CONTENT_TYPE], "text/plain");
}

#[tokio::test]
async fn forms_repeat_arrays_and_leave_out_unset_members() {
    let (client, log) = api(200, &[], "ok");
    let body = |body: types::builder::ThingInput| {
        body.name("a b&c".to_owned()).tags(vec!["x".to_owned(), "y".to_owned()])
    };
    client.send_form().body_map(body).send().await.unwrap();
    let sent = log.one();
    assert_eq!(sent.body, "name=a+b%26c&tags=x&tags=y");
    assert_eq!(sent.headers[header::CONTENT_TYPE], "application/x-www-form-urlencoded");
}

#[tokio::test]
async fn bytes_are_sent_unchanged() {
    let (client, log) = api(200, &[], "back");
    let mut back = client.put_blob().body(vec![0, 255]).send().await.unwrap();
    assert_eq!(back.chunk().await.unwrap().unwrap(), "back");
    assert!(back.chunk().await.unwrap().is_none());
    let sent = log.one();
    assert_eq!(&sent.body[..], [0, 255]);
    assert_eq!(sent.headers[header::CONTENT_TYPE], "application/octet-stream");
}

#[tokio::test]
async fn variants_send_their_query_under_the_clean_path() {
    let (client, log) = api(200, &[], r#"{"ticket": "7"}"#);
    let ticket = client.get_slim_state().trace(true).send().await.unwrap();
    assert_eq!(ticket.ticket, "7");
    let sent = log.one();
    assert_eq!(sent.uri, "https://sink.example.com/v1/state?view=slim&trace=true");
    assert_eq!(sent.meta.unwrap().path(), "/state");
}

#[tokio::test]
async fn metadata_and_bearer_go_with_the_request() {
    let (client, log) = api(200, &[], r#"{"id": 1}"#);
    let bearer = CallBearer::new("end-user").unwrap();
    client.with_bearer(bearer).update_thing().id("7").send().await.unwrap();
    let sent = log.one();
    assert!(sent.has_bearer);
    assert_eq!(sent.meta.map(OperationMeta::id), Some("updateThing"));

    let (client, log) = api(204, &[], "");
    client.get_health().send().await.unwrap();
    assert!(!log.one().has_bearer);
}

#[test]
fn metadata_matches_the_document() {
    assert_eq!(meta::GET_HEALTH.security(), Security::Public);
    assert_eq!(meta::LIST_THINGS.security(), Security::Managed);
    assert_eq!(meta::LIST_THINGS.scopes(), ["sink.read"]);
    assert_eq!(meta::LIST_THINGS.rate_class(), Some("search"));
    assert_eq!(meta::LIST_THINGS.array_style("ids"), ArrayStyle::Comma);
    assert_eq!(meta::UPDATE_THING.security(), Security::Other(&["handoff"]));
    assert_eq!(meta::CREATE_THING.security(), Security::ManagedOr(&["handoff"]));
    assert_eq!(meta::CREATE_THING.scopes(), ["sink.read", "sink.write"]);
    assert!(meta::CREATE_THING.is_idempotent() && !meta::GET_STATE.is_idempotent());
    assert_eq!(meta::CREATE_THING.statuses(), ["201", "202", "204", "400", "401", "404"]);
    assert_eq!(meta::ALL.len(), 13);
}

#[tokio::test]
async fn an_invalid_base_url_is_an_error() {
    let (client, log) = api(204, &[], "");
    for base in ["sink.example.com", "/v1", ""] {
        let error = Client::from_parts(base, client.client.clone()).get_health().send().await;
        assert!(matches!(error, Err(Error::InvalidRequest(_))), "{base}");
    }
    log.assert_empty();
}

#[test]
fn a_base_url_to_which_no_path_can_be_appended_is_an_error() {
    static META: OperationMeta = OperationMeta::new("getHealth", client_core::Method::GET, "/health");
    for (base, problem) in [
        ("https://h.example/v1?x=s3cret", "a query or a fragment"),
        ("https://h.example/v1?", "a query or a fragment"),
        ("https://h.example/v1#s3cret", "a query or a fragment"),
        ("https://user:s3cret@h.example/v1", "contains a user name"),
        ("https://h.example/v1/..", "segment"),
        ("https://h.example/%2E%2e/v1", "segment"),
        ("https://h.example/v1\\..", "segment"),
    ] {
        let error = client_core::Target::new(base, &META, &[]).unwrap_err().to_string();
        assert!(error.contains(problem) && !error.contains("s3cret"), "{base}: {error}");
    }
    let client = client_core::Client::from_service(tower::service_fn(|_| async {
        Ok::<_, std::convert::Infallible>(client_core::Response::new(client_core::Body::empty()))
    }));
    for base in ["https://h.example:99999", "https://", "h.example/v1", "", "https://h.example:x1/s3cret@h"] {
        let target = client_core::Target::new(base, &META, &[]).unwrap();
        let error = client.get(target).build().unwrap_err().to_string();
        assert_eq!(error, "the base URL of `getHealth` is not a valid absolute URL", "{base}");
    }
    for base in ["https://h.example:8443/v1", "http://h.example:/v1", "http://[::1]:80/v1", "http://h/@me"] {
        let target = client_core::Target::new(base, &META, &[]).unwrap();
        assert!(client.get(target).build().is_ok(), "{base}");
    }
}
