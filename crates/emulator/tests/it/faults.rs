//! Every fault, at both hosts.

use std::time::{Duration, Instant};

use emulator::{Endpoint, Fault, Malformed, Provider, RefreshTokenMode, Site};
use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{plain_call, send, start, token, token_request};

/// Much longer than anything here takes, and short for a test.
const SOON: Duration = Duration::from_secs(5);

async fn play(site: &Site, fault: Fault) -> Response {
    site.inject(Endpoint::Token, fault);
    let answer = token_request(site).send().await.unwrap();
    assert_eq!(site.faults_left(Endpoint::Token), 0);
    answer
}

async fn play_malformed(site: &Site, how: Malformed) -> (Response, Duration) {
    let start = now();
    (play(site, Fault::Malformed(how)).await, start.elapsed())
}

#[expect(clippy::disallowed_methods, reason = "some faults take real time")]
fn now() -> Instant {
    Instant::now()
}

#[tokio::test]
async fn a_status_comes_with_its_body_and_header_fields() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let fault = Fault::Status {
        code: 418,
        body: "short and stout".to_owned(),
        headers: vec![
            ("content-type".to_owned(), "text/plain".to_owned()),
            ("x-tea".to_owned(), "green".to_owned()),
            ("x-tea".to_owned(), "black".to_owned()),
        ],
    };
    let answer = play(site, fault).await;
    assert_eq!(answer.status(), 418);
    assert_eq!(answer.headers()["content-type"], "text/plain");
    assert_eq!(answer.headers().get_all("x-tea").iter().count(), 2);
    assert_eq!(answer.text().await.unwrap(), "short and stout");
    let answer = play(site, Fault::status(502)).await;
    assert_eq!(answer.status(), 502);
    assert_eq!(answer.json::<Value>().await.unwrap(), serde_json::json!({}));
}

#[tokio::test]
async fn a_status_that_cannot_be_sent_is_a_plain_500() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let with_header = |name: &str, value: &str| Fault::Status {
        code: 400,
        body: String::new(),
        headers: vec![(name.to_owned(), value.to_owned())],
    };
    for fault in [
        Fault::status(0),
        Fault::status(101),
        Fault::status(1000),
        with_header("a b", "c"),
        with_header("a", "b\n"),
    ] {
        assert_eq!(play(site, fault).await.status(), 500);
    }
}

#[tokio::test]
async fn refusals_come_in_the_providers_shape_at_both_hosts() {
    let emulator = start().await;
    for site in emulator.sites() {
        let call = || plain_call(site).bearer_auth("x");
        let asks: [(Endpoint, &dyn Fn() -> RequestBuilder); 2] =
            [(Endpoint::Token, &|| token_request(site)), (Endpoint::Api, &call)];
        for (endpoint, ask) in asks {
            let faults = [
                (Fault::Unauthorized { challenge: None }, 401),
                (Fault::UnsupportedMediaType, 415),
                (Fault::RateLimited { retry_after: None }, 429),
                (Fault::Unavailable, 503),
            ];
            for (fault, expected) in faults {
                site.inject(endpoint, fault);
                let (status, body) = send(ask()).await;
                assert_eq!(status, expected);
                match site.provider() {
                    Provider::GoTab => assert_eq!(body["statusCode"], expected),
                    Provider::Octotable => assert_eq!(body["success"], false),
                    _ => assert!(body.is_object()),
                }
            }
        }
        assert_eq!(site.counters().faults_played, 8);
        assert_eq!(site.counters().tokens_issued, 0);
    }
}

#[tokio::test]
async fn challenge_and_retry_after_are_sent_when_given() {
    let emulator = start().await;
    let site = emulator.site(Provider::GbgGo);
    let challenge = "Bearer error=\"invalid_token\"";
    let fault = Fault::Unauthorized { challenge: Some(challenge.to_owned()) };
    let answer = play(site, fault).await;
    assert_eq!(answer.headers()["www-authenticate"], challenge);
    let fault = Fault::RateLimited { retry_after: Some(Duration::from_secs(15)) };
    assert_eq!(play(site, fault).await.headers()["retry-after"], "15");
    let answer = play(site, Fault::RateLimited { retry_after: None }).await;
    assert!(!answer.headers().contains_key("retry-after"));
    let answer = play(site, Fault::Forbidden("{\"error\":\"no\"}".to_owned())).await;
    assert_eq!(answer.status(), 403);
    assert_eq!(answer.json::<Value>().await.unwrap()["error"], "no");
}

#[tokio::test]
async fn a_delay_answers_late_and_a_hang_never() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let pause = Duration::from_millis(8);
    let before = now();
    assert_eq!(play(site, Fault::Delay(pause)).await.status(), 200);
    assert!(before.elapsed() >= pause);
    site.inject(Endpoint::Token, Fault::Hang);
    // If the emulator answered, the log would show the status.
    let hung = timeout(Duration::from_millis(10), token_request(site).send()).await;
    assert!(hung.is_err());
    assert_eq!(send(token_request(site)).await.0, 200);
    let log = site.requests();
    assert_eq!(log.iter().map(|entry| entry.status).collect::<Vec<_>>(), [Some(200), None, Some(200)]);
}

#[tokio::test]
async fn a_cut_off_answer_breaks_the_connection_in_the_middle_of_the_body() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTab);
    for after_bytes in [0, 10] {
        let mut answer = play(site, Fault::CutOff { after_bytes }).await;
        assert_eq!(answer.status(), 200);
        let mut got = 0;
        let ended = loop {
            match timeout(SOON, answer.chunk()).await.unwrap() {
                Ok(Some(chunk)) => got += chunk.len(),
                Ok(None) => break "whole",
                Err(_) => break "broken",
            }
        };
        assert_eq!((got, ended), (after_bytes, "broken"));
    }
    assert_eq!(site.counters().tokens_issued, 2);
}

#[tokio::test]
async fn a_refresh_token_in_a_cut_off_answer_is_used_up() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    site.set_refresh_token_mode(RefreshTokenMode::Rotate);
    let first = site.refresh_token();
    let answer = play(site, Fault::CutOff { after_bytes: 20 }).await;
    assert!(answer.bytes().await.is_err());
    assert_ne!(site.refresh_token(), first);
    assert_eq!(site.counters().rotations, 1);
}

#[tokio::test]
async fn a_dropped_connection_closes_without_a_byte() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTab);
    site.inject(Endpoint::Api, Fault::DropConnection);
    let address = site.api_url().replace("http://", "");
    let mut socket = TcpStream::connect(&address).await.unwrap();
    let request = format!("GET /api/loc HTTP/1.1\r\nhost: {address}\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut got = Vec::new();
    timeout(SOON, socket.read_to_end(&mut got)).await.unwrap().unwrap();
    assert!(got.is_empty());
    site.inject(Endpoint::Token, Fault::DropConnection);
    assert!(token_request(site).send().await.is_err());
    assert_eq!(site.counters().tokens_issued, 0);
}

#[tokio::test]
async fn malformed_bodies_are_what_they_are_called() {
    let emulator = start().await;
    let site = emulator.site(Provider::GbgGo);
    let (answer, _) = play_malformed(site, Malformed::NotJson).await;
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert!(answer.json::<Value>().await.is_err());
    let (answer, _) = play_malformed(site, Malformed::Html).await;
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    assert!(answer.text().await.unwrap().starts_with("<!doctype html>"));
    let (answer, _) = play_malformed(site, Malformed::Empty).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.bytes().await.unwrap().is_empty());
    let (answer, _) = play_malformed(site, Malformed::Huge(3 << 20)).await;
    assert!(answer.content_length().is_none());
    let body = answer.bytes().await.unwrap();
    assert!(body.len() > 3 << 20);
    assert!(serde_json::from_slice::<Value>(&body).is_ok());
}

#[tokio::test]
async fn a_trickle_is_whole_and_slow() {
    let emulator = start().await;
    let site = emulator.site(Provider::Octotable);
    site.inject(Endpoint::Api, Fault::Malformed(Malformed::Trickle { pause: Duration::from_millis(1) }));
    let before = now();
    let (status, body) = send(plain_call(site).bearer_auth("wrong")).await;
    assert_eq!((status, &body["success"]), (401, &Value::Bool(false)));
    assert!(before.elapsed() >= Duration::from_millis(body.to_string().len() as u64));
}

#[tokio::test]
async fn members_are_doubled_or_replaced_in_the_real_answer() {
    let emulator = start().await;
    for (provider, token_type, expires_in) in [
        (Provider::GbgGo, "token_type", "expires_in"),
        (Provider::Octotable, "type", "expires_in"),
        (Provider::GoTo, "token_type", "expires_in"),
    ] {
        let site = emulator.site(provider);
        let (answer, _) = play_malformed(site, Malformed::DuplicateMembers).await;
        let text = answer.text().await.unwrap();
        assert_eq!(text.matches("\"access_token\":").count(), 2);
        let (answer, _) = play_malformed(site, Malformed::TokenType("mac".to_owned())).await;
        let body = answer.json::<Value>().await.unwrap();
        assert_eq!(body[token_type], "mac");
        let token = body["access_token"].as_str().unwrap();
        assert!(send(plain_call(site).bearer_auth(token)).await.0 < 300);
        for odd in ["\"3600\"", "-1", "null", "1e400", "oops"] {
            let how = Malformed::ExpiresIn(odd.to_owned());
            let text = play_malformed(site, how).await.0.text().await.unwrap();
            assert!(text.contains(&format!("\"{expires_in}\":{odd}")), "{text}");
        }
    }
}

#[tokio::test]
async fn faults_are_played_as_often_as_asked_and_for_the_operation_asked() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTo);
    let token = token(site).await;
    let me = || plain_call(site).bearer_auth(&token);
    site.inject(Endpoint::Api, Fault::Unavailable.times(2));
    for expected in [503, 503, 200] {
        assert_eq!(send(me()).await.0, expected);
    }
    site.inject(Endpoint::Api, Fault::Unavailable.forever());
    for _ in 0..4 {
        assert_eq!(send(me()).await.0, 503);
    }
    site.clear_faults();
    site.inject(Endpoint::Api, Fault::Unavailable.on_operation("getWebinar"));
    assert_eq!(send(me()).await.0, 200);
    site.clear_faults();
    site.inject(Endpoint::Api, Fault::Unavailable.on_operation("getMe"));
    assert_eq!(send(me()).await.0, 503);
    assert_eq!(site.counters().faults_played, 7);
    assert_eq!(site.counters().operations["getMe"], 9);
}
