//! What a person is asked for.

use std::io::{self, IsTerminal};

use auth_layer::Secret;

use super::interrupt;
use crate::failure::Failure;

/// Asks for a client's secret, unseen. `None` where nobody is there to be asked.
pub(super) fn ask_for_secret(client_id: &str) -> Result<Option<Secret>, Failure> {
    if !io::stdin().is_terminal() {
        return Ok(None);
    }
    // The prompt makes a signal of Ctrl-C, which would end the program before the terminal is as it was.
    interrupt::hear();
    told(rpassword::prompt_password(format!("Secret of client {client_id}: ")))
}

fn told(typed: io::Result<String>) -> Result<Option<Secret>, Failure> {
    match typed {
        Ok(typed) => Ok(Some(Secret::new(typed)).filter(|secret| !secret.is_blank())),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(interrupt::interrupted()),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::told;

    #[test]
    fn ctrl_c_at_the_prompt_is_no_empty_answer() {
        assert_eq!(told(Err(io::ErrorKind::Interrupted.into())).unwrap_err().kind().code(), 130);
        assert!(told(Err(io::ErrorKind::UnexpectedEof.into())).unwrap().is_none());
        assert!(told(Ok(String::new())).unwrap().is_none());
        assert!(told(Ok(" \t".to_owned())).unwrap().is_none());
        assert_eq!(told(Ok("typed".to_owned())).unwrap().unwrap().expose(), "typed");
    }
}
