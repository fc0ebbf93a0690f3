//! Advice to a person whose client cannot get a token. Each text follows a colon in an error.

use auth_layer::Grant;

use crate::provider::DEFAULT_ACCOUNT;

/// Returns the advice for a grant that has ended.
pub(crate) fn of_grant(provider: &str, grant: &Grant, account: &str) -> String {
    let login = match account {
        "" | DEFAULT_ACCOUNT => format!("run `tokenctl login {provider}`"),
        account => format!("run `tokenctl login {provider} --account {account}`"),
    };
    match grant {
        Grant::Stored => login,
        // The environment variable has precedence over the store, so a new sign-in has no effect while it is set.
        _ => {
            let variable = provider.to_ascii_uppercase().replace('-', "_");
            format!("give the client a new refresh token, or unset {variable}_REFRESH_TOKEN and {login}")
        }
    }
}

/// Returns the advice for a client that the server refuses. `variables` are the environment variables that hold its id
/// and secret; empty if they were given in code.
pub(crate) fn of_client(variables: &[String]) -> String {
    match variables {
        [] => "check the client id and secret that were given to `Builder::credentials`".to_owned(),
        [one] => format!("check {one}"),
        [all @ .., last] => format!("check {} and {last}", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use auth_layer::RefreshToken;

    use super::*;

    #[test]
    fn the_advice_for_an_ended_grant_says_how_to_sign_in() {
        assert_eq!(of_grant("goto", &Grant::Stored, "default"), "run `tokenctl login goto`");
        assert_eq!(of_grant("goto", &Grant::Stored, "desk"), "run `tokenctl login goto --account desk`");
        let given = Grant::refresh_token(RefreshToken::new("r"));
        assert_eq!(
            of_grant("goto", &given, ""),
            "give the client a new refresh token, or unset GOTO_REFRESH_TOKEN and run `tokenctl login goto`"
        );
    }

    #[test]
    fn the_advice_about_the_client_names_the_variables() {
        let of = |names: &[&str]| of_client(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["A"]), "check A");
        assert_eq!(of(&["A", "B"]), "check A and B");
        assert_eq!(of(&["A", "B", "C"]), "check A, B and C");
        assert_eq!(of(&[]), "check the client id and secret that were given to `Builder::credentials`");
    }
}
