//! A token that the API rejects: one renewal for any number of rejections, one resend per call, and no flood of token
//! requests.

use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use auth_layer::authorize::Auth;
use auth_layer::profile::BodySign;
use auth_layer::{BoxError, Profile, TokenManager};
use bytes::Bytes;
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody};
use tower::{Layer, Service, ServiceExt};

use crate::support::{
    FakeApi, FakeTokenEndpoint, Rig, challenged, example, get, invalid_token_at_403, respond, settle,
    status_at_once, text, token_answer, until,
};

async fn send(service: &Auth<FakeApi>) -> StatusCode {
    service.clone().oneshot(get("/me")).await.unwrap().status()
}

#[tokio::test]
async fn b33_a_revoked_token_is_noticed_by_no_user() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::rejecting(&["token-1"]);
    let response = rig.over(api.clone()).oneshot(get("/me")).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(text(response).await, "ok");
    assert_eq!(api.bearers(), ["token-1", "token-2"]);
    assert_eq!(rig.endpoint.count(), 2);
    let stats = rig.manager.stats();
    assert_eq!((stats.exchanges, stats.rejections, stats.resends), (2, 1, 1));
}

#[tokio::test]
async fn b33_the_resend_is_the_same_request() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::rejecting(&["token-1"]);
    let request = Request::put("https://api.example.com/things?a=1&b=2")
        .header("x-many", "1")
        .header("x-many", "2")
        .header("content-type", "text/plain")
        .body(Full::new(Bytes::from("a body")))
        .unwrap();
    rig.over(api.clone()).oneshot(request).await.unwrap();

    let [first, second] = &api.seen()[..] else { panic!("it was sent twice") };
    assert_eq!((&first.method, &first.uri, &first.body), (&second.method, &second.uri, &second.body));
    assert_eq!(second.body, "a body");
    let without_token = |seen: &crate::support::Seen| {
        let mut headers = seen.headers.clone();
        headers.remove("authorization");
        headers
    };
    assert_eq!(without_token(first), without_token(second));
    assert_eq!(second.headers.get_all("x-many").iter().collect::<Vec<_>>(), ["1", "2"]);
}

#[tokio::test]
async fn b34_a_hundred_401s_cost_one_renewal() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let (api, gate) = FakeApi::rejecting(&["token-1"]).gated();
    let service = rig.over(api.clone());
    let calls: Vec<_> = (0..100).map(|_| tokio::spawn(service.clone().oneshot(get("/me")))).collect();
    until(|| api.count() == 100).await;
    gate.add_permits(200);

    for response in join_all(calls).await {
        assert_eq!(response.unwrap().unwrap().status(), 200);
    }
    assert_eq!(rig.endpoint.count(), 2);
    let bearers = api.bearers();
    assert_eq!(bearers.iter().filter(|bearer| *bearer == "token-1").count(), 100);
    assert_eq!(bearers.iter().filter(|bearer| *bearer == "token-2").count(), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cc02_ten_thousand_401s_at_once_cost_one_renewal() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let (api, gate) = FakeApi::rejecting(&["token-1"]).gated();
    let service = rig.over(api.clone());
    let calls: Vec<_> = (0..10_000).map(|_| tokio::spawn(service.clone().oneshot(get("/me")))).collect();
    until(|| api.count() == 10_000).await;
    gate.add_permits(20_000);

    for response in join_all(calls).await {
        assert_eq!(response.unwrap().unwrap().status(), 200);
    }
    assert_eq!(rig.endpoint.count(), 2);
    let bearers = api.bearers();
    assert_eq!(bearers.iter().filter(|bearer| *bearer == "token-1").count(), 10_000);
    assert_eq!(bearers.iter().filter(|bearer| *bearer == "token-2").count(), 10_000);
}

#[tokio::test]
async fn b34_rejections_spread_over_time_cost_one_renewal() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let (api, gate) = FakeApi::rejecting(&["token-1"]).gated();
    let service = rig.over(api.clone());
    let calls: Vec<_> = (0..100).map(|_| tokio::spawn(service.clone().oneshot(get("/me")))).collect();
    until(|| api.count() == 100).await;
    rig.endpoint.hold();

    // Some are rejected during the renewal, one permit at a time, and the rest long after it.
    for _ in 0..20 {
        gate.add_permits(1);
        settle().await;
        rig.advance_millis(20);
    }
    assert_eq!(rig.endpoint.count(), 2);
    rig.endpoint.open();
    settle().await;
    rig.advance(600);
    gate.add_permits(200);

    for response in join_all(calls).await {
        assert_eq!(response.unwrap().unwrap().status(), 200);
    }
    assert_eq!(rig.endpoint.count(), 2);
    assert_eq!(api.count(), 200);
}

#[tokio::test]
async fn ch15_a_late_401_takes_the_token_that_is_already_there() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let (api, gate) = FakeApi::rejecting(&["token-1"]).gated();
    let late = tokio::spawn(rig.over(api.clone()).oneshot(get("/me")));
    until(|| api.count() == 1).await;

    // Meanwhile token 1 is renewed early.
    rig.advance(3400);
    let other = rig.over(FakeApi::accepting());
    assert_eq!(status_at_once(&other), 200);
    until(|| rig.endpoint.count() == 2).await;
    settle().await;

    gate.add_permits(2);
    assert_eq!(late.await.unwrap().unwrap().status(), 200);
    assert_eq!(api.bearers(), ["token-1", "token-2"]);
    assert_eq!(rig.endpoint.count(), 2);

    assert_eq!(status_at_once(&other), 200);
    let token = rig.manager.token().await.unwrap();
    assert_eq!(token.access_token().expose(), "token-2");
    assert_eq!(rig.endpoint.count(), 2);
}

#[tokio::test]
async fn b36_an_api_that_rejects_everything_mints_no_tokens() {
    mints_few(example(), respond(401, "rejected")).await;
}

#[tokio::test]
async fn b36_an_api_that_asks_for_another_scheme_mints_no_tokens() {
    mints_few(example(), challenged(401, r#"Basic realm="x""#)).await;
}

#[tokio::test]
async fn b36_an_api_that_rejects_everything_with_200_mints_no_tokens() {
    let sign = BodySign::new("/code", ["190"]).unwrap();
    mints_few(example().with_rejection(sign), respond(200, r#"{"code":190}"#)).await;
}

/// Makes 100 calls a second for ten minutes to an API that gives each the same answer.
async fn mints_few(profile: Profile, answer: Response<Full<Bytes>>) {
    let status = answer.status();
    let rig = Rig::with_profile(FakeTokenEndpoint::issuing(3600), profile);
    let api = FakeApi::scripted(move |_, _| answer.clone());
    let service = rig.over(api.clone());

    let mut asked = Vec::new();
    let (mut sent, mut requests) = (0, 0);
    for hundredth in 0..60_000_u32 {
        assert_eq!(send(&service).await, status);
        let sends = api.count() - sent;
        assert!((1..=2).contains(&sends));
        sent += sends;
        while requests < rig.endpoint.count() {
            requests += 1;
            asked.push(hundredth);
        }
        rig.advance_millis(10);
    }
    allowed(asked);
}

/// Checks the times of token requests within ten minutes, in hundredths of a second. After the first minute there is at
/// most one in 30 s, and not much less.
#[track_caller]
pub(crate) fn allowed(asked: Vec<u32>) {
    let later: Vec<_> = asked.into_iter().filter(|hundredth| *hundredth >= 6_000).collect();
    assert!((10..=18).contains(&later.len()), "{later:?}");
    assert!(later.windows(2).all(|pair| pair[1] - pair[0] >= 3_000), "{later:?}");
}

#[tokio::test]
async fn b38_a_stray_401_during_an_outage_does_not_end_the_token() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::scripted(|_, seen| match seen.uri.path() {
        "/broken" => respond(401, "rejected"),
        _ => respond(200, "ok"),
    });
    let service = rig.over(api.clone());
    assert_eq!(send(&service).await, 200);
    rig.endpoint.now(|_, _| Err("connection refused".into()));
    let stray = service.clone().oneshot(get("/broken")).await.unwrap();
    assert_eq!(stray.status(), 401);
    assert_eq!(text(stray).await, "rejected");
    assert_eq!(rig.endpoint.count(), 2);

    for _ in 0..3599 {
        assert_eq!(status_at_once(&service), 200);
        tokio::task::yield_now().await;
        rig.advance(1);
    }
    assert_eq!(status_at_once(&service), 200);
    let bearers = api.bearers();
    assert_eq!(bearers, vec!["token-1"; bearers.len()]);
}

#[tokio::test]
async fn b39_missing_permission_is_not_a_rejected_token() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let answers = [
        challenged(401, r#"Bearer error="insufficient_scope", scope="admin""#),
        challenged(403, r#"Bearer error="insufficient_scope", scope="admin""#),
        challenged(403, r#"Bearer error="invalid_token""#),
        respond(403, "rejected"),
    ];
    for answer in answers {
        let (status, headers) = (answer.status(), answer.headers().clone());
        let api = FakeApi::scripted(move |_, _| answer.clone());
        let response = rig.over(api.clone()).oneshot(get("/me")).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(*response.headers(), headers);
        assert_eq!(text(response).await, "rejected");
        settle().await;
        assert_eq!(api.count(), 1);
    }
    assert_eq!(rig.endpoint.count(), 1);
}

#[tokio::test]
async fn b40_a_renewal_with_the_same_token_causes_no_resend() {
    let rig = Rig::new(FakeTokenEndpoint::scripted(|_, _| Ok(token_answer("same", 3600))));
    let api = FakeApi::scripted(|_, _| challenged(401, r#"Bearer error="invalid_token""#));
    let response = rig.over(api.clone()).oneshot(get("/me")).await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["www-authenticate"], r#"Bearer error="invalid_token""#);
    assert_eq!(text(response).await, "rejected");
    assert_eq!(api.count(), 1);
    assert_eq!(rig.endpoint.count(), 2);
}

#[tokio::test]
async fn b41_two_revocations_a_minute_apart_are_both_made_good() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let revoked: Arc<Mutex<Vec<&str>>> = Arc::default();
    let api = FakeApi::scripted({
        let revoked = revoked.clone();
        move |_, seen| match seen.bearer() {
            Some(token) if revoked.lock().unwrap().contains(&token.as_str()) => respond(401, "rejected"),
            _ => respond(200, "ok"),
        }
    });
    let service = rig.over(api.clone());
    assert_eq!(send(&service).await, 200);
    revoked.lock().unwrap().push("token-1");
    assert_eq!(send(&service).await, 200);
    rig.advance(60);
    revoked.lock().unwrap().push("token-2");
    assert_eq!(send(&service).await, 200);
    assert_eq!(api.bearers(), ["token-1", "token-1", "token-2", "token-2", "token-3"]);
    assert_eq!(rig.endpoint.count(), 3);
}

#[tokio::test]
async fn ch05_the_token_that_was_sent_is_replaced() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::scripted(|_, seen| match seen.bearer().as_deref() {
        Some("token-1") => challenged(401, r#"Bearer realm="api", error="invalid_token""#),
        _ => respond(200, "ok"),
    });
    let service = rig.over(api.clone());
    assert_eq!(send(&service).await, 200);
    assert_eq!(status_at_once(&service), 200);
    assert_eq!(api.bearers(), ["token-1", "token-2", "token-2"]);
}

#[tokio::test]
async fn ch06_a_401_that_says_nothing_is_a_rejected_token() {
    for silent in
        [respond(401, "rejected"), challenged(401, r#"Bearer realm="api""#), challenged(401, "Bearer")]
    {
        let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
        let api = FakeApi::scripted(move |n, _| if n == 1 { silent.clone() } else { respond(200, "ok") });
        assert_eq!(send(&rig.over(api.clone())).await, 200);
        assert_eq!(api.bearers(), ["token-1", "token-2"]);
    }
}

#[tokio::test]
async fn ch08_a_profile_names_a_403_that_rejects_the_token() {
    let sign = invalid_token_at_403();
    let rig = Rig::with_profile(FakeTokenEndpoint::issuing(3600), example().with_rejection(sign));
    let api = FakeApi::scripted(|n, _| match n {
        1 => respond(403, r#"{"int_err_code":"InvalidToken","msg":"expired"}"#),
        _ => respond(200, "ok"),
    });
    assert_eq!(send(&rig.over(api.clone())).await, 200);
    assert_eq!(api.bearers(), ["token-1", "token-2"]);
}

#[tokio::test]
async fn ch08_any_other_403_goes_back_byte_for_byte() {
    let sign = invalid_token_at_403();
    let rig = Rig::with_profile(FakeTokenEndpoint::issuing(3600), example().with_rejection(sign));
    let long = format!(r#"{{"int_err_code":"NoPermission","msg":"{}"}}"#, "x".repeat(100_000));
    for body in ["", "no JSON", r#"{"int_err_code":"NoPermission"}"#, long.as_str()] {
        let answer = respond(403, body);
        let api = FakeApi::scripted(move |_, _| answer.clone());
        let response = rig.over(api.clone()).oneshot(get("/me")).await.unwrap();
        assert_eq!(response.status(), 403);
        assert_eq!(text(response).await, body);
        assert_eq!(api.count(), 1);
    }
    assert_eq!(rig.endpoint.count(), 1);
}

#[tokio::test]
async fn ch08_a_final_rejection_is_returned_byte_for_byte() {
    let sign = invalid_token_at_403();
    let rig = Rig::with_profile(
        FakeTokenEndpoint::scripted(|_, _| Ok(token_answer("same", 3600))),
        example().with_rejection(sign),
    );
    let api = FakeApi::scripted(|_, _| respond(403, r#"{"int_err_code":"InvalidToken"}"#));
    let response = rig.over(api.clone()).oneshot(get("/me")).await.unwrap();
    assert_eq!(response.status(), 403);
    assert_eq!(text(response).await, r#"{"int_err_code":"InvalidToken"}"#);
    assert_eq!((api.count(), rig.endpoint.count()), (1, 2));
}

#[tokio::test]
async fn ch13_a_second_401_is_the_callers() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::scripted(|n, _| respond(401, &format!("rejected {n}")));
    let response = rig.over(api.clone()).oneshot(get("/me")).await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(text(response).await, "rejected 2");
    assert_eq!(api.count(), 2);
    assert_eq!(rig.endpoint.count(), 2);
}

#[tokio::test]
async fn ch16_a_rejected_fresh_token_is_renewed_once_and_then_not_for_a_while() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::scripted(|_, _| respond(401, "wrong audience"));
    let service = rig.over(api.clone());
    assert_eq!(send(&service).await, 401);
    assert_eq!((api.count(), rig.endpoint.count()), (2, 2));
    for call in 0..299 {
        rig.advance_millis(100);
        assert_eq!(send(&service).await, 401);
        assert_eq!(api.count(), 3 + call, "sent once");
    }
    assert_eq!(rig.endpoint.count(), 2);

    rig.advance(7);
    assert_eq!(send(&service).await, 401);
    assert_eq!(rig.endpoint.count(), 3);
}

#[test]
fn ch16_the_floor_of_rejections_is_spread() {
    // Twenty managers with different seeds. At 33 s, in the middle of the band, some may renew and some may not yet.
    let counts: Vec<_> = (0..20)
        .map(|seed| {
            let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
            let exchange = crate::support::exchange(&rig.endpoint, &rig.clock, &rig.profile).build().unwrap();
            let manager =
                TokenManager::builder(exchange).clock(Arc::new(rig.clock.clone())).jitter_seed(seed).build();
            let layer = auth_layer::AuthLayer::new(&rig.profile, manager);
            let service = layer.layer(FakeApi::scripted(|_, _| respond(401, "wrong audience")));
            assert_eq!(status_at_once(&service), 401);
            rig.advance(33);
            assert_eq!(status_at_once(&service), 401);
            rig.endpoint.count()
        })
        .collect();
    assert!(counts.contains(&2) && counts.contains(&3), "{counts:?}");
}

/// How much of a body was read, and whether it was read to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Read {
    bytes: usize,
    ended: bool,
}

/// Returns a response whose body has `chunks` of 1 KiB and then ends, or never ends.
fn watched(
    status: u16,
    chunks: usize,
    ends: bool,
    read: &Arc<Mutex<Read>>,
) -> Response<http_body_util::combinators::UnsyncBoxBody<Bytes, std::convert::Infallible>> {
    let (read, mut left) = (read.clone(), chunks);
    let stream = futures_util::stream::poll_fn(move |_| {
        if left > 0 {
            left -= 1;
            read.lock().unwrap().bytes += 1024;
            let frame = http_body::Frame::data(Bytes::from_static(&[b'x'; 1024]));
            return std::task::Poll::Ready(Some(Ok(frame)));
        }
        if ends {
            read.lock().unwrap().ended = true;
            return std::task::Poll::Ready(None);
        }
        std::task::Poll::Pending
    });
    let mut response = Response::new(StreamBody::new(stream).boxed_unsync());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

/// Returns how much of a watched 401 was read when the second request arrived.
async fn drained(chunks: usize, ends: bool) -> Read {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let (read, at_resend) = (Arc::<Mutex<Read>>::default(), Arc::<Mutex<Option<Read>>>::default());
    let service = {
        let (read, at_resend, first) = (read.clone(), at_resend.clone(), Arc::new(Mutex::new(true)));
        tower::service_fn(move |_: Request<Full<Bytes>>| {
            let response = if std::mem::take(&mut *first.lock().unwrap()) {
                watched(401, chunks, ends, &read)
            } else {
                *at_resend.lock().unwrap() = Some(*read.lock().unwrap());
                watched(200, 0, true, &Arc::default())
            };
            std::future::ready(Ok::<_, std::convert::Infallible>(response))
        })
    };
    let mut service = rig.layer().layer(service);
    let call = tokio::spawn(service.call(get("/me")));
    settle().await;
    if at_resend.lock().unwrap().is_none() {
        rig.advance_millis(49);
        settle().await;
        assert!(!call.is_finished(), "a body that stalls is waited for a little");
        rig.clock.advance(Duration::from_millis(1));
        settle().await;
    }
    assert!(call.is_finished(), "a body that stalls is not waited for any longer");
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
    at_resend.lock().unwrap().unwrap()
}

#[tokio::test]
async fn ch14_the_response_that_is_replaced_is_read_to_its_end() {
    assert_eq!(drained(10, true).await, Read { bytes: 10 * 1024, ended: true });
}

#[tokio::test]
async fn ch14_no_more_of_a_replaced_response_is_read_than_64_kib() {
    let read = drained(100_000, true).await;
    assert!(!read.ended);
    assert!((64 * 1024..=65 * 1024).contains(&read.bytes), "{read:?}");
}

#[tokio::test]
async fn ch14_a_replaced_response_that_stalls_delays_the_resend_by_50_ms() {
    assert_eq!(drained(3, false).await, Read { bytes: 3 * 1024, ended: false });
}

#[tokio::test]
async fn ch08_a_403_whose_body_stalls_holds_its_response_back_for_a_second() {
    let sign = invalid_token_at_403();
    let rig = Rig::with_profile(FakeTokenEndpoint::issuing(3600), example().with_rejection(sign));
    rig.manager.token().await.unwrap();
    let api = tower::service_fn(|_: Request<Full<Bytes>>| async {
        let begun =
            futures_util::stream::iter([Ok(http_body::Frame::data(Bytes::from_static(b"{\"int_err")))]);
        let body = StreamBody::new(begun.chain(futures_util::stream::pending::<Result<_, BoxError>>()));
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::FORBIDDEN;
        Ok::<_, BoxError>(response)
    });
    let call = tokio::spawn(rig.over(api).oneshot(get("/me")));
    settle().await;
    rig.advance_millis(999);
    settle().await;
    assert!(!call.is_finished(), "a sign that is coming is waited for");
    rig.advance_millis(1);
    until(|| call.is_finished()).await;
    let mut response = call.await.unwrap().unwrap();
    assert_eq!(response.status(), 403);
    let first = response.body_mut().frame().await.unwrap().unwrap();
    assert_eq!(first.into_data().unwrap(), "{\"int_err");
    assert_eq!(rig.endpoint.count(), 1);
}

#[tokio::test]
async fn b41_a_failed_renewal_does_not_delay_the_next_one() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = FakeApi::rejecting(&["token-1"]);
    let service = rig.over(api.clone());
    rig.manager.token().await.unwrap();
    rig.endpoint.now(|_, _| Ok(respond(503, "busy")));
    assert_eq!(send(&service).await, 401);
    rig.endpoint.now(|n, _| Ok(token_answer(&format!("token-{n}"), 3600)));
    rig.advance(2);
    assert_eq!(send(&service).await, 200, "the backoff is over, and there is no floor to wait for");
    assert_eq!(rig.endpoint.count(), 3);
}

#[test]
fn a_stalled_rejection_ends_outside_of_a_runtime() {
    let rig = Rig::new(FakeTokenEndpoint::issuing(3600));
    let api = tower::service_fn({
        let sent = Arc::<Mutex<u32>>::default();
        move |_: Request<Full<Bytes>>| {
            let mut sent = sent.lock().unwrap();
            *sent += 1;
            let mut response = Response::new(StreamBody::new(stream::pending::<
                Result<http_body::Frame<Bytes>, BoxError>,
            >()));
            *response.status_mut() = if *sent == 1 { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
            std::future::ready(Ok::<_, BoxError>(response))
        }
    });
    let mut call = rig.layer().layer(api).call(get("/me"));
    let Poll::Ready(response) = crate::support::poll_once(&mut call) else { panic!("it waits for ever") };
    assert_eq!(response.unwrap().status(), 200);
}
