//! `status`: who is signed in, and until when.

mod json;
mod rows;
mod show;
mod sign_in;
mod table;
mod verdict;

pub(super) use show::run;
