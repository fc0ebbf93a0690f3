//! Inputs, variants and errors of a file.

use auth_profiles::{Input, ProfileFile};

const FILE: &str = r#"
name = "example"
token_url = "https://{tenant}.example.com/token"
origins = ["https://{tenant}.example.com"]
parameters = { tenant = "{tenant}" }

[inputs.tenant]
pattern = "[a-z]{3,8}"
variable = "EXAMPLE_TENANT"
example = "seven"
meaning = "the tenant's name"

[variant.test]
token_url = "https://{tenant}.test.example.com/token"
"#;

fn refused(text: &str) -> String {
    ProfileFile::read(text).unwrap_err().to_string()
}

#[test]
fn an_input_is_put_into_every_text() {
    let profile = ProfileFile::read(FILE).unwrap().profile_with(|_| Some("blue".to_owned())).unwrap();
    assert_eq!(profile.token_url(), "https://blue.example.com/token");
    assert!(profile.origins().contain(&"https://blue.example.com/x".parse().unwrap()));
}

#[test]
fn a_value_that_does_not_match_is_an_error_that_names_the_variable() {
    let file = ProfileFile::read(FILE).unwrap();
    for wrong in ["ab", "Blue", "abcdefghi", "evil.test/", "a b", "blue@evil", "blue\n"] {
        let error = file.profile_with(|_| Some(wrong.to_owned())).unwrap_err().to_string();
        assert!(error.starts_with("EXAMPLE_TENANT: ") && error.contains("the tenant's name"), "{error}");
        assert!(!error.contains(wrong), "{error}");
    }
    // An empty variable counts as unset.
    for missing in [None, Some(String::new())] {
        let error = file.profile_with(|_| missing.clone()).unwrap_err().to_string();
        assert_eq!(error, "EXAMPLE_TENANT: is not set; set it to the tenant's name");
    }
}

#[test]
fn a_default_is_used_without_a_value() {
    let text = FILE.replace("example = \"seven\"", "example = \"seven\"\ndefault = \"common\"");
    let file = ProfileFile::read(&text).unwrap();
    assert_eq!(file.profile().unwrap().token_url(), "https://common.example.com/token");
    assert_eq!(file.inputs().iter().map(Input::default).collect::<Vec<_>>(), [Some("common")]);
}

#[test]
fn a_variant_replaces_keys() {
    let file = ProfileFile::read(FILE).unwrap();
    let test = file.variant("test").unwrap().example_profile().unwrap();
    assert_eq!(test.token_url(), "https://seven.test.example.com/token");
    let error = file.variant("prod").unwrap_err().to_string();
    assert_eq!(error, "variant prod: is not a variant of example; its variants: test");
}

#[test]
fn changes_replace_keys_and_are_checked() {
    let file = ProfileFile::read(FILE).unwrap();
    let changes = std::collections::BTreeMap::from([("token_url", "http://127.0.0.1:8080/token")]);
    let profile = file.with_changes(&changes).unwrap().example_profile().unwrap();
    assert_eq!(profile.token_url(), "http://127.0.0.1:8080/token");
    let error = file.with_changes(&std::collections::BTreeMap::from([("tokn_url", "x")])).unwrap_err();
    assert!(error.to_string().contains("did you mean `token_url`"), "{error}");
}

#[test]
fn a_file_that_is_not_valid_is_an_error_that_says_why() {
    let cases = [
        ("", "`name` is missing; add it"),
        ("name = \"x\"\ntoken_url = 5\n", "token_url"),
        ("name = \"x\"\ntokn_url = \"https://h.example/t\"\n", "did you mean `token_url`?"),
        ("name = \"x\"\ntoken_url = \"http://h.example/t\"\n", "must be https"),
        (
            "name = \"x\"\ntoken_url = \"https://{y}.example/t\"\n",
            "{y} is not an input; add the table [inputs.y]",
        ),
        ("name = \"x", "1:10: invalid"),
        (
            "name = \"x\"\ntoken_url = \"https://h.example/t\"\n[environment]\nprefx = \"X\"\n",
            "unknown field `prefx`",
        ),
        (
            "name = \"x\"\ntoken_url = \"https://h.example/t\"\n[[example]]\nabout = \"nothing\"\n",
            "example[0]: states no result",
        ),
        ("name = \"x\"\ntoken_url = \"https://h.example/t\"\n[variant.v]\nencoding = \"xml\"\n", "variant.v"),
        (&FILE.replace("{tenant}", "seven"), "inputs.tenant: is not used"),
        (&FILE.replace("[a-z]{3,8}", "[a-z"), "inputs.tenant.pattern: is not a valid pattern"),
        (&FILE.replace("example = \"seven\"", "example = \"SEVEN\""), "inputs.tenant.example"),
    ];
    for (text, expected) in cases {
        let error = refused(text);
        assert!(error.contains(expected), "{text}\n{error}");
    }
}
