//! Tests that are written once and run for every provider.

use std::time::Duration;

use auth_layer::ErrorKind;
use auth_layer::manager::Stats;
use auth_layer::token::Generation;
use client_core::Denial;
use emulator::{Endpoint, Fault, Malformed, Rejection, Site};
use journeys::{Failure, Fixture, Stage, until};
use tokio::task::JoinSet;

use ErrorKind::{InvalidAnswer, Refused, Timeout, TokenType, Transport};

/// Runs every test of this file for one fixture.
macro_rules! suite {
    ($module:ident, $fixture:ty) => {
        suite!($module, $fixture,
            a_life_of_three_tokens,
            b01_a_hundred_first_calls_cost_one_token_request,
            b04_a_failing_token_endpoint_is_typed_remembered_and_heals,
            b11_no_call_waits_for_an_early_renewal,
            b22_an_outage_while_the_token_is_good_fails_nothing,
            b23_a_long_outage_is_asked_about_rarely_and_ends_by_itself,
            b27_a_token_endpoint_that_asks_to_be_left_alone_is,
            b31_a_caller_that_goes_away_leaves_the_token_to_the_next,
            b33_a_revoked_token_is_renewed_and_the_call_resent_once,
            b34_a_hundred_rejections_at_once_cost_one_token_request,
            b35_a_late_rejection_takes_the_newer_token,
            b36_an_api_that_rejects_everything_mints_few_tokens,
            b38_a_stray_401_during_an_outage_affects_no_other_call,
            b39_no_renewal_if_a_new_token_would_not_help,
            b41_a_second_revocation_recovers_too,
            b70_a_redirecting_token_endpoint_is_not_followed,
        );
    };
    ($module:ident, $fixture:ty, $($name:ident),* $(,)?) => {
        mod $module {
            $(#[tokio::test] async fn $name() { journeys::in_time(super::$name::<$fixture>()).await; })*
        }
    };
}

suite!(gotab, journeys::Gotab);
suite!(goto_admin, journeys::GotoAdmin);
suite!(goto_webinar, journeys::GotoWebinar);
suite!(gbg_go, journeys::GbgGo);
suite!(octotable, journeys::Octotable);

const HOUR: Duration = Duration::from_secs(3600);
const SECOND: Duration = Duration::from_secs(1);

/// At this age a token of an hour is due for renewal, and is valid for some minutes more.
const STALE: Duration = Duration::from_secs(3600 - 230);

/// Returns a stage whose tokens live an hour, and a client that has made its first call.
async fn warm<F: Fixture>() -> (Stage, Site, F::Client) {
    let stage = Stage::start().await;
    let site = stage.site::<F>();
    site.set_token_lifetime(Some(HOUR));
    let client = stage.client::<F>();
    F::call(&client).await.expect("the first call");
    (stage, site, client)
}

fn stats<F: Fixture>(client: &F::Client) -> Stats {
    F::manager(client).stats()
}

/// Returns the tokens that the calls of the fixture's operation carried, in order.
fn carried<F: Fixture>(site: &Site) -> Vec<Option<u64>> {
    let requests = site.requests().into_iter();
    let calls = requests.filter(|request| request.operation_id.as_deref() == Some(F::OPERATION));
    calls.map(|request| request.token).collect()
}

/// Waits until the manager has a newer token than the one of `from`.
async fn renewed<F: Fixture>(client: &F::Client, from: Generation) {
    while generation::<F>(client).await == from {
        tokio::task::yield_now().await;
    }
}

async fn generation<F: Fixture>(client: &F::Client) -> Generation {
    F::manager(client).token().await.expect("a token").generation()
}

/// Checks that no site has seen two `Authorization` headers.
fn check_single_authorization(site: &Site) {
    assert_eq!(site.counters().double_authorization, 0);
}

/// First token, early renewal, expiry, and a revocation while calls are in progress, with the provider's own lifetime.
async fn a_life_of_three_tokens<F: Fixture>() {
    let stage = Stage::start().await;
    let site = stage.site::<F>();
    let client = stage.client::<F>();
    assert_eq!(site.counters().token_requests, 0, "building asks for nothing");

    F::call(&client).await.unwrap();
    F::call(&client).await.unwrap();
    assert_eq!((site.counters().token_requests, site.counters().api_served), (1, 2));

    // The margin is a fifth of the lifetime, at most five minutes. A second before it the token is fresh.
    let margin = (F::LIFETIME / 5).min(Duration::from_secs(300));
    stage.advance(F::LIFETIME - margin - SECOND);
    F::call(&client).await.unwrap();
    assert_eq!(site.counters().token_requests, 1);

    let first = generation::<F>(&client).await;
    stage.advance(margin / 2);
    F::call(&client).await.unwrap();
    renewed::<F>(&client, first).await;
    F::call(&client).await.unwrap();
    assert_eq!(site.counters().token_requests, 2);
    assert_eq!(carried::<F>(&site), [Some(1), Some(1), Some(1), Some(1), Some(2)]);

    // Long after the end of token 2, the next caller waits for token 3.
    stage.advance(F::LIFETIME * 2);
    F::call(&client).await.unwrap();
    assert_eq!(site.counters().token_requests, 3);

    let hold = site.hold(Endpoint::Api);
    let before = site.counters().api_calls;
    let caller = client.clone();
    let call = tokio::spawn(async move { F::call(&caller).await });
    until("the call at the API", || site.counters().api_calls > before).await;
    site.revoke_tokens();
    drop(hold);
    call.await.unwrap().unwrap();

    let counters = site.counters();
    assert_eq!((counters.token_requests, counters.tokens_issued, counters.token_refused()), (4, 4, 0));
    assert_eq!(counters.api_rejections.get(&Rejection::RevokedToken), Some(&1));
    assert_eq!(counters.api_rejected(), 1, "no call ever carried an expired token");
    assert_eq!(carried::<F>(&site)[5..], [Some(3), Some(3), Some(4)]);
    assert_eq!(stats::<F>(&client).resends, 1);
    check_single_authorization(&site);
}

async fn b01_a_hundred_first_calls_cost_one_token_request<F: Fixture>() {
    let stage = Stage::start().await;
    let site = stage.site::<F>();
    let client = stage.client::<F>();
    let hold = site.hold(Endpoint::Token);
    let mut calls = JoinSet::new();
    for _ in 0..100 {
        let client = client.clone();
        calls.spawn(async move { F::call(&client).await });
    }
    until("the token request", || site.counters().token_requests > 0).await;
    assert_eq!(site.counters().api_calls, 0, "nothing is sent without a token");
    drop(hold);
    for result in calls.join_all().await {
        result.unwrap();
    }
    assert_eq!((site.counters().token_requests, site.counters().api_served), (1, 100));
    assert_eq!(carried::<F>(&site), vec![Some(1); 100]);
    check_single_authorization(&site);
}

/// A failure of the token endpoint, the caller's error, and how long it is remembered.
struct Trouble {
    fault: Fault,
    kind: ErrorKind,
    status: Option<u16>,
    transient: bool,
}

fn troubles() -> Vec<Trouble> {
    let status = |code: u16, body: &str| Fault::Status { code, body: body.to_owned(), headers: Vec::new() };
    let case = |fault, kind, status, transient| Trouble { fault, kind, status, transient };
    vec![
        case(Fault::Unavailable, Refused, Some(503), true),
        case(Fault::RateLimited { retry_after: None }, Refused, Some(429), true),
        case(status(500, "oops"), Refused, Some(500), true),
        case(Fault::Unauthorized { challenge: None }, Refused, Some(401), false),
        case(status(404, "{}"), Refused, Some(404), false),
        // The error code of a failing server is ignored, and the refresh token stays.
        case(status(503, r#"{"error":"invalid_grant"}"#), Refused, Some(503), true),
        case(status(200, r#"{"error":"invalid_request"}"#), Refused, Some(200), false),
        case(status(200, r#"{"ok":false}"#), Refused, Some(200), false),
        case(Fault::Hang, Timeout, None, true),
        case(Fault::CutOff { after_bytes: 0 }, Transport, None, true),
        case(Fault::CutOff { after_bytes: 20 }, Transport, None, true),
        case(Fault::DropConnection, Transport, None, true),
        case(Fault::Malformed(Malformed::NotJson), InvalidAnswer, Some(200), false),
        case(Fault::Malformed(Malformed::Html), InvalidAnswer, Some(200), false),
        case(Fault::Malformed(Malformed::Empty), InvalidAnswer, Some(200), false),
        case(Fault::Malformed(Malformed::Huge(1 << 20)), InvalidAnswer, Some(200), false),
        case(Fault::Malformed(Malformed::DuplicateMembers), InvalidAnswer, Some(200), false),
        case(Fault::Malformed(Malformed::TokenType("mac".to_owned())), TokenType, Some(200), false),
    ]
}

async fn b04_a_failing_token_endpoint_is_typed_remembered_and_heals<F: Fixture>() {
    let stage = Stage::start().await;
    let site = stage.site::<F>();
    for Trouble { fault, kind, status, transient } in troubles() {
        let client = stage.client::<F>();
        site.reset_counters();
        let hangs = fault == Fault::Hang;
        let what = format!("{fault:?}");
        let sends = sends_of(&fault);
        site.inject(Endpoint::Token, fault.times(sends));

        let caller = client.clone();
        let call = tokio::spawn(async move { F::call(&caller).await });
        if hangs {
            until("the token request", || site.counters().token_requests > 0).await;
            stage.advance(Duration::from_secs(30));
        }
        let failure = call.await.unwrap().unwrap_err();
        check(&what, &failure, kind, status, transient);
        // The remembered failure is the answer until the backoff is over.
        let again = F::call(&client).await.unwrap_err();
        check(&what, &again, kind, status, transient);
        let counters = site.counters();
        assert_eq!((counters.token_requests, counters.api_calls), (u64::from(sends), 0), "{what}");

        // A permanent failure is remembered for 5 s, plus up to 15 % at random.
        stage.advance(if transient { SECOND } else { SECOND * 6 });
        F::call(&client).await.expect(&what);
        let counters = site.counters();
        assert_eq!((counters.token_requests, counters.api_served), (u64::from(sends) + 1, 1), "{what}");
        check_single_authorization(&site);
    }
}

/// Returns how often one exchange is sent if it fails like this. If the connection ends without an answer, it is sent
/// once more.
fn sends_of(fault: &Fault) -> u32 {
    if *fault == Fault::DropConnection { 2 } else { 1 }
}

#[track_caller]
fn check(what: &str, failure: &Failure, kind: ErrorKind, status: Option<u16>, transient: bool) {
    assert_eq!(failure.kind(), Some(kind), "{what}: {failure:?}");
    assert_eq!(failure.token_status(), status, "{what}: {failure:?}");
    assert_eq!(failure.is_transient, transient, "{what}: {failure:?}");
    assert_eq!(failure.api_status(), None, "{what}: a fake status");
}

async fn b11_no_call_waits_for_an_early_renewal<F: Fixture>() {
    let (stage, site, client) = warm::<F>().await;
    let first = generation::<F>(&client).await;
    stage.advance(STALE);
    let hold = site.hold(Endpoint::Token);
    for _ in 0..20 {
        F::call(&client).await.unwrap();
    }
    until("the renewal", || site.counters().token_requests == 2).await;
    for _ in 0..20 {
        F::call(&client).await.unwrap();
    }
    assert_eq!(carried::<F>(&site), vec![Some(1); 41], "no call waited for the token that is held back");
    drop(hold);
    renewed::<F>(&client, first).await;
    F::call(&client).await.unwrap();
    assert_eq!(site.counters().token_requests, 2);
    assert_eq!(carried::<F>(&site).last(), Some(&Some(2)));
    check_single_authorization(&site);
}

async fn b22_an_outage_while_the_token_is_good_fails_nothing<F: Fixture>() {
    let (stage, site, client) = warm::<F>().await;
    let first = generation::<F>(&client).await;
    stage.advance(STALE);
    let outage = [
        Fault::Unavailable,
        Fault::CutOff { after_bytes: 10 },
        Fault::Hang,
        Fault::Malformed(Malformed::NotJson),
        Fault::DropConnection,
    ];
    for (failed, fault) in (0..).zip(outage) {
        let hangs = fault == Fault::Hang;
        let sends = sends_of(&fault);
        site.inject(Endpoint::Token, fault.times(sends));
        for _ in 0..20 {
            F::call(&client).await.unwrap();
        }
        if hangs {
            until("the renewal", || site.counters().token_requests == failed + 2).await;
            stage.advance(Duration::from_secs(30));
        }
        until("the failed renewal", || stats::<F>(&client).failures == failed + 1).await;
        for _ in 0..20 {
            F::call(&client).await.unwrap();
        }
        let sent = failed + 1 + u64::from(sends);
        assert_eq!(site.counters().token_requests, sent, "the backoff is kept");
        stage.advance(SECOND * 20);
    }
    assert_eq!(carried::<F>(&site), vec![Some(1); 201]);
    assert_eq!(site.counters().api_rejected(), 0);

    // The token endpoint works again, and the token is still valid.
    F::call(&client).await.unwrap();
    renewed::<F>(&client, first).await;
    F::call(&client).await.unwrap();
    assert_eq!(site.counters().token_requests, 8);
    assert_ne!(carried::<F>(&site).last(), Some(&Some(1)));
    check_single_authorization(&site);
}

async fn b23_a_long_outage_is_asked_about_rarely_and_ends_by_itself<F: Fixture>() {
    let (stage, site, client) = warm::<F>().await;
    site.inject(Endpoint::Token, Fault::Unavailable.forever());
    stage.advance(HOUR);
    site.reset_counters();
    for _ in 0..300 {
        let failure = F::call(&client).await.unwrap_err();
        check("outage", &failure, Refused, Some(503), true);
        stage.advance(SECOND);
    }
    let asked = site.counters().token_requests;
    assert!((6..=12).contains(&asked), "{asked} token requests in five minutes");
    assert_eq!(site.counters().api_calls, 0);

    site.clear_faults();
    stage.advance(SECOND * 60);
    F::call(&client).await.unwrap();
    assert_eq!(site.counters().token_requests, asked + 1);
    check_single_authorization(&site);
}

async fn b27_a_token_endpoint_that_asks_to_be_left_alone_is<F: Fixture>() {
    let (stage, site, client) = warm::<F>().await;
    stage.advance(STALE);
    site.inject(Endpoint::Token, Fault::RateLimited { retry_after: Some(SECOND * 30) });
    F::call(&client).await.unwrap();
    until("the failed renewal", || stats::<F>(&client).failures == 1).await;
    stage.advance(SECOND * 29);
    F::call(&client).await.unwrap();
    assert_eq!((site.counters().token_requests, stats::<F>(&client).exchanges), (2, 2));
    // Up to 15 % longer, at random.
    stage.advance(SECOND * 6);
    F::call(&client).await.unwrap();
    until("the renewal", || site.counters().tokens_issued == 2).await;
    assert_eq!(site.counters().token_requests, 3);
    check_single_authorization(&site);
}

async fn b31_a_caller_that_goes_away_leaves_the_token_to_the_next<F: Fixture>() {
    let stage = Stage::start().await;
    let site = stage.site::<F>();
    let client = stage.client::<F>();
    let hold = site.hold(Endpoint::Token);
    let caller = client.clone();
    let call = tokio::spawn(async move { F::call(&caller).await });
    until("the token request", || site.counters().token_requests == 1).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    drop(hold);
    F::call(&client).await.unwrap();
    assert_eq!((site.counters().token_requests, site.counters().api_calls), (1, 1));
    check_single_authorization(&site);
}

async fn b33_a_revoked_token_is_renewed_and_the_call_resent_once<F: Fixture>() {
    let (_stage, site, client) = warm::<F>().await;
    site.revoke_tokens();
    site.reset_counters();
    F::call(&client).await.unwrap();
    let counters = site.counters();
    assert_eq!((counters.token_requests, counters.api_calls, counters.api_served), (1, 2, 1));
    assert_eq!(counters.operations.get(F::OPERATION), Some(&2));
    assert_eq!(carried::<F>(&site), [Some(1), Some(2)]);
    F::call(&client).await.unwrap();
    assert_eq!((site.counters().token_requests, site.counters().api_calls), (1, 3));
    check_single_authorization(&site);
}

async fn b34_a_hundred_rejections_at_once_cost_one_token_request<F: Fixture>() {
    let (_stage, site, client) = warm::<F>().await;
    site.reset_counters();
    let hold = site.hold(Endpoint::Api);
    let mut calls = JoinSet::new();
    for _ in 0..100 {
        let client = client.clone();
        calls.spawn(async move { F::call(&client).await });
    }
    until("a hundred calls in flight", || site.counters().api_calls == 100).await;
    site.revoke_tokens();
    drop(hold);
    for result in calls.join_all().await {
        result.unwrap();
    }
    let counters = site.counters();
    assert_eq!((counters.token_requests, counters.api_calls, counters.api_served), (1, 200, 100));
    assert_eq!(counters.api_rejections.get(&Rejection::RevokedToken), Some(&100));
    assert_eq!((stats::<F>(&client).resends, stats::<F>(&client).rejections), (100, 100));
    let with_second = carried::<F>(&site).iter().filter(|token| **token == Some(2)).count();
    assert_eq!(with_second, 100, "each was resent once, with the new token");
    check_single_authorization(&site);
}

async fn b35_a_late_rejection_takes_the_newer_token<F: Fixture>() {
    let (stage, site, client) = warm::<F>().await;
    let first = generation::<F>(&client).await;
    let hold = site.hold(Endpoint::Api);
    let caller = client.clone();
    let late = tokio::spawn(async move { F::call(&caller).await });
    until("the late call at the API", || site.counters().api_calls == 2).await;
    // The scheduled renewal gets token 2 while the call is in progress.
    stage.advance(STALE);
    renewed::<F>(&client, first).await;
    assert_eq!(site.counters().token_requests, 2);
    assert!(site.revoke_token(1));
    drop(hold);
    late.await.unwrap().unwrap();
    F::call(&client).await.unwrap();
    assert_eq!(site.counters().token_requests, 2, "the rejection of token 1 says nothing about token 2");
    assert_eq!(carried::<F>(&site), [Some(1), Some(1), Some(2), Some(2)]);
    assert_eq!(stats::<F>(&client).resends, 1);
    check_single_authorization(&site);
}

async fn b36_an_api_that_rejects_everything_mints_few_tokens<F: Fixture>() {
    let (stage, site, client) = warm::<F>().await;
    site.inject(Endpoint::Api, Fault::Unauthorized { challenge: None }.forever());
    for _ in 0..60 {
        let before = site.counters().api_calls;
        let failure = F::call(&client).await.unwrap_err();
        assert_eq!((failure.api_status(), failure.kind()), (Some(401), None), "{failure:?}");
        let sends = site.counters().api_calls - before;
        assert!((1..=2).contains(&sends), "one call was sent {sends} times");
        stage.advance(SECOND * 10);
    }
    // In ten minutes there are the first token, and one for each pause of 30 s or a little more.
    let asked = site.counters().token_requests;
    assert!((10..=21).contains(&asked), "{asked} token requests in ten minutes");
    check_single_authorization(&site);
}

async fn b38_a_stray_401_during_an_outage_affects_no_other_call<F: Fixture>() {
    let (stage, site, client) = warm::<F>().await;
    site.inject(Endpoint::Token, Fault::Unavailable.forever());
    site.inject(Endpoint::Api, Fault::Unauthorized { challenge: None });
    let failure = F::call(&client).await.unwrap_err();
    assert_eq!((failure.api_status(), failure.kind()), (Some(401), None), "{failure:?}");
    for _ in 0..20 {
        F::call(&client).await.unwrap();
    }
    stage.advance(HOUR - SECOND);
    F::call(&client).await.unwrap();
    stage.advance(SECOND);
    let failure = F::call(&client).await.unwrap_err();
    check("the token is over", &failure, Refused, Some(503), true);
    assert_eq!(site.counters().api_rejected(), 0, "no call carried the dead token");
    check_single_authorization(&site);
}

async fn b39_no_renewal_if_a_new_token_would_not_help<F: Fixture>() {
    let (_stage, site, client) = warm::<F>().await;
    let challenge = |text: &str| Fault::Unauthorized { challenge: Some(text.to_owned()) };
    site.inject(Endpoint::Api, challenge(r#"Bearer error="insufficient_scope", scope="admin""#));
    let failure = F::call(&client).await.unwrap_err();
    assert_eq!(failure.api_status(), Some(401));
    let Some(Denial::Scope { scope, .. }) = &failure.denial else { panic!("{failure:?}") };
    assert_eq!(scope.as_deref(), Some("admin"));

    let stronger = r#"Bearer error="insufficient_user_authentication", acr_values="mfa", max_age="60""#;
    site.inject(Endpoint::Api, challenge(stronger));
    let failure = F::call(&client).await.unwrap_err();
    let Some(Denial::Authentication { acr_values, max_age, .. }) = &failure.denial else {
        panic!("{failure:?}")
    };
    assert_eq!((acr_values.as_deref(), *max_age), (Some("mfa"), Some(SECOND * 60)));

    site.inject(Endpoint::Api, Fault::Forbidden("{}".to_owned()));
    let failure = F::call(&client).await.unwrap_err();
    assert_eq!((failure.api_status(), failure.denial), (Some(403), None));

    let counters = site.counters();
    assert_eq!((counters.token_requests, counters.api_calls), (1, 4));
    assert_eq!(stats::<F>(&client).rejections, 0);
    check_single_authorization(&site);
}

async fn b41_a_second_revocation_recovers_too<F: Fixture>() {
    let (stage, site, client) = warm::<F>().await;
    for revocation in 1..=3 {
        site.revoke_tokens();
        F::call(&client).await.unwrap();
        assert_eq!(site.counters().token_requests, revocation + 1);
        stage.advance(SECOND * 60);
    }
    assert_eq!((site.counters().api_calls, stats::<F>(&client).resends), (7, 3));
    check_single_authorization(&site);
}

async fn b70_a_redirecting_token_endpoint_is_not_followed<F: Fixture>() {
    let stage = Stage::start().await;
    let site = stage.site::<F>();
    for code in [301, 302, 303, 307, 308] {
        // The site's own API host is another origin, and its counters show what reached it.
        let location = format!("{}/oauth/token", site.api_url());
        let headers = vec![("location".to_owned(), location)];
        site.inject(Endpoint::Token, Fault::Status { code, body: String::new(), headers });
        let failure = F::call(&stage.client::<F>()).await.unwrap_err();
        check("redirect", &failure, Refused, Some(code), false);
    }
    assert_eq!((site.counters().token_requests, site.counters().api_calls), (5, 0));
    check_single_authorization(&site);
}
