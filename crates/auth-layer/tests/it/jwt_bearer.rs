//! A JWT as the grant (RFC 7523). A function of the application signs a new one for each exchange.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use auth_layer::{ClientAuth, Credential, ErrorKind, Exchange, Grant, Profile, Secret, TestClock};

use crate::support::{FakeTokenEndpoint, Rig, example, until};

fn rig(profile: Profile, grant: Grant) -> Rig {
    let (endpoint, clock) = (FakeTokenEndpoint::issuing(60), TestClock::new());
    let exchange = Exchange::builder(profile.clone(), Credential::new("client", "client-secret"), grant)
        .transport(endpoint.transport())
        .clock(Arc::new(clock.clone()))
        .timeout(Duration::from_secs(1))
        .build()
        .unwrap();
    Rig::with_exchange(endpoint, clock, profile, exchange)
}

/// Returns a grant with numbered assertions, from 1.
fn numbered() -> Grant {
    let made = AtomicUsize::new(0);
    Grant::jwt_bearer(move || {
        Ok(Secret::new(format!("assertion-{}", made.fetch_add(1, Ordering::Relaxed) + 1)))
    })
}

#[tokio::test]
async fn each_exchange_has_an_assertion_of_its_own() {
    let rig = rig(example().with_scope("orders".parse().unwrap()), numbered());
    rig.manager.token().await.unwrap();
    rig.advance(60);
    rig.manager.token().await.unwrap();
    let seen = rig.endpoint.seen();
    assert_eq!(
        seen[0].body,
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=assertion-1&scope=orders"
    );
    assert_eq!(seen[1].form("assertion").as_deref(), Some("assertion-2"));
    assert_eq!(seen[1].headers["authorization"], "Basic Y2xpZW50OmNsaWVudC1zZWNyZXQ=");
}

#[tokio::test]
async fn a_public_client_may_have_one() {
    // RFC 7521 section 4.1: the server decides whether the client must authenticate as well.
    let rig = rig(example().with_client_auth(ClientAuth::Public), numbered());
    rig.manager.token().await.unwrap();
    assert_eq!(rig.endpoint.seen()[0].form("client_id").as_deref(), Some("client"));
}

#[tokio::test]
async fn a_signer_that_fails_or_panics_sends_nothing() {
    for (grant, problem) in [
        (Grant::jwt_bearer(|| Err("the key is locked".into())), "the assertion could not be obtained"),
        (Grant::jwt_bearer(|| Ok(Secret::new(""))), "the assertion is empty; set it to the real value"),
        (
            Grant::jwt_bearer(|| Ok(Secret::new(" \n"))),
            "the assertion has no visible character; set it to the real value",
        ),
        (
            Grant::jwt_bearer(|| panic!("s3cret")),
            "the assertion could not be obtained: its function panicked",
        ),
    ] {
        let rig = rig(example(), grant);
        let error = rig.manager.token().await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Secret, true));
        assert_eq!((error.to_string(), rig.endpoint.count()), (problem.to_owned(), 0));
    }
}

#[tokio::test]
async fn one_deadline_holds_for_the_assertion_and_the_exchange() {
    let (release, held) = mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let rig = rig(
        example(),
        Grant::jwt_bearer(move || {
            let _ = held.lock().unwrap().recv();
            Ok(Secret::new("late"))
        }),
    );
    let waiting = tokio::spawn({
        let manager = rig.manager.clone();
        async move { manager.token().await }
    });
    until(|| rig.clock.sleepers() == 1).await;
    rig.advance_millis(1_000);
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "the assertion could not be read within 1s");
    assert_eq!((error.kind(), rig.endpoint.count()), (ErrorKind::Secret, 0));
    drop(release);
}

#[test]
fn a_profile_cannot_set_the_assertion() {
    let profile = example().with_parameter("assertion", "fixed");
    let error = Exchange::builder(profile, Credential::new("client", "client-secret"), numbered());
    let error = error.transport(FakeTokenEndpoint::issuing(60).transport()).build().unwrap_err();
    assert_eq!(error.what(), "token request parameter assertion");
}

#[tokio::test]
async fn te07_an_assertion_is_never_sent_in_two_ways() {
    let rig = rig(example().with_either_encoding(), numbered());
    rig.endpoint.now(|_, _| Ok(crate::support::respond(415, "")));
    rig.manager.token().await.unwrap_err();
    assert_eq!(rig.endpoint.count(), 1);
}
