//! Renewals that are forced, refused, or left behind by a process that died.

use std::time::Duration;

use auth_layer::store::{Entry, State, Version};
use auth_layer::{FileStore, TokenStore};
use emulator::{Endpoint, RefreshTokenMode, Site};

use crate::support::{Home, answer, emulator, visit};

/// A home with a sign-in at a provider where a refresh token that is sent twice ends the sign-in.
async fn strict(site: &Site) -> Home {
    let mut home = Home::empty();
    home.set("ACME_CLIENT_SECRET", site.credentials().secret());
    home.configure(&format!(
        "[providers.acme]\nclient_id = \"{}\"\ntoken_url = \"{}\"\nauthorize_url = \"{}\"\nreplay = \"kills-family\"\n",
        site.credentials().id(),
        site.token_url(),
        site.authorize_url().unwrap(),
    ));
    let mut login = home.start(&["login", "acme", "--no-browser"]);
    let page = login.page().await;
    let tokens =
        r#"{"access_token":"the-first","token_type":"Bearer","expires_in":3600,"refresh_token":"r1"}"#;
    site.inject(Endpoint::Token, answer(200, tokens));
    visit(&site.approve(&page).unwrap()).await;
    login.end().await.ended_with(0);
    home
}

/// Leaves the mark of a process that died in the middle of a renewal.
async fn leave_a_mark(home: &Home, lease: Duration) {
    let store = FileStore::new(home.store());
    let (key, record) = store.list().await.unwrap().pop().unwrap();
    let record = record.unwrap();
    let redeemed = record.entry.obtained;
    let mut entry: Entry = record.entry;
    entry.state = State::Redeeming { holder: "one that died".to_owned(), lease };
    entry.redeemed = redeemed;
    let version: Version = record.version;
    store.compare_exchange(&key, Some(version), entry).await.unwrap().unwrap();
}

#[tokio::test]
async fn renew_gets_a_new_token_though_the_stored_one_is_good() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    site.set_refresh_token_mode(RefreshTokenMode::Rotate);
    home.sign_in(&site).await.ended_with(0);
    let first = home.run(&["token", "goto"]).await.ended_with(0).out;
    let second = home.run(&["token", "goto", "--renew"]).await.ended_with(0).out;
    assert_ne!(first, second);
    assert_eq!(site.counters().refreshes, 1);
    let header = home.run(&["header", "goto", "--renew"]).await.ended_with(0).out;
    assert_eq!(site.counters().refreshes, 2);
    // The new token and the new refresh token are stored.
    let stored = home.run(&["token", "goto"]).await.ended_with(0).out;
    assert_eq!(header, format!("Authorization: Bearer {stored}"));
    home.kept_quiet_about(&[&site.refresh_token().unwrap(), stored.trim_end()]);
}

#[tokio::test]
async fn status_knows_of_a_refused_renewal_at_once() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    home.sign_in(&site).await.ended_with(0);
    site.revoke_refresh_token();
    home.run(&["token", "goto"]).await.ended_with(0);
    home.run(&["token", "goto", "--renew"]).await.ended_with(3).told(&["sign in: tokenctl login goto"]);
    let ran = home.run(&["status"]).await.ended_with(3);
    ran.showed(&["sign in again: the provider ended it (invalid_grant)"]).told(&["has to sign in"]);
    let ran = home.run(&["doctor"]).await.ended_with(3);
    ran.showed(&[
        "bad   goto: account default has to sign in again: the provider ended it",
        "tokenctl login goto",
    ]);
}

#[tokio::test]
async fn token_says_what_it_waits_for_and_how_long() {
    let (_emulator, site) = emulator().await;
    let home = strict(&site).await;
    leave_a_mark(&home, Duration::from_secs(4)).await;
    let asked = site.counters().token_requests;
    let ran = home.run(&["token", "acme"]).await.ended_with(3);
    ran.told(&[
        "another process is renewing this sign-in, or died while it did; waiting up to 2 s",
        "the answer to the refresh was lost",
        "sign in: tokenctl login acme",
    ]);
    assert_eq!(site.counters().token_requests, asked, "the token is not sent again");
}

#[tokio::test]
async fn a_mark_that_was_left_is_judged_by_the_replay_rule() {
    let (_emulator, site) = emulator().await;
    let home = strict(&site).await;
    leave_a_mark(&home, Duration::from_secs(100)).await;
    let ran = home.run(&["status"]).await.ended_with(0);
    ran.showed(&[
        "renewing: if the process that renews it has died, a person has to sign in again; that is known in",
    ]);
    home.run(&["doctor"]).await.showed(&["note  acme: account default is being renewed: if the process"]);
    leave_a_mark(&home, Duration::ZERO).await;
    let lost = "the answer to its last renewal was lost, and acme revokes a refresh token that is used twice";
    home.run(&["status"]).await.ended_with(3).showed(&[&format!("sign in again: {lost}")]);
    let bad = format!("bad   acme: account default has to sign in again: {lost}");
    home.run(&["doctor"]).await.ended_with(3).showed(&[&bad]);
    home.run(&["token", "acme"]).await.ended_with(3);
    // It is the same for an account that the configuration does not name.
    let mut home = home;
    home.set("ACME_ACCOUNT", "kitchen");
    home.set("ACME_CLIENT_ID", "another-client");
    home.run(&["status"]).await.ended_with(3).showed(&["not signed in", &format!("sign in again: {lost}")]);
}

#[tokio::test]
async fn a_mark_of_another_token_url_is_judged_alike_by_every_command() {
    let (_emulator, site) = emulator().await;
    let mut home = strict(&site).await;
    leave_a_mark(&home, Duration::ZERO).await;
    home.set("ACME_TOKEN_URL", format!("{}/moved", site.token_url()));
    for arguments in [&["status"][..], &["token", "acme"], &["doctor", "acme"]] {
        let ran = home.run(arguments).await.ended_with(4);
        assert!(
            format!("{}{}", ran.out, ran.err).contains("it is from the token URL"),
            "{}{}",
            ran.out,
            ran.err
        );
    }
}
