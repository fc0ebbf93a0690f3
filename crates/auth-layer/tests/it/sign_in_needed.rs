//! The signal that a person has to sign in, at the first start and after a grant has ended.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_layer::store::{Entry, State};
use auth_layer::{Credential, Error, ErrorKind, Exchange, Grant, RefreshToken, ReplayRule};
use tower::{Layer, ServiceExt};

use crate::house::{House, strict, token, token_in_time};
use crate::refresh::{invalid_grant, refreshed};
use crate::support::{FakeApi, FakeTokenEndpoint, Rig, example, get, respond};

#[tokio::test]
async fn rf11_calls_with_a_revoked_grant_get_the_signal_and_no_more_401s() {
    let endpoint = FakeTokenEndpoint::scripted(|n, _| match n {
        1 => Ok(refreshed(1, Some("r1"))),
        _ => Ok(invalid_grant()),
    });
    let house = House::new(endpoint, ReplayRule::KillsFamily);
    let told = Arc::new(Mutex::new(Vec::new()));
    let manager = house
        .manage(house.exchange())
        .on_sign_in_needed({
            let told = told.clone();
            move |error| told.lock().unwrap().push((error.kind(), error.remedy().map(str::to_owned)))
        })
        .build();
    let rig = Rig {
        clock: house.clock.clone(),
        endpoint: house.endpoint.clone(),
        profile: house.profile.clone(),
        manager: manager.clone(),
    };
    let api = FakeApi::scripted(|_, _| respond(401, "revoked"));
    let service = rig.layer().layer(api.clone());
    assert_eq!(service.clone().oneshot(get("/me")).await.unwrap().status(), 401);
    for _ in 0..20 {
        let error = service.clone().oneshot(get("/me")).await.unwrap_err();
        assert_eq!(Error::find(error.as_ref()).unwrap().kind(), ErrorKind::SignInAgain);
        house.advance(60);
    }
    assert_eq!((api.count(), house.endpoint.count()), (1, 2));
    assert_eq!(*told.lock().unwrap(), [(ErrorKind::SignInAgain, Some("run the sign-in".to_owned()))]);

    // A person signs in, and the grant ends again later: that is reported again.
    house.endpoint.now(|n, _| Ok(refreshed(n, Some("r2"))));
    house.write(Entry::new(RefreshToken::new("r-new"))).await;
    assert!(token(&manager).await.is_ok());
    house.endpoint.now(|_, _| Ok(invalid_grant()));
    house.advance(3_601);
    assert!(token(&manager).await.is_err());
    assert_eq!(told.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn rf11_a_listener_that_panics_fails_no_call() {
    let house = House::new(FakeTokenEndpoint::scripted(|_, _| Ok(invalid_grant())), ReplayRule::KillsFamily);
    let manager = house.manage(house.exchange()).on_sign_in_needed(|_| panic!("a listener")).build();
    assert_eq!(token(&manager).await.unwrap_err().kind(), ErrorKind::SignInAgain);
}

#[tokio::test]
async fn b84_a_failure_is_never_reported_as_a_needed_sign_in() {
    let endpoint = FakeTokenEndpoint::scripted(|n, _| match n % 3 {
        0 => Ok(respond(503, "")),
        1 => Err("connection reset".into()),
        _ => Ok(respond(429, "")),
    });
    let house = House::new(endpoint, ReplayRule::Reusable);
    let told = Arc::new(AtomicUsize::new(0));
    let manager = house
        .manage(house.exchange())
        .on_sign_in_needed({
            let told = told.clone();
            move |_| {
                told.fetch_add(1, Ordering::Relaxed);
            }
        })
        .build();
    for _ in 0..30 {
        let error = token(&manager).await.unwrap_err();
        assert!(error.is_transient() && error.kind() != ErrorKind::SignInAgain, "{error}");
        assert!(!error.remedy().unwrap_or_default().contains("sign in"), "{:?}", error.remedy());
        house.advance(61);
    }
    assert_eq!((told.load(Ordering::Relaxed), house.entry().await.state), (0, State::Idle));
}

#[tokio::test]
async fn a_stored_grant_begins_with_the_sign_in_that_is_in_the_store() {
    let house = House::new(strict(), ReplayRule::KillsFamily);
    let exchange = house.exchange_of(Grant::Stored);
    let manager = house.manage(exchange).build();
    let error = token(&manager).await.unwrap_err();
    assert_eq!((error.kind(), house.endpoint.count()), (ErrorKind::SignInAgain, 0));
    assert!(error.to_string().contains("no sign-in is stored for provider"), "{error}");
    house.write(Entry::new(RefreshToken::new("r0"))).await;
    house.advance(6);
    assert_eq!(token(&manager).await.unwrap(), "a1");

    let without_store =
        Exchange::builder(example(), Credential::new("client", "secret"), Grant::Stored).build();
    assert!(without_store.unwrap_err().to_string().contains("needs the store"));
}

#[tokio::test]
async fn a_refusal_is_believed_later_if_the_store_cannot_be_read_at_once() {
    for rule in [ReplayRule::KillsFamily, ReplayRule::Grace(Duration::from_secs(60))] {
        let house = House::new(FakeTokenEndpoint::scripted(|_, _| Ok(invalid_grant())), rule);
        house.write(Entry::new(RefreshToken::new("r0"))).await;
        let store = house.store.clone();
        house.endpoint.now(move |n, _| {
            store.set_down(n == 1);
            Ok(invalid_grant())
        });
        let manager = house.start();
        assert_eq!(token(&manager).await.unwrap_err().kind(), ErrorKind::Store);
        house.store.set_down(false);
        house.advance(120);
        let error = token_in_time(&house, &manager).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SignInAgain);
        assert!(error.to_string().contains("used up or revoked (invalid_grant)"), "{error}");
        assert_eq!(house.entry().await.state, State::Ended);
    }
}
