//! The prompt for a client's secret.

use std::io::{self, IsTerminal};

use auth_layer::Secret;

use super::interrupt;
use crate::failure::Failure;

/// Asks for a client's secret without showing it. Returns `None` if standard input is not a terminal.
pub(super) fn ask_for_secret(client_id: &str) -> Result<Option<Secret>, Failure> {
    if !io::stdin().is_terminal() {
        return Ok(None);
    }
    // At the prompt, Ctrl-C is a signal. It would end the program before the terminal shows typed text again.
    interrupt::hear();
    answer(rpassword::prompt_password(format!("Secret of client {client_id}: ")))
}

fn answer(typed: io::Result<String>) -> Result<Option<Secret>, Failure> {
    match typed {
        Ok(typed) => Ok(Some(Secret::new(typed)).filter(|secret| !secret.is_blank())),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(interrupt::interrupted()),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::answer;

    #[test]
    fn ctrl_c_at_the_prompt_is_no_empty_answer() {
        assert_eq!(answer(Err(io::ErrorKind::Interrupted.into())).unwrap_err().kind().code(), 130);
        assert!(answer(Err(io::ErrorKind::UnexpectedEof.into())).unwrap().is_none());
        assert!(answer(Ok(String::new())).unwrap().is_none());
        assert!(answer(Ok(" \t".to_owned())).unwrap().is_none());
        assert_eq!(answer(Ok("typed".to_owned())).unwrap().unwrap().expose(), "typed");
    }
}
