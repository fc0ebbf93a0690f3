//! `doctor`: its findings and its advice.

use emulator::{Endpoint, Fault};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{Home, emulator, set_mode};

#[tokio::test]
async fn a_good_setup_has_no_bad_finding() {
    let (_emulator, site) = emulator().await;
    let mut home = Home::of(&site);
    home.set("AUTH_LAYER_STORE_KEY", "6c".repeat(32));
    home.configure("");
    home.sign_in(&site).await.ended_with(0);
    site.reset_counters();
    let ran = home.run(&["doctor"]).await.ended_with(0);
    assert_eq!(ran.err, "");
    assert!(!ran.out.contains("bad"), "{}", ran.out);
    ran.showed(&[
        "config.toml is read",
        "new records are sealed with key",
        "can be read; 1 record\n",
        "can be written to",
        "account default is signed in",
        "its secret is in GOTO_CLIENT_SECRET",
        "to an empty request, as it should",
        "this machine and the provider agree",
    ]);
    // The one request carries no secret, and nothing is renewed by it.
    let counters = site.counters();
    assert_eq!((counters.token_requests, counters.tokens_issued), (1, 0));
    let all = format!("{:?}", site.requests());
    assert!(!all.contains(site.credentials().secret()) && !all.contains("Basic"), "{all}");
    home.kept_quiet_about(&[site.credentials().secret(), &site.refresh_token().unwrap(), &"6c".repeat(32)]);
}

#[tokio::test]
async fn a_configuration_that_cannot_be_read_is_the_first_finding() {
    let home = Home::empty();
    home.configure("[store]\nfodler = \"x\"\n");
    let ran = home.run(&["doctor"]).await.ended_with(4);
    ran.showed(&["bad   configuration:", "config.toml:2:1: unknown field `fodler`"])
        .told(&["some checks failed"]);
}

#[cfg(unix)]
#[tokio::test]
async fn modes_that_let_others_in_are_found() {
    let (_emulator, site) = emulator().await;
    let mut home = Home::of(&site);
    let secret = home.take("GOTO_CLIENT_SECRET");
    let file = home.write(".config/tokenctl/goto.secret", &secret);
    let config = home.configure("[providers.goto]\nclient_secret_file = \"goto.secret\"\n");
    home.run(&["doctor"]).await.ended_with(0).showed(&["its secret is in "]);
    set_mode(&file, 0o644);
    let ran = home.run(&["doctor"]).await.ended_with(4);
    ran.showed(&["holds a secret and is open to others", "chmod 600 "]);
    set_mode(&file, 0o600);
    set_mode(&config, 0o622);
    home.run(&["doctor"]).await.ended_with(4).showed(&["can be changed by others", "chmod go-w "]);
    set_mode(&config, 0o600);
    std::fs::write(&file, " \t\n").unwrap();
    home.run(&["doctor"]).await.ended_with(4).showed(&["goto.secret has no visible character", "write the"]);
    std::fs::remove_file(&file).unwrap();
    home.run(&["doctor"]).await.ended_with(4).showed(&["goto.secret cannot be read: No such file"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_store_that_cannot_be_read_is_found() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    home.sign_in(&site).await.ended_with(0);
    let record = home.records().pop().unwrap();
    let good = std::fs::read(&record).unwrap();
    std::fs::write(&record, "{").unwrap();
    let ran = home.run(&["doctor"]).await.ended_with(5);
    ran.showed(&["a record cannot be read", record.to_str().unwrap()]);
    std::fs::write(&record, good).unwrap();
    set_mode(&home.store(), 0o777);
    home.run(&["doctor"]).await.ended_with(5).showed(&["open to other users"]);
}

#[tokio::test]
async fn records_from_before_the_key_are_noted() {
    let (_emulator, site) = emulator().await;
    let mut home = Home::of(&site);
    home.sign_in(&site).await.ended_with(0);
    let ran = home.run(&["doctor"]).await.ended_with(0).showed(&["tokens are not sealed;"]);
    assert!(!ran.out.contains("not sealed yet"), "{}", ran.out);
    home.set("AUTH_LAYER_STORE_KEY", "6c".repeat(32));
    home.run(&["doctor"]).await.ended_with(0).showed(&["note", "the tokens of 1 of them are not sealed yet"]);
    home.sign_in(&site).await.ended_with(0);
    let ran = home.run(&["doctor"]).await.ended_with(0);
    assert!(!ran.out.contains("not sealed"), "{}", ran.out);
}

#[tokio::test]
async fn an_invalid_key_is_found() {
    let mut home = Home::empty();
    home.set("AUTH_LAYER_STORE_KEY", "not-a-key");
    let ran = home.run(&["doctor"]).await.ended_with(4).showed(&["AUTH_LAYER_STORE_KEY", "32 bytes"]);
    assert!(!ran.out.contains("not-a-key"));
}

#[tokio::test]
async fn an_endpoint_in_trouble_or_out_of_reach_is_found() {
    let (_emulator, site) = emulator().await;
    let mut home = Home::of(&site);
    site.inject(Endpoint::Token, Fault::status(503));
    home.run(&["doctor", "goto"]).await.ended_with(6).showed(&["answers 503: the provider is in trouble"]);
    home.set("GOTO_TOKEN_URL", format!("{}/nowhere", site.auth_url()));
    home.run(&["doctor", "goto"]).await.ended_with(4).showed(&["answers 404", "check the token URL"]);
    home.set("GOTO_TOKEN_URL", "http://127.0.0.1:1/token");
    home.run(&["doctor", "goto"]).await.ended_with(6).showed(&["cannot be reached", "refused"]);
}

#[tokio::test]
async fn a_query_of_the_token_url_is_not_shown() {
    let (_emulator, site) = emulator().await;
    let mut home = Home::of(&site);
    site.inject(Endpoint::Token, Fault::status(503));
    home.set("GOTO_TOKEN_URL", format!("{}?key=s3cr3t", site.token_url()));
    home.run(&["doctor", "goto"]).await.ended_with(6).showed(&["answers 503"]);
    home.set("GOTO_TOKEN_URL", "http://127.0.0.1:1/token?key=s3cr3t");
    home.run(&["doctor", "goto"]).await.ended_with(6).showed(&["cannot be reached"]);
    home.kept_quiet_about(&["s3cr3t"]);
}

#[tokio::test]
async fn a_wrong_clock_is_found() {
    let (_emulator, site) = emulator().await;
    let mut home = Home::of(&site);
    home.set("GOTO_TOKEN_URL", answering("400 Bad Request", "Date: Mon, 01 Jan 2001 00:00:00 GMT\r\n").await);
    let ran = home.run(&["doctor", "goto"]).await.ended_with(1);
    ran.showed(&["bad   clock: this machine is ", " ahead of the provider", "NTP"]);
    home.set("GOTO_TOKEN_URL", answering("400 Bad Request", "").await);
    home.run(&["doctor", "goto"]).await.ended_with(0).showed(&["no date to compare with"]);
}

#[tokio::test]
async fn a_redirect_of_the_endpoint_is_not_followed() {
    let (_emulator, site) = emulator().await;
    let mut home = Home::of(&site);
    let elsewhere = format!("Location: {}\r\n", site.token_url());
    home.set("GOTO_TOKEN_URL", answering("307 Temporary Redirect", &elsewhere).await);
    home.run(&["doctor", "goto"]).await.ended_with(4).showed(&["a redirect, which is not followed"]);
    assert_eq!(site.counters().token_requests, 0);
}

#[tokio::test]
async fn a_client_without_id_or_secret_is_found() {
    let (_emulator, site) = emulator().await;
    let mut home = Home::of(&site);
    home.unset("GOTO_CLIENT_SECRET");
    home.run(&["doctor", "goto"]).await.ended_with(4).showed(&["the client's secret is not known"]);
    home.unset("GOTO_CLIENT_ID");
    home.run(&["doctor", "goto"]).await.ended_with(4).showed(&["the client's id is not known"]);
}

/// A token endpoint that gives one answer, with these headers.
async fn answering(status: &str, headers: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    let answer = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n");
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = [0; 4096];
        let _ = stream.read(&mut head).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
    });
    url
}
