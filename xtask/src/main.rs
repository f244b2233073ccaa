//! Command line of mixup-lab.
fn main() {}
