//! The real services: missing variables, and the output.

use emulator::{Emulator, Endpoint, Fault, Provider, Site};

use crate::support::demo;

/// Runs the program on a thread that may block, because the emulator needs the runtime.
async fn live(site: &Site, mut variables: Vec<(&'static str, String)>) -> (i32, String) {
    variables.extend(site.environment());
    let slug = site.provider().slug();
    let run = move || demo(&["--live", slug], &variables);
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

#[track_caller]
fn refused(variables: &[(&str, String)], provider: &str, expected: &str) {
    let output = demo(&["--live", provider], variables);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), text.trim_end()), (Some(2), expected));
    assert!(output.stdout.is_empty());
}

#[test]
fn a_missing_variable_is_named() {
    let set = |name| (name, "x".to_owned());
    refused(&[], "gotab", "demo: environment variable GOTAB_ACCESS_ID: is not set");
    let some = [set("GOTO_CLIENT_ID"), set("GOTO_REFRESH_TOKEN")];
    refused(&some, "goto", "demo: environment variable GOTO_CLIENT_SECRET: is not set");
    let some = [set("GBG_GO_CLIENT_ID"), ("GBG_GO_CLIENT_SECRET", String::new())];
    refused(&some, "gbg-go", "demo: environment variable GBG_GO_CLIENT_SECRET: is empty");
    let some = [set("OCTOTABLE_CLIENT_ID"), set("OCTOTABLE_CLIENT_SECRET")];
    refused(&some, "octotable", "demo: environment variable OCTOTABLE_PROPERTY_ID: is not set");
}

#[tokio::test]
async fn the_output_has_counts_and_no_secrets() {
    let emulator = Emulator::start().await.unwrap();
    let told = [
        (Provider::GoTab, "1 location of this application"),
        (Provider::GoTo, "the token belongs to a person with 1 account"),
        (Provider::GbgGo, "got a token that expires in 3"),
        (Provider::Octotable, "1 room; 1 reservation (at most"),
    ];
    for (provider, expected) in told {
        let site = emulator.site(provider);
        let property = vec![("OCTOTABLE_PROPERTY_ID", "700118".to_owned())];
        let (code, text) = live(site, property).await;
        assert_eq!(code, 0, "{text}");
        assert!(text.contains(expected), "{text}");
        assert!(!text.contains(site.credentials().secret()), "{text}");
        let counters = site.counters();
        assert_eq!(counters.token_requests, 1, "{provider}");
        assert_eq!(counters.api_rejected(), 0, "{provider}");
        // The demo calls no operation of GBG GO, because each of them may change something.
        assert_eq!(counters.api_calls > 0, provider != Provider::GbgGo, "{provider}");
    }
}

#[tokio::test]
async fn a_failed_call_is_shown_and_ends_with_exit_code_1() {
    let emulator = Emulator::start().await.unwrap();
    let site = emulator.site(Provider::GoTab);
    site.inject(Endpoint::Api, Fault::status(404));
    let (code, text) = live(site, Vec::new()).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("✗ GoTab: the API answered 404"), "{text}");
}
