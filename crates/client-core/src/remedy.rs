//! Advice to a person whose client cannot get a token. Each text follows a colon in an error.

use auth_layer::Grant;

use crate::provider::DEFAULT_ACCOUNT;

/// Returns the advice for a grant that has ended.
///
/// `sign_in` is the provider's own advice, and `variable` the environment variable that may hold a refresh token.
pub(crate) fn of_grant(sign_in: &str, variable: &str, grant: &Grant, account: &str) -> String {
    let login = match account {
        "" | DEFAULT_ACCOUNT => sign_in.to_owned(),
        // The advice may end with a command in backquotes.
        account => match sign_in.strip_suffix('`') {
            Some(command) => format!("{command} --account {account}`"),
            None => format!("{sign_in} (account {account})"),
        },
    };
    match grant {
        Grant::Stored => login,
        // The environment variable has precedence over the store, so a new sign-in has no effect while it is set.
        _ => format!("give the client a new refresh token, or unset {variable} and {login}"),
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
        let of = |sign_in: &str, grant: &Grant, account: &str| {
            of_grant(sign_in, "X_REFRESH_TOKEN", grant, account)
        };
        let login = "run `tokenctl login x`";
        assert_eq!(of(login, &Grant::Stored, "default"), login);
        assert_eq!(of(login, &Grant::Stored, "desk"), "run `tokenctl login x --account desk`");
        assert_eq!(of("open the page", &Grant::Stored, "desk"), "open the page (account desk)");
        let given = Grant::refresh_token(RefreshToken::new("r"));
        assert_eq!(
            of(login, &given, ""),
            "give the client a new refresh token, or unset X_REFRESH_TOKEN and run `tokenctl login x`"
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
