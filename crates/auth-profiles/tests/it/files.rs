//! The files of this crate.

use auth_profiles::{ProfileFile, named, names};

use crate::check::check;

#[tokio::test]
async fn every_example_of_every_file_comes_true() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for name in names() {
        let file = named(name).unwrap();
        for (index, example) in file.examples().iter().enumerate() {
            count += 1;
            if let Err(problem) = check(&file, example).await {
                wrong.push(format!("{name}.toml, example {index} ({}): {problem}", example.about));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_file_is_valid_named_like_its_provider_and_has_examples() {
    for name in names() {
        let path = format!("{}/profiles/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let file = ProfileFile::read(&std::fs::read_to_string(path).unwrap());
        let file = file.unwrap_or_else(|error| panic!("{name}.toml: {error}"));
        assert_eq!(file.name(), *name);
        assert!(file.examples().len() >= 4, "{name}.toml has {} examples", file.examples().len());
    }
    assert_eq!(names().len(), 16);
}

#[tokio::test]
async fn a_wrong_example_is_found() {
    let file = |result: &str| {
        ProfileFile::read(&format!(
            r#"
            name = "example"
            token_url = "https://auth.example.com/token"
            keep = ["site"]
            [[example]]
            about = "the answer to a refresh"
            grant_type = "refresh_token"
            body = '{{"access_token": "a1", "token_type": "bearer", "expires_in": 60, "site": "s"}}'
            {result}
            "#
        ))
        .unwrap()
    };
    let right = file(r#"token = { access_token = "a1", lifetime = "1m", kept = { site = "s" } }"#);
    assert_eq!(check(&right, &right.examples()[0]).await, Ok(()));
    for wrong in [
        r#"token = { access_token = "a2" }"#,
        r#"token = { lifetime = "2m" }"#,
        r#"token = { refresh_token = "r1" }"#,
        r#"token = { kept = { site = "t" } }"#,
        r#"error = { kind = "refused" }"#,
        "token = {}\nrequest = { parameters = { grant_type = \"authorization_code\" } }",
        "token = {}\nrequest = { without = [\"refresh_token\"] }",
    ] {
        let wrong = file(wrong);
        assert!(check(&wrong, &wrong.examples()[0]).await.is_err(), "{:?}", wrong.examples()[0]);
    }
}
