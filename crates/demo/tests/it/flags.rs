//! The command line: its help, and what it refuses.

use crate::support::demo;

#[test]
fn help_names_every_variable_of_a_live_call() {
    let output = demo(&["--help"], &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    for name in [
        "GOTAB_ACCESS_ID",
        "GOTAB_ACCESS_SECRET",
        "GOTO_CLIENT_ID",
        "GOTO_CLIENT_SECRET",
        "GOTO_REFRESH_TOKEN",
        "GBG_GO_CLIENT_ID",
        "GBG_GO_CLIENT_SECRET",
        "OCTOTABLE_CLIENT_ID",
        "OCTOTABLE_CLIENT_SECRET",
        "OCTOTABLE_PROPERTY_ID",
    ] {
        assert!(text.contains(name), "{name}");
    }
}

#[test]
fn a_small_show_ends_with_exit_code_0() {
    let output = demo(&["--calls", "2"], &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("none lost") && output.stderr.is_empty(), "{text}");
}

#[test]
fn an_unknown_provider_is_wrong_use() {
    let output = demo(&["--live", "nobody"], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("gotab, goto, gbg-go, octotable"));
}
