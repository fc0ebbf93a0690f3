//! The commands, one file or folder for each.

mod completions;
mod desk;
mod dispatch;
mod doctor;
mod interrupt;
mod login;
mod logout;
mod missing;
mod next;
mod prompt;
mod providers;
mod reach;
mod standing;
mod status;
mod token;
mod underway;
mod wait;

pub(crate) use dispatch::run;
