//! Prints the heap allocations of a call. A separate program from `time`, because counting takes time.

fn main() {
    peers::allocations(|block| allocation_counter::measure(block).count_total);
}
