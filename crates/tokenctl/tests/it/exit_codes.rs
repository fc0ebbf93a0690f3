//! The exit codes, one by one, and the help that lists them.

use std::time::Duration;

use emulator::{Endpoint, Fault, Provider};

use crate::support::{Home, answer, emulator, set_mode};

#[tokio::test]
async fn exit_code_0_means_success() {
    let ran = Home::empty().run(&["--help"]).await.ended_with(0);
    ran.showed(&[
        "0    the command succeeded",
        "1    it",
        "2    wrong",
        "3    a",
        "4    the",
        "5    the",
        "6    the",
        "7    the",
        "130  ",
    ]);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        Home::empty().run(&["completions", shell]).await.ended_with(0).showed(&["tokenctl", "doctor"]);
    }
}

#[tokio::test]
async fn exit_code_1_is_for_all_other_failures() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/callback", taken.local_addr().unwrap());
    home.configure(&format!("[providers.goto]\nredirect_uri = \"{address}\"\n"));
    let ran = home.run(&["login", "goto", "--no-browser"]).await.ended_with(1);
    ran.told(&[&format!("cannot listen at the redirect URI {address}"), "Address already in use"]);
}

#[tokio::test]
async fn exit_code_2_is_for_wrong_use() {
    for wrong in [&["login"][..], &["token"], &["login", "goto", "--timeout", "soon"], &["frobnicate"], &[]] {
        let ran = Home::empty().run(wrong).await.ended_with(2);
        assert_eq!(ran.out, "");
    }
    for long in ["18446744073709551615", "25h", "2d"] {
        let ran = Home::empty().run(&["login", "goto", "--timeout", long]).await.ended_with(2);
        ran.told(&["is longer than a day"]);
    }
    let secret = ["login", "goto", "--client-secret", "s3cr3t"];
    Home::empty().run(&secret).await.ended_with(2).told(&["unexpected argument '--client-secret'"]);
}

#[tokio::test]
async fn exit_code_3_means_that_a_person_has_to_sign_in() {
    let (_emulator, site) = emulator().await;
    Home::of(&site).run(&["token", "goto"]).await.ended_with(3).told(&["tokenctl login goto"]);
}

#[tokio::test]
async fn te04_exit_code_3_is_for_a_dead_grant_under_each_of_its_names() {
    let (_emulator, site) = emulator().await;
    // An access token that ends soon is not worth taking over, so that each run refreshes.
    site.set_token_lifetime(Some(Duration::from_secs(5)));
    for (status, body) in [
        (400, r#"{"error":"invalid_grant"}"#),
        (200, r#"{"error":"bad_refresh_token"}"#),
        (400, r#"{"status":"BAD_REFRESH_TOKEN","message":"missing or invalid refresh token"}"#),
        (200, r#"{"ok":false,"error":"invalid_refresh_token"}"#),
        (400, r#"{"error":"interaction_required"}"#),
        (200, r#"{"error":"invalid_code"}"#),
    ] {
        let home = Home::of(&site);
        home.sign_in(&site).await.ended_with(0);
        site.inject(Endpoint::Token, answer(status, body));
        let before = site.counters().token_requests;
        home.run(&["token", "goto"]).await.ended_with(3).told(&["tokenctl login goto"]);
        // The store knows, so that the next run asks the provider nothing.
        home.run(&["token", "goto"]).await.ended_with(3).told(&["tokenctl login goto"]);
        assert_eq!(site.counters().token_requests, before + 1, "{body}");
    }
}

#[tokio::test]
async fn exit_code_4_is_for_the_configuration_and_the_client() {
    Home::empty().run(&["token", "goto"]).await.ended_with(4).told(&["set GOTO_CLIENT_ID"]);
    Home::empty()
        .run(&["token", "unheard-of"])
        .await
        .ended_with(4)
        .told(&["no provider is called unheard-of"]);
    let (emulator, _) = emulator().await;
    let site = emulator.site(Provider::GbgGo);
    let mut home = Home::of(site);
    home.set("GBG_GO_CLIENT_SECRET", "not-this-one");
    let ran = home.run(&["token", "gbg-go"]).await.ended_with(4).told(&["invalid_client"]);
    assert!(!ran.err.contains("not-this-one"));
}

#[cfg(unix)]
#[tokio::test]
async fn exit_code_5_is_for_the_store() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    home.sign_in(&site).await.ended_with(0);
    set_mode(&home.store(), 0o777);
    for command in
        [&["token", "goto"][..], &["login", "goto", "--no-browser"], &["logout", "goto"], &["status"]]
    {
        home.run(command).await.ended_with(5).told(&["open to other users"]);
    }
    assert_eq!(site.counters().revocations, 0);
}

#[tokio::test]
async fn exit_code_6_is_for_trouble_that_may_pass() {
    let (emulator, _) = emulator().await;
    let site = emulator.site(Provider::GbgGo);
    let mut home = Home::of(site);
    site.inject(Endpoint::Token, Fault::status(503));
    home.run(&["token", "gbg-go"]).await.ended_with(6).told(&["503", "try again later"]);
    home.set("GBG_GO_TOKEN_URL", "http://127.0.0.1:1/token");
    home.run(&["token", "gbg-go"]).await.ended_with(6);
}

#[tokio::test]
async fn exit_code_7_is_for_a_failed_sign_in() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    let run = home.run(&["login", "goto", "--no-browser", "--timeout", "1s"]);
    run.await.ended_with(7).told(&["--timeout gives more time"]);
}
