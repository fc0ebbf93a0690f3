//! Checks the client: its id, and whether its secret is available and private.

use std::io::Read;
use std::path::Path;

use auth_layer::Secret;

use super::report::Report;
use super::rights::{READ_OR_WRITE, others_may};
use crate::config::{Provider, SecretPlace, variable};
use crate::failure::{Failure, Kind};

pub(super) fn client(report: &mut Report<'_>, provider: &Provider<'_>) -> Result<(), Failure> {
    let name = provider.name();
    let (id, place) = match (provider.require_client_id(), provider.secret_place()) {
        (Ok(id), Ok(place)) => (id, place),
        (Err(failure), _) | (_, Err(failure)) => return report.failure(name, &failure),
    };
    match place {
        SecretPlace::None => report.fine(name, &format!("client {id} is public and has no secret")),
        SecretPlace::Nowhere => match provider.credential(|_| Ok(None)) {
            Ok(_) => Ok(()),
            Err(failure) => report.failure(name, &failure),
        },
        SecretPlace::Variable(place) => match variable(&place) {
            Ok(Some(_)) => report.fine(name, &format!("client {id}; its secret is in {place}")),
            Ok(None) => {
                let problem = format!("environment variable {place}: is not set");
                report.bad(name, Kind::Config, &problem, "set it to the client's secret")
            }
            Err(failure) => report.failure(name, &failure),
        },
        SecretPlace::File(path) => file(report, name, &id, &path),
    }
}

fn file(report: &mut Report<'_>, name: &str, id: &str, path: &Path) -> Result<(), Failure> {
    let shown = path.display();
    match std::fs::File::open(path) {
        Err(error) => {
            let failure = Failure::config(format!("{shown} cannot be read")).because(error);
            report.failure(name, &failure.remedy("write the client's secret into it, and nothing else"))
        }
        Ok(file) if is_blank(&file) => {
            let problem = format!("{shown} has no visible character");
            report.bad(name, Kind::Config, &problem, "write the client's secret into it")
        }
        Ok(_) if others_may(path, READ_OR_WRITE) => {
            let problem = format!("{shown} holds a secret and is open to others");
            report.bad(name, Kind::Config, &problem, &format!("chmod 600 {shown}"))
        }
        Ok(_) => report.fine(name, &format!("client {id}; its secret is in {shown}")),
    }
}

/// Returns whether a file holds nothing that could be a secret.
fn is_blank(file: &std::fs::File) -> bool {
    // The whole buffer is reserved at once. A buffer that grows leaves copies behind, which are not wiped.
    let mut text = Vec::with_capacity(LONGEST_SECRET);
    // If the file cannot be read to its end or is not text, the next exchange says so.
    let read = file.take(LONGEST_SECRET as u64).read_to_end(&mut text);
    read.is_ok() && String::from_utf8(text).is_ok_and(|text| Secret::new(text).is_blank())
}

// The most that `SecretSource::from_file` reads.
const LONGEST_SECRET: usize = 64 * 1024;
