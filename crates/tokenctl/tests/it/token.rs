//! `token` and `header`: one line, and nothing else.

use std::time::Duration;

use emulator::{Emulator, Endpoint, Fault, Provider, RefreshTokenMode};

use crate::support::{Home, emulator};

#[tokio::test]
async fn a_token_is_one_line_and_nothing_else() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    home.sign_in(&site).await.ended_with(0);
    let token = home.run(&["token", "goto"]).await.ended_with(0);
    assert_eq!(token.err, "");
    let bare = token.out.strip_suffix('\n').unwrap();
    assert!(!bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_graphic()), "{bare:?}");
    let header = home.run(&["header", "goto"]).await.ended_with(0);
    assert_eq!((header.out.as_str(), header.err.as_str()), (&*format!("Authorization: Bearer {bare}\n"), ""));
    // The one that the sign-in brought is still good.
    assert_eq!(site.counters().refreshes, 0);
}

#[tokio::test]
async fn an_old_token_is_renewed_and_the_new_one_is_kept() {
    // The program lives by the machine's clock: a token that ends soon is not worth taking over.
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    site.set_token_lifetime(Some(Duration::from_secs(5)));
    home.sign_in(&site).await.ended_with(0);
    site.set_token_lifetime(None);
    site.set_refresh_token_mode(RefreshTokenMode::Rotate);
    let first = home.run(&["token", "goto"]).await.ended_with(0).out;
    assert_eq!(site.counters().refreshes, 1);
    // The second run takes what the first one left.
    assert_eq!(home.run(&["token", "goto"]).await.ended_with(0).out, first);
    assert_eq!((site.counters().refreshes, site.counters().rotations), (1, 1));
    home.kept_quiet_about(&[&site.refresh_token().unwrap(), first.trim_end()]);
}

#[tokio::test]
async fn a_client_of_its_own_needs_no_sign_in() {
    let emulator = Emulator::builder().start().await.unwrap();
    for provider in [Provider::GoTab, Provider::GbgGo, Provider::Octotable] {
        let site = emulator.site(provider);
        let home = Home::of(site);
        let ran = home.run(&["token", provider.slug()]).await.ended_with(0);
        assert_eq!((ran.out.lines().count(), ran.err.as_str()), (1, ""));
        assert_eq!(site.counters().tokens_issued, 1);
        assert!(home.records().is_empty());
        home.kept_quiet_about(&[site.credentials().secret()]);
    }
}

#[tokio::test]
async fn a_named_account_gets_no_other_identity() {
    let emulator = Emulator::builder().start().await.unwrap();
    let site = emulator.site(Provider::GoTab);
    let mut home = Home::of(site);
    home.run(&["token", "gotab"]).await.ended_with(0);
    assert_eq!(site.counters().token_requests, 1);
    let by_flag = home.run(&["token", "gotab", "--account", "bob"]).await.ended_with(3);
    assert_eq!(by_flag.told(&["tokenctl login gotab --account bob"]).out, "");
    home.run(&["header", "gotab", "--account", "default"]).await.ended_with(3);
    home.configure("[providers.gotab]\naccount = \"bob\"\n");
    home.run(&["token", "gotab"]).await.ended_with(3).told(&["tokenctl login gotab --account bob"]);
    home.run(&["status"]).await.ended_with(3).showed(&["bob", "not signed in"]);
    home.configure("");
    home.set("GOTAB_ACCOUNT", "bob");
    home.run(&["token", "gotab"]).await.ended_with(3).told(&["tokenctl login gotab --account bob"]);
    assert_eq!(site.counters().token_requests, 1, "the client's own token was not asked for");
}

#[tokio::test]
async fn an_account_needs_a_sign_in_page() {
    let emulator = Emulator::builder().start().await.unwrap();
    let site = emulator.site(Provider::GbgGo);
    let ran = Home::of(site).run(&["token", "gbg-go", "--account", "bob"]).await.ended_with(4);
    assert_eq!(ran.told(&["there is no account bob", "leave out --account"]).out, "");
    assert_eq!(site.counters().token_requests, 0);
}

#[cfg(unix)]
#[tokio::test]
async fn the_second_ctrl_c_ends_a_token_request() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    site.set_token_lifetime(Some(Duration::from_secs(5)));
    home.sign_in(&site).await.ended_with(0);
    site.inject(Endpoint::Token, Fault::Hang);
    let asked = site.counters().token_requests;
    let mut token = home.start(&["token", "goto"]);
    while site.counters().token_requests == asked {
        tokio::task::yield_now().await;
    }
    token.interrupt().await;
    token.line(|line| line.contains("one moment: a token request is running")).await;
    token.interrupt().await;
    let ran = token.end().await.ended_with(130).told(&["a new token may be lost"]);
    assert_eq!(ran.out, "");
}

#[tokio::test]
async fn without_a_sign_in_nothing_is_printed() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    for command in ["token", "header"] {
        let ran = home.run(&[command, "goto"]).await.ended_with(3);
        assert_eq!(ran.out, "");
        let looked_for = format!(
            "goto: no sign-in is stored for client {}, account default, any scope, in {}",
            site.credentials().id(),
            home.store().display()
        );
        ran.told(&[&looked_for, "there is no other sign-in of goto", "to sign in: tokenctl login goto"]);
    }
    assert_eq!(site.counters().token_requests, 0);
}

#[tokio::test]
async fn an_ended_sign_in_is_shown_and_remembered() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    site.set_token_lifetime(Some(Duration::from_secs(5)));
    home.sign_in(&site).await.ended_with(0);
    site.revoke_refresh_token();
    home.run(&["token", "goto"]).await.ended_with(3).told(&["invalid_grant", "tokenctl login goto"]);
    let asked = site.counters().token_requests;
    home.run(&["token", "goto"]).await.ended_with(3);
    assert_eq!(site.counters().token_requests, asked, "a dead token is not sent twice");
    let status = home.run(&["status"]).await.ended_with(3);
    status.showed(&["sign in again: the provider ended it (invalid_grant)"]);
    // A new sign-in mends it.
    home.sign_in(&site).await.ended_with(0);
    home.run(&["token", "goto"]).await.ended_with(0);
}

#[tokio::test]
async fn closed_standard_output_causes_no_message() {
    let ran = Home::empty().run_unheard(&["completions", "bash"]).await;
    assert_eq!((ran.code, ran.err.as_str()), (1, ""));
}
