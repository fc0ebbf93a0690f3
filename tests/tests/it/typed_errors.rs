//! The information in the error of a failed call: its kind, the chain of causes, the missing permission, and no secret.

use std::error::Error as _;
use std::time::Duration;

use auth_layer::ErrorKind;
use base64::Engine as _;
use client_core::{Denial, Error, StatusCode};
use emulator::{Endpoint, Fault, Malformed, RefreshTokenMode, Site};
use gotab_client::responses::CreateTabError;
use journeys::{Failure, Fixture, Gotab, GotoAdmin, Log, Memory, Octotable, Shape, Stage, once};

/// Runs every test of this file for one fixture.
macro_rules! suite {
    ($module:ident, $fixture:ty, $($name:ident),* $(,)?) => {
        mod $module {
            $(#[tokio::test] async fn $name() { journeys::in_time(super::$name::<$fixture>()).await; })*
        }
    };
    ($module:ident, $fixture:ty) => {
        suite!($module, $fixture,
            b64_no_secret_is_in_an_error_or_a_log_line,
            b93_a_wrong_secret_is_typed,
            ch07_a_missing_permission_is_typed,
            a_denial_needs_a_401_or_403_and_a_bearer_challenge,
            the_text_of_the_api_is_in_the_error,
            a_page_of_html_keeps_its_status,
            a_broken_answer_of_the_api_is_not_an_auth_error,
        );
    };
}

suite!(gotab, journeys::Gotab);
suite!(goto_admin, journeys::GotoAdmin);
suite!(goto_webinar, journeys::GotoWebinar);
suite!(gbg_go, journeys::GbgGo);
suite!(octotable, journeys::Octotable);

async fn b93_a_wrong_secret_is_typed<F: Fixture>() {
    let stage = Stage::start().await;
    let site = stage.site::<F>();
    let client = stage.client::<F>();
    let _new_secret = site.regenerate_secret();
    let failure = F::call(&client).await.unwrap_err();
    assert_eq!((failure.shape, failure.kind()), (Shape::Auth, Some(ErrorKind::Refused)));
    assert!(!failure.is_transient, "nothing mends a secret by itself");
    assert_eq!(failure.code().unwrap().to_lowercase(), "invalid_client");
    let expected = if F::PROVIDER == emulator::Provider::GoTab { 400 } else { 401 };
    assert_eq!(failure.token_status(), Some(expected));
    assert_eq!(failure.api_status(), None, "the API never answered");
    let auth = failure.auth.unwrap();
    assert_eq!(auth.endpoint(), Some(site.token_url().as_str()));
    assert!(auth.oauth().unwrap().description().is_some());
    // The advice is in the error itself, in its cause, and in the `Debug` output of both.
    let [id, secret] = F::CREDENTIALS else { panic!("two variables") };
    let advice = format!("{expected} {}: check {id} and {secret}", failure_code(&auth));
    assert!(failure.text.contains(&format!("the token endpoint answered {advice}")), "{}", failure.text);
    assert!(auth.to_string().contains(&advice), "{auth}");
    assert!(format!("{auth:?}").contains(&format!("check {id} and {secret}")), "{auth:?}");
    assert_eq!((site.counters().token_requests, site.counters().api_calls), (1, 0));
}

fn failure_code(auth: &auth_layer::Error) -> &str {
    auth.oauth().map_or("", auth_layer::OAuthError::code)
}

async fn the_text_of_the_api_is_in_the_error<F: Fixture>() {
    let memory = Memory::new::<F>();
    let client = memory.client::<F>();
    let shapes = [
        (
            r#"{"error":"no_room","message":"All rooms are taken","statusCode":404}"#,
            "no_room: All rooms are taken",
        ),
        (
            r#"{"errorCode":"NoRoom","description":"All rooms are taken","incident":"i"}"#,
            "NoRoom: All rooms are taken",
        ),
        (r#"{"int_err_code":"NoRoom","msg":"All rooms are taken"}"#, "NoRoom: All rooms are taken"),
        (
            r#"{"errors":[{"code":"4009","name":"NO_ROOM","problem":"All rooms are taken","action":"Wait."}]}"#,
            "4009: All rooms are taken",
        ),
        (r#"{"success":false,"error":{"code":"NO_ROOM","message":"All taken"}}"#, "NO_ROOM: All taken"),
    ];
    for (body, words) in shapes {
        memory.answer_instead(404, Some(("x-request-id", "r-42")), body);
        let failure = F::call(&client).await.unwrap_err();
        assert_eq!(failure.api_status(), Some(404));
        assert!(failure.text.starts_with("the API answered 404 Not Found"), "{}", failure.text);
        assert!(failure.text.contains(&format!(": {words} (request id r-42)")), "{}", failure.text);
    }
    // A token that the answer repeats is removed.
    memory.answer_instead(403, None, r#"{"message":"no memory-token-1, and not Bearer memory-token-1"}"#);
    let failure = F::call(&client).await.unwrap_err();
    assert!(failure.text.contains(": no [redacted], and not Bearer [redacted]"), "{}", failure.text);
    assert!(!failure.text.contains("memory-token"), "{}", failure.text);
}

/// The chain from the typed error to its cause, link by link.
#[tokio::test]
async fn b93_the_chain_of_causes_is_whole() {
    let stage = Stage::start().await;
    let site = stage.site::<Octotable>();
    // The exchange is sent again once, so two connections are dropped.
    site.inject(Endpoint::Token, Fault::DropConnection.times(2));
    let error = stage.client::<Octotable>().list_rooms().property(1).send().await.unwrap_err();
    let Error::Auth(auth) = &error else { panic!("{error:?}") };
    assert_eq!((auth.kind(), auth.is_transient()), (ErrorKind::Transport, true));
    let second = error.source().unwrap();
    assert_eq!(second.downcast_ref::<auth_layer::Error>().unwrap().kind(), ErrorKind::Transport);
    let third = second.source().expect("what the transport said");
    assert!(third.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_request), "{third:?}");
    // No link repeats the text of the next one.
    assert!(!error.to_string().contains(&second.to_string()));
    assert!(!second.to_string().contains(&third.to_string()));
}

#[tokio::test]
async fn b93_a_revoked_refresh_token_is_typed_with_the_servers_answer() {
    let stage = Stage::start().await;
    let site = stage.site::<GotoAdmin>();
    let client = stage.client::<GotoAdmin>();
    site.revoke_refresh_token();
    let error = client.admin().get_me().send().await.unwrap_err();
    assert!(!error.is_transient());
    let Error::Auth(auth) = &error else { panic!("{error:?}") };
    assert_eq!(auth.kind(), ErrorKind::SignInAgain);
    let cause = auth.source().unwrap().downcast_ref::<auth_layer::Error>().unwrap();
    assert_eq!((cause.kind(), cause.status()), (ErrorKind::Refused, Some(StatusCode::BAD_REQUEST)));
    assert_eq!(cause.oauth().unwrap().code(), "invalid_grant");
    assert_eq!(cause.endpoint(), Some(site.token_url().as_str()));
}

async fn ch07_a_missing_permission_is_typed<F: Fixture>() {
    let memory = Memory::new::<F>();
    let client = memory.client::<F>();
    let denial = async |status, challenge| {
        memory.answer_instead(status, Some(("www-authenticate", challenge)), "{}");
        let failure = F::call(&client).await.unwrap_err();
        assert_eq!(failure.api_status(), Some(status));
        assert!(!failure.is_transient);
        failure.denial
    };
    for status in [401, 403] {
        let scope =
            denial(status, r#"Bearer realm="a, b", error="insufficient_scope", scope="rooms:write x""#).await;
        let Some(Denial::Scope { scope, .. }) = scope else { panic!("{scope:?}") };
        assert_eq!(scope.as_deref(), Some("rooms:write x"));

        let unnamed = denial(status, r#"DPoP algs="ES256", Bearer error=insufficient_scope"#).await;
        assert!(matches!(unnamed, Some(Denial::Scope { scope: None, .. })), "{unnamed:?}");

        let stronger =
            r#"Bearer error="insufficient_user_authentication", acr_values="gold silver", max_age="300""#;
        let Some(Denial::Authentication { acr_values, max_age, .. }) = denial(status, stronger).await else {
            panic!("no denial")
        };
        assert_eq!(acr_values.as_deref(), Some("gold silver"));
        assert_eq!(max_age, Some(Duration::from_secs(300)));
    }
    assert_eq!((memory.token_requests(), memory.api_calls()), (1, 6), "none was renewed for or sent again");
}

async fn a_denial_needs_a_401_or_403_and_a_bearer_challenge<F: Fixture>() {
    let memory = Memory::new::<F>();
    let client = memory.client::<F>();
    let scope = r#"Bearer error="insufficient_scope", scope="a""#;
    let cases = [
        (404, scope),
        (503, scope),
        (403, r#"Basic realm="x", error="insufficient_scope""#),
        (403, r#"Bearer error="invalid_token""#),
        (403, "Bearer"),
    ];
    for (status, challenge) in cases {
        memory.answer_instead(status, Some(("www-authenticate", challenge)), "{}");
        let failure = F::call(&client).await.unwrap_err();
        assert_eq!((failure.api_status(), failure.denial), (Some(status), None), "{challenge}");
    }
    assert_eq!((memory.token_requests(), memory.api_calls()), (1, cases.len()));
}

async fn a_page_of_html_keeps_its_status<F: Fixture>() {
    let stage = Stage::start().await;
    let site = stage.site::<F>();
    let client = stage.client::<F>();
    let html = vec![("content-type".to_owned(), "text/html".to_owned())];
    let body = "<h1>We will be back</h1>".to_owned();
    site.inject(Endpoint::Api, Fault::Status { code: 503, body, headers: html });
    let failure = F::call(&client).await.unwrap_err();
    assert_eq!(failure.api_status(), Some(503), "{failure:?}");
    assert!(failure.is_transient);
    assert!(failure.auth.is_none() && !failure.text.contains("be back"), "{failure:?}");
    // The body is not JSON although the document says so, or the status is not in the document.
    assert!(
        matches!(failure.shape, Shape::InvalidResponsePayload | Shape::UnexpectedResponse),
        "{failure:?}"
    );
    assert_eq!((site.counters().token_requests, site.counters().api_calls), (1, 1));
}

/// If the errors depend on the status, a body of another shape is kept unchanged.
#[tokio::test]
async fn a_page_of_html_is_kept_where_errors_depend_on_the_status() {
    let stage = Stage::start().await;
    let site = stage.site::<Gotab>();
    let client = stage.client::<Gotab>();
    let html = vec![("content-type".to_owned(), "text/html".to_owned())];
    site.inject(Endpoint::Api, Fault::Status { code: 503, body: "<h1>Back</h1>".to_owned(), headers: html });
    let create = client.create_tab().location("harbour-taproom").body_map(|tab| tab.items(Vec::new()));
    let error = create.send().await.unwrap_err();
    assert!(error.is_transient());
    assert_eq!(error.headers().unwrap()["content-type"], "text/html");
    let Error::ErrorResponse(response) = error else { panic!("{error:?}") };
    assert_eq!(response.status(), 503);
    assert!(matches!(response.into_inner(), CreateTabError::Undocumented(body) if body == "<h1>Back</h1>"));
}

async fn a_broken_answer_of_the_api_is_not_an_auth_error<F: Fixture>() {
    let stage = Stage::start().await;
    let site = stage.site::<F>();
    let client = stage.client::<F>();
    F::call(&client).await.unwrap();
    let cases = [
        (Fault::DropConnection, Shape::Transport, None, true),
        (Fault::CutOff { after_bytes: 1 }, Shape::ResponseBody, Some(true), true),
        (Fault::Malformed(Malformed::NotJson), Shape::InvalidResponsePayload, Some(true), false),
        (Fault::Malformed(Malformed::Empty), Shape::InvalidResponsePayload, Some(true), false),
    ];
    for (fault, shape, success, transient) in cases {
        let what = format!("{fault:?}");
        site.inject(Endpoint::Api, fault);
        let failure = F::call(&client).await.unwrap_err();
        assert_eq!((failure.shape, failure.is_transient), (shape, transient), "{what}: {failure:?}");
        assert_eq!(failure.status.map(|status| status.is_success()), success, "{what}");
        assert_eq!(failure.kind(), None, "{what}");
    }
    let counters = site.counters();
    assert_eq!((counters.token_requests, counters.api_calls), (1, 5), "no call was sent again");
}

/// All values that must not be shown, in every spelling that is sent.
#[derive(Default)]
struct Secrets(Vec<String>);

impl Secrets {
    fn add(&mut self, secret: &str) {
        let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let base64 = base64::engine::general_purpose::STANDARD.encode(secret);
        let unpadded = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(secret);
        self.0.extend([secret.to_owned(), form, base64, unpadded]);
    }

    /// Adds the secrets that the site accepts now, and the Basic header made of them.
    fn add_of(&mut self, site: &Site) {
        let credentials = site.credentials();
        self.add(credentials.secret());
        let basic = format!("{}:{}", credentials.id(), credentials.secret());
        self.0.push(base64::engine::general_purpose::STANDARD.encode(basic));
        if let Some(refresh_token) = site.refresh_token() {
            self.add(&refresh_token);
        }
    }

    #[track_caller]
    fn check(&self, what: &str, text: &str) {
        for secret in &self.0 {
            assert!(!text.contains(secret), "a secret of {} characters is in {what}", secret.len());
        }
    }
}

/// Success, renewal, rotation, rejection and every kind of failure, with everything that is logged meanwhile.
async fn b64_no_secret_is_in_an_error_or_a_log_line<F: Fixture>() {
    let log = Log::listen();
    let stage = Stage::start().await;
    let site = stage.site::<F>();
    site.set_refresh_token_mode(RefreshTokenMode::Rotate);
    let builder = stage.builder::<F>().stack(once);
    let shown = format!("{builder:?}");
    let client = builder.build().unwrap();
    let mut secrets = Secrets::default();
    let mut failures: Vec<Failure> = Vec::new();
    secrets.add_of(&site);

    // A server that repeats what it was sent.
    let (secret, refresh_token) = (site.credentials().secret().to_owned(), site.refresh_token());
    let echo = format!(
        r#"{{"error":"invalid_request","error_description":"not {secret}","message":"{}"}}"#,
        refresh_token.unwrap_or_else(|| secret.clone())
    );
    let echo = Fault::Status { code: 400, body: echo, headers: Vec::new() };
    let troubles = [
        echo,
        Fault::Unavailable,
        Fault::CutOff { after_bytes: 2000 },
        Fault::Malformed(Malformed::DuplicateMembers),
        Fault::Malformed(Malformed::TokenType("mac".to_owned())),
    ];
    for fault in troubles {
        // Only GoTo's refresh token is lost together with an answer.
        site.set_refresh_token_mode(RefreshTokenMode::Same);
        site.inject(Endpoint::Token, fault);
        failures.push(F::call(&client).await.unwrap_err());
        stage.advance(Duration::from_secs(60));
    }
    // A lifetime that cannot be read causes a warning, and the token is still used.
    site.inject(Endpoint::Token, Fault::Malformed(Malformed::ExpiresIn("\"soon\"".to_owned())));
    F::call(&client).await.unwrap();
    secrets.add(F::manager(&client).token().await.unwrap().access_token().expose());
    F::manager(&client).forget();
    site.set_refresh_token_mode(RefreshTokenMode::Rotate);
    for _ in 0..3 {
        F::call(&client).await.unwrap();
        secrets.add_of(&site);
        secrets.add(F::manager(&client).token().await.unwrap().access_token().expose());
        site.revoke_tokens();
        F::call(&client).await.unwrap();
        secrets.add_of(&site);
        secrets.add(F::manager(&client).token().await.unwrap().access_token().expose());
        stage.advance(F::LIFETIME);
    }
    F::call(&client).await.unwrap();
    secrets.add_of(&site);
    secrets.add(F::manager(&client).token().await.unwrap().access_token().expose());
    site.inject(Endpoint::Api, Fault::Unauthorized { challenge: None }.forever());
    failures.push(F::call(&client).await.unwrap_err());
    site.clear_faults();
    let token = F::manager(&client).token().await.unwrap();
    secrets.add(token.access_token().expose());
    site.inject(Endpoint::Api, Fault::DropConnection);
    failures.push(F::call(&client).await.unwrap_err());
    secrets.add_of(&site);
    site.revoke_refresh_token();
    let _new_secret = site.regenerate_secret();
    stage.advance(F::LIFETIME);
    failures.push(F::call(&client).await.unwrap_err());

    assert_eq!(failures.len(), 8);
    for failure in &failures {
        secrets.check("an error", &failure.text);
    }
    secrets.check("a Debug", &format!("{:?} {token:?} {site:?}", F::manager(&client)));
    secrets.check("a Debug", &shown);
    let log = log.text();
    // The log really has lines: the layer logs a token that it got, and a token request that failed.
    assert!(log.contains("got a token") && log.contains("got no token"), "{} bytes of log", log.len());
    secrets.check("the log", &log);
}
