//! Many callers, one exchange.

use auth_layer::{Error, ErrorKind};
use futures_util::future::join_all;
use tower::{Layer, ServiceExt};

use crate::support::{FakeApi, FakeTokenEndpoint, Rig, get, respond, until};

#[tokio::test]
async fn b01_many_first_calls_make_one_token_request() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::accepting();
    rig.endpoint.hold();

    let calls = (0..200).map(|_| tokio::spawn(rig.layer().layer(api.clone()).oneshot(get("/me"))));
    let calls: Vec<_> = calls.collect();
    until(|| rig.endpoint.count() == 1).await;
    rig.endpoint.open();

    for response in join_all(calls).await {
        assert_eq!(response.unwrap().unwrap().status(), 200);
    }
    assert_eq!(rig.endpoint.count(), 1);
    assert_eq!(api.bearers(), vec!["token-1"; 200]);
}

#[tokio::test]
async fn b04_a_remembered_failure_answers_on_the_first_poll() {
    let rig = Rig::new(FakeTokenEndpoint::scripted(|_, _| Ok(respond(503, "busy"))));
    let service = rig.layer().layer(FakeApi::accepting());
    let first = service.clone().oneshot(get("/me")).await.unwrap_err();
    assert_eq!(Error::find(first.as_ref()).map(Error::kind), Some(ErrorKind::Refused));

    for _ in 0..1000 {
        let mut service = service.clone();
        let mut call = tower::Service::call(&mut service, get("/me"));
        assert!(crate::support::poll_once(&mut call).is_ready());
    }
    assert_eq!(rig.endpoint.count(), 1);
}
