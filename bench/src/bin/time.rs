//! Prints the time of a call.

fn main() {
    peers::time();
}
