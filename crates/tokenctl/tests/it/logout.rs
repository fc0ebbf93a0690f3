//! `logout`: revoked there, deleted here.

use emulator::{Endpoint, Fault};

use crate::support::{Home, emulator};

#[tokio::test]
async fn rv03_signing_out_revokes_and_then_deletes() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    home.sign_in(&site).await.ended_with(0);
    let refresh_token = site.refresh_token().unwrap();
    let ran = home.run(&["logout", "goto"]).await.ended_with(0);
    assert_eq!(ran.out, "");
    ran.told(&["Signed out of goto, account default.", "revoked there and deleted here"]);
    assert_eq!((site.counters().revocations, site.counters().tokens_revoked), (1, 1));
    home.run(&["token", "goto"]).await.ended_with(3);
    for record in home.records() {
        assert!(!std::fs::read_to_string(record).unwrap().contains(&refresh_token));
    }
    home.kept_quiet_about(&[&refresh_token, site.credentials().secret()]);
}

#[tokio::test]
async fn signing_out_twice_does_no_harm() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    let ran = home.run(&["logout", "goto"]).await.ended_with(0);
    ran.told(&["Nobody was signed in to goto, account default."]);
    assert_eq!(site.counters().revocations, 0);
}

#[tokio::test]
async fn rv03_a_revocation_that_fails_is_told_and_the_tokens_are_deleted_all_the_same() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    home.sign_in(&site).await.ended_with(0);
    site.inject(Endpoint::SignIn, Fault::status(400));
    let ran = home.run(&["logout", "goto"]).await;
    assert_ne!(ran.code, 0);
    ran.told(&[
        "the tokens are deleted here, but goto did not revoke them",
        "take this application's permission back",
    ]);
    assert_eq!(site.counters().tokens_revoked, 0);
    home.run(&["token", "goto"]).await.ended_with(3);
}
