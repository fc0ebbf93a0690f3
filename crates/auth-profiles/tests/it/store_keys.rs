//! The keys under which sign-ins are stored. They must not change, or sign-ins of earlier versions are not found.

use auth_layer::profile::TokenUrl;
use auth_layer::store::StoreKey;
use auth_layer::{Grant, Identity, Profile, RefreshToken};
use auth_profiles::named;

fn profile(name: &str) -> Profile {
    named(name).unwrap().profile().unwrap()
}

fn key(profile: &Profile) -> StoreKey {
    let grant = Grant::refresh_token(RefreshToken::new("r"));
    StoreKey::for_identity(profile, "client", &grant, &Identity::new(""))
}

#[test]
fn sc06_the_earlier_keys_of_the_providers_do_not_change() {
    let goto = "a476e5818c2537cff19e43d06a6ae9ba0a57e4fccdfbd3d8f4b2028661c04b83";
    let goto_moved = "025633d3b14ac7a269f3fa646b9aa12435882749a7aa0794b5d8231a67db97ba";
    let moved = profile("goto").with_token_url("https://identity.goto.com/oauth/token").unwrap();
    let cases: [(Profile, &[&str]); 5] = [
        (profile("goto"), &[goto, goto_moved]),
        (moved, &[goto_moved, goto]),
        (profile("gotab"), &["b4535ffef3d2ecfebada47ba63f608785d5a3b28ae47ebead6b2ab9828d1d4dd"]),
        (profile("gbg-go"), &["6a71208eb407f76caa066d2a71797c350713b59aaae33a4f8f5b3407cb1b861e"]),
        (profile("octotable"), &["bb39b6aa4b38621170bce93bb13c8bb7dace441c0a25d1b44122eced7d607105"]),
    ];
    for (profile, expected) in cases {
        let key = key(&profile);
        assert_eq!(key.earlier().map(StoreKey::as_str).collect::<Vec<_>>(), expected, "{}", profile.name());
    }
}

#[test]
fn rf07_a_sign_in_at_either_address_of_goto_is_good_at_the_other() {
    let both = ["https://authentication.logmeininc.com/oauth/token", "https://identity.goto.com/oauth/token"];
    let both: [TokenUrl; 2] = both.map(|url| url.parse().unwrap());
    for own in &both {
        let profile = profile("goto").with_token_url(&own.uri().to_string()).unwrap();
        assert!(both.iter().all(|url| profile.takes_sign_ins_from(url)), "{own}");
        assert_eq!(key(&profile), key(&self::profile("goto")), "a move leaves the key");
    }
    let emulated = profile("goto").with_token_url("http://127.0.0.1:4000/oauth/token").unwrap();
    assert!(!both.iter().any(|url| emulated.takes_sign_ins_from(url)));
}

#[test]
fn every_file_names_https_origins_only() {
    for name in auth_profiles::names() {
        let profile = named(name).unwrap().example_profile().unwrap();
        assert_eq!(profile.token_url().scheme_str(), Some("https"), "{name}");
        assert!(profile.origins().iter().all(|origin| origin.to_string().starts_with("https://")), "{name}");
    }
}
