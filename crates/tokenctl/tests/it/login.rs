//! `login`: by the browser, by a pasted address, by a device; and refusals.

use std::time::Duration;

use emulator::{Endpoint, Fault};

use crate::support::{Home, answer, emulator, set_mode, visit};

#[tokio::test]
async fn the_browser_comes_back_and_the_sign_in_is_kept() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    let ran = home.sign_in(&site).await.ended_with(0);
    assert_eq!(ran.out, "", "nothing was asked for on standard output");
    let who = "Signed in to goto as organizer@example.com.";
    ran.told(&[
        who,
        "access token   good for 59 min",
        "refresh token  good for 30 d",
        "GOTO_ACCOUNT=default",
        "from_env()",
    ]);
    assert_eq!(home.records().len(), 1);
    assert_eq!(site.counters().codes_redeemed, 1);
    let token = home.run(&["token", "goto"]).await.ended_with(0).out;
    home.kept_quiet_about(&[site.credentials().secret(), &site.refresh_token().unwrap(), token.trim_end()]);
}

#[tokio::test]
async fn over_ssh_the_last_address_is_pasted() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    let mut login = home.start(&["login", "goto", "--no-browser", "--scope", "collab:"]);
    let page = login.page().await;
    let last = site.approve(&page).unwrap();
    login.paste("").await;
    login.paste("http://127.0.0.1:1/callback/goto?code=stolen&state=guessed").await;
    login.line(|line| line.contains("not the answer to this sign-in")).await;
    login.paste(&format!("  {last}  ")).await;
    let ran = login.end().await.ended_with(0).told(&["Copy that page's whole address", "collab:"]);
    assert!(!ran.err.contains("opens this page"), "no browser was wanted");
    assert_eq!(site.counters().codes_redeemed, 1, "the wrong code was not sent");
    let code = last.split("code=").nth(1).unwrap().split('&').next().unwrap();
    home.kept_quiet_about(&[code]);
}

#[tokio::test]
async fn closed_standard_input_does_not_end_a_sign_in() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    let mut login = home.start(&["login", "goto", "--no-browser"]);
    login.close();
    let page = login.page().await;
    visit(&site.approve(&page).unwrap()).await;
    login.end().await.ended_with(0);
}

#[cfg(unix)]
#[tokio::test]
async fn the_system_browser_is_opened_at_the_page() {
    let (_emulator, site) = emulator().await;
    let mut home = Home::of(&site);
    let seen = home.folder.path().join("seen");
    let script = format!("#!/bin/sh\nprintf '%s' \"$1\" > {0}.part && mv {0}.part {0}\n", seen.display());
    let browser = home.write("browser", &script);
    set_mode(&browser, 0o700);
    home.set("BROWSER", browser.to_str().unwrap());
    let mut login = home.start(&["login", "goto"]);
    let page = login.page().await;
    // The browser runs beside the program: it is done at the latest when this one is.
    while !seen.exists() {
        tokio::task::yield_now().await;
    }
    assert_eq!(std::fs::read_to_string(&seen).unwrap(), page);
    visit(&site.approve(&page).unwrap()).await;
    login.end().await.ended_with(0).told(&["Your browser opens this page"]);
}

#[tokio::test]
async fn accounts_are_kept_apart() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    let mut login = home.start(&["login", "goto", "--no-browser", "--account", "reception"]);
    let page = login.page().await;
    visit(&site.approve(&page).unwrap()).await;
    login.end().await.ended_with(0).told(&["account reception", "GOTO_ACCOUNT=reception"]);
    home.run(&["token", "goto", "--account", "reception"]).await.ended_with(0);
    let other = home.run(&["token", "goto"]).await.ended_with(3);
    other.told(&["tokenctl login goto"]);
}

#[tokio::test]
async fn a_refused_sign_in_leaves_nothing_behind() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    let mut login = home.start(&["login", "goto", "--no-browser"]);
    let page = login.page().await;
    visit(&site.deny(&page).unwrap()).await;
    login.end().await.ended_with(7).told(&["access_denied"]);
    assert!(home.records().is_empty());
}

#[tokio::test]
async fn the_wait_for_a_person_ends_at_its_timeout() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    let ran = home.run(&["login", "goto", "--no-browser", "--timeout", "1s"]).await.ended_with(7);
    ran.told(&[
        "waiting for the sign-in, 0:01 left",
        "no sign-in was completed within 1 s; nothing was kept",
    ]);
    assert!(home.records().is_empty());
}

#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_leaves_nothing_behind() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    let mut login = home.start(&["login", "goto", "--no-browser"]);
    login.line(|line| line.contains("waiting for the sign-in, 5:00 left")).await;
    login.interrupt().await;
    login.end().await.ended_with(130).told(&["interrupted; nothing was kept"]);
    assert!(!home.store().exists(), "not even the folder");
}

#[tokio::test]
async fn nothing_is_kept_of_a_refused_code() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    let mut login = home.start(&["login", "goto", "--no-browser"]);
    let page = login.page().await;
    let last = site.approve(&page).unwrap();
    site.inject(Endpoint::Token, Fault::status(503));
    visit(&last).await;
    login.end().await.ended_with(6).told(&["503"]);
    assert!(home.records().is_empty());
}

#[tokio::test]
async fn a_device_shows_a_code_and_waits() {
    let (_emulator, site) = emulator().await;
    site.offer_device_sign_in(true);
    let mut home = Home::of(&site);
    home.set("GOTO_DEVICE_URL", site.device_url().unwrap());
    let mut login = home.start(&["login", "goto", "--device", "--no-browser"]);
    login.page().await;
    let line = login.line(|line| line.contains("the code is ")).await;
    assert!(site.approve_device(line.rsplit(' ').next().unwrap()), "{line}");
    login.end().await.ended_with(0).told(&["Signed in to goto as organizer@example.com."]);
    assert_eq!(site.counters().device_codes_redeemed, 1);
    assert_eq!(home.records().len(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_between_polls_leaves_nothing_behind() {
    let (_emulator, site) = emulator().await;
    site.offer_device_sign_in(true);
    let mut home = Home::of(&site);
    home.set("GOTO_DEVICE_URL", site.device_url().unwrap());
    let mut login = home.start(&["login", "goto", "--device", "--no-browser"]);
    login.line(|line| line.contains("waiting for the sign-in")).await;
    login.interrupt().await;
    login.end().await.ended_with(130).told(&["interrupted; nothing was kept"]);
    assert!(home.records().is_empty());
}

#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_waits_for_a_running_poll() {
    let (_emulator, site) = emulator().await;
    site.offer_device_sign_in(true);
    let mut home = Home::of(&site);
    home.set("GOTO_DEVICE_URL", site.device_url().unwrap());
    site.inject(Endpoint::Token, Fault::Delay(Duration::from_secs(1)));
    let mut login = home.start(&["login", "goto", "--device", "--no-browser"]);
    login.page().await;
    let line = login.line(|line| line.contains("the code is ")).await;
    assert!(site.approve_device(line.rsplit(' ').next().unwrap()), "{line}");
    while site.counters().token_requests == 0 {
        tokio::task::yield_now().await;
    }
    login.interrupt().await;
    // The code is used up by then: what came for it is kept.
    login.end().await.ended_with(0).told(&["one moment: a token request is running", "Signed in to goto"]);
    assert_eq!((site.counters().device_codes_redeemed, home.records().len()), (1, 1));
}

#[tokio::test]
async fn a_sign_in_ends_with_what_a_service_needs() {
    let (_emulator, site) = emulator().await;
    let mut home = Home::of(&site);
    let file = home.write("sealing.key", &"5a".repeat(32));
    let url = home.take("GOTO_TOKEN_URL");
    home.set("GOTO_REFRESH_TOKEN", "r3fr3sh-of-before");
    home.set("AUTH_LAYER_STORE_KEY", "6b".repeat(32));
    home.configure(&format!(
        "[store]\nkey_file = \"{}\"\n[providers.goto]\ntoken_url = \"{url}\"\n",
        file.display()
    ));
    let ran = home.sign_in(&site).await.ended_with(0);
    ran.told(&[
        "\n  export GOTO_ACCOUNT=default\n",
        &format!("\n  export AUTH_LAYER_STORE={}\n", home.store().display()),
        "\n  export AUTH_LAYER_STORE_KEY\n",
        &format!("\n  export AUTH_LAYER_STORE_KEY_FILE={}\n", file.display()),
        &format!("\n  export GOTO_TOKEN_URL={url}\n"),
        &format!("\n  export GOTO_ADMIN_URL={}\n", home.variable("GOTO_ADMIN_URL")),
        &format!("\n  export GOTO_CLIENT_ID={}\n", site.credentials().id()),
        "\n  unset GOTO_REFRESH_TOKEN    # it would be used in place of this sign-in\n",
        "and the client's secret in GOTO_CLIENT_SECRET",
        "`Client::from_env()` finds the sign-in in that store",
    ]);
    home.kept_quiet_about(&[&"6b".repeat(32), &"5a".repeat(32), "r3fr3sh-of-before"]);
}

#[tokio::test]
async fn a_missing_sign_in_page_is_a_mistake() {
    let (emulator, site) = emulator().await;
    let home = Home::of(&site);
    home.run(&["login", "goto", "--device"]).await.ended_with(4).told(&["GOTO_DEVICE_URL"]);
    let home = Home::of(emulator.site(emulator::Provider::GbgGo));
    home.run(&["login", "gbg-go"]).await.ended_with(4).told(&["needs no sign-in"]);
    home.configure("[providers.gbg-go]\ngrant = \"client-credentials\"\n");
    let ran = home.run(&["login", "gbg-go"]).await.ended_with(4);
    ran.told(&["gbg-go needs no sign-in: its grant is client-credentials", "tokenctl token gbg-go"]);
}

#[tokio::test]
async fn a_secret_is_asked_for_only_at_a_terminal() {
    let (_emulator, site) = emulator().await;
    let mut home = Home::of(&site);
    home.unset("GOTO_CLIENT_SECRET");
    let ran = home.run(&["login", "goto", "--no-browser"]).await.ended_with(4);
    ran.told(&["the client's secret is not known", "set GOTO_CLIENT_SECRET, or client_secret_file"]);
    assert_eq!(site.counters().sign_in_requests, 0);
}

#[tokio::test]
async fn a_sign_in_whose_access_token_cannot_be_used_is_kept() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    for body in [
        r#"{"access_token":"","token_type":"Bearer","refresh_token":"the-one-refresh-token"}"#,
        r#"{"refresh_token":"the-one-refresh-token","access_token":"a-token-that-bro"#,
    ] {
        let mut login = home.start(&["login", "goto", "--no-browser"]);
        let page = login.page().await;
        site.inject(Endpoint::Token, answer(200, body));
        visit(&site.approve(&page).unwrap()).await;
        login.end().await.ended_with(1).told(&["the sign-in was kept; `tokenctl token goto`"]);
        assert_eq!(home.records().len(), 1);
        // The refresh token is what the next command goes on with.
        site.inject(Endpoint::Token, answer(200, r#"{"access_token":"another-one","expires_in":35999.413}"#));
        let token = home.run(&["token", "goto"]).await.ended_with(0);
        assert_eq!(token.out, "another-one\n");
        home.run(&["status"]).await.ended_with(0);
        std::fs::remove_file(&home.records()[0]).unwrap();
    }
    home.kept_quiet_about(&["the-one-refresh-token", "a-token-that-bro"]);
}

#[tokio::test]
async fn a_device_whose_access_token_cannot_be_used_is_kept() {
    let (_emulator, site) = emulator().await;
    site.offer_device_sign_in(true);
    let mut home = Home::of(&site);
    home.set("GOTO_DEVICE_URL", site.device_url().unwrap());
    site.inject(
        Endpoint::Token,
        answer(200, r#"{"token_type":"Bearer","refresh_token":"the-one-refresh-token"}"#),
    );
    let login = home.start(&["login", "goto", "--device", "--no-browser"]);
    login.end().await.ended_with(1).told(&["the sign-in was kept"]);
    assert_eq!(home.records().len(), 1);
    home.kept_quiet_about(&["the-one-refresh-token"]);
}
